//! A table in the context itself.

use super::{Lists, Storage};
use crate::replay::MAX_WINDOW;
use crate::stream::Stream;

/// Room for `STREAMS` SSRCs in the context itself, each with an RTP replay window of
/// `64 * WINDOW_WORDS` packets. `WINDOW_WORDS` is a power of two from 1 to 512; the default of 16
/// makes 1024 packets, a second of fast video, for 128 bytes an SSRC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fixed<const STREAMS: usize, const WINDOW_WORDS: usize = 16> {
    buckets: [u32; STREAMS],
    streams: [Stream; STREAMS],
    windows: [[u64; WINDOW_WORDS]; STREAMS],
    lists: Lists,
}

impl<const STREAMS: usize, const WINDOW_WORDS: usize> Fixed<STREAMS, WINDOW_WORDS> {
    /// A table without streams.
    pub const fn new() -> Self {
        const {
            assert!(STREAMS >= 1 && STREAMS < u32::MAX as usize, "1 to 2^32 - 2 streams");
            assert!(WINDOW_WORDS.is_power_of_two(), "the window is a power of two");
            assert!(64 * WINDOW_WORDS <= MAX_WINDOW, "the window is at most 32768 packets");
        }
        Self {
            buckets: [0; STREAMS],
            streams: [Stream::VACANT; STREAMS],
            windows: [[0; WINDOW_WORDS]; STREAMS],
            lists: Lists::EMPTY,
        }
    }
}

impl<const STREAMS: usize, const WINDOW_WORDS: usize> Default for Fixed<STREAMS, WINDOW_WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const STREAMS: usize, const WINDOW_WORDS: usize> Storage for Fixed<STREAMS, WINDOW_WORDS> {
    #[inline]
    fn buckets(&self) -> &[u32] {
        &self.buckets
    }

    #[inline]
    fn buckets_mut(&mut self) -> &mut [u32] {
        &mut self.buckets
    }

    #[inline]
    fn streams(&self) -> &[Stream] {
        &self.streams
    }

    #[inline]
    fn slots_mut(&mut self) -> (&mut [Stream], &mut [u64]) {
        (&mut self.streams, self.windows.as_flattened_mut())
    }

    #[inline]
    fn windows(&self) -> &[u64] {
        self.windows.as_flattened()
    }

    #[inline]
    fn window_words(&self) -> usize {
        WINDOW_WORDS
    }

    #[inline]
    fn lists(&self) -> &Lists {
        &self.lists
    }

    #[inline]
    fn lists_mut(&mut self) -> &mut Lists {
        &mut self.lists
    }

    #[inline]
    fn limit(&self) -> usize {
        STREAMS
    }

    fn grow(&mut self) {}
}
