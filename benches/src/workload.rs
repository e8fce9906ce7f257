//! What is measured: a batch of packets between two looks at the clock, prepared before the first.
//! Criterion and the reporter run the same batches.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use srtp_core::CryptoSuite;

use crate::contestants::Contestant;
use crate::{PAYLOADS, SSRC, renumber, rtp, sender_report, set_ssrc};

/// Packets in a batch: few enough that all of them stay in the first cache.
pub const BATCH: usize = 32;

/// One kind of packet in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// RTP with so many bytes of payload, behind a header of 12.
    Rtp(usize),
    /// A sender report of 28 bytes.
    Rtcp,
}

impl Kind {
    /// All that is measured.
    pub fn all() -> impl Iterator<Item = Self> {
        PAYLOADS.into_iter().map(Self::Rtp).chain([Self::Rtcp])
    }

    /// As it stands in tables and names.
    pub fn name(self) -> String {
        match self {
            Self::Rtp(payload) => format!("{payload} B"),
            Self::Rtcp => "SRTCP".into(),
        }
    }
}

/// Protects packets that lie ready, each in a buffer of its own, as they come from an encoder.
pub struct Protect<C> {
    tx: C,
    kind: Kind,
    packets: Vec<Vec<u8>>,
    sequence_number: u16,
    streams: u32,
    next: u32,
}

impl<C: Contestant> Protect<C> {
    /// A sender with that many SSRCs, all of them already known to it.
    pub fn new(suite: CryptoSuite, kind: Kind, streams: u32) -> Self {
        let tx = C::sender(suite, usize::try_from(streams).unwrap());
        let packet = match kind {
            Kind::Rtp(payload) => rtp(0, payload),
            Kind::Rtcp => sender_report(),
        };
        let packets = vec![packet; BATCH];
        let mut this = Self { tx, kind, packets, sequence_number: 0, streams, next: 0 };
        for _ in 0..streams.div_ceil(u32::try_from(BATCH).unwrap()) {
            this.batch();
        }
        this
    }

    /// Lays the next packets ready: of the next SSRCs, and once round, with the next sequence
    /// number. SSRCs are drawn in an order that no cache foresees.
    pub fn prepare(&mut self) {
        if self.kind == Kind::Rtcp {
            // What SRTCP leaves in the clear is the same every time.
            return;
        }
        for packet in &mut self.packets {
            renumber(packet, self.sequence_number);
            if self.streams > 1 {
                set_ssrc(packet, SSRC ^ self.next.wrapping_mul(0x9e37_79b1));
            }
            self.next += 1;
            if self.next == self.streams {
                self.next = 0;
                self.sequence_number = self.sequence_number.wrapping_add(1);
            }
        }
    }

    /// Protects packet `number`.
    #[inline]
    pub fn protect(&mut self, number: usize) -> usize {
        let Some(packet) = self.packets.get_mut(number) else {
            return 0;
        };
        match self.kind {
            Kind::Rtp(payload) => self.tx.protect_rtp(black_box(packet), 12 + payload),
            Kind::Rtcp => self.tx.protect_rtcp(black_box(packet), 28),
        }
    }

    /// A batch.
    pub fn batch(&mut self) -> Duration {
        self.prepare();
        let start = Instant::now();
        for number in 0..BATCH {
            black_box(self.protect(number));
        }
        start.elapsed()
    }
}

/// Opens packets that were protected outside the clock, in a fresh context that has seen one of
/// them.
pub struct Unprotect<C> {
    suite: CryptoSuite,
    kind: Kind,
    protected: Vec<Vec<u8>>,
    work: Vec<Vec<u8>>,
    contestant: std::marker::PhantomData<C>,
}

impl<C: Contestant> Unprotect<C> {
    /// One SSRC.
    pub fn new(suite: CryptoSuite, kind: Kind) -> Self {
        // Protected by ours, whoever opens: a test of one against the other by the way.
        let mut tx = crate::contestants::Ours::sender(suite, 1);
        let protected: Vec<Vec<u8>> = (0..=BATCH)
            .map(|number| {
                let mut packet = match kind {
                    Kind::Rtp(payload) => rtp(u16::try_from(number).unwrap(), payload),
                    Kind::Rtcp => sender_report(),
                };
                let len = match kind {
                    Kind::Rtp(payload) => tx.protect_rtp(&mut packet, 12 + payload),
                    Kind::Rtcp => tx.protect_rtcp(&mut packet, 28),
                };
                packet.truncate(len);
                packet
            })
            .collect();
        let work = protected.clone();
        Self { suite, kind, protected, work, contestant: std::marker::PhantomData }
    }

    /// A fresh receiver that has opened the first packet, and all packets as they were received.
    pub fn prepare(&mut self) -> C {
        for (to, from) in self.work.iter_mut().zip(&self.protected) {
            to.clone_from(from);
        }
        let mut rx = C::receiver(self.suite, 1);
        self.open(&mut rx, 0);
        rx
    }

    /// Opens packet `number`.
    #[inline]
    pub fn open(&mut self, rx: &mut C, number: usize) -> usize {
        let Some(packet) = self.work.get_mut(number) else {
            return 0;
        };
        match self.kind {
            Kind::Rtp(_) => rx.unprotect_rtp(black_box(packet)),
            Kind::Rtcp => rx.unprotect_rtcp(black_box(packet)),
        }
    }

    /// A batch.
    pub fn batch(&mut self) -> Duration {
        let mut rx = self.prepare();
        let start = Instant::now();
        for number in 1..=BATCH {
            black_box(self.open(&mut rx, number));
        }
        start.elapsed()
    }
}

/// The time of `rounds` packets, measured in batches.
#[allow(clippy::cast_precision_loss)] // far below 2^53
pub fn in_batches(rounds: u64, mut batch: impl FnMut() -> Duration) -> Duration {
    let batches = rounds.div_ceil(BATCH as u64);
    let total: Duration = (0..batches).map(|_| batch()).sum();
    total.mul_f64(rounds as f64 / (batches * BATCH as u64) as f64)
}

/// Makes senders for one SSRC: keys for RTP and RTCP.
pub fn set_up<C: Contestant>(suite: CryptoSuite) -> Duration {
    let mut made = Vec::with_capacity(8);
    let start = Instant::now();
    for _ in 0..8 {
        made.push(black_box(C::sender(suite, 1)));
    }
    start.elapsed() / 8
}

/// Packets of SSRCs that a sender has not seen before, or that it has: the difference is what a
/// new stream costs. Others are there already, as many as fit without the
/// next growth of a table.
pub fn fresh_streams<C: Contestant>(suite: CryptoSuite, fresh: bool) -> Duration {
    const OTHERS: u32 = 1100;
    let mut tx = C::sender(suite, 2000);
    let mut packet = rtp(0, 20);
    let mut send = |tx: &mut C, number: u32, sequence_number: u16| {
        renumber(&mut packet, sequence_number);
        set_ssrc(&mut packet, number.wrapping_mul(0x9e37_79b1));
        tx.protect_rtp(black_box(&mut packet), 32)
    };
    let batch = u32::try_from(BATCH).unwrap();
    for number in 0..OTHERS {
        send(&mut tx, number, 0);
    }
    let first = if fresh { OTHERS } else { OTHERS - batch };
    let start = Instant::now();
    for number in first..first + batch {
        black_box(send(&mut tx, number, 1));
    }
    start.elapsed()
}
