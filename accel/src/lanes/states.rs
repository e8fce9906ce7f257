//! What lanes work on: states turned on their side, and where the next blocks of each lane stand.

use super::hmac::{BLOCK_LEN, Digest, to_bytes};

/// The SHA-1 states of `N` messages: word by word, not message by message.
#[repr(align(64))]
pub(super) struct States<const N: usize>(pub(super) [[u32; N]; 5]);

impl<const N: usize> States<N> {
    pub(super) const ZERO: Self = Self([[0; N]; 5]);

    #[inline]
    pub(super) fn of(&self, lane: usize) -> [u32; 5] {
        self.0.each_ref().map(|words| words.get(lane).copied().unwrap_or_default())
    }

    /// Writes the digests that the first states are.
    #[inline(always)]
    pub(super) fn write(&self, digests: &mut [Digest]) {
        for (n, digest) in digests.iter_mut().enumerate().take(N) {
            *digest = to_bytes(&self.of(n));
        }
    }

    #[inline]
    pub(super) fn set(&mut self, lane: usize, state: &[u32; 5]) {
        for (words, word) in self.0.iter_mut().zip(state) {
            if let Some(place) = words.get_mut(lane) {
                *place = *word;
            }
        }
    }
}

/// Where a lane's next blocks stand; zeros follow them, and are all there is in an idle lane.
#[derive(Clone, Copy)]
pub(super) struct Source<'b> {
    pub(super) message: &'b [[u8; BLOCK_LEN]],
    pub(super) tail: &'b [[u8; BLOCK_LEN]],
}

impl<'b> Source<'b> {
    #[inline]
    pub(super) fn block(&self, at: usize) -> &'b [u8; BLOCK_LEN] {
        const IDLE: &[u8; BLOCK_LEN] = &[0; BLOCK_LEN];
        let in_tail = || self.tail.get(at.wrapping_sub(self.message.len()));
        self.message.get(at).or_else(in_tail).unwrap_or(IDLE)
    }
}

/// Where each lane's block number `at` is. Not inlined: much would be computed ahead for many blocks, and
/// ragged messages go on for one or two before a lane has its end.
#[inline(never)]
pub(super) fn blocks_at<'b, const N: usize>(
    sources: &[Source<'b>; N],
    at: usize,
    places: &mut [&'b [u8; BLOCK_LEN]; N],
) {
    for (place, source) in places.iter_mut().zip(sources) {
        *place = source.block(at);
    }
}
