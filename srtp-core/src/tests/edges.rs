//! The edges of what a context is told and asked: counters that are set, figures in refusals, grace
//! of an old key, the last index there is.

use core::num::NonZeroU16;

use super::conversation::{rtcp_packet, rtp_packet};
use crate::kdf::Prf;
use crate::wire::{ExtensionIds, RtpHeader};
use crate::{
    Cryptex, CryptoSuite, Fixed, Handover, Inbound, MAX_PAYLOAD_LEN, MAX_RTCP_INDEX, MAX_RTP_INDEX,
    MasterKey, MkiPolicy, Outbound, Policy, ProtectError, Rcc, RccMode, Rekey, UnprotectError,
    sizes, stateless,
};

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

type Tx = Outbound<Fixed<2>, 1>;
type Rx = Inbound<Fixed<2>, 1>;

fn key(fill: u8) -> MasterKey {
    MasterKey::new(SUITE, &[fill; 30]).unwrap()
}

fn contexts(policy: Policy) -> (Tx, Rx) {
    (Tx::new(&key(3), policy).unwrap(), Rx::new(&key(3), policy).unwrap())
}

fn rtp(tx: &mut Tx, seq: u16) -> Vec<u8> {
    let mut packet = rtp_packet(7, seq, 0, None, 20);
    let len = packet.len();
    packet.resize(len + tx.rtp_overhead(), 0);
    tx.protect_rtp(&mut packet, len).unwrap();
    packet
}

fn rtcp(tx: &mut Tx) -> Vec<u8> {
    let mut packet = rtcp_packet(7, 20);
    let len = packet.len();
    packet.resize(len + tx.rtcp_overhead(), 0);
    tx.protect_rtcp(&mut packet, len).unwrap();
    packet
}

/// A sender's rollover counter may be set to what it is or more, before the first packet to
/// anything; what would encrypt under the same indices again is refused with the first of them.
#[test]
fn a_senders_counter_never_goes_back() {
    let (mut tx, mut rx) = contexts(Policy::SECURE);
    assert_eq!((tx.roc(7), rx.roc(7)), (None, None));
    tx.set_roc(7, 9).unwrap();
    tx.set_roc(7, 5).unwrap();
    rx.set_roc(7, 5).unwrap();
    assert_eq!((tx.roc(7), rx.roc(7)), (Some(5), Some(5)));
    rx.unprotect_rtp(&mut rtp(&mut tx, 1)).unwrap();
    tx.set_roc(7, 5).unwrap();
    assert_eq!(tx.set_roc(7, 4), Err(ProtectError::IndexReuse { index: 4 << 16 }));
    tx.set_roc(7, 6).unwrap();
    assert_eq!(tx.roc(7), Some(6));
}

/// The same of SRTCP indices: 0 is the first, the one that was used is the last that is refused.
#[test]
fn a_senders_srtcp_index_never_goes_back() {
    let (mut tx, mut rx) = contexts(Policy::SECURE);
    tx.set_rtcp_index(7, 0).unwrap();
    rx.unprotect_rtcp(&mut rtcp(&mut tx)).unwrap();
    assert_eq!(tx.set_rtcp_index(7, 0), Err(ProtectError::IndexReuse { index: 0 }));
    tx.set_rtcp_index(7, 1).unwrap();
    tx.set_rtcp_index(7, MAX_RTCP_INDEX).unwrap();
    let end = ProtectError::IndexExhausted { last: MAX_RTCP_INDEX.into() };
    assert_eq!(tx.set_rtcp_index(7, MAX_RTCP_INDEX + 1), Err(end));
    let last = rtcp(&mut tx);
    assert_eq!(rx.verify_rtcp(&last), Ok(MAX_RTCP_INDEX));
}

/// A packet is sent again as it was, and only if it was sent.
#[test]
fn a_retransmission_is_the_same_packet() {
    let (mut tx, _) = contexts(Policy::SECURE);
    let first = rtp(&mut tx, 10);
    for (seq, expected) in
        [(10, Ok(first.len())), (9, Err(ProtectError::NotSentBefore { index: 9 }))]
    {
        let mut packet = rtp_packet(7, seq, 0, None, 20);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        assert_eq!(tx.protect_identical_retransmission(&mut packet, len), expected);
        assert_eq!(packet == first, seq == 10);
    }
}

/// What a packet will be long is known before, and that it is none.
#[test]
fn the_length_of_a_packet_is_known_before() {
    let (tx, _) = contexts(Policy::SECURE);
    assert_eq!(tx.protected_rtp_len(&rtp_packet(7, 1, 2, None, 20)), Ok(12 + 8 + 20 + 10));
    let short = ProtectError::TooShort { len: 3, needed: 12 };
    assert_eq!(tx.protected_rtp_len(&[0x80, 0, 0]), Err(short));
}

/// A packet behind the replay window is told how far that reaches, in both protocols.
#[test]
fn the_oldest_packet_of_the_window_is_told() {
    let (mut tx, mut rx) = contexts(Policy::SECURE);
    let mut packets: Vec<_> = (0..1200).map(|seq| rtp(&mut tx, 100 + seq)).collect();
    let newest = packets.last_mut().unwrap();
    rx.unprotect_rtp(newest).unwrap();
    // 1024 packets up to index 1299.
    let too_old = UnprotectError::TooOld { index: 275, oldest: 276 };
    assert_eq!(rx.unprotect_rtp(&mut packets[175]), Err(too_old));
    assert_eq!(rx.unprotect_rtp(&mut packets[176]), Ok(32));

    let mut packets: Vec<_> = (0..140).map(|_| rtcp(&mut tx)).collect();
    let newest = packets.last_mut().unwrap();
    rx.unprotect_rtcp(newest).unwrap();
    let oldest = (0..140).find(|&index| rx.verify_rtcp(&packets[index as usize]).is_ok()).unwrap();
    let index = oldest - 1;
    let too_old = UnprotectError::TooOld { index, oldest };
    assert_eq!(rx.unprotect_rtcp(&mut packets[index as usize]), Err(too_old));
    assert_eq!(140 - oldest, 128);
}

/// RFC 3711 §3.3.1: the old key opens what is late, as long as its grace lasts, RTCP too.
#[test]
fn an_old_key_has_its_grace() {
    let (mut old, rx) = contexts(Policy::SECURE);
    let mut new = Tx::new(&key(4), Policy::SECURE).unwrap();
    let mut rx = Handover::new(rx);
    assert!(!rx.in_grace());
    rx.rekey(&key(4), Rekey::ZeroRoc, 2).unwrap();
    assert!(rx.in_grace());
    assert_eq!(rx.unprotect_rtcp(&mut rtcp(&mut old)), Ok(28));
    assert_eq!(rx.unprotect_rtp(&mut rtp(&mut old, 1)), Ok(32));
    assert_eq!(rx.unprotect_rtp(&mut rtp(&mut new, 1)), Ok(32));
    assert!(rx.in_grace());
    assert_eq!(rx.unprotect_rtcp(&mut rtcp(&mut new)), Ok(28));
    assert!(!rx.in_grace(), "two packets came under the new key");
    let late = rx.unprotect_rtp(&mut rtp(&mut old, 2));
    assert_eq!(late, Err(UnprotectError::AuthFailed));

    rx.rekey(&key(5), Rekey::ZeroRoc, 0).unwrap();
    assert!(!rx.in_grace(), "no grace at all");
    rx.rekey(&key(6), Rekey::ZeroRoc, 1).unwrap();
    rx.end_grace();
    assert!(!rx.in_grace());
    assert!(format!("{rx:?}").starts_with("Handover { present: Inbound {"));
}

/// RFC 9335: where Cryptex is required, a packet that shows a CSRC or an extension is refused, and
/// one that has nothing to hide is not.
#[test]
fn what_must_be_hidden() {
    let required = Policy { cryptex: Cryptex::Required, ..Policy::SECURE };
    let (mut tx, _) = contexts(Policy::SECURE);
    for (seq, csrcs, extension, shown) in
        [(1, 0, None, false), (2, 1, None, true), (3, 0, Some((0xbede, 1)), true)]
    {
        let mut rx = Rx::new(&key(3), required).unwrap();
        let mut packet = rtp_packet(7, seq, csrcs, extension, 20);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        tx.protect_rtp(&mut packet, len).unwrap();
        let expected = if shown { Err(UnprotectError::HeaderInClear) } else { Ok(len) };
        assert_eq!(rx.unprotect_rtp(&mut packet), expected, "{csrcs} {extension:?}");
    }
}

/// The last index can be used without a memory, too, and the one behind it does not exist.
#[test]
fn the_last_index_is_an_index() {
    let tx = stateless::Outbound::new(&key(3), Policy::SECURE).unwrap();
    let rx = stateless::Inbound::new(&key(3), Policy::SECURE).unwrap();
    let packet = rtp_packet(7, u16::MAX, 0, None, 20);
    let mut protected = [0; 64];
    let len = tx.protect_rtp_to(&packet, &mut protected, MAX_RTP_INDEX).unwrap();
    assert_eq!(rx.verify_rtp(&protected[..len], MAX_RTP_INDEX), Ok(32));
    let beyond = MAX_RTP_INDEX + 0x1_0000;
    let end = MAX_RTP_INDEX;
    assert_eq!(
        tx.protect_rtp_to(&packet, &mut protected, beyond),
        Err(ProtectError::IndexExhausted { last: end })
    );
    assert_eq!(
        rx.verify_rtp(&protected[..len], beyond),
        Err(UnprotectError::IndexExhausted { last: end })
    );
    let packet = rtcp_packet(7, 20);
    let len = tx.protect_rtcp_to(&packet, &mut protected, MAX_RTCP_INDEX).unwrap();
    assert_eq!(rx.verify_rtcp(&protected[..len]), Ok((28, MAX_RTCP_INDEX)));
    let last = MAX_RTCP_INDEX.into();
    assert_eq!(
        tx.protect_rtcp_to(&packet, &mut protected, MAX_RTCP_INDEX + 1),
        Err(ProtectError::IndexExhausted { last })
    );
}

/// A header finds its extension behind the CSRCs.
#[test]
fn a_header_finds_its_extension() {
    let packet = rtp_packet(7, 1, 2, Some((0xbede, 3)), 20);
    let header = RtpHeader::parse(&packet).unwrap();
    let extension = header.extension(&packet).unwrap();
    assert_eq!((extension.profile, extension.body), (0xbede, &packet[24..36]));
    let plain = rtp_packet(7, 1, 2, None, 20);
    assert!(RtpHeader::parse(&plain).unwrap().extension(&plain).is_none());
}

/// Two master keys spread SSRCs in two ways, so that nobody can choose SSRCs that meet.
#[test]
fn tables_are_seeded_by_the_key() {
    assert_ne!(Prf::new(&key(1)).table_seed(), Prf::new(&key(2)).table_seed());
}

/// What the memory of a context is said to be is what it is.
#[test]
fn sizes_are_those_of_the_types() {
    assert_eq!(sizes::outbound::<Fixed<2>, 1>(), size_of::<Tx>());
    assert_eq!(sizes::inbound::<Fixed<2>, 1>(), size_of::<Rx>());
}

/// Sets of extension elements print as sets.
#[test]
fn sets_of_elements_print_as_sets() {
    assert_eq!(format!("{:?}", [3, 1].into_iter().collect::<ExtensionIds>()), "{1, 3}");
}

/// With RFC 4771 the longer of a packet's two tags counts: beside that of AES-GCM the counter alone.
#[test]
fn overhead_with_a_rollover_counter() {
    let rcc = Rcc::new(RccMode::Two, NonZeroU16::MIN).with_tag_len(18);
    assert_eq!(sizes::srtp_overhead_with_rcc(SUITE, rcc, 4), 18 + 4);
    let rcc = Rcc::new(RccMode::Three, NonZeroU16::MIN);
    assert_eq!(sizes::srtp_overhead_with_rcc(CryptoSuite::AeadAes128Gcm, rcc, 4), 16 + 4 + 4);
}

/// Two wrong bytes of a tag never make up for each other, wherever they stand.
#[test]
fn two_faults_in_a_tag_do_not_cancel() {
    let long = Rcc::new(RccMode::Two, NonZeroU16::MIN).with_tag_len(15);
    let rcc = Policy { rcc: Some(long), ..Policy::SECURE };
    for (suite, policy, tag) in [
        (SUITE, Policy::SECURE, 10),
        (CryptoSuite::AesCm128HmacSha1_32, Policy::SECURE, 4),
        (CryptoSuite::AeadAes128Gcm, Policy::SECURE, 16),
        (SUITE, rcc, 15),
    ] {
        let key = MasterKey::new(suite, &vec![3; suite.key_salt_len()]).unwrap();
        let mut tx = Tx::new(&key, policy).unwrap();
        let rx = Rx::new(&key, policy).unwrap();
        let genuine = rtp(&mut tx, 1);
        let tag = genuine.len() - tag;
        assert!(rx.verify_rtp(&genuine).is_ok());
        for first in tag..genuine.len() {
            for second in first + 1..genuine.len() {
                let mut forged = genuine.clone();
                forged[first] ^= 0x10;
                forged[second] ^= 0x10;
                assert!(rx.verify_rtp(&forged).is_err(), "{suite} {first} {second}");
            }
        }
    }
}

/// A sender whose table is full refuses a new SSRC in both protocols, and the packet stays as it is:
/// nobody would remember its index.
#[test]
fn a_full_table_sends_nothing_new() {
    let (mut tx, _) = contexts(Policy::SECURE);
    tx.set_roc(1, 0).unwrap();
    tx.set_roc(2, 0).unwrap();
    let full = ProtectError::TableFull { capacity: 2 };
    for (mut packet, is_rtp) in [(rtp_packet(7, 1, 0, None, 20), true), (rtcp_packet(7, 20), false)]
    {
        let len = packet.len();
        packet.resize(len + 20, 0);
        let before = packet.clone();
        let sent = if is_rtp {
            tx.protect_rtp(&mut packet, len)
        } else {
            tx.protect_rtcp(&mut packet, len)
        };
        assert_eq!((sent, packet), (Err(full), before));
    }
    assert_eq!(tx.roc(7), None);
}

/// RFC 9335: what is encrypted begins behind the fixed header, and a counter reaches no further for
/// it than for a payload, an extension that is added included.
#[test]
fn a_hidden_header_counts_as_payload() {
    let required = Policy { cryptex: Cryptex::Required, ..Policy::SECURE };
    for (payload, good) in [(MAX_PAYLOAD_LEN - 8, true), (MAX_PAYLOAD_LEN - 3, false)] {
        let (mut tx, mut rx) = contexts(required);
        let mut packet = rtp_packet(7, 1, 1, None, payload);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        let sent = tx.protect_rtp(&mut packet, len);
        if good {
            assert_eq!(sent, Ok(packet.len()));
            assert_eq!(rx.unprotect_rtp(&mut packet), Ok(len + 4));
        } else {
            let error = ProtectError::TooLong { len: len - 12, limit: MAX_PAYLOAD_LEN };
            assert_eq!(sent, Err(error));
        }
        // On the way in the marked extension is there already.
        let mut long = rtp_packet(7, 2, 1, Some((0xc0de, 0)), MAX_PAYLOAD_LEN - 7);
        let body = long.len();
        long.resize(body + 10, 0);
        let error = UnprotectError::TooLong { len: body - 12, limit: MAX_PAYLOAD_LEN };
        assert_eq!(rx.unprotect_rtp(&mut long), Err(error));
    }
}

/// Where an MKI may be there or not, a packet that is too short for either is told so.
#[test]
fn too_short_for_either_reading() {
    let policy = Policy { mki: MkiPolicy::AcceptIfPresent, ..Policy::SECURE };
    let key = key(3).with_mki(&[1, 2]).unwrap();
    let mut short = rtp_packet(7, 1, 0, None, 3);
    let rx = stateless::Inbound::new(&key, policy).unwrap();
    let told = rx.verify_rtp(&short, 1).unwrap_err();
    assert_eq!(told, UnprotectError::TooShort { len: 15, needed: 12 + 2 + 10 });
    let mut rx = Rx::new(&key, policy).unwrap();
    assert_eq!(rx.unprotect_rtp(&mut short), Err(told));
    let mut long = rtp_packet(7, 1, 0, None, 60);
    assert_eq!(rx.unprotect_rtp(&mut long), Err(UnprotectError::AuthFailed));
}

/// What was seen of SRTCP is seen by whoever takes the state over.
#[test]
fn the_srtcp_window_moves_along() {
    let (mut tx, mut rx) = contexts(Policy::SECURE);
    let packets: Vec<_> = (0..5).map(|_| rtcp(&mut tx)).collect();
    for at in [0, 2, 4] {
        rx.unprotect_rtcp(&mut packets[at].clone()).unwrap();
    }
    let mut state = [0; 512];
    let len = rx.export(&mut state).unwrap();
    let mut other = Rx::new(&key(3), Policy::SECURE).unwrap();
    other.restore(&state[..len]).unwrap();
    for (index, packet) in (0..).zip(&packets) {
        let seen = index % 2 == 0;
        let expected = if seen { Err(UnprotectError::Replayed { index }) } else { Ok(28) };
        assert_eq!(other.unprotect_rtcp(&mut packet.clone()), expected, "{index}");
    }
}

/// Without authentication there is no window, but the index follows the packets all the same.
#[test]
fn the_index_follows_packets_without_a_tag() {
    let policy = Policy { unauthenticated_srtp: true, ..Policy::SECURE };
    let (mut tx, mut rx) = contexts(policy);
    for (seq, roc) in [(40_000, 0), (65_535, 0), (0, 1), (65_534, 1), (9, 1)] {
        let mut packet = rtp_packet(7, seq, 0, None, 20);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        let len = tx.protect_rtp(&mut packet, len).unwrap();
        rx.unprotect_rtp(&mut packet[..len]).unwrap();
        assert_eq!(rx.roc(7), Some(roc), "{seq}");
    }
}

/// A forged packet with encrypted header elements comes back as it was, whoever makes the tag.
#[test]
fn forged_elements_come_back_as_they_were() {
    let ids = [1].into_iter().collect::<ExtensionIds>();
    let policy = Policy { encrypted_extensions: ids, ..Policy::SECURE };
    for suite in [SUITE, CryptoSuite::AeadAes128Gcm] {
        let key = MasterKey::new(suite, &vec![3; suite.key_salt_len()]).unwrap();
        let mut tx = Tx::new(&key, policy).unwrap();
        let mut rx = Rx::new(&key, policy).unwrap();
        let mut packet = rtp_packet(7, 1, 0, Some((0xbede, 2)), 20);
        packet[16..24].copy_from_slice(&[0x12, 1, 2, 3, 0x21, 4, 5, 0]);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        tx.protect_rtp(&mut packet, len).unwrap();
        *packet.last_mut().unwrap() ^= 1;
        let forged = packet.clone();
        assert_eq!(rx.unprotect_rtp(&mut packet), Err(UnprotectError::AuthFailed));
        assert_eq!(packet, forged, "{suite}");
    }
}

/// A growing table grows to its bound and no further.
#[cfg(feature = "alloc")]
#[test]
fn a_growing_table_has_its_bound() {
    for bound in [1, 3, 9] {
        let streams = crate::Growing::new(bound, 64);
        let mut tx = Outbound::<_, 1>::with_streams(&key(3), Policy::SECURE, streams).unwrap();
        for ssrc in 0..9 {
            let expected = match (ssrc as usize) < bound {
                true => Ok(()),
                false => Err(ProtectError::TableFull { capacity: bound }),
            };
            assert_eq!(tx.set_roc(ssrc, 1), expected);
        }
        assert_eq!(tx.streams().count(), bound);
    }
}

/// Each stream of a growing table has a window of its own, of the size that was asked for.
#[cfg(feature = "alloc")]
#[test]
fn each_stream_of_a_growing_table_has_its_window() {
    let streams = crate::Growing::new(3, 256);
    let mut rx = Inbound::<_, 1>::with_streams(&key(3), Policy::SECURE, streams).unwrap();
    let mut tx = Outbound::<Fixed<3>, 1>::new(&key(3), Policy::SECURE).unwrap();
    let mut packet = |ssrc, seq| {
        let mut packet = rtp_packet(ssrc, seq, 0, None, 20);
        let len = packet.len();
        packet.resize(len + 10, 0);
        tx.protect_rtp(&mut packet, len).unwrap();
        packet
    };
    let packets: Vec<_> =
        (1..=3).map(|ssrc| [1000, 1200, 1255, 1256].map(|seq| packet(ssrc, seq))).collect();
    for [first, _, third, last] in &packets {
        assert!(rx.unprotect_rtp(&mut first.clone()).is_ok());
        assert!(rx.unprotect_rtp(&mut third.clone()).is_ok());
        let replayed = Err(UnprotectError::Replayed { index: 1000 });
        assert_eq!(rx.unprotect_rtp(&mut first.clone()), replayed);
        assert!(rx.unprotect_rtp(&mut last.clone()).is_ok());
        let too_old = Err(UnprotectError::TooOld { index: 1000, oldest: 1001 });
        assert_eq!(rx.unprotect_rtp(&mut first.clone()), too_old);
    }
    for [_, second, third, _] in &packets {
        assert!(rx.unprotect_rtp(&mut second.clone()).is_ok());
        for (index, packet) in [(1200, second), (1255, third)] {
            let replayed = Err(UnprotectError::Replayed { index });
            assert_eq!(rx.unprotect_rtp(&mut packet.clone()), replayed);
        }
    }
}

/// A batch of one context is its packets one by one.
#[test]
fn a_batch_of_one_context() {
    let (mut tx, mut rx) = contexts(Policy::SECURE);
    let mut buffers: Vec<_> = (1..4).map(|seq| rtp_packet(7, seq, 0, None, 20)).collect();
    let len = buffers[0].len();
    buffers.iter_mut().for_each(|buffer| buffer.resize(len + 10, 0));
    let mut batch: Vec<_> =
        buffers.iter_mut().map(|buffer| crate::batch::Outgoing::rtp(0, buffer, len)).collect();
    tx.protect_batch(&mut batch);
    assert!(batch.iter().all(|packet| packet.result == Some(Ok(len + 10))));
    let mut batch: Vec<_> =
        buffers.iter_mut().map(|buffer| crate::batch::Incoming::rtp(0, buffer)).collect();
    rx.unprotect_batch(&mut batch);
    assert!(batch.iter().all(|packet| packet.result == Some(Ok(len))));
}

/// Bytes of RTCP are counted as those of RTP are: as the packets were before protection.
#[cfg(feature = "counters")]
#[test]
fn bytes_of_both_protocols_are_counted() {
    let (mut tx, _) = contexts(Policy::SECURE);
    drop((rtp(&mut tx, 1), rtcp(&mut tx)));
    assert_eq!((tx.counters().packets, tx.counters().bytes), (2, 32 + 28));
}
