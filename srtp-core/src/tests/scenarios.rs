//! The rules of a stream's life, one test each: wraps, replays, forgeries, rekeys, lifetimes, and the
//! ends of everything.

use srtp_test_vectors::times;

use super::conversation::{rtcp_packet, rtp_packet};
use super::inbound_state;
use crate::{
    CryptoSuite, Fixed, Handover, Inbound, KeyError, MasterKey, MkiPolicy, Outbound, Policy,
    ProtectError, Rekey, UnprotectError,
};

fn contexts() -> (Outbound<Fixed<2>, 1>, Inbound<Fixed<2>, 1>) {
    let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[3; 30]).unwrap();
    (Outbound::new(&key, Policy::SECURE).unwrap(), Inbound::new(&key, Policy::SECURE).unwrap())
}

fn send(sender: &mut Outbound<Fixed<2>, 1>, seq: u16) -> Vec<u8> {
    let mut packet = rtp_packet(7, seq, 0, None, 20);
    let len = packet.len();
    packet.resize(len + sender.rtp_overhead(), 0);
    sender.protect_rtp(&mut packet, len).unwrap();
    packet
}

/// Three whole cycles of sequence numbers, packet by packet: the counter follows each wrap.
#[test]
fn rollover_counter_follows_every_wrap() {
    let (mut sender, mut receiver) = contexts();
    for index in 65_000..3 * 65_536 + 10_u32 {
        let mut packet = send(&mut sender, index as u16);
        receiver.unprotect_rtp(&mut packet).unwrap();
        assert_eq!(receiver.roc(7), Some(index >> 16));
    }
}

/// The sender may hand its packets over in another order, across the wrap too, each once.
#[test]
fn sender_may_reorder_across_the_wrap() {
    let (mut sender, mut receiver) = contexts();
    let mut packets: Vec<_> =
        [65_533, 65_535, 1, 65_534, 0, 2].map(|seq| send(&mut sender, seq)).to_vec();
    for packet in &mut packets {
        receiver.unprotect_rtp(packet).unwrap();
    }
    let mut again = rtp_packet(7, 65_534, 0, None, 20);
    again.resize(80, 0);
    assert_eq!(sender.protect_rtp(&mut again, 32), Err(ProtectError::IndexReuse { index: 65_534 }));
}

/// Forged first, genuine after: the forgery has used up nothing, in either protocol.
#[test]
fn genuine_packet_opens_after_its_forgery() {
    let (mut sender, mut receiver) = contexts();
    let genuine = send(&mut sender, 9);
    let mut forged = genuine.clone();
    forged[20] ^= 1;
    assert_eq!(receiver.unprotect_rtp(&mut forged), Err(UnprotectError::AuthFailed));
    assert_eq!(receiver.streams().count(), 0, "a forged SSRC takes no place");
    assert_eq!(receiver.unprotect_rtp(&mut genuine.clone()), Ok(32));
    assert_eq!(
        receiver.unprotect_rtp(&mut genuine.clone()),
        Err(UnprotectError::Replayed { index: 9 })
    );
}

/// The ends of both index spaces are refused on the sending side and never wrap.
#[test]
fn index_spaces_end() {
    let (mut sender, mut receiver) = contexts();
    sender.set_roc(7, u32::MAX).unwrap();
    receiver.set_roc(7, u32::MAX).unwrap();
    let mut last = send(&mut sender, u16::MAX);
    receiver.unprotect_rtp(&mut last).unwrap();
    let mut beyond = rtp_packet(7, 0, 0, None, 20);
    beyond.resize(64, 0);
    let end = (1 << 48) - 1;
    assert_eq!(
        sender.protect_rtp(&mut beyond, 32),
        Err(ProtectError::IndexExhausted { last: end })
    );
    assert_eq!(
        receiver.unprotect_rtp(&mut beyond),
        Err(UnprotectError::IndexExhausted { last: end })
    );

    sender.set_rtcp_index(7, (1 << 31) - 1).unwrap();
    let mut report = rtcp_packet(7, 20);
    report.resize(64, 0);
    sender.protect_rtcp(&mut report, 28).unwrap();
    assert_eq!(
        sender.protect_rtcp(&mut report, 28),
        Err(ProtectError::IndexExhausted { last: (1 << 31) - 1 })
    );
}

/// With several master keys, packets say by their MKI which one opens them, while keys come and go.
#[test]
fn keys_change_while_packets_flow() {
    let key = |byte: u8| {
        MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[byte; 30])
            .unwrap()
            .with_mki(&[byte])
            .unwrap()
    };
    let mut sender: Outbound = Outbound::new(&key(1), Policy::SECURE).unwrap();
    let mut receiver: Inbound = Inbound::new(&key(1), Policy::SECURE).unwrap();
    let packet = |sender: &mut Outbound, seq| {
        let mut packet = rtp_packet(7, seq, 0, None, 20);
        packet.resize(32 + sender.rtp_overhead(), 0);
        sender.protect_rtp(&mut packet, 32).map(|_| packet)
    };
    let under_one = packet(&mut sender, 65_535).unwrap();
    sender.add_key(&key(2)).unwrap();
    sender.use_key(&[2]).unwrap();
    let under_two = packet(&mut sender, 0).unwrap();
    assert_eq!(receiver.unprotect_rtp(&mut under_two.clone()), Err(UnprotectError::UnknownMki));
    receiver.unprotect_rtp(&mut under_one.clone()).unwrap();
    receiver.add_key(&key(2)).unwrap();
    receiver.unprotect_rtp(&mut under_two.clone()).unwrap();
    assert_eq!(receiver.roc(7), Some(1), "the rollover counter goes on (RFC 3711 §3.3.1)");
    assert_eq!(receiver.key_usage(&[2]).unwrap().srtp_packets, 1);
    sender.remove_key(&[2]).unwrap();
    assert_eq!(packet(&mut sender, 1), Err(ProtectError::NoKey));
}

/// A master key for the tests that need no more than that.
fn plain_key(byte: u8) -> MasterKey {
    MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[byte; 30]).unwrap()
}

/// SSRC A, then B, then A again: A goes on with its own rollover counter.
#[test]
fn a_parked_ssrc_keeps_its_rollover_counter() {
    let (mut sender, mut receiver) = contexts();
    let mut speak = |ssrc: u32, seq: u16| {
        let mut packet = rtp_packet(ssrc, seq, 0, None, 20);
        packet.resize(64, 0);
        let len = sender.protect_rtp(&mut packet, 32).unwrap();
        receiver.unprotect_rtp(&mut packet[..len]).unwrap();
        receiver.roc(ssrc).unwrap()
    };
    assert_eq!((speak(1, 65_535), speak(1, 0)), (0, 1));
    assert_eq!((speak(2, 5), speak(2, 6)), (0, 0));
    assert_eq!(speak(1, 1), 1);
}

/// RFC 4568 §6.4: the first packets before a wrap are lost. Without the option the receiver is deaf
/// for good; with it the first packet finds its counter, and a forgery finds nothing.
#[test]
fn first_packet_after_a_lost_wrap_opens_with_the_trial() {
    let lost = |policy: Policy| {
        let (mut sender, _) = contexts();
        let mut receiver: Inbound = Inbound::new(&plain_key(3), policy).unwrap();
        send(&mut sender, 65_534);
        let mut first_heard = send(&mut sender, 2);
        let mut forged = first_heard.clone();
        forged[15] ^= 1;
        assert_eq!(receiver.unprotect_rtp(&mut forged), Err(UnprotectError::AuthFailed));
        assert_eq!(receiver.streams().count(), 0);
        let opened = receiver.unprotect_rtp(&mut first_heard);
        (opened.is_ok(), receiver.roc(7))
    };
    assert_eq!(lost(Policy::SECURE), (false, None));
    assert_eq!(lost(Policy::SECURE.with_first_roc(0..=1)), (true, Some(1)));
}

/// The trial is for the first RTP packet: an SRTCP packet that came before it changes nothing.
#[test]
fn first_packet_is_tried_after_srtcp_came_too() {
    let (mut sender, _) = contexts();
    let policy = Policy::SECURE.with_first_roc(0..=1);
    let mut receiver: Inbound = Inbound::new(&plain_key(3), policy).unwrap();
    send(&mut sender, 65_534);
    let mut report = rtcp_packet(7, 20);
    report.resize(42, 0);
    sender.protect_rtcp(&mut report, 28).unwrap();
    receiver.unprotect_rtcp(&mut report).unwrap();
    receiver.unprotect_rtp(&mut send(&mut sender, 2)).unwrap();
    assert_eq!(receiver.roc(7), Some(1));
}

/// Set, then pass a wrap: the counter that was set is the one that goes on, on both sides, and the
/// sender cannot be set back.
#[test]
fn a_set_rollover_counter_survives_the_wrap() {
    let (mut sender, mut receiver) = contexts();
    sender.set_roc(7, 41).unwrap();
    receiver.set_roc(7, 41).unwrap();
    assert_eq!((sender.roc(7), receiver.roc(7)), (Some(41), Some(41)));
    for seq in [65_535, 0, 1] {
        receiver.unprotect_rtp(&mut send(&mut sender, seq)).unwrap();
    }
    assert_eq!((sender.roc(7), receiver.roc(7)), (Some(42), Some(42)));
    assert_eq!(sender.set_roc(7, 41), Err(ProtectError::IndexReuse { index: 41 << 16 }));
    // On a stream that has packets, the counter is that of its highest sequence number.
    receiver.set_roc(7, 50).unwrap();
    sender.set_roc(7, 50).unwrap();
    receiver.unprotect_rtp(&mut send(&mut sender, 2)).unwrap();
    assert_eq!(receiver.roc(7), Some(50));
}

/// A context without a key refuses everything and keeps nothing of it; with the first key it is the
/// one that `new` makes of it, whatever becomes of the counters it does not have.
#[test]
fn context_without_a_key_becomes_the_one_that_new_makes() {
    for rekey in [Rekey::KeepRoc, Rekey::ZeroRoc] {
        for &suite in CryptoSuite::ALL {
            let key = MasterKey::new(suite, &vec![3; suite.key_salt_len()]).unwrap();
            let mut sender = Outbound::<Fixed<2>, 2>::without_key(Policy::SECURE, Fixed::new());
            let mut receiver = Inbound::<Fixed<2>, 2>::without_key(Policy::SECURE, Fixed::new());
            let mut other = Outbound::<Fixed<2>, 2>::new(&key, Policy::SECURE).unwrap();
            let mut packet = rtp_packet(7, 1, 0, None, 20);
            let mut report = rtcp_packet(7, 40);
            let (len, report_len) = (packet.len(), report.len());
            packet.resize(len + 20, 0);
            report.resize(report_len + 20, 0);
            assert_eq!(sender.protect_rtp(&mut packet, len), Err(ProtectError::NoKey));
            assert_eq!(sender.protect_rtcp(&mut report, report_len), Err(ProtectError::NoKey));
            assert_eq!((sender.rtp_overhead(), sender.rtcp_overhead()), (0, 0));
            assert_eq!(receiver.unprotect_rtp(&mut packet), Err(UnprotectError::UnknownMki));
            assert_eq!(receiver.unprotect_rtcp(&mut report), Err(UnprotectError::UnknownMki));
            assert_eq!(sender.use_key(&[]), Err(KeyError::NoSuchMki));
            assert_eq!(sender.streams().count() + receiver.streams().count(), 0);

            sender.rekey(&key, rekey).unwrap();
            receiver.rekey(&key, rekey).unwrap();
            assert_eq!(sender.parts().0, other.parts().0, "the table has its seed");
            let (mut same, mut same_report) = (packet.clone(), report.clone());
            let made = other.protect_rtp(&mut same, len).unwrap();
            assert_eq!(sender.protect_rtp(&mut packet, len), Ok(made));
            assert_eq!(packet, same);
            let made_report = other.protect_rtcp(&mut same_report, report_len).unwrap();
            assert_eq!(sender.protect_rtcp(&mut report, report_len), Ok(made_report));
            assert_eq!(report, same_report);
            assert_eq!(receiver.unprotect_rtp(&mut packet[..made]), Ok(len));
            assert_eq!(receiver.unprotect_rtcp(&mut report[..made_report]), Ok(report_len));
        }
    }
}

/// The first key is held against the policy as in `new`, and refused without a trace; counters that
/// were set before it stay where it keeps them.
#[test]
fn first_key_goes_with_the_policy() {
    let policy = Policy::SECURE.with_unencrypted_srtp(true);
    let mut sender = Outbound::<Fixed<2>, 1>::without_key(policy, Fixed::new());
    let suite = CryptoSuite::AeadAes128Gcm;
    let key = MasterKey::new(suite, &[3; 28]).unwrap();
    assert_eq!(sender.rekey(&key, Rekey::ZeroRoc), Err(KeyError::PolicyNotForSuite { suite }));
    let mut packet = rtp_packet(7, 1, 0, None, 20);
    packet.resize(80, 0);
    assert_eq!(sender.protect_rtp(&mut packet, 32), Err(ProtectError::NoKey));
    sender.set_roc(7, 5).unwrap();
    sender.rekey(&plain_key(3), Rekey::KeepRoc).unwrap();
    assert_eq!(sender.roc(7), Some(5));
    sender.rekey(&plain_key(4), Rekey::ZeroRoc).unwrap();
    assert_eq!(sender.roc(7), None);
}

/// The replay window survives a rekey with the same key; a rekey that starts at zero needs another.
#[test]
fn window_survives_a_rekey_with_the_same_key() {
    let (mut sender, mut receiver) = contexts();
    let packet = send(&mut sender, 9);
    receiver.unprotect_rtp(&mut packet.clone()).unwrap();
    receiver.rekey(&plain_key(3), Rekey::KeepRoc).unwrap();
    let again = receiver.unprotect_rtp(&mut packet.clone());
    assert_eq!(again, Err(UnprotectError::Replayed { index: 9 }));
    assert_eq!(receiver.key_usage(&[]).unwrap().srtp_packets, 1);
    assert_eq!(receiver.rekey(&plain_key(3), Rekey::ZeroRoc), Err(KeyError::SameKey));
    assert_eq!(sender.rekey(&plain_key(3), Rekey::ZeroRoc), Err(KeyError::SameKey));
}

/// Late packets under the old key open in the grace, once each, with the counter kept or zeroed;
/// after it, and for an old key without grace, they do not.
#[test]
fn late_packets_open_in_the_grace() {
    for rekey in [Rekey::KeepRoc, Rekey::ZeroRoc] {
        let (mut sender, receiver) = contexts();
        let mut receiver = Handover::new(receiver);
        receiver.unprotect_rtp(&mut send(&mut sender, 65_530)).unwrap();
        let late: Vec<_> = [65_535, 0, 1].map(|seq| send(&mut sender, seq)).to_vec();
        sender.rekey(&plain_key(4), rekey).unwrap();
        receiver.rekey(&plain_key(4), rekey, 2).unwrap();
        receiver.unprotect_rtp(&mut send(&mut sender, 2)).unwrap();
        assert!(receiver.in_grace());
        assert_eq!(receiver.unprotect_rtp(&mut late[0].clone()), Ok(32));
        assert_eq!(receiver.unprotect_rtp(&mut late[1].clone()), Ok(32));
        assert!(receiver.unprotect_rtp(&mut late[1].clone()).is_err(), "each only once");
        receiver.unprotect_rtp(&mut send(&mut sender, 3)).unwrap();
        assert!(!receiver.in_grace());
        assert_eq!(receiver.unprotect_rtp(&mut late[2].clone()), Err(UnprotectError::AuthFailed));
        let roc = if rekey == Rekey::KeepRoc { 1 } else { 0 };
        assert_eq!(receiver.present().roc(7), Some(roc));
    }
}

/// MKI policies for peers that announce an MKI they do not send, or send one that is to be ignored.
#[test]
fn mki_policies() {
    let key = plain_key(3).with_mki(&[0, 7]).unwrap();
    let sealed_by = |policy: MkiPolicy| {
        let policy = Policy::SECURE.with_mki(policy);
        let mut sender = Outbound::<Fixed<2>, 1>::new(&key, policy).unwrap();
        send(&mut sender, 1)
    };
    let (with, without) = (sealed_by(MkiPolicy::Require), sealed_by(MkiPolicy::Never));
    assert_eq!((with.len(), without.len()), (32 + 2 + 10, 32 + 10));
    for (policy, opens_with, opens_without) in [
        (MkiPolicy::Require, true, false),
        (MkiPolicy::AcceptIfPresent, true, true),
        (MkiPolicy::Never, false, true),
    ] {
        for (packet, opens) in [(&with, opens_with), (&without, opens_without)] {
            let policy = Policy::SECURE.with_mki(policy);
            let mut receiver = Inbound::<Fixed<2>, 1>::new(&key, policy).unwrap();
            let opened = receiver.unprotect_rtp(&mut packet.clone());
            assert_eq!(opened == Ok(32), opens, "{policy:?} {opened:?}");
        }
    }
}

/// A full table refuses the newcomer, after authenticating it, and harms nobody who is there.
#[test]
fn a_full_table_harms_nobody_in_it() {
    let key = plain_key(3);
    let mut sender = Outbound::<Fixed<3>, 1>::new(&key, Policy::SECURE).unwrap();
    let mut receiver = Inbound::<Fixed<2>, 1>::new(&key, Policy::SECURE).unwrap();
    let mut say = |ssrc: u32, seq: u16| {
        let mut packet = rtp_packet(ssrc, seq, 0, None, 20);
        packet.resize(42, 0);
        sender.protect_rtp(&mut packet, 32).unwrap();
        packet
    };
    for ssrc in [1, 2] {
        receiver.unprotect_rtp(&mut say(ssrc, 1)).unwrap();
    }
    let mut forged = say(3, 1);
    forged[30] ^= 1;
    assert_eq!(receiver.unprotect_rtp(&mut forged), Err(UnprotectError::AuthFailed));
    let mut third = say(3, 2);
    let full = Err(UnprotectError::TableFull { capacity: 2 });
    assert_eq!(receiver.unprotect_rtp(&mut third), full);
    for ssrc in [1, 2] {
        receiver.unprotect_rtp(&mut say(ssrc, 2)).unwrap();
    }
    assert!(receiver.remove_stream(1));
    receiver.unprotect_rtp(&mut third).unwrap();
    let mut listed: Vec<_> = receiver.streams().map(|stream| stream.ssrc).collect();
    listed.sort_unstable();
    assert_eq!(listed, [2, 3]);
}

/// Ten million forged SSRCs leave no trace.
#[test]
fn forged_ssrcs_leave_no_trace() {
    let (mut sender, mut receiver) = contexts();
    receiver.unprotect_rtp(&mut send(&mut sender, 1)).unwrap();
    let before = inbound_state(&receiver);
    // Header only, and a tag that is wrong for all but one in 2^80.
    let mut forged = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    for ssrc in 100..100 + times(10_000_000, 100_000) {
        forged[8..12].copy_from_slice(&ssrc.to_be_bytes());
        assert_eq!(receiver.unprotect_rtp(&mut forged), Err(UnprotectError::AuthFailed));
    }
    assert_eq!(inbound_state(&receiver), before);
}

/// The lifetime is a hard edge for both protocols and over all streams, on both sides.
#[test]
fn lifetime_is_counted_over_all_streams() {
    let key = plain_key(3).with_lifetime(3).unwrap();
    let mut sender: Outbound = Outbound::new(&key, Policy::SECURE).unwrap();
    let mut receiver: Inbound = Inbound::new(&key, Policy::SECURE).unwrap();
    for ssrc in 1..=3 {
        let mut packet = rtp_packet(ssrc, 1, 0, None, 0);
        packet.resize(22, 0);
        sender.protect_rtp(&mut packet, 12).unwrap();
        receiver.unprotect_rtp(&mut packet).unwrap();
    }
    let expired = 3;
    let mut packet = rtp_packet(4, 1, 0, None, 0);
    packet.resize(22, 0);
    let result = sender.protect_rtp(&mut packet, 12);
    assert_eq!(result, Err(ProtectError::KeyExpired { lifetime: expired }));
    // One more packet of the same key, from a sender that counts differently.
    let mut other: Outbound = Outbound::new(&plain_key(3), Policy::SECURE).unwrap();
    other.protect_rtp(&mut packet, 12).unwrap();
    let result = receiver.unprotect_rtp(&mut packet);
    assert_eq!(result, Err(UnprotectError::KeyExpired { lifetime: expired }));
    let mut report = rtcp_packet(1, 20);
    report.resize(42, 0);
    assert_eq!(sender.protect_rtcp(&mut report, 28), Ok(42), "SRTCP counts by itself");
}
