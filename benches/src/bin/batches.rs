//! Measures batches beside one packet at a time and writes `BATCH.md` and `batch.svg`.
//!
//! ```text
//! cargo run --release -p srtp-benches --bin batches                            # measures and writes
//! cargo run --release -p srtp-benches --features peer-ipsec-mb --bin batches   # with Intel's library
//! cargo run --release -p srtp-benches --bin batches -- --smoke                 # one round, prints
//! cargo run --release -p srtp-benches --bin batches -- --quick                 # 16 and 64, prints
//! cargo run --release -p srtp-benches --bin batches -- --quick 'GCM unprotect' # of that those tables
//! ```
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use srtp_benches::batches::{CONTEXTS, How, SAMPLE, protect, timed, unprotect};
use srtp_benches::interleave::{Cost, Entry, compare};
use srtp_benches::plot::{Line, plot};
use srtp_core::CryptoSuite;

/// Packets of a batch.
const SIZES: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Those around the count from which lanes are used.
const FEW: [usize; 6] = [3, 4, 5, 6, 7, 8];

/// Payload lengths in bytes; none stands for a mixture.
const PAYLOADS: [(&str, Option<usize>); 4] =
    [("20 B", Some(20)), ("160 B", Some(160)), ("1200 B", Some(1200)), ("40 to 1139 B", None)];

/// Calls whose contexts are far more than the caches hold.
const CALLS: usize = 10_000;

const CM: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
const GCM: CryptoSuite = CryptoSuite::AeadAes128Gcm;

#[derive(Clone, Copy)]
enum Direction {
    Protect,
    Unprotect,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Protect => "protect",
            Self::Unprotect => "unprotect",
        }
    }

    fn work(
        self,
        suite: CryptoSuite,
        payload: Option<usize>,
        contexts: usize,
        count: usize,
        how: How,
    ) -> Box<dyn FnMut() -> Duration> {
        match self {
            Self::Protect => Box::new(timed(protect(suite, payload, contexts, count, how))),
            Self::Unprotect => Box::new(timed(unprotect(suite, payload, contexts, count, how))),
        }
    }
}

/// Packets of a sample that batches of `size` fill.
fn sample(size: usize) -> usize {
    SAMPLE.next_multiple_of(size)
}

fn entry(name: &'static str, count: usize, batch: Box<dyn FnMut() -> Duration>) -> Entry {
    Entry { name, batch, per: u32::try_from(count).unwrap() }
}

/// One at a time and in batches of `size`, in turns.
fn pair(
    direction: Direction,
    suite: CryptoSuite,
    payload: Option<usize>,
    size: usize,
    rounds: usize,
) -> [Cost; 2] {
    let count = sample(size);
    let mut entries = [How::OneByOne, How::Batches(size)]
        .map(|how| entry("", count, direction.work(suite, payload, CONTEXTS, count, how)));
    *compare(&mut entries, rounds).first_chunk().unwrap()
}

fn cell(out: &mut String, [alone, batch]: [Cost; 2]) {
    let (least, median) = (alone.least / batch.least, alone.median / batch.median);
    write!(out, " {:.0} ({:.0}), **{least:.2}×** ({median:.2}×) |", batch.least, batch.median)
        .unwrap();
}

/// A table of batch sizes by payload lengths; what was measured, by payload.
fn table(
    out: &mut String,
    direction: Direction,
    suite: CryptoSuite,
    payloads: &[(&'static str, Option<usize>)],
    sizes: &[usize],
    rounds: usize,
) -> Vec<Vec<[Cost; 2]>> {
    let mut head = format!("| {}, packets of a batch |", direction.name());
    let mut rule = String::from("|---|");
    for (name, _) in payloads {
        write!(head, " {name} |").unwrap();
        rule.push_str("--:|");
    }
    writeln!(out, "{head}\n{rule}").unwrap();
    let mut columns = vec![Vec::new(); payloads.len()];
    let mut rows = String::new();
    for size in sizes {
        write!(rows, "| {size} |").unwrap();
        for ((_, payload), column) in payloads.iter().zip(&mut columns) {
            let costs = pair(direction, suite, *payload, *size, rounds);
            cell(&mut rows, costs);
            column.push(costs);
        }
        rows.push('\n');
    }
    write!(out, "| one at a time |").unwrap();
    for column in &columns {
        // Of all runs, for it is the same in each.
        let least = column.iter().map(|[alone, _]| alone.least).fold(f64::INFINITY, f64::min);
        let mut medians: Vec<_> = column.iter().map(|[alone, _]| alone.median).collect();
        medians.sort_by(f64::total_cmp);
        write!(out, " {least:.0} ({:.0}) |", medians.get(medians.len() / 2).unwrap()).unwrap();
    }
    writeln!(out, "\n{rows}").unwrap();
    columns
}

/// How many calls of G.711 one core carries: 50 packets a second protected and 50 unprotected.
fn calls(out: &mut String, suite: CryptoSuite, contexts: usize, rounds: usize) {
    let hows = [How::OneByOne, How::Batches(16), How::Batches(64)];
    let costs = [Direction::Protect, Direction::Unprotect].map(|direction| {
        let mut entries = hows
            .map(|how| entry("", SAMPLE, direction.work(suite, Some(160), contexts, SAMPLE, how)));
        compare(&mut entries, rounds)
    });
    let [protect, unprotect] = &costs;
    write!(out, "| {suite}, {contexts} calls |").unwrap();
    for (tx, rx) in protect.iter().zip(unprotect) {
        let carried = |cost: fn(&Cost) -> f64| 1e9 / (50.0 * (cost(tx) + cost(rx)));
        write!(out, " {:.0} ({:.0}) |", carried(|c| c.least), carried(|c| c.median)).unwrap();
    }
    out.push('\n');
}

/// Our batches beside those of Intel's library.
#[cfg(feature = "peer-ipsec-mb")]
fn intel(out: &mut String, rounds: usize) {
    use srtp_benches::batches::protect_by_ipsec_mb;

    out.push_str(
        "## Beside intel-ipsec-mb\n\n\
         Debian's `libipsec-mb-dev`, AES_CM_128_HMAC_SHA1_80, protect, in turns with ours. It ciphers \
         and signs the\nsame packets to the same bytes; streams, rollover counters and rules against \
         replays are its caller's. First\nits nanoseconds, then ours; in bold, how many times ours go \
         into its.\n\n| packets of a batch |",
    );
    for (name, _) in PAYLOADS {
        write!(out, " {name} |").unwrap();
    }
    writeln!(out, "\n|---|{}", "--:|".repeat(PAYLOADS.len())).unwrap();
    for size in [8, 16, 32, 64, 256] {
        let count = sample(size);
        write!(out, "| {size} |").unwrap();
        for (_, payload) in PAYLOADS {
            let ours = Direction::Protect.work(CM, payload, CONTEXTS, count, How::Batches(size));
            let theirs = Box::new(timed(protect_by_ipsec_mb(payload, count, size)));
            let mut entries = [entry("", count, theirs), entry("", count, ours)];
            let [theirs, ours] = *compare(&mut entries, rounds).first_chunk().unwrap();
            write!(out, " {:.0} ({:.0}), then", theirs.least, theirs.median).unwrap();
            cell(out, [theirs, ours]);
        }
        out.push('\n');
    }
    out.push('\n');
}

/// What is looked at most often, for one who changes the code: the tables in whose names `wanted` is,
/// printed and written nowhere.
fn quick(wanted: &str) {
    const ROUNDS: usize = 3000;
    let mut out = String::new();
    for direction in [Direction::Protect, Direction::Unprotect] {
        for (suite, payloads) in [(CM, PAYLOADS.as_slice()), (GCM, &[("160 B", Some(160))])] {
            let name = format!("{suite} {}", direction.name());
            if name.contains(wanted) {
                writeln!(out, "{name}\n").unwrap();
                table(&mut out, direction, suite, payloads, &[16, 64], ROUNDS);
            }
        }
    }
    println!("{out}");
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().into())
}

fn processor() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    model.map_or_else(|| "unknown".into(), |model| model.trim_matches([' ', '\t', ':']).into())
}

fn main() {
    if std::env::args().nth(1).is_some_and(|argument| argument == "--quick") {
        return quick(&std::env::args().nth(2).unwrap_or_default());
    }
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let rounds = if smoke { 1 } else { 1000 };
    let mut out = String::from("# What a packet costs in a batch\n\n");
    writeln!(
        out,
        "{}, {}; {}.\n\n\
         Written by `cargo run --release -p srtp-benches --features peer-ipsec-mb --bin batches`, \
         which measures one\nat a time and batches in turns, {rounds} samples of {SAMPLE} packets or \
         of one batch each, in place, {CONTEXTS} contexts\nwith keys of their own that take packets \
         in turns. Nanoseconds per packet in the quickest sample, and in\nparentheses in the median \
         one, which other work on the machine disturbs; in bold, how many times the batch\ngoes into \
         one at a time of the same run, in parentheses the same of the medians.\n",
        output_of("date", &["-u", "+%F"]),
        processor(),
        output_of("rustc", &["--version"]),
    )
    .unwrap();

    let mut lines = Vec::new();
    let xs = SIZES.map(|size| f64::from(u32::try_from(size).unwrap()));
    writeln!(out, "## {CM}\n").unwrap();
    for direction in [Direction::Protect, Direction::Unprotect] {
        let columns = table(&mut out, direction, CM, &PAYLOADS, &SIZES, rounds);
        let names = match direction {
            Direction::Protect => ["20 B", "160 B", "1200 B", "40 to 1139 B"].as_slice(),
            // Else the lines would lie one on the other.
            Direction::Unprotect => &["", "160 B, unprotect"],
        };
        for (name, column) in names.iter().zip(columns).filter(|(name, _)| !name.is_empty()) {
            let points = xs.iter().zip(column).map(|(x, [_, batch])| (*x, batch.least)).collect();
            lines.push(Line { name, points });
        }
    }
    out.push_str("![Cost by packets of a batch](batch.svg)\n\n");

    writeln!(out, "## {GCM}\n\nIts packets go one after the other, in a batch as without.\n")
        .unwrap();
    let payloads = &[("160 B", Some(160))];
    for direction in [Direction::Protect, Direction::Unprotect] {
        table(&mut out, direction, GCM, payloads, &SIZES, rounds);
    }

    writeln!(out, "## Few packets\n\n{CM}, around the count from which lanes are used.\n").unwrap();
    for direction in [Direction::Protect, Direction::Unprotect] {
        table(&mut out, direction, CM, &PAYLOADS, &FEW, rounds);
    }

    out.push_str(
        "## Calls of G.711\n\nHow many calls one core carries if it does nothing else: both \
         directions, 50 packets a second each, 160 bytes\nof payload. By the quickest sample, and in \
         parentheses by the median one. With 16 calls everything is in the\nfirst caches; with \
         10 000, which come in an order that no cache foresees, no context is.\n\n\
         | suite, contexts of | one at a time | batches of 16 | batches of 64 |\n|---|--:|--:|--:|\n",
    );
    for suite in [CM, GCM] {
        for contexts in [CONTEXTS, CALLS] {
            calls(&mut out, suite, contexts, rounds);
        }
    }
    out.push('\n');
    #[cfg(feature = "peer-ipsec-mb")]
    intel(&mut out, rounds);

    if smoke {
        println!("{out}");
        return;
    }
    let place = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(place.join("BATCH.md"), format!("{}\n", out.trim_end())).unwrap();
    let svg = plot("protect, AES_CM_128_HMAC_SHA1_80: ns per packet", "packets of a batch", &lines);
    std::fs::write(place.join("batch.svg"), svg).unwrap();
    println!("wrote benches/BATCH.md and batch.svg");
}
