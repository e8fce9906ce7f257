//! AES with its key schedule kept, encrypting direction only: blocks and counter-mode keystream.
//! Chosen once per key: `srtp-accel` where it knows the processor, else the `aes` and `ctr` crates.

use ::aes::Aes128Enc;
#[cfg(feature = "aes-192")]
use ::aes::Aes192Enc;
#[cfg(feature = "aes-256")]
use ::aes::Aes256Enc;
use ::aes::cipher::array::ArraySize;
use ::aes::cipher::{Array, BlockCipherEncrypt, InOutBuf, KeyInit};
#[cfg(not(feature = "compact"))]
use ::aes::cipher::{InnerIvInit, StreamCipherCore};
#[cfg(not(feature = "compact"))]
use ctr::{CtrCore, flavors::Ctr128BE};

use crate::suite::{AesSize, MAX_MASTER_KEY_LEN};

/// An expanded AES key; the schedule is zeroized when dropped.
// The variants differ by a third in size; one indirection per packet would cost more.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
pub(crate) enum Aes {
    #[cfg(feature = "accel")]
    Accel(srtp_accel::Aes),
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
        #[cfg(feature = "accel")]
        if let Some(level) = srtp_accel::Level::best()
            && let Some(aes) = Self::accelerated(level, size, key)
        {
            return aes;
        }
        Self::portable(size, key)
    }

    /// By `srtp-accel`.
    #[cfg(feature = "accel")]
    fn accelerated(
        level: srtp_accel::Level,
        size: AesSize,
        key: &[u8; MAX_MASTER_KEY_LEN],
    ) -> Option<Self> {
        srtp_accel::Aes::new(level, key.get(..size.key_len())?).map(Self::Accel)
    }

    /// By the RustCrypto crates.
    pub(crate) fn portable(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Self {
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
        #[cfg(feature = "accel")]
        if let Self::Accel(aes) = self {
            return aes.encrypt(block);
        }
        let mut block = Array(block.to_be_bytes());
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(_) => {}
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
    #[inline(always)]
    pub(crate) fn apply_keystream(&self, iv: u128, data: &mut [u8]) {
        self.apply(iv, InOutBuf::from(data));
    }

    /// The same where nobody here reads the bytes again at once.
    #[cfg_attr(not(feature = "aes-cm"), allow(dead_code))]
    #[inline(always)]
    pub(crate) fn apply_keystream_wide(&self, iv: u128, data: &mut [u8]) {
        #[cfg(feature = "accel")]
        if let Self::Accel(aes) = self {
            return aes.apply_keystream_wide(iv, data);
        }
        self.apply_portable(iv, InOutBuf::from(data));
    }

    /// The same from one buffer to another of the same length; nothing if the lengths differ.
    #[inline]
    #[allow(dead_code)] // until packets can be read from one buffer and written to another
    pub(crate) fn apply_keystream_to(&self, iv: u128, input: &[u8], output: &mut [u8]) {
        if let Ok(buffers) = InOutBuf::new(input, output) {
            self.apply(iv, buffers);
        }
    }

    #[inline(always)]
    pub(crate) fn apply(&self, iv: u128, data: InOutBuf<'_, '_, u8>) {
        #[cfg(feature = "accel")]
        if let Self::Accel(aes) = self {
            return aes.apply_keystream(iv, data);
        }
        self.apply_portable(iv, data);
    }

    #[cfg(not(feature = "compact"))]
    #[inline(never)]
    fn apply_portable(&self, iv: u128, data: InOutBuf<'_, '_, u8>) {
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(_) => {}
            Self::Aes128(aes) => apply(aes, iv, data),
            #[cfg(feature = "aes-192")]
            Self::Aes192(aes) => apply(aes, iv, data),
            #[cfg(feature = "aes-256")]
            Self::Aes256(aes) => apply(aes, iv, data),
        }
    }

    /// The same block by block: several at once are another copy of AES.
    #[cfg(feature = "compact")]
    #[inline(never)]
    fn apply_portable(&self, mut iv: u128, data: InOutBuf<'_, '_, u8>) {
        let (blocks, mut rest) = data.into_chunks::<::aes::cipher::consts::U16>();
        let mut keystream = || {
            let block = Array(self.encrypt(iv).to_be_bytes());
            iv = iv.wrapping_add(1);
            block
        };
        for mut block in blocks {
            block.xor_in2out(&keystream());
        }
        if !rest.is_empty() {
            rest.xor_in2out(keystream().get(..rest.len()).unwrap_or_default());
        }
    }
}

/// The first bytes of the longest key, as a key of its own.
fn first<N: ArraySize>(key: &[u8; MAX_MASTER_KEY_LEN]) -> Array<u8, N> {
    let mut bytes = key.iter().copied();
    Array::from_fn(|_| bytes.next().unwrap_or_default())
}

#[cfg(not(feature = "compact"))]
#[inline]
fn apply<C>(aes: &C, iv: u128, data: InOutBuf<'_, '_, u8>)
where
    C: BlockCipherEncrypt<BlockSize = ::aes::cipher::consts::U16>,
{
    let core = CtrCore::<&C, Ctr128BE>::inner_iv_init(aes, &Array(iv.to_be_bytes()));
    core.apply_keystream_partial(data);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SIZES: [AesSize; 3] = [AesSize::Aes128, AesSize::Aes192, AesSize::Aes256];

    /// Every way there is here to run AES with one key.
    pub(crate) fn all(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Vec<Aes> {
        let ways = [Aes::portable(size, key), Aes::new(size, key)].into_iter();
        #[cfg(feature = "accel")]
        let ways = ways.chain(
            srtp_accel::Level::all().map(|level| Aes::accelerated(level, size, key).unwrap()),
        );
        ways.collect()
    }

    /// RFC 3711 §4.1.1: block i of the keystream is E(iv + i), for every length up to ten blocks,
    /// in place and from one buffer to another, whoever computes it.
    #[test]
    fn keystream_is_the_encrypted_counter() {
        let iv = 0xf0f1_f2f3_f4f5_f6f7_f8f9_fafb_fcfd_0000_u128;
        for size in SIZES {
            let key = core::array::from_fn(|i| i as u8);
            let reference = Aes::portable(size, &key);
            for aes in all(size, &key) {
                for len in 0..160 {
                    let mut data = vec![0; len];
                    aes.apply_keystream(iv, &mut data);
                    for (i, chunk) in data.chunks(16).enumerate() {
                        let block = reference.encrypt(iv + i as u128);
                        assert_eq!(aes.encrypt(iv + i as u128), block);
                        assert_eq!(chunk, &block.to_be_bytes()[..chunk.len()]);
                    }
                    aes.apply_keystream_wide(iv, &mut data);
                    assert_eq!(data, vec![0; len]);
                    aes.apply_keystream_wide(iv, &mut data);
                    let mut apart = vec![0xee; len];
                    aes.apply_keystream_to(iv, &vec![0; len], &mut apart);
                    assert_eq!(apart, data);
                }
            }
        }
    }

    /// A payload of the greatest length runs through all 2^16 blocks of one IV the same way
    /// everywhere (RFC 3711 §4.1.1).
    #[test]
    fn the_longest_payload_is_the_same_everywhere() {
        let key = core::array::from_fn(|i| i as u8);
        let iv = u128::MAX << 16;
        let mut expected = vec![0; crate::MAX_PAYLOAD_LEN];
        Aes::portable(AesSize::Aes128, &key).apply_keystream(iv, &mut expected);
        for aes in all(AesSize::Aes128, &key) {
            let mut data = vec![0; crate::MAX_PAYLOAD_LEN];
            aes.apply_keystream(iv, &mut data);
            assert!(data == expected);
        }
    }
}
