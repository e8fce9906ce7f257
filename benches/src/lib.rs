//! What the benchmarks have in common: the packets they send, and those who protect them.

#[cfg(all(feature = "accel", target_arch = "x86_64"))]
pub mod around;
pub mod batches;
pub mod contestants;
pub mod interleave;
pub mod plot;
pub mod workload;

#[cfg(feature = "peer-ipsec-mb")]
pub mod ipsec_mb;

/// The SSRC of every packet here.
pub const SSRC: u32 = 0x5352_5450;

/// Payload lengths in bytes: G.729, 20 ms of G.711, a full video packet.
pub const PAYLOADS: [usize; 3] = [20, 160, 1200];

/// Numbers of SSRCs in one context.
pub const STREAMS: [u32; 5] = [1, 10, 100, 1000, 10_000];

/// An RTP packet with a 12-byte header, and room for any trailer behind it; its own length is
/// `12 + payload`.
pub fn rtp(sequence_number: u16, payload: usize) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence_number.to_be_bytes());
    packet.extend((u32::from(sequence_number) * 160).to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    packet.resize(12 + payload, 0x55);
    packet.resize(12 + payload + 160, 0);
    packet
}

/// An RTCP sender report of 28 bytes, and room for any trailer behind it.
pub fn sender_report() -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(SSRC.to_be_bytes());
    packet.resize(28, 0x55);
    packet.resize(28 + 160, 0);
    packet
}

/// Gives a packet the next sequence number, in place.
pub fn renumber(packet: &mut [u8], sequence_number: u16) {
    if let Some(place) = packet.get_mut(2..4) {
        place.copy_from_slice(&sequence_number.to_be_bytes());
    }
}

/// Gives a packet another SSRC, in place.
pub fn set_ssrc(packet: &mut [u8], ssrc: u32) {
    if let Some(place) = packet.get_mut(8..12) {
        place.copy_from_slice(&ssrc.to_be_bytes());
    }
}
