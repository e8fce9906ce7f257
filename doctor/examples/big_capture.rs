//! Writes a capture of a secured call as long as asked for, to measure `decrypt` with: SIP over UDP,
//! then PCMU both ways in packets of 20 ms, with a sender report every five seconds.
//!
//! ```text
//! cargo run --release -p srtp-doctor --example big_capture -- big.pcap 1000      # megabytes
//! ```
#![allow(clippy::indexing_slicing)] // an example with packets of its own making

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;

use sdes_sdp::{CryptoAttribute, CryptoSuite, Emit, MasterKey};
use srtp_core::{Fixed, Outbound, Policy};
use srtp_doctor::output::pcap::PcapWriter;

/// Bytes of an SRTP packet in the file: record, IP, UDP and RTP headers, 20 ms of PCMU, tag.
const RECORD: u64 = 16 + 20 + 8 + 12 + 160 + 10;
const REPORT_EVERY: u64 = 250;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(megabytes)) = (args.next(), args.next()) else {
        eprintln!("big_capture PATH MEGABYTES");
        std::process::exit(2);
    };
    let packets = megabytes.parse::<u64>()? * 1_000_000 / RECORD;
    let mut capture = PcapWriter::new(BufWriter::with_capacity(1 << 20, File::create(path)?))?;
    let ends: [SocketAddr; 2] = ["10.0.0.1:4000".parse()?, "10.0.0.2:5000".parse()?];
    let mut keys = Vec::new();
    for n in [1, 2] {
        keys.push(MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[n; 30])?);
    }
    signalling(&mut capture, ends, &keys)?;

    let mut senders = Vec::new();
    for (key, ssrc) in keys.iter().zip([0x0a0a_0a0a_u32, 0x0b0b_0b0b]) {
        senders.push((Outbound::<Fixed<1>>::new(key, Policy::SECURE)?, ssrc));
    }
    let mut packet = [0; 256];
    for n in 0..packets {
        let side = usize::from(n % 2 == 1);
        let (number, time) = (n / 2, 1_700_000_000_000_000_000 + n / 2 * 20_000_000);
        let (sender, ssrc) = &mut senders[side];
        let (src, dst) = (ends[side], ends[1 - side]);
        let low = |number: u64| number.to_be_bytes();
        packet[..2].copy_from_slice(&[0x80, 0]);
        packet[2..4].copy_from_slice(&low(number)[6..]);
        packet[4..8].copy_from_slice(&low(number * 160)[4..]);
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        packet[12..172].fill(0xd5);
        let len = sender.protect_rtp(&mut packet, 172)?;
        capture.datagram(time, src, dst, &packet[..len])?;
        if number % REPORT_EVERY == 0 {
            packet[..4].copy_from_slice(&[0x80, 201, 0, 1]);
            packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
            let len = sender.protect_rtcp(&mut packet, 8)?;
            let above = |end: SocketAddr| SocketAddr::new(end.ip(), end.port() + 1);
            capture.datagram(time, above(src), above(dst), &packet[..len])?;
        }
    }
    capture.finish()?.flush()?;
    Ok(())
}

fn signalling(
    capture: &mut PcapWriter<impl Write>,
    [a, b]: [SocketAddr; 2],
    keys: &[MasterKey],
) -> Result<(), Box<dyn Error>> {
    let start = ["INVITE sip:b@10.0.0.2 SIP/2.0", "SIP/2.0 200 OK"];
    for ((from, to), (key, start)) in [(a, b), (b, a)].into_iter().zip(keys.iter().zip(start)) {
        let line = CryptoAttribute::new(1, key.clone(), Default::default())?;
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/SAVP 0\r\n{}\r\n",
            from.port(),
            line.line(&Emit::default()),
            ip = from.ip(),
        );
        let message = format!(
            "{start}\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=a\r\n\
             To: <sip:b@x>;tag=b\r\nCall-ID: long\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        let port = |end: SocketAddr| SocketAddr::new(end.ip(), 5060);
        capture.datagram(1_700_000_000_000_000_000, port(from), port(to), message.as_bytes())?;
    }
    Ok(())
}
