//! The state of a context's streams in bytes, so that a call can move to another process or machine
//! and keep its rollover counters. Keys are not in it.
//!
//! Version 1, numbers big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `SRTS` |
//! | 1 | version, 1 |
//! | 1 | direction: 0 outbound, 1 inbound |
//! | 2 | words of 64 packets in an RTP replay window |
//! | 2 | number of master keys |
//! | 4 | number of streams |
//! | | for each key: |
//! | 8 | fingerprint, which tells keys apart and nothing else about them |
//! | 8, 8 | SRTP packets, SRTCP packets under the key |
//! | | for each stream: |
//! | 4 | SSRC |
//! | 1 | bits: 1 RTP has begun, 2 RTCP has begun, 4 the rollover counter was set |
//! | 6 | highest RTP packet index; before the first packet, `2^16 * ROC` |
//! | 4 | highest SRTCP index |
//! | 8, 8 | SRTCP replay window; bit *i* of word *w*: the index `64 w + i` below the highest was seen |
//! | 2 | words of the RTP replay window that follow; those left out are zero |
//! | 8 each | RTP replay window, laid out as the other |
//!
//! Where the window of the restoring context is larger, what the smaller one did not remember counts
//! as seen. Keep exported state as safe from alteration as the signalling: whoever can change it can
//! stop a call, or have packets accepted or indices used a second time.

use core::fmt;

use crate::index::{MAX_RTCP_INDEX, MAX_RTP_INDEX};
use crate::kdf::fingerprint;
use crate::ring::KeyRing;
use crate::stream::{Position, RTCP_WINDOW, StreamMut, StreamRef};
use crate::table::StreamTable;

const MAGIC: [u8; 4] = *b"SRTS";
const VERSION: u8 = 1;
const HEAD_LEN: usize = 14;
const KEY_LEN: usize = 24;
/// A stream without its RTP window.
const STREAM_LEN: usize = 33;

const RTP_STARTED: u8 = 1;
const RTCP_STARTED: u8 = 2;
const ROC_SET: u8 = 4;

/// Why state was not written, or not taken over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StateError {
    /// The output has no room for the state.
    NoRoom {
        /// Bytes in the output.
        available: usize,
        /// Bytes the state takes.
        needed: usize,
    },
    /// The bytes do not begin as exported state does.
    NotState,
    /// The state is of a version this one does not know.
    Version {
        /// The version found.
        version: u8,
    },
    /// The state of a sender for a receiver, or the other way round.
    Direction,
    /// The bytes end before the state does, or go on behind it.
    Length {
        /// Bytes there are.
        len: usize,
        /// Bytes there would have to be, as far as can be told.
        needed: usize,
    },
    /// A field says what cannot be.
    Malformed {
        /// Where the stream or key begins whose field it is, in bytes.
        at: usize,
    },
    /// The state is of other master keys than the context's.
    OtherKeys,
    /// The context has not enough places for the streams.
    TableFull {
        /// How many SSRCs the table holds.
        capacity: usize,
    },
    /// A stream of the context is ahead of what was to be restored.
    GoesBack {
        /// The synchronisation source.
        ssrc: u32,
        /// The index the context has: RTP's, or SRTCP's if RTP's does not go back.
        present: u64,
        /// The index in the state.
        restored: u64,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoRoom { available, needed } => {
                write!(f, "the state takes {needed} bytes; the output has {available}")
            }
            Self::NotState => f.write_str("the bytes are no exported state"),
            Self::Version { version } => {
                write!(f, "the state is of version {version}; this is version {VERSION}")
            }
            Self::Direction => {
                f.write_str("a sender's state cannot be a receiver's, nor the other way round")
            }
            Self::Length { len, needed } => {
                write!(f, "the state is {len} bytes; its fields take {needed}")
            }
            Self::Malformed { at } => write!(f, "the state's field at byte {at} cannot be so"),
            Self::OtherKeys => f.write_str("the state is of other master keys than the context's"),
            Self::TableFull { capacity } => {
                write!(f, "the {capacity} places for SSRCs are not enough for the state's streams")
            }
            Self::GoesBack { ssrc, present, restored } => {
                write!(f, "SSRC {ssrc:#010x} is at index {present} and would go back to {restored}")
            }
        }
    }
}

impl core::error::Error for StateError {}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Outbound = 0,
    Inbound = 1,
}

/// Which way streams may go that are there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Going {
    Forward,
    AnyWay,
}

// Writing ------------------------------------------------------------------------------------

/// Bytes out, one piece after the other; what does not fit is left out and counted all the same.
struct Writer<'o> {
    output: &'o mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if let Some(place) = self.output.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.len += bytes.len();
    }
}

fn streams<S: StreamTable>(table: &S) -> impl Iterator<Item = StreamRef<'_>> {
    (0..table.slots()).filter_map(|slot| table.get(slot))
}

/// Words of the RTP window up to the oldest packet seen.
fn used_words(stream: &StreamRef<'_>) -> u64 {
    let words = stream.window_len() / 64;
    (0..words).rev().find(|&word| rtp_word(stream, word) != 0).map_or(0, |word| word + 1)
}

fn gather(saw: impl Fn(u64) -> bool, word: u64) -> u64 {
    (0..64).filter(|bit| saw(64 * word + bit)).fold(0, |bits, bit| bits | 1 << bit)
}

fn rtp_word(stream: &StreamRef<'_>, word: u64) -> u64 {
    gather(|back| stream.saw_rtp(back), word)
}

pub(super) fn exported_len<S: StreamTable, const KEYS: usize>(
    ring: &KeyRing<KEYS>,
    table: &S,
) -> usize {
    let window = |stream: StreamRef<'_>| usize::try_from(8 * used_words(&stream)).unwrap_or(0);
    let streams: usize = streams(table).map(|stream| STREAM_LEN + window(stream)).sum();
    HEAD_LEN + KEY_LEN * ring.iter().count() + streams
}

pub(super) fn export<S: StreamTable, const KEYS: usize>(
    direction: Direction,
    ring: &KeyRing<KEYS>,
    table: &S,
    output: &mut [u8],
) -> Result<usize, StateError> {
    let (available, needed) = (output.len(), exported_len(ring, table));
    if available < needed {
        return Err(StateError::NoRoom { available, needed });
    }
    let mut to = Writer { output, len: 0 };
    to.put(&MAGIC);
    to.put(&[VERSION, direction as u8]);
    let words = streams(table).next().map_or(0, |stream| stream.window_len() / 64);
    to.put(&u16::try_from(words).unwrap_or(u16::MAX).to_be_bytes());
    to.put(&u16::try_from(ring.iter().count()).unwrap_or(u16::MAX).to_be_bytes());
    to.put(&u32::try_from(streams(table).count()).unwrap_or(u32::MAX).to_be_bytes());
    for (_, key) in ring.iter() {
        let (srtp, srtcp) = key.packets();
        to.put(&fingerprint(key.master()));
        to.put(&srtp.to_be_bytes());
        to.put(&srtcp.to_be_bytes());
    }
    for stream in streams(table) {
        let Position { rtp_index, rtcp_index, rtp_started, rtcp_started, roc_set } =
            stream.stream.position();
        let bits = [(rtp_started, RTP_STARTED), (rtcp_started, RTCP_STARTED), (roc_set, ROC_SET)];
        let bits = bits.iter().filter(|(set, _)| *set).fold(0, |bits, (_, bit)| bits | bit);
        to.put(&stream.stream.ssrc().to_be_bytes());
        to.put(&[bits]);
        let [_, _, index @ ..] = rtp_index.to_be_bytes();
        to.put(&index);
        to.put(&rtcp_index.to_be_bytes());
        for word in 0..RTCP_WINDOW as u64 / 64 {
            to.put(&gather(|back| stream.stream.saw_rtcp(back), word).to_be_bytes());
        }
        let words = used_words(&stream);
        to.put(&u16::try_from(words).unwrap_or(u16::MAX).to_be_bytes());
        (0..words).for_each(|word| to.put(&rtp_word(&stream, word).to_be_bytes()));
    }
    Ok(to.len)
}

// Reading ------------------------------------------------------------------------------------

/// Bytes in, one piece after the other.
struct Reader<'s> {
    state: &'s [u8],
    at: usize,
}

impl<'s> Reader<'s> {
    fn take(&mut self, len: usize) -> Result<&'s [u8], StateError> {
        let end = self.at.saturating_add(len);
        let piece = self.state.get(self.at..end);
        self.at = end;
        piece.ok_or(StateError::Length { len: self.state.len(), needed: end })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let piece = self.take(N)?;
        piece.first_chunk::<N>().copied().ok_or(StateError::Malformed { at: self.at })
    }

    fn u16(&mut self) -> Result<u16, StateError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, StateError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, StateError> {
        self.array().map(u64::from_be_bytes)
    }
}

/// The numbers at the front.
struct Head {
    /// Packets the exporting context's RTP windows held.
    window: u64,
    keys: u16,
    streams: u32,
}

/// One stream as it stands in the bytes.
struct Record<'s> {
    ssrc: u32,
    position: Position,
    rtcp_window: [u64; RTCP_WINDOW / 64],
    /// Words of the RTP window, eight bytes each.
    window: &'s [[u8; 8]],
}

fn read_head(from: &mut Reader<'_>, direction: Direction) -> Result<Head, StateError> {
    if !from.state.starts_with(&MAGIC) {
        return Err(StateError::NotState);
    }
    from.take(MAGIC.len())?;
    let [version, found] = from.array()?;
    if version != VERSION {
        return Err(StateError::Version { version });
    }
    if found > Direction::Inbound as u8 {
        return Err(StateError::Malformed { at: MAGIC.len() + 1 });
    }
    if found != direction as u8 {
        return Err(StateError::Direction);
    }
    let window = 64 * u64::from(from.u16()?);
    Ok(Head { window, keys: from.u16()?, streams: from.u32()? })
}

fn read_record<'s>(from: &mut Reader<'s>, head: &Head) -> Result<Record<'s>, StateError> {
    let at = from.at;
    let ssrc = from.u32()?;
    let [bits] = from.array()?;
    let index: [u8; 6] = from.array()?;
    let rtp_index = index.iter().fold(0, |index, byte| index << 8 | u64::from(*byte));
    let rtcp_index = from.u32()?;
    let rtcp_window = [from.u64()?, from.u64()?];
    let words = from.u16()?;
    let (window, _) = from.take(8 * usize::from(words))?.as_chunks::<8>();
    let position = Position {
        rtp_index,
        rtcp_index,
        rtp_started: bits & RTP_STARTED != 0,
        rtcp_started: bits & RTCP_STARTED != 0,
        roc_set: bits & ROC_SET != 0,
    };
    let record = Record { ssrc, position, rtcp_window, window };
    let possible = bits & !(RTP_STARTED | RTCP_STARTED | ROC_SET) == 0
        && rtp_index <= MAX_RTP_INDEX
        && rtcp_index <= MAX_RTCP_INDEX
        && 64 * u64::from(words) <= head.window
        && (position.rtp_started || (rtp_index & 0xffff == 0 && words == 0))
        && (position.rtcp_started || (rtcp_index == 0 && rtcp_window == [0; 2]))
        && record.rtp_seen().all(|back| back <= rtp_index)
        && record.rtcp_seen().all(|back| back <= rtcp_index.into());
    if possible { Ok(record) } else { Err(StateError::Malformed { at }) }
}

/// How far behind the highest the packets are whose bits are set.
fn seen(words: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
    words.zip(0_u64..).flat_map(|(word, at)| {
        (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| 64 * at + bit)
    })
}

impl Record<'_> {
    fn rtp_seen(&self) -> impl Iterator<Item = u64> {
        seen(self.window.iter().map(|word| u64::from_be_bytes(*word)))
    }

    fn rtcp_seen(&self) -> impl Iterator<Item = u64> {
        seen(self.rtcp_window.into_iter())
    }

    /// What the stream that is there already has against going where this one is.
    fn goes_back(&self, present: &Position) -> Result<(), StateError> {
        let back = |began: bool, present: u64, restored: Option<u64>| {
            // Not to have begun is behind index 0.
            if began && restored.is_none_or(|restored| restored < present) {
                let restored = restored.unwrap_or(0);
                return Err(StateError::GoesBack { ssrc: self.ssrc, present, restored });
            }
            Ok(())
        };
        let Position { rtp_index, rtcp_index, rtp_started, rtcp_started, .. } = self.position;
        back(present.rtp_started, present.rtp_index, rtp_started.then_some(rtp_index))?;
        let rtcp = rtcp_started.then_some(rtcp_index.into());
        back(present.rtcp_started, present.rtcp_index.into(), rtcp)
    }

    /// Notes in a stream that is where this record says what was seen there.
    fn mark(&self, stream: &mut StreamMut<'_>, exported_window: u64, own_window: u64) {
        let highest = self.position.rtp_index;
        // What the exporting context no longer remembered.
        let forgotten = if self.position.rtp_started { exported_window..own_window } else { 0..0 };
        for index in self.rtp_seen().chain(forgotten).filter_map(|back| highest.checked_sub(back)) {
            stream.mark_rtp(index);
        }
        let highest = u64::from(self.position.rtcp_index);
        for index in self.rtcp_seen().filter_map(|back| highest.checked_sub(back)) {
            stream.mark_rtcp(index);
        }
    }
}

pub(super) fn restore<S: StreamTable, const KEYS: usize>(
    direction: Direction,
    ring: &mut KeyRing<KEYS>,
    table: &mut S,
    state: &[u8],
    going: Going,
) -> Result<usize, StateError> {
    check(direction, ring, table, state, going)?;

    let mut from = Reader { state, at: 0 };
    let head = read_head(&mut from, direction)?;
    for _ in 0..head.keys {
        let (known, srtp, srtcp) = (from.array::<8>()?, from.u64()?, from.u64()?);
        for key in ring.iter_mut() {
            if fingerprint(key.master()) == known {
                key.raise_packets(srtp, srtcp);
            }
        }
    }
    let mut restored = 0;
    for _ in 0..head.streams {
        let record = read_record(&mut from, &head)?;
        let slot = table.find(record.ssrc).or_else(|| table.admit(record.ssrc));
        let Some(slot) = slot else {
            return Err(StateError::TableFull { capacity: table.capacity() });
        };
        apply(table, slot, &record, &head, going);
        restored += 1;
    }
    Ok(restored)
}

/// Puts a stream where the record says. Going forward, it forgets nothing it has seen.
fn apply<S: StreamTable>(
    table: &mut S,
    slot: usize,
    record: &Record<'_>,
    head: &Head,
    going: Going,
) {
    let Some(window) = table.get(slot).map(|stream| stream.window_len()) else {
        return;
    };
    let own = table.get(slot).map(|stream| stream.stream.position());
    let (Some(own), Some(mut stream)) = (own, table.get_mut(slot)) else {
        return;
    };
    match going {
        // A record that occurs twice counts where it goes furthest.
        Going::Forward if record.goes_back(&own).is_err() => return,
        Going::Forward => stream.advance_to(record.position),
        Going::AnyWay => stream.go_to(record.position),
    }
    record.mark(&mut stream, head.window, window);
}

/// Everything that can be said against the state, before anything changes.
fn check<S: StreamTable, const KEYS: usize>(
    direction: Direction,
    ring: &KeyRing<KEYS>,
    table: &S,
    state: &[u8],
    going: Going,
) -> Result<(), StateError> {
    let mut from = Reader { state, at: 0 };
    let head = read_head(&mut from, direction)?;
    let mut key_is_known = head.keys == 0;
    for _ in 0..head.keys {
        let (known, _, _) = (from.array::<8>()?, from.u64()?, from.u64()?);
        key_is_known |= ring.iter().any(|(_, key)| fingerprint(key.master()) == known);
    }
    if !key_is_known {
        return Err(StateError::OtherKeys);
    }
    let mut new = 0;
    for _ in 0..head.streams {
        let record = read_record(&mut from, &head)?;
        match table.find(record.ssrc).and_then(|slot| table.get(slot)) {
            None => new += 1,
            Some(_) if going == Going::AnyWay => {}
            Some(stream) => record.goes_back(&stream.stream.position())?,
        }
    }
    if from.at != state.len() {
        return Err(StateError::Length { len: state.len(), needed: from.at });
    }
    if streams(table).count() + new > table.capacity() {
        return Err(StateError::TableFull { capacity: table.capacity() });
    }
    Ok(())
}
