//! The vectors printed in the RFCs, through key derivation and the AES-CM keystream.

use srtp_test_vectors::{
    RFC3711_B2, RFC3711_B3, RFC6188_AES_192_CM, RFC6188_AES_192_PRF, RFC6188_AES_256_CM,
    RFC6188_AES_256_PRF, RFC7714_SRTCP, RFC7714_SRTP, value,
};

use crate::kdf::{Label, Prf};
use crate::primitive::{Aes, Gcm};
use crate::suite::AesSize;
use crate::transform::{Cover, Macs, Protocol, Rtp, SessionKeys};
use crate::wire::{RTCP_CLEAR_LEN, RtpHeader, Trailer};
use crate::{CryptoSuite, MasterKey};

fn long(key: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..key.len()].copy_from_slice(key);
    bytes
}

/// RFC 3711 Appendix B.2, RFC 6188 §7.1 and §7.3: the first and the last three blocks of a segment
/// of 65282 blocks.
#[test]
fn aes_cm_keystream() {
    for (file, size) in [
        (RFC3711_B2, AesSize::Aes128),
        (RFC6188_AES_192_CM, AesSize::Aes192),
        (RFC6188_AES_256_CM, AesSize::Aes256),
    ] {
        let iv = u128::from_be_bytes(value(file, "iv").try_into().unwrap());
        let mut keystream = vec![0; 65_282 * 16];
        Aes::new(size, &long(&value(file, "session_key"))).apply_keystream(iv, &mut keystream);
        for block in [0x0000, 0x0001, 0x0002, 0xfeff, 0xff00, 0xff01] {
            let expected = value(file, &format!("block_{block:04x}"));
            assert_eq!(keystream[16 * block..16 * block + 16], expected, "block {block:04x}");
        }
    }
}

/// RFC 3711 Appendix B.3, RFC 6188 §7.2 and §7.4: all three SRTP session keys, the authentication
/// key as far as it is printed (94 bytes in RFC 3711).
#[test]
fn key_derivation() {
    for (file, suite) in [
        (RFC3711_B3, CryptoSuite::AesCm128HmacSha1_80),
        (RFC6188_AES_192_PRF, CryptoSuite::Aes192CmHmacSha1_80),
        (RFC6188_AES_256_PRF, CryptoSuite::Aes256CmHmacSha1_80),
    ] {
        let key_salt = [value(file, "master_key"), value(file, "master_salt")].concat();
        let prf = Prf::new(&MasterKey::new(suite, &key_salt).unwrap());
        for (label, name) in [
            (Label::RtpEncryption, "cipher_key"),
            (Label::RtpSalt, "cipher_salt"),
            (Label::RtpAuthentication, "auth_key"),
        ] {
            let expected = value(file, name);
            let mut derived = vec![0xff; expected.len()];
            prf.derive(label, 0, &mut derived);
            assert_eq!(derived, expected, "{suite} {name}");
        }
    }
}

const GCM: [(AesSize, &str); 2] = [(AesSize::Aes128, "128"), (AesSize::Aes256, "256")];
const GCM_SRTP: Trailer = Trailer::new(16, 0, 0, 0, 0);
const GCM_SRTCP: Trailer = Trailer::new(16, 4, 0, 0, 0);

/// RFC 7714 §16, encrypted and tagged only, both ways; keys and salt are session keys there.
#[test]
fn srtp_with_aes_gcm() {
    let (packet, salt) = (value(RFC7714_SRTP, "packet"), value(RFC7714_SRTP, "salt"));
    let header = RtpHeader::parse(&packet).unwrap();
    let index = u64::from(header.sequence_number);
    for (size, bits) in GCM {
        let key = long(&value(RFC7714_SRTP, &format!("key_{bits}")));
        let keys = SessionKeys::gcm(Gcm::new(size, &key), &salt);
        for (encrypt, what) in [(true, "encrypted"), (false, "tagged")] {
            let expected = value(RFC7714_SRTP, &format!("{what}_{bits}"));
            let mut sealed = packet.clone();
            sealed.resize(packet.len() + 16, 0);
            let layout = GCM_SRTP.layout(sealed.len(), header.len).unwrap();
            let rtp = |encrypt, index| Rtp {
                header,
                index,
                cover: if encrypt { Cover::Payload } else { Cover::Nothing },
            };
            keys.seal_rtp(&mut sealed, rtp(encrypt, index), &layout, &[], Macs::Now);
            assert_eq!(sealed, expected, "{what} {bits}");
            assert!(keys.verify_rtp(&sealed, rtp(encrypt, index), &layout));
            for wrong in [rtp(!encrypt, index), rtp(encrypt, index + 65_536)] {
                assert!(!keys.verify_rtp(&sealed, wrong, &layout));
                assert!(!keys.open_rtp(&mut sealed, wrong, &layout));
                assert_eq!(sealed, expected, "a wrong tag changes nothing");
            }
            let end = packet.len();
            let mut decrypted = sealed[..end].to_vec();
            keys.decrypt_rtp(&mut decrypted, rtp(encrypt, index));
            assert!(keys.open_rtp(&mut sealed, rtp(encrypt, index), &layout));
            assert_eq!(sealed[..end], packet);
            assert_eq!(decrypted, packet);
        }
    }
}

/// RFC 7714 §17, encrypted and tagged only, both ways.
#[test]
fn srtcp_with_aes_gcm() {
    let (packet, salt) = (value(RFC7714_SRTCP, "packet"), value(RFC7714_SRTCP, "salt"));
    let index = u32::from_be_bytes(value(RFC7714_SRTCP, "index").try_into().unwrap());
    for (size, bits) in GCM {
        let key = long(&value(RFC7714_SRTCP, &format!("key_{bits}")));
        let keys = SessionKeys::gcm(Gcm::new(size, &key), &salt);
        for (encrypt, what) in [(true, "encrypted"), (false, "tagged")] {
            let expected = value(RFC7714_SRTCP, &format!("{what}_{bits}"));
            let mut sealed = packet.clone();
            sealed.resize(packet.len() + 20, 0);
            let layout = GCM_SRTCP.layout(sealed.len(), RTCP_CLEAR_LEN).unwrap();
            keys.seal_rtcp(&mut sealed, index, &layout, &[], encrypt, Macs::Now);
            assert_eq!(sealed, expected, "{what} {bits}");
            assert!(keys.verify_rtcp(&sealed, &layout));
            let end = packet.len();
            let mut decrypted = sealed[..end].to_vec();
            if encrypt {
                keys.decrypt_rtcp(&mut decrypted, index);
            }
            assert_eq!(decrypted, packet);
            assert!(keys.open_rtcp(&mut sealed, &layout));
            assert_eq!(sealed[..end], packet);
        }
    }
}

/// The SRTCP IV of GCM takes all 31 bits of the index: an implementation that masked the wrong byte
/// repeated its IV every 128 packets.
#[test]
fn gcm_iv_never_repeats_over_the_index() {
    let key = MasterKey::new(CryptoSuite::AeadAes128Gcm, &[5; 28]).unwrap();
    let mut keys = SessionKeys::VACANT;
    keys.derive(&key, Protocol::Srtcp, 0, false);
    let mut seen = std::collections::BTreeSet::new();
    for index in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x8000, 0x0080_0000, 0x7fff_ff7f, 0x7fff_ffff] {
        let mut sealed = [&[0x80, 200, 0, 6, 1, 2, 3, 4][..], &[0; 16 + 20]].concat();
        let layout = GCM_SRTCP.layout(sealed.len(), RTCP_CLEAR_LEN).unwrap();
        keys.seal_rtcp(&mut sealed, index, &layout, &[], true, Macs::Now);
        assert!(seen.insert(sealed[8..24].to_vec()), "keystream of index {index:x} came before");
    }
}
