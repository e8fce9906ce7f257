//! GHASH, four blocks at a time.
//!
//! Read first: ghash.rs.

use core::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_xor_si128, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_xor_si256, _mm512_castsi512_si256, _mm512_clmulepi64_epi128, _mm512_extracti64x4_epi64,
    _mm512_setzero_si512, _mm512_ternarylogic_epi64, _mm512_xor_si512,
};

use super::ghash::Sum;
use super::memory::{load512, load512_partial};

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

    /// All four in one.
    #[target_feature(enable = "avx512f,avx2,sse2")]
    #[inline]
    pub(crate) fn fold(self) -> Sum {
        Sum { low: fold(self.low), middle: fold(self.middle), high: fold(self.high) }
    }
}

#[target_feature(enable = "avx512f,avx2,sse2")]
#[inline]
fn fold(four: __m512i) -> __m128i {
    let (lower, upper) = (_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64::<1>(four));
    let two: __m256i = _mm256_xor_si256(lower, upper);
    _mm_xor_si128(_mm256_castsi256_si128(two), _mm256_extracti128_si256::<1>(two))
}

/// The first four of a row of powers, zeros where it is shorter.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn four(powers: &[[u8; 16]]) -> __m512i {
    let bytes = powers.as_flattened();
    bytes.first_chunk().map_or_else(|| load512_partial(bytes), |four| load512(four))
}
