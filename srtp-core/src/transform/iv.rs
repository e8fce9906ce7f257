//! The IVs of every suite, and what they are made of.
//!
//! Read first: RFC 3711 §4.1.1, §4.1.2.2 and §4.1.2.3; RFC 7714 §8.1 and §9.1.

#[cfg(feature = "f8")]
use crate::index;
use crate::wire::{RTCP_CLEAR_LEN, RtpHeader};

/// The bit before the SRTCP index that says the packet is encrypted (RFC 3711 §3.4).
pub(super) const E_BIT: u32 = 1 << 31;

/// What an IV is made of, whichever suite makes it.
// A tag of its own, so that which of the two it is does not hang on whether a header has an extension.
#[repr(u8)]
#[derive(Clone, Copy)]
pub(super) enum IvInput {
    Rtp { header: RtpHeader, index: u64 },
    Rtcp { clear: u64, ssrc: u32, word: u32 },
}

impl IvInput {
    #[cfg(any(feature = "aes-cm", feature = "gcm", feature = "header-encryption"))]
    #[inline(always)]
    fn ssrc_and_index(self) -> (u128, u128) {
        match self {
            Self::Rtp { header, index } => (header.ssrc.into(), index.into()),
            Self::Rtcp { ssrc, word, .. } => (ssrc.into(), (word & !E_BIT).into()),
        }
    }
}

/// `IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16)`, RFC 3711 §4.1.1.
#[cfg(any(feature = "aes-cm", feature = "gcm", feature = "header-encryption"))]
#[inline]
pub(super) fn cm_iv(salt: u128, input: IvInput) -> u128 {
    let (ssrc, index) = input.ssrc_and_index();
    salt ^ (ssrc << 64) ^ (index << 16)
}

/// The same of an RTP packet.
#[cfg(feature = "aes-cm")]
#[inline]
pub(super) fn counter_mode_iv(salt: u128, ssrc: u32, index: u64) -> u128 {
    salt ^ (u128::from(ssrc) << 64) ^ (u128::from(index) << 16)
}

/// RFC 7714 §8.1 and §9.1: `00 00 || SSRC || ROC || SEQ`, in SRTCP `00 00 || SSRC || 00 00 || 0 ||
/// index`, XORed to the salt. In the upper 96 bits.
#[cfg(feature = "gcm")]
#[inline(always)]
pub(super) fn gcm_iv(salt: u128, input: IvInput) -> u128 {
    let (ssrc, index) = input.ssrc_and_index();
    salt ^ (ssrc << 80) ^ (index << 32)
}

/// RFC 3711 §4.1.2.2: `0x00 || M || PT || SEQ || TS || SSRC || ROC`; §4.1.2.3: `0..0 || E || SRTCP
/// index || V || P || RC || PT || length || SSRC`.
// Inlined, for else every suite would lay a header into memory for it; but for code that is to be
// small.
#[cfg(feature = "f8")]
#[cfg_attr(feature = "accel", inline(always))]
pub(super) fn f8_iv(input: IvInput) -> u128 {
    match input {
        IvInput::Rtp { header, index } => {
            let second = u128::from(header.marker) << 7 | u128::from(header.payload_type);
            second << 112
                | u128::from(header.sequence_number) << 96
                | u128::from(header.timestamp) << 64
                | u128::from(header.ssrc) << 32
                | u128::from(index::roc(index))
        }
        IvInput::Rtcp { clear, word, .. } => u128::from(word) << 64 | u128::from(clear),
    }
}

#[inline]
pub(super) fn rtcp_input(body: &[u8], word: u32) -> IvInput {
    let clear = body.first_chunk::<RTCP_CLEAR_LEN>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    #[allow(clippy::cast_possible_truncation)] // the SSRC is the lower half
    let ssrc = clear as u32;
    IvInput::Rtcp { clear, ssrc, word }
}

/// E bit and SRTCP index out of the four bytes that carry them.
#[inline]
pub(crate) fn split_index_word(word: &[u8]) -> (bool, u32) {
    let word = word.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    (word & E_BIT != 0, word & !E_BIT)
}
