//! The context that all lines go through, protecting or unprotecting, and the one word for each way
//! in which it refuses.
//!
//! Read first: RFC 3711 §3.3; RFC 4568 §6.1, §6.3 and §7.1.4 (what a new line does to the context).

use std::fmt;

use sdes_sdp::{CryptoAttribute, CryptoLine, MAX_KEYS, MasterKey, Policy, Tolerance};
use srtp_core::wire::{RtcpHeader, RtpHeader};
use srtp_core::{
    Growing, Inbound, KeyError, Outbound, ProtectError, Rekey, StreamInfo, UnprotectError,
};

use crate::rtp::Kind;

/// The longest packet that is made, in bytes: what IP carries.
pub const MAX_PACKET: usize = 65_535;

/// Why a line came to nothing, in one word for scripts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refused {
    /// Shorter than its own header, or than header and trailer together.
    TooShort,
    /// Not RTP or RTCP, not hex, not a directive.
    Malformed,
    /// The tag does not match.
    AuthFailed,
    /// Came before.
    Replayed,
    /// Behind the replay window.
    TooOld,
    /// No key has the MKI in the packet.
    UnknownMki,
    /// The lifetime of the key, or the index space, is used up.
    KeyExpired,
    /// A second packet under one index, or a counter that goes back.
    IndexReuse,
    /// One SSRC more than `--streams`.
    TableFull,
    /// Against the session parameters.
    Policy,
    /// Longer than IP carries.
    NoRoom,
}

impl Refused {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::TooShort,
        Self::Malformed,
        Self::AuthFailed,
        Self::Replayed,
        Self::TooOld,
        Self::UnknownMki,
        Self::KeyExpired,
        Self::IndexReuse,
        Self::TableFull,
        Self::Policy,
        Self::NoRoom,
    ];

    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::Malformed => "malformed",
            Self::AuthFailed => "auth-failed",
            Self::Replayed => "replayed",
            Self::TooOld => "too-old",
            Self::UnknownMki => "unknown-mki",
            Self::KeyExpired => "key-expired",
            Self::IndexReuse => "index-reuse",
            Self::TableFull => "table-full",
            Self::Policy => "policy",
            Self::NoRoom => "no-room",
        }
    }
}

/// A refusal: the word and the sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The word.
    pub kind: Refused,
    /// The sentence, with figures.
    pub reason: String,
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(kind: Refused, reason: impl fmt::Display) -> Self {
        Self { kind, reason: reason.to_string() }
    }
}

impl From<ProtectError> for Refusal {
    fn from(error: ProtectError) -> Self {
        let kind = match error {
            ProtectError::TooShort { .. } => Refused::TooShort,
            ProtectError::NoRoom { .. } => Refused::NoRoom,
            ProtectError::IndexReuse { .. } | ProtectError::NotSentBefore { .. } => {
                Refused::IndexReuse
            }
            ProtectError::KeyExpired { .. } | ProtectError::IndexExhausted { .. } => {
                Refused::KeyExpired
            }
            ProtectError::NoKey => Refused::UnknownMki,
            ProtectError::TableFull { .. } => Refused::TableFull,
            // TooLong, and whatever the library may learn to refuse.
            _ => Refused::Malformed,
        };
        Self::new(kind, error)
    }
}

impl From<UnprotectError> for Refusal {
    fn from(error: UnprotectError) -> Self {
        let kind = match error {
            UnprotectError::TooShort { .. } => Refused::TooShort,
            UnprotectError::AuthFailed => Refused::AuthFailed,
            UnprotectError::Replayed { .. } => Refused::Replayed,
            UnprotectError::TooOld { .. } => Refused::TooOld,
            UnprotectError::UnknownMki => Refused::UnknownMki,
            UnprotectError::KeyExpired { .. } | UnprotectError::IndexExhausted { .. } => {
                Refused::KeyExpired
            }
            UnprotectError::Policy { .. } | UnprotectError::HeaderInClear => Refused::Policy,
            UnprotectError::NoRoom { .. } => Refused::NoRoom,
            UnprotectError::TableFull { .. } => Refused::TableFull,
            _ => Refused::Malformed,
        };
        Self::new(kind, error)
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        let kind = match error {
            KeyError::SameKey => Refused::IndexReuse,
            KeyError::PolicyNotForSuite { .. } => Refused::Policy,
            _ => Refused::Malformed,
        };
        Self::new(kind, error)
    }
}

/// Which way packets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// RTP to SRTP.
    Protect,
    /// SRTP to RTP.
    Unprotect,
}

/// What a session is made with beside its keys.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Which way.
    pub way: Way,
    /// Rollover counter of the first packet of every SSRC.
    pub roc: u32,
    /// Replay window in packets; `None` for the line's hint, else 1024.
    pub window: Option<usize>,
    /// SSRCs at most.
    pub streams: usize,
}

enum Context {
    Protect(Outbound<Growing, MAX_KEYS>),
    Unprotect(Inbound<Growing, MAX_KEYS>),
}

/// The keys of a crypto line at work in one direction.
pub struct Session {
    setting: Setting,
    /// Keys and policy as they are now.
    pub attribute: CryptoAttribute,
    context: Context,
}

/// A window that forgives what networks do (RFC 3711 §3.3.2 wants at least 64).
const WINDOW: usize = 1024;

/// Reads a crypto line, with or without `a=crypto:` before it.
///
/// # Errors
/// As the library says, with the column.
pub fn attribute(line: &str) -> Result<CryptoAttribute, sdes_sdp::CryptoError> {
    Ok(CryptoLine::parse(line)?.validate(Tolerance::Tolerant)?.attribute)
}

impl Session {
    /// A session without streams.
    ///
    /// # Errors
    /// Keys that do not go with the session parameters.
    pub fn new(attribute: CryptoAttribute, setting: Setting) -> Result<Self, KeyError> {
        let context = Context::new(&attribute, setting)?;
        Ok(Self { setting, attribute, context })
    }

    /// Which way packets go.
    pub fn way(&self) -> Way {
        self.setting.way
    }

    /// Protects or unprotects a packet, which becomes the result. The packet is left as it was on
    /// failure.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn packet(&mut self, kind: Kind, packet: &mut Vec<u8>) -> Result<(), Refusal> {
        let len = match &mut self.context {
            Context::Protect(context) => {
                let plain = packet.len();
                let first = match kind {
                    Kind::Rtp => RtpHeader::parse(packet).ok().map(|header| header.ssrc),
                    Kind::Rtcp => None,
                };
                let first =
                    first.filter(|&ssrc| self.setting.roc > 0 && context.roc(ssrc).is_none());
                if let Some(ssrc) = first {
                    context.set_roc(ssrc, self.setting.roc)?;
                }
                packet.resize(MAX_PACKET.max(plain), 0);
                let room = packet.get_mut(..MAX_PACKET).unwrap_or_default();
                let sealed = match kind {
                    Kind::Rtp => context.protect_rtp(room, plain),
                    Kind::Rtcp => context.protect_rtcp(room, plain),
                };
                if sealed.is_err() {
                    packet.truncate(plain);
                    // An SSRC of which nothing was sent has no place.
                    first.map(|ssrc| context.remove_stream(ssrc));
                }
                sealed?
            }
            Context::Unprotect(context) => match kind {
                Kind::Rtp => context.unprotect_rtp(packet)?,
                Kind::Rtcp => context.unprotect_rtcp(packet)?,
            },
        };
        packet.truncate(len);
        Ok(())
    }

    /// Goes over to the keys of another line, as a re-INVITE does: the same keys go on, new ones
    /// begin with a rollover counter of 0, unless both have MKIs, under which it goes on
    /// (RFC 4568 §7.1.4). Says which it was.
    ///
    /// # Errors
    /// A line that is none; keys that do not fit.
    pub fn rekey(&mut self, line: &str) -> Result<Rekeyed, Refusal> {
        let new = attribute(line).map_err(|error| Refusal::new(Refused::Malformed, error))?;
        let old = &self.attribute;
        let same_session = old.suite() == new.suite() && old.policy() == new.policy();
        if same_session && old.keys() == new.keys() {
            return Ok(Rekeyed::Kept);
        }
        if same_session && old.mki_len() > 0 && new.mki_len() > 0 {
            self.context.rekey(new.keys())?;
            self.attribute = new;
            return Ok(Rekeyed::RocKept);
        }
        if new.shares_key_with(old) {
            return Err(KeyError::SameKey.into());
        }
        self.context = Context::new(&new, self.setting)?;
        self.attribute = new;
        Ok(Rekeyed::RocZero)
    }

    /// The rollover counter of an SSRC.
    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        match &self.context {
            Context::Protect(context) => context.roc(ssrc),
            Context::Unprotect(context) => context.roc(ssrc),
        }
    }

    /// Sets the rollover counter of an SSRC.
    ///
    /// # Errors
    /// A counter that goes back when protecting; a full table.
    pub fn set_roc(&mut self, ssrc: u32, roc: u32) -> Result<(), Refusal> {
        match &mut self.context {
            Context::Protect(context) => Ok(context.set_roc(ssrc, roc)?),
            Context::Unprotect(context) => Ok(context.set_roc(ssrc, roc)?),
        }
    }

    /// Forgets an SSRC; says whether it was there.
    pub fn remove(&mut self, ssrc: u32) -> bool {
        match &mut self.context {
            Context::Protect(context) => context.remove_stream(ssrc),
            Context::Unprotect(context) => context.remove_stream(ssrc),
        }
    }

    /// The streams, by SSRC.
    pub fn streams(&self) -> Vec<StreamInfo> {
        let mut streams: Vec<StreamInfo> = match &self.context {
            Context::Protect(context) => context.streams().collect(),
            Context::Unprotect(context) => context.streams().collect(),
        };
        streams.sort_by_key(|stream| stream.ssrc);
        streams
    }

    /// What is known of the stream a packet belongs to.
    pub fn stream_of(&self, kind: Kind, packet: &[u8]) -> Option<StreamInfo> {
        let ssrc = match kind {
            Kind::Rtp => RtpHeader::parse(packet).ok()?.ssrc,
            Kind::Rtcp => RtcpHeader::parse(packet).ok()?.ssrc,
        };
        match &self.context {
            Context::Protect(context) => context.streams().find(|stream| stream.ssrc == ssrc),
            Context::Unprotect(context) => context.streams().find(|stream| stream.ssrc == ssrc),
        }
    }

    /// Rollover counter of an SSRC's first packet.
    pub fn first_roc(&self) -> u32 {
        self.setting.roc
    }
}

/// What a new line did to the rollover counters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rekeyed {
    /// The keys are the same; nothing changed.
    Kept,
    /// New keys, and the counters go on.
    RocKept,
    /// New keys, and all streams begin anew.
    RocZero,
}

impl Context {
    fn new(attribute: &CryptoAttribute, setting: Setting) -> Result<Self, KeyError> {
        let Setting { way, roc, window, streams } = setting;
        let hint = attribute.parameters().window_size_hint;
        let hint = hint.and_then(|hint| usize::try_from(hint).ok()).unwrap_or(0).max(WINDOW);
        let table = Growing::new(streams, window.unwrap_or(hint));
        // sdes-sdp gives every line at least one key.
        let (first, more) = attribute.keys().split_first().ok_or(KeyError::NoSuchMki)?;
        let policy: Policy = attribute.policy().with_first_roc(roc..=roc);
        let mut context = match way {
            Way::Protect => Self::Protect(Outbound::with_streams(first, policy, table)?),
            Way::Unprotect => Self::Unprotect(Inbound::with_streams(first, policy, table)?),
        };
        more.iter().try_for_each(|key| context.add(key))?;
        Ok(context)
    }

    fn add(&mut self, key: &MasterKey) -> Result<(), KeyError> {
        match self {
            Self::Protect(context) => context.add_key(key),
            Self::Unprotect(context) => context.add_key(key),
        }
    }

    fn rekey(&mut self, keys: &[MasterKey]) -> Result<(), KeyError> {
        let (first, more) = keys.split_first().ok_or(KeyError::NoSuchMki)?;
        match self {
            Self::Protect(context) => context.rekey(first, Rekey::KeepRoc)?,
            Self::Unprotect(context) => context.rekey(first, Rekey::KeepRoc)?,
        }
        more.iter().try_for_each(|key| self.add(key))
    }
}
