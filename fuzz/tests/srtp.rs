//! Replays on stable what the targets of srtp-core and srtp-accel start from, and many random
//! inputs more.

mod common;

use srtp_fuzz::srtp;

fn run(target: &str, random_inputs: u64, fuzz: fn(&[u8])) {
    for (_, seed) in common::seeds(target, 10) {
        fuzz(&seed);
    }
    common::replay_kept(target, fuzz);
    for seed in 0..random_inputs {
        fuzz(&random(seed));
    }
}

/// Up to 400 bytes by xorshift.
fn random(seed: u64) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        (x >> 32) as u8
    };
    let len = usize::from(next()) + usize::from(next()) / 2;
    (0..len).map(|_| next()).collect()
}

#[test]
fn unprotect() {
    run("srtp_unprotect", 2_000, srtp::unprotect::unprotect);
}

#[test]
fn context() {
    run("srtp_context", 2_000, srtp::context::context);
}

#[test]
fn header() {
    run("srtp_header", 2_000, srtp::header::header);
}

#[test]
fn state() {
    run("srtp_state", 2_000, srtp::state::state);
}

#[test]
fn batch() {
    run("batch", 2_000, srtp::batch::batch);
}

#[test]
fn accel() {
    run("accel", 100, srtp_fuzz::accel::accel);
}
