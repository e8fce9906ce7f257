//! SHA-1 on the SHA instructions as far as they are quick, the rest on what AVX-512 has for 128-bit
//! registers. `sha1msg2` is microcode on Intel's processors, which holds up all other instructions,
//! and `sha1nexte` takes three operations; rotations and a XOR of three make the same in fewer. What is
//! left is the chain of rounds, four cycles for four.
//!
//! No register may be wider than 128 bits here, see the head of detect.rs: arrays of registers are filled
//! where they are, because one that is returned the compiler copies in registers of 512.
//!
//! Read first: FIPS 180-4 §6.1, and sha1.rs.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_maskz_rol_epi32, _mm_rol_epi32,
    _mm_sha1rnds4_epu32, _mm_slli_si128, _mm_srli_si128, _mm_ternarylogic_epi32, _mm_xor_si128,
};

use super::memory::{from_u128, to_u128};
use super::sha1::{INITIAL, State, Suffix, load, padded_key, padded_tail};
use crate::detect::sha_ni_vl;

const XOR3: i32 = 0x96;

/// FIPS 180-4 §6.1.2: eighty rounds, four by four. A macro, because what is not inlined takes its
/// vectors through memory.
macro_rules! compress {
    ($state:expr, $words:expr) => {{
        let start: State = $state;
        let [w0, w1, w2, w3] = $words;
        let mut abcd = start.abcd;
        // The first four rounds take `e` as it is; later ones take the `a` of four rounds before.
        let mut e = _mm_add_epi32(start.e, w0);
        macro_rules! rounds {
            ($f:literal, $next:expr) => {
                let before = abcd;
                abcd = _mm_sha1rnds4_epu32::<$f>(abcd, e);
                e = _mm_add_epi32($next, _mm_maskz_rol_epi32::<30>(8, before));
            };
        }
        rounds!(0, w1);
        rounds!(0, w2);
        rounds!(0, w3);
        let w4 = early(w0, w1, w2, w3);
        rounds!(0, w4);
        let w5 = early(w1, w2, w3, w4);
        rounds!(0, w5);
        let w6 = early(w2, w3, w4, w5);
        rounds!(1, w6);
        let w7 = early(w3, w4, w5, w6);
        rounds!(1, w7);
        let w8 = late([w0, w1, w4, w6, w7]);
        rounds!(1, w8);
        let w9 = late([w1, w2, w5, w7, w8]);
        rounds!(1, w9);
        let w10 = late([w2, w3, w6, w8, w9]);
        rounds!(1, w10);
        let w11 = late([w3, w4, w7, w9, w10]);
        rounds!(2, w11);
        let w12 = late([w4, w5, w8, w10, w11]);
        rounds!(2, w12);
        let w13 = late([w5, w6, w9, w11, w12]);
        rounds!(2, w13);
        let w14 = late([w6, w7, w10, w12, w13]);
        rounds!(2, w14);
        let w15 = late([w7, w8, w11, w13, w14]);
        rounds!(2, w15);
        let w16 = late([w8, w9, w12, w14, w15]);
        rounds!(3, w16);
        let w17 = late([w9, w10, w13, w15, w16]);
        rounds!(3, w17);
        let w18 = late([w10, w11, w14, w16, w17]);
        rounds!(3, w18);
        let w19 = late([w11, w12, w15, w17, w18]);
        rounds!(3, w19);
        rounds!(3, start.e);
        State { abcd: _mm_add_epi32(abcd, start.abcd), e }
    }};
}

sha_ni_vl! {
    /// The state after the block of a pad.
    pub(super) fn after_pad_vl(key: &[u8; 20], pad: i32) -> [u32; 5] {
        compress!(State::new(&INITIAL), padded_key(key, pad)).words()
    }

    pub(super) fn hash_vl(
        inner: &[u32; 5],
        outer: &[u32; 5],
        message: &[u8],
        suffix: Suffix,
    ) -> (u128, u32) {
        let mut tail = [from_u128(0); 8];
        let ends = padded_tail(message, suffix, &mut tail);
        let mut state = State::new(inner);
        for block in message.as_chunks().0 {
            state = compress!(state, load(block));
        }
        for n in 0..=ends {
            let words = match tail.as_chunks::<4>().0.get(n) {
                Some(words) if n < ends => *words,
                // The block of the outer hash.
                _ => {
                    let digest = state.padded();
                    state = State::new(outer);
                    digest
                }
            };
            state = compress!(state, words);
        }
        let [_, _, _, _, e] = state.words();
        (to_u128(state.abcd), e)
    }
}

/// Four words more: `W(t) = ROTL1(W(t-3) ^ W(t-8) ^ W(t-14) ^ W(t-16))`. The last of them is made of
/// the first; rotated by two, that need not be waited for.
#[target_feature(enable = "sse2,ssse3,avx512f,avx512vl")]
#[inline]
fn early(w16: __m128i, w12: __m128i, w8: __m128i, w4: __m128i) -> __m128i {
    let w14 = _mm_alignr_epi8::<8>(w16, w12);
    let words = _mm_ternarylogic_epi32::<XOR3>(w16, w14, w8);
    let words = _mm_xor_si128(words, _mm_slli_si128::<4>(w4));
    let first = _mm_srli_si128::<12>(words);
    _mm_xor_si128(_mm_rol_epi32::<1>(words), _mm_rol_epi32::<2>(first))
}

/// The same from the 32nd word on, where it can be had of words further back:
/// `W(t) = ROTL2(W(t-6) ^ W(t-16) ^ W(t-28) ^ W(t-32))`.
#[target_feature(enable = "sse2,ssse3,avx512f,avx512vl")]
#[inline]
fn late([w32, w28, w16, w8, w4]: [__m128i; 5]) -> __m128i {
    let w6 = _mm_alignr_epi8::<8>(w8, w4);
    let words = _mm_ternarylogic_epi32::<XOR3>(w32, w28, w16);
    _mm_rol_epi32::<2>(_mm_xor_si128(words, w6))
}
