//! Many SSRCs in one context, and what a context and one more SSRC cost to begin with.
#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use srtp_benches::contestants::{Contestant, SUITES};
use srtp_benches::workload::{BATCH, Kind, Protect, fresh_streams, in_batches, set_up};
use srtp_benches::{STREAMS, for_each_contestant};

fn many<C: Contestant>(c: &mut Criterion) {
    for suite in SUITES {
        let mut group = c.benchmark_group(format!("streams/{suite}/160 B"));
        for streams in STREAMS {
            let mut work = Protect::<C>::new(suite, Kind::Rtp(160), streams);
            group.bench_function(BenchmarkId::new(C::NAME, streams), |b| {
                b.iter_custom(|rounds| in_batches(rounds, || work.batch()));
            });
        }
        group.finish();
    }
}

fn beginning<C: Contestant>(c: &mut Criterion) {
    for suite in SUITES {
        c.bench_function(&format!("set-up/{suite}/{}", C::NAME), |b| {
            b.iter_custom(|rounds| (0..rounds).map(|_| set_up::<C>(suite)).sum());
        });
        for (name, fresh) in [("first", true), ("later", false)] {
            c.bench_function(&format!("{name} packet of an SSRC/{suite}/{}", C::NAME), |b| {
                b.iter_custom(|rounds| {
                    let total: Duration =
                        (0..rounds).map(|_| fresh_streams::<C>(suite, fresh)).sum();
                    total / u32::try_from(BATCH).unwrap()
                });
            });
        }
    }
}

fn streams(c: &mut Criterion) {
    macro_rules! measure {
        ($type:ty) => {
            many::<$type>(c);
            beginning::<$type>(c);
        };
    }
    for_each_contestant!(measure);
}

criterion_group!(benches, streams);
criterion_main!(benches);
