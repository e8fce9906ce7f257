//! The one table of crypto-suites; everything else in the family reads it.
//!
//! Read first: RFC 3711 §8.2, RFC 4568 §6.2, RFC 6188 §3 and §4, RFC 7714 §14, RFC 5764 §4.1.2.

/// The longest master key of any suite, in bytes (AES-256).
pub const MAX_MASTER_KEY_LEN: usize = 32;
/// The longest master salt of any suite, in bytes (the 112-bit salt of RFC 3711).
pub const MAX_MASTER_SALT_LEN: usize = 14;
/// The longest concatenation of master key and master salt of any suite, in bytes.
pub const MAX_KEY_SALT_LEN: usize = MAX_MASTER_KEY_LEN + MAX_MASTER_SALT_LEN;
/// The longest authentication tag of any suite, in bytes.
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
}

/// What a suite does to the payload.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Cipher {
    /// AES in counter mode (RFC 3711 §4.1.1, RFC 6188 §2).
    AesCm,
}

/// One row of the suite table. Lengths are in bytes, lifetimes in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SuiteParameters {
    /// The name registered for `a=crypto` (IANA "SRTP Crypto Suite Registrations").
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
}

const RFC3711_SRTP: u64 = 1 << 48;
const RFC3711_SRTCP: u64 = 1 << 31;

const AES_CM_128_HMAC_SHA1_80: SuiteParameters = SuiteParameters {
    name: "AES_CM_128_HMAC_SHA1_80",
    aliases: &[],
    cipher: Cipher::AesCm,
    aes: AesSize::Aes128,
    master_salt_len: 14,
    srtp_tag_len: 10,
    srtcp_tag_len: 10,
    srtp_lifetime: RFC3711_SRTP,
    srtcp_lifetime: RFC3711_SRTCP,
    dtls_profile: Some(0x0001),
};

const AES_CM_128_HMAC_SHA1_32: SuiteParameters = SuiteParameters {
    name: "AES_CM_128_HMAC_SHA1_32",
    srtp_tag_len: 4,
    dtls_profile: Some(0x0002),
    ..AES_CM_128_HMAC_SHA1_80
};

impl CryptoSuite {
    /// Every suite this crate knows, in the order in which a careful offer would list them.
    pub const ALL: &'static [CryptoSuite] = &[Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    /// The suite's row in the table.
    pub const fn parameters(self) -> &'static SuiteParameters {
        match self {
            Self::AesCm128HmacSha1_80 => &AES_CM_128_HMAC_SHA1_80,
            Self::AesCm128HmacSha1_32 => &AES_CM_128_HMAC_SHA1_32,
        }
    }

    /// The registered name, as it stands in an `a=crypto` line.
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

    /// The suite of this name, registered or of a draft, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| {
            let row = suite.parameters();
            row.name.eq_ignore_ascii_case(name)
                || row
                    .aliases
                    .iter()
                    .any(|alias| alias.eq_ignore_ascii_case(name))
        })
    }
}

impl core::fmt::Display for CryptoSuite {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4568 §6.2: the table of the three suites defined there, as far as we have them.
    #[test]
    fn table_is_the_table_of_rfc4568() {
        for (suite, srtp_tag) in [
            (CryptoSuite::AesCm128HmacSha1_80, 80),
            (CryptoSuite::AesCm128HmacSha1_32, 32),
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

    /// Every name leads back to its suite, whatever the case, and no two suites share one.
    #[test]
    fn names_are_unique_and_lead_back() {
        for &suite in CryptoSuite::ALL {
            let row = suite.parameters();
            for name in row.aliases.iter().chain([&row.name]) {
                assert_eq!(CryptoSuite::from_name(name), Some(suite));
                assert_eq!(
                    CryptoSuite::from_name(&name.to_ascii_lowercase()),
                    Some(suite)
                );
            }
            assert!(suite.key_salt_len() <= MAX_KEY_SALT_LEN);
        }
        assert_eq!(CryptoSuite::from_name("AES_CM_128_HMAC_SHA1_8"), None);
    }
}
