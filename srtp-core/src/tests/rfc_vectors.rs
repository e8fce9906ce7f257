//! The vectors printed in the RFCs, through key derivation and the AES-CM keystream.

use srtp_test_vectors::{RFC3711_B2, RFC3711_B3, value};

use crate::kdf::{Label, Prf};
use crate::primitive::Aes;
use crate::suite::AesSize;
use crate::{CryptoSuite, MasterKey};

fn aes(size: AesSize, key: &[u8]) -> Aes {
    let mut bytes = [0; 32];
    bytes[..key.len()].copy_from_slice(key);
    Aes::new(size, &bytes)
}

/// RFC 3711 Appendix B.2: the first and the last three blocks of a segment of 65282 blocks.
#[test]
fn rfc3711_b2_aes_cm() {
    let iv = u128::from_be_bytes(value(RFC3711_B2, "iv").try_into().unwrap());
    let mut keystream = vec![0; 65_282 * 16];
    aes(AesSize::Aes128, &value(RFC3711_B2, "session_key")).apply_keystream(iv, &mut keystream);
    for block in [0x0000, 0x0001, 0x0002, 0xfeff, 0xff00, 0xff01] {
        let expected = value(RFC3711_B2, &format!("block_{block:04x}"));
        assert_eq!(
            keystream[16 * block..16 * block + 16],
            expected,
            "block {block:04x}"
        );
    }
}

/// RFC 3711 Appendix B.3: all three SRTP session keys, the authentication key at its 94 bytes.
#[test]
fn rfc3711_b3_key_derivation() {
    let key_salt = [
        value(RFC3711_B3, "master_key"),
        value(RFC3711_B3, "master_salt"),
    ]
    .concat();
    let prf = Prf::new(&MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &key_salt).unwrap());
    for (label, name) in [
        (Label::RtpEncryption, "cipher_key"),
        (Label::RtpSalt, "cipher_salt"),
        (Label::RtpAuthentication, "auth_key"),
    ] {
        let expected = value(RFC3711_B3, name);
        let mut derived = vec![0xff; expected.len()];
        prf.derive(label, 0, &mut derived);
        assert_eq!(derived, expected, "{name}");
    }
}
