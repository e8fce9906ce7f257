//! The two directions of a session: policy, key ring and streams together. Every packet is
//! computed, verified and only then committed; whatever fails leaves bytes and state as before.

mod error;
pub mod export;
mod handover;
mod inbound;
mod ordinary;
mod outbound;

pub use error::{ProtectError, UnprotectError};
pub use export::StateError;
pub use handover::Handover;
#[cfg(feature = "gcm")]
pub(crate) use inbound::Arrival;
pub use inbound::Inbound;
pub use outbound::Outbound;
#[cfg(feature = "gcm")]
pub(crate) use outbound::Sending;

use crate::table::StreamTable;

/// What becomes of rollover counters, SRTCP indices and windows when the master key changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rekey {
    /// They go on: "it MUST NOT be reset to zero" (RFC 3711 §3.3.1).
    KeepRoc,
    /// All streams begin anew with a counter of zero, as where offer and answer make a new crypto
    /// context (RFC 4568 §7.1.4). Never under a key that was in use.
    ZeroRoc,
}

/// One SSRC of a context, as [`Outbound::streams`] and [`Inbound::streams`] list them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The synchronisation source.
    pub ssrc: u32,
    /// The rollover counter (RFC 3711 §3.2.1).
    pub roc: u32,
    /// The highest RTP packet index so far (`2^16 * ROC + SEQ`).
    pub rtp_index: Option<u64>,
    /// The highest SRTCP index so far.
    pub rtcp_index: Option<u32>,
}

/// Whether packets that nothing is unusual about go a short way of their own, which costs code and
/// saves a third of what surrounds the primitives: not where those are slow and memory is little.
const SHORT_WAY: bool = cfg!(feature = "accel");

fn list<S: StreamTable>(table: &S) -> impl Iterator<Item = StreamInfo> {
    (0..table.slots()).filter_map(|slot| {
        let stream = table.get(slot)?.stream;
        Some(StreamInfo {
            ssrc: stream.ssrc(),
            roc: stream.roc(),
            rtp_index: stream.highest_rtp(),
            rtcp_index: stream.highest_rtcp(),
        })
    })
}
