//! RTP and RTCP packets as checked views, and the one place that knows how a trailer is laid out.
//!
//! Read first: RFC 3550 §5.1, §5.3.1 and §6.4; RFC 3711 §3.1 and §3.4; RFC 7714 §8 and §9.

use core::fmt;

/// The fixed part of an RTP header, in bytes.
pub const RTP_FIXED_HEADER_LEN: usize = 12;
/// The part of an RTCP packet that SRTCP leaves in the clear, in bytes: the first header and the
/// sender's SSRC.
pub const RTCP_CLEAR_LEN: usize = 8;
/// Length of the E bit and SRTCP index, in bytes.
pub const SRTCP_INDEX_LEN: usize = 4;

/// Why bytes are not an RTP or RTCP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum WireError {
    /// The packet ends before what its header announces.
    TooShort {
        /// Bytes there are.
        len: usize,
        /// Bytes there would have to be.
        needed: usize,
    },
    /// The version field is not 2 (RFC 3550 §5.1, §6.4.1).
    Version {
        /// The version found.
        version: u8,
    },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { len, needed } => {
                write!(f, "the packet is {len} bytes; its header asks for at least {needed}")
            }
            Self::Version { version } => {
                write!(f, "the version field is {version}; RTP and RTCP have version 2")
            }
        }
    }
}

impl core::error::Error for WireError {}

/// An RTP header that fits into its packet, CSRCs and extension included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RtpHeader {
    /// The marker bit.
    pub marker: bool,
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The sequence number.
    pub sequence_number: u16,
    /// The timestamp, in units of the payload's clock.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
    /// Length of the header in bytes, CSRC list and extension included: 12 to 262 212.
    pub len: usize,
}

impl RtpHeader {
    /// Reads the header of an RTP or SRTP packet.
    ///
    /// # Errors
    /// [`WireError`] where the version is not 2 or the CSRC list or the extension does not fit.
    #[inline]
    pub fn parse(packet: &[u8]) -> Result<Self, WireError> {
        let too_short = |needed| WireError::TooShort { len: packet.len(), needed };
        let Some(fixed) = packet.first_chunk::<RTP_FIXED_HEADER_LEN>() else {
            return Err(too_short(RTP_FIXED_HEADER_LEN));
        };
        let &[first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = fixed;
        version(first)?;
        let csrc_end = RTP_FIXED_HEADER_LEN + 4 * usize::from(first & 0x0f);
        let mut len = csrc_end;
        if first & 0x10 != 0 {
            // RFC 3550 §5.3.1: profile, then the length in words, which does not count itself.
            let extension = packet.get(csrc_end..).and_then(<[u8]>::first_chunk::<4>);
            let Some(&[_, _, l0, l1]) = extension else {
                return Err(too_short(csrc_end + 4));
            };
            len += 4 + 4 * usize::from(u16::from_be_bytes([l0, l1]));
        }
        if packet.len() < len {
            return Err(too_short(len));
        }
        Ok(Self {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence_number: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
            len,
        })
    }
}

/// The clear first eight bytes of a compound or reduced-size RTCP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RtcpHeader {
    /// The type of the first packet, 200 for a sender report.
    pub packet_type: u8,
    /// The SSRC of the first packet's sender.
    pub ssrc: u32,
}

impl RtcpHeader {
    /// Reads the first header of an RTCP or SRTCP packet.
    ///
    /// # Errors
    /// [`WireError`] where the version is not 2 or there are fewer than eight bytes.
    #[inline]
    pub fn parse(packet: &[u8]) -> Result<Self, WireError> {
        let Some(&[first, packet_type, _, _, i0, i1, i2, i3]) =
            packet.first_chunk::<RTCP_CLEAR_LEN>()
        else {
            return Err(WireError::TooShort { len: packet.len(), needed: RTCP_CLEAR_LEN });
        };
        version(first)?;
        Ok(Self { packet_type, ssrc: u32::from_be_bytes([i0, i1, i2, i3]) })
    }
}

#[inline]
fn version(first: u8) -> Result<(), WireError> {
    match first >> 6 {
        2 => Ok(()),
        version => Err(WireError::Version { version }),
    }
}

/// The lengths of what follows the payload, in the order in which it follows:
/// `payload | AEAD tag | E, SRTCP index | MKI | tag` (RFC 3711 figures 1 and 2, RFC 7714 §8.2 and
/// §9.2). A suite has one of the two tags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Trailer {
    /// 16 with AES-GCM, else 0.
    pub(crate) aead_tag: usize,
    /// 4 in SRTCP, else 0.
    pub(crate) index: usize,
    pub(crate) mki: usize,
    pub(crate) tag: usize,
}

/// A protected packet taken apart by its [`Trailer`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'p> {
    /// Header and payload.
    pub(crate) body: &'p [u8],
    pub(crate) aead_tag: &'p [u8],
    pub(crate) index: &'p [u8],
    pub(crate) mki: &'p [u8],
    pub(crate) tag: &'p [u8],
}

/// A packet to be protected: its body, and the places of its trailer.
#[derive(Debug)]
pub(crate) struct PartsMut<'p> {
    pub(crate) body: &'p mut [u8],
    pub(crate) trailer: &'p mut [u8],
}

impl Trailer {
    #[inline]
    pub(crate) const fn len(self) -> usize {
        self.aead_tag + self.index + self.mki + self.tag
    }

    /// The packet up to its trailer, and the trailer, of a packet with `clear` bytes before its
    /// payload.
    #[inline]
    pub(crate) fn split_mut(
        self,
        packet: &mut [u8],
        clear: usize,
    ) -> Result<PartsMut<'_>, WireError> {
        let (len, needed) = (packet.len(), clear.saturating_add(self.len()));
        let too_short = WireError::TooShort { len, needed };
        if len < needed {
            return Err(too_short);
        }
        let (body, trailer) = packet.split_at_mut_checked(len - self.len()).ok_or(too_short)?;
        Ok(PartsMut { body, trailer })
    }

    /// Takes a packet apart that has `clear` bytes before its payload.
    #[inline]
    pub(crate) fn split(self, packet: &[u8], clear: usize) -> Result<Parts<'_>, WireError> {
        let needed = clear.saturating_add(self.len());
        let too_short = WireError::TooShort { len: packet.len(), needed };
        if packet.len() < needed {
            return Err(too_short);
        }
        let cut = |bytes: &'_ [u8], tail: usize| bytes.len().checked_sub(tail);
        let (rest, tag) =
            cut(packet, self.tag).and_then(|at| packet.split_at_checked(at)).ok_or(too_short)?;
        let (authenticated, mki) =
            cut(rest, self.mki).and_then(|at| rest.split_at_checked(at)).ok_or(too_short)?;
        let (rest, index) = cut(authenticated, self.index)
            .and_then(|at| authenticated.split_at_checked(at))
            .ok_or(too_short)?;
        let (body, aead_tag) =
            cut(rest, self.aead_tag).and_then(|at| rest.split_at_checked(at)).ok_or(too_short)?;
        Ok(Parts { body, aead_tag, index, mki, tag })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(csrcs: u8, extension_words: Option<u16>) -> Vec<u8> {
        let mut packet = vec![0x80 | csrcs | (u8::from(extension_words.is_some()) << 4), 0xe3];
        packet.extend([0x12, 0x34, 1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef]);
        packet.extend(vec![0x55; 4 * usize::from(csrcs)]);
        if let Some(words) = extension_words {
            packet.extend([0xbe, 0xde]);
            packet.extend(words.to_be_bytes());
            packet.extend(vec![0x66; 4 * usize::from(words)]);
        }
        packet
    }

    /// The length is the header's own, for every CSRC count and a range of extension lengths, and
    /// every shorter prefix is refused with the length it would need.
    #[test]
    fn header_length_is_exact_and_prefixes_are_refused() {
        for csrcs in 0..=15 {
            for words in [None, Some(0), Some(1), Some(7), Some(300)] {
                let packet = packet(csrcs, words);
                let header = RtpHeader::parse(&packet).unwrap();
                assert_eq!(header.len, packet.len());
                assert_eq!((header.sequence_number, header.ssrc), (0x1234, 0xdead_beef));
                assert_eq!((header.marker, header.payload_type), (true, 0x63));
                for len in 0..packet.len() {
                    let error = RtpHeader::parse(&packet[..len]).unwrap_err();
                    let WireError::TooShort { len: said, needed } = error else {
                        panic!("{error}")
                    };
                    assert!(said == len && needed > len && needed <= packet.len());
                }
            }
        }
    }

    #[test]
    fn only_version_2_is_rtp_or_rtcp() {
        for version in [0, 1, 3] {
            let bytes = [version << 6; 16];
            assert_eq!(RtpHeader::parse(&bytes), Err(WireError::Version { version }));
            assert_eq!(RtcpHeader::parse(&bytes), Err(WireError::Version { version }));
        }
        assert!(RtcpHeader::parse(&[0x80, 200, 0, 1, 0, 0, 0, 9]).is_ok_and(|h| h.ssrc == 9));
    }

    /// A trailer never takes bytes of the header: the shortest packet is header and trailer.
    #[test]
    fn trailer_splits_from_the_end() {
        let trailer = Trailer { aead_tag: 0, index: 4, mki: 2, tag: 10 };
        let bytes: Vec<u8> = (0..30).collect();
        let parts = trailer.split(&bytes, 8).unwrap();
        assert_eq!(parts.body, &bytes[..14]);
        assert_eq!(parts.index, &bytes[14..18]);
        assert_eq!(parts.mki, &bytes[18..20]);
        assert_eq!(parts.tag, &bytes[20..]);
        assert!(trailer.split(&bytes[..24], 8).is_ok());
        assert_eq!(
            trailer.split(&bytes[..23], 8).unwrap_err(),
            WireError::TooShort { len: 23, needed: 24 }
        );
    }
}
