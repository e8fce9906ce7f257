//! Builds the shim in C, so that valgrind's own header says how it is spoken to.

fn main() {
    println!("cargo::rerun-if-changed=shim/valgrind.c");
    #[cfg(feature = "valgrind")]
    cc::Build::new().file("shim/valgrind.c").warnings_into_errors(true).compile("valgrind_shim");
}
