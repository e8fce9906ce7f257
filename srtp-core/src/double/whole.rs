//! Both transforms in one call, for those who speak.
//!
//! Read first: RFC 8723 §5.1, §5.3 and §6.

use super::{DoubleKey, END_TO_END_OVERHEAD, EndToEnd, EndToEndInbound, EndToEndOutbound};
use crate::context::{Inbound, Outbound, ProtectError, UnprotectError};
use crate::key::KeyError;
use crate::policy::Policy;
use crate::table::{Fixed, StreamTable};

/// Protects end to end and hop by hop.
///
/// ```
/// use srtp_core::double::{DoubleInbound, DoubleKey, DoubleOutbound, DoubleSuite};
/// use srtp_core::Policy;
///
/// let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &[7; 56])?;
/// let mut speaker: DoubleOutbound = DoubleOutbound::new(&key, Policy::SECURE)?;
/// let mut listener: DoubleInbound = DoubleInbound::new(&key, Policy::SECURE)?;
///
/// let mut buffer = [0; 80];
/// buffer[..16].copy_from_slice(&[0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, b'v', b'o', b'i', b'p']);
/// let len = speaker.protect_rtp(&mut buffer, 16)?;
/// let opened = listener.unprotect_rtp(&mut buffer[..len])?;
/// assert_eq!(&buffer[12..opened.len], b"voip");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DoubleOutbound<S: StreamTable = Fixed<8>> {
    /// The inner transform.
    pub end_to_end: EndToEndOutbound<S>,
    /// The outer transform; RTCP knows no other (RFC 8723 §6).
    pub hop_by_hop: Outbound<S, 1>,
}

impl<S: StreamTable + Default> DoubleOutbound<S> {
    /// Contexts without streams. The policy is that of the hop.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn new(key: &DoubleKey, policy: Policy) -> Result<Self, KeyError> {
        Ok(Self {
            end_to_end: EndToEndOutbound::new(&key.end_to_end)?,
            hop_by_hop: Outbound::new(&key.hop_by_hop, policy)?,
        })
    }
}

impl<S: StreamTable> DoubleOutbound<S> {
    /// Protects the RTP packet in the first `len` bytes of `buffer` twice and returns its length, at
    /// most [`rtp_overhead`](Self::rtp_overhead) more.
    ///
    /// # Errors
    /// [`ProtectError`]; buffer and contexts are then as before.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, ProtectError> {
        // Whatever the outer transform could refuse, before the inner one is committed to.
        self.hop_by_hop.would_protect_rtp(buffer, len, END_TO_END_OVERHEAD)?;
        let len = self.end_to_end.protect_rtp(buffer, len)?;
        self.hop_by_hop.protect_rtp(buffer, len)
    }

    /// Protects an RTCP packet, hop by hop only (RFC 8723 §6).
    ///
    /// # Errors
    /// As [`Outbound::protect_rtcp`].
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, ProtectError> {
        self.hop_by_hop.protect_rtcp(buffer, len)
    }

    /// The most bytes that both transforms add to an RTP packet.
    pub fn rtp_overhead(&self) -> usize {
        END_TO_END_OVERHEAD + self.hop_by_hop.rtp_overhead()
    }
}

/// Opens hop by hop and end to end.
#[derive(Debug)]
pub struct DoubleInbound<S: StreamTable = Fixed<8>> {
    /// The inner transform.
    pub end_to_end: EndToEndInbound<S>,
    /// The outer transform; RTCP knows no other (RFC 8723 §6).
    pub hop_by_hop: Inbound<S, 1>,
}

impl<S: StreamTable + Default> DoubleInbound<S> {
    /// Contexts without streams. The policy is that of the hop.
    ///
    /// # Errors
    /// As [`Inbound::new`].
    pub fn new(key: &DoubleKey, policy: Policy) -> Result<Self, KeyError> {
        Ok(Self {
            end_to_end: EndToEndInbound::new(&key.end_to_end)?,
            hop_by_hop: Inbound::new(&key.hop_by_hop, policy)?,
        })
    }
}

impl<S: StreamTable> DoubleInbound<S> {
    /// Opens an SRTP packet twice, in place.
    ///
    /// # Errors
    /// What either transform says against the packet; packet and contexts are then as before.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<EndToEnd, UnprotectError> {
        let end_to_end = &mut self.end_to_end;
        self.hop_by_hop.unprotect_rtp_if(packet, |rtp| end_to_end.unprotect_rtp(rtp))
    }

    /// Opens an SRTCP packet, which is protected hop by hop only (RFC 8723 §6).
    ///
    /// # Errors
    /// As [`Inbound::unprotect_rtcp`].
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        self.hop_by_hop.unprotect_rtcp(packet)
    }
}
