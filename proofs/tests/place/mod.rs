//! A place in memory whose bytes can be looked at while a value lives there and after it is gone.

use std::mem::MaybeUninit;
use std::ptr;

/// What the place holds before the value: nobody's key.
const FILLING: u8 = 0xa7;

/// A value where it is to be watched.
pub struct Place<T>(Box<MaybeUninit<T>>);

impl<T> Place<T> {
    pub fn new(make: impl FnOnce() -> T) -> Self {
        let mut place = Box::new(MaybeUninit::<T>::uninit());
        // SAFETY: the place is as large as a `T`, and any byte may stand in a `MaybeUninit`.
        unsafe { ptr::write_bytes(place.as_mut_ptr(), FILLING, 1) };
        place.write(make());
        Self(place)
    }

    #[allow(dead_code)] // not every test has the value do anything
    pub fn value(&mut self) -> &mut T {
        // SAFETY: `new` has written a value, and only `into_left_bytes`, which takes the place,
        // drops it.
        unsafe { self.0.assume_init_mut() }
    }

    /// The bytes of the place, padding included.
    pub fn bytes(&self) -> Vec<u8> {
        let start = self.0.as_ptr().cast::<u8>();
        // SAFETY: the reads stay in the place. Every byte of it was written in `new`; that a move
        // of the value may leave padding with any content is why they are volatile: the compiler
        // then takes what memory holds.
        (0..size_of::<T>()).map(|at| unsafe { start.add(at).read_volatile() }).collect()
    }

    /// Drops the value and says what it leaves.
    pub fn into_left_bytes(mut self) -> Vec<u8> {
        // SAFETY: there is a value (see `value`), and nobody uses it afterwards.
        unsafe { self.0.assume_init_drop() };
        self.bytes()
    }
}
