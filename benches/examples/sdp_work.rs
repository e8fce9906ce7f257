//! The work of `benches/sdp.rs` a given number of times, to count instructions, which no
//! neighbour on the machine can move:
//!
//! ```text
//! cargo build --release -p srtp-benches --example sdp_work
//! for n in 0 1000; do valgrind --tool=callgrind target/release/examples/sdp_work validate $n; done
//! ```
//!
//! The difference of the two totals, divided by the number, is what one round takes.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used)]

use std::hint::black_box;

use sdes_sdp::{CryptoLine, Sdp};

const INVITE: &str = include_str!("../../test-vectors/sdes/sdp/typical-invite.sdp");

fn lines(text: &str) -> impl Iterator<Item = CryptoLine<'_>> {
    let sdp = Sdp::parse(text).unwrap();
    sdp.media().flat_map(|media| media.crypto()).map(|entry| entry.parsed.unwrap())
}

fn split() -> usize {
    lines(black_box(INVITE)).map(|line| line.tag() as usize).sum()
}

fn validate() -> usize {
    lines(black_box(INVITE)).filter(|line| line.meaning().is_ok()).count()
}

fn scan() -> usize {
    Sdp::parse(black_box(INVITE)).unwrap().media().filter(|media| media.has_crypto()).count()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let work = match arguments.next().as_deref() {
        Some("scan") => scan,
        Some("split") => split,
        Some("validate") => validate,
        _ => panic!("which work: scan, split or validate?"),
    };
    let rounds: usize = arguments.next().map_or(1, |rounds| rounds.parse().unwrap());
    println!("{}", (0..rounds).map(|_| work()).sum::<usize>());
}
