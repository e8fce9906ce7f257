//! Deterministic packets: everything in them is made from names by SHA-256.

use sha2::{Digest, Sha256};

use crate::peer::Protocol;

/// `len` bytes that belong to `name`.
pub fn filler(name: &str, len: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(|n| Sha256::digest(format!("{name} {n}")).to_vec());
    blocks.take(len).collect()
}

/// What an RTP packet looks like apart from its payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    pub csrcs: u8,
    /// The length of a header extension in words.
    pub extension: Option<u16>,
    /// Padding bytes behind the payload, the last of which is their number (RFC 3550 §5.1).
    pub padding: u8,
    pub marker: bool,
}

/// An RTP packet of payload type 0.
pub fn rtp(ssrc: u32, seq: u16, shape: Shape, payload: &[u8]) -> Vec<u8> {
    let flags = u8::from(shape.padding > 0) << 5 | u8::from(shape.extension.is_some()) << 4;
    let mut packet = vec![0x80 | flags | shape.csrcs, u8::from(shape.marker) << 7];
    packet.extend(seq.to_be_bytes());
    packet.extend((u32::from(seq) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(filler("csrc", 4 * usize::from(shape.csrcs)));
    if let Some(words) = shape.extension {
        packet.extend([0xbe, 0xde]);
        packet.extend(words.to_be_bytes());
        // Two elements (RFC 8285 §4.2), the second as long as there is room; no word of padding alone,
        // which some do not keep (docs/DIFFERENCES.md, D14).
        let mut extension = vec![0; 4 * usize::from(words)];
        let room = u8::try_from(extension.len().saturating_sub(3)).unwrap_or_default();
        if let Some(first) = extension.first_chunk_mut() {
            *first = [0x10, 0x7f];
        }
        if words > 1 {
            extension[2] = 0x20 | (room.min(16) - 1);
            extension[3..].fill(0x3c);
        }
        packet.extend(extension);
    }
    packet.extend(payload);
    if shape.padding > 0 {
        packet.resize(packet.len() + usize::from(shape.padding) - 1, 0);
        packet.push(shape.padding);
    }
    packet
}

/// A compound RTCP packet: a sender report and an SDES with a CNAME of `cname` bytes.
pub fn rtcp(ssrc: u32, number: u32, cname: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(filler("ntp", 8));
    for word in [number * 160, number, number * 160] {
        packet.extend(word.to_be_bytes());
    }
    let mut item = vec![1, cname]; // CNAME
    item.extend((0..cname).map(|n| b'a' + n % 26));
    item.push(0);
    item.resize(item.len().next_multiple_of(4), 0);
    let words = u16::try_from(1 + item.len() / 4).expect("a CNAME has at most 255 bytes");
    packet.extend([0x81, 202]);
    packet.extend(words.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(item);
    packet
}

/// A conversation of one SSRC that has something of everything: the wrap of the sequence number,
/// CSRCs, an extension, padding, an empty payload, lengths around the AES block, RTCP in between.
pub fn conversation(ssrc: u32) -> Vec<(Protocol, Vec<u8>)> {
    let shapes = [
        Shape::default(),
        Shape { csrcs: 2, ..Shape::default() },
        Shape { extension: Some(1), marker: true, ..Shape::default() },
        Shape { csrcs: 15, extension: Some(3), ..Shape::default() },
        Shape { padding: 4, ..Shape::default() },
    ];
    let lengths = [160, 0, 1, 15, 16, 17, 20, 33, 159, 161, 500, 1200];
    let mut seq = 65_500_u16;
    let mut packets = Vec::new();
    for number in 0..72_u16 {
        let n = usize::from(number);
        let payload = filler(&format!("payload {n}"), lengths[n % lengths.len()]);
        packets.push((Protocol::Rtp, rtp(ssrc, seq, shapes[n % shapes.len()], &payload)));
        seq = seq.wrapping_add(1);
        if n.is_multiple_of(8) {
            let cname = u8::try_from(n % 20).expect("below 20");
            packets.push((Protocol::Rtcp, rtcp(ssrc, number.into(), cname)));
        }
    }
    packets
}
