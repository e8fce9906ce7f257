//! The original-header block: what a media distributor changed, so that the other end can tell.
//!
//! Read first: RFC 8723 §4 and §5.2.

use core::fmt;

use crate::wire::{RtpHeader, WireError};

/// What the header of a packet said before somebody on the way changed it. `None`: unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct OriginalHeader {
    /// The payload type, 0 to 127.
    pub payload_type: Option<u8>,
    /// The sequence number.
    pub sequence_number: Option<u16>,
    /// The marker bit.
    pub marker: Option<bool>,
}

/// New values for header fields that a media distributor may change; `None` leaves one alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct HeaderChange {
    /// The payload type, 0 to 127.
    pub payload_type: Option<u8>,
    /// The sequence number.
    pub sequence_number: Option<u16>,
    /// The marker bit.
    pub marker: Option<bool>,
}

/// Why a payload does not end with an original-header block, or a header could not be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum OriginalHeaderError {
    /// The bytes are no RTP packet.
    Packet(WireError),
    /// The payload ends before the block does.
    TooShort {
        /// Bytes of payload.
        len: usize,
        /// Bytes of inner tag and block.
        needed: usize,
    },
    /// The block's last byte has bits that mean nothing (RFC 8723 §4).
    Malformed {
        /// That byte.
        config: u8,
    },
    /// The buffer has no room for the longer block.
    NoRoom {
        /// Bytes in the buffer.
        available: usize,
        /// Bytes the changed packet takes.
        needed: usize,
    },
    /// A payload type above 127.
    PayloadType {
        /// The one given.
        given: u8,
    },
}

impl fmt::Display for OriginalHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Packet(error) => error.fmt(f),
            Self::TooShort { len, needed } => write!(
                f,
                "the payload is {len} bytes; inner tag and original-header block take {needed}"
            ),
            Self::Malformed { config } => {
                write!(f, "the original-header block ends with {config:#04x}, which means nothing")
            }
            Self::NoRoom { available, needed } => {
                write!(f, "the changed packet takes {needed} bytes; the buffer has {available}")
            }
            Self::PayloadType { given } => write!(f, "a payload type of {given} is above 127"),
        }
    }
}

impl core::error::Error for OriginalHeaderError {}

const B: u8 = 0x08;
const M: u8 = 0x04;
const P: u8 = 0x02;
const Q: u8 = 0x01;
/// Payload type, sequence number and the byte that says which are there.
const MAX_LEN: usize = 4;

impl OriginalHeader {
    /// Reads the block at the end of a payload, behind the inner tag.
    ///
    /// # Errors
    /// [`OriginalHeaderError::TooShort`], [`OriginalHeaderError::Malformed`].
    pub fn read(payload: &[u8]) -> Result<Self, OriginalHeaderError> {
        let len = payload.len();
        let Some((&config, rest)) = payload.split_last() else {
            return Err(OriginalHeaderError::TooShort { len, needed: 1 });
        };
        // "R: Reserved, MUST be set to 0"; "If the marker bit is not present (M=0), then B MUST be
        // set to zero."
        if config & !(B | M | P | Q) != 0 || config & (B | M) == B {
            return Err(OriginalHeaderError::Malformed { config });
        }
        let needed = 1 + usize::from(config & P != 0) + 2 * usize::from(config & Q != 0);
        let too_short = OriginalHeaderError::TooShort { len, needed };
        let (rest, sequence_number) = match config & Q {
            0 => (rest, None),
            _ => {
                let (rest, bytes) = rest.split_last_chunk::<2>().ok_or(too_short)?;
                (rest, Some(u16::from_be_bytes(*bytes)))
            }
        };
        let payload_type = match config & P {
            0 => None,
            _ => Some(*rest.last().ok_or(too_short)?),
        };
        if payload_type.is_some_and(|payload_type| payload_type > 127) {
            return Err(OriginalHeaderError::Malformed { config });
        }
        let marker = (config & M != 0).then_some(config & B != 0);
        Ok(Self { payload_type, sequence_number, marker })
    }

    /// Length of the block in bytes: 1 to 4.
    pub const fn encoded_len(&self) -> usize {
        1 + self.payload_type.is_some() as usize + 2 * self.sequence_number.is_some() as usize
    }

    /// The block in the front of four bytes.
    fn encode(&self) -> [u8; MAX_LEN] {
        let mut config = 0;
        let mut bytes = [0; MAX_LEN];
        let mut rest = bytes.iter_mut();
        let mut push = |byte| {
            if let Some(place) = rest.next() {
                *place = byte;
            }
        };
        if let Some(payload_type) = self.payload_type {
            config |= P;
            push(payload_type);
        }
        if let Some(sequence_number) = self.sequence_number {
            config |= Q;
            sequence_number.to_be_bytes().into_iter().for_each(&mut push);
        }
        if let Some(marker) = self.marker {
            config |= if marker { M | B } else { M };
        }
        push(config);
        bytes
    }

    /// The header as it was, given as it is.
    pub(crate) fn undo(&self, mut header: RtpHeader) -> RtpHeader {
        header.payload_type = self.payload_type.unwrap_or(header.payload_type);
        header.sequence_number = self.sequence_number.unwrap_or(header.sequence_number);
        header.marker = self.marker.unwrap_or(header.marker);
        header
    }
}

/// Changes the header of a packet on its way, between opening it hop by hop and protecting it for
/// the next hop, and notes in its original-header block what the other end must know: a first
/// change adds the original value, a return to it takes it away, any further change leaves it
/// (RFC 8723 §5.2). The packet is in the first `len` bytes of `buffer`; its length after the change
/// is returned, at most [`MAX_CHANGE_OVERHEAD`](super::MAX_CHANGE_OVERHEAD) more.
///
/// # Errors
/// [`OriginalHeaderError`]; the buffer is then as before.
pub fn change_header(
    buffer: &mut [u8],
    len: usize,
    change: HeaderChange,
) -> Result<usize, OriginalHeaderError> {
    let available = buffer.len();
    let packet = buffer.get(..len).ok_or(OriginalHeaderError::NoRoom { available, needed: len })?;
    let header = RtpHeader::parse(packet).map_err(OriginalHeaderError::Packet)?;
    let before = OriginalHeader::read(packet.get(header.len..).unwrap_or_default())?;
    if let Some(given) = change.payload_type.filter(|given| *given > 127) {
        return Err(OriginalHeaderError::PayloadType { given });
    }

    let original = before.undo(header);
    let payload_type = change.payload_type.unwrap_or(header.payload_type);
    let sequence_number = change.sequence_number.unwrap_or(header.sequence_number);
    let marker = change.marker.unwrap_or(header.marker);
    let after = OriginalHeader {
        payload_type: (payload_type != original.payload_type).then_some(original.payload_type),
        sequence_number: (sequence_number != original.sequence_number)
            .then_some(original.sequence_number),
        marker: (marker != original.marker).then_some(original.marker),
    };

    let block_at = len - before.encoded_len();
    let needed = block_at + after.encoded_len();
    let Some(place) = buffer.get_mut(block_at..needed) else {
        return Err(OriginalHeaderError::NoRoom { available, needed });
    };
    place.iter_mut().zip(after.encode()).for_each(|(to, from)| *to = from);
    write_fields(buffer, marker, payload_type, sequence_number);
    Ok(needed)
}

/// Writes marker, payload type and sequence number into a packet.
pub(super) fn write_fields(packet: &mut [u8], marker: bool, payload_type: u8, number: u16) {
    if let Some([_, second, s0, s1]) = packet.first_chunk_mut::<4>() {
        *second = u8::from(marker) << 7 | payload_type;
        [*s0, *s1] = number.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written is read, for every combination of fields.
    #[test]
    fn blocks_are_read_as_written() {
        for payload_type in [None, Some(0), Some(127)] {
            for sequence_number in [None, Some(0), Some(0xfffe)] {
                for marker in [None, Some(false), Some(true)] {
                    let block = OriginalHeader { payload_type, sequence_number, marker };
                    let bytes = [&[0xaa; 5][..], &block.encode()[..block.encoded_len()]].concat();
                    assert_eq!(OriginalHeader::read(&bytes), Ok(block));
                }
            }
        }
        assert_eq!(OriginalHeader::default().encode()[0], 0, "an all-zero octet: no modification");
    }

    /// RFC 8723 §4: reserved bits are zero, and so is B without M.
    #[test]
    fn only_what_means_something_is_a_block() {
        for config in 0..=255_u8 {
            let valid = config < 16 && (config & B == 0 || config & M != 0);
            let read = OriginalHeader::read(&[1, 2, 3, config]);
            assert_eq!(read.is_ok(), valid, "{config:#x}");
        }
        for (payload, needed) in
            [(&[][..], 1), (&[P], 2), (&[Q], 3), (&[0, Q], 3), (&[0, 0, P | Q], 4)]
        {
            let short = OriginalHeaderError::TooShort { len: payload.len(), needed };
            assert_eq!(OriginalHeader::read(payload), Err(short));
        }
        assert!(OriginalHeader::read(&[128, P]).is_err());
    }

    /// §5.2: the first change is noted, a second keeps the note, a return takes it away.
    #[test]
    fn changes_are_noted_and_taken_back() {
        let packet = [0x80, 0x60, 0, 7, 0, 0, 0, 0, 1, 2, 3, 4, 9, 9, 0];
        let mut buffer = [&packet[..], &[0; 3]].concat();
        let to = |payload_type, sequence_number, marker| HeaderChange {
            payload_type,
            sequence_number,
            marker,
        };
        let len = change_header(&mut buffer, 15, to(Some(8), None, None)).unwrap();
        assert_eq!(buffer[..len], [&[0x80, 8][..], &packet[2..14], &[0x60, P]].concat());
        let len = change_header(&mut buffer, len, to(Some(9), Some(0x0102), Some(true))).unwrap();
        let noted = [0x60, 0, 7, P | Q | M];
        let expected = [&[0x80, 0x89, 1, 2][..], &packet[4..14], &noted].concat();
        assert_eq!(buffer[..len], expected);
        let len = change_header(&mut buffer, len, to(Some(0x60), Some(7), Some(false))).unwrap();
        assert_eq!(buffer[..len], packet);

        let mut short = packet;
        let error = change_header(&mut short, 15, to(None, Some(8), None)).unwrap_err();
        assert_eq!(error, OriginalHeaderError::NoRoom { available: 15, needed: 17 });
        assert_eq!(short, packet);
        let error = change_header(&mut short, 15, to(Some(128), None, None)).unwrap_err();
        assert_eq!(error, OriginalHeaderError::PayloadType { given: 128 });
    }
}
