//! HMAC-SHA1 on the SHA instructions, with both pads compressed once per key.
//!
//! A digest is one call: the state stays in registers over the message, its padding and the outer
//! hash.
//!
//! Read first: FIPS 180-4 §6.1, RFC 2104 §2 and §4, RFC 3711 §4.2.1.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
    _mm_sha1msg1_epu32, _mm_sha1msg2_epu32, _mm_sha1nexte_epu32, _mm_sha1rnds4_epu32,
    _mm_shuffle_epi8, _mm_xor_si128,
};

use core::hint::black_box;

use zeroize::Zeroize;

use super::memory::{from_u128, load128, to_u128};
use super::sha1_vl::{after_pad_vl, hash_vl};
use crate::detect::{ShaNi, ShaNiVl, sha_ni};

const BLOCK_LEN: usize = 64;
/// Blocks of a message that may still be on their way to the cache; later ones have had the time.
const FRESH_BLOCKS: usize = 3;
/// Four bytes of the pads (RFC 2104 §2).
const INNER_PAD: i32 = 0x3636_3636;
const OUTER_PAD: i32 = 0x5c5c_5c5c;
pub(super) const INITIAL: [u32; 5] =
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

/// A key, as the two SHA-1 states after its pads; zeroized when dropped.
#[derive(Clone)]
pub struct HmacSha1 {
    /// After the inner pad and after the outer.
    states: [[u32; 5]; 2],
    token: ShaNi,
    wide: Option<ShaNiVl>,
}

impl HmacSha1 {
    /// The key is 20 bytes in every suite of SRTP (RFC 3711 §5.2).
    #[must_use]
    pub fn new(token: ShaNi, key: &[u8; 20]) -> Self {
        let wide = ShaNiVl::detect();
        let after_pad = |pad| match wide {
            Some(wide) => after_pad_vl(wide, key, pad),
            None => after_pad(token, key, pad),
        };
        Self { states: [INNER_PAD, OUTER_PAD].map(after_pad), token, wide }
    }

    /// The same without what AVX-512 would add.
    #[must_use]
    pub fn by_sha_ni_alone(token: ShaNi, key: &[u8; 20]) -> Self {
        let states = [INNER_PAD, OUTER_PAD].map(|pad| after_pad(token, key, pad));
        Self { states, token, wide: None }
    }

    /// The whole digest of `message || suffix`; `suffix` is at most 8 bytes (a ROC, mostly), and
    /// what is longer is cut.
    #[inline(always)]
    #[must_use]
    pub fn digest(&self, message: &[u8], suffix: &[u8]) -> [u8; 20] {
        let suffix = suffix.get(..8).unwrap_or(suffix);
        let number = match *suffix {
            [a, b, c, d] => u32::from_be_bytes([a, b, c, d]).into(),
            _ => suffix.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        };
        let suffix = Suffix { number, len: suffix.len() };
        let [inner, outer] = &self.states;
        let (abcd, e) = match self.wide {
            Some(token) => hash_vl(token, inner, outer, message, suffix),
            None => hash(self.token, inner, outer, message, suffix),
        };
        let mut digest = [0; 20];
        if let Some((first, last)) = digest.split_first_chunk_mut::<16>() {
            *first = abcd.to_be_bytes();
            last.copy_from_slice(&e.to_be_bytes());
        }
        digest
    }

    /// The states after the inner and the outer pad.
    #[inline]
    #[must_use]
    pub fn states(&self) -> &[[u32; 5]; 2] {
        &self.states
    }
}

impl Drop for HmacSha1 {
    fn drop(&mut self) {
        self.states.zeroize();
    }
}

/// Bytes behind a message, at most 8, as the number they are.
#[derive(Clone, Copy)]
pub(super) struct Suffix {
    pub(super) number: u64,
    pub(super) len: usize,
}

sha_ni! {
    pub(crate) fn compress(state: &[u32; 5], block: &[u8; 64]) -> [u32; 5] {
        State::new(state).block(load(block)).words()
    }

    /// The state after the block of a pad.
    fn after_pad(key: &[u8; 20], pad: i32) -> [u32; 5] {
        State::new(&INITIAL).block(padded_key(key, pad)).words()
    }

    fn hash(
        inner: &[u32; 5],
        outer: &[u32; 5],
        message: &[u8],
        suffix: Suffix,
    ) -> (u128, u32) {
        let mut tail = [from_u128(0); 8];
        let blocks = padded_tail(message, suffix, &mut tail);
        let mut state = State::new(inner);
        let (message_blocks, _) = message.as_chunks::<BLOCK_LEN>();
        let (fresh, older) = message_blocks.split_at(message_blocks.len().min(FRESH_BLOCKS));
        for (block, again) in fresh.iter().zip(black_box(fresh)) {
            state = state.block(load_by_words(block, again));
        }
        for block in older {
            state = state.block(load(block));
        }
        for block in tail.as_chunks::<4>().0.iter().take(blocks) {
            state = state.block(*block);
        }
        let state = State::new(outer).block(state.padded());
        let [_, _, _, _, e] = state.words();
        (to_u128(state.abcd), e)
    }

    /// What is left of an HMAC from a state of its inner hash on: blocks of the message, its end
    /// with suffix and padding in blocks, and the outer hash.
    pub(crate) fn finish(
        state: &[u32; 5],
        outer: &[u32; 5],
        message: &[[u8; 64]],
        tail: &[[u8; 64]],
    ) -> [u32; 5] {
        let mut state = State::new(state);
        for block in message.iter().chain(tail) {
            state = state.block(load(block));
        }
        State::new(outer).block(state.padded()).words()
    }
}

/// A key XORed to a pad of four equal bytes.
#[target_feature(enable = "sse2,ssse3")]
#[inline]
pub(super) fn padded_key(key: &[u8; 20], pad: i32) -> [__m128i; 4] {
    let pads = _mm_set_epi32(pad, pad, pad, pad);
    let [front @ .., a, b, c, d] = *key;
    let end = i32::from_be_bytes([a, b, c, d]);
    let first = _mm_xor_si128(load_quarter(&front), pads);
    [first, _mm_xor_si128(_mm_set_epi32(end, 0, 0, 0), pads), pads, pads]
}

/// The end of a message that fills no block, its suffix and the padding: one block or two, and
/// which, to be written onto zeros. In registers' lengths all the way, because what was written in small pieces is slow to be
/// read in large ones.
#[target_feature(enable = "sse2,ssse3")]
#[inline]
pub(super) fn padded_tail(message: &[u8], suffix: Suffix, tail: &mut [__m128i; 8]) -> usize {
    let (_, rest) = message.as_chunks::<BLOCK_LEN>();
    let (quarters, end) = rest.as_chunks::<16>();
    for ((place, quarter), again) in tail.iter_mut().zip(quarters).zip(black_box(quarters)) {
        *place = quarter_by_words(quarter, again);
    }

    let used = 8 * end.len();
    // The last 16 bytes of the message; all but those wanted are shifted out.
    let last = match message.last_chunk::<16>() {
        _ if used == 0 => 0,
        Some(last) => u128::from_be_bytes(*last) << (128 - used),
        None => end.iter().fold(0, |n, byte| n << 8 | u128::from(*byte)) << (128 - used),
    };
    let marked = (u128::from(suffix.number) << 8 | 0x80) << (120 - 8 * suffix.len);
    let beyond = if used == 0 { 0 } else { marked << (128 - used) };
    let at = quarters.len();
    for (place, number) in tail.iter_mut().skip(at).zip([last | marked >> used, beyond]) {
        // Onto the zeros: what is only put together of two halves is also stored as two.
        *place = _mm_xor_si128(*place, from_u128(number));
    }

    let blocks = if rest.len() + suffix.len + 9 > BLOCK_LEN { 2 } else { 1 };
    let bits = 8 * (BLOCK_LEN + message.len() + suffix.len) as u128;
    if let Some(place) = tail.get_mut(4 * blocks - 1) {
        *place = _mm_xor_si128(*place, from_u128(bits));
    }
    blocks
}

/// As [`load`], of what was encrypted a moment ago. A packet's payload was written 12 bytes off the
/// blocks of a hash: a register read across two writes waits until both have left the processor,
/// and with it all that came before; four bytes at a time do not.
#[target_feature(enable = "sse2,ssse3")]
#[inline]
fn load_by_words(block: &[u8; 64], again: &[u8; 64]) -> [__m128i; 4] {
    let ((quarters, _), (again, _)) = (block.as_chunks::<16>(), again.as_chunks::<16>());
    [0, 1, 2, 3].map(|i| match (quarters.get(i), again.get(i)) {
        (Some(quarter), Some(again)) => quarter_by_words(quarter, again),
        _ => from_u128(0),
    })
}

/// As [`load_quarter`], by words. Both arguments are the same bytes, which the compiler must not
/// know: it would make one load of all four.
#[target_feature(enable = "sse2,ssse3")]
#[inline]
fn quarter_by_words(quarter: &[u8; 16], again: &[u8; 16]) -> __m128i {
    let ([a, b, c, d, _, _, _, _, i, j, k, l, ..], [_, _, _, _, e, f, g, h, .., m, n, o, p]) =
        (*quarter, *again);
    let word = i32::from_be_bytes;
    _mm_set_epi32(word([a, b, c, d]), word([e, f, g, h]), word([i, j, k, l]), word([m, n, o, p]))
}

#[target_feature(enable = "sse2,ssse3")]
#[inline]
pub(super) fn load(block: &[u8; 64]) -> [__m128i; 4] {
    let (quarters, _) = block.as_chunks::<16>();
    [0, 1, 2, 3].map(|i| load_quarter(quarters.get(i).unwrap_or(&[0; 16])))
}

/// Four words of a message, the first of them highest, as the instructions want them.
#[target_feature(enable = "sse2,ssse3")]
#[inline]
fn load_quarter(quarter: &[u8; 16]) -> __m128i {
    let swap = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    _mm_shuffle_epi8(load128(quarter), swap)
}

/// The five words of a SHA-1 state: `a` highest in the first register, `e` highest in the second.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) abcd: __m128i,
    pub(super) e: __m128i,
}

impl State {
    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn new(words: &[u32; 5]) -> Self {
        let [a, b, c, d, e] = words.map(u32::cast_signed);
        Self { abcd: _mm_set_epi32(a, b, c, d), e: _mm_set_epi32(e, 0, 0, 0) }
    }

    #[target_feature(enable = "sse2,sse4.1")]
    #[inline]
    pub(super) fn words(self) -> [u32; 5] {
        let Self { abcd, e } = self;
        [
            _mm_extract_epi32::<3>(abcd),
            _mm_extract_epi32::<2>(abcd),
            _mm_extract_epi32::<1>(abcd),
            _mm_cvtsi128_si32(abcd),
            _mm_extract_epi32::<3>(e),
        ]
        .map(i32::cast_unsigned)
    }

    /// The digest as the one block of the outer hash that follows its pad.
    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn padded(self) -> [__m128i; 4] {
        const BITS: i32 = 8 * (64 + 20);
        let end = _mm_set_epi32(0, i32::MIN, 0, 0);
        let zero = _mm_set_epi64x(0, 0);
        [self.abcd, _mm_xor_si128(self.e, end), zero, _mm_set_epi32(0, 0, 0, BITS)]
    }

    /// FIPS 180-4 §6.1.2: eighty rounds, four by four.
    #[target_feature(enable = "sha,sse2")]
    #[inline]
    #[allow(unused_assignments)] // the last words
    pub(super) fn block(self, message: [__m128i; 4]) -> Self {
        let [mut w0, mut w1, mut w2, mut w3] = message;
        let mut abcd = self.abcd;
        // The first four rounds take `e` as it is; later ones take the `a` of four rounds before.
        let mut e = _mm_add_epi32(self.e, w0);

        // Four rounds; then the words that take the place of $w0.
        macro_rules! rounds {
            ($f:literal, $w0:ident $w1:ident $w2:ident $w3:ident) => {
                let before = abcd;
                abcd = _mm_sha1rnds4_epu32::<$f>(abcd, e);
                e = _mm_sha1nexte_epu32(before, $w1);
                $w0 = _mm_xor_si128(_mm_sha1msg1_epu32($w0, $w1), $w2);
                $w0 = _mm_sha1msg2_epu32($w0, $w3);
            };
        }
        rounds!(0, w0 w1 w2 w3);
        rounds!(0, w1 w2 w3 w0);
        rounds!(0, w2 w3 w0 w1);
        rounds!(0, w3 w0 w1 w2);
        rounds!(0, w0 w1 w2 w3);
        rounds!(1, w1 w2 w3 w0);
        rounds!(1, w2 w3 w0 w1);
        rounds!(1, w3 w0 w1 w2);
        rounds!(1, w0 w1 w2 w3);
        rounds!(1, w1 w2 w3 w0);
        rounds!(2, w2 w3 w0 w1);
        rounds!(2, w3 w0 w1 w2);
        rounds!(2, w0 w1 w2 w3);
        rounds!(2, w1 w2 w3 w0);
        rounds!(2, w2 w3 w0 w1);
        rounds!(3, w3 w0 w1 w2);
        // The rest needs no new words; the compiler drops what computes them.
        rounds!(3, w0 w1 w2 w3);
        rounds!(3, w1 w2 w3 w0);
        rounds!(3, w2 w3 w0 w1);
        let before = abcd;
        abcd = _mm_sha1rnds4_epu32::<3>(abcd, e);
        Self { abcd: _mm_add_epi32(abcd, self.abcd), e: _mm_sha1nexte_epu32(before, self.e) }
    }
}
