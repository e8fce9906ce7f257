//! AES in Galois/counter mode, a packet at a time. Block by block, encryption hashes what it has just
//! encrypted, and decryption hashes first and touches nothing unless the tag is right. Four blocks at a
//! time, both go in one pass: what was decrypted under a wrong tag is encrypted again before the call
//! returns, so that whoever lent the data sees them as they were.
//!
//! Read first: NIST SP 800-38D §6 and §7, RFC 7714 §8.1 and §9.1, and ghash.rs.

use core::arch::x86_64::{__m128i, _mm_setzero_si128, _mm_testz_si128, _mm_xor_si128};

use inout::InOutBuf;

use super::aes::{Aes, counter_mode_128, counter_mode_512, encrypt_128, for_each_length, swap_128};
use super::gcm_wide::{before_512, before_packet_512, crypt_512, hash_512};
use super::ghash::{NARROW_POWERS, Powers, Sum};
use super::memory::{from_u128, load128, store128, to_u128};
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
        match self.aes.level() {
            Level::AesNi(token) => open_128(token, self, iv, associated, data, tag),
            Level::Vaes512(_, token) => open_512(token, self, iv, associated, data, tag),
        }
    }

    /// Encrypts a packet that is `associated` bytes of associated data, data, and 16 bytes for the tag,
    /// which it fills. Shorter packets it leaves alone.
    #[inline(always)]
    pub fn seal_packet(&self, iv: u128, packet: &mut [u8], associated: usize) {
        match self.aes.level() {
            Level::AesNi(token) => {
                if let Some((associated, data, place)) = parts(packet, associated) {
                    let data = InOutBuf::from(data);
                    *place = seal_128(token, self, iv, (associated, &[]), data).to_le_bytes();
                }
            }
            Level::Vaes512(_, token) => seal_packet_512(token, self, iv, packet, associated),
        }
    }

    /// Decrypts the data of a packet that is `associated` bytes of associated data, data, and a tag,
    /// if the tag is right; otherwise says so and leaves the packet as it was.
    #[inline(always)]
    #[must_use]
    pub fn open_packet(&self, iv: u128, packet: &mut [u8], associated: usize) -> bool {
        match self.aes.level() {
            Level::AesNi(token) => match parts(packet, associated) {
                Some((associated, data, tag)) => {
                    open_128(token, self, iv, (associated, &[]), data, tag)
                }
                None => false,
            },
            Level::Vaes512(_, token) => open_packet_512(token, self, iv, packet, associated),
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
        tag: &[u8; 16],
    ) -> bool {
        for_each_length!(gcm.aes.keys(), keys => {
            let hash = hash_128(&gcm.powers, associated, (&*data, &[]));
            // One comparison of the whole, so that the time tells nothing of where they differ.
            let right = tag_of(keys, iv, hash) == u128::from_le_bytes(*tag);
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
            to_u128(crypt_512::<_, true, false>(keys, &gcm.powers, iv, before_512(&gcm.powers, associated), data))
        })
    }

    fn open_512(
        gcm: &Gcm,
        iv: u128,
        associated: Associated<'_>,
        data: &mut [u8],
        tag: &[u8; 16],
    ) -> bool {
        for_each_length!(gcm.aes.keys(), keys => {
            let tag = load128(tag);
            let made =
                crypt_512::<_, false, false>(keys, &gcm.powers, iv, before_512(&gcm.powers, associated), InOutBuf::from(&mut *data));
            let right = same(made, tag);
            if !right {
                undo_512(keys, iv, data);
            }
            right
        })
    }

    fn seal_packet_512(gcm: &Gcm, iv: u128, packet: &mut [u8], associated: usize) {
        for_each_length!(gcm.aes.keys(), keys => {
            let before = before_packet_512(&gcm.powers, packet, associated);
            if let Some((_, data, place)) = parts(packet, associated) {
                let data = InOutBuf::from(data);
                store128(place, crypt_512::<_, true, true>(keys, &gcm.powers, iv, before, data));
            }
        });
    }

    fn open_packet_512(gcm: &Gcm, iv: u128, packet: &mut [u8], associated: usize) -> bool {
        for_each_length!(gcm.aes.keys(), keys => {
            let before = before_packet_512(&gcm.powers, packet, associated);
            let Some((_, data, tag)) = parts(packet, associated) else {
                return false;
            };
            let tag = load128(tag);
            let buffer = InOutBuf::from(&mut *data);
            let made = crypt_512::<_, false, true>(keys, &gcm.powers, iv, before, buffer);
            let right = same(made, tag);
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

/// Associated data of so many bytes, data and tag of a packet.
#[inline(always)]
fn parts(packet: &mut [u8], associated: usize) -> Option<(&[u8], &mut [u8], &mut [u8; 16])> {
    let (body, tag) = packet.split_last_chunk_mut()?;
    let (associated, data) = body.split_at_mut_checked(associated)?;
    Some((associated, data, tag))
}

/// Whether two tags are the same. One comparison of the whole, so that the time tells nothing of where
/// they differ.
#[target_feature(enable = "sse4.1")]
#[inline]
fn same(one: __m128i, other: __m128i) -> bool {
    let difference = _mm_xor_si128(one, other);
    _mm_testz_si128(difference, difference) == 1
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
pub(super) fn lengths(associated: usize, ciphertext: usize) -> u128 {
    let bits = |len: usize| 8 * len as u64;
    u128::from(bits(associated)) << 64 | u128::from(bits(ciphertext))
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
    to_u128(masked(encrypt_128(keys, tag_counter(iv)), hash))
}

#[target_feature(enable = "sse2,ssse3,sse4.1")]
#[inline]
pub(super) fn masked(mask: __m128i, hash: __m128i) -> __m128i {
    _mm_xor_si128(mask, swap_128(hash))
}

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
    let lengths =
        from_u128(lengths(associated.0.len() + associated.1.len(), first.len() + second.len()));
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
pub(super) fn join<'s, const N: usize>(end: &[u8], second: &'s [u8]) -> ([u8; N], usize, &'s [u8]) {
    let mut joint = [0; N];
    let taken = second.len().min(N - end.len());
    let (now, later) = second.split_at_checked(taken).unwrap_or((second, &[]));
    joint.iter_mut().zip(end.iter().chain(now)).for_each(|(to, from)| *to = *from);
    (joint, end.len() + taken, later)
}
