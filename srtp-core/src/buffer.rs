//! Packets in buffers that own their memory and know their length: the Cargo features `alloc` and
//! `bytes`.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::context::{Inbound, Outbound, ProtectError, UnprotectError};
use crate::table::StreamTable;

/// A buffer that is exactly as long as the packet in it, and can become longer or shorter.
pub trait PacketBuffer: AsRef<[u8]> + AsMut<[u8]> {
    /// Makes the buffer this long; new bytes may be anything.
    fn set_len(&mut self, len: usize);
}

#[cfg(feature = "alloc")]
impl PacketBuffer for Vec<u8> {
    fn set_len(&mut self, len: usize) {
        self.resize(len, 0);
    }
}

#[cfg(feature = "bytes")]
impl PacketBuffer for bytes::BytesMut {
    fn set_len(&mut self, len: usize) {
        self.resize(len, 0);
    }
}

/// Makes room for `more` bytes, lets `protect` work, and cuts the buffer to what it says; to the
/// length it had, if it fails.
fn grow_and<B: PacketBuffer>(
    packet: &mut B,
    more: usize,
    protect: impl FnOnce(&mut [u8], usize) -> Result<usize, ProtectError>,
) -> Result<(), ProtectError> {
    let len = packet.as_ref().len();
    packet.set_len(len + more);
    let result = protect(packet.as_mut(), len);
    packet.set_len(result.unwrap_or(len));
    result.map(|_| ())
}

fn shrink<B: PacketBuffer>(
    packet: &mut B,
    opened: Result<usize, UnprotectError>,
) -> Result<(), UnprotectError> {
    packet.set_len(opened?);
    Ok(())
}

impl<S: StreamTable, const KEYS: usize> Outbound<S, KEYS> {
    /// As [`protect_rtp`](Self::protect_rtp), in a buffer that grows as needed.
    ///
    /// # Errors
    /// [`ProtectError`]; the packet is then as before.
    pub fn protect_rtp_buffer(
        &mut self,
        packet: &mut impl PacketBuffer,
    ) -> Result<(), ProtectError> {
        grow_and(packet, self.rtp_overhead(), |buffer, len| self.protect_rtp(buffer, len))
    }

    /// As [`protect_rtcp`](Self::protect_rtcp), in a buffer that grows as needed.
    ///
    /// # Errors
    /// [`ProtectError`]; the packet is then as before.
    pub fn protect_rtcp_buffer(
        &mut self,
        packet: &mut impl PacketBuffer,
    ) -> Result<(), ProtectError> {
        grow_and(packet, self.rtcp_overhead(), |buffer, len| self.protect_rtcp(buffer, len))
    }
}

impl<S: StreamTable, const KEYS: usize> Inbound<S, KEYS> {
    /// As [`unprotect_rtp`](Self::unprotect_rtp), in a buffer that is cut to the RTP packet.
    ///
    /// # Errors
    /// [`UnprotectError`]; the packet is then as before.
    pub fn unprotect_rtp_buffer(
        &mut self,
        packet: &mut impl PacketBuffer,
    ) -> Result<(), UnprotectError> {
        let opened = self.unprotect_rtp(packet.as_mut());
        shrink(packet, opened)
    }

    /// As [`unprotect_rtcp`](Self::unprotect_rtcp), in a buffer that is cut to the RTCP packet.
    ///
    /// # Errors
    /// [`UnprotectError`]; the packet is then as before.
    pub fn unprotect_rtcp_buffer(
        &mut self,
        packet: &mut impl PacketBuffer,
    ) -> Result<(), UnprotectError> {
        let opened = self.unprotect_rtcp(packet.as_mut());
        shrink(packet, opened)
    }
}

#[cfg(test)]
mod tests {
    use crate::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy};

    fn there_and_back<B: super::PacketBuffer + Clone + PartialEq + core::fmt::Debug>(
        make: impl Fn(&[u8]) -> B,
    ) {
        let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[1; 30]).unwrap();
        let mut tx = Outbound::<Fixed<2>, 1>::new(&key, Policy::SECURE).unwrap();
        let mut rx = Inbound::<Fixed<2>, 1>::new(&key, Policy::SECURE).unwrap();
        let rtp = make(&[0x80, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        let mut packet = rtp.clone();
        tx.protect_rtp_buffer(&mut packet).unwrap();
        assert_eq!(packet.as_ref().len(), 16 + 10);
        let mut again = rtp.clone();
        tx.protect_rtp_buffer(&mut again).unwrap_err();
        assert_eq!(again, rtp, "an error changes neither bytes nor length");
        let protected = packet.clone();
        rx.unprotect_rtp_buffer(&mut packet).unwrap();
        assert_eq!(packet, rtp);
        let mut replayed = protected.clone();
        rx.unprotect_rtp_buffer(&mut replayed).unwrap_err();
        assert_eq!(replayed, protected);

        let rtcp = make(&[0x80, 201, 0, 1, 1, 2, 3, 4]);
        let mut packet = rtcp.clone();
        tx.protect_rtcp_buffer(&mut packet).unwrap();
        assert_eq!(packet.as_ref().len(), 8 + 14);
        rx.unprotect_rtcp_buffer(&mut packet).unwrap();
        assert_eq!(packet, rtcp);
    }

    /// Buffers grow for the trailer and are cut to the packet; a refusal leaves length and bytes.
    #[cfg(feature = "alloc")]
    #[test]
    fn vectors_grow_and_shrink() {
        there_and_back(<[u8]>::to_vec);
    }

    /// The same for `BytesMut`.
    #[cfg(feature = "bytes")]
    #[test]
    fn bytes_grow_and_shrink() {
        there_and_back(|packet| bytes::BytesMut::from(packet));
    }
}
