//! Many packets in one call, of one context or of many with different keys and suites: the same
//! rules and the same bytes as one packet after the other, and faster where the processor can
//! compute the HMACs of many packets at once.
//!
//! A batch is worked through in its order. Every packet has exactly the result it would have had
//! alone, two packets of one stream included, and only those that pass change a context.
//!
//! What is computed at once are the HMACs of the HMAC-SHA1 suites, from seven packets on, on x86-64
//! with AVX2 or AVX-512 (Cargo feature `accel`); the more packets, the more it gains up to sixteen,
//! and most if they are equally long. Packets under AES-GCM may stand among them and go one after the
//! other, as do all where there are no such vectors.
//!
//! ```
//! use srtp_core::batch::{self, Incoming, Outgoing};
//! use srtp_core::{CryptoSuite, Inbound, MasterKey, Outbound, Policy};
//!
//! // Three calls, each with a key of its own.
//! let mut senders = Vec::new();
//! let mut receivers = Vec::new();
//! for call in 0..3 {
//!     let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[call; 30])?;
//!     senders.push(Outbound::<srtp_core::Fixed<1>, 1>::new(&key, Policy::SECURE)?);
//!     receivers.push(Inbound::<srtp_core::Fixed<1>, 1>::new(&key, Policy::SECURE)?);
//! }
//! let packet = [0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, b'v', b'o', b'i', b'p'];
//! let mut buffers = [[0; 64]; 3];
//!
//! let mut packets: Vec<_> = buffers
//!     .iter_mut()
//!     .enumerate()
//!     .map(|(call, buffer)| {
//!         buffer[..16].copy_from_slice(&packet);
//!         Outgoing::rtp(call, buffer, 16)
//!     })
//!     .collect();
//! batch::protect(&mut senders, &mut packets);
//! let lens: Vec<_> = packets.iter().map(|packet| packet.result.unwrap().unwrap()).collect();
//!
//! let mut packets: Vec<_> = buffers
//!     .iter_mut()
//!     .zip(&lens)
//!     .enumerate()
//!     .map(|(call, (buffer, len))| Incoming::rtp(call, &mut buffer[..*len]))
//!     .collect();
//! batch::unprotect(&mut receivers, &mut packets);
//! assert!(packets.iter().all(|packet| packet.result == Some(Ok(16))));
//! assert!(buffers.iter().all(|buffer| buffer[..16] == packet));
//! # Ok::<(), srtp_core::KeyError>(())
//! ```

#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
mod lanes;

use core::borrow::BorrowMut;

use crate::context::{Inbound, Outbound, ProtectError, UnprotectError};
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::primitive::Lanes;
use crate::table::StreamTable;
use crate::transform::Protocol;

/// A packet to be protected in a batch, and what became of it.
#[derive(Debug)]
pub struct Outgoing<'p> {
    /// Which of the contexts of the batch protects it.
    pub context: usize,
    /// Whether it is RTP or RTCP.
    pub protocol: Protocol,
    /// The packet in the front, and room for what protection adds.
    pub buffer: &'p mut [u8],
    /// Length of the packet in bytes.
    pub len: usize,
    /// What [`Outbound::protect_rtp`] or [`Outbound::protect_rtcp`] would have returned. None
    /// before the batch, and after it where there is no such context.
    pub result: Option<Result<usize, ProtectError>>,
}

impl<'p> Outgoing<'p> {
    /// An RTP packet in the first `len` bytes of `buffer`.
    #[inline]
    pub const fn rtp(context: usize, buffer: &'p mut [u8], len: usize) -> Self {
        Self { context, protocol: Protocol::Srtp, buffer, len, result: None }
    }

    /// An RTCP packet in the first `len` bytes of `buffer`.
    #[inline]
    pub const fn rtcp(context: usize, buffer: &'p mut [u8], len: usize) -> Self {
        Self { context, protocol: Protocol::Srtcp, buffer, len, result: None }
    }
}

/// A packet to be unprotected in a batch, and what became of it.
#[derive(Debug)]
pub struct Incoming<'p> {
    /// Which of the contexts of the batch opens it.
    pub context: usize,
    /// Whether it is SRTP or SRTCP; [RFC 5761](https://www.rfc-editor.org/rfc/rfc5761) §4 says how
    /// to tell where both come to one port.
    pub protocol: Protocol,
    /// The packet.
    pub packet: &'p mut [u8],
    /// What [`Inbound::unprotect_rtp`] or [`Inbound::unprotect_rtcp`] would have returned. None
    /// before the batch, and after it where there is no such context.
    pub result: Option<Result<usize, UnprotectError>>,
}

impl<'p> Incoming<'p> {
    /// An SRTP packet.
    #[inline]
    pub const fn rtp(context: usize, packet: &'p mut [u8]) -> Self {
        Self { context, protocol: Protocol::Srtp, packet, result: None }
    }

    /// An SRTCP packet.
    #[inline]
    pub const fn rtcp(context: usize, packet: &'p mut [u8]) -> Self {
        Self { context, protocol: Protocol::Srtcp, packet, result: None }
    }
}

/// What the packets of both directions have in common; `X` is the context they go through.
trait Packet<X> {
    /// Which of the contexts of the batch.
    fn context(&self) -> usize;
    /// Goes through its context.
    fn go(&mut self, context: &mut X);
    /// Whether packets of this context have HMACs that can be computed apart from them.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    fn waits(context: &X) -> bool;
    /// Looks for its stream, so that it is at hand.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    fn look_at(&self, context: &X);
}

impl<S: StreamTable, const KEYS: usize> Packet<Outbound<S, KEYS>> for Outgoing<'_> {
    #[inline(always)]
    fn context(&self) -> usize {
        self.context
    }

    // The result is copied apart: as a whole it would be read in pieces other than it was written
    // in a moment before, which the processor waits for.
    #[inline(always)]
    fn go(&mut self, context: &mut Outbound<S, KEYS>) {
        let result = match self.protocol {
            Protocol::Srtp => context.protect_rtp(self.buffer, self.len),
            Protocol::Srtcp => context.protect_rtcp(self.buffer, self.len),
        };
        match result {
            Ok(len) => self.result = Some(Ok(len)),
            Err(error) => self.result = Some(Err(error)),
        }
    }

    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    fn waits(context: &Outbound<S, KEYS>) -> bool {
        context.ring.makes_hmacs()
    }

    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    fn look_at(&self, context: &Outbound<S, KEYS>) {
        lanes::look_at(&context.streams, self.protocol, self.buffer);
    }
}

impl<S: StreamTable, const KEYS: usize> Packet<Inbound<S, KEYS>> for Incoming<'_> {
    #[inline(always)]
    fn context(&self) -> usize {
        self.context
    }

    #[inline(always)]
    fn go(&mut self, context: &mut Inbound<S, KEYS>) {
        let result = match self.protocol {
            Protocol::Srtp => context.unprotect_rtp(self.packet),
            Protocol::Srtcp => context.unprotect_rtcp(self.packet),
        };
        match result {
            Ok(len) => self.result = Some(Ok(len)),
            Err(error) => self.result = Some(Err(error)),
        }
    }

    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    fn waits(context: &Inbound<S, KEYS>) -> bool {
        context.ring.makes_hmacs()
    }

    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    fn look_at(&self, context: &Inbound<S, KEYS>) {
        lanes::look_at(&context.streams, self.protocol, self.packet);
    }
}

/// Every packet through its context; those that have none are left alone.
#[inline(always)]
fn one_by_one<X, C: BorrowMut<X>, P: Packet<X>>(contexts: &mut [C], packets: &mut [P]) {
    for packet in packets {
        if let Some(context) = contexts.get_mut(packet.context()) {
            packet.go(context.borrow_mut());
        }
    }
}

/// Protects the packets, each in the context it names: `contexts` holds contexts or mutable
/// references to them.
pub fn protect<C, S, const KEYS: usize>(contexts: &mut [C], packets: &mut [Outgoing<'_>])
where
    C: BorrowMut<Outbound<S, KEYS>>,
    S: StreamTable,
{
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    if packets.len() >= lanes::WORTH
        && let Some(lanes) = Lanes::best()
    {
        return lanes::protect(lanes, contexts, packets);
    }
    one_by_one(contexts, packets);
}

/// Unprotects the packets, each in the context it names: `contexts` holds contexts or mutable
/// references to them.
pub fn unprotect<C, S, const KEYS: usize>(contexts: &mut [C], packets: &mut [Incoming<'_>])
where
    C: BorrowMut<Inbound<S, KEYS>>,
    S: StreamTable,
{
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    if packets.len() >= lanes::WORTH
        && let Some(lanes) = Lanes::best()
    {
        return lanes::unprotect(lanes, contexts, packets);
    }
    one_by_one(contexts, packets);
}

impl<S: StreamTable, const KEYS: usize> Outbound<S, KEYS> {
    /// Protects many packets of this context: [`batch::protect`](protect), with 0 as context.
    pub fn protect_batch(&mut self, packets: &mut [Outgoing<'_>]) {
        protect(core::slice::from_mut(self), packets);
    }
}

impl<S: StreamTable, const KEYS: usize> Inbound<S, KEYS> {
    /// Unprotects many packets of this context: [`batch::unprotect`](unprotect), with 0 as context.
    pub fn unprotect_batch(&mut self, packets: &mut [Incoming<'_>]) {
        unprotect(core::slice::from_mut(self), packets);
    }
}
