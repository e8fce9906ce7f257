//! Rubbish on every input: bytes at random, and good inputs with a few things wrong. Nothing panics,
//! the exit code is one of the contract, and a bad end says what is wrong.

// Outside of #[test] functions the lints for what ships apply, which tests are free of.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod common;

use std::io::Write;

use clap::Parser;
use common::*;
use proptest::prelude::*;
use srtp_doctor::cli::{Cli, Command};
use srtp_doctor::failure::{Exit, Failure};
use srtp_doctor::terminal::Visible;

/// Runs a command inside of this process; `-` cannot be used.
fn run(args: &[&str]) -> (Result<Exit, Failure>, Vec<u8>) {
    let cli = Cli::parse_from([&["srtp-doctor"], args].concat());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let result = match &cli.command {
        Command::Decrypt(args) => srtp_doctor::decrypt::run(args, cli.common, &mut out, &mut err),
        Command::Explain(args) => srtp_doctor::explain::run(args, cli.common, &mut out, &mut err),
        Command::Answer(args) => srtp_doctor::answer::run(args, cli.common, &mut out, &mut err),
        Command::Connect(args) => srtp_doctor::connect::run(args, cli.common, &mut out),
        Command::Packet(_) | Command::Keys(_) => panic!("they read no files"),
    };
    (result, out)
}

/// Runs with a file of this content in the place of FILE.
fn with_file(args: &[&str], content: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let path = file.path().to_str().unwrap();
    let args: Vec<&str> = args.iter().map(|arg| if *arg == "FILE" { path } else { arg }).collect();
    let (result, out) = run(&args);
    match result {
        Ok(_) => assert!(!out.is_empty(), "{args:?} ends well and says nothing"),
        Err(Failure { exit, message }) => {
            assert!(matches!(exit, Exit::Unreadable | Exit::Usage), "{args:?}: {exit:?}");
            let long = message.len() < 2000 && message.contains(": ");
            assert!(long, "{args:?}: {message:?} does not say what and where");
        }
    }
}

fn sdp_file(name: &str) -> Vec<u8> {
    let path = format!("{}/../test-vectors/sdes/sdp/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn path(name: &str) -> String {
    format!("{}/../test-vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// One thing that goes wrong with bytes, at a place given in thousandths.
#[derive(Clone, Debug)]
enum Harm {
    Set(usize, u8),
    Flip(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Double(usize, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = 0..1000_usize;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (at.clone(), 0..8_u8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        at.clone().prop_map(Harm::Cut),
        (at.clone(), 1..200_usize).prop_map(|(at, len)| Harm::Remove(at, len)),
        (at, 1..200_usize).prop_map(|(at, len)| Harm::Double(at, len)),
    ]
}

fn harmed(mut bytes: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        let len = bytes.len();
        let place = |at: &usize| at * len / 1000;
        if len == 0 {
            break;
        }
        match harm {
            Harm::Set(at, byte) => bytes[place(at)] = *byte,
            Harm::Flip(at, bit) => bytes[place(at)] ^= 1 << bit,
            Harm::Cut(at) => bytes.truncate(place(at)),
            Harm::Remove(at, count) => drop(bytes.drain(place(at)..(place(at) + count).min(len))),
            Harm::Double(at, count) => {
                let again = bytes[place(at)..(place(at) + count).min(len)].to_vec();
                bytes.splice(place(at)..place(at), again);
            }
        }
    }
    bytes
}

fn harms() -> impl Strategy<Value = Vec<Harm>> {
    proptest::collection::vec(harm(), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn captures_with_sip_over_tcp(harms in harms()) {
        let whole = std::fs::read(vector("linphone-tcp-aes-256-rekey.pcap")).unwrap();
        let bytes = harmed(whole[..24_000].to_vec(), &harms);
        with_file(&["explain", "FILE"], &bytes);
        with_file(&["decrypt", "FILE", "--json"], &bytes);
    }

    #[test]
    fn captures_with_an_sdp_beside(harms in harms()) {
        let whole = std::fs::read(vector("gstreamer-aes-256-gcm.pcap")).unwrap();
        let bytes = harmed(whole[..6_000].to_vec(), &harms);
        let sdp = path("captures/gstreamer-aes-256-gcm.sdp");
        with_file(&["decrypt", "FILE", "--sdp", &sdp], &bytes);
        let harmed_sdp = harmed(std::fs::read(&sdp).unwrap(), &harms);
        let capture = path("captures/gstreamer-aes-256-gcm.pcap");
        with_file(&["decrypt", &capture, "--sdp", "FILE"], &harmed_sdp);
    }

    #[test]
    fn sdps(harms in harms(), which in 0..4_usize) {
        let name = ["cisco-offer.sdp", "rfc4568-7.1.5-offer.sdp", "polycom-scenario-two.sdp", "typical-invite.sdp"][which];
        let bytes = harmed(sdp_file(name), &harms);
        let other = path("sdes/sdp/cisco-answer.sdp");
        with_file(&["explain", "FILE", &other], &bytes);
        with_file(&["explain", &other, "FILE"], &bytes);
        with_file(&["answer", "FILE", "--as", "srtp-preferred"], &bytes);
        with_file(&["explain", "FILE"], &bytes);
    }

    #[test]
    fn logs(harms in harms()) {
        let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "|2^20|1:4")]);
        let answer = sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]);
        let log = [
            sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &offer),
            sip("SIP/2.0 200 OK", "1 INVITE", "b", &answer),
        ];
        with_file(&["explain", "FILE"], &harmed(log.concat().into_bytes(), &harms));
    }

    #[test]
    fn configurations(harms in harms(), which in 0..2_usize) {
        let name = ["cisco-srtp-fallback-dial-peer.txt", "polycom-scenario-two.txt"][which];
        let bytes = harmed(std::fs::read(path(&format!("negotiation/{name}"))).unwrap(), &harms);
        with_file(&["connect", "FILE", "srtp"], &bytes);
        with_file(&["connect", "srtp", "FILE"], &bytes);
    }

    #[test]
    fn bytes_at_random(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let start: &[u8] = if magic { &[0x0a, 0x0d, 0x0d, 0x0a] } else { &[] };
        let bytes = [start, &bytes].concat();
        for args in [
            &["decrypt", "FILE"][..],
            &["explain", "FILE"],
            &["answer", "FILE", "--as", "srtp"],
            &["connect", "FILE", "rtp"],
        ] {
            with_file(args, &bytes);
        }
    }

    /// Each line has its answer, whatever it is; the filter never stops before the end.
    #[test]
    fn packet_lines(
        text in proptest::collection::vec(
            prop_oneof![
                "[0-9a-f]{0,120}",
                "80[0-9a-f]{22,60}",
                "!(set-roc|get-roc|remove|rekey|streams|x) [0-9a-fx ]{0,12}",
                "[^\n\r]{0,30}",
            ],
            0..30,
        ),
        protect in any::<bool>(),
        harms in harms(),
    ) {
        let way = if protect { "protect" } else { "unprotect" };
        let line = crypto(1, 1, "");
        let cli = Cli::parse_from(["srtp-doctor", "packet", way, "--auto", "--explain", "--crypto", &line]);
        let Command::Packet(args) = &cli.command else { panic!("packet") };
        let input = harmed(text.join("\n").into_bytes(), &harms);
        let mut out = Visible::new(Vec::new());
        let exit = srtp_doctor::packet::filter(args, cli.common, &mut &input[..], &mut out).unwrap();
        let told = String::from_utf8(out.into_inner()).unwrap();
        let told = anstream::adapter::strip_str(&told).to_string();
        let asked = input.split_inclusive(|byte| *byte == b'\n').filter(|line| {
            line.trim_ascii_start().first() != Some(&b'#')
        });
        let answers: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
        prop_assert_eq!(answers.len(), asked.count(), "{}", told);
        let refused = answers.iter().any(|answer| answer.starts_with("err "));
        prop_assert_eq!(exit, if refused { Exit::Refused } else { Exit::Secured });
    }

    /// A crypto line given by hand, on any option that takes one.
    #[test]
    fn crypto_lines(harms in harms()) {
        let line = harmed(crypto(1, 1, "|2^20|1:4 KDR=3 WSH=128").into_bytes(), &harms);
        let line = String::from_utf8_lossy(&line).into_owned();
        let option = format!("--crypto={line}");
        let capture = path("captures/gstreamer-aes-256-gcm.pcap");
        match run(&["decrypt", &capture, &option]).0 {
            Ok(exit) => prop_assert_eq!(exit, Exit::Refused),
            Err(failure) => {
                prop_assert!(failure.message.contains(": "), "{}", failure);
                prop_assert!(!failure.message.contains("AQEBAQEB"), "{}", failure);
            }
        }
        let cli = Cli::parse_from(["srtp-doctor", "packet", "protect", "--rtp", &option]);
        let Command::Packet(args) = &cli.command else { panic!("packet") };
        let done = srtp_doctor::packet::filter(args, cli.common, &mut &b"80"[..], &mut Vec::new());
        match done {
            Ok(exit) => prop_assert_eq!(exit, Exit::Refused),
            Err(failure) => prop_assert_eq!(failure.exit, Exit::Usage),
        }
    }
}
