//! Counts the instructions of one packet, or one batch, by executing them one at a time, which no noise disturbs
//! and which works for instructions that valgrind does not know; and holds them against
//! `instructions.txt`.
//!
//! ```text
//! cargo run --release -p srtp-benches --bin instructions              # compares, fails above 3 %
//! cargo run --release -p srtp-benches --bin instructions -- --write   # takes the counts as the baseline
//! cargo run --release -p srtp-benches --bin instructions -- --trace 4 # addresses of the fifth case
//! ```
//!
//! The baseline has a section per machine and path (`accel`, or `portable` without that feature):
//! one without a section here is printed, not compared. A count changes with the compiler too; the
//! section says which one counted.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use srtp_benches::batches::{self, CONTEXTS, How};
use srtp_benches::contestants::{Contestant, Ours, SUITES};
use srtp_benches::workload::{BATCH, Kind, Protect, Unprotect};
use srtp_core::CryptoSuite;

/// How many per cent more than the baseline are too many.
const TOLERANCE: f64 = 3.0;

/// What a short packet takes that has no business to: SHA instructions behind registers of 512 bits that
/// were left dirty take a hundred times as long, and no count of instructions shows it.
const TOO_LONG: Duration = Duration::from_micros(2);

/// What one count is of.
#[derive(Clone, Copy)]
enum Case {
    Protect(Kind),
    Unprotect(Kind),
    /// Sixteen packets with so many bytes of payload, of as many contexts, in one call.
    ProtectBatch(usize),
    UnprotectBatch(usize),
    /// A sender for one SSRC.
    SetUp,
}

/// What is counted, by the names of the baseline.
fn cases() -> Vec<(String, CryptoSuite, Case)> {
    let mut cases = Vec::new();
    for suite in SUITES {
        for kind in Kind::all() {
            cases.push((format!("{suite} protect {}", kind.name()), suite, Case::Protect(kind)));
            cases.push((
                format!("{suite} unprotect {}", kind.name()),
                suite,
                Case::Unprotect(kind),
            ));
        }
        cases.push((format!("{suite} set-up"), suite, Case::SetUp));
    }
    for (suite, payload) in [(SUITES[0], 20), (SUITES[0], 160), (SUITES[1], 160)] {
        let batch = format!("batch of {CONTEXTS}, {payload} B");
        cases.push((format!("{suite} protect {batch}"), suite, Case::ProtectBatch(payload)));
        cases.push((format!("{suite} unprotect {batch}"), suite, Case::UnprotectBatch(payload)));
    }
    cases
}

/// Stops, runs one packet or batch, stops.
fn run_one(suite: CryptoSuite, case: Case, stop: impl Fn()) {
    match case {
        Case::Protect(kind) => {
            let mut work = Protect::<Ours>::new(suite, kind, 1);
            work.batch();
            work.prepare();
            stop();
            work.protect(0);
            stop();
        }
        Case::Unprotect(kind) => {
            let mut work = Unprotect::<Ours>::new(suite, kind);
            let mut rx = work.prepare();
            (1..BATCH).for_each(|number| {
                work.open(&mut rx, number);
            });
            stop();
            work.open(&mut rx, BATCH);
            stop();
        }
        Case::ProtectBatch(payload) => {
            let how = How::Batches(CONTEXTS);
            let mut sample = batches::protect(suite, Some(payload), CONTEXTS, CONTEXTS, how);
            sample(&mut || ());
            sample(&mut || stop());
        }
        Case::UnprotectBatch(payload) => {
            let how = How::Batches(CONTEXTS);
            let mut sample = batches::unprotect(suite, Some(payload), CONTEXTS, CONTEXTS, how);
            sample(&mut || ());
            sample(&mut || stop());
        }
        Case::SetUp => {
            drop(Ours::sender(suite, 1));
            stop();
            let tx = Ours::sender(suite, 1);
            stop();
            drop(tx);
        }
    }
}

fn baseline_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

/// Sections of `name: count` lines under `[…]` heads.
fn read_baseline() -> BTreeMap<String, BTreeMap<String, u64>> {
    let text = std::fs::read_to_string(baseline_path()).unwrap_or_default();
    let mut sections = BTreeMap::<String, BTreeMap<String, u64>>::new();
    let mut section = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.into();
        } else if let Some((name, count)) = line.split_once(": ") {
            let counts = sections.entry(section.clone()).or_default();
            counts.insert(name.into(), count.parse().unwrap_or_default());
        }
    }
    sections
}

/// Path and processor: what the counts depend on.
fn section() -> String {
    let path = if cfg!(feature = "accel") { "accel" } else { "portable" };
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has: Vec<_> = ["aes", "sha_ni", "avx2", "avx512bw", "vaes", "vpclmulqdq"]
        .into_iter()
        .filter(|flag| flags.split(' ').any(|f| f == *flag))
        .collect();
    format!("{path}, {} {}", std::env::consts::ARCH, has.join(" "))
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod step {
    use std::process::{Command, Stdio};

    use nix::sys::ptrace;
    use nix::sys::signal::{Signal, raise};
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::Pid;

    /// In the child: lets the parent trace it.
    pub(super) fn begin() {
        ptrace::traceme().unwrap();
    }

    /// In the child: hands over to the parent.
    pub(super) fn stop() {
        raise(Signal::SIGSTOP).unwrap();
    }

    /// Starts this program on a case and hands every address between its two stops to `seen`.
    pub(super) fn walk(case: usize, mut seen: impl FnMut(Pid)) {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .args(["--case", &case.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        assert!(matches!(waitpid(pid, None), Ok(WaitStatus::Stopped(_, Signal::SIGSTOP))));
        loop {
            ptrace::step(pid, None).unwrap();
            match waitpid(pid, None).unwrap() {
                WaitStatus::Stopped(_, Signal::SIGTRAP) => seen(pid),
                _ => break,
            }
        }
        ptrace::cont(pid, None).unwrap();
        child.wait().unwrap();
    }

    /// The instructions of a case.
    pub(super) fn count(case: usize) -> u64 {
        let mut steps = 0;
        walk(case, |_| steps += 1);
        steps
    }

    /// Prints where they are, for addr2line.
    pub(super) fn trace(case: usize) {
        let base = |pid: Pid| {
            let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
            u64::from_str_radix(maps.split('-').next().unwrap(), 16).unwrap()
        };
        let mut start = None;
        walk(case, |pid| {
            let start = *start.get_or_insert_with(|| base(pid));
            println!("{:#x}", ptrace::getregs(pid).unwrap().rip.wrapping_sub(start));
        });
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() -> ExitCode {
    println!("instructions are counted on Linux on x86-64 alone");
    ExitCode::SUCCESS
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let cases = cases();
    if let [flag, case] = arguments.as_slice()
        && flag == "--case"
    {
        let (_, suite, case) = cases.get(case.parse::<usize>().unwrap()).unwrap();
        step::begin();
        run_one(*suite, *case, step::stop);
        return ExitCode::SUCCESS;
    }

    if let [flag, case] = arguments.as_slice()
        && flag == "--trace"
    {
        step::trace(case.parse().unwrap());
        return ExitCode::SUCCESS;
    }

    // A few hundred of every count are those of the two stops and the harness.
    let counts: Vec<(&str, u64)> =
        (0..).zip(&cases).map(|(i, (name, ..))| (name.as_str(), step::count(i))).collect();
    let mut baseline = read_baseline();
    let section = section();
    if arguments.iter().any(|argument| argument == "--write") {
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        baseline.insert(section, counts);
        let mut text = String::from(
            "# Instructions per packet; written by `cargo run --release -p srtp-benches --bin \
             instructions -- --write`.\n",
        );
        for (section, counts) in baseline {
            text.push_str(&format!("\n[{section}]\n"));
            for (name, count) in counts {
                text.push_str(&format!("{name}: {count}\n"));
            }
        }
        std::fs::write(baseline_path(), text).unwrap();
        return ExitCode::SUCCESS;
    }

    let mut packets = Protect::<Ours>::new(SUITES[0], Kind::Rtp(20), 1);
    let quickest = (0..1000).map(|_| packets.batch()).min().unwrap_or_default();
    let mut worse = quickest / u32::try_from(BATCH).unwrap() > TOO_LONG;
    if worse {
        println!("a batch of {BATCH} packets takes {quickest:?}: are vector registers left dirty?");
    }

    println!("[{section}]");
    let known = baseline.get(&section);
    if known.is_none() {
        println!("no baseline for this processor; nothing to compare with");
    }
    for (name, count) in counts {
        let before = known.and_then(|known| known.get(name)).copied();
        #[allow(clippy::cast_precision_loss)] // a few thousand
        let change = before.map(|before| (count as f64 / before as f64 - 1.0) * 100.0);
        match change {
            Some(change) => println!("{name}: {count} ({change:+.1} %)"),
            None => println!("{name}: {count}"),
        }
        worse |= change.is_some_and(|change| change > TOLERANCE);
    }
    if worse {
        println!(
            "too slow, or more than {TOLERANCE} % above the baseline; if that must be, write it anew \
             and say why"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
