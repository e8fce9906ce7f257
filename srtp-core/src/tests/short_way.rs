//! The short way of an ordinary packet against the long way, which has the rules.

use proptest::prelude::*;

use crate::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy};

/// One packet: of which SSRC, how far from the last one, with how much payload, and which byte of
/// the protected packet is changed on its way, if any.
type Step = (u32, i16, usize, bool, Option<usize>);

fn step() -> impl Strategy<Value = Step> {
    let ahead = prop_oneof![6 => Just(1), 3 => -70..70_i16, 1 => any::<i16>()];
    let changed = prop_oneof![4 => Just(None), 1 => (0..400_usize).prop_map(Some)];
    (0..4_u32, ahead, 0..300_usize, any::<bool>(), changed)
}

fn packet(ssrc: u32, seq: u16, payload: usize, extension: bool) -> Vec<u8> {
    let mut packet = vec![if extension { 0x90 } else { 0x80 }, 96];
    packet.extend(seq.to_be_bytes());
    packet.extend([0, 0, 0, 7]);
    packet.extend(ssrc.to_be_bytes());
    if extension {
        packet.extend([0xbe, 0xde, 0, 1, 0x10, 0x30, 0, 0]);
    }
    packet.extend((0..payload).map(|i| i as u8));
    packet
}

proptest! {
    /// Whatever comes, in whatever order, forged or cut short or beyond the key's lifetime, both ways
    /// give the same bytes and the same errors and leave the same streams and counts behind.
    #[test]
    fn both_ways_are_one(
        steps in prop::collection::vec(step(), 1..60),
        gcm in any::<bool>(),
        lifetime in prop_oneof![Just(20_u64), Just(1 << 20)],
        start in any::<u16>(),
        room in 0..24_usize,
    ) {
        let suite =
            if gcm { CryptoSuite::AeadAes128Gcm } else { CryptoSuite::AesCm128HmacSha1_80 };
        let key = MasterKey::new(suite, &vec![7; suite.key_salt_len()]).unwrap();
        let key = key.with_lifetime(lifetime).unwrap();
        let shorter = key.clone().with_lifetime(lifetime / 2).unwrap();
        let mut tx = Outbound::<Fixed<3, 1>, 2>::new(&key, Policy::SECURE).unwrap();
        let mut rx = Inbound::<Fixed<3, 1>, 2>::new(&shorter, Policy::SECURE).unwrap();
        let (mut long_tx, mut long_rx) = (tx.clone(), rx.clone());
        long_tx.ring.forbid_short_way();
        long_rx.ring.forbid_short_way();
        let mut seqs = [start; 4];
        for (ssrc, ahead, payload, extension, changed) in steps {
            let seq = &mut seqs[ssrc as usize];
            *seq = seq.wrapping_add_signed(ahead);
            let plain = packet(ssrc, *seq, payload, extension);
            let mut short = plain.clone();
            short.resize(plain.len() + room, 0xee);
            let mut long = short.clone();
            let result = tx.protect_rtp(&mut short, plain.len());
            prop_assert_eq!(&result, &long_tx.protect_rtp(&mut long, plain.len()));
            prop_assert_eq!(&short, &long);
            prop_assert!(tx.streams == long_tx.streams);
            prop_assert_eq!(tx.key_usage(&[]), long_tx.key_usage(&[]));

            short.truncate(result.unwrap_or(plain.len()));
            if let Some(at) = changed {
                let len = short.len();
                short[at % len] ^= 1 << (at % 8);
            }
            let mut long = short.clone();
            prop_assert_eq!(rx.unprotect_rtp(&mut short), long_rx.unprotect_rtp(&mut long));
            prop_assert_eq!(&short, &long);
            prop_assert!(rx.streams == long_rx.streams);
            prop_assert_eq!(rx.key_usage(&[]), long_rx.key_usage(&[]));
        }
    }
}

proptest! {
    /// The same of SRTCP, whose packets have no sequence number: here they come late, twice and out of
    /// order as `order` has it, and encrypted or not as agreed.
    #[test]
    fn both_ways_are_one_for_srtcp(
        packets in prop::collection::vec((0..4_u32, 0..120_usize), 1..40),
        order in prop::collection::vec((0..40_usize, prop::option::of(0..200_usize)), 1..80),
        suite in 0..3_usize,
        clear in any::<bool>(),
        lifetime in prop_oneof![Just(20_u64), Just(1 << 20)],
        room in 0..24_usize,
    ) {
        let suite = [
            CryptoSuite::AesCm128HmacSha1_80,
            CryptoSuite::AesCm128HmacSha1_32,
            CryptoSuite::AeadAes128Gcm,
        ][suite];
        let key = MasterKey::new(suite, &vec![7; suite.key_salt_len()]).unwrap();
        let key = key.with_lifetime(lifetime).unwrap();
        let shorter = key.clone().with_lifetime(lifetime / 2).unwrap();
        let policy = Policy::SECURE.with_unencrypted_srtcp(clear);
        let mut tx = Outbound::<Fixed<3, 1>, 2>::new(&key, policy).unwrap();
        // Now and then the other side has agreed on something else.
        let other = if room == 7 { Policy::SECURE } else { policy };
        let mut rx = Inbound::<Fixed<3, 1>, 2>::new(&shorter, other).unwrap();
        let (mut long_tx, mut long_rx) = (tx.clone(), rx.clone());
        long_tx.ring.forbid_short_way();
        long_rx.ring.forbid_short_way();
        let mut sent = Vec::new();
        for (ssrc, len) in packets {
            let mut plain = vec![0x80, 200, 0, 6];
            plain.extend(ssrc.to_be_bytes());
            plain.extend((0..len).map(|i| i as u8));
            let mut short = plain.clone();
            short.resize(plain.len() + room, 0xee);
            let mut long = short.clone();
            let result = tx.protect_rtcp(&mut short, plain.len());
            prop_assert_eq!(&result, &long_tx.protect_rtcp(&mut long, plain.len()));
            prop_assert_eq!(&short, &long);
            prop_assert!(tx.streams == long_tx.streams);
            prop_assert_eq!(tx.key_usage(&[]), long_tx.key_usage(&[]));
            short.truncate(result.unwrap_or(plain.len()));
            sent.push(short);
        }
        for (at, changed) in order {
            let mut short = sent[at % sent.len()].clone();
            if let Some(at) = changed {
                let len = short.len();
                short[at % len] ^= 1 << (at % 8);
            }
            let mut long = short.clone();
            prop_assert_eq!(rx.unprotect_rtcp(&mut short), long_rx.unprotect_rtcp(&mut long));
            prop_assert_eq!(&short, &long);
            prop_assert!(rx.streams == long_rx.streams);
            prop_assert_eq!(rx.key_usage(&[]), long_rx.key_usage(&[]));
        }
    }
}

/// The way follows the keys: short with one key, wherever it stands, long with two or none, and a
/// key that was not chosen protects nothing.
#[test]
fn the_only_key_is_found_again() {
    let key = |n: u8| MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[n; 30]).unwrap();
    let mut tx = Outbound::<Fixed<1>, 2>::new(&key(1), Policy::SECURE).unwrap();
    assert!(tx.ring.ordinary_current_mut().is_some());
    tx.remove_key(&[]).unwrap();
    assert!(tx.ring.ordinary_mut().is_none());
    tx.add_key(&key(2)).unwrap();
    assert!(tx.ring.ordinary_mut().is_some(), "the only key");
    assert!(tx.ring.ordinary_current_mut().is_none(), "nobody chose it");
    let mut buffer = [0; 64];
    buffer[0] = 0x80;
    assert_eq!(tx.protect_rtp(&mut buffer, 20), Err(crate::ProtectError::NoKey));
    tx.use_key(&[]).unwrap();
    assert!(tx.ring.ordinary_current_mut().is_some());

    let announced = key(1).with_mki(&[1]).unwrap();
    let mut rx = Inbound::<Fixed<1>, 2>::new(&announced, Policy::SECURE).unwrap();
    assert!(rx.ring.ordinary_mut().is_none(), "an MKI is looked at");
    let rate = crate::KeyDerivationRate::from_exponent(3).unwrap();
    let changing = key(1).with_key_derivation_rate(rate);
    let mut rx = Inbound::<Fixed<1>, 2>::new(&changing, Policy::SECURE).unwrap();
    assert!(rx.ring.ordinary_mut().is_none(), "session keys change");
    for policy in [
        Policy::SECURE.with_unencrypted_srtp(true),
        Policy::SECURE.with_unauthenticated_srtp(true),
        Policy::SECURE.with_cryptex(crate::Cryptex::Allowed),
    ] {
        let mut rx = Inbound::<Fixed<1>, 2>::new(&key(1), policy).unwrap();
        assert!(rx.ring.ordinary_mut().is_none(), "{policy:?}");
    }
}
