//! What a datagram on a port shared by several protocols is, by its first two bytes.
//!
//! Read first: RFC 7983 §7, RFC 5761 §4.

/// What a datagram is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum DatagramKind {
    /// A STUN message (first byte 0 to 3).
    Stun,
    /// A ZRTP message (16 to 19).
    Zrtp,
    /// A DTLS record (20 to 63).
    Dtls,
    /// TURN channel data (64 to 79).
    TurnChannel,
    /// RTP or SRTP (128 to 191).
    Rtp,
    /// RTCP or SRTCP (128 to 191, the second byte 192 to 223).
    Rtcp,
}

/// What a datagram is; `None` for an empty one and for first bytes that nobody was given.
///
/// RTP and RTCP on one port are told apart by the second byte, as RFC 5761 §4 has it: RTCP's packet
/// types 192 to 223 are RTP's payload types 64 to 95 with the marker set, which may not be used
/// where both share a port.
///
/// ```
/// use srtp_core::{DatagramKind, classify};
///
/// assert_eq!(classify(&[0x80, 0, 0, 1]), Some(DatagramKind::Rtp));
/// assert_eq!(classify(&[0x81, 200, 0, 6]), Some(DatagramKind::Rtcp));
/// assert_eq!(classify(&[22, 0xfe, 0xfd]), Some(DatagramKind::Dtls));
/// ```
pub const fn classify(datagram: &[u8]) -> Option<DatagramKind> {
    let kind = match datagram {
        [0..=3, ..] => DatagramKind::Stun,
        [16..=19, ..] => DatagramKind::Zrtp,
        [20..=63, ..] => DatagramKind::Dtls,
        [64..=79, ..] => DatagramKind::TurnChannel,
        [128..=191, 192..=223, ..] => DatagramKind::Rtcp,
        [128..=191, ..] => DatagramKind::Rtp,
        _ => return None,
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figure of RFC 7983 §7 and the rule of RFC 5761 §4, for every pair of first bytes.
    #[test]
    fn every_first_pair_of_bytes_is_classified() {
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                let expected = if first < 4 {
                    Some(DatagramKind::Stun)
                } else if first < 16 {
                    None
                } else if first < 20 {
                    Some(DatagramKind::Zrtp)
                } else if first < 64 {
                    Some(DatagramKind::Dtls)
                } else if first < 80 {
                    Some(DatagramKind::TurnChannel)
                } else if first / 64 != 2 {
                    None
                } else if second & 0x80 != 0 && (64..96).contains(&(second & 0x7f)) {
                    Some(DatagramKind::Rtcp)
                } else {
                    Some(DatagramKind::Rtp)
                };
                assert_eq!(classify(&[first, second]), expected, "{first} {second}");
            }
        }
        assert_eq!(classify(&[]), None);
        assert_eq!(classify(&[0x80]), Some(DatagramKind::Rtp));
    }
}
