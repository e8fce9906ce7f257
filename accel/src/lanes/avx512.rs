//! Sixteen blocks at once with AVX-512: each lane of a vector belongs to another message.

use core::arch::x86_64::{
    __m512i, _mm_set_epi8, _mm512_add_epi32, _mm512_broadcast_i32x4, _mm512_rol_epi32,
    _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_ternarylogic_epi32,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
    _mm512_xor_si512,
};

use super::HmacJob;
use super::hmac::{self, Digest, Vectors};
use super::rounds::rounds;
use super::states::{Source, States};
use crate::ShaNi;
use crate::detect::avx_512;
use crate::x86::memory::{
    load512, load512_partial, load512_words, load512_words_partial, store512, store512_words,
};

/// How many messages go at once.
pub(super) const LANES: usize = 16;

avx_512! {
    /// Does all jobs, sixteen at a time.
    pub(super) fn run(jobs: &[HmacJob<'_>], digests: &mut [Digest], sha_ni: Option<ShaNi>) {
        let vectors = Vectors::of(
            |jobs| load_states(jobs),
            |states, sources, blocks| compress(states, sources, blocks),
            |states, outer| hash_digests(states, outer),
            |states, digests| write_digests(states, digests),
            |block, bytes| store512(block, load512_partial(bytes)),
        );
        hmac::run(jobs, digests, sha_ni, &vectors);
    }
}

/// Runs the next `blocks` blocks of every source over its state.
#[target_feature(enable = "avx512f,avx512bw")]
fn compress(states: &mut States<LANES>, sources: &[Source<'_>; LANES], blocks: usize) {
    let mut state = [splat(0); 5];
    for (vector, words) in state.iter_mut().zip(&states.0) {
        *vector = load512_words(words);
    }
    for at in 0..blocks {
        rounds!(&mut state, words_of(sources, at));
    }
    for (vector, words) in state.iter().zip(&mut states.0) {
        store512_words(words, *vector);
    }
}

/// The outer hash of all lanes at once: the states become the digests in one block under the
/// outer states.
#[target_feature(enable = "avx512f,avx512bw")]
fn hash_digests(states: &mut States<LANES>, outer: &States<LANES>) {
    let [a, b, c, d, e] = states.0.each_ref().map(|words| load512_words(words));
    let (end, none, bits) = (splat(1 << 31), splat(0), splat(8 * (64 + 20)));
    let block = [a, b, c, d, e, end, none, none, none, none, none, none, none, none, none, bits];
    let mut state = outer.0.each_ref().map(|words| load512_words(words));
    rounds!(&mut state, block);
    for (vector, words) in state.iter().zip(&mut states.0) {
        store512_words(words, *vector);
    }
}

/// Word `t` of every source's block number `at`, in vector `t`: a transposition of 16 by 16 words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words_of(sources: &[Source<'_>; LANES], at: usize) -> [__m512i; 16] {
    transpose(sources, |lane| big_endian(load512(lane.block(at))))
}

/// The states after both pads of up to sixteen jobs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_states(jobs: &[HmacJob<'_>]) -> [States<LANES>; 2] {
    let mut rows = [None; LANES];
    rows.iter_mut().zip(jobs).for_each(|(row, job)| *row = Some(job.states));
    let words = transpose(&rows, |row| {
        row.map_or(splat(0), |states| load512_words_partial(states.as_flattened()))
    });
    let [mut inner, mut outer] = [States::ZERO; 2];
    for (place, words) in inner.0.iter_mut().chain(&mut outer.0).zip(words) {
        store512_words(place, words);
    }
    [inner, outer]
}

/// The states as digests, as many as there is place for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn write_digests(states: &States<LANES>, digests: &mut [Digest]) {
    let [a, b, c, d, e] = states.0.each_ref().map(|words| big_endian(load512_words(words)));
    let (ab, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    // Quarter `q` of vector `j`: words `a` to `d` of lane `4 q + j`.
    let quarters = [
        _mm512_unpacklo_epi64(ab, cd),
        _mm512_unpackhi_epi64(ab, cd),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ];
    let (mut fronts, mut ends) = ([[0; 64]; 4], [0; 64]);
    for (place, front) in fronts.iter_mut().zip(transpose_quarters(quarters)) {
        store512(place, front);
    }
    store512(&mut ends, e);
    let ((fronts, _), (ends, _)) = (fronts.as_flattened().as_chunks::<16>(), ends.as_chunks::<4>());
    for (digest, (front, end)) in digests.iter_mut().zip(fronts.iter().zip(ends)) {
        if let Some((place, end_place)) = digest.split_first_chunk_mut() {
            *place = *front;
            end_place.copy_from_slice(end);
        }
    }
}

/// Sixteen rows of sixteen words, turned on their side.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn transpose<R>(rows: &[R; LANES], row: impl Fn(&R) -> __m512i) -> [__m512i; 16] {
    // Quarter `q` of vector `4 g + j`: words `4 q + j` of the four rows of group `g`.
    let mut groups = [[splat(0); 4]; 4];
    let (fours, _) = rows.as_chunks::<4>();
    for (group, [s0, s1, s2, s3]) in groups.iter_mut().zip(fours) {
        let (r0, r1, r2, r3) = (row(s0), row(s1), row(s2), row(s3));
        let (lo01, hi01) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1));
        let (lo23, hi23) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3));
        *group = [
            _mm512_unpacklo_epi64(lo01, lo23),
            _mm512_unpackhi_epi64(lo01, lo23),
            _mm512_unpacklo_epi64(hi01, hi23),
            _mm512_unpackhi_epi64(hi01, hi23),
        ];
    }
    let [g0, g1, g2, g3] = groups;
    let mut words = [splat(0); 16];
    for j in 0..4 {
        let column = |g: &[__m512i; 4]| g.get(j).copied().unwrap_or(splat(0));
        let quarters = transpose_quarters([column(&g0), column(&g1), column(&g2), column(&g3)]);
        for (place, word) in words.iter_mut().skip(j).step_by(4).zip(quarters) {
            *place = word;
        }
    }
    words
}

/// Four rows of four quarters, turned on their side.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab, ab_high) = (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
    let (cd, cd_high) = (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
    [
        _mm512_shuffle_i32x4::<0x88>(ab, cd),
        _mm512_shuffle_i32x4::<0xdd>(ab, cd),
        _mm512_shuffle_i32x4::<0x88>(ab_high, cd_high),
        _mm512_shuffle_i32x4::<0xdd>(ab_high, cd_high),
    ]
}

/// The bytes of every word in reverse.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn big_endian(words: __m512i) -> __m512i {
    let order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(order))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

/// The second number is for widths that have no rotation: what `LEFT` lacks to 32.
#[inline]
#[target_feature(enable = "avx512f")]
fn rotate<const LEFT: i32, const RIGHT: i32>(a: __m512i) -> __m512i {
    _mm512_rol_epi32::<LEFT>(a)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn choose(b: __m512i, c: __m512i, d: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xca>(b, c, d)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn parity(b: __m512i, c: __m512i, d: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(b, c, d)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn majority(b: __m512i, c: __m512i, d: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xe8>(b, c, d)
}
