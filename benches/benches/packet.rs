//! One packet at a time, one SSRC, in place, replay protection on.
//!
//! `protect` encrypts the same buffer again and again under the next sequence number, which costs
//! what fresh plaintext would. `unprotect` opens packets that were protected outside the clock, in
//! rounds of one replay window, copied into place inside it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use srtp_benches::{PAYLOADS, renumber, rtp, sender_report};
use srtp_core::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy};

type Tx = Outbound<Fixed<1>, 1>;
type Rx = Inbound<Fixed<1>, 1>;

fn key(suite: CryptoSuite) -> MasterKey {
    MasterKey::new(suite, &vec![0x42; suite.key_salt_len()]).unwrap()
}

fn protect(c: &mut Criterion) {
    for &suite in CryptoSuite::ALL {
        let mut group = c.benchmark_group(format!("protect/{suite}"));
        for payload in PAYLOADS {
            group.throughput(Throughput::Bytes(payload as u64));
            group.bench_function(BenchmarkId::from_parameter(payload), |b| {
                let mut tx = Tx::new(&key(suite), Policy::SECURE).unwrap();
                let (mut packet, mut sequence_number) = (rtp(0, payload), 0_u16);
                b.iter(|| {
                    renumber(&mut packet, sequence_number);
                    sequence_number = sequence_number.wrapping_add(1);
                    tx.protect_rtp(black_box(&mut packet), 12 + payload).unwrap()
                });
            });
        }
        group.bench_function("rtcp", |b| {
            let mut tx = Tx::new(&key(suite), Policy::SECURE).unwrap();
            let mut packet = sender_report();
            b.iter(|| tx.protect_rtcp(black_box(&mut packet), 28).unwrap());
        });
        group.finish();
    }
}

/// Times the opening of `packets`, again and again in fresh contexts.
fn open_all(
    rounds: u64,
    suite: CryptoSuite,
    packets: &[Vec<u8>],
    mut open: impl FnMut(&mut Rx, &mut [u8]) -> usize,
) -> Duration {
    let fresh = key(suite);
    let mut buffer = vec![0; packets.iter().map(Vec::len).max().unwrap_or(0)];
    let (mut left, mut total) = (rounds, Duration::ZERO);
    while left > 0 {
        let mut rx = Rx::new(&fresh, Policy::SECURE).unwrap();
        let now = packets.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let start = Instant::now();
        for packet in packets.iter().take(now) {
            if let Some(place) = buffer.get_mut(..packet.len()) {
                place.copy_from_slice(packet);
                black_box(open(&mut rx, black_box(place)));
            }
        }
        total += start.elapsed();
        left -= now as u64;
    }
    total
}

fn unprotect(c: &mut Criterion) {
    for &suite in CryptoSuite::ALL {
        let mut group = c.benchmark_group(format!("unprotect/{suite}"));
        for payload in PAYLOADS {
            let mut tx = Tx::new(&key(suite), Policy::SECURE).unwrap();
            let packets: Vec<_> = (0..1024)
                .map(|sequence_number| {
                    let mut packet = rtp(sequence_number, payload);
                    let len = tx.protect_rtp(&mut packet, 12 + payload).unwrap();
                    packet.truncate(len);
                    packet
                })
                .collect();
            group.throughput(Throughput::Bytes(payload as u64));
            group.bench_function(BenchmarkId::from_parameter(payload), |b| {
                b.iter_custom(|rounds| {
                    open_all(rounds, suite, &packets, |rx, p| rx.unprotect_rtp(p).unwrap())
                });
            });
        }
        let mut tx = Tx::new(&key(suite), Policy::SECURE).unwrap();
        let reports: Vec<_> = (0..1024)
            .map(|_| {
                let mut packet = sender_report();
                let len = tx.protect_rtcp(&mut packet, 28).unwrap();
                packet.truncate(len);
                packet
            })
            .collect();
        group.bench_function("rtcp", |b| {
            b.iter_custom(|rounds| {
                open_all(rounds, suite, &reports, |rx, p| rx.unprotect_rtcp(p).unwrap())
            });
        });
        group.finish();
    }
}

criterion_group!(benches, protect, unprotect);
criterion_main!(benches);
