//! Replays on stable what the SDES targets start from: their seeds, which are the accepted ones of
//! test-vectors/sdes, and the refused vectors too; each with every single omission.

use std::{fs, path::Path};

use sdes_sdp::CryptoLine;

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let seeds: Vec<_> = entries
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    assert!(seeds.len() > 10, "{target} has {} seeds", seeds.len());
    seeds
}

#[test]
fn crypto_line() {
    for (name, seed) in seeds("crypto_line") {
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
    for (_, seed) in seeds("sdp").into_iter().filter(|(name, _)| name.ends_with(".sdp")) {
        srtp_fuzz::sdes::sdp(&seed);
        for at in 0..seed.len() {
            srtp_fuzz::sdes::sdp(&seed[..at]);
            srtp_fuzz::sdes::sdp(&[&seed[..at], &seed[at + 1..]].concat());
        }
    }
}
