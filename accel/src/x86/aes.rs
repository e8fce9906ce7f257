//! AES, encrypting direction: key expansion, single blocks, counter mode.
//!
//! The loops take one register at a time and leave it to the processor to overlap them: rounds of
//! different registers do not depend on one another, and its window holds several.
//!
//! Read first: FIPS 197 §5.1 and §5.2, NIST SP 800-38A §6.5.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_add_epi32, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_cvtsi128_si32,
    _mm_set_epi32, _mm_set_epi64x, _mm_set1_epi32, _mm_setzero_si128, _mm_shuffle_epi8,
    _mm_slli_si128, _mm_xor_si128, _mm512_add_epi32, _mm512_aesenc_epi128,
    _mm512_aesenclast_epi128, _mm512_alignr_epi64, _mm512_broadcast_i32x4, _mm512_castsi512_si128,
    _mm512_set_epi32, _mm512_set4_epi32, _mm512_shuffle_epi8, _mm512_xor_si512,
};

use hybrid_array::sizes::{U16, U64};
use inout::InOutBuf;
use zeroize::Zeroize;

use super::memory::{
    from_u128, load128, load512, load512_partial, store128, store512, store512_partial, to_u128,
};
use crate::detect::{Level, aes_ni, vaes_512};

/// Round keys in a row; their number, 11, 13 or 15, tells the key's length.
// The compiler would make the tag as long as a round key is aligned, and compare two words where one
// byte tells, here and in every enum around.
#[repr(u8)]
#[derive(Clone)]
pub(crate) enum RoundKeys {
    Aes128([__m128i; 11]),
    Aes192([__m128i; 13]),
    Aes256([__m128i; 15]),
}

/// `match` on the key's length, to the same code compiled three times.
macro_rules! for_each_length {
    ($keys:expr, $name:ident => $call:expr) => {
        match $keys {
            crate::x86::aes::RoundKeys::Aes128($name) => $call,
            crate::x86::aes::RoundKeys::Aes192($name) => $call,
            crate::x86::aes::RoundKeys::Aes256($name) => $call,
        }
    };
}
pub(crate) use for_each_length;

impl Drop for RoundKeys {
    fn drop(&mut self) {
        for_each_length!(self, keys => keys.zeroize());
    }
}

/// An expanded AES key; the schedule is zeroized when dropped.
#[derive(Clone)]
pub struct Aes {
    keys: RoundKeys,
    level: Level,
}

impl Aes {
    /// Expands a key of 16, 24 or 32 bytes; none of another length.
    #[must_use]
    pub fn new(level: Level, key: &[u8]) -> Option<Self> {
        let token = level.aes_ni();
        let keys = match key.len() {
            16 => RoundKeys::Aes128(expand_128(token, key)),
            24 => RoundKeys::Aes192(expand_192(token, key)),
            32 => RoundKeys::Aes256(expand_256(token, key)),
            _ => return None,
        };
        Some(Self { keys, level })
    }

    /// One block, as the number its 16 bytes are.
    #[must_use]
    pub fn encrypt(&self, block: u128) -> u128 {
        encrypt(self.level.aes_ni(), &self.keys, block)
    }

    /// XORs the keystream `E(iv) || E(iv + 1) || …` onto `data`, in place or from one buffer to
    /// another. The counter is the lowest 32 bits of `iv` and wraps within them.
    #[inline]
    pub fn apply_keystream(&self, iv: u128, data: InOutBuf<'_, '_, u8>) {
        match self.level {
            Level::Vaes512(_, token) if data.len() >= 64 => {
                keystream_512(token, &self.keys, iv, data);
            }
            Level::AesNi(token) | Level::Vaes512(token, _) => {
                keystream_128(token, &self.keys, iv, data);
            }
        }
    }

    /// The same in place and in the widest pieces, the last one included: quicker, unless somebody
    /// reads the bytes again at once, in narrower ones.
    #[inline(always)]
    pub fn apply_keystream_wide(&self, iv: u128, data: &mut [u8]) {
        match self.level {
            Level::AesNi(token) => keystream_128(token, &self.keys, iv, InOutBuf::from(data)),
            Level::Vaes512(_, token) => match &self.keys {
                RoundKeys::Aes128(keys) => keystream_wide_128(token, keys, iv, data),
                RoundKeys::Aes192(keys) => keystream_wide_192(token, keys, iv, data),
                RoundKeys::Aes256(keys) => keystream_wide_256(token, keys, iv, data),
            },
        }
    }

    pub(crate) fn keys(&self) -> &RoundKeys {
        &self.keys
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }
}

aes_ni! {
    fn expand_128(key: &[u8]) -> [__m128i; 11] {
        expand_by_register(key)
    }

    fn expand_192(key: &[u8]) -> [__m128i; 13] {
        expand::<6, 13>(key)
    }

    fn expand_256(key: &[u8]) -> [__m128i; 15] {
        expand::<8, 15>(key)
    }

    fn encrypt(keys: &RoundKeys, block: u128) -> u128 {
        let block = from_u128(block.swap_bytes());
        to_u128(for_each_length!(keys, keys => encrypt_128(keys, block))).swap_bytes()
    }

    fn keystream_128(keys: &RoundKeys, iv: u128, data: InOutBuf<'_, '_, u8>) {
        for_each_length!(keys, keys => counter_mode_128(keys, iv, data));
    }
}

vaes_512! {
    fn keystream_512(keys: &RoundKeys, iv: u128, data: InOutBuf<'_, '_, u8>) {
        for_each_length!(keys, keys => counter_mode_512(keys, iv, data));
    }

    // One for each length: in one function the compiler would join what they have in common, for
    // the price of addressing every round key through a register.
    fn keystream_wide_128(keys: &[__m128i; 11], iv: u128, data: &mut [u8]) {
        counter_mode_wide(keys, iv, data);
    }

    fn keystream_wide_192(keys: &[__m128i; 13], iv: u128, data: &mut [u8]) {
        counter_mode_wide(keys, iv, data);
    }

    fn keystream_wide_256(keys: &[__m128i; 15], iv: u128, data: &mut [u8]) {
        counter_mode_wide(keys, iv, data);
    }
}

/// FIPS 197 §5.2 for a key that is as long as a round key: all four words at once.
#[target_feature(enable = "aes,sse2,ssse3")]
#[inline]
fn expand_by_register(key: &[u8]) -> [__m128i; 11] {
    const LAST_WORD_ROTATED: i32 = 0x0c0f_0e0d;
    let mut key = load128(key.first_chunk().unwrap_or(&[0; 16]));
    let mut round_constant = 1_i32;
    let mut round_keys = [key; 11];
    for place in round_keys.iter_mut().skip(1) {
        let rotated = _mm_shuffle_epi8(key, _mm_set1_epi32(LAST_WORD_ROTATED));
        let substituted = _mm_aesenclast_si128(rotated, _mm_set1_epi32(round_constant));
        // Each word XORed onto those that follow it.
        key = _mm_xor_si128(key, _mm_slli_si128::<4>(key));
        key = _mm_xor_si128(key, _mm_slli_si128::<8>(key));
        key = _mm_xor_si128(key, substituted);
        *place = key;
        round_constant = (round_constant << 1) ^ if round_constant > 127 { 0x11b } else { 0 };
    }
    round_keys
}

/// FIPS 197 §5.2, for a key of `NK` words. Words are little-endian, so that four of them are a
/// round key as it lies in memory.
#[target_feature(enable = "aes,sse2,sse4.1")]
#[inline]
fn expand<const NK: usize, const ROUND_KEYS: usize>(key: &[u8]) -> [__m128i; ROUND_KEYS] {
    let mut words = [0_u32; 60];
    for (word, bytes) in words.iter_mut().zip(key.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let mut round_constant = 1_u32;
    for i in NK..4 * ROUND_KEYS {
        let word = |i: usize| words.get(i).copied().unwrap_or_default();
        let (back, mut temp) = (word(i - NK), word(i - 1));
        if i % NK == 0 {
            temp = substitute(temp).rotate_right(8) ^ round_constant;
            round_constant = (round_constant << 1) ^ if round_constant > 127 { 0x11b } else { 0 };
        } else if NK > 6 && i % NK == 4 {
            temp = substitute(temp);
        }
        if let Some(word) = words.get_mut(i) {
            *word = back ^ temp;
        }
    }
    let mut round_keys = [_mm_setzero_si128(); ROUND_KEYS];
    for (key, words) in round_keys.iter_mut().zip(words.as_chunks::<4>().0) {
        let halves = words.map(u128::from);
        let [a, b, c, d] = halves;
        *key = from_u128(a | b << 32 | c << 64 | d << 96);
    }
    words.zeroize();
    round_keys
}

/// SubWord: of a state with four equal columns, ShiftRows leaves each as it is.
#[target_feature(enable = "aes,sse2")]
#[inline]
fn substitute(word: u32) -> u32 {
    let columns = _mm_set1_epi32(word.cast_signed());
    _mm_cvtsi128_si32(_mm_aesenclast_si128(columns, _mm_setzero_si128())).cast_unsigned()
}

#[target_feature(enable = "aes,sse2")]
#[inline]
pub(crate) fn encrypt_128<const N: usize>(keys: &[__m128i; N], block: __m128i) -> __m128i {
    let [first, rounds @ .., last] = keys.as_slice() else {
        return block;
    };
    let mut state = _mm_xor_si128(block, *first);
    for key in rounds {
        state = _mm_aesenc_si128(state, *key);
    }
    _mm_aesenclast_si128(state, *last)
}

#[target_feature(enable = "vaes,avx512f")]
#[inline]
pub(crate) fn encrypt_512<const N: usize>(keys: &[__m128i; N], blocks: __m512i) -> __m512i {
    let [first, ..] = keys.as_slice() else {
        return blocks;
    };
    rounds_512(keys, _mm512_xor_si512(blocks, _mm512_broadcast_i32x4(*first)))
}

/// What is left of encrypting four blocks when the first round key is XORed to them.
#[target_feature(enable = "vaes,avx512f")]
#[inline]
pub(crate) fn rounds_512<const N: usize>(keys: &[__m128i; N], whitened: __m512i) -> __m512i {
    let [_, rounds @ .., last] = keys.as_slice() else {
        return whitened;
    };
    let mut state = whitened;
    for key in rounds {
        state = _mm512_aesenc_epi128(state, _mm512_broadcast_i32x4(*key));
    }
    _mm512_aesenclast_epi128(state, _mm512_broadcast_i32x4(*last))
}

/// A block with its bytes in reverse.
#[target_feature(enable = "sse2,ssse3")]
#[inline]
pub(crate) fn swap_128(block: __m128i) -> __m128i {
    let reversed = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    _mm_shuffle_epi8(block, reversed)
}

/// XORs the lowest bytes of a mask onto the front of `data`, if there are as many left as the number
/// has, and goes on behind them.
macro_rules! xor_piece {
    ($number:ty, $data:ident, $mask:ident) => {
        if let Some(input) = $data.get_in().first_chunk().copied() {
            #[allow(clippy::cast_possible_truncation)] // the lowest bytes
            let output = <$number>::from_le_bytes(input) ^ $mask as $number;
            if let Some(place) = $data.get_out().first_chunk_mut() {
                *place = output.to_le_bytes();
            }
            $mask >>= <$number>::BITS;
            $data = $data.split_at(size_of::<$number>()).1;
        }
    };
}

/// XORs a mask onto less than a block, in whole words, because that is how a hash reads them next.
macro_rules! xor_pieces {
    ($data:ident, $mask:ident) => {
        xor_piece!(u64, $data, $mask);
        xor_piece!(u32, $data, $mask);
        xor_piece!(u16, $data, $mask);
        xor_piece!(u8, $data, $mask);
    };
}

#[target_feature(enable = "aes,sse2,ssse3,sse4.1")]
#[inline]
#[allow(unused_assignments)] // what the last piece leaves
pub(crate) fn counter_mode_128<const N: usize>(
    keys: &[__m128i; N],
    iv: u128,
    data: InOutBuf<'_, '_, u8>,
) {
    let mut counter = from_u128(iv);
    let (blocks, mut rest) = data.into_chunks::<U16>();
    for mut block in blocks {
        let keystream = encrypt_128(keys, swap_128(counter));
        let output = _mm_xor_si128(load128(block.get_in().as_ref()), keystream);
        store128(block.get_out().as_mut(), output);
        counter = _mm_add_epi32(counter, _mm_set_epi32(0, 0, 0, 1));
    }
    if !rest.is_empty() {
        let keystream = encrypt_128(keys, swap_128(counter));
        let mut mask = to_u128(keystream);
        xor_pieces!(rest, mask);
    }
}

/// Counter blocks for [`encrypt_512`]: four at a time, each 32-bit counter with its bytes in the
/// processor's order until they are handed out.
#[derive(Clone, Copy)]
pub(crate) struct Counters(__m512i);

impl Counters {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn new(iv: u128) -> Self {
        let four = _mm512_broadcast_i32x4(from_u128(iv));
        Self(_mm512_add_epi32(
            four,
            _mm512_set_epi32(0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0),
        ))
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn next(&mut self) -> __m512i {
        let blocks = swap_512(self.0);
        self.0 = _mm512_add_epi32(self.0, _mm512_broadcast_i32x4(from_u128(4)));
        blocks
    }
}

/// Each of four blocks with its bytes in reverse.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn swap_512(blocks: __m512i) -> __m512i {
    const REVERSED: [i32; 4] = [0x0001_0203, 0x0405_0607, 0x0809_0a0b, 0x0c0d_0e0f];
    let [a, b, c, d] = REVERSED;
    _mm512_shuffle_epi8(blocks, _mm512_set4_epi32(a, b, c, d))
}

/// Four blocks at a time, and the last few written one by one: what is hashed next is read in pieces
/// of 16 bytes, which the processor hands over sooner where they were written so.
#[target_feature(enable = "vaes,avx512f,avx512bw,aes,ssse3,sse4.1")]
#[inline]
#[allow(unused_assignments)] // what the last piece leaves
pub(crate) fn counter_mode_512<const N: usize>(
    keys: &[__m128i; N],
    iv: u128,
    data: InOutBuf<'_, '_, u8>,
) {
    let mut counters = Counters::new(iv);
    let (wholes, rest) = data.into_chunks::<U64>();
    for mut whole in wholes {
        let keystream = encrypt_512(keys, counters.next());
        let output = _mm512_xor_si512(load512(whole.get_in().as_ref()), keystream);
        store512(whole.get_out().as_mut(), output);
    }
    if rest.is_empty() {
        return;
    }
    let mut keystream = encrypt_512(keys, counters.next());
    let (blocks, mut rest) = rest.into_chunks::<U16>();
    for mut block in blocks {
        let input = load128(block.get_in().as_ref());
        let output = _mm_xor_si128(input, _mm512_castsi512_si128(keystream));
        store128(block.get_out().as_mut(), output);
        keystream = _mm512_alignr_epi64::<2>(keystream, keystream);
    }
    if !rest.is_empty() {
        let mut mask = to_u128(_mm512_castsi512_si128(keystream));
        xor_pieces!(rest, mask);
    }
}

/// Four blocks at a time, and what is left at the end in one piece.
#[target_feature(enable = "vaes,avx512f,avx512bw,avx512vl")]
#[inline]
fn counter_mode_wide<const N: usize>(keys: &[__m128i; N], iv: u128, data: &mut [u8]) {
    let mut counters = Counters::new(iv);
    let (wholes, rest) = data.as_chunks_mut::<64>();
    for whole in wholes {
        let keystream = encrypt_512(keys, counters.next());
        store512(whole, _mm512_xor_si512(load512(whole), keystream));
    }
    if !rest.is_empty() {
        let keystream = encrypt_512(keys, counters.next());
        store512_partial(rest, _mm512_xor_si512(load512_partial(rest), keystream));
    }
}
