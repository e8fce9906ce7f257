//! README and guides of the repository: their Rust code is compiled and run by `cargo test`.
//! What else they say is checked by `./ci.sh docs`.

macro_rules! texts {
    ($($name:ident $path:literal)*) => {
        $(#[doc = include_str!(concat!("../../", $path))] #[cfg(doctest)] mod $name {})*
    };
}

texts! {
    readme "README.md"
    sip_stack "docs/sip-stack.md"
    from_libsrtp "docs/from-libsrtp.md"
    microcontroller "docs/microcontroller.md"
    why_488 "docs/why-488.md"
    architecture "docs/ARCHITECTURE.md"
    contributing "CONTRIBUTING.md"
}
