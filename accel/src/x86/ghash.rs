//! GHASH by carry-less multiplication, one block at a time, and the powers of the hash key.
//!
//! Blocks are taken with their bytes in reverse, which makes GHASH the POLYVAL of RFC 8452 with
//! the key multiplied by x (its Appendix A): the product of two elements comes with a factor
//! x^-128, and a reduction takes two multiplications by the upper half of the polynomial. Products
//! by several powers are added before they are reduced.
//!
//! Read first: NIST SP 800-38D §6.3 and §6.4, RFC 8452 §3 and Appendix A.

use core::arch::x86_64::{
    __m128i, _mm_clmulepi64_si128, _mm_set_epi64x, _mm_setzero_si128, _mm_shuffle_epi32,
    _mm_xor_si128,
};

use zeroize::Zeroize;

use super::memory::{from_u128, store128};
use crate::detect::{AesNi, aes_ni};

/// How many powers are kept: sixteen blocks of data, and one of lengths, and up to a multiple of
/// four.
const POWERS: usize = 20;

/// Powers of the hash key, the highest first; zeroized when dropped.
#[derive(Clone)]
pub(crate) struct Powers([[u8; 16]; POWERS]);

impl Powers {
    /// From the hash subkey `E(0)` (SP 800-38D §7.1), as the number its bytes are.
    pub(crate) fn new(token: AesNi, subkey: u128) -> Self {
        let mut powers = Self([[0; 16]; POWERS]);
        fill(token, &mut powers.0, subkey);
        powers
    }

    /// Those by which as many blocks are multiplied, the last of them by the key itself.
    #[inline]
    pub(crate) fn of(&self, blocks: usize) -> &[[u8; 16]] {
        self.0.get(POWERS.saturating_sub(blocks)..).unwrap_or_default()
    }
}

impl Drop for Powers {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

aes_ni! {
    fn fill(powers: &mut [[u8; 16]; POWERS], subkey: u128) {
        // Times x, modulo x^128 + x^127 + x^126 + x^121 + 1, without a branch on the key.
        let carry = (subkey >> 127).wrapping_neg() & (0xc2 << 120 | 1);
        let key = from_u128(subkey << 1 ^ carry);
        let mut power = key;
        for place in powers.iter_mut().rev() {
            store128(place, power);
            let mut product = Sum::zero();
            product.add(power, key);
            power = product.reduce();
        }
    }
}

/// A sum of products, each of 256 bits, in three overlapping parts.
#[derive(Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) low: __m128i,
    pub(crate) middle: __m128i,
    pub(crate) high: __m128i,
}

impl Sum {
    #[target_feature(enable = "sse2")]
    #[inline]
    pub(crate) fn zero() -> Self {
        let zero = _mm_setzero_si128();
        Self { low: zero, middle: zero, high: zero }
    }

    /// Adds a product.
    #[target_feature(enable = "pclmulqdq,sse2")]
    #[inline]
    pub(crate) fn add(&mut self, a: __m128i, b: __m128i) {
        let middle =
            _mm_xor_si128(_mm_clmulepi64_si128::<0x01>(a, b), _mm_clmulepi64_si128::<0x10>(a, b));
        self.low = _mm_xor_si128(self.low, _mm_clmulepi64_si128::<0x00>(a, b));
        self.middle = _mm_xor_si128(self.middle, middle);
        self.high = _mm_xor_si128(self.high, _mm_clmulepi64_si128::<0x11>(a, b));
    }

    /// The sum as an element of the field, times x^-128.
    #[target_feature(enable = "pclmulqdq,sse2")]
    #[inline]
    pub(crate) fn reduce(self) -> __m128i {
        let polynomial = _mm_set_epi64x(0, (0xc2_u64 << 56).cast_signed());
        let fold = |low| {
            let swapped = _mm_shuffle_epi32::<0b01_00_11_10>(low);
            _mm_xor_si128(swapped, _mm_clmulepi64_si128::<0x00>(low, polynomial))
        };
        let middle = _mm_xor_si128(self.middle, fold(self.low));
        _mm_xor_si128(self.high, fold(middle))
    }
}
