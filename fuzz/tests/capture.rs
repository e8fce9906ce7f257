//! Replays on stable what the pcap target starts from, every prefix and every byte changed of it.
#![cfg(feature = "doctor")]

mod common;

#[test]
fn pcap() {
    for (_, seed) in common::seeds("pcap", 4) {
        srtp_fuzz::capture::pcap(&seed);
        for at in (0..seed.len()).step_by(11) {
            srtp_fuzz::capture::pcap(&seed[..at]);
            let mut changed = seed.clone();
            changed[at] ^= 0xff;
            srtp_fuzz::capture::pcap(&changed);
        }
    }
    common::replay_kept("pcap", srtp_fuzz::capture::pcap);
}
