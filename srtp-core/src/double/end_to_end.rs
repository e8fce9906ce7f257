//! The inner transform: what only those who speak can read and make.
//!
//! Read first: RFC 8723 §5.1 steps 3 to 5, §5.3 steps 3 to 5.

use core::fmt;

use super::END_TO_END_OVERHEAD;
use super::original_header::{OriginalHeader, write_fields};
use crate::context::{Arrival, Inbound, Outbound, ProtectError, Sending, UnprotectError};
use crate::key::{KeyError, MasterKey};
use crate::outgoing::{plain, room};
use crate::policy::Policy;
use crate::primitive::GCM_TAG_LEN;
use crate::table::{Fixed, StreamTable};
use crate::transform::{MAX_PAYLOAD_LEN, Protocol};
use crate::wire::{ExtensionForm, RTP_FIXED_HEADER_LEN, RtpHeader};

/// Protects end to end: a payload becomes ciphertext, inner tag and original-header block, in an RTP
/// packet that is then protected hop by hop as any other.
///
/// Sequence numbers and rollover counters are those of the speaker, apart from the hop's.
pub struct EndToEndOutbound<S = Fixed<8>>(Outbound<S, 1>);

/// Opens end to end what came out of the hop-by-hop protection.
pub struct EndToEndInbound<S = Fixed<8>>(Inbound<S, 1>);

/// A packet opened end to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct EndToEnd {
    /// Length of the RTP packet in bytes. Its marker is the speaker's. Payload type and sequence
    /// number are the last hop's, for codec selection and ordering (RFC 8723 §5.3).
    pub len: usize,
    /// The payload type the speaker sent.
    pub payload_type: u8,
    /// The sequence number the speaker sent.
    pub sequence_number: u16,
}

/// The header of the synthetic packet that the inner tag vouches for: without extension, X = 0.
struct Synthetic {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
}

impl Synthetic {
    /// With 15 CSRCs.
    const MAX_LEN: usize = RTP_FIXED_HEADER_LEN + 4 * 15;

    fn new(packet: &[u8], original: &RtpHeader) -> Self {
        let (mut bytes, len) = ([0; Self::MAX_LEN], original.csrc_end());
        bytes.iter_mut().zip(packet.iter().take(len)).for_each(|(to, from)| *to = *from);
        if let Some(first) = bytes.first_mut() {
            *first &= !0x10;
        }
        write_fields(&mut bytes, original.marker, original.payload_type, original.sequence_number);
        Self { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

/// Only AES-GCM can do this.
fn aead(key: &MasterKey) -> Result<(), KeyError> {
    match key.suite().parameters().cipher.is_aead() {
        true => Ok(()),
        false => Err(KeyError::NotAead { suite: key.suite() }),
    }
}

impl<S: StreamTable + Default> EndToEndOutbound<S> {
    /// A context without streams that protects with the inner key, whose MKI is left out: the outer
    /// protection carries one.
    ///
    /// # Errors
    /// [`KeyError::NotAead`].
    pub fn new(end_to_end: &MasterKey) -> Result<Self, KeyError> {
        aead(end_to_end)?;
        Ok(Self(Outbound::new(end_to_end, Policy::SECURE)?))
    }
}

impl<S: StreamTable> EndToEndOutbound<S> {
    /// Protects the payload of the RTP packet in the first `len` bytes of `buffer`, and returns the
    /// length of the RTP packet that goes into the hop-by-hop protection:
    /// [`END_TO_END_OVERHEAD`] more.
    ///
    /// # Errors
    /// [`ProtectError`]; buffer and context are then as before.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, ProtectError> {
        let packet = plain(buffer, len)?;
        let header = RtpHeader::parse(packet)?;
        // §5.1 step 1: "If there are any header extensions, they MUST use [RFC8285]."
        if let Some(profile) = header.extension_profile
            && ExtensionForm::of(profile) == ExtensionForm::Other
        {
            return Err(ProtectError::ExtensionForm { profile });
        }
        let payload = len - header.len;
        if payload > MAX_PAYLOAD_LEN - END_TO_END_OVERHEAD {
            let limit = MAX_PAYLOAD_LEN - END_TO_END_OVERHEAD;
            return Err(ProtectError::TooLong { len: payload, limit });
        }
        let synthetic = Synthetic::new(packet, &header);
        let place = self.0.place_rtp(&header, Sending::First)?;
        let packet = room(buffer, len + END_TO_END_OVERHEAD)?;

        if let Some((_, rest)) = packet.split_at_mut_checked(header.len)
            && let Some((payload, trailer)) = rest.split_at_mut_checked(payload)
        {
            let tag = self.0.key()?.with_keys(Protocol::Srtp, place.index, |keys| {
                keys.seal_detached(&header, place.index, synthetic.bytes(), payload)
            });
            let block = tag.iter().flatten().chain(&[0]); // an empty original-header block
            trailer.iter_mut().zip(block).for_each(|(to, from)| *to = *from);
        }
        self.0.commit_rtp(place, len);
        Ok(len + END_TO_END_OVERHEAD)
    }

    /// The context underneath: streams, rollover counters, key usage.
    pub const fn context(&self) -> &Outbound<S, 1> {
        &self.0
    }

    /// The context underneath, to set rollover counters, export, restore, rekey.
    pub const fn context_mut(&mut self) -> &mut Outbound<S, 1> {
        &mut self.0
    }
}

impl<S: StreamTable + Default> EndToEndInbound<S> {
    /// A context without streams that opens what the inner key protected.
    ///
    /// # Errors
    /// [`KeyError::NotAead`].
    pub fn new(end_to_end: &MasterKey) -> Result<Self, KeyError> {
        aead(end_to_end)?;
        Ok(Self(Inbound::new(end_to_end, Policy::SECURE)?))
    }
}

impl<S: StreamTable> EndToEndInbound<S> {
    /// Opens the payload of an RTP packet that came out of the hop-by-hop protection, in place.
    ///
    /// # Errors
    /// [`UnprotectError`]: of [`UnprotectError::OriginalHeader`] where inner tag and original-header
    /// block are not there. Packet and context are then as before.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<EndToEnd, UnprotectError> {
        let header = RtpHeader::parse(packet)?;
        let body = packet.get(header.len..).unwrap_or_default();
        let block = OriginalHeader::read(body).map_err(UnprotectError::OriginalHeader)?;
        let trailer = GCM_TAG_LEN + block.encoded_len();
        let Some(payload_len) = body.len().checked_sub(trailer) else {
            let (len, needed) = (packet.len(), header.len + trailer);
            return Err(UnprotectError::TooShort { len, needed });
        };
        let original = block.undo(header);
        let synthetic = Synthetic::new(packet, &original);
        let tag = body.get(payload_len..).and_then(<[u8]>::first_chunk::<GCM_TAG_LEN>).copied();

        let arrival = self.0.arrival(original)?;
        let payload = packet.get_mut(header.len..header.len + payload_len);
        let (Some(payload), Some(tag)) = (payload, tag) else {
            return Err(UnprotectError::AuthFailed);
        };
        let index = self.open(&arrival, synthetic.bytes(), payload, &tag)?;
        self.0.commit_opened(&arrival, index)?;
        write_fields(packet, original.marker, header.payload_type, header.sequence_number);
        Ok(EndToEnd {
            len: header.len + payload_len,
            payload_type: original.payload_type,
            sequence_number: original.sequence_number,
        })
    }

    fn open(
        &self,
        arrival: &Arrival,
        associated: &[u8],
        payload: &mut [u8],
        tag: &[u8; GCM_TAG_LEN],
    ) -> Result<u64, UnprotectError> {
        let key = self.0.ring.get(0).ok_or(UnprotectError::UnknownMki)?;
        let admissible = self.0.admissible(key, arrival.slot, Protocol::Srtp);
        for index in arrival.candidates() {
            let right = key.with_keys(Protocol::Srtp, index, |keys| {
                keys.open_detached(&arrival.header, index, associated, payload, tag)
            });
            if !right {
                continue;
            }
            if let Err(refusal) = admissible {
                key.with_keys(Protocol::Srtp, index, |keys| {
                    keys.close_detached(&arrival.header, index, payload);
                });
                return Err(refusal);
            }
            return Ok(index);
        }
        Err(UnprotectError::AuthFailed)
    }

    /// The context underneath: streams, rollover counters, key usage.
    pub const fn context(&self) -> &Inbound<S, 1> {
        &self.0
    }

    /// The context underneath, to set rollover counters, export, restore, rekey.
    pub const fn context_mut(&mut self) -> &mut Inbound<S, 1> {
        &mut self.0
    }
}

impl<S: StreamTable> fmt::Debug for EndToEndOutbound<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndToEndOutbound").field(&self.0).finish()
    }
}

impl<S: StreamTable> fmt::Debug for EndToEndInbound<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndToEndInbound").field(&self.0).finish()
    }
}
