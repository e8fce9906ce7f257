//! Batches, measured: the same packets one at a time, in batches of one size, and, of AES-CM with
//! HMAC-SHA1, by Intel's multi-buffer library. What lies between two looks at the clock is prepared
//! before the first.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use srtp_core::batch::{self, Incoming, Outgoing};
use srtp_core::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy};

use crate::{renumber, rtp};

type Tx = Outbound<Fixed<1>, 1>;
type Rx = Inbound<Fixed<1>, 1>;

/// Contexts, each with a key of its own, that take packets in turns where nothing else is said.
pub const CONTEXTS: usize = 16;

/// Packets between two looks at the clock, at the least.
pub const SAMPLE: usize = 64;

/// How the packets of a sample are given to the library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// One call per packet.
    OneByOne,
    /// One call per so many packets.
    Batches(usize),
}

/// Packets and whose they are. In turns, but in an order that no cache foresees where there are
/// many contexts.
struct Packets {
    lens: Vec<usize>,
    buffers: Vec<Vec<u8>>,
    owners: Vec<usize>,
    contexts: usize,
    next: usize,
}

impl Packets {
    /// Payloads of one length or, without, of 40 to 1139 bytes.
    fn new(count: usize, payload: Option<usize>, contexts: usize) -> Self {
        let lens: Vec<_> =
            (0..count).map(|n| 12 + payload.unwrap_or(40 + n * 397 % 1100)).collect();
        let buffers = lens.iter().map(|len| rtp(0, len - 12)).collect();
        Self { lens, buffers, owners: vec![0; count], contexts, next: 0 }
    }

    /// Gives the packets to the next contexts, with the next sequence numbers of these.
    fn prepare(&mut self) {
        // Far from one another, and each met once in a round: the number is odd, and prime.
        const STRIDE: usize = 7919;
        for (buffer, owner) in self.buffers.iter_mut().zip(&mut self.owners) {
            *owner = self.next * STRIDE % self.contexts;
            renumber(buffer, (self.next / self.contexts) as u16);
            self.next += 1;
        }
    }
}

fn key(suite: CryptoSuite, n: usize) -> MasterKey {
    let mut bytes = vec![n as u8; suite.key_salt_len()];
    bytes[1] = (n >> 8) as u8;
    MasterKey::new(suite, &bytes).unwrap()
}

fn senders(suite: CryptoSuite, count: usize) -> Vec<Tx> {
    (0..count).map(|n| Tx::new(&key(suite, n), Policy::SECURE).unwrap()).collect()
}

/// What is called right before and right after the packets of a sample.
pub type Look<'l> = &'l mut dyn FnMut();

/// Looks at the clock.
pub fn timed(mut sample: impl FnMut(Look<'_>)) -> impl FnMut() -> Duration {
    move || {
        let (mut start, mut time) = (None, Duration::ZERO);
        sample(&mut || match start {
            None => start = Some(Instant::now()),
            Some(start) => time = start.elapsed(),
        });
        time
    }
}

/// Protects `count` packets in every call.
pub fn protect(
    suite: CryptoSuite,
    payload: Option<usize>,
    contexts: usize,
    count: usize,
    how: How,
) -> impl FnMut(Look<'_>) {
    let mut work = Packets::new(count, payload, contexts);
    let mut contexts = senders(suite, contexts);
    move |look| {
        work.prepare();
        let packets = work.buffers.iter_mut().zip(&work.lens).zip(&work.owners);
        let mut packets: Vec<_> =
            packets.map(|((buffer, len), owner)| Outgoing::rtp(*owner, buffer, *len)).collect();
        look();
        match how {
            How::OneByOne => {
                for packet in black_box(&mut packets) {
                    let context = &mut contexts[packet.context];
                    packet.result = Some(context.protect_rtp(packet.buffer, packet.len));
                }
            }
            How::Batches(size) => {
                for packets in black_box(&mut packets).chunks_mut(size) {
                    batch::protect(&mut contexts, packets);
                }
            }
        }
        look();
        assert!(packets.iter().all(|packet| matches!(packet.result, Some(Ok(_)))));
    }
}

/// As [`protect`], for the other direction.
pub fn unprotect(
    suite: CryptoSuite,
    payload: Option<usize>,
    contexts: usize,
    count: usize,
    how: How,
) -> impl FnMut(Look<'_>) {
    let mut work = Packets::new(count, payload, contexts);
    let mut senders = senders(suite, contexts);
    let mut contexts: Vec<_> =
        (0..contexts).map(|n| Rx::new(&key(suite, n), Policy::SECURE).unwrap()).collect();
    move |look| {
        work.prepare();
        let mut packets = Vec::with_capacity(work.buffers.len());
        let ready = work.buffers.iter_mut().zip(&work.lens).zip(&work.owners);
        for ((buffer, len), owner) in ready {
            let len = senders[*owner].protect_rtp(buffer, *len).unwrap();
            packets.push(Incoming::rtp(*owner, &mut buffer[..len]));
        }
        look();
        match how {
            How::OneByOne => {
                for packet in black_box(&mut packets) {
                    let context = &mut contexts[packet.context];
                    packet.result = Some(context.unprotect_rtp(packet.packet));
                }
            }
            How::Batches(size) => {
                for packets in black_box(&mut packets).chunks_mut(size) {
                    batch::unprotect(&mut contexts, packets);
                }
            }
        }
        look();
        assert!(packets.iter().all(|packet| matches!(packet.result, Some(Ok(_)))));
    }
}

/// Intel's library on the same packets, in batches of `size`, checked once against ours. It knows no
/// streams and no rules against replays.
#[cfg(feature = "peer-ipsec-mb")]
pub fn protect_by_ipsec_mb(
    payload: Option<usize>,
    count: usize,
    size: usize,
) -> impl FnMut(Look<'_>) {
    use crate::ipsec_mb::{Manager, Packet};

    let manager = Manager::new().unwrap();
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let keys: Vec<_> = (0..CONTEXTS)
        .map(|n| manager.key(key(suite, n).expose_key_salt().first_chunk().unwrap()))
        .collect();
    let mut ours = senders(suite, CONTEXTS);
    let mut work = Packets::new(count, payload, CONTEXTS);
    let mut checked = false;
    move |look| {
        work.prepare();
        let mut expected = work.buffers.clone();
        let first = work.next - count;
        let ready = work.buffers.iter_mut().zip(&work.lens).zip(&work.owners).enumerate();
        let mut packets: Vec<_> = ready
            .map(|(n, ((buffer, len), owner))| {
                // Sequence numbers start anew now and then: so does the index of these keys.
                let index = (first + n) / CONTEXTS % (1 << 16);
                Packet::new(buffer, *len, &keys[*owner], index as u64).unwrap()
            })
            .collect();
        look();
        for packets in black_box(&mut packets).chunks_mut(size) {
            // SAFETY: the buffers live in `work`, each once, and nobody touches them meanwhile.
            #[allow(unsafe_code)]
            unsafe {
                manager.protect(packets);
            }
        }
        look();
        drop(packets);
        if !checked {
            checked = true;
            let packets = expected.iter_mut().zip(&work.lens).zip(&work.owners);
            for (((buffer, len), owner), theirs) in packets.zip(&work.buffers) {
                let len = ours[*owner].protect_rtp(buffer, *len).unwrap();
                assert_eq!(buffer[..len], theirs[..len]);
            }
        }
    }
}
