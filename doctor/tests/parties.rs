//! `answer` and `connect` as a user meets them: the vendors' own configurations, the words, and what
//! is said of configurations that cannot be read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::{Command, Output};

use serde_json::Value;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors");

fn doctor(args: &[&str]) -> Output {
    let args = args.iter().map(|arg| arg.replace("VECTORS", VECTORS));
    Command::new(env!("CARGO_BIN_EXE_srtp-doctor")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const SCENARIO_1: &str = "VECTORS/negotiation/polycom-scenario-one.txt";
const SCENARIO_2: &str = "VECTORS/negotiation/polycom-scenario-two.txt";
const FALLBACK: &str = "VECTORS/negotiation/cisco-srtp-fallback-global.txt";

/// Scenario one's phone and a gateway with fallback, as shipped: plain RTP, and the reason is the
/// suite, not the table.
#[test]
fn as_shipped_the_two_end_in_rtp() {
    let output = doctor(&["connect", SCENARIO_1, FALLBACK, "--tls", "on"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let first = text(&output.stdout);
    assert_eq!(
        first.lines().next(),
        Some("Plain RTP: AES_CM_128_HMAC_SHA1_80 is not among the suites in use here")
    );
}

/// The JSON of `connect` has the keys of the contract, no more and no fewer, and no secret.
#[test]
fn json_of_connect_keeps_the_contract() {
    for (args, code, outcome) in [
        (["connect", "srtp", "srtp-preferred"], 0, "srtp"),
        (["connect", "rtp", "srtp-preferred"], 3, "rtp"),
        (["connect", "rtp", "twilio"], 4, "rejected"),
        (["connect", SCENARIO_2, SCENARIO_1], 0, "srtp"),
    ] {
        let output = doctor(&[&args[..], &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?} {}", text(&output.stderr));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&json), ["media", "outcome", "padlock", "status", "steps"]);
        assert_eq!(json["outcome"], outcome);
        assert_eq!(json["media"].is_null(), outcome != "srtp");
        assert_eq!(json["padlock"], args[1] == SCENARIO_2);
        for step in json["steps"].as_array().unwrap() {
            assert_eq!(keys(step), ["action", "from", "reason", "source", "summary"]);
        }
        assert!(!text(&output.stdout).contains("inline:"));
    }
}

/// `--release` and `--dial-peer` reach the gateway: an earlier release does not call without TLS.
#[test]
fn options_reach_the_gateway() {
    let config = "VECTORS/negotiation/cisco-srtp-fallback-global.txt";
    let code = |options: &[&str]| {
        let output = doctor(&[&["connect", config, "srtp"], options].concat());
        output.status.code()
    };
    assert_eq!(code(&["--tls", "on"]), Some(0));
    assert_eq!(code(&["--release", "12.3(1)"]), Some(4), "no SRTP before 12.4(15)T");
    assert_eq!(code(&["--release", "new"]), Some(2));
    assert_eq!(code(&["--dial-peer", "77"]), Some(2));
}

/// An answer with given keys is the same every time, and verifies by `explain`.
#[test]
fn answer_is_what_explain_accepts() {
    let offer = "VECTORS/sdes/sdp/polycom-scenario-one.sdp";
    let keys = "17".repeat(30);
    let args = ["answer", offer, "--as", "srtp", "--keys", &keys, "--addr", "192.0.2.9:5000"];
    let output = doctor(&args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answer = text(&output.stdout);
    assert!(answer.contains(
        "m=audio 5000 RTP/SAVP 0 8 18 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 \
         inline:FxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcX\r\n"
    ));
    assert_eq!(text(&doctor(&args).stdout), answer);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), answer).unwrap();
    let explained = doctor(&["explain", offer, file.path().to_str().unwrap()]);
    assert_eq!(explained.status.code(), Some(0), "{}", text(&explained.stdout));
}

/// A refusal is printed with its status, its reason and the source.
#[test]
fn refusal_says_why() {
    let offer = "VECTORS/sdes/sdp/polycom-scenario-two.sdp";
    let output = doctor(&["answer", offer, "--as", FALLBACK]);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(
        text(&output.stdout),
        "488 Not Acceptable Here: AES_CM_128_HMAC_SHA1_80 is not among the suites in use here \
         [RFC 4568 §5.1.2]\n"
    );
}

/// What cannot be read is named with its place, and the exit code is 1; what is wrong on the
/// command line is 2.
#[test]
fn bad_input_is_named_with_its_place() {
    let broken = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(broken.path(), "<sip>\n<srtp sec.srtp.enable=\"maybe\"/>\n</sip>\n").unwrap();
    let path = broken.path().to_str().unwrap();
    let offer = "VECTORS/sdes/sdp/polycom-scenario-two.sdp";
    for (args, code, words) in [
        (vec!["connect", path, "srtp"], 1, "line 2, column 7: sec.srtp.enable: the value must be"),
        (vec!["connect", "no-such-file", "srtp"], 1, "srtp-preferred"),
        (vec!["answer", offer, "--as", "srtp", "--keys", "17"], 2, "1 bytes are left"),
        (vec!["answer", offer, "--as", "srtp", "--keys", "1"], 2, "hex digits"),
        (vec!["answer", path, "--as", "srtp"], 1, "line 1, column 1"),
    ] {
        let output = doctor(&args);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
        assert!(error.contains(words), "{args:?}: {error}");
        assert!(output.stdout.is_empty());
    }
}

/// An offer that only DTLS can key is refused, since nobody here does DTLS, and what that is and what to
/// change is said with the line; beside an m-line that is accepted it is a remark, and the answer stays
/// an SDP.
#[test]
fn an_offer_keyed_by_dtls_is_said_to_be_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("offer.sdp");
    let answer = |media: &str, more: &[&str]| {
        let session = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
        std::fs::write(&path, format!("{session}{media}")).unwrap();
        let output = doctor(&[&["answer", path.to_str().unwrap(), "--as", "srtp"], more].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let print = "a=setup:actpass\r\na=fingerprint:sha-256 6B:8B\r\n";
    let said = "offer.sdp: line 6: keyed by DTLS-SRTP (RFC 5763): ";
    let change = "; offer RTP/SAVP with a=crypto, or put a gateway that does both between\n";
    for (profile, reason) in [
        ("UDP/TLS/RTP/SAVP", "the profile is keyed by DTLS, not by crypto lines [RFC 5764 §4.1]"),
        ("RTP/SAVPF", "the m-line is secured, but has no crypto line [RFC 4568 §5.1.1]"),
    ] {
        let offer = format!("m=audio 4000 {profile} 0\r\n{print}");
        let (code, out, err) = answer(&offer, &[]);
        assert_eq!((code, err.as_str()), (Some(4), ""), "{out}");
        let first = format!("488 Not Acceptable Here: {reason}\n");
        assert!(out.starts_with(&first) && out.contains(said) && out.ends_with(change), "{out}");
        let (code, out, err) = answer(&offer, &["--json"]);
        let json: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, json["outcome"].as_str()), (Some(4), Some("rejected")));
        assert_eq!((json["status"].as_u64(), json["sdp"].is_null()), (Some(488), true));
        assert!(err.contains(said), "{err}");
    }
    let key =
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:nl326xLShGuIXLMkyqo+ExM5GPbz+MLbWMZotRRI\r\n";
    let video =
        format!("m=audio 4000 RTP/SAVP 0\r\n{key}m=video 4002 UDP/TLS/RTP/SAVP 31\r\n{print}");
    let (code, out, err) = answer(&video, &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("v=0\r\n") && !out.contains("DTLS"), "{out}");
    assert!(err.contains("offer.sdp: line 8: keyed by DTLS-SRTP"), "{err}");
    // A crypto line beside the fingerprint is enough.
    let both = format!("m=audio 4000 RTP/SAVP 0\r\n{key}{print}");
    let (code, _, err) = answer(&both, &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

/// A crypto line that is not valid is named by line and column.
#[test]
fn a_bad_line_is_named_by_line_and_column() {
    let output = doctor(&["answer", "VECTORS/../docs/why-488/short-key.sdp", "--as", "srtp"]);
    let out = text(&output.stdout);
    assert!(out.contains(": line 7, column 43: key and salt are 29 bytes"), "{out}");
}

/// A `sip.cfg` that breaks off, or is no XML for another reason, is an error with its line.
#[test]
fn a_broken_sip_cfg_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sip.cfg");
    for (text, words) in [
        ("<x>\n<a sec.srtp.enable=\"1\"\n", "sip.cfg: line 2: the text ends inside an XML element"),
        ("<x>\n<a sec.srtp.enable=1/>\n</x>", "sip.cfg: line 2: "),
        ("<x>\n<a sec.srtp.enable=\"7\"/>\n</x>", "sip.cfg: line 2, column 4: sec.srtp.enable: "),
    ] {
        std::fs::write(&path, text).unwrap();
        let output = doctor(&["connect", path.to_str().unwrap(), "srtp"]);
        let err = self::text(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains(words), "{err}");
    }
}
