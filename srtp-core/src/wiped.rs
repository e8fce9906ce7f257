//! Keys whose whole place in memory is zeroized, where `srtp-accel` is there to do it.

#[cfg(feature = "accel")]
pub(crate) use srtp_accel::Wiped;
#[cfg(not(feature = "accel"))]
pub(crate) use without_unsafe::Wiped;

/// Overwrites what earlier calls left on the stack below the caller, so that what is made there next
/// and then moved into a context brings no old key with it. Not where a stack is small.
#[cfg(feature = "accel")]
#[inline(never)]
pub(crate) fn wipe_stack() {
    use zeroize::Zeroize;

    let mut left = [0_u64; 2048];
    left.zeroize();
    core::hint::black_box(&left);
}
#[cfg(not(feature = "accel"))]
pub(crate) const fn wipe_stack() {}

/// Without unsafe code the fields zeroize themselves, and no more: bytes of padding, of vacant slots
/// and of unused variants stay what the stack had there.
#[cfg(not(feature = "accel"))]
mod without_unsafe {
    use core::ops::{Deref, DerefMut};

    #[derive(Clone)]
    pub(crate) struct Wiped<T>(T);

    impl<T> Wiped<T> {
        #[inline(always)]
        pub(crate) const fn new(value: T) -> Self {
            Self(value)
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
}
