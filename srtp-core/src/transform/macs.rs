//! HMACs apart from the rest of what protects a packet, so that those of many packets can be
//! computed at once: what one is computed over, and what becomes of it.
//!
//! Read first: RFC 3711 §4.2.

// A build without lanes computes every HMAC where it is needed.
#![cfg_attr(not(all(feature = "accel", feature = "hmac-sha1")), allow(dead_code))]

use core::ops::Range;

#[cfg(feature = "aes-cm")]
use super::CipherKey;
#[cfg(feature = "aes-cm")]
use super::iv::counter_mode_iv;
use super::iv::split_index_word;
use super::tag::{begins_with, copy};
use super::{Pace, Rtp, SessionKeys};
use crate::index;
#[cfg(feature = "hmac-sha1")]
use crate::primitive::HmacSha1;
use crate::wire::Layout;

/// When the HMAC of a packet to be sealed is computed.
pub(crate) enum Macs<'d> {
    Now,
    /// By the caller, if there is one to be computed, who then writes it to its place.
    Later(&'d mut Option<DueMac>),
}

impl Macs<'_> {
    /// The same choice, for one who may not take it.
    #[inline(always)]
    pub(crate) fn again(&mut self) -> Macs<'_> {
        match self {
            Self::Now => Macs::Now,
            Self::Later(due) => Macs::Later(due),
        }
    }
}

/// What an HMAC is computed over: header and payload, which have this length, and four bytes more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MacInput {
    pub(crate) len: usize,
    suffix: u32,
}

impl MacInput {
    /// In the place of one.
    pub(crate) const NOTHING: Self = Self { len: 0, suffix: 0 };

    /// The rollover counter, or E bit and index of SRTCP.
    #[inline]
    pub(crate) fn suffix(self) -> [u8; 4] {
        self.suffix.to_be_bytes()
    }

    #[inline]
    pub(crate) fn due(self, layout: &Layout) -> DueMac {
        DueMac { input: self, tag: layout.tag() }
    }
}

/// An HMAC that a sealed packet still lacks, and where its first bytes belong.
#[derive(Clone, Debug)]
pub(crate) struct DueMac {
    pub(crate) input: MacInput,
    tag: Range<usize>,
}

/// A whole HMAC-SHA1.
pub(crate) type Digest = [u8; 20];

impl DueMac {
    /// Writes as much of the digest as the packet has room for.
    #[inline]
    pub(crate) fn write(&self, packet: &mut [u8], digest: &Digest) {
        if let Some(place) = packet.get_mut(self.tag.clone()) {
            copy(place, digest);
        }
    }
}

impl SessionKeys {
    /// The key of HMACs; none where the cipher makes its own tags.
    #[cfg(feature = "hmac-sha1")]
    #[inline]
    pub(crate) fn auth(&self) -> Option<&HmacSha1> {
        self.auth.as_ref()
    }

    #[inline]
    fn makes_hmacs(&self) -> bool {
        #[cfg(feature = "hmac-sha1")]
        return self.auth.is_some();
        #[cfg(not(feature = "hmac-sha1"))]
        return false;
    }

    /// What the HMAC of an SRTP packet is computed over; none if it has no HMAC.
    #[inline(always)]
    pub(crate) fn rtp_mac_input(&self, index: u64, layout: &Layout) -> Option<MacInput> {
        if !layout.has_tag() || !self.makes_hmacs() {
            return None;
        }
        // M = authenticated portion || ROC, RFC 3711 §4.2.
        Some(MacInput { len: layout.body_len, suffix: index::roc(index) })
    }

    /// What the HMAC of an SRTCP packet is computed over; none if it has no HMAC.
    #[inline]
    pub(crate) fn rtcp_mac_input(&self, word: [u8; 4], layout: &Layout) -> Option<MacInput> {
        let suffix = u32::from_be_bytes(word);
        self.makes_hmacs().then_some(MacInput { len: layout.body_len, suffix })
    }

    /// As [`open_rtp`](Self::open_rtp), where the HMAC is known.
    #[inline(always)]
    pub(crate) fn open_rtp_knowing(
        &self,
        packet: &mut [u8],
        rtp: Rtp<'_>,
        layout: &Layout,
        digest: &Digest,
    ) -> bool {
        let right = packet.get(layout.tag()).is_some_and(|sent| begins_with(digest, sent));
        if right && let Some(body) = packet.get_mut(..layout.body_len) {
            self.decrypt_rtp_in(Pace::InBatch, body, rtp);
        }
        right
    }

    /// Whether what encrypts is AES in counter mode.
    #[inline(always)]
    pub(crate) fn is_counter_mode(&self) -> bool {
        #[cfg(feature = "aes-cm")]
        return matches!(self.cipher, CipherKey::Cm(_));
        #[cfg(not(feature = "aes-cm"))]
        return false;
    }

    /// Encrypts or decrypts a payload where the cipher [is AES in counter mode](Self::is_counter_mode),
    /// which is asked before anything is committed; under another it stays as it is.
    #[inline(always)]
    pub(crate) fn crypt_payload(&self, payload: &mut [u8], ssrc: u32, index: u64) {
        #[cfg(feature = "aes-cm")]
        if let CipherKey::Cm(aes) = &self.cipher {
            aes.apply_keystream_wide(counter_mode_iv(*self.salt, ssrc, index), payload);
        }
        #[cfg(not(feature = "aes-cm"))]
        let _ = (payload, ssrc, index);
    }

    /// As [`open_rtcp`](Self::open_rtcp), where the HMAC is known.
    #[inline]
    pub(crate) fn open_rtcp_knowing(
        &self,
        packet: &mut [u8],
        layout: &Layout,
        digest: &Digest,
    ) -> bool {
        let word = packet.get(layout.index()).unwrap_or_default();
        let (encrypted, index) = split_index_word(word);
        let right = packet.get(layout.tag()).is_some_and(|sent| begins_with(digest, sent));
        if right
            && encrypted
            && let Some(body) = packet.get_mut(..layout.body_len)
        {
            self.decrypt_rtcp(body, index);
        }
        right
    }
}

#[cfg(all(test, feature = "hmac-sha1"))]
mod tests {
    use super::*;

    /// Tags of every length are right, and wrong with any one bit changed or none of it there.
    #[test]
    fn every_bit_of_a_tag_counts() {
        let digest: Digest = core::array::from_fn(|i| (i * 37 + 11) as u8);
        let begins_with = |sent: &[u8]| begins_with(&digest, sent);
        for len in 0..=digest.len() {
            assert_eq!(begins_with(&digest[..len]), len > 0, "{len}");
            for bit in 0..8 * len {
                let mut sent = digest;
                sent[bit / 8] ^= 1 << (bit % 8);
                assert!(!begins_with(&sent[..len]), "{len}, bit {bit}");
            }
        }
        assert!(!begins_with(&[0; 21]));
    }
}
