//! A live call moves from one process to another. A phone here talks to process `a`, which echoes
//! what it hears and puts the state of its contexts into Redis every ten packets. After 77 packets
//! `a` is killed, without a chance to say anything; process `b` takes its address, restores the
//! state and goes on, in the second round of the sequence numbers.
//!
//! Redis is a server of its own that this program starts, on a Unix socket, and that ends with it. Where there is
//! no `redis-server` (Debian's package of that name), or with `--file`, the state goes through a
//! file. With `--without-state` `b` begins anew, and the example says what that leads to.
//!
//! ```text
//! cargo run --release -p srtp-doctor --example failover
//! cargo run --release -p srtp-doctor --example failover -- --file
//! cargo run --release -p srtp-doctor --example failover -- --without-state
//! ```
//!
//! What is worth copying: keys are not in the exported state, they come with the signalling, for which
//! a pipe stands here. A receiver's state may be a few packets old; only a replay of just these would
//! get in. A sender's may not, so `b` leaves out as many sequence numbers as `a` can have used since
//! (RFC 3711 §9.1).
//!
//! Read first: RFC 3711 §3.2.1, §3.3.1 and §9.1; the documentation of `srtp_core::context::export`.
#![allow(clippy::indexing_slicing)] // of packets of its own making

use std::error::Error;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use srtp_core::{CryptoSuite, Inbound, MasterKey, Outbound, Policy, UnprotectError};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
const PACKETS: u64 = 200;
const KILLED_AFTER: u64 = 77;
/// Packets between two exports.
const SAVE_EVERY: u64 = 10;
/// How many sequence numbers the successor leaves out: at least as many as its predecessor can have
/// used since the last export.
const LEFT_OUT: u64 = 64;
/// Both streams begin 50 packets before the sequence numbers wrap, so that the rollover counter is
/// 1 when `a` is killed. A real sender begins below 2^15 (RFC 4568 §6.4).
const FIRST_INDEX: u64 = (1 << 16) - 50;

/// How long a process waits for another one: for a packet, for Redis.
const PATIENCE: Duration = Duration::from_secs(5);

const PHONE: u32 = 0x0000_0501;
const SERVER: u32 = 0x0000_5e7e;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => play(true, true),
        ["--file"] => play(false, true),
        ["--without-state"] => play(true, false),
        ["node", store, address, state] => node(store, address, state == "restore"),
        ["redis", socket] => keep_redis(Path::new(socket)),
        _ => Err("usage: failover [--file | --without-state]".into()),
    }
}

// The store --------------------------------------------------------------------------------------

/// Where exported state is kept, both directions under one name.
enum Store {
    Redis(redis::Connection),
    File(PathBuf),
}

impl Store {
    /// `redis+unix:///path` or the path of a file.
    fn open(place: &str) -> Result<Self> {
        Ok(match place.starts_with("redis") {
            true => {
                let redis = redis::Client::open(place)?.get_connection_with_timeout(PATIENCE)?;
                redis.set_read_timeout(Some(PATIENCE))?;
                redis.set_write_timeout(Some(PATIENCE))?;
                Self::Redis(redis)
            }
            false => Self::File(place.into()),
        })
    }

    /// Both at once: a sender's state and a receiver's of different moments are no harm, but half
    /// of one is.
    fn save(&mut self, tx: &[u8], rx: &[u8]) -> Result<()> {
        match self {
            Self::Redis(redis) => {
                redis::cmd("MSET").arg("call:tx").arg(tx).arg("call:rx").arg(rx).exec(redis)?;
            }
            Self::File(path) => {
                let mut bytes = u32::try_from(tx.len())?.to_be_bytes().to_vec();
                bytes.extend(tx);
                bytes.extend(rx);
                let next = path.with_extension("next");
                std::fs::write(&next, bytes)?;
                std::fs::rename(next, path)?;
            }
        }
        Ok(())
    }

    fn load(&mut self) -> Result<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::Redis(redis) => {
                Ok(redis::cmd("MGET").arg("call:tx").arg("call:rx").query(redis)?)
            }
            Self::File(path) => {
                let bytes = std::fs::read(path)?;
                let (len, rest) = bytes.split_first_chunk::<4>().ok_or("the file is too short")?;
                let len = usize::try_from(u32::from_be_bytes(*len))?;
                let (tx, rx) = rest.split_at_checked(len).ok_or("the file is too short")?;
                Ok((tx.to_vec(), rx.to_vec()))
            }
        }
    }
}

// The process that is killed, and the one that goes on -------------------------------------------

/// One side of the call, with the keys from standard input: its own, then the phone's.
fn node(store: &str, address: &str, restore: bool) -> Result<()> {
    let mut keys = [[0; 30]; 2];
    for key in &mut keys {
        std::io::stdin().read_exact(key)?;
    }
    let mut tx: Outbound = Outbound::new(&MasterKey::new(SUITE, &keys[0])?, Policy::SECURE)?;
    let mut rx: Inbound = Inbound::new(&MasterKey::new(SUITE, &keys[1])?, Policy::SECURE)?;
    let mut store = Store::open(store)?;
    let mut next = FIRST_INDEX;
    if restore {
        let (sender, receiver) = store.load()?;
        let streams = tx.restore(&sender)? + rx.restore(&receiver)?;
        let highest = tx.streams().filter_map(|stream| stream.rtp_index).max();
        next = highest.ok_or("the sender had sent nothing")? + 1 + LEFT_OUT;
        println!("{streams} streams, rollover counter {}", rx.roc(PHONE).unwrap_or_default());
    }
    let socket = UdpSocket::bind(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    println!("port {}", socket.local_addr()?.port());

    let mut buffer = [0; 2048];
    let mut heard = 0_u64;
    let mut refused: Option<(String, u64)> = None;
    loop {
        let (len, from) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            // The phone is gone.
            Err(_) => return Ok(()),
        };
        if len == 0 {
            // A hang-up, as it were; then it is time to say what was refused.
            if let Some((why, times)) = refused {
                println!("refused {times} packet(s), the last because: {why}");
            }
            return Ok(());
        }
        let len = match rx.unprotect_rtp(&mut buffer[..len]) {
            Ok(len) => len,
            Err(why) => {
                let times = refused.map_or(0, |(_, times)| times) + 1;
                refused = Some((why.to_string(), times));
                continue;
            }
        };
        let sequence_number = u16::try_from(next & 0xffff)?;
        buffer[2..4].copy_from_slice(&sequence_number.to_be_bytes());
        buffer[8..12].copy_from_slice(&SERVER.to_be_bytes());
        let len = tx.protect_rtp(&mut buffer, len)?;
        socket.send_to(&buffer[..len], from)?;
        (next, heard) = (next + 1, heard + 1);
        if heard.is_multiple_of(SAVE_EVERY) {
            let mut states = [vec![0; tx.exported_len()], vec![0; rx.exported_len()]];
            tx.export(&mut states[0])?;
            rx.export(&mut states[1])?;
            store.save(&states[0], &states[1])?;
        }
    }
}

// The phone, and who kills and starts ------------------------------------------------------------

/// A child process that is ended with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs Redis on a socket until standard input ends, which it does with whoever holds the other end,
/// however that ends.
fn keep_redis(socket: &Path) -> Result<()> {
    let started = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no"])
        .arg("--unixsocket")
        .arg(socket)
        .current_dir(socket.parent().ok_or("a socket is in a folder")?)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    let server = match started {
        Ok(child) => Running(child),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("none");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    println!("started");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    drop(server);
    Ok(())
}

/// Redis with what ends it.
struct Redis {
    keeper: Child,
    url: String,
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Redis on a socket in `dir`, if there is a Redis.
fn start_redis(dir: &Path) -> Result<Option<Redis>> {
    let socket = dir.join("redis.sock");
    let keeper = Command::new(std::env::current_exe()?)
        .arg("redis")
        .arg(&socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut redis = Redis { keeper, url: format!("redis+unix://{}", socket.display()) };
    let says = redis.keeper.stdout.take().ok_or("the child has a standard output")?;
    if line(&mut BufReader::new(says))? == "none" {
        return Ok(None);
    }
    let start = Instant::now();
    loop {
        match Store::open(&redis.url) {
            Ok(_) => return Ok(Some(redis)),
            Err(why) if start.elapsed() > 4 * PATIENCE => return Err(why),
            Err(_) => sleep(Duration::from_millis(20)),
        }
    }
}

/// Starts a node; what it says comes line by line.
fn start(
    store: &str,
    address: &str,
    state: &str,
    keys: [&[u8; 30]; 2],
) -> Result<(Running, BufReader<ChildStdout>)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["node", store, address, state])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("the child has a standard input")?;
    keys.iter().try_for_each(|key| stdin.write_all(*key))?;
    let stdout = child.stdout.take().ok_or("the child has a standard output")?;
    Ok((Running(child), BufReader::new(stdout)))
}

fn line(from: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    if line.is_empty() {
        return Err("the process ended without a word".into());
    }
    Ok(line.trim_end().to_owned())
}

fn port(from: &mut impl BufRead) -> Result<u16> {
    let line = line(from)?;
    Ok(line.strip_prefix("port ").ok_or("the process did not say its port")?.parse()?)
}

struct Phone {
    socket: UdpSocket,
    tx: Outbound,
    rx: Inbound,
    sent: u64,
    echoed: u64,
    refused: Vec<UnprotectError>,
}

impl Phone {
    /// Sends a packet of 20 ms, and returns it as it went out.
    fn speak(&mut self, to: SocketAddr) -> Result<Vec<u8>> {
        let sequence_number = u16::try_from((FIRST_INDEX + self.sent) & 0xffff)?;
        let mut packet = vec![0x80, 0];
        packet.extend(sequence_number.to_be_bytes());
        packet.extend((u32::try_from(self.sent)? * 160).to_be_bytes());
        packet.extend(PHONE.to_be_bytes());
        packet.resize(12 + 160 + self.tx.rtp_overhead(), 0x55);
        self.tx.protect_rtp(&mut packet, 12 + 160)?;
        self.send(&packet, to)?;
        self.sent += 1;
        Ok(packet)
    }

    fn send(&self, packet: &[u8], to: SocketAddr) -> Result<()> {
        match self.socket.send_to(packet, to) {
            Ok(_) => Ok(()),
            // Nobody there just now; the error is that of an earlier packet.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn listen(&mut self) -> Result<()> {
        let mut buffer = [0; 2048];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(len) => match self.rx.unprotect_rtp(&mut buffer[..len]) {
                    Ok(_) => self.echoed += 1,
                    Err(why) => self.refused.push(why),
                },
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn play(with_redis: bool, with_state: bool) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let redis = if with_redis { start_redis(dir.path())? } else { None };
    let store = match &redis {
        Some(redis) => {
            println!("state goes through Redis every {SAVE_EVERY} packets");
            redis.url.clone()
        }
        None => {
            let why = if with_redis { " (there is no redis-server)" } else { "" };
            println!("state goes through a file every {SAVE_EVERY} packets{why}");
            dir.path().join("state").display().to_string()
        }
    };
    let mut keys = [[0; 30]; 2];
    for key in &mut keys {
        getrandom::fill(key).map_err(|error| error.to_string())?;
    }
    let [server_key, phone_key] = &keys;

    let (mut a, mut a_says) = start(&store, "127.0.0.1:0", "new", [server_key, phone_key])?;
    let server = SocketAddr::from(([127, 0, 0, 1], port(&mut a_says)?));
    println!("process a, {}: answers on {server}", a.0.id());
    let mut phone = Phone {
        socket: UdpSocket::bind("127.0.0.1:0")?,
        tx: Outbound::new(&MasterKey::new(SUITE, phone_key)?, Policy::SECURE)?,
        rx: Inbound::new(&MasterKey::new(SUITE, server_key)?, Policy::SECURE)?,
        sent: 0,
        echoed: 0,
        refused: Vec::new(),
    };
    phone.socket.set_nonblocking(true)?;

    let mut b = None;
    let mut old = Vec::new();
    let mut before = 0;
    while phone.sent < PACKETS {
        let packet = phone.speak(server)?;
        if phone.sent == 30 {
            old = packet;
        }
        sleep(Duration::from_millis(20));
        phone.listen()?;
        if phone.sent == KILLED_AFTER {
            a.0.kill()?;
            a.0.wait()?;
            before = phone.echoed;
            println!("packet {KILLED_AFTER}: a is killed; {before} packets were echoed so far");
            let state = if with_state { "restore" } else { "new" };
            b = Some(start(&store, &server.to_string(), state, [server_key, phone_key])?);
        }
    }
    let (b, mut b_says) = b.ok_or("a was killed")?;
    if with_state {
        println!("process b, {}: restores {}", b.0.id(), line(&mut b_says)?);
    } else {
        println!("process b, {}: begins anew", b.0.id());
    }
    if port(&mut b_says)? != server.port() {
        return Err("b answers elsewhere".into());
    }
    // Somebody sends a packet of the time of a once more.
    phone.send(&old, server)?;
    phone.send(&[], server)?;
    let refused = line(&mut b_says)?;
    println!("  it {refused}");
    drop(b);
    phone.listen()?;

    println!("the phone sent {} packets and heard {} of them", phone.sent, phone.echoed);
    println!("  from b: {}", phone.echoed - before);
    println!("  refused: {}", phone.refused.len());
    for why in &phone.refused {
        println!("    {why}");
    }
    println!("  the server's rollover counter is {}", phone.rx.roc(SERVER).unwrap_or_default());
    let went_on = phone.echoed > before && phone.rx.roc(SERVER) == Some(1);
    let replay_refused = refused.starts_with("refused 1 ") && refused.ends_with("came in before");
    let good = phone.refused.is_empty() && went_on && replay_refused;
    match (with_state, good) {
        (true, true) => Ok(()),
        (true, false) => Err("the call did not go on".into()),
        (false, _) => {
            println!(
                "without the state b takes every packet for one of the first round, lets the old one \
                 in again, and answers it under an index that a has used"
            );
            Ok(())
        }
    }
}
