//! What one SSRC costs: where it is in its index spaces and which of the latest packets it has
//! seen. No keys; those belong to the master key.
//!
//! Read first: RFC 3711 §3.2.3, §3.3.1, §3.3.2.

use crate::index;
use crate::replay::{MAX_WINDOW, Seen, Window};

/// Packets the SRTCP replay window holds.
pub const RTCP_WINDOW: usize = 128;

/// The state of one SSRC but for its RTP window, whose size is the table's matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    ssrc: u32,
    /// The slot after this one in its bucket or in the free list, plus one; 0 ends the list.
    next: u32,
    /// The highest RTP index, or the rollover counter to begin with while there is none.
    rtp_index: u64,
    rtcp_window: [u64; RTCP_WINDOW / 64],
    /// The highest SRTCP index, once there is one.
    rtcp_index: u32,
    in_use: bool,
    rtp_started: bool,
    rtcp_started: bool,
}

impl Stream {
    const VACANT: Self = Self {
        ssrc: 0,
        next: 0,
        rtp_index: 0,
        rtcp_window: [0; RTCP_WINDOW / 64],
        rtcp_index: 0,
        in_use: false,
        rtp_started: false,
        rtcp_started: false,
    };

    fn new(ssrc: u32) -> Self {
        Self {
            ssrc,
            in_use: true,
            ..Self::VACANT
        }
    }

    /// The synchronisation source.
    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The index that a sequence number means now; may be above `MAX_RTP_INDEX`.
    #[inline]
    pub(crate) fn estimate(&self, sequence_number: u16) -> u64 {
        if self.rtp_started {
            index::estimate(self.rtp_index, sequence_number)
        } else {
            index::compose(index::roc(self.rtp_index), sequence_number)
        }
    }

    /// The rollover counter of the highest index, or the one the stream will begin with.
    pub(crate) fn roc(&self) -> u32 {
        index::roc(self.rtp_index)
    }

    /// The highest RTP index so far.
    pub(crate) fn highest_rtp(&self) -> Option<u64> {
        self.rtp_started.then_some(self.rtp_index)
    }

    /// The highest SRTCP index so far.
    pub(crate) fn highest_rtcp(&self) -> Option<u32> {
        self.rtcp_started.then_some(self.rtcp_index)
    }

    #[inline]
    pub(crate) fn check_rtcp(&self, index: u32) -> Seen {
        match self.highest_rtcp() {
            Some(highest) => Window(self.rtcp_window).check(highest.into(), index.into()),
            None => Seen::Never,
        }
    }

    /// The oldest index that the SRTCP window still tells apart.
    pub(crate) fn oldest_rtcp(&self) -> u64 {
        (u64::from(self.rtcp_index) + 1).saturating_sub(RTCP_WINDOW as u64)
    }

    #[inline]
    pub(crate) fn commit_rtcp(&mut self, index: u32) {
        let highest = self.highest_rtcp().unwrap_or(index);
        Window(&mut self.rtcp_window).commit(highest.into(), index.into());
        self.rtcp_index = highest.max(index);
        self.rtcp_started = true;
    }
}

/// A stream with its RTP window, to read.
#[derive(Clone, Copy)]
pub struct StreamRef<'t> {
    pub(crate) stream: &'t Stream,
    window: &'t [u64],
}

impl StreamRef<'_> {
    #[inline]
    pub(crate) fn check_rtp(&self, index: u64) -> Seen {
        match self.stream.highest_rtp() {
            Some(highest) => Window(self.window).check(highest, index),
            None => Seen::Never,
        }
    }

    /// The oldest index that the RTP window still tells apart.
    pub(crate) fn oldest_rtp(&self) -> u64 {
        (self.stream.rtp_index + 1).saturating_sub(64 * self.window.len() as u64)
    }
}

/// A stream with its RTP window, to change.
pub struct StreamMut<'t> {
    pub(crate) stream: &'t mut Stream,
    window: &'t mut [u64],
}

impl StreamMut<'_> {
    #[inline]
    pub(crate) fn commit_rtp(&mut self, index: u64) {
        let highest = self.stream.highest_rtp().unwrap_or(index);
        self.stream.rtp_index = Window(&mut *self.window).commit(highest, index);
        self.stream.rtp_started = true;
    }

    /// Follows a packet that no tag vouches for: the index moves, the window is not kept, for a
    /// forger could use it to lock the genuine packets out (RFC 3711 §3.3.2: replay protection
    /// is only possible with authentication).
    #[inline]
    pub(crate) fn follow_rtp(&mut self, index: u64) {
        let highest = self.stream.highest_rtp().unwrap_or(index);
        self.stream.rtp_index = highest.max(index);
        self.stream.rtp_started = true;
    }

    /// Sets the rollover counter of the highest sequence number, or of the first packet where
    /// there was none. Another counter means other indices: none of them was seen yet.
    pub(crate) fn set_roc(&mut self, roc: u32) {
        if roc != self.stream.roc() {
            #[allow(clippy::cast_possible_truncation)] // the sequence number is the low 16 bits
            let sequence_number = self.stream.rtp_index as u16;
            self.stream.rtp_index = index::compose(roc, sequence_number);
            Window(&mut *self.window).clear();
        }
    }
}

/// Where a context keeps its streams. Implemented by [`Fixed`]; sealed.
pub trait StreamTable: sealed::Table {}

pub(crate) mod sealed {
    use super::{StreamMut, StreamRef};

    pub trait Table {
        /// The slot of an SSRC; never inserts.
        fn find(&self, ssrc: u32) -> Option<usize>;
        /// The stream in a slot.
        fn get(&self, slot: usize) -> Option<StreamRef<'_>>;
        /// The stream in a slot, to change.
        fn get_mut(&mut self, slot: usize) -> Option<StreamMut<'_>>;
        /// A slot for a new SSRC, `None` when the table is full.
        fn admit(&mut self, ssrc: u32) -> Option<usize>;
        /// Forgets an SSRC.
        fn remove(&mut self, ssrc: u32) -> bool;
        /// The most streams there can be.
        fn capacity(&self) -> usize;
        /// How many slots have ever been in use: an upper bound for `get`.
        fn slots(&self) -> usize;
        /// Whether one more SSRC fits.
        fn has_room(&self) -> bool;
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Slot<const WINDOW_WORDS: usize> {
    stream: Stream,
    window: [u64; WINDOW_WORDS],
}

/// Room for `STREAMS` SSRCs in the context itself, each with an RTP replay window of
/// `64 * WINDOW_WORDS` packets. `WINDOW_WORDS` is a power of two from 1 to 512; the default of 16
/// makes 1024 packets, a second of fast video, for 128 bytes an SSRC.
///
/// Lookup takes the same time however full the table is: a chained hash table whose chains run
/// through the slots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fixed<const STREAMS: usize, const WINDOW_WORDS: usize = 16> {
    /// For each bucket its first slot plus one.
    buckets: [u32; STREAMS],
    slots: [Slot<WINDOW_WORDS>; STREAMS],
    /// Slots that have ever been used.
    used: u32,
    /// The first slot of the free list plus one.
    free: u32,
}

impl<const STREAMS: usize, const WINDOW_WORDS: usize> Fixed<STREAMS, WINDOW_WORDS> {
    /// A table without streams.
    pub const fn new() -> Self {
        const {
            assert!(
                STREAMS >= 1 && STREAMS < u32::MAX as usize,
                "1 to 2^32 - 2 streams"
            );
            assert!(
                WINDOW_WORDS.is_power_of_two(),
                "the window is a power of two"
            );
            assert!(
                64 * WINDOW_WORDS <= MAX_WINDOW,
                "the window is at most 32768 packets"
            );
        }
        let vacant = Slot {
            stream: Stream::VACANT,
            window: [0; WINDOW_WORDS],
        };
        Self {
            buckets: [0; STREAMS],
            slots: [vacant; STREAMS],
            used: 0,
            free: 0,
        }
    }

    /// The bucket of an SSRC: its Fibonacci hash, scaled to the number of buckets.
    #[inline]
    fn bucket(ssrc: u32) -> usize {
        let hash = u64::from(ssrc.wrapping_mul(0x9e37_79b9));
        #[allow(clippy::cast_possible_truncation)] // below STREAMS
        {
            ((hash * STREAMS as u64) >> 32) as usize
        }
    }

    fn slot_mut(&mut self, link: u32) -> Option<&mut Slot<WINDOW_WORDS>> {
        self.slots.get_mut((link as usize).checked_sub(1)?)
    }
}

impl<const STREAMS: usize, const WINDOW_WORDS: usize> Default for Fixed<STREAMS, WINDOW_WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const STREAMS: usize, const WINDOW_WORDS: usize> StreamTable for Fixed<STREAMS, WINDOW_WORDS> {}

impl<const STREAMS: usize, const WINDOW_WORDS: usize> sealed::Table
    for Fixed<STREAMS, WINDOW_WORDS>
{
    #[inline]
    fn find(&self, ssrc: u32) -> Option<usize> {
        let mut link = *self.buckets.get(Self::bucket(ssrc))?;
        loop {
            let slot = (link as usize).checked_sub(1)?;
            let stream = &self.slots.get(slot)?.stream;
            if stream.ssrc == ssrc {
                return Some(slot);
            }
            link = stream.next;
        }
    }

    #[inline]
    fn get(&self, slot: usize) -> Option<StreamRef<'_>> {
        let Slot { stream, window } = self.slots.get(slot)?;
        stream.in_use.then_some(StreamRef { stream, window })
    }

    #[inline]
    fn get_mut(&mut self, slot: usize) -> Option<StreamMut<'_>> {
        let Slot { stream, window } = self.slots.get_mut(slot)?;
        stream.in_use.then_some(StreamMut { stream, window })
    }

    fn admit(&mut self, ssrc: u32) -> Option<usize> {
        let link = match self.free {
            0 if self.has_room() => self.used + 1,
            free => free,
        };
        let head = *self.buckets.get(Self::bucket(ssrc))?;
        let was_free = self.free != 0;
        let slot = self.slot_mut(link)?;
        let next_free = slot.stream.next;
        slot.stream = Stream {
            next: head,
            ..Stream::new(ssrc)
        };
        slot.window = [0; WINDOW_WORDS];
        if was_free {
            self.free = next_free;
        } else {
            self.used = link;
        }
        *self.buckets.get_mut(Self::bucket(ssrc))? = link;
        Some(link as usize - 1)
    }

    fn remove(&mut self, ssrc: u32) -> bool {
        let Some(found) = self.find(ssrc) else {
            return false;
        };
        let Some(next) = self.slots.get(found).map(|slot| slot.stream.next) else {
            return false;
        };
        #[allow(clippy::cast_possible_truncation)] // below STREAMS, which fits
        let link = found as u32 + 1;
        // Unhook it from whatever points to it: the bucket, or the slot before it in the chain.
        if let Some(bucket) = self.buckets.get_mut(Self::bucket(ssrc)) {
            if *bucket == link {
                *bucket = next;
            } else {
                let mut at = *bucket;
                while let Some(slot) = self.slot_mut(at) {
                    if slot.stream.next == link {
                        slot.stream.next = next;
                        break;
                    }
                    at = slot.stream.next;
                }
            }
        }
        let free = self.free;
        if let Some(slot) = self.slot_mut(link) {
            slot.stream = Stream {
                next: free,
                ..Stream::VACANT
            };
            self.free = link;
        }
        true
    }

    fn capacity(&self) -> usize {
        STREAMS
    }

    fn slots(&self) -> usize {
        self.used as usize
    }

    fn has_room(&self) -> bool {
        self.free != 0 || (self.used as usize) < STREAMS
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::Table;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Admitting, removing and finding agree with a set, at every fill level, for a table of
        /// one, of a few and of many; chains and free list included.
        #[test]
        fn table_is_a_bounded_set(steps in prop::collection::vec((0..24_u32, any::<bool>()), 0..200)) {
            fn play<const N: usize>(steps: &[(u32, bool)]) {
                let mut table = Fixed::<N, 1>::new();
                let mut model = BTreeSet::new();
                for &(ssrc, admit) in steps {
                    let ssrc = ssrc.wrapping_mul(0x0100_0001);
                    if admit && !model.contains(&ssrc) {
                        assert_eq!(table.has_room(), model.len() < N);
                        if table.admit(ssrc).is_some() {
                            model.insert(ssrc);
                        }
                    } else if !admit {
                        assert_eq!(table.remove(ssrc), model.remove(&ssrc));
                    }
                    for other in (0..24_u32).map(|n| n.wrapping_mul(0x0100_0001)) {
                        let found = table.find(other).map(|slot| table.get(slot).unwrap().stream.ssrc);
                        assert_eq!(found, model.contains(&other).then_some(other));
                    }
                    let listed = (0..table.slots()).filter_map(|slot| Some(table.get(slot)?.stream.ssrc));
                    assert_eq!(listed.collect::<BTreeSet<_>>(), model);
                    assert!(model.len() <= N);
                }
            }
            play::<1>(&steps);
            play::<5>(&steps);
            play::<16>(&steps);
        }
    }

    /// The promise of 64 bytes for one more SSRC with windows of 128 packets.
    #[test]
    fn one_more_stream_is_at_most_64_bytes() {
        assert!(size_of::<Fixed<1001, 2>>() - size_of::<Fixed<1000, 2>>() <= 64);
    }
}
