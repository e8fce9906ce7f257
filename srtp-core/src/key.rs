//! What a caller hands in to secure a session: master key and salt, MKI, lifetime, key derivation
//! rate. Zeroized when dropped, compared in constant time, never printed.
//!
//! Read first: RFC 3711 §3.2.1, §4.3.1, §8.1; RFC 4568 §6.1.

use core::fmt;
use core::num::NonZeroU64;

use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::suite::{CryptoSuite, MAX_KEY_SALT_LEN};

/// The longest MKI in bytes (RFC 4568 §6.1).
pub const MAX_MKI_LEN: usize = 128;

/// Why a master key was refused. Carries lengths and limits, never a byte of the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// Key and salt together have the wrong length for the suite (RFC 4568 §6.1).
    KeySaltLength {
        /// The suite they were meant for.
        suite: CryptoSuite,
        /// Bytes given.
        given: usize,
    },
    /// The suite's Cargo features are off in this build.
    NotBuiltIn {
        /// The suite.
        suite: CryptoSuite,
    },
    /// What a DTLS handshake exported, or the two halves of a double key, have another length than
    /// the suite's (RFC 5764 §4.2, RFC 8723 §3).
    ExportedLength {
        /// Bytes needed.
        needed: usize,
        /// Bytes given.
        given: usize,
    },
    /// Double encryption takes a suite whose cipher makes the tag (RFC 8723 §3).
    NotAead {
        /// The suite.
        suite: CryptoSuite,
    },
    /// The policy switches off what the suite always does: `UNENCRYPTED_SRTP` or
    /// `UNAUTHENTICATED_SRTP` with AES-GCM (RFC 7714 §8.2).
    PolicyNotForSuite {
        /// The suite.
        suite: CryptoSuite,
    },
    /// Header extensions cannot be encrypted where the payload is not (RFC 6904 §5).
    HeadersWithoutPayload,
    /// Elements of header extensions were to be encrypted, and the Cargo feature is off.
    HeaderEncryptionNotBuiltIn,
    /// Header extensions were to be encrypted whole, and the Cargo feature is off.
    CryptexNotBuiltIn,
    /// Packets were to carry the rollover counter, and the Cargo feature is off.
    RccNotBuiltIn,
    /// `UNAUTHENTICATED_SRTP` beside a mode of RFC 4771, which says itself what is authenticated.
    RccWithoutAuthentication,
    /// A mode of RFC 4771 with a MAC of its own, for a suite whose cipher makes the tag.
    RccNotForSuite {
        /// The suite.
        suite: CryptoSuite,
    },
    /// The tag of RFC 4771 has a length its mode cannot have (RFC 4771 §5).
    RccTagLength {
        /// Bytes given.
        given: u8,
    },
    /// The same master key again with rollover counters at zero: packet indices and with them
    /// keystream would repeat (RFC 3711 §9.1).
    SameKey,
    /// The MKI is longer than 128 bytes (RFC 4568 §6.1).
    MkiTooLong {
        /// Bytes given.
        given: usize,
    },
    /// The lifetime is zero or above what the suite allows (RFC 4568 §6.1).
    Lifetime {
        /// The suite it was meant for.
        suite: CryptoSuite,
        /// Packets given.
        given: u64,
    },
    /// The key derivation rate is not 2^n with n from 0 to 24 (RFC 3711 §4.3.1).
    KeyDerivationRate {
        /// The exponent given.
        exponent: u8,
    },
    /// All places of the key ring are taken.
    RingFull {
        /// How many keys the ring holds.
        capacity: usize,
    },
    /// A key with this MKI is already in the ring, or the ring has a key without MKI and the
    /// two could not be told apart in a packet (RFC 3711 §8.1.1).
    MkiConflict,
    /// The ring has no key with this MKI.
    NoSuchMki,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::KeySaltLength { suite, given } => write!(
                f,
                "key and salt are {given} bytes; {suite} needs {}",
                suite.key_salt_len()
            ),
            Self::NotBuiltIn { suite } => {
                write!(f, "{suite} is not built into this program; its Cargo features are off")
            }
            Self::ExportedLength { needed, given } => {
                write!(f, "the keying material is {given} bytes; the suite needs {needed}")
            }
            Self::NotAead { suite } => {
                write!(f, "{suite} does not make its own tag; double encryption takes AES-GCM")
            }
            Self::PolicyNotForSuite { suite } => write!(
                f,
                "{suite} always encrypts and authenticates SRTP; UNENCRYPTED_SRTP and UNAUTHENTICATED_SRTP cannot apply"
            ),
            Self::HeadersWithoutPayload => f.write_str(
                "header extensions cannot be encrypted with UNENCRYPTED_SRTP, which leaves the payload in the clear",
            ),
            Self::HeaderEncryptionNotBuiltIn => f.write_str(
                "encryption of header-extension elements is not built into this program; its Cargo feature header-encryption is off",
            ),
            Self::CryptexNotBuiltIn => f.write_str(
                "Cryptex is not built into this program; its Cargo feature cryptex is off",
            ),
            Self::RccNotBuiltIn => f.write_str(
                "the rollover counter in packets (RFC 4771) is not built into this program; its Cargo feature rcc is off",
            ),
            Self::RccWithoutAuthentication => f.write_str(
                "UNAUTHENTICATED_SRTP and a rollover counter in the packets exclude each other; mode 3 of RFC 4771 is the one without MAC",
            ),
            Self::RccNotForSuite { suite } => {
                write!(f, "{suite} makes its own tag; of the modes of RFC 4771 it can have mode 3 only")
            }
            Self::RccTagLength { given } => write!(
                f,
                "a tag of {given} bytes cannot carry the rollover counter; modes 1 and 2 of RFC 4771 take 8 to 20, mode 3 takes 4"
            ),
            Self::SameKey => f.write_str(
                "rollover counters can start at zero only under another master key than before",
            ),
            Self::MkiTooLong { given } => {
                write!(f, "the MKI is {given} bytes; at most {MAX_MKI_LEN} are allowed")
            }
            Self::Lifetime { suite, given } => write!(
                f,
                "a master key lifetime of {given} packets is not between 1 and {}, the maximum of {suite}",
                suite.parameters().srtp_lifetime
            ),
            Self::KeyDerivationRate { exponent } => {
                write!(f, "a key derivation rate of 2^{exponent} is above 2^24")
            }
            Self::RingFull { capacity } => {
                write!(f, "the key ring is full with {capacity} master keys; remove one first")
            }
            Self::MkiConflict => f.write_str(
                "the MKI could not be told apart in a packet from that of a key already in the ring",
            ),
            Self::NoSuchMki => f.write_str("no master key in the ring has this MKI"),
        }
    }
}

impl core::error::Error for KeyError {}

/// A master key identifier: 0 to 128 bytes that stand in every packet before the tag
/// (RFC 3711 §3.1). Empty means that packets carry none.
#[derive(Clone, Copy)]
pub struct Mki {
    bytes: [u8; MAX_MKI_LEN],
    len: u8,
}

impl Mki {
    /// No MKI: packets carry none.
    pub const EMPTY: Self = Self { bytes: [0; MAX_MKI_LEN], len: 0 };

    /// The MKI of these bytes, as they appear in a packet. An empty slice is [`Mki::EMPTY`].
    ///
    /// # Errors
    /// [`KeyError::MkiTooLong`] above 128 bytes.
    pub fn new(mki: &[u8]) -> Result<Self, KeyError> {
        let mut bytes = [0; MAX_MKI_LEN];
        let too_long = KeyError::MkiTooLong { given: mki.len() };
        bytes.get_mut(..mki.len()).ok_or(too_long)?.copy_from_slice(mki);
        let len = u8::try_from(mki.len()).map_err(|_| too_long)?;
        Ok(Self { bytes, len })
    }

    /// The bytes as they appear in a packet.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Length in bytes, 0 for none.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether packets carry no MKI.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Default for Mki {
    fn default() -> Self {
        Self::EMPTY
    }
}

// Not derived: what stands behind `len` is not part of the value.
impl PartialEq for Mki {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Mki {}

impl fmt::Debug for Mki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mki(")?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// How often new session keys are derived from the master key (RFC 3711 §4.3.1): never again
/// after the first time, or every 2^0 to 2^24 packets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct KeyDerivationRate(Option<u8>);

impl KeyDerivationRate {
    /// Rate 0: one initial derivation, the default.
    pub const ZERO: Self = Self(None);

    /// A rate of 2^`exponent` packets: the `n` of `KDR=n` in RFC 4568 §6.3.1.
    ///
    /// # Errors
    /// [`KeyError::KeyDerivationRate`] above 24.
    pub const fn from_exponent(exponent: u8) -> Result<Self, KeyError> {
        if exponent > 24 {
            return Err(KeyError::KeyDerivationRate { exponent });
        }
        Ok(Self(Some(exponent)))
    }

    /// `n` of a rate of 2^n, `None` for the rate 0.
    pub const fn exponent(self) -> Option<u8> {
        self.0
    }

    /// `r = index DIV key_derivation_rate`, with the RFC's rule that `a DIV 0` is 0.
    pub(crate) const fn epoch(self, index: u64) -> u64 {
        match self.0 {
            Some(exponent) => index >> exponent,
            None => 0,
        }
    }
}

/// A master key and its salt with everything that is agreed about them: suite, MKI, lifetime and
/// key derivation rate.
///
/// ```
/// use srtp_core::{CryptoSuite, MasterKey};
///
/// let key_and_salt = [7; 30]; // from a random source, or out of an SDP
/// let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &key_and_salt)?
///     .with_mki(&[0, 0, 0, 1])?
///     .with_lifetime(1 << 20)?;
/// assert_eq!(key.mki().len(), 4);
/// # Ok::<(), srtp_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct MasterKey {
    suite: CryptoSuite,
    key_salt: [u8; MAX_KEY_SALT_LEN],
    mki: Mki,
    lifetime: Option<NonZeroU64>,
    rate: KeyDerivationRate,
}

impl MasterKey {
    /// The place for one.
    pub(crate) const VACANT: Self = Self {
        suite: CryptoSuite::AesCm128HmacSha1_80,
        key_salt: [0; MAX_KEY_SALT_LEN],
        mki: Mki::EMPTY,
        lifetime: None,
        rate: KeyDerivationRate::ZERO,
    };

    /// A master key from key and salt, concatenated as in an `inline:` parameter.
    ///
    /// # Errors
    /// [`KeyError::KeySaltLength`] unless they are exactly [`CryptoSuite::key_salt_len`] bytes;
    /// [`KeyError::NotBuiltIn`] for a suite whose Cargo features are off.
    pub fn new(suite: CryptoSuite, key_and_salt: &[u8]) -> Result<Self, KeyError> {
        if !suite.is_built_in() {
            return Err(KeyError::NotBuiltIn { suite });
        }
        let wrong = KeyError::KeySaltLength { suite, given: key_and_salt.len() };
        if key_and_salt.len() != suite.key_salt_len() {
            return Err(wrong);
        }
        let mut key_salt = [0; MAX_KEY_SALT_LEN];
        key_salt.get_mut(..key_and_salt.len()).ok_or(wrong)?.copy_from_slice(key_and_salt);
        Ok(Self { suite, key_salt, mki: Mki::EMPTY, lifetime: None, rate: KeyDerivationRate::ZERO })
    }

    /// The same key with an MKI of 0 to 128 bytes (0: none).
    ///
    /// # Errors
    /// [`KeyError::MkiTooLong`].
    pub fn with_mki(mut self, mki: &[u8]) -> Result<Self, KeyError> {
        self.mki = Mki::new(mki)?;
        Ok(self)
    }

    /// The same key with a lifetime in packets, which counts SRTP and SRTCP packets separately,
    /// each over all streams under the key (RFC 4568 §6.1, §6.4.2). As many packets pass as the
    /// lifetime says: §6.1 calls it the "max number", and in the same sentence wants the numbers
    /// "less than" it; a receiver that stopped one short would refuse what such a sender may send.
    ///
    /// # Errors
    /// [`KeyError::Lifetime`] for 0 and for more than the suite's SRTP lifetime.
    pub fn with_lifetime(mut self, packets: u64) -> Result<Self, KeyError> {
        let possible = packets <= self.suite.parameters().srtp_lifetime;
        let lifetime = NonZeroU64::new(packets).filter(|_| possible);
        let refused = KeyError::Lifetime { suite: self.suite, given: packets };
        self.lifetime = Some(lifetime.ok_or(refused)?);
        Ok(self)
    }

    /// The same key with another key derivation rate.
    #[must_use]
    pub fn with_key_derivation_rate(mut self, rate: KeyDerivationRate) -> Self {
        self.rate = rate;
        self
    }

    /// The suite the key is for.
    pub const fn suite(&self) -> CryptoSuite {
        self.suite
    }

    /// The MKI, empty where packets carry none.
    pub const fn mki(&self) -> &Mki {
        &self.mki
    }

    /// The lifetime that was set, in packets; `None` leaves the suite's own.
    pub const fn lifetime(&self) -> Option<u64> {
        match self.lifetime {
            Some(packets) => Some(packets.get()),
            None => None,
        }
    }

    /// The key derivation rate.
    pub const fn key_derivation_rate(&self) -> KeyDerivationRate {
        self.rate
    }

    /// Master key and master salt, concatenated: the secret itself, for writing an `inline:`
    /// parameter. Take care where it goes.
    pub fn expose_key_salt(&self) -> &[u8] {
        self.key_salt.get(..self.suite.key_salt_len()).unwrap_or_default()
    }

    /// Whether key and salt are the same bytes, decided in constant time; MKI, lifetime and rate
    /// do not count. This is the comparison RFC 4568 §6.1 asks for ("unique in the entire SDP").
    pub fn same_key_salt(&self, other: &Self) -> bool {
        bool::from(self.expose_key_salt().ct_eq(other.expose_key_salt()))
    }

    pub(crate) fn master_key(&self) -> &[u8] {
        self.key_salt.get(..self.suite.master_key_len()).unwrap_or_default()
    }

    pub(crate) fn master_salt(&self) -> &[u8] {
        self.expose_key_salt().get(self.suite.master_key_len()..).unwrap_or_default()
    }

    /// The most SRTP packets the key may protect.
    pub(crate) fn srtp_limit(&self) -> u64 {
        self.lifetime().unwrap_or(u64::MAX).min(self.suite.parameters().srtp_lifetime)
    }

    /// The most SRTCP packets the key may protect.
    pub(crate) fn srtcp_limit(&self) -> u64 {
        self.lifetime().unwrap_or(u64::MAX).min(self.suite.parameters().srtcp_lifetime)
    }
}

/// Everything about the key is compared, the secret in constant time.
impl ConstantTimeEq for MasterKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        let public = self.suite == other.suite
            && self.mki == other.mki
            && self.lifetime == other.lifetime
            && self.rate == other.rate;
        Choice::from(u8::from(public)) & self.key_salt.ct_eq(&other.key_salt)
    }
}

impl PartialEq for MasterKey {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for MasterKey {}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey")
            .field("suite", &self.suite)
            .field("mki", &self.mki)
            .field("lifetime", &self.lifetime)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.key_salt.zeroize();
    }
}

impl ZeroizeOnDrop for MasterKey {}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

    /// RFC 4568 §6.1: a key of another length is invalid, and the error says both lengths.
    #[test]
    fn only_the_exact_length_is_a_key() {
        for len in 0..=MAX_KEY_SALT_LEN + 1 {
            let made = MasterKey::new(SUITE, &vec![1; len]);
            assert_eq!(made.is_ok(), len == 30, "{len}");
        }
        let error = MasterKey::new(SUITE, &[0; 29]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "key and salt are 29 bytes; AES_CM_128_HMAC_SHA1_80 needs 30"
        );
    }

    #[test]
    fn mki_is_0_to_128_bytes() {
        let key = MasterKey::new(SUITE, &[1; 30]).unwrap();
        for len in 0..=128 {
            assert_eq!(key.clone().with_mki(&vec![9; len]).unwrap().mki().len(), len);
        }
        assert_eq!(key.with_mki(&[9; 129]), Err(KeyError::MkiTooLong { given: 129 }));
    }

    /// RFC 4568 §6.1: non-zero and not above the suite's lifetime; SRTCP keeps its own maximum.
    #[test]
    fn lifetime_is_bounded_by_the_suite() {
        let key = MasterKey::new(SUITE, &[1; 30]).unwrap();
        assert!(key.clone().with_lifetime(0).is_err());
        assert!(key.clone().with_lifetime((1 << 48) + 1).is_err());
        let longest = key.clone().with_lifetime(1 << 48).unwrap();
        assert_eq!((longest.srtp_limit(), longest.srtcp_limit()), (1 << 48, 1 << 31));
        let short = key.with_lifetime(1000).unwrap();
        assert_eq!((short.srtp_limit(), short.srtcp_limit()), (1000, 1000));
    }

    /// No byte of the key may reach a log.
    #[test]
    fn debug_shows_no_secret() {
        let key = MasterKey::new(SUITE, &[0xab; 30]).unwrap();
        let text = format!("{key:?}");
        assert!(!text.contains("ab, ") && !text.contains("171"), "{text}");
    }
}
