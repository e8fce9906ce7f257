//! The primitives of srtp-accel, at every level this processor has, against the RustCrypto crates:
//! keys, lengths, alignments and counters out of the fuzzer's bytes. Around every output lie bytes
//! that must stay as they are.

use aes::cipher::{BlockCipherEncrypt, BlockSizeUser, KeyIvInit, KeySizeUser, StreamCipher};
use aes_gcm::aead::array::ArraySize;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{AesGcm, KeyInit};
use arbitrary::{Result, Unstructured};
use ctr::flavors::Ctr32BE;
use hmac::{Hmac, Mac};
use srtp_accel::lanes::{HmacJob, Lanes};
use srtp_accel::{Aes, Gcm, HmacSha1, InOutBuf, Level, ShaNi};

/// Primitives until the bytes are at an end.
pub fn accel(data: &[u8]) {
    // The bytes are at an end in the middle of something: nothing more to do.
    let _ = primitives(&mut Unstructured::new(data));
}

fn primitives(u: &mut Unstructured<'_>) -> Result<()> {
    while !u.is_empty() {
        let key = Filler(u.arbitrary()?);
        match u.int_in_range(0..=7)? {
            0 => counter_mode::<aes::Aes128>(u, key)?,
            1 => counter_mode::<aes::Aes192>(u, key)?,
            2 => counter_mode::<aes::Aes256>(u, key)?,
            3 => gcm::<aes::Aes128>(u, key)?,
            4 => gcm::<aes::Aes192>(u, key)?,
            5 => gcm::<aes::Aes256>(u, key)?,
            6 => hmac_sha1(u, key)?,
            _ => hmac_sha1_in_lanes(u, key)?,
        }
    }
    Ok(())
}

/// Makes many bytes of eight: the fuzzer shall not spend its own on contents.
#[derive(Clone, Copy)]
struct Filler(u64);

impl Filler {
    fn bytes(self, salt: u64, len: usize) -> Vec<u8> {
        let mut x = (self.0 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        let mut next = || {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        };
        (0..len).map(|_| next()).collect()
    }
}

/// A length: short, around a multiple of the block or of what goes at once, or any.
fn length(u: &mut Unstructured<'_>) -> Result<usize> {
    let number = usize::from(u.arbitrary::<u16>()?);
    Ok(match number & 3 {
        0 => number >> 2 & 63,
        1 => ((number >> 5 & 31) * 64 + (number >> 2 & 7)).saturating_sub(4),
        2 => ((number >> 5 & 127) * 16 + (number >> 2 & 7)).saturating_sub(4),
        _ => number >> 2 & 2047,
    })
}

/// Data within a larger buffer, at an offset that moves their alignment; half of the time nothing is
/// behind them, so that an address sanitizer sees what is read there.
struct Placed {
    all: Vec<u8>,
    at: usize,
    len: usize,
}

const AROUND: usize = 64;

impl Placed {
    fn new(u: &mut Unstructured<'_>, data: &[u8]) -> Result<Self> {
        let shape = usize::from(u.arbitrary::<u8>()?);
        let (at, behind) = (shape & 63, shape & AROUND);
        let mut all = Vec::with_capacity(at + data.len() + behind);
        all.resize(at, 0xee);
        all.extend_from_slice(data);
        all.resize(all.len() + behind, 0xee);
        Ok(Self { all, at, len: data.len() })
    }

    fn data(&mut self) -> &mut [u8] {
        &mut self.all[self.at..self.at + self.len]
    }

    #[track_caller]
    fn holds(&self, expected: &[u8]) {
        assert_eq!(&self.all[self.at..self.at + self.len], expected);
        let (before, behind) = (&self.all[..self.at], &self.all[self.at + self.len..]);
        assert!(before.iter().chain(behind).all(|byte| *byte == 0xee), "more was written");
    }
}

/// AES and its counter mode, in place and from one buffer to another.
fn counter_mode<C>(u: &mut Unstructured<'_>, filler: Filler) -> Result<()>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let key = filler.bytes(0, C::key_size());
    // Counters wrap within their 32 bits, often not far from the first block.
    let mut iv = u128::from_be_bytes(*filler.bytes(1, 16).first_chunk().unwrap());
    if u.arbitrary()? {
        iv |= 0xffff_ffff ^ u128::from(u.arbitrary::<u8>()?);
    }
    let len = length(u)?;
    let plain = filler.bytes(2, len);
    let mut expected = plain.clone();
    let theirs = ctr::CtrCore::<C, Ctr32BE>::new_from_slices(&key, &iv.to_be_bytes());
    ctr::cipher::StreamCipherCoreWrapper::from_core(theirs.unwrap()).apply_keystream(&mut expected);
    let mut block = iv.to_be_bytes().into();
    C::new_from_slice(&key).unwrap().encrypt_block(&mut block);
    let (mut place, mut from) = (Placed::new(u, &plain)?, Placed::new(u, &plain)?);
    let mut to = Placed::new(u, &vec![0x55; len])?;
    for level in Level::all() {
        let ours = Aes::new(level, &key).unwrap();
        assert_eq!(ours.encrypt(iv).to_be_bytes(), block.0);
        place.data().copy_from_slice(&plain);
        ours.apply_keystream(iv, InOutBuf::from(place.data()));
        place.holds(&expected);
        ours.apply_keystream_wide(iv, place.data());
        place.holds(&plain);
        ours.apply_keystream(iv, InOutBuf::new(from.data(), to.data()).unwrap());
        to.holds(&expected);
        from.holds(&plain);
    }
    Ok(())
}

/// GCM: ciphertext and tag, opened with the right tag and with a wrong one.
fn gcm<C>(u: &mut Unstructured<'_>, filler: Filler) -> Result<()>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + KeySizeUser,
    C::KeySize: ArraySize,
{
    let key = filler.bytes(0, C::key_size());
    let iv = u128::from_be_bytes(*filler.bytes(1, 16).first_chunk().unwrap());
    let nonce: [u8; 12] = *iv.to_be_bytes().first_chunk().unwrap();
    let len = length(u)?;
    let plain = filler.bytes(2, len);
    let associated = filler.bytes(3, length(u)?);
    let parts = associated.split_at(usize::from(u.arbitrary::<u8>()?).min(associated.len()));
    let payload = Payload { msg: &plain, aad: &associated };
    let sealed = AesGcm::<C, U12>::new_from_slice(&key).unwrap().encrypt(&nonce.into(), payload);
    let sealed = sealed.unwrap();
    let (ciphertext, tag) = sealed.split_at(len);
    let tag: [u8; 16] = tag.try_into().unwrap();
    let (mut place, mut from) = (Placed::new(u, &plain)?, Placed::new(u, &plain)?);
    let mut to = Placed::new(u, &vec![0x55; len])?;
    // The first of two pieces of ciphertext is of whole blocks.
    let pieces = ciphertext.split_at(len / 16 * usize::from(u.arbitrary::<u8>()?) / 256 * 16);
    let mut wrong = tag;
    let bit: u8 = u.arbitrary()?;
    wrong[usize::from(bit >> 3 & 15)] ^= 1 << (bit & 7);
    for level in Level::all() {
        let ours = Gcm::new(level, &key).unwrap();
        place.data().copy_from_slice(&plain);
        assert_eq!(ours.seal(iv, parts, InOutBuf::from(place.data())), tag);
        place.holds(ciphertext);
        assert_eq!(ours.tag(iv, parts, pieces), tag);
        assert!(!ours.open(iv, parts, place.data(), &wrong));
        place.holds(ciphertext);
        assert!(ours.open(iv, parts, place.data(), &tag));
        place.holds(&plain);
        let buffers = InOutBuf::new(from.data(), to.data()).unwrap();
        assert_eq!(ours.seal(iv, parts, buffers), tag);
        to.holds(ciphertext);
        from.holds(&plain);
        // The same as one packet.
        let front = associated.len();
        let mut packet = [&associated[..], &plain, &[0; 16]].concat();
        ours.seal_packet(iv, &mut packet, front);
        assert_eq!(packet, [&associated[..], &sealed].concat());
        packet[front + len..].copy_from_slice(&wrong);
        assert!(!ours.open_packet(iv, &mut packet, front));
        assert_eq!(packet, [&associated[..], ciphertext, &wrong].concat());
        packet[front + len..].copy_from_slice(&tag);
        assert!(ours.open_packet(iv, &mut packet, front));
        assert_eq!(packet[..front + len], [&associated[..], &plain].concat());
    }
    Ok(())
}

fn reference(key: &[u8; 20], message: &[u8], suffix: &[u8]) -> [u8; 20] {
    let mac = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap();
    mac.chain_update(message).chain_update(suffix).finalize().into_bytes().into()
}

/// One HMAC by SHA-NI.
fn hmac_sha1(u: &mut Unstructured<'_>, filler: Filler) -> Result<()> {
    let key = *filler.bytes(0, 20).first_chunk().unwrap();
    let len = length(u)?;
    let mut message = Placed::new(u, &filler.bytes(1, len))?;
    let suffix = filler.bytes(2, u.int_in_range(0..=8)?);
    let expected = reference(&key, message.data(), &suffix);
    if let Some(token) = ShaNi::detect() {
        assert_eq!(HmacSha1::new(token, &key).digest(message.data(), &suffix), expected);
    }
    Ok(())
}

/// The HMACs of many packets at once, of any lengths, by every width of vector.
fn hmac_sha1_in_lanes(u: &mut Unstructured<'_>, filler: Filler) -> Result<()> {
    let count = u.int_in_range(0..=140)?;
    let equal = if u.arbitrary()? { Some(length(u)?) } else { None };
    let mut packets = Vec::new();
    for n in 0..count {
        let len = match equal {
            Some(len) => len,
            None => length(u)?,
        };
        let key: [u8; 20] = *filler.bytes(3 * n, 20).first_chunk().unwrap();
        let suffix: [u8; 4] = *filler.bytes(3 * n + 1, 4).first_chunk().unwrap();
        packets.push((key, filler.bytes(3 * n + 2, len), suffix));
    }
    let state_after = |key: &[u8; 20], pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
        sha1::block_api::compress(&mut state, &[block]);
        state
    };
    let states: Vec<_> =
        packets.iter().map(|(key, ..)| [0x36, 0x5c].map(|pad| state_after(key, pad))).collect();
    let expected: Vec<_> =
        packets.iter().map(|(key, message, suffix)| reference(key, message, suffix)).collect();
    for lanes in Lanes::all() {
        for sha_ni in [None, ShaNi::detect()] {
            let jobs: Vec<_> = packets
                .iter()
                .zip(&states)
                .map(|((_, message, suffix), states)| HmacJob::new(states, message, *suffix))
                .collect();
            let mut digests = vec![[0; 20]; jobs.len()];
            lanes.hmac_sha1(sha_ni, &jobs, &mut digests);
            assert_eq!(digests, expected, "{lanes:?}, {sha_ni:?}");
        }
    }
    Ok(())
}
