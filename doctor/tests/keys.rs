//! `keys`: lines that the libraries take, never the same one twice.

// Outside of #[test] functions the lints for what ships apply, which tests are free of.
#![allow(clippy::unwrap_used)]

mod common;

use common::doctor;
use sdes_sdp::{CryptoAttribute, CryptoLine, CryptoSuite, Tolerance};

fn line(text: &str) -> CryptoAttribute {
    let meaning = CryptoLine::parse(text.trim_end()).unwrap().validate(Tolerance::Strict).unwrap();
    meaning.attribute
}

/// Every suite, every option, strictly valid, with a key of its own.
#[test]
fn lines_are_valid_and_fresh() {
    for suite in CryptoSuite::ALL {
        let keys = || line(&doctor(&["keys", "--suite", suite.name()]).out);
        let (one, other) = (keys(), keys());
        assert_eq!((one.suite(), one.tag()), (*suite, 1));
        assert!(!one.shares_key_with(&other));
    }
    let options = ["keys", "--tag", "7", "--lifetime", "2^31", "--mki", "1066:4"];
    let params = ["--param", "KDR=3", "--param", "UNENCRYPTED_SRTCP"];
    let run = doctor(&[&options[..], &params].concat());
    let full = line(&run.out);
    assert_eq!((full.tag(), full.mki_len(), full.keys()[0].lifetime()), (7, 4, Some(1 << 31)));
    assert!(full.policy().unencrypted_srtcp);
    assert_eq!(run.out.lines().count(), 1);
    let json = doctor(&["keys", "--json"]).json();
    assert_eq!(line(json["line"].as_str().unwrap()).tag(), 1);
}

/// An option that makes no line is a wrong command line, with the reason.
#[test]
fn wrong_options_are_refused() {
    for (args, words) in [
        (["--suite", "AES_9000"], "known are AES_CM_128_HMAC_SHA1_80"),
        (["--lifetime", "2^77"], "lifetime"),
        (["--mki", "5"], "--mki: 5 is not one"),
        (["--param", "KDR=99"], "KDR"),
        (["--tag", "4294967295"], "tag"),
    ] {
        let run = doctor(&[&["keys"], &args[..]].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains(words), "{args:?}: {}", run.err);
    }
}
