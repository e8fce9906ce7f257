//! `explain`: the verdict, its reason and its exit code, from two SDPs, a capture and a log.

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
use serde_json::{Value, json};

fn explained(capture: Capture) -> (Value, i32) {
    let run = capture.run("explain", &["--json"]);
    (run.json()["exchanges"].clone(), run.code)
}

fn two(offer: &str, answer: &str, options: &[&str]) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (offer, answer) = (file("offer.sdp", offer), file("answer.sdp", answer));
    doctor(&[&["explain", &offer, &answer], options].concat())
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The JSON has the documented keys and no others.
#[test]
fn json_is_the_contract() {
    let offer = sdp(
        A,
        "RTP/SAVP",
        &[
            &crypto(1, 1, "").replace("_80", "_99"),
            &crypto(2, 1, "|2^20|1:4 KDR=3 UNENCRYPTED_SRTCP"),
        ],
    );
    let answer = sdp(B, "RTP/SAVP", &[&crypto(2, 2, "|2^21|7:4 UNENCRYPTED_SRTCP WSH=128")]);
    let run = two(&offer, &answer, &["--json"]);
    let json = run.json();
    let exchange = &json["exchanges"][0];
    assert_eq!(keys(&json), ["exchanges"]);
    let sorted = |mut names: Vec<&'static str>| {
        names.sort_unstable();
        names
    };
    assert_eq!(
        keys(exchange),
        sorted(vec!["outcome", "status", "reason", "source", "media", "context"])
    );
    let media = &exchange["media"][0];
    let wanted = vec![
        "index", "kind", "profile", "port", "outcome", "tag", "suite", "params", "mki", "lifetime",
        "reason", "source", "lines",
    ];
    assert_eq!(keys(media), sorted(wanted));
    let line = &media["lines"][0];
    let wanted = vec!["tag", "suite", "verdict", "reason", "source", "notes"];
    assert_eq!(keys(line), sorted(wanted));
    let values = [
        "index", "kind", "profile", "port", "outcome", "tag", "suite", "params", "mki", "lifetime",
    ];
    assert_eq!(
        json!(values.map(|name| &media[name])),
        json!([
            0,
            "audio",
            "RTP/SAVP",
            4000,
            "srtp",
            2,
            "AES_CM_128_HMAC_SHA1_80",
            ["UNENCRYPTED_SRTCP", "WSH=128"],
            "7:4",
            1 << 21
        ])
    );
    assert_eq!(
        (line["verdict"].as_str(), media["lines"][1]["verdict"].as_str()),
        (Some("skipped"), Some("accepted"))
    );
    assert_eq!(
        (exchange["outcome"].as_str(), exchange["context"].as_str()),
        (Some("srtp"), Some("new"))
    );
    assert_eq!((exchange["status"].as_u64(), run.code), (Some(200), 0));
}

/// Exit codes 0, 3 and 4 for what two SDPs come to; a fault in one of them is 1, with its place.
#[test]
fn exit_codes_of_two_sdps() {
    let secured = |tag| sdp(B, "RTP/SAVP", &[&crypto(tag, 2, "")]);
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let plain = sdp(A, "RTP/AVP", &[]);
    assert_eq!(two(&offer, &secured(1), &[]).code, 0);
    assert_eq!(two(&plain, &sdp(B, "RTP/AVP", &[]), &[]).code, 3);
    for (answer, words) in [
        (secured(3), "tag 3"),
        (sdp(B, "RTP/SAVP", &[]), "without a crypto line"),
        (sdp(B, "RTP/AVP", &[]), "profile"),
        (sdp(B, "RTP/SAVP", &[&crypto(1, 1, "")]), "the offerer's own key"),
    ] {
        let run = two(&offer, &answer, &[]);
        assert_eq!(run.code, 4, "{}", run.out);
        assert!(run.out.starts_with("Rejected: ") && run.out.contains(words), "{}", run.out);
        assert_eq!(two(&offer, &answer, &["--json"]).json()["exchanges"][0]["status"], 488);
    }
    let run = two(&offer, &secured(1).replace("5000", "x"), &[]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("answer.sdp: line 6, column 9:"), "{}", run.err);
}

/// RFC 4568 §7.1.4: what every re-INVITE does to keys and rollover counters.
#[test]
fn reinvites_say_what_happens_to_the_context() {
    let offer = |byte| sdp(A, "RTP/SAVP", &[&crypto(1, byte, "")]);
    let answer = |byte| sdp(B, "RTP/SAVP", &[&crypto(1, byte, "")]);
    let mut capture = secured();
    capture.exchange(2, &offer(1), &answer(2));
    capture.exchange(3, &offer(3), &answer(2));
    capture.exchange(4, &offer(3), &answer(4));
    capture.refused(5, &offer(9), "488 Not Acceptable Here");
    capture.exchange(6, &offer(5), &answer(6));
    capture.exchange(7, &sdp(A, "RTP/AVP", &[]), &sdp(B, "RTP/AVP", &[]));
    let (exchanges, code) = explained(capture);
    let contexts: Vec<&Value> =
        exchanges.as_array().unwrap().iter().map(|exchange| &exchange["context"]).collect();
    let wanted = json!(["new", "keep", "rekey-tx", "rekey-rx", "keep", "rekey-both", "downgrade"]);
    assert_eq!(json!(contexts), wanted);
    assert!(exchanges[4]["reason"].as_str().unwrap().ends_with("what was agreed before stays"));
    assert_eq!(code, 3);
}

/// Who offers may change: what is new is seen by whoever made the offer at hand.
#[test]
fn the_other_side_may_offer() {
    let from_b = |message: String| {
        let from = "From: <sip:a@h>;tag=a\r\nTo: <sip:b@h>";
        message.replace(from, "From: <sip:b@h>;tag=b\r\nTo: <sip:a@h>")
    };
    let exchange = |capture: &mut Capture, number: u32, b: u8, a: u8| {
        let cseq = format!("{number} INVITE");
        let offer = sdp(B, "RTP/SAVP", &[&crypto(1, b, "")]);
        let answer = sdp(A, "RTP/SAVP", &[&crypto(1, a, "")]);
        capture.b_sends(&from_b(sip("INVITE sip:a@h SIP/2.0", &cseq, "a", &offer)));
        capture.a_sends(&from_b(sip("SIP/2.0 200 OK", &cseq, "a", &answer)));
    };
    let mut capture = secured();
    exchange(&mut capture, 2, 2, 1);
    exchange(&mut capture, 3, 4, 1);
    exchange(&mut capture, 4, 4, 5);
    let (exchanges, code) = explained(capture);
    let contexts: Vec<&Value> =
        exchanges.as_array().unwrap().iter().map(|exchange| &exchange["context"]).collect();
    assert_eq!(json!(contexts), json!(["new", "keep", "rekey-tx", "rekey-rx"]));
    assert_eq!(code, 0);
}

/// A fork is a dialog of its own: its keys are new, and no change of those of the other.
#[test]
fn forks_have_keys_of_their_own() {
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let mut capture = Capture::new();
    capture.a_sends(&sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &offer));
    for (status, tag, key) in [("183 Session Progress", "b", 2), ("200 OK", "c", 3)] {
        let answer = sdp(B, "RTP/SAVP", &[&crypto(1, key, "")]);
        capture.b_sends(&sip(&format!("SIP/2.0 {status}"), "1 INVITE", tag, &answer));
    }
    let (exchanges, _) = explained(capture);
    assert_eq!(
        (&exchanges[0]["context"], &exchanges[1]["context"]),
        (&json!("new"), &json!("new"))
    );
}

/// A refused call, and one that was refused first and then made without SRTP.
#[test]
fn refusals_have_their_status() {
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let refused = || {
        let mut capture = Capture::new();
        capture.refused(1, &offer, "488 Not Acceptable Here");
        capture
    };
    let (exchanges, code) = explained(refused());
    assert_eq!((exchanges[0]["status"].as_u64(), code), (Some(488), 4));
    assert_eq!(exchanges[0]["outcome"], "rejected");
    assert!(exchanges[0]["reason"].as_str().unwrap().contains("488 Not Acceptable Here"));
    let mut again = refused();
    again.exchange(2, &sdp(A, "RTP/AVP", &[]), &sdp(B, "RTP/AVP", &[]));
    assert_eq!(explained(again).1, 3);
}

/// The same call out of a log, by its line numbers; and what is no log at all.
#[test]
fn logs_are_read_too() {
    let offer =
        sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]));
    let answer = sip("SIP/2.0 200 OK", "1 INVITE", "b", &sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]));
    let log = format!(
        "started\n2026-01-01 sending INVITE to b\n{offer}\n\n-- received:\n{answer}\ndone\n"
    );
    let run = doctor_reading(&["explain", "-"], log.replace("\r\n", "\n").as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.contains("offer in line 3, 200 in line "), "{}", run.out);

    let run = doctor_reading(&["explain", "-"], b"nothing\nat all\n");
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("0 SIP messages with 0 SDP in 2 lines"), "{}", run.err);
}

/// An offer that nobody answered is no verdict.
#[test]
fn unanswered_offers_are_named() {
    let mut capture = Capture::new();
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    capture.a_sends(&sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &offer));
    let run = capture.run("explain", &[]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("the SDP of packet 1 has no counterpart here"), "{}", run.out);
}

/// The example of the README is what is printed.
#[test]
fn readme_shows_a_real_explanation() {
    let head = |port| {
        format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/SAVP 0\r\n"
        )
    };
    let short =
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let key = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC";
    let offer = head(5000)
        + &format!("{short}\r\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{key}|2^20\r\n");
    let answer = head(6000) + &format!("a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:{key}\r\n");
    let run = two(&offer, &answer, &[]);
    golden("readme-explain.txt", &run.out);
    assert!(include_str!("../README.md").contains(&run.out), "the README shows another text");
}

/// A call that DTLS keys is not called plain, nor is a fax; what DTLS means is said, and the JSON has
/// the word of the text.
#[test]
fn what_crypto_lines_do_not_secure_is_left_alone() {
    let dtls = ["a=setup:active", "a=fingerprint:sha-256 6B:8B"];
    let explain = |profile: &str, offered: &[&str], answered: &[&str], options: &[&str]| {
        let mut capture = Capture::new();
        capture.exchange(1, &sdp(A, profile, offered), &sdp(B, profile, answered));
        capture.run("explain", options)
    };
    let announced = "both sides announce DTLS fingerprints and no crypto line (RFC 5763 §5)";
    let keyed = "the profile is keyed by DTLS, not by crypto lines (RFC 5764 §4.1)";
    for (profile, reason) in [
        ("UDP/TLS/RTP/SAVP", keyed),
        ("UDP/TLS/RTP/SAVPF", keyed),
        ("RTP/SAVP", announced),
        ("RTP/SAVPF", announced),
        ("RTP/AVP", announced),
        ("RTP/AVPF", announced),
    ] {
        let run = explain(profile, &dtls, &dtls, &[]);
        assert!(run.out.starts_with(&format!("Left alone: {reason}.\n")), "{}", run.out);
        assert!(run.out.contains(&format!("{profile}: Left alone, {reason}\n")), "{}", run.out);
        assert!(run.out.contains("\n    keyed by DTLS-SRTP (RFC 5763): "), "{}", run.out);
        let run = explain(profile, &dtls, &dtls, &["--json"]);
        let exchange = &run.json()["exchanges"][0];
        let said = [&exchange["outcome"], &exchange["media"][0]["outcome"], &exchange["status"]];
        assert_eq!(json!(said), json!(["left-alone", "left-alone", 200]), "{profile}");
        assert_eq!((&exchange["context"], run.code), (&Value::Null, 0), "{profile}");
    }
    // One side alone does not make a handshake.
    for (profile, outcome) in [("RTP/SAVP", "rejected"), ("RTP/AVP", "rtp")] {
        for (offered, answered) in [(&dtls[..], &[][..]), (&[], &dtls)] {
            let run = explain(profile, offered, answered, &["--json"]);
            assert_eq!(run.json()["exchanges"][0]["outcome"], outcome, "{profile}");
        }
    }
    // Nor does a fingerprint unmake what crypto lines agree on.
    let with = |byte| [crypto(1, byte, ""), dtls[1].to_owned()];
    let (ours, theirs) = (with(1), with(2));
    let lines = |lines: &[String; 2]| lines.clone().map(|line| line.leak() as &str);
    let run = explain("RTP/SAVP", &lines(&ours), &lines(&theirs), &["--json"]);
    assert_eq!(run.json()["exchanges"][0]["outcome"], "srtp");

    let run = explain("RTP/AVP", &[], &[], &[]);
    assert!(run.out.starts_with("RTP, not secured: ") && !run.out.contains("DTLS"), "{}", run.out);
}

/// A fax beside a stream that is secured, or is all there is, is left alone in text and JSON alike.
#[test]
fn a_fax_is_left_alone() {
    let fax = "m=image 4002 udptl t38\r\n";
    let secured = |address, byte| sdp(address, "RTP/SAVP", &[&crypto(1, byte, "")]) + fax;
    let alone = |address: &str| {
        let sdp = sdp(address, "RTP/AVP", &[]);
        sdp.split_once("m=").unwrap().0.to_owned() + fax
    };
    for (offer, answer, outcomes) in [
        (secured(A, 1), secured(B, 2), json!(["srtp", "srtp", "left-alone"])),
        (alone(A), alone(B), json!(["left-alone", "left-alone", null])),
    ] {
        let run = two(&offer, &answer, &["--json"]);
        let exchange = &run.json()["exchanges"][0];
        let media = |at: usize| &exchange["media"][at]["outcome"];
        assert_eq!(json!([exchange["outcome"], media(0), media(1)]), outcomes);
        assert_eq!(run.code, 0);
        let text = two(&offer, &answer, &[]).out;
        assert!(text.contains("image 4002 udptl: Left alone, "), "{text}");
    }
}
