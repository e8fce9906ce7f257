//! A Polycom phone calls a Cisco gateway over two UDP sockets on loopback, as the vendors' documents
//! have it: offer and answer are SDP text, the voice is SRTP in packets of 20 ms with SRTCP reports,
//! and somebody on the way forges one packet and replays another.
//!
//! The phone is configured by scenario 1 of Polycom's Technical Bulletin 25751 and, because the
//! gateway knows only that suite, `sec.srtp.offer.HMAC_SHA1_32="1"`; the gateway has `srtp` and
//! `srtp fallback`. With `--as-shipped` the phone lacks the extra attribute, and the call is plain
//! RTP: that is what these two do out of the box.
//!
//! ```text
//! cargo run --release -p srtp-doctor --example secure_call
//! cargo run --release -p srtp-doctor --example secure_call -- --as-shipped
//! ```
#![allow(clippy::indexing_slicing)] // an example with packets of its own making

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sdes_sdp::sdp::{Connection, Direction, Origin, Sdp};
use sdes_sdp::{CryptoAttribute, MasterKey};
use srtp_core::{Inbound, Outbound, Policy};
use srtp_doctor::g711::{linear_to_ulaw, ulaw_to_linear};
use srtp_negotiation::polycom::{OfferMedia, Phone, Settings, padlock};
use srtp_negotiation::{
    LocalMedia, LocalSession, MediaOutcome, Outcome, cisco, decide, line_verdicts, verify,
    write_answer,
};

/// Samples in 20 ms at 8 kHz.
const FRAME: usize = 160;
/// Two seconds.
const FRAMES: usize = 100;
/// A sender report every second.
const REPORT_EVERY: usize = 50;

const SCENARIO_1: [(&str, &str); 4] = [
    ("sec.srtp.enable", "1"),
    ("sec.srtp.leg.enable", "1"),
    ("sec.srtp.offer", "1"),
    ("sec.srtp.leg.allowLocalConf", "0"),
];
const EXTRA: (&str, &str) = ("sec.srtp.offer.HMAC_SHA1_32", "1");

fn main() -> Result<(), Box<dyn Error>> {
    let as_shipped = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--as-shipped") => true,
        Some(other) => {
            eprintln!("secure_call takes --as-shipped or nothing, not {other}");
            std::process::exit(2);
        }
    };
    let mut phone = Endpoint::new("phone", 0x0000_0501)?;
    let mut gateway = Endpoint::new("gateway", 0x0000_3845)?;
    negotiate(&mut phone, &mut gateway, as_shipped)?;
    talk(&mut phone, &mut gateway)
}

/// One side of the call.
struct Endpoint {
    name: &'static str,
    socket: UdpSocket,
    ssrc: u32,
    /// Both contexts, or none for plain RTP.
    secured: Option<(Outbound, Inbound)>,
    sent: usize,
    reports_sent: usize,
    received: usize,
    reports_received: usize,
    heard: Vec<u8>,
    /// The highest sequence number received, for the receiver report.
    highest: u32,
}

impl Endpoint {
    fn new(name: &'static str, ssrc: u32) -> Result<Self, Box<dyn Error>> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            name,
            socket,
            ssrc,
            secured: None,
            sent: 0,
            reports_sent: 0,
            received: 0,
            reports_received: 0,
            heard: Vec::new(),
            highest: 0,
        })
    }

    fn address(&self) -> Result<SocketAddr, Box<dyn Error>> {
        Ok(self.socket.local_addr()?)
    }

    fn origin(&self) -> Origin<'static> {
        Origin {
            username: self.name,
            session_id: "1",
            session_version: "1",
            net_type: "IN",
            addr_type: "IP4",
            address: "127.0.0.1",
        }
    }

    /// Sends one frame as RTP or SRTP and returns the packet as it went out.
    fn send_frame(&mut self, frame: &[u8], to: SocketAddr) -> Result<Vec<u8>, Box<dyn Error>> {
        let number = u16::try_from(self.sent)?;
        let mut packet = vec![0x80, 0]; // version 2, payload type 0: PCMU
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 160).to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(frame);
        if let Some((tx, _)) = &mut self.secured {
            let len = packet.len();
            packet.resize(len + tx.rtp_overhead(), 0);
            tx.protect_rtp(&mut packet, len)?;
        }
        self.socket.send_to(&packet, to)?;
        self.sent += 1;
        Ok(packet)
    }

    /// Sends a sender report about itself with one report block about `about`.
    fn send_report(&mut self, about: u32, to: SocketAddr) -> Result<(), Box<dyn Error>> {
        let sent = u32::try_from(self.sent)?;
        let mut packet = vec![0x81, 200, 0, 12];
        packet.extend(self.ssrc.to_be_bytes());
        for word in [0, 0, sent * 160, sent, sent * 160] {
            packet.extend(word.to_be_bytes()); // NTP time, RTP time, packets, octets
        }
        for word in [about, 0, self.highest, 0, 0, 0] {
            packet.extend(word.to_be_bytes()); // SSRC, lost, highest, jitter, LSR, DLSR
        }
        if let Some((tx, _)) = &mut self.secured {
            let len = packet.len();
            packet.resize(len + tx.rtcp_overhead(), 0);
            tx.protect_rtcp(&mut packet, len)?;
        }
        self.socket.send_to(&packet, to)?;
        self.reports_sent += 1;
        Ok(())
    }

    /// Takes in everything that has arrived; what is refused comes back as sentences.
    fn receive(&mut self) -> Result<Vec<String>, Box<dyn Error>> {
        let mut refused = Vec::new();
        let mut buffer = [0; 2048];
        loop {
            let len = match self.socket.recv_from(&mut buffer) {
                Ok((len, _)) => len,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(refused),
                Err(error) => return Err(error.into()),
            };
            let packet = &mut buffer[..len];
            // RFC 5761 §4: on one port the second byte tells RTCP from RTP.
            let is_rtcp = packet.get(1).is_some_and(|byte| (192..224).contains(byte));
            let opened = match (&mut self.secured, is_rtcp) {
                (None, _) => Ok(len),
                (Some((_, rx)), true) => rx.unprotect_rtcp(packet),
                (Some((_, rx)), false) => rx.unprotect_rtp(packet),
            };
            match opened {
                Ok(_) if is_rtcp => self.reports_received += 1,
                Ok(len) => {
                    self.received += 1;
                    self.highest = u32::from(u16::from_be_bytes([packet[2], packet[3]]));
                    self.heard.extend(&packet[12..len]);
                }
                Err(error) => refused.push(error.to_string()),
            }
        }
    }
}

/// A fresh key and salt.
fn random_key_salt() -> Result<[u8; 30], Box<dyn Error>> {
    let mut bytes = [0; 30];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Offer, answer, verification; then the contexts of both sides, if it is SRTP.
fn negotiate(
    phone: &mut Endpoint,
    gateway: &mut Endpoint,
    as_shipped: bool,
) -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::default();
    for (attribute, value) in SCENARIO_1.iter().chain((!as_shipped).then_some(&EXTRA)) {
        settings.set(attribute, value)?;
    }
    let polycom = Phone { settings, ..Phone::default() };
    let cisco = cisco::party(cisco::Srtp::WithFallback);

    let offered = polycom.offered_lines([&random_key_salt()?, &random_key_salt()?])?;
    let mut offer = String::new();
    let media = OfferMedia {
        origin: phone.origin(),
        connection: loopback(),
        port: phone.address()?.port(),
        formats: &[("0", "PCMU/8000")],
    };
    polycom.write_offer(&mut offer, &media, &offered)?;
    println!("phone offers");
    print_sdp(&offer);

    let offer = Sdp::parse(&offer)?;
    let decision = decide(&offer, &cisco);
    println!("gateway decides");
    for (media, decided) in offer.media().zip(decision.media()) {
        let what = decided.outcome.as_str();
        println!("  m-line {} {what}: {}", media.index() + 1, because(&decided.reason));
        let chosen = match decided.outcome {
            MediaOutcome::Srtp { line, .. } => Some(line),
            _ => None,
        };
        for line in line_verdicts(&media, &cisco, chosen) {
            let tag = line.line.map_or(0, |line| line.tag());
            println!("    line {tag} {}: {}", line.verdict.as_str(), because(&line.reason));
        }
    }

    let keys = decision
        .media()
        .iter()
        .map(|media| match media.outcome {
            MediaOutcome::Srtp { suite, .. } => {
                Ok(Some(MasterKey::new(suite, &random_key_salt()?)?))
            }
            _ => Ok(None),
        })
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let port = gateway.address()?.port();
    let local: Vec<_> = keys
        .iter()
        .map(|key| LocalMedia {
            port,
            formats: &["0"],
            direction: Direction::SendRecv,
            key: key.as_ref(),
        })
        .collect();
    let session =
        LocalSession { origin: gateway.origin(), name: "SIP Call", connection: loopback() };
    let mut answer = String::new();
    write_answer(&mut answer, &offer, &decision, &session, &local)?;
    println!("gateway answers {}", decision.status());
    print_sdp(&answer);

    let answer = Sdp::parse(&answer)?;
    let verified = verify(&offer, &answer);
    for media in verified.media() {
        if let MediaOutcome::Srtp { line, .. } = media.outcome {
            let theirs = line.meaning()?;
            let ours = offered
                .iter()
                .find(|line| line.tag() == theirs.tag())
                .ok_or("the answered tag was offered")?;
            // The key in an SDP is the one its author sends with (RFC 4568 §5.1.1).
            phone.secured = Some(contexts(ours, &theirs)?);
            gateway.secured = Some(contexts(&theirs, ours)?);
            let lock = if padlock(theirs.parameters()) { ", padlock shown" } else { "" };
            println!("phone verifies: SRTP, {}, tag {}{lock}", theirs.suite(), theirs.tag());
        }
    }
    if verified.outcome() != Outcome::Srtp {
        println!("phone verifies: plain RTP, because: {}", because(&decision.reason()));
        println!("  (with {}=\"{}\" on the phone it would be SRTP)", EXTRA.0, EXTRA.1);
    }
    Ok(())
}

fn contexts(
    own: &CryptoAttribute,
    peer: &CryptoAttribute,
) -> Result<(Outbound, Inbound), Box<dyn Error>> {
    let key = |line: &CryptoAttribute| line.keys().first().cloned().ok_or("a line has a key");
    let policy: Policy = own.policy();
    Ok((Outbound::new(&key(own)?, policy)?, Inbound::new(&key(peer)?, policy)?))
}

fn loopback() -> Connection<'static> {
    Connection { net_type: "IN", addr_type: "IP4", address: "127.0.0.1" }
}

fn because(reason: &srtp_negotiation::Reason) -> String {
    format!("{reason} [{}]", reason.source())
}

/// Shows an SDP without its keys.
fn print_sdp(text: &str) {
    for line in text.lines() {
        match line.split_once("inline:") {
            Some((before, _)) => println!("  {before}inline:(30 bytes, not shown)"),
            None => println!("  {line}"),
        }
    }
}

/// Two seconds of speech both ways, a forgery and a replay on the way to the gateway.
fn talk(phone: &mut Endpoint, gateway: &mut Endpoint) -> Result<(), Box<dyn Error>> {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/captures/speech-8khz-mono.wav");
    let speech = hound::WavReader::open(path)?
        .into_samples::<i16>()
        .take(FRAMES * FRAME)
        .map(|sample| sample.map(linear_to_ulaw))
        .collect::<Result<Vec<u8>, _>>()?;
    let (to_phone, to_gateway) = (phone.address()?, gateway.address()?);
    let attacker = UdpSocket::bind("127.0.0.1:0")?;
    let (mut at_phone, mut at_gateway) = (Vec::new(), Vec::new());
    let start = Instant::now();
    for (frame, n) in speech.chunks(FRAME).zip(1_u32..) {
        let packet = phone.send_frame(frame, to_gateway)?;
        gateway.send_frame(frame, to_phone)?;
        match n {
            40 => {
                let mut forged = packet;
                forged[2] = forged[2].wrapping_add(1); // 256 packets ahead
                forged[20] ^= 0xff;
                println!("attacker sends the gateway a forged packet");
                attacker.send_to(&forged, to_gateway)?;
            }
            60 => {
                println!("attacker sends the gateway an old packet again");
                attacker.send_to(&packet, to_gateway)?;
            }
            _ => {}
        }
        if phone.sent.is_multiple_of(REPORT_EVERY) {
            phone.send_report(gateway.ssrc, to_gateway)?;
            gateway.send_report(phone.ssrc, to_phone)?;
        }
        sleep((start + n * Duration::from_millis(20)).saturating_duration_since(Instant::now()));
        at_phone.extend(phone.receive()?);
        at_gateway.extend(gateway.receive()?);
    }
    // The last packets may still be on their way.
    sleep(Duration::from_millis(50));
    at_phone.extend(phone.receive()?);
    at_gateway.extend(gateway.receive()?);

    println!();
    println!("           sent        received     refused");
    for (endpoint, refused) in [(&phone, &at_phone), (&gateway, &at_gateway)] {
        println!(
            "{:<9}  {:>3} + {} RTCP  {:>3} + {} RTCP   {}",
            endpoint.name,
            endpoint.sent,
            endpoint.reports_sent,
            endpoint.received,
            endpoint.reports_received,
            refused.len()
        );
        for sentence in refused {
            println!("           refused: {sentence}");
        }
        let seconds = endpoint.heard.len() as f64 / 8000.0;
        let loud = endpoint.heard.iter().filter(|byte| ulaw_to_linear(**byte).abs() > 500).count();
        let same = if endpoint.heard == speech {
            "exactly what was sent"
        } else {
            "NOT what was sent: nothing told the attacker's packets from the caller's"
        };
        println!("           heard {seconds:.2} s of audio ({loud} loud samples), {same}");
    }
    let secured = [&phone, &gateway].into_iter().filter(|endpoint| endpoint.secured.is_some());
    match secured.into_iter().all(|endpoint| endpoint.heard == speech) {
        true => Ok(()),
        false => Err("a secured call was heard otherwise than it was spoken".into()),
    }
}
