//! Batches against the same packets one by one, in twins of the same contexts: results, bytes and
//! the whole exported state, for whatever mixture of sessions, lengths and damage. A packet takes
//! two or three of the fuzzer's bytes, so that batches get long enough for lanes.

use arbitrary::{Result, Unstructured};
use srtp_core::batch::{self, Incoming, Outgoing};
use srtp_core::{Growing, Inbound, Outbound, Protocol};

use super::packet::SSRCS;
use super::session::{Session, key};

type Sender = Outbound<Growing, 2>;
type Receiver = Inbound<Growing, 2>;

/// Sessions, then batches until the bytes are at an end.
pub fn batch(data: &[u8]) {
    // The bytes are at an end in the middle of something: nothing more to do.
    let _ = batches(&mut Unstructured::new(data));
}

fn batches(u: &mut Unstructured<'_>) -> Result<()> {
    let mut calls = Vec::new();
    for _ in 0..u.int_in_range(1..=3)? {
        calls.push(Call::arbitrary(u)?);
    }
    let mut test = Test::new(&calls);
    while !u.is_empty() {
        test.round(u, &calls)?;
    }
    Ok(())
}

/// A session and what is changed of it: few packets to a key, a second key.
struct Call {
    session: Session,
    lifetime: Option<u64>,
    second_key: bool,
    /// Tables of two streams get full.
    streams: usize,
}

impl Call {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        let session = Session::arbitrary(u)?;
        let shape: u8 = u.arbitrary()?;
        Ok(Self {
            lifetime: (shape & 3 == 3).then_some(9 + u64::from(shape >> 5)),
            second_key: shape & 4 != 0 && !session.key.mki().is_empty(),
            streams: if shape & 8 == 0 { 3 } else { 2 },
            session,
        })
    }

    fn key(&self, number: u8) -> srtp_core::MasterKey {
        let first = &self.session.key;
        let rate = first.key_derivation_rate().exponent();
        let key = key(first.suite(), number, first.mki().len(), rate);
        match self.lifetime {
            Some(packets) => key.with_lifetime(packets).unwrap(),
            None => key,
        }
    }

    fn sender(&self) -> Sender {
        let table = Growing::new(self.streams, 64);
        let mut tx = Sender::with_streams(&self.key(1), self.session.policy, table).unwrap();
        if self.second_key {
            // Not every policy has room for a second key; the twin refuses it as well.
            let _ = tx.add_key(&self.key(2));
        }
        tx
    }

    fn receiver(&self) -> Receiver {
        let table = Growing::new(self.streams, 64);
        let mut rx = Receiver::with_streams(&self.key(1), self.session.policy, table).unwrap();
        if self.second_key {
            let _ = rx.add_key(&self.key(2));
        }
        rx
    }
}

/// Contexts that work in batches, and their twins that work one by one.
struct Test {
    tx: [Vec<Sender>; 2],
    rx: [Vec<Receiver>; 2],
    /// Next sequence number of each stream of each call.
    numbers: Vec<[u16; SSRCS.len()]>,
    under_way: Vec<Packet>,
}

/// A protected packet.
#[derive(Clone)]
struct Packet {
    context: usize,
    protocol: Protocol,
    bytes: Vec<u8>,
}

impl Test {
    fn new(calls: &[Call]) -> Self {
        let senders = || calls.iter().map(Call::sender).collect::<Vec<_>>();
        let receivers = || calls.iter().map(Call::receiver).collect::<Vec<_>>();
        Self {
            tx: [senders(), senders()],
            rx: [receivers(), receivers()],
            // One call more than there is: packets for it are left alone.
            numbers: vec![[0, 0x7ff0, 0xfff8]; calls.len() + 1],
            under_way: Vec::new(),
        }
    }

    /// A batch that is sent, then one that is received; before them, perhaps, another key.
    fn round(&mut self, u: &mut Unstructured<'_>, calls: &[Call]) -> Result<()> {
        let head: u8 = u.arbitrary()?;
        let call = usize::from(head >> 6) % calls.len();
        if head & 1 != 0 {
            let mki = vec![1 + (head >> 1 & 1); calls[call].session.key.mki().len()];
            let [batched, alone] = self.tx.each_mut().map(|tx| tx[call].use_key(&mki));
            assert_eq!(batched, alone);
        }
        if head & 12 == 12 {
            let ssrc = SSRCS[usize::from(head >> 4) % SSRCS.len()];
            let [batched, alone] = self.rx.each_mut().map(|rx| rx[call].remove_stream(ssrc));
            assert_eq!(batched, alone);
        }
        let count = u.int_in_range(1..=70)?;
        self.send(u, count)?;
        let count = u.int_in_range(1..=100)?;
        self.receive(u, count)
    }

    fn send(&mut self, u: &mut Unstructured<'_>, count: usize) -> Result<()> {
        let mut plain = Vec::new();
        while plain.len() < count && !u.is_empty() {
            plain.push(self.plain(u)?);
        }
        let [batched_tx, alone_tx] = &mut self.tx;
        let mut batched: Vec<_> = plain.iter().map(|(packet, _)| packet.bytes.clone()).collect();
        let mut alone = batched.clone();

        let make = |((packet, len), buffer): (&(Packet, usize), _)| match packet.protocol {
            Protocol::Srtp => Outgoing::rtp(packet.context, buffer, *len),
            Protocol::Srtcp => Outgoing::rtcp(packet.context, buffer, *len),
        };
        let buffers = batched.iter_mut().map(Vec::as_mut_slice);
        let mut packets: Vec<_> = plain.iter().zip(buffers).map(make).collect();
        match batched_tx.as_mut_slice() {
            [tx] if packets.iter().all(|packet| packet.context == 0) => {
                tx.protect_batch(&mut packets);
            }
            contexts => batch::protect(contexts, &mut packets),
        }
        let results: Vec<_> = packets.iter().map(|packet| packet.result).collect();
        for (((packet, len), buffer), result) in plain.iter().zip(&mut alone).zip(&results) {
            let expected = alone_tx.get_mut(packet.context).map(|tx| match packet.protocol {
                Protocol::Srtp => tx.protect_rtp(buffer, *len),
                Protocol::Srtcp => tx.protect_rtcp(buffer, *len),
            });
            assert_eq!(*result, expected);
        }
        assert_eq!(batched, alone);
        for (batched, alone) in batched_tx.iter().zip(alone_tx) {
            assert!(sender_state(batched) == sender_state(alone), "senders went apart");
        }
        for (((packet, _), bytes), result) in plain.into_iter().zip(batched).zip(results) {
            if let Some(Ok(len)) = result {
                self.under_way.push(Packet { bytes: bytes[..len].to_vec(), ..packet });
            }
        }
        Ok(())
    }

    fn receive(&mut self, u: &mut Unstructured<'_>, count: usize) -> Result<()> {
        let mut arriving = Vec::new();
        while arriving.len() < count && !u.is_empty() && !self.under_way.is_empty() {
            arriving.push(self.arriving(u)?);
        }
        let [batched_rx, alone_rx] = &mut self.rx;
        let mut alone = arriving.clone();

        let mut packets = Vec::new();
        for Packet { context, protocol, bytes } in &mut arriving {
            packets.push(match protocol {
                Protocol::Srtp => Incoming::rtp(*context, bytes),
                Protocol::Srtcp => Incoming::rtcp(*context, bytes),
            });
        }
        match batched_rx.as_mut_slice() {
            [rx] if packets.iter().all(|packet| packet.context == 0) => {
                rx.unprotect_batch(&mut packets);
            }
            contexts => batch::unprotect(contexts, &mut packets),
        }
        let results: Vec<_> = packets.iter().map(|packet| packet.result).collect();
        for (packet, result) in alone.iter_mut().zip(&results) {
            let expected = alone_rx.get_mut(packet.context).map(|rx| match packet.protocol {
                Protocol::Srtp => rx.unprotect_rtp(&mut packet.bytes),
                Protocol::Srtcp => rx.unprotect_rtcp(&mut packet.bytes),
            });
            assert_eq!(*result, expected);
        }
        for (batched, alone) in arriving.iter().zip(&alone) {
            assert_eq!(batched.bytes, alone.bytes);
        }
        for (batched, alone) in batched_rx.iter().zip(alone_rx) {
            assert!(receiver_state(batched) == receiver_state(alone), "receivers went apart");
        }
        Ok(())
    }

    /// A packet in its buffer, and the length that it is said to have.
    fn plain(&mut self, u: &mut Unstructured<'_>) -> Result<(Packet, usize)> {
        let [shape, size]: [u8; 2] = u.arbitrary()?;
        let context = usize::from(shape & 3) % self.numbers.len();
        let stream = usize::from(shape >> 2 & 3) % SSRCS.len();
        let ssrc = SSRCS[stream].to_be_bytes();
        let protocol = if shape >> 4 == 15 { Protocol::Srtcp } else { Protocol::Srtp };
        let mut bytes = match protocol {
            Protocol::Srtcp => [[0x80, 200, 0, 6], ssrc].concat(),
            Protocol::Srtp => {
                let step = [1, 1, 1, 1, 1, 1, 1, 2, 0, 60, 3000, 0x7fff, 0x8000, 0xffff, 1];
                let number = &mut self.numbers[context][stream];
                *number = number.wrapping_add(step[usize::from(shape >> 4)]);
                let [high, low] = number.to_be_bytes();
                let first = if size & 7 == 7 { 0x92 } else { 0x80 };
                let mut bytes = [[first, 96, high, low], [0, 0, 1, 2], ssrc].concat();
                if size & 7 == 7 {
                    bytes.extend([9, 9, 9, 9, 8, 8, 8, 8, 0xbe, 0xde, 0, 1, 0x12, 5, 6, 7]);
                }
                bytes
            }
        };
        // Around every block boundary of a short packet, and now and then a long one.
        let payload = usize::from(size & 0x7f) + if size & 0x80 == 0 { 0 } else { 8 * 130 };
        let fault = if size & 0x3f == 0x2a { u.int_in_range(0..=3)? } else { 0 };
        bytes.extend((0..payload).map(|n| n as u8 ^ size));
        if fault == 1 {
            bytes[0] = 0x40;
        }
        let len = if fault == 2 { 3 } else { bytes.len() };
        bytes.resize(bytes.len() + if fault == 3 { 5 } else { 220 }, 0xee);
        Ok((Packet { context, protocol, bytes }, len))
    }

    /// One of those under way, mostly the oldest, as the network hands it over.
    fn arriving(&mut self, u: &mut Unstructured<'_>) -> Result<Packet> {
        let what: u8 = u.arbitrary()?;
        let len = self.under_way.len();
        let mut packet = match what & 15 {
            // Out of order.
            12 => self.under_way.remove(usize::from(what >> 4) % len),
            // It will come again.
            13 => self.under_way[usize::from(what >> 4) % len].clone(),
            14 => self.under_way[len - 1].clone(),
            _ => self.under_way.remove(0),
        };
        match what {
            0x0f | 0x1f | 0x2f => {
                let [at, mask]: [u8; 2] = u.arbitrary()?;
                let len = packet.bytes.len();
                // From the end: tag, MKI and index are there.
                packet.bytes[len - 1 - usize::from(at) % len] ^= mask;
            }
            0x3f => packet.bytes.truncate(usize::from(u.arbitrary::<u8>()?)),
            0x4f => packet.context += 1,
            0x5f => {
                packet.protocol = match packet.protocol {
                    Protocol::Srtp => Protocol::Srtcp,
                    Protocol::Srtcp => Protocol::Srtp,
                }
            }
            _ => {}
        }
        Ok(packet)
    }
}

fn sender_state(tx: &Sender) -> Vec<u8> {
    let mut state = vec![0; tx.exported_len()];
    assert_eq!(tx.export(&mut state), Ok(state.len()));
    state
}

fn receiver_state(rx: &Receiver) -> Vec<u8> {
    let mut state = vec![0; rx.exported_len()];
    assert_eq!(rx.export(&mut state), Ok(state.len()));
    state
}
