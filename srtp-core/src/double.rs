//! Double encryption: a payload protected end to end, between those who speak, and once more hop by
//! hop, with a media distributor between them that may change payload type, sequence number and
//! marker but can neither read nor alter what is said.
//!
//! Read first: RFC 8723 §3 to §6.

mod end_to_end;
mod original_header;
mod whole;

use crate::dtls::{cut, joined};
use crate::key::{KeyError, MasterKey};
use crate::suite::CryptoSuite;

pub use end_to_end::{EndToEnd, EndToEndInbound, EndToEndOutbound};
pub use original_header::{HeaderChange, OriginalHeader, OriginalHeaderError, change_header};
pub use whole::{DoubleInbound, DoubleOutbound};

/// Bytes that end-to-end protection adds to a packet: the inner tag and an original-header block
/// that says "unchanged".
pub const END_TO_END_OVERHEAD: usize = 16 + 1;
/// Bytes a media distributor may add by changing the header: payload type and sequence number.
pub const MAX_CHANGE_OVERHEAD: usize = 3;

/// The suites of RFC 8723 §10.1: AES-GCM twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DoubleSuite {
    /// `DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM`.
    Aes128Gcm,
    /// `DOUBLE_AEAD_AES_256_GCM_AEAD_AES_256_GCM`.
    Aes256Gcm,
}

impl DoubleSuite {
    /// The suite of either half.
    pub const fn half(self) -> CryptoSuite {
        match self {
            Self::Aes128Gcm => CryptoSuite::AeadAes128Gcm,
            Self::Aes256Gcm => CryptoSuite::AeadAes256Gcm,
        }
    }

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM",
            Self::Aes256Gcm => "DOUBLE_AEAD_AES_256_GCM_AEAD_AES_256_GCM",
        }
    }

    /// The DTLS-SRTP protection profile (RFC 8723 §10.1).
    pub const fn dtls_profile(self) -> u16 {
        match self {
            Self::Aes128Gcm => 0x0009,
            Self::Aes256Gcm => 0x000a,
        }
    }

    /// The suite of a DTLS-SRTP protection profile.
    pub const fn from_dtls_profile(profile: u16) -> Option<Self> {
        match profile {
            0x0009 => Some(Self::Aes128Gcm),
            0x000a => Some(Self::Aes256Gcm),
            _ => None,
        }
    }

    /// Length of key and salt together in bytes: 56 or 88.
    pub const fn key_salt_len(self) -> usize {
        2 * self.half().key_salt_len()
    }
}

/// The two master keys of a direction. Whoever only relays has the second alone.
///
/// RFC 8723 §3.1 derives session keys from the halves apart, so that each half is a master key of
/// AES-GCM as any other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DoubleKey {
    /// The inner key, of those who speak.
    pub end_to_end: MasterKey,
    /// The outer key, of one hop.
    pub hop_by_hop: MasterKey,
}

impl DoubleKey {
    /// The halves of a key and a salt, which follow each other: inner key, outer key, inner salt,
    /// outer salt (RFC 8723 §3).
    ///
    /// # Errors
    /// [`KeyError::ExportedLength`] unless there are [`DoubleSuite::key_salt_len`] bytes;
    /// [`KeyError::NotBuiltIn`].
    pub fn new(suite: DoubleSuite, key_and_salt: &[u8]) -> Result<Self, KeyError> {
        let (half, given) = (suite.half(), key_and_salt.len());
        let (key, salt) = (half.master_key_len(), half.parameters().master_salt_len);
        let [inner, outer, inner_salt, outer_salt] = cut(key_and_salt, [key, key, salt, salt])
            .ok_or(KeyError::ExportedLength { needed: suite.key_salt_len(), given })?;
        Ok(Self {
            end_to_end: joined(half, inner, inner_salt)?,
            hop_by_hop: joined(half, outer, outer_salt)?,
        })
    }
}
