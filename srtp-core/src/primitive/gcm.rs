//! AES in Galois/counter mode, taken apart into its keystream and its tag: a packet is verified
//! before a byte of it is decrypted, and a packet in the clear is tagged by the same key.
//!
//! Read first: NIST SP 800-38D §6 and §7, RFC 7714 §8.1 and §9.1.

use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;

use super::Aes;
use crate::suite::{AesSize, MAX_MASTER_KEY_LEN};

/// Length of the tag in bytes.
pub(crate) const TAG_LEN: usize = 16;
const BLOCK_LEN: usize = 16;

/// A key with its hash subkey.
#[derive(Clone)]
pub(crate) struct Gcm {
    aes: Aes,
    ghash: GHash,
}

impl Gcm {
    pub(crate) fn new(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Self {
        let aes = Aes::new(size, key);
        let ghash = GHash::new(&aes.encrypt(0).to_be_bytes().into());
        Self { aes, ghash }
    }

    /// XORs the keystream onto `data`. The upper 96 bits of `iv` are GCM's IV, the lower 32 zero.
    #[inline]
    pub(crate) fn apply_keystream(&self, iv: u128, data: &mut [u8]) {
        // Block 1 masks the tag, the data starts with block 2 (SP 800-38D §7.1). Payloads end far
        // below 2^32 blocks, so that the counter never reaches into the IV.
        self.aes.apply_keystream(iv | 2, data);
    }

    /// Encrypts `data` and returns the tag over associated data and ciphertext.
    #[inline]
    pub(crate) fn seal(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        data: &mut [u8],
    ) -> [u8; TAG_LEN] {
        self.apply_keystream(iv, data);
        self.tag(iv, associated, (data, &[]))
    }

    /// Verifies the tag and decrypts `data`; says whether the tag was right. If not, `data` is as
    /// it was.
    #[inline]
    pub(crate) fn open(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        data: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let right = self.tag(iv, associated, (data, &[])).ct_eq(tag).into();
        if right {
            self.apply_keystream(iv, data);
        }
        right
    }

    /// The tag over associated data, which comes in two pieces (the second at most 16 bytes),
    /// and ciphertext, in two as well (the first of whole blocks unless the second is empty).
    #[inline]
    pub(crate) fn tag(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        ciphertext: (&[u8], &[u8]),
    ) -> [u8; TAG_LEN] {
        let mut ghash = self.ghash.clone();
        let (first, second) = associated;
        match second {
            [] => ghash.update_padded(first),
            _ => {
                let whole = first.len() - first.len() % BLOCK_LEN;
                let (blocks, rest) = first.split_at_checked(whole).unwrap_or((first, &[]));
                ghash.update_padded(blocks);
                let mut joint = [0; 2 * BLOCK_LEN];
                joint.iter_mut().zip(rest.iter().chain(second)).for_each(|(to, from)| *to = *from);
                ghash.update_padded(joint.get(..rest.len() + second.len()).unwrap_or(&joint));
            }
        }
        ghash.update_padded(ciphertext.0);
        ghash.update_padded(ciphertext.1);
        let bits = |len: usize| 8 * len as u128;
        let lengths = (bits(first.len() + second.len()) << 64)
            | bits(ciphertext.0.len() + ciphertext.1.len());
        ghash.update(&[lengths.to_be_bytes().into()]);
        let hash: [u8; TAG_LEN] = ghash.finalize().into();
        (u128::from_be_bytes(hash) ^ self.aes.encrypt(iv | 1)).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::aes_gcm::aead::{Aead, KeyInit, Payload};

    /// The same ciphertext and tag as the `aes-gcm` crate, for every length of data and of both
    /// pieces of associated data around the block size.
    #[test]
    fn gcm_is_the_one_of_the_aes_gcm_crate() {
        let key = core::array::from_fn(|i| i as u8);
        let iv = 0x0102_0304_0506_0708_090a_0b0c_u128 << 32;
        let ours = Gcm::new(AesSize::Aes256, &key);
        let theirs = ::aes_gcm::Aes256Gcm::new(&key.into());
        let bytes: Vec<u8> = (0..=255).collect();
        for first in [0, 1, 11, 12, 15, 16, 17, 31, 32, 40] {
            for second in [0, 4, 16] {
                for len in [0, 1, 15, 16, 17, 47, 48, 64, 160] {
                    let (a, b, data) = (&bytes[..first], &bytes[100..100 + second], &bytes[..len]);
                    let mut sealed = data.to_vec();
                    let tag = ours.seal(iv, (a, b), &mut sealed);
                    let (near, far) = sealed.split_at(len.min(48));
                    assert_eq!(ours.tag(iv, (a, b), (near, far)), tag);
                    sealed.extend(tag);
                    let aad = [a, b].concat();
                    let nonce: [u8; 12] = iv.to_be_bytes()[..12].try_into().unwrap();
                    let payload = Payload { msg: data, aad: &aad };
                    assert_eq!(sealed, theirs.encrypt(&nonce.into(), payload).unwrap());
                    let mut opened = sealed[..len].to_vec();
                    assert!(!ours.open(iv, (a, b), &mut opened, &[0; TAG_LEN]));
                    assert_eq!(opened, sealed[..len], "a wrong tag changes nothing");
                    assert!(ours.open(iv, (a, b), &mut opened, &tag));
                    assert_eq!(opened, data);
                }
            }
        }
    }
}
