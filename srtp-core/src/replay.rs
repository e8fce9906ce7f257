//! Which of the latest packets have been seen: a ring of bits, one for each index.
//!
//! Read first: RFC 3711 §3.3.2.

/// The fewest packets a replay window may hold (RFC 3711 §3.3.2).
pub const MIN_WINDOW: usize = 64;
/// The most packets a replay window can hold: half a cycle of sequence numbers, beyond which an
/// older packet would be taken for one of the next cycle.
pub const MAX_WINDOW: usize = 32_768;

/// What the window says of an index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    Never,
    Before,
    /// Behind the window: nobody remembers.
    TooOld,
}

/// A window over borrowed words, whose number is a power of two. It spans `64 * words` indices up
/// to and including `highest`; index `i` owns bit `i mod 64 * words`.
pub(crate) struct Window<W>(pub(crate) W);

impl<W: AsRef<[u64]>> Window<W> {
    #[inline]
    fn size(&self) -> u64 {
        64 * self.0.as_ref().len() as u64
    }

    /// The word and the bit of an index.
    #[inline]
    fn place(&self, index: u64) -> (usize, u64) {
        let words = self.0.as_ref().len();
        #[allow(clippy::cast_possible_truncation)] // masked to the number of words
        let word = (index >> 6) as usize & words.wrapping_sub(1);
        (word, 1 << (index & 63))
    }

    /// Whether the index `back` behind `highest` is in the window and was seen.
    pub(crate) fn saw(&self, highest: u64, back: u64) -> bool {
        let index = highest.checked_sub(back);
        index.is_some_and(|index| self.check(highest, index) == Seen::Before)
    }

    /// Whether `index` may still come in, given the highest index so far.
    #[inline(always)]
    pub(crate) fn check(&self, highest: u64, index: u64) -> Seen {
        if index > highest {
            return Seen::Never;
        }
        if highest - index >= self.size() {
            return Seen::TooOld;
        }
        let (word, bit) = self.place(index);
        match self.0.as_ref().get(word) {
            Some(word) if word & bit != 0 => Seen::Before,
            _ => Seen::Never,
        }
    }
}

impl<W: AsRef<[u64]> + AsMut<[u64]>> Window<W> {
    /// Notes `index` as seen and returns the highest index after it.
    #[inline(always)]
    pub(crate) fn commit(&mut self, highest: u64, index: u64) -> u64 {
        let now = if index > highest {
            // Between neighbours lies nothing, and the bit of the next is set below.
            if index - highest > 1 {
                self.forget_between(highest, index);
            }
            index
        } else {
            highest
        };
        let (word, bit) = self.place(index);
        if let Some(word) = self.0.as_mut().get_mut(word) {
            *word |= bit;
        }
        now
    }

    /// Makes `index`, which is not below `highest`, the highest without noting it as seen.
    pub(crate) fn advance(&mut self, highest: u64, index: u64) {
        if index > highest {
            self.forget_between(highest, index);
        }
    }

    /// Clears the bits of the indices that were jumped over and of `index` itself: they belonged
    /// to indices that are behind the window now.
    #[inline]
    fn forget_between(&mut self, highest: u64, index: u64) {
        if index - highest >= self.size() {
            self.clear();
            return;
        }
        let mut from = highest + 1;
        while from <= index {
            let (word, _) = self.place(from);
            let low = from & 63;
            let high = (index - from + low).min(63);
            let bits = (u64::MAX << low) & (u64::MAX >> (63 - high));
            if let Some(word) = self.0.as_mut().get_mut(word) {
                *word &= !bits;
            }
            from += high - low + 1;
        }
    }

    /// Notes an index as seen that is at or below `highest` and in the window; does nothing else.
    pub(crate) fn mark(&mut self, highest: u64, index: u64) {
        if index <= highest && highest - index < self.size() {
            let (word, bit) = self.place(index);
            if let Some(word) = self.0.as_mut().get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.0.as_mut().fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn against_model<const WORDS: usize>(start: u64, steps: &[i64]) {
        let size = 64 * WORDS as u64;
        let mut window = Window([0; WORDS]);
        let mut highest = window.commit(start, start);
        let mut seen = BTreeSet::from([start]);
        for &step in steps {
            let Some(index) = highest.checked_add_signed(step) else {
                continue;
            };
            let model = if index <= highest && highest - index >= size {
                Seen::TooOld
            } else if seen.contains(&index) {
                Seen::Before
            } else {
                Seen::Never
            };
            assert_eq!(window.check(highest, index), model, "{index} under {highest}");
            if model == Seen::Never {
                highest = window.commit(highest, index);
                seen.insert(index);
            }
        }
    }

    proptest! {
        /// A set of all indices ever seen gives the same answers, whatever jumps are made.
        #[test]
        fn window_remembers_like_a_set(
            start in prop_oneof![0..200_u64, (1_u64 << 48) - 70_000..(1 << 48) - 60_000],
            steps in prop::collection::vec(
                prop_oneof![8 => -140..140_i64, 1 => -3000..3000_i64, 1 => Just(64), 1 => Just(-64)],
                1..400),
        ) {
            against_model::<1>(start, &steps);
            against_model::<2>(start, &steps);
            against_model::<16>(start, &steps);
        }
    }

    /// What is marked from outside, a restored window for example, is marked in its place or not at
    /// all: an index that is too old, or above the highest, has the place of another.
    #[test]
    fn only_what_is_in_the_window_is_marked() {
        for (index, place) in [(1000, true), (873, true), (872, false), (1001, false)] {
            let mut window = Window([0; 2]);
            window.mark(1000, index);
            assert_eq!(window.0 != [0; 2], place, "{index}");
            assert_eq!(window.check(1000, 1000) == Seen::Before, index == 1000, "{index}");
        }
    }

    /// A jump without a packet forgets what stood in the places that were jumped over.
    #[test]
    fn places_that_were_jumped_over_are_free() {
        let mut window = Window([0; 2]);
        let mut highest = 100;
        for index in 100..=160 {
            highest = window.commit(highest, index);
        }
        window.advance(highest, 250);
        for index in 123..=250 {
            let seen = if index <= 160 { Seen::Before } else { Seen::Never };
            assert_eq!(window.check(250, index), seen, "{index}");
        }
    }

    /// The edges of the window, by name: the oldest inside, the first outside.
    #[test]
    fn window_spans_exactly_its_size() {
        let mut window = Window([0; 2]);
        let highest = window.commit(1000, 1000);
        assert_eq!(window.check(highest, 1000 - 127), Seen::Never);
        assert_eq!(window.check(highest, 1000 - 128), Seen::TooOld);
        assert_eq!(window.check(highest, 1000), Seen::Before);
    }
}
