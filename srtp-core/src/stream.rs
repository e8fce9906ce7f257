//! One SSRC: where it is in its index spaces and which of the latest packets it has seen. No keys;
//! those belong to the master key.
//!
//! Read first: RFC 3711 §3.2.3, §3.3.1, §3.3.2.

use crate::index::{self, MAX_RTP_INDEX};
use crate::replay::{Seen, Window};

/// Packets the SRTCP replay window holds.
pub const RTCP_WINDOW: usize = 128;

/// A packet that is ahead of the highest by less is of the nearest index there can be, and none came
/// under it.
const HALF_CYCLE: u16 = 1 << 15;

/// The state of one SSRC but for its RTP window, whose size is the table's matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    ssrc: u32,
    /// The slot after this one in its bucket or in the free list, plus one; 0 ends the list.
    pub(crate) next: u32,
    /// The highest RTP index, or the rollover counter to begin with while there is none.
    rtp_index: u64,
    rtcp_window: [u64; RTCP_WINDOW / 64],
    /// The highest SRTCP index, once there is one.
    rtcp_index: u32,
    in_use: bool,
    rtp_started: bool,
    rtcp_started: bool,
    /// Somebody said which rollover counter it begins with.
    roc_set: bool,
    #[cfg(feature = "counters")]
    pub(crate) counters: crate::counters::Counters,
}

impl Stream {
    pub(crate) const VACANT: Self = Self {
        ssrc: 0,
        next: 0,
        rtp_index: 0,
        rtcp_window: [0; RTCP_WINDOW / 64],
        rtcp_index: 0,
        in_use: false,
        rtp_started: false,
        rtcp_started: false,
        roc_set: false,
        #[cfg(feature = "counters")]
        counters: crate::counters::Counters::NONE,
    };

    pub(crate) fn new(ssrc: u32) -> Self {
        Self { ssrc, in_use: true, ..Self::VACANT }
    }

    /// The synchronisation source.
    #[inline]
    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Whether the slot holds a stream.
    #[inline]
    pub(crate) fn is_in_use(&self) -> bool {
        self.in_use
    }

    /// The index that a sequence number means now; may be above `MAX_RTP_INDEX`.
    #[inline(always)]
    pub(crate) fn estimate(&self, sequence_number: u16) -> u64 {
        if self.rtp_started {
            index::estimate(self.rtp_index, sequence_number)
        } else {
            index::compose(index::roc(self.rtp_index), sequence_number)
        }
    }

    /// Whether no RTP packet has come and nobody has said which rollover counter the first will
    /// have; SRTCP may have come already.
    #[inline]
    pub(crate) fn awaits_first_rtp(&self) -> bool {
        !self.rtp_started && !self.roc_set
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

    /// Whether a packet index is what its sequence number means now and lies ahead of the highest, so
    /// that no packet can have come under it: nearer than half a cycle.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn is_ahead(&self, index: u64) -> bool {
        let ahead = index.wrapping_sub(self.rtp_index);
        self.rtp_started && (1..HALF_CYCLE.into()).contains(&ahead)
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

/// What a stream is but for its windows, to be written down and read again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    /// The highest index, or the rollover counter to begin with while there is none.
    pub(crate) rtp_index: u64,
    pub(crate) rtcp_index: u32,
    pub(crate) rtp_started: bool,
    pub(crate) rtcp_started: bool,
    pub(crate) roc_set: bool,
}

impl Stream {
    pub(crate) fn position(&self) -> Position {
        Position {
            rtp_index: self.rtp_index,
            rtcp_index: self.rtcp_index,
            rtp_started: self.rtp_started,
            rtcp_started: self.rtcp_started,
            roc_set: self.roc_set,
        }
    }

    /// Whether the SRTCP packet that is `back` behind the highest was seen.
    pub(crate) fn saw_rtcp(&self, back: u64) -> bool {
        self.highest_rtcp()
            .is_some_and(|highest| Window(&self.rtcp_window).saw(highest.into(), back))
    }
}

/// A stream with its RTP window, to read.
#[derive(Clone, Copy)]
pub struct StreamRef<'t> {
    pub(crate) stream: &'t Stream,
    pub(crate) window: &'t [u64],
}

impl StreamRef<'_> {
    /// Packets the RTP window holds.
    pub(crate) fn window_len(&self) -> u64 {
        64 * self.window.len() as u64
    }

    /// Whether the packet that is `back` behind the highest was seen.
    pub(crate) fn saw_rtp(&self, back: u64) -> bool {
        self.stream.highest_rtp().is_some_and(|highest| Window(self.window).saw(highest, back))
    }

    /// The index that a sequence number means, of a stream that has begun, if no packet came under it
    /// and there is such an index.
    #[inline(always)]
    pub(crate) fn next_ordinary(&self, sequence_number: u16) -> Option<u64> {
        let highest = self.stream.highest_rtp()?;
        #[allow(clippy::cast_possible_truncation)] // the highest sequence number
        let ahead = sequence_number.wrapping_sub(highest as u16);
        if (1..HALF_CYCLE).contains(&ahead) {
            let index = highest + u64::from(ahead);
            return (index <= MAX_RTP_INDEX).then_some(index);
        }
        let index = index::estimate(highest, sequence_number);
        let fresh = Window(self.window).check(highest, index) == Seen::Never;
        (fresh && index <= MAX_RTP_INDEX).then_some(index)
    }

    #[inline(always)]
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
    pub(crate) window: &'t mut [u64],
}

impl StreamMut<'_> {
    /// As [`StreamRef::next_ordinary`].
    #[inline(always)]
    pub(crate) fn next_ordinary(&self, sequence_number: u16) -> Option<u64> {
        StreamRef { stream: self.stream, window: self.window }.next_ordinary(sequence_number)
    }

    /// Goes on to a position that is not behind the present one; what was seen stays so as far as
    /// the windows reach.
    pub(crate) fn advance_to(&mut self, position: Position) {
        let before = self.stream.position();
        let (mut rtp, mut rtcp) = (Window(&mut *self.window), Window(&mut self.stream.rtcp_window));
        if before.rtp_started {
            rtp.advance(before.rtp_index, position.rtp_index);
        }
        if before.rtcp_started {
            rtcp.advance(before.rtcp_index.into(), position.rtcp_index.into());
        }
        self.place(position);
    }

    /// Goes to a position, with nothing seen.
    pub(crate) fn go_to(&mut self, position: Position) {
        Window(&mut *self.window).clear();
        Window(&mut self.stream.rtcp_window).clear();
        self.place(position);
    }

    fn place(&mut self, position: Position) {
        let Position { rtp_index, rtcp_index, rtp_started, rtcp_started, roc_set } = position;
        let stream = &mut *self.stream;
        stream.rtp_index = rtp_index;
        stream.rtcp_index = rtcp_index;
        (stream.rtp_started, stream.rtcp_started) = (rtp_started, rtcp_started);
        stream.roc_set = roc_set;
    }

    /// Notes an index at or below the highest as seen; one behind the window is so anyway.
    pub(crate) fn mark_rtp(&mut self, index: u64) {
        if let Some(highest) = self.stream.highest_rtp() {
            Window(&mut *self.window).mark(highest, index);
        }
    }

    /// As [`mark_rtp`](Self::mark_rtp), for SRTCP.
    pub(crate) fn mark_rtcp(&mut self, index: u64) {
        if let Some(highest) = self.stream.highest_rtcp() {
            Window(&mut self.stream.rtcp_window).mark(highest.into(), index);
        }
    }

    #[inline(always)]
    pub(crate) fn commit_rtp(&mut self, index: u64) {
        let highest = self.stream.highest_rtp().unwrap_or(index);
        self.stream.rtp_index = Window(&mut *self.window).commit(highest, index);
        self.stream.rtp_started = true;
    }

    /// The same of an index that [`is_ahead`](Stream::is_ahead).
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn commit_ahead(&mut self, index: u64) {
        Window(&mut *self.window).commit(self.stream.rtp_index, index);
        self.stream.rtp_index = index;
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

    /// Goes where a packet says the sender is, forward or back (RFC 4771 §2: the receiver "sets his
    /// local ROC equal to the ROC carried in the packet"), where there is no window to keep.
    #[inline]
    pub(crate) fn obey_rtp(&mut self, index: u64) {
        self.stream.rtp_index = index;
        self.stream.rtp_started = true;
    }

    /// Sets the rollover counter of the highest sequence number, or of the first packet where
    /// there was none. Another counter means other indices: none of them was seen yet.
    pub(crate) fn set_roc(&mut self, roc: u32) {
        self.stream.roc_set = true;
        if roc != self.stream.roc() {
            #[allow(clippy::cast_possible_truncation)] // the sequence number is the low 16 bits
            let sequence_number = self.stream.rtp_index as u16;
            self.stream.rtp_index = index::compose(roc, sequence_number);
            Window(&mut *self.window).clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short answers are those of Appendix A and the window, for every sequence number, around the
    /// edges of cycles and of half a cycle.
    #[test]
    fn what_lies_ahead_is_what_the_rules_say() {
        let edges = [0, 1, 32_767, 32_768, 32_769, 65_534, 65_535];
        let cycles = [0, 1 << 16, 7 << 16, MAX_RTP_INDEX & !0xffff];
        for highest in cycles.iter().flat_map(|cycle| edges.map(|edge| cycle + edge)) {
            let mut stream = Stream::new(1);
            let mut window = [0; 2];
            let mut both = StreamMut { stream: &mut stream, window: &mut window };
            both.commit_rtp(highest);
            both.mark_rtp(highest.saturating_sub(5));
            for sequence_number in 0..=u16::MAX {
                let index = index::estimate(highest, sequence_number);
                let fresh = Window(&*both.window).check(highest, index) == Seen::Never;
                let expected = (fresh && index <= MAX_RTP_INDEX).then_some(index);
                assert_eq!(both.next_ordinary(sequence_number), expected, "{highest}");
                #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
                for cycle in [0, 1 << 16, 2 << 16, u64::MAX << 16, index & !0xffff] {
                    let other =
                        (highest & !0xffff).wrapping_add(cycle) | u64::from(sequence_number);
                    if both.stream.is_ahead(other) {
                        assert_eq!((other, fresh), (index, true), "{highest}");
                    }
                }
            }
        }
        #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
        assert!(!Stream::new(1).is_ahead(1), "a stream that has not begun");
    }
}
