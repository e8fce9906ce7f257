//! Eight blocks at once with AVX2.

use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set_epi8, _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use super::HmacJob;
use super::hmac::{self, Digest, Vectors};
use super::rounds::rounds;
use super::states::{Source, States};
use crate::ShaNi;
use crate::detect::avx_2;
use crate::x86::memory::{load256, load256_words, store256_words};

/// How many messages go at once.
pub(super) const LANES: usize = 8;

avx_2! {
    /// Does all jobs, eight at a time.
    pub(super) fn run(jobs: &[HmacJob<'_>], digests: &mut [Digest], sha_ni: Option<ShaNi>) {
        let vectors = Vectors::of(
            |jobs| {
                let [mut inner, mut outer] = [States::ZERO; 2];
                for (n, job) in jobs.iter().enumerate().take(LANES) {
                    let [inner_state, outer_state] = job.states;
                    inner.set(n, inner_state);
                    outer.set(n, outer_state);
                }
                [inner, outer]
            },
            |states, sources, blocks| compress(states, sources, blocks),
            |states, outer| hash_digests(states, outer),
            |states, digests| states.write(digests),
            |block: &mut [u8; 64], bytes: &[u8]| {
                *block = [0; 64];
                if let Some(place) = block.get_mut(..bytes.len()) {
                    place.copy_from_slice(bytes);
                }
            },
            |_, _, _| false,
        );
        hmac::run(jobs, digests, sha_ni, &vectors);
    }
}

/// Runs the next `blocks` blocks of every source over its state.
#[target_feature(enable = "avx2")]
fn compress(states: &mut States<LANES>, sources: &[Source<'_>; LANES], blocks: usize) {
    let mut state = [splat(0); 5];
    for (vector, words) in state.iter_mut().zip(&states.0) {
        *vector = load256_words(words);
    }
    for at in 0..blocks {
        rounds!(&mut state, words_of(sources, at));
    }
    for (vector, words) in state.iter().zip(&mut states.0) {
        store256_words(words, *vector);
    }
}

/// The outer hash of all lanes at once: the states become the digests in one block under the
/// outer states.
#[target_feature(enable = "avx2")]
fn hash_digests(states: &mut States<LANES>, outer: &States<LANES>) {
    let [a, b, c, d, e] = states.0.each_ref().map(|words| load256_words(words));
    let (end, none, bits) = (splat(1 << 31), splat(0), splat(8 * (64 + 20)));
    let block = [a, b, c, d, e, end, none, none, none, none, none, none, none, none, none, bits];
    let mut state = outer.0.each_ref().map(|words| load256_words(words));
    rounds!(&mut state, block);
    for (vector, words) in state.iter().zip(&mut states.0) {
        store256_words(words, *vector);
    }
}

/// Word `t` of every source's block number `at`, in vector `t`: two transpositions of 8 by 8.
#[inline]
#[target_feature(enable = "avx2")]
fn words_of(sources: &[Source<'_>; LANES], at: usize) -> [__m256i; 16] {
    let mut words = [splat(0); 16];
    let (halves, _) = words.as_chunks_mut::<8>();
    for (half, words) in halves.iter_mut().enumerate() {
        let mut groups = [[splat(0); 4]; 2];
        let (fours, _) = sources.as_chunks::<4>();
        for (group, [s0, s1, s2, s3]) in groups.iter_mut().zip(fours) {
            let row = |lane: &Source<'_>| {
                let (halves, _) = lane.block(at).as_chunks::<32>();
                big_endian(halves.get(half).map_or(splat(0), |half| load256(half)))
            };
            let (r0, r1, r2, r3) = (row(s0), row(s1), row(s2), row(s3));
            let (lo01, hi01) = (_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
            let (lo23, hi23) = (_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
            *group = [
                _mm256_unpacklo_epi64(lo01, lo23),
                _mm256_unpackhi_epi64(lo01, lo23),
                _mm256_unpacklo_epi64(hi01, hi23),
                _mm256_unpackhi_epi64(hi01, hi23),
            ];
        }
        let [[a0, a1, a2, a3], [b0, b1, b2, b3]] = groups;
        *words = [
            _mm256_permute2x128_si256::<0x20>(a0, b0),
            _mm256_permute2x128_si256::<0x20>(a1, b1),
            _mm256_permute2x128_si256::<0x20>(a2, b2),
            _mm256_permute2x128_si256::<0x20>(a3, b3),
            _mm256_permute2x128_si256::<0x31>(a0, b0),
            _mm256_permute2x128_si256::<0x31>(a1, b1),
            _mm256_permute2x128_si256::<0x31>(a2, b2),
            _mm256_permute2x128_si256::<0x31>(a3, b3),
        ];
    }
    words
}

#[inline]
#[target_feature(enable = "avx2")]
fn big_endian(words: __m256i) -> __m256i {
    let order = _mm256_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3, //
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
    );
    _mm256_shuffle_epi8(words, order)
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

/// `RIGHT` is what `LEFT` lacks to 32.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const LEFT: i32, const RIGHT: i32>(a: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi32::<LEFT>(a), _mm256_srli_epi32::<RIGHT>(a))
}

#[inline]
#[target_feature(enable = "avx2")]
fn choose(b: __m256i, c: __m256i, d: __m256i) -> __m256i {
    xor(d, _mm256_and_si256(b, xor(c, d)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn parity(b: __m256i, c: __m256i, d: __m256i) -> __m256i {
    xor(xor(b, c), d)
}

#[inline]
#[target_feature(enable = "avx2")]
fn majority(b: __m256i, c: __m256i, d: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_and_si256(b, c), _mm256_and_si256(d, xor(b, c)))
}
