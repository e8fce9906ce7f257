//! Builds what peers written in C need, if they are to be measured.
#![allow(missing_docs)]

fn main() {
    println!("cargo::rerun-if-changed=peers/ipsec_mb.c");
    #[cfg(feature = "peer-ipsec-mb")]
    {
        cc::Build::new().file("peers/ipsec_mb.c").opt_level(3).compile("peer_ipsec_mb");
        println!("cargo::rustc-link-lib=IPSec_MB");
    }
}
