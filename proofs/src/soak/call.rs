//! Both ends of a call and the network between them.

use fastrand::Rng;
use srtp_core::{
    CryptoSuite, Growing, Handover, Inbound, MasterKey, Outbound, Policy, Rekey, UnprotectError,
};
use srtp_proofs::packet::{self, BUFFER_LEN, Rtp, sender_report};

use crate::model::{Model, WINDOW};

type Sender = Outbound<Growing, 1>;
type Receiver = Inbound<Growing, 1>;

/// The longest step of a stream: with a few packets lost behind it still below 2^15.
const LONGEST_SILENCE: u64 = 28_000;
/// Packets between two of them, on average.
const SILENCE_EVERY: u32 = 12;
/// The most packets a late one is late by.
const LATEST: u32 = 8;
/// Packets under the new key until the old one goes, for each stream: more than late ones take.
const GRACE: u32 = 12;
/// Packets of a stream between two changes of key of its call, and between two moves: on average.
const REKEY_EVERY: usize = 300;
const MOVE_EVERY: usize = 300;

/// What happened.
#[derive(Default)]
pub struct Tally {
    pub protected: u64,
    pub reports: u64,
    pub lost: u64,
    pub late: u64,
    pub opened: u64,
    pub too_late: u64,
    pub forged: u64,
    pub replayed: u64,
    pub rekeys: u64,
    pub moves: u64,
}

/// A packet on its way.
struct Late {
    packet: Vec<u8>,
    index: u64,
    /// Which of the call's keys protects it.
    key: u64,
    /// Packets of the stream until it comes in.
    wait: u32,
}

/// One stream: what its sender does next, what is under way, and what the receiver must know.
struct Stream {
    ssrc: u32,
    first: u64,
    index: u64,
    begun: bool,
    late: Vec<Late>,
    /// A packet that came in, for whoever replays it.
    recorded: Vec<u8>,
    model: Model,
    /// What the old key's context knows during its grace: it does not follow the stream any more.
    old: Model,
}

/// A sender, a receiver, and the streams between them.
pub struct Call {
    number: u64,
    suite: CryptoSuite,
    /// How many keys there have been.
    keys: u64,
    sender: Sender,
    receiver: Handover<Growing, 1>,
    streams: Vec<Stream>,
    random: Rng,
}

impl Call {
    pub fn new(number: u64, suite: CryptoSuite, streams: usize) -> Self {
        let mut random = Rng::with_seed(number);
        let key = key(suite, number, 0);
        let table = || Growing::new(streams, WINDOW as usize);
        let sender = Sender::with_streams(&key, Policy::SECURE, table()).expect("a key");
        let receiver = Receiver::with_streams(&key, Policy::SECURE, table()).expect("a key");
        let streams = (0..streams)
            .map(|at| {
                // The first wrap is near.
                let first = random.u64(65_000..65_530);
                Stream {
                    ssrc: (number as u32) << 12 | at as u32,
                    first,
                    index: first,
                    begun: false,
                    late: Vec::with_capacity(LATEST as usize),
                    recorded: Vec::with_capacity(BUFFER_LEN),
                    model: Model::new(),
                    old: Model::new(),
                }
            })
            .collect();
        Self { number, suite, keys: 1, sender, receiver: Handover::new(receiver), streams, random }
    }

    /// One packet of each stream, unless it has gone through so many sequence numbers. Says
    /// whether there is more to do.
    pub fn tick(&mut self, until: u64, tally: &mut Tally) -> bool {
        let mut busy = false;
        for at in 0..self.streams.len() {
            let stream = &self.streams[at];
            if stream.index - stream.first < until {
                busy = true;
                self.packet(at, tally);
            }
            self.late_ones(at, tally);
        }
        // A change of key while the last one's grace runs would end that; real ones are rarer.
        if self.random.usize(0..REKEY_EVERY) == 0 && !self.receiver.in_grace() {
            self.rekey(tally);
        }
        if self.random.usize(0..MOVE_EVERY) == 0 && !self.receiver.in_grace() {
            self.relocate(tally);
        }
        busy
    }

    fn packet(&mut self, at: usize, tally: &mut Tally) {
        let stream = &mut self.streams[at];
        // The packet that ends a silence arrives, as does the first: two silences in a row are
        // more than 2^15 numbers.
        let silence = self.random.u32(0..SILENCE_EVERY) == 0;
        let step = match (stream.begun, silence) {
            (false, _) => 0,
            (true, true) => self.random.u64(2..=LONGEST_SILENCE),
            (true, false) => self.random.u64(1..=3),
        };
        let arrives = !stream.begun || silence;
        stream.begun = true;
        stream.index += step;
        let (ssrc, index) = (stream.ssrc, stream.index);

        let mut buffer = [0; BUFFER_LEN];
        let len = plain(ssrc, index, &mut buffer);
        let len = self.sender.protect_rtp(&mut buffer, len).expect("an index not used before");
        tally.protected += 1;
        let packet = &buffer[..len];

        if self.random.u32(0..8) == 0 {
            self.forge(packet, tally);
        }
        let fate = self.random.u32(0..100);
        if arrives || fate >= 5 {
            self.deliver(at, packet, index, self.keys, tally);
        } else if fate < 2 {
            tally.lost += 1;
        } else {
            tally.late += 1;
            let (key, wait) = (self.keys, self.random.u32(2..=LATEST));
            self.streams[at].late.push(Late { packet: packet.to_vec(), index, key, wait });
        }
        if self.random.u32(0..20) == 0 {
            self.replay(at, tally);
        }
        if self.random.u32(0..50) == 0 {
            self.report(at, tally);
        }
    }

    /// A genuine packet comes in: it opens if it must, to what it was.
    fn deliver(&mut self, at: usize, packet: &[u8], index: u64, key: u64, tally: &mut Tally) {
        let stream = &mut self.streams[at];
        let model = if key == self.keys { &mut stream.model } else { &mut stream.old };
        let mut buffer = [0; BUFFER_LEN];
        buffer[..packet.len()].copy_from_slice(packet);
        let opened = self.receiver.unprotect_rtp(&mut buffer[..packet.len()]);
        if !model.admits(index) {
            assert!(opened.is_err(), "index {index} of {:x} is behind the window", stream.ssrc);
            tally.too_late += 1;
            return;
        }
        let len = opened.unwrap_or_else(|error| {
            panic!("call {}, {}: index {index}: {error}", self.number, self.suite)
        });
        let mut expected = [0; BUFFER_LEN];
        let expected_len = plain(stream.ssrc, index, &mut expected);
        assert!(
            buffer[..len] == expected[..expected_len],
            "index {index} opened to another packet"
        );
        model.note(index);
        stream.recorded.clear();
        stream.recorded.extend(packet);
        tally.opened += 1;
    }

    fn late_ones(&mut self, at: usize, tally: &mut Tally) {
        let mut waiting = std::mem::take(&mut self.streams[at].late);
        waiting.retain_mut(|late| {
            late.wait -= 1;
            if late.wait == 0 {
                self.deliver(at, &late.packet, late.index, late.key, tally);
            }
            late.wait > 0
        });
        self.streams[at].late = waiting;
    }

    /// Somebody without the key sends what looks like a packet of this stream, or of another.
    fn forge(&mut self, packet: &[u8], tally: &mut Tally) {
        let mut forged = packet.to_vec();
        match self.random.u32(0..8) {
            // A new SSRC, every time another.
            0 => forged[8..12].copy_from_slice(&self.random.u32(..).to_be_bytes()),
            // Another sequence number, to lead the receiver's counter astray.
            1 => forged[2..4].copy_from_slice(&(self.random.u16(1..) ^ word(packet)).to_be_bytes()),
            2 => forged.truncate(self.random.usize(0..packet.len())),
            3 => forged[packet.len() - 4..].fill_with(|| self.random.u8(..)),
            _ => {
                let at = self.random.usize(0..forged.len());
                forged[at] ^= 1 << self.random.u32(0..8);
            }
        }
        if forged == packet {
            return;
        }
        let before = forged.clone();
        let opened = self.receiver.unprotect_rtp(&mut forged);
        assert!(opened.is_err(), "call {}, {}: a forgery opened", self.number, self.suite);
        assert!(forged == before, "a refused packet was changed");
        tally.forged += 1;
    }

    /// A packet that came in comes in again.
    fn replay(&mut self, at: usize, tally: &mut Tally) {
        let mut replayed = self.streams[at].recorded.clone();
        if !replayed.is_empty() {
            let opened = self.receiver.unprotect_rtp(&mut replayed);
            assert!(opened.is_err(), "call {}, {}: a replay opened", self.number, self.suite);
            tally.replayed += 1;
        }
    }

    fn report(&mut self, at: usize, tally: &mut Tally) {
        let mut buffer = [0; BUFFER_LEN];
        let len = sender_report(self.streams[at].ssrc, &mut buffer);
        let len = self.sender.protect_rtcp(&mut buffer, len).expect("an index not used before");
        tally.reports += 1;
        let mut forged = buffer;
        forged[self.random.usize(0..len)] ^= 1 << self.random.u32(0..8);
        assert!(self.receiver.unprotect_rtcp(&mut forged[..len]).is_err(), "a forgery opened");
        tally.forged += 1;
        let mut again = buffer;
        self.receiver.unprotect_rtcp(&mut buffer[..len]).expect("a genuine report");
        tally.opened += 1;
        let replayed = self.receiver.unprotect_rtcp(&mut again[..len]);
        assert!(
            matches!(replayed, Err(UnprotectError::Replayed { .. })),
            "a replayed report: {replayed:?}"
        );
        tally.replayed += 1;
    }

    fn rekey(&mut self, tally: &mut Tally) {
        let key = key(self.suite, self.number, self.keys);
        self.keys += 1;
        self.sender.rekey(&key, Rekey::KeepRoc).expect("another key");
        let grace = GRACE * self.streams.len() as u32;
        self.receiver.rekey(&key, Rekey::KeepRoc, grace).expect("another key");
        for stream in &mut self.streams {
            stream.old.clone_from(&stream.model);
        }
        tally.rekeys += 1;
    }

    /// Both ends go on in contexts that know only what was exported, and the key.
    fn relocate(&mut self, tally: &mut Tally) {
        let key = key(self.suite, self.number, self.keys - 1);
        let table = || Growing::new(self.streams.len(), WINDOW as usize);
        let mut state = vec![0; self.sender.exported_len()];
        self.sender.export(&mut state).expect("room");
        self.sender = Sender::with_streams(&key, Policy::SECURE, table()).expect("a key");
        self.sender.restore(&state).expect("what was exported");

        let present = self.receiver.present();
        let mut state = vec![0; present.exported_len()];
        present.export(&mut state).expect("room");
        let mut receiver = Receiver::with_streams(&key, Policy::SECURE, table()).expect("a key");
        receiver.restore(&state).expect("what was exported");
        self.receiver = Handover::new(receiver);
        tally.moves += 1;
    }

    /// What is late at the end of the day still comes in.
    pub fn finish(&mut self, tally: &mut Tally) {
        for at in 0..self.streams.len() {
            for _ in 0..LATEST {
                self.late_ones(at, tally);
            }
        }
    }

    /// Wraps of the sequence number, in the stream that has had the fewest.
    pub fn fewest_wraps(&self) -> u64 {
        self.streams.iter().map(|stream| stream.index >> 16).min().unwrap_or_default()
    }
}

fn key(suite: CryptoSuite, call: u64, number: u64) -> MasterKey {
    packet::key(suite, call << 20 | number).expect("a suite that is built in")
}

fn word(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[2], packet[3]])
}

/// The RTP packet with this index; its length. Voice of 20 ms mostly, sometimes more.
fn plain(ssrc: u32, index: u64, buffer: &mut [u8]) -> usize {
    let extended = index.is_multiple_of(5);
    let header = Rtp { ssrc, sequence_number: index as u16, extended }.write(buffer);
    let payload = if index.is_multiple_of(16) { 700 } else { 20 + (index % 7) as usize * 20 };
    for (at, byte) in buffer[header..header + payload].iter_mut().enumerate() {
        *byte = (index as u8).wrapping_add(at as u8);
    }
    header + payload
}
