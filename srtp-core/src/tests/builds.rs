//! What a build of the crate has not, it refuses by name: the same tests in every build.

use super::conversation::rtp_packet;
use crate::wire::ExtensionIds;
use crate::{
    Cryptex, CryptoSuite, Fixed, Inbound, KeyError, MasterKey, Outbound, Policy, Rcc, RccMode,
};

fn is_here(suite: CryptoSuite) -> bool {
    let (size, mode) = match suite {
        CryptoSuite::AesCm128HmacSha1_80 | CryptoSuite::AesCm128HmacSha1_32 => {
            (true, cfg!(feature = "aes-cm"))
        }
        CryptoSuite::Aes192CmHmacSha1_80 | CryptoSuite::Aes192CmHmacSha1_32 => {
            (cfg!(feature = "aes-192"), cfg!(feature = "aes-cm"))
        }
        CryptoSuite::Aes256CmHmacSha1_80 | CryptoSuite::Aes256CmHmacSha1_32 => {
            (cfg!(feature = "aes-256"), cfg!(feature = "aes-cm"))
        }
        CryptoSuite::F8_128HmacSha1_80 => (true, cfg!(feature = "f8")),
        CryptoSuite::AeadAes128Gcm => (true, cfg!(feature = "gcm")),
        CryptoSuite::AeadAes256Gcm => (cfg!(feature = "aes-256"), cfg!(feature = "gcm")),
        CryptoSuite::NullHmacSha1_80 | CryptoSuite::NullHmacSha1_32 => {
            (true, cfg!(feature = "null"))
        }
    };
    size && mode
}

/// A suite needs its mode and its key size; without either there is no master key for it.
#[test]
fn a_suite_is_built_in_with_its_features() {
    for &suite in CryptoSuite::ALL {
        assert_eq!(suite.is_built_in(), is_here(suite), "{suite}");
        let key = MasterKey::new(suite, &vec![1; suite.key_salt_len()]);
        let expected = if is_here(suite) { None } else { Some(KeyError::NotBuiltIn { suite }) };
        assert_eq!(key.err(), expected, "{suite}");
    }
}

/// A policy that asks for what is not built in is refused: nobody sends in the clear what was agreed
/// to be encrypted.
#[test]
fn a_policy_needs_its_features() {
    let rcc = Rcc::new(RccMode::Three, 2.try_into().unwrap());
    for (policy, has_feature, refused) in [
        (Policy::SECURE, true, KeyError::CryptexNotBuiltIn),
        (
            Policy::SECURE.with_encrypted_extensions(ExtensionIds::NONE.with(1)),
            cfg!(feature = "header-encryption"),
            KeyError::HeaderEncryptionNotBuiltIn,
        ),
        (
            Policy::SECURE.with_cryptex(Cryptex::Allowed),
            cfg!(feature = "cryptex"),
            KeyError::CryptexNotBuiltIn,
        ),
        (Policy::SECURE.with_rcc(rcc), cfg!(feature = "rcc"), KeyError::RccNotBuiltIn),
    ] {
        for &suite in CryptoSuite::ALL.iter().filter(|suite| is_here(**suite)) {
            let key = MasterKey::new(suite, &vec![1; suite.key_salt_len()]).unwrap();
            let expected = if has_feature { None } else { Some(refused) };
            assert_eq!(Outbound::<Fixed<1>, 1>::new(&key, policy).err(), expected);
            assert_eq!(Inbound::<Fixed<1>, 1>::new(&key, policy).err(), expected);
        }
    }
}

/// Header extensions and CSRCs go in the clear where nothing else was agreed, and the payload does
/// not, in every build.
#[test]
fn the_payload_is_encrypted_and_the_header_is_not() {
    for &suite in CryptoSuite::ALL.iter().filter(|suite| is_here(**suite)) {
        let key = MasterKey::new(suite, &vec![1; suite.key_salt_len()]).unwrap();
        let mut tx = Outbound::<Fixed<1>, 1>::new(&key, Policy::SECURE).unwrap();
        let mut rx = Inbound::<Fixed<1>, 1>::new(&key, Policy::SECURE).unwrap();
        for seq in 0..3 {
            let packet = rtp_packet(7, seq, 2, Some((0xbede, 2)), 40);
            let (header, len) = (packet.len() - 40, packet.len());
            let mut buffer = [&packet[..], &[0; 20]].concat();
            let sealed = tx.protect_rtp(&mut buffer, len).unwrap();
            assert_eq!(buffer[..header], packet[..header], "{suite}");
            let hidden = suite.parameters().cipher != crate::suite::Cipher::Null;
            assert_eq!(buffer[header..len] != packet[header..], hidden, "{suite}");
            assert_eq!(rx.unprotect_rtp(&mut buffer[..sealed]), Ok(len));
            assert_eq!(buffer[..len], packet);
        }
    }
}
