//! Replays on stable what the targets of the vendors' configurations start from: the examples of
//! the vendors' documents, each with every single omission of a line.

use std::{fs, path::Path};

fn replay(target: &str, run: fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut seeds = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let seed = fs::read_to_string(entry.unwrap().path()).unwrap();
        run(seed.as_bytes());
        let lines: Vec<_> = seed.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            run([&lines[..at], &lines[at + 1..]].concat().concat().as_bytes());
        }
        seeds += 1;
    }
    assert!(seeds >= 3, "{target} has {seeds} seeds");
}

#[test]
fn cisco() {
    replay("cisco", srtp_fuzz::configuration::cisco);
}

#[test]
fn polycom() {
    replay("polycom", srtp_fuzz::configuration::polycom);
    // A sign is no digit.
    srtp_fuzz::configuration::polycom(b"sec.srtp.key.lifetime=\"+1024\"");
}
