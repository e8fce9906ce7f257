//! What people read: `--help`, `connect`, `answer`, colour.

// Outside of #[test] functions the lints for what ships apply, which tests are free of.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod common;

use common::*;

fn file(name: &str) -> String {
    format!("{}/../test-vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The command line is a contract: words, options, defaults and exit codes as `--help` has them.
#[test]
fn help_is_this_one() {
    let mut told = String::new();
    for command in ["", "explain", "answer", "connect", "decrypt", "packet", "keys"] {
        let args = [command, "--help"].into_iter().filter(|arg| !arg.is_empty());
        let run = doctor(&args.collect::<Vec<_>>());
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        told += &format!("$ srtp-doctor {command} --help\n{}\n", run.out);
    }
    // clap indents some empty lines.
    let told: String = told.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    golden("help.txt", &told);
}

/// Whole calls between configured parties, step by step.
#[test]
fn calls_are_played_like_this() {
    let (one, two) = (
        file("negotiation/polycom-scenario-one.txt"),
        file("negotiation/polycom-scenario-two.txt"),
    );
    let fallback = file("negotiation/cisco-srtp-fallback-global.txt");
    for (name, args) in [
        ("connect-secured", &[&two[..], &one][..]),
        ("connect-plain", &[&one, &fallback, "--tls", "on"]),
        ("connect-refused", &["rtp", "twilio"]),
    ] {
        golden(&format!("{name}.txt"), &doctor(&[&["connect"], args].concat()).out);
    }
}

/// An answer is an SDP and nothing else, ready to be sent.
#[test]
fn answers_look_like_this() {
    let offer = file("sdes/sdp/polycom-scenario-one.sdp");
    let keys = "17".repeat(30);
    let args = ["answer", &offer, "--as", "srtp", "--keys", &keys, "--addr", "192.0.2.9:5000"];
    let run = doctor(&args);
    assert!(run.out.lines().count() > 5 && run.out.ends_with("\r\n"));
    golden("answer.txt", &run.out.replace('\r', ""));
}

/// Colour where it was asked for, and nowhere else; what it says is the same.
#[test]
fn colour_is_only_colour() {
    let call = file("captures/baresip-hold.pcap");
    for command in ["decrypt", "explain"] {
        let told = |color: &str| doctor(&[command, &call, "--color", color]).out;
        let (always, never, auto) = (told("always"), told("never"), told("auto"));
        assert!(always.contains("\x1b[") && !never.contains('\x1b'));
        assert_eq!(auto, never, "a pipe is no terminal");
        assert_eq!(anstream::adapter::strip_str(&always).to_string(), never);
        let json = doctor(&[command, &call, "--json", "--color", "always"]).out;
        assert!(!json.contains('\x1b'));
    }
}

/// No secret unless asked for, in any command and format: not the keys of the call, not what is
/// derived of a key.
#[test]
fn secrets_stay_secret() {
    let key = "5a".repeat(30);
    let suite = "AES_CM_128_HMAC_SHA1_80";
    let args = ["packet", "unprotect", "--auto", "--explain", "--suite", suite, "--salt-key", &key];
    let input = "80000001000000a000000007aabb00112233445566778899\nzz\n!rekey 1 X inline:WlpaWlpaWlpaWlpa\n";
    for json in [&[][..], &["--json"]] {
        let run = doctor_reading(&[&args[..], json].concat(), input.as_bytes());
        let all = run.out + &run.err;
        assert!(!all.contains("5a5a") && !all.contains("Wlpa"), "{all}");
        assert!(all.contains("SHA-256"), "{all}");
    }
    let capture = file("captures/gstreamer-aes-256-gcm.pcap");
    let sdp = file("captures/gstreamer-aes-256-gcm.sdp");
    let text = std::fs::read_to_string(&sdp).unwrap();
    let base64 = text.split("inline:").nth(1).unwrap().trim();
    for args in [&["decrypt", &capture, "--sdp", &sdp][..], &["explain", &sdp, &sdp]] {
        for options in [&[][..], &["--json"]] {
            let run = doctor(&[args, options].concat());
            assert!(!(run.out + &run.err).contains(base64), "{args:?}");
        }
    }
}
