//! A SIP user agent that answers calls secured by SDES and echoes what it hears: INVITE over UDP
//! (RFC 3261), the SDP by `srtp-negotiation`, SRTP and SRTCP by `srtp-core`. One call at a time,
//! G.711, no registration, no transport but UDP; re-INVITEs (hold, another key, another port) are
//! answered, plain RTP is not. A call that nobody acknowledges, or of which nothing is heard any more,
//! is ended with a BYE; nothing that comes from the network ends the program.
//!
//! ```text
//! cargo run --release -p srtp-doctor --example user_agent -- 127.0.0.1:5070
//! cargo run --release -p srtp-doctor --example user_agent -- 127.0.0.1:5070 --one-call
//! ```
//!
//! Read first: RFC 3261 §8.2.6, §13.3.1 and §17.2.1, RFC 3550 §6.4, RFC 4568 §7.1.
#![allow(clippy::indexing_slicing)] // of packets whose length was checked by the library

use std::error::Error;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sdes_sdp::sdp::{Connection, Direction, Origin, Sdp};
use sdes_sdp::{CryptoAttribute, MasterKey};
use srtp_core::{Inbound, Outbound, Rekey};
use srtp_negotiation::{
    Change, Exchange, LocalMedia, LocalSession, MediaOutcome, Party, PeerProfile, Roc, Role,
    StreamPolicy, answered_direction, decide_reoffer, renegotiate, write_answer,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// T1 and T2 of RFC 3261 §17.1.1.1: how long until a 200 is sent again, at first and at most.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// How long a 200 may be without its ACK (RFC 3261 §13.3.1.4), and a call without any packet.
const UNCONFIRMED: Duration = T1.saturating_mul(64);
const SILENT: Duration = Duration::from_secs(300);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, one_call) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [address] => (address, false),
        [address, "--one-call"] => (address, true),
        _ => return Err("usage: user_agent ADDRESS:PORT [--one-call]".into()),
    };
    let sip = UdpSocket::bind(address)?;
    sip.set_nonblocking(true)?;
    println!("listening on {}", sip.local_addr()?);
    let mut agent = UserAgent { sip, call: None, ended: 0 };
    let mut buffer = [0; 4096];
    while !(one_call && agent.ended > 0) {
        let mut idle = true;
        if let Some((len, from)) = received(&agent.sip, &mut buffer)? {
            idle = false;
            if let Some(request) = Request::parse(&buffer[..len]) {
                agent.serve(&request, from)?;
            }
        }
        if agent.tend(Instant::now(), &mut buffer)? {
            idle = false;
        }
        if idle {
            sleep(Duration::from_millis(2));
        }
    }
    Ok(())
}

/// The next datagram, if one is there. On UDP an error is that of an earlier datagram, which
/// nobody wanted.
fn received(socket: &UdpSocket, buffer: &mut [u8]) -> Result<Option<(usize, SocketAddr)>> {
    match socket.recv_from(buffer) {
        Ok(received) => Ok(Some(received)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// Sends a datagram, if the network takes it. Where to, somebody else said: an address that nothing
/// can be sent to is no reason to stop.
fn send(socket: &UdpSocket, datagram: &[u8], to: SocketAddr) -> std::result::Result<(), String> {
    let sent = socket.send_to(datagram, to);
    sent.map(|_| ()).map_err(|error| format!("cannot send to {to}: {error}"))
}

// SIP ------------------------------------------------------------------------------------------

/// A request, as far as an answer needs it.
struct Request<'a> {
    method: &'a str,
    head: &'a str,
    body: &'a str,
}

impl<'a> Request<'a> {
    fn parse(datagram: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(datagram).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let (method, rest) = head.split_once(' ')?;
        rest.split("\r\n").next()?.ends_with("SIP/2.0").then_some(Self { method, head, body })
    }

    /// The values of all headers of this name or this compact form (RFC 3261 §7.3.3).
    fn headers(&self, name: &str, compact: &str) -> impl Iterator<Item = &'a str> {
        self.head.split("\r\n").skip(1).filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            let key = key.trim();
            let wanted = key.eq_ignore_ascii_case(name) || key.eq_ignore_ascii_case(compact);
            wanted.then_some(value.trim())
        })
    }

    fn header(&self, name: &str, compact: &str) -> &'a str {
        self.headers(name, compact).next().unwrap_or_default()
    }

    /// RFC 3261 §8.2.6.2: Via, From, To, Call-ID and CSeq come back as they were; To gets our tag.
    fn response(&self, status: &str, tag: &str, extra: &str, body: &str) -> String {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for via in self.headers("Via", "v") {
            text += &format!("Via: {via}\r\n");
        }
        for route in self.headers("Record-Route", "") {
            text += &format!("Record-Route: {route}\r\n");
        }
        let to = self.header("To", "t");
        let tag = if to.contains(";tag=") { String::new() } else { format!(";tag={tag}") };
        text + &format!(
            "From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
            self.header("From", "f"),
            self.header("Call-ID", "i"),
            self.header("CSeq", ""),
            body.len()
        )
    }
}

impl Request<'_> {
    /// Our BYE in the call of this INVITE (RFC 3261 §12.2.1.1): the other way around, by the same way.
    fn bye(&self, here: SocketAddr, tag: &str) -> Result<String> {
        let contact = self.header("Contact", "m");
        let uri = match contact.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
            Some((uri, _)) => uri,
            None => contact.split(';').next().unwrap_or_default().trim(),
        };
        let branch = u64::from_be_bytes(random()?);
        let mut text =
            format!("BYE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch:x}\r\n");
        for route in self.headers("Record-Route", "") {
            text += &format!("Route: {route}\r\n");
        }
        let (from, to, id) =
            (self.header("To", "t"), self.header("From", "f"), self.header("Call-ID", "i"));
        Ok(text
            + &format!(
                "Max-Forwards: 70\r\nFrom: {from};tag={tag}\r\nTo: {to}\r\nCall-ID: {id}\r\n\
                 CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
            ))
    }
}

struct UserAgent {
    sip: UdpSocket,
    call: Option<Call>,
    /// How many calls have come and gone.
    ended: u32,
}

struct Call {
    id: String,
    tag: String,
    /// The last offer and our answer to it, which the next one is compared with.
    offer: String,
    answer: String,
    media: Media,
    /// The 200 that no ACK has come for yet.
    unconfirmed: Option<Unconfirmed>,
    /// Our BYE, and where requests of this call go.
    bye: String,
    peer: SocketAddr,
    /// When there was last a sign of the other side.
    heard: Instant,
}

/// A 200 that goes out again until an ACK comes.
struct Unconfirmed {
    ok: String,
    since: Instant,
    due: Instant,
    pause: Duration,
}

impl UserAgent {
    fn serve(&mut self, request: &Request<'_>, from: SocketAddr) -> Result<()> {
        let known =
            self.call.as_ref().is_some_and(|call| call.id == request.header("Call-ID", "i"));
        let tag = match &self.call {
            Some(call) if known => call.tag.clone(),
            _ => format!("{:08x}", u32::from_be_bytes(random()?)),
        };
        let response = match request.method {
            "ACK" => {
                if let Some(call) = self.call.as_mut().filter(|_| known) {
                    call.unconfirmed = None;
                }
                return Ok(());
            }
            "INVITE" => match self.invite(request, from, &tag) {
                Ok(answer) => answer,
                // RFC 3261 §21.4.26: 488 says that the offer is what is wrong, and the warning why.
                Err(why) => {
                    println!("refused: {why}");
                    let warning = format!("Warning: 399 user-agent \"{why}\"\r\n");
                    request.response("488 Not Acceptable Here", &tag, &warning, "")
                }
            },
            "BYE" | "CANCEL" if known => {
                self.end();
                request.response("200 OK", &tag, "", "")
            }
            "BYE" | "CANCEL" => request.response("481 Call Does Not Exist", &tag, "", ""),
            "OPTIONS" => request.response("200 OK", &tag, "Accept: application/sdp\r\n", ""),
            _ => request.response("501 Not Implemented", &tag, "", ""),
        };
        if let Err(why) = send(&self.sip, response.as_bytes(), from) {
            println!("{why}");
        }
        Ok(())
    }

    fn end(&mut self) {
        if let Some(call) = self.call.take() {
            call.media.report();
            self.ended += 1;
        }
    }

    /// What the call needs now: its 200 once more, its media echoed, its end. Says whether anything
    /// had come.
    fn tend(&mut self, now: Instant, buffer: &mut [u8]) -> Result<bool> {
        let Some(call) = &mut self.call else { return Ok(false) };
        let busy = call.media.echo(buffer)?;
        if busy {
            call.heard = now;
        }
        call.repeat_answer(&self.sip, now);
        let unconfirmed = call.unconfirmed.as_ref().map(|ok| now.duration_since(ok.since));
        let given_up = match unconfirmed {
            Some(since) if since >= UNCONFIRMED => "no ACK came",
            _ if now.duration_since(call.heard) >= SILENT => "nothing came any more",
            _ => return Ok(busy),
        };
        println!("given up: {given_up}");
        if let Err(why) = send(&self.sip, call.bye.as_bytes(), call.peer) {
            println!("{why}");
        }
        self.end();
        Ok(busy)
    }

    /// Answers an offer: of a new call, of the one there is, or once more the very same.
    fn invite(&mut self, request: &Request<'_>, from: SocketAddr, tag: &str) -> Result<String> {
        let id = request.header("Call-ID", "i");
        if let Some(call) = &self.call {
            if call.id != id {
                return Ok(request.response("486 Busy Here", tag, "", ""));
            }
            if call.offer == request.body {
                // A retransmission, or a session refresh that changes nothing.
                return Ok(self.ok(request, tag, &call.answer));
            }
        }
        let answer = match &mut self.call {
            Some(call) => call.media.reanswer(request.body, &call.offer, &call.answer)?,
            None => {
                let here = self.sip.local_addr()?;
                let (media, answer) = Media::answer(request.body, here.ip())?;
                self.call = Some(Call {
                    id: id.to_owned(),
                    tag: tag.to_owned(),
                    offer: String::new(),
                    answer: String::new(),
                    media,
                    unconfirmed: None,
                    bye: request.bye(here, tag)?,
                    peer: from,
                    heard: Instant::now(),
                });
                answer
            }
        };
        let ok = self.ok(request, tag, &answer);
        if let Some(call) = &mut self.call {
            (call.offer, call.answer) = (request.body.to_owned(), answer);
            let now = Instant::now();
            (call.peer, call.heard) = (from, now);
            let unconfirmed = Unconfirmed { ok: ok.clone(), since: now, due: now + T1, pause: T1 };
            call.unconfirmed = Some(unconfirmed);
        }
        Ok(ok)
    }

    fn ok(&self, request: &Request<'_>, tag: &str, answer: &str) -> String {
        let contact =
            self.sip.local_addr().map(|address| format!("Contact: <sip:echo@{address}>\r\n"));
        let headers = contact.unwrap_or_default() + "Content-Type: application/sdp\r\n";
        request.response("200 OK", tag, &headers, answer)
    }
}

impl Call {
    /// RFC 3261 §13.3.1.4: the 200 goes out again until an ACK comes, less and less often.
    fn repeat_answer(&mut self, sip: &UdpSocket, now: Instant) {
        if let Some(Unconfirmed { ok, due, pause, .. }) = &mut self.unconfirmed
            && now >= *due
        {
            // Lost like any other; the next one follows.
            let _ = send(sip, ok.as_bytes(), self.peer);
            *pause = (*pause * 2).min(T2);
            *due += *pause;
        }
    }
}

// Media ----------------------------------------------------------------------------------------

/// The secured audio stream of a call.
struct Media {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// Where the peer receives, RTP and RTCP.
    to: [SocketAddr; 2],
    direction: Direction,
    tx: Outbound,
    rx: Inbound,
    /// The key that we send with; it stays as long as the suite does.
    key: MasterKey,
    ssrc: u32,
    sequence_number: u16,
    /// The highest sequence number received, for reports.
    highest: u16,
    octets: u32,
    /// Packets echoed, reports exchanged, and packets refused with the last reason.
    echoed: u32,
    reports: u32,
    refused: u64,
    last_refusal: String,
}

/// An answer on its way: the text, and what it took out of the offer.
struct Agreed {
    answer: String,
    to: [SocketAddr; 2],
    direction: Direction,
    /// Our line and theirs, of one suite.
    ours: CryptoAttribute,
    theirs: CryptoAttribute,
}

/// Decides on an offer and writes the answer. `own` is the key to send with if it is of the suite
/// that comes out; `history` is empty for the first offer of a call.
fn agree(
    offer: &str,
    ip: IpAddr,
    port: u16,
    own: Option<&MasterKey>,
    history: &[Exchange<'_, '_>],
) -> Result<Agreed> {
    let offer = Sdp::parse(offer)?;
    let party = Party::new(StreamPolicy::Required);
    let decision = decide_reoffer(&offer, &party, history, &PeerProfile::default());
    let secured = decision.media().iter().find_map(|media| match media.outcome {
        MediaOutcome::Srtp { suite, line, .. } => Some((media.index, suite, line)),
        _ => None,
    });
    let Some((index, suite, line)) = secured else {
        return Err(decision.reason().to_string().into());
    };
    let media = offer.media().nth(index).ok_or("the m-line is in the offer")?;
    let format = media.formats().find(|format| matches!(*format, "0" | "8"));
    let format = format.ok_or("neither PCMU (0) nor PCMA (8) is offered")?;
    let peer = media.connection().and_then(|connection| connection.ip());
    let peer = peer.ok_or("the offer does not say where to send")?;
    // RFC 3550 §11; above the last port there is none.
    let above = media.port().saturating_add(1);
    let to = [media.port(), media.rtcp().map_or(above, |rtcp| rtcp.port)]
        .map(|port| SocketAddr::new(peer, port));

    let key = match own {
        Some(key) if key.suite() == suite => key.clone(),
        _ => fresh_key(suite)?,
    };
    let address = ip.to_string();
    let (net_type, addr_type) = ("IN", if ip.is_ipv4() { "IP4" } else { "IP6" });
    // RFC 3264 §8: one more than that of the answer before.
    let before = history.last().and_then(|exchange| exchange.answer.origin());
    let before = before.and_then(|origin| origin.session_version.parse::<u64>().ok());
    let version = (before.unwrap_or(0) + 1).to_string();
    let session = LocalSession {
        origin: Origin {
            username: "echo",
            session_id: "1",
            session_version: &version,
            net_type,
            addr_type,
            address: &address,
        },
        name: "echo",
        connection: Connection { net_type, addr_type, address: &address },
    };
    let direction = answered_direction(media.direction(), Direction::SendRecv);
    let local = LocalMedia { port, formats: &[format], direction, key: Some(&key) };
    let mut answer = String::new();
    write_answer(&mut answer, &offer, &decision, &session, &vec![local; offer.media_count()])?;
    let ours = srtp_negotiation::accepting_line(&line, &key)?;
    Ok(Agreed { answer, to, direction, ours, theirs: line.meaning()? })
}

fn fresh_key(suite: sdes_sdp::CryptoSuite) -> Result<MasterKey> {
    let mut bytes = [0; srtp_core::MAX_KEY_SALT_LEN];
    let bytes = &mut bytes[..suite.key_salt_len()];
    getrandom::fill(bytes).map_err(|error| error.to_string())?;
    Ok(MasterKey::new(suite, bytes)?)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// The one key of a line of ours, or the first of theirs.
fn key_of(line: &CryptoAttribute) -> Result<&MasterKey> {
    Ok(line.keys().first().ok_or("a crypto line has a key")?)
}

impl Media {
    fn answer(offer: &str, ip: IpAddr) -> Result<(Self, String)> {
        let (rtp, rtcp) = port_pair(ip)?;
        let agreed = agree(offer, ip, rtp.local_addr()?.port(), None, &[])?;
        let (own, peer) = (key_of(&agreed.ours)?, key_of(&agreed.theirs)?);
        println!("call: {}, to {}", own.suite(), agreed.to[0]);
        let media = Self {
            rtp,
            rtcp,
            to: agreed.to,
            direction: agreed.direction,
            // The key in an SDP is the one its author sends with (RFC 4568 §5.1.1).
            tx: Outbound::new(own, agreed.ours.policy())?,
            rx: Inbound::new(peer, agreed.theirs.policy())?,
            key: own.clone(),
            ssrc: u32::from_be_bytes(random()?),
            // Below 2^15, so that the loss of the first packets hides no wrap (RFC 4568 §6.4).
            sequence_number: u16::from_be_bytes(random()?) >> 1,
            highest: 0,
            octets: 0,
            echoed: 0,
            reports: 0,
            refused: 0,
            last_refusal: String::new(),
        };
        Ok((media, agreed.answer))
    }

    /// A new offer during the call; whatever fails leaves everything as it was.
    fn reanswer(&mut self, offer: &str, old_offer: &str, old_answer: &str) -> Result<String> {
        let (old_offer, old_answer) = (Sdp::parse(old_offer)?, Sdp::parse(old_answer)?);
        let before = Exchange { offer: &old_offer, answer: &old_answer, role: Role::Answerer };
        let here = self.rtp.local_addr()?;
        let agreed = agree(offer, here.ip(), here.port(), Some(&self.key), &[before])?;
        let (offer, answer) = (Sdp::parse(offer)?, Sdp::parse(&agreed.answer)?);
        let after = Exchange { offer: &offer, answer: &answer, role: Role::Answerer };
        let index = answer.media().position(|media| media.has_crypto()).unwrap_or_default();
        let change = renegotiate(&[before], Some(&after), index, &PeerProfile::default());
        println!("renegotiated: {}", change.reason);
        let rekey = |roc| if roc == Roc::Kept { Rekey::KeepRoc } else { Rekey::ZeroRoc };
        if let Change::New { roc } = change.receive {
            self.rx.rekey(key_of(&agreed.theirs)?, rekey(roc))?;
        }
        if let Change::New { roc } = change.transmit {
            self.key = key_of(&agreed.ours)?.clone();
            self.tx.rekey(&self.key, rekey(roc))?;
        }
        (self.to, self.direction) = (agreed.to, agreed.direction);
        Ok(agreed.answer)
    }

    /// Sends everything that has come back to where it came from; says whether anything had come.
    fn echo(&mut self, buffer: &mut [u8]) -> Result<bool> {
        let mut busy = false;
        while let Some((len, _)) = received(&self.rtp, buffer)? {
            busy = true;
            let opened = self.rx.unprotect_rtp(&mut buffer[..len]);
            let echoed = opened.map_err(|why| format!("SRTP: {why}"));
            let echoed = echoed.and_then(|len| self.echo_rtp(buffer, len));
            self.unless_refused(echoed);
        }
        while let Some((len, _)) = received(&self.rtcp, buffer)? {
            busy = true;
            let opened = self.rx.unprotect_rtcp(&mut buffer[..len]);
            let answered = opened.map_err(|why| format!("SRTCP: {why}"));
            let answered = answered.and_then(|_| self.report_back(buffer));
            self.unless_refused(answered);
        }
        Ok(busy)
    }

    fn unless_refused(&mut self, done: std::result::Result<(), String>) {
        if let Err(why) = done {
            self.refused += 1;
            self.last_refusal = why;
        }
    }

    /// The same payload and timestamp as our own stream.
    fn echo_rtp(&mut self, buffer: &mut [u8], len: usize) -> std::result::Result<(), String> {
        self.highest = u16::from_be_bytes([buffer[2], buffer[3]]);
        if !self.direction.sends() {
            return Ok(());
        }
        buffer[2..4].copy_from_slice(&self.sequence_number.to_be_bytes());
        buffer[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        let protected = self.tx.protect_rtp(buffer, len).map_err(|why| format!("echo: {why}"))?;
        // It counts as sent even if it is lost: a sequence number is used once.
        self.sequence_number = self.sequence_number.wrapping_add(1);
        send(&self.rtp, &buffer[..protected], self.to[0])?;
        self.octets = self.octets.wrapping_add(u32::try_from(len - 12).unwrap_or_default());
        self.echoed += 1;
        Ok(())
    }

    /// Answers a report with ours: a sender report with one block about the peer, and the SDES item
    /// that every compound packet has (RFC 3550 §6.1).
    fn report_back(&mut self, buffer: &mut [u8]) -> std::result::Result<(), String> {
        let about = u32::from_be_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]);
        let mut packet = vec![0x81, 200, 0, 12];
        // SSRC; NTP and RTP time, which we do not keep; packets, octets; the block: SSRC, loss,
        // highest sequence number, jitter, last report, delay.
        let block = [about, 0, self.highest.into(), 0, 0, 0];
        for word in [self.ssrc, 0, 0, 0, self.echoed, self.octets].into_iter().chain(block) {
            packet.extend(word.to_be_bytes());
        }
        packet.extend([0x81, 202, 0, 3]);
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(*b"\x01\x04echo\0\0");
        let len = packet.len();
        packet.resize(len + self.tx.rtcp_overhead(), 0);
        self.tx.protect_rtcp(&mut packet, len).map_err(|why| format!("report: {why}"))?;
        send(&self.rtcp, &packet, self.to[1])?;
        self.reports += 1;
        Ok(())
    }

    /// What the call came to, when it is over.
    fn report(&self) {
        println!("over: {} packets echoed, {} reports answered", self.echoed, self.reports);
        println!("refused: {}", self.refused);
        if self.refused > 0 {
            println!("  the last because: {}", self.last_refusal);
        }
    }
}

/// An even port and the next one (RFC 3550 §11).
fn port_pair(ip: IpAddr) -> Result<(UdpSocket, UdpSocket)> {
    for _ in 0..100 {
        let rtp = UdpSocket::bind((ip, 0))?;
        let port = rtp.local_addr()?.port();
        if port.is_multiple_of(2)
            && let Ok(rtcp) = UdpSocket::bind((ip, port + 1))
        {
            rtp.set_nonblocking(true)?;
            rtcp.set_nonblocking(true)?;
            return Ok((rtp, rtcp));
        }
    }
    Err("no two free ports in a row".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::unwrap_used)]

    use super::*;

    const KEY: [u8; 30] = [7; 30];

    fn invite(address: &str, port: u16) -> String {
        let line = CryptoAttribute::new(
            1,
            MasterKey::new(sdes_sdp::CryptoSuite::AesCm128HmacSha1_80, &KEY).unwrap(),
            sdes_sdp::SessionParameters::default(),
        );
        let line = line.unwrap().line(&sdes_sdp::Emit::default()).to_string();
        format!(
            "INVITE sip:echo@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
             From: <sip:a@h>;tag=a\r\nTo: <sip:echo@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:a@127.0.0.1:9>\r\nRecord-Route: <sip:p;lr>\r\n\r\n\
             v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
             m=audio {port} RTP/SAVP 0\r\n{line}\r\n"
        )
    }

    fn agent() -> (UserAgent, UdpSocket, SocketAddr) {
        let (sip, peer) =
            (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        sip.set_nonblocking(true).unwrap();
        peer.set_nonblocking(true).unwrap();
        let from = peer.local_addr().unwrap();
        (UserAgent { sip, call: None, ended: 0 }, peer, from)
    }

    fn heard(peer: &UdpSocket) -> String {
        let mut buffer = [0; 4096];
        let mut all = String::new();
        while let Some((len, _)) = received(peer, &mut buffer).unwrap() {
            all += &String::from_utf8_lossy(&buffer[..len]);
        }
        all
    }

    fn call(agent: &mut UserAgent, address: &str, port: u16, from: SocketAddr) {
        let text = invite(address, port);
        agent.serve(&Request::parse(text.as_bytes()).unwrap(), from).unwrap();
    }

    /// Echo to an address that nothing can be sent to, and a port with none above it: the packet is
    /// refused, the program goes on. A thousand forgeries take no memory.
    #[test]
    fn nothing_from_the_network_ends_it() {
        let (mut agent, peer, from) = agent();
        call(&mut agent, "255.255.255.255", 65535, from);
        assert!(heard(&peer).starts_with("SIP/2.0 200 OK\r\n"));
        let rtp = agent.call.as_ref().unwrap().media.rtp.local_addr().unwrap();
        let to = SocketAddr::new(from.ip(), rtp.port());
        let key = MasterKey::new(sdes_sdp::CryptoSuite::AesCm128HmacSha1_80, &KEY).unwrap();
        let mut tx: Outbound = Outbound::new(&key, srtp_core::Policy::SECURE).unwrap();
        let mut packet = vec![0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7];
        packet.resize(12 + 160 + 10, 0);
        tx.protect_rtp(&mut packet, 172).unwrap();
        peer.send_to(&packet, to).unwrap();
        for _ in 0..100 {
            peer.send_to(&packet, to).unwrap();
        }
        let mut buffer = [0; 4096];
        assert!(agent.tend(Instant::now(), &mut buffer).unwrap());
        let media = &agent.call.as_ref().unwrap().media;
        assert_eq!((media.echoed, media.refused), (0, 101));
        assert_eq!(media.last_refusal, "SRTP: packet index 1 came in before");
    }

    /// RFC 3261 §13.3.1.4: without an ACK the 200 goes out again for 64*T1, and then the call is ended
    /// with a BYE in its own dialog.
    #[test]
    fn a_call_that_nobody_acknowledges_is_given_up() {
        let (mut agent, peer, from) = agent();
        call(&mut agent, "127.0.0.1", 9, from);
        let start = Instant::now();
        heard(&peer);
        let mut buffer = [0; 4096];
        for second in 1..31 {
            agent.tend(start + Duration::from_secs(second), &mut buffer).unwrap();
        }
        let oks = heard(&peer).matches("SIP/2.0 200 OK").count();
        assert!((5..15).contains(&oks) && agent.call.is_some(), "{oks}");
        agent.tend(start + Duration::from_secs(33), &mut buffer).unwrap();
        let bye = heard(&peer);
        let (_, bye) = bye.split_once("BYE ").expect("a BYE");
        assert!(bye.starts_with("sip:a@127.0.0.1:9 SIP/2.0\r\n"), "{bye}");
        for line in ["From: <sip:echo@h>;tag=", "To: <sip:a@h>;tag=a\r\n", "Route: <sip:p;lr>\r\n"]
        {
            assert!(bye.contains(line), "{bye}");
        }
        assert!(agent.call.is_none() && agent.ended == 1);
    }

    /// One whose other side is gone without a BYE is given up, too.
    #[test]
    fn a_call_of_which_nothing_comes_is_given_up() {
        let (mut agent, peer, from) = agent();
        call(&mut agent, "127.0.0.1", 9, from);
        let ack = invite("127.0.0.1", 9).replace("INVITE", "ACK");
        agent.serve(&Request::parse(ack.as_bytes()).unwrap(), from).unwrap();
        heard(&peer);
        let (start, mut buffer) = (Instant::now(), [0; 4096]);
        agent.tend(start + SILENT - Duration::from_secs(9), &mut buffer).unwrap();
        assert!(agent.call.is_some() && heard(&peer).is_empty());
        agent.tend(start + SILENT, &mut buffer).unwrap();
        assert!(agent.call.is_none() && heard(&peer).starts_with("BYE "));
    }
}
