//! GStreamer's `srtpenc` and `srtpdec`, fed by `udpsrc` and listened to by `udpsink`, so that our
//! own packets go through them one by one.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;

use srtp_core::CryptoSuite;
use srtp_core::suite::Cipher;

use super::{PATIENCE, Program, SILENCE, free_port_pair, port, receive, socket, start};
use crate::exchange::{SSRC, Scope};
use crate::peer::{Agreed, Peer, Protocol};

/// The suites that GStreamer has.
pub const SUITES: [CryptoSuite; 8] = [
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
    CryptoSuite::Aes256CmHmacSha1_80,
    CryptoSuite::Aes256CmHmacSha1_32,
    CryptoSuite::AeadAes128Gcm,
    CryptoSuite::AeadAes256Gcm,
    CryptoSuite::NullHmacSha1_80,
    CryptoSuite::NullHmacSha1_32,
];

/// What of a conversation GStreamer can take part in: with NULL, only RTP (see `rtcp_names`).
pub fn scope(suite: CryptoSuite) -> Scope {
    Scope { rtcp: suite.parameters().cipher != Cipher::Null, ..Scope::ALL }
}

/// A pipeline that turns packets from one pair of sockets into packets to another.
struct Pipeline {
    _program: Program,
    to: [(UdpSocket, u16); 2],
    from: [UdpSocket; 2],
}

/// Both directions.
pub struct GStreamer {
    protecting: Option<Pipeline>,
    unprotecting: Option<Pipeline>,
}

/// Cipher and authentication by the names of GStreamer's enumerations.
fn names(suite: CryptoSuite) -> (&'static str, &'static str) {
    let row = suite.parameters();
    let auth = match row.srtp_tag_len {
        4 => "hmac-sha1-32",
        10 => "hmac-sha1-80",
        _ => "null",
    };
    let cipher = match (row.cipher, suite.master_key_len()) {
        (Cipher::AesGcm, 16) => "aes-128-gcm",
        (Cipher::AesGcm, _) => "aes-256-gcm",
        (Cipher::Null, _) => "null",
        (_, 16) => "aes-128-icm",
        (_, _) => "aes-256-icm",
    };
    (cipher, auth)
}

/// The same for RTCP. RFC 4568 §6.2.2: its tag is 80 bits whatever that of SRTP is. GStreamer takes
/// the length of the key from the longer of both ciphers, so one of them cannot be NULL.
fn rtcp_names(suite: CryptoSuite) -> (&'static str, &'static str) {
    match suite.parameters().cipher {
        Cipher::AesGcm => names(suite),
        Cipher::Null => ("aes-128-icm", "hmac-sha1-80"),
        _ => (names(suite).0, "hmac-sha1-80"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

impl GStreamer {
    /// Starts what is asked for. `srtpenc` cannot be told a rollover counter, `srtpdec` can.
    pub fn new(agreed: &Agreed, protects: bool, unprotects: bool) -> Result<Self, String> {
        let protecting = if protects { Some(protecting(agreed)?) } else { None };
        let unprotecting = if unprotects { Some(unprotecting(agreed)?) } else { None };
        Ok(Self { protecting, unprotecting })
    }
}

fn protecting(agreed: &Agreed) -> Result<Pipeline, String> {
    let (cipher, auth) = names(agreed.suite);
    let (rtcp_cipher, rtcp_auth) = rtcp_names(agreed.suite);
    let mut element = format!(
        "srtpenc name=f key={} rtp-cipher={cipher} rtp-auth={auth} rtcp-cipher={rtcp_cipher} \
         rtcp-auth={rtcp_auth}",
        hex(&agreed.key_salt),
    );
    if !agreed.mki.is_empty() {
        let _ = write!(element, " mki={}", hex(&agreed.mki));
    }
    let rtp = format!(
        "application/x-rtp,media=audio,payload=0,clock-rate=8000,encoding-name=PCMU,ssrc=(uint){SSRC}"
    );
    let pads = [("rtp_sink_0", "rtp_src_0"), ("rtcp_sink_0", "rtcp_src_0")];
    pipeline(&element, [&rtp, "application/x-rtcp"], pads)
}

fn unprotecting(agreed: &Agreed) -> Result<Pipeline, String> {
    let (cipher, auth) = names(agreed.suite);
    let (rtcp_cipher, rtcp_auth) = rtcp_names(agreed.suite);
    let mut keys = format!(
        "ssrc=(uint){SSRC},srtp-key=(buffer){},srtp-cipher=(string){cipher},srtp-auth=(string){auth},\
         srtcp-cipher=(string){rtcp_cipher},srtcp-auth=(string){rtcp_auth}",
        hex(&agreed.key_salt),
    );
    if agreed.roc > 0 {
        let _ = write!(keys, ",roc=(uint){}", agreed.roc);
    }
    if !agreed.mki.is_empty() {
        let _ = write!(keys, ",mki=(buffer){}", hex(&agreed.mki));
    }
    let rtp = format!(
        "application/x-srtp,media=audio,payload=0,clock-rate=8000,encoding-name=PCMU,{keys}"
    );
    let rtcp = format!("application/x-srtcp,{keys}");
    let pads = [("rtp_sink", "rtp_src"), ("rtcp_sink", "rtcp_src")];
    pipeline("srtpdec name=f", [&rtp, &rtcp], pads)
}

fn pipeline(element: &str, caps: [&str; 2], pads: [(&str, &str); 2]) -> Result<Pipeline, String> {
    let from = [socket()?, socket()?];
    let (rtp, rtcp) = free_port_pair()?;
    let ports = [port(&rtp)?, port(&rtcp)?];
    drop((rtp, rtcp)); // they are GStreamer's from here on
    let mut description = element.to_owned();
    for n in 0..2 {
        let (sink, source) = pads[n];
        let _ = write!(
            description,
            "  udpsrc address=127.0.0.1 port={} caps={} ! f.{sink}  f.{source} ! udpsink host=127.0.0.1 port={} sync=false async=false",
            ports[n],
            caps[n],
            port(&from[n])?,
        );
    }
    let mut command = Command::new("gst-launch-1.0");
    command.args(description.split_whitespace());
    let program = start(&mut command, "Setting pipeline to PLAYING")?;
    Ok(Pipeline { _program: program, to: [(socket()?, ports[0]), (socket()?, ports[1])], from })
}

impl Pipeline {
    fn pass(&self, protocol: Protocol, packet: &[u8], may_drop: bool) -> Result<Vec<u8>, String> {
        let n = usize::from(protocol == Protocol::Rtcp);
        let (socket, port) = &self.to[n];
        let patience = if may_drop { SILENCE } else { PATIENCE };
        self.from[n].set_read_timeout(Some(patience)).map_err(|error| error.to_string())?;
        socket.send_to(packet, (Ipv4Addr::LOCALHOST, *port)).map_err(|error| error.to_string())?;
        receive(&self.from[n])
    }
}

impl Peer for GStreamer {
    fn protect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        let pipeline = self.protecting.as_ref().ok_or("not started")?;
        pipeline.pass(protocol, packet, false)
    }

    fn unprotect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        let pipeline = self.unprotecting.as_ref().ok_or("not started")?;
        // A packet that it refuses it drops; waiting long for one that comes costs nothing.
        pipeline.pass(protocol, packet, true)
    }
}
