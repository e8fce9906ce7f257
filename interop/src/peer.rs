//! What another implementation looks like from here, and what it is given.

use srtp_core::{CryptoSuite, MasterKey};

/// Which of the two protocols of RFC 3711.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    Rtp,
    Rtcp,
}

/// What two sides have agreed on.
#[derive(Clone, Debug)]
pub struct Agreed {
    pub suite: CryptoSuite,
    pub key_salt: Vec<u8>,
    pub mki: Vec<u8>,
    /// The rollover counter both are told before the first packet.
    pub roc: u32,
}

impl Agreed {
    /// Key and salt that belong to the suite and this name.
    pub fn new(suite: CryptoSuite, name: &str) -> Self {
        let key_salt = crate::packets::filler(&format!("{suite} {name}"), suite.key_salt_len());
        Self { suite, key_salt, mki: Vec::new(), roc: 0 }
    }

    pub fn master_key(&self) -> MasterKey {
        let key = MasterKey::new(self.suite, &self.key_salt).expect("as long as the suite says");
        key.with_mki(&self.mki).expect("at most 128 bytes")
    }
}

/// Another implementation that protects or unprotects single packets. A packet that it refuses, or
/// drops, is an error.
pub trait Peer {
    fn protect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String>;
    fn unprotect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String>;
}
