//! One sequence, played to both.

use std::fmt;

use fastrand::Rng;
use srtp_core::{Growing, Inbound, MasterKey, Outbound, Policy, Rekey};

use super::Tally;
use super::case::{Case, Operation, SSRCS};
use super::outcome::{self, Class, Difference};
use crate::libsrtp::{Key, Session, Setup, loses_rtcp_mki};
use crate::packets::{filler, rtcp, rtp};
use crate::peer::{Agreed, Protocol};

/// Where and how the two differ.
#[derive(Debug)]
pub struct Disagreement {
    operation: usize,
    what: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}: {}", self.operation, self.what)
    }
}

/// A packet under way, and what it was made of.
#[derive(Clone)]
struct Packet {
    protocol: Protocol,
    plain: Vec<u8>,
    protected: Vec<u8>,
}

struct Players<'c> {
    case: &'c Case,
    keys: Vec<Key>,
    /// How many sets of keys there have been.
    generation: u32,
    tx: Outbound<Growing, 4>,
    rx: Inbound<Growing, 4>,
    their_tx: Session,
    their_rx: Session,
    using: usize,
    sequence_numbers: [u16; SSRCS],
    /// The highest index at the latest rekeying; libsrtp forgets what was sent up to there.
    floor: [Option<u64>; SSRCS],
    reports: u32,
    under_way: Vec<Packet>,
    arrived: Vec<Packet>,
}

fn ssrc(stream: usize) -> u32 {
    [0x1000_0001, 0x1000_0002, 0xffff_ffff, 0][stream % SSRCS]
}

/// Plays a sequence and counts it.
///
/// # Errors
/// The first disagreement.
pub fn play(case: &Case, tally: &mut Tally) -> Result<(), Disagreement> {
    let mut players = Players::new(case);
    for (operation, step) in case.operations.iter().enumerate() {
        players.step(step, tally).map_err(|what| Disagreement { operation, what })?;
    }
    Ok(())
}

fn keys(case: &Case, generation: u32) -> Vec<Key> {
    let key = |n: usize| {
        let name = format!("{} {generation} {n}", case.seed);
        let mut mki = filler(&format!("mki {name}"), case.mki_len);
        if let Some(last) = mki.last_mut() {
            *last = u8::try_from(n).expect("few keys"); // no two alike
        }
        Key { key_salt: filler(&name, case.suite.key_salt_len()), mki }
    };
    (0..case.keys).map(key).collect()
}

fn master(case: &Case, key: &Key) -> MasterKey {
    let agreed =
        Agreed { suite: case.suite, key_salt: key.key_salt.clone(), mki: key.mki.clone(), roc: 0 };
    agreed.master_key()
}

impl<'c> Players<'c> {
    fn new(case: &'c Case) -> Self {
        Self::of_generation(case, 0)
    }

    fn of_generation(case: &'c Case, generation: u32) -> Self {
        let keys = keys(case, generation);
        let policy = Policy::SECURE
            .with_unencrypted_srtp(case.clear_rtp)
            .with_unencrypted_srtcp(case.clear_rtcp);
        let window = usize::try_from(case.window).expect("small");
        let table = || Growing::new(64, window);
        let first = master(case, &keys[0]);
        let mut tx = Outbound::with_streams(&first, policy, table()).expect("the policy fits");
        let mut rx = Inbound::with_streams(&first, policy, table()).expect("the policy fits");
        for key in &keys[1..] {
            tx.add_key(&master(case, key)).expect("MKIs of their own");
            rx.add_key(&master(case, key)).expect("MKIs of their own");
        }
        let session = |inbound| {
            let &Case { suite, clear_rtp, clear_rtcp, window, .. } = case;
            Session::new(&Setup {
                suite,
                inbound,
                clear_rtp,
                clear_rtcp,
                window,
                keys: keys.clone(),
            })
        };
        let (mut their_tx, mut their_rx) = (session(false), session(true));
        for (stream, (_, roc)) in case.streams.iter().enumerate() {
            let ssrc = ssrc(stream);
            if let Some(roc) = *roc {
                tx.set_roc(ssrc, roc).expect("room");
                rx.set_roc(ssrc, roc).expect("room");
                their_tx.set_roc(ssrc, roc).expect("new there");
                their_rx.set_roc(ssrc, roc).expect("new there");
            }
            // D8: libsrtp begins with 1.
            tx.set_rtcp_index(ssrc, 1).expect("room");
        }
        Self {
            case,
            keys,
            generation,
            tx,
            rx,
            their_tx,
            their_rx,
            using: 0,
            sequence_numbers: case.streams.map(|(first, _)| first),
            floor: [None; SSRCS],
            reports: 0,
            under_way: Vec::new(),
            arrived: Vec::new(),
        }
    }

    fn step(&mut self, operation: &Operation, tally: &mut Tally) -> Result<(), String> {
        match *operation {
            Operation::Rtp { stream, step, shape, len } => {
                let ssrc = ssrc(stream);
                let step = u16::try_from(step.rem_euclid(65_536)).expect("below 65536");
                let seq = self.sequence_numbers[stream].wrapping_add(step);
                if self.is_forgotten_there(stream, seq) {
                    return Ok(());
                }
                let payload = filler(&format!("{ssrc} {seq} {len}"), len);
                let sent = self.protect(Protocol::Rtp, rtp(ssrc, seq, shape, &payload), tally)?;
                if sent {
                    self.sequence_numbers[stream] = seq;
                }
            }
            Operation::Rtcp { stream, cname } => {
                if self.has_no_rtcp_there() {
                    return Ok(());
                }
                self.reports += 1;
                let packet = rtcp(ssrc(stream), self.reports, cname);
                self.protect(Protocol::Rtcp, packet, tally)?;
            }
            Operation::Deliver { pick } if !self.under_way.is_empty() => {
                let packet = self.under_way.remove(pick % self.under_way.len());
                self.offer(packet.protocol, &packet.protected, Some(&packet.plain), tally)?;
                self.arrived.push(packet);
            }
            Operation::Replay { pick } if !self.arrived.is_empty() => {
                let packet =
                    self.arrived[self.arrived.len() - 1 - pick % self.arrived.len()].clone();
                self.offer(packet.protocol, &packet.protected, Some(&packet.plain), tally)?;
            }
            Operation::Corrupt { pick, bit } if !self.under_way.is_empty() => {
                let packet = &self.under_way[pick % self.under_way.len()];
                let (protocol, mut bytes) = (packet.protocol, packet.protected.clone());
                let bit = bit % (8 * bytes.len());
                bytes[bit / 8] ^= 1 << (bit % 8);
                self.offer(protocol, &bytes, None, tally)?;
            }
            Operation::Truncate { pick, by } if !self.under_way.is_empty() => {
                let packet = &self.under_way[pick % self.under_way.len()];
                let (protocol, mut bytes) = (packet.protocol, packet.protected.clone());
                bytes.truncate(bytes.len().saturating_sub(1 + by));
                self.offer(protocol, &bytes, None, tally)?;
            }
            Operation::Drop { pick } if !self.under_way.is_empty() => {
                self.under_way.remove(pick % self.under_way.len());
            }
            Operation::Garbage { protocol, seed, len } => {
                if protocol == Protocol::Rtcp && self.has_no_rtcp_there() {
                    return Ok(());
                }
                let mut bytes = vec![0; len];
                Rng::with_seed(seed).fill(&mut bytes);
                if let Some(first) = bytes.first_mut() {
                    *first = *first & 0x3f | 0x80;
                }
                self.offer(protocol, &bytes, None, tally)?;
            }
            Operation::Rekey => self.rekey()?,
            Operation::Restart => *self = Self::of_generation(self.case, self.generation + 1),
            Operation::UseKey { pick } => {
                self.using = pick % self.keys.len();
                self.tx.use_key(&self.keys[self.using].mki).map_err(|error| error.to_string())?;
            }
            Operation::Remove { stream } => {
                let removed = self.rx.remove_stream(ssrc(stream));
                if removed != self.their_rx.remove(ssrc(stream)) {
                    return Err(format!("SSRC removed here: {removed}"));
                }
            }
            _ => {}
        }
        self.rollover_counters()
    }

    /// D2.
    fn has_no_rtcp_there(&self) -> bool {
        let mut agreed = Agreed::new(self.case.suite, "");
        agreed.mki = self.keys[0].mki.clone();
        loses_rtcp_mki(&agreed)
    }

    /// D9: whether libsrtp has forgotten, at a rekeying, that it sent this sequence number.
    fn is_forgotten_there(&self, stream: usize, seq: u16) -> bool {
        let (Some(highest), Some(floor)) =
            (highest(self.tx.streams(), ssrc(stream)), self.floor[stream])
        else {
            return false;
        };
        let distance = seq.wrapping_sub(u16::try_from(highest % 65_536).expect("16 bits"));
        let behind = distance >= 0x8000 || distance == 0;
        behind || highest + u64::from(distance) <= floor
    }

    /// Both protect; says whether they did.
    fn protect(
        &mut self,
        protocol: Protocol,
        plain: Vec<u8>,
        tally: &mut Tally,
    ) -> Result<bool, String> {
        let mut buffer = plain.clone();
        buffer.resize(plain.len() + 256, 0);
        let ours = match protocol {
            Protocol::Rtp => self.tx.protect_rtp(&mut buffer, plain.len()),
            Protocol::Rtcp => self.tx.protect_rtcp(&mut buffer, plain.len()),
        };
        let ours = ours.map(|len| buffer[..len].to_vec());
        let class = outcome::of_protect(&ours);
        if class == Class::Exhausted {
            *tally.differed.entry(Difference::D7EndOfIndices).or_default() += 1;
            return Ok(false);
        }
        let using = u32::try_from(self.using).expect("few keys");
        let theirs = self.their_tx.protect(protocol, &plain, using);
        let their_class = outcome::of_libsrtp(&theirs, true);
        if class != their_class {
            return Err(differ("protected", protocol, &plain, &ours, &theirs));
        }
        *tally.agreed.entry(("protect", class)).or_default() += 1;
        match (&ours, &theirs) {
            (Ok(here), Ok(there)) if here != there => {
                Err(differ("protected", protocol, &plain, &ours, &theirs))
            }
            (Ok(here), Ok(_)) => {
                tally.protected += 1;
                self.under_way.push(Packet { protocol, protected: here.clone(), plain });
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Both are given a packet. `plain` is what it opens to, if it opens.
    fn offer(
        &mut self,
        protocol: Protocol,
        packet: &[u8],
        plain: Option<&[u8]>,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let mut buffer = packet.to_vec();
        let ours = match protocol {
            Protocol::Rtp => self.rx.unprotect_rtp(&mut buffer),
            Protocol::Rtcp => self.rx.unprotect_rtcp(&mut buffer),
        };
        if ours.is_err() && buffer != packet {
            return Err(format!("{protocol:?} refused here ({ours:?}) and changed: {packet:02x?}"));
        }
        let ours = ours.map(|len| buffer[..len].to_vec());
        let class = outcome::of_unprotect(&ours);
        if class == Class::Exhausted {
            *tally.differed.entry(Difference::D7EndOfIndices).or_default() += 1;
            return Ok(());
        }
        let aead = self.case.suite.parameters().cipher.is_aead();
        if class == Class::TooShort && aead && self.case.mki_len > 0 {
            *tally.differed.entry(Difference::D11NotOffered).or_default() += 1;
            return Ok(());
        }
        tally.offered += 1;
        let theirs = self.their_rx.unprotect(protocol, packet);
        let their_class = outcome::of_libsrtp(&theirs, false);
        if class != their_class {
            let rekeyed = self.floor.iter().any(Option::is_some);
            let Some(difference) = outcome::known(protocol, class, their_class, rekeyed) else {
                return Err(differ("opened", protocol, packet, &ours, &theirs));
            };
            *tally.differed.entry(difference).or_default() += 1;
            return Ok(());
        }
        *tally.agreed.entry(("unprotect", class)).or_default() += 1;
        match (&ours, &theirs) {
            (Ok(here), Ok(there)) if here != there || Some(&here[..]) != plain => {
                Err(differ("opened", protocol, packet, &ours, &theirs))
            }
            _ => Ok(()),
        }
    }

    fn rekey(&mut self) -> Result<(), String> {
        // D10: libsrtp forgets a rollover counter that was set and not used yet.
        let begun = |stream: usize| {
            highest(self.tx.streams(), ssrc(stream)).is_some()
                && highest(self.rx.streams(), ssrc(stream)).is_some()
        };
        let unused =
            |(stream, (_, roc)): (usize, &(u16, Option<u32>))| roc.is_some() && !begun(stream);
        if self.case.streams.iter().enumerate().any(unused) {
            return Ok(());
        }
        self.generation += 1;
        self.keys = keys(self.case, self.generation);
        self.using = 0;
        let text = |error: srtp_core::KeyError| error.to_string();
        let first = master(self.case, &self.keys[0]);
        self.tx.rekey(&first, Rekey::KeepRoc).map_err(text)?;
        self.rx.rekey(&first, Rekey::KeepRoc).map_err(text)?;
        for key in &self.keys[1..] {
            self.tx.add_key(&master(self.case, key)).map_err(text)?;
            self.rx.add_key(&master(self.case, key)).map_err(text)?;
        }
        for session in [&mut self.their_tx, &mut self.their_rx] {
            session.rekey(&self.keys).map_err(|status| format!("not rekeyed there: {status:?}"))?;
        }
        for stream in 0..SSRCS {
            if let Some(highest) = highest(self.tx.streams(), ssrc(stream)) {
                self.floor[stream] = Some(highest);
            }
        }
        Ok(())
    }

    /// Where libsrtp has begun a stream, its rollover counter is ours.
    fn rollover_counters(&self) -> Result<(), String> {
        for stream in 0..SSRCS {
            let ssrc = ssrc(stream);
            for (what, ours, theirs) in [
                ("sending", highest(self.tx.streams(), ssrc), &self.their_tx),
                ("receiving", highest(self.rx.streams(), ssrc), &self.their_rx),
            ] {
                let (Some(ours), Some(theirs)) = (ours, theirs.roc(ssrc)) else {
                    continue;
                };
                if ours >> 16 != u64::from(theirs) {
                    return Err(format!(
                        "rollover counter of {ssrc:08x}, {what}: {} here, {theirs} there",
                        ours >> 16
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Both outcomes, then the packet they are about.
fn differ<A: fmt::Debug, B: fmt::Debug>(
    what: &str,
    protocol: Protocol,
    packet: &[u8],
    ours: &Result<Vec<u8>, A>,
    theirs: &Result<Vec<u8>, B>,
) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let ours = ours.as_deref().map(hex);
    let theirs = theirs.as_deref().map(hex);
    let len = packet.len();
    format!(
        "{protocol:?} {what}\n  here  {ours:?}\n  there {theirs:?}\n  {len} bytes {}",
        hex(packet)
    )
}

fn highest(mut streams: impl Iterator<Item = srtp_core::StreamInfo>, ssrc: u32) -> Option<u64> {
    streams.find(|stream| stream.ssrc == ssrc)?.rtp_index
}
