//! Made-up calls, each with one thing that makes decrypting hard in the field: whose key, which
//! rollover counter, which address, and what is said when it does not work.

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
use sdes_sdp::{CryptoAttribute, Emit, MasterKey};
use serde_json::{Value, json};

/// All streams of one kind as (decrypted, plain, failed, replayed).
fn counts(json: &Value, kind: &str) -> Vec<[u64; 4]> {
    let streams = json["streams"].as_array().unwrap();
    let of_kind = streams.iter().filter(|stream| stream["kind"] == kind);
    let names = ["decrypted", "plain", "failed", "replayed"];
    of_kind.map(|stream| names.map(|name| stream[name].as_u64().unwrap())).collect()
}

/// Of the only stream: JSON and exit code.
fn only(run: &Run) -> (Value, i32) {
    let json = run.json();
    assert_eq!(json["streams"].as_array().unwrap().len(), 1, "{}", run.out);
    (json["streams"][0].clone(), run.code)
}

fn diagnosis(stream: &Value) -> &str {
    stream["diagnosis"].as_str().unwrap_or("")
}

/// RFC 4568 §5.1.1: each side sends under the key in its own SDP.
#[test]
fn each_side_sends_under_its_own_key() {
    let mut capture = secured();
    Sender::new(&key(1), 0xa).send(&mut capture, A, B, 3);
    Sender::new(&key(2), 0xb).send(&mut capture, B, A, 4);
    let run = capture.decrypt(&["--json"]);
    assert_eq!(counts(&run.json(), "rtp"), [[3, 0, 0, 0], [4, 0, 0, 0]]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));

    let mut capture = secured();
    Sender::new(&key(2), 0xa).send(&mut capture, A, B, 3);
    let (stream, code) = only(&capture.decrypt(&["--json"]));
    assert_eq!((stream["decrypted"].as_u64(), code), (Some(3), 0));
    assert!(
        diagnosis(&stream).contains("the key that 10.0.0.2:5000 announced for itself"),
        "{stream}"
    );
}

/// RFC 4568 §7.1.4: the same key on a re-INVITE goes on with its rollover counter, here over the
/// wrap; a new key begins anew, and packets of the old one that are still on the way open too.
#[test]
fn reinvites_keep_or_change_keys() {
    let mut capture = secured();
    let mut a = Sender::new(&key(1), 0xa);
    a.sequence = 65_500;
    a.send(&mut capture, A, B, 40);
    let hold = sdp("0.0.0.0:4000", "RTP/SAVP", &[&crypto(1, 1, ""), "a=sendonly"]);
    capture.exchange(2, &hold, &sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]));
    a.send(&mut capture, A, B, 20);
    let late = a.packet();
    let resume = sdp(A, "RTP/SAVP", &[&crypto(1, 3, "")]);
    capture.exchange(3, &resume, &sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]));
    let mut renewed = Sender::new(&key(3), 0xa);
    renewed.sequence = a.sequence;
    renewed.send(&mut capture, A, B, 10);
    capture.packet(A, B, &late);
    renewed.send(&mut capture, A, B, 10);
    let (stream, code) = only(&capture.decrypt(&["--json"]));
    assert_eq!(
        (stream["decrypted"].as_u64(), stream["lost"].as_u64(), code),
        (Some(81), Some(0), 0)
    );
    assert!(stream["diagnosis"].is_null(), "{stream}");
}

/// RFC 4568 §7.1.4: a key that stays keeps its context, towards a new port of the answerer too. What
/// comes there a second time is still a replay.
#[test]
fn a_key_that_stays_keeps_its_context() {
    let mut capture = secured();
    let mut a = Sender::new(&key(1), 0xa);
    a.send(&mut capture, A, B, 19);
    let twice = a.packet();
    capture.packet(A, B, &twice);
    let moved = "10.0.0.2:6000";
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let answer = sdp(moved, "RTP/SAVP", &[&crypto(1, 4, "")]);
    capture.exchange(2, &offer, &answer);
    a.send(&mut capture, A, moved, 10);
    capture.packet(A, moved, &twice);
    let json = capture.decrypt(&["--json"]).json();
    assert_eq!(counts(&json, "rtp"), [[20, 0, 0, 0], [10, 0, 0, 1]]);
    for stream in json["streams"].as_array().unwrap() {
        assert!(stream["diagnosis"].is_null(), "{stream}");
    }
}

/// RFC 3711 §3.3.1: who joins late has to find out the rollover counter; it is told.
#[test]
fn late_joined_capture_finds_its_rollover_counter() {
    let mut capture = secured();
    let mut sender = Sender::new(&key(1), 0xa).with_roc(7);
    sender.sequence = 65_530;
    sender.send(&mut capture, A, B, 20);
    let (stream, code) = only(&capture.decrypt(&["--json"]));
    assert_eq!(
        (stream["decrypted"].as_u64(), stream["roc"].as_u64(), code),
        (Some(20), Some(8), 0)
    );
    assert!(diagnosis(&stream).contains("rollover counter was found to be 7"), "{stream}");
}

/// A capture with a hole of more than half the sequence space goes on after it.
#[test]
fn a_hole_in_the_capture_is_bridged() {
    let mut capture = secured();
    let mut sender = Sender::new(&key(1), 0xa);
    sender.send(&mut capture, A, B, 5);
    (0..100_000).for_each(|_| drop(sender.packet()));
    sender.send(&mut capture, A, B, 5);
    let (stream, code) = only(&capture.decrypt(&["--json"]));
    assert_eq!(
        (stream["decrypted"].as_u64(), stream["roc"].as_u64(), code),
        (Some(10), Some(1), 0)
    );
    assert!(diagnosis(&stream).starts_with("from frame 8 on:"), "{stream}");
}

/// RFC 4568 §6.1: an MKI that is announced is in every packet, and otherwise in none; senders err
/// both ways.
#[test]
fn mki_disagreements_are_decrypted_and_named() {
    let with_mki = key(1).with_mki(&[0, 0, 0, 1]).unwrap();
    for (announced, sent, wanted) in [
        ("|1:4", key(1), "the SDP announces an MKI of 4 bytes, but packets have none"),
        ("", with_mki.clone(), "packets have an MKI of 4 bytes, but the SDP announces none"),
        ("|1:4", with_mki, ""),
    ] {
        let mut capture = Capture::new();
        let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, announced)]);
        capture.exchange(1, &offer, &sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]));
        Sender::new(&sent, 0xa).send(&mut capture, A, B, 5);
        let (stream, code) = only(&capture.decrypt(&["--json"]));
        assert_eq!((stream["decrypted"].as_u64(), code), (Some(5), 0));
        assert_eq!(diagnosis(&stream), wanted);
    }
}

/// Every suite that the libraries know, RTP and RTCP, with and without MKI.
#[test]
fn every_suite_is_decrypted() {
    for &suite in sdes_sdp::CryptoSuite::ALL {
        for mki in [&[][..], &[0, 7]] {
            let key = |byte| {
                let key = MasterKey::new(suite, &vec![byte; suite.key_salt_len()]).unwrap();
                key.with_mki(mki).unwrap()
            };
            let line = |byte| {
                let line = CryptoAttribute::new(1, key(byte), Default::default()).unwrap();
                line.line(&Emit::default()).to_string()
            };
            let mut capture = Capture::new();
            let offer = sdp(A, "RTP/SAVP", &[&line(1)]);
            capture.exchange(1, &offer, &sdp(B, "RTP/SAVP", &[&line(2)]));
            let mut sender = Sender::new(&key(1), 0xa);
            sender.send(&mut capture, A, B, 3);
            let report = sender.report();
            capture.packet(A, "10.0.0.2:5001", &report);
            let run = capture.decrypt(&["--json"]);
            let json = run.json();
            assert_eq!(counts(&json, "rtp"), [[3, 0, 0, 0]], "{suite}");
            assert_eq!(counts(&json, "rtcp"), [[1, 0, 0, 0]], "{suite}");
            assert_eq!(json["streams"][0]["suite"], suite.name());
            assert!(json["streams"][0]["diagnosis"].is_null(), "{}", run.out);
        }
    }
}

/// What fails is told apart: another key, no SRTP at all, single forgeries, replays.
#[test]
fn failures_are_told_apart() {
    let wrong = |plain: bool| {
        let mut capture = secured();
        let mut sender = Sender::new(&key(9), 0xa);
        for _ in 0..5 {
            let packet = if plain { sender.plain() } else { sender.packet() };
            capture.packet(A, B, &packet);
        }
        let run = capture.decrypt(&["--json"]);
        let (stream, code) = only(&run);
        assert_eq!((stream["failed"].as_u64(), code), (Some(5), 4));
        diagnosis(&stream).to_owned()
    };
    assert!(wrong(false).starts_with("wrong key: "), "{}", wrong(false));
    assert!(wrong(true).starts_with("not SRTP at all: "), "{}", wrong(true));

    let mut capture = secured();
    let mut sender = Sender::new(&key(1), 0xa);
    sender.send(&mut capture, A, B, 5);
    let mut forged = sender.packet();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    capture.packet(A, B, &forged);
    let twice = sender.packet();
    capture.packet(A, B, &twice);
    capture.packet(A, B, &twice);
    let (stream, code) = only(&capture.decrypt(&["--json"]));
    let count = |name: &str| stream[name].as_u64().unwrap();
    assert_eq!(
        (count("decrypted"), count("failed"), count("replayed"), count("lost")),
        (6, 1, 1, 1)
    );
    assert!(
        diagnosis(&stream).starts_with("1 of 8 packets (frame 8) fail authentication"),
        "{stream}"
    );
    assert_eq!(code, 4);
}

/// RFC 5761 §5.1.1: RTP and RTCP on one port; and `a=rtcp` (RFC 3605).
#[test]
fn rtcp_is_found_on_every_port_it_may_use() {
    for (attribute, to) in [
        ("a=rtcp-mux", B),
        ("a=rtcp:6001", "10.0.0.2:6001"),
        ("a=rtcp:6001 IN IP4 10.0.0.3", "10.0.0.3:6001"),
        ("a=ptime:20", "10.0.0.2:5001"),
    ] {
        let mut capture = Capture::new();
        let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, ""), attribute]);
        capture.exchange(1, &offer, &sdp(B, "RTP/SAVP", &[&crypto(1, 2, ""), attribute]));
        let mut sender = Sender::new(&key(1), 0xa);
        sender.send(&mut capture, A, B, 1);
        let report = sender.report();
        capture.packet("10.0.0.9:7777", to, &report);
        let run = capture.decrypt(&["--json"]);
        assert_eq!(counts(&run.json(), "rtcp"), [[1, 0, 0, 0]], "{attribute}: {}", run.out);
        assert_eq!((run.code, run.json()["streams"][1]["diagnosis"].is_null()), (0, true));
    }
}

/// Behind an address translator nothing is where SDP says; the source, or at last a try, tells.
#[test]
fn translated_addresses_are_matched_by_source_or_trial() {
    for (src, dst, told) in [
        (A, "192.0.2.9:9999", false),
        ("192.0.2.1:8888", B, false),
        ("192.0.2.1:8888", "192.0.2.9:9999", true),
    ] {
        let mut capture = secured();
        Sender::new(&key(1), 0xa).send(&mut capture, src, dst, 4);
        let (stream, code) = only(&capture.decrypt(&["--json"]));
        assert_eq!((stream["decrypted"].as_u64(), code), (Some(4), 0), "{src} {dst}");
        assert_eq!(
            diagnosis(&stream).starts_with("no SDP names these addresses"),
            told,
            "{stream}"
        );
    }
}

/// Media on the wire before the answer that has its key, and a second call on the same ports.
#[test]
fn early_media_and_reused_ports() {
    let mut capture = Capture::new();
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let answer = sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]);
    let mut b = Sender::new(&key(2), 0xb);
    capture.a_sends(&sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &offer));
    b.send(&mut capture, B, A, 3);
    capture.b_sends(&sip("SIP/2.0 183 Session Progress", "1 INVITE", "b", &answer));
    b.send(&mut capture, B, A, 3);
    capture.b_sends(&sip("SIP/2.0 200 OK", "1 INVITE", "b", &answer));
    let second = |start, body: &str| sip(start, "1 INVITE", "", body).replace("made-up", "another");
    capture.a_sends(&second("INVITE sip:b@h SIP/2.0", &sdp(A, "RTP/SAVP", &[&crypto(1, 3, "")])));
    capture.b_sends(&second("SIP/2.0 200 OK", &sdp(B, "RTP/SAVP", &[&crypto(1, 4, "")])));
    Sender::new(&key(4), 0xb2).send(&mut capture, B, A, 3);
    let run = capture.decrypt(&["--json"]);
    assert_eq!(counts(&run.json(), "rtp"), [[6, 0, 0, 0], [3, 0, 0, 0]], "{}", run.out);
    assert_eq!(run.code, 0);
}

/// An offer in the 200 and its answer in the ACK (RFC 3261 §13.2.1).
#[test]
fn delayed_offer() {
    let mut capture = Capture::new();
    capture.a_sends(&sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", ""));
    capture.b_sends(&sip(
        "SIP/2.0 200 OK",
        "1 INVITE",
        "b",
        &sdp(B, "RTP/SAVP", &[&crypto(5, 2, "")]),
    ));
    capture.a_sends(&sip(
        "ACK sip:b@h SIP/2.0",
        "1 ACK",
        "b",
        &sdp(A, "RTP/SAVP", &[&crypto(5, 1, "")]),
    ));
    Sender::new(&key(1), 0xa).send(&mut capture, A, B, 3);
    Sender::new(&key(2), 0xb).send(&mut capture, B, A, 3);
    let run = capture.decrypt(&["--json"]);
    assert_eq!(counts(&run.json(), "rtp"), [[3, 0, 0, 0]; 2]);
}

/// Exit code 3: what was agreed is plain RTP; its audio is written all the same.
#[test]
fn plain_calls_are_said_to_be_plain() {
    let mut capture = Capture::new();
    capture.exchange(1, &sdp(A, "RTP/AVP", &[]), &sdp(B, "RTP/AVP", &[]));
    let mut sender = Sender::new(&key(1), 0xa);
    for _ in 0..4 {
        let packet = sender.plain();
        capture.packet(A, B, &packet);
    }
    let dir = tempfile::tempdir().unwrap();
    let run = capture.decrypt(&["--json", "--wav", "--out", dir.path().to_str().unwrap()]);
    let (stream, code) = only(&run);
    assert!(stream["suite"].is_null());
    assert_eq!((stream["plain"].as_u64(), stream["failed"].as_u64(), code), (Some(4), Some(0), 3));
    assert_eq!(stream["files"].as_array().unwrap().len(), 2);
}

/// Exit code 4: the call was refused. Then it was tried anew as RTP: exit code 3.
#[test]
fn refused_calls_are_said_to_be_refused() {
    let refused = || {
        let mut capture = Capture::new();
        let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
        capture.refused(1, &offer, "488 Not Acceptable Here");
        capture
    };
    let run = refused().decrypt(&[]);
    assert_eq!(run.code, 4);
    assert!(run.out.starts_with("Refused: "), "{}", run.out);
    assert!(run.out.contains("refused with 488 Not Acceptable Here (packet 2)"), "{}", run.out);

    let mut capture = refused();
    capture.exchange(2, &sdp(A, "RTP/AVP", &[]), &sdp(B, "RTP/AVP", &[]));
    let packet = Sender::new(&key(1), 0xa).plain();
    capture.packet(A, B, &packet);
    assert_eq!(capture.decrypt(&[]).code, 3);
}

/// Keys by hand, where the SIP is encrypted or missing: as lines, as one SDP, as two.
#[test]
fn keys_can_be_given_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two) = (crypto(1, 1, ""), crypto(1, 2, ""));
    let offer = file("offer.sdp", &sdp(A, "RTP/SAVP", &[&one, &crypto(2, 5, "")]));
    let answer = file("answer.sdp", &sdp(B, "RTP/SAVP", &[&two]));
    let media = || {
        let mut capture = Capture::new();
        Sender::new(&key(1), 0xa).with_roc(2).send(&mut capture, A, B, 12);
        Sender::new(&key(2), 0xb).send(&mut capture, B, A, 12);
        capture
    };
    for args in [
        &["--crypto", &one, "--crypto", &two][..],
        &["--sdp", &offer, "--sdp", &answer],
        &["--sdp", &offer, "--crypto", &two],
    ] {
        let run = media().decrypt(&[&["--json"], args].concat());
        assert_eq!(counts(&run.json(), "rtp"), [[12, 0, 0, 0]; 2], "{args:?}: {}", run.out);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
    }
    // With one key only its direction opens; the other is somebody else's, and said to be.
    let run = media().decrypt(&["--json", "--crypto", &one]);
    let json = run.json();
    assert_eq!(json["streams"][1]["diagnosis"], "none of the keys given opens it");
    assert_eq!(run.code, 0);
    assert_eq!(media().decrypt(&["--crypto", &crypto(1, 7, "")]).code, 4);
}

/// An unknown suite, an answer without a key, keys from DTLS: why it cannot be decrypted is said.
#[test]
fn missing_keys_are_explained() {
    for (offer, answer, wanted) in [
        (
            sdp(A, "RTP/SAVP", &[&crypto(1, 1, "").replace("_80", "_99")]),
            sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]),
            "the crypto-suite is not known here",
        ),
        (
            sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]),
            sdp(B, "RTP/SAVP", &[]),
            "RTP/SAVP was agreed without a crypto line in the answer",
        ),
        (
            sdp(A, "UDP/TLS/RTP/SAVPF", &["a=fingerprint:sha-256 00"]),
            sdp(B, "UDP/TLS/RTP/SAVPF", &["a=fingerprint:sha-256 00"]),
            "agreed on with DTLS",
        ),
    ] {
        let mut capture = Capture::new();
        capture.exchange(1, &offer, &answer);
        Sender::new(&key(1), 0xa).send(&mut capture, A, B, 3);
        let (stream, code) = only(&capture.decrypt(&["--json"]));
        assert!(diagnosis(&stream).contains(wanted), "{stream}");
        assert_eq!((stream["failed"].as_u64(), code), (Some(3), 4));
    }
}

/// Datagrams that are not RTP, and RTP of calls that are not in the capture, do not count.
#[test]
fn strangers_are_left_out() {
    let mut capture = secured();
    Sender::new(&key(1), 0xa).send(&mut capture, A, B, 2);
    capture.packet(A, B, b"\x00\x01\x00\x00\x21\x12\xa4\x42 a STUN request ");
    capture.packet("10.0.0.7:53", "10.0.0.8:53", b"\x80\x01 a name query");
    let mut stranger = Sender::new(&key(8), 0xc);
    stranger.send(&mut capture, "10.0.0.7:1000", "10.0.0.8:1000", 20);
    let run = capture.decrypt(&["--json"]);
    let json = run.json();
    assert_eq!(json["streams"].as_array().unwrap().len(), 2, "{}", run.out);
    assert!(
        diagnosis(&json["streams"][1]).starts_with("no SDP in the capture names"),
        "{}",
        run.out
    );
    assert_eq!(run.code, 0);
}

/// Several calls at once, with the same SSRC in each: told apart by Call-ID and addresses, each with
/// its own keys and rollover counters; the worst of them decides the exit code.
#[test]
fn calls_side_by_side() {
    let (c, d) = ("10.0.0.3:4000", "10.0.0.4:5000");
    let other = |message: String| message.replace("Call-ID: made-up", "Call-ID: another");
    let call = |profile, lines: &[&str]| {
        let mut capture = secured();
        let invite = sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &sdp(c, profile, lines));
        let answer = lines.iter().map(|_| crypto(1, 4, "")).collect::<Vec<_>>();
        let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
        let ok = sip("SIP/2.0 200 OK", "1 INVITE", "b", &sdp(d, profile, &answer));
        capture.a_sends(&other(invite));
        capture.b_sends(&other(ok));
        capture
    };
    let mut capture = call("RTP/SAVP", &[&crypto(1, 3, "")]);
    let (mut one, mut two) = (Sender::new(&key(1), 7), Sender::new(&key(3), 7));
    for _ in 0..5 {
        one.send(&mut capture, A, B, 1);
        two.send(&mut capture, c, d, 1);
    }
    let run = capture.decrypt(&["--json"]);
    assert_eq!(counts(&run.json(), "rtp"), [[5, 0, 0, 0], [5, 0, 0, 0]]);
    assert_eq!(run.code, 0);

    let mut capture = call("RTP/AVP", &[]);
    Sender::new(&key(1), 7).send(&mut capture, A, B, 5);
    let mut plain = Sender::new(&key(3), 7);
    (0..5).for_each(|_| capture.packet(c, d, &plain.plain()));
    let run = capture.decrypt(&["--json"]);
    assert_eq!(counts(&run.json(), "rtp"), [[5, 0, 0, 0], [0, 5, 0, 0]]);
    assert_eq!(run.code, 3);
}

/// RFC 3264 §8.4: a call put on hold by either side, with a direction or the old address of zeros,
/// goes on with its keys.
#[test]
fn hold_changes_nothing() {
    let (offer, answer) =
        (sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]), sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]));
    let (mut a, mut b) = (Sender::new(&key(1), 1), Sender::new(&key(2), 2));
    let mut capture = secured();
    a.send(&mut capture, A, B, 3);
    b.send(&mut capture, B, A, 3);
    let inactive = |sdp: &str, how: &str| format!("{sdp}a={how}\r\n");
    capture.exchange(2, &inactive(&offer, "sendonly"), &inactive(&answer, "recvonly"));
    a.send(&mut capture, A, B, 3);
    let zeros = offer.replace("c=IN IP4 10.0.0.1", "c=IN IP4 0.0.0.0");
    capture.exchange(3, &zeros, &answer);
    capture.exchange(4, &offer, &answer);
    b.send(&mut capture, B, A, 3);
    let run = capture.decrypt(&["--json"]);
    assert_eq!(counts(&run.json(), "rtp"), [[6, 0, 0, 0], [6, 0, 0, 0]]);
    assert_eq!(run.code, 0);
}

/// Where both sides announce a DTLS fingerprint and no crypto line, the media are not taken for plain
/// RTP, whatever the profile; what is missing is said.
#[test]
fn a_call_keyed_by_dtls_is_not_plain() {
    let dtls = ["a=setup:active", "a=fingerprint:sha-256 6B:8B"];
    for profile in ["UDP/TLS/RTP/SAVPF", "RTP/SAVPF", "RTP/SAVP", "RTP/AVP"] {
        let mut capture = Capture::new();
        capture.exchange(1, &sdp(A, profile, &dtls), &sdp(B, profile, &dtls));
        Sender::new(&key(9), 7).send(&mut capture, A, B, 20);
        let run = capture.decrypt(&["--json"]);
        let json = run.json();
        let stream = &json["streams"][0];
        assert_eq!((&stream["failed"], &stream["plain"]), (&json!(20), &json!(0)), "{profile}");
        let why = stream["diagnosis"].as_str().unwrap();
        assert!(why.contains("agreed on with DTLS, not in SDP"), "{profile}: {why}");
        assert_eq!(run.code, 4, "{profile}");
    }
}
