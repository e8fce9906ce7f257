//! Builds the shim in C, so that libsrtp's own header says how its structures lie, and links the
//! library.

fn main() {
    println!("cargo::rerun-if-changed=shim/libsrtp.c");
    cc::Build::new().file("shim/libsrtp.c").warnings_into_errors(true).compile("srtp_shim");
    println!("cargo::rustc-link-lib=srtp2");
}
