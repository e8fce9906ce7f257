//! Which bytes are secret, told to valgrind's memcheck: it calls them "undefined", follows them
//! through every computation, and reports where a branch or an address depends on them.

use core::ffi::{c_int, c_void};

unsafe extern "C" {
    fn proofs_secret(at: *const c_void, len: usize);
    fn proofs_public(at: *const c_void, len: usize);
    safe fn proofs_watched() -> c_int;
}

/// From here on nothing may depend on these bytes.
pub fn secret(bytes: &mut [u8]) {
    // SAFETY: the pointer and the length are those of a slice; the bytes do not change.
    unsafe { proofs_secret(bytes.as_ptr().cast(), bytes.len()) }
}

/// The bytes of a value may be known to everybody from here on.
pub fn public<T: ?Sized>(value: &T) {
    // SAFETY: the pointer and the length are those of a value; its bytes do not change.
    unsafe { proofs_public(core::ptr::from_ref(value).cast(), size_of_val(value)) }
}

/// Whether the program runs under valgrind.
pub fn is_watching() -> bool {
    proofs_watched() != 0
}
