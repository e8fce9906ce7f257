//! Where a context keeps its streams: a hash table whose chains run through the slots, so that
//! lookup takes the same time however full it is. Bounded; [`Fixed`] in the context itself,
//! `Growing`, with the feature `alloc`, on the heap.

mod fixed;
#[cfg(feature = "alloc")]
mod growing;

pub use fixed::Fixed;
#[cfg(feature = "alloc")]
pub use growing::Growing;

use core::fmt;

use zeroize::Zeroize;

use crate::stream::{Stream, StreamMut, StreamRef};

/// Where a context keeps its streams. Implemented by [`Fixed`] and, with the feature `alloc`, by
/// `Growing`; sealed.
pub trait StreamTable: sealed::Table {}

impl<T: sealed::Table> StreamTable for T {}

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
        /// Forgets an SSRC; says whether it was there.
        fn remove(&mut self, ssrc: u32) -> bool;
        /// The most streams there can be.
        fn capacity(&self) -> usize;
        /// How many slots have ever been in use: an upper bound for `get`.
        fn slots(&self) -> usize;
        /// Whether one more SSRC fits.
        fn has_room(&self) -> bool;
        /// Forgets everything, and hashes with another seed from now on.
        fn clear(&mut self, seed: u64);
    }
}

/// The lists that run through the slots. Links are slot numbers plus one, 0 ending a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Lists {
    /// Slots that have ever been used.
    used: u32,
    /// The first slot of the free list.
    free: u32,
    /// What the hash is keyed with.
    seed: u64,
}

/// Without the seed: who knows it can choose SSRCs that meet in one bucket.
impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists")
            .field("used", &self.used)
            .field("free", &self.free)
            .finish_non_exhaustive()
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl Lists {
    const EMPTY: Self = Self { used: 0, free: 0, seed: 0 };

    /// The bucket of an SSRC among `count`: mixed with a number nobody outside knows by a folded
    /// multiplication, and scaled to the range.
    #[inline]
    fn bucket(&self, ssrc: u32, count: usize) -> usize {
        const GOLDEN: u128 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(u64::from(ssrc) ^ self.seed) * GOLDEN;
        #[allow(clippy::cast_possible_truncation)] // folding takes halves, scaling stays below
        {
            let hash = (product >> 64) as u64 ^ product as u64;
            (((hash >> 32) * count as u64) >> 32) as usize
        }
    }
}

/// The memory of a table; the algorithms are the same for every kind.
pub trait Storage {
    /// For each bucket a link to its first slot.
    fn buckets(&self) -> &[u32];
    /// The same, to change.
    fn buckets_mut(&mut self) -> &mut [u32];
    /// The slots there are at present.
    fn streams(&self) -> &[Stream];
    /// The RTP windows of the slots, one after the other.
    fn windows(&self) -> &[u64];
    /// Slots and windows, to change.
    fn slots_mut(&mut self) -> (&mut [Stream], &mut [u64]);
    /// The slots, to change.
    #[inline]
    fn streams_mut(&mut self) -> &mut [Stream] {
        self.slots_mut().0
    }
    /// Words in one window.
    fn window_words(&self) -> usize;
    /// The lists.
    fn lists(&self) -> &Lists;
    /// The lists, to change.
    fn lists_mut(&mut self) -> &mut Lists;
    /// The most slots there can be.
    fn limit(&self) -> usize;
    /// Makes slots and buckets for `used` slots and one more. May move what is in the buckets,
    /// and then hashes it anew.
    fn grow(&mut self);
}

fn slot_of(link: u32) -> Option<usize> {
    (link as usize).checked_sub(1)
}

fn hook<T: Storage>(table: &mut T, link: u32) -> Option<()> {
    let slot = slot_of(link)?;
    let ssrc = table.streams().get(slot)?.ssrc();
    let bucket = table.lists().bucket(ssrc, table.buckets().len());
    let head = core::mem::replace(table.buckets_mut().get_mut(bucket)?, link);
    table.streams_mut().get_mut(slot)?.next = head;
    Some(())
}

impl<T: Storage> sealed::Table for T {
    #[inline]
    fn find(&self, ssrc: u32) -> Option<usize> {
        let buckets = self.buckets();
        let mut link = *buckets.get(self.lists().bucket(ssrc, buckets.len()))?;
        loop {
            let slot = slot_of(link)?;
            let stream = self.streams().get(slot)?;
            if stream.ssrc() == ssrc {
                return Some(slot);
            }
            link = stream.next;
        }
    }

    #[inline]
    fn get(&self, slot: usize) -> Option<StreamRef<'_>> {
        let (stream, words) = (self.streams().get(slot)?, self.window_words());
        let window = self.windows().get(slot * words..)?.get(..words)?;
        stream.is_in_use().then_some(StreamRef { stream, window })
    }

    #[inline]
    fn get_mut(&mut self, slot: usize) -> Option<StreamMut<'_>> {
        let words = self.window_words();
        let (streams, windows) = self.slots_mut();
        let stream = streams.get_mut(slot)?;
        let window = windows.get_mut(slot * words..)?.get_mut(..words)?;
        stream.is_in_use().then_some(StreamMut { stream, window })
    }

    fn admit(&mut self, ssrc: u32) -> Option<usize> {
        let Lists { used, free, .. } = *self.lists();
        let link = match free {
            0 if self.has_room() => {
                self.grow();
                self.lists_mut().used = used + 1;
                used + 1
            }
            free => {
                let next_free = self.streams().get(slot_of(free)?)?.next;
                self.lists_mut().free = next_free;
                free
            }
        };
        let (slot, words) = (slot_of(link)?, self.window_words());
        let (streams, windows) = self.slots_mut();
        *streams.get_mut(slot)? = Stream::new(ssrc);
        windows.get_mut(slot * words..)?.get_mut(..words)?.fill(0);
        hook(self, link)?;
        Some(slot)
    }

    fn remove(&mut self, ssrc: u32) -> bool {
        let Some(slot) = self.find(ssrc) else {
            return false;
        };
        let Some(next) = self.streams().get(slot).map(|stream| stream.next) else {
            return false;
        };
        #[allow(clippy::cast_possible_truncation)] // a slot that has a link
        let link = slot as u32 + 1;
        // Unhook it from whatever points to it: the bucket, or the slot before it in the chain.
        let bucket = self.lists().bucket(ssrc, self.buckets().len());
        let Some(&head) = self.buckets().get(bucket) else {
            return false;
        };
        if head == link {
            if let Some(head) = self.buckets_mut().get_mut(bucket) {
                *head = next;
            }
        } else {
            let mut at = slot_of(head);
            while let Some(before) = at.and_then(|slot| self.streams_mut().get_mut(slot)) {
                if before.next == link {
                    before.next = next;
                    break;
                }
                at = slot_of(before.next);
            }
        }
        let free = core::mem::replace(&mut self.lists_mut().free, link);
        if let Some(stream) = self.streams_mut().get_mut(slot) {
            *stream = Stream::VACANT;
            stream.next = free;
        }
        true
    }

    fn capacity(&self) -> usize {
        self.limit()
    }

    fn slots(&self) -> usize {
        self.lists().used as usize
    }

    #[inline]
    fn has_room(&self) -> bool {
        self.lists().free != 0 || self.slots() < self.limit()
    }

    fn clear(&mut self, seed: u64) {
        self.buckets_mut().fill(0);
        self.streams_mut().fill(Stream::VACANT);
        *self.lists_mut() = Lists { seed, ..Lists::EMPTY };
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::Table;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn play(mut table: impl Table, steps: &[(u32, bool)]) {
        let mut model = BTreeSet::new();
        let ssrcs = || (0..24_u32).map(|n| n.wrapping_mul(0x0100_0001));
        for &(n, admit) in steps {
            let ssrc = n.wrapping_mul(0x0100_0001);
            if admit && !model.contains(&ssrc) {
                assert_eq!(table.has_room(), model.len() < table.capacity());
                let admitted = table.admit(ssrc);
                assert_eq!(admitted.is_some(), model.len() < table.capacity());
                assert!(table.slots() <= table.capacity(), "a refusal takes no slot");
                if admitted.is_some() {
                    model.insert(ssrc);
                }
            } else if !admit {
                assert_eq!(table.remove(ssrc), model.remove(&ssrc));
            }
            for ssrc in ssrcs() {
                let found = table.find(ssrc).map(|slot| table.get(slot).unwrap().stream.ssrc());
                assert_eq!(found, model.contains(&ssrc).then_some(ssrc));
            }
            let listed = (0..table.slots()).filter_map(|slot| Some(table.get(slot)?.stream.ssrc()));
            assert_eq!(listed.collect::<BTreeSet<_>>(), model);
        }
    }

    proptest! {
        /// Admitting, removing and finding agree with a set, at every fill level, for a table of
        /// one, of a few and of many; chains and free list included.
        #[test]
        fn table_is_a_bounded_set(
            steps in prop::collection::vec((0..24_u32, any::<bool>()), 0..200),
            seed in any::<u64>(),
        ) {
            fn seeded<T: Table>(mut table: T, seed: u64) -> T {
                table.clear(seed);
                table
            }
            play(seeded(Fixed::<1, 1>::new(), seed), &steps);
            play(seeded(Fixed::<5, 1>::new(), seed), &steps);
            play(seeded(Fixed::<16, 2>::new(), seed), &steps);
            #[cfg(feature = "alloc")]
            for limit in [1, 7, 24] {
                play(seeded(Growing::new(limit, 64), seed), &steps);
            }
        }
    }

    /// The seed decides which SSRCs meet, and prints nowhere.
    #[test]
    fn buckets_go_by_the_seed() {
        let filled = |seed| {
            let mut table = Fixed::<64, 1>::new();
            table.clear(seed);
            (0..64).for_each(|ssrc| assert!(table.admit(ssrc).is_some()));
            table.buckets().to_vec()
        };
        assert_eq!(filled(0x1234_5678_9abc_def1), filled(0x1234_5678_9abc_def1));
        assert_ne!(filled(0x1234_5678_9abc_def1), filled(0x0fed_cba9_8765_4321));
        let lists = Lists { seed: 0x1234, ..Lists::EMPTY };
        assert!(format!("{lists:?}").starts_with("Lists { used: 0, free: 0, .."), "{lists:?}");
    }

    /// The promise of 64 bytes for one more SSRC with windows of 128 packets.
    #[cfg(not(feature = "counters"))]
    #[test]
    fn one_more_stream_is_at_most_64_bytes() {
        assert!(size_of::<Fixed<1001, 2>>() - size_of::<Fixed<1000, 2>>() <= 64);
    }

    /// Lookup does not slow down as the table fills: at ten thousand streams no chain is long,
    /// for SSRCs that are random, counted up, or all alike but for a few bits.
    #[test]
    fn chains_stay_short_at_ten_thousand_streams() {
        let patterns: [fn(u32) -> u32; 4] = [
            |n| n.wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995,
            |n| n,
            |n| n << 16 | 1,
            |n| n.wrapping_mul(0x0001_0001),
        ];
        for ssrc in patterns {
            let mut table = Box::new(Fixed::<10_000, 1>::new());
            table.clear(0x1234_5678_9abc_def1);
            let distinct: BTreeSet<u32> = (0..10_000).map(ssrc).collect();
            for ssrc in &distinct {
                assert!(table.admit(*ssrc).is_some());
            }
            let longest = table.buckets().iter().map(|&head| {
                let mut at = slot_of(head);
                core::iter::from_fn(|| {
                    let stream = table.streams().get(at?)?;
                    at = slot_of(stream.next);
                    Some(())
                })
                .count()
            });
            assert!(longest.max().unwrap() <= 12);
        }
    }
}
