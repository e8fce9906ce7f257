//! Captures as frames: pcap and pcapng, read as a stream in constant memory. A capture that breaks
//! off is read up to there, and says where that is.
//!
//! Read first: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng §4.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use crate::failure::Failure;
use crate::input::plainly;

/// Room for some hundred packets; grows when a block needs more.
const BUFFER: usize = 256 << 10;
/// The longest record that is taken for real, in bytes. Capture programs stop at 256 KiB a packet.
const MAX_RECORD: usize = 16 << 20;

/// How a pcapng capture starts, in either byte order (pcapng §4.1).
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Bytes of a pcapng block without a body: its type, and its length twice (pcapng §3.1).
const LEAST_BLOCK: u32 = 12;

/// One captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Number in the capture, from 1: what packet analysers show as the frame number.
    pub number: u64,
    /// Capture time in nanoseconds since 1970, 0 where the format has none.
    pub time: u64,
    /// What the bytes start with.
    pub link: Linktype,
    /// The captured bytes.
    pub data: &'a [u8],
    /// Whether the frame was longer on the wire than what was captured of it.
    pub cut: bool,
}

/// Where a capture stops making sense; everything before it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Break {
    /// Packets read up to there.
    pub packets: u64,
    /// Where the broken record starts, in bytes from the beginning of the file.
    pub offset: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { packets, offset, what } = self;
        write!(f, "breaks off after packet {packets}, at byte {offset}: {what}")
    }
}

/// Whether a file that starts with these bytes is a capture, by its magic number.
pub fn is_capture(start: &[u8]) -> bool {
    const MAGIC: [[u8; 4]; 6] = [
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0x34, 0xcd, 0xb2, 0xa1],
        SECTION_HEADER,
    ];
    start.first_chunk().is_some_and(|magic| MAGIC.contains(magic))
}

/// Hands every frame to `visit`, in order, together with how many bytes of the capture were
/// consumed before it. Returns where the capture broke off, if it did.
///
/// # Errors
/// An input that is no capture, under the name given, and whatever `visit` returns.
pub fn read(
    name: &str,
    input: impl Read + Send,
    mut visit: impl FnMut(Frame<'_>, u64) -> Result<(), Failure>,
) -> Result<Option<Break>, Failure> {
    let last_error = Arc::default();
    let input = KeepError { input, last: Arc::clone(&last_error) };
    let said = || last_error.lock().ok().and_then(|mut last: LastError<'_>| last.take());
    let mut reader = create_reader(BUFFER, input).map_err(|error| {
        let what = match error {
            PcapError::Eof => "is empty; a pcap or pcapng capture is needed".to_owned(),
            PcapError::ReadError => said().unwrap_or_default(),
            _ => {
                "byte 0: is neither pcap nor pcapng, or not even its header is complete".to_owned()
            }
        };
        Failure::input(name, what)
    })?;
    let has_blocks = reader.data().starts_with(&SECTION_HEADER);
    let mut format = Format::default();
    let mut packets = 0;
    let mut buffer = BUFFER;
    loop {
        let offset = u64::try_from(reader.consumed()).unwrap_or(u64::MAX);
        let broken = |what: String| Ok(Some(Break { packets, offset, what }));
        // Before it is parsed: some blocks' lengths are taken as they are (pcap-parser 0.17).
        if let Some(len) = has_blocks.then(|| too_short(reader.data())).flatten() {
            return broken(format!(
                "the block there says that it is {len} bytes long; the shortest has {LEAST_BLOCK}"
            ));
        }
        let (consumed, block) = match reader.next() {
            Ok(next) => next,
            Err(PcapError::Eof) => return Ok(None),
            Err(PcapError::Incomplete(_)) => {
                if reader.refill().is_err() {
                    return broken(said().unwrap_or_default());
                }
                continue;
            }
            Err(PcapError::BufferTooSmall) => {
                if buffer >= MAX_RECORD {
                    return broken(format!(
                        "the record there claims more than {} MiB, which no packet has",
                        MAX_RECORD >> 20
                    ));
                }
                buffer *= 2;
                reader.grow(buffer);
                if reader.refill().is_err() {
                    return broken(said().unwrap_or_default());
                }
                continue;
            }
            Err(PcapError::UnexpectedEof) => {
                let left = reader.data().len();
                return broken(format!("the file ends {left} bytes into the record"));
            }
            Err(_) => return broken("the record there is malformed".to_owned()),
        };
        match format.frame(&block) {
            Ok(Some(frame)) => {
                packets += 1;
                visit(Frame { number: packets, ..frame }, offset)?;
            }
            Ok(None) => {}
            Err(what) => return broken(what),
        }
        reader.consume(consumed);
    }
}

/// The length of the block that begins here, if no block is as short. What is too short in one byte
/// order is more than [`MAX_RECORD`] in the other, or zero.
fn too_short(block: &[u8]) -> Option<u32> {
    let length = *block.get(4..)?.first_chunk()?;
    let shortest = u32::from_le_bytes(length).min(u32::from_be_bytes(length));
    (shortest < LEAST_BLOCK).then_some(shortest)
}

/// What the headers said that later records rely on.
#[derive(Default)]
struct Format {
    link: Linktype,
    nanoseconds: bool,
    interfaces: Vec<Interface>,
}

struct Interface {
    link: Linktype,
    resolution: u8,
    offset: i64,
}

impl Format {
    fn frame<'a>(&mut self, block: &PcapBlockOwned<'a>) -> Result<Option<Frame<'a>>, String> {
        let block = match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.link = header.network;
                self.nanoseconds = header.is_nanosecond_precision();
                return Ok(None);
            }
            PcapBlockOwned::Legacy(record) => {
                let fraction = u64::from(record.ts_usec) * if self.nanoseconds { 1 } else { 1000 };
                return Ok(Some(Frame {
                    number: 0,
                    time: u64::from(record.ts_sec) * 1_000_000_000 + fraction,
                    link: self.link,
                    data: record.data,
                    cut: record.origlen > record.caplen,
                }));
            }
            PcapBlockOwned::NG(block) => block,
        };
        match block {
            // Interfaces are numbered anew in every section (pcapng §4.1).
            Block::SectionHeader(_) => self.interfaces.clear(),
            Block::InterfaceDescription(interface) => self.interfaces.push(Interface {
                link: interface.linktype,
                resolution: interface.if_tsresol,
                offset: interface.if_tsoffset,
            }),
            Block::EnhancedPacket(packet) => {
                let at = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                let Some(interface) = self.interfaces.get(at) else {
                    return Err(format!(
                        "the packet there is from interface {at}, and the capture describes {}",
                        self.interfaces.len()
                    ));
                };
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                return Ok(Some(Frame {
                    number: 0,
                    time: interface.nanoseconds(ticks),
                    link: interface.link,
                    data: unpadded(packet.data, packet.caplen),
                    cut: packet.truncated(),
                }));
            }
            Block::SimplePacket(packet) => {
                let Some(interface) = self.interfaces.first() else {
                    return Err("the packet there has no interface description before it".into());
                };
                let data = unpadded(packet.data, packet.origlen);
                return Ok(Some(Frame {
                    number: 0,
                    time: 0,
                    link: interface.link,
                    data,
                    cut: u32::try_from(data.len()).is_ok_and(|len| len < packet.origlen),
                }));
            }
            _ => {}
        }
        Ok(None)
    }
}

impl Interface {
    /// Ticks of `if_tsresol` (10^-n, or 2^-n with the high bit set; pcapng §4.2) to nanoseconds.
    fn nanoseconds(&self, ticks: u64) -> u64 {
        let exponent = u32::from(self.resolution & 0x7f);
        let base: u128 = if self.resolution & 0x80 == 0 { 10 } else { 2 };
        let per_second = base.checked_pow(exponent).unwrap_or(u128::MAX);
        let nanoseconds = u128::from(ticks)
            .checked_mul(1_000_000_000)
            .map_or(0, |scaled| scaled.checked_div(per_second).unwrap_or(0));
        let offset = i128::from(self.offset) * 1_000_000_000;
        let shifted = i128::try_from(nanoseconds).unwrap_or(i128::MAX).saturating_add(offset);
        u64::try_from(shifted.max(0)).unwrap_or(u64::MAX)
    }
}

fn unpadded(data: &[u8], len: u32) -> &[u8] {
    usize::try_from(len).ok().and_then(|len| data.get(..len)).unwrap_or(data)
}

type LastError<'a> = std::sync::MutexGuard<'a, Option<String>>;

/// `pcap_parser` reports that a read failed, not why; this keeps the why.
struct KeepError<R> {
    input: R,
    last: Arc<Mutex<Option<String>>>,
}

impl<R: Read> Read for KeepError<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    if let Ok(mut last) = self.last.lock() {
                        *last = Some(plainly(&error));
                    }
                    return Err(error);
                }
                read => return read,
            }
        }
    }
}
