//! Sequences of operations on a sender and a receiver: no index is protected twice under one key, no
//! packet let in twice, no key used beyond its lifetime, nothing lost on the way to another process.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Result, Unstructured};
use srtp_core::{
    Growing, Inbound, MasterKey, Outbound, Protocol, Rekey, UnprotectError, stateless,
};

use super::packet::{SSRCS, rtcp, rtp};
use super::session::{Session, key};

type Sender = Outbound<Growing, 3>;
type Receiver = Inbound<Growing, 3>;

/// A session, then operations until the bytes are at an end.
pub fn context(data: &[u8]) {
    // The bytes are at an end in the middle of something: nothing more to do.
    let _ = operations(&mut Unstructured::new(data));
}

fn operations(u: &mut Unstructured<'_>) -> Result<()> {
    let session = Session::arbitrary(u)?;
    let lifetime = *u.choose(&[None, None, Some(6), Some(40)])?;
    let mut test = Test::new(session, lifetime);
    while !u.is_empty() {
        test.operation(u)?;
    }
    Ok(())
}

/// What tells a packet from every other: key, protocol, SSRC, index.
type Identity = (u8, bool, u32, u64);

#[derive(Clone)]
struct Packet {
    protocol: Protocol,
    plain: Vec<u8>,
    protected: Vec<u8>,
    /// None where no tag tells which index it is.
    identity: Option<Identity>,
}

struct Test {
    session: Session,
    lifetime: Option<u64>,
    tx: Sender,
    rx: Receiver,
    /// The keys in both rings, by number, and the number of the one that protects, if it is there.
    ring: Vec<u8>,
    using: Option<u8>,
    next_key: u8,
    sequence_numbers: [u16; 3],
    under_way: Vec<Packet>,
    protected: BTreeSet<Identity>,
    accepted: BTreeSet<Identity>,
    /// Packets protected under each key, SRTP and SRTCP.
    counts: BTreeMap<(u8, bool), u64>,
}

fn table() -> Growing {
    Growing::new(3, 64)
}

fn is_rtcp(protocol: Protocol) -> bool {
    protocol == Protocol::Srtcp
}

impl Test {
    fn new(session: Session, lifetime: Option<u64>) -> Self {
        let first = with_lifetime(session.key.clone(), lifetime);
        Self {
            tx: Sender::with_streams(&first, session.policy, table()).unwrap(),
            rx: Receiver::with_streams(&first, session.policy, table()).unwrap(),
            session,
            lifetime,
            ring: vec![1],
            using: Some(1),
            next_key: 2,
            sequence_numbers: [0, 0x7ff0, 0xfff8],
            under_way: Vec::new(),
            protected: BTreeSet::new(),
            accepted: BTreeSet::new(),
            counts: BTreeMap::new(),
        }
    }

    fn key(&self, number: u8) -> MasterKey {
        let first = &self.session.key;
        let rate = first.key_derivation_rate().exponent();
        with_lifetime(key(first.suite(), number, first.mki().len(), rate), self.lifetime)
    }

    fn operation(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let stream = u.choose_index(3)?;
        let ssrc = SSRCS[stream];
        match u.int_in_range(0..=15)? {
            0..=4 => {
                let step = *u.choose(&[1, 1, 1, 2, 0, 0xffff, 60, 0x7fff, 0x8000, 0x8001])?;
                let sequence_number = self.sequence_numbers[stream].wrapping_add(step);
                let plain = rtp(u, ssrc, sequence_number)?;
                if self.protect(Protocol::Srtp, plain) {
                    self.sequence_numbers[stream] = sequence_number;
                }
            }
            5 => {
                let plain = rtcp(u, ssrc)?;
                self.protect(Protocol::Srtcp, plain);
            }
            6..=9 if !self.under_way.is_empty() => {
                let at = u.choose_index(self.under_way.len())?;
                // It stays where it is one time in two, and so will come again.
                let packet = match u.arbitrary()? {
                    true => self.under_way.remove(at),
                    false => self.under_way[at].clone(),
                };
                self.deliver(&packet);
            }
            10 => self.change_ring(u)?,
            11 => self.rekey(if u.arbitrary()? { Rekey::KeepRoc } else { Rekey::ZeroRoc }),
            12 => {
                // A sender that would go back says so; a receiver does as it is told.
                let roc = *u.choose(&[0, 1, 2, u32::MAX])?;
                let before = self.tx.roc(ssrc);
                match self.tx.set_roc(ssrc, roc) {
                    Ok(()) => assert_eq!(self.tx.roc(ssrc), Some(roc)),
                    Err(_) => assert_eq!(self.tx.roc(ssrc), before),
                }
                let before = self.rx.roc(ssrc);
                if self.rx.set_roc(ssrc, roc).is_ok() && before != Some(roc) {
                    assert_eq!(self.rx.roc(ssrc), Some(roc));
                    // Under another counter nothing was seen yet; SRTCP has none.
                    self.accepted.retain(|identity| identity.1 || identity.2 != ssrc);
                }
            }
            13 => self.move_house(),
            14 => {
                self.rx.remove_stream(ssrc);
                self.accepted.retain(|identity| identity.2 != ssrc);
            }
            15 => {
                // Far ahead; back it does not go.
                let next = *u.choose(&[0, 3, 0x7fff_ffff])?;
                let _ = self.tx.set_rtcp_index(ssrc, next);
            }
            _ => {}
        }
        Ok(())
    }

    /// Says whether it was protected.
    fn protect(&mut self, protocol: Protocol, plain: Vec<u8>) -> bool {
        let mut buffer = plain.clone();
        buffer.resize(plain.len() + 220, 0xaa);
        let before = (buffer.clone(), sender_state(&self.tx));
        let result = match protocol {
            Protocol::Srtp => self.tx.protect_rtp(&mut buffer, plain.len()),
            Protocol::Srtcp => self.tx.protect_rtcp(&mut buffer, plain.len()),
        };
        let Ok(len) = result else {
            assert!((buffer, sender_state(&self.tx)) == before, "a refusal left a trace");
            return false;
        };
        assert!(buffer[len..].iter().all(|byte| *byte == 0xaa), "more was written");
        buffer.truncate(len);
        let using = self.using.expect("a key protects");
        let count = self.counts.entry((using, is_rtcp(protocol))).or_default();
        *count += 1;
        assert!(self.lifetime.is_none_or(|lifetime| *count <= lifetime), "beyond its lifetime");
        let identity = self.identity(protocol, &plain, &buffer, using);
        if let Some(identity) = identity {
            assert!(self.protected.insert(identity), "{identity:?} was protected twice");
        }
        self.under_way.push(Packet { protocol, plain, protected: buffer, identity });
        true
    }

    /// The index the tag was made for, found by trying.
    fn identity(
        &self,
        protocol: Protocol,
        plain: &[u8],
        packet: &[u8],
        using: u8,
    ) -> Option<Identity> {
        let reference = stateless::Inbound::new(&self.key(using), self.session.policy).unwrap();
        if is_rtcp(protocol) {
            let ssrc = u32::from_be_bytes(*plain[4..].first_chunk().unwrap());
            let (_, index) = reference.verify_rtcp(packet).expect("our own packet");
            return Some((using, true, ssrc, index.into()));
        }
        if !self.session.authenticates_srtp() {
            return None;
        }
        let ssrc = u32::from_be_bytes(*plain[8..].first_chunk().unwrap());
        let sequence_number = u64::from(u16::from_be_bytes(*plain[2..].first_chunk().unwrap()));
        let roc = self.tx.roc(ssrc).expect("a stream that has sent");
        let right: Vec<u64> = (roc.saturating_sub(1)..=roc)
            .map(|roc| u64::from(roc) << 16 | sequence_number)
            .filter(|index| reference.verify_rtp(packet, *index).is_ok())
            .collect();
        assert_eq!(right.len(), 1, "one index, near the highest: {right:?}");
        Some((using, false, ssrc, right[0]))
    }

    fn deliver(&mut self, packet: &Packet) {
        let mut opened = packet.protected.clone();
        let before = receiver_state(&self.rx);
        let result = match packet.protocol {
            Protocol::Srtp => self.rx.unprotect_rtp(&mut opened),
            Protocol::Srtcp => self.rx.unprotect_rtcp(&mut opened),
        };
        match (result, packet.identity) {
            (Ok(len), Some(identity)) => {
                let expected = match packet.protocol {
                    Protocol::Srtp => self.session.arrives_as(&packet.plain),
                    Protocol::Srtcp => packet.plain.clone(),
                };
                assert_eq!(opened[..len], expected);
                assert!(self.ring.contains(&identity.0), "opened by a key that is gone");
                assert!(self.accepted.insert(identity), "{identity:?} was let in twice");
            }
            (Ok(_), None) => {}
            (Err(why), identity) => {
                assert_eq!(opened, packet.protected, "a refused packet was changed");
                assert!(receiver_state(&self.rx) == before, "a refusal left a trace");
                if let (UnprotectError::Replayed { .. }, Some(identity)) = (why, identity) {
                    // What is called a replay has come before, under this key or another.
                    let same = |seen: &Identity| seen.1 == identity.1 && seen.2 == identity.2;
                    assert!(self.accepted.iter().any(same), "{identity:?} is no replay");
                }
            }
        }
    }

    /// A key more in both rings, another one in use, or one less.
    fn change_ring(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let mki_len = self.session.key.mki().len();
        let at = u.choose_index(self.ring.len().max(1))?;
        match (u.int_in_range(0..=2)?, self.ring.get(at).copied()) {
            (0, _) if self.next_key < u8::MAX => {
                let key = self.key(self.next_key);
                let both = (self.tx.add_key(&key), self.rx.add_key(&key));
                assert_eq!(both.0, both.1);
                if both.0.is_ok() {
                    self.ring.push(self.next_key);
                    self.next_key += 1;
                }
            }
            (1, Some(number)) => {
                self.tx.use_key(&vec![number; mki_len]).unwrap();
                self.using = Some(number);
            }
            (2, Some(number)) => {
                self.tx.remove_key(&vec![number; mki_len]).unwrap();
                self.rx.remove_key(&vec![number; mki_len]).unwrap();
                self.ring.remove(at);
                self.using = self.using.filter(|using| *using != number);
            }
            _ => {}
        }
        Ok(())
    }

    fn rekey(&mut self, rekey: Rekey) {
        if self.next_key == u8::MAX {
            return;
        }
        let key = self.key(self.next_key);
        self.tx.rekey(&key, rekey).unwrap();
        self.rx.rekey(&key, rekey).unwrap();
        self.ring = vec![self.next_key];
        self.using = Some(self.next_key);
        self.next_key += 1;
    }

    /// Both contexts go on in another process.
    fn move_house(&mut self) {
        let [Some(first), rest @ ..] = [0, 1, 2].map(|at| self.ring.get(at).copied()) else {
            return;
        };
        let mut tx = Sender::with_streams(&self.key(first), self.session.policy, table()).unwrap();
        let mut rx =
            Receiver::with_streams(&self.key(first), self.session.policy, table()).unwrap();
        for number in rest.into_iter().flatten() {
            tx.add_key(&self.key(number)).unwrap();
            rx.add_key(&self.key(number)).unwrap();
        }
        match self.using {
            Some(number) => tx.use_key(self.key(number).mki().as_bytes()).unwrap(),
            None => return, // no key protects: a state that cannot be built anew
        }
        let (sent, received) = (sender_state(&self.tx), receiver_state(&self.rx));
        tx.restore(&sent).unwrap();
        rx.restore(&received).unwrap();
        assert_eq!(sorted(self.tx.streams()), sorted(tx.streams()));
        assert_eq!(sorted(self.rx.streams()), sorted(rx.streams()));
        (self.tx, self.rx) = (tx, rx);
    }
}

fn with_lifetime(key: MasterKey, lifetime: Option<u64>) -> MasterKey {
    match lifetime {
        Some(packets) => key.with_lifetime(packets).unwrap(),
        None => key,
    }
}

fn sorted(streams: impl Iterator<Item = srtp_core::StreamInfo>) -> Vec<srtp_core::StreamInfo> {
    let mut streams: Vec<_> = streams.collect();
    streams.sort_by_key(|stream| stream.ssrc);
    streams
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
