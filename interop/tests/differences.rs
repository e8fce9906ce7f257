//! Every difference from libsrtp that docs/DIFFERENCES.md decides, seen on both sides; D11 is not
//! tried, for the process would not survive it. Should one of these tests fail with a newer libsrtp,
//! the difference is mended there.

use aes::cipher::{KeyIvInit, StreamCipher};
use srtp_core::{CryptoSuite, Inbound, Outbound, Policy, ProtectError, Rekey, UnprotectError};
use srtp_interop::exchange::{protect, unprotect};
use srtp_interop::libsrtp::{Key, Session, Setup, Status};
use srtp_interop::packets::{Shape, filler, rtcp, rtp};
use srtp_interop::peer::{Agreed, Protocol};

const SSRC: u32 = 0x0102_0304;
const CM_80: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
const CM_32: CryptoSuite = CryptoSuite::AesCm128HmacSha1_32;

fn key(agreed: &Agreed) -> Key {
    Key { key_salt: agreed.key_salt.clone(), mki: agreed.mki.clone() }
}

fn session(agreed: &Agreed, inbound: bool) -> Session {
    Session::new(&Setup {
        suite: agreed.suite,
        inbound,
        clear_rtp: false,
        clear_rtcp: false,
        window: 128,
        keys: vec![key(agreed)],
    })
}

fn sender(agreed: &Agreed) -> Outbound {
    Outbound::new(&agreed.master_key(), Policy::SECURE).unwrap()
}

fn receiver(agreed: &Agreed) -> Inbound {
    Inbound::new(&agreed.master_key(), Policy::SECURE).unwrap()
}

fn voice(seq: u16) -> Vec<u8> {
    rtp(SSRC, seq, Shape::default(), &filler("voice", 160))
}

/// RFC 3711 §4.3.3 with AES-256, as libsrtp does it for a master key of 24 bytes as well.
fn prf_256(key: &[u8], salt: &[u8], label: u8, len: usize) -> Vec<u8> {
    let mut iv = [0; 16];
    iv[..salt.len()].copy_from_slice(salt);
    iv[7] ^= label;
    let mut out = vec![0; len];
    ctr::Ctr128BE::<aes::Aes256>::new(key.try_into().unwrap(), &iv.into())
        .apply_keystream(&mut out);
    out
}

/// D1. The AES-256 key is the master key and the first 8 bytes of the salt; the salt is the rest.
#[test]
fn d1_aes_192_of_libsrtp_derives_with_aes_256() {
    let agreed = Agreed::new(CryptoSuite::Aes192CmHmacSha1_80, "d1");
    let plain = voice(1);
    let theirs = session(&agreed, false).protect(Protocol::Rtp, &plain, 0).unwrap();
    assert_ne!(protect(&mut sender(&agreed), Protocol::Rtp, &plain).unwrap(), theirs);

    let (master_key, master_salt) = agreed.key_salt.split_at(32);
    let k_e = prf_256(master_key, master_salt, 0, 24);
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(&prf_256(master_key, master_salt, 2, 14));
    for (byte, ssrc) in iv[4..8].iter_mut().zip(SSRC.to_be_bytes()) {
        *byte ^= ssrc;
    }
    iv[13] ^= 1; // the packet index
    let mut payload = theirs[12..172].to_vec();
    ctr::Ctr128BE::<aes::Aes192>::new(k_e.as_slice().try_into().unwrap(), &iv.into())
        .apply_keystream(&mut payload);
    assert_eq!(payload, plain[12..]);
}

/// D2. libsrtp does not find the MKI even in its own packet; we do in both.
#[test]
fn d2_libsrtp_misses_the_mki_of_srtcp_with_a_short_srtp_tag() {
    let agreed = Agreed { mki: vec![1, 2], ..Agreed::new(CM_32, "d2") };
    let plain = rtcp(SSRC, 1, 5);
    let theirs = session(&agreed, false).protect(Protocol::Rtcp, &plain, 0).unwrap();
    let mut their_receiver = session(&agreed, true);
    assert_eq!(their_receiver.unprotect(Protocol::Rtcp, &theirs), Err(Status::BAD_MKI));
    assert_eq!(unprotect(&mut receiver(&agreed), Protocol::Rtcp, &theirs).unwrap(), plain);
}

/// D3.
#[test]
fn d3_libsrtp_protects_any_version() {
    let agreed = Agreed::new(CM_80, "d3");
    let mut plain = voice(1);
    plain[0] = 0x40;
    assert!(session(&agreed, false).protect(Protocol::Rtp, &plain, 0).is_ok());
    plain.resize(200, 0);
    let refusal = sender(&agreed).protect_rtp(&mut plain, 172);
    assert_eq!(refusal, Err(ProtectError::Malformed { version: 1 }));
}

/// D4 and D5. What is wrong with the tag is what we say first.
#[test]
fn d4_d5_libsrtp_judges_srtcp_before_its_tag() {
    let agreed = Agreed::new(CM_80, "d4");
    let genuine = protect(&mut sender(&agreed), Protocol::Rtcp, &rtcp(SSRC, 1, 5)).unwrap();
    let (mut ours, mut theirs) = (receiver(&agreed), session(&agreed, true));

    let mut e_bit = genuine.clone();
    let at = e_bit.len() - 14;
    e_bit[at] ^= 0x80;
    assert_eq!(theirs.unprotect(Protocol::Rtcp, &e_bit), Err(Status::CANT_CHECK));
    assert_eq!(ours.unprotect_rtcp(&mut e_bit), Err(UnprotectError::AuthFailed));

    unprotect(&mut ours, Protocol::Rtcp, &genuine).unwrap();
    theirs.unprotect(Protocol::Rtcp, &genuine).unwrap();
    let mut forged = genuine.clone();
    forged[10] ^= 1;
    assert_eq!(theirs.unprotect(Protocol::Rtcp, &forged), Err(Status::REPLAY_FAIL));
    assert_eq!(ours.unprotect_rtcp(&mut forged), Err(UnprotectError::AuthFailed));
}

/// D6. A packet too short for header, MKI and tag, whose last bytes are no MKI either.
#[test]
fn d6_short_packets_have_other_names() {
    let agreed = Agreed { mki: vec![1, 2, 3, 4], ..Agreed::new(CM_80, "d6") };
    let mut short = voice(1)[..25].to_vec();
    assert_eq!(session(&agreed, true).unprotect(Protocol::Rtp, &short), Err(Status::BAD_MKI));
    let refusal = receiver(&agreed).unprotect_rtp(&mut short);
    assert_eq!(refusal, Err(UnprotectError::TooShort { len: 25, needed: 26 }));
}

/// D7. After 2^48 - 1 comes nothing; in libsrtp it comes under rollover counter 0, that is, under
/// the keystream that the first packet had.
#[test]
fn d7_libsrtp_wraps_the_index_space() {
    let agreed = Agreed::new(CM_80, "d7");
    let (mut ours, mut theirs) = (sender(&agreed), session(&agreed, false));
    ours.set_roc(SSRC, u32::MAX).unwrap();
    theirs.set_roc(SSRC, u32::MAX).unwrap();
    let last = voice(65_535);
    let protected = protect(&mut ours, Protocol::Rtp, &last).unwrap();
    assert_eq!(theirs.protect(Protocol::Rtp, &last, 0), Ok(protected));

    let mut beyond = voice(0);
    beyond.resize(200, 0);
    let refusal = ours.protect_rtp(&mut beyond, 172);
    assert!(matches!(refusal, Err(ProtectError::IndexExhausted { .. })), "{refusal:?}");
    let first = protect(&mut sender(&agreed), Protocol::Rtp, &voice(0)).unwrap();
    assert_eq!(theirs.protect(Protocol::Rtp, &voice(0), 0), Ok(first));
}

/// D8.
#[test]
fn d8_libsrtp_begins_srtcp_with_index_1() {
    let agreed = Agreed::new(CM_80, "d8");
    let plain = rtcp(SSRC, 1, 5);
    let index = |packet: &[u8]| packet[packet.len() - 14..packet.len() - 10].to_vec();
    let theirs = session(&agreed, false).protect(Protocol::Rtcp, &plain, 0).unwrap();
    assert_eq!(index(&theirs), [0x80, 0, 0, 1]);
    let ours = protect(&mut sender(&agreed), Protocol::Rtcp, &plain).unwrap();
    assert_eq!(index(&ours), [0x80, 0, 0, 0]);
    assert_eq!(session(&agreed, true).unprotect(Protocol::Rtcp, &ours), Ok(plain));
}

/// D9. A re-INVITE that brings the same key again must not let old packets in a second time.
#[test]
fn d9_libsrtp_forgets_the_replay_window() {
    let agreed = Agreed::new(CM_80, "d9");
    let packet = protect(&mut sender(&agreed), Protocol::Rtp, &voice(1)).unwrap();
    let (mut ours, mut theirs) = (receiver(&agreed), session(&agreed, true));
    unprotect(&mut ours, Protocol::Rtp, &packet).unwrap();
    theirs.unprotect(Protocol::Rtp, &packet).unwrap();
    ours.rekey(&agreed.master_key(), Rekey::KeepRoc).unwrap();
    theirs.rekey(&[key(&agreed)]).unwrap();
    assert_eq!(theirs.unprotect(Protocol::Rtp, &packet), Ok(voice(1)), "a replay");
    let refusal = ours.unprotect_rtp(&mut packet.clone());
    assert_eq!(refusal, Err(UnprotectError::Replayed { index: 1 }));
}

/// D10.
#[test]
fn d10_libsrtp_forgets_a_rollover_counter_that_was_set() {
    let (old, new) = (Agreed::new(CM_80, "old"), Agreed::new(CM_80, "new"));
    let mut tx = sender(&new);
    tx.set_roc(SSRC, 5).unwrap();
    let packet = protect(&mut tx, Protocol::Rtp, &voice(1)).unwrap();

    let (mut ours, mut theirs) = (receiver(&old), session(&old, true));
    ours.set_roc(SSRC, 5).unwrap();
    theirs.set_roc(SSRC, 5).unwrap();
    ours.rekey(&new.master_key(), Rekey::KeepRoc).unwrap();
    theirs.rekey(&[key(&new)]).unwrap();
    assert_eq!(unprotect(&mut ours, Protocol::Rtp, &packet).unwrap(), voice(1));
    assert_eq!(theirs.unprotect(Protocol::Rtp, &packet), Err(Status::AUTH_FAIL));
}
