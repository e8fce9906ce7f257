//! Measures this family beside its peers and writes `REPORT.md` and two plots.
//!
//! ```text
//! cargo run --release -p srtp-benches --features peers --bin report           # measures and writes
//! cargo run --release -p srtp-benches --bin report -- --smoke                 # one round, prints
//! ```
//!
//! With the OpenSSL of the system in the place of the bundled one, into a file of its own and without
//! plots (`libssl-dev`; a target directory of its own saves the other's build):
//!
//! ```text
//! OPENSSL_NO_VENDOR=1 cargo run --release -p srtp-benches --features peers \
//!     --target-dir target/system-openssl --bin report -- REPORT-OPENSSL-3.0.md
//! ```
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use srtp_benches::contestants::{Contestant, SUITES};
use srtp_benches::interleave::{Cost, Entry, compare};
use srtp_benches::plot::{Line, plot};
use srtp_benches::workload::{BATCH, Kind, Protect, Unprotect, fresh_streams, set_up};
use srtp_benches::{STREAMS, for_each_contestant};
use srtp_core::CryptoSuite;

/// Payload lengths of the plot, in bytes.
const SIZES: [usize; 8] = [20, 40, 80, 160, 320, 640, 960, 1200];

/// One of the report's lines: what was measured, and what each contestant needed.
type Row = (String, Vec<Cost>);

fn entry<C>(batch: impl FnMut() -> std::time::Duration + 'static, per: usize) -> Entry
where
    C: Contestant,
{
    Entry { name: C::NAME, batch: Box::new(batch), per: u32::try_from(per).unwrap() }
}

fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    macro_rules! name {
        ($type:ty) => {
            names.push(<$type>::NAME);
        };
    }
    for_each_contestant!(name);
    names
}

fn protect(suite: CryptoSuite, kind: Kind, streams: u32, rounds: usize) -> Vec<Cost> {
    let mut entries = Vec::new();
    macro_rules! add {
        ($type:ty) => {
            let mut work = Protect::<$type>::new(suite, kind, streams);
            entries.push(entry::<$type>(move || work.batch(), BATCH));
        };
    }
    for_each_contestant!(add);
    compare(&mut entries, rounds)
}

fn unprotect(suite: CryptoSuite, kind: Kind, rounds: usize) -> Vec<Cost> {
    let mut entries = Vec::new();
    macro_rules! add {
        ($type:ty) => {
            let mut work = Unprotect::<$type>::new(suite, kind);
            entries.push(entry::<$type>(move || work.batch(), BATCH));
        };
    }
    for_each_contestant!(add);
    compare(&mut entries, rounds)
}

fn setting_up(suite: CryptoSuite, rounds: usize) -> Vec<Cost> {
    let mut entries = Vec::new();
    macro_rules! add {
        ($type:ty) => {
            entries.push(entry::<$type>(move || set_up::<$type>(suite), 1));
        };
    }
    for_each_contestant!(add);
    compare(&mut entries, rounds)
}

/// The first packet of an SSRC less a packet of a known one.
fn one_more_stream(suite: CryptoSuite, rounds: usize) -> Vec<Cost> {
    let mut entries = Vec::new();
    macro_rules! add {
        ($type:ty) => {
            entries.push(entry::<$type>(move || fresh_streams::<$type>(suite, true), BATCH));
            entries.push(entry::<$type>(move || fresh_streams::<$type>(suite, false), BATCH));
        };
    }
    for_each_contestant!(add);
    let costs = compare(&mut entries, rounds);
    let (pairs, _) = costs.as_chunks::<2>();
    let less = |[first, known]: &[Cost; 2]| Cost {
        least: first.least - known.least,
        median: first.median - known.median,
    };
    pairs.iter().map(less).collect()
}

/// What a context adds to cipher and tag of a packet, in a table; nothing where they cannot be had
/// apart.
#[cfg(all(feature = "accel", target_arch = "x86_64"))]
fn around(out: &mut String, rounds: usize) {
    use srtp_benches::around::Primitives;
    use srtp_benches::contestants::Ours;

    let payload = srtp_benches::PAYLOADS[0];
    let kind = Kind::Rtp(payload);
    let mut rows = String::new();
    for suite in SUITES {
        let (Some(mut seals), Some(mut opens)) =
            (Primitives::new(suite, payload), Primitives::new(suite, payload))
        else {
            return;
        };
        let mut protect = Protect::<Ours>::new(suite, kind, 1);
        let mut unprotect = Unprotect::<Ours>::new(suite, kind);
        let mut entries = [
            entry::<Ours>(move || protect.batch(), BATCH),
            entry::<Ours>(move || seals.protect(), BATCH),
            entry::<Ours>(move || unprotect.batch(), BATCH),
            entry::<Ours>(move || opens.unprotect(), BATCH),
        ];
        let costs = compare(&mut entries, rounds);
        let (pairs, _) = costs.as_chunks::<2>();
        for (direction, [whole, alone]) in ["protect", "unprotect"].into_iter().zip(pairs) {
            writeln!(
                rows,
                "| {direction} {}, {suite} | {:.1} ({:.1}) | {:.1} ({:.1}) | **{:.1}** ({:.1}) |",
                kind.name(),
                whole.least,
                whole.median,
                alone.least,
                alone.median,
                whole.least - alone.least,
                whole.median - alone.median,
            )
            .unwrap();
        }
    }
    write!(
        out,
        "## Around cipher and tag\n\n\
         The same packets through a context, and by the same calls of srtp-accel alone with an IV that \
         is there\nalready: the difference is parsing, lookup, index, replay protection, lifetime and \
         whatever else is not\ncipher or tag, as far as the processor does not do it while it waits for \
         these. The target is 15 ns.\n\n\
         | nanoseconds | in a context | cipher and tag alone | difference |\n|---|--:|--:|--:|\n\
         {rows}\n"
    )
    .unwrap();
}

#[cfg(not(all(feature = "accel", target_arch = "x86_64")))]
fn around(_: &mut String, _: usize) {}

/// A table: nanoseconds of ours, of each peer, and how many times ours goes into each.
fn table(out: &mut String, what: &str, names: &[&str], rows: &[Row]) {
    let mut head = format!("| {what} |");
    let mut rule = String::from("|---|");
    for name in names {
        write!(head, " {name} |").unwrap();
        rule.push_str("--:|");
    }
    writeln!(out, "{head}\n{rule}").unwrap();
    for (row, costs) in rows {
        write!(out, "| {row} |").unwrap();
        let ours = costs.first().unwrap();
        for (i, cost) in costs.iter().enumerate() {
            write!(out, " {:.0} ({:.0})", cost.least, cost.median).unwrap();
            if i > 0 {
                let (least, median) = (cost.least / ours.least, cost.median / ours.median);
                write!(out, ", **{least:.2}×** ({median:.2}×)").unwrap();
            }
            out.push_str(" |");
        }
        out.push('\n');
    }
    out.push('\n');
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().into())
}

fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, value)| value.trim())
    };
    let flags: Vec<_> = field("flags").split(' ').collect();
    let has: Vec<_> = ["aes", "pclmulqdq", "sha_ni", "avx2", "avx512bw", "vaes", "vpclmulqdq"]
        .into_iter()
        .filter(|flag| flags.contains(flag))
        .collect();
    format!(
        "{} (family {}, model {}) with {}; {}; {}",
        field("model name"),
        field("cpu family"),
        field("model"),
        has.join(", "),
        output_of("uname", &["-sm"]),
        output_of("rustc", &["--version"]),
    )
}

fn main() {
    let argument = std::env::args().nth(1);
    let smoke = argument.as_deref() == Some("--smoke");
    let other_file = argument.filter(|_| !smoke);
    let rounds = if smoke { 1 } else { 400 };
    let names = names();
    let mut out = String::from("# What a packet costs\n\n");
    writeln!(
        out,
        "{}, {}.\n\n\
         Written by `cargo run --release -p srtp-benches --features peers --bin report`, which \
         measures all\ncontestants of a row in turns, {rounds} batches of {BATCH} packets each. \
         Nanoseconds per packet in the quickest\nbatch, and in parentheses in the median one, which \
         other work on the machine disturbs; in bold, how many\ntimes the quickest batch of \
         {} goes into that of the peer, in parentheses the same of the medians.\n\n\
         One packet at a time, in place (the peers of webrtc-rs return a new buffer), 12 bytes of \
         RTP header,\nreplay protection on. [BATCH.md](BATCH.md) has many packets in one call.\n",
        output_of("date", &["-u", "+%F"]),
        machine(),
        names.first().unwrap(),
    )
    .unwrap();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    if let Some(load) = load.split(' ').next() {
        writeln!(out, "Load average of the machine when it began: {load}.\n").unwrap();
    }
    #[cfg(feature = "peer-libsrtp")]
    writeln!(
        out,
        "The crate `srtp` 0.7 is linked with {} here. This project's targets were set against 3.0,\n\
         which is slower: [REPORT.md](REPORT.md) has the one that the crate bundles,\n\
         [REPORT-OPENSSL-3.0.md](REPORT-OPENSSL-3.0.md) that of Debian 12.\n",
        openssl::version::version(),
    )
    .unwrap();

    for suite in SUITES {
        writeln!(out, "## {suite}\n").unwrap();
        let mut rows = Vec::new();
        for kind in Kind::all() {
            rows.push((format!("protect {}", kind.name()), protect(suite, kind, 1, rounds)));
            rows.push((format!("unprotect {}", kind.name()), unprotect(suite, kind, rounds)));
        }
        table(&mut out, "one SSRC", &names, &rows);
    }

    around(&mut out, rounds);

    let cm = SUITES[0];
    let mut rows = Vec::new();
    for streams in STREAMS {
        let rounds = if streams > 1000 { rounds / 4 + 1 } else { rounds };
        rows.push((streams.to_string(), protect(cm, Kind::Rtp(160), streams, rounds)));
    }
    writeln!(out, "## Many SSRCs in one context\n\n{cm}, protect 160 B, SSRCs in turn.\n").unwrap();
    table(&mut out, "SSRCs", &names, &rows);
    out.push_str(
        "Batches differ in the SSRCs they meet, so here the median says more than the quickest: \
         libsrtp walks a\nlist, whose front is near. With ten thousand the caches of the processor \
         show: every packet meets a\nstream that is in none of them.\n\n\
         ![Cost by number of SSRCs](streams.svg)\n\n",
    );
    let streams_lines = lines(&names, &rows, STREAMS.map(f64::from));

    writeln!(out, "## Keys and streams\n").unwrap();
    let mut rows = Vec::new();
    for suite in SUITES {
        rows.push((
            format!("a sender's keys for RTP and RTCP, {suite}"),
            setting_up(suite, rounds),
        ));
    }
    for suite in SUITES {
        rows.push((
            format!("the first packet of an SSRC more than a later one, {suite}"),
            one_more_stream(suite, rounds),
        ));
    }
    table(&mut out, "nanoseconds", &names, &rows);

    writeln!(out, "## By payload size\n\n{cm}, protect.\n").unwrap();
    let rows: Vec<Row> = SIZES
        .iter()
        .map(|size| (format!("{size} B"), protect(cm, Kind::Rtp(*size), 1, rounds)))
        .collect();
    table(&mut out, "payload", &names, &rows);
    out.push_str("![Cost by payload size](payload.svg)\n");
    #[allow(clippy::cast_precision_loss)] // a few hundred
    let payload_lines = lines(&names, &rows, SIZES.map(|size| size as f64));

    if smoke {
        println!("{out}");
        return;
    }
    let place = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = other_file.as_deref().unwrap_or("REPORT.md");
    std::fs::write(place.join(file), out).unwrap();
    println!("wrote benches/{file}");
    if other_file.is_some() {
        return;
    }
    let svg =
        plot("protect, AES_CM_128_HMAC_SHA1_80: ns per packet", "payload in bytes", &payload_lines);
    std::fs::write(place.join("payload.svg"), svg).unwrap();
    let svg =
        plot("protect 160 B, AES_CM_128_HMAC_SHA1_80: ns per packet", "SSRCs", &streams_lines);
    std::fs::write(place.join("streams.svg"), svg).unwrap();
    println!("wrote benches/payload.svg and streams.svg");
}

fn lines<const N: usize>(names: &[&'static str], rows: &[Row], xs: [f64; N]) -> Vec<Line> {
    let line = |(i, name): (usize, &&'static str)| Line {
        name,
        points: rows
            .iter()
            .zip(xs)
            .map(|((_, costs), x)| (x, costs.get(i).unwrap().least))
            .collect(),
    };
    names.iter().enumerate().map(line).collect()
}
