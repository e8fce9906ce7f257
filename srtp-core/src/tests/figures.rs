//! What contexts and keys say about themselves, and the edges of what one packet can carry.

use srtp_test_vectors::{RFC3711_B3, value};

use super::conversation::{rtcp_packet, rtp_packet};
use crate::stateless::{self, SessionKeys};
use crate::{
    CryptoSuite, Fixed, Inbound, KeyDerivationRate, KeyError, MAX_PAYLOAD_LEN, MasterKey, Outbound,
    Policy, ProtectError, Protocol, StateError, UnprotectError, sizes,
};

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

fn key() -> MasterKey {
    MasterKey::new(SUITE, &[3; 30]).unwrap()
}

fn contexts() -> (Outbound<Fixed<2>, 2>, Inbound<Fixed<2>, 2>) {
    (Outbound::new(&key(), Policy::SECURE).unwrap(), Inbound::new(&key(), Policy::SECURE).unwrap())
}

/// A key gives back what it was made of.
#[test]
fn a_key_says_what_it_is() {
    let rate = KeyDerivationRate::from_exponent(7).unwrap();
    assert_eq!((key().lifetime(), key().mki().is_empty()), (None, true));
    let key = key().with_lifetime(1000).unwrap().with_mki(&[1, 2]).unwrap();
    let key = key.with_key_derivation_rate(rate);
    assert_eq!((key.suite(), key.lifetime()), (SUITE, Some(1000)));
    assert_eq!((key.mki().as_bytes(), key.key_derivation_rate()), (&[1, 2][..], rate));
    assert!(!key.mki().is_empty());
}

/// Two keys are equal only if all of them is.
#[test]
fn keys_that_differ_anywhere_are_not_equal() {
    let key = key();
    assert_eq!(key, key.clone());
    let rate = KeyDerivationRate::from_exponent(0).unwrap();
    let mut bytes = [3; 30];
    bytes[29] ^= 1;
    for other in [
        MasterKey::new(CryptoSuite::AesCm128HmacSha1_32, &[3; 30]).unwrap(),
        MasterKey::new(SUITE, &bytes).unwrap(),
        key.clone().with_mki(&[1]).unwrap(),
        key.clone().with_lifetime(9).unwrap(),
        key.clone().with_key_derivation_rate(rate),
    ] {
        assert_ne!(key, other);
        assert_eq!(key.same_key_salt(&other), key.expose_key_salt() == other.expose_key_salt());
    }
}

/// The lengths of protected packets are those of the packets with what a suite adds.
#[test]
fn lengths_add_up() {
    for &suite in CryptoSuite::ALL {
        for (mki, len) in [(0, 12), (4, 172)] {
            let srtp = sizes::srtp_packet(suite, mki, len);
            assert_eq!(srtp, len + sizes::srtp_overhead(suite, mki));
            let srtcp = sizes::srtcp_packet(suite, mki, len);
            assert_eq!(srtcp, len + sizes::srtcp_overhead(suite, mki));
        }
    }
    // One bit for each packet of the window.
    assert_eq!(sizes::stream(1024) - sizes::stream(128), (1024 - 128) / 8);
}

/// The length of the state is known before it is written, and grows with the streams.
#[test]
fn the_length_of_the_state_is_known_before() {
    let (mut tx, mut rx) = contexts();
    let mut output = [0; 4096];
    let (empty_tx, empty_rx) = (tx.exported_len(), rx.exported_len());
    for ssrc in [7, 8] {
        let mut packet = rtp_packet(ssrc, 1, 0, None, 20);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        tx.protect_rtp(&mut packet, len).unwrap();
        rx.unprotect_rtp(&mut packet).unwrap();
        assert_eq!(tx.export(&mut output), Ok(tx.exported_len()));
        assert_eq!(rx.export(&mut output), Ok(rx.exported_len()));
    }
    assert!(tx.exported_len() > empty_tx && rx.exported_len() > empty_rx);

    // The same with more than one key.
    let [one, two] = [1, 2].map(|mki| key().with_mki(&[mki]).unwrap());
    let mut rx = Inbound::<Fixed<2>, 2>::new(&one, Policy::SECURE).unwrap();
    rx.add_key(&two).unwrap();
    assert_eq!(rx.export(&mut output), Ok(rx.exported_len()));
    let len = rx.exported_len();
    assert_eq!(rx.export(&mut output[..len]), Ok(len));
    let none = StateError::NoRoom { available: len - 1, needed: len };
    assert_eq!(rx.export(&mut output[..len - 1]), Err(none));
}

/// A stream is removed once, and the answer says whether there was one.
#[test]
fn a_stream_is_removed_once() {
    let (mut tx, mut rx) = contexts();
    tx.set_roc(7, 1).unwrap();
    rx.set_roc(7, 1).unwrap();
    assert!(tx.remove_stream(7) && !tx.remove_stream(7));
    assert!(rx.remove_stream(7) && !rx.remove_stream(7));
    assert_eq!((tx.streams().count(), rx.streams().count()), (0, 0));
}

/// A key that was removed from a ring opens nothing more, and cannot be removed again.
#[test]
fn a_removed_key_is_gone() {
    let old = key().with_mki(&[1]).unwrap();
    let new = MasterKey::new(SUITE, &[4; 30]).unwrap().with_mki(&[2]).unwrap();
    let mut tx = Outbound::<Fixed<2>, 2>::new(&old, Policy::SECURE).unwrap();
    let mut rx = Inbound::<Fixed<2>, 2>::new(&old, Policy::SECURE).unwrap();
    rx.add_key(&new).unwrap();
    let mut packet = rtp_packet(7, 1, 0, None, 20);
    let len = packet.len();
    packet.resize(len + tx.rtp_overhead(), 0);
    tx.protect_rtp(&mut packet, len).unwrap();
    assert!(rx.verify_rtp(&packet).is_ok());
    rx.remove_key(&[1]).unwrap();
    assert_eq!(rx.verify_rtp(&packet), Err(UnprotectError::UnknownMki));
    assert_eq!(rx.remove_key(&[1]), Err(KeyError::NoSuchMki));
}

/// RFC 3711 §4.1.1: a counter of 16 bits reaches over 2^16 blocks. One byte more is refused, in
/// both directions and protocols, and the packet stays as it is.
#[test]
fn one_packet_carries_no_more_than_its_counter_reaches() {
    let (mut tx, mut rx) = contexts();
    let limit = MAX_PAYLOAD_LEN;
    for (payload, good) in [(limit, true), (limit + 1, false)] {
        let mut packet = rtp_packet(7, 1 + u16::from(good), 0, None, payload);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        let before = packet.clone();
        let sent = tx.protect_rtp(&mut packet, len);
        if good {
            assert_eq!(sent, Ok(len + 10));
            assert_eq!(rx.unprotect_rtp(&mut packet), Ok(len));
        } else {
            assert_eq!(sent, Err(ProtectError::TooLong { len: payload, limit }));
            assert_eq!(packet, before);
            let opened = rx.unprotect_rtp(&mut packet);
            assert_eq!(opened, Err(UnprotectError::TooLong { len: payload, limit }));
        }
        let mut packet = rtcp_packet(7, payload);
        let len = packet.len();
        packet.resize(len + tx.rtcp_overhead(), 0);
        let sent = tx.protect_rtcp(&mut packet, len);
        if good {
            assert_eq!(sent, Ok(len + 14));
            assert_eq!(rx.unprotect_rtcp(&mut packet), Ok(len));
        } else {
            assert_eq!(sent, Err(ProtectError::TooLong { len: payload, limit }));
            let opened = rx.unprotect_rtcp(&mut packet);
            assert_eq!(opened, Err(UnprotectError::TooLong { len: payload, limit }));
        }
    }
}

/// RFC 3711 Appendix B.3: the session keys in the open are those of the derivation.
#[test]
fn session_keys_in_the_open() {
    let key_salt = [value(RFC3711_B3, "master_key"), value(RFC3711_B3, "master_salt")].concat();
    let master = MasterKey::new(SUITE, &key_salt).unwrap();
    let keys = SessionKeys::derive(&master, Protocol::Srtp, 0);
    assert_eq!(keys.expose_encryption_key(), value(RFC3711_B3, "cipher_key"));
    assert_eq!(keys.expose_salt(), value(RFC3711_B3, "cipher_salt"));
    assert_eq!(keys.expose_authentication_key(), &value(RFC3711_B3, "auth_key")[..20]);
}

/// The IVs byte by byte: of AES-CM salt, SSRC at byte 4, index at byte 8 (RFC 3711 §4.1.1); of
/// AES-GCM salt, SSRC at byte 2, index at byte 6 (RFC 7714 §8.1).
#[test]
fn ivs_are_laid_out_as_the_rfcs_have_them() {
    let (ssrc, index) = (0xdead_beef_u32, 0x0102_0304_0506_u64);
    let [_, _, index_bytes @ ..] = index.to_be_bytes();
    let laid = |salt: &[u8], len: usize, ssrc_at: usize, index_at: usize| {
        let mut iv = salt.to_vec();
        iv.resize(len, 0);
        iv[ssrc_at..].iter_mut().zip(ssrc.to_be_bytes()).for_each(|(to, byte)| *to ^= byte);
        iv[index_at..].iter_mut().zip(index_bytes).for_each(|(to, byte)| *to ^= byte);
        iv
    };
    let keys = SessionKeys::derive(&key(), Protocol::Srtp, 0);
    assert_eq!(keys.aes_cm_iv(ssrc, index).to_vec(), laid(keys.expose_salt(), 16, 4, 8));
    #[cfg(feature = "gcm")]
    {
        let master = MasterKey::new(CryptoSuite::AeadAes128Gcm, &[5; 28]).unwrap();
        let keys = SessionKeys::derive(&master, Protocol::Srtp, 0);
        assert_eq!(keys.aes_gcm_iv(ssrc, index).to_vec(), laid(keys.expose_salt(), 12, 2, 6));
        assert!(keys.expose_authentication_key().is_empty());
    }
}

/// A protector without memory adds as much as one with it.
#[test]
fn the_stateless_one_adds_as_much() {
    let key = key().with_mki(&[1, 2, 3, 4]).unwrap();
    let tx = stateless::Outbound::new(&key, Policy::SECURE).unwrap();
    assert_eq!(tx.rtp_overhead(), sizes::srtp_overhead(SUITE, 4));
    assert_eq!(tx.rtcp_overhead(), sizes::srtcp_overhead(SUITE, 4));
}

/// The soft edge is the fraction of the lifetime that the policy has, rounded up.
#[test]
fn the_soft_edge_is_a_fraction_of_the_lifetime() {
    let key = key().with_lifetime(901).unwrap().with_mki(&[1]).unwrap();
    for (numerator, denominator, edge) in [(2, 3, 601), (1, 2, 451), (3, 3, 901), (9, 2, 901)] {
        let policy = Policy::SECURE.with_rekey_after(numerator, denominator.try_into().unwrap());
        let tx = Outbound::<Fixed<1>, 1>::new(&key, policy).unwrap();
        let usage = tx.key_usage(&[1]).unwrap();
        assert_eq!((usage.srtp_soft_lifetime, usage.srtcp_soft_lifetime), (edge, edge));
    }
}
