//! What `--explain` says of one packet: which bytes are what, and what they are protected with.
//!
//! Read first: RFC 3711 §3.1 and §3.4 (figures 1 and 2), §3.3.1; RFC 7714 §8 and §9.

use std::fmt;

use sdes_sdp::{MasterKey, Policy};
use serde::Serialize;
use srtp_core::stateless::SessionKeys;
use srtp_core::suite::Cipher;
use srtp_core::wire::{
    RTCP_CLEAR_LEN, RTP_FIXED_HEADER_LEN, RtcpHeader, RtpHeader, SRTCP_INDEX_LEN,
};
use srtp_core::{MkiPolicy, Protocol, StreamInfo};

use super::line::Hex;
use super::session::{Session, Way};
use crate::rtp::Kind;
use crate::secret::Shown;

/// A packet before and after, and what was known of its stream before.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'p> {
    /// RTP or RTCP.
    pub kind: Kind,
    /// As it came in.
    pub before: &'p [u8],
    /// As it went out, if it did.
    pub made: Option<&'p [u8]>,
    /// Its stream before it.
    pub stream: Option<StreamInfo>,
}

/// What is said of a packet. What cannot be known is null.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Layout {
    kind: &'static str,
    ssrc: Option<String>,
    sequence: Option<u16>,
    payload_type: Option<u8>,
    timestamp: Option<u32>,
    /// `2^16 * ROC + SEQ`, or the SRTCP index; as assumed where the packet was refused.
    index: Option<u64>,
    roc: Option<u64>,
    /// Whether the payload is encrypted; in SRTCP the E bit.
    encrypted: Option<bool>,
    /// In hex, after `--show-keys` only: with index and SSRC it gives the session salt away.
    iv: Option<String>,
    #[serde(skip)]
    iv_shown: Option<String>,
    session_keys: Vec<SessionKey>,
    mki: Option<String>,
    tag: Option<String>,
    /// Of the protected packet.
    layout: Vec<Part>,
}

/// A session key, shown as keys are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct SessionKey {
    name: &'static str,
    shown: String,
}

/// A run of bytes of the protected packet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Part {
    part: &'static str,
    offset: usize,
    len: usize,
}

impl Layout {
    /// Takes a packet apart.
    pub fn of(session: &Session, seen: &Seen<'_>, show_keys: bool) -> Self {
        let Seen { kind, before, made, stream } = *seen;
        let protected = match session.way() {
            Way::Protect => made,
            Way::Unprotect => Some(before),
        };
        let mut told = Self {
            kind: match kind {
                Kind::Rtp => "srtp",
                Kind::Rtcp => "srtcp",
            },
            ssrc: None,
            sequence: None,
            payload_type: None,
            timestamp: None,
            index: None,
            roc: None,
            encrypted: None,
            iv: None,
            iv_shown: None,
            session_keys: Vec::new(),
            mki: None,
            tag: None,
            layout: Vec::new(),
        };
        let clear = match kind {
            Kind::Rtp => {
                let Ok(header) = RtpHeader::parse(before) else { return told };
                told.ssrc = Some(format!("0x{:08x}", header.ssrc));
                told.sequence = Some(header.sequence_number);
                told.payload_type = Some(header.payload_type);
                told.timestamp = Some(header.timestamp);
                let index = rtp_index(stream, session.first_roc(), header.sequence_number);
                told.index = Some(index);
                told.roc = Some(index >> 16);
                told.encrypted = Some(!session.attribute.policy().unencrypted_srtp);
                header.len
            }
            Kind::Rtcp => {
                let Ok(header) = RtcpHeader::parse(before) else { return told };
                told.ssrc = Some(format!("0x{:08x}", header.ssrc));
                RTCP_CLEAR_LEN
            }
        };
        if let Some(protected) = protected {
            told.trailer(session, kind, clear, protected);
        }
        told.keys(session, kind, before, show_keys);
        told
    }

    /// The session keys of the packet and the IV they are used with.
    fn keys(&mut self, session: &Session, kind: Kind, packet: &[u8], show_keys: bool) {
        let Some(index) = self.index else { return };
        // Where there are several keys the MKI says which; the first one protects.
        let named = |key: &&MasterKey| {
            self.mki.as_ref().is_none_or(|mki| &Hex(key.mki().as_bytes()).to_string() == mki)
        };
        let Some(master) = session.attribute.keys().iter().find(named) else { return };
        let protocol = match kind {
            Kind::Rtp => Protocol::Srtp,
            Kind::Rtcp => Protocol::Srtcp,
        };
        let keys = SessionKeys::derive(master, protocol, index);
        let cipher = session.attribute.suite().parameters().cipher;
        let encrypts = cipher != Cipher::Null;
        for (name, bytes) in [
            ("encryption key", if encrypts { keys.expose_encryption_key() } else { &[] }),
            ("authentication key", keys.expose_authentication_key()),
            ("salt", if encrypts { keys.expose_salt() } else { &[] }),
        ] {
            if !bytes.is_empty() {
                let shown = Shown { bytes, asked: show_keys }.to_string();
                self.session_keys.push(SessionKey { name, shown });
            }
        }
        if self.encrypted != Some(true) && !cipher.is_aead() {
            return;
        }
        let ssrc = match kind {
            Kind::Rtp => RtpHeader::parse(packet).map(|header| header.ssrc),
            Kind::Rtcp => RtcpHeader::parse(packet).map(|header| header.ssrc),
        };
        let Ok(ssrc) = ssrc else { return };
        let iv = match cipher {
            Cipher::AesCm => keys.aes_cm_iv(ssrc, index).to_vec(),
            Cipher::AesGcm => keys.aes_gcm_iv(ssrc, index).to_vec(),
            Cipher::AesF8 => f8_iv(kind, index, packet).unwrap_or_default(),
            _ => return,
        };
        self.iv = show_keys.then(|| Hex(&iv).to_string());
        self.iv_shown = Some(Shown { bytes: &iv, asked: show_keys }.to_string());
    }

    /// Where everything stands in a protected packet:
    /// `payload | AEAD tag | E, SRTCP index | MKI | tag`.
    fn trailer(&mut self, session: &Session, kind: Kind, clear: usize, packet: &[u8]) {
        let attribute = &session.attribute;
        let policy: Policy = attribute.policy();
        let row = attribute.suite().parameters();
        let tag = match kind {
            Kind::Rtp if policy.unauthenticated_srtp => 0,
            Kind::Rtp => row.srtp_tag_len,
            Kind::Rtcp => row.srtcp_tag_len,
        };
        let aead = row.cipher.is_aead();
        let mki = if policy.mki == MkiPolicy::Never { 0 } else { attribute.mki_len() };
        let index = if kind == Kind::Rtcp { SRTCP_INDEX_LEN } else { 0 };
        let Some(payload) = packet.len().checked_sub(clear + tag + index + mki) else { return };
        let header = match kind {
            Kind::Rtp => {
                let csrcs = 4 * usize::from(packet.first().map_or(0, |first| first & 0x0f));
                let extension = clear.saturating_sub(RTP_FIXED_HEADER_LEN + csrcs);
                [("header", RTP_FIXED_HEADER_LEN), ("CSRC list", csrcs), ("extension", extension)]
            }
            Kind::Rtcp => [("header", RTCP_CLEAR_LEN), ("", 0), ("", 0)],
        };
        let trailer = [
            (if self.encrypted == Some(false) { "payload" } else { "encrypted payload" }, payload),
            ("authentication tag", if aead { tag } else { 0 }),
            ("E bit and SRTCP index", index),
            ("MKI", mki),
            ("authentication tag", if aead { 0 } else { tag }),
        ];
        let mut offset = 0;
        for (part, len) in header.into_iter().chain(trailer).filter(|(_, len)| *len > 0) {
            let bytes = packet.get(offset..offset + len).unwrap_or_default();
            match part {
                "authentication tag" => self.tag = Some(Hex(bytes).to_string()),
                "MKI" => self.mki = Some(Hex(bytes).to_string()),
                "E bit and SRTCP index" => {
                    if let Some(&word) = bytes.first_chunk() {
                        let word = u32::from_be_bytes(word);
                        self.encrypted = Some(word >> 31 == 1);
                        self.index = Some(u64::from(word & 0x7fff_ffff));
                    }
                }
                _ => {}
            }
            self.layout.push(Part { part, offset, len });
            offset += len;
        }
        if self.encrypted == Some(false)
            && let Some(part) = self.layout.iter_mut().find(|part| part.part == "encrypted payload")
        {
            part.part = "payload";
        }
    }
}

/// The IV of AES-f8 before its own encryption (RFC 3711 §4.1.2.2 and §4.1.2.3).
fn f8_iv(kind: Kind, index: u64, packet: &[u8]) -> Option<Vec<u8>> {
    let word = |number: u64| u32::try_from(number).ok().map(u32::to_be_bytes);
    Some(match kind {
        Kind::Rtp => [&[0][..], packet.get(1..12)?, &word(index >> 16)?].concat(),
        Kind::Rtcp => [&[0; 4][..], &word(index | 1 << 31)?, packet.get(..8)?].concat(),
    })
}

/// The index nearest to the highest so far (RFC 3711 §3.3.1), or that of a first packet.
fn rtp_index(stream: Option<StreamInfo>, first_roc: u32, sequence_number: u16) -> u64 {
    let at = |roc: u64| roc << 16 | u64::from(sequence_number);
    let Some(highest) = stream.and_then(|stream| stream.rtp_index) else {
        return at(stream.map_or(first_roc, |stream| stream.roc).into());
    };
    let roc = highest >> 16;
    let near = [Some(roc), roc.checked_sub(1), roc.checked_add(1)];
    let near = near.into_iter().flatten().map(at);
    near.min_by_key(|index| index.abs_diff(highest)).unwrap_or(at(roc))
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, ssrc, sequence, payload_type, timestamp, index, roc, .. } = self;
        write!(f, "{kind}")?;
        if let Some(ssrc) = ssrc {
            write!(f, ", SSRC {ssrc}")?;
        }
        if let (Some(sequence), Some(payload_type), Some(timestamp)) =
            (sequence, payload_type, timestamp)
        {
            write!(
                f,
                ", sequence number {sequence}, payload type {payload_type}, timestamp {timestamp}"
            )?;
        }
        writeln!(f)?;
        if let Some(index) = index {
            write!(f, "index {index}")?;
            if let Some(roc) = roc {
                write!(f, " (ROC {roc})")?;
            }
            writeln!(f)?;
        }
        if let Some(iv) = &self.iv_shown {
            writeln!(f, "IV: {iv}")?;
        }
        for SessionKey { name, shown } in &self.session_keys {
            writeln!(f, "session {name}: {shown}")?;
        }
        for Part { part, offset, len } in &self.layout {
            write!(f, "bytes {offset:>4} to {:>4}: {part}", offset + len - 1)?;
            match *part {
                "authentication tag" => {
                    write!(f, " {}", self.tag.as_deref().unwrap_or_default())?;
                }
                "MKI" => write!(f, " {}", self.mki.as_deref().unwrap_or_default())?,
                "E bit and SRTCP index" => {
                    write!(f, ", E = {}", u8::from(self.encrypted == Some(true)))?;
                }
                _ => {}
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
