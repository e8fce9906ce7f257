//! `packet` as a filter: every known packet through it both ways, every word it refuses with, every
//! directive, and no secret unless asked for.

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
use srtp_test_vectors::{KNOWN_PACKETS, KnownPacket, known_packets, value};

fn packet(args: &[&str], input: &str) -> Run {
    doctor_reading(&[&["packet"], args].concat(), input.as_bytes())
}

/// The answers, without the comments of `--explain`.
fn answers(run: &Run) -> Vec<&str> {
    run.out.lines().filter(|line| !line.starts_with('#')).collect()
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An RTP packet of one payload byte.
fn rtp(ssrc: u32, sequence: u16) -> String {
    format!("8000{sequence:04x}000000a0{ssrc:08x}55")
}

/// A context from key 1 of the other tests, with whatever follows the key.
fn line(rest: &str) -> String {
    crypto(1, 1, rest)
}

/// Of each line of the input what `packet` makes of it, protecting.
fn protected(line: &str, options: &[&str], input: &str) -> Vec<String> {
    let run = packet(&[&["protect", "--auto", "--crypto", line], options].concat(), input);
    answers(&run).iter().map(|line| (*line).to_owned()).collect()
}

fn unprotected(line: &str, options: &[&str], input: &str) -> Vec<String> {
    let run = packet(&[&["unprotect", "--auto", "--crypto", line], options].concat(), input);
    answers(&run).iter().map(|line| (*line).to_owned()).collect()
}

/// What one known packet is to be called with, `None` for what a crypto line cannot say.
fn call(known: &KnownPacket) -> (Vec<String>, &'static str) {
    let suite = srtp_core::CryptoSuite::from_name(known.suite).unwrap();
    let key = srtp_core::MasterKey::new(suite, &known.key_salt()).unwrap();
    let attribute = sdes_sdp::CryptoAttribute::new(1, key, Default::default()).unwrap();
    let mki = match known.mki.len() {
        0 => String::new(),
        len => {
            let value = known.mki.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
            format!("|{value}:{len}")
        }
    };
    let mut text = format!("{}{mki}", attribute.value(&sdes_sdp::Emit::default()));
    for (on, name) in [
        (known.unencrypted_srtp, "UNENCRYPTED_SRTP"),
        (known.unencrypted_srtcp, "UNENCRYPTED_SRTCP"),
        (known.unauthenticated_srtp, "UNAUTHENTICATED_SRTP"),
    ] {
        if on {
            text += &format!(" {name}");
        }
    }
    if let Some(kdr) = known.kdr {
        text += &format!(" KDR={kdr}");
    }
    let kind = if known.rtcp { "--rtcp" } else { "--rtp" };
    (vec!["--crypto".into(), text, "--roc".into(), known.roc.to_string()], kind)
}

/// RFC 3711, RFC 6188, RFC 7714: the packets of the second implementation, opened one by one through
/// the command line; and the SRTP ones made.
#[test]
fn known_packets_go_through() {
    let mut tried = 0;
    for known in KNOWN_PACKETS.iter().copied().flat_map(known_packets).step_by(7) {
        // Nothing that a line can say, or against RFC 7714 §8.2.
        let aead = known.suite.starts_with("AEAD");
        let beyond = known.cryptex || known.rcc.is_some() || !known.extensions.is_empty();
        let weak = known.unencrypted_srtp || known.unauthenticated_srtp;
        if beyond || known.mki.len() > 16 || known.kdr == Some(0) || (aead && weak) {
            continue;
        }
        let (args, kind) = call(&known);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let opened =
            packet(&[&["unprotect", kind], &args[..]].concat(), &(digits(&known.secured) + "\n"));
        let wanted = format!("ok {}\n", digits(&known.plain));
        assert_eq!((opened.out, opened.code), (wanted, 0), "{} {}", known.name, opened.err);
        if !known.rtcp {
            let made =
                packet(&[&["protect", kind], &args[..]].concat(), &(digits(&known.plain) + "\n"));
            assert_eq!(made.out, format!("ok {}\n", digits(&known.secured)), "{}", known.name);
        }
        tried += 1;
    }
    assert!(tried > 60, "{tried}");
}

/// What one filter makes, the next one takes, `--explain` and all.
#[test]
fn filters_can_be_chained() {
    let input = format!("# made up\n{}\n{}\n80c9000100000007\n", rtp(7, 1), rtp(7, 2));
    let line = line("|2^20|1:4 UNENCRYPTED_SRTCP");
    let made = packet(&["protect", "--auto", "--explain", "--crypto", &line], &input);
    assert_eq!(made.code, 0, "{}", made.out);
    let next = made.out.replace("ok ", "");
    let opened = unprotected(&line, &["--explain"], &next);
    assert_eq!(
        opened,
        [
            format!("ok {}", rtp(7, 1)),
            format!("ok {}", rtp(7, 2)),
            "ok 80c9000100000007".to_owned()
        ]
    );
}

/// Every word of the contract, each with its sentence.
#[test]
fn every_refusal_has_its_word() {
    let line = &line("");
    let one = rtp(7, 1);
    let sealed = |sequence| protected(line, &[], &rtp(7, sequence))[0][3..].to_owned();
    let first = sealed(1);
    let mut damaged = first.clone();
    damaged.replace_range(24..26, "00");
    let word = |answers: Vec<String>| answers.last().unwrap().clone();

    assert_eq!(
        word(protected(line, &[], "80")),
        "err too-short: the packet is 1 bytes; its header asks for at least 12"
    );
    assert_eq!(
        word(unprotected(line, &[], &first[..30])),
        "err too-short: the packet is 15 bytes; header, MKI and tag take at least 22"
    );
    assert_eq!(
        word(protected(line, &[], "400000010000000000000007")),
        "err malformed: the version field is 1; RTP and RTCP have version 2"
    );
    assert_eq!(
        word(protected(line, &[], "# x\n8x")),
        "err malformed: line 2, column 2: 'x' is not a hex digit"
    );
    assert_eq!(
        word(unprotected(line, &[], &damaged)),
        "err auth-failed: the authentication tag does not match: forged, damaged, or another key or \
         rollover counter"
    );
    assert_eq!(
        word(unprotected(line, &[], &format!("{first}\n{first}"))),
        "err replayed: packet index 1 came in before"
    );
    let late = format!("{}\n{first}", sealed(200));
    assert!(
        word(unprotected(line, &["--window", "64"], &late))
            .starts_with("err too-old: packet index 1 ")
    );
    assert!(word(unprotected(line, &["--window", "256"], &late)).starts_with("ok "));
    let (with_one, with_two) = (self::line("|1:2"), self::line("|2:2"));
    let other_mki = protected(&with_two, &[], &one)[0][3..].to_owned();
    assert_eq!(
        word(unprotected(&with_one, &[], &other_mki)),
        "err unknown-mki: no master key has the MKI of this packet"
    );
    let short = self::line("|2");
    let three = format!("{one}\n{}\n{}", rtp(7, 2), rtp(7, 3));
    assert_eq!(
        word(protected(&short, &[], &three)),
        "err key-expired: the master key's lifetime of 2 packets is used up; agree on a new one"
    );
    assert!(
        word(protected(line, &[], &format!("{one}\n{one}")))
            .starts_with("err index-reuse: packet index 1 ")
    );
    assert_eq!(
        word(protected(line, &["--streams", "1"], &format!("{one}\n{}", rtp(8, 1)))),
        "err table-full: all 1 places for SSRCs are taken; remove one first"
    );
    let clear = self::line(" UNENCRYPTED_SRTCP");
    let report = protected(&clear, &[], "80c9000100000007")[0][3..].to_owned();
    assert!(
        word(unprotected(line, &[], &report))
            .starts_with("err policy: the SRTCP packet is in the clear")
    );
    let huge = one + &"00".repeat(65_520);
    assert_eq!(
        word(protected(line, &[], &huge)),
        "err no-room: the protected packet takes 65543 bytes; the buffer has 65535"
    );
}

/// Directives act on the context between the packets.
#[test]
fn directives_act_on_the_context() {
    let new = crypto(1, 2, "");
    let input = format!(
        "!streams\n!get-roc 7\n!set-roc 7 5\n!get-roc 0x7\n{}\n!streams\n!set-roc 7 4\n!remove 7\n\
         !remove 7\n!rekey {new}\n!rekey {new}\n{}\n!rekey x\n!nonsense\n",
        rtp(7, 1),
        rtp(7, 1)
    );
    let answers = protected(&line(""), &[], &input);
    let begins = [
        "ok none",
        "ok none",
        "ok 5",
        "ok 5",
        "ok 80000001",
        "ok 0x00000007 roc 5 rtp 327681 rtcp -",
        "err index-reuse: packet index 262144 was used before",
        "ok removed",
        "ok none",
        "ok new key, roc 0",
        "ok same key, roc kept",
        "ok 80000001",
        "err malformed: ",
        "err malformed: line 14, !nonsense is no directive",
    ];
    assert_eq!(answers.len(), begins.len(), "{answers:#?}");
    for (answer, begin) in answers.iter().zip(begins) {
        assert!(answer.starts_with(begin), "{answer} does not begin with {begin}");
    }
}

/// RFC 4568 §7.1.4: a new key begins with a counter of 0, unless both keys have MKIs; the same
/// key and salt never begins anew.
#[test]
fn rekeying_follows_the_mki() {
    let with = |byte, mki| crypto(1, byte, &format!("|{mki}:1"));
    let after = |first: &str, next: &str| {
        let input = format!("!set-roc 7 3\n{}\n!rekey {next}\n!get-roc 7", rtp(7, 9));
        let answers = protected(first, &[], &input);
        (answers[2].clone(), answers[3].clone())
    };
    let told = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    assert_eq!(after(&with(1, 1), &with(2, 2)), told("ok new key, roc kept", "ok 3"));
    assert_eq!(after(&line(""), &crypto(1, 2, "")), told("ok new key, roc 0", "ok none"));
    assert_eq!(after(&line(""), &line("")), told("ok same key, roc kept", "ok 3"));
    let (answer, roc) = after(&line(""), &line(" UNENCRYPTED_SRTP"));
    assert!(answer.starts_with("err index-reuse: rollover counters can start at zero only"));
    assert_eq!(roc, "ok 3");
}

/// `--roc` is that of every new SSRC, and an SSRC of which nothing was sent takes no place.
#[test]
fn first_rollover_counters() {
    let line = &line("");
    let input = format!("{}\n!get-roc 7\n80000001000000a000000008", rtp(7, 1));
    let made = protected(line, &["--roc", "4294967295"], &input);
    assert_eq!(made[1], "ok 4294967295");
    let opened = unprotected(line, &["--roc", "4294967295"], &made[0][3..]);
    assert_eq!(opened, [format!("ok {}", rtp(7, 1))]);
    assert!(unprotected(line, &[], &made[0][3..])[0].starts_with("err auth-failed"));
    let too_long = rtp(8, 1) + &"00".repeat(65_520);
    let answers = protected(line, &["--roc", "9"], &format!("{too_long}\n!streams"));
    assert!(answers[0].starts_with("err no-room"));
    assert_eq!(answers[1], "ok none");
}

/// RFC 3711 Appendix B.3 and RFC 7714 §8.1: the session keys and IVs shown are those of the RFCs, and
/// shown to nobody who did not ask.
#[test]
fn session_keys_are_shown_only_when_asked_for() {
    let file = srtp_test_vectors::RFC3711_B3;
    let of = |name: &str| digits(&value(file, name));
    let salt_key = of("master_key") + &of("master_salt");
    let suite = "AES_CM_128_HMAC_SHA1_80";
    let args = ["protect", "--rtp", "--explain", "--suite", suite, "--salt-key", &salt_key];
    let asked = packet(&[&args[..], &["--show-keys"]].concat(), &rtp(7, 1)).out;
    let quiet = packet(&args, &rtp(7, 1)).out;
    for secret in [of("cipher_key"), of("cipher_salt"), of("auth_key")[..40].to_owned()] {
        assert!(asked.contains(&secret), "{secret} is not in {asked}");
        assert!(!quiet.contains(&secret), "{secret} is in {quiet}");
    }
    // (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16)
    let iv = "30cbbc08863d8c82d49db34a9ae00000";
    assert!(asked.contains(iv) && !quiet.contains(iv), "{asked}");
}

/// The layout of every kind of packet, for people.
#[test]
fn explanations_are_these() {
    let mut told = String::new();
    for (suite, rest) in [
        ("AES_CM_128_HMAC_SHA1_32", "|2^20|1:4"),
        ("AEAD_AES_128_GCM", "|7:2"),
        ("F8_128_HMAC_SHA1_80", ""),
        ("NULL_HMAC_SHA1_80", ""),
        ("AES_CM_128_HMAC_SHA1_80", " UNENCRYPTED_SRTCP UNENCRYPTED_SRTP"),
    ] {
        let suite = srtp_core::CryptoSuite::from_name(suite).unwrap();
        let key = srtp_core::MasterKey::new(suite, &vec![3; suite.key_salt_len()]).unwrap();
        let attribute = sdes_sdp::CryptoAttribute::new(1, key, Default::default()).unwrap();
        let line = format!("{}{rest}", attribute.value(&sdes_sdp::Emit::default()));
        // One CSRC, an extension of a word, four bytes of payload.
        let input = "91e3123400000001deadbeef00000001bede000111223344c0ffee00\n\
                     81c90001deadbeef\n80\n";
        let options = ["protect", "--auto", "--explain", "--roc", "2", "--crypto", &line];
        told += &format!("{suite}{rest}\n{}\n", packet(&options, input).out);
    }
    golden("packet-layouts.txt", &told);
}

/// The command line: what it needs, and what its numbers may be.
#[test]
fn wrong_command_lines() {
    let line = &line("");
    let short = "11".repeat(29);
    let suite = "AES_CM_128_HMAC_SHA1_80";
    for (args, words) in [
        (&["protect", "--auto"][..], "--crypto"),
        (&["protect", "--crypto", line], "--auto"),
        (&["protect", "--rtp", "--rtcp", "--crypto", line], "cannot be used with"),
        (&["seal", "--rtp", "--crypto", line], "seal"),
        (&["protect", "--rtp", "--salt-key", &short], "--suite"),
        (
            &["protect", "--rtp", "--salt-key", &short, "--suite", suite],
            "key and salt are 29 bytes",
        ),
        (
            &["protect", "--rtp", "--salt-key", "1", "--suite", suite],
            "1 hex digits are not whole bytes",
        ),
        (&["protect", "--rtp", "--salt-key", "11", "--suite", "X"], "--suite X: known are"),
        (&["protect", "--rtp", "--crypto", "1 X"], "--crypto: column "),
        (
            &["protect", "--rtp", "--crypto", line, "--window", "63"],
            "a window has 64 to 32768 packets",
        ),
        (
            &["protect", "--rtp", "--crypto", line, "--streams", "0"],
            "there may be 1 to 1048576 SSRCs",
        ),
        (&["protect", "--rtp", "--crypto", line, "--roc", "4294967296"], "--roc"),
    ] {
        let run = packet(args, "");
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}: {}", run.err);
        assert!(run.err.contains(words), "{args:?}: {}", run.err);
    }
    assert_eq!(
        packet(&["protect", "--rtp", "--crypto", line], "").code,
        0,
        "nothing to do is done"
    );
}

/// A line that never ends does not fill the memory, and the one after it is read.
#[test]
fn endless_lines_are_refused() {
    let input = "0".repeat(3 << 20) + "\n" + &rtp(7, 1) + "\n";
    let answers = protected(&line(""), &[], &input);
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], "err malformed: line 1, the line is longer than 524288 bytes");
    assert!(answers[1].starts_with("ok "));
}

/// The example of the README is what is printed.
#[test]
fn readme_shows_a_real_packet() {
    let line = "1 AES_CM_128_HMAC_SHA1_80 inline:FxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcX";
    let input = "80000001000000a000000007aabb";
    let run = packet(&["protect", "--rtp", "--explain", "--crypto", line], input);
    golden("readme-packet.txt", &run.out);
    let shown = format!(
        "$ echo {input} |\n    srtp-doctor packet protect --rtp --explain --crypto '{line}'\n{}",
        run.out
    );
    assert!(include_str!("../README.md").contains(&shown), "the README shows another text");
}

/// Whoever talks to the filter has each answer before the next question.
#[test]
fn answers_come_at_once() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_srtp-doctor"))
        .args(["packet", "protect", "--rtp", "--crypto", &line("")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (told, answers) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        output.lines().try_for_each(|line| told.send(line.unwrap())).unwrap();
    });
    for sequence in 1..4 {
        writeln!(input, "{}", rtp(7, sequence)).unwrap();
        let answer = answers.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
        assert!(answer.starts_with("ok 8000"), "{answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
}
