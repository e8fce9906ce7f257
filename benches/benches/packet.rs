//! One packet at a time, one SSRC, in place, replay protection on: every suite of srtp-core, and
//! those of everybody for the peers that features `peer-…` ask for.
//!
//! A batch of packets lies ready, each in a buffer of its own, when the clock starts.
//! Criterion measures one after the other; for ratios on a machine that is not quiet see the
//! reporter, which measures in turns.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use srtp_benches::contestants::{Contestant, Ours, SUITES};
use srtp_benches::for_each_contestant;
use srtp_benches::workload::{Kind, Protect, Unprotect, in_batches};
use srtp_core::CryptoSuite;

fn suites<C: Contestant>(c: &mut Criterion, suites: &[CryptoSuite]) {
    for &suite in suites {
        for kind in Kind::all() {
            let id = || BenchmarkId::new(C::NAME, kind.name());
            let bytes = match kind {
                Kind::Rtp(payload) => payload as u64,
                Kind::Rtcp => 28,
            };
            let mut group = c.benchmark_group(format!("protect/{suite}"));
            group.throughput(Throughput::Bytes(bytes));
            let mut work = Protect::<C>::new(suite, kind, 1);
            group.bench_function(id(), |b| {
                b.iter_custom(|rounds| in_batches(rounds, || work.batch()));
            });
            group.finish();
            let mut group = c.benchmark_group(format!("unprotect/{suite}"));
            group.throughput(Throughput::Bytes(bytes));
            let mut work = Unprotect::<C>::new(suite, kind);
            group.bench_function(id(), |b| {
                b.iter_custom(|rounds| in_batches(rounds, || work.batch()));
            });
            group.finish();
        }
    }
}

fn packet(c: &mut Criterion) {
    macro_rules! measure {
        ($type:ty) => {
            let all = if <$type>::NAME == Ours::NAME { CryptoSuite::ALL } else { &SUITES };
            suites::<$type>(c, all);
        };
    }
    for_each_contestant!(measure);
}

criterion_group!(benches, packet);
criterion_main!(benches);
