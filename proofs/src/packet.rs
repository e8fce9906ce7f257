//! Packets and keys to prove something with.
//!
//! Read first: RFC 3550 §5.1, §6.4; RFC 8285 §4.2.

use srtp_core::{CryptoSuite, KeyError, MasterKey};

/// The longest packet that is made here, with room for what protection adds.
pub const BUFFER_LEN: usize = 1600;

/// A master key whose bytes are a function of `number`.
///
/// # Errors
/// A suite that is not built in.
pub fn key(suite: CryptoSuite, number: u64) -> Result<MasterKey, KeyError> {
    let mut random = fastrand::Rng::with_seed(number);
    let mut bytes = vec![0; suite.key_salt_len()];
    random.fill(&mut bytes);
    MasterKey::new(suite, &bytes)
}

/// Header fields of an RTP packet.
#[derive(Clone, Copy)]
pub struct Rtp {
    /// Synchronisation source.
    pub ssrc: u32,
    /// Sequence number.
    pub sequence_number: u16,
    /// With two CSRCs and a one-byte header extension of elements 1 and 2 (RFC 8285).
    pub extended: bool,
}

impl Rtp {
    /// Writes the header into the front of a buffer; its length in bytes.
    pub fn write(&self, buffer: &mut [u8]) -> usize {
        let mut header = vec![0x80, 96];
        header.extend(self.sequence_number.to_be_bytes());
        header.extend((u32::from(self.sequence_number) * 160).to_be_bytes());
        header.extend(self.ssrc.to_be_bytes());
        if self.extended {
            header[0] |= 0x12;
            header.extend([0, 0, 0, 1, 0, 0, 0, 2]);
            header.extend([0xbe, 0xde, 0, 2, 0x12, 7, 7, 7, 0x21, 9, 9, 0]);
        }
        buffer[..header.len()].copy_from_slice(&header);
        header.len()
    }
}

/// Writes a sender report without report blocks into the front of a buffer; its length in bytes.
pub fn sender_report(ssrc: u32, buffer: &mut [u8]) -> usize {
    buffer[..4].copy_from_slice(&[0x80, 200, 0, 6]);
    buffer[4..8].copy_from_slice(&ssrc.to_be_bytes());
    buffer[8..28].fill(0x33);
    28
}
