//! Text on its way that has keys in it, wiped when it goes.

use zeroize::Zeroize;

/// Room for `N` bytes of text.
pub(crate) struct SecretText<const N: usize>(pub(crate) heapless::String<N>);

impl<const N: usize> SecretText<N> {
    pub(crate) const fn new() -> Self {
        Self(heapless::String::new())
    }
}

impl<const N: usize> Drop for SecretText<N> {
    fn drop(&mut self) {
        // All of its room: what was cut off is still there.
        self.0.clear();
        while self.0.push('\0').is_ok() {}
        self.0.as_mut_str().zeroize();
    }
}
