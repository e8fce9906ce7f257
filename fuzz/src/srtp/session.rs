//! A session out of the fuzzer's bytes: suite, key, MKI and policy.

use arbitrary::{Result, Unstructured};
use srtp_core::wire::{ExtensionForm, ExtensionIds, RtpHeader};
use srtp_core::{
    Cryptex, CryptoSuite, KeyDerivationRate, MasterKey, MkiPolicy, Policy, Rcc, RccMode, stateless,
};

/// What both sides have agreed on.
#[derive(Clone, Debug)]
pub struct Session {
    pub key: MasterKey,
    pub policy: Policy,
}

/// A key that is told from another by one byte: the fuzzer shall not spend its bytes on keys.
pub fn key(suite: CryptoSuite, number: u8, mki_len: usize, rate: Option<u8>) -> MasterKey {
    let key_salt: Vec<u8> = (0..suite.key_salt_len()).map(|n| number ^ n as u8).collect();
    let mki = vec![number; mki_len];
    let rate =
        rate.map_or(KeyDerivationRate::ZERO, |n| KeyDerivationRate::from_exponent(n).unwrap());
    MasterKey::new(suite, &key_salt).unwrap().with_mki(&mki).unwrap().with_key_derivation_rate(rate)
}

impl Session {
    /// # Errors
    /// Where the bytes are at an end, or the policy does not go with the suite.
    pub fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        let suite = *u.choose(CryptoSuite::ALL)?;
        let mki_len = *u.choose(&[0, 0, 1, 4, 128])?;
        let rate = *u.choose(&[None, None, Some(0), Some(3), Some(16), Some(24)])?;
        let mut policy = Policy::SECURE
            .with_mki(*u.choose(&[
                MkiPolicy::Require,
                MkiPolicy::Require,
                MkiPolicy::AcceptIfPresent,
                MkiPolicy::Never,
            ])?)
            .with_cryptex(*u.choose(&[
                Cryptex::Off,
                Cryptex::Off,
                Cryptex::Allowed,
                Cryptex::Required,
            ])?);
        let switches: u8 = u.arbitrary()?;
        policy = policy
            .with_unencrypted_srtp(switches & 7 == 1)
            .with_unencrypted_srtcp(switches >> 3 & 3 == 1)
            .with_unauthenticated_srtp(switches >> 5 == 1);
        if switches >> 5 == 2 {
            policy = policy.with_first_roc(0..=2);
        }
        if switches >> 5 == 3 {
            let ids: [u8; 3] = u.arbitrary()?;
            policy = policy.with_encrypted_extensions(ExtensionIds::from_iter(ids));
        }
        if switches >> 5 == 4 {
            let mode = *u.choose(&[RccMode::One, RccMode::Two, RccMode::Three])?;
            let rate = u.arbitrary::<core::num::NonZeroU16>()?;
            policy = policy.with_rcc(Rcc::new(mode, rate));
        }
        let key = key(suite, 1, mki_len, rate);
        if stateless::Outbound::new(&key, policy).is_err() {
            return Err(arbitrary::Error::IncorrectFormat);
        }
        Ok(Self { key, policy })
    }

    pub fn stateless(&self) -> (stateless::Outbound, stateless::Inbound) {
        let outbound = stateless::Outbound::new(&self.key, self.policy);
        (outbound.unwrap(), stateless::Inbound::new(&self.key, self.policy).unwrap())
    }

    /// Whether a tag vouches for every SRTP packet.
    pub fn authenticates_srtp(&self) -> bool {
        let aead = self.key.suite().parameters().cipher.is_aead();
        match self.policy.rcc {
            Some(rcc) => {
                aead || rcc.mode == RccMode::Two || rcc.mode == RccMode::One && rcc.rate.get() == 1
            }
            None => !self.policy.unauthenticated_srtp,
        }
    }

    /// Whether a packet can be sent in one way only.
    pub fn has_one_form(&self) -> bool {
        let one_mki = self.key.mki().is_empty() || self.policy.mki != MkiPolicy::AcceptIfPresent;
        one_mki && self.policy.cryptex == Cryptex::Off && self.policy.rcc.is_none()
    }

    /// The packet that comes out at the other end. Cryptex puts an empty extension behind CSRCs
    /// that have none, which stays, and has no room for the appbits of two-byte headers (RFC 9335
    /// §5.1 and §5).
    pub fn arrives_as(&self, plain: &[u8]) -> Vec<u8> {
        let mut packet = plain.to_vec();
        let header = RtpHeader::parse(plain).expect("it was protected");
        let extension = 12 + 4 * usize::from(plain[0] & 15);
        match header.extension(plain).map(|extension| extension.form()) {
            _ if self.policy.cryptex == Cryptex::Off => {}
            None if extension > 12 => {
                packet[0] |= 0x10;
                packet.splice(extension..extension, [0xbe, 0xde, 0, 0]);
            }
            Some(ExtensionForm::TwoByte { .. }) => packet[extension + 1] = 0,
            _ => {}
        }
        packet
    }
}
