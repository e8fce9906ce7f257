//! A program that protects and unprotects what it reads from its standard input, a packet a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::Program;
use crate::peer::{Peer, Protocol};

/// Both directions, in one process.
pub struct Filter {
    _program: Program,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Filter {
    /// Starts the command.
    ///
    /// # Errors
    /// That it could not be started.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
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

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

impl Peer for Filter {
    fn protect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        self.ask("protect", protocol, packet)
    }

    fn unprotect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        self.ask("unprotect", protocol, packet)
    }
}
