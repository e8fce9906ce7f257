//! Replays on stable what the targets of the vendors' configurations start from: the examples of
//! the vendors' documents, each with every single omission of a line.

mod common;

fn replay(target: &str, run: fn(&[u8])) {
    for (name, seed) in common::seeds(target, 3) {
        let seed = String::from_utf8(seed).unwrap_or_else(|_| panic!("{name}"));
        run(seed.as_bytes());
        let lines: Vec<_> = seed.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            run([&lines[..at], &lines[at + 1..]].concat().concat().as_bytes());
        }
    }
    common::replay_kept(target, run);
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
