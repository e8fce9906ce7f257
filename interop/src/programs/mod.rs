//! Other programs at the ends of loopback sockets and pipes. Each is ended with its handle.

pub mod baresip;
pub mod ffmpeg;
pub mod filter;
pub mod gstreamer;
pub mod pion;
pub mod pylibsrtp;

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a program may take to start, or to send a packet on.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing must come before a packet counts as dropped.
const SILENCE: Duration = Duration::from_millis(150);

/// A program that ends with this value.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command and waits until a line of its standard output contains `ready`.
fn start(command: &mut Command, ready: &'static str) -> Result<Program, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |why: &dyn std::fmt::Display| format!("{name}: {why}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let out = child.stdout.take().ok_or_else(|| failed(&"no standard output"))?;
    let program = Program(child);
    let (said, heard) = mpsc::channel();
    thread::spawn(move || {
        // To the end, lest the program block on a full pipe; nobody may be listening any more.
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if line.contains(ready) {
                let _ = said.send(());
            }
        }
    });
    heard.recv_timeout(PATIENCE).map_err(|_| failed(&"did not start"))?;
    Ok(program)
}

/// A socket on the loopback interface.
fn socket() -> Result<UdpSocket, String> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    Ok(socket)
}

fn port(socket: &UdpSocket) -> Result<u16, String> {
    Ok(socket.local_addr().map_err(|error| error.to_string())?.port())
}

/// An even port and the odd one above it, both free just now (RFC 3550 §11).
fn free_port_pair() -> Result<(UdpSocket, UdpSocket), String> {
    for _ in 0..100 {
        let rtp = socket()?;
        let even = port(&rtp)?;
        if even.is_multiple_of(2)
            && let Ok(rtcp) = UdpSocket::bind((Ipv4Addr::LOCALHOST, even + 1))
        {
            rtcp.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
            return Ok((rtp, rtcp));
        }
    }
    Err("no two free ports in a row".into())
}

fn receive(socket: &UdpSocket) -> Result<Vec<u8>, String> {
    let mut buffer = [0; 4096];
    let (len, _) =
        socket.recv_from(&mut buffer).map_err(|error| format!("nothing came: {error}"))?;
    Ok(buffer[..len].to_vec())
}
