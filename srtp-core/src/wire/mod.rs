//! RTP and RTCP packets as checked views: headers here, header extensions and trailers in files of
//! their own.
//!
//! Read first: RFC 3550 §5.1, §5.3.1 and §6.4; RFC 3711 §3.4.

pub(crate) mod extension;
mod trailer;

use core::fmt;

pub use extension::{Element, Elements, ExtensionForm, ExtensionIds, HeaderExtension};
pub(crate) use trailer::{Layout, Trailer};

/// Where the SSRC stands in an RTP header (RFC 3550 §5.1).
pub(crate) const RTP_SSRC_AT: usize = 8;
/// Where the first SSRC stands in an RTCP packet (RFC 3550 §6.4).
pub(crate) const RTCP_SSRC_AT: usize = 4;

/// The fixed part of an RTP header, in bytes.
pub const RTP_FIXED_HEADER_LEN: usize = 12;
/// The part of an RTCP packet that SRTCP leaves in the clear, in bytes: the first header and the
/// sender's SSRC.
pub const RTCP_CLEAR_LEN: usize = 8;
/// Length of the E bit and SRTCP index, in bytes.
pub const SRTCP_INDEX_LEN: usize = 4;
/// The head of a header extension, in bytes: "defined by profile" and length.
pub(crate) const EXTENSION_HEAD_LEN: usize = 4;

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
    /// How many contributing sources are listed, 0 to 15.
    pub csrc_count: u8,
    /// The 16 bits "defined by profile" of the header extension, where there is one.
    pub extension_profile: Option<u16>,
    /// Length of the header in bytes, CSRC list and extension included: 12 to 262 212.
    pub len: usize,
}

impl RtpHeader {
    /// Reads the header of an RTP or SRTP packet.
    ///
    /// # Errors
    /// [`WireError`] where the version is not 2 or the CSRC list or the extension does not fit.
    #[inline(always)]
    pub fn parse(packet: &[u8]) -> Result<Self, WireError> {
        let too_short = |needed| WireError::TooShort { len: packet.len(), needed };
        let Some(fixed) = packet.first_chunk::<RTP_FIXED_HEADER_LEN>() else {
            return Err(too_short(RTP_FIXED_HEADER_LEN));
        };
        let &[first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = fixed;
        version(first)?;
        let csrc_end = RTP_FIXED_HEADER_LEN + 4 * usize::from(first & 0x0f);
        let (mut len, mut extension_profile) = (csrc_end, None);
        if first & 0x10 != 0 {
            // RFC 3550 §5.3.1: profile, then the length in words, which does not count itself.
            let head = packet.get(csrc_end..).and_then(<[u8]>::first_chunk::<EXTENSION_HEAD_LEN>);
            let Some(&[p0, p1, l0, l1]) = head else {
                return Err(too_short(csrc_end + EXTENSION_HEAD_LEN));
            };
            len += EXTENSION_HEAD_LEN + 4 * usize::from(u16::from_be_bytes([l0, l1]));
            extension_profile = Some(u16::from_be_bytes([p0, p1]));
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
            csrc_count: first & 0x0f,
            extension_profile,
            len,
        })
    }

    /// Where the CSRC list ends and the header extension, if there is one, begins.
    #[inline]
    pub(crate) const fn csrc_end(&self) -> usize {
        RTP_FIXED_HEADER_LEN + 4 * self.csrc_count as usize
    }

    /// The header extension of the packet this header was read from; `None` without one.
    #[inline]
    pub fn extension<'p>(&self, packet: &'p [u8]) -> Option<HeaderExtension<'p>> {
        let profile = self.extension_profile?;
        let body = packet.get(self.csrc_end() + EXTENSION_HEAD_LEN..self.len)?;
        Some(HeaderExtension { profile, body })
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
    #[inline(always)]
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
}
