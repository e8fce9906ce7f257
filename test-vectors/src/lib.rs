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

/// How often a test does what it does: `usual`, or `emulated` where the variable `SRTP_EMULATED` says
/// that the machine is an emulated one, on which everything takes fifty times as long.
pub fn times(usual: u32, emulated: u32) -> u32 {
    if std::env::var_os("SRTP_EMULATED").is_some() { emulated } else { usual }
}

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

/// RFC 6904 Appendix A.
pub const RFC6904: &str = include_str!("../srtp/rfc6904-a-header-encryption.txt");

/// The tables of known packets: one for each family of suites, and those for key derivation rates,
/// encrypted header extensions, packets with rollover counters, and the ones RFC 9335 prints.
pub const KNOWN_PACKETS: [&str; 9] = [
    include_str!("../srtp/known-packets.txt"),
    include_str!("../srtp/known-packets-kdr.txt"),
    include_str!("../srtp/known-packets-aes-192-256.txt"),
    include_str!("../srtp/known-packets-f8.txt"),
    include_str!("../srtp/known-packets-gcm.txt"),
    include_str!("../srtp/known-packets-null.txt"),
    include_str!("../srtp/known-packets-headers.txt"),
    include_str!("../srtp/known-packets-rcc.txt"),
    include_str!("../srtp/rfc9335-a-cryptex.txt"),
];

/// Doubly encrypted packets (RFC 8723).
pub const DOUBLE_PACKETS: &str = include_str!("../srtp/known-packets-double.txt");

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
    /// The header-extension elements that are encrypted (RFC 6904).
    pub extensions: Vec<u8>,
    /// Cryptex is agreed (RFC 9335).
    pub cryptex: bool,
    /// Mode, rate and tag length, where packets carry the rollover counter (RFC 4771).
    pub rcc: Option<(u8, u16, u8)>,
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

/// The numbers behind `name` in a policy column.
fn parameter<T: std::str::FromStr>(policy: &str, name: &str, between: char) -> Vec<T> {
    let found = policy.split(',').find_map(|parameter| parameter.strip_prefix(name));
    let numbers = found.map(|numbers| numbers.split(between));
    numbers.into_iter().flatten().map(|n| n.parse().ok().expect("a number")).collect()
}

/// One line of the table of doubly encrypted packets.
#[derive(Clone, Debug)]
pub struct DoublePacket {
    /// Which rule the packet is there for.
    pub name: &'static str,
    /// Name of either half's suite.
    pub suite: &'static str,
    /// Master keys and master salts, each the inner and then the outer.
    pub key_salt: Vec<u8>,
    /// The speaker's rollover counter.
    pub roc: u32,
    /// The last hop's rollover counter.
    pub hop_roc: u32,
    /// The RTP packet as spoken.
    pub plain: Vec<u8>,
    /// Its first four bytes as a media distributor left them.
    pub changed: Vec<u8>,
    /// The packet between the transforms.
    pub end_to_end: Vec<u8>,
    /// The SRTP packet on the last hop.
    pub secured: Vec<u8>,
}

/// The doubly encrypted packets.
///
/// # Panics
/// On a line that is not one.
pub fn double_packets() -> impl Iterator<Item = DoublePacket> {
    lines(DOUBLE_PACKETS).map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let &[name, suite, key, salt, roc, hop_roc, plain, changed, end_to_end, secured] =
            &columns[..]
        else {
            panic!("{} columns instead of 10: {line}", columns.len())
        };
        DoublePacket {
            name,
            suite,
            key_salt: [hex(key), hex(salt)].concat(),
            roc: roc.parse().expect("a number"),
            hop_roc: hop_roc.parse().expect("a number"),
            plain: hex(plain),
            changed: hex(changed),
            end_to_end: hex(end_to_end),
            secured: hex(secured),
        }
    })
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
            extensions: parameter(policy, "EXTENSIONS=", '+'),
            cryptex: agreed("CRYPTEX"),
            rcc: match parameter(policy, "RCC=", '/')[..] {
                [mode, rate, tag] => Some((mode as u8, rate, tag as u8)),
                _ => None,
            },
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
            assert!(known_packets(table).count() >= 12);
        }
        assert!(double_packets().count() > 100);
        assert_eq!(hex("00ff10"), [0, 255, 16]);
        assert_eq!(value(RFC3711_B3, "master_salt").len(), 14);
    }
}
