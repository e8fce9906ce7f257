//! What the session keys do to one packet. Stateless: the packet index is an argument, and nothing
//! here knows of streams, windows or policy beyond "encrypt or not".
//!
//! Read first: RFC 3711 §3.1, §3.4, §4.1, §4.2; RFC 7714 §8 and §9.

// A build with few suites needs only part of what IVs are made of.
#![cfg_attr(
    not(all(feature = "aes-cm", feature = "f8", feature = "gcm", feature = "null")),
    allow(dead_code)
)]

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[cfg(feature = "hmac-sha1")] // f8 implies it
use crate::index;
use crate::kdf::{Label, Prf, salt_to_iv};
use crate::key::MasterKey;
#[cfg(feature = "aes-cm")]
use crate::primitive::Aes;
#[cfg(feature = "f8")]
use crate::primitive::F8;
#[cfg(feature = "gcm")]
use crate::primitive::Gcm;
#[cfg(feature = "hmac-sha1")]
use crate::primitive::{HMAC_KEY_LEN, HmacSha1};
use crate::suite::{Cipher, MAX_MASTER_KEY_LEN};
use crate::wire::{Parts, RTCP_CLEAR_LEN, RtpHeader, Trailer, WireError};

/// The bit before the SRTCP index that says the packet is encrypted (RFC 3711 §3.4).
const E_BIT: u32 = 1 << 31;

/// The longest payload of one packet, in bytes: as far as the counter of AES-CM reaches in its 16
/// bits (RFC 3711 §4.1.1); the same in every suite.
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
    cipher: CipherKey,
    /// The session salt in its place in the IV; it may be public (RFC 3711 §8.1).
    salt: u128,
    /// Unused with GCM, which authenticates by itself.
    #[cfg(feature = "hmac-sha1")]
    auth: Option<HmacSha1>,
}

// Indirection would cost every packet a cache line; nobody holds many of these.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
enum CipherKey {
    #[cfg(feature = "aes-cm")]
    Cm(Aes),
    #[cfg(feature = "f8")]
    F8(F8),
    #[cfg(feature = "gcm")]
    Gcm(Gcm),
    Null,
}

/// What an IV is made of, whichever suite makes it.
#[derive(Clone, Copy)]
enum IvInput<'p> {
    Rtp { header: &'p RtpHeader, index: u64 },
    Rtcp { clear: u64, ssrc: u32, word: u32 },
}

impl IvInput<'_> {
    #[cfg(any(feature = "aes-cm", feature = "gcm"))]
    fn ssrc_and_index(self) -> (u128, u128) {
        match self {
            Self::Rtp { header, index } => (header.ssrc.into(), index.into()),
            Self::Rtcp { ssrc, word, .. } => (ssrc.into(), (word & !E_BIT).into()),
        }
    }
}

impl SessionKeys {
    /// Derives the keys for `r = index DIV key_derivation_rate` (RFC 3711 §4.3.1).
    pub(crate) fn derive(master: &MasterKey, protocol: Protocol, r: u64) -> Self {
        let [encryption, authentication, salting] = match protocol {
            Protocol::Srtp => [Label::RtpEncryption, Label::RtpAuthentication, Label::RtpSalt],
            Protocol::Srtcp => [Label::RtcpEncryption, Label::RtcpAuthentication, Label::RtcpSalt],
        };
        let row = master.suite().parameters();
        let prf = Prf::new(master);
        let mut key = Zeroizing::new([0; MAX_MASTER_KEY_LEN]);
        if let Some(key) = key.get_mut(..row.aes.key_len()) {
            prf.derive(encryption, r, key);
        }
        let mut salt = [0; 14];
        let salt = salt.get_mut(..row.master_salt_len).unwrap_or_default();
        prf.derive(salting, r, salt);
        #[cfg(feature = "hmac-sha1")]
        let auth = (!row.cipher.is_aead()).then(|| {
            let mut auth_key = Zeroizing::new([0; HMAC_KEY_LEN]);
            prf.derive(authentication, r, auth_key.as_mut_slice());
            HmacSha1::new(&auth_key)
        });
        #[cfg(not(feature = "hmac-sha1"))]
        let _ = authentication;
        Self {
            cipher: CipherKey::new(row.cipher, row.aes, &key, salt),
            salt: salt_to_iv(salt),
            #[cfg(feature = "hmac-sha1")]
            auth,
        }
    }

    /// For vectors that begin with session keys.
    #[cfg(test)]
    pub(crate) fn gcm(gcm: Gcm, salt: &[u8]) -> Self {
        Self { cipher: CipherKey::Gcm(gcm), salt: salt_to_iv(salt), auth: None }
    }

    /// XORs the keystream of a packet onto `data`; the same for encryption and decryption.
    #[inline]
    fn crypt(&self, input: IvInput<'_>, data: &mut [u8]) {
        match &self.cipher {
            #[cfg(feature = "aes-cm")]
            CipherKey::Cm(aes) => {
                // IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16), RFC 3711 §4.1.1.
                let (ssrc, index) = input.ssrc_and_index();
                aes.apply_keystream(self.salt ^ (ssrc << 64) ^ (index << 16), data);
            }
            #[cfg(feature = "f8")]
            CipherKey::F8(f8) => f8.apply_keystream(f8_iv(input), data),
            #[cfg(feature = "gcm")]
            CipherKey::Gcm(gcm) => gcm.apply_keystream(self.gcm_iv(input), data),
            CipherKey::Null => {
                let _ = (input, data);
            }
        }
    }

    /// RFC 7714 §8.1 and §9.1: `00 00 || SSRC || ROC || SEQ`, in SRTCP `00 00 || SSRC || 00 00 ||
    /// 0 || index`, XORed to the salt. In the upper 96 bits.
    #[cfg(feature = "gcm")]
    #[inline]
    fn gcm_iv(&self, input: IvInput<'_>) -> u128 {
        let (ssrc, index) = input.ssrc_and_index();
        self.salt ^ (ssrc << 80) ^ (index << 32)
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
        let parts = trailer.split_mut(packet, header.len)?;
        let input = IvInput::Rtp { header, index };
        let clear = if encrypt { header.len } else { parts.body.len() };
        if let Some(payload) = parts.body.get_mut(clear..) {
            self.crypt(input, payload);
        }
        let digest = match trailer.tag + trailer.aead_tag {
            0 => Tag::default(),
            _ => self.rtp_tag(parts.body, clear, input),
        };
        put(parts.trailer, &[digest.aead(), mki, digest.hmac()]);
        Ok(())
    }

    /// The tag of an RTP packet whose first `clear` bytes are not encrypted.
    #[inline]
    fn rtp_tag(&self, body: &[u8], clear: usize, input: IvInput<'_>) -> Tag {
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            let (associated, ciphertext) = body.split_at_checked(clear).unwrap_or((body, &[]));
            return Tag::Aead(gcm.tag(self.gcm_iv(input), (associated, &[]), ciphertext));
        }
        #[cfg(feature = "hmac-sha1")]
        if let (Some(auth), IvInput::Rtp { index, .. }) = (&self.auth, input) {
            // M = authenticated portion || ROC, RFC 3711 §4.2.
            return Tag::Hmac(auth.digest(body, &index::roc(index).to_be_bytes()));
        }
        let _ = (body, clear, input);
        Tag::default()
    }

    /// Whether the tag of a taken-apart SRTP packet is right; without a tag it always is.
    #[inline]
    pub(crate) fn verify_rtp(
        &self,
        parts: &Parts<'_>,
        header: &RtpHeader,
        index: u64,
        encrypted: bool,
    ) -> bool {
        if parts.tag.is_empty() && parts.aead_tag.is_empty() {
            return true;
        }
        let clear = if encrypted { header.len } else { parts.body.len() };
        self.rtp_tag(parts.body, clear, IvInput::Rtp { header, index }).is(parts)
    }

    /// Decrypts a payload whose packet is authentic.
    #[inline]
    pub(crate) fn open_rtp(&self, payload: &mut [u8], header: &RtpHeader, index: u64) {
        self.crypt(IvInput::Rtp { header, index }, payload);
    }

    /// Encrypts and authenticates the RTCP packet in the front of `packet`, which the trailer's
    /// length follows.
    #[inline]
    pub(crate) fn seal_rtcp(
        &self,
        packet: &mut [u8],
        index: u32,
        trailer: Trailer,
        mki: &[u8],
        encrypt: bool,
    ) -> Result<(), WireError> {
        let parts = trailer.split_mut(packet, RTCP_CLEAR_LEN)?;
        let word = if encrypt { index | E_BIT } else { index };
        let input = rtcp_input(parts.body, word);
        let clear = if encrypt { RTCP_CLEAR_LEN } else { parts.body.len() };
        if let Some(payload) = parts.body.get_mut(clear..) {
            self.crypt(input, payload);
        }
        let word = word.to_be_bytes();
        // HMAC covers body and index word as they stand next to each other in the packet.
        let tag = self.rtcp_tag(parts.body, &word, clear, input);
        put(parts.trailer, &[tag.aead(), &word, mki, tag.hmac()]);
        Ok(())
    }

    /// The tag of an RTCP packet whose first `clear` bytes are not encrypted.
    #[inline]
    fn rtcp_tag(&self, body: &[u8], word: &[u8], clear: usize, input: IvInput<'_>) -> Tag {
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            // RFC 7714 §9.2 and §9.3: the index word is associated data behind the clear part.
            let (associated, ciphertext) = body.split_at_checked(clear).unwrap_or((body, &[]));
            return Tag::Aead(gcm.tag(self.gcm_iv(input), (associated, word), ciphertext));
        }
        #[cfg(feature = "hmac-sha1")]
        if let Some(auth) = &self.auth {
            return Tag::Hmac(auth.digest(body, word));
        }
        let _ = (body, word, clear, input);
        Tag::default()
    }

    /// Whether the tag of a taken-apart SRTCP packet is right.
    #[inline]
    pub(crate) fn verify_rtcp(&self, parts: &Parts<'_>) -> bool {
        let (encrypted, index) = split_index_word(parts.index);
        let word = if encrypted { index | E_BIT } else { index };
        let clear = if encrypted { RTCP_CLEAR_LEN } else { parts.body.len() };
        self.rtcp_tag(parts.body, parts.index, clear, rtcp_input(parts.body, word)).is(parts)
    }

    /// Decrypts an authentic RTCP packet behind its first eight bytes.
    #[inline]
    pub(crate) fn open_rtcp(&self, body: &mut [u8], index: u32) {
        let input = rtcp_input(body, index | E_BIT);
        if let Some(payload) = body.get_mut(RTCP_CLEAR_LEN..) {
            self.crypt(input, payload);
        }
    }
}

impl CipherKey {
    /// The key of a cipher that is built in; no master key can be made for another.
    fn new(
        cipher: Cipher,
        size: crate::suite::AesSize,
        key: &[u8; MAX_MASTER_KEY_LEN],
        salt: &[u8],
    ) -> Self {
        let _ = (size, key, salt);
        match cipher {
            #[cfg(feature = "aes-cm")]
            Cipher::AesCm => Self::Cm(Aes::new(size, key)),
            #[cfg(feature = "f8")]
            Cipher::AesF8 => Self::F8(F8::new(size, key, salt)),
            #[cfg(feature = "gcm")]
            Cipher::AesGcm => Self::Gcm(Gcm::new(size, key)),
            _ => Self::Null,
        }
    }
}

/// RFC 3711 §4.1.2.2: `0x00 || M || PT || SEQ || TS || SSRC || ROC`; §4.1.2.3: `0..0 || E || SRTCP
/// index || V || P || RC || PT || length || SSRC`.
#[cfg(feature = "f8")]
fn f8_iv(input: IvInput<'_>) -> u128 {
    match input {
        IvInput::Rtp { header, index } => {
            let second = u128::from(header.marker) << 7 | u128::from(header.payload_type);
            second << 112
                | u128::from(header.sequence_number) << 96
                | u128::from(header.timestamp) << 64
                | u128::from(header.ssrc) << 32
                | u128::from(index::roc(index))
        }
        IvInput::Rtcp { clear, word, .. } => u128::from(word) << 64 | u128::from(clear),
    }
}

#[inline]
fn rtcp_input<'p>(body: &[u8], word: u32) -> IvInput<'p> {
    let clear = body.first_chunk::<RTCP_CLEAR_LEN>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    #[allow(clippy::cast_possible_truncation)] // the SSRC is the lower half
    let ssrc = clear as u32;
    IvInput::Rtcp { clear, ssrc, word }
}

/// A whole tag: HMAC's is cut when it is written or compared.
#[derive(Default)]
enum Tag {
    #[cfg(feature = "hmac-sha1")]
    Hmac([u8; 20]),
    #[cfg(feature = "gcm")]
    Aead([u8; 16]),
    #[default]
    None,
}

impl Tag {
    #[inline]
    fn hmac(&self) -> &[u8] {
        match self {
            #[cfg(feature = "hmac-sha1")]
            Self::Hmac(tag) => tag,
            _ => &[],
        }
    }

    #[inline]
    fn aead(&self) -> &[u8] {
        match self {
            #[cfg(feature = "gcm")]
            Self::Aead(tag) => tag,
            _ => &[],
        }
    }

    /// Whether the packet has this tag, decided in constant time.
    #[inline]
    fn is(&self, parts: &Parts<'_>) -> bool {
        let begins = |whole: &[u8], tag: &[u8]| {
            !tag.is_empty() && whole.get(..tag.len()).is_some_and(|start| start.ct_eq(tag).into())
        };
        begins(self.hmac(), parts.tag) || begins(self.aead(), parts.aead_tag)
    }
}

/// E bit and SRTCP index out of the four bytes that carry them.
#[inline]
pub(crate) fn split_index_word(word: &[u8]) -> (bool, u32) {
    let word = word.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    (word & E_BIT != 0, word & !E_BIT)
}

/// Fills `place` with the pieces one after the other; what does not fit is cut (a tag is a cut
/// digest, and it comes last).
#[inline]
fn put(place: &mut [u8], pieces: &[&[u8]]) {
    let mut rest = place;
    for piece in pieces {
        let len = piece.len().min(rest.len());
        let Some((now, later)) = rest.split_at_mut_checked(len) else {
            return;
        };
        now.iter_mut().zip(*piece).for_each(|(to, from)| *to = *from);
        rest = later;
    }
}
