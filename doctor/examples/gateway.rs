//! A border element between SRTP and RTP, as Cisco's "SRTP-RTP Internetworking" has it: SRTP on one
//! leg of a call, RTP on the other, and both phones believe that they talk to the gateway. Eight
//! calls at once on loopback; whatever has come in on all of them goes through `srtp-core` in one
//! batch a direction. Somebody forges packets of one call.
//!
//! Header and payload pass as they are; nothing is transcoded. On the plain leg anybody on the way
//! can listen, which is what such a leg means.
//!
//! ```text
//! cargo run --release -p srtp-doctor --example gateway
//! ```
//!
//! Read first: RFC 3711 §3.3, RFC 4568 §7.1; Cisco IOS SIP Configuration Guide, "Configuring SIP
//! Support for SRTP", feature table, release 12.4(22)YB.
#![allow(clippy::indexing_slicing)] // of packets of its own making, or whose length was checked

use std::error::Error;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sdes_sdp::sdp::{Connection, Direction, Origin, Sdp};
use sdes_sdp::{CryptoAttribute, MasterKey, SessionParameters};
use srtp_core::batch::{self, Incoming, Outgoing};
use srtp_core::{CryptoSuite, DatagramKind, Inbound, Outbound, classify, sizes};
use srtp_negotiation::{
    Decision, LocalMedia, LocalSession, MediaOutcome, OfferForm, OfferedStream, Outcome, Party,
    StreamPolicy, accepting_line, decide, verify, write_answer, write_offer,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CALLS: usize = 8;
/// One second of packets of 20 ms.
const FRAMES: u16 = 50;
const FRAME_LEN: usize = 160;
/// The longest packet that is relayed, before protection.
const MAX_PACKET: usize = 1500;
const SUITES: [CryptoSuite; 2] =
    [CryptoSuite::AesCm128HmacSha1_80, CryptoSuite::AesCm128HmacSha1_32];

fn main() -> Result<()> {
    let mut gateway = Gateway::default();
    let mut calls = Vec::new();
    for number in 0..CALLS {
        let mut call = Call { secured: Phone::new()?, plain: Phone::new()? };
        gateway.connect(&mut call, SUITES[number % SUITES.len()], number == 0)?;
        calls.push(call);
    }
    talk(&mut gateway, &mut calls)
}

/// The two phones of a call.
struct Call {
    secured: Phone,
    plain: Phone,
}

// Signalling -----------------------------------------------------------------------------------

#[derive(Default)]
struct Gateway {
    /// By call: the socket of either leg, where its phone is, and the contexts of the secured one.
    secured: Vec<(UdpSocket, SocketAddr)>,
    plain: Vec<(UdpSocket, SocketAddr)>,
    tx: Vec<Outbound>,
    rx: Vec<Inbound>,
    /// Packets relayed to the plain and to the secured side, in how many batches.
    relayed: [usize; 2],
    batches: [usize; 2],
    refused: Vec<String>,
}

impl Gateway {
    /// A call from the secured phone to the plain one: an offer and an answer on either leg.
    fn connect(&mut self, call: &mut Call, suite: CryptoSuite, show: bool) -> Result<()> {
        let (secured_leg, plain_leg) = (socket()?, socket()?);
        let shown = |who: &str, text: &str| {
            if show {
                println!("{who}");
                print_media(text);
            }
        };

        let line = CryptoAttribute::new(1, fresh_key(suite)?, SessionParameters::default())?;
        let offer = offered(OfferForm::Srtp, &call.secured.socket, std::slice::from_ref(&line))?;
        shown("the secured phone offers the gateway", &offer);
        let offer = Sdp::parse(&offer)?;
        let decision = decide(&offer, &Party::new(StreamPolicy::Required));
        let MediaOutcome::Srtp { line: chosen, suite } = decision.at(0).outcome else {
            return Err(decision.reason().to_string().into());
        };

        let plain_offer = offered(OfferForm::Rtp, &plain_leg, &[])?;
        shown("the gateway offers the plain phone", &plain_offer);
        let plain_offer = Sdp::parse(&plain_offer)?;
        let plain_decision = decide(&plain_offer, &Party::new(StreamPolicy::Off));
        let plain_answer = answered(&plain_offer, &plain_decision, &call.plain.socket, None)?;
        shown("the plain phone answers", &plain_answer);
        let plain_answer = Sdp::parse(&plain_answer)?;
        let verified = verify(&plain_offer, &plain_answer);
        if verified.outcome() != Outcome::Rtp {
            return Err(verified.reason().to_string().into());
        }

        let key = fresh_key(suite)?;
        let ours = accepting_line(&chosen, &key)?;
        let answer = answered(&offer, &decision, &secured_leg, Some(&key))?;
        shown("the gateway answers the secured phone", &answer);
        let answer = Sdp::parse(&answer)?;
        let verified = verify(&offer, &answer);
        let MediaOutcome::Srtp { line: theirs, .. } = verified.at(0).outcome else {
            return Err(verified.reason().to_string().into());
        };

        // Each side sends with the key of its own line (RFC 4568 §5.1.1).
        let (tx, rx) = contexts(&ours, &chosen.meaning()?)?;
        call.secured.secured = Some(contexts(&line, &theirs.meaning()?)?);
        call.secured.peer = Some(secured_leg.local_addr()?);
        call.plain.peer = Some(plain_leg.local_addr()?);
        // Nothing on the plain leg tells a stranger's packet but where it comes from.
        plain_leg.connect(call.plain.socket.local_addr()?)?;
        self.secured.push((secured_leg, call.secured.socket.local_addr()?));
        self.plain.push((plain_leg, call.plain.socket.local_addr()?));
        self.tx.push(tx);
        self.rx.push(rx);
        Ok(())
    }
}

/// One audio m-line on the port of a socket.
fn offered(form: OfferForm, socket: &UdpSocket, lines: &[CryptoAttribute]) -> Result<String> {
    let port = socket.local_addr()?.port();
    let mut text = String::new();
    let stream = OfferedStream::audio(form, port, &[("0", "PCMU/8000")], lines);
    write_offer(&mut text, &session(), &[stream])?;
    Ok(text)
}

fn answered(
    offer: &Sdp<'_>,
    decision: &Decision<'_>,
    socket: &UdpSocket,
    key: Option<&MasterKey>,
) -> Result<String> {
    let port = socket.local_addr()?.port();
    let local = LocalMedia { port, formats: &["0"], direction: Direction::SendRecv, key };
    let mut text = String::new();
    write_answer(&mut text, offer, decision, &session(), &[local])?;
    Ok(text)
}

fn session() -> LocalSession<'static> {
    let (net_type, addr_type, address) = ("IN", "IP4", "127.0.0.1");
    LocalSession {
        origin: Origin {
            username: "-",
            session_id: "1",
            session_version: "1",
            net_type,
            addr_type,
            address,
        },
        name: "-",
        connection: Connection { net_type, addr_type, address },
    }
}

fn contexts(ours: &CryptoAttribute, theirs: &CryptoAttribute) -> Result<(Outbound, Inbound)> {
    let key = |line: &CryptoAttribute| line.keys().first().cloned().ok_or("a line has a key");
    let tx = Outbound::new(&key(ours)?, ours.policy())?;
    Ok((tx, Inbound::new(&key(theirs)?, theirs.policy())?))
}

fn fresh_key(suite: CryptoSuite) -> Result<MasterKey> {
    let mut bytes = [0; srtp_core::MAX_KEY_SALT_LEN];
    let bytes = &mut bytes[..suite.key_salt_len()];
    getrandom::fill(bytes).map_err(|error| error.to_string())?;
    Ok(MasterKey::new(suite, bytes)?)
}

/// Shows the media lines of an SDP, without keys.
fn print_media(text: &str) {
    for line in text.lines().filter(|line| line.starts_with("m=") || line.contains("crypto")) {
        match line.split_once("inline:") {
            Some((before, _)) => println!("  {before}inline:(not shown)"),
            None => println!("  {line}"),
        }
    }
}

fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

// Media ----------------------------------------------------------------------------------------

/// What came in on one leg, in a buffer with room for whatever protection adds.
struct Datagram {
    call: usize,
    bytes: [u8; MAX_PACKET + sizes::MAX_OVERHEAD],
    len: usize,
    is_rtcp: bool,
}

/// Everything that has come in on these legs, RTP and RTCP on one port (RFC 5761).
fn waiting(legs: &[(UdpSocket, SocketAddr)]) -> Result<Vec<Datagram>> {
    let mut datagrams = Vec::new();
    for (call, (socket, _)) in legs.iter().enumerate() {
        let mut bytes = [0; MAX_PACKET + sizes::MAX_OVERHEAD];
        while let Some(len) = received(socket, &mut bytes)? {
            // Room for what protection adds, so at most MAX_PACKET.
            let is_rtcp = match classify(&bytes[..len]) {
                Some(DatagramKind::Rtp) if len <= MAX_PACKET => false,
                Some(DatagramKind::Rtcp) if len <= MAX_PACKET => true,
                _ => continue,
            };
            datagrams.push(Datagram { call, bytes, len, is_rtcp });
        }
    }
    Ok(datagrams)
}

fn received(socket: &UdpSocket, bytes: &mut [u8]) -> Result<Option<usize>> {
    match socket.recv(bytes) {
        Ok(len) => Ok(Some(len)),
        // On a connected socket the error may be that of an earlier packet: the phone was not there.
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// One phone that is gone is no reason to leave the others.
fn sent(result: std::io::Result<usize>) -> Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::ConnectionRefused => Err(error.into()),
        _ => Ok(()),
    }
}

impl Gateway {
    /// SRTP in, RTP out. A packet that is refused goes nowhere.
    fn relay_to_plain(&mut self) -> Result<()> {
        let mut datagrams = waiting(&self.secured)?;
        let mut packets: Vec<_> = datagrams
            .iter_mut()
            .map(|datagram| {
                let (call, bytes) = (datagram.call, &mut datagram.bytes[..datagram.len]);
                match datagram.is_rtcp {
                    true => Incoming::rtcp(call, bytes),
                    false => Incoming::rtp(call, bytes),
                }
            })
            .collect();
        batch::unprotect(&mut self.rx, &mut packets);
        self.batches[0] += usize::from(!packets.is_empty());
        for packet in &packets {
            match packet.result {
                Some(Ok(len)) => {
                    let (socket, _) = &self.plain[packet.context];
                    sent(socket.send(&packet.packet[..len]))?;
                    self.relayed[0] += 1;
                }
                Some(Err(why)) => self.refused.push(format!("call {}: {why}", packet.context + 1)),
                None => {}
            }
        }
        Ok(())
    }

    /// RTP in, SRTP out.
    fn relay_to_secured(&mut self) -> Result<()> {
        let mut datagrams = waiting(&self.plain)?;
        let mut packets: Vec<_> = datagrams
            .iter_mut()
            .map(|datagram| {
                let (call, bytes, len) = (datagram.call, &mut datagram.bytes[..], datagram.len);
                match datagram.is_rtcp {
                    true => Outgoing::rtcp(call, bytes, len),
                    false => Outgoing::rtp(call, bytes, len),
                }
            })
            .collect();
        batch::protect(&mut self.tx, &mut packets);
        self.batches[1] += usize::from(!packets.is_empty());
        for packet in &packets {
            match packet.result {
                Some(Ok(len)) => {
                    let (socket, phone) = &self.secured[packet.context];
                    sent(socket.send_to(&packet.buffer[..len], phone))?;
                    self.relayed[1] += 1;
                }
                Some(Err(why)) => self.refused.push(format!("call {}: {why}", packet.context + 1)),
                None => {}
            }
        }
        Ok(())
    }
}

/// A phone that says random noise and remembers what it said and heard.
struct Phone {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    ssrc: [u8; 4],
    /// Both contexts, or none for plain RTP.
    secured: Option<(Outbound, Inbound)>,
    said: Vec<u8>,
    heard: Vec<u8>,
    reports: usize,
}

impl Phone {
    fn new() -> Result<Self> {
        let mut ssrc = [0; 4];
        getrandom::fill(&mut ssrc).map_err(|error| error.to_string())?;
        let (said, heard) = (Vec::new(), Vec::new());
        Ok(Self { socket: socket()?, peer: None, ssrc, secured: None, said, heard, reports: 0 })
    }

    /// Sends one frame, and returns the packet as it went out.
    fn speak(&mut self, number: u16) -> Result<Vec<u8>> {
        let mut packet = vec![0x80, 0]; // version 2, payload type 0: PCMU
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 160).to_be_bytes());
        packet.extend(self.ssrc);
        packet.resize(12 + FRAME_LEN, 0);
        getrandom::fill(&mut packet[12..]).map_err(|error| error.to_string())?;
        self.said.extend(&packet[12..]);
        if let Some((tx, _)) = &mut self.secured {
            let len = packet.len();
            packet.resize(len + tx.rtp_overhead(), 0);
            tx.protect_rtp(&mut packet, len)?;
        }
        self.send(&packet)?;
        Ok(packet)
    }

    /// Sends an empty receiver report (RFC 3550 §6.4.2).
    fn report(&mut self) -> Result<()> {
        let mut packet = vec![0x80, 201, 0, 1];
        packet.extend(self.ssrc);
        if let Some((tx, _)) = &mut self.secured {
            let len = packet.len();
            packet.resize(len + tx.rtcp_overhead(), 0);
            tx.protect_rtcp(&mut packet, len)?;
        }
        self.send(&packet)
    }

    fn send(&self, packet: &[u8]) -> Result<()> {
        let peer = self.peer.ok_or("the call is not connected")?;
        self.socket.send_to(packet, peer)?;
        Ok(())
    }

    fn listen(&mut self) -> Result<()> {
        let mut bytes = [0; MAX_PACKET + sizes::MAX_OVERHEAD];
        while let Some(len) = received(&self.socket, &mut bytes)? {
            let packet = &mut bytes[..len];
            let is_rtcp = classify(packet) == Some(DatagramKind::Rtcp);
            let len = match (&mut self.secured, is_rtcp) {
                (None, _) => len,
                (Some((_, rx)), true) => rx.unprotect_rtcp(packet)?,
                (Some((_, rx)), false) => rx.unprotect_rtp(packet)?,
            };
            match is_rtcp {
                true => self.reports += 1,
                false => self.heard.extend(&bytes[12..len]),
            }
        }
        Ok(())
    }
}

fn talk(gateway: &mut Gateway, calls: &mut [Call]) -> Result<()> {
    let attacker = socket()?;
    let start = Instant::now();
    for number in 1..=FRAMES {
        for (at, call) in calls.iter_mut().enumerate() {
            let mut packet = call.secured.speak(number)?;
            call.plain.speak(number)?;
            if at == 2 && number.is_multiple_of(10) {
                packet[2] = packet[2].wrapping_add(1); // 256 packets ahead
                attacker.send_to(&packet, gateway.secured[at].0.local_addr()?)?;
            }
            if number == FRAMES / 2 {
                call.secured.report()?;
                call.plain.report()?;
            }
        }
        gateway.relay_to_plain()?;
        gateway.relay_to_secured()?;
        for call in calls.iter_mut() {
            call.secured.listen()?;
            call.plain.listen()?;
        }
        let due = start + u32::from(number) * Duration::from_millis(20);
        sleep(due.saturating_duration_since(Instant::now()));
    }

    println!();
    for (way, name) in ["to the plain phones", "to the secured phones"].iter().enumerate() {
        println!(
            "{name:<21} {:>4} packets in {} batches",
            gateway.relayed[way], gateway.batches[way]
        );
    }
    println!("refused               {:>4} packets", gateway.refused.len());
    for why in &gateway.refused {
        println!("  {why}");
    }
    let exact = calls.iter().all(|Call { secured, plain }| {
        let said = FRAME_LEN * usize::from(FRAMES);
        let whole = secured.said.len() == said && plain.said.len() == said;
        let reports = secured.reports == 1 && plain.reports == 1;
        whole && reports && secured.said == plain.heard && plain.said == secured.heard
    });
    if !exact {
        return Err("some phone did not hear what the other one said".into());
    }
    println!("every one of {} phones heard exactly what the other end said", 2 * calls.len());
    Ok(())
}
