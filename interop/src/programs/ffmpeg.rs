//! ffmpeg: its `srtp://` protocol as a sender, and as a receiver both by itself and by the
//! `a=crypto` line of an SDP. The audio is G.711, copied and not recoded, so that what comes out is
//! what went in.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use sdes_sdp::{CryptoAttribute, Emit, SessionParameters};
use srtp_core::{CryptoSuite, Inbound, Outbound, Policy};

use super::{PATIENCE, Program, free_port_pair, port, receive, socket};
use crate::exchange::{FIRST_RTCP_INDEX, SSRC, Tally, protect, unprotect};
use crate::packets::{Shape, filler, rtcp, rtp};
use crate::peer::{Agreed, Protocol};

/// The suites that ffmpeg has.
pub const SUITES: [CryptoSuite; 2] =
    [CryptoSuite::AesCm128HmacSha1_80, CryptoSuite::AesCm128HmacSha1_32];

/// 20 ms of G.711 each.
const FRAME: usize = 160;
/// One and a half seconds.
const FRAMES: u16 = 75;
/// The wrap comes within them.
const FIRST_SEQ: u16 = 65_500;

/// What ffmpeg calls the suite. Its `AES_CM_128_HMAC_SHA1_32` has an SRTCP tag of 32 bits, contrary
/// to RFC 4568 §6.2.2; by the name of the DTLS-SRTP profile it is the suite of the RFC.
fn name(suite: CryptoSuite) -> &'static str {
    match suite {
        CryptoSuite::AesCm128HmacSha1_32 => "SRTP_AES128_CM_HMAC_SHA1_32",
        _ => suite.name(),
    }
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error"]).stdin(Stdio::null());
    command
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// ffmpeg protects: every packet opens to the next piece of the audio, and protecting it here gives
/// the bytes that came.
pub fn sends(agreed: &Agreed, folder: &Path) -> Result<Tally, String> {
    sends_as(agreed, folder, name(agreed.suite), true)
}

/// The same by the name of RFC 4568: RTP agrees, and SRTCP does not. docs/DIFFERENCES.md, D12.
pub fn sends_with_short_srtcp_tag(agreed: &Agreed, folder: &Path) -> Result<Tally, String> {
    sends_as(agreed, folder, agreed.suite.name(), false)
}

fn sends_as(agreed: &Agreed, folder: &Path, name: &str, rtcp: bool) -> Result<Tally, String> {
    let audio = filler("audio", FRAME * usize::from(FRAMES));
    let file = folder.join("audio.ul");
    fs::write(&file, &audio).map_err(text)?;
    let (rtp_socket, rtcp_socket) = free_port_pair()?;
    rtcp_socket.set_read_timeout(Some(Duration::from_secs(2))).map_err(text)?;
    let child = ffmpeg()
        .args(["-re", "-f", "mulaw", "-ar", "8000", "-ac", "1", "-i"])
        .arg(&file)
        .args(["-c:a", "copy", "-f", "rtp", "-seq", &FIRST_SEQ.to_string()])
        .args(["-ssrc", &SSRC.to_string(), "-srtp_out_suite", name])
        .args(["-srtp_out_params", &Base64::encode_string(&agreed.key_salt)])
        .arg(format!("srtp://127.0.0.1:{}?pkt_size={}", port(&rtp_socket)?, FRAME + 12))
        .stdout(Stdio::null())
        .spawn()
        .map_err(text)?;
    let _program = Program(child);

    let key = agreed.master_key();
    let mut receiver: Inbound = Inbound::new(&key, Policy::SECURE).map_err(text)?;
    let mut sender: Outbound = Outbound::new(&key, Policy::SECURE).map_err(text)?;
    sender.set_rtcp_index(SSRC, FIRST_RTCP_INDEX - 1).map_err(text)?;
    let mut tally = Tally::default();
    let mut check = |protocol, packet: &[u8]| {
        let opened = unprotect(&mut receiver, protocol, packet)?;
        if protect(&mut sender, protocol, &opened)? != packet {
            return Err(format!("{protocol:?}: other bytes here than {packet:02x?}"));
        }
        tally.from_peer += 1;
        Ok(opened)
    };
    let mut heard = Vec::new();
    while heard.len() < audio.len() {
        heard.extend_from_slice(&check(Protocol::Rtp, &receive(&rtp_socket)?)?[12..]);
    }
    if heard != audio {
        return Err("the payloads are not the audio".into());
    }
    match (check(Protocol::Rtcp, &receive(&rtcp_socket)?), rtcp) {
        (Ok(_), false) => Err("SRTCP agrees: D12 is mended".into()),
        (Err(why), true) => Err(why),
        _ => Ok(tally),
    }
}

/// A receiving ffmpeg, whose standard output is collected.
struct Receiving {
    program: Program,
    heard: mpsc::Receiver<Vec<u8>>,
}

impl Receiving {
    /// Waits until somebody listens on the port, which a packet to a closed one tells.
    fn start(command: &mut Command, port: u16) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(text)?;
        let mut out = child.stdout.take().ok_or("no standard output")?;
        let program = Program(child);
        let (said, heard) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = out.read(&mut buffer) {
                if said.send(buffer[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        let deadline = Instant::now() + PATIENCE;
        while UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            if Instant::now() > deadline {
                return Err("ffmpeg does not listen".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { program, heard })
    }

    /// What came out, once it is `len` bytes.
    fn collect(self, len: usize) -> Vec<u8> {
        let mut collected = Vec::new();
        while collected.len() < len {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(piece) => collected.extend(piece),
                Err(_) => break,
            }
        }
        drop(self.program);
        collected
    }
}

/// The packets for ffmpeg, among them forgeries that it must drop.
fn send_all(agreed: &Agreed, ports: [u16; 2]) -> Result<(Vec<Vec<u8>>, Tally), String> {
    let mut sender: Outbound = Outbound::new(&agreed.master_key(), Policy::SECURE).map_err(text)?;
    let socket = socket()?;
    let (mut plain, mut tally) = (Vec::new(), Tally::default());
    for n in 0..FRAMES {
        let payload = filler(&format!("frame {n}"), FRAME);
        let packet = rtp(SSRC, FIRST_SEQ.wrapping_add(n), Shape::default(), &payload);
        let protected = protect(&mut sender, Protocol::Rtp, &packet)?;
        if n.is_multiple_of(16) {
            let mut forged = protected.clone();
            forged[40] ^= 1;
            socket.send_to(&forged, (Ipv4Addr::LOCALHOST, ports[0])).map_err(text)?;
            tally.refused += 1;
        }
        socket.send_to(&protected, (Ipv4Addr::LOCALHOST, ports[0])).map_err(text)?;
        plain.push(packet);
        tally.to_peer += 1;
        thread::sleep(Duration::from_millis(5));
        if n == FRAMES / 2 {
            let report = protect(&mut sender, Protocol::Rtcp, &rtcp(SSRC, n.into(), 9))?;
            socket.send_to(&report, (Ipv4Addr::LOCALHOST, ports[1])).map_err(text)?;
        }
    }
    Ok((plain, tally))
}

/// ffmpeg unprotects by `-srtp_in_suite`: what it reads are our RTP packets, whole.
pub fn receives(agreed: &Agreed) -> Result<Tally, String> {
    let (rtp_socket, rtcp_socket) = free_port_pair()?;
    let ports = [port(&rtp_socket)?, port(&rtcp_socket)?];
    drop((rtp_socket, rtcp_socket));
    let mut command = ffmpeg();
    command
        .args(["-f", "data", "-srtp_in_suite", name(agreed.suite)])
        .args(["-srtp_in_params", &Base64::encode_string(&agreed.key_salt), "-i"])
        .arg(format!("srtp://127.0.0.1:{}?localport={}", ports[0], ports[0]))
        .args(["-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", "pipe:1"]);
    let receiving = Receiving::start(&mut command, ports[0])?;
    let (plain, mut tally) = send_all(agreed, ports)?;
    let report = rtcp(SSRC, (FRAMES / 2).into(), 9);
    let mut expected = plain.concat();
    let mut collected = receiving.collect(expected.len() + report.len());
    // RTP and RTCP come on two sockets, so the report may stand anywhere.
    if let Some(at) = collected.windows(report.len()).position(|window| window == report) {
        collected.drain(at..at + report.len());
        tally.to_peer += 1;
    }
    expected.truncate(collected.len());
    if collected.len() < (plain.len() - 8) * plain[0].len() {
        return Err(format!("ffmpeg read {} bytes", collected.len()));
    }
    if collected != expected {
        return Err("ffmpeg read other packets than were sent".into());
    }
    Ok(tally)
}

/// ffmpeg unprotects by the `a=crypto` line of an SDP that our library wrote: the audio comes out.
pub fn receives_by_sdp(agreed: &Agreed, folder: &Path) -> Result<Tally, String> {
    let (rtp_socket, rtcp_socket) = free_port_pair()?;
    let ports = [port(&rtp_socket)?, port(&rtcp_socket)?];
    drop((rtp_socket, rtcp_socket));
    let crypto =
        CryptoAttribute::new(1, agreed.master_key(), SessionParameters::default()).map_err(text)?;
    let file = folder.join("session.sdp");
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {} RTP/SAVP 0\r\n{}\r\n",
        ports[0],
        crypto.line(&Emit { suite_name: Some(name(agreed.suite)), ..Emit::default() })
    );
    fs::write(&file, sdp).map_err(text)?;
    let mut command = ffmpeg();
    command
        .args(["-protocol_whitelist", "file,crypto,udp,rtp,srtp", "-analyzeduration", "0", "-i"])
        .arg(&file)
        .args(["-c", "copy", "-flush_packets", "1", "-f", "mulaw", "pipe:1"]);
    let receiving = Receiving::start(&mut command, ports[0])?;
    let (plain, tally) = send_all(agreed, ports)?;
    let audio: Vec<u8> = plain.iter().flat_map(|packet| packet[12..].to_vec()).collect();
    let heard = receiving.collect(audio.len());
    if heard != audio {
        return Err(format!("ffmpeg played {} bytes, not the {} sent", heard.len(), audio.len()));
    }
    Ok(tally)
}
