//! One packet and the keys that may open it: tried in the order of likelihood, then explained.
//!
//! Read first: RFC 3711 §3.3 (what a receiver checks), RFC 4568 §5.1.1.

use srtp_core::UnprotectError;
use srtp_core::wire::RtpHeader;

use super::diagnose;
use super::direction::{Direction, Fit, Protection};
use super::engine::{Candidate, Context, Entry, Flow};
use super::stream::Span;
use crate::net::Datagram;
use crate::output::audio::Format;
use crate::rtp::{self, Kind};

/// The last failure in a row at which other explanations are searched for; earlier ones are at
/// the powers of two.
const LAST_SEARCH: u64 = 1 << 10;
/// Searches on one flow at most; each costs some 16 000 HMACs.
const MAX_SEARCHES: u32 = 64;

/// One packet meeting its candidates.
pub(super) struct Trial<'t> {
    pub(super) directions: &'t [Direction],
    pub(super) contexts: &'t mut Vec<Context>,
    pub(super) flow: &'t mut Flow,
    pub(super) entry: &'t mut Entry,
    pub(super) datagram: &'t Datagram<'t>,
    pub(super) kind: Kind,
    pub(super) ssrc: u32,
}

impl Trial<'_> {
    /// Opens the packet in place: the direction it belongs to and its plain length.
    pub(super) fn open(&mut self, packet: &mut [u8]) -> Option<(usize, usize)> {
        if let Some(bound) = self.entry.bound
            && let Ok(len) = self.open_with(bound, packet)
        {
            return Some(self.opened(bound, len));
        }
        let candidates = self.candidates();
        let mut seen_before = false;
        for candidate in &candidates {
            match self.open_with(*candidate, packet) {
                Ok(len) => return Some(self.opened(*candidate, len)),
                // This comes before authentication, so it says nothing where the key is a guess.
                Err(UnprotectError::Replayed { .. } | UnprotectError::TooOld { .. })
                    if candidate.fit != Fit::Nowhere || self.entry.bound.is_some() =>
                {
                    seen_before = true;
                    self.entry.bound.get_or_insert(*candidate);
                    self.belongs_to(candidate.direction);
                }
                Err(UnprotectError::TableFull { capacity }) => self.entry.stream.find(format!(
                    "more than {capacity} SSRCs under one key; the rest are left out"
                )),
                Err(_) => {}
            }
        }
        if seen_before {
            self.entry.stream.replayed += 1;
            return None;
        }
        if let Some(unkeyed) = self.unkeyed() {
            return self.unkeyed_packet(unkeyed, packet.len());
        }
        if let Some(owner) = candidates.iter().find(|candidate| candidate.fit < Fit::Anywhere) {
            self.belongs_to(owner.direction);
        }
        self.entry.failures_in_a_row += 1;
        let run = self.entry.failures_in_a_row;
        if run.is_power_of_two()
            && run <= LAST_SEARCH
            && self.flow.searches < MAX_SEARCHES
            && !self.is_plain_rtcp()
            && let Some(opened) = self.search(&candidates, packet)
        {
            return Some(opened);
        }
        self.failed()
    }

    /// The candidates that are worth a try now, best first: the one that opened the last packet,
    /// then by fit, then the newest that was offered before this packet.
    fn candidates(&self) -> Vec<Candidate> {
        let guess = self.entry.failures_in_a_row.saturating_add(1).is_power_of_two();
        let now = self.datagram.frame;
        let mut candidates: Vec<Candidate> = self.entry.bound.into_iter().collect();
        let mut others: Vec<Candidate> = self.flow.candidates.clone();
        others.retain(|other| {
            (other.fit != Fit::Nowhere || guess)
                && self.entry.bound.is_none_or(|bound| bound.context != other.context)
        });
        others.sort_by_key(|other| {
            let since = self.directions.get(other.direction).map_or(0, |direction| direction.since);
            (other.fit, since > now, since.abs_diff(now))
        });
        candidates.append(&mut others);
        candidates
    }

    fn open_with(&mut self, with: Candidate, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let opener = self.contexts.get_mut(with.context).and_then(Context::opener);
        opener.ok_or(UnprotectError::AuthFailed)?.open(self.kind, packet)
    }

    fn opened(&mut self, with: Candidate, len: usize) -> (usize, usize) {
        let first = self.entry.bound.is_none_or(|bound| bound.context != with.context);
        if first && with.fit == Fit::Nowhere {
            self.explain_guess(with);
        }
        self.entry.bound = Some(with);
        self.entry.failures_in_a_row = 0;
        self.entry.stream.decrypted += 1;
        self.entry.opened.entry(with.direction).or_insert(self.datagram.frame);
        self.belongs_to(with.direction);
        (with.direction, len)
    }

    /// A key opened the packet that by the addresses is another's.
    fn explain_guess(&mut self, with: Candidate) {
        let Some(direction) = self.directions.get(with.direction) else {
            return;
        };
        let (src, dst) = (self.datagram.src, self.datagram.dst);
        let swapped = direction.fit(dst, src) < Fit::Anywhere;
        self.entry.stream.find(if swapped {
            format!(
                "{src} protects with the key that {dst} announced for itself; each side sends under \
                 the key in its own SDP (RFC 4568 §5.1.1)"
            )
        } else {
            let wants = direction.to.map_or("elsewhere".to_owned(), |to| format!("at {to}"));
            format!("no SDP names these addresses; the key is that of media wanted {wants}")
        });
    }

    fn belongs_to(&mut self, direction: usize) {
        self.entry.direction = Some(direction);
        self.entry.stream.known = true;
    }

    /// What was agreed without a key, if it is the latest word on this flow.
    fn unkeyed(&self) -> Option<usize> {
        let unkeyed = self.flow.unkeyed?;
        let since = |at: usize| self.directions.get(at).map_or(0, |direction| direction.since);
        let keyed = self.flow.candidates.iter().filter(|candidate| candidate.fit < Fit::Anywhere);
        let newest_keyed = keyed
            .map(|candidate| since(candidate.direction))
            .filter(|&since| since <= self.datagram.frame)
            .max();
        newest_keyed.is_none_or(|keyed| since(unkeyed) > keyed).then_some(unkeyed)
    }

    fn unkeyed_packet(&mut self, unkeyed: usize, len: usize) -> Option<(usize, usize)> {
        self.belongs_to(unkeyed);
        match self.directions.get(unkeyed).map(|direction| &direction.protection) {
            Some(Protection::Unusable(reason)) => {
                let reason = reason.clone();
                self.entry.stream.find(reason);
                self.failed()
            }
            _ => {
                self.entry.stream.plain += 1;
                Some((unkeyed, len))
            }
        }
    }

    fn is_plain_rtcp(&self) -> bool {
        self.kind == Kind::Rtcp && rtp::is_plain_rtcp(&self.datagram.payload)
    }

    /// Looks for another explanation than a wrong key.
    fn search(&mut self, candidates: &[Candidate], packet: &mut [u8]) -> Option<(usize, usize)> {
        self.flow.searches += 1;
        let fitting = candidates.iter().filter(|candidate| candidate.fit != Fit::Nowhere);
        for candidate in fitting.copied() {
            let context = self.contexts.get_mut(candidate.context)?;
            let found = diagnose::search(&context.keying, self.kind, self.ssrc, packet);
            let Some(found) = found else { continue };
            let mut with = candidate;
            if let Some(keying) = found.keying {
                self.contexts.push(Context::new(keying));
                with.context = self.contexts.len() - 1;
                self.flow.candidates.push(with);
            } else {
                let opener = context.opener()?;
                opener.rejoin(self.ssrc, found.roc).ok()?;
            }
            let len = self.open_with(with, packet).ok()?;
            self.entry.stream.find(match self.entry.stream.decrypted {
                0 => found.sentence,
                _ => format!("from frame {} on: {}", self.datagram.frame, found.sentence),
            });
            return Some(self.opened(with, len));
        }
        None
    }

    /// No key opens it. RTCP in the clear on a secured stream is told apart from what fails.
    fn failed(&mut self) -> Option<(usize, usize)> {
        let stream = &mut self.entry.stream;
        let frame = self.datagram.frame;
        if self.kind == Kind::Rtcp && rtp::is_plain_rtcp(&self.datagram.payload) {
            stream.plain += 1;
            self.entry.failures_in_a_row = 0;
            Span::reach(&mut stream.in_clear, frame);
            let direction = self.entry.direction?;
            return Some((direction, self.datagram.payload.len()));
        }
        stream.failed += 1;
        Span::reach(&mut stream.failures, frame);
        if self.kind == Kind::Rtp
            && let Ok(header) = RtpHeader::parse(&self.datagram.payload)
            && self.is_one_byte_a_sample(header.payload_type)
        {
            self.entry.stream.lengths.look(&header, self.datagram.payload.len());
        }
        None
    }

    fn is_one_byte_a_sample(&self, payload_type: u8) -> bool {
        let direction = self.entry.direction.and_then(|at| self.directions.get(at));
        let format = match direction {
            Some(direction) => direction.format(payload_type),
            None => Format::of_static_type(payload_type),
        };
        format.is_some_and(|format| format.bytes_per_sample() == 1)
    }
}
