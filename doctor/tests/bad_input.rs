//! Whatever is wrong with an input: a sentence that says what and where, the exit code of the
//! contract, nothing half-written, and never a panic.

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
use std::fs;
use std::path::Path;

fn baresip() -> Vec<u8> {
    fs::read(vector("baresip-sdes-pcmu.pcap")).unwrap()
}

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

/// Fails with this code and these words, and leaves no directory behind.
fn assert_fails(args: &[&str], code: i32, words: &[&str]) {
    let dir = Dir::new();
    let out = dir.path("out");
    let run = doctor(&[&["decrypt", "--wav", "--out", &out], args].concat());
    assert_eq!(run.code, code, "{args:?}: {}", run.err);
    for word in words {
        assert!(run.err.contains(word), "{args:?}: {word:?} is not in {:?}", run.err);
    }
    assert_eq!(run.out, "", "{args:?}");
    assert!(!Path::new(&out).exists(), "{args:?}");
}

#[test]
fn inputs_that_are_no_captures() {
    let dir = Dir::new();
    let empty = dir.file("empty.pcap", "");
    let text = dir.file("text.pcap", "this is not a capture, whatever its name says");
    let header = dir.file("header.pcap", &baresip()[..20]);
    assert_fails(&[&empty], 1, &["empty.pcap: is empty"]);
    assert_fails(&[&text], 1, &["text.pcap: byte 0: is neither pcap nor pcapng"]);
    assert_fails(&[&header], 1, &["header.pcap: byte 0:"]);
    assert_fails(&[&dir.path("none.pcap")], 1, &["none.pcap: no such file or directory"]);
    assert_fails(&[&dir.path("")], 1, &["is a directory"]);
}

#[test]
fn captures_without_what_it_takes() {
    let dir = Dir::new();
    let mut media = Capture::new();
    Sender::new(&key(1), 1).send(&mut media, A, B, 30);
    let media = dir.file("media.pcap", media.bytes());
    assert_fails(
        &[&media],
        1,
        &[
            "media.pcap: no SIP over UDP or TCP in 30 packets",
            "give the keys with --crypto or --sdp",
        ],
    );
    let mut silent = Capture::new();
    silent.a_sends(&sip("OPTIONS sip:b@h SIP/2.0", "1 OPTIONS", "", ""));
    let silent = dir.file("silent.pcap", silent.bytes());
    assert_fails(&[&silent], 1, &["1 SIP messages in 1 packets, but no SDP in them"]);
    let mut broken = Capture::new();
    broken.a_sends("INVITE sip:b@h SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n");
    let broken = dir.file("broken.pcap", broken.bytes());
    assert_fails(&[&broken], 1, &["packet 1: the SIP message has no Call-ID"]);
    let signalling = dir.file("signalling.pcap", secured().bytes());
    assert_fails(&[&signalling], 1, &["no RTP or RTCP in 2 packets"]);
}

/// Whatever the place at which a capture breaks off: what comes before is decrypted and written, and
/// the place is said to the byte.
#[test]
fn truncated_captures_are_read_up_to_the_break() {
    let whole = baresip();
    let dir = Dir::new();
    // The last record: 16 bytes of header, 14 + 20 + 8 of protocols and a SIP response.
    let cut = dir.file("cut.pcap", &whole[..whole.len() - 5]);
    let out = dir.path("out");
    let run = doctor(&["decrypt", &cut, "--json", "--wav", "--out", &out]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("cut.pcap: breaks off after packet 1019, at byte "), "{}", run.err);
    assert!(run.err.contains(": the file ends "), "{}", run.err);
    let json = run.json();
    assert_eq!(json["streams"].as_array().unwrap().len(), 4);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4);

    // In the middle of the first INVITE: nothing to decrypt with.
    let cut = dir.file("early.pcap", &whole[..300]);
    assert_fails(
        &[&cut],
        1,
        &["breaks off after packet 0, at byte 24", "no SIP over UDP or TCP in 0 packets"],
    );

    // A record that claims more than any packet has.
    let mut absurd = whole[..5000].to_vec();
    absurd.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]);
    absurd.extend(vec![0; 40 << 20]);
    let absurd = dir.file("absurd.pcap", absurd);
    let run = doctor(&["decrypt", &absurd]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("breaks off after packet"), "{}", run.err);
}

/// A pcapng block that says it is shorter than its own frame is where the capture breaks off, in
/// either byte order (pcapng §3.1); a fuzzer found that a block about a process was taken so.
#[test]
fn blocks_shorter_than_their_frame_are_named() {
    const KINDS: [u32; 3] = [0x8000_0001, 1, 6];
    let dir = Dir::new();
    for (kind, len) in KINDS.into_iter().flat_map(|kind| (0..12).map(move |len| (kind, len))) {
        // Version 1.0 is two numbers of two bytes.
        let orders = [
            (u32::to_le_bytes as fn(u32) -> [u8; 4], [1, 0, 0, 0]),
            (u32::to_be_bytes, [0, 1, 0, 0]),
        ];
        for (to_bytes, version) in orders {
            let mut capture = [0x0a0d_0d0a, 28, 0x1a2b_3c4d].map(to_bytes).concat();
            capture.extend(version);
            capture.extend([u32::MAX, u32::MAX, 28].map(to_bytes).concat());
            capture.extend([kind, len, 0, 0, 0, 0, len].map(to_bytes).concat());
            let file = dir.file("short.pcapng", capture);
            let said = format!("at byte 28: the block there says that it is {len} bytes long");
            assert_fails(&[&file], 1, &[&said]);
        }
    }
}

#[test]
fn broken_crypto_lines_are_named_by_line_and_column() {
    // In a capture: its own line is skipped and named, the rest goes on (RFC 4568 §5.1.2).
    let mut capture = Capture::new();
    let short = crypto(1, 1, "").replace("inline:AQ", "inline:");
    let offer = sdp(A, "RTP/SAVP", &[&short, &crypto(2, 1, "")]);
    capture.exchange(1, &offer, &sdp(B, "RTP/SAVP", &[&crypto(2, 2, "")]));
    Sender::new(&key(1), 0xa).send(&mut capture, A, B, 3);
    let run = capture.decrypt(&["--json"]);
    assert_eq!((run.json()["streams"][0]["decrypted"].as_u64(), run.code), (Some(3), 0));
    let wanted = "made-up.pcap: packet 1, SDP line 8, column 43: key and salt";
    assert!(run.err.contains(wanted), "{}", run.err);

    // In a file and on the command line.
    let dir = Dir::new();
    let media = dir.file("media.pcap", secured().bytes());
    let file = dir.file("short.sdp", sdp(A, "RTP/SAVP", &[&short]));
    assert_fails(&[&media, "--sdp", &file], 1, &["short.sdp: line 8, column 43:"]);
    let file = dir.file("port.sdp", sdp(A, "RTP/SAVP", &[]).replace("4000", "70000"));
    assert_fails(&[&media, "--sdp", &file], 1, &["port.sdp: line 6, column 9: the port is not"]);
    let file = dir.file("plain.sdp", sdp(A, "RTP/AVP", &[]));
    assert_fails(
        &[&media, "--sdp", &file],
        1,
        &["plain.sdp: no media section with an a=crypto line"],
    );
    assert_fails(
        &[
            &media,
            "--crypto",
            "1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo",
        ],
        2,
        &["--crypto: column 34: key and salt are 29 bytes; AES_CM_128_HMAC_SHA1_80 needs 30"],
    );
}

#[test]
fn wrong_command_lines_and_unwritable_outputs() {
    let dir = Dir::new();
    let capture = dir.file("capture.pcap", baresip());
    for args in [&[][..], &["decrypt"], &["decrypt", &capture, "--wav"], &["cure", &capture]] {
        assert_eq!(doctor(args).code, 2, "{args:?}");
    }
    let file = dir.file("file", "");
    let run = doctor(&["decrypt", &capture, "--out", &format!("{file}/out")]);
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{}", run.err);
    // A result whose name is taken by a directory: an error, and no temporary file stays.
    let out = dir.path("out");
    let taken = "call1-audio-10.77.0.1-9462-to-10.77.0.2-8946.pcap";
    fs::create_dir_all(format!("{out}/{taken}/x")).unwrap();
    let run = doctor(&["decrypt", &capture, "--out", &out]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains(taken), "{}", run.err);
    let hidden = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
    assert!(!fs::read_dir(&out).unwrap().any(|entry| hidden(entry.unwrap())));
}

/// An SDP, a file's name, a packet line: none of them moves the cursor or sets a title.
#[test]
fn control_characters_stay_in_the_input() {
    let dir = Dir::new();
    let hostile = "\u{1b}]0;title\u{7}\u{9b}2J\r";
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns={hostile}\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 5004 RTP/SAVP 0 {hostile}\r\na=crypto:1 {hostile} inline:{hostile}\r\n\
         a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{hostile} {hostile}\r\n"
    );
    let sdp = dir.file(&format!("{}.sdp", "\u{1b}[5m"), sdp);
    let runs = [
        doctor(&["explain", &sdp]),
        doctor(&["answer", &sdp, "--as", "srtp"]),
        doctor(&["connect", &sdp, "srtp"]),
        doctor(&["decrypt", &sdp]),
        doctor(&["packet", "protect", "--crypto", hostile]),
    ];
    for run in runs {
        for text in [run.out, run.err] {
            assert!(
                !text.replace("\r\n", "\n").chars().any(|c| c.is_control() && c != '\n'),
                "{text:?}"
            );
        }
    }
}

/// A reader that goes away is no reason to panic.
#[test]
fn closed_output_is_an_error_and_no_panic() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_srtp-doctor"))
        .args(["explain", vector("baresip-sdes-pcmu.pcap").to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}

/// Bytes changed, cut and doubled at random, again and again: it never panics, ends with one of
/// the documented codes, and a bad end has a sentence.
#[test]
fn damaged_captures_never_panic() {
    let mut state = 0x1234_5678_9abc_def0_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    // The beginning has it all: SIP, SDP, RTCP in the clear and protected, RTP.
    let whole = &baresip()[..12_000];
    let dir = Dir::new();
    let out = dir.path("out");
    for round in 0..120 {
        let mut bytes = whole.to_vec();
        for _ in 0..=random(20) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                1 => bytes[at] ^= 1 << random(8),
                2 => bytes.truncate(bytes.len() - random(200)),
                _ => {
                    let end = (at + random(300)).min(bytes.len());
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        let file = dir.file("damaged.pcap", &bytes);
        for command in ["decrypt", "explain"] {
            let mut line = vec!["srtp-doctor", command, &file];
            if command == "decrypt" {
                line.extend(["--wav", "--out", &out]);
            }
            use clap::Parser;
            let cli = srtp_doctor::cli::Cli::parse_from(line);
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            let result = match &cli.command {
                srtp_doctor::cli::Command::Decrypt(args) => {
                    srtp_doctor::decrypt::run(args, cli.common, &mut stdout, &mut stderr)
                }
                srtp_doctor::cli::Command::Explain(args) => {
                    srtp_doctor::explain::run(args, cli.common, &mut stdout, &mut stderr)
                }
                _ => continue,
            };
            match result {
                Ok(_) => assert!(!stdout.is_empty(), "round {round}"),
                Err(failure) => assert!(failure.message.contains(": "), "round {round}: {failure}"),
            }
        }
    }
}
