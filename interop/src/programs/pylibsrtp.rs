//! `pylibsrtp`, libsrtp for Python with its own copy of the library, behind `pylibsrtp/filter.py`.

use std::process::Command;

use srtp_core::CryptoSuite;

use super::filter::{Filter, hex};
use crate::peer::Agreed;

/// The suites that pylibsrtp has.
pub const SUITES: [CryptoSuite; 4] = [
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
    CryptoSuite::AeadAes128Gcm,
    CryptoSuite::AeadAes256Gcm,
];

/// Both directions, in one Python. `python` is an interpreter that has the module.
///
/// # Errors
/// That it could not be started.
pub fn start(python: &str, agreed: &Agreed) -> Result<Filter, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/pylibsrtp/filter.py");
    let arguments = ["-B", script, agreed.suite.name(), &hex(&agreed.key_salt)];
    Filter::start(Command::new(python).args(arguments))
}
