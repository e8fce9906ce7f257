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
        self.0.as_mut_str().zeroize();
    }
}
