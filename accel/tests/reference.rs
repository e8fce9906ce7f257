//! Every level of this processor against the RustCrypto crates: every length of data up to 2100
//! bytes, every alignment, every key size. Where there are no such instructions, nothing to test.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)]

use aes_gcm::aead::array::ArraySize;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{AesGcm, KeyInit};
use ctr::cipher::{
    BlockCipherEncrypt, BlockSizeUser, KeyIvInit, KeySizeUser, StreamCipher,
    StreamCipherCoreWrapper,
};
use ctr::flavors::Ctr32BE;
use srtp_accel::{Aes, Gcm, HmacSha1, InOutBuf, Level, ShaNi};

const LONGEST: usize = 2100;

fn bytes(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|i| (i as u8).wrapping_mul(31) ^ (i >> 8) as u8 ^ seed).collect()
}

fn number(seed: u8) -> u128 {
    u128::from_be_bytes(bytes(16, seed).try_into().unwrap())
}

/// One key size at one level against the `aes` and `ctr` crates.
fn counter_mode<C>(level: Level)
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let key = bytes(C::key_size(), 0x5a);
    let ours = Aes::new(level, &key).unwrap();

    let mut block = number(1).to_be_bytes().into();
    C::new_from_slice(&key).unwrap().encrypt_block(&mut block);
    assert_eq!(ours.encrypt(number(1)).to_be_bytes(), block.0);

    // A counter that starts at zero, and some that wrap within their 32 bits on the way.
    for iv in [number(7) >> 32 << 32, number(9) | 0xffff_ffff, number(3) | 0xffff_fff0] {
        let input = bytes(LONGEST, 3);
        let mut expected = input.clone();
        let theirs = ctr::CtrCore::<C, Ctr32BE>::new_from_slices(&key, &iv.to_be_bytes());
        StreamCipherCoreWrapper::from_core(theirs.unwrap()).apply_keystream(&mut expected);
        for len in 0..=LONGEST {
            let mut data = input.clone();
            ours.apply_keystream(iv, InOutBuf::from(&mut data[..len]));
            assert_eq!(data[..len], expected[..len], "{level:?}, {len} bytes");
            assert_eq!(data[len..], input[len..], "{level:?}, beyond {len} bytes");
            ours.apply_keystream_wide(iv, &mut data[..len]);
            assert_eq!(data, input, "{level:?}, {len} bytes, wide");
        }
        for (from, to) in (0..64).zip((0..64).rev()) {
            for len in [0, 1, 15, 20, 64, 160, 300, 1200] {
                let mut apart = vec![0xee; LONGEST];
                let buffers = InOutBuf::new(&input[from..from + len], &mut apart[to..to + len]);
                ours.apply_keystream(iv, buffers.unwrap());
                let mut same = input[from..from + len].to_vec();
                ours.apply_keystream(iv, InOutBuf::from(same.as_mut_slice()));
                assert_eq!(apart[to..to + len], same, "{level:?}, {len} bytes");
                assert!(apart[..to].iter().chain(&apart[to + len..]).all(|b| *b == 0xee));
            }
        }
    }
}

/// AES and its counter mode are those of the `aes` and `ctr` crates.
#[test]
fn counter_mode_is_the_one_of_the_ctr_crate() {
    for level in Level::all() {
        counter_mode::<aes::Aes128>(level);
        counter_mode::<aes::Aes192>(level);
        counter_mode::<aes::Aes256>(level);
    }
}

/// One key size at one level against the `aes-gcm` crate.
fn gcm<C>(level: Level)
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + KeySizeUser,
    C::KeySize: ArraySize,
{
    let key = bytes(C::key_size(), 0xa5);
    let iv = number(0xc3) >> 32 << 32;
    let ours = Gcm::new(level, &key).unwrap();
    let theirs = AesGcm::<C, U12>::new_from_slice(&key).unwrap();
    let nonce: [u8; 12] = iv.to_be_bytes()[..12].try_into().unwrap();
    let (plain, associated) = (bytes(LONGEST, 1), bytes(700, 2));
    let check = |first: usize, second: usize, len: usize, shift: usize| {
        let what = format!("{level:?}, {first} + {second} and {len} bytes");
        let aad = &associated[..first + second];
        let parts = aad.split_at(first);
        let payload = Payload { msg: &plain[shift..shift + len], aad };
        let expected = theirs.encrypt(&nonce.into(), payload).unwrap();
        let (ciphertext, tag) = expected.split_at(len);
        let tag: [u8; 16] = tag.try_into().unwrap();

        let mut buffer = plain.clone();
        // The lowest 32 bits of the IV are not looked at.
        let place = InOutBuf::from(&mut buffer[shift..shift + len]);
        assert_eq!(ours.seal(iv | 5, parts, place), tag, "{what}");
        assert_eq!(&buffer[shift..shift + len], ciphertext, "{what}");
        assert_eq!(buffer[..shift], plain[..shift]);
        assert_eq!(buffer[shift + len..], plain[shift + len..], "{what}");
        assert_eq!(ours.tag(iv, parts, (ciphertext, &[])), tag, "{what}");
        let pieces = ciphertext.split_at(len / 32 * 16);
        assert_eq!(ours.tag(iv, parts, pieces), tag, "{what}");

        let mut wrong = tag;
        wrong[(first + len) % 16] ^= 1 << (len % 8);
        let sealed = buffer.clone();
        assert!(!ours.open(iv, parts, &mut buffer[shift..shift + len], &wrong), "{what}");
        assert_eq!(buffer, sealed, "{what}");
        assert!(ours.open(iv | 5, parts, &mut buffer[shift..shift + len], &tag), "{what}");
        assert_eq!(buffer, plain, "{what}");

        let mut apart = vec![0; len];
        let buffers = InOutBuf::new(&plain[shift..shift + len], &mut apart).unwrap();
        assert_eq!(ours.seal(iv, parts, buffers), tag, "{what}");
        assert_eq!(apart, ciphertext, "{what}");
        if second > 0 {
            return;
        }

        let mut packet = [aad, &plain[shift..shift + len], &[0xee; 16]].concat();
        ours.seal_packet(iv | 5, &mut packet, first);
        let sealed = [aad, &expected].concat();
        assert_eq!(packet, sealed, "{what}, as a packet");
        packet[first + len..].copy_from_slice(&wrong);
        let forged = packet.clone();
        assert!(!ours.open_packet(iv, &mut packet, first), "{what}, as a packet");
        assert_eq!(packet, forged, "{what}, as a packet");
        packet[first + len..].copy_from_slice(&tag);
        assert!(ours.open_packet(iv | 5, &mut packet, first), "{what}, as a packet");
        assert_eq!(packet, [aad, &plain[shift..shift + len], &tag].concat(), "{what}");
    };
    for len in 0..=LONGEST {
        check(12, 0, len, 0);
    }
    for first in 0..=300 {
        check(first, 0, 20, 0);
        check(first, 4, 52, 0);
    }
    for first in [0, 1, 8, 12, 15, 16, 17, 31, 64, 300] {
        for second in [1, 4, 15, 16, 17, 33, 300] {
            for len in [0, 1, 16, 20, 64, 240, 255, 256, 257, 600] {
                check(first, second, len, 0);
            }
        }
    }
    for shift in 0..64 {
        check(12, 0, 1200, shift);
    }
}

/// GCM is the one of the `aes-gcm` crate; a wrong tag is told and leaves the data as they were.
#[test]
fn gcm_is_the_one_of_the_aes_gcm_crate() {
    for level in Level::all() {
        gcm::<aes::Aes128>(level);
        gcm::<aes::Aes192>(level);
        gcm::<aes::Aes256>(level);
    }
}

/// Every bit of a tag counts, whatever the length of the data, with associated data that share a
/// register with them and with such that do not; and however it is wrong, the data, which are decrypted
/// before the tag is known, are left as they were.
#[test]
fn a_tag_with_one_wrong_bit_is_wrong_and_leaves_the_data() {
    let associated = bytes(40, 6);
    for level in Level::all() {
        for key in [16, 24, 32] {
            let gcm = Gcm::new(level, &bytes(key, 7)).unwrap();
            for len in (0..=300).chain([511, 512, 513, 527, 1023, 1024, 1025, 1200, 1500]) {
                for (first, second) in [(12, 0), (8, 4), (20, 4)] {
                    let parts = (&associated[..first], &associated[30..30 + second]);
                    let mut data = bytes(len + 7, 0);
                    let place = InOutBuf::from(&mut data[..len]);
                    let tag = gcm.seal(number(0), parts, place);
                    let sealed = data.clone();
                    for bit in 0..128 {
                        let wrong = (u128::from_be_bytes(tag) ^ 1 << bit).to_be_bytes();
                        assert!(!gcm.open(number(0), parts, &mut data[..len], &wrong));
                        assert_eq!(data, sealed, "{level:?}, {len} bytes, bit {bit}");
                        if second == 0 {
                            let mut packet = [parts.0, &sealed[..len], &wrong].concat();
                            let forged = packet.clone();
                            assert!(!gcm.open_packet(number(0), &mut packet, first));
                            assert_eq!(packet, forged, "{level:?}, {len} bytes, bit {bit}");
                        }
                    }
                }
            }
        }
    }
}

/// The same of a wrong byte in the data or in what is associated with them, wherever it is.
#[test]
fn a_changed_packet_is_left_as_it_came() {
    for level in Level::all() {
        let gcm = Gcm::new(level, &[9; 16]).unwrap();
        for len in [1, 16, 20, 32, 33, 48, 49, 63, 64, 65, 160, 256, 300, 512, 600] {
            let mut packet = bytes(12 + len, 8);
            let (header, data) = packet.split_at_mut(12);
            let tag = gcm.seal(number(1), (header, &[]), InOutBuf::from(data));
            for at in 0..packet.len() {
                packet[at] ^= 0x10;
                let forged = packet.clone();
                let (header, data) = packet.split_at_mut(12);
                assert!(!gcm.open(number(1), (header, &[]), data, &tag), "{len} bytes, {at}");
                assert_eq!(packet, forged, "{level:?}, {len} bytes, {at}");
                packet.extend(tag);
                assert!(!gcm.open_packet(number(1), &mut packet, 12), "{len} bytes, {at}");
                packet.truncate(12 + len);
                assert_eq!(packet, forged, "{level:?}, {len} bytes, {at}, as a packet");
                packet[at] ^= 0x10;
            }
        }
    }
}

/// A packet that has no room for its associated data and a tag is none, and left alone.
#[test]
fn packets_shorter_than_header_and_tag_are_left_alone() {
    for level in Level::all() {
        let gcm = Gcm::new(level, &[9; 16]).unwrap();
        for associated in [0, 1, 12, 16, 20, usize::MAX] {
            for len in 0..associated.saturating_add(16).min(50) {
                let mut packet = bytes(len, 3);
                gcm.seal_packet(number(1), &mut packet, associated);
                assert_eq!(packet, bytes(len, 3), "{level:?}, {associated} and {len} bytes");
                assert!(!gcm.open_packet(number(1), &mut packet, associated));
                assert_eq!(packet, bytes(len, 3), "{level:?}, {associated} and {len} bytes");
            }
        }
    }
}

/// What was recently written or is written next to a packet stays: packets that lie close together are
/// sealed and opened each as if it were alone, in either order.
#[test]
fn packets_that_lie_close_together_do_not_touch_one_another() {
    const COUNT: usize = 9;
    for level in Level::all() {
        let gcm = Gcm::new(level, &[9; 16]).unwrap();
        for len in (0..=100).chain([160, 300, 1200]) {
            let whole = 12 + len + 16;
            let plain = bytes(COUNT * whole, 4);
            let mut buffer = plain.clone();
            for (at, packet) in buffer.chunks_mut(whole).enumerate() {
                gcm.seal_packet(number(at as u8), packet, 12);
            }
            for (at, packet) in buffer.chunks(whole).enumerate() {
                let mut alone = plain[at * whole..][..whole].to_vec();
                gcm.seal_packet(number(at as u8), &mut alone, 12);
                assert_eq!(packet, alone, "{level:?}, {len} bytes, {at}");
            }
            for (at, packet) in buffer.chunks_mut(whole).enumerate().rev() {
                assert!(gcm.open_packet(number(at as u8), packet, 12));
            }
            for (opened, plain) in buffer.chunks(whole).zip(plain.chunks(whole)) {
                assert_eq!(opened[..12 + len], plain[..12 + len], "{level:?}, {len} bytes");
            }
        }
    }
}

/// Keys of other lengths than AES has are refused.
#[test]
fn aes_has_three_key_lengths() {
    for level in Level::all() {
        for len in 0..64 {
            let key = vec![1; len];
            assert_eq!(Aes::new(level, &key).is_some(), matches!(len, 16 | 24 | 32));
            assert_eq!(Gcm::new(level, &key).is_some(), matches!(len, 16 | 24 | 32));
        }
    }
}

/// HMAC-SHA1 is the one of the `hmac` crate, for every length and every suffix: all paddings, all
/// block boundaries.
#[test]
fn digest_is_the_one_of_the_hmac_crate() {
    let Some(token) = ShaNi::detect() else { return };
    let key: [u8; 20] = bytes(20, 0x11).try_into().unwrap();
    digests(&key, &HmacSha1::new(token, &key));
    digests(&key, &HmacSha1::by_sha_ni_alone(token, &key));
}

fn digests(key: &[u8; 20], ours: &HmacSha1) {
    use hmac::{Hmac, Mac};
    let message = bytes(LONGEST + 64, 4);
    let mut theirs = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap();
    for len in 0..=LONGEST {
        for suffix in 0..=8 {
            let suffix = &message[len..len + suffix];
            let expected = theirs.clone().chain_update(suffix).finalize().into_bytes();
            assert_eq!(ours.digest(&message[..len], suffix), expected.0, "{len} bytes");
        }
        theirs.update(&message[len..=len]);
    }
    for shift in 0..64 {
        let expected = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap();
        let expected = expected.chain_update(&message[shift..shift + 172]).finalize().into_bytes();
        assert_eq!(ours.digest(&message[shift..shift + 172], &[]), expected.0);
    }
}
