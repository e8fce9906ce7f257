//! The receiving direction.
//!
//! Read first: RFC 3711 §3.3 steps 1 to 8 for the receiver, §3.3.1, §3.3.2, §3.4.

use core::fmt;

use super::export::{Direction, Going, StateError, export, exported_len, restore};
use super::{Rekey, StreamInfo, UnprotectError, list};
#[cfg(feature = "counters")]
use crate::counters::Counters;
use crate::cover;
use crate::incoming::{
    Attempt, Examined, attempt_rtcp, attempt_rtp, lay_out, mki_readings, payload_limit, room,
    rtcp_index, rtcp_payload_limit,
};
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::incoming::{KnownMac, NeededMac};
use crate::index::{self, MAX_RTP_INDEX};
use crate::key::{KeyError, MasterKey};
use crate::policy::Policy;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::primitive::HmacSha1;
use crate::replay::Seen;
use crate::ring::{ActiveKey, KeyRing, KeyUsage};
use crate::table::{Fixed, StreamTable};
use crate::transform::{Protocol, Rtp};
use crate::wire::{
    Layout, RTCP_CLEAR_LEN, RTCP_SSRC_AT, RTP_SSRC_AT, RtcpHeader, RtpHeader, Trailer,
};

/// A context that unprotects: SRTP and SRTCP packets in, RTP and RTCP packets out.
///
/// `S` is where the streams are kept, `KEYS` how many master keys there can be at once. A new SSRC
/// gets a place only after a packet of it was authenticated (unless `UNAUTHENTICATED_SRTP` was
/// agreed), with a rollover counter of 0 unless [`set_roc`](Self::set_roc) or
/// [`Policy::first_roc`] said otherwise.
///
/// A packet that is refused is left as it was, and so is the context: it can be tried again, with
/// another rollover counter or in another context.
#[derive(Clone)]
pub struct Inbound<S = Fixed<8>, const KEYS: usize = 2> {
    pub(crate) ring: KeyRing<KEYS>,
    pub(crate) streams: S,
    ignores_carried_roc: bool,
    #[cfg(feature = "counters")]
    counters: Counters,
}

/// A packet whose tag is right and that nothing else speaks against: the slot of its master key,
/// how long header and payload are, and what the verification found out.
struct Authentic<T> {
    key: usize,
    body_len: usize,
    found: T,
}

/// An RTP header that came in, and where its stream says it belongs.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) header: RtpHeader,
    pub(crate) slot: Option<usize>,
    /// The index to be tried first, and how many rollover counters from it on.
    index: u64,
    rocs_to_try: u64,
}

impl Arrival {
    /// The indices to be tried.
    #[cfg(feature = "gcm")]
    pub(crate) fn candidates(&self) -> impl Iterator<Item = u64> {
        let first = self.index;
        (0..self.rocs_to_try).map(move |n| first + (n << 16))
    }
}

impl<S: StreamTable + Default, const KEYS: usize> Inbound<S, KEYS> {
    /// A context without streams that opens what `key` protected.
    ///
    /// # Errors
    /// [`KeyError::PolicyNotForSuite`].
    #[inline]
    pub fn new(key: &MasterKey, policy: Policy) -> Result<Self, KeyError> {
        Self::with_streams(key, policy, S::default())
    }
}

impl<S: StreamTable, const KEYS: usize> Inbound<S, KEYS> {
    /// A context that opens what `key` protected and keeps its streams in `streams`, which is
    /// emptied.
    ///
    /// # Errors
    /// [`KeyError::PolicyNotForSuite`].
    #[inline]
    pub fn with_streams(key: &MasterKey, policy: Policy, streams: S) -> Result<Self, KeyError> {
        policy.check(key.suite())?;
        let mut context = Self::without_key(policy, streams);
        let seed = context.ring.begin(key);
        context.streams.clear(seed);
        Ok(context)
    }

    /// A context that has no key yet and refuses every packet with [`UnprotectError::UnknownMki`]
    /// until [`rekey`](Self::rekey) gives it one. `streams` is emptied then.
    ///
    /// For a machine whose stack is a few kilobytes: a key's session keys, most of a context, are then
    /// derived where they stay, while [`new`](Self::new) hands the whole context over on the stack.
    ///
    /// ```
    /// use srtp_core::{CryptoSuite, Fixed, Inbound, MasterKey, Policy, Rekey};
    ///
    /// let mut context = Inbound::<_, 1>::without_key(Policy::SECURE, Fixed::<1, 2>::new());
    /// // When a call begins:
    /// let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[7; 30])?;
    /// context.rekey(&key, Rekey::ZeroRoc)?;
    /// # Ok::<(), srtp_core::KeyError>(())
    /// ```
    // So that it is made where it stays, as far as the compiler can.
    #[inline(always)]
    pub const fn without_key(policy: Policy, streams: S) -> Self {
        Self {
            ring: KeyRing::vacant(policy),
            streams,
            ignores_carried_roc: false,
            #[cfg(feature = "counters")]
            counters: Counters::NONE,
        }
    }

    /// Turns an SRTP packet into the RTP packet it protects, in place, and returns its length.
    ///
    /// # Errors
    /// [`UnprotectError`]; packet and context are then as before.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let ordinary = self.open_ordinary(packet, None);
        // Apart, so that it is not copied.
        if let Some(Ok(len)) = ordinary {
            self.count(packet, RTP_SSRC_AT, &Ok(len));
            return Ok(len);
        }
        let opened = match ordinary {
            Some(opened) => opened.map_err(UnprotectError::from),
            None => self.open_rtp(&mut Examined::Open(packet, None)),
        };
        self.count(packet, RTP_SSRC_AT, &opened);
        opened
    }

    /// The same by the long way, where an HMAC of the packet is known.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    pub(crate) fn unprotect_rtp_knowing(
        &mut self,
        packet: &mut [u8],
        known: KnownMac<'_>,
    ) -> Result<usize, UnprotectError> {
        let opened = self.open_rtp(&mut Examined::Open(packet, Some(known)));
        self.count(packet, RTP_SSRC_AT, &opened);
        opened
    }

    /// As [`unprotect_rtp`](Self::unprotect_rtp), from `packet` into `output`, which is never longer
    /// than the packet.
    ///
    /// # Errors
    /// [`UnprotectError`]; output and context are then as before.
    pub fn unprotect_rtp_to(
        &mut self,
        packet: &[u8],
        output: &mut [u8],
    ) -> Result<usize, UnprotectError> {
        let opened = self.open_rtp_to(packet, output);
        self.count(packet, RTP_SSRC_AT, &opened);
        opened
    }

    /// Says what [`unprotect_rtp`](Self::unprotect_rtp) would say to a packet, and which packet
    /// index it has; nothing is decrypted or remembered.
    ///
    /// # Errors
    /// [`UnprotectError`].
    pub fn verify_rtp(&self, packet: &[u8]) -> Result<u64, UnprotectError> {
        let arrival = self.arrival(RtpHeader::parse(packet)?)?;
        Ok(self.authenticate_rtp(&arrival, &mut Examined::Look(packet))?.found)
    }

    #[inline(never)]
    fn open_rtp(&mut self, packet: &mut Examined<'_>) -> Result<usize, UnprotectError> {
        let arrival = self.arrival(RtpHeader::parse(packet.bytes())?)?;
        let authentic = self.authenticate_rtp(&arrival, packet)?;
        self.commit_rtp(&arrival, &authentic)?;
        Ok(authentic.body_len)
    }

    /// Which HMAC will decide first about a packet, as things stand, and its key; none where it will
    /// not come to one.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(never)]
    pub(crate) fn foresee_rtp(&self, packet: &[u8]) -> Option<(NeededMac, &HmacSha1)> {
        let arrival = self.arrival(RtpHeader::parse(packet).ok()?).ok()?;
        let mut needed = None;
        let _ = self.authenticate_rtp(&arrival, &mut Examined::Foresee(packet, &mut needed));
        self.with_key(Protocol::Srtp, needed?)
    }

    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    fn with_key(&self, protocol: Protocol, needed: NeededMac) -> Option<(NeededMac, &HmacSha1)> {
        let (_, key) = self.ring.iter().find(|(_, key)| needed.is_under(key))?;
        Some((needed, key.kept_keys(protocol)?.auth()?))
    }

    fn open_rtp_to(&mut self, packet: &[u8], output: &mut [u8]) -> Result<usize, UnprotectError> {
        let arrival = self.arrival(RtpHeader::parse(packet)?)?;
        let authentic = self.authenticate_rtp(&arrival, &mut Examined::Look(packet))?;
        let Authentic { key, body_len, found: index } = authentic;
        let output = room(output, body_len)?;
        output.iter_mut().zip(packet).for_each(|(to, from)| *to = *from);
        let (cover, _) = cover::incoming(&self.ring.policy, &arrival.header);
        if let Some(key) = self.ring.get(key) {
            key.with_keys(Protocol::Srtp, index, |keys| {
                keys.decrypt_rtp(output, Rtp { header: arrival.header, index, cover });
            });
        }
        self.commit_rtp(&arrival, &authentic)?;
        Ok(body_len)
    }

    /// Opens a packet as [`unprotect_rtp`](Self::unprotect_rtp) does if `accept` then likes what
    /// came out of it; if not, and nothing has changed in there, the packet is as it was.
    #[cfg(feature = "gcm")]
    pub(crate) fn unprotect_rtp_if<T>(
        &mut self,
        packet: &mut [u8],
        accept: impl FnOnce(&mut [u8]) -> Result<T, UnprotectError>,
    ) -> Result<T, UnprotectError> {
        let opened = self.open_rtp_if(packet, accept);
        let counted = opened.as_ref().map(|(len, _)| *len).map_err(|refusal| *refusal);
        self.count(packet, RTP_SSRC_AT, &counted);
        opened.map(|(_, accepted)| accepted)
    }

    #[cfg(feature = "gcm")]
    fn open_rtp_if<T>(
        &mut self,
        packet: &mut [u8],
        accept: impl FnOnce(&mut [u8]) -> Result<T, UnprotectError>,
    ) -> Result<(usize, T), UnprotectError> {
        let arrival = self.arrival(RtpHeader::parse(packet)?)?;
        let authentic = self.authenticate_rtp(&arrival, &mut Examined::Open(packet, None))?;
        let body = packet.get_mut(..authentic.body_len).unwrap_or_default();
        match accept(body) {
            Ok(accepted) => {
                self.commit_rtp(&arrival, &authentic)?;
                Ok((authentic.body_len, accepted))
            }
            Err(refusal) => {
                let index = authentic.found;
                let (cover, _) = cover::incoming(&self.ring.policy, &arrival.header);
                if let Some(key) = self.ring.get(authentic.key) {
                    key.with_keys(Protocol::Srtp, index, |keys| {
                        keys.close_rtp(body, Rtp { header: arrival.header, index, cover });
                    });
                }
                Err(refusal)
            }
        }
    }

    /// Notes a packet that was opened under the only key.
    #[cfg(feature = "gcm")]
    pub(crate) fn commit_opened(
        &mut self,
        arrival: &Arrival,
        index: u64,
    ) -> Result<(), UnprotectError> {
        self.commit_rtp(arrival, &Authentic { key: 0, body_len: 0, found: index })
    }

    /// Asks the stream about a header.
    #[inline(always)]
    pub(crate) fn arrival(&self, header: RtpHeader) -> Result<Arrival, UnprotectError> {
        let policy = &self.ring.policy;
        let slot = self.streams.find(header.ssrc);
        // A rollover counter in the packet settles the index later.
        let carried =
            policy.applied_rcc().is_some_and(|rcc| rcc.is_carried(header.sequence_number));
        let (index, rocs_to_try) = match slot.and_then(|slot| self.streams.get(slot)) {
            Some(stream) if !stream.stream.awaits_first_rtp() => {
                let index = stream.stream.estimate(header.sequence_number);
                if !policy.unauthenticated_srtp && policy.applied_rcc().is_none() {
                    refuse_seen(stream.check_rtp(index), index, || stream.oldest_rtp())?;
                }
                (index, 1)
            }
            _ => {
                let (first, last) = policy.first_roc;
                let count = u64::from(last).saturating_sub(first.into()) + 1;
                (index::compose(first, header.sequence_number), count)
            }
        };
        if index > MAX_RTP_INDEX && !carried {
            return Err(UnprotectError::IndexExhausted { last: MAX_RTP_INDEX });
        }
        Ok(Arrival { header, slot, index, rocs_to_try })
    }

    /// Finds the key, the reading of the trailer and the rollover counter that make the tag right,
    /// and opens the packet unless it is only to be looked at. Finds the packet's index.
    #[inline(always)]
    fn authenticate_rtp(
        &self,
        arrival: &Arrival,
        packet: &mut Examined<'_>,
    ) -> Result<Authentic<u64>, UnprotectError> {
        let policy = &self.ring.policy;
        let header = &arrival.header;
        let (cover, shown) = cover::incoming(policy, header);
        let trailer =
            |key: &ActiveKey, with_mki| key.srtp_trailer(policy, with_mki, header.sequence_number);
        self.authenticate(packet, header.len, trailer, |key, packet, layout| {
            payload_limit(header, cover, layout)?;
            let (first, rocs) = match self.carried_roc(key, packet.bytes(), layout) {
                Some(roc) => (index::compose(roc, header.sequence_number), 1),
                None => (arrival.index, arrival.rocs_to_try),
            };
            for index in (0..rocs).map(|n| first + (n << 16)) {
                let admissible = self
                    .seen_late(key, arrival.slot, index)
                    .and(shown)
                    .and_then(|()| self.admissible(key, arrival.slot, Protocol::Srtp));
                let rtp = Rtp { header: *header, index, cover };
                match attempt_rtp(key, packet, rtp, layout, admissible, index) {
                    Attempt::Foreign => {}
                    found => return Ok(found),
                }
            }
            Ok(Attempt::Foreign)
        })
    }

    /// The rollover counter a packet carries (RFC 4771 §2), unless it is to be ignored.
    #[inline(always)]
    fn carried_roc(&self, key: &ActiveKey, packet: &[u8], layout: &Layout) -> Option<u32> {
        let roc = packet.get(layout.roc())?.first_chunk::<4>()?;
        let vouched_for = layout.has_tag() || key.suite().cipher.is_aead();
        (vouched_for || !self.ignores_carried_roc).then(|| u32::from_be_bytes(*roc))
    }

    /// What the replay window says where only an authentic packet tells its index, or where not
    /// every packet is authenticated and there is no window.
    #[inline(always)]
    fn seen_late(
        &self,
        key: &ActiveKey,
        slot: Option<usize>,
        index: u64,
    ) -> Result<(), UnprotectError> {
        let policy = &self.ring.policy;
        if policy.applied_rcc().is_none() || !policy.authenticates_srtp(key.suite()) {
            return Ok(());
        }
        match slot.and_then(|slot| self.streams.get(slot)) {
            Some(stream) => refuse_seen(stream.check_rtp(index), index, || stream.oldest_rtp()),
            None => Ok(()),
        }
    }

    #[inline(always)]
    fn commit_rtp(
        &mut self,
        arrival: &Arrival,
        authentic: &Authentic<u64>,
    ) -> Result<(), UnprotectError> {
        let index = authentic.found;
        let slot = self.admit(arrival.slot, arrival.header.ssrc)?;
        let rcc = self.ring.policy.applied_rcc();
        let Some(key) = self.ring.get_mut(authentic.key) else {
            return Ok(());
        };
        key.commit(Protocol::Srtp, index);
        let suite = key.suite();
        let carried = rcc.is_some_and(|rcc| rcc.is_carried(arrival.header.sequence_number));
        let authenticated = self.ring.policy.authenticates_srtp(suite);
        if let Some(mut stream) = self.streams.get_mut(slot) {
            match (authenticated, carried) {
                (true, _) => stream.commit_rtp(index),
                (false, true) => stream.obey_rtp(index),
                (false, false) => stream.follow_rtp(index),
            }
        }
        Ok(())
    }

    /// Turns an SRTCP packet into the RTCP packet it protects, in place, and returns its length.
    ///
    /// # Errors
    /// [`UnprotectError`]; packet and context are then as before.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let opened = match self.open_ordinary_rtcp(packet) {
            Some(opened) => opened,
            None => self.open_rtcp(&mut Examined::Open(packet, None)),
        };
        self.count(packet, RTCP_SSRC_AT, &opened);
        opened
    }

    /// The same, where an HMAC of the packet may be known.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline]
    pub(crate) fn unprotect_rtcp_knowing(
        &mut self,
        packet: &mut [u8],
        known: Option<KnownMac<'_>>,
    ) -> Result<usize, UnprotectError> {
        if known.is_none() {
            return self.unprotect_rtcp(packet);
        }
        let opened = self.open_rtcp(&mut Examined::Open(packet, known));
        self.count(packet, RTCP_SSRC_AT, &opened);
        opened
    }

    /// As [`unprotect_rtcp`](Self::unprotect_rtcp), from `packet` into `output`, which is never
    /// longer than the packet.
    ///
    /// # Errors
    /// [`UnprotectError`]; output and context are then as before.
    pub fn unprotect_rtcp_to(
        &mut self,
        packet: &[u8],
        output: &mut [u8],
    ) -> Result<usize, UnprotectError> {
        let opened = self.open_rtcp_to(packet, output);
        self.count(packet, RTCP_SSRC_AT, &opened);
        opened
    }

    /// Says what [`unprotect_rtcp`](Self::unprotect_rtcp) would say to a packet, and which SRTCP
    /// index it has; nothing is decrypted or remembered.
    ///
    /// # Errors
    /// [`UnprotectError`].
    pub fn verify_rtcp(&self, packet: &[u8]) -> Result<u32, UnprotectError> {
        let ssrc = RtcpHeader::parse(packet)?.ssrc;
        let slot = self.streams.find(ssrc);
        let (_, index) = self.authenticate_rtcp(slot, &mut Examined::Look(packet))?.found;
        Ok(index)
    }

    // Apart where a short way goes before it; else its only caller may as well have it.
    #[cfg_attr(feature = "accel", inline(never))]
    #[cfg_attr(not(feature = "accel"), inline)]
    fn open_rtcp(&mut self, packet: &mut Examined<'_>) -> Result<usize, UnprotectError> {
        let ssrc = RtcpHeader::parse(packet.bytes())?.ssrc;
        let slot = self.streams.find(ssrc);
        let authentic = self.authenticate_rtcp(slot, packet)?;
        self.commit_rtcp(slot, ssrc, &authentic)?;
        Ok(authentic.body_len)
    }

    /// As [`foresee_rtp`](Self::foresee_rtp).
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(never)]
    pub(crate) fn foresee_rtcp(&self, packet: &[u8]) -> Option<(NeededMac, &HmacSha1)> {
        let slot = self.streams.find(RtcpHeader::parse(packet).ok()?.ssrc);
        let mut needed = None;
        let _ = self.authenticate_rtcp(slot, &mut Examined::Foresee(packet, &mut needed));
        self.with_key(Protocol::Srtcp, needed?)
    }

    fn open_rtcp_to(&mut self, packet: &[u8], output: &mut [u8]) -> Result<usize, UnprotectError> {
        let ssrc = RtcpHeader::parse(packet)?.ssrc;
        let slot = self.streams.find(ssrc);
        let authentic = self.authenticate_rtcp(slot, &mut Examined::Look(packet))?;
        let Authentic { key, body_len, found: (encrypted, index) } = authentic;
        let output = room(output, body_len)?;
        output.iter_mut().zip(packet).for_each(|(to, from)| *to = *from);
        if encrypted && let Some(key) = self.ring.get(key) {
            key.with_keys(Protocol::Srtcp, index.into(), |keys| keys.decrypt_rtcp(output, index));
        }
        self.commit_rtcp(slot, ssrc, &authentic)?;
        Ok(body_len)
    }

    /// As [`authenticate_rtp`](Self::authenticate_rtp); finds E bit and index.
    #[inline]
    fn authenticate_rtcp(
        &self,
        slot: Option<usize>,
        packet: &mut Examined<'_>,
    ) -> Result<Authentic<(bool, u32)>, UnprotectError> {
        let policy = &self.ring.policy;
        let trailer = |key: &ActiveKey, with_mki| key.srtcp_trailer(with_mki);
        self.authenticate(packet, RTCP_CLEAR_LEN, trailer, |key, packet, layout| {
            rtcp_payload_limit(layout)?;
            // Where the index stands depends on the key's MKI; the window's word counts once a tag
            // has vouched for both.
            let (encrypted, index, allowed) = rtcp_index(key, policy, packet.bytes(), layout);
            let seen = match slot.and_then(|slot| self.streams.get(slot)) {
                Some(stream) => {
                    let stream = stream.stream;
                    refuse_seen(stream.check_rtcp(index), index.into(), || stream.oldest_rtcp())
                }
                None => Ok(()),
            };
            let admissible =
                seen.and(allowed).and_then(|()| self.admissible(key, slot, Protocol::Srtcp));
            Ok(attempt_rtcp(key, packet, index, layout, admissible, (encrypted, index)))
        })
    }

    #[inline]
    fn commit_rtcp(
        &mut self,
        slot: Option<usize>,
        ssrc: u32,
        authentic: &Authentic<(bool, u32)>,
    ) -> Result<(), UnprotectError> {
        let (_, index) = authentic.found;
        let slot = self.admit(slot, ssrc)?;
        if let Some(key) = self.ring.get_mut(authentic.key) {
            key.commit(Protocol::Srtcp, index.into());
        }
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.stream.commit_rtcp(index);
        }
        Ok(())
    }

    /// Tries the packet under every key and every reading of its trailer that the policy has. Of
    /// several refusals the one that came furthest is reported.
    #[inline(always)]
    fn authenticate<T>(
        &self,
        packet: &mut Examined<'_>,
        clear: usize,
        trailer: impl Fn(&ActiveKey, bool) -> Trailer,
        mut attempt: impl FnMut(
            &ActiveKey,
            &mut Examined<'_>,
            &Layout,
        ) -> Result<Attempt<T>, UnprotectError>,
    ) -> Result<Authentic<T>, UnprotectError> {
        let mut refusal = UnprotectError::UnknownMki;
        for (slot, key) in self.ring.iter() {
            for &with_mki in mki_readings(&self.ring.policy) {
                let trailer = trailer(key, with_mki);
                let layout = match lay_out(packet.bytes(), trailer, clear, key.mki(with_mki)) {
                    Ok(layout) => layout,
                    Err(error) => {
                        if refusal == UnprotectError::UnknownMki {
                            refusal = error;
                        }
                        continue;
                    }
                };
                match attempt(key, packet, &layout)? {
                    Attempt::Opened(found) => {
                        return Ok(Authentic { key: slot, body_len: layout.body_len, found });
                    }
                    Attempt::Refused(refusal) => return Err(refusal),
                    Attempt::Foreign => refusal = UnprotectError::AuthFailed,
                }
            }
        }
        Err(refusal)
    }

    /// What can be said against an authentic packet: the key may not open one more, or its SSRC
    /// has no place and gets none.
    #[inline(always)]
    pub(crate) fn admissible(
        &self,
        key: &ActiveKey,
        slot: Option<usize>,
        protocol: Protocol,
    ) -> Result<(), UnprotectError> {
        if key.packets_left(protocol) == 0 {
            return Err(UnprotectError::KeyExpired { lifetime: key.lifetime(protocol) });
        }
        if slot.is_none() && !self.streams.has_room() {
            return Err(UnprotectError::TableFull { capacity: self.streams.capacity() });
        }
        Ok(())
    }

    /// The stream's slot; a new SSRC gets one.
    #[inline]
    fn admit(&mut self, slot: Option<usize>, ssrc: u32) -> Result<usize, UnprotectError> {
        let capacity = self.streams.capacity();
        slot.or_else(|| self.streams.admit(ssrc)).ok_or(UnprotectError::TableFull { capacity })
    }

    /// Counts what came of a packet. A refused one is counted for an SSRC only if that is known.
    #[cfg(feature = "counters")]
    pub(super) fn count(
        &mut self,
        packet: &[u8],
        ssrc_at: usize,
        result: &Result<usize, UnprotectError>,
    ) {
        self.counters.count(result);
        let ssrc = packet.get(ssrc_at..).and_then(<[u8]>::first_chunk::<4>);
        let slot = ssrc.and_then(|ssrc| self.streams.find(u32::from_be_bytes(*ssrc)));
        if let Some(stream) = slot.and_then(|slot| self.streams.get_mut(slot)) {
            stream.stream.counters.count(result);
        }
    }

    #[cfg(not(feature = "counters"))]
    #[inline]
    #[allow(clippy::unused_self)]
    pub(super) fn count(&mut self, _: &[u8], _: usize, _: &Result<usize, UnprotectError>) {}

    /// Whether the rollover counter that packets carry without anything vouching for it is ignored
    /// (mode 3 of RFC 4771 with HMAC suites): §3 wants that while the application knows that its
    /// own is right. `false` to begin with. A counter that is authenticated always counts.
    pub const fn ignore_carried_roc(&mut self, ignore: bool) {
        self.ignores_carried_roc = ignore;
    }

    /// Changes to another master key, which becomes the only one. What becomes of rollover counters
    /// and windows is the caller's word. Packets under the old key are refused from now on; where
    /// late ones shall still open, see [`Handover`](super::Handover).
    ///
    /// # Errors
    /// [`KeyError::SameKey`] where counters were to start at zero under a key that is in use: what
    /// was accepted could be replayed. [`KeyError::PolicyNotForSuite`]. The context is then as
    /// before.
    pub fn rekey(&mut self, key: &MasterKey, rekey: Rekey) -> Result<(), KeyError> {
        if rekey == Rekey::ZeroRoc && self.ring.same_key(key).is_some() {
            return Err(KeyError::SameKey);
        }
        let seed = self.ring.replace(key)?;
        // A table without streams has nothing to lose, and may have no seed yet.
        if rekey == Rekey::ZeroRoc || self.streams.slots() == 0 {
            self.streams.clear(seed);
        }
        Ok(())
    }

    /// Adds a master key; packets with its MKI open from now on.
    ///
    /// # Errors
    /// [`KeyError::RingFull`]; [`KeyError::MkiConflict`] where its MKI is not of the same length
    /// as, and different from, that of every key in the ring (RFC 4568 §6.1).
    pub fn add_key(&mut self, key: &MasterKey) -> Result<(), KeyError> {
        self.ring.add(key)
    }

    /// Forgets the key that has this MKI.
    ///
    /// # Errors
    /// [`KeyError::NoSuchMki`].
    pub fn remove_key(&mut self, mki: &[u8]) -> Result<(), KeyError> {
        self.ring.remove(mki)
    }

    /// How much of the lifetime of the key with this MKI is used up.
    ///
    /// # Errors
    /// [`KeyError::NoSuchMki`].
    pub fn key_usage(&self, mki: &[u8]) -> Result<KeyUsage, KeyError> {
        self.ring.usage(mki)
    }

    /// Bytes that [`export`](Self::export) writes now.
    pub fn exported_len(&self) -> usize {
        exported_len(&self.ring, &self.streams)
    }

    /// Writes the state of all streams and the packet counts of all keys, but no key, into the front
    /// of `output`, and returns how many bytes that were: for another process or machine to go on
    /// with, in a context of the same master keys. The format is versioned and described in
    /// [`context::export`](super::export).
    ///
    /// # Errors
    /// [`StateError::NoRoom`].
    pub fn export(&self, output: &mut [u8]) -> Result<usize, StateError> {
        export(Direction::Inbound, &self.ring, &self.streams, output)
    }

    /// Takes over exported state: its streams are added to those there are, or put forward if they
    /// are there already. Returns the number of streams in it.
    ///
    /// # Errors
    /// [`StateError`]; the context is then as before. [`StateError::GoesBack`] if any stream would
    /// go back in its packet index: what came between could be replayed.
    pub fn restore(&mut self, state: &[u8]) -> Result<usize, StateError> {
        restore(Direction::Inbound, &mut self.ring, &mut self.streams, state, Going::Forward)
    }

    /// As [`restore`](Self::restore), but streams may go back in their packet indices. What came
    /// between can then be replayed.
    ///
    /// # Errors
    /// [`StateError`]; the context is then as before.
    pub fn restore_going_back(&mut self, state: &[u8]) -> Result<usize, StateError> {
        restore(Direction::Inbound, &mut self.ring, &mut self.streams, state, Going::AnyWay)
    }

    /// The rollover counter of an SSRC.
    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        Some(self.streams.get(self.streams.find(ssrc)?)?.stream.roc())
    }

    /// Sets the rollover counter of an SSRC, which is admitted if it is new: that of its highest
    /// sequence number so far, or of the first packet to come. For one who joins late
    /// (RFC 3711 §3.3.1).
    ///
    /// # Errors
    /// [`UnprotectError::TableFull`].
    pub fn set_roc(&mut self, ssrc: u32, roc: u32) -> Result<(), UnprotectError> {
        let capacity = self.streams.capacity();
        let slot = self.streams.find(ssrc).or_else(|| self.streams.admit(ssrc));
        let mut stream = slot
            .and_then(|slot| self.streams.get_mut(slot))
            .ok_or(UnprotectError::TableFull { capacity })?;
        stream.set_roc(roc);
        Ok(())
    }

    /// What came of the packets so far.
    #[cfg(feature = "counters")]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What came of the packets of one SSRC since it has a place.
    #[cfg(feature = "counters")]
    pub fn stream_counters(&self, ssrc: u32) -> Option<Counters> {
        Some(self.streams.get(self.streams.find(ssrc)?)?.stream.counters)
    }

    /// The streams of the context, in no particular order.
    pub fn streams(&self) -> impl Iterator<Item = StreamInfo> {
        list(&self.streams)
    }

    /// Forgets an SSRC, its indices and its replay windows; says whether it was there. Packets of
    /// it that were accepted could then be replayed: remove it only with its key or for good.
    pub fn remove_stream(&mut self, ssrc: u32) -> bool {
        self.streams.remove(ssrc)
    }
}

#[inline]
fn refuse_seen(seen: Seen, index: u64, oldest: impl FnOnce() -> u64) -> Result<(), UnprotectError> {
    match seen {
        Seen::Never => Ok(()),
        Seen::Before => Err(UnprotectError::Replayed { index }),
        Seen::TooOld => Err(UnprotectError::TooOld { index, oldest: oldest() }),
    }
}

#[cfg(test)]
impl<S, const KEYS: usize> Inbound<S, KEYS> {
    /// For tests that compare the whole state.
    pub(crate) fn parts(&self) -> (&S, &KeyRing<KEYS>) {
        (&self.streams, &self.ring)
    }
}

impl<S: StreamTable, const KEYS: usize> fmt::Debug for Inbound<S, KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("policy", &self.ring.policy).finish_non_exhaustive()
    }
}
