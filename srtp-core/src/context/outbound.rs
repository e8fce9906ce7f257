//! The sending direction.
//!
//! Read first: RFC 3711 §3.3 steps 1 to 8 for the sender, §3.4, §9.1.

use core::fmt;

use super::export::{Direction, Going, StateError, export, exported_len, restore};
use super::{ProtectError, Rekey, StreamInfo, list};
#[cfg(feature = "counters")]
use crate::counters::Counters;
use crate::index::{MAX_RTCP_INDEX, MAX_RTP_INDEX};
use crate::key::{KeyError, MasterKey};
use crate::outgoing::{OutgoingRtcp, OutgoingRtp, plain, room, sends_mki};
use crate::policy::Policy;
use crate::replay::Seen;
use crate::ring::{ActiveKey, KeyRing, KeyUsage};
use crate::table::{Fixed, StreamTable};
#[cfg(feature = "gcm")]
use crate::transform::MAX_PAYLOAD_LEN;
use crate::transform::{Macs, Protocol};
use crate::wire::RtpHeader;

/// A context that protects: RTP and RTCP packets of any number of SSRCs in, SRTP and SRTCP
/// packets out.
///
/// `S` is where the streams are kept, `KEYS` how many master keys there can be at once.
///
/// It never encrypts two packets under one index: a packet whose sequence number it has sent
/// already, or cannot remember, is refused ([`ProtectError::IndexReuse`]). Start with a sequence
/// number below 2^15 (RFC 4568 §6.4), so that loss of the first packets cannot make the receiver
/// miss a wrap.
///
/// ```
/// use srtp_core::{CryptoSuite, Inbound, MasterKey, Outbound, Policy};
///
/// let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[7; 30])?;
/// let mut sender: Outbound = Outbound::new(&key, Policy::SECURE)?;
/// let mut receiver: Inbound = Inbound::new(&key, Policy::SECURE)?;
///
/// // An RTP packet of 12 + 4 bytes in a buffer with room for the tag.
/// let mut buffer = [0; 64];
/// buffer[..16].copy_from_slice(&[0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, b'v', b'o', b'i', b'p']);
/// let protected = sender.protect_rtp(&mut buffer, 16)?;
/// assert_eq!(protected, 16 + sender.rtp_overhead());
/// assert_ne!(&buffer[12..16], b"voip");
///
/// let plain = receiver.unprotect_rtp(&mut buffer[..protected])?;
/// assert_eq!(&buffer[12..plain], b"voip");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg_attr(test, derive(Clone))]
pub struct Outbound<S = Fixed<8>, const KEYS: usize = 2> {
    pub(crate) ring: KeyRing<KEYS>,
    pub(crate) streams: S,
    #[cfg(feature = "counters")]
    counters: Counters,
}

/// Whether a packet is sent for the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    First,
    Again,
}

/// Where a packet belongs: the slot of its stream, if it has one already, and its index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RtpPlace {
    slot: Option<usize>,
    ssrc: u32,
    pub(crate) index: u64,
}

impl<S: StreamTable + Default, const KEYS: usize> Outbound<S, KEYS> {
    /// A context without streams that protects with `key`.
    ///
    /// # Errors
    /// [`KeyError::PolicyNotForSuite`].
    #[inline]
    pub fn new(key: &MasterKey, policy: Policy) -> Result<Self, KeyError> {
        Self::with_streams(key, policy, S::default())
    }
}

impl<S: StreamTable, const KEYS: usize> Outbound<S, KEYS> {
    /// A context that protects with `key` and keeps its streams in `streams`, which is emptied.
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

    /// A context that has no key yet and refuses every packet with [`ProtectError::NoKey`] until
    /// [`rekey`](Self::rekey) gives it one. `streams` is emptied then.
    ///
    /// For a machine whose stack is a few kilobytes: a key's session keys, most of a context, are then
    /// derived where they stay, while [`new`](Self::new) hands the whole context over on the stack.
    ///
    /// ```
    /// use srtp_core::{CryptoSuite, Fixed, Outbound, MasterKey, Policy, Rekey};
    ///
    /// let mut context = Outbound::<_, 1>::without_key(Policy::SECURE, Fixed::<1, 2>::new());
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
            #[cfg(feature = "counters")]
            counters: Counters::NONE,
        }
    }

    /// Turns the RTP packet in the first `len` bytes of `buffer` into an SRTP packet and returns
    /// its length, which is [`rtp_overhead`](Self::rtp_overhead) more.
    ///
    /// # Errors
    /// [`ProtectError`]; buffer and context are then as before.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, ProtectError> {
        match self.seal_ordinary(buffer, len, Macs::Now) {
            Some(needed) => Ok(needed),
            None => self.protect_rtp_but_mac(buffer, len, Macs::Now),
        }
    }

    /// The same by the long way, with a choice of when its HMAC is computed.
    #[inline]
    pub(crate) fn protect_rtp_but_mac(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        macs: Macs<'_>,
    ) -> Result<usize, ProtectError> {
        self.seal_rtp(buffer, len, Sending::First, macs)
    }

    /// Protects an RTP packet once more that was protected before under the same sequence number
    /// and the same master key, for a retransmission on the same SSRC. The caller vouches that it
    /// is the very same packet: two different ones under one index give each other away
    /// (RFC 3711 §9.1). Prefer to keep the protected packet and to send that again.
    ///
    /// # Errors
    /// [`ProtectError::NotSentBefore`], and [`ProtectError::IndexReuse`] for one too old to know;
    /// else as [`protect_rtp`](Self::protect_rtp).
    pub fn protect_identical_retransmission(
        &mut self,
        buffer: &mut [u8],
        len: usize,
    ) -> Result<usize, ProtectError> {
        self.seal_rtp(buffer, len, Sending::Again, Macs::Now)
    }

    /// As [`protect_rtp`](Self::protect_rtp), from `packet` into `output`, whose first bytes become
    /// the SRTP packet; [`protected_rtp_len`](Self::protected_rtp_len) says how many. One packet can
    /// so be sent to many receivers.
    ///
    /// # Errors
    /// [`ProtectError`]; output and context are then as before.
    pub fn protect_rtp_to(
        &mut self,
        packet: &[u8],
        output: &mut [u8],
    ) -> Result<usize, ProtectError> {
        let outgoing = OutgoingRtp::read(self.key()?, &self.ring.policy, packet)?;
        let place = self.place_rtp(&outgoing.header, Sending::First)?;
        let needed = outgoing.needed();
        let output = room(output, needed)?;
        outgoing.lay_into(packet, output);
        outgoing.seal(self.key()?, &self.ring.policy, place.index, output)?;
        self.commit_rtp(place, outgoing.body_len());
        Ok(needed)
    }

    #[inline(never)]
    fn seal_rtp(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        sending: Sending,
        macs: Macs<'_>,
    ) -> Result<usize, ProtectError> {
        let outgoing = OutgoingRtp::read(self.key()?, &self.ring.policy, plain(buffer, len)?)?;
        let place = self.place_rtp(&outgoing.header, sending)?;
        let needed = outgoing.needed();
        let packet = room(buffer, needed)?;
        outgoing.lay_in_place(packet);
        let (key, policy) = (self.key()?, &self.ring.policy);
        outgoing.seal_but_mac(key, policy, place.index, packet, macs)?;
        if sending == Sending::First {
            self.commit_rtp(place, outgoing.body_len());
        }
        Ok(needed)
    }

    /// What [`protect_rtp`](Self::protect_rtp) would have against the packet in the first `len`
    /// bytes of `buffer`, were its payload `more` bytes longer.
    #[cfg(feature = "gcm")]
    pub(crate) fn would_protect_rtp(
        &self,
        buffer: &[u8],
        len: usize,
        more: usize,
    ) -> Result<(), ProtectError> {
        let outgoing = OutgoingRtp::read(self.key()?, &self.ring.policy, plain(buffer, len)?)?;
        self.place_rtp(&outgoing.header, Sending::First)?;
        let (available, needed) = (buffer.len(), outgoing.needed() + more);
        if len + more > MAX_PAYLOAD_LEN {
            return Err(ProtectError::TooLong { len: len + more, limit: MAX_PAYLOAD_LEN });
        }
        if available < needed {
            return Err(ProtectError::NoRoom { available, needed });
        }
        Ok(())
    }

    /// The packet index of a header to be sent, and where its stream is.
    #[inline(always)]
    pub(crate) fn place_rtp(
        &self,
        header: &RtpHeader,
        sending: Sending,
    ) -> Result<RtpPlace, ProtectError> {
        let slot = self.streams.find(header.ssrc);
        let stream = slot.and_then(|slot| self.streams.get(slot));
        let index = match stream {
            Some(stream) => stream.stream.estimate(header.sequence_number),
            None if self.streams.has_room() => header.sequence_number.into(),
            None => {
                return Err(ProtectError::TableFull { capacity: self.streams.capacity() });
            }
        };
        if index > MAX_RTP_INDEX {
            return Err(ProtectError::IndexExhausted { last: MAX_RTP_INDEX });
        }
        match (sending, stream.map_or(Seen::Never, |stream| stream.check_rtp(index))) {
            (Sending::First, Seen::Never) | (Sending::Again, Seen::Before) => {}
            (Sending::Again, Seen::Never) => return Err(ProtectError::NotSentBefore { index }),
            _ => return Err(ProtectError::IndexReuse { index }),
        }
        let key = self.key()?;
        if sending == Sending::First && key.packets_left(Protocol::Srtp) == 0 {
            return Err(ProtectError::KeyExpired { lifetime: key.lifetime(Protocol::Srtp) });
        }
        Ok(RtpPlace { slot, ssrc: header.ssrc, index })
    }

    /// Notes that a packet of `len` bytes was protected.
    #[inline(always)]
    pub(crate) fn commit_rtp(&mut self, place: RtpPlace, len: usize) {
        let RtpPlace { slot, ssrc, index } = place;
        if let Some(key) = self.ring.current_mut() {
            key.commit(Protocol::Srtp, index);
        }
        let slot = slot.or_else(|| self.streams.admit(ssrc));
        if let Some(mut stream) = slot.and_then(|slot| self.streams.get_mut(slot)) {
            stream.commit_rtp(index);
        }
        self.count(slot, len);
    }

    /// The key that protects.
    #[inline]
    pub(crate) fn key(&self) -> Result<&ActiveKey, ProtectError> {
        self.ring.current().ok_or(ProtectError::NoKey)
    }

    #[cfg(feature = "counters")]
    pub(super) fn count(&mut self, slot: Option<usize>, len: usize) {
        self.counters.passed(len);
        if let Some(stream) = slot.and_then(|slot| self.streams.get_mut(slot)) {
            stream.stream.counters.passed(len);
        }
    }

    #[cfg(not(feature = "counters"))]
    #[inline]
    #[allow(clippy::unused_self)]
    pub(super) fn count(&mut self, _: Option<usize>, _: usize) {}

    /// Turns the RTCP packet (compound or reduced-size) in the first `len` bytes of `buffer` into
    /// an SRTCP packet and returns its length, which is [`rtcp_overhead`](Self::rtcp_overhead)
    /// more. The stream is that of the first SSRC in it.
    ///
    /// # Errors
    /// [`ProtectError`]; buffer and context are then as before.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, ProtectError> {
        self.protect_rtcp_but_mac(buffer, len, Macs::Now)
    }

    /// As [`protect_rtp_but_mac`](Self::protect_rtp_but_mac).
    #[inline]
    pub(crate) fn protect_rtcp_but_mac(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        mut macs: Macs<'_>,
    ) -> Result<usize, ProtectError> {
        match self.seal_ordinary_rtcp(buffer, len, macs.again()) {
            Some(needed) => Ok(needed),
            None => self.seal_rtcp(buffer, len, macs),
        }
    }

    // Apart where a short way goes before it; else its only caller may as well have it.
    #[cfg_attr(feature = "accel", inline(never))]
    #[cfg_attr(not(feature = "accel"), inline)]
    fn seal_rtcp(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        macs: Macs<'_>,
    ) -> Result<usize, ProtectError> {
        let (outgoing, slot, index) = self.plan_rtcp(plain(buffer, len)?)?;
        let packet = room(buffer, outgoing.needed())?;
        let (key, policy) = (self.key()?, &self.ring.policy);
        outgoing.seal_but_mac(key, policy, index, packet, macs)?;
        self.commit_rtcp(&outgoing, slot, index);
        Ok(outgoing.needed())
    }

    /// As [`protect_rtcp`](Self::protect_rtcp), from `packet` into `output`, which takes
    /// [`rtcp_overhead`](Self::rtcp_overhead) bytes more.
    ///
    /// # Errors
    /// [`ProtectError`]; output and context are then as before.
    pub fn protect_rtcp_to(
        &mut self,
        packet: &[u8],
        output: &mut [u8],
    ) -> Result<usize, ProtectError> {
        let (outgoing, slot, index) = self.plan_rtcp(packet)?;
        let output = room(output, outgoing.needed())?;
        if let Some(place) = output.get_mut(..packet.len()) {
            place.copy_from_slice(packet);
        }
        outgoing.seal(self.key()?, &self.ring.policy, index, output)?;
        self.commit_rtcp(&outgoing, slot, index);
        Ok(outgoing.needed())
    }

    #[inline]
    fn plan_rtcp(&self, packet: &[u8]) -> Result<(OutgoingRtcp, Option<usize>, u32), ProtectError> {
        let key = self.key()?;
        let outgoing = OutgoingRtcp::read(key, &self.ring.policy, packet)?;
        let slot = self.streams.find(outgoing.ssrc);
        let index = match slot.and_then(|slot| self.streams.get(slot)) {
            // RFC 3711 §3.4: zero before the first packet, one more after each.
            Some(stream) => stream.stream.highest_rtcp().map_or(0, |highest| highest + 1),
            None if self.streams.has_room() => 0,
            None => {
                return Err(ProtectError::TableFull { capacity: self.streams.capacity() });
            }
        };
        if index > MAX_RTCP_INDEX {
            return Err(ProtectError::IndexExhausted { last: MAX_RTCP_INDEX.into() });
        }
        if key.packets_left(Protocol::Srtcp) == 0 {
            return Err(ProtectError::KeyExpired { lifetime: key.lifetime(Protocol::Srtcp) });
        }
        Ok((outgoing, slot, index))
    }

    #[inline]
    fn commit_rtcp(&mut self, outgoing: &OutgoingRtcp, slot: Option<usize>, index: u32) {
        if let Some(key) = self.ring.current_mut() {
            key.commit(Protocol::Srtcp, index.into());
        }
        let slot = slot.or_else(|| self.streams.admit(outgoing.ssrc));
        if let Some(stream) = slot.and_then(|slot| self.streams.get_mut(slot)) {
            stream.stream.commit_rtcp(index);
        }
        self.count(slot, outgoing.body_len());
    }

    /// Length in bytes of the SRTP packet that this RTP packet becomes.
    ///
    /// # Errors
    /// Where it is no RTP packet or cannot be sent under the policy.
    pub fn protected_rtp_len(&self, packet: &[u8]) -> Result<usize, ProtectError> {
        Ok(OutgoingRtp::read(self.key()?, &self.ring.policy, packet)?.needed())
    }

    /// The most bytes that protection adds to an RTP packet: MKI and tag; with Cryptex also the
    /// four of an extension that hides CSRCs; with RFC 4771 the longer of its two tags.
    pub fn rtp_overhead(&self) -> usize {
        let policy = &self.ring.policy;
        self.ring.current().map_or(0, |key| key.srtp_overhead(policy, sends_mki(policy)))
    }

    /// Bytes that protection adds to an RTCP packet: index, MKI and tag.
    pub fn rtcp_overhead(&self) -> usize {
        let with_mki = sends_mki(&self.ring.policy);
        self.ring.current().map_or(0, |key| key.srtcp_trailer(with_mki).len())
    }

    /// Changes to another master key, which becomes the only one: at a re-INVITE with a new key,
    /// for example; or to the first, of a context [`without_key`](Self::without_key). What becomes of rollover counters and SRTCP indices is the caller's word. A key
    /// that is in use already keeps its count of packets.
    /// A key that was in use and has been replaced is not remembered: never come back to it with
    /// [`Rekey::ZeroRoc`].
    ///
    /// # Errors
    /// [`KeyError::SameKey`] where counters were to start at zero under a key that is in use;
    /// [`KeyError::PolicyNotForSuite`]. The context is then as before.
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

    /// Adds a master key; [`use_key`](Self::use_key) makes it the one that protects.
    ///
    /// # Errors
    /// [`KeyError::RingFull`]; [`KeyError::MkiConflict`] where its MKI is not of the same length
    /// as, and different from, that of every key in the ring (RFC 4568 §6.1).
    pub fn add_key(&mut self, key: &MasterKey) -> Result<(), KeyError> {
        self.ring.add(key)
    }

    /// Protects from now on with the key that has this MKI. Rollover counters and indices go on
    /// (RFC 3711 §3.3.1).
    ///
    /// # Errors
    /// [`KeyError::NoSuchMki`].
    pub fn use_key(&mut self, mki: &[u8]) -> Result<(), KeyError> {
        self.ring.switch_to(mki)
    }

    /// Forgets the key that has this MKI. If it was the one that protects, every packet is refused
    /// until another is chosen.
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
        export(Direction::Outbound, &self.ring, &self.streams, output)
    }

    /// Takes over exported state: its streams are added to those there are, or put forward if they
    /// are there already. Returns the number of streams in it.
    ///
    /// Only one context may go on from an exported state: two that did would use the same packet
    /// indices (RFC 3711 §9.1).
    ///
    /// # Errors
    /// [`StateError`]; the context is then as before. [`StateError::GoesBack`] if any stream would
    /// go back in its packet index, and send under one again that was used.
    pub fn restore(&mut self, state: &[u8]) -> Result<usize, StateError> {
        restore(Direction::Outbound, &mut self.ring, &mut self.streams, state, Going::Forward)
    }

    /// As [`restore`](Self::restore), but streams may go back in their packet indices. Whatever was
    /// sent between must never have left this machine, or both packets of an index are given away
    /// (RFC 3711 §9.1).
    ///
    /// # Errors
    /// [`StateError`]; the context is then as before.
    pub fn restore_going_back(&mut self, state: &[u8]) -> Result<usize, StateError> {
        restore(Direction::Outbound, &mut self.ring, &mut self.streams, state, Going::AnyWay)
    }

    /// The rollover counter of an SSRC.
    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        Some(self.streams.get(self.streams.find(ssrc)?)?.stream.roc())
    }

    /// Sets the rollover counter of an SSRC, which is admitted if it is new: that of its highest
    /// sequence number so far, or of the first packet to come. A counter below the present one
    /// would encrypt under the same indices again and is refused.
    ///
    /// # Errors
    /// [`ProtectError::IndexReuse`]; [`ProtectError::TableFull`].
    pub fn set_roc(&mut self, ssrc: u32, roc: u32) -> Result<(), ProtectError> {
        let known = self.streams.find(ssrc);
        let capacity = self.streams.capacity();
        let slot = known.or_else(|| self.streams.admit(ssrc));
        let mut stream = slot
            .and_then(|slot| self.streams.get_mut(slot))
            .ok_or(ProtectError::TableFull { capacity })?;
        if stream.stream.highest_rtp().is_some() && roc < stream.stream.roc() {
            return Err(ProtectError::IndexReuse { index: u64::from(roc) << 16 });
        }
        stream.set_roc(roc);
        Ok(())
    }

    /// Sets the index of the next SRTCP packet of an SSRC, which is admitted if it is new. An index
    /// that was used already is refused.
    ///
    /// # Errors
    /// [`ProtectError::IndexReuse`]; [`ProtectError::IndexExhausted`] above 2^31 - 1;
    /// [`ProtectError::TableFull`].
    pub fn set_rtcp_index(&mut self, ssrc: u32, next: u32) -> Result<(), ProtectError> {
        if next > MAX_RTCP_INDEX {
            return Err(ProtectError::IndexExhausted { last: MAX_RTCP_INDEX.into() });
        }
        let known = self.streams.find(ssrc);
        let highest = known
            .and_then(|slot| self.streams.get(slot)?.stream.highest_rtcp())
            .map_or(-1, i64::from);
        if i64::from(next) <= highest {
            return Err(ProtectError::IndexReuse { index: next.into() });
        }
        let capacity = self.streams.capacity();
        let slot = known.or_else(|| self.streams.admit(ssrc));
        let stream = slot
            .and_then(|slot| self.streams.get_mut(slot))
            .ok_or(ProtectError::TableFull { capacity })?;
        if let Some(before) = next.checked_sub(1) {
            stream.stream.commit_rtcp(before);
        }
        Ok(())
    }

    /// What the context has protected since it was made.
    #[cfg(feature = "counters")]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What the context has protected of one SSRC.
    #[cfg(feature = "counters")]
    pub fn stream_counters(&self, ssrc: u32) -> Option<Counters> {
        Some(self.streams.get(self.streams.find(ssrc)?)?.stream.counters)
    }

    /// The streams of the context, in no particular order.
    pub fn streams(&self) -> impl Iterator<Item = StreamInfo> {
        list(&self.streams)
    }

    /// Forgets an SSRC and its indices; says whether it was there. Should the same SSRC send again
    /// under the same master key, its keystream would repeat: remove it only for good.
    pub fn remove_stream(&mut self, ssrc: u32) -> bool {
        self.streams.remove(ssrc)
    }
}

#[cfg(test)]
impl<S, const KEYS: usize> Outbound<S, KEYS> {
    /// For tests that compare the whole state.
    pub(crate) fn parts(&self) -> (&S, &KeyRing<KEYS>) {
        (&self.streams, &self.ring)
    }
}

impl<S: StreamTable, const KEYS: usize> fmt::Debug for Outbound<S, KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("policy", &self.ring.policy).finish_non_exhaustive()
    }
}
