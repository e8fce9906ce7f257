//! GHASH, four blocks at a time.
//!
//! Read first: ghash.rs.

use core::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_set_epi64x, _mm_xor_si128, _mm256_castsi256_si128,
    _mm256_extracti128_si256, _mm256_xor_si256, _mm512_broadcast_i32x4, _mm512_castsi512_si128,
    _mm512_castsi512_si256, _mm512_clmulepi64_epi128, _mm512_extracti64x4_epi64,
    _mm512_inserti32x4, _mm512_setzero_si512, _mm512_shuffle_epi32, _mm512_ternarylogic_epi64,
    _mm512_xor_si512, _mm512_zextsi128_si512,
};

use super::ghash::{POWERS, Places, Sum, hash_key, multiply};
use super::memory::store512;
use crate::detect::vaes_512;

/// Four sums of products side by side.
#[derive(Clone, Copy)]
pub(crate) struct WideSum {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl WideSum {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn zero() -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: zero, middle: zero, high: zero }
    }

    /// Adds four products.
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    #[inline]
    pub(crate) fn add(&mut self, a: __m512i, b: __m512i) {
        const XOR3: i32 = 0x96;
        let (cross, other) =
            (_mm512_clmulepi64_epi128::<0x01>(a, b), _mm512_clmulepi64_epi128::<0x10>(a, b));
        self.low = _mm512_xor_si512(self.low, _mm512_clmulepi64_epi128::<0x00>(a, b));
        self.middle = _mm512_ternarylogic_epi64::<XOR3>(self.middle, cross, other);
        self.high = _mm512_xor_si512(self.high, _mm512_clmulepi64_epi128::<0x11>(a, b));
    }

    /// Each of the four as an element of the field, times x^-128.
    #[target_feature(enable = "avx512f,vpclmulqdq,sse2")]
    #[inline]
    pub(crate) fn reduce_each(self) -> __m512i {
        let polynomial = _mm512_broadcast_i32x4(_mm_set_epi64x(0, (0xc2_u64 << 56).cast_signed()));
        let fold = |low| {
            let swapped = _mm512_shuffle_epi32::<0b01_00_11_10>(low);
            _mm512_xor_si512(swapped, _mm512_clmulepi64_epi128::<0x00>(low, polynomial))
        };
        let middle = _mm512_xor_si512(self.middle, fold(self.low));
        _mm512_xor_si512(self.high, fold(middle))
    }

    /// All four in one, as an element of the field, times x^-128.
    #[target_feature(enable = "avx512f,avx2,vpclmulqdq,sse2")]
    #[inline]
    pub(crate) fn reduce_at_once(self) -> __m128i {
        fold(self.reduce_each())
    }

    /// All four in one.
    #[target_feature(enable = "avx512f,avx2,sse2")]
    #[inline]
    pub(crate) fn fold(self) -> Sum {
        Sum { low: fold(self.low), middle: fold(self.middle), high: fold(self.high) }
    }
}

vaes_512! {
    /// All powers of a hash key, four at a time, of such that are far from one another: one by one, each
    /// would wait for the last.
    pub(super) fn fill_wide(powers: &mut Places, subkey: u128) {
        let key = hash_key(subkey);
        let square = multiply(key, key);
        let fourth = multiply(square, square);
        let to_4 = _mm512_zextsi128_si512(fourth);
        let to_4 = _mm512_inserti32x4::<1>(to_4, multiply(square, key));
        let to_4 = _mm512_inserti32x4::<2>(to_4, square);
        let to_4 = _mm512_inserti32x4::<3>(to_4, key);
        let to_8 = times_highest(to_4, to_4);
        let (to_12, to_16) = (times_highest(to_4, to_8), times_highest(to_8, to_8));
        let to_20 = times_highest(to_4, to_16);
        const { assert!(POWERS == 20, "five rows of four") };
        let (places, _) = powers.as_flattened_mut().as_chunks_mut();
        for (place, row) in places.iter_mut().zip([to_20, to_16, to_12, to_8, to_4]) {
            store512(place, row);
        }
    }
}

/// Four powers, each times the first of four others.
#[target_feature(enable = "avx512f,vpclmulqdq,sse2")]
#[inline]
fn times_highest(powers: __m512i, others: __m512i) -> __m512i {
    let mut products = WideSum::zero();
    products.add(powers, _mm512_broadcast_i32x4(_mm512_castsi512_si128(others)));
    products.reduce_each()
}

#[target_feature(enable = "avx512f,avx2,sse2")]
#[inline]
fn fold(four: __m512i) -> __m128i {
    let (lower, upper) = (_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64::<1>(four));
    let two: __m256i = _mm256_xor_si256(lower, upper);
    _mm_xor_si128(_mm256_castsi256_si128(two), _mm256_extracti128_si256::<1>(two))
}
