//! A packet on its way out: read and measured, laid where it is protected, sealed. What streams and
//! lifetimes say to it is the context's matter.
//!
//! Read first: RFC 3711 §3.3, §3.4; RFC 9335 §5.1.

use crate::context::ProtectError;
use crate::cover;
use crate::policy::{MkiPolicy, Policy};
use crate::ring::ActiveKey;
use crate::transform::{Cover, MAX_PAYLOAD_LEN, Macs, Protocol, Rtp};
use crate::wire::{
    EXTENSION_HEAD_LEN, RTCP_CLEAR_LEN, RTP_FIXED_HEADER_LEN, RtcpHeader, RtpHeader, Trailer,
    extension,
};

/// Whether packets are sent with the MKI of their key.
#[inline]
pub(crate) fn sends_mki(policy: &Policy) -> bool {
    policy.mki != MkiPolicy::Never
}

/// The packet in the front of a buffer.
#[inline]
pub(crate) fn plain(buffer: &[u8], len: usize) -> Result<&[u8], ProtectError> {
    buffer.get(..len).ok_or(ProtectError::NoRoom { available: buffer.len(), needed: len })
}

/// The front of a buffer that the protected packet takes.
#[inline]
pub(crate) fn room(buffer: &mut [u8], needed: usize) -> Result<&mut [u8], ProtectError> {
    let available = buffer.len();
    buffer.get_mut(..needed).ok_or(ProtectError::NoRoom { available, needed })
}

#[inline]
fn payload_limit(len: usize) -> Result<(), ProtectError> {
    if len > MAX_PAYLOAD_LEN {
        return Err(ProtectError::TooLong { len, limit: MAX_PAYLOAD_LEN });
    }
    Ok(())
}

/// An RTP packet about to be protected.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingRtp<'c> {
    /// The header as it will be, an added extension included.
    pub(crate) header: RtpHeader,
    cover: Cover<'c>,
    /// An empty extension is put behind the CSRCs: RFC 9335 §5.1 hides them so.
    adds_extension: bool,
    /// Length of the packet as the caller has it.
    len: usize,
    trailer: Trailer,
}

impl<'c> OutgoingRtp<'c> {
    /// # Errors
    /// Where the bytes are no RTP packet, or none that can be protected under the policy.
    #[inline(always)]
    pub(crate) fn read(
        key: &ActiveKey,
        policy: &'c Policy,
        packet: &[u8],
    ) -> Result<Self, ProtectError> {
        #[cfg(test)]
        crate::tests::effort::goes_the_long_way();
        let mut header = RtpHeader::parse(packet)?;
        let cover = cover::outgoing(policy, &header)?;
        let encrypted_from = match cover {
            Cover::Cryptex(_) => RTP_FIXED_HEADER_LEN,
            _ => header.len,
        };
        payload_limit(packet.len() - encrypted_from)?;
        let trailer = key.srtp_trailer(policy, sends_mki(policy), header.sequence_number);
        let adds_extension =
            matches!(cover, Cover::Cryptex(_)) && header.extension_profile.is_none();
        if adds_extension {
            header.extension_profile = Some(extension::ONE_BYTE);
            header.len += EXTENSION_HEAD_LEN;
        }
        Ok(Self { header, cover, adds_extension, len: packet.len(), trailer })
    }

    /// Header and payload, in bytes, as they will be.
    #[inline(always)]
    pub(crate) fn body_len(&self) -> usize {
        if self.adds_extension { self.len + EXTENSION_HEAD_LEN } else { self.len }
    }

    /// Length of the protected packet in bytes.
    #[inline(always)]
    pub(crate) fn needed(&self) -> usize {
        self.body_len() + self.trailer.len()
    }

    /// Makes room in the packet for what is added to its header.
    #[inline(always)]
    pub(crate) fn lay_in_place(&self, packet: &mut [u8]) {
        if self.adds_extension {
            let at = self.header.csrc_end();
            packet.copy_within(at..self.len, at + EXTENSION_HEAD_LEN);
            write_added(packet, at);
        }
    }

    /// Copies the packet to where it will be protected, with what is added to its header.
    #[inline]
    pub(crate) fn lay_into(&self, packet: &[u8], output: &mut [u8]) {
        let at = if self.adds_extension { self.header.csrc_end() } else { 0 };
        let Some((before, behind)) = packet.split_at_checked(at) else {
            return;
        };
        let behind_at = self.body_len() - behind.len();
        if let Some(place) = output.get_mut(..at) {
            place.copy_from_slice(before);
        }
        if let Some(place) = output.get_mut(behind_at..self.body_len()) {
            place.copy_from_slice(behind);
        }
        if self.adds_extension {
            write_added(output, self.header.csrc_end());
        }
    }

    /// Seals the packet that was laid into the first [`needed`](Self::needed) bytes.
    #[inline(always)]
    pub(crate) fn seal(
        &self,
        key: &ActiveKey,
        policy: &Policy,
        index: u64,
        packet: &mut [u8],
    ) -> Result<(), ProtectError> {
        self.seal_but_mac(key, policy, index, packet, Macs::Now)
    }

    /// The same, with a choice of when its HMAC is computed.
    #[inline(always)]
    pub(crate) fn seal_but_mac(
        &self,
        key: &ActiveKey,
        policy: &Policy,
        index: u64,
        packet: &mut [u8],
        macs: Macs<'_>,
    ) -> Result<(), ProtectError> {
        let layout = self.trailer.layout(packet.len(), self.header.len)?;
        let macs = key.macs(macs);
        let rtp = Rtp { header: self.header, index, cover: self.cover };
        let mut derived = None;
        let keys = key.keys(Protocol::Srtp, index, &mut derived);
        keys.seal_rtp(packet, rtp, &layout, key.mki(sends_mki(policy)), macs);
        Ok(())
    }
}

/// Writes an empty extension to where the CSRCs end.
#[cold]
#[inline(never)]
fn write_added(packet: &mut [u8], at: usize) {
    let [p0, p1] = extension::ONE_BYTE.to_be_bytes();
    if let Some(head) = packet.get_mut(at..at + EXTENSION_HEAD_LEN) {
        head.copy_from_slice(&[p0, p1, 0, 0]);
    }
    if let Some(first) = packet.first_mut() {
        *first |= 0x10;
    }
}

/// An RTCP packet about to be protected.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingRtcp {
    pub(crate) ssrc: u32,
    len: usize,
    trailer: Trailer,
}

impl OutgoingRtcp {
    /// # Errors
    /// Where the bytes are no RTCP packet, or too long a one.
    #[inline(always)]
    pub(crate) fn read(
        key: &ActiveKey,
        policy: &Policy,
        packet: &[u8],
    ) -> Result<Self, ProtectError> {
        #[cfg(test)]
        crate::tests::effort::goes_the_long_way();
        let header = RtcpHeader::parse(packet)?;
        payload_limit(packet.len() - RTCP_CLEAR_LEN)?;
        let trailer = key.srtcp_trailer(sends_mki(policy));
        Ok(Self { ssrc: header.ssrc, len: packet.len(), trailer })
    }

    /// Length of the packet as the caller has it.
    #[inline]
    pub(crate) fn body_len(&self) -> usize {
        self.len
    }

    /// Length of the protected packet in bytes.
    #[inline]
    pub(crate) fn needed(&self) -> usize {
        self.len + self.trailer.len()
    }

    /// Seals the packet in the first [`needed`](Self::needed) bytes.
    #[inline(always)]
    pub(crate) fn seal(
        &self,
        key: &ActiveKey,
        policy: &Policy,
        index: u32,
        packet: &mut [u8],
    ) -> Result<(), ProtectError> {
        self.seal_but_mac(key, policy, index, packet, Macs::Now)
    }

    /// As [`OutgoingRtp::seal_but_mac`].
    #[inline]
    pub(crate) fn seal_but_mac(
        &self,
        key: &ActiveKey,
        policy: &Policy,
        index: u32,
        packet: &mut [u8],
        macs: Macs<'_>,
    ) -> Result<(), ProtectError> {
        let layout = self.trailer.layout(packet.len(), RTCP_CLEAR_LEN)?;
        let encrypt = policy.encrypts_srtcp(key.master().suite());
        let macs = key.macs(macs);
        let mut derived = None;
        let keys = key.keys(Protocol::Srtcp, index.into(), &mut derived);
        keys.seal_rtcp(packet, index, &layout, key.mki(sends_mki(policy)), encrypt, macs);
        Ok(())
    }
}

#[cfg(all(test, feature = "cryptex"))]
mod tests {
    use super::*;
    use crate::{Cryptex, CryptoSuite, MasterKey};

    /// RFC 9335 §5.1: where CSRCs are to be hidden, an empty extension is added; the header that the
    /// packet is sealed by is that of the packet as it will be.
    #[test]
    fn header_is_the_one_of_the_packet_to_come() {
        let policy = Policy::SECURE.with_cryptex(Cryptex::Allowed);
        let mut key = ActiveKey::VACANT;
        key.begin(&MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[1; 30]).unwrap(), &policy);
        for csrcs in 0..=15 {
            let mut packet = vec![0x80 | csrcs, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
            packet.extend(vec![7; 4 * usize::from(csrcs) + 5]);
            let outgoing = OutgoingRtp::read(&key, &policy, &packet).unwrap();
            let mut laid = packet.clone();
            laid.resize(outgoing.needed(), 0);
            outgoing.lay_in_place(&mut laid);
            let header = RtpHeader::parse(&laid[..outgoing.body_len()]).unwrap();
            assert_eq!(outgoing.header, header);
            assert_eq!(laid[header.len..outgoing.body_len()], packet[packet.len() - 5..]);
        }
    }
}
