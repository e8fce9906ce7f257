//! Encryption of header-extension elements one by one: keys and keystream of their own, of which
//! each element's data takes what stands where it stands.
//!
//! Read first: RFC 6904 §3, RFC 7714 §8.3.

#[cfg(feature = "header-encryption")]
pub(crate) use with_keys::HeaderKeys;
#[cfg(not(feature = "header-encryption"))]
pub(crate) use without_keys::HeaderKeys;

#[cfg(feature = "header-encryption")]
mod with_keys {
    use zeroize::Zeroizing;

    use super::super::Rtp;
    #[cfg(feature = "f8")]
    use super::super::iv::f8_iv;
    use super::super::iv::{IvInput, cm_iv};
    use crate::kdf::{Label, Prf, salt_to_iv};
    use crate::primitive::Aes;
    #[cfg(feature = "f8")]
    use crate::primitive::{F8, F8Keystream};
    use crate::suite::{Cipher, MAX_MASTER_KEY_LEN, SuiteParameters};
    use crate::wire::{EXTENSION_HEAD_LEN, ExtensionIds, HeaderExtension};

    /// The salt of AES-CM in bytes (RFC 3711 §4.1.1).
    const CM_SALT_LEN: usize = 14;

    /// `k_he` and `k_hs`, where there is a set of elements to encrypt and a cipher to do it.
    // Indirection would cost every packet a cache line; nobody holds many of these.
    #[allow(clippy::large_enum_variant)]
    #[derive(Clone)]
    pub(crate) enum HeaderKeys {
        None,
        Cm {
            aes: Aes,
            salt: Zeroizing<u128>,
        },
        #[cfg(feature = "f8")]
        F8(F8),
    }

    /// The keystream block by block, from the first byte of the extension's body on.
    enum Keystream<'k> {
        Cm {
            aes: &'k Aes,
            counter: u128,
        },
        #[cfg(feature = "f8")]
        F8(F8Keystream<'k>),
    }

    impl Keystream<'_> {
        fn next_block(&mut self) -> [u8; 16] {
            let block = match self {
                Self::Cm { aes, counter } => {
                    let block = aes.encrypt(*counter);
                    *counter = counter.wrapping_add(1);
                    block
                }
                #[cfg(feature = "f8")]
                Self::F8(keystream) => keystream.next_block(),
            };
            block.to_be_bytes()
        }
    }

    impl HeaderKeys {
        pub(crate) const NONE: Self = Self::None;

        /// "The same size encryption key and salting key are used as are used for the SRTP payload"
        /// (RFC 6904 §3). AES-GCM takes its header keystream from AES-CM (RFC 7714 §8.3), whose salt
        /// has 112 bits; deployed implementations derive as many, so that is what is done here.
        pub(crate) fn derive(prf: &Prf, row: &SuiteParameters, r: u64) -> Self {
            if row.cipher == Cipher::Null {
                return Self::None; // "the header extension keystream SHALL be all-zero", §3.2
            }
            let mut key = Zeroizing::new([0; MAX_MASTER_KEY_LEN]);
            if let Some(key) = key.get_mut(..row.aes.key_len()) {
                prf.derive(Label::HeaderEncryption, r, key);
            }
            let mut salt = Zeroizing::new([0; CM_SALT_LEN]);
            prf.derive(Label::HeaderSalt, r, salt.as_mut_slice());
            match row.cipher {
                #[cfg(feature = "f8")]
                Cipher::AesF8 => Self::F8(F8::new(row.aes, &key, salt.as_slice())),
                _ => {
                    let salt = Zeroizing::new(salt_to_iv(salt.as_slice()));
                    Self::Cm { aes: Aes::new(row.aes, &key), salt }
                }
            }
        }

        pub(crate) fn is_none(&self) -> bool {
            matches!(self, Self::None)
        }

        fn keystream(&self, input: IvInput) -> Option<Keystream<'_>> {
            match self {
                Self::None => None,
                Self::Cm { aes, salt } => {
                    Some(Keystream::Cm { aes, counter: cm_iv(**salt, input) })
                }
                #[cfg(feature = "f8")]
                Self::F8(f8) => Some(Keystream::F8(f8.keystream(f8_iv(input)))),
            }
        }

        /// XORs the keystream onto the data of the elements in `ids`: encryption and decryption.
        pub(crate) fn apply(&self, rtp: Rtp<'_>, ids: &ExtensionIds, packet: &mut [u8]) {
            let Some(profile) = rtp.header.extension_profile else {
                return;
            };
            let body = rtp.header.csrc_end() + EXTENSION_HEAD_LEN..rtp.header.len;
            let (Some(body), Some(mut keystream)) =
                (packet.get_mut(body), self.keystream(rtp.iv_input()))
            else {
                return;
            };
            // The block of the keystream at hand, and where in the body it begins.
            let (mut block, mut block_at, mut next_at) = ([0; 16], 0, 0);
            let mut at = 0;
            while let Some((id, data)) = (HeaderExtension { profile, body }).element_from(at) {
                at = data.end;
                if !ids.contains(id) {
                    continue;
                }
                for position in data {
                    while position >= next_at {
                        (block, block_at, next_at) =
                            (keystream.next_block(), next_at, next_at + 16);
                    }
                    if let (Some(byte), Some(mask)) =
                        (body.get_mut(position), block.get(position - block_at))
                    {
                        *byte ^= mask;
                    }
                }
            }
        }
    }
}

/// A build that encrypts no elements: [`Policy::check`](crate::policy::Policy) refuses to.
#[cfg(not(feature = "header-encryption"))]
mod without_keys {
    use super::super::Rtp;
    use crate::kdf::Prf;
    use crate::suite::SuiteParameters;
    use crate::wire::ExtensionIds;

    #[derive(Clone)]
    pub(crate) struct HeaderKeys;

    impl HeaderKeys {
        pub(crate) const NONE: Self = Self;

        pub(crate) fn derive(_: &Prf, _: &SuiteParameters, _: u64) -> Self {
            Self
        }

        #[allow(clippy::unused_self)]
        pub(crate) fn is_none(&self) -> bool {
            true
        }

        pub(crate) fn apply(&self, _: Rtp<'_>, _: &ExtensionIds, _: &mut [u8]) {}
    }
}
