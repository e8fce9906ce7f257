//! What else might open a packet that its key does not: another rollover counter, MKI, suite or
//! E bit than announced. A failed attempt changes nothing, so trying is cheap.
//!
//! Read first: RFC 3711 §3.3.1 (joining late), §3.1 (where the MKI stands); RFC 4568 §6.1, §6.3.2.

use sdes_sdp::CryptoSuite;
use srtp_core::MAX_MKI_LEN;

use super::direction::Keying;
use crate::rtp::Kind;

/// How many rollover counters are tried: at 50 packets a second the stream would have run for
/// eight months before the capture. With a tag of 32 bits a wrong one passes once in 260 000
/// searches.
pub const MAX_ROC: u32 = 1 << 14;

/// What opens the packet, and what that says.
#[derive(Debug)]
pub struct Finding {
    /// The keys as the sender really uses them; `None` where they are as announced.
    pub keying: Option<Keying>,
    /// The rollover counter.
    pub roc: u32,
    /// The conclusion as a sentence.
    pub sentence: String,
}

/// Searches for what opens a packet that these keys do not open as announced.
pub fn search(keying: &Keying, kind: Kind, ssrc: u32, packet: &[u8]) -> Option<Finding> {
    if kind == Kind::Rtp
        && let Some(roc) = roc(keying, ssrc, packet)
    {
        let sentence = format!(
            "the capture joins late: the rollover counter was found to be {roc}, that is after \
             {} packets or more",
            u64::from(roc) << 16
        );
        return Some(Finding { keying: None, roc, sentence });
    }
    for (variant, sentence) in variants(keying, kind, packet) {
        if opens(&variant, kind, packet) {
            return Some(Finding { keying: Some(variant), roc: 0, sentence });
        }
    }
    None
}

fn opens(keying: &Keying, kind: Kind, packet: &[u8]) -> bool {
    let mut scratch = packet.to_vec();
    keying.open().is_some_and(|mut opener| opener.open(kind, &mut scratch).is_ok())
}

fn roc(keying: &Keying, ssrc: u32, packet: &[u8]) -> Option<u32> {
    // Without tags every counter would do.
    if keying.policy.unauthenticated_srtp {
        return None;
    }
    let mut opener = keying.open()?;
    let mut scratch = packet.to_vec();
    (1..MAX_ROC).find(|&roc| {
        opener.rejoin(ssrc, roc).is_ok() && opener.open(Kind::Rtp, &mut scratch).is_ok()
    })
}

/// Whether two suites differ in the length of the SRTP tag alone. Suites of other ciphers can make the
/// same tags, so that a tag that fits would prove nothing.
fn differs_in_tag(one: CryptoSuite, other: CryptoSuite) -> bool {
    let (one, other) = (one.parameters(), other.parameters());
    one.cipher == other.cipher && one.srtp_tag_len != other.srtp_tag_len
}

/// What an MKI of this length would be: the bytes before the tag, or, as with GCM, behind it
/// (RFC 3711 figures 1 and 2, RFC 7714 §8 and §9). A context looks where its suite has it.
fn mkis<'p>(keying: &Keying, kind: Kind, packet: &'p [u8], len: usize) -> Vec<&'p [u8]> {
    let row = keying.suite.parameters();
    let tag_len = match kind {
        Kind::Rtp if keying.policy.unauthenticated_srtp => 0,
        Kind::Rtp => row.srtp_tag_len,
        Kind::Rtcp => row.srtcp_tag_len,
    };
    let before = |after: usize| {
        let end = packet.len().checked_sub(after)?;
        packet.get(end.checked_sub(len)?..end)
    };
    [tag_len, 0].into_iter().filter_map(before).collect()
}

fn variants(keying: &Keying, kind: Kind, packet: &[u8]) -> Vec<(Keying, String)> {
    let mut variants = Vec::new();
    let announced = keying.mki_len();
    if announced > 0 {
        let sentence =
            format!("the SDP announces an MKI of {announced} bytes, but packets have none");
        variants.extend(keying.with_mki(&[]).map(|variant| (variant, sentence.clone())));
    }
    for &suite in CryptoSuite::ALL.iter().filter(|&&suite| differs_in_tag(suite, keying.suite)) {
        if let Some(variant) = keying.for_suite(suite) {
            let sentence = format!("the SDP says {}, but packets are {suite}", keying.suite);
            variants.push((variant, sentence));
        }
    }
    let row = keying.suite.parameters();
    if kind == Kind::Rtcp && row.srtp_tag_len < row.srtcp_tag_len {
        let variant = Keying { short_srtcp_tag: true, ..keying.clone() };
        let sentence = format!(
            "SRTCP has tags of {} bits, which in {} is for SRTP alone; those of SRTCP have {} \
             (RFC 4568 §6.2)",
            8 * row.srtp_tag_len,
            keying.suite,
            8 * row.srtcp_tag_len
        );
        variants.push((variant, sentence));
    }
    if kind == Kind::Rtcp {
        let mut variant = keying.clone();
        variant.policy.unencrypted_srtcp ^= true;
        let (is, agreed) = match keying.policy.unencrypted_srtcp {
            false => ("authenticated but not encrypted", "was not"),
            true => ("encrypted", "was"),
        };
        variants
            .push((variant, format!("SRTCP is {is}, though UNENCRYPTED_SRTCP {agreed} agreed")));
    }
    for len in 1..=MAX_MKI_LEN {
        let sentence = if len == announced {
            "packets have another MKI than the SDP announces".to_owned()
        } else if announced == 0 {
            format!("packets have an MKI of {len} bytes, but the SDP announces none")
        } else {
            format!("packets have an MKI of {len} bytes, but the SDP announces one of {announced}")
        };
        for mki in mkis(keying, kind, packet, len) {
            let with = keying.with_mki(mki);
            variants.extend(with.map(|variant| (variant, sentence.clone())));
        }
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdes_sdp::{MasterKey, Policy};
    use srtp_core::{Fixed, Outbound};

    const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
    const SSRC: u32 = 0x1234_5678;

    fn key() -> MasterKey {
        MasterKey::new(SUITE, &[7; 30]).unwrap()
    }

    fn keying(key: MasterKey) -> Keying {
        Keying {
            suite: key.suite(),
            keys: vec![key],
            policy: Policy::SECURE,
            lifetime: None,
            short_srtcp_tag: false,
        }
    }

    fn protected(key: &MasterKey, policy: Policy, kind: Kind, roc: u32) -> Vec<u8> {
        let mut context = Outbound::<Fixed<1>>::new(key, policy).unwrap();
        let mut packet = match kind {
            Kind::Rtp => vec![0x80, 0, 0x12, 0x34, 0, 0, 0, 1],
            Kind::Rtcp => vec![0x80, 201, 0, 1],
        };
        packet.extend(SSRC.to_be_bytes());
        if kind == Kind::Rtp {
            packet.extend([0x55; 160]);
        }
        let len = packet.len();
        packet.resize(len + 256, 0);
        let len = match kind {
            Kind::Rtp => {
                context.set_roc(SSRC, roc).unwrap();
                context.protect_rtp(&mut packet, len).unwrap()
            }
            Kind::Rtcp => context.protect_rtcp(&mut packet, len).unwrap(),
        };
        packet.truncate(len);
        packet
    }

    fn found(announced: &Keying, kind: Kind, packet: &[u8]) -> Option<Finding> {
        assert!(!opens(announced, kind, packet), "nothing would be to be found");
        search(announced, kind, SSRC, packet)
    }

    /// Each way in which a sender and its SDP can differ is found, and told apart from the others.
    #[test]
    fn every_disagreement_is_named() {
        let plain = keying(key());
        let with_mki = keying(key().with_mki(&[0, 0, 0, 9]).unwrap());
        let other_suite = plain.for_suite(CryptoSuite::AesCm128HmacSha1_32).unwrap();
        for kind in [Kind::Rtp, Kind::Rtcp] {
            let send = |keying: &Keying| protected(&keying.keys[0], keying.policy, kind, 0);
            let sentence =
                |announced, sent: &Keying| found(announced, kind, &send(sent)).unwrap().sentence;
            assert_eq!(
                sentence(&with_mki, &plain),
                "the SDP announces an MKI of 4 bytes, but packets have none"
            );
            assert_eq!(
                sentence(&plain, &with_mki),
                "packets have an MKI of 4 bytes, but the SDP announces none"
            );
            let another = keying(key().with_mki(&[0, 0, 0, 8]).unwrap());
            assert_eq!(
                sentence(&with_mki, &another),
                "packets have another MKI than the SDP announces"
            );
            let wrong = keying(MasterKey::new(SUITE, &[8; 30]).unwrap());
            assert!(found(&wrong, kind, &send(&plain)).is_none());
        }
        let packet = protected(&other_suite.keys[0], Policy::SECURE, Kind::Rtp, 0);
        assert_eq!(
            found(&plain, Kind::Rtp, &packet).unwrap().sentence,
            "the SDP says AES_CM_128_HMAC_SHA1_80, but packets are AES_CM_128_HMAC_SHA1_32"
        );
        let clear = protected(&key(), Policy::SECURE.with_unencrypted_srtcp(true), Kind::Rtcp, 0);
        assert_eq!(
            found(&plain, Kind::Rtcp, &clear).unwrap().sentence,
            "SRTCP is authenticated but not encrypted, though UNENCRYPTED_SRTCP was not agreed"
        );
    }

    /// A sender that shortens the tag of SRTCP as that of SRTP: named, and opened all the same; with
    /// another tag nothing is found.
    #[test]
    fn short_srtcp_tags_are_named() {
        let suite = CryptoSuite::AesCm128HmacSha1_32;
        for (mki, policy) in [
            (&[][..], Policy::SECURE),
            (&[7, 7], Policy::SECURE),
            (&[], Policy::SECURE.with_unencrypted_srtcp(true)),
        ] {
            let key = MasterKey::new(suite, &[7; 30]).unwrap().with_mki(mki).unwrap();
            let announced = Keying { policy, ..keying(key) };
            let mut packet = protected(&announced.keys[0], policy, Kind::Rtcp, 0);
            packet.truncate(packet.len() - 6);
            let found = found(&announced, Kind::Rtcp, &packet).unwrap();
            assert_eq!(
                found.sentence,
                "SRTCP has tags of 32 bits, which in AES_CM_128_HMAC_SHA1_32 is for SRTP alone; those of \
                 SRTCP have 80 (RFC 4568 §6.2)"
            );
            *packet.last_mut().unwrap() ^= 1;
            assert!(search(&announced, Kind::Rtcp, SSRC, &packet).is_none());
        }
    }

    /// A capture that joins late: the counter is found up to the limit and not beyond.
    #[test]
    fn rollover_counter_is_searched() {
        for (roc, wanted) in
            [(1, Some(1)), (3, Some(3)), (MAX_ROC - 1, Some(MAX_ROC - 1)), (MAX_ROC, None)]
        {
            let packet = protected(&key(), Policy::SECURE, Kind::Rtp, roc);
            assert_eq!(found(&keying(key()), Kind::Rtp, &packet).map(|found| found.roc), wanted);
        }
    }
}
