//! A value of which nothing stays: not in padding, not in the place of a variant it was not.
//!
//! The keys of a context zeroize themselves, but Rust moves a value with all the bytes of its place:
//! a vacant slot, the shorter variants of an enum and padding carry along what lay on the stack,
//! which may have been a key. Fields cannot reach those bytes.

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::slice;

/// Zeroizes all bytes of its place when it is dropped, those that are no part of the value too.
pub struct Wiped<T>(ManuallyDrop<T>);

impl<T> Wiped<T> {
    /// Keeps a value.
    #[inline(always)]
    pub const fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }
}

impl<T: Clone> Clone for Wiped<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Wiped<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Wiped<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Drop for Wiped<T> {
    #[inline(never)]
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        let place = core::ptr::from_mut(&mut self.0).cast::<MaybeUninit<u8>>();
        // SAFETY: the value is dropped once, for nobody can reach it after `drop` has begun. Its
        // place is then `size_of::<T>()` bytes that are borrowed mutably and need hold no value;
        // any byte may be a `MaybeUninit<u8>`. (All at once and a barrier behind: byte by byte it
        // would cost as much as deriving the keys.)
        unsafe {
            ManuallyDrop::drop(&mut self.0);
            place.write_bytes(0, size_of::<T>());
            zeroize::optimization_barrier(slice::from_raw_parts(place, size_of::<T>()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value is dropped once, and then its bytes are zero, those of an unused variant too.
    #[test]
    #[allow(unsafe_code)]
    fn a_dropped_value_leaves_zeros() {
        use std::rc::Rc;

        #[allow(dead_code)]
        enum Secret {
            Long([u8; 64], Rc<()>),
            Short(Rc<()>),
        }
        let counted = Rc::new(());
        let mut place = ManuallyDrop::new(Wiped::new(Secret::Long([7; 64], counted.clone())));
        assert_eq!(Rc::strong_count(&counted), 2);
        **place = Secret::Short(counted.clone());
        let bytes = core::ptr::from_ref(&place).cast::<u8>();
        // SAFETY: dropped once and not used as a value again; the reads stay in its place, of which
        // `drop` has written every byte.
        let left: Vec<u8> = unsafe {
            ManuallyDrop::drop(&mut place);
            (0..size_of::<Wiped<Secret>>()).map(|at| bytes.add(at).read_volatile()).collect()
        };
        assert_eq!(Rc::strong_count(&counted), 1);
        assert!(left.iter().all(|byte| *byte == 0), "{left:?}");
    }
}
