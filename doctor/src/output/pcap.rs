//! Decrypted packets as a capture that any analyser opens: raw IP and UDP around plain RTP, with
//! the addresses and times of the originals.
//!
//! Read first: draft-ietf-opsawg-pcap §4 and §5.

use std::io::{self, Write};
use std::net::SocketAddr;

use etherparse::{IpHeaders, IpNumber, Ipv4Header, Ipv6Header, PacketBuilder};

/// pcap with nanoseconds (magic number 0xa1b23c4d), version 2.4.
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
/// `LINKTYPE_RAW`: packets begin with the IP header.
const LINKTYPE_RAW: u32 = 101;
const SNAP_LENGTH: u32 = 262_144;

/// Writes a capture to any writer.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
    packet: Vec<u8>,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&MAGIC_NANOSECONDS.to_le_bytes())?;
        out.write_all(&[2, 0, 4, 0])?;
        out.write_all(&[0; 8])?;
        out.write_all(&SNAP_LENGTH.to_le_bytes())?;
        out.write_all(&LINKTYPE_RAW.to_le_bytes())?;
        Ok(Self { out, packet: Vec::new() })
    }

    /// Writes one datagram; `time` is in nanoseconds since 1970.
    ///
    /// # Errors
    /// Whatever the writer gives, or a payload longer than UDP carries.
    pub fn datagram(
        &mut self,
        time: u64,
        src: SocketAddr,
        dst: SocketAddr,
        payload: &[u8],
    ) -> io::Result<()> {
        self.packet.clear();
        PacketBuilder::ip(ip_header(src, dst))
            .udp(src.port(), dst.port())
            .write(&mut self.packet, payload)
            .map_err(io::Error::other)?;
        let clip = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let len = u32::try_from(self.packet.len()).map_err(io::Error::other)?;
        for word in [clip(time / 1_000_000_000), clip(time % 1_000_000_000), len, len] {
            self.out.write_all(&word.to_le_bytes())?;
        }
        self.out.write_all(&self.packet)
    }

    /// Writes what is still waiting.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// A header without lengths, which the builder fills in.
fn ip_header(src: SocketAddr, dst: SocketAddr) -> IpHeaders {
    const TTL: u8 = 64;
    match (src, dst) {
        (SocketAddr::V4(src), SocketAddr::V4(dst)) => {
            let header = Ipv4Header {
                time_to_live: TTL,
                protocol: IpNumber::UDP,
                source: src.ip().octets(),
                destination: dst.ip().octets(),
                ..Ipv4Header::default()
            };
            IpHeaders::Ipv4(header, Default::default())
        }
        // A datagram has both ends of one family; mapping keeps the function total.
        _ => {
            let octets = |address: SocketAddr| match address {
                SocketAddr::V4(v4) => v4.ip().to_ipv6_mapped().octets(),
                SocketAddr::V6(v6) => v6.ip().octets(),
            };
            let header = Ipv6Header {
                hop_limit: TTL,
                next_header: IpNumber::UDP,
                source: octets(src),
                destination: octets(dst),
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, Default::default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture;
    use crate::net::Dissector;

    /// What is written reads back through the reader of this crate, over IPv4 and IPv6.
    #[test]
    fn written_captures_read_back() {
        let ends: [(SocketAddr, SocketAddr); 2] = [
            ("10.0.0.1:4000".parse().unwrap(), "10.0.0.2:5000".parse().unwrap()),
            ("[2001:db8::1]:4000".parse().unwrap(), "[2001:db8::2]:5000".parse().unwrap()),
        ];
        let mut writer = PcapWriter::new(Vec::new()).unwrap();
        for (number, (src, dst)) in (1..).zip(ends) {
            writer.datagram(number * 1_500_000_001, src, dst, b"payload").unwrap();
        }
        let file = writer.finish().unwrap();
        let mut dissector = Dissector::default();
        let mut found = Vec::new();
        let broken = capture::read("test", &file[..], |frame, _| {
            let datagram = dissector.udp(&frame).unwrap();
            assert_eq!(&datagram.payload[..], b"payload");
            found.push((datagram.time, (datagram.src, datagram.dst)));
            Ok(())
        });
        assert_eq!(broken, Ok(None));
        assert_eq!(found, [(1_500_000_001, ends[0]), (3_000_000_002, ends[1])]);
    }
}
