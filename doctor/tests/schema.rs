//! What `--json` prints is what `doctor/schema/*.json` says, command by command; and the schemas are
//! tight enough to notice a difference.

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
use jsonschema::Validator;
use serde_json::Value;

fn schema(command: &str) -> Validator {
    let path = format!("{}/schema/{command}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn assert_valid(command: &str, json: &Value) {
    if let Err(error) = schema(command).validate(json) {
        panic!("{command}: {error} at {}: {json}", error.instance_path());
    }
}

fn file(name: &str) -> String {
    format!("{}/../test-vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs with `--json` and holds the output against the schema of the command.
fn checked(args: &[&str]) -> Value {
    let run = doctor(&[args, &["--json"]].concat());
    let json = run.json();
    assert_valid(args[0], &json);
    assert!(run.out.ends_with('\n') && run.out.trim_end().lines().count() == 1);
    json
}

const CAPTURES: [&str; 4] = [
    "captures/baresip-sdes-pcmu.pcap",
    "captures/baresip-hold.pcap",
    "captures/baresip-refused-488.pcap",
    "captures/linphone-tcp-aes-256-rekey.pcap",
];

#[test]
fn explain() {
    for capture in CAPTURES {
        checked(&["explain", &file(capture)]);
    }
    let sdp = |name: &str| file(&format!("sdes/sdp/{name}"));
    checked(&["explain", &sdp("rfc4568-7.1.5-offer.sdp"), &sdp("rfc4568-7.1.5-answer.sdp")]);
    checked(&["explain", &sdp("cisco-offer.sdp"), &sdp("cisco-answer.sdp")]);
    checked(&["explain", &sdp("rfc5939-3.2-offer.sdp"), &sdp("rfc5939-3.2-answer.sdp")]);
    checked(&["explain", &sdp("polycom-scenario-two.sdp"), &sdp("cisco-answer.sdp")]);
    // Every outcome there is, of an exchange and of an m-line, and no other.
    let dtls = ["a=setup:active", "a=fingerprint:sha-256 6B:8B"];
    let exchange = |profile: &str, ours: &[&str], theirs: &[&str]| {
        let mut capture = Capture::new();
        capture.exchange(1, &self::sdp(A, profile, ours), &self::sdp(B, profile, theirs));
        let json = capture.run("explain", &["--json"]).json();
        assert_valid("explain", &json);
        json
    };
    let (ours, theirs) = (crypto(1, 1, ""), crypto(1, 2, ""));
    let outcomes = [
        exchange("RTP/SAVP", &[&ours], &[&theirs]),
        exchange("RTP/AVP", &[], &[]),
        exchange("UDP/TLS/RTP/SAVPF", &dtls, &dtls),
        exchange("RTP/SAVP", &[&ours], &[]),
    ];
    for (json, outcome) in outcomes.iter().zip(["srtp", "rtp", "left-alone", "rejected"]) {
        assert_eq!(json["exchanges"][0]["outcome"], outcome);
        assert_eq!(json["exchanges"][0]["media"][0]["outcome"], outcome);
        let mut bad = json.clone();
        bad["exchanges"][0]["outcome"] = "untouched".into();
        assert!(!schema("explain").is_valid(&bad));
    }
}

#[test]
fn decrypt() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    for capture in CAPTURES {
        checked(&["decrypt", &file(capture)]);
        checked(&["decrypt", &file(capture), "--wav", "--out", out]);
    }
    let gcm = file("captures/gstreamer-aes-256-gcm.sdp");
    checked(&["decrypt", &file("captures/gstreamer-aes-256-gcm.pcap"), "--sdp", &gcm]);
    // IPv6 addresses, a diagnosis, plain RTP.
    let (a, b) = ("[2001:db8::1]:4000", "[2001:db8::2]:5000");
    let mut capture = Capture::new();
    capture.exchange(1, &sdp(a, "RTP/AVP", &[]), &sdp(b, "RTP/AVP", &[]));
    let mut sender = Sender::new(&key(1), 7);
    (0..20).for_each(|_| capture.packet(a, b, &sender.plain()));
    assert_valid("decrypt", &capture.decrypt(&["--json"]).json());
}

#[test]
fn answer_and_connect() {
    let offer = file("sdes/sdp/polycom-scenario-two.sdp");
    let fallback = file("negotiation/cisco-srtp-fallback-global.txt");
    for party in ["srtp", "srtp-preferred", "rtp", "twilio", &fallback] {
        checked(&["answer", &offer, "--as", party]);
        checked(&["connect", party, "srtp-preferred"]);
        checked(&["connect", &file("negotiation/polycom-scenario-one.txt"), party]);
    }
}

#[test]
fn keys() {
    checked(&["keys"]);
    checked(&["keys", "--suite", "AEAD_AES_256_GCM", "--lifetime", "2^20", "--mki", "1:4"]);
}

/// Every line of `packet`, with and without `--explain`, of every kind of answer.
#[test]
fn packet() {
    let input = "80000001000000a000000007aabb\n80000001000000a000000007aabb\n80\n!streams\n\
                 !get-roc 7\n!set-roc 9 4\n!remove 9\n80c9000100000007\n# comment\nzz\n!bad\n";
    for explain in [&[][..], &["--explain"]] {
        let key = "11".repeat(30);
        let args =
            ["packet", "protect", "--auto", "--suite", "AES_CM_128_HMAC_SHA1_80", "--salt-key"];
        let run =
            doctor_reading(&[&args[..], &[&key, "--json"], explain].concat(), input.as_bytes());
        let lines: Vec<Value> =
            run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 10, "{}", run.err);
        lines.iter().for_each(|line| assert_valid("packet", line));
        assert_eq!(run.code, 4);
    }
}

/// A schema that let everything pass would be none.
#[test]
fn schemas_notice_a_difference() {
    let good = checked(&["decrypt", &file(CAPTURES[0])]);
    let decrypt = schema("decrypt");
    for (key, value) in [("packets", Value::Null), ("kind", "srtp".into()), ("ssrc", "7".into())] {
        let mut bad = good.clone();
        bad["streams"][0][key] = value;
        assert!(!decrypt.is_valid(&bad), "{key}");
    }
    let mut more = good.clone();
    more["streams"][0]["more"] = 1.into();
    let mut less = good;
    less["streams"][0].as_object_mut().unwrap().remove("roc");
    assert!(!decrypt.is_valid(&more) && !decrypt.is_valid(&less));
    let packet = schema("packet");
    let err = |kind: &str| serde_json::json!({"line": 1, "err": kind, "reason": "x"});
    assert!(packet.is_valid(&err("too-old")) && !packet.is_valid(&err("other")));
}
