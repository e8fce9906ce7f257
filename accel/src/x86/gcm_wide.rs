//! AES in Galois/counter mode, four blocks at a time: encrypted and hashed in one pass.
//!
//! Read first: gcm.rs, ghash_wide.rs.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_setzero_si128, _mm_xor_si128, _mm512_alignr_epi64, _mm512_and_si512,
    _mm512_broadcast_i32x4, _mm512_castsi512_si128, _mm512_castsi512_si256,
    _mm512_extracti32x4_epi32, _mm512_inserti32x4, _mm512_maskz_broadcast_i32x4,
    _mm512_setzero_si512, _mm512_xor_si512, _mm512_zextsi128_si512,
};

use hybrid_array::sizes::{U64, U256};
use inout::InOutBuf;

use super::aes::{Counters, rounds_512, swap_128, swap_512};
use super::gcm::{Associated, join, lengths, masked};
use super::ghash::{POWERS, Powers, Sum};
use super::ghash_wide::WideSum;
use super::memory::{
    clear_above, from_u128, load128, load512, load512_partial, store256_partial, store384,
    store512, store512_partial, to_u128,
};

/// Bytes of data that share their register with what goes before them.
const HEAD: usize = 48;
/// Bytes of data that are hashed with one reduction, where there are many.
const GROUP: usize = 256;

/// Encrypts and hashes what came of it, or, the other way, hashes what there is and decrypts it;
/// returns the tag, its first byte lowest.
///
/// The block that masks the tag is encrypted with the first three of data, which are hashed with what
/// goes before them: so both sides have the same blocks in every register.
///
/// `PACKET` is for the compiler: callers that have it differently have copies of their own, which are
/// inlined.
#[target_feature(
    enable = "vaes,aes,avx512f,avx512bw,avx512vl,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1"
)]
#[inline]
pub(super) fn crypt_512<const N: usize, const SEALS: bool, const PACKET: bool>(
    keys: &[__m128i; N],
    powers: &Powers,
    iv: u128,
    before: Before,
    data: InOutBuf<'_, '_, u8>,
) -> __m128i {
    let lengths = from_u128(lengths(before.len, data.len()));
    let mut counters = Whitened::new(keys, iv);
    if data.len() <= 32 {
        return crypt_short_512::<N, SEALS, PACKET>(
            keys,
            powers,
            counters,
            (before, lengths),
            data,
        );
    }
    let mut blocks = data.len().div_ceil(16) + 2;
    let zero = _mm512_setzero_si512();
    let keystream = rounds_512(keys, counters.next());
    let mask = _mm512_extracti32x4_epi32::<3>(keystream);
    // What there is above the head drops out when it meets what goes before it.
    let input = match data.get_in().first_chunk() {
        Some(all) => load512(all),
        None => load512_partial(data.get_in()),
    };
    let output = _mm512_xor_si512(input, keystream);
    let head_len = data.len().min(HEAD);
    let (mut head, rest) = data.split_at(head_len);
    let mut ciphertext = if SEALS { output } else { input };
    match head.get_out().first_chunk_mut::<HEAD>() {
        Some(all) => store384(all, output),
        None => {
            store512_partial(head.get_out(), output);
            ciphertext = clear_above(ciphertext, head_len);
        }
    }
    let first = before.and(ciphertext);

    // As many whole groups as leave a register of four blocks, that of the lengths included: what the
    // groups come to is four hashes side by side, one for each.
    let whole = rest.len().saturating_sub(33) / GROUP * GROUP;
    let (groups, mut rest) = rest.split_at(whole);
    let mut sum = WideSum::zero();
    let mut hash = zero;
    if !groups.is_empty() {
        sum.add(first, powers.one(20));
    } else if blocks <= POWERS {
        sum.add(first, powers.four(blocks));
    } else {
        // Too little for a group, and too much for the powers there are.
        sum.add(first, powers.one(4));
        hash = sum.reduce_each();
        sum = WideSum::zero();
    }
    blocks -= 4 + whole / 16;
    for group in groups.into_chunks::<U256>().0 {
        let vectors = group.into_buf().into_chunks::<U64>().0;
        for ((mut vector, counters), power) in
            vectors.into_iter().zip(counters.take::<4>()).zip([16, 12, 8, 4])
        {
            let input = load512(vector.get_in().as_ref());
            let output = _mm512_xor_si512(input, rounds_512(keys, counters));
            store512(vector.get_out().as_mut(), output);
            let ciphertext = swap_512(if SEALS { output } else { input });
            sum.add(_mm512_xor_si512(ciphertext, hash), powers.one(power));
            hash = zero;
        }
        hash = sum.reduce_each();
        sum = WideSum::zero();
    }

    let (vectors, partial) = rest.reborrow().into_chunks::<U64>();
    for mut vector in vectors {
        let keystream = rounds_512(keys, counters.next());
        let input = load512(vector.get_in().as_ref());
        let output = _mm512_xor_si512(input, keystream);
        store512(vector.get_out().as_mut(), output);
        let ciphertext = swap_512(if SEALS { output } else { input });
        sum.add(_mm512_xor_si512(ciphertext, hash), powers.four(blocks));
        hash = zero;
        blocks -= 4;
    }
    let mut rest = partial;
    if !rest.is_empty() {
        let input = load512_partial(rest.get_in());
        let output = _mm512_xor_si512(input, rounds_512(keys, counters.next()));
        store512_partial(rest.get_out(), output);
        let ciphertext = if SEALS { clear_above(output, rest.len()) } else { input };
        let mut last = _mm512_xor_si512(swap_512(ciphertext), hash);
        if rest.len() <= 48 {
            let behind = _mm512_maskz_broadcast_i32x4(0xf << (4 * (blocks - 1)), lengths);
            last = _mm512_xor_si512(last, behind);
        }
        sum.add(last, powers.four(blocks));
        if rest.len() <= 48 {
            return masked(mask, sum.reduce_at_once());
        }
    }
    sum.add(_mm512_zextsi128_si512(lengths), powers.four(1));
    masked(mask, sum.reduce_at_once())
}

/// The counter blocks of a packet, four at a time and from the one of the tag on, with the first
/// round key XORed to them.
struct Whitened {
    /// The block whose counter is zero.
    base: __m512i,
    /// How many have been handed out.
    taken: usize,
}

/// The counters of the blocks of a register, as they are XORed to a block whose counter is zero: for
/// the registers of a packet of up to 1520 bytes. In the first, the block that masks the tag stands
/// behind three of data, so that these begin it.
#[allow(clippy::indexing_slicing)] // when it is compiled
static COUNTERS: [[u8; 64]; 24] = {
    let mut registers = [[0; 64]; 24];
    let (mut at, mut counters) = (0, [2, 3, 4, 1]);
    while at < registers.len() {
        let mut lane = 0;
        while lane < 4 {
            registers[at][16 * lane + 15] = counters[lane];
            lane += 1;
        }
        at += 1;
        let last = if at == 1 { 4 } else { counters[3] };
        counters = [last + 1, last + 2, last + 3, last + 4];
    }
    registers
};

impl Whitened {
    #[target_feature(enable = "avx512f,ssse3")]
    #[inline]
    fn new<const N: usize>(keys: &[__m128i; N], iv: u128) -> Self {
        let block = from_u128((iv >> 32 << 32).swap_bytes());
        let first = keys.first().map_or(block, |key| _mm_xor_si128(block, *key));
        Self { base: _mm512_broadcast_i32x4(first), taken: 0 }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn next(&mut self) -> __m512i {
        let [next] = self.take();
        next
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn take<const COUNT: usize>(&mut self) -> [__m512i; COUNT] {
        let mut registers = [self.base; COUNT];
        match COUNTERS.get(self.taken..).and_then(<[_]>::first_chunk::<COUNT>) {
            Some(counters) => {
                for (register, counters) in registers.iter_mut().zip(counters) {
                    *register = _mm512_xor_si512(*register, load512(counters));
                }
            }
            None => {
                let mut counters = Counters::new(4 * self.taken as u128 + 1);
                for register in &mut registers {
                    *register = _mm512_xor_si512(*register, counters.next());
                }
            }
        }
        self.taken += COUNT;
        registers
    }
}

/// The same of at most 32 bytes: all there is to hash fits into one register.
#[target_feature(enable = "vaes,avx512f,avx512bw,avx512vl,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
#[inline]
fn crypt_short_512<const N: usize, const SEALS: bool, const PACKET: bool>(
    keys: &[__m128i; N],
    powers: &Powers,
    mut counters: Whitened,
    (before, lengths): (Before, __m128i),
    mut data: InOutBuf<'_, '_, u8>,
) -> __m128i {
    let keystream = rounds_512(keys, counters.next());
    let input = load512_partial(data.get_in());
    let output = _mm512_xor_si512(input, keystream);
    store256_partial(data.get_out(), _mm512_castsi512_si256(output));
    let ciphertext = if SEALS { clear_above(output, data.len()) } else { input };
    let blocks = data.len().div_ceil(16) + 2;
    let behind = _mm512_maskz_broadcast_i32x4(0xf << (4 * (blocks - 1)), lengths);
    let mut sum = WideSum::zero();
    sum.add(_mm512_xor_si512(before.and(ciphertext), behind), powers.four(blocks));
    masked(_mm512_extracti32x4_epi32::<3>(keystream), sum.reduce_at_once())
}

/// What is hashed before the first three blocks of data.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// Associated data that are one block, as they mostly are, in every place, as they stand in memory.
    block: __m512i,
    /// The hash of longer ones, which is added to the first block behind them, in that block's place.
    hash: __m512i,
    /// How many bytes of associated data.
    len: usize,
}

impl Before {
    /// With the first three blocks of data behind.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn and(self, data: __m512i) -> __m512i {
        let all = _mm512_alignr_epi64::<6>(data, self.block);
        _mm512_xor_si512(swap_512(all), self.hash)
    }
}

#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
#[inline]
pub(super) fn before_512(powers: &Powers, associated: Associated<'_>) -> Before {
    let len = associated.0.len() + associated.1.len();
    let zero = _mm512_setzero_si512();
    match Start::new(powers, associated) {
        Start::Block(block) => {
            let block = _mm512_broadcast_i32x4(swap_128(block));
            Before { block, hash: zero, len }
        }
        Start::Hash(hash) => Before { block: zero, hash: _mm512_inserti32x4::<1>(zero, hash), len },
    }
}

/// The same of so many bytes at the front of a packet.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
#[inline]
pub(super) fn before_packet_512(powers: &Powers, packet: &[u8], len: usize) -> Before {
    /// Cuts a block off: begun so many bytes before its middle, it keeps as many.
    static KEPT: [[u8; 16]; 2] = [[0xff; 16], [0; 16]];
    let kept = KEPT.as_flattened().get(16_usize.wrapping_sub(len)..).and_then(<[_]>::first_chunk);
    match (packet.first_chunk(), kept) {
        (Some(front), Some(kept)) => {
            let front = _mm512_broadcast_i32x4(load128(front));
            let block = _mm512_and_si512(front, _mm512_broadcast_i32x4(load128(kept)));
            Before { block, hash: _mm512_setzero_si512(), len }
        }
        _ => before_512(powers, (packet.get(..len).unwrap_or_default(), &[])),
    }
}

#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
#[inline]
pub(super) fn hash_512(
    powers: &Powers,
    associated: Associated<'_>,
    (first, second): (&[u8], &[u8]),
) -> __m128i {
    let lengths = lengths(associated.0.len() + associated.1.len(), first.len() + second.len());
    let mut start = Start::new(powers, associated);
    let mut last = first;
    if !second.is_empty() {
        start = Start::Hash(absorb_512(powers, start, first));
        last = second;
    }
    let (groups, rest) = last.as_chunks::<256>();
    if !groups.is_empty() {
        start = Start::Hash(absorb_512(powers, start, groups.as_flattened()));
    }
    let (sum, left) = sum_512(powers, rest.len().div_ceil(16) + 1, start, rest);
    finish_512(powers, sum, left, lengths)
}

/// What is hashed already, before data.
#[derive(Clone, Copy)]
enum Start {
    /// The first block of all, which shares the reduction of the blocks that follow: associated data,
    /// mostly the 12 bytes of an RTP header.
    Block(__m128i),
    /// A hash, to be added to the next block.
    Hash(__m128i),
}

impl Start {
    #[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
    #[inline]
    fn new(powers: &Powers, associated: Associated<'_>) -> Self {
        let (first, second) = associated;
        if first.len() + second.len() > 16 {
            return Self::Hash(hash_associated_512(powers, associated));
        }
        let mut block = _mm512_castsi512_si128(load512_partial(first));
        if !second.is_empty() {
            let second = to_u128(_mm512_castsi512_si128(load512_partial(second)));
            block = _mm_xor_si128(block, from_u128(second << (8 * first.len())));
        }
        Self::Block(swap_128(block))
    }

    /// The sum to which so many blocks are added, at most 18, and what is added to the first of
    /// these before it is multiplied.
    #[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
    #[inline]
    fn before(self, powers: &Powers, blocks: usize) -> (WideSum, __m512i) {
        let mut sum = WideSum::zero();
        match self {
            Self::Block(block) => {
                sum.add(_mm512_zextsi128_si512(block), powers.four(blocks + 1));
                (sum, _mm512_setzero_si512())
            }
            Self::Hash(hash) => (sum, _mm512_zextsi128_si512(hash)),
        }
    }
}

/// Both pieces of associated data, padded as one.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,sse4.1")]
#[inline(never)]
fn hash_associated_512(powers: &Powers, (first, second): Associated<'_>) -> __m128i {
    let zero = _mm_setzero_si128();
    if second.is_empty() {
        return absorb_512(powers, Start::Hash(zero), first);
    }
    let (blocks, rest) = first.as_chunks::<16>();
    let hash = absorb_512(powers, Start::Hash(zero), blocks.as_flattened());
    let (joint, used, second) = join::<16>(rest, second);
    let hash = absorb_512(powers, Start::Hash(hash), joint.get(..used).unwrap_or(&joint));
    absorb_512(powers, Start::Hash(hash), second)
}

/// Hashes data and the zeros up to the end of their last block.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,sse4.1")]
#[inline]
fn absorb_512(powers: &Powers, mut start: Start, data: &[u8]) -> __m128i {
    for group in data.chunks(256) {
        let (sum, _) = sum_512(powers, group.len().div_ceil(16), start, group);
        start = Start::Hash(sum.fold().reduce());
    }
    match start {
        Start::Hash(hash) => hash,
        // Data there are; but a block alone would be multiplied by the key.
        Start::Block(block) => {
            let mut sum = Sum::zero();
            if let [key, ..] = powers.of(1) {
                sum.add(block, load128(key));
            }
            sum.reduce()
        }
    }
}

/// At most 256 bytes times their powers, of `blocks` that are to be added, and what was hashed
/// before: not yet reduced; and the hash, if there was no block to add it to.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq")]
#[inline]
fn sum_512(powers: &Powers, blocks: usize, start: Start, data: &[u8]) -> (WideSum, __m512i) {
    let (mut sum, mut first) = start.before(powers, blocks);
    let mut blocks = blocks;
    let (vectors, rest) = data.as_chunks::<64>();
    for vector in vectors {
        sum.add(_mm512_xor_si512(swap_512(load512(vector)), first), powers.four(blocks));
        first = _mm512_setzero_si512();
        blocks = blocks.saturating_sub(4);
    }
    if !rest.is_empty() {
        sum.add(_mm512_xor_si512(swap_512(load512_partial(rest)), first), powers.four(blocks));
        first = _mm512_setzero_si512();
    }
    (sum, first)
}

/// Adds the block of lengths, and what hash no block has taken, and reduces.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,sse4.1")]
#[inline]
fn finish_512(powers: &Powers, mut sum: WideSum, hash: __m512i, lengths: u128) -> __m128i {
    let lengths = _mm512_zextsi128_si512(from_u128(lengths));
    sum.add(_mm512_xor_si512(hash, lengths), powers.four(1));
    sum.fold().reduce()
}
