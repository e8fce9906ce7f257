//! AES in f8 mode, UMTS's variant of output feedback.
//!
//! Read first: RFC 3711 §4.1.2.1.

use zeroize::Zeroizing;

use super::Aes;
use crate::suite::{AesSize, MAX_MASTER_KEY_LEN};

/// The two keys of f8: `k_e`, and `k_e XOR m` for the one block that masks the IV.
#[derive(Clone)]
pub(crate) struct F8 {
    aes: Aes,
    masked: Masked,
}

/// `k_e XOR m` expanded, or, where memory is little, as it is: then every packet expands it.
#[cfg(not(feature = "compact"))]
type Masked = Aes;
#[cfg(feature = "compact")]
type Masked = MaskedKey;

#[cfg(feature = "compact")]
#[derive(Clone)]
struct MaskedKey {
    size: AesSize,
    key: Zeroizing<[u8; MAX_MASTER_KEY_LEN]>,
}

#[cfg(feature = "compact")]
impl MaskedKey {
    fn new(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Self {
        Self { size, key: Zeroizing::new(*key) }
    }

    #[inline(never)]
    fn encrypt(&self, block: u128) -> u128 {
        Aes::new(self.size, &self.key).encrypt(block)
    }
}

impl F8 {
    /// The key mask is `m = k_s || 0x555..5`, as long as the key.
    pub(crate) fn new(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN], salt: &[u8]) -> Self {
        let mut masked = Zeroizing::new(*key);
        let mask = salt.iter().copied().chain(core::iter::repeat(0x55));
        masked.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        Self { aes: Aes::new(size, key), masked: Masked::new(size, &masked) }
    }

    /// The keystream of an IV: `IV' = E(k_e XOR m, IV)`.
    pub(crate) fn keystream(&self, iv: u128) -> F8Keystream<'_> {
        F8Keystream { aes: &self.aes, masked_iv: self.masked.encrypt(iv), j: 0, last: 0 }
    }

    /// XORs the keystream onto `data`.
    pub(crate) fn apply_keystream(&self, iv: u128, data: &mut [u8]) {
        let mut keystream = self.keystream(iv);
        for chunk in data.chunks_mut(16) {
            let bytes = keystream.next_block().to_be_bytes();
            chunk.iter_mut().zip(bytes).for_each(|(byte, mask)| *byte ^= mask);
        }
    }
}

/// A keystream, block after block: `S(j) = E(k_e, IV' XOR j XOR S(j-1))`.
pub(crate) struct F8Keystream<'k> {
    aes: &'k Aes,
    masked_iv: u128,
    j: u128,
    last: u128,
}

impl F8Keystream<'_> {
    pub(crate) fn next_block(&mut self) -> u128 {
        self.last = self.aes.encrypt(self.masked_iv ^ self.j ^ self.last);
        self.j = self.j.wrapping_add(1);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use srtp_test_vectors::{RFC3711_B1, value};

    /// RFC 3711 Appendix B.1, whose salt of 32 bits is shorter than that of the registered suite.
    #[test]
    fn rfc3711_b1() {
        let mut key = [0; MAX_MASTER_KEY_LEN];
        key[..16].copy_from_slice(&value(RFC3711_B1, "session_key"));
        let f8 = F8::new(AesSize::Aes128, &key, &value(RFC3711_B1, "session_salt"));
        let number = |name| u128::from_be_bytes(value(RFC3711_B1, name).try_into().unwrap());
        assert_eq!(f8.masked.encrypt(number("iv")), number("masked_iv"));
        let mut payload = value(RFC3711_B1, "payload");
        f8.apply_keystream(number("iv"), &mut payload);
        assert_eq!(payload, value(RFC3711_B1, "ciphertext"));
    }
}
