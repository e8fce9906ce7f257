//! Sixteen blocks at once with AVX-512: each lane of a vector belongs to another message.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_set_epi8, _mm512_add_epi32, _mm512_broadcast_i32x4,
    _mm512_castsi128_si512, _mm512_castsi512_si128, _mm512_extracti32x4_epi32, _mm512_inserti32x4,
    _mm512_or_si512, _mm512_rol_epi32, _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_sllv_epi32,
    _mm512_srlv_epi32, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::HmacJob;
use super::hmac::{self, BLOCK_LEN, Digest, PADDING_LEN, SUFFIX_LEN, Vectors};
use super::rounds::rounds;
use super::states::{Source, States, blocks_at};
use crate::ShaNi;
use crate::detect::avx_512;
use crate::x86::memory::{
    load128, load128_words, load512_partial, load512_words, store128, store512, store512_words,
};

/// How many messages go at once.
pub(super) const LANES: usize = 16;

/// The outer hash of the states that are given, under those after the outer pads.
macro_rules! outside {
    ($state:expr, $outer:expr) => {{
        let [a, b, c, d, e] = $state;
        let (end, none, bits) = (splat(1 << 31), splat(0), splat(8 * (64 + 20)));
        let block =
            [a, b, c, d, e, end, none, none, none, none, none, none, none, none, none, bits];
        let mut state: [_; 5] = $outer;
        rounds!(&mut state, block);
        state
    }};
}

avx_512! {
    /// Does all jobs, sixteen at a time.
    pub(super) fn run(jobs: &[HmacJob<'_>], digests: &mut [Digest], sha_ni: Option<ShaNi>) {
        let vectors = Vectors::of(
            |jobs| load_states(jobs),
            |states, sources, blocks| compress(states, sources, blocks),
            |states, outer| hash_digests(states, outer),
            |states, digests| write_digests(load(states), digests),
            |block, bytes| store512(block, load512_partial(bytes)),
            |jobs, len, digests| {
                run_even(jobs, len, digests);
                true
            },
        );
        hmac::run(jobs, digests, sha_ni, &vectors);
    }
}

/// Jobs whose messages all have `len` bytes, no more than there are lanes: each is in its lane from
/// beginning to end.
#[target_feature(enable = "avx512f,avx512bw")]
fn run_even(jobs: &[HmacJob<'_>], len: usize, digests: &mut [Digest]) {
    // Both are read as a whole, for which the pieces they are written in must be on their way: the
    // states come between.
    let (mut suffixes, mut ends) = ([0; LANES], [[0; BLOCK_LEN]; LANES]);
    for ((suffix, end), job) in suffixes.iter_mut().zip(&mut ends).zip(jobs) {
        *suffix = job.suffix;
        if let Some(bytes) = job.message.get(len - len % BLOCK_LEN..len) {
            store512(end, load512_partial(bytes));
        }
    }
    let [mut state, outer] = keys_of(jobs);
    let mut tail = [[0; LANES]; 17];
    write_tail(&mut tail, &ends, &suffixes, len);
    let mut blocks = [&[0; BLOCK_LEN]; LANES];
    for at in 0..len / BLOCK_LEN {
        for (place, job) in blocks.iter_mut().zip(jobs) {
            let block = job.message.get(at * BLOCK_LEN..).and_then(<[u8]>::first_chunk);
            let Some(block) = block else { return }; // unreachable
            *place = block;
        }
        rounds!(&mut state, by quarter(&blocks));
    }
    for left in (0..tail_blocks(len)).rev() {
        if left == 0 {
            write_bits(&mut tail, len);
        }
        let mut words = [splat(0); 16];
        for (word, lanes) in words.iter_mut().zip(&tail) {
            *word = load512_words(lanes);
        }
        rounds!(&mut state, words);
        if left > 0 {
            // The second block begins with what went over into it.
            let [first, rest @ .., over] = &mut tail;
            *first = *over;
            rest.fill([0; LANES]);
        }
    }
    write_digests(outside!(state, outer), digests);
}

/// Writes what follows the whole blocks of messages of `len` bytes but for its length, one word of all
/// lanes after the other: a block, and what goes over into a second. Suffix and padding stand in the same place of every lane, so that they are put there when the
/// lanes lie on their side already.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn write_tail(
    tail: &mut [[u32; LANES]; 17],
    ends: &[[u8; BLOCK_LEN]; LANES],
    suffixes: &[u32; LANES],
    len: usize,
) {
    let rest = len % BLOCK_LEN;
    let (quarters, _) = tail.as_chunks_mut::<4>();
    for (q, places) in quarters.iter_mut().enumerate().take(rest.div_ceil(16)) {
        let part = |end: &[u8; BLOCK_LEN]| load128(end.as_chunks().0.get(q).unwrap_or(&[0; 16]));
        for (place, words) in places.iter_mut().zip(four_words_of(ends, part)) {
            store512_words(place, big_endian(words));
        }
    }
    let suffix = big_endian(load512_words(suffixes));
    #[allow(clippy::cast_possible_truncation)] // less than 32
    let shift = 8 * (rest % 4) as u32;
    put(tail, rest / 4, _mm512_srlv_epi32(suffix, splat(shift)));
    // What goes over into the next word where the length is no whole number of words, or nothing.
    put(tail, rest / 4 + 1, _mm512_sllv_epi32(suffix, splat(32 - shift)));
    put(tail, rest / 4 + 1, splat((1 << 31) >> shift));
}

/// Writes the length of what is hashed, in bits, to the end of the last block.
#[inline]
#[target_feature(enable = "avx512f")]
fn write_bits(tail: &mut [[u32; LANES]; 17], len: usize) {
    let bits = 8 * (BLOCK_LEN + len + SUFFIX_LEN) as u64;
    #[allow(clippy::cast_possible_truncation)] // its halves
    let (high, low) = ((bits >> 32) as u32, bits as u32);
    put(tail, 14, splat(high));
    put(tail, 15, splat(low));
}

/// How many blocks follow the whole blocks of a message of `len` bytes.
#[inline]
fn tail_blocks(len: usize) -> usize {
    (len % BLOCK_LEN + PADDING_LEN).div_ceil(BLOCK_LEN)
}

/// Adds bits to those of a word that has none of them.
#[inline]
#[target_feature(enable = "avx512f")]
fn put(words: &mut [[u32; LANES]], at: usize, piece: __m512i) {
    if let Some(words) = words.get_mut(at) {
        let both = _mm512_or_si512(load512_words(words), piece);
        store512_words(words, both);
    }
}

/// Runs the next `blocks` blocks of every source over its state.
#[target_feature(enable = "avx512f,avx512bw")]
fn compress(states: &mut States<LANES>, sources: &[Source<'_>; LANES], blocks: usize) {
    let mut state = load(states);
    let mut places = [&[0; BLOCK_LEN]; LANES];
    for at in 0..blocks {
        blocks_at(sources, at, &mut places);
        rounds!(&mut state, by quarter(&places));
    }
    store(states, state);
}

/// The outer hash of all lanes at once: the states become the digests in one block under the
/// outer states.
#[target_feature(enable = "avx512f,avx512bw")]
fn hash_digests(states: &mut States<LANES>, outer: &States<LANES>) {
    let state = outside!(load(states), load(outer));
    store(states, state);
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(States([a, b, c, d, e]): &States<LANES>) -> [__m512i; 5] {
    [load512_words(a), load512_words(b), load512_words(c), load512_words(d), load512_words(e)]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(states: &mut States<LANES>, vectors: [__m512i; 5]) {
    for (words, vector) in states.0.iter_mut().zip(vectors) {
        store512_words(words, vector);
    }
}

/// Words `4 Q` to `4 Q + 3` of every block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn quarter<const Q: usize>(blocks: &[&[u8; BLOCK_LEN]; LANES]) -> [__m512i; 4] {
    let part = |block: &[u8; BLOCK_LEN]| load128(block.as_chunks().0.get(Q).unwrap_or(&[0; 16]));
    let mut columns = [splat(0); 4];
    for (column, [a, b, c, d]) in columns.iter_mut().zip(by_column(blocks)) {
        *column = big_endian(together([part(a), part(b), part(c), part(d)]));
    }
    turn(columns)
}

/// Four words of every row, word `t` in vector `t`.
#[inline]
#[target_feature(enable = "avx512f")]
fn four_words_of<R>(rows: &[R; LANES], four: impl Fn(&R) -> __m128i) -> [__m512i; 4] {
    let mut columns = [splat(0); 4];
    for (column, [a, b, c, d]) in columns.iter_mut().zip(by_column(rows)) {
        *column = together([four(a), four(b), four(c), four(d)]);
    }
    turn(columns)
}

/// Rows `j`, `j + 4`, `j + 8` and `j + 12`, for every `j`: what becomes one vector before the rows are
/// turned.
#[inline]
fn by_column<R>([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: &[R; LANES]) -> [[&R; 4]; 4] {
    [[a, e, i, m], [b, f, j, n], [c, g, k, o], [d, h, l, p]]
}

/// Four quarters of a vector. From memory that takes none of the ports that move words about.
#[inline]
#[target_feature(enable = "avx512f")]
fn together([a, b, c, d]: [__m128i; 4]) -> __m512i {
    let front = _mm512_inserti32x4::<1>(_mm512_castsi128_si512(a), b);
    _mm512_inserti32x4::<3>(_mm512_inserti32x4::<2>(front, c), d)
}

/// Word `t` of every row, in vector `t`, out of rows in the order of [`by_column`].
#[inline]
#[target_feature(enable = "avx512f")]
fn turn([r0, r1, r2, r3]: [__m512i; 4]) -> [__m512i; 4] {
    let (lo01, hi01) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1));
    let (lo23, hi23) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3));
    [
        _mm512_unpacklo_epi64(lo01, lo23),
        _mm512_unpackhi_epi64(lo01, lo23),
        _mm512_unpacklo_epi64(hi01, hi23),
        _mm512_unpackhi_epi64(hi01, hi23),
    ]
}

/// The states of the jobs after both pads.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_states(jobs: &[HmacJob<'_>]) -> [States<LANES>; 2] {
    let [inner_words, outer_words] = keys_of(jobs);
    let (mut inner, mut outer) = (States::ZERO, States::ZERO);
    store(&mut inner, inner_words);
    store(&mut outer, outer_words);
    [inner, outer]
}

/// The same in vectors: those after the inner and the outer pad.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn keys_of(jobs: &[HmacJob<'_>]) -> [[__m512i; 5]; 2] {
    const IDLE: &[[u32; 5]; 2] = &[[0; 5]; 2];
    let mut rows = [IDLE; LANES];
    rows.iter_mut().zip(jobs).for_each(|(row, job)| *row = job.states);
    let load = |words: Option<&[u32; 4]>| load128_words(words.unwrap_or(&[0; 4]));
    let [a, b, c, d] = four_words_of(&rows, |states| load(states.as_flattened().first_chunk()));
    let [e, oa, ob, oc] = four_words_of(&rows, |states| {
        load(states.as_flattened().get(4..).and_then(<[u32]>::first_chunk))
    });
    let [_, _, od, oe] = four_words_of(&rows, |states| load(states.as_flattened().last_chunk()));
    [[a, b, c, d, e], [oa, ob, oc, od, oe]]
}

/// The states as digests, as many as there is place for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn write_digests([a, b, c, d, e]: [__m512i; 5], digests: &mut [Digest]) {
    let mut spare = [[0; 20]; LANES];
    let places = match digests.first_chunk_mut() {
        Some(places) => places,
        None => &mut spare,
    };
    let mut ends = [0; LANES];
    store512_words(&mut ends, big_endian(e));
    // Quarter `q` of vector `j`: words `a` to `d` of lane `4 q + j`.
    let vectors = turn([big_endian(a), big_endian(b), big_endian(c), big_endian(d)]);
    let (fours, _) = places.as_chunks_mut::<4>();
    if let [p0, p1, p2, p3] = fours {
        let places = p0.iter_mut().zip(p1).zip(p2).zip(p3);
        for ((((p0, p1), p2), p3), vector) in places.zip(vectors) {
            put_front(p0, _mm512_castsi512_si128(vector));
            put_front(p1, _mm512_extracti32x4_epi32::<1>(vector));
            put_front(p2, _mm512_extracti32x4_epi32::<2>(vector));
            put_front(p3, _mm512_extracti32x4_epi32::<3>(vector));
        }
    }
    for (place, end) in places.iter_mut().zip(ends) {
        if let Some(place) = place.last_chunk_mut() {
            *place = end.to_le_bytes();
        }
    }
    if digests.len() < LANES {
        digests.iter_mut().zip(spare).for_each(|(place, digest)| *place = digest);
    }
}

/// The first four words of a digest.
#[inline]
#[target_feature(enable = "sse2,sse4.1")]
fn put_front(digest: &mut Digest, words: __m128i) {
    if let Some(front) = digest.first_chunk_mut() {
        store128(front, words);
    }
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
