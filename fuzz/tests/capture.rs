//! Replays on stable what the pcap target starts from, every prefix and every byte changed of it.
#![cfg(feature = "doctor")]

use std::{fs, path::Path};

#[test]
fn pcap() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/pcap");
    let mut files = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let seed = fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        srtp_fuzz::capture::pcap(&seed);
        for at in (0..seed.len()).step_by(11) {
            srtp_fuzz::capture::pcap(&seed[..at]);
            let mut changed = seed.clone();
            changed[at] ^= 0xff;
            srtp_fuzz::capture::pcap(&changed);
        }
    }
    assert!(files >= 4, "{files} seeds");
}
