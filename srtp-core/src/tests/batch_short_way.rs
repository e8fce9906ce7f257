//! Batches by the short way of ordinary packets against the long way packet by packet, which has
//! the rules: what an earlier packet of the same batch changes counts for the later ones.

use proptest::collection::vec;
use proptest::prelude::*;
use srtp_test_vectors::times;

use super::{inbound_state, outbound_state};
use crate::batch::{self, Incoming, Outgoing};
use crate::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy, Rekey, UnprotectError};

/// Tables of three streams get full; windows of 32768 packets let a jump be foreseen wrongly.
type Tx = Outbound<Fixed<3, 512>, 2>;
type Rx = Inbound<Fixed<3, 512>, 2>;

const CONTEXTS: usize = 4;
const SSRCS: usize = 4;

const SUITES: [CryptoSuite; 5] = [
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
    CryptoSuite::Aes256CmHmacSha1_80,
    CryptoSuite::F8_128HmacSha1_80,
    CryptoSuite::AeadAes128Gcm,
];

fn key(suite: CryptoSuite, n: u8, lifetime: u64) -> MasterKey {
    let key = MasterKey::new(suite, &vec![n; suite.key_salt_len()]).unwrap();
    key.with_lifetime(lifetime).unwrap()
}

/// A packet that is sent, and what the network does to it.
#[derive(Clone, Debug)]
struct Sent {
    context: usize,
    ssrc: usize,
    /// From the sequence number before to this one.
    ahead: i16,
    payload: usize,
    extension: bool,
    fate: Fate,
}

#[derive(Clone, Debug)]
enum Fate {
    Arrives,
    Lost,
    /// A copy of it came so many packets before.
    Again(usize),
    /// A copy of it comes before it, with this byte changed.
    Forged(usize),
    Cut(usize),
}

fn sent() -> impl Strategy<Value = Sent> {
    let ahead = prop_oneof![
        12 => Just(1_i16),
        2 => -40..40_i16,
        1 => Just(30_000),
        1 => Just(-30_000),
        1 => any::<i16>(),
    ];
    let fate = prop_oneof![
        12 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        2 => (0..12_usize).prop_map(Fate::Again),
        1 => any::<usize>().prop_map(Fate::Forged),
        1 => any::<usize>().prop_map(Fate::Cut),
    ];
    (0..CONTEXTS, 0..SSRCS, ahead, 0..200_usize, any::<bool>(), fate).prop_map(
        |(context, ssrc, ahead, payload, extension, fate)| Sent {
            context,
            ssrc,
            ahead,
            payload,
            extension,
            fate,
        },
    )
}

impl Sent {
    fn packet(&self, number: u16) -> Vec<u8> {
        let mut packet = vec![if self.extension { 0x90 } else { 0x80 }, 96];
        packet.extend(number.to_be_bytes());
        packet.extend([1, 2, 3, 4, 0xca, 0xfe, 0, self.ssrc as u8]);
        if self.extension {
            packet.extend([0xbe, 0xde, 0, 1, 0x12, 5, 6, 7]);
        }
        packet.extend((0..self.payload).map(|n| (n * 7 + self.ssrc) as u8));
        packet
    }
}

/// Contexts that take batches, and clones of them that go the long way one by one.
struct Pair<C> {
    batched: Vec<C>,
    alone: Vec<C>,
}

impl Pair<Tx> {
    fn rekey(&mut self, at: usize, key: &MasterKey, rekey: Rekey) {
        self.batched[at].rekey(key, rekey).unwrap();
        self.alone[at].rekey(key, rekey).unwrap();
        self.alone[at].ring.forbid_short_way();
    }

    /// Protects the packets both ways; those that were protected.
    fn protect(&mut self, plain: &[(usize, Vec<u8>)]) -> Vec<Option<Vec<u8>>> {
        let room = |packet: &Vec<u8>| [&packet[..], &[0xee; 20]].concat();
        let mut buffers: Vec<_> = plain.iter().map(|(_, packet)| room(packet)).collect();
        let mut packets: Vec<_> = plain
            .iter()
            .zip(&mut buffers)
            .map(|((context, packet), buffer)| Outgoing::rtp(*context, buffer, packet.len()))
            .collect();
        batch::protect(&mut self.batched, &mut packets);
        let results: Vec<_> = packets.iter().map(|packet| packet.result.unwrap()).collect();
        for (((context, packet), buffer), result) in plain.iter().zip(&buffers).zip(&results) {
            let mut expected = room(packet);
            let alone = &mut self.alone[*context];
            assert_eq!(*result, alone.protect_rtp(&mut expected, packet.len()));
            assert_eq!(*buffer, expected);
        }
        for (batched, alone) in self.batched.iter().zip(&self.alone) {
            assert_eq!(outbound_state(batched), outbound_state(alone));
            #[cfg(feature = "counters")]
            assert_eq!(batched.counters(), alone.counters());
        }
        let cut = |(buffer, result): (Vec<u8>, &Result<usize, _>)| {
            result.as_ref().ok().map(|len| buffer[..*len].to_vec())
        };
        buffers.into_iter().zip(&results).map(cut).collect()
    }
}

impl Pair<Rx> {
    fn rekey(&mut self, at: usize, key: &MasterKey, rekey: Rekey) {
        self.batched[at].rekey(key, rekey).unwrap();
        self.alone[at].rekey(key, rekey).unwrap();
        self.alone[at].ring.forbid_short_way();
    }

    /// Unprotects the packets both ways.
    fn unprotect(&mut self, arriving: &[(usize, Vec<u8>)]) -> Vec<Result<usize, UnprotectError>> {
        let mut buffers = arriving.to_vec();
        let mut packets: Vec<_> =
            buffers.iter_mut().map(|(context, packet)| Incoming::rtp(*context, packet)).collect();
        batch::unprotect(&mut self.batched, &mut packets);
        let results: Vec<_> = packets.iter().map(|packet| packet.result.unwrap()).collect();
        for (((context, packet), (_, buffer)), result) in
            arriving.iter().zip(&buffers).zip(&results)
        {
            let mut expected = packet.clone();
            assert_eq!(*result, self.alone[*context].unprotect_rtp(&mut expected));
            assert_eq!(*buffer, expected);
        }
        for (batched, alone) in self.batched.iter().zip(&self.alone) {
            assert_eq!(inbound_state(batched), inbound_state(alone));
            #[cfg(feature = "counters")]
            assert_eq!(batched.counters(), alone.counters());
        }
        results
    }
}

/// Senders, and receivers whose keys may last for fewer packets.
fn pairs(keys: &[(MasterKey, MasterKey)]) -> (Pair<Tx>, Pair<Rx>) {
    let policy = Policy::SECURE;
    let batched: Vec<_> = keys.iter().map(|(key, _)| Tx::new(key, policy).unwrap()).collect();
    let mut alone = batched.clone();
    alone.iter_mut().for_each(|tx| tx.ring.forbid_short_way());
    let senders = Pair { batched, alone };
    let batched: Vec<_> = keys.iter().map(|(_, key)| Rx::new(key, policy).unwrap()).collect();
    let mut alone = batched.clone();
    alone.iter_mut().for_each(|rx| rx.ring.forbid_short_way());
    (senders, Pair { batched, alone })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(times(400, 20)))]

    /// Whatever a batch holds (packets of one stream, wraps and jumps of sequence numbers, packets
    /// that come twice or are forged, more SSRCs than there is room for, more packets than a key may
    /// protect), and whatever key is changed between two, each packet fares as by the rules alone.
    #[test]
    fn batches_by_the_short_way_follow_the_rules(
        suites in vec(0..SUITES.len(), CONTEXTS),
        lifetimes in vec((prop_oneof![20..60_u64, Just(1 << 20)], prop_oneof![10..40_u64, Just(1 << 20)]), CONTEXTS),
        sent in vec(sent(), 1..200),
        size in prop_oneof![5..17_usize, 17..80_usize],
        start in prop_oneof![Just(65_520_u16), any::<u16>()],
        changes in vec((0..12_usize, 0..CONTEXTS, any::<bool>()), 0..3),
    ) {
        let keys: Vec<_> = suites
            .iter()
            .zip(&lifetimes)
            .zip(1..)
            .map(|((suite, (tx, rx)), n)| (key(SUITES[*suite], n, *tx), key(SUITES[*suite], n, *rx)))
            .collect();
        let (mut senders, mut receivers) = pairs(&keys);
        let mut numbers = [start; CONTEXTS * SSRCS];
        for (round, sent) in sent.chunks(size).enumerate() {
            for (n, (_, at, keep)) in changes.iter().enumerate().filter(|(_, (at, ..))| *at == round) {
                let new = key(SUITES[suites[*at]], 100 + n as u8, 1 << 20);
                let rekey = if *keep { Rekey::KeepRoc } else { Rekey::ZeroRoc };
                senders.rekey(*at, &new, rekey);
                receivers.rekey(*at, &new, rekey);
            }
            let plain: Vec<_> = sent
                .iter()
                .map(|sent| {
                    let number = &mut numbers[sent.context * SSRCS + sent.ssrc];
                    *number = number.wrapping_add_signed(sent.ahead);
                    (sent.context, sent.packet(*number))
                })
                .collect();
            let mut arriving = Vec::new();
            for (sent, packet) in sent.iter().zip(senders.protect(&plain)) {
                let Some(packet) = packet else { continue };
                let mut other = packet.clone();
                match sent.fate {
                    Fate::Lost => continue,
                    Fate::Arrives => {}
                    Fate::Again(before) => {
                        let at = arriving.len() - before.min(arriving.len());
                        arriving.insert(at, (sent.context, other));
                    }
                    Fate::Forged(at) => {
                        let at = at % other.len();
                        other[at] ^= 1 << (at % 8);
                        arriving.push((sent.context, other));
                    }
                    Fate::Cut(len) => {
                        other.truncate(len % packet.len());
                        arriving.push((sent.context, other));
                    }
                }
                arriving.push((sent.context, packet));
            }
            for arriving in arriving.chunks(size) {
                receivers.unprotect(arriving);
            }
        }
    }
}

/// From the first sequence number of a stream to those of a batch of sixteen, by the way that nothing
/// is unusual about at the beginning of the batch: one after the other, every one twice, backwards, to
/// and fro, and far apart.
fn orders() -> [[u32; 16]; 6] {
    let orders: [fn(u32) -> u32; 6] = [
        |n| 1 + n,
        |n| 1 + n / 2,
        |n| 16 - n,
        |n| (1 + n) ^ 2,
        |n| 1 + 30_000 * n,
        |n| 1 + 32_768 * n,
    ];
    orders.map(|order| core::array::from_fn(|n| order(n as u32)))
}

/// What was found of a packet before a batch is opened does not hold where an earlier packet of its
/// stream, or of its key, has changed it: a number that came, a jump, a wrap, the end of a lifetime. A
/// forged packet changes nothing.
#[test]
fn earlier_packets_of_a_batch_count() {
    let sent = |number: u16, payload: usize| {
        let fate = Fate::Arrives;
        let sent = Sent { context: 0, ssrc: 1, ahead: 1, payload, extension: false, fate };
        (0, sent.packet(number))
    };
    for (suite, lifetime) in SUITES.into_iter().zip([20, 12, 20, 20, 20]) {
        for start in [7_u16, 65_528] {
            for order in orders() {
                let keys = [(key(suite, 1, 1 << 20), key(suite, 1, lifetime))];
                let (_, mut receivers) = pairs(&keys);
                let (mut senders, _) = pairs(&[(key(suite, 1, lifetime), keys[0].1.clone())]);
                let plain = |n: u32| sent(start.wrapping_add(n as u16), 20 + n as usize % 3);
                senders.protect(&[plain(0)]);
                senders.protect(&order.map(plain));

                // All numbers in the order in which they lie, so that each has its index.
                let mut tx = Tx::new(&keys[0].0, Policy::SECURE).unwrap();
                let protected: Vec<_> = (0..=order.into_iter().max().unwrap())
                    .filter(|n| n % 8192 == 0 || order.contains(n))
                    .map(|n| {
                        let (_, mut packet) = plain(n);
                        let len = packet.len();
                        packet.resize(len + 20, 0);
                        let len = tx.protect_rtp(&mut packet, len).unwrap();
                        (n, packet[..len].to_vec())
                    })
                    .collect();
                let packet = |n: &u32| protected.iter().find(|(m, _)| m == n).unwrap().1.clone();
                receivers.unprotect(&[(0, packet(&0))]);
                let mut arriving = Vec::new();
                for (at, n) in order.iter().enumerate() {
                    if at % 3 == 0 {
                        let mut forged = packet(n);
                        forged[20] ^= 1;
                        arriving.push((0, forged));
                    }
                    arriving.push((0, packet(n)));
                }
                let results = receivers.unprotect(&arriving);
                assert_eq!(results[0], Err(UnprotectError::AuthFailed), "the forged one");
                assert!(results[1].is_ok(), "the genuine one behind it");
                receivers.unprotect(&arriving);
            }
        }
    }
}
