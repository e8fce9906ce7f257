//! RTP and RTCP packets out of the fuzzer's bytes, and what is done to them on the way.

use arbitrary::{Result, Unstructured};

/// SSRCs are few, so that streams meet again.
pub const SSRCS: [u32; 3] = [0, 0x0102_0304, u32::MAX];

/// An RTP packet that a sender would make: CSRCs, an extension of either form of RFC 8285 or
/// another, padding announced or not.
pub fn rtp(u: &mut Unstructured<'_>, ssrc: u32, sequence_number: u16) -> Result<Vec<u8>> {
    let shape: u8 = u.arbitrary()?;
    let csrcs = if shape & 1 == 0 { 0 } else { u.int_in_range(0..=15)? };
    let extension = shape & 2 != 0;
    let padding = u8::from(shape & 4 != 0);
    let mut packet = vec![0x80 | padding << 5 | u8::from(extension) << 4 | csrcs, shape >> 3];
    packet.extend(sequence_number.to_be_bytes());
    packet.extend([0, 0, 1, 2]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..4 * csrcs).map(|n| n ^ 0x5a));
    if extension {
        let profile = *u.choose(&[0xbede_u16, 0x1000, 0x1007, 0xc0de, 0xc2de, 0x1234])?;
        let mut body = bytes(u, 60)?;
        body.resize(body.len().next_multiple_of(4), 0);
        packet.extend(profile.to_be_bytes());
        packet.extend((body.len() as u16 / 4).to_be_bytes());
        packet.extend(body);
    }
    packet.extend(bytes(u, 80)?);
    Ok(packet)
}

/// An RTCP packet, compound or of reduced size; only its first eight bytes mean anything here.
pub fn rtcp(u: &mut Unstructured<'_>, ssrc: u32) -> Result<Vec<u8>> {
    let mut packet = vec![0x80 | u.int_in_range(0..=31)?, u.int_in_range(192..=223)?, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(bytes(u, 60)?);
    Ok(packet)
}

pub fn bytes(u: &mut Unstructured<'_>, most: usize) -> Result<Vec<u8>> {
    let len = u.int_in_range(0..=most)?;
    let len = len.min(u.len());
    Ok(u.bytes(len)?.to_vec())
}

/// Up to three changes; none for half of all packets.
pub fn damage(u: &mut Unstructured<'_>, packet: &mut Vec<u8>) -> Result<()> {
    if u.arbitrary::<bool>()? {
        return Ok(());
    }
    for _ in 0..u.int_in_range(1..=3)? {
        let at = u.choose_index(packet.len() + 1)?;
        match u.int_in_range(0..=4)? {
            0 => packet.truncate(at),
            1 => packet.extend(bytes(u, 8)?),
            2 => packet.splice(at..at, bytes(u, 4)?).for_each(drop),
            _ => {
                let mask: u8 = u.arbitrary()?;
                if let Some(byte) = packet.get_mut(at) {
                    *byte ^= mask;
                }
            }
        }
    }
    Ok(())
}
