//! What the session keys do to one packet. Stateless: the packet index is an argument, and nothing
//! here knows of streams, windows or policy beyond what is to be encrypted. The keys are here, what
//! they do to packets in `rtp`, `rtcp` and `detached`, by means of the other files.
//!
//! Read first: RFC 3711 §3.1, §3.4, §4.1 to §4.3; RFC 7714.

// A build with few suites needs only part of what IVs are made of; one without Cryptex has none.
#![cfg_attr(
    not(all(
        feature = "aes-cm",
        feature = "f8",
        feature = "gcm",
        feature = "null",
        feature = "cryptex"
    )),
    allow(dead_code)
)]

mod cryptex;
#[cfg(feature = "gcm")]
mod detached;
mod elements;
mod iv;
mod macs;
mod rtcp;
mod rtp;
mod tag;

use core::ops::Deref;

use zeroize::{Zeroize, Zeroizing};

use self::elements::HeaderKeys;
use self::iv::IvInput;
#[cfg(feature = "aes-cm")]
use self::iv::cm_iv;
#[cfg(feature = "f8")]
use self::iv::f8_iv;
#[cfg(feature = "gcm")]
use self::iv::gcm_iv;
pub(crate) use self::iv::split_index_word;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
pub(crate) use self::macs::DueMac;
pub(crate) use self::macs::{Digest, MacInput, Macs};
pub(crate) use self::rtp::{Cover, Rtp};
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
pub(crate) use self::tag::begins_with;
use crate::kdf::{Label, Prf, salt_to_iv};
use crate::key::MasterKey;
#[cfg(feature = "aes-cm")]
use crate::primitive::Aes;
#[cfg(feature = "f8")]
use crate::primitive::F8;
#[cfg(feature = "gcm")]
use crate::primitive::{GCM_TAG_LEN, Gcm};
#[cfg(feature = "hmac-sha1")]
use crate::primitive::{HMAC_KEY_LEN, HmacSha1};
use crate::suite::{Cipher, MAX_MASTER_KEY_LEN, SuiteParameters};
#[cfg(feature = "gcm")]
use crate::wire::Layout;

/// The longest payload of one packet, in bytes: as far as the counter of AES-CM reaches in its 16
/// bits (RFC 3711 §4.1.1); the same in every suite.
pub const MAX_PAYLOAD_LEN: usize = 16 << 16;

/// SRTP and SRTCP take different keys from one master key (RFC 3711 §4.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Protocol {
    /// SRTP, for RTP packets.
    Srtp,
    /// SRTCP, for RTCP packets.
    Srtcp,
}

/// Whether the bytes of a packet are read again at once, or other packets have their turn before.
#[derive(Clone, Copy)]
enum Pace {
    Alone,
    InBatch,
}

/// The session keys of one protocol and one key-derivation epoch.
#[derive(Clone)]
pub(crate) struct SessionKeys {
    cipher: CipherKey,
    /// The session salt in its place in the IV. It may be public (RFC 3711 §8.1), but whoever has
    /// it is spared a search (§9.1).
    salt: Salt,
    /// Unused with GCM, which authenticates by itself.
    #[cfg(feature = "hmac-sha1")]
    auth: Option<HmacSha1>,
    /// Where elements of header extensions are encrypted.
    header: HeaderKeys,
}

/// As `Zeroizing`, which cannot be a constant.
#[derive(Clone)]
struct Salt(u128);

impl Deref for Salt {
    type Target = u128;

    #[inline(always)]
    fn deref(&self) -> &u128 {
        &self.0
    }
}

impl Drop for Salt {
    #[inline]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

// Indirection would cost every packet a cache line; nobody holds many of these.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
// A tag of its own, so that a vacant one is all zeros.
#[cfg_attr(not(feature = "accel"), repr(u8))]
enum CipherKey {
    Null,
    #[cfg(feature = "aes-cm")]
    Cm(Aes),
    #[cfg(feature = "f8")]
    F8(F8),
    #[cfg(feature = "gcm")]
    Gcm(Gcm),
}

impl SessionKeys {
    /// The place for keys.
    pub(crate) const VACANT: Self = Self {
        cipher: CipherKey::Null,
        salt: Salt(0),
        #[cfg(feature = "hmac-sha1")]
        auth: None,
        header: HeaderKeys::NONE,
    };

    /// Derives the keys for `r = index DIV key_derivation_rate` (RFC 3711 §4.3.1); those of RFC
    /// 6904 with them where `elements` are to be encrypted.
    pub(crate) fn derive(
        &mut self,
        master: &MasterKey,
        protocol: Protocol,
        r: u64,
        elements: bool,
    ) {
        self.derive_by(&Prf::new(master), master.suite().parameters(), protocol, r, elements);
    }

    /// The same by a pseudo-random function that is there already. Key by key, each where it stays.
    #[inline(never)]
    pub(crate) fn derive_by(
        &mut self,
        prf: &Prf,
        row: &SuiteParameters,
        protocol: Protocol,
        r: u64,
        elements: bool,
    ) {
        #[cfg(test)]
        crate::tests::effort::derives_keys();
        let [encryption, authentication, salting] = Label::of(protocol);
        let mut salt = Zeroizing::new([0; 14]);
        let salt = salt.get_mut(..row.master_salt_len).unwrap_or_default();
        prf.derive(salting, r, salt);
        self.salt.0 = salt_to_iv(salt);
        let mut key = Zeroizing::new([0; MAX_MASTER_KEY_LEN]);
        if let Some(key) = key.get_mut(..row.aes.key_len()) {
            prf.derive(encryption, r, key);
        }
        self.cipher = CipherKey::new(row.cipher, row.aes, &key, salt);
        #[cfg(feature = "hmac-sha1")]
        if !row.cipher.is_aead() {
            let mut auth_key = Zeroizing::new([0; HMAC_KEY_LEN]);
            prf.derive(authentication, r, auth_key.as_mut_slice());
            self.auth = Some(HmacSha1::new(&auth_key));
        }
        #[cfg(not(feature = "hmac-sha1"))]
        let _ = authentication;
        if elements && protocol == Protocol::Srtp {
            self.header = HeaderKeys::derive(prf, row, r);
        }
    }

    /// Whether elements of header extensions have keys of their own.
    pub(crate) fn has_header_keys(&self) -> bool {
        !self.header.is_none()
    }

    /// For vectors that begin with session keys.
    #[cfg(test)]
    pub(crate) fn gcm(gcm: Gcm, salt: &[u8]) -> Self {
        let (cipher, salt) = (CipherKey::Gcm(gcm), Salt(salt_to_iv(salt)));
        Self { cipher, salt, auth: None, header: HeaderKeys::NONE }
    }

    /// XORs the keystream of a packet onto `data`; the same for encryption and decryption.
    #[inline(always)]
    fn crypt(&self, input: IvInput, data: &mut [u8]) {
        self.crypt_in(Pace::Alone, input, data);
    }

    #[inline(always)]
    fn crypt_in(&self, pace: Pace, input: IvInput, data: &mut [u8]) {
        match &self.cipher {
            #[cfg(feature = "aes-cm")]
            CipherKey::Cm(aes) => match pace {
                Pace::Alone => aes.apply_keystream(cm_iv(*self.salt, input), data),
                Pace::InBatch => aes.apply_keystream_wide(cm_iv(*self.salt, input), data),
            },
            #[cfg(feature = "f8")]
            CipherKey::F8(f8) => f8.apply_keystream(f8_iv(input), data),
            #[cfg(feature = "gcm")]
            CipherKey::Gcm(gcm) => gcm.apply_keystream(gcm_iv(*self.salt, input), data),
            CipherKey::Null => {
                let _ = (pace, input, data);
            }
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

/// Header and payload, to change, and the AEAD tag of a packet.
#[cfg(feature = "gcm")]
#[inline(always)]
fn aead_parts<'p>(
    packet: &'p mut [u8],
    layout: &Layout,
) -> Option<(&'p mut [u8], [u8; GCM_TAG_LEN])> {
    let tag = *packet.get(layout.aead_tag())?.first_chunk::<GCM_TAG_LEN>()?;
    Some((packet.get_mut(..layout.body_len)?, tag))
}
