//! Calls that other programs made, as recorded in `test-vectors/captures`: what a user sees of them.

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

fn path(name: &str) -> String {
    vector(name).to_str().unwrap().to_owned()
}

fn decrypted(args: &[&str]) -> (Value, i32) {
    let run = doctor(&[&["decrypt", "--json"], args].concat());
    (run.json()["streams"].take(), run.code)
}

/// Sums of packets, decrypted, failed and lost over the streams of a kind.
fn sums(streams: &Value, kind: &str) -> [u64; 4] {
    let of_kind = streams.as_array().unwrap().iter().filter(|stream| stream["kind"] == kind);
    of_kind.fold([0; 4], |mut sums, stream| {
        let keys = ["packets", "decrypted", "failed", "lost"];
        sums.iter_mut().zip(keys).for_each(|(sum, key)| *sum += stream[key].as_u64().unwrap());
        sums
    })
}

fn contexts(name: &str) -> Value {
    let run = doctor(&["explain", &path(name), "--json"]);
    let exchanges = run.json()["exchanges"].take();
    exchanges.as_array().unwrap().iter().map(|exchange| exchange["context"].clone()).collect()
}

/// The human form of every recorded call, `explain` and `decrypt`.
#[test]
fn human_forms_are_these() {
    for name in ["baresip-hold", "baresip-refused-488", "linphone-tcp-aes-256-rekey"] {
        let capture = path(&format!("{name}.pcap"));
        golden(&format!("{name}.explain.txt"), &doctor(&["explain", &capture]).out);
        golden(&format!("{name}.decrypt.txt"), &doctor(&["decrypt", &capture]).out);
    }
    for name in ["ffmpeg-aes-128-cm-32", "gstreamer-aes-256-gcm", "gstreamer-late-aes-256-cm"] {
        let (capture, sdp) = (path(&format!("{name}.pcap")), path(&format!("{name}.sdp")));
        golden(&format!("{name}.decrypt.txt"), &doctor(&["decrypt", &capture, "--sdp", &sdp]).out);
    }
}

/// RFC 4568 §7.1.4: hold and resume with the keys of before; rollover counters and replay windows go
/// on, and everything opens.
#[test]
fn hold_keeps_keys() {
    assert_eq!(contexts("baresip-hold.pcap"), json!(["new", "keep", "keep"]));
    let (streams, code) = decrypted(&[&path("baresip-hold.pcap")]);
    assert_eq!((sums(&streams, "rtp"), code), ([89, 89, 0, 0], 0));
}

/// SIP over TCP, AES-256, and new keys with every re-INVITE: each packet opens under the key of its
/// time.
#[test]
fn keys_change_with_every_reinvite() {
    let name = "linphone-tcp-aes-256-rekey.pcap";
    assert_eq!(contexts(name), json!(["new", "rekey-both", "rekey-both"]));
    let (streams, code) = decrypted(&[&path(name)]);
    let [packets, opened, failed, _] = sums(&streams, "rtp");
    assert_eq!((failed, code), (0, 0));
    assert!(opened == packets && packets > 300, "{streams}");
    let suites = streams.as_array().unwrap().iter().map(|stream| &stream["suite"]);
    assert!(suites.into_iter().all(|suite| suite == "AES_256_CM_HMAC_SHA1_80"));
}

/// 488: exit code 4, and the likely reason.
#[test]
fn a_refusal_says_why() {
    let run = doctor(&["explain", &path("baresip-refused-488.pcap"), "--json"]);
    assert_eq!(run.code, 4);
    let exchange = &run.json()["exchanges"][0];
    assert_eq!((&exchange["status"], &exchange["outcome"]), (&json!(488), &json!("rejected")));
    let reason = exchange["reason"].as_str().unwrap();
    assert!(reason.contains("488 Not Acceptable Here; the offer is of SRTP alone"), "{reason}");
    assert_eq!(decrypted(&[&path("baresip-refused-488.pcap")]).1, 4);
}

/// AES-GCM over the wrap of the sequence numbers, with keys out of an SDP file.
#[test]
fn gcm_is_decrypted_over_the_wrap() {
    let name = "gstreamer-aes-256-gcm";
    let sdp = path(&format!("{name}.sdp"));
    let (streams, code) = decrypted(&[&path(&format!("{name}.pcap")), "--sdp", &sdp]);
    let [packets, opened, failed, lost] = sums(&streams, "rtp");
    assert_eq!((opened, failed, lost, code), (packets, 0, 0, 0));
    assert_eq!((&streams[0]["roc"], &streams[0]["suite"]), (&json!(1), &json!("AEAD_AES_256_GCM")));
}

/// RFC 3711 §3.3.1: the capture began after the wrap; the rollover counter is found and told. By the
/// line alone, too.
#[test]
fn a_late_capture_finds_its_rollover_counter() {
    let name = "gstreamer-late-aes-256-cm";
    let sdp = path(&format!("{name}.sdp"));
    let text = std::fs::read_to_string(&sdp).unwrap();
    let line = text.lines().find(|line| line.starts_with("a=crypto")).unwrap();
    for keys in [["--sdp", &sdp], ["--crypto", line]] {
        let (streams, code) =
            decrypted(&[&[&path(&format!("{name}.pcap"))[..]], &keys[..]].concat());
        let [packets, opened, failed, lost] = sums(&streams, "rtp");
        assert_eq!((opened, failed, lost, code), (packets, 0, 0, 0));
        assert_eq!(streams[0]["roc"], 1);
        let diagnosis = streams[0]["diagnosis"].as_str().unwrap();
        assert!(diagnosis.contains("the rollover counter was found to be 1"), "{diagnosis}");
    }
}

/// RFC 4568 §6.2: ffmpeg gives SRTCP the 32-bit tag of SRTP. Opened all the same, and named.
#[test]
fn short_srtcp_tags_are_opened_and_named() {
    let name = "ffmpeg-aes-128-cm-32";
    let sdp = path(&format!("{name}.sdp"));
    let (streams, code) = decrypted(&[&path(&format!("{name}.pcap")), "--sdp", &sdp]);
    assert_eq!(code, 0, "{streams}");
    let [packets, opened, ..] = sums(&streams, "rtcp");
    assert!(packets > 0 && opened == packets, "{streams}");
    let rtcp = streams.as_array().unwrap().iter().find(|stream| stream["kind"] == "rtcp").unwrap();
    let diagnosis = rtcp["diagnosis"].as_str().unwrap();
    assert!(diagnosis.starts_with("SRTCP has tags of 32 bits"), "{diagnosis}");
}

/// Joined in the middle of the call, without its INVITE: what of the keys is still in a re-INVITE
/// is used.
#[test]
fn a_capture_from_the_second_message_on_is_still_told() {
    let whole = std::fs::read(vector("linphone-tcp-aes-256-rekey.pcap")).unwrap();
    // Leaves out the first 230 packets: the capture begins inside of the hold.
    let mut at = 24;
    for _ in 0..230 {
        let len = u32::from_le_bytes(whole[at + 8..at + 12].try_into().unwrap());
        at += 16 + usize::try_from(len).unwrap();
    }
    let late = [&whole[..24], &whole[at..]].concat();
    let run = doctor_reading(&["decrypt", "-", "--json"], &late);
    let streams = run.json()["streams"].take();
    let [packets, opened, failed, _] = sums(&streams, "rtp");
    assert_eq!(run.code, 4, "the key of the hold is not in it: {streams}");
    assert!(opened > 100 && failed > 0 && opened + failed == packets, "{streams}");
}
