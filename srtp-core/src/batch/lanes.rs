//! Batches with their HMACs computed at once.
//!
//! Protecting: every packet goes its way, in order, up to its HMAC; once it has come so far nothing
//! can fail, and its context counts it as sent. The HMACs follow for all together.
//!
//! Unprotecting: what a packet's HMAC must be computed over depends on the packets before it, for
//! the rollover counter is in it. So the rules are asked twice. First for each packet as if it came
//! next, which says what HMAC decides about it; these are computed for all together. Then in
//! earnest and in order, where a rule that asks for just the HMAC that is known gets it, and for any
//! other computes it. A wrong guess costs time and changes nothing.

use core::borrow::BorrowMut;
use core::hint::black_box;

use super::{Incoming, Outgoing, protect_one_by_one, unprotect_one_by_one};
use crate::context::{Inbound, Outbound};
use crate::incoming::KnownMac;
use crate::primitive::{HmacJob, Lanes};
use crate::table::StreamTable;
use crate::transform::{Digest, DueMac, Macs, Protocol};

/// With fewer packets under HMAC-SHA1, one after the other is as fast: benches/BATCH.md.
pub(super) const WORTH_PROTECTING: usize = 6;
/// The same of packets to be unprotected, whose rules are asked twice, and which one by one go the
/// short way of an ordinary packet.
pub(super) const WORTH_UNPROTECTING: usize = 12;

/// Contexts of so many bytes in all are taken to be in the cache of a core.
const CACHED: usize = 1 << 20;

const RTP_SSRC_AT: usize = 8;
const RTCP_SSRC_AT: usize = 4;

/// Packets of one round, as many as there are lanes: few and long batches need not pay for places
/// that stay empty.
const FEW: usize = 16;
const MANY: usize = 64;

/// What is in the place of a job until there is one.
const IDLE: HmacJob<'_> = HmacJob::new((&[0; 5], &[0; 5]), &[], [0; 4]);

pub(super) fn protect<C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &mut [C],
    packets: &mut [Outgoing<'_>],
) where
    C: BorrowMut<Outbound<S, KEYS>>,
    S: StreamTable,
{
    for round in packets.chunks_mut(MANY) {
        match round.len() {
            _ if !worth_protecting(contexts, round) => {
                protect_one_by_one(contexts, round);
            }
            ..=FEW => protect_round::<FEW, C, S, KEYS>(lanes, contexts, round),
            _ => protect_round::<MANY, C, S, KEYS>(lanes, contexts, round),
        }
    }
}

/// Whether enough of the packets have HMACs that can wait. Where the contexts are more than a cache
/// holds, every context and stream is looked at before any is worked with: they are then fetched
/// together, not one after the other.
#[inline(always)]
fn worth_protecting<C, S, const KEYS: usize>(contexts: &[C], packets: &[Outgoing<'_>]) -> bool
where
    C: BorrowMut<Outbound<S, KEYS>>,
    S: StreamTable,
{
    let far = size_of::<Outbound<S, KEYS>>().saturating_mul(contexts.len()) > CACHED;
    let can_wait = |packet: &&Outgoing<'_>| {
        let Some(context) = contexts.get(packet.context).map(C::borrow) else { return false };
        if far {
            let ssrc_at = match packet.protocol {
                Protocol::Srtp => RTP_SSRC_AT,
                Protocol::Srtcp => RTCP_SSRC_AT,
            };
            let ssrc = packet.buffer.get(ssrc_at..).and_then(<[u8]>::first_chunk);
            let slot = ssrc.and_then(|ssrc| context.streams.find(u32::from_be_bytes(*ssrc)));
            black_box(slot.is_some_and(|slot| context.streams.get(slot).is_some()));
        }
        let keys = context.ring.current().and_then(|key| key.kept_keys(packet.protocol));
        keys.is_some_and(|keys| keys.auth().is_some())
    };
    let asked = if far { packets.len() } else { WORTH_PROTECTING };
    packets.iter().filter(can_wait).take(asked).count() >= WORTH_PROTECTING
}

fn protect_round<const ROUND: usize, C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &mut [C],
    packets: &mut [Outgoing<'_>],
) where
    C: BorrowMut<Outbound<S, KEYS>>,
    S: StreamTable,
{
    let mut dues = [const { None::<DueMac> }; ROUND];
    for (packet, due) in packets.iter_mut().zip(&mut dues) {
        let Some(context) = contexts.get_mut(packet.context).map(C::borrow_mut) else {
            continue;
        };
        let (buffer, macs) = (&mut *packet.buffer, Macs::Later(due));
        match packet.protocol {
            Protocol::Srtp => match context.protect_rtp_but_mac(buffer, packet.len, macs) {
                Ok(len) => packet.result = Some(Ok(len)),
                Err(error) => packet.result = Some(Err(error)),
            },
            Protocol::Srtcp => {
                packet.result = Some(context.protect_rtcp_but_mac(buffer, packet.len, macs));
            }
        }
    }

    let mut jobs = Jobs::<ROUND>::new();
    for (packet, place) in packets.iter().zip(&mut dues) {
        let Some(due) = place else { continue };
        let context = contexts.get(packet.context).map(C::borrow);
        let auth =
            context.and_then(|context| context.ring.current()?.kept_keys(packet.protocol)?.auth());
        if let (Some(auth), Some(message)) = (auth, packet.buffer.get(..due.input.len)) {
            jobs.push(HmacJob::new(auth.states(), message, due.input.suffix()));
        } else {
            *place = None; // unreachable: the same key has just sealed the packet
        }
    }
    let digests = jobs.digests(lanes);
    let due =
        packets.iter_mut().zip(&dues).filter_map(|(packet, due)| Some((packet, due.as_ref()?)));
    for ((packet, due), digest) in due.zip(&digests) {
        due.write(packet.buffer, digest);
    }
}

pub(super) fn unprotect<C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &mut [C],
    packets: &mut [Incoming<'_>],
) where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    for round in packets.chunks_mut(MANY) {
        match round.len() {
            _ if !worth_unprotecting(contexts, round) => {
                unprotect_one_by_one(contexts, round);
            }
            ..=FEW => unprotect_round::<FEW, C, S, KEYS>(lanes, contexts, round),
            _ => unprotect_round::<MANY, C, S, KEYS>(lanes, contexts, round),
        }
    }
}

/// As [`worth_protecting`]; the streams are looked at when HMACs are foreseen.
#[inline(always)]
fn worth_unprotecting<C, S, const KEYS: usize>(contexts: &[C], packets: &[Incoming<'_>]) -> bool
where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    let far = size_of::<Inbound<S, KEYS>>().saturating_mul(contexts.len()) > CACHED;
    let foreseen = |packet: &&Incoming<'_>| {
        contexts.get(packet.context).is_some_and(|context| context.borrow().ring.foresees())
    };
    let asked = if far { packets.len() } else { WORTH_UNPROTECTING };
    packets.iter().filter(foreseen).take(asked).count() >= WORTH_UNPROTECTING
}

fn unprotect_round<const ROUND: usize, C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &mut [C],
    packets: &mut [Incoming<'_>],
) where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    let mut known = [const { None }; ROUND];
    compute_ahead(lanes, contexts, packets, &mut known);
    for (packet, known) in packets.iter_mut().zip(&known) {
        let Some(context) = contexts.get_mut(packet.context).map(C::borrow_mut) else {
            continue;
        };
        let (bytes, known) = (&mut *packet.packet, known.as_ref());
        match packet.protocol {
            Protocol::Srtp => match context.unprotect_rtp_knowing(bytes, known) {
                Ok(len) => packet.result = Some(Ok(len)),
                Err(error) => packet.result = Some(Err(error)),
            },
            Protocol::Srtcp => {
                packet.result = Some(context.unprotect_rtcp_knowing(bytes, known));
            }
        }
    }
}

/// The HMACs that the packets will need if nothing comes between.
fn compute_ahead<const ROUND: usize, C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &[C],
    packets: &[Incoming<'_>],
    known: &mut [Option<KnownMac>; ROUND],
) where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    let mut jobs = Jobs::<ROUND>::new();
    for (packet, place) in packets.iter().zip(known.iter_mut()) {
        let context = contexts.get(packet.context).map(C::borrow);
        let Some(context) = context.filter(|context| context.ring.foresees()) else {
            continue;
        };
        let needed = match packet.protocol {
            Protocol::Srtp => context.foresee_rtp(packet.packet),
            Protocol::Srtcp => context.foresee_rtcp(packet.packet),
        };
        let Some(needed) = needed else { continue };
        let key = context.ring.iter().map(|(_, key)| key).find(|key| needed.is_under(key));
        let auth = key.and_then(|key| key.kept_keys(packet.protocol)?.auth());
        if let (Some(auth), Some(message)) = (auth, packet.packet.get(..needed.input.len)) {
            jobs.push(HmacJob::new(auth.states(), message, needed.input.suffix()));
            *place = Some(KnownMac { of: needed, digest: [0; 20] });
        }
    }
    if jobs.len < WORTH_UNPROTECTING {
        known.fill(None);
        return;
    }
    for (known, digest) in known.iter_mut().flatten().zip(jobs.digests(lanes)) {
        known.digest = digest;
    }
}

/// The jobs of one round.
struct Jobs<'p, const ROUND: usize> {
    jobs: [HmacJob<'p>; ROUND],
    len: usize,
}

impl<'p, const ROUND: usize> Jobs<'p, ROUND> {
    fn new() -> Self {
        Self { jobs: [IDLE; ROUND], len: 0 }
    }

    fn push(&mut self, job: HmacJob<'p>) {
        if let Some(place) = self.jobs.get_mut(self.len) {
            *place = job;
            self.len += 1;
        }
    }

    /// Does the jobs; their digests in order, then zeros.
    #[inline(always)]
    fn digests(&mut self, lanes: Lanes) -> [Digest; ROUND] {
        lanes.digest(self.jobs.get_mut(..self.len).unwrap_or_default());
        core::array::from_fn(|n| self.jobs.get(n).map_or([0; 20], |job| *job.digest()))
    }
}
