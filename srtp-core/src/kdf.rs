//! Session keys from a master key.
//!
//! Read first: RFC 3711 §4.3, RFC 6188 §3 (AES-192/256), RFC 7714 §11 (the 96-bit salt), RFC 6904
//! §3.

use zeroize::Zeroizing;

use crate::key::MasterKey;
use crate::primitive::Aes;
use crate::suite::MAX_MASTER_KEY_LEN;
use crate::transform::Protocol;

/// What a session key is for (RFC 3711 §4.3.1 and §4.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
    /// `k_he` of RFC 6904 §3.
    #[cfg_attr(not(feature = "header-encryption"), allow(dead_code))]
    HeaderEncryption = 6,
    /// `k_hs` of RFC 6904 §3.
    #[cfg_attr(not(feature = "header-encryption"), allow(dead_code))]
    HeaderSalt = 7,
    /// Not of the RFC: a number nobody outside can guess, for the hash of the SSRC table. Above
    /// every label in use, so that it can never be a key.
    TableSeed = 0xff,
    /// Not of the RFC either: by what an exported state knows its key again.
    Fingerprint = 0xfe,
}

impl Label {
    /// Those of encryption key, authentication key and salt.
    pub(crate) const fn of(protocol: Protocol) -> [Self; 3] {
        match protocol {
            Protocol::Srtp => [Self::RtpEncryption, Self::RtpAuthentication, Self::RtpSalt],
            Protocol::Srtcp => [Self::RtcpEncryption, Self::RtcpAuthentication, Self::RtcpSalt],
        }
    }
}

/// The pseudo-random function of one master key: AES in counter mode, keyed with all of it
/// (RFC 3711 §4.3.3; RFC 6188 §3 for keys longer than 128 bits).
pub(crate) struct Prf {
    aes: Aes,
    /// The master salt in the place of the IV's upper 112 bits.
    salt: Zeroizing<u128>,
}

impl Prf {
    pub(crate) fn new(master: &MasterKey) -> Self {
        let mut key = Zeroizing::new([0; MAX_MASTER_KEY_LEN]);
        key.iter_mut().zip(master.master_key()).for_each(|(to, from)| *to = *from);
        let aes = Aes::new(master.suite().parameters().aes, &key);
        Self { aes, salt: Zeroizing::new(salt_to_iv(master.master_salt())) }
    }

    /// Fills `out` with the key of this label for `r = index DIV key_derivation_rate`.
    ///
    /// The label stands above 48 bits of `r`, for SRTCP too: its 32-bit `r` of RFC 3711 §4.3.2
    /// would move the label, but every deployed implementation keeps it in place.
    pub(crate) fn derive(&self, label: Label, r: u64, out: &mut [u8]) {
        let key_id = (u128::from(label as u8) << 48) | u128::from(r);
        out.fill(0);
        self.aes.apply_keystream((key_id << 16) ^ *self.salt, out);
    }

    /// What the SSRC table mixes into its hash, so that a peer cannot choose SSRCs that meet.
    pub(crate) fn table_seed(&self) -> u64 {
        let mut seed = [0; 8];
        self.derive(Label::TableSeed, 0, &mut seed);
        u64::from_be_bytes(seed)
    }
}

/// Eight bytes by which a master key is known again; they say nothing about it to those who do
/// not have it.
pub(crate) fn fingerprint(master: &MasterKey) -> [u8; 8] {
    let mut fingerprint = [0; 8];
    Prf::new(master).derive(Label::Fingerprint, 0, &mut fingerprint);
    fingerprint
}

/// A salt of up to 14 bytes as the upper bits of an IV, the rest zero: a shorter one (the 12 bytes
/// of GCM) is padded on the right (RFC 7714 §11).
pub(crate) fn salt_to_iv(salt: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(salt.iter().take(14)).for_each(|(to, from)| *to = *from);
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::CryptoSuite;

    /// The epoch moves the input exactly as the RFC's "key_id XOR master_salt" with right
    /// alignment says, so that two different (label, r) never meet.
    #[test]
    fn label_and_epoch_make_different_keys() {
        let master = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[1; 30]).unwrap();
        let prf = Prf::new(&master);
        let mut seen = std::collections::BTreeSet::new();
        for label in [Label::RtpEncryption, Label::RtpAuthentication, Label::RtcpSalt] {
            for r in [0, 1, 255, 256, (1 << 47) - 1, (1 << 48) - 1] {
                let mut key = [0; 16];
                prf.derive(label, r, &mut key);
                assert!(seen.insert(key), "{label:?} {r}");
            }
        }
    }

    #[test]
    fn short_salt_is_padded_on_the_right() {
        assert_eq!(salt_to_iv(&[0xff; 12]), !0 << 32);
        assert_eq!(salt_to_iv(&[0xff; 14]), !0 << 16);
    }
}
