//! Finds the key of every packet: by destination first, as SDP announces where media is wanted,
//! then by source, then by trying; and keeps the count of what came of it.
//!
//! Read first: RFC 4568 §5.1.1, RFC 3264 §5.1, RFC 5761 §4; RFC 3711 §3.2.3 (which context).

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use srtp_core::wire::RtpHeader;

use super::direction::{Direction, Fit, Keying, Opener};
use super::sink::Sink;
use super::stream::Stream;
use super::trial::Trial;
use crate::failure::Failure;
use crate::net::Datagram;
use crate::rtp::{self, Kind};

/// Streams kept in memory at most; what comes beyond is counted as ignored.
const MAX_STREAMS: usize = 1 << 16;
/// Directions tried on packets that fit none by address.
const MAX_GUESSES: usize = 256;

/// One set of keys at work. Several directions share it where a re-INVITE repeats a key, since the
/// rollover counter then goes on (RFC 4568 §7.1.4).
pub(super) struct Context {
    pub(super) keying: Keying,
    opener: Option<Box<Opener>>,
}

impl Context {
    pub(super) fn new(keying: Keying) -> Self {
        Self { keying, opener: None }
    }

    pub(super) fn opener(&mut self) -> Option<&mut Opener> {
        if self.opener.is_none() {
            self.opener = self.keying.open();
        }
        self.opener.as_deref_mut()
    }
}

/// A direction that may own a flow, with the context that opens it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) direction: usize,
    pub(super) context: usize,
    pub(super) fit: Fit,
}

/// What is known of the datagrams between two addresses.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) candidates: Vec<Candidate>,
    /// A direction without usable key that fits: plain, or broken.
    pub(super) unkeyed: Option<usize>,
    /// How often other explanations were searched for.
    pub(super) searches: u32,
}

pub(super) struct Entry {
    pub(super) stream: Stream,
    /// Frame of its first packet.
    began: u64,
    pub(super) bound: Option<Candidate>,
    pub(super) direction: Option<usize>,
    /// Every direction whose keys opened a packet, with the frame of the first.
    pub(super) opened: BTreeMap<usize, u64>,
    pub(super) failures_in_a_row: u64,
}

/// Addresses, kind and SSRC.
type Id = (SocketAddr, SocketAddr, Kind, u32);

/// A stream with the number of the direction it belongs to, if that is known.
#[derive(Debug)]
pub struct Judged {
    /// The counts.
    pub stream: Stream,
    /// Index into the directions the engine was made of.
    pub direction: Option<usize>,
    /// All directions whose keys opened packets of it, with the frame of the first one.
    pub opened: BTreeMap<usize, u64>,
}

/// Decrypts datagrams one by one.
pub struct Engine<'a> {
    directions: &'a [Direction],
    /// The context of each direction, where it has keys.
    keyed: Vec<Option<usize>>,
    contexts: Vec<Context>,
    flows: HashMap<(SocketAddr, SocketAddr), Flow>,
    streams: HashMap<Id, Entry>,
    ignored: u64,
    scratch: Vec<u8>,
}

impl<'a> Engine<'a> {
    /// An engine for these directions.
    pub fn new(directions: &'a [Direction]) -> Self {
        let mut contexts: Vec<Context> = Vec::new();
        let mut keyed: Vec<Option<usize>> = Vec::new();
        for (at, direction) in directions.iter().enumerate() {
            let context = direction.keying().map(|keying| {
                let earlier = directions.iter().zip(&keyed).take(at);
                let same = earlier.filter(|(other, _)| continues(other, direction));
                let best = same.max_by_key(|(other, _)| {
                    (other.to == direction.to, other.from == direction.from)
                });
                best.and_then(|(_, context)| *context).unwrap_or_else(|| {
                    contexts.push(Context::new(keying.clone()));
                    contexts.len() - 1
                })
            });
            keyed.push(context);
        }
        Self {
            directions,
            keyed,
            contexts,
            flows: HashMap::new(),
            streams: HashMap::new(),
            ignored: 0,
            scratch: Vec::new(),
        }
    }

    /// Takes in one datagram; what it decrypts to goes to `sink`.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn datagram(
        &mut self,
        datagram: &Datagram<'_>,
        sink: Option<&mut Sink>,
    ) -> Result<(), Failure> {
        let (src, dst) = (datagram.src, datagram.dst);
        let Some((kind, ssrc)) = rtp::classify(&datagram.payload) else {
            return Ok(());
        };
        let id = (src, dst, kind, ssrc);
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&id) {
            self.ignored += 1;
            return Ok(());
        }
        if !self.flows.contains_key(&(src, dst)) {
            let flow = self.flow(src, dst);
            self.flows.insert((src, dst), flow);
        }
        let Self { directions, contexts, flows, streams, scratch, .. } = self;
        let Some(flow) = flows.get_mut(&(src, dst)) else {
            return Ok(());
        };
        let entry = streams.entry(id).or_insert_with(|| Entry {
            stream: Stream::new(src, dst, kind, ssrc),
            began: datagram.frame,
            bound: None,
            direction: None,
            opened: BTreeMap::new(),
            failures_in_a_row: 0,
        });
        entry.stream.packets += 1;
        scratch.clear();
        scratch.extend_from_slice(&datagram.payload);
        let mut trial = Trial { directions, contexts, flow, entry, datagram, kind, ssrc };
        let Some((direction, len)) = trial.open(scratch) else {
            return Ok(());
        };
        let plain = scratch.get(..len).unwrap_or_default();
        if kind == Kind::Rtp
            && let Ok(header) = RtpHeader::parse(plain)
        {
            let sequence = &mut entry.stream.sequence;
            sequence.add(sequence.extend(header.sequence_number));
        }
        match (sink, directions.get(direction)) {
            (Some(sink), Some(direction)) => sink.packet(direction, id, datagram, plain),
            _ => Ok(()),
        }
    }

    fn flow(&self, src: SocketAddr, dst: SocketAddr) -> Flow {
        let mut flow = Flow::default();
        let mut guesses = 0;
        let mut unkeyed: Option<(Fit, usize)> = None;
        for (at, (direction, context)) in self.directions.iter().zip(&self.keyed).enumerate() {
            let fit = direction.fit(src, dst);
            match *context {
                Some(context) if fit != Fit::Nowhere => {
                    flow.candidates.push(Candidate { direction: at, context, fit });
                }
                // Without a tag anything would open, so an unauthenticated stream is not guessed.
                Some(context)
                    if guesses < MAX_GUESSES
                        && direction
                            .keying()
                            .is_some_and(|keying| !keying.policy.unauthenticated_srtp) =>
                {
                    guesses += 1;
                    flow.candidates.push(Candidate { direction: at, context, fit });
                }
                Some(_) => {}
                // The last one that fits best is what was agreed in the end.
                None if fit < Fit::Anywhere && unkeyed.is_none_or(|(best, _)| fit <= best) => {
                    unkeyed = Some((fit, at));
                }
                None => {}
            }
        }
        flow.unkeyed = unkeyed.map(|(_, at)| at);
        flow
    }

    /// The streams in the order of their first packets, and how many packets were ignored since
    /// there were too many streams.
    pub fn finish(self) -> (Vec<Judged>, u64) {
        let Self { mut contexts, streams, directions, .. } = self;
        let mut entries: Vec<Entry> = streams.into_values().collect();
        entries.sort_by_key(|entry| entry.began);
        let judged = entries.into_iter().map(|Entry { mut stream, bound, direction, opened, .. }| {
            let context = bound.and_then(|bound| contexts.get_mut(bound.context));
            if let Some(context) = context {
                stream.suite = Some(context.keying.suite);
                if stream.kind == Kind::Rtp {
                    let roc = context.opener().and_then(|opener| opener.roc(stream.ssrc));
                    stream.roc = roc.unwrap_or(0);
                }
                if let Some(lifetime) = context.keying.lifetime.filter(|&most| stream.decrypted > most) {
                    stream.find(format!(
                        "the key's lifetime is {lifetime} packets, and {} were sent under it without \
                         a new key (RFC 4568 §6.1)",
                        stream.decrypted
                    ));
                }
            } else if let Some(keying) =
                direction.and_then(|at| directions.get(at)).and_then(Direction::keying)
            {
                stream.suite = Some(keying.suite);
            }
            Judged { stream, direction, opened }
        });
        (judged.collect(), self.ignored)
    }
}

/// Whether `new` goes on with the context of `old`: the same media of the same call under the same
/// keys, later, or to the same place. Two hops of one exchange have contexts of their own.
fn continues(old: &Direction, new: &Direction) -> bool {
    let same_keys = match (old.keying(), new.keying()) {
        (Some(old), Some(new)) => old.keys == new.keys && old.policy == new.policy,
        _ => false,
    };
    same_keys
        && (old.call, old.media) == (new.call, new.media)
        && (old.to == new.to || old.request != new.request)
}
