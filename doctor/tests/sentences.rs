//! Sentences that the other tests do not come across: each is printed for what it says, with its
//! figures and its exit code.

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

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Ends with this code, and says this on one of the two streams.
fn assert_says(run: &Run, code: i32, words: &str) {
    let all = format!("{}{}", run.out, run.err);
    assert_eq!(run.code, code, "{all}");
    assert!(all.contains(words), "{words:?} is not in {all}");
}

fn vectors(name: &str) -> String {
    format!("{}/../test-vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn of_command_lines() {
    let offer = vectors("sdes/sdp/polycom-scenario-one.sdp");
    let run = doctor(&["answer", &offer, "--as", "srtp", "--keys", "abc"]);
    assert_says(&run, 2, "--keys: not an even number of hex digits");
    let gateway = vectors("negotiation/cisco-srtp-fallback-dial-peer.txt");
    let run = doctor(&["connect", &gateway, "srtp", "--dial-peer", "77"]);
    assert_says(&run, 2, "--dial-peer 77: ");
    assert_says(&run, 2, "has no such dial peer");
    let run = doctor(&["connect", "srtp", "srtp", "--tls", "off"]);
    assert_says(&run, 0, "The keys went over clear SIP: whoever saw it can listen.");
}

#[test]
fn of_texts() {
    let dir = Dir::new();
    let offer =
        dir.file("offer.sdp", sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]).replace("SAVP 0", "SAVP "));
    let run = doctor(&["answer", &offer, "--as", "srtp"]);
    assert_says(&run, 1, "offer.sdp: ");
    let prose = dir.file("prose.txt", "One line.\nAnother.\n");
    let run = doctor(&["explain", &prose]);
    let words = "prose.txt: 0 SIP messages with 0 SDP in 2 lines; this is neither a capture nor a log of SIP";
    assert_says(&run, 1, words);
    let long = dir.file("long.txt", vec![b'x'; (16 << 20) + 1]);
    let run = doctor(&["explain", &long]);
    assert_says(&run, 1, "long.txt: 16777217 bytes are too many for a text file");
    let mut capture = Capture::new();
    let offer = sdp(A, "RTP/SAVP", &[]).replace("audio 4000", "audio x");
    capture.exchange(1, &offer, &sdp(B, "RTP/SAVP", &[]));
    let run = capture.run("explain", &[]);
    assert_says(&run, 1, "No offer with a readable answer.");
    assert_says(&run, 1, "made-up.pcap: packet 1, SDP line 6, column 9: ");
    let mut plain = Capture::new();
    plain.exchange(1, &sdp(A, "RTP/AVP", &[]), &sdp(B, "RTP/AVP", &[]));
    assert_says(&plain.run("explain", &[]), 3, "RTP, not secured: ");
}

/// A pcapng file of these blocks, given as type and body.
fn pcapng(blocks: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let all = [(0x0a0d_0d0a, section)].into_iter().chain(blocks.iter().cloned());
    all.flat_map(|(kind, body): (u32, Vec<u8>)| {
        let len = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &len, &body, &len].concat()
    })
    .collect()
}

#[test]
fn of_broken_captures() {
    let interface = |link: u8| (1, vec![link, 0, 0, 0, 0, 0, 4, 0]);
    let enhanced = |number: u8| (6, [vec![number, 0, 0, 0], vec![0; 16]].concat());
    let run = doctor_reading(&["explain", "-"], &pcapng(&[interface(1), enhanced(5)]));
    let words = "the packet there is from interface 5, and the capture describes 1";
    assert_says(&run, 1, words);
    let run = doctor_reading(&["explain", "-"], &pcapng(&[(3, vec![0; 4])]));
    assert_says(&run, 1, "the packet there has no interface description before it");
}

#[test]
fn of_streams() {
    // PCMU of a key that nobody announced: longer than its samples.
    let mut capture = secured();
    Sender::new(&key(9), 7).send(&mut capture, A, B, 20);
    let run = capture.decrypt(&[]);
    assert_says(&run, 4, "Nothing decrypted: 20 packets failed authentication.");
    assert_says(&run, 4, "wrong key: payloads are longer than their samples, as with SRTP");

    let mut capture = secured();
    Sender::new(&key(1), 7).send(&mut capture, A, B, 5);
    Sender::new(&key(9), 8).send(&mut capture, A, B, 20);
    let run = capture.decrypt(&[]);
    let words =
        "Not all decrypted: 5 RTP and 0 RTCP packets decrypted; 20 packets failed authentication.";
    assert_says(&run, 4, words);

    let mut capture = Capture::new();
    capture.exchange(1, &sdp(A, "RTP/AVP", &[]), &sdp(B, "RTP/AVP", &[]));
    let mut sender = Sender::new(&key(1), 7);
    (0..3).for_each(|_| capture.packet(A, B, &sender.plain()));
    assert_says(&capture.decrypt(&[]), 3, "Not secured: 3 packets plain, as was agreed.");

    // The sender's line has 29 bytes of key.
    let mut capture = Capture::new();
    let broken =
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let answer = sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]);
    capture.exchange(1, &sdp(A, "RTP/SAVP", &[broken]), &answer);
    Sender::new(&key(1), 7).send(&mut capture, A, B, 3);
    let run = capture.decrypt(&[]);
    assert_says(
        &run,
        4,
        "no key: line 8 of the sender's SDP, column 43: key and salt are 29 bytes",
    );

    let mut capture = secured();
    for ssrc in 1..=70 {
        Sender::new(&key(1), ssrc).send(&mut capture, A, B, 1);
    }
    let run = capture.decrypt(&[]);
    assert_says(&run, 4, "more than 64 SSRCs under one key; the rest are left out");
}

/// More streams than are kept in memory.
#[test]
fn of_ever_more_streams() {
    let mut capture = secured();
    let mut sender = Sender::new(&key(1), 0xffff_ffff);
    sender.send(&mut capture, A, B, 1);
    let mut packet = sender.plain();
    for ssrc in 0..(1_u32 << 16) + 5 {
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        capture.packet("10.0.0.8:4000", "10.0.0.9:4000", &packet[..14]);
    }
    let run = capture.decrypt(&[]);
    assert_says(&run, 0, "made-up.pcap: 6 packets of ever more streams are left out");
}

/// SIP that cannot be used, more of it than anybody reads.
#[test]
fn of_ever_more_complaints() {
    let mut capture = secured();
    (0..150).for_each(|_| capture.a_sends("INVITE sip:b@h SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"));
    let run = capture.run("explain", &[]);
    assert_says(&run, 0, "packet 3: the SIP message has no Call-ID");
    assert_says(&run, 0, "50 further SIP messages cannot be used");
    assert_eq!(run.err.lines().count(), 101);
}
