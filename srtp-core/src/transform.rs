//! What the session keys do to one packet. Stateless: the packet index is an argument, and nothing
//! here knows of streams, windows or policy beyond "encrypt or not".
//!
//! Read first: RFC 3711 §3.1, §3.4, §4.1, §4.2.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::index;
use crate::kdf::{Label, Prf, salt_to_iv};
use crate::key::MasterKey;
use crate::primitive::{Aes, HMAC_KEY_LEN, HmacSha1};
use crate::suite::MAX_MASTER_KEY_LEN;
use crate::wire::{Parts, RTCP_CLEAR_LEN, RtpHeader, SRTCP_INDEX_LEN, Trailer, WireError};

/// The bit before the SRTCP index that says the packet is encrypted (RFC 3711 §3.4).
const E_BIT: u32 = 1 << 31;

/// The longest payload whose AES-CM counter stays within its 16 bits, in bytes (RFC 3711 §4.1.1).
pub const MAX_PAYLOAD_LEN: usize = 16 << 16;

/// SRTP and SRTCP take different keys from one master key (RFC 3711 §4.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Srtp,
    Srtcp,
}

/// The session keys of one protocol and one key-derivation epoch.
#[derive(Clone)]
pub(crate) struct SessionKeys {
    aes: Aes,
    /// The session salt in its place in the IV; it may be public (RFC 3711 §8.1).
    salt: u128,
    auth: HmacSha1,
}

impl SessionKeys {
    /// Derives the keys for `r = index DIV key_derivation_rate` (RFC 3711 §4.3.1).
    pub(crate) fn derive(master: &MasterKey, protocol: Protocol, r: u64) -> Self {
        let [encryption, authentication, salting] = match protocol {
            Protocol::Srtp => [
                Label::RtpEncryption,
                Label::RtpAuthentication,
                Label::RtpSalt,
            ],
            Protocol::Srtcp => [
                Label::RtcpEncryption,
                Label::RtcpAuthentication,
                Label::RtcpSalt,
            ],
        };
        let row = master.suite().parameters();
        let prf = Prf::new(master);
        let mut cipher_key = Zeroizing::new([0; MAX_MASTER_KEY_LEN]);
        if let Some(key) = cipher_key.get_mut(..row.aes.key_len()) {
            prf.derive(encryption, r, key);
        }
        let mut auth_key = Zeroizing::new([0; HMAC_KEY_LEN]);
        prf.derive(authentication, r, auth_key.as_mut_slice());
        let mut salt = [0; 14];
        prf.derive(salting, r, &mut salt);
        Self {
            aes: Aes::new(row.aes, &cipher_key),
            salt: salt_to_iv(&salt),
            auth: HmacSha1::new(&auth_key),
        }
    }

    /// `IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16)` (RFC 3711 §4.1.1); the same for
    /// encryption and decryption, SRTP and SRTCP.
    #[inline]
    fn crypt(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let iv = self.salt ^ (u128::from(ssrc) << 64) ^ (u128::from(index) << 16);
        self.aes.apply_keystream(iv, data);
    }

    /// Encrypts and authenticates the RTP packet in the front of `packet`, which the trailer's
    /// length follows.
    #[inline]
    pub(crate) fn seal_rtp(
        &self,
        packet: &mut [u8],
        header: &RtpHeader,
        index: u64,
        trailer: Trailer,
        mki: &[u8],
        encrypt: bool,
    ) -> Result<(), WireError> {
        let (body, rest) = trailer.split_mut(packet, header.len)?;
        if encrypt && let Some(payload) = body.get_mut(header.len..) {
            self.crypt(header.ssrc, index, payload);
        }
        let digest = match trailer.tag {
            0 => [0; 20],
            _ => self.auth.digest(body, &index::roc(index).to_be_bytes()),
        };
        put(rest, mki.iter().chain(&digest));
        Ok(())
    }

    /// Whether the tag of a taken-apart SRTP packet is right; without a tag it always is.
    #[inline]
    pub(crate) fn verify_rtp(&self, parts: &Parts<'_>, index: u64) -> bool {
        parts.tag.is_empty()
            || same_tag(
                &self
                    .auth
                    .digest(parts.authenticated, &index::roc(index).to_be_bytes()),
                parts.tag,
            )
    }

    /// Decrypts a payload whose packet is authentic.
    #[inline]
    pub(crate) fn open_rtp(&self, payload: &mut [u8], ssrc: u32, index: u64) {
        self.crypt(ssrc, index, payload);
    }

    /// Encrypts and authenticates the RTCP packet in the front of `packet`, which the trailer's
    /// length follows.
    #[inline]
    pub(crate) fn seal_rtcp(
        &self,
        packet: &mut [u8],
        ssrc: u32,
        index: u32,
        trailer: Trailer,
        mki: &[u8],
        encrypt: bool,
    ) -> Result<(), WireError> {
        let (body, rest) = trailer.split_mut(packet, RTCP_CLEAR_LEN)?;
        let body_len = body.len();
        if encrypt && let Some(payload) = body.get_mut(RTCP_CLEAR_LEN..) {
            self.crypt(ssrc, u64::from(index), payload);
        }
        let word = if encrypt { index | E_BIT } else { index };
        put(rest, word.to_be_bytes().iter());
        let authenticated = packet.get(..body_len + SRTCP_INDEX_LEN).unwrap_or_default();
        let digest = self.auth.digest(authenticated, &[]);
        if let Some(rest) = packet.get_mut(body_len + SRTCP_INDEX_LEN..) {
            put(rest, mki.iter().chain(&digest));
        }
        Ok(())
    }

    /// Whether the tag of a taken-apart SRTCP packet is right.
    #[inline]
    pub(crate) fn verify_rtcp(&self, parts: &Parts<'_>) -> bool {
        same_tag(&self.auth.digest(parts.authenticated, &[]), parts.tag)
    }

    /// Decrypts an RTCP payload whose packet is authentic.
    #[inline]
    pub(crate) fn open_rtcp(&self, payload: &mut [u8], ssrc: u32, index: u32) {
        self.crypt(ssrc, u64::from(index), payload);
    }
}

/// E bit and SRTCP index out of the four bytes that carry them.
#[inline]
pub(crate) fn split_index_word(word: &[u8]) -> (bool, u32) {
    let word = word
        .first_chunk::<4>()
        .map_or(0, |bytes| u32::from_be_bytes(*bytes));
    (word & E_BIT != 0, word & !E_BIT)
}

/// Whether `tag` is the beginning of `digest`, in constant time.
#[inline]
fn same_tag(digest: &[u8; 20], tag: &[u8]) -> bool {
    digest
        .get(..tag.len())
        .is_some_and(|expected| expected.ct_eq(tag).into())
}

/// Fills `place` from the front; what does not fit is cut (a tag is a cut digest).
#[inline]
fn put<'b>(place: &mut [u8], bytes: impl Iterator<Item = &'b u8>) {
    place
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
}
