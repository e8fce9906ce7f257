//! GHASH by carry-less multiplication, one block at a time, and the powers of the hash key.
//!
//! Blocks are taken with their bytes in reverse, which makes GHASH the POLYVAL of RFC 8452 with
//! the key multiplied by x (its Appendix A): the product of two elements comes with a factor
//! x^-128, and a reduction takes two multiplications by the upper half of the polynomial. Products
//! by several powers are added before they are reduced.
//!
//! Read first: NIST SP 800-38D §6.3 and §6.4, RFC 8452 §3 and Appendix A.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_clmulepi64_si128, _mm_set_epi64x, _mm_setzero_si128, _mm_shuffle_epi32,
    _mm_xor_si128, _mm512_broadcast_i32x4, _mm512_setzero_si512,
};

use zeroize::Zeroize;

use super::ghash_wide::fill_wide;
use super::memory::{from_u128, load128, load512, store128};
use crate::detect::{Level, aes_ni};

/// How many powers are kept: for sixteen blocks of data, what goes before or behind them, and up to a
/// multiple of four.
pub(super) const POWERS: usize = 20;

/// How many of them are used one block at a time.
pub(super) const NARROW_POWERS: usize = 8;

/// Behind the lowest power, so that four can be loaded from any.
const ZEROS: usize = 3;

/// Powers, the highest first, and zeros.
pub(super) type Places = [[u8; 16]; POWERS + ZEROS];

/// Powers of the hash key; zeroized when dropped.
#[derive(Clone)]
pub(crate) struct Powers(Places);

impl Powers {
    /// From the hash subkey `E(0)` (SP 800-38D §7.1), as the number its bytes are.
    pub(crate) fn new(level: Level, subkey: u128) -> Self {
        let mut powers = Self([[0; 16]; POWERS + ZEROS]);
        match level {
            Level::AesNi(token) => fill(token, &mut powers.0, subkey),
            Level::Vaes512(_, token) => fill_wide(token, &mut powers.0, subkey),
        }
        powers
    }

    /// Those by which as many blocks are multiplied, the last of them by the key itself.
    #[inline]
    pub(crate) fn of(&self, blocks: usize) -> &[[u8; 16]] {
        self.0.get(POWERS.saturating_sub(blocks)..POWERS).unwrap_or_default()
    }

    /// That by which as many blocks are multiplied, four times.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn one(&self, blocks: usize) -> __m512i {
        match self.of(blocks) {
            [power, ..] => _mm512_broadcast_i32x4(load128(power)),
            [] => _mm512_setzero_si512(),
        }
    }

    /// The first four of those by which as many blocks are multiplied, zeros where there are fewer.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn four(&self, blocks: usize) -> __m512i {
        let from = self.0.get(POWERS.saturating_sub(blocks)..).unwrap_or_default();
        match from.as_flattened().first_chunk() {
            Some(four) => load512(four),
            None => _mm512_setzero_si512(),
        }
    }
}

impl Drop for Powers {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The hash key as this file has it: times x, modulo x^128 + x^127 + x^126 + x^121 + 1, without a
/// branch on it.
#[target_feature(enable = "sse2")]
#[inline]
pub(super) fn hash_key(subkey: u128) -> __m128i {
    let carry = (subkey >> 127).wrapping_neg() & (0xc2 << 120 | 1);
    from_u128(subkey << 1 ^ carry)
}

#[target_feature(enable = "pclmulqdq,sse2")]
#[inline]
pub(super) fn multiply(a: __m128i, b: __m128i) -> __m128i {
    let mut product = Sum::zero();
    product.add(a, b);
    product.reduce()
}

aes_ni! {
    fn fill(powers: &mut Places, subkey: u128) {
        let key = hash_key(subkey);
        let mut power = key;
        for place in powers.iter_mut().rev().skip(ZEROS).take(NARROW_POWERS) {
            store128(place, power);
            power = multiply(power, key);
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
