//! Replays on stable what the exchange target starts from, between parties of every kind, and with
//! every single omission of a line.

mod common;

use srtp_fuzz::exchange::exchange;

#[test]
fn exchanges() {
    for (_, seed) in common::seeds("exchange", 10) {
        for choice in (0..=u8::MAX).step_by(3) {
            let mut other = seed.clone();
            other[..2].copy_from_slice(&[choice, choice.wrapping_mul(37)]);
            exchange(&other);
        }
        let lines: Vec<_> = seed.split_inclusive(|byte| *byte == b'\n').collect();
        for at in 1..lines.len() {
            exchange(&[&lines[..at], &lines[at + 1..]].concat().concat());
        }
    }
    common::replay_kept("exchange", exchange);
}
