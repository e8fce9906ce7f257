//! State that moves to another process: what it carries, what is refused, and that no bytes
//! whatever do harm.

use proptest::prelude::*;
use srtp_test_vectors::times;

use super::conversation::{rtcp_packet, rtp_packet};
use super::{inbound_state, outbound_state};
use crate::table::StreamTable;
use crate::{
    CryptoSuite, Fixed, Inbound, KeyUsage, MasterKey, Outbound, Policy, ProtectError, StateError,
    StreamInfo, UnprotectError,
};

type Tx = Outbound<Fixed<3, 2>, 2>;
type Rx = Inbound<Fixed<3, 2>, 2>;

fn key(byte: u8) -> MasterKey {
    MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[byte; 30]).unwrap()
}

fn tx() -> Tx {
    Tx::new(&key(1), Policy::SECURE).unwrap()
}

fn rx() -> Rx {
    Rx::new(&key(1), Policy::SECURE).unwrap()
}

fn protect<S: StreamTable>(tx: &mut Outbound<S, 2>, ssrc: u32, seq: u16) -> Vec<u8> {
    let mut packet = rtp_packet(ssrc, seq, 0, None, 20);
    let len = packet.len();
    packet.resize(len + 10, 0);
    tx.protect_rtp(&mut packet, len).unwrap();
    packet
}

fn exported(export: impl Fn(&mut [u8]) -> Result<usize, StateError>) -> Vec<u8> {
    let needed = match export(&mut []) {
        Err(StateError::NoRoom { needed, .. }) => needed,
        other => panic!("{other:?}"),
    };
    let mut state = vec![0xa5; needed + 3];
    assert_eq!(export(&mut state), Ok(needed));
    assert_eq!(state.split_off(needed), [0xa5; 3]);
    state
}

fn sorted(streams: impl Iterator<Item = StreamInfo>) -> Vec<StreamInfo> {
    let mut streams: Vec<_> = streams.collect();
    streams.sort_by_key(|stream| stream.ssrc);
    streams
}

/// A sender and a receiver in the middle of a call, two wraps in.
fn call() -> (Tx, Rx) {
    let (mut tx, mut rx) = (tx(), rx());
    for (n, seq) in [60_000_u16, 20_000, 40_000, 60_000, 20_000, 20_003].into_iter().enumerate() {
        for ssrc in [7, 8] {
            let mut packet = protect(&mut tx, ssrc, seq);
            if n != 4 {
                rx.unprotect_rtp(&mut packet).unwrap();
            }
        }
    }
    for _ in 0..3 {
        let mut packet = rtcp_packet(7, 20);
        let len = packet.len();
        packet.resize(len + 14, 0);
        tx.protect_rtcp(&mut packet, len).unwrap();
        rx.unprotect_rtcp(&mut packet).unwrap();
    }
    (tx, rx)
}

/// The layout is the documented one, byte for byte: another version of this crate, or another
/// program, reads it.
#[test]
fn the_format_is_what_it_says() {
    let mut rx = rx();
    rx.set_roc(0x0102_0304, 9).unwrap();
    let state = exported(|output| rx.export(output));
    let [head @ .., _, _, _, _] = &state[..14] else { panic!() };
    assert_eq!(head, [b'S', b'R', b'T', b'S', 1, 1, 0, 2, 0, 1]);
    assert_eq!(state[10..14], [0, 0, 0, 1]);
    assert_eq!(state[22..38], [0; 16], "no packet under the key yet");
    let mut stream = vec![1, 2, 3, 4, 4, 0, 0, 0, 9, 0, 0];
    stream.extend([0; 4 + 16 + 2]);
    assert_eq!(state[38..], stream);
    let secret = [1; 8];
    assert!(!state.windows(8).any(|bytes| bytes == secret), "no key in it");
}

/// Nothing is lost: rollover counters, both windows, the packets under the key.
#[test]
fn a_call_goes_on_where_it_was() {
    let (tx_before, rx_before) = call();
    let (mut tx_after, mut rx_after) = (tx(), rx());
    let state = exported(|output| tx_before.export(output));
    assert_eq!(tx_after.restore(&state), Ok(2));
    let state = exported(|output| rx_before.export(output));
    assert_eq!(rx_after.restore(&state), Ok(2));
    assert_eq!(sorted(tx_after.streams()), sorted(tx_before.streams()));
    assert_eq!(sorted(rx_after.streams()), sorted(rx_before.streams()));
    assert_eq!(tx_after.key_usage(&[]), tx_before.key_usage(&[]));
    assert_eq!(rx_after.key_usage(&[]), rx_before.key_usage(&[]));

    let mut again = rtp_packet(7, 20_003, 0, None, 20);
    let len = again.len();
    again.resize(len + 10, 0);
    let reuse = Err(ProtectError::IndexReuse { index: (2 << 16) | 20_003 });
    assert_eq!(tx_after.protect_rtp(&mut again, len), reuse);
    let mut next = protect(&mut tx_after, 7, 20_004);
    rx_after.unprotect_rtp(&mut next.clone()).unwrap();
    let replayed = Err(UnprotectError::Replayed { index: (2 << 16) | 20_004 });
    assert_eq!(rx_after.unprotect_rtp(&mut next), replayed);
}

/// On the sending side an index that was used is not used again, unless somebody says so by name.
#[test]
fn going_back_is_refused_unless_named() {
    let (mut tx, mut rx) = call();
    let old_tx = exported(|output| tx.export(output));
    let old_rx = exported(|output| rx.export(output));
    let mut late = protect(&mut tx, 7, 20_010);
    rx.unprotect_rtp(&mut late.clone()).unwrap();

    let (before_tx, before_rx) = (outbound_state(&tx), inbound_state(&rx));
    let goes_back =
        StateError::GoesBack { ssrc: 7, present: (2 << 16) | 20_010, restored: (2 << 16) | 20_003 };
    assert_eq!(tx.restore(&old_tx), Err(goes_back));
    assert_eq!(rx.restore(&old_rx), Err(goes_back));
    assert_eq!(outbound_state(&tx), before_tx);
    assert_eq!(inbound_state(&rx), before_rx);
    assert_eq!(rx.unprotect_rtp(&mut late.clone()).ok(), None);

    assert_eq!(tx.restore_going_back(&old_tx), Ok(2));
    assert_eq!(rx.restore_going_back(&old_rx), Ok(2));
    protect(&mut tx, 7, 20_010);
    rx.unprotect_rtp(&mut late).unwrap();

    // The same for RTCP, where RTP has not moved.
    let mut ahead = call().0;
    let mut report = rtcp_packet(7, 20);
    report.resize(28 + 14, 0);
    ahead.protect_rtcp(&mut report, 28).unwrap();
    let goes_back = StateError::GoesBack { ssrc: 7, present: 3, restored: 2 };
    assert_eq!(ahead.restore(&old_tx), Err(goes_back));
}

/// A context that is restored into forgets nothing that it has seen itself.
#[test]
fn what_was_seen_stays_seen() {
    let (mut tx, _) = call();
    let mut standby = rx();
    let early = protect(&mut tx, 7, 20_020);
    // The standby is told where the stream is, and sees a packet the active one has not.
    standby.set_roc(7, 2).unwrap();
    standby.unprotect_rtp(&mut early.clone()).unwrap();
    let mut active = rx();
    active.set_roc(7, 2).unwrap();
    active.unprotect_rtp(&mut protect(&mut tx, 7, 20_030)).unwrap();
    standby.restore(&exported(|output| active.export(output))).unwrap();
    let replayed = Err(UnprotectError::Replayed { index: (2 << 16) | 20_020 });
    assert_eq!(standby.unprotect_rtp(&mut early.clone()), replayed);
    standby.unprotect_rtp(&mut protect(&mut tx, 7, 20_025)).unwrap();
}

/// Windows of other sizes: a smaller one keeps the newest, a larger one takes what it was not told
/// for seen.
#[test]
fn windows_of_other_sizes_err_on_the_safe_side() {
    let mut small = Inbound::<Fixed<1, 1>, 2>::new(&key(1), Policy::SECURE).unwrap();
    let mut tx = tx();
    let packets: Vec<_> = (0..300).map(|seq| protect(&mut tx, 7, seq)).collect();
    for seq in [0, 230, 240, 299] {
        small.unprotect_rtp(&mut packets[seq].clone()).unwrap();
    }
    let state = exported(|output| small.export(output));
    let mut large = Inbound::<Fixed<1, 4>, 2>::new(&key(1), Policy::SECURE).unwrap();
    large.restore(&state).unwrap();
    for (seq, packet) in packets.iter().enumerate() {
        let known = seq + 64 > 299 && ![240, 299].contains(&seq);
        let opened = large.unprotect_rtp(&mut packet.clone());
        assert_eq!(opened.is_ok(), known, "{seq}");
    }
    let state = exported(|output| large.export(output));
    let mut back = Inbound::<Fixed<1, 1>, 2>::new(&key(1), Policy::SECURE).unwrap();
    back.restore(&state).unwrap();
    assert!(packets.iter().all(|packet| back.unprotect_rtp(&mut packet.clone()).is_err()));
}

/// Every refusal by name, and nothing changed.
#[test]
fn what_cannot_be_is_refused() {
    let (active, _) = call();
    let state = exported(|output| active.export(output));
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = state.clone();
        change(&mut bytes);
        let mut context = tx();
        protect(&mut context, 9, 1);
        let before = outbound_state(&context);
        let error = context.restore(&bytes).unwrap_err();
        assert_eq!(outbound_state(&context), before);
        error
    };
    assert_eq!(refused(&|bytes| bytes[0] = b'X'), StateError::NotState);
    assert_eq!(refused(&|bytes| bytes.clear()), StateError::NotState);
    assert_eq!(refused(&|bytes| bytes[4] = 2), StateError::Version { version: 2 });
    assert_eq!(refused(&|bytes| bytes[5] = 1), StateError::Direction);
    assert_eq!(refused(&|bytes| bytes[5] = 2), StateError::Malformed { at: 5 });
    assert_eq!(refused(&|bytes| bytes[14] ^= 1), StateError::OtherKeys);
    assert_eq!(refused(&|bytes| bytes[42] |= 8), StateError::Malformed { at: 38 });
    let (len, needed) = (state.len() + 1, state.len());
    assert_eq!(refused(&|bytes| bytes.push(0)), StateError::Length { len, needed });
    for cut in 4..state.len() {
        let error = refused(&|bytes| bytes.truncate(cut));
        assert!(matches!(error, StateError::Length { .. }), "{cut}: {error}");
    }
    let mut context = tx();
    protect(&mut context, 9, 1);
    protect(&mut context, 10, 1);
    assert_eq!(context.restore(&state), Err(StateError::TableFull { capacity: 3 }));
    assert_eq!(context.streams().count(), 2);
    let mut other = Tx::new(&key(2), Policy::SECURE).unwrap();
    assert_eq!(other.restore(&state), Err(StateError::OtherKeys));
    assert_eq!(rx().restore(&state), Err(StateError::Direction));
}

/// One stream's fields, of which at most one cannot be: what has not begun has no index but a
/// rollover counter and no window, and no window is longer than the head says.
#[test]
fn each_field_of_a_stream_is_looked_at() {
    let empty = exported(|output| rx().export(output));
    let head = empty.len();
    let state = |bits: u8, rtp: u64, rtcp: u32, rtcp_window: [u64; 2], window: &[u64]| {
        let mut state = empty.clone();
        state[6..8].copy_from_slice(&2_u16.to_be_bytes());
        state[10..14].copy_from_slice(&1_u32.to_be_bytes());
        state.extend(9_u32.to_be_bytes());
        state.push(bits);
        state.extend(&rtp.to_be_bytes()[2..]);
        state.extend(rtcp.to_be_bytes());
        rtcp_window.iter().for_each(|word| state.extend(word.to_be_bytes()));
        state.extend((window.len() as u16).to_be_bytes());
        window.iter().for_each(|word| state.extend(word.to_be_bytes()));
        state
    };
    let none = [0; 2];
    let (rtp, rtcp, roc) = (1, 2, 4);
    for (state, possible) in [
        (state(0, 0, 0, none, &[]), true),
        (state(roc, 5 << 16, 0, none, &[]), true),
        (state(roc, (5 << 16) + 1, 0, none, &[]), false),
        (state(roc, 5 << 16, 0, none, &[0]), false),
        (state(rtp, 70_000, 0, none, &[]), true),
        (state(rtp, 70_000, 0, none, &[1, 1]), true),
        (state(rtp, 70_000, 0, none, &[1, 1, 1]), false),
        (state(rtp | rtcp, 70_000, 9, [0b11, 0], &[1]), true),
        (state(rtcp, 0, 9, [0b11, 0], &[]), true),
        (state(0, 0, 9, none, &[]), false),
        (state(0, 0, 0, [1, 0], &[]), false),
        (state(8, 0, 0, none, &[]), false),
        (state(rtp, 0, 0, none, &[0b11]), false),
        (state(rtcp, 0, 0, [0b11, 0], &[]), false),
        (state(rtcp, 0, 1 << 31, none, &[]), false),
    ] {
        let expected = if possible { Ok(1) } else { Err(StateError::Malformed { at: head }) };
        assert_eq!(rx().restore(&state), expected, "{:?}", &state[head..]);
    }
    // Of a stream that occurs twice the furthest counts.
    let mut twice = state(rtp, 70_000, 0, none, &[1]);
    twice.extend_from_slice(&state(rtp, 60_000, 0, none, &[1])[head..]);
    twice[13] = 2;
    let mut restored = rx();
    assert_eq!(restored.restore(&twice), Ok(2));
    assert_eq!(restored.streams().next().unwrap().rtp_index, Some(70_000));
    // Where none was set the policy says which counter the first packet has.
    let policy = Policy::SECURE.with_first_roc(5..=5);
    let mut restored = Rx::new(&key(1), policy).unwrap();
    restored.restore(&state(rtcp, 0, 9, [1, 0], &[])).unwrap();
    let mut sender = tx();
    sender.set_roc(9, 5).unwrap();
    assert_eq!(restored.unprotect_rtp(&mut protect(&mut sender, 9, 1)), Ok(32));
    // The counter that was set is that of the first packet.
    let mut restored = rx();
    restored.restore(&state(roc, 5 << 16, 0, none, &[])).unwrap();
    let mut sender = tx();
    sender.set_roc(9, 5).unwrap();
    assert_eq!(restored.unprotect_rtp(&mut protect(&mut sender, 9, 1)), Ok(32));
}

/// Streams that are there already take no new place; one too many is refused with the capacity.
#[test]
fn only_new_streams_take_places() {
    let mut full = tx();
    [1, 2, 3].into_iter().for_each(|ssrc| drop(protect(&mut full, ssrc, 9)));
    let state = exported(|output| full.export(output));
    assert_eq!(full.restore(&state), Ok(3));
    let mut other = tx();
    drop(protect(&mut other, 3, 1));
    assert_eq!(other.restore(&state), Ok(3));
    let mut other = tx();
    drop(protect(&mut other, 4, 1));
    assert_eq!(other.restore(&state), Err(StateError::TableFull { capacity: 3 }));
    assert_eq!(other.streams().count(), 1, "and none of them was taken in");
}

fn usage(context: &Rx) -> KeyUsage {
    context.key_usage(&[]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(times(2000, 100)))]

    /// Whatever the bytes: nothing panics, a refusal changes nothing, and what is taken over is
    /// written out again just so.
    #[test]
    fn no_bytes_do_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        rubbish in prop::option::weighted(0.2, prop::collection::vec(any::<u8>(), 0..200)),
        named in any::<bool>(),
    ) {
        let (_, active) = call();
        let mut bytes = exported(|output| active.export(output));
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let bytes = rubbish.unwrap_or(bytes);
        let mut context = rx();
        let before = inbound_state(&context);
        let taken = match named {
            true => context.restore_going_back(&bytes),
            false => context.restore(&bytes),
        };
        match taken {
            Err(_) => prop_assert_eq!(inbound_state(&context), before),
            Ok(_) => {
                let again = exported(|output| context.export(output));
                let mut other = rx();
                other.restore(&again).unwrap();
                prop_assert_eq!(sorted(other.streams()), sorted(context.streams()));
                prop_assert_eq!(usage(&other), usage(&context));
                prop_assert_eq!(exported(|output| other.export(output)), again);
            }
        }
    }
}
