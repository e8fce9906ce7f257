//! Batches with their HMACs computed at once.
//!
//! Protecting: every packet goes its way, in order, up to its HMAC; once it has come so far nothing
//! can fail, and its context counts it as sent. The HMACs follow for all together.
//!
//! Unprotecting: what a packet's HMAC must be computed over depends on the packets before it, for
//! the rollover counter is in it. So the rules are asked twice. First for each packet as if it came
//! next, which says what HMAC decides about it; these are computed for all together. Then in
//! earnest and in order, where a rule that asks for just the HMAC that is known gets it, and for any
//! other computes it; a packet that the ones before it changed nothing for, which is told by its index,
//! is not looked at again. A wrong guess costs time and changes nothing.

use core::borrow::BorrowMut;
use core::hint::black_box;

use super::{Incoming, Outgoing, Packet, one_by_one};
use crate::context::{Inbound, Outbound};
use crate::incoming::{KnownMac, NeededMac};
use crate::primitive::{HmacJob, HmacSha1, Lanes};
use crate::table::StreamTable;
use crate::transform::{Digest, DueMac, Macs, Protocol};
use crate::wire::{RTCP_SSRC_AT, RTP_SSRC_AT};

/// With fewer packets under HMAC-SHA1, one after the other is as fast: benches/BATCH.md.
pub(super) const WORTH: usize = 7;
/// The same of packets that the rules of the long way are asked about twice.
const WORTH_THE_LONG_WAY: usize = 12;

/// Contexts of so many bytes in all are taken to be in the cache of a core.
const CACHED: usize = 1 << 20;

/// Packets of one round, as many as there are lanes: few and long batches need not pay for places
/// that stay empty.
const FEW: usize = 16;
const MANY: usize = 64;

/// What is in the place of a job until there is one.
const IDLE: HmacJob<'_> = HmacJob::new(&[[0; 5]; 2], &[], [0; 4]);

/// Protects packets, no fewer than there are lanes for.
pub(super) fn protect<C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &mut [C],
    packets: &mut [Outgoing<'_>],
) where
    C: BorrowMut<Outbound<S, KEYS>>,
    S: StreamTable,
{
    in_rounds(contexts, packets, |contexts, round| match round.len() {
        ..=FEW => protect_round::<FEW, C, S, KEYS>(lanes, contexts, round),
        _ => protect_round::<MANY, C, S, KEYS>(lanes, contexts, round),
    });
}

/// As [`protect`].
pub(super) fn unprotect<C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &mut [C],
    packets: &mut [Incoming<'_>],
) where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    in_rounds(contexts, packets, |contexts, round| match round.len() {
        ..=FEW => unprotect_round::<FEW, C, S, KEYS>(lanes, contexts, round),
        _ => unprotect_round::<MANY, C, S, KEYS>(lanes, contexts, round),
    });
}

/// Cuts a batch into rounds, and lets those packets go alone that lanes gain nothing for. Where the
/// contexts are more than a cache holds, every context and stream of a round is looked at before any
/// is worked with: they are then fetched together, not one after the other.
#[inline(always)]
fn in_rounds<X, C, P>(contexts: &mut [C], packets: &mut [P], round: impl Fn(&mut [C], &mut [P]))
where
    C: BorrowMut<X>,
    P: Packet<X>,
{
    let far = size_of::<X>().saturating_mul(contexts.len()) > CACHED;
    for packets in packets.chunks_mut(MANY) {
        if far {
            for packet in &*packets {
                if let Some(context) = contexts.get(packet.context()) {
                    packet.look_at(context.borrow());
                }
            }
        }
        let mut gone = 0;
        for packet in packets.iter_mut() {
            match contexts.get_mut(packet.context()).map(C::borrow_mut) {
                Some(context) if P::waits(context) => break,
                Some(context) => packet.go(context),
                None => {}
            }
            gone += 1;
        }
        let packets = packets.get_mut(gone..).unwrap_or_default();
        let waits = |packet: &&P| {
            let context = contexts.get(packet.context());
            context.is_some_and(|context| P::waits(context.borrow()))
        };
        let enough = packets.iter().filter(waits).take(WORTH);
        if enough.count() < WORTH {
            one_by_one(contexts, packets);
        } else {
            round(contexts, packets);
        }
    }
}

/// Has the table look for the stream of a packet.
#[inline(always)]
pub(super) fn look_at<S: StreamTable>(streams: &S, protocol: Protocol, packet: &[u8]) {
    let ssrc_at = match protocol {
        Protocol::Srtp => RTP_SSRC_AT,
        Protocol::Srtcp => RTCP_SSRC_AT,
    };
    let ssrc = packet.get(ssrc_at..).and_then(<[u8]>::first_chunk);
    let slot = ssrc.and_then(|ssrc| streams.find(u32::from_be_bytes(*ssrc)));
    black_box(slot.is_some_and(|slot| streams.get(slot).is_some()));
}

#[inline(never)]
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
        if packet.protocol == Protocol::Srtp
            && let Some(len) = context.protect_ordinary_but_mac(packet.buffer, packet.len, due)
        {
            packet.result = Some(Ok(len));
        } else {
            protect_by_the_long_way(context, packet, due);
        }
    }

    let mut jobs = Jobs::<ROUND>::new();
    for (packet, place) in packets.iter().zip(&mut dues) {
        let Some(due) = place else { continue };
        let context = contexts.get(packet.context).map(C::borrow);
        let auth = context.and_then(|context| context.ring.kept_auth(packet.protocol));
        if let (Some(auth), Some(message)) = (auth, packet.buffer.get(..due.input.len)) {
            jobs.push(HmacJob::new(auth.states(), message, due.input.suffix()));
        } else {
            *place = None; // unreachable: the same key has just sealed the packet
        }
    }
    let mut digests = [[0; 20]; ROUND];
    jobs.digest(lanes, &mut digests);
    let mut digests = digests.iter();
    for (packet, due) in packets.iter_mut().zip(&dues) {
        if let Some(due) = due
            && let Some(digest) = digests.next()
        {
            due.write(packet.buffer, digest);
        }
    }
}

#[inline(never)]
fn unprotect_round<const ROUND: usize, C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &mut [C],
    packets: &mut [Incoming<'_>],
) where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    let mut needed = [const { NeededMac::NONE }; ROUND];
    let mut digests = [[0; 20]; ROUND];
    compute_ahead(lanes, contexts, packets, &mut needed, &mut digests);
    let mut digests = digests.iter();
    for (packet, needed) in packets.iter_mut().zip(&needed) {
        let known = match needed.is_none() {
            true => None,
            false => digests.next().map(|digest| KnownMac { of: needed, digest }),
        };
        let (Some(known), Some(context)) = (known, contexts.get_mut(packet.context)) else {
            one_by_one(contexts, core::slice::from_mut(packet));
            continue;
        };
        let context = context.borrow_mut();
        if packet.protocol == Protocol::Srtp
            && let Some(opened) = context.unprotect_ordinary_knowing(packet.packet, known)
        {
            packet.result = Some(match opened {
                Ok(len) => Ok(len),
                Err(forged) => Err(forged.into()),
            });
        } else {
            unprotect_by_the_long_way(context, packet, known);
        }
    }
}

// Not inlined, and their results not returned: a result that comes now from here and now from there
// is put together in memory and read too soon.
#[inline(never)]
fn protect_by_the_long_way<S: StreamTable, const KEYS: usize>(
    context: &mut Outbound<S, KEYS>,
    packet: &mut Outgoing<'_>,
    due: &mut Option<DueMac>,
) {
    let (buffer, macs) = (&mut *packet.buffer, Macs::Later(due));
    packet.result = Some(match packet.protocol {
        Protocol::Srtp => context.protect_rtp_but_mac(buffer, packet.len, macs),
        Protocol::Srtcp => context.protect_rtcp_but_mac(buffer, packet.len, macs),
    });
}

#[inline(never)]
fn unprotect_by_the_long_way<S: StreamTable, const KEYS: usize>(
    context: &mut Inbound<S, KEYS>,
    packet: &mut Incoming<'_>,
    known: KnownMac<'_>,
) {
    packet.result = Some(match packet.protocol {
        Protocol::Srtp => context.unprotect_rtp_knowing(packet.packet, known),
        Protocol::Srtcp => context.unprotect_rtcp_knowing(packet.packet, Some(known)),
    });
}

/// The HMACs that the packets will need if nothing comes between: which, and in their order the
/// digests.
fn compute_ahead<const ROUND: usize, C, S, const KEYS: usize>(
    lanes: Lanes,
    contexts: &[C],
    packets: &[Incoming<'_>],
    needed: &mut [NeededMac; ROUND],
    digests: &mut [Digest; ROUND],
) where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    let mut jobs = Jobs::<ROUND>::new();
    for (packet, place) in packets.iter().zip(needed.iter_mut()) {
        let Some(context) = contexts.get(packet.context).map(C::borrow) else { continue };
        let ordinary = match packet.protocol {
            Protocol::Srtp => context.foresee_ordinary(packet.packet),
            Protocol::Srtcp => None,
        };
        // In two places, for what comes now from here and now from there goes through memory.
        if let Some((needed, auth)) = ordinary {
            jobs.note(needed, auth, packet.packet, place);
            continue;
        }
        let needed = match packet.protocol {
            _ if packets.len() < WORTH_THE_LONG_WAY || !context.ring.makes_hmacs() => None,
            Protocol::Srtp => context.foresee_rtp(packet.packet),
            Protocol::Srtcp => context.foresee_rtcp(packet.packet),
        };
        if let Some((needed, auth)) = needed {
            jobs.note(needed, auth, packet.packet, place);
        }
    }
    if jobs.len < WORTH {
        needed.fill(NeededMac::NONE);
        return;
    }
    jobs.digest(lanes, digests);
}

/// The jobs of one round.
struct Jobs<'p, const ROUND: usize> {
    jobs: [HmacJob<'p>; ROUND],
    len: usize,
}

impl<'p, const ROUND: usize> Jobs<'p, ROUND> {
    #[inline(always)]
    fn new() -> Self {
        Self { jobs: [IDLE; ROUND], len: 0 }
    }

    #[inline(always)]
    fn push(&mut self, job: HmacJob<'p>) {
        if let Some(place) = self.jobs.get_mut(self.len) {
            *place = job;
            self.len += 1;
        }
    }

    /// Makes a job of what a packet needs, and notes it in its place.
    #[inline(always)]
    fn note(
        &mut self,
        needed: NeededMac,
        auth: &'p HmacSha1,
        packet: &'p [u8],
        place: &mut NeededMac,
    ) {
        if let Some(job) = needed.job(auth, packet) {
            self.push(job);
            *place = needed;
        }
    }

    /// Does the jobs, and writes their digests in order.
    #[inline(always)]
    fn digest(&self, lanes: Lanes, digests: &mut [Digest; ROUND]) {
        lanes.digest(self.jobs.get(..self.len).unwrap_or_default(), digests);
    }
}
