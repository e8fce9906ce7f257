//! An SDP of a typical INVITE, a kilobyte with four crypto lines, read by this family and, with
//! features `peer-…`, by other crates.
//!
//! `split` finds media sections and takes every crypto line apart; `validate` goes on to the keys.
//! The peers split a description into their own types, allocating; none of them looks into
//! `a=crypto`, so they are to be held against `split`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sdes_sdp::{CryptoLine, Sdp};
use srtp_negotiation::{Party, StreamPolicy, decide};

const INVITE: &str = include_str!("../../test-vectors/sdes/sdp/typical-invite.sdp");
const LINE: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 \
                    inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4";

fn crypto_line(c: &mut Criterion) {
    let mut group = c.benchmark_group("crypto line");
    group.bench_function("split", |b| b.iter(|| CryptoLine::parse(black_box(LINE)).unwrap()));
    group.bench_function("validate", |b| {
        b.iter(|| CryptoLine::parse(black_box(LINE)).unwrap().meaning().unwrap());
    });
    group.finish();
}

fn sdp(c: &mut Criterion) {
    let mut group = c.benchmark_group("sdp");
    group.throughput(Throughput::Bytes(INVITE.len() as u64));
    let lines = |text| {
        let sdp = Sdp::parse(text).unwrap();
        let crypto = sdp.media().flat_map(|media| media.crypto());
        crypto.map(|entry| entry.parsed.unwrap())
    };
    group.bench_function("split", |b| {
        b.iter(|| lines(black_box(INVITE)).map(|line| line.tag()).sum::<u32>());
    });
    group.bench_function("validate", |b| {
        b.iter(|| lines(black_box(INVITE)).filter(|line| line.meaning().is_ok()).count());
    });
    group.bench_function("decide", |b| {
        let party = Party::new(StreamPolicy::Preferred);
        b.iter(|| decide(&Sdp::parse(black_box(INVITE)).unwrap(), &party).status());
    });
    #[cfg(feature = "peer-sdp-types")]
    group.bench_function("peer sdp-types", |b| {
        b.iter(|| sdp_types::Session::parse(black_box(INVITE.as_bytes())).unwrap());
    });
    #[cfg(feature = "peer-webrtc-sdp")]
    group.bench_function("peer webrtc-sdp", |b| {
        b.iter(|| webrtc_sdp::parse_sdp(black_box(INVITE), false).unwrap());
    });
    #[cfg(feature = "peer-ezk-sdp-types")]
    group.bench_function("peer ezk-sdp-types", |b| {
        let text = bytesstr::BytesStr::from_static(INVITE);
        b.iter(|| ezk_sdp_types::SessionDescription::parse(black_box(&text)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, crypto_line, sdp);
criterion_main!(benches);
