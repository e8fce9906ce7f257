//! DTLS-SRTP: protection profiles, and keys out of what a DTLS handshake exports. The handshake is
//! somebody else's.
//!
//! Read first: RFC 5764 §4.1.2 and §4.2, RFC 7714 §14.2.

use crate::key::{KeyError, MasterKey};
use crate::suite::{CryptoSuite, MAX_KEY_SALT_LEN};
use zeroize::Zeroizing;

/// The label under which keying material is exported from the handshake, without a context value
/// (RFC 5764 §4.2).
pub const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// Which side of the DTLS handshake one was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DtlsRole {
    /// The one who sent the `ClientHello`: `a=setup:active`.
    Client,
    /// The one who answered it: `a=setup:passive`.
    Server,
}

/// The master keys of both directions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DtlsKeys {
    /// What we send is protected with this.
    pub local: MasterKey,
    /// What we receive was protected with this.
    pub remote: MasterKey,
}

impl DtlsKeys {
    /// Bytes to be exported from the handshake for a suite: twice key and salt.
    pub const fn exported_len(suite: CryptoSuite) -> usize {
        2 * suite.key_salt_len()
    }

    /// Takes the exported keying material apart: client's key, server's key, client's salt,
    /// server's salt (RFC 5764 §4.2).
    ///
    /// ```
    /// use srtp_core::{CryptoSuite, DtlsKeys, DtlsRole};
    ///
    /// let suite = CryptoSuite::from_dtls_profile(0x0001).unwrap(); // out of the use_srtp extension
    /// let exported = [7; 60]; // with EXPORTER_LABEL, exported_len(suite) bytes
    /// let keys = DtlsKeys::split(suite, &exported, DtlsRole::Client)?;
    /// assert_eq!(keys.local.suite(), suite);
    /// # Ok::<(), srtp_core::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::ExportedLength`]; [`KeyError::NotBuiltIn`].
    pub fn split(suite: CryptoSuite, exported: &[u8], role: DtlsRole) -> Result<Self, KeyError> {
        let needed = Self::exported_len(suite);
        let wrong = KeyError::ExportedLength { needed, given: exported.len() };
        let (key, salt) = (suite.master_key_len(), suite.parameters().master_salt_len);
        let [client_key, server_key, client_salt, server_salt] =
            cut(exported, [key, key, salt, salt]).ok_or(wrong)?;
        let client = joined(suite, client_key, client_salt)?;
        let server = joined(suite, server_key, server_salt)?;
        Ok(match role {
            DtlsRole::Client => Self { local: client, remote: server },
            DtlsRole::Server => Self { local: server, remote: client },
        })
    }
}

/// The bytes in pieces of these lengths, if they are just as many.
pub(crate) fn cut<const N: usize>(bytes: &[u8], lengths: [usize; N]) -> Option<[&[u8]; N]> {
    let mut rest = bytes;
    let mut pieces = [&[][..]; N];
    for (piece, len) in pieces.iter_mut().zip(lengths) {
        (*piece, rest) = rest.split_at_checked(len)?;
    }
    rest.is_empty().then_some(pieces)
}

/// A master key from key and salt that stand apart.
pub(crate) fn joined(suite: CryptoSuite, key: &[u8], salt: &[u8]) -> Result<MasterKey, KeyError> {
    let mut key_salt = Zeroizing::new([0; MAX_KEY_SALT_LEN]);
    key_salt.iter_mut().zip(key.iter().chain(salt)).for_each(|(to, from)| *to = *from);
    MasterKey::new(suite, key_salt.get(..key.len() + salt.len()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5764 §4.2: the order of the four values, for every suite and either role; and no other
    /// length than the suite's.
    #[test]
    fn exported_material_is_cut_in_the_order_of_the_rfc() {
        for &suite in CryptoSuite::ALL {
            let (key, salt) = (suite.master_key_len(), suite.parameters().master_salt_len);
            let exported = [vec![1; key], vec![2; key], vec![3; salt], vec![4; salt]].concat();
            assert_eq!(exported.len(), DtlsKeys::exported_len(suite));
            let client = DtlsKeys::split(suite, &exported, DtlsRole::Client).unwrap();
            let expected = [vec![1; key], vec![3; salt]].concat();
            assert_eq!(client.local.expose_key_salt(), expected);
            let expected = [vec![2; key], vec![4; salt]].concat();
            assert_eq!(client.remote.expose_key_salt(), expected);
            let server = DtlsKeys::split(suite, &exported, DtlsRole::Server).unwrap();
            assert_eq!((server.local, server.remote), (client.remote, client.local));
            for given in [0, exported.len() - 1] {
                let needed = exported.len();
                assert_eq!(
                    DtlsKeys::split(suite, &exported[..given], DtlsRole::Client),
                    Err(KeyError::ExportedLength { needed, given })
                );
            }
        }
    }
}
