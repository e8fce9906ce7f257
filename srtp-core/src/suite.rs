//! The one table of crypto-suites; everything else in the family reads it.
//!
//! Read first: RFC 3711 §8.2, RFC 4568 §6.2, RFC 6188 §3 and §4, RFC 7714 §12 to §14, RFC 5764
//! §4.1.2.

use core::fmt;

/// The longest master key of any suite, in bytes (AES-256).
pub const MAX_MASTER_KEY_LEN: usize = 32;
/// The longest master salt of any suite, in bytes (the 112-bit salt of RFC 3711).
pub const MAX_MASTER_SALT_LEN: usize = 14;
/// The longest concatenation of master key and master salt of any suite, in bytes.
pub const MAX_KEY_SALT_LEN: usize = MAX_MASTER_KEY_LEN + MAX_MASTER_SALT_LEN;
/// The longest authentication tag of any suite, in bytes (AES-GCM).
pub const MAX_TAG_LEN: usize = 16;

/// The size of an AES key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AesSize {
    /// 128 bits.
    Aes128,
    /// 192 bits.
    Aes192,
    /// 256 bits.
    Aes256,
}

impl AesSize {
    /// Length of the key in bytes: 16, 24 or 32.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    const fn is_built_in(self) -> bool {
        match self {
            Self::Aes128 => true,
            Self::Aes192 => cfg!(feature = "aes-192"),
            Self::Aes256 => cfg!(feature = "aes-256"),
        }
    }
}

/// What a suite does to the payload.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Cipher {
    /// AES in counter mode (RFC 3711 §4.1.1, RFC 6188 §2).
    AesCm,
    /// AES in f8 mode (RFC 3711 §4.1.2).
    AesF8,
    /// AES in Galois/counter mode, which authenticates too (RFC 7714).
    AesGcm,
    /// No encryption (RFC 3711 §4.1.3).
    Null,
}

impl Cipher {
    /// Whether the cipher itself authenticates: encryption and tag then cannot be switched off
    /// for SRTP (RFC 7714 §8.2).
    pub const fn is_aead(self) -> bool {
        matches!(self, Self::AesGcm)
    }

    const fn is_built_in(self) -> bool {
        match self {
            Self::AesCm => cfg!(feature = "aes-cm"),
            Self::AesF8 => cfg!(feature = "f8"),
            Self::AesGcm => cfg!(feature = "gcm"),
            Self::Null => cfg!(feature = "null"),
        }
    }
}

/// One row of the suite table. Lengths are in bytes, lifetimes in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SuiteParameters {
    /// The name registered for `a=crypto` (IANA "SRTP Crypto Suite Registrations"); for the NULL
    /// suites, which are not registered there, the one implementations use.
    pub name: &'static str,
    /// Names of drafts that implementations still send for the same suite.
    pub aliases: &'static [&'static str],
    /// What is done to the payload.
    pub cipher: Cipher,
    /// The size of the master key, of the session keys, and of the AES that derives them.
    pub aes: AesSize,
    /// Length of the master salt in bytes.
    pub master_salt_len: usize,
    /// Length of the authentication tag of an SRTP packet in bytes.
    pub srtp_tag_len: usize,
    /// Length of the authentication tag of an SRTCP packet in bytes.
    pub srtcp_tag_len: usize,
    /// The most SRTP packets one master key may protect.
    pub srtp_lifetime: u64,
    /// The most SRTCP packets one master key may protect.
    pub srtcp_lifetime: u64,
    /// The DTLS-SRTP protection profile (RFC 5764 §4.1.2, RFC 7714 §14.2), where one is registered.
    pub dtls_profile: Option<u16>,
}

/// An SRTP crypto-suite.
///
/// ```
/// use srtp_core::CryptoSuite;
///
/// let suite = CryptoSuite::from_name("AES_CM_128_HMAC_SHA1_32").unwrap();
/// assert_eq!(suite.key_salt_len(), 30);
/// assert_eq!(suite.parameters().srtp_tag_len, 4);
/// assert_eq!(suite.parameters().srtcp_tag_len, 10); // 80 bits even here, RFC 4568 §6.2
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CryptoSuite {
    /// `AES_CM_128_HMAC_SHA1_80`, the default of RFC 3711.
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: the SRTP tag is 32 bits, the SRTCP tag stays 80.
    AesCm128HmacSha1_32,
    /// `AES_192_CM_HMAC_SHA1_80` (RFC 6188).
    Aes192CmHmacSha1_80,
    /// `AES_192_CM_HMAC_SHA1_32` (RFC 6188).
    Aes192CmHmacSha1_32,
    /// `AES_256_CM_HMAC_SHA1_80` (RFC 6188).
    Aes256CmHmacSha1_80,
    /// `AES_256_CM_HMAC_SHA1_32` (RFC 6188).
    Aes256CmHmacSha1_32,
    /// `F8_128_HMAC_SHA1_80` (RFC 3711 §4.1.2, RFC 4568 §6.2.3).
    F8_128HmacSha1_80,
    /// `AEAD_AES_128_GCM` (RFC 7714).
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM` (RFC 7714).
    AeadAes256Gcm,
    /// `NULL_HMAC_SHA1_80`: authentication only (RFC 5764 §4.1.2).
    NullHmacSha1_80,
    /// `NULL_HMAC_SHA1_32`: authentication only, SRTP with 32 bits (RFC 5764 §4.1.2).
    NullHmacSha1_32,
}

use AesSize::{Aes128, Aes192, Aes256};
use Cipher::{AesCm, AesF8, AesGcm, Null};

/// A row whose SRTP lifetime is 2^`lifetime` packets; the SRTCP lifetime is 2^31 in every suite.
#[allow(clippy::too_many_arguments)] // the columns of a table
const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    cipher: Cipher,
    aes: AesSize,
    master_salt_len: usize,
    srtp_tag_len: usize,
    srtcp_tag_len: usize,
    lifetime: u32,
    dtls_profile: Option<u16>,
) -> SuiteParameters {
    SuiteParameters {
        name,
        aliases,
        cipher,
        aes,
        master_salt_len,
        srtp_tag_len,
        srtcp_tag_len,
        srtp_lifetime: 1 << lifetime,
        srtcp_lifetime: 1 << 31,
        dtls_profile,
    }
}

// The names of draft-ietf-avt-srtp-big-aes put the key size elsewhere.
const BIG_192_80: &[&str] = &["AES_CM_192_HMAC_SHA1_80"];
const BIG_192_32: &[&str] = &["AES_CM_192_HMAC_SHA1_32"];
const BIG_256_80: &[&str] = &["AES_CM_256_HMAC_SHA1_80"];
const BIG_256_32: &[&str] = &["AES_CM_256_HMAC_SHA1_32"];

// AES-192 and AES-256 in counter mode live for 2^31 packets of either kind: "Default key lifetime" in
// the tables of RFC 6188 §4.
#[rustfmt::skip]
const TABLE: [(CryptoSuite, SuiteParameters); 11] = [
    //                                       name                        aliases     cipher  key     salt tags    2^life DTLS
    (CryptoSuite::AesCm128HmacSha1_80, row("AES_CM_128_HMAC_SHA1_80", &[],        AesCm,  Aes128, 14, 10, 10, 48, Some(0x0001))),
    (CryptoSuite::AesCm128HmacSha1_32, row("AES_CM_128_HMAC_SHA1_32", &[],        AesCm,  Aes128, 14,  4, 10, 48, Some(0x0002))),
    (CryptoSuite::Aes192CmHmacSha1_80, row("AES_192_CM_HMAC_SHA1_80", BIG_192_80, AesCm,  Aes192, 14, 10, 10, 31, None)),
    (CryptoSuite::Aes192CmHmacSha1_32, row("AES_192_CM_HMAC_SHA1_32", BIG_192_32, AesCm,  Aes192, 14,  4, 10, 31, None)),
    (CryptoSuite::Aes256CmHmacSha1_80, row("AES_256_CM_HMAC_SHA1_80", BIG_256_80, AesCm,  Aes256, 14, 10, 10, 31, None)),
    (CryptoSuite::Aes256CmHmacSha1_32, row("AES_256_CM_HMAC_SHA1_32", BIG_256_32, AesCm,  Aes256, 14,  4, 10, 31, None)),
    (CryptoSuite::F8_128HmacSha1_80,   row("F8_128_HMAC_SHA1_80",     &[],        AesF8,  Aes128, 14, 10, 10, 48, None)),
    (CryptoSuite::AeadAes128Gcm,       row("AEAD_AES_128_GCM",        &[],        AesGcm, Aes128, 12, 16, 16, 48, Some(0x0007))),
    (CryptoSuite::AeadAes256Gcm,       row("AEAD_AES_256_GCM",        &[],        AesGcm, Aes256, 12, 16, 16, 48, Some(0x0008))),
    (CryptoSuite::NullHmacSha1_80,     row("NULL_HMAC_SHA1_80",       &[],        Null,   Aes128, 14, 10, 10, 48, Some(0x0005))),
    (CryptoSuite::NullHmacSha1_32,     row("NULL_HMAC_SHA1_32",       &[],        Null,   Aes128, 14,  4, 10, 48, Some(0x0006))),
];

impl CryptoSuite {
    /// Every suite of the table, whether it is built in or not.
    pub const ALL: &'static [CryptoSuite] = &{
        let [a, b, c, d, e, f, g, h, i, j, k] = TABLE;
        [a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0, i.0, j.0, k.0]
    };

    /// The suite's row in the table.
    pub const fn parameters(self) -> &'static SuiteParameters {
        // The table stands in the order of the enumeration; a test says so.
        const ROWS: &[(CryptoSuite, SuiteParameters); TABLE.len()] = &TABLE;
        let [s80, s32, b80, b32, c80, c32, f8, g128, g256, n80, n32] = ROWS;
        let (_, row) = match self {
            Self::AesCm128HmacSha1_80 => s80,
            Self::AesCm128HmacSha1_32 => s32,
            Self::Aes192CmHmacSha1_80 => b80,
            Self::Aes192CmHmacSha1_32 => b32,
            Self::Aes256CmHmacSha1_80 => c80,
            Self::Aes256CmHmacSha1_32 => c32,
            Self::F8_128HmacSha1_80 => f8,
            Self::AeadAes128Gcm => g128,
            Self::AeadAes256Gcm => g256,
            Self::NullHmacSha1_80 => n80,
            Self::NullHmacSha1_32 => n32,
        };
        row
    }

    /// The name, as it stands in an `a=crypto` line.
    pub const fn name(self) -> &'static str {
        self.parameters().name
    }

    /// Length of the master key in bytes.
    pub const fn master_key_len(self) -> usize {
        self.parameters().aes.key_len()
    }

    /// Length of master key and master salt together, in bytes: what `inline:` carries
    /// (RFC 4568 §6.1).
    pub const fn key_salt_len(self) -> usize {
        self.master_key_len() + self.parameters().master_salt_len
    }

    /// Whether this build of the crate can protect and unprotect with the suite: its Cargo features
    /// are on. The others are known by name and length only.
    pub const fn is_built_in(self) -> bool {
        self.parameters().cipher.is_built_in() && self.parameters().aes.is_built_in()
    }

    /// The suite of this name, registered or of a draft, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| {
            let row = suite.parameters();
            row.name.eq_ignore_ascii_case(name)
                || row.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        })
    }

    /// The suite of a DTLS-SRTP protection profile (RFC 5764 §4.1.2, RFC 7714 §14.2).
    pub fn from_dtls_profile(profile: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| suite.parameters().dtls_profile == Some(profile))
    }
}

impl fmt::Display for CryptoSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_where_they_belong() {
        for (suite, row) in &TABLE {
            assert_eq!(suite.parameters(), row);
        }
    }

    /// RFC 3711 §9.2 and RFC 7714 §14: no key protects more than 2^48 SRTP and 2^31 SRTCP packets;
    /// RFC 6188 §4 has 2^31 of either kind. In digits, as the table computes them.
    #[test]
    fn lifetimes_are_those_of_the_rfcs() {
        for suite in CryptoSuite::ALL {
            let row = suite.parameters();
            let is_rfc6188 = row.cipher == AesCm && row.aes != Aes128;
            let srtp = if is_rfc6188 { 2_147_483_648 } else { 281_474_976_710_656 };
            assert_eq!((row.srtp_lifetime, row.srtcp_lifetime), (srtp, 2_147_483_648), "{suite}");
        }
    }

    /// RFC 4568 §6.2: the table of the three suites defined there.
    #[test]
    fn table_is_the_table_of_rfc4568() {
        for (suite, srtp_tag) in [
            (CryptoSuite::AesCm128HmacSha1_80, 80),
            (CryptoSuite::AesCm128HmacSha1_32, 32),
            (CryptoSuite::F8_128HmacSha1_80, 80),
        ] {
            let row = suite.parameters();
            assert_eq!(suite.master_key_len() * 8, 128);
            assert_eq!(row.master_salt_len * 8, 112);
            assert_eq!(row.srtp_lifetime, 1 << 48);
            assert_eq!(row.srtcp_lifetime, 1 << 31);
            assert_eq!(row.srtp_tag_len * 8, srtp_tag);
            assert_eq!(row.srtcp_tag_len * 8, 80);
        }
    }

    /// RFC 6188 §4: lengths and the lifetime of 2^31 packets; an AES-256 key and salt are
    /// the 46 bytes that some peers get wrong.
    #[test]
    fn table_is_the_tables_of_rfc6188() {
        for (suite, key_salt_bits, tag) in [
            (CryptoSuite::Aes192CmHmacSha1_80, 192 + 112, 80),
            (CryptoSuite::Aes192CmHmacSha1_32, 192 + 112, 32),
            (CryptoSuite::Aes256CmHmacSha1_80, 256 + 112, 80),
            (CryptoSuite::Aes256CmHmacSha1_32, 256 + 112, 32),
        ] {
            let row = suite.parameters();
            assert_eq!(suite.key_salt_len() * 8, key_salt_bits);
            assert_eq!((row.srtp_tag_len * 8, row.srtcp_tag_len * 8), (tag, 80));
            assert_eq!(row.srtp_lifetime, 1 << 31);
        }
    }

    /// RFC 7714 §12, tables 1 and 2: 96 bits of salt, 128 of tag, in both protocols.
    #[test]
    fn table_is_the_table_of_rfc7714() {
        for (suite, key) in [(CryptoSuite::AeadAes128Gcm, 128), (CryptoSuite::AeadAes256Gcm, 256)] {
            let row = suite.parameters();
            assert_eq!(suite.key_salt_len() * 8, key + 96);
            assert_eq!((row.srtp_tag_len * 8, row.srtcp_tag_len * 8), (128, 128));
            assert_eq!((row.srtp_lifetime, row.srtcp_lifetime), (1 << 48, 1 << 31));
        }
    }

    /// What is said to be the longest of any suite is reached by one and exceeded by none.
    #[test]
    fn the_longest_are_the_longest() {
        let longest =
            |len: fn(CryptoSuite) -> usize| CryptoSuite::ALL.iter().map(|s| len(*s)).max();
        assert_eq!(longest(CryptoSuite::master_key_len), Some(MAX_MASTER_KEY_LEN));
        assert_eq!(longest(|suite| suite.parameters().master_salt_len), Some(MAX_MASTER_SALT_LEN));
        assert_eq!(longest(CryptoSuite::key_salt_len), Some(MAX_KEY_SALT_LEN));
        assert_eq!(longest(|suite| suite.parameters().srtp_tag_len), Some(MAX_TAG_LEN));
        assert_eq!(longest(|suite| suite.parameters().srtcp_tag_len), Some(MAX_TAG_LEN));
    }

    /// Every name leads back to its suite, whatever the case, and no two suites share one.
    #[test]
    fn names_and_profiles_are_unique_and_lead_back() {
        for &suite in CryptoSuite::ALL {
            let row = suite.parameters();
            for name in row.aliases.iter().chain([&row.name]) {
                assert_eq!(CryptoSuite::from_name(name), Some(suite));
                assert_eq!(CryptoSuite::from_name(&name.to_ascii_lowercase()), Some(suite));
            }
            if let Some(profile) = row.dtls_profile {
                assert_eq!(CryptoSuite::from_dtls_profile(profile), Some(suite));
            }
            assert!(suite.key_salt_len() <= MAX_KEY_SALT_LEN && row.srtp_tag_len <= MAX_TAG_LEN);
        }
        assert_eq!(CryptoSuite::from_name("AES_CM_128_HMAC_SHA1_8"), None);
        assert_eq!(CryptoSuite::from_dtls_profile(0x0003), None);
    }
}
