//! Replays on stable what the SDES targets start from: their seeds, which are the accepted ones of
//! test-vectors/sdes, and the refused vectors too; each with every single omission.

mod common;

use common::{replay_kept, seeds};
use sdes_sdp::CryptoLine;

#[test]
fn crypto_line() {
    replay_kept("crypto_line", srtp_fuzz::sdes::crypto_line);
    for (name, seed) in seeds("crypto_line", 10) {
        let text = str::from_utf8(&seed).unwrap();
        CryptoLine::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        srtp_fuzz::sdes::crypto_line(&seed);
        // Every prefix, and every text that lacks one character.
        for at in 0..seed.len() {
            srtp_fuzz::sdes::crypto_line(&seed[..at]);
            srtp_fuzz::sdes::crypto_line(&[&seed[..at], &seed[at + 1..]].concat());
        }
    }
}

#[test]
fn sdp() {
    replay_kept("sdp", srtp_fuzz::sdes::sdp);
    for (_, seed) in seeds("sdp", 10).into_iter().filter(|(name, _)| name.ends_with(".sdp")) {
        srtp_fuzz::sdes::sdp(&seed);
        for at in 0..seed.len() {
            srtp_fuzz::sdes::sdp(&seed[..at]);
            srtp_fuzz::sdes::sdp(&[&seed[..at], &seed[at + 1..]].concat());
        }
    }
}
