//! What a datagram on a media port is, before any key is tried: RTP, RTCP, or something else; and
//! whether RTCP that no key opens was sent in the clear.
//!
//! Read first: RFC 5761 §4, RFC 7983 §7, RFC 3550 §6.1 and §6.4 to §6.7, RFC 5506 §3.

use std::fmt;

use srtp_core::wire::{RtcpHeader, RtpHeader};

/// RTP or RTCP, protected or not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Media.
    Rtp,
    /// Control.
    Rtcp,
}

impl Kind {
    /// `rtp` or `rtcp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtp => "rtp",
            Self::Rtcp => "rtcp",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().to_uppercase())
    }
}

/// Kind and SSRC of a datagram that has an RTP or RTCP header; protection leaves both in the clear.
pub fn classify(datagram: &[u8]) -> Option<(Kind, u32)> {
    // RFC 5761 §4: payload types 64 to 95 are not used on a shared port, so that the second byte
    // of RTCP, 192 to 223, tells.
    match datagram.get(1)? {
        192..=223 => RtcpHeader::parse(datagram).ok().map(|header| (Kind::Rtcp, header.ssrc)),
        _ => RtpHeader::parse(datagram).ok().map(|header| (Kind::Rtp, header.ssrc)),
    }
}

/// Whether a datagram is, to its last byte, RTCP in the clear: packets whose lengths add up, each of
/// a known type and as long as its counts ask for. Ciphertext with a trailer is not, but for an
/// accident of less than one in a million.
pub fn is_plain_rtcp(datagram: &[u8]) -> bool {
    let mut rest = datagram;
    while let Some((&[first, packet_type, high, low], _)) = rest.split_first_chunk::<4>() {
        let words = 1 + usize::from(u16::from_be_bytes([high, low]));
        let Some((packet, next)) = rest.split_at_checked(4 * words) else {
            return false;
        };
        let padded = first & 0x20 != 0;
        // RFC 3550 §6.4.1: padding is on the last packet only.
        if first >> 6 != 2 || (padded && !next.is_empty()) {
            return false;
        }
        if !counts_fit(packet_type, usize::from(first & 0x1f), packet, padded) {
            return false;
        }
        rest = next;
    }
    rest.is_empty() && !datagram.is_empty()
}

fn counts_fit(packet_type: u8, count: usize, packet: &[u8], padded: bool) -> bool {
    let len = packet.len();
    match packet_type {
        // SR and RR: report blocks of 24 bytes, perhaps a profile-specific extension.
        200 => len >= 28 + 24 * count,
        201 => len >= 8 + 24 * count,
        // SDES: chunks of an SSRC and items, ended by a zero byte, filled to a word.
        202 => padded || (if count == 0 { len == 4 } else { sdes_chunks(packet, count) }),
        // BYE: SSRCs, perhaps a reason with its length.
        203 => {
            let reason = packet.get(4 + 4 * count..);
            reason.is_some_and(|reason| match reason.first() {
                Some(&text) => reason.len() > usize::from(text),
                None => true,
            })
        }
        // APP: SSRC and a name of four ASCII characters.
        204 => packet.get(8..12).is_some_and(<[u8]>::is_ascii),
        // RTPFB and PSFB: two SSRCs (RFC 4585 §6.1); XR: one (RFC 3611 §2).
        205 | 206 => len >= 12,
        207 => len >= 8,
        // RFC 5761 §4 names further types; little can be checked of what is not known.
        192..=199 | 208..=223 => len >= 8,
        _ => false,
    }
}

fn sdes_chunks(packet: &[u8], count: usize) -> bool {
    let mut at = 4;
    for _ in 0..count {
        at += 4;
        loop {
            match packet.get(at) {
                None => return false,
                Some(0) => break,
                Some(_) => match packet.get(at + 1) {
                    Some(&text) => at += 2 + usize::from(text),
                    None => return false,
                },
            }
        }
        at = (at + 4) & !3;
    }
    at == packet.len()
}

/// Counts a run of sequence numbers: how many different ones came and how many are missing between
/// the first and the last (RFC 3550 §A.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sequence {
    first: u64,
    highest: u64,
    received: u64,
}

impl Sequence {
    /// Takes in an index that was not seen before: a packet index or one from
    /// [`Sequence::extend`].
    pub fn add(&mut self, index: u64) {
        if self.received == 0 {
            (self.first, self.highest) = (index, index);
        }
        self.first = self.first.min(index);
        self.highest = self.highest.max(index);
        self.received += 1;
    }

    /// The index of a 16-bit sequence number that is nearest to the highest so far.
    pub fn extend(&self, sequence_number: u16) -> u64 {
        // The first number counts as of the second cycle, so that an earlier one has a place.
        const START: u64 = 1 << 16;
        let highest = if self.received == 0 { START | 0x8000 } else { self.highest };
        let cycle = highest & !0xffff;
        let near = |base: u64| (base | u64::from(sequence_number)).abs_diff(highest);
        let cycles = [cycle, cycle.saturating_sub(START), cycle.saturating_add(START)];
        let best = cycles.into_iter().min_by_key(|&base| near(base)).unwrap_or(cycle);
        best | u64::from(sequence_number)
    }

    /// Packets missing between the first and the last.
    pub fn lost(&self) -> u64 {
        match self.received {
            0 => 0,
            received => (self.highest - self.first + 1).saturating_sub(received),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.as_chunks().0.iter().map(byte).collect()
    }

    /// What baresip sends in the clear at the start and the end of a call: APP, and BYE with a
    /// reason followed by SDES.
    const PLAIN: [&str; 2] = [
        "80cc0003 24535671 50494e47 504f4e47",
        "81cb0003 025708bf 0441646a 6f000000 81ca0006 025708bf 010f7369 703a6140 31302e37 372e302e 31000000",
    ];
    /// The same APP packet as SRTCP, and a sender report as SRTCP.
    const PROTECTED: [&str; 2] = [
        "80cc0003 24535671 952e3993 69979369 80000001 e5e97d39881515 4df5c6",
        "81c8000c 025708bf ae339d4a dbd1551f d87605bf 10712d2c 8673e028 4e68a878 58c90902 02ada97e 525a30ff \
         5f2ed693 0011cf26 68b9d6a2 ae5dd218 80000003 00112233445566778899",
    ];

    /// RTCP in the clear and SRTCP are told apart, whatever is cut off.
    #[test]
    fn plain_rtcp_is_recognised_whole() {
        for text in PLAIN {
            let packet = hex(text);
            assert!(is_plain_rtcp(&packet), "{text}");
            assert_eq!(classify(&packet).unwrap().0, Kind::Rtcp);
            let whole =
                (1..packet.len()).filter(|&len| is_plain_rtcp(&packet[..len])).collect::<Vec<_>>();
            // A compound may be cut between its packets.
            assert!(whole.iter().all(|&len| len == 16 && packet.len() == 44), "{whole:?}");
        }
        for text in PROTECTED {
            let packet = hex(text);
            assert!(
                (0..=packet.len())
                    .all(|len| !is_plain_rtcp(&packet[..len]) || len == 16 || len == 52)
            );
            assert!(!is_plain_rtcp(&packet));
        }
    }

    /// RFC 7983 §7: STUN, DTLS and SIP on a media port are neither.
    #[test]
    fn other_protocols_are_neither() {
        for other in [
            &b"\x00\x01\x00\x00\x21\x12\xa4\x42............"[..],
            b"\x16\xfe\xfd.........",
            b"INVITE ",
            b"",
        ] {
            assert_eq!(classify(other), None);
        }
        assert_eq!(classify(&hex("8000 0001 00000000 00000007")), Some((Kind::Rtp, 7)));
    }

    /// Loss over the wrap of the sequence number and over reordering, the first packet's included.
    #[test]
    fn lost_packets_are_counted_over_the_wrap() {
        let mut sequence = Sequence::default();
        for number in [65_534, 65_533, 1, 65_535, 3_u16] {
            sequence.add(sequence.extend(number));
        }
        assert_eq!(sequence.lost(), 2);
        assert_eq!(Sequence::default().lost(), 0);
    }
}
