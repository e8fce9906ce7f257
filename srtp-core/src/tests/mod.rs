//! Tests of the crate as a whole: the vectors of the RFCs and the known packets through every entry
//! point, long conversations against a model, and the rules of a stream's life one by one. Inside
//! the crate, because they compare the whole state of a context before and after an error.

mod conversation;
mod known_packets;
mod model;
mod rfc_vectors;
mod scenarios;

use crate::table::StreamTable;
use crate::{Inbound, KeyUsage, Outbound, StreamInfo};

/// Everything a context remembers, to be compared whole.
#[derive(PartialEq, Debug)]
struct State<S> {
    streams: S,
    listed: Vec<StreamInfo>,
    usage: Vec<KeyUsage>,
}

fn outbound_state<S: StreamTable + Clone, const K: usize>(context: &Outbound<S, K>) -> State<S> {
    let (streams, ring) = context.parts();
    State {
        streams: streams.clone(),
        listed: context.streams().collect(),
        usage: ring.iter().map(|(_, key)| key.usage(&ring.policy)).collect(),
    }
}

fn inbound_state<S: StreamTable + Clone, const K: usize>(context: &Inbound<S, K>) -> State<S> {
    let (streams, ring) = context.parts();
    State {
        streams: streams.clone(),
        listed: context.streams().collect(),
        usage: ring.iter().map(|(_, key)| key.usage(&ring.policy)).collect(),
    }
}
