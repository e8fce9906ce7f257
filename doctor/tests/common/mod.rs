//! What the tests of the binary share: running it, and captures of made-up calls.
// No test file uses all of it; and the lints for what ships are not for tests.
#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use srtp_core::{CryptoSuite, Fixed, MasterKey, Outbound, Policy};
use srtp_doctor::output::pcap::PcapWriter;

/// A file of `test-vectors/captures`.
pub fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/captures").join(name)
}

/// What a run of the binary came to.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("not killed"),
            out: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            err: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }
}

impl Run {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

pub fn doctor(args: &[&str]) -> Run {
    command(args).output().expect("the binary runs").into()
}

/// The same with standard input.
pub fn doctor_reading(args: &[&str], input: &[u8]) -> Run {
    use std::io::Write;
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_srtp-doctor"));
    command.args(args);
    command
}

/// Compares an output with `tests/golden/`; with UPDATE_GOLDEN=1 in the environment it is written
/// there instead, to be read before it is committed.
pub fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == wanted, "{name} is not what was printed (UPDATE_GOLDEN=1 writes it):\n{text}");
}

pub const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

/// Key and salt made of one byte.
pub fn key(byte: u8) -> MasterKey {
    MasterKey::new(SUITE, &[byte; 30]).unwrap()
}

/// The crypto line of [`key`], with whatever follows the key.
pub fn crypto(tag: u32, byte: u8, rest: &str) -> String {
    let attribute = sdes_sdp::CryptoAttribute::new(tag, key(byte), Default::default()).unwrap();
    format!("{}{rest}", attribute.line(&sdes_sdp::Emit::default()))
}

/// An SDP with one audio m-line.
pub fn sdp(address: &str, profile: &str, lines: &[&str]) -> String {
    let address: SocketAddr = address.parse().unwrap();
    let version = if address.is_ipv4() { 4 } else { 6 };
    let mut sdp = format!(
        "v=0\r\no=- 1 1 IN IP{version} {ip}\r\ns=-\r\nc=IN IP{version} {ip}\r\nt=0 0\r\n\
         m=audio {} {profile} 0\r\na=rtpmap:0 PCMU/8000\r\n",
        address.port(),
        ip = address.ip()
    );
    lines.iter().for_each(|line| sdp += &format!("{line}\r\n"));
    sdp
}

/// A SIP message; `start` is its start line.
pub fn sip(start: &str, cseq: &str, tag: &str, body: &str) -> String {
    let branch = cseq.replace(' ', "-");
    format!(
        "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{branch}\r\nFrom: <sip:a@h>;tag=a\r\n\
         To: <sip:b@h>{}\r\nCall-ID: made-up\r\nCSeq: {cseq}\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        if tag.is_empty() { String::new() } else { format!(";tag={tag}") },
        body.len()
    )
}

pub const A: &str = "10.0.0.1:4000";
pub const B: &str = "10.0.0.2:5000";
const SIP_A: &str = "10.0.0.1:5060";
const SIP_B: &str = "10.0.0.2:5060";

/// A capture being made.
pub struct Capture {
    writer: PcapWriter<Vec<u8>>,
    time: u64,
}

impl Capture {
    pub fn new() -> Self {
        Self { writer: PcapWriter::new(Vec::new()).unwrap(), time: 1_700_000_000_000_000_000 }
    }

    pub fn packet(&mut self, src: &str, dst: &str, payload: &[u8]) {
        self.time += 10_000_000;
        let (src, dst) = (src.parse().unwrap(), dst.parse().unwrap());
        self.writer.datagram(self.time, src, dst, payload).unwrap();
    }

    /// An offer from A to B and what B answers.
    pub fn exchange(&mut self, number: u32, offer: &str, answer: &str) {
        let cseq = format!("{number} INVITE");
        self.packet(SIP_A, SIP_B, sip("INVITE sip:b@h SIP/2.0", &cseq, "", offer).as_bytes());
        self.packet(SIP_B, SIP_A, sip("SIP/2.0 200 OK", &cseq, "b", answer).as_bytes());
    }

    /// An offer that B refuses.
    pub fn refused(&mut self, number: u32, offer: &str, status: &str) {
        let cseq = format!("{number} INVITE");
        self.packet(SIP_A, SIP_B, sip("INVITE sip:b@h SIP/2.0", &cseq, "", offer).as_bytes());
        self.packet(SIP_B, SIP_A, sip(&format!("SIP/2.0 {status}"), &cseq, "b", "").as_bytes());
    }

    pub fn a_sends(&mut self, message: &str) {
        self.packet(SIP_A, SIP_B, message.as_bytes());
    }

    pub fn b_sends(&mut self, message: &str) {
        self.packet(SIP_B, SIP_A, message.as_bytes());
    }

    pub fn bytes(self) -> Vec<u8> {
        self.writer.finish().unwrap()
    }

    /// Writes the capture and decrypts it with further arguments.
    pub fn decrypt(self, args: &[&str]) -> Run {
        self.run("decrypt", args)
    }

    pub fn run(self, command: &str, args: &[&str]) -> Run {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("made-up.pcap");
        std::fs::write(&path, self.bytes()).unwrap();
        let mut all = vec![command, path.to_str().unwrap()];
        all.extend(args);
        doctor(&all)
    }
}

/// The secured call that most tests start from: A sends under key 1, B under key 2.
pub fn secured() -> Capture {
    let mut capture = Capture::new();
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let answer = sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]);
    capture.exchange(1, &offer, &answer);
    capture
}

/// A sender of PCMU, 20 ms a packet.
pub struct Sender {
    context: Outbound<Fixed<2>>,
    pub ssrc: u32,
    pub sequence: u16,
    timestamp: u32,
}

impl Sender {
    pub fn new(key: &MasterKey, ssrc: u32) -> Self {
        Self {
            context: Outbound::new(key, Policy::SECURE).unwrap(),
            ssrc,
            sequence: 1,
            timestamp: 160,
        }
    }

    pub fn with_roc(mut self, roc: u32) -> Self {
        self.context.set_roc(self.ssrc, roc).unwrap();
        self
    }

    /// The next packet in the clear.
    pub fn plain(&mut self) -> Vec<u8> {
        let mut packet = vec![0x80, 0];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend([0xd5; 160]);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
        packet
    }

    /// The next packet protected.
    pub fn packet(&mut self) -> Vec<u8> {
        let mut packet = self.plain();
        let len = packet.len();
        packet.resize(len + 200, 0);
        let len = self.context.protect_rtp(&mut packet, len).unwrap();
        packet.truncate(len);
        packet
    }

    /// A receiver report, protected.
    pub fn report(&mut self) -> Vec<u8> {
        let mut packet = vec![0x80, 201, 0, 1];
        packet.extend(self.ssrc.to_be_bytes());
        let len = packet.len();
        packet.resize(len + 200, 0);
        let len = self.context.protect_rtcp(&mut packet, len).unwrap();
        packet.truncate(len);
        packet
    }

    /// Puts the next packets into a capture.
    pub fn send(&mut self, capture: &mut Capture, src: &str, dst: &str, packets: usize) {
        for _ in 0..packets {
            let packet = self.packet();
            capture.packet(src, dst, &packet);
        }
    }
}
