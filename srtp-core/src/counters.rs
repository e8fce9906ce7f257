//! What has passed and what has not, for those who watch a server: the Cargo feature `counters`.

use crate::context::UnprotectError;

/// Packets and bytes, RTP and RTCP together. A number at its end stays there.
///
/// These are statistics, not state: packets that are refused count here and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Packets protected or opened.
    pub packets: u64,
    /// Their bytes as RTP or RTCP packets, headers included.
    pub bytes: u64,
    /// Packets whose tag was wrong.
    pub auth_failures: u64,
    /// Packets that had come before (RFC 3711 §3.3.2).
    pub replays: u64,
    /// Packets behind the replay window (RFC 3711 §3.3.2).
    pub late: u64,
}

impl Counters {
    pub(crate) const NONE: Self =
        Self { packets: 0, bytes: 0, auth_failures: 0, replays: 0, late: 0 };

    pub(crate) const fn passed(&mut self, len: usize) {
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(len as u64);
    }

    pub(crate) const fn count(&mut self, result: &Result<usize, UnprotectError>) {
        let refused = match result {
            Ok(len) => return self.passed(*len),
            Err(UnprotectError::AuthFailed) => &mut self.auth_failures,
            Err(UnprotectError::Replayed { .. }) => &mut self.replays,
            Err(UnprotectError::TooOld { .. }) => &mut self.late,
            Err(_) => return,
        };
        *refused = refused.saturating_add(1);
    }
}
