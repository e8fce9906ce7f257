//! A table on the heap.

use alloc::vec::Vec;

use super::{Lists, Storage, hook};
use crate::replay::{MAX_WINDOW, MIN_WINDOW};
use crate::stream::Stream;

/// Room for SSRCs on the heap, growing with their number up to a bound; with windows whose size is
/// chosen at run time. What is removed is used again, the memory is kept.
///
/// ```
/// use srtp_core::{CryptoSuite, Growing, Inbound, MasterKey, Policy};
///
/// let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[1; 30])?;
/// let streams = Growing::new(10_000, 1024);
/// let mut rx = Inbound::<Growing, 1>::with_streams(&key, Policy::SECURE, streams)?;
/// # Ok::<(), srtp_core::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Growing {
    buckets: Vec<u32>,
    streams: Vec<Stream>,
    windows: Vec<u64>,
    window_words: usize,
    lists: Lists,
    limit: usize,
}

impl Growing {
    /// A table for up to `max_streams` SSRCs, at least one, each with an RTP replay window of
    /// `window` packets: 64 to 32768, other numbers being taken to the next power of two in this
    /// range. Nothing is allocated before the first SSRC.
    pub fn new(max_streams: usize, window: usize) -> Self {
        let window = window.clamp(MIN_WINDOW, MAX_WINDOW).next_power_of_two();
        Self {
            buckets: Vec::new(),
            streams: Vec::new(),
            windows: Vec::new(),
            window_words: window / 64,
            lists: Lists::EMPTY,
            limit: max_streams.clamp(1, u32::MAX as usize - 1),
        }
    }

    /// Packets in a window.
    pub const fn window(&self) -> usize {
        64 * self.window_words
    }
}

impl Storage for Growing {
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
        (&mut self.streams, &mut self.windows)
    }

    #[inline]
    fn windows(&self) -> &[u64] {
        &self.windows
    }

    #[inline]
    fn window_words(&self) -> usize {
        self.window_words
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
        self.limit
    }

    /// Doubles where there is no slot left.
    fn grow(&mut self) {
        if (self.lists.used as usize) < self.streams.len() {
            return;
        }
        let slots = (2 * self.streams.len()).clamp(4.min(self.limit), self.limit);
        self.streams.resize(slots, Stream::VACANT);
        self.windows.resize(slots * self.window_words, 0);
        self.buckets.clear();
        self.buckets.resize(slots, 0);
        for link in 1..=self.lists.used {
            let in_use = (link as usize).checked_sub(1).and_then(|slot| self.streams.get(slot));
            if in_use.is_some_and(Stream::is_in_use) {
                // The slot exists: it was just seen.
                let _ = hook(self, link);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sealed::Table;
    use super::*;

    /// Memory goes with the streams there are: twice as much when there is no place left, and no more
    /// than the limit; not again while there is.
    #[test]
    fn it_doubles_when_it_is_full() {
        let mut table = Growing::new(50, 64);
        let sizes: Vec<_> = (0..50)
            .map(|ssrc| {
                table.admit(ssrc).unwrap();
                (table.streams.len(), table.buckets.len(), table.windows.len())
            })
            .collect();
        for (n, size) in (1..).zip(sizes) {
            let slots = match n {
                ..=4 => 4,
                5..=8 => 8,
                9..=16 => 16,
                17..=32 => 32,
                _ => 50,
            };
            assert_eq!(size, (slots, slots, slots), "{n}");
        }
    }

    #[test]
    fn window_is_a_power_of_two_in_range() {
        for (asked, given) in [(0, 64), (64, 64), (65, 128), (1000, 1024), (1 << 20, 32_768)] {
            assert_eq!(Growing::new(1, asked).window(), given);
        }
    }
}
