//! `pylibsrtp`, libsrtp for Python with its own copy of the library, behind `pylibsrtp/filter.py`.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use srtp_core::CryptoSuite;

use super::Program;
use crate::peer::{Agreed, Peer, Protocol};

/// The suites that pylibsrtp has.
pub const SUITES: [CryptoSuite; 4] = [
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
    CryptoSuite::AeadAes128Gcm,
    CryptoSuite::AeadAes256Gcm,
];

/// Both directions, in one Python.
pub struct Pylibsrtp {
    _program: Program,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Pylibsrtp {
    /// `python` is an interpreter that has the module.
    pub fn new(python: &str, agreed: &Agreed) -> Result<Self, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/pylibsrtp/filter.py");
        let mut child = Command::new(python)
            .args(["-B", script, agreed.suite.name(), &hex(&agreed.key_salt)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{python}: {error}"))?;
        let to = child.stdin.take().ok_or("no standard input")?;
        let from = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { _program: Program(child), to, from })
    }

    fn ask(&mut self, what: &str, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        let suffix = if protocol == Protocol::Rtcp { "_rtcp" } else { "" };
        writeln!(self.to, "{what}{suffix} {}", hex(packet)).map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|error| error.to_string())?;
        match line.trim().split_once(' ') {
            Some(("ok", packet)) => bytes(packet).ok_or_else(|| format!("not hex: {packet}")),
            _ => Err(line),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

impl Peer for Pylibsrtp {
    fn protect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        self.ask("protect", protocol, packet)
    }

    fn unprotect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        self.ask("unprotect", protocol, packet)
    }
}
