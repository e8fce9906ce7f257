//! How secrets are shown: their length and enough of a hash to tell two of them apart, and
//! themselves only to who asked for it.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::packet::line::Hex;

/// Bytes that are a secret: `30 bytes, SHA-256 1556…`, and with `--show-keys` the bytes in hex.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The secret.
    pub bytes: &'a [u8],
    /// Whether the user asked for it.
    pub asked: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = Sha256::digest(self.bytes);
        let start = digest.get(..2).unwrap_or_default();
        write!(f, "{} bytes, SHA-256 {}…", self.bytes.len(), Hex(start))?;
        if self.asked { write!(f, ", hex {}", Hex(self.bytes)) } else { Ok(()) }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({self})")
    }
}
