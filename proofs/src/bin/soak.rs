//! A simulated day of a busy gateway, in minutes: 10 000 streams, each going through the sequence
//! numbers of 24 hours of 50 packets a second, most of which are silence (steps of up to 28 000
//! numbers, below the 2^15 that RFC 3711 §3.3.1 can tell apart). Packets are lost, late, doubled,
//! forged and replayed; keys change and contexts move through export and restore under way. A model
//! that knows nothing of srtp-core says which packets must open.
//!
//! `soak [SECONDS-OF-DAY]`: fewer for a quick look.

#[path = "../soak/call.rs"]
mod call;
#[path = "../soak/model.rs"]
mod model;

use std::time::Instant;

use call::{Call, Tally};
use srtp_core::CryptoSuite;

/// Calls of two streams each, voice and video.
const CALLS: usize = 2500;
/// Trunks between two gateways: many streams under one key.
const TRUNKS: usize = 5;
const STREAMS_OF_A_TRUNK: usize = 1000;
const PACKETS_PER_SECOND: u64 = 50;
/// How many times the memory is looked at.
const SAMPLES: u64 = 20;
/// What resident memory may grow by after the first samples, in KiB.
const ALLOWED_GROWTH: u64 = 512;

fn main() {
    let seconds: u64 = std::env::args().nth(1).map_or(86_400, |text| {
        text.parse().unwrap_or_else(|_| panic!("not a number of seconds: {text}"))
    });
    let day = seconds * PACKETS_PER_SECOND;
    let begun = Instant::now();
    let suites: Vec<_> = CryptoSuite::ALL.to_vec();
    let mut calls: Vec<Call> = (0..CALLS + TRUNKS)
        .map(|number| {
            let streams = if number < CALLS { 2 } else { STREAMS_OF_A_TRUNK };
            Call::new(number as u64, suites[number % suites.len()], streams)
        })
        .collect();

    let mut tally = Tally::default();
    let mut memory = Vec::new();
    for sample in 1..=SAMPLES {
        // Round robin, as packets of many calls come in.
        let until = day * sample / SAMPLES;
        let mut busy = true;
        while busy {
            busy = false;
            for call in &mut calls {
                busy |= call.tick(until, &mut tally);
            }
        }
        memory.push(resident());
    }
    for call in &mut calls {
        call.finish(&mut tally);
    }

    let streams = 2 * CALLS + TRUNKS * STREAMS_OF_A_TRUNK;
    let wraps = calls.iter().map(Call::fewest_wraps).min().unwrap_or_default();
    let (early, last) = (memory[SAMPLES as usize / 4], memory[SAMPLES as usize - 1]);
    println!("| what | figure |\n|---|--:|");
    let row = |what: &str, figure: u64| println!("| {what} | {figure} |");
    row("streams", streams as u64);
    row("sequence numbers each stream goes through", day);
    row("wraps of the sequence number, the stream with the fewest", wraps);
    row("SRTP packets protected", tally.protected);
    row("SRTCP packets protected", tally.reports);
    row("lost", tally.lost);
    row("late by up to 8 packets", tally.late);
    row("opened, as they must", tally.opened);
    row("behind the window when they came, refused as they must", tally.too_late);
    row("forged, all refused", tally.forged);
    row("doubled or replayed, all refused", tally.replayed);
    row("changes of key", tally.rekeys);
    row("moves through export and restore", tally.moves);
    row("resident memory after a quarter of the day, KiB", early);
    row("resident memory at its end, KiB", last);
    row("seconds it took", begun.elapsed().as_secs());

    let tenth = (tally.protected + tally.reports + tally.forged + tally.replayed) / 10;
    assert!(tally.forged >= tenth, "forgeries are a tenth of the traffic");
    assert!(seconds < 86_400 || wraps >= 2, "every stream wraps twice");
    assert!(last <= early + ALLOWED_GROWTH, "memory grows: {memory:?}");
    assert!(seconds < 86_400 || tally.rekeys.min(tally.moves) > 1000, "calls change and move");
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default()
}
