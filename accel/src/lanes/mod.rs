//! HMAC-SHA1 of many packets at once, with a packet in each lane of a vector. The digests are those
//! of one packet after the other.
//!
//! AES needs no lanes: the rounds of one packet do not wait for those of the packet before, and the
//! processor runs them into each other by itself.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod hmac;
#[cfg(target_arch = "x86_64")]
mod rounds;
#[cfg(target_arch = "x86_64")]
mod states;

use crate::{Avx2, Avx512, ShaNi};

/// One message to be authenticated: `message || suffix` under a key.
#[derive(Clone, Copy)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub struct HmacJob<'a> {
    states: &'a [[u32; 5]; 2],
    message: &'a [u8],
    /// As a little-endian number, so that it is stored and loaded in one piece.
    suffix: u32,
}

impl<'a> HmacJob<'a> {
    /// The key as [`HmacSha1::states`](crate::HmacSha1::states) gives it: the SHA-1 states after
    /// the inner and the outer pad. The suffix is what follows the packet in RFC 3711 §4.2: the
    /// rollover counter, or E bit and index of SRTCP.
    #[inline]
    #[must_use]
    pub const fn new(states: &'a [[u32; 5]; 2], message: &'a [u8], suffix: [u8; 4]) -> Self {
        Self { states, message, suffix: u32::from_le_bytes(suffix) }
    }
}

/// The vectors of this processor, one packet to a lane.
#[derive(Clone, Copy, Debug)]
pub enum Lanes {
    /// Eight packets at once.
    Eight(Avx2),
    /// Sixteen packets at once.
    Sixteen(Avx512),
}

impl Lanes {
    /// The widest of this processor, if it has any.
    #[must_use]
    pub fn best() -> Option<Self> {
        Avx512::detect().map(Self::Sixteen).or_else(|| Avx2::detect().map(Self::Eight))
    }

    /// All widths of this processor, the widest last.
    pub fn all() -> impl Iterator<Item = Self> {
        let eight = Avx2::detect().map(Self::Eight);
        eight.into_iter().chain(Avx512::detect().map(Self::Sixteen))
    }

    /// Computes the digests of all jobs, in their order; if there is no place for some, not those.
    /// With SHA-NI, what would leave too many lanes idle is done by it; else the lanes are used to
    /// the end.
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    pub fn hmac_sha1(self, sha_ni: Option<ShaNi>, jobs: &[HmacJob<'_>], digests: &mut [[u8; 20]]) {
        let len = jobs.len().min(digests.len());
        let (Some(jobs), Some(digests)) = (jobs.get(..len), digests.get_mut(..len)) else {
            return;
        };
        #[cfg(target_arch = "x86_64")]
        match self {
            Self::Sixteen(token) => avx512::run(token, jobs, digests, sha_ni),
            Self::Eight(token) => avx2::run(token, jobs, digests, sha_ni),
        }
    }
}
