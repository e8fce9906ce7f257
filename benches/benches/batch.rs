//! Many packets at once: sixteen contexts with keys of their own, batches of 1 to 256 packets,
//! beside one at a time. The time is that of a whole batch; throughput is in packets.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use srtp_benches::{renumber, rtp};
use srtp_core::batch::{self, Incoming, Outgoing};
use srtp_core::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy};

type Tx = Outbound<Fixed<1>, 1>;
type Rx = Inbound<Fixed<1>, 1>;

const CONTEXTS: usize = 16;
const SIZES: [usize; 7] = [1, 4, 8, 16, 32, 64, 256];
const PAYLOADS: [(&str, Option<usize>); 4] =
    [("20", Some(20)), ("160", Some(160)), ("1200", Some(1200)), ("40-1139", None)];

fn key(suite: CryptoSuite, n: usize) -> MasterKey {
    MasterKey::new(suite, &vec![n as u8; suite.key_salt_len()]).unwrap()
}

/// One batch: whose packet is where, and how long.
struct Batch {
    lens: Vec<usize>,
    buffers: Vec<Vec<u8>>,
}

impl Batch {
    fn new(count: usize, payload: Option<usize>) -> Self {
        let lens: Vec<_> =
            (0..count).map(|n| 12 + payload.unwrap_or(40 + n * 397 % 1100)).collect();
        let buffers = lens.iter().map(|len| rtp(0, len - 12)).collect();
        Self { lens, buffers }
    }

    /// Gives the packets the next sequence numbers of their contexts.
    fn renumber(&mut self, next: &mut u16) {
        for (n, buffer) in self.buffers.iter_mut().enumerate() {
            renumber(buffer, next.wrapping_add((n / CONTEXTS) as u16));
        }
        *next = next.wrapping_add(self.lens.len().div_ceil(CONTEXTS) as u16);
    }
}

/// Protects `rounds` batches.
fn protect(rounds: u64, suite: CryptoSuite, batch: &mut Batch, at_once: bool) -> Duration {
    let mut contexts: Vec<_> =
        (0..CONTEXTS).map(|n| Tx::new(&key(suite, n), Policy::SECURE).unwrap()).collect();
    let (mut total, mut next) = (Duration::ZERO, 0);
    for _ in 0..rounds {
        batch.renumber(&mut next);
        let packets = batch.buffers.iter_mut().zip(&batch.lens).enumerate();
        let mut packets: Vec<_> =
            packets.map(|(n, (buffer, len))| Outgoing::rtp(n % CONTEXTS, buffer, *len)).collect();
        let start = Instant::now();
        match at_once {
            true => batch::protect(&mut contexts, &mut packets),
            false => {
                for packet in &mut packets {
                    let context = &mut contexts[packet.context];
                    packet.result = Some(context.protect_rtp(packet.buffer, packet.len));
                }
            }
        }
        total += start.elapsed();
        assert!(black_box(&packets).iter().all(|packet| matches!(packet.result, Some(Ok(_)))));
    }
    total
}

/// Unprotects `rounds` batches.
fn unprotect(rounds: u64, suite: CryptoSuite, batch: &mut Batch, at_once: bool) -> Duration {
    let keys: Vec<_> = (0..CONTEXTS).map(|n| key(suite, n)).collect();
    let mut senders: Vec<_> =
        keys.iter().map(|key| Tx::new(key, Policy::SECURE).unwrap()).collect();
    let mut contexts: Vec<_> =
        keys.iter().map(|key| Rx::new(key, Policy::SECURE).unwrap()).collect();
    let (mut total, mut next) = (Duration::ZERO, 0);
    for _ in 0..rounds {
        batch.renumber(&mut next);
        let mut packets = Vec::with_capacity(batch.lens.len());
        for (n, (buffer, len)) in batch.buffers.iter_mut().zip(&batch.lens).enumerate() {
            let len = senders[n % CONTEXTS].protect_rtp(buffer, *len).unwrap();
            packets.push(Incoming::rtp(n % CONTEXTS, &mut buffer[..len]));
        }
        let start = Instant::now();
        match at_once {
            true => batch::unprotect(&mut contexts, &mut packets),
            false => {
                for packet in &mut packets {
                    let context = &mut contexts[packet.context];
                    packet.result = Some(context.unprotect_rtp(packet.packet));
                }
            }
        }
        total += start.elapsed();
        assert!(black_box(&packets).iter().all(|packet| matches!(packet.result, Some(Ok(_)))));
    }
    total
}

fn batches(c: &mut Criterion) {
    type Work = fn(u64, CryptoSuite, &mut Batch, bool) -> Duration;
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    for (what, work) in [("protect", protect as Work), ("unprotect", unprotect)] {
        for (name, payload) in PAYLOADS {
            let mut group = c.benchmark_group(format!("batch/{what}/{suite}/{name}"));
            for count in SIZES {
                let mut batch = Batch::new(count, payload);
                group.throughput(Throughput::Elements(count as u64));
                for (how, at_once) in [("one_by_one", false), ("batch", true)] {
                    group.bench_function(BenchmarkId::new(how, count), |b| {
                        b.iter_custom(|rounds| work(rounds, suite, &mut batch, at_once));
                    });
                }
            }
            group.finish();
        }
    }
}

criterion_group!(benches, batches);
criterion_main!(benches);
