//! AES in Galois/counter mode, a packet at a time, in one pass or two: encryption hashes what it
//! has just encrypted; decryption hashes first and touches nothing unless the tag is right.
//!
//! Read first: NIST SP 800-38D §6 and §7, RFC 7714 §8.1 and §9.1, and ghash.rs.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_setzero_si128, _mm_xor_si128, _mm512_castsi512_si128,
    _mm512_setzero_si512, _mm512_xor_si512, _mm512_zextsi128_si512,
};

use hybrid_array::sizes::{U64, U256};
use inout::InOutBuf;

use super::aes::{
    Aes, Counters, counter_mode_128, encrypt_128, encrypt_512, for_each_length, swap_512,
};
use super::ghash::{Powers, Sum};
use super::ghash_wide::{WideSum, four};
use super::memory::{
    clear_above, from_u128, load128, load512, load512_partial, store512, store512_partial, to_u128,
};
use crate::detect::{Level, aes_ni, vaes_512};

/// Associated data, in two pieces that are hashed as one.
pub type Associated<'a> = (&'a [u8], &'a [u8]);

/// An expanded key with the powers of its hash key; zeroized when dropped.
///
/// The upper 96 bits of every `iv` are GCM's IV, the lower 32 are not looked at. Data are shorter
/// than 2^32 - 2 blocks.
#[derive(Clone)]
pub struct Gcm {
    aes: Aes,
    powers: Powers,
}

impl Gcm {
    /// Expands a key of 16, 24 or 32 bytes; none of another length.
    #[must_use]
    pub fn new(level: Level, key: &[u8]) -> Option<Self> {
        let aes = Aes::new(level, key)?;
        let powers = Powers::new(level.aes_ni(), aes.encrypt(0));
        Some(Self { aes, powers })
    }

    /// Encrypts `data`, in place or from one buffer to another, and returns the tag.
    #[inline(always)]
    pub fn seal(
        &self,
        iv: u128,
        associated: Associated<'_>,
        data: InOutBuf<'_, '_, u8>,
    ) -> [u8; 16] {
        let tag = match self.aes.level() {
            Level::AesNi(token) => seal_128(token, self, iv, associated, data),
            Level::Vaes512(_, token) => seal_512(token, self, iv, associated, data),
        };
        tag.to_be_bytes()
    }

    /// Decrypts `data`, in place or from one buffer to another, if the tag is right; otherwise
    /// says so and writes nothing.
    #[inline(always)]
    #[must_use]
    pub fn open(
        &self,
        iv: u128,
        associated: Associated<'_>,
        data: InOutBuf<'_, '_, u8>,
        tag: &[u8; 16],
    ) -> bool {
        let tag = u128::from_be_bytes(*tag);
        match self.aes.level() {
            Level::AesNi(token) => open_128(token, self, iv, associated, data, tag),
            Level::Vaes512(_, token) => open_512(token, self, iv, associated, data, tag),
        }
    }

    /// The tag over associated data and ciphertext, which comes in two pieces as well, the first of
    /// whole blocks unless the second is empty.
    #[inline(always)]
    #[must_use]
    pub fn tag(
        &self,
        iv: u128,
        associated: Associated<'_>,
        ciphertext: (&[u8], &[u8]),
    ) -> [u8; 16] {
        let tag = match self.aes.level() {
            Level::AesNi(token) => tag_128(token, self, iv, associated, ciphertext),
            Level::Vaes512(_, token) => tag_512(token, self, iv, associated, ciphertext),
        };
        tag.to_be_bytes()
    }

    /// XORs the keystream onto `data`, in place or from one buffer to another, without a tag.
    #[inline]
    pub fn apply_keystream(&self, iv: u128, data: InOutBuf<'_, '_, u8>) {
        self.aes.apply_keystream(first_counter(iv), data);
    }
}

aes_ni! {
    fn seal_128(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        data: InOutBuf<'_, '_, u8>,
    ) -> u128 {
        let mut data = data;
        for_each_length!(gcm.aes.keys(), keys => {
            counter_mode_128(keys, first_counter(iv), data.reborrow());
            let hash = hash_128(&gcm.powers, associated, (data.get_out(), &[]));
            tag_of(keys, iv, hash)
        })
    }

    fn open_128(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        data: InOutBuf<'_, '_, u8>,
        tag: u128,
    ) -> bool {
        for_each_length!(gcm.aes.keys(), keys => {
            let hash = hash_128(&gcm.powers, associated, (data.get_in(), &[]));
            // One comparison of the whole, so that the time tells nothing of where they differ.
            let right = tag_of(keys, iv, hash) == tag;
            if right {
                counter_mode_128(keys, first_counter(iv), data);
            }
            right
        })
    }

    fn tag_128(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        ciphertext: (&[u8], &[u8]),
    ) -> u128 {
        let hash = hash_128(&gcm.powers, associated, ciphertext);
        for_each_length!(gcm.aes.keys(), keys => tag_of(keys, iv, hash))
    }
}

vaes_512! {
    fn seal_512(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        data: InOutBuf<'_, '_, u8>,
    ) -> u128 {
        for_each_length!(gcm.aes.keys(), keys => {
            let lengths = lengths(associated, data.len());
            let mut hash = Start::new(&gcm.powers, associated);
            let mut counters = Counters::new(first_counter(iv));
            let (groups, rest) = data.into_chunks::<U256>();
            for group in groups {
                let (mut sum, mut first) = hash.before(&gcm.powers, 16);
                let (vectors, _) = group.into_buf().into_chunks::<U64>();
                for (mut vector, powers) in vectors.into_iter().zip(gcm.powers.of(16).as_chunks::<4>().0) {
                    let keystream = encrypt_512(keys, counters.next());
                    let output = _mm512_xor_si512(load512(vector.get_in().as_ref()), keystream);
                    store512(vector.get_out().as_mut(), output);
                    sum.add(_mm512_xor_si512(swap_512(output), first), four(powers));
                    first = _mm512_setzero_si512();
                }
                hash = Start::Hash(sum.fold().reduce());
            }

            let blocks = rest.len().div_ceil(16) + 1;
            let (mut sum, mut first) = hash.before(&gcm.powers, blocks);
            let mut powers = gcm.powers.of(blocks);
            let (vectors, mut rest) = rest.into_chunks::<U64>();
            for mut vector in vectors {
                let keystream = encrypt_512(keys, counters.next());
                let output = _mm512_xor_si512(load512(vector.get_in().as_ref()), keystream);
                store512(vector.get_out().as_mut(), output);
                sum.add(_mm512_xor_si512(swap_512(output), first), four(powers));
                first = _mm512_setzero_si512();
                powers = powers.get(4..).unwrap_or_default();
            }
            if !rest.is_empty() {
                let keystream = encrypt_512(keys, counters.next());
                let output = _mm512_xor_si512(load512_partial(rest.get_in()), keystream);
                store512_partial(rest.get_out(), output);
                let written = clear_above(output, rest.len());
                sum.add(_mm512_xor_si512(swap_512(written), first), four(powers));
                first = _mm512_setzero_si512();
            }
            tag_of(keys, iv, finish_512(&gcm.powers, sum, first, lengths))
        })
    }

    fn open_512(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        data: InOutBuf<'_, '_, u8>,
        tag: u128,
    ) -> bool {
        for_each_length!(gcm.aes.keys(), keys => {
            let hash = hash_512(&gcm.powers, associated, (data.get_in(), &[]));
            // One comparison of the whole, so that the time tells nothing of where they differ.
            let right = tag_of(keys, iv, hash) == tag;
            if right {
                let mut counters = Counters::new(first_counter(iv));
                let (vectors, mut rest) = data.into_chunks::<U64>();
                for mut vector in vectors {
                    let keystream = encrypt_512(keys, counters.next());
                    let output = _mm512_xor_si512(load512(vector.get_in().as_ref()), keystream);
                    store512(vector.get_out().as_mut(), output);
                }
                if !rest.is_empty() {
                    let keystream = encrypt_512(keys, counters.next());
                    let output = _mm512_xor_si512(load512_partial(rest.get_in()), keystream);
                    store512_partial(rest.get_out(), output);
                }
            }
            right
        })
    }

    fn tag_512(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        ciphertext: (&[u8], &[u8]),
    ) -> u128 {
        let hash = hash_512(&gcm.powers, associated, ciphertext);
        for_each_length!(gcm.aes.keys(), keys => tag_of(keys, iv, hash))
    }
}

/// Block 1 masks the tag, the data start with block 2 (SP 800-38D §7.1).
#[inline]
fn first_counter(iv: u128) -> u128 {
    (iv >> 32 << 32) | 2
}

/// The last block of a hash: both lengths in bits.
#[inline]
fn lengths((first, second): Associated<'_>, ciphertext: usize) -> u128 {
    let bits = |len: usize| 8 * len as u128;
    bits(first.len() + second.len()) << 64 | bits(ciphertext)
}

#[target_feature(enable = "aes,sse2,ssse3,sse4.1")]
#[inline]
fn tag_of<const N: usize>(keys: &[__m128i; N], iv: u128, hash: __m128i) -> u128 {
    let mask = encrypt_128(keys, from_u128(((iv >> 32 << 32) | 1).swap_bytes()));
    to_u128(mask).swap_bytes() ^ to_u128(hash)
}

// One block at a time ---------------------------------------------------------------------------

#[target_feature(enable = "pclmulqdq,sse2,ssse3,sse4.1")]
#[inline]
fn hash_128(
    powers: &Powers,
    associated: Associated<'_>,
    (first, second): (&[u8], &[u8]),
) -> __m128i {
    let hash = absorb_joint_128(powers, associated);
    let hash = absorb_128(powers, hash, first);
    let hash = absorb_128(powers, hash, second);
    let mut sum = Sum::zero();
    let lengths = from_u128(lengths(associated, first.len() + second.len()));
    if let [key, ..] = powers.of(1) {
        sum.add(_mm_xor_si128(hash, lengths), load128(key));
    }
    sum.reduce()
}

/// Both pieces of associated data, padded as one.
#[target_feature(enable = "pclmulqdq,sse2,ssse3,sse4.1")]
#[inline]
fn absorb_joint_128(powers: &Powers, (first, second): Associated<'_>) -> __m128i {
    let zero = _mm_setzero_si128();
    if second.is_empty() {
        return absorb_128(powers, zero, first);
    }
    let (blocks, rest) = first.as_chunks::<16>();
    let hash = absorb_128(powers, zero, blocks.as_flattened());
    let (joint, used, second) = join::<16>(rest, second);
    let hash = absorb_128(powers, hash, joint.get(..used).unwrap_or(&joint));
    absorb_128(powers, hash, second)
}

/// Hashes data and the zeros up to the end of their last block.
#[target_feature(enable = "pclmulqdq,sse2,ssse3,sse4.1")]
#[inline]
fn absorb_128(powers: &Powers, mut hash: __m128i, data: &[u8]) -> __m128i {
    for group in data.chunks(128) {
        let mut sum = Sum::zero();
        let (blocks, rest) = group.as_chunks::<16>();
        let mut powers = powers.of(group.len().div_ceil(16)).iter();
        for (block, power) in blocks.iter().zip(&mut powers) {
            sum.add(_mm_xor_si128(from_u128(u128::from_be_bytes(*block)), hash), load128(power));
            hash = _mm_setzero_si128();
        }
        if let (false, Some(power)) = (rest.is_empty(), powers.next()) {
            let mut block = [0; 16];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            sum.add(_mm_xor_si128(from_u128(u128::from_be_bytes(block)), hash), load128(power));
        }
        hash = sum.reduce();
    }
    hash
}

/// Fills up the end of one piece from the next: the joint bytes, their number, what is left.
#[inline]
fn join<'s, const N: usize>(end: &[u8], second: &'s [u8]) -> ([u8; N], usize, &'s [u8]) {
    let mut joint = [0; N];
    let taken = second.len().min(N - end.len());
    let (now, later) = second.split_at_checked(taken).unwrap_or((second, &[]));
    joint.iter_mut().zip(end.iter().chain(now)).for_each(|(to, from)| *to = *from);
    (joint, end.len() + taken, later)
}

// Four blocks at a time -------------------------------------------------------------------------

#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
#[inline]
fn hash_512(
    powers: &Powers,
    associated: Associated<'_>,
    (first, second): (&[u8], &[u8]),
) -> __m128i {
    let lengths = lengths(associated, first.len() + second.len());
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
            let second = _mm512_castsi512_si128(load512_partial(second));
            let behind = from_u128(to_u128(second) << (8 * first.len()));
            block = _mm_xor_si128(block, behind);
        }
        Self::Block(from_u128(to_u128(block).swap_bytes()))
    }

    /// The sum to which so many blocks are added, at most 18, and what is added to the first of
    /// these before it is multiplied.
    #[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
    #[inline]
    fn before(self, powers: &Powers, blocks: usize) -> (WideSum, __m512i) {
        let mut sum = WideSum::zero();
        match self {
            Self::Block(block) => {
                sum.add(_mm512_zextsi128_si512(block), four(powers.of(blocks + 1)));
                (sum, _mm512_setzero_si512())
            }
            Self::Hash(hash) => (sum, _mm512_zextsi128_si512(hash)),
        }
    }
}

/// Both pieces of associated data, padded as one.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,sse4.1")]
#[inline]
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
    let mut powers = powers.of(blocks);
    let (vectors, rest) = data.as_chunks::<64>();
    for vector in vectors {
        sum.add(_mm512_xor_si512(swap_512(load512(vector)), first), four(powers));
        first = _mm512_setzero_si512();
        powers = powers.get(4..).unwrap_or_default();
    }
    if !rest.is_empty() {
        sum.add(_mm512_xor_si512(swap_512(load512_partial(rest)), first), four(powers));
        first = _mm512_setzero_si512();
    }
    (sum, first)
}

/// Adds the block of lengths, and what hash no block has taken, and reduces.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,sse4.1")]
#[inline]
fn finish_512(powers: &Powers, mut sum: WideSum, hash: __m512i, lengths: u128) -> __m128i {
    let lengths = _mm512_zextsi128_si512(from_u128(lengths));
    sum.add(_mm512_xor_si512(hash, lengths), four(powers.of(1)));
    sum.fold().reduce()
}
