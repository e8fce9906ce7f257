//! Where decrypted packets go: one capture for each direction, one WAV file for each audio stream.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use srtp_core::wire::RtpHeader;

use super::direction::Direction;
use crate::failure::Failure;
use crate::input::plainly;
use crate::net::Datagram;
use crate::output::audio::AudioWriter;
use crate::output::files::{LazyFile, Outbox};
use crate::output::pcap::PcapWriter;
use crate::rtp::Kind;

/// Addresses, kind and SSRC: one stream.
type Id = (SocketAddr, SocketAddr, Kind, u32);

/// What is open for one stream.
struct Open {
    /// Base name of its files.
    name: String,
    /// Its direction's capture.
    capture: usize,
    /// Its audio, once there was a packet of a format that can be written.
    audio: Option<(AudioWriter<LazyFile>, PathBuf)>,
    /// Payload types that were left out, with their encodings.
    left_out: BTreeMap<u8, String>,
}

/// Writes what is decrypted.
pub struct Sink {
    outbox: Outbox,
    wav: bool,
    captures: Vec<(PcapWriter<LazyFile>, PathBuf)>,
    named: HashMap<String, usize>,
    streams: HashMap<Id, Open>,
}

/// What was written of one stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Written {
    /// The capture its packets are in, and its audio.
    pub files: Vec<PathBuf>,
    /// Payload types of which no audio was written, with their encodings.
    pub left_out: BTreeMap<u8, String>,
}

impl Sink {
    /// Writes into a directory, audio too if `wav`.
    ///
    /// # Errors
    /// A directory that cannot be made.
    pub fn new(dir: &Path, wav: bool) -> Result<Self, Failure> {
        Ok(Self {
            outbox: Outbox::new(dir)?,
            wav,
            captures: Vec::new(),
            named: HashMap::new(),
            streams: HashMap::new(),
        })
    }

    /// Writes one decrypted packet.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn packet(
        &mut self,
        direction: &Direction,
        id: Id,
        datagram: &Datagram<'_>,
        plain: &[u8],
    ) -> Result<(), Failure> {
        if !self.streams.contains_key(&id) {
            let open = self.open(name(direction, datagram))?;
            self.streams.insert(id, open);
        }
        let Self { outbox, wav, captures, streams, .. } = self;
        let Some(open) = streams.get_mut(&id) else {
            return Ok(());
        };
        if let Some((capture, path)) = captures.get_mut(open.capture) {
            let (time, src, dst) = (datagram.time, datagram.src, datagram.dst);
            capture.datagram(time, src, dst, plain).map_err(failed(path))?;
        }
        if *wav && id.2 == Kind::Rtp {
            open.sound(outbox, direction, id.3, datagram.time, plain)?;
        }
        Ok(())
    }

    fn open(&mut self, name: String) -> Result<Open, Failure> {
        let capture = match self.named.get(&name) {
            Some(&capture) => capture,
            None => {
                let (file, path) = self.outbox.file(&format!("{name}.pcap"))?;
                let capture = PcapWriter::new(file).map_err(failed(&path))?;
                self.captures.push((capture, path));
                self.named.insert(name.clone(), self.captures.len() - 1);
                self.captures.len() - 1
            }
        };
        Ok(Open { name, capture, audio: None, left_out: BTreeMap::new() })
    }

    /// Completes all files and gives them their names; what was written of each stream.
    ///
    /// # Errors
    /// Whatever writing gives; then nothing is left behind.
    pub fn finish(self) -> Result<HashMap<Id, Written>, Failure> {
        let mut written = HashMap::new();
        for (id, Open { capture, audio, left_out, .. }) in self.streams {
            let capture = self.captures.get(capture).map(|(_, path)| path.clone());
            let mut files: Vec<PathBuf> = capture.into_iter().collect();
            if let Some((writer, path)) = audio {
                writer.finish().map_err(failed(&path))?;
                files.push(path);
            }
            written.insert(id, Written { files, left_out });
        }
        for (capture, path) in self.captures {
            capture.finish().map_err(failed(&path))?;
        }
        self.outbox.commit()?;
        Ok(written)
    }
}

impl Open {
    fn sound(
        &mut self,
        outbox: &mut Outbox,
        direction: &Direction,
        ssrc: u32,
        time: u64,
        plain: &[u8],
    ) -> Result<(), Failure> {
        let Ok(header) = RtpHeader::parse(plain) else {
            return Ok(());
        };
        let payload_type = header.payload_type;
        let format = direction.format(payload_type);
        let fits = format
            .filter(|&format| self.audio.as_ref().is_none_or(|(writer, _)| writer.takes(format)));
        let Some(format) = fits else {
            self.left_out.entry(payload_type).or_insert_with(|| {
                let mapped = direction.encodings.get(&payload_type).cloned();
                mapped.or(format.map(|format| format.to_string())).unwrap_or_default()
            });
            return Ok(());
        };
        if self.audio.is_none() {
            let (file, path) = outbox.file(&format!("{}-0x{ssrc:08x}.wav", self.name))?;
            let writer = AudioWriter::new(file, format).map_err(failed(&path))?;
            self.audio = Some((writer, path));
        }
        let Some((writer, path)) = &mut self.audio else {
            return Ok(());
        };
        let payload = plain.get(header.len..).unwrap_or_default();
        let unpadded = payload.len() - padding(plain, payload);
        let payload = payload.get(..unpadded).unwrap_or_default();
        writer.packet(format, header.timestamp, time, payload).map_err(failed(path))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::input(path.display(), plainly(&error))
}

/// Bytes of padding at the end of an RTP payload (RFC 3550 §5.1, P bit).
fn padding(packet: &[u8], payload: &[u8]) -> usize {
    let padded = packet.first().is_some_and(|first| first & 0x20 != 0);
    match payload.last() {
        Some(&count) if padded => usize::from(count).min(payload.len()),
        _ => 0,
    }
}

/// What the files of a direction are called: call, media and both RTP addresses, so that RTCP lands
/// beside its RTP.
fn name(direction: &Direction, datagram: &Datagram<'_>) -> String {
    let (from, to) = match (direction.from, direction.to) {
        (Some(from), Some(to)) => (from, to),
        _ => (datagram.src, datagram.dst),
    };
    let mut name = String::new();
    if direction.call > 0 {
        let _ = write!(name, "call{}-", direction.call);
    }
    name.extend(direction.kind.chars().filter(char::is_ascii_alphanumeric).take(16));
    if direction.media > 0 {
        let _ = write!(name, "{}", direction.media + 1);
    }
    let _ = write!(name, "-{}-to-{}", address(from), address(to));
    name
}

/// An address without the characters that file systems do not like.
fn address(address: SocketAddr) -> String {
    format!("{}-{}", address.ip().to_string().replace([':', '%'], "-"), address.port())
}
