//! What the signalling says about one direction of one media section: who sends from where to
//! where, under which key, and what the payload types mean.
//!
//! Read first: RFC 4568 §5.1.1 (whose key is whose), RFC 3264 §5.1 and §6.1 (ports and payload
//! types), RFC 3605, RFC 5761 §5.1.1.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use sdes_sdp::{CryptoAttribute, CryptoSuite, MAX_KEYS, MasterKey, Policy};
use srtp_core::{Fixed, Inbound, UnprotectError};

use crate::output::audio::Format;
use crate::rtp::Kind;
use crate::secret;

/// How many SSRCs one key may open at once.
const STREAMS: usize = 64;

/// The keys of one `a=crypto` line and how they are used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keying {
    /// One key, or several told apart by their MKI. They carry no lifetime: packets sent after its
    /// end are decrypted all the same.
    pub keys: Vec<MasterKey>,
    /// Crypto-suite of all of them.
    pub suite: CryptoSuite,
    /// The negotiated session parameters.
    pub policy: Policy,
    /// The shortest lifetime of the line, in packets.
    pub lifetime: Option<u64>,
    /// Whether SRTCP carries a tag as short as SRTP's, which no suite has it do.
    pub short_srtcp_tag: bool,
}

impl Keying {
    /// The keys of a crypto line.
    pub fn new(line: &CryptoAttribute) -> Self {
        Self {
            keys: gathered(line.keys().iter().filter_map(|key| with_suite(key, key.suite()))),
            suite: line.suite(),
            policy: line.policy(),
            lifetime: line.keys().iter().filter_map(MasterKey::lifetime).min(),
            short_srtcp_tag: false,
        }
    }

    /// Length of the MKI in every packet, in bytes.
    pub fn mki_len(&self) -> usize {
        self.keys.first().map_or(0, |key| key.mki().len())
    }

    /// The same keys for another suite, if their lengths fit it.
    pub fn for_suite(&self, suite: CryptoSuite) -> Option<Self> {
        let keys = gathered(self.keys.iter().filter_map(|key| with_suite(key, suite)));
        (!keys.is_empty()).then(|| Self { keys, suite, ..self.clone() })
    }

    /// The same keys one by one, each with this MKI instead of its own.
    pub fn with_mki<'a>(&'a self, mki: &'a [u8]) -> impl Iterator<Item = Self> + 'a {
        self.keys.iter().filter_map(move |key| {
            let key = with_suite(key, self.suite)?.with_mki(mki).ok()?;
            Some(Self { keys: vec![key], ..self.clone() })
        })
    }

    /// A context that opens what these keys protected.
    pub fn open(&self) -> Option<Box<Opener>> {
        let (first, more) = self.keys.split_first()?;
        let mut inbound = Inbound::new(first, self.policy).ok()?;
        more.iter().for_each(|key| {
            // Keys out of one line are told apart by their MKI; sdes-sdp saw to that.
            let _ = inbound.add_key(key);
        });
        let short = self.short_srtcp_tag.then(|| Box::new(self.clone()));
        Some(Box::new(Opener { inbound, short }))
    }
}

/// Keys in a list with room for all that a line can have: one that grew would leave them where it was.
fn gathered(keys: impl Iterator<Item = MasterKey>) -> Vec<MasterKey> {
    let mut list = Vec::with_capacity(MAX_KEYS);
    list.extend(keys.take(MAX_KEYS));
    list
}

/// The same key and salt, MKI and derivation rate, for a suite, without lifetime.
fn with_suite(key: &MasterKey, suite: CryptoSuite) -> Option<MasterKey> {
    let new = MasterKey::new(suite, key.expose_key_salt()).ok()?;
    let new = new.with_mki(key.mki().as_bytes()).ok()?;
    Some(new.with_key_derivation_rate(key.key_derivation_rate()))
}

/// A receiving context with the number of keys that one line can have.
#[derive(Debug)]
pub struct Opener {
    inbound: Inbound<Fixed<STREAMS>, MAX_KEYS>,
    /// The keys once more, where SRTCP tags have to be completed with them. Elsewhere: an empty place for
    /// keys would keep what the stack had there when it was moved.
    short: Option<Box<Keying>>,
}

impl Opener {
    /// Opens a packet in place; length and bytes are untouched on failure.
    ///
    /// # Errors
    /// As the library says.
    pub fn open(&mut self, kind: Kind, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        match kind {
            Kind::Rtp => self.inbound.unprotect_rtp(packet),
            Kind::Rtcp => match &self.short {
                None => self.inbound.unprotect_rtcp(packet),
                Some(keying) => {
                    let whole = super::short_tag::completed(keying, packet);
                    let mut whole = whole.ok_or(UnprotectError::AuthFailed)?;
                    let len = self.inbound.unprotect_rtcp(&mut whole)?;
                    for (byte, plain) in packet.iter_mut().zip(whole.get(..len).unwrap_or_default())
                    {
                        *byte = *plain;
                    }
                    Ok(len)
                }
            },
        }
    }

    /// Rollover counter of an SSRC.
    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        self.inbound.roc(ssrc)
    }

    /// Begins an SSRC anew with this rollover counter for its next packet: for one that joined late
    /// or of which too many packets are missing.
    ///
    /// # Errors
    /// [`UnprotectError::TableFull`].
    pub fn rejoin(&mut self, ssrc: u32, roc: u32) -> Result<(), UnprotectError> {
        self.inbound.remove_stream(ssrc);
        self.inbound.set_roc(ssrc, roc)
    }
}

/// What is agreed about the packets of a direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Protection {
    /// SRTP under these keys.
    Srtp(Keying),
    /// Plain RTP.
    Plain,
    /// SRTP was meant, but no key can be had, for this reason.
    Unusable(String),
}

/// One direction of one media section of one exchange.
#[derive(Clone, Debug)]
pub struct Direction {
    /// Call number from 1, 0 for keys given by hand.
    pub call: usize,
    /// `CSeq` of the request that negotiated it.
    pub request: String,
    /// Number of the media section in its SDP, from 0.
    pub media: usize,
    /// `audio`, `video`, as the m-line says.
    pub kind: String,
    /// The frame from which on it may apply: that of the offer.
    pub since: u64,
    /// The sender's own media address; it need not send from there, but mostly does.
    pub from: Option<SocketAddr>,
    /// Where the receiver wants RTP.
    pub to: Option<SocketAddr>,
    /// Where the receiver wants RTCP.
    pub to_rtcp: Option<SocketAddr>,
    /// Tag of the crypto line whose key protects it.
    pub tag: Option<u32>,
    /// What is agreed about its packets.
    pub protection: Protection,
    /// Payload types of the receiver, else the sender, as in `a=rtpmap`.
    pub encodings: BTreeMap<u8, String>,
}

impl Direction {
    /// A direction of which only the key is known.
    pub fn of_key(line: &CryptoAttribute) -> Self {
        Self {
            call: 0,
            request: String::new(),
            media: 0,
            kind: "keys".to_owned(),
            since: 0,
            from: None,
            to: None,
            to_rtcp: None,
            tag: Some(line.tag()),
            protection: Protection::Srtp(Keying::new(line)),
            encodings: BTreeMap::new(),
        }
    }

    /// The keys, if it is SRTP and there are some.
    pub fn keying(&self) -> Option<&Keying> {
        match &self.protection {
            Protection::Srtp(keying) => Some(keying),
            _ => None,
        }
    }

    /// The audio format of a payload type, if it is one that can be written.
    pub fn format(&self, payload_type: u8) -> Option<Format> {
        match self.encodings.get(&payload_type) {
            Some(encoding) => Format::from_rtpmap(encoding),
            None => Format::of_static_type(payload_type),
        }
    }

    /// How well a datagram from `src` to `dst` fits.
    pub fn fit(&self, src: SocketAddr, dst: SocketAddr) -> Fit {
        if self.to == Some(dst) || self.to_rtcp == Some(dst) {
            Fit::Destination
        } else if self.from.is_some_and(|from| from.ip() == src.ip() && near(from, src)) {
            Fit::Source
        } else if self.from.is_none() && self.to.is_none() {
            Fit::Anywhere
        } else {
            Fit::Nowhere
        }
    }
}

/// RTP leaves from the announced port or, RTCP, from the one above (RFC 3550 §11).
fn near(from: SocketAddr, src: SocketAddr) -> bool {
    src.port() == from.port() || from.port().checked_add(1) == Some(src.port())
}

/// How well a datagram fits a direction, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fit {
    /// It goes where the receiver's SDP wants it.
    Destination,
    /// It comes from where the sender's SDP is.
    Source,
    /// The direction has no addresses: a key given by hand.
    Anywhere,
    /// Its addresses are others; a translator may have changed them.
    Nowhere,
}

/// A key as it may be shown: its length and the first four hex digits of its SHA-256, or itself
/// after `--show-keys`.
pub struct Shown<'a> {
    /// The key.
    pub key: &'a MasterKey,
    /// Whether the user asked for it.
    pub secret: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = secret::Shown { bytes: self.key.expose_key_salt(), asked: self.secret };
        write!(f, "key of {shown}")
    }
}
