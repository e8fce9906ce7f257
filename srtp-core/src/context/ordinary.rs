//! The short way of the ordinary packet, which nearly every packet is: a known stream, the only key
//! and no MKI, nothing but the payload encrypted, an index that the window has not seen. It is tried
//! first and changes nothing where it does not fit; the long way, in `inbound` and `outbound`, has the
//! rules, and tests hold both to the same bytes, results and state.
//!
//! Read first: RFC 3711 §3.3.

use super::{Inbound, Outbound, SHORT_WAY, UnprotectError};
use crate::incoming::KnownMac;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::incoming::{Found, NeededMac};
use crate::index::MAX_RTCP_INDEX;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::primitive::HmacSha1;
use crate::replay::Seen;
use crate::table::StreamTable;
use crate::transform::{Cover, MAX_PAYLOAD_LEN, Macs, Protocol, Rtp, split_index_word};
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::transform::{DueMac, begins_with};
#[cfg(all(feature = "accel", feature = "counters", feature = "hmac-sha1"))]
use crate::wire::RTP_SSRC_AT;
use crate::wire::{RTCP_CLEAR_LEN, RtcpHeader, RtpHeader};

/// The tag of a packet is wrong.
#[derive(Clone, Copy)]
pub(crate) struct Forged;

impl From<Forged> for UnprotectError {
    #[inline]
    fn from(_: Forged) -> Self {
        Self::AuthFailed
    }
}

impl<S: StreamTable, const KEYS: usize> Inbound<S, KEYS> {
    /// The short way of a packet of a known stream, under the only key, that nothing speaks against
    /// but perhaps its tag. None, and nothing is changed, where it must go the long way: that of
    /// [`open_rtp`](Self::open_rtp), which has the rules.
    #[inline(always)]
    pub(super) fn open_ordinary(
        &mut self,
        packet: &mut [u8],
        known: Option<KnownMac<'_>>,
    ) -> Option<Result<usize, Forged>> {
        if !SHORT_WAY {
            return None;
        }
        let key = self.ring.ordinary_mut()?;
        let header = RtpHeader::parse(packet).ok()?;
        let there =
            |slot: &usize| self.streams.get(*slot).is_some_and(|s| s.stream.ssrc() == header.ssrc);
        let found = known.and_then(KnownMac::found);
        let slot = match found.map(|found| found.slot).filter(there) {
            Some(slot) => slot,
            None => self.streams.find(header.ssrc)?,
        };
        let mut stream = self.streams.get_mut(slot)?;
        let index = stream.next_ordinary(header.sequence_number)?;
        let (keys, trailer) = key.ordinary_srtp();
        let layout = trailer.layout(packet.len(), header.len).ok()?;
        if layout.body_len - header.len > MAX_PAYLOAD_LEN || key.packets_left(Protocol::Srtp) == 0 {
            return None;
        }
        let rtp = Rtp { header, index, cover: Cover::Payload };
        let right = match known {
            Some(known) if known.answers(key, keys.rtp_mac_input(index, &layout)) => {
                keys.open_rtp_knowing(packet, rtp, &layout, known.digest)
            }
            Some(_) => keys.open_rtp(packet, rtp, &layout),
            None => keys.open_ordinary(packet, rtp, &layout),
        };
        if !right {
            return Some(Err(Forged));
        }
        key.commit_ordinary();
        stream.commit_rtp(index);
        Some(Ok(layout.body_len))
    }

    /// [`unprotect_rtp`](Self::unprotect_rtp) by the short way, where an HMAC of the packet is known;
    /// none where it must go the long way. What it returns fits into registers.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn unprotect_ordinary_knowing(
        &mut self,
        packet: &mut [u8],
        known: KnownMac<'_>,
    ) -> Option<Result<usize, Forged>> {
        let opened = match self.open_foreseen(packet, known) {
            Some(opened) => opened,
            None => self.open_otherwise_foreseen(packet, known)?,
        };
        #[cfg(feature = "counters")]
        self.count(packet, RTP_SSRC_AT, &opened.map_err(UnprotectError::from));
        Some(opened)
    }

    /// The short way with what was found of the packet when its HMAC was foreseen, if packets that
    /// came since have not changed what its sequence number means.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    fn open_foreseen(
        &mut self,
        packet: &mut [u8],
        known: KnownMac<'_>,
    ) -> Option<Result<usize, Forged>> {
        let found = known.found()?;
        let key = self.ring.ordinary_mut()?;
        let mut stream = self.streams.get_mut(found.slot)?;
        let there = stream.stream.ssrc() == found.ssrc && stream.stream.is_ahead(found.index);
        if !there || !known.of.is_under(key) || key.packets_left(Protocol::Srtp) == 0 {
            return None;
        }
        if !key.ordinary_srtp().0.is_counter_mode() {
            return None;
        }
        let (body, tag) = known.body_and_tag(packet)?;
        let len = body.len();
        let payload = body.get_mut(found.header_len..)?;
        if !begins_with(known.digest, tag) {
            return Some(Err(Forged));
        }
        key.commit_ordinary();
        stream.commit_ahead(found.index);
        let (keys, _) = key.ordinary_srtp();
        keys.crypt_payload(payload, found.ssrc, found.index);
        Some(Ok(len))
    }

    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(never)]
    fn open_otherwise_foreseen(
        &mut self,
        packet: &mut [u8],
        known: KnownMac<'_>,
    ) -> Option<Result<usize, Forged>> {
        self.open_ordinary(packet, Some(known))
    }

    /// As [`foresee_rtp`](Self::foresee_rtp), of a packet that can go the short way.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn foresee_ordinary(&self, packet: &[u8]) -> Option<(NeededMac, &HmacSha1)> {
        let key = self.ring.ordinary()?;
        let header = RtpHeader::parse(packet).ok()?;
        let slot = self.streams.find(header.ssrc)?;
        let index = self.streams.get(slot)?.next_ordinary(header.sequence_number)?;
        let (keys, trailer) = key.ordinary_srtp();
        let layout = trailer.layout(packet.len(), header.len).ok()?;
        if layout.body_len - header.len > MAX_PAYLOAD_LEN {
            return None;
        }
        let found = Found { slot, ssrc: header.ssrc, index, header_len: header.len };
        let needed = NeededMac::ordinary(key, keys.rtp_mac_input(index, &layout)?, found);
        Some((needed, keys.auth()?))
    }

    /// As [`open_ordinary`](Self::open_ordinary), of an SRTCP packet.
    #[inline(always)]
    pub(super) fn open_ordinary_rtcp(
        &mut self,
        packet: &mut [u8],
    ) -> Option<Result<usize, UnprotectError>> {
        if !SHORT_WAY {
            return None;
        }
        let encrypts = self.ring.policy.encrypts_srtcp(self.ring.current()?.master().suite());
        let key = self.ring.ordinary_mut()?;
        let ssrc = RtcpHeader::parse(packet).ok()?.ssrc;
        let stream = self.streams.get_mut(self.streams.find(ssrc)?)?.stream;
        let (keys, trailer) = key.ordinary_srtcp();
        let layout = trailer.layout(packet.len(), RTCP_CLEAR_LEN).ok()?;
        let (encrypted, index) = split_index_word(packet.get(layout.index())?);
        if encrypted != encrypts
            || stream.check_rtcp(index) != Seen::Never
            || layout.body_len - RTCP_CLEAR_LEN > MAX_PAYLOAD_LEN
            || key.packets_left(Protocol::Srtcp) == 0
        {
            return None;
        }
        if !keys.open_rtcp(packet, &layout) {
            return Some(Err(UnprotectError::AuthFailed));
        }
        key.commit(Protocol::Srtcp, index.into());
        stream.commit_rtcp(index);
        Some(Ok(layout.body_len))
    }
}

impl<S: StreamTable, const KEYS: usize> Outbound<S, KEYS> {
    /// The short way of a packet of a known stream that nothing speaks against. None, and nothing is
    /// changed, where it must go the long way: that of [`seal_rtp`](Self::seal_rtp), which has the
    /// rules.
    #[inline(always)]
    pub(super) fn seal_ordinary(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        macs: Macs<'_>,
    ) -> Option<usize> {
        if !SHORT_WAY {
            return None;
        }
        let key = self.ring.ordinary_current_mut()?;
        let header = RtpHeader::parse(buffer.get(..len)?).ok()?;
        let slot = self.streams.find(header.ssrc)?;
        let mut stream = self.streams.get_mut(slot)?;
        let index = stream.next_ordinary(header.sequence_number)?;
        if len - header.len > MAX_PAYLOAD_LEN || key.packets_left(Protocol::Srtp) == 0 {
            return None;
        }
        let (keys, trailer) = key.ordinary_srtp();
        let packet = buffer.get_mut(..len + trailer.len())?;
        let layout = trailer.layout(packet.len(), header.len).ok()?;
        keys.seal_ordinary(packet, header, index, &layout, macs);
        let needed = packet.len();
        key.commit_ordinary();
        stream.commit_rtp(index);
        self.count(Some(slot), len);
        Some(needed)
    }

    /// [`protect_rtp`](Self::protect_rtp) by the short way and without the HMAC, which is due then;
    /// none where it must go the long way. What it returns fits into registers.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn protect_ordinary_but_mac(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        due: &mut Option<DueMac>,
    ) -> Option<usize> {
        let key = self.ring.ordinary_current_mut()?;
        if !key.ordinary_srtp().0.is_counter_mode() {
            return self.seal_ordinary_but_mac(buffer, len, due);
        }
        let header = RtpHeader::parse(buffer.get(..len)?).ok()?;
        let slot = self.streams.find(header.ssrc)?;
        let mut stream = self.streams.get_mut(slot)?;
        let index = stream.next_ordinary(header.sequence_number)?;
        if len - header.len > MAX_PAYLOAD_LEN || key.packets_left(Protocol::Srtp) == 0 {
            return None;
        }
        let (keys, trailer) = key.ordinary_srtp();
        let needed = len + trailer.len();
        if buffer.len() < needed {
            return None;
        }
        let payload = buffer.get_mut(header.len..len)?;
        let layout = trailer.layout(needed, header.len).ok()?;
        *due = Some(keys.rtp_mac_input(index, &layout)?.due(&layout));
        // Nothing can fail any more.
        key.commit_ordinary();
        stream.commit_rtp(index);
        let (keys, _) = key.ordinary_srtp();
        keys.crypt_payload(payload, header.ssrc, index);
        self.count(Some(slot), len);
        Some(needed)
    }

    /// The same under any suite.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(never)]
    fn seal_ordinary_but_mac(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        due: &mut Option<DueMac>,
    ) -> Option<usize> {
        self.seal_ordinary(buffer, len, Macs::Later(due))
    }

    /// As [`seal_ordinary`](Self::seal_ordinary), of an RTCP packet.
    #[inline(always)]
    pub(super) fn seal_ordinary_rtcp(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        macs: Macs<'_>,
    ) -> Option<usize> {
        if !SHORT_WAY {
            return None;
        }
        let encrypt = self.ring.policy.encrypts_srtcp(self.ring.current()?.master().suite());
        let key = self.ring.ordinary_current_mut()?;
        let ssrc = RtcpHeader::parse(buffer.get(..len)?).ok()?.ssrc;
        let slot = self.streams.find(ssrc)?;
        let stream = self.streams.get_mut(slot)?.stream;
        let index = stream.highest_rtcp()? + 1;
        if index > MAX_RTCP_INDEX
            || len - RTCP_CLEAR_LEN > MAX_PAYLOAD_LEN
            || key.packets_left(Protocol::Srtcp) == 0
        {
            return None;
        }
        let (keys, trailer) = key.ordinary_srtcp();
        let packet = buffer.get_mut(..len + trailer.len())?;
        let layout = trailer.layout(packet.len(), RTCP_CLEAR_LEN).ok()?;
        keys.seal_rtcp(packet, index, &layout, &[], encrypt, macs);
        let needed = packet.len();
        key.commit(Protocol::Srtcp, index.into());
        stream.commit_rtcp(index);
        self.count(Some(slot), len);
        Some(needed)
    }
}
