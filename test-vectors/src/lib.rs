//! Test data with provenance, shared by the tests of the family. What each file is and where it
//! comes from stands at its top and in this folder's `README.md`.
//!
//! The readers here panic with the line that is wrong: they read our own files, in tests only.
#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

/// RFC 3711 Appendix B.1.
pub const RFC3711_B1: &str = include_str!("../srtp/rfc3711-b1-f8.txt");
/// RFC 3711 Appendix B.2.
pub const RFC3711_B2: &str = include_str!("../srtp/rfc3711-b2-aes-cm.txt");
/// RFC 3711 Appendix B.3.
pub const RFC3711_B3: &str = include_str!("../srtp/rfc3711-b3-key-derivation.txt");
/// RFC 6188 §7.1.
pub const RFC6188_AES_256_CM: &str = include_str!("../srtp/rfc6188-7.1-aes-256-cm.txt");
/// RFC 6188 §7.2.
pub const RFC6188_AES_256_PRF: &str = include_str!("../srtp/rfc6188-7.2-aes-256-cm-prf.txt");
/// RFC 6188 §7.3.
pub const RFC6188_AES_192_CM: &str = include_str!("../srtp/rfc6188-7.3-aes-192-cm.txt");
/// RFC 6188 §7.4.
pub const RFC6188_AES_192_PRF: &str = include_str!("../srtp/rfc6188-7.4-aes-192-cm-prf.txt");

/// RFC 7714 §16.
pub const RFC7714_SRTP: &str = include_str!("../srtp/rfc7714-16-srtp-gcm.txt");
/// RFC 7714 §17.
pub const RFC7714_SRTCP: &str = include_str!("../srtp/rfc7714-17-srtcp-gcm.txt");

/// The tables of known packets, one for each family of suites and one for key derivation rates.
pub const KNOWN_PACKETS: [&str; 6] = [
    include_str!("../srtp/known-packets.txt"),
    include_str!("../srtp/known-packets-kdr.txt"),
    include_str!("../srtp/known-packets-aes-192-256.txt"),
    include_str!("../srtp/known-packets-f8.txt"),
    include_str!("../srtp/known-packets-gcm.txt"),
    include_str!("../srtp/known-packets-null.txt"),
];

/// The bytes of a hex string; `-` is the empty string.
///
/// # Panics
/// On anything else.
pub fn hex(text: &str) -> Vec<u8> {
    if text == "-" {
        return Vec::new();
    }
    assert!(text.len().is_multiple_of(2), "odd number of hex digits: {text}");
    let digit = |c: char| c.to_digit(16).unwrap_or_else(|| panic!("not hex: {text}"));
    let digits: Vec<u32> = text.chars().map(digit).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, d| byte * 16 + *d as u8)).collect()
}

/// The lines of a file that are neither comment nor blank.
pub fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The bytes behind `name =` in a file of `name = hex` lines.
///
/// # Panics
/// If the name is not there.
pub fn value(file: &str, name: &str) -> Vec<u8> {
    let value = lines(file).find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    });
    hex(value.unwrap_or_else(|| panic!("no line `{name} = …`")))
}

/// One line of a table of known packets.
#[derive(Clone, Debug)]
pub struct KnownPacket {
    /// Whether the packet is RTCP.
    pub rtcp: bool,
    /// Which rule the packet is there for.
    pub name: &'static str,
    /// Name of the crypto-suite.
    pub suite: &'static str,
    /// Master key.
    pub key: Vec<u8>,
    /// Master salt.
    pub salt: Vec<u8>,
    /// Master key identifier; empty for none.
    pub mki: Vec<u8>,
    /// `UNENCRYPTED_SRTP` is agreed.
    pub unencrypted_srtp: bool,
    /// `UNENCRYPTED_SRTCP` is agreed.
    pub unencrypted_srtcp: bool,
    /// `UNAUTHENTICATED_SRTP` is agreed.
    pub unauthenticated_srtp: bool,
    /// `n` of a key derivation rate of 2^n, where one is agreed.
    pub kdr: Option<u8>,
    /// Rollover counter of an RTP packet.
    pub roc: u32,
    /// Index of an SRTCP packet.
    pub index: u32,
    /// The RTP or RTCP packet.
    pub plain: Vec<u8>,
    /// The SRTP or SRTCP packet.
    pub secured: Vec<u8>,
}

impl KnownPacket {
    /// Master key and salt together.
    pub fn key_salt(&self) -> Vec<u8> {
        [&self.key[..], &self.salt].concat()
    }
}

/// The packets of a table.
///
/// # Panics
/// On a line that is not one.
pub fn known_packets(table: &'static str) -> impl Iterator<Item = KnownPacket> {
    lines(table).map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let &[what, name, suite, key, salt, mki, policy, roc, index, plain, secured] = &columns[..]
        else {
            panic!("{} columns instead of 11: {line}", columns.len())
        };
        let number = |text: &str| {
            if text == "-" { 0 } else { text.parse().expect("a number") }
        };
        let agreed = |parameter: &str| policy.split(',').any(|agreed| agreed == parameter);
        KnownPacket {
            rtcp: what == "rtcp",
            name,
            suite,
            key: hex(key),
            salt: hex(salt),
            mki: hex(mki),
            unencrypted_srtp: agreed("UNENCRYPTED_SRTP"),
            unencrypted_srtcp: agreed("UNENCRYPTED_SRTCP"),
            unauthenticated_srtp: agreed("UNAUTHENTICATED_SRTP"),
            kdr: policy.split(',').find_map(|p| p.strip_prefix("KDR=")?.parse().ok()),
            roc: number(roc),
            index: number(index),
            plain: hex(plain),
            secured: hex(secured),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_read() {
        for table in KNOWN_PACKETS {
            assert!(known_packets(table).count() > 60);
        }
        assert_eq!(hex("00ff10"), [0, 255, 16]);
        assert_eq!(value(RFC3711_B3, "master_salt").len(), 14);
    }
}
