//! Reads one line of `test-vectors/srtp/known-packets*.txt` into fixed buffers; the columns are
//! described at the top of the first of those files.

use srtp_core::{CryptoSuite, KeyDerivationRate, MAX_KEY_SALT_LEN, MasterKey, Policy};

/// The longest packet of the table, a 1200-byte payload with everything around it, fits.
pub const MAX_PACKET_LEN: usize = 1536;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Rtp,
    Rtcp,
}

/// One row of the table.
pub struct KnownPacket<'t> {
    pub protocol: Protocol,
    /// `what`, `name` and `suite`, for the report.
    pub title: [&'t str; 3],
    pub key: MasterKey,
    pub policy: Policy,
    /// The rollover counter of an RTP packet, the index of an RTCP packet.
    pub counter: u32,
    plain: &'t str,
    secured: &'t str,
}

impl<'t> KnownPacket<'t> {
    /// The row in `line`; `None` for comments, blank lines and everything that is not a row.
    pub fn parse(line: &'t str) -> Option<Self> {
        let mut columns = line.split_ascii_whitespace();
        let mut next = || columns.next();
        let (what, name, suite_name) = (next()?, next()?, next()?);
        let protocol = match what {
            "rtp" => Protocol::Rtp,
            "rtcp" => Protocol::Rtcp,
            _ => return None,
        };
        let suite = CryptoSuite::from_name(suite_name)?;

        let mut key_salt = [0; MAX_KEY_SALT_LEN];
        let key_len = unhex(next()?, &mut key_salt)?;
        let salt_len = unhex(next()?, key_salt.get_mut(key_len..)?)?;
        let mut mki = [0; 128];
        let mki_len = unhex(next()?, &mut mki)?;
        let key = MasterKey::new(suite, key_salt.get(..key_len + salt_len)?).ok()?;
        let key = key.with_mki(mki.get(..mki_len)?).ok()?;

        let parameters = next()?;
        let rate = parameters.split(',').find_map(|parameter| parameter.strip_prefix("KDR="));
        let key = match rate {
            Some(exponent) => key.with_key_derivation_rate(
                KeyDerivationRate::from_exponent(exponent.parse().ok()?).ok()?,
            ),
            None => key,
        };
        let policy = parameters.split(',').try_fold(Policy::SECURE, |policy, parameter| {
            Some(match parameter {
                _ if parameter.starts_with("KDR=") => policy,
                "-" => policy,
                "UNENCRYPTED_SRTP" => policy.with_unencrypted_srtp(true),
                "UNENCRYPTED_SRTCP" => policy.with_unencrypted_srtcp(true),
                "UNAUTHENTICATED_SRTP" => policy.with_unauthenticated_srtp(true),
                _ => return None,
            })
        })?;

        let (roc, index) = (next()?, next()?);
        let counter = match protocol {
            Protocol::Rtp => roc,
            Protocol::Rtcp => index,
        };
        Some(Self {
            protocol,
            title: [what, name, suite_name],
            key,
            policy,
            counter: counter.parse().ok()?,
            plain: next()?,
            secured: next()?,
        })
    }

    /// Writes the RTP or RTCP packet into `buffer`; its length.
    pub fn plain(&self, buffer: &mut [u8]) -> Option<usize> {
        unhex(self.plain, buffer)
    }

    /// Writes the SRTP or SRTCP packet into `buffer`; its length.
    pub fn secured(&self, buffer: &mut [u8]) -> Option<usize> {
        unhex(self.secured, buffer)
    }

    /// Whether a receiver can tell a forged packet from this one.
    pub fn authenticated(&self) -> bool {
        self.protocol == Protocol::Rtcp || !self.policy.unauthenticated_srtp
    }
}

/// Bytes written; `-` is none.
fn unhex(text: &str, buffer: &mut [u8]) -> Option<usize> {
    if text == "-" {
        return Some(0);
    }
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes = buffer.get_mut(..pairs.len())?;
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        let value = char::from(high).to_digit(16)? << 4 | char::from(low).to_digit(16)?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(pairs.len())
}
