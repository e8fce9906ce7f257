//! From a frame to a UDP datagram or TCP segment: link layers, VLAN tags, IPv4 and IPv6, fragments put together.
//!
//! Read first: the link-layer headers of tcpdump.org/linktypes; RFC 791 §3.2, RFC 8200 §4.5.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use etherparse::defrag::IpDefragPool;
use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice, UdpSlice, ip_number};
use pcap_parser::Linktype;

use crate::capture::Frame;

/// Fragments that wait for the rest of their datagram are forgotten after this many later ones.
const MAX_WAITING_FRAGMENTS: u64 = 512;

/// The number BSD systems and old captures use for raw IP.
const RAW_BSD: [Linktype; 2] = [Linktype(12), Linktype(14)];

/// A UDP datagram in a capture.
#[derive(Clone, Debug)]
pub struct Datagram<'a> {
    /// Number of the frame, the last fragment's where there are several.
    pub frame: u64,
    /// Capture time in nanoseconds since 1970.
    pub time: u64,
    /// Sender.
    pub src: SocketAddr,
    /// Receiver.
    pub dst: SocketAddr,
    /// What UDP carried.
    pub payload: Cow<'a, [u8]>,
}

/// A TCP segment in a capture.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// Number of the frame.
    pub frame: u64,
    /// Sender.
    pub src: SocketAddr,
    /// Receiver.
    pub dst: SocketAddr,
    /// Sequence number of the first byte.
    pub seq: u32,
    /// Whether it opens a connection.
    pub syn: bool,
    /// What TCP carried.
    pub payload: Cow<'a, [u8]>,
}

/// What a frame carried.
#[derive(Clone, Debug)]
pub enum Transport<'a> {
    /// A whole UDP datagram.
    Udp(Datagram<'a>),
    /// A TCP segment.
    Tcp(Segment<'a>),
}

/// Takes frames apart and counts what it could not use.
#[derive(Default)]
pub struct Dissector {
    pool: IpDefragPool<u64, ()>,
    fragments: u64,
    reassembled: u64,
    cut: u64,
    unknown_links: BTreeMap<i32, u64>,
}

impl Dissector {
    /// The UDP datagram in a frame, if there is a whole one. A fragment gives the datagram that it
    /// completes.
    pub fn udp<'a>(&mut self, frame: &Frame<'a>) -> Option<Datagram<'a>> {
        match self.transport(frame)? {
            Transport::Udp(datagram) => Some(datagram),
            Transport::Tcp(_) => None,
        }
    }

    /// The UDP datagram or TCP segment in a frame, if there is a whole one. A fragment gives the
    /// datagram that it completes; fragments of TCP are passed over.
    pub fn transport<'a>(&mut self, frame: &Frame<'a>) -> Option<Transport<'a>> {
        let packet = self.slice(frame)?;
        let (src, dst): (IpAddr, IpAddr) = match packet.net.as_ref()? {
            NetSlice::Ipv4(ip) => {
                (ip.header().source_addr().into(), ip.header().destination_addr().into())
            }
            NetSlice::Ipv6(ip) => {
                (ip.header().source_addr().into(), ip.header().destination_addr().into())
            }
            NetSlice::Arp(_) => return None,
        };
        let datagram = |src_port, dst_port, payload| Datagram {
            frame: frame.number,
            time: frame.time,
            src: SocketAddr::new(src, src_port),
            dst: SocketAddr::new(dst, dst_port),
            payload,
        };
        if packet.is_ip_payload_fragmented() {
            let whole = self.reassemble(&packet)?;
            let udp = UdpSlice::from_slice(&whole).ok()?;
            let payload = Cow::Owned(udp.payload().to_vec());
            let whole = datagram(udp.source_port(), udp.destination_port(), payload);
            return Some(Transport::Udp(whole));
        }
        match packet.transport {
            Some(TransportSlice::Udp(udp)) => {
                let payload = Cow::Borrowed(udp.payload());
                Some(Transport::Udp(datagram(udp.source_port(), udp.destination_port(), payload)))
            }
            Some(TransportSlice::Tcp(tcp)) => Some(Transport::Tcp(Segment {
                frame: frame.number,
                src: SocketAddr::new(src, tcp.source_port()),
                dst: SocketAddr::new(dst, tcp.destination_port()),
                seq: tcp.sequence_number(),
                syn: tcp.syn(),
                payload: Cow::Borrowed(tcp.payload()),
            })),
            _ => None,
        }
    }

    fn slice<'a>(&mut self, frame: &Frame<'a>) -> Option<SlicedPacket<'a>> {
        let data = frame.data;
        let sliced = match frame.link {
            Linktype::ETHERNET => SlicedPacket::from_ethernet(data),
            Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(data),
            Linktype::LINUX_SLL2 => {
                let (protocol, rest) = data.split_first_chunk::<2>()?;
                let payload = rest.get(18..)?;
                SlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(*protocol)), payload)
            }
            // Four bytes of address family, in the byte order of whoever captured; the IP version
            // says the same.
            Linktype::NULL | Linktype::LOOP => SlicedPacket::from_ip(data.get(4..)?),
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => SlicedPacket::from_ip(data),
            link if RAW_BSD.contains(&link) => SlicedPacket::from_ip(data),
            Linktype(other) => {
                *self.unknown_links.entry(other).or_default() += 1;
                return None;
            }
        };
        match sliced {
            Ok(packet) => Some(packet),
            // What else does not parse is not IP over a known link, and no business of ours.
            Err(_) => {
                self.cut += u64::from(frame.cut);
                None
            }
        }
    }

    fn reassemble(&mut self, packet: &SlicedPacket<'_>) -> Option<Vec<u8>> {
        self.fragments += 1;
        if self.fragments.is_multiple_of(MAX_WAITING_FRAGMENTS) {
            let oldest = self.fragments - MAX_WAITING_FRAGMENTS;
            self.pool.retain(|&number| number >= oldest);
        }
        let whole = self.pool.process_sliced_packet(packet, self.fragments, ()).ok()??;
        if whole.ip_number != ip_number::UDP {
            return None;
        }
        self.reassembled += 1;
        Some(whole.payload)
    }
}

/// What was seen and could not be used, as sentences; nothing when all was well.
impl fmt::Display for Dissector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fragments > 0 {
            writeln!(
                f,
                "{} IP fragments, put together to {} UDP datagrams",
                self.fragments, self.reassembled
            )?;
        }
        if self.cut > 0 {
            writeln!(
                f,
                "{} packets were captured shorter than they are and are left out; capture with a \
                 longer snap length (tcpdump -s 0)",
                self.cut
            )?;
        }
        for (link, packets) in &self.unknown_links {
            writeln!(f, "{packets} packets have link type {link}, which is not understood")?;
        }
        Ok(())
    }
}
