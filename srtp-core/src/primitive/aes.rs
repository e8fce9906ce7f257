//! AES with its key schedule kept, encrypting direction only: blocks and counter-mode keystream.

use ::aes::Aes128Enc;
#[cfg(feature = "aes-192")]
use ::aes::Aes192Enc;
#[cfg(feature = "aes-256")]
use ::aes::Aes256Enc;
use ::aes::cipher::array::ArraySize;
use ::aes::cipher::{Array, BlockCipherEncrypt, InOutBuf, InnerIvInit, KeyInit, StreamCipherCore};
use ctr::{CtrCore, flavors::Ctr128BE};

use crate::suite::{AesSize, MAX_MASTER_KEY_LEN};

/// An expanded AES key; the schedule is zeroized when dropped.
// The variants differ by a third in size; one indirection per packet would cost more.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
pub(crate) enum Aes {
    Aes128(Aes128Enc),
    #[cfg(feature = "aes-192")]
    Aes192(Aes192Enc),
    #[cfg(feature = "aes-256")]
    Aes256(Aes256Enc),
}

impl Aes {
    /// Expands the first bytes of `key`, as many as the size says. (No master key can be made for
    /// a size that is not built in.)
    pub(crate) fn new(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Self {
        match size {
            #[cfg(feature = "aes-192")]
            AesSize::Aes192 => Self::Aes192(Aes192Enc::new(&first(key))),
            #[cfg(feature = "aes-256")]
            AesSize::Aes256 => Self::Aes256(Aes256Enc::new(&first(key))),
            _ => Self::Aes128(Aes128Enc::new(&first(key))),
        }
    }

    /// One block, as the number its 16 bytes are.
    #[inline]
    #[cfg_attr(not(any(feature = "f8", feature = "gcm")), allow(dead_code))]
    pub(crate) fn encrypt(&self, block: u128) -> u128 {
        let mut block = Array(block.to_be_bytes());
        match self {
            Self::Aes128(aes) => aes.encrypt_block(&mut block),
            #[cfg(feature = "aes-192")]
            Self::Aes192(aes) => aes.encrypt_block(&mut block),
            #[cfg(feature = "aes-256")]
            Self::Aes256(aes) => aes.encrypt_block(&mut block),
        }
        u128::from_be_bytes(block.0)
    }

    /// XORs the keystream `E(iv) || E(iv + 1) || …` onto `data` (RFC 3711 §4.1.1). The lowest 16
    /// bits of `iv` are the block counter; the caller keeps `data` below 2^16 blocks.
    #[inline]
    pub(crate) fn apply_keystream(&self, iv: u128, data: &mut [u8]) {
        match self {
            Self::Aes128(aes) => apply(aes, iv, data),
            #[cfg(feature = "aes-192")]
            Self::Aes192(aes) => apply(aes, iv, data),
            #[cfg(feature = "aes-256")]
            Self::Aes256(aes) => apply(aes, iv, data),
        }
    }
}

/// The first bytes of the longest key, as a key of its own.
fn first<N: ArraySize>(key: &[u8; MAX_MASTER_KEY_LEN]) -> Array<u8, N> {
    let mut bytes = key.iter().copied();
    Array::from_fn(|_| bytes.next().unwrap_or_default())
}

#[inline]
fn apply<C>(aes: &C, iv: u128, data: &mut [u8])
where
    C: BlockCipherEncrypt<BlockSize = ::aes::cipher::consts::U16>,
{
    let core = CtrCore::<&C, Ctr128BE>::inner_iv_init(aes, &Array(iv.to_be_bytes()));
    core.apply_keystream_partial(InOutBuf::from(data));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 §4.1.1: block i of the keystream is E(iv + i), for every length up to ten blocks.
    #[test]
    fn keystream_is_the_encrypted_counter() {
        for size in [AesSize::Aes128, AesSize::Aes192, AesSize::Aes256] {
            let aes = Aes::new(size, &core::array::from_fn(|i| i as u8));
            let iv = 0xf0f1_f2f3_f4f5_f6f7_f8f9_fafb_fcfd_0000_u128;
            for len in 0..160 {
                let mut data = vec![0; len];
                aes.apply_keystream(iv, &mut data);
                for (i, chunk) in data.chunks(16).enumerate() {
                    let block = aes.encrypt(iv + i as u128).to_be_bytes();
                    assert_eq!(chunk, &block[..chunk.len()]);
                }
            }
        }
    }
}
