//! Which HMACs of a batch are computed at once: results and bytes do not tell.

use super::conversation::{rtcp_packet, rtp_packet};
use super::effort::{Effort, effort_of};
use crate::batch::{self, Incoming, Outgoing};
use crate::{
    CryptoSuite, Fixed, Inbound, KeyDerivationRate, MAX_PAYLOAD_LEN, MasterKey, MkiPolicy,
    Outbound, Policy, ProtectError, UnprotectError,
};

type Tx = Outbound<Fixed<128>, 2>;
type Rx = Inbound<Fixed<128>, 2>;

const HMAC: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
const GCM: CryptoSuite = CryptoSuite::AeadAes128Gcm;

/// From how many packets on lanes gain something, by the short way and by the long one.
const WORTH: usize = 7;
const WORTH_THE_LONG_WAY: usize = 12;
/// Places of a short round and of a long one.
const FEW: usize = 16;
const MANY: usize = 64;

fn key(suite: CryptoSuite, fill: u8) -> MasterKey {
    MasterKey::new(suite, &vec![fill; suite.key_salt_len()]).unwrap()
}

/// Senders and their receivers.
struct Calls {
    senders: Vec<Tx>,
    receivers: Vec<Rx>,
    sequence_number: u16,
}

/// A packet of a batch: of which call, of which SSRC, RTP or RTCP.
type Packet = (usize, u32, bool);

impl Calls {
    fn new(calls: &[(MasterKey, Policy)]) -> Self {
        let senders = calls.iter().map(|(key, policy)| Tx::new(key, *policy).unwrap());
        let receivers = calls.iter().map(|(key, policy)| Rx::new(key, *policy).unwrap());
        Self { senders: senders.collect(), receivers: receivers.collect(), sequence_number: 0 }
    }

    /// Protects a batch, opens it, and says what either took. One byte of the packets that are to be
    /// `broken` is changed between.
    fn go(&mut self, packets: &[Packet], broken: &[usize]) -> (Effort, Effort) {
        let mut buffers: Vec<_> = packets.iter().map(|packet| self.next(*packet)).collect();
        let lens: Vec<_> = buffers.iter().map(Vec::len).collect();
        buffers.iter_mut().for_each(|buffer| buffer.resize(buffer.len() + 40, 0));
        let mut batch: Vec<_> = packets
            .iter()
            .zip(&mut buffers)
            .zip(&lens)
            .map(|(((call, _, is_rtp), buffer), len)| match is_rtp {
                true => Outgoing::rtp(*call, buffer, *len),
                false => Outgoing::rtcp(*call, buffer, *len),
            })
            .collect();
        let protecting = effort_of(|| batch::protect(&mut self.senders, &mut batch));
        let protected: Vec<_> = batch.iter().map(|packet| packet.result).collect();

        for (at, (buffer, len)) in buffers.iter_mut().zip(&protected).enumerate() {
            buffer.truncate(len.map_or(0, Result::unwrap));
            if broken.contains(&at) {
                buffer[0] ^= 0x40; // the version
            }
        }
        let mut batch: Vec<_> = packets
            .iter()
            .zip(&mut buffers)
            .map(|((call, _, is_rtp), buffer)| match is_rtp {
                true => Incoming::rtp(*call, buffer),
                false => Incoming::rtcp(*call, buffer),
            })
            .collect();
        let opening = effort_of(|| batch::unprotect(&mut self.receivers, &mut batch));
        for (at, (packet, len)) in batch.iter().zip(&lens).enumerate() {
            match packet.result {
                Some(Ok(opened)) => assert_eq!(opened, *len),
                Some(Err(error)) => {
                    assert!(broken.contains(&at), "{error}");
                    assert!(matches!(error, UnprotectError::Malformed { .. }), "{error}");
                }
                None => assert!(packet.context >= self.receivers.len()),
            }
        }
        (protecting, opening)
    }

    fn next(&mut self, (_, ssrc, is_rtp): Packet) -> Vec<u8> {
        self.sequence_number += 1;
        match is_rtp {
            true => rtp_packet(ssrc, self.sequence_number, 0, None, 50),
            false => rtcp_packet(ssrc, 50),
        }
    }

    /// Makes an SSRC known in all calls, and how either protocol of it goes.
    fn introduce(&mut self, ssrc: u32) {
        for call in 0..self.senders.len() {
            for is_rtp in [true, false] {
                self.go(&[(call, ssrc, is_rtp)], &[]);
            }
        }
    }
}

fn has_lanes() -> bool {
    srtp_accel::lanes::Lanes::best().is_some()
}

fn in_lanes(rounds: &[(usize, usize)], alone: usize, long_way: usize) -> Effort {
    Effort { long_way, alone, in_lanes: rounds.to_vec(), ..Effort::default() }
}

/// The same, with the rules asked so many times once more about a known HMAC.
fn asked_again(times: usize, rounds: &[(usize, usize)], long_way: usize) -> Effort {
    Effort { asked_again: times, ..in_lanes(rounds, 0, long_way) }
}

/// What was found of a packet of AES-CM when its HMAC was foreseen is not looked for again; with
/// another cipher it is, and with the same result.
#[test]
fn what_was_foreseen_is_not_looked_for_again() {
    if !has_lanes() {
        return;
    }
    for (suite, again) in
        [(HMAC, 0), (CryptoSuite::Aes256CmHmacSha1_32, 0), (CryptoSuite::F8_128HmacSha1_80, FEW)]
    {
        let mut call = Calls::new(&[(key(suite, 1), Policy::SECURE)]);
        call.introduce(7);
        let (_, opening) = call.go(&[(0, 7, true); FEW], &[]);
        assert_eq!(opening, asked_again(again, &[(FEW, FEW)], 0), "{suite}");
    }
}

/// The longest payload in a buffer without a byte to spare goes by the short way as well; what is longer,
/// or has a byte less of room, is refused as one by one, and uses nothing up.
#[test]
fn the_longest_and_the_tightest() {
    if !has_lanes() {
        return;
    }
    let mut call = Calls::new(&[(key(HMAC, 1), Policy::SECURE)]);
    call.introduce(7);
    let (tx, rx) = (&mut call.senders, &mut call.receivers);
    let overhead = tx[0].rtp_overhead();
    let packets = |payload: usize, room: usize| -> Vec<Vec<u8>> {
        let lens = [payload, 0, 1, 50, 50, 50, 50, 50];
        let sealed = (3..)
            .zip(lens)
            .map(|(n, len)| [rtp_packet(7, n, 0, None, len), vec![0; room]].concat());
        sealed.collect()
    };
    let mut protect = |mut buffers: Vec<Vec<u8>>, room: usize| {
        let mut batch: Vec<_> = buffers
            .iter_mut()
            .map(|buffer| {
                let len = buffer.len() - room;
                Outgoing::rtp(0, buffer, len)
            })
            .collect();
        let effort = effort_of(|| batch::protect(tx, &mut batch));
        let results: Vec<_> = batch.iter().map(|packet| packet.result.unwrap()).collect();
        (effort, results, buffers)
    };
    let mut unprotect = |mut packets: Vec<Vec<u8>>| {
        let mut batch: Vec<_> = packets.iter_mut().map(|packet| Incoming::rtp(0, packet)).collect();
        let effort = effort_of(|| batch::unprotect(rx, &mut batch));
        let results: Vec<_> = batch.iter().map(|packet| packet.result.unwrap()).collect();
        (effort, results)
    };

    let limit = MAX_PAYLOAD_LEN;
    let short = packets(50, overhead - 1);
    let (_, results, after) = protect(short.clone(), overhead - 1);
    for (result, buffer) in results.into_iter().zip(&short) {
        let needed = buffer.len() + 1;
        let available = buffer.len();
        assert_eq!(result, Err(ProtectError::NoRoom { available, needed }));
    }
    assert_eq!(after, short);
    let (_, results, _) = protect(packets(limit + 1, overhead), overhead);
    assert_eq!(results[0], Err(ProtectError::TooLong { len: limit + 1, limit }));
    let (_, results) = unprotect(packets(limit + 1, overhead));
    assert_eq!(results[0], Err(UnprotectError::TooLong { len: limit + 1, limit }));
    assert!(results[1..].iter().all(|result| *result == Err(UnprotectError::AuthFailed)));

    // Sequence numbers that none of those used up; but the seven beside the one too long.
    let mut tight = packets(limit, overhead);
    (20..).zip(&mut tight).for_each(|(n, packet)| packet[3] = n);
    let plain: Vec<usize> = tight.iter().map(|packet| packet.len() - overhead).collect();
    let (effort, results, sealed) = protect(tight, overhead);
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(effort, in_lanes(&[(8, FEW)], 0, 0));
    let (effort, results) = unprotect(sealed);
    assert_eq!(results, plain.into_iter().map(Ok).collect::<Vec<_>>());
    assert_eq!(effort, in_lanes(&[(8, FEW)], 0, 0));
}

/// Packets of known streams: each HMAC once, in lanes, in rounds of 64, and one by one only where a
/// round has fewer than seven.
#[test]
fn hmacs_of_a_batch_are_computed_in_lanes() {
    if !has_lanes() {
        return;
    }
    let mut call = Calls::new(&[(key(HMAC, 1), Policy::SECURE)]);
    call.introduce(7);
    for (count, rounds, alone) in [
        (1, &[][..], 1),
        (WORTH - 1, &[], WORTH - 1),
        (WORTH, &[(WORTH, FEW)], 0),
        (FEW, &[(FEW, FEW)], 0),
        (FEW + 1, &[(FEW + 1, MANY)], 0),
        (MANY, &[(MANY, MANY)], 0),
        (MANY + WORTH - 1, &[(MANY, MANY)], WORTH - 1),
        (MANY + WORTH, &[(MANY, MANY), (WORTH, FEW)], 0),
    ] {
        let effort = in_lanes(rounds, alone, 0);
        assert_eq!(call.go(&vec![(0, 7, true); count], &[]), (effort.clone(), effort), "{count}");
    }
}

/// The same of packets that go the long way: those that begin a stream. Where fewer than twelve come,
/// they are not gone through twice.
#[test]
fn hmacs_of_new_streams_are_computed_in_lanes() {
    if !has_lanes() {
        return;
    }
    let long = WORTH_THE_LONG_WAY;
    for (count, protecting, opening) in [
        (WORTH - 1, in_lanes(&[], WORTH - 1, WORTH - 1), in_lanes(&[], WORTH - 1, WORTH - 1)),
        (WORTH, in_lanes(&[(WORTH, FEW)], 0, WORTH), in_lanes(&[], WORTH, WORTH)),
        (long - 1, in_lanes(&[(long - 1, FEW)], 0, long - 1), in_lanes(&[], long - 1, long - 1)),
        (long, in_lanes(&[(long, FEW)], 0, long), asked_again(long, &[(long, FEW)], 2 * long)),
    ] {
        let mut call = Calls::new(&[(key(HMAC, 1), Policy::SECURE)]);
        let packets: Vec<_> = (0..count as u32).map(|ssrc| (0, ssrc, true)).collect();
        assert_eq!(call.go(&packets, &[]), (protecting, opening), "{count}");
    }
}

/// SRTCP has a short way alone, and in batches that of the rules, which foresee its HMACs from twelve
/// packets on.
#[test]
fn hmacs_of_srtcp_are_computed_in_lanes() {
    if !has_lanes() {
        return;
    }
    let mut call = Calls::new(&[(key(HMAC, 1), Policy::SECURE)]);
    call.introduce(7);
    for count in [WORTH_THE_LONG_WAY - 1, WORTH_THE_LONG_WAY] {
        let (protecting, opening) = call.go(&vec![(0, 7, false); count], &[]);
        assert_eq!(protecting, in_lanes(&[(count, FEW)], 0, 0));
        let expected = match count < WORTH_THE_LONG_WAY {
            true => in_lanes(&[], count, 0),
            false => asked_again(count, &[(count, FEW)], 2 * count),
        };
        assert_eq!(opening, expected);
    }
}

/// AES-GCM has no HMACs: its packets fill no lane, nor make lanes worth while for others. Those in
/// front, and those of no call, have gone before a round begins.
#[test]
fn packets_without_hmac_take_no_lane() {
    if !has_lanes() {
        return;
    }
    let mut calls = Calls::new(&[(key(HMAC, 1), Policy::SECURE), (key(GCM, 2), Policy::SECURE)]);
    calls.introduce(7);
    let (hmac, gcm, nobody) = ((0, 7, true), (1, 7, true), (2, 7, true));
    let nothing = in_lanes(&[], 0, 0);
    assert_eq!(calls.go(&[gcm; 20], &[]), (nothing.clone(), nothing.clone()));
    assert_eq!(calls.go(&[nobody; 20], &[]), (nothing.clone(), nothing));
    for (others, behind) in [(gcm, true), (nobody, true), (gcm, false), (nobody, false)] {
        for (count, alone) in [(WORTH - 1, true), (WORTH, false)] {
            let (many, few) = ([others; 10], vec![hmac; count]);
            let packets =
                if behind { [&few[..], &many].concat() } else { [&many[..], &few].concat() };
            let places = if behind { MANY } else { FEW };
            let effort = match alone {
                true => in_lanes(&[], count, 0),
                false => in_lanes(&[(count, places)], 0, 0),
            };
            assert_eq!(calls.go(&packets, &[]), (effort.clone(), effort));
        }
    }
}

/// What is no RTP packet needs no HMAC: six that do are then computed one by one.
#[test]
fn broken_packets_make_lanes_worth_nothing() {
    if !has_lanes() {
        return;
    }
    let mut call = Calls::new(&[(key(HMAC, 1), Policy::SECURE)]);
    call.introduce(7);
    for (broken, opening) in [
        (&[0, 9][..], in_lanes(&[(8, FEW)], 0, 0)),
        (&[2, 5, 9], in_lanes(&[(7, FEW)], 0, 0)),
        (&[1, 2, 5, 9], in_lanes(&[], 6, 0)),
    ] {
        let protecting = in_lanes(&[(10, FEW)], 0, 0);
        assert_eq!(call.go(&[(0, 7, true); 10], broken), (protecting, opening));
    }
}

/// Of keys that packets name by an MKI, the HMACs are computed in lanes as well; not of those whose
/// session keys change and are not kept.
#[test]
fn only_keys_that_stay_compute_in_lanes() {
    if !has_lanes() {
        return;
    }
    let count = WORTH_THE_LONG_WAY;
    let named = key(HMAC, 1).with_mki(&[1]).unwrap();
    let mut call = Calls::new(&[(named, Policy::SECURE)]);
    call.introduce(7);
    let effort = in_lanes(&[(count, FEW)], 0, count);
    let opening = asked_again(count, &[(count, FEW)], 2 * count);
    assert_eq!(call.go(&vec![(0, 7, true); count], &[]), (effort, opening));

    let other = key(GCM, 2).with_mki(&[2]).unwrap();
    call.senders[0].add_key(&other).unwrap();
    call.receivers[0].add_key(&other).unwrap();
    let effort = in_lanes(&[(count, FEW)], 0, count);
    let opening = asked_again(count, &[(count, FEW)], 2 * count);
    assert_eq!(call.go(&vec![(0, 7, true); count], &[]), (effort, opening));

    let rate = KeyDerivationRate::from_exponent(20).unwrap();
    let changing = key(HMAC, 1).with_key_derivation_rate(rate);
    let gcm = key(GCM, 2).with_mki(&[1]).unwrap();
    let either = Policy::SECURE.with_mki(MkiPolicy::AcceptIfPresent);
    let mut calls =
        Calls::new(&[(changing, Policy::SECURE), (gcm, either), (key(HMAC, 3), either)]);
    calls.introduce(7);
    let effort = in_lanes(&[], count, count);
    assert_eq!(calls.go(&vec![(0, 7, true); count], &[]), (effort.clone(), effort));
    // Neither of these makes a round worth while for the other, or for six of the third call.
    let six = [(2, 7, true); WORTH - 1];
    let packets = [&six[..], &[(0, 7, true); 3], &[(1, 7, true); 3]].concat();
    let (protecting, opening) = calls.go(&packets, &[]);
    assert_eq!((protecting.alone, protecting.in_lanes), (WORTH - 1 + 3, Vec::new()));
    assert_eq!((opening.alone, opening.in_lanes), (WORTH - 1 + 3, Vec::new()));
}
