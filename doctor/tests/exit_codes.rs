//! The exit codes of the contract, every one of every command that can end so.

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

/// Ends with this code; with 1 and 2 standard output is empty and standard error says why.
fn assert_code(code: i32, args: &[&str]) {
    let run = doctor(args);
    assert_eq!(run.code, code, "{args:?}: {}{}", run.out, run.err);
    if matches!(code, 1 | 2) {
        assert!(run.out.is_empty() && run.err.starts_with("error: "), "{args:?}: {}", run.err);
    } else {
        assert!(!run.out.is_empty(), "{args:?}");
    }
}

#[test]
fn explain() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secure = write("a.sdp", &sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]));
    let answer = write("b.sdp", &sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]));
    let plain = write("p.sdp", &sdp(A, "RTP/AVP", &[]));
    assert_code(0, &["explain", &secure, &answer]);
    assert_code(1, &["explain", &secure, "/no/such/file"]);
    assert_code(1, &["explain", &secure]);
    assert_code(2, &["explain"]);
    assert_code(3, &["explain", &plain, &write("q.sdp", &sdp(B, "RTP/AVP", &[]))]);
    assert_code(4, &["explain", &secure, &write("r.sdp", &sdp(B, "RTP/SAVP", &[]))]);
    assert_code(4, &["explain", &file("captures/baresip-refused-488.pcap")]);
}

#[test]
fn answer() {
    let (secure, plain) = (file("sdes/sdp/polycom-scenario-two.sdp"), "/dev/null");
    assert_code(0, &["answer", &secure, "--as", "srtp"]);
    assert_code(1, &["answer", plain, "--as", "srtp"]);
    assert_code(2, &["answer", &secure]);
    let offer = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(offer.path(), sdp(A, "RTP/AVP", &[])).unwrap();
    assert_code(3, &["answer", offer.path().to_str().unwrap(), "--as", "rtp"]);
    assert_code(4, &["answer", offer.path().to_str().unwrap(), "--as", "srtp"]);
}

#[test]
fn connect() {
    assert_code(0, &["connect", "srtp", "srtp-preferred"]);
    assert_code(1, &["connect", "/no/such/party", "srtp"]);
    assert_code(2, &["connect", "srtp"]);
    assert_code(3, &["connect", "rtp", "srtp-preferred"]);
    assert_code(4, &["connect", "rtp", "twilio"]);
}

#[test]
fn decrypt() {
    let call = file("captures/baresip-hold.pcap");
    assert_code(0, &["decrypt", &call]);
    assert_code(1, &["decrypt", "/no/such/file"]);
    assert_code(2, &["decrypt", &call, "--wav"]);
    assert_code(2, &["decrypt", &call, "--crypto", "1 X"]);
    let mut plain = Capture::new();
    plain.exchange(1, &sdp(A, "RTP/AVP", &[]), &sdp(B, "RTP/AVP", &[]));
    let mut sender = Sender::new(&key(1), 7);
    (0..3).for_each(|_| plain.packet(A, B, &sender.plain()));
    assert_eq!(plain.decrypt(&[]).code, 3);
    assert_code(4, &["decrypt", &call, "--crypto", &crypto(1, 9, "")]);
    assert_code(4, &["decrypt", &file("captures/baresip-refused-488.pcap")]);
}

#[test]
fn packet() {
    let line = crypto(1, 1, "");
    let run = |args: &[&str], input: &str| {
        doctor_reading(&[&["packet"], args].concat(), input.as_bytes()).code
    };
    let protect = ["protect", "--rtp", "--crypto", &line];
    assert_eq!(run(&protect, "80000001000000a00000000755\n"), 0);
    assert_eq!(run(&["protect"], ""), 2);
    assert_eq!(run(&protect, "80\n"), 4);
    // Standard input that cannot be read.
    let directory = std::fs::File::open("/").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_srtp-doctor"));
    let output = command.arg("packet").args(protect).stdin(directory).output().unwrap();
    let run = Run::from(output);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.starts_with("error: standard input: "), "{}", run.err);
}

#[test]
fn keys() {
    assert_code(0, &["keys"]);
    assert_code(2, &["keys", "--suite", "X"]);
    assert_code(2, &["nonsense"]);
    assert_code(0, &["--help"]);
}

/// Output that cannot be written is 1, for every command.
#[test]
fn full_disks_are_said() {
    let call = file("captures/baresip-hold.pcap");
    let offer = file("sdes/sdp/polycom-scenario-two.sdp");
    let commands: [&[&str]; 5] = [
        &["keys"],
        &["decrypt", &call],
        &["explain", &call],
        &["answer", &offer, "--as", "srtp"],
        &["connect", "srtp", "srtp"],
    ];
    for args in commands {
        for json in [&[][..], &["--json"]] {
            let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_srtp-doctor"));
            let output = command.args(args).args(json).stdout(full).output().unwrap();
            let run = Run::from(output);
            assert_eq!(run.code, 1, "{args:?}: {}", run.err);
            assert!(
                run.err.contains("error: standard output: no space left on device"),
                "{}",
                run.err
            );
        }
    }
}
