//! Bytes into vector registers and back. Besides the call in detect.rs, all `unsafe` of this crate
//! is here: ten functions for 256 and 512 bits.

use core::arch::x86_64::{
    __m128i, __m256i, __m512i, __mmask32, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_set_epi32,
    _mm_set_epi64x, _mm256_loadu_si256, _mm256_mask_storeu_epi8, _mm256_storeu_si256,
    _mm512_castsi512_si256, _mm512_extracti32x4_epi32, _mm512_extracti64x4_epi64,
    _mm512_loadu_si512, _mm512_maskz_loadu_epi8, _mm512_maskz_mov_epi8, _mm512_storeu_si512,
};

/// 16 bytes, the first of them lowest.
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn load128(bytes: &[u8; 16]) -> __m128i {
    from_u128(u128::from_le_bytes(*bytes))
}

/// Four words, the first of them lowest.
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn load128_words(words: &[u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(u32::cast_signed);
    _mm_set_epi32(d, c, b, a)
}

/// The inverse of [`load128`].
#[target_feature(enable = "sse2,sse4.1")]
#[inline]
pub(crate) fn store128(bytes: &mut [u8; 16], value: __m128i) {
    *bytes = to_u128(value).to_le_bytes();
}

/// A register whose lowest bit is the number's.
#[target_feature(enable = "sse2")]
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // the two halves, as bits
pub(crate) fn from_u128(number: u128) -> __m128i {
    _mm_set_epi64x((number >> 64) as i64, number as i64)
}

/// The inverse of [`from_u128`].
#[target_feature(enable = "sse2,sse4.1")]
#[inline]
pub(crate) fn to_u128(value: __m128i) -> u128 {
    let (low, high) = (_mm_cvtsi128_si64(value), _mm_extract_epi64::<1>(value));
    u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned())
}

/// 64 bytes, the first of them lowest.
#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load512(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: reads the 64 bytes behind the pointer, which the reference vouches for, at any
    // alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// The inverse of [`load512`].
#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn store512(bytes: &mut [u8; 64], value: __m512i) {
    // SAFETY: writes the 64 bytes behind the pointer, which the reference vouches for, at any
    // alignment.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), value) }
}

/// Up to 64 bytes, the first of them lowest, zeros above.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load512_partial(bytes: &[u8]) -> __m512i {
    // SAFETY: reads the bytes whose bit is set in the mask and no others (a masked-out byte is not
    // accessed, whatever page it is on); set are as many as the slice has bytes, from the first.
    unsafe { _mm512_maskz_loadu_epi8(first_bytes(bytes.len()), bytes.as_ptr().cast()) }
}

/// The lowest 48 bytes of a register.
#[target_feature(enable = "avx512f,avx")]
#[inline]
pub(crate) fn store384(bytes: &mut [u8; 48], value: __m512i) {
    if let Some(first) = bytes.first_chunk_mut() {
        store256(first, _mm512_castsi512_si256(value));
    }
    if let Some(last) = bytes.last_chunk_mut() {
        store128(last, _mm512_extracti32x4_epi32::<2>(value));
    }
}

/// The lowest bytes of a register, as many as fit into `bytes`, at most 64.
///
/// Half a register at a time: a masked store holds up whoever reads any of the bytes it could have
/// written, and behind 64 there may be the next packet.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx")]
#[inline]
pub(crate) fn store512_partial(bytes: &mut [u8], value: __m512i) {
    let (lower, upper) = (_mm512_castsi512_si256(value), _mm512_extracti64x4_epi64::<1>(value));
    match bytes.split_first_chunk_mut() {
        Some((first, rest)) => {
            store256(first, lower);
            store256_partial(rest, upper);
        }
        None => store256_partial(bytes, lower),
    }
}

/// The lowest bytes of a register, as many as fit into `bytes`, at most 32.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
#[allow(unsafe_code)]
#[allow(clippy::cast_possible_truncation)] // 32 bits
pub(crate) fn store256_partial(bytes: &mut [u8], value: __m256i) {
    let mask = first_bytes(bytes.len()) as __mmask32;
    // SAFETY: writes the bytes whose bit is set in the mask and no others; set are as many as the
    // slice has bytes, from the first.
    unsafe { _mm256_mask_storeu_epi8(bytes.as_mut_ptr().cast(), mask, value) }
}

/// The lowest `len` bytes of a register, zeros above.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn clear_above(value: __m512i, len: usize) -> __m512i {
    _mm512_maskz_mov_epi8(first_bytes(len), value)
}

/// Sixteen words, the first of them lowest.
#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load512_words(words: &[u32; 16]) -> __m512i {
    // SAFETY: as `load512`; sixteen words are 64 bytes.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

/// The inverse of [`load512_words`].
#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn store512_words(words: &mut [u32; 16], value: __m512i) {
    // SAFETY: as `store512`; sixteen words are 64 bytes.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) }
}

/// 32 bytes, the first of them lowest.
#[target_feature(enable = "avx2")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load256(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: reads the 32 bytes behind the pointer, which the reference vouches for, at any
    // alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The inverse of [`load256`].
#[target_feature(enable = "avx")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn store256(bytes: &mut [u8; 32], value: __m256i) {
    // SAFETY: writes the 32 bytes behind the pointer, which the reference vouches for, at any
    // alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}

/// Eight words, the first of them lowest.
#[target_feature(enable = "avx2")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn load256_words(words: &[u32; 8]) -> __m256i {
    // SAFETY: as `load256`; eight words are 32 bytes.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// The inverse of [`load256_words`].
#[target_feature(enable = "avx2")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn store256_words(words: &mut [u32; 8], value: __m256i) {
    // SAFETY: writes the 32 bytes behind the pointer, which the reference vouches for, at any
    // alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}

/// A mask of the first `len` of 64 bytes; of all 64 if `len` is greater.
#[inline]
pub(crate) fn first_bytes(len: usize) -> u64 {
    if len >= 64 { u64::MAX } else { (1 << len) - 1 }
}
