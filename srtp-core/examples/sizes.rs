//! What contexts and streams cost in bytes, and packets on the wire.
//!
//! ```text
//! cargo run -p srtp-core --example sizes
//! cargo run -p srtp-core --example sizes --no-default-features --features aes-cm
//! ```
//!
//! A context has room for the largest suite that is built in; a program that needs one family only
//! gets smaller contexts by building only that.

use srtp_core::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy};

fn main() {
    println!("one context, one master key, in bytes");
    println!("  streams  window  outbound  inbound");
    row::<1, 2>();
    row::<1, 16>();
    row::<100, 2>();
    row::<100, 16>();
    let small = size_of::<Fixed<1001, 2>>() - size_of::<Fixed<1000, 2>>();
    let large = size_of::<Fixed<1001, 16>>() - size_of::<Fixed<1000, 16>>();
    println!("one more SSRC with windows of 128 packets: {small} bytes");
    println!("one more SSRC with a window of 1024 packets: {large} bytes");

    println!();
    println!("suite                     key  salt  context  stream  RTP +  RTCP +");
    for &suite in CryptoSuite::ALL {
        if !suite.is_built_in() {
            println!("{suite:<24}  not built in");
            continue;
        }
        let row = suite.parameters();
        let context = size_of::<Outbound<Fixed<1, 2>, 1>>();
        let key = MasterKey::new(suite, &vec![1; suite.key_salt_len()]);
        let tx = key.and_then(|key| Outbound::<Fixed<1, 2>, 1>::new(&key, Policy::SECURE));
        let (rtp, rtcp) = tx.map_or((0, 0), |tx| (tx.rtp_overhead(), tx.rtcp_overhead()));
        println!(
            "{suite:<24}  {:>3}  {:>4}  {context:>7}  {small:>6}  {rtp:>5}  {rtcp:>6}",
            suite.master_key_len(),
            row.master_salt_len,
        );
    }
}

fn row<const STREAMS: usize, const WORDS: usize>() {
    println!(
        "  {STREAMS:>7}  {:>6}  {:>8}  {:>7}",
        64 * WORDS,
        size_of::<Outbound<Fixed<STREAMS, WORDS>, 1>>(),
        size_of::<Inbound<Fixed<STREAMS, WORDS>, 1>>(),
    );
}
