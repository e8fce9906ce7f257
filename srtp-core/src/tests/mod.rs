//! Tests of the crate as a whole: the vectors of the RFCs and the known packets through every entry
//! point, long conversations against a model, and the rules of a stream's life one by one. Inside
//! the crate, because they compare the whole state of a context before and after an error.

#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
mod batch;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
mod batch_effort;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
mod batch_short_way;
mod builds;
mod conversation;
mod double;
mod edges;
pub(crate) mod effort;
mod export;
mod figures;
mod headers;
mod known_packets;
mod model;
mod rfc_vectors;
mod scenarios;
mod sentences;
mod short_way;

use crate::table::StreamTable;
use crate::{Inbound, KeyUsage, Outbound, StreamInfo};

/// Everything a context remembers, to be compared whole.
#[derive(Clone, PartialEq, Debug)]
struct State<S> {
    streams: S,
    listed: Vec<StreamInfo>,
    usage: Vec<KeyUsage>,
}

/// The streams without their counters, which are statistics and count refused packets, too.
fn remembered<S: StreamTable + Clone>(streams: &S) -> S {
    #[allow(unused_mut)]
    let mut streams = streams.clone();
    #[cfg(feature = "counters")]
    for slot in 0..streams.slots() {
        if let Some(stream) = streams.get_mut(slot) {
            stream.stream.counters = crate::Counters::default();
        }
    }
    streams
}

fn outbound_state<S: StreamTable + Clone, const K: usize>(context: &Outbound<S, K>) -> State<S> {
    let (streams, ring) = context.parts();
    State {
        streams: remembered(streams),
        listed: context.streams().collect(),
        usage: ring.iter().map(|(_, key)| key.usage(&ring.policy)).collect(),
    }
}

fn inbound_state<S: StreamTable + Clone, const K: usize>(context: &Inbound<S, K>) -> State<S> {
    let (streams, ring) = context.parts();
    State {
        streams: remembered(streams),
        listed: context.streams().collect(),
        usage: ring.iter().map(|(_, key)| key.usage(&ring.policy)).collect(),
    }
}
