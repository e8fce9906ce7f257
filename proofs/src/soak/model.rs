//! Which packets of a stream must open: the rule of RFC 3711 §3.3.2 written down without looking at
//! srtp-core's.

/// Packets the replay window of the receivers here holds.
pub const WINDOW: u64 = 1024;

/// What a receiver has seen of one stream.
pub struct Model {
    highest: u64,
    /// Indices within the window that came in; not sorted.
    seen: Vec<u64>,
}

impl Model {
    pub fn new() -> Self {
        Self { highest: 0, seen: Vec::with_capacity(256) }
    }

    /// Whether a genuine packet of this index must open.
    pub fn admits(&self, index: u64) -> bool {
        index + WINDOW > self.highest && !self.seen.contains(&index)
    }

    /// As the other, without another place in memory.
    pub fn clone_from(&mut self, other: &Self) {
        self.highest = other.highest;
        self.seen.clear();
        self.seen.extend(&other.seen);
    }

    pub fn note(&mut self, index: u64) {
        self.highest = self.highest.max(index);
        let oldest = self.highest.saturating_sub(WINDOW);
        self.seen.retain(|seen| *seen > oldest);
        self.seen.push(index);
    }
}
