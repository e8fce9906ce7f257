//! AES in Galois/counter mode. A packet is sealed or opened as a whole; its keystream and its tag
//! can be had apart, for a packet in the clear that is tagged by the same key. Chosen once per key:
//! `srtp-accel` where it knows the processor, else the `ghash` crate over this seam's AES.
//!
//! Read first: NIST SP 800-38D §6 and §7, RFC 7714 §8.1 and §9.1.

#[cfg(feature = "accel")]
use ::aes::cipher::InOutBuf;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::Zeroizing;

use super::Aes;
use crate::suite::{AesSize, MAX_MASTER_KEY_LEN};

/// Length of the tag in bytes.
pub(crate) const TAG_LEN: usize = 16;
const BLOCK_LEN: usize = 16;

/// A key with its hash subkey.
///
/// The upper 96 bits of every `iv` are GCM's IV, the lower 32 zero. Associated data come in two
/// pieces that are hashed as one, the second at most 16 bytes.
// Indirection would cost every packet a cache line; nobody holds many of these.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
pub(crate) enum Gcm {
    #[cfg(feature = "accel")]
    Accel(srtp_accel::Gcm),
    Portable(Portable),
}

/// By the RustCrypto crates.
#[derive(Clone)]
pub(crate) struct Portable {
    aes: Aes,
    #[cfg(not(feature = "compact"))]
    ghash: GHash,
    /// The hash subkey, of which a packet makes its GHASH: half the memory.
    #[cfg(feature = "compact")]
    h: Zeroizing<[u8; BLOCK_LEN]>,
}

impl Gcm {
    pub(crate) fn new(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Self {
        #[cfg(feature = "accel")]
        if let Some(level) = srtp_accel::Level::best()
            && let Some(gcm) = Self::accelerated(level, size, key)
        {
            return gcm;
        }
        Self::portable(size, key)
    }

    /// By `srtp-accel`.
    #[cfg(feature = "accel")]
    fn accelerated(
        level: srtp_accel::Level,
        size: AesSize,
        key: &[u8; MAX_MASTER_KEY_LEN],
    ) -> Option<Self> {
        srtp_accel::Gcm::new(level, key.get(..size.key_len())?).map(Self::Accel)
    }

    /// By the RustCrypto crates.
    pub(crate) fn portable(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Self {
        let aes = Aes::portable(size, key);
        let h = Zeroizing::new(aes.encrypt(0).to_be_bytes());
        Self::Portable(Portable {
            aes,
            #[cfg(not(feature = "compact"))]
            ghash: GHash::new(&(*h).into()),
            #[cfg(feature = "compact")]
            h,
        })
    }

    /// Encrypts `data` in place and returns the tag.
    #[inline(always)]
    pub(crate) fn seal(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        data: &mut [u8],
    ) -> [u8; TAG_LEN] {
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(gcm) => gcm.seal(iv, associated, InOutBuf::from(data)),
            Self::Portable(gcm) => gcm.seal(iv, associated, data),
        }
    }

    /// Decrypts `data` in place if the tag is right; otherwise says so and leaves them as they
    /// were.
    #[inline(always)]
    #[must_use]
    pub(crate) fn open(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        data: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(gcm) => gcm.open(iv, associated, data, tag),
            Self::Portable(gcm) => gcm.open(iv, associated, data, tag),
        }
    }

    /// Encrypts a packet that is `associated` bytes of associated data, data, and room for the tag.
    #[inline(always)]
    pub(crate) fn seal_packet(&self, iv: u128, packet: &mut [u8], associated: usize) {
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(gcm) => gcm.seal_packet(iv, packet, associated),
            Self::Portable(gcm) => gcm.seal_packet(iv, packet, associated),
        }
    }

    /// Decrypts the data of a packet that is `associated` bytes of associated data, data, and the tag, if
    /// that is right; otherwise says so and leaves the packet as it was.
    #[inline(always)]
    #[must_use]
    pub(crate) fn open_packet(&self, iv: u128, packet: &mut [u8], associated: usize) -> bool {
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(gcm) => gcm.open_packet(iv, packet, associated),
            Self::Portable(gcm) => gcm.open_packet(iv, packet, associated),
        }
    }

    /// XORs the keystream onto `data`.
    #[inline]
    pub(crate) fn apply_keystream(&self, iv: u128, data: &mut [u8]) {
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(gcm) => gcm.apply_keystream(iv, InOutBuf::from(data)),
            Self::Portable(gcm) => gcm.apply_keystream(iv, data),
        }
    }

    /// The tag over associated data and ciphertext, which comes in two pieces as well, the first of
    /// whole blocks unless the second is empty.
    #[inline]
    pub(crate) fn tag(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        ciphertext: (&[u8], &[u8]),
    ) -> [u8; TAG_LEN] {
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(gcm) => gcm.tag(iv, associated, ciphertext),
            Self::Portable(gcm) => gcm.tag(iv, associated, ciphertext),
        }
    }
}

impl Portable {
    #[inline(never)]
    fn seal(&self, iv: u128, associated: (&[u8], &[u8]), data: &mut [u8]) -> [u8; TAG_LEN] {
        self.apply_keystream(iv, data);
        self.tag(iv, associated, (data, &[]))
    }

    #[inline(never)]
    fn open(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        data: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let expected = u128::from_ne_bytes(self.tag(iv, associated, (data, &[])));
        // One comparison of the whole, so that the time tells nothing of where they differ.
        let right = expected == u128::from_ne_bytes(*tag);
        if right {
            self.apply_keystream(iv, data);
        }
        right
    }

    #[inline(never)]
    fn seal_packet(&self, iv: u128, packet: &mut [u8], associated: usize) {
        if let Some((body, place)) = packet.split_last_chunk_mut()
            && let Some((associated, data)) = body.split_at_mut_checked(associated)
        {
            *place = self.seal(iv, (associated, &[]), data);
        }
    }

    #[inline(never)]
    fn open_packet(&self, iv: u128, packet: &mut [u8], associated: usize) -> bool {
        let Some((body, tag)) = packet.split_last_chunk_mut() else {
            return false;
        };
        body.split_at_mut_checked(associated)
            .is_some_and(|(associated, data)| self.open(iv, (associated, &[]), data, tag))
    }

    fn apply_keystream(&self, iv: u128, data: &mut [u8]) {
        // Block 1 masks the tag, the data starts with block 2 (SP 800-38D §7.1). Payloads end far
        // below 2^32 blocks, so that the counter never reaches into the IV.
        self.aes.apply_keystream(iv | 2, data);
    }

    #[cfg(not(feature = "compact"))]
    #[inline]
    fn ghash(&self) -> GHash {
        self.ghash.clone()
    }

    #[cfg(feature = "compact")]
    #[inline]
    fn ghash(&self) -> GHash {
        GHash::new(&(*self.h).into())
    }

    fn tag(
        &self,
        iv: u128,
        associated: (&[u8], &[u8]),
        ciphertext: (&[u8], &[u8]),
    ) -> [u8; TAG_LEN] {
        let mut ghash = self.ghash();
        let (first, second) = associated;
        match second {
            [] => ghash.update_padded(first),
            _ => {
                let whole = first.len() - first.len() % BLOCK_LEN;
                let (blocks, rest) = first.split_at_checked(whole).unwrap_or((first, &[]));
                ghash.update_padded(blocks);
                let mut joint = [0; 2 * BLOCK_LEN];
                joint.iter_mut().zip(rest.iter().chain(second)).for_each(|(to, from)| *to = *from);
                ghash.update_padded(joint.get(..rest.len() + second.len()).unwrap_or(&joint));
            }
        }
        ghash.update_padded(ciphertext.0);
        ghash.update_padded(ciphertext.1);
        let bits = |len: usize| 8 * len as u128;
        let lengths = (bits(first.len() + second.len()) << 64)
            | bits(ciphertext.0.len() + ciphertext.1.len());
        ghash.update(&[lengths.to_be_bytes().into()]);
        let hash: [u8; TAG_LEN] = ghash.finalize().into();
        (u128::from_be_bytes(hash) ^ self.aes.encrypt(iv | 1)).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::aes_gcm::aead::{Aead, KeyInit, Payload};

    /// Every way there is here to run GCM with one key.
    fn all(size: AesSize, key: &[u8; MAX_MASTER_KEY_LEN]) -> Vec<Gcm> {
        let ways = [Gcm::portable(size, key), Gcm::new(size, key)].into_iter();
        #[cfg(feature = "accel")]
        let ways = ways.chain(
            srtp_accel::Level::all().map(|level| Gcm::accelerated(level, size, key).unwrap()),
        );
        ways.collect()
    }

    /// The same ciphertext and tag as the `aes-gcm` crate, for every length of data and of both
    /// pieces of associated data around the block size, whoever computes it. What was sealed opens;
    /// with a wrong tag it stays as it is.
    #[test]
    fn gcm_is_the_one_of_the_aes_gcm_crate() {
        let key = core::array::from_fn(|i| i as u8);
        let iv = 0x0102_0304_0506_0708_090a_0b0c_u128 << 32;
        let nonce: [u8; 12] = iv.to_be_bytes()[..12].try_into().unwrap();
        let theirs = ::aes_gcm::Aes256Gcm::new(&key.into());
        let bytes: Vec<u8> = (0..=255).collect();
        for ours in all(AesSize::Aes256, &key) {
            for first in [0, 1, 11, 12, 15, 16, 17, 31, 32, 40] {
                for second in [0, 4, 16] {
                    for len in [0, 1, 15, 16, 17, 47, 48, 64, 160] {
                        let (a, b) = (&bytes[..first], &bytes[100..100 + second]);
                        let plain = &bytes[..len];
                        let aad = [a, b].concat();
                        let payload = Payload { msg: plain, aad: &aad };
                        let expected = theirs.encrypt(&nonce.into(), payload).unwrap();

                        let mut apart = plain.to_vec();
                        ours.apply_keystream(iv, &mut apart);
                        let (near, far) = apart.split_at(len.min(48));
                        let tag = ours.tag(iv, (a, b), (near, far));
                        assert_eq!(ours.tag(iv, (a, b), (&apart, &[])), tag);
                        apart.extend(tag);
                        assert_eq!(apart, expected);

                        let mut data = plain.to_vec();
                        let mut tag = ours.seal(iv, (a, b), &mut data);
                        assert_eq!([&data[..], &tag].concat(), expected);
                        tag[len % 16] ^= 1;
                        assert!(!ours.open(iv, (a, b), &mut data, &tag));
                        assert_eq!(data, expected[..len]);
                        tag[len % 16] ^= 1;
                        assert!(ours.open(iv, (a, b), &mut data, &tag));
                        assert_eq!(data, plain);

                        if second == 0 {
                            let mut packet = [a, plain, &[0; 16]].concat();
                            ours.seal_packet(iv, &mut packet, first);
                            assert_eq!(packet, [a, &expected].concat());
                            packet[first + len] ^= 0x80;
                            let forged = packet.clone();
                            assert!(!ours.open_packet(iv, &mut packet, first));
                            assert_eq!(packet, forged);
                            packet[first + len] ^= 0x80;
                            assert!(ours.open_packet(iv, &mut packet, first));
                            assert_eq!(packet[..first + len], [a, plain].concat());
                            assert!(!ours.open_packet(iv, &mut packet[..first + 15], first));
                        }
                    }
                }
            }
        }
    }
}
