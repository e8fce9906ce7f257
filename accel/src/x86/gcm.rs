//! AES in Galois/counter mode, a packet at a time. Block by block, encryption hashes what it has just
//! encrypted, and decryption hashes first and touches nothing unless the tag is right. Four blocks at a
//! time, both go in one pass: what was decrypted under a wrong tag is encrypted again before the call
//! returns, so that whoever lent the data sees them as they were.
//!
//! Read first: NIST SP 800-38D §6 and §7, RFC 7714 §8.1 and §9.1, and ghash.rs.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_setzero_si128, _mm_xor_si128, _mm512_alignr_epi64,
    _mm512_castsi512_si128, _mm512_extracti32x4_epi32, _mm512_mask_broadcast_i32x4,
    _mm512_maskz_broadcast_i32x4, _mm512_maskz_mov_epi8, _mm512_setzero_si512, _mm512_xor_si512,
    _mm512_zextsi128_si512,
};

use hybrid_array::sizes::{U64, U256};
use inout::InOutBuf;

use super::aes::{
    Aes, Counters, counter_mode_128, counter_mode_512, encrypt_128, encrypt_512, for_each_length,
    swap_128, swap_512,
};
use super::ghash::{NARROW_POWERS, Powers, Sum};
use super::ghash_wide::WideSum;
use super::memory::{
    clear_above, first_bytes, from_u128, load128, load512, load512_partial, store512,
    store512_partial, to_u128,
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
        let powers = Powers::new(level, aes.encrypt(0));
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
        tag.to_le_bytes()
    }

    /// Decrypts `data` in place if the tag is right; otherwise says so and leaves them as they were.
    #[inline(always)]
    #[must_use]
    pub fn open(
        &self,
        iv: u128,
        associated: Associated<'_>,
        data: &mut [u8],
        tag: &[u8; 16],
    ) -> bool {
        let tag = u128::from_le_bytes(*tag);
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
        tag.to_le_bytes()
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
        data: &mut [u8],
        tag: u128,
    ) -> bool {
        for_each_length!(gcm.aes.keys(), keys => {
            let hash = hash_128(&gcm.powers, associated, (&*data, &[]));
            // One comparison of the whole, so that the time tells nothing of where they differ.
            let right = tag_of(keys, iv, hash) == tag;
            if right {
                counter_mode_128(keys, first_counter(iv), InOutBuf::from(data));
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
            crypt_512::<_, true>(keys, &gcm.powers, iv, associated, data)
        })
    }

    fn open_512(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        data: &mut [u8],
        tag: u128,
    ) -> bool {
        for_each_length!(gcm.aes.keys(), keys => {
            let made =
                crypt_512::<_, false>(keys, &gcm.powers, iv, associated, InOutBuf::from(&mut *data));
            // One comparison of the whole, so that the time tells nothing of where they differ.
            let right = made == tag;
            if !right {
                undo_512(keys, iv, data);
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

/// What [`crypt_512`] has decrypted, encrypted again.
#[target_feature(enable = "vaes,avx512f,avx512bw,aes,ssse3,sse4.1")]
#[inline(never)]
fn undo_512<const N: usize>(keys: &[__m128i; N], iv: u128, data: &mut [u8]) {
    counter_mode_512(keys, first_counter(iv), InOutBuf::from(data));
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

/// The counter block that masks the tag.
#[target_feature(enable = "sse2")]
#[inline]
fn tag_counter(iv: u128) -> __m128i {
    from_u128(((iv >> 32 << 32) | 1).swap_bytes())
}

/// The tag as it stands in a packet, its first byte lowest.
#[target_feature(enable = "aes,sse2,ssse3,sse4.1")]
#[inline]
fn tag_of<const N: usize>(keys: &[__m128i; N], iv: u128, hash: __m128i) -> u128 {
    masked(encrypt_128(keys, tag_counter(iv)), hash)
}

#[target_feature(enable = "sse2,ssse3,sse4.1")]
#[inline]
fn masked(mask: __m128i, hash: __m128i) -> u128 {
    to_u128(_mm_xor_si128(mask, swap_128(hash)))
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
    for group in data.chunks(16 * NARROW_POWERS) {
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

/// Encrypts and hashes what came of it, or, the other way, hashes what there is and decrypts it;
/// returns the tag, its first byte lowest.
#[target_feature(enable = "vaes,aes,avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
#[inline]
fn crypt_512<const N: usize, const SEALS: bool>(
    keys: &[__m128i; N],
    powers: &Powers,
    iv: u128,
    associated: Associated<'_>,
    data: InOutBuf<'_, '_, u8>,
) -> u128 {
    let lengths = from_u128(lengths(associated, data.len()));
    let mut hash = Start::new(powers, associated);
    if data.len() <= 32
        && let Start::Block(first) = hash
    {
        return crypt_short_512::<N, SEALS>(keys, powers, iv, (first, lengths), data);
    }
    let mut counters = Counters::new(first_counter(iv));
    let (groups, rest) = data.into_chunks::<U256>();
    for group in groups {
        let (mut sum, mut first) = hash.before(powers, 16);
        let mut blocks = 16;
        for mut vector in group.into_buf().into_chunks::<U64>().0 {
            let keystream = encrypt_512(keys, counters.next());
            let input = load512(vector.get_in().as_ref());
            let output = _mm512_xor_si512(input, keystream);
            store512(vector.get_out().as_mut(), output);
            let ciphertext = swap_512(if SEALS { output } else { input });
            sum.add(_mm512_xor_si512(ciphertext, first), powers.four(blocks));
            first = _mm512_setzero_si512();
            blocks -= 4;
        }
        hash = Start::Hash(sum.fold().reduce());
    }

    let mut blocks = rest.len().div_ceil(16) + 1;
    let (mut sum, mut first) = hash.before(powers, blocks);
    let (vectors, mut rest) = rest.into_chunks::<U64>();
    for mut vector in vectors {
        let keystream = encrypt_512(keys, counters.next());
        let input = load512(vector.get_in().as_ref());
        let output = _mm512_xor_si512(input, keystream);
        store512(vector.get_out().as_mut(), output);
        let ciphertext = swap_512(if SEALS { output } else { input });
        sum.add(_mm512_xor_si512(ciphertext, first), powers.four(blocks));
        first = _mm512_setzero_si512();
        blocks -= 4;
    }

    // The last vector has room for the block that masks the tag and for that of the lengths, unless
    // it is all but full.
    let apart = rest.len() > 48;
    let mut counter_blocks = counters.next();
    if !apart {
        counter_blocks = _mm512_mask_broadcast_i32x4(counter_blocks, 0xf000, tag_counter(iv));
    }
    let keystream = encrypt_512(keys, counter_blocks);
    let input = load512_partial(rest.get_in());
    let output = _mm512_xor_si512(input, keystream);
    store512_partial(rest.get_out(), output);
    let ciphertext = if SEALS { clear_above(output, rest.len()) } else { input };
    let mut last = _mm512_xor_si512(swap_512(ciphertext), first);
    let mut mask = _mm512_extracti32x4_epi32::<3>(keystream);
    if apart {
        sum.add(last, powers.four(blocks));
        sum.add(_mm512_zextsi128_si512(lengths), powers.four(1));
        mask = encrypt_128(keys, tag_counter(iv));
    } else {
        let behind = _mm512_maskz_broadcast_i32x4(0xf << (4 * (blocks - 1)), lengths);
        last = _mm512_xor_si512(last, behind);
        sum.add(last, powers.four(blocks));
    }
    masked(mask, sum.fold().reduce())
}

/// The same of at most 32 bytes behind one block of associated data: all there is to hash fits into
/// one register, and the block that masks the tag stands where the associated data do.
#[target_feature(enable = "vaes,avx512f,avx512bw,vpclmulqdq,pclmulqdq,avx2,ssse3,sse4.1")]
#[inline]
fn crypt_short_512<const N: usize, const SEALS: bool>(
    keys: &[__m128i; N],
    powers: &Powers,
    iv: u128,
    (associated, lengths): (__m128i, __m128i),
    mut data: InOutBuf<'_, '_, u8>,
) -> u128 {
    let zero = _mm512_setzero_si512();
    let keystream = encrypt_512(keys, Counters::new(first_counter(iv) - 1).next());
    let input = _mm512_alignr_epi64::<6>(load512_partial(data.get_in()), zero);
    let output = _mm512_xor_si512(input, keystream);
    store512_partial(data.get_out(), _mm512_alignr_epi64::<2>(zero, output));
    let ciphertext =
        if SEALS { _mm512_maskz_mov_epi8(first_bytes(data.len()) << 16, output) } else { input };
    let blocks = data.len().div_ceil(16) + 2;
    let hashed = _mm512_mask_broadcast_i32x4(swap_512(ciphertext), 0xf, associated);
    let hashed = _mm512_mask_broadcast_i32x4(hashed, 0xf << (4 * (blocks - 1)), lengths);
    let mut sum = WideSum::zero();
    sum.add(hashed, powers.four(blocks));
    masked(_mm512_castsi512_si128(keystream), sum.fold().reduce())
}

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
