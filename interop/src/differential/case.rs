//! What a sequence is: the session it is played in and its operations, all from one seed.

use std::fmt;

use fastrand::Rng;
use srtp_core::CryptoSuite;
use srtp_core::suite::Cipher;

use crate::libsrtp::{SUITES, is_aes_192};
use crate::packets::Shape;
use crate::peer::Protocol;

/// How many SSRCs a sequence speaks of.
pub const SSRCS: usize = 4;

/// One sequence.
#[derive(Clone, Debug)]
pub struct Case {
    /// Of the keys.
    pub seed: u64,
    pub suite: CryptoSuite,
    /// 0: one key without MKI.
    pub mki_len: usize,
    pub keys: usize,
    pub clear_rtp: bool,
    pub clear_rtcp: bool,
    /// Packets in the replay window.
    pub window: u32,
    /// The first sequence number of each SSRC, and its rollover counter if one is set.
    pub streams: [(u16, Option<u32>); SSRCS],
    pub operations: Vec<Operation>,
}

/// One step. Choices among what there is (`pick`) are taken modulo how much there is.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// An RTP packet whose sequence number is `step` from the latest one.
    Rtp { stream: usize, step: i32, shape: Shape, len: usize },
    /// A compound RTCP packet.
    Rtcp { stream: usize, cname: u8 },
    /// A packet arrives, not necessarily the oldest.
    Deliver { pick: usize },
    /// One that has arrived arrives again.
    Replay { pick: usize },
    /// A bit of a packet on its way is changed, for one delivery.
    Corrupt { pick: usize, bit: usize },
    /// A packet on its way loses bytes at its end, for one delivery.
    Truncate { pick: usize, by: usize },
    /// A packet is lost.
    Drop { pick: usize },
    /// Something that nobody sent arrives.
    Garbage { protocol: Protocol, seed: u64, len: usize },
    /// Both sides change to new keys; rollover counters go on.
    Rekey,
    /// Both sides begin anew under new keys.
    Restart,
    /// The sender goes over to another of its keys.
    UseKey { pick: usize },
    /// The receiver forgets an SSRC.
    Remove { stream: usize },
}

impl Case {
    /// The sequence of a seed.
    pub fn random(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let suite = loop {
            let suite = SUITES[rng.usize(..SUITES.len())];
            if !is_aes_192(suite) {
                break suite;
            }
        };
        let aead = suite.parameters().cipher == Cipher::AesGcm;
        let mki_len = [0, 0, 0, 1, 4, 128][rng.usize(..6)];
        let streams = std::array::from_fn(|_| {
            let first = match rng.u8(..4) {
                0 => rng.u16(65_000..),
                1 => rng.u16(32_700..32_800),
                2 => rng.u16(..40),
                _ => rng.u16(..),
            };
            let roc = (rng.u8(..4) == 0)
                .then(|| [1, 0x7fff_ffff, u32::MAX - 1, u32::MAX][rng.usize(..4)]);
            (first, roc)
        });
        let count = rng.usize(10..160);
        Self {
            seed,
            suite,
            mki_len,
            keys: if mki_len == 0 { 1 } else { rng.usize(1..=3) },
            clear_rtp: !aead && rng.u8(..10) == 0,
            clear_rtcp: rng.u8(..10) == 0,
            window: [64, 128, 128, 1024][rng.usize(..4)],
            streams,
            operations: (0..count).map(|_| Operation::random(&mut rng)).collect(),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { suite, mki_len, keys, clear_rtp, clear_rtcp, window, streams, .. } = self;
        writeln!(
            f,
            "{suite}, {keys} keys, MKI of {mki_len} bytes, window {window}, in the clear: RTP \
             {clear_rtp}, RTCP {clear_rtcp}; first sequence numbers and ROCs {streams:?}"
        )?;
        self.operations.iter().enumerate().try_for_each(|(n, step)| writeln!(f, "{n:3} {step:?}"))
    }
}

impl Operation {
    fn random(rng: &mut Rng) -> Self {
        let stream = rng.usize(..SSRCS);
        let pick = rng.usize(..64);
        match rng.u8(..100) {
            0..34 => Self::Rtp { stream, step: step(rng), shape: shape(rng), len: len(rng) },
            34..42 => Self::Rtcp { stream, cname: rng.u8(..40) },
            42..68 => Self::Deliver { pick: if rng.bool() { 0 } else { pick } },
            68..76 => Self::Replay { pick },
            76..85 => Self::Corrupt { pick, bit: rng.usize(..) },
            85..89 => Self::Truncate { pick, by: rng.usize(..200) },
            89..93 => Self::Drop { pick },
            93..95 => Self::Garbage {
                protocol: if rng.bool() { Protocol::Rtp } else { Protocol::Rtcp },
                seed: rng.u64(..),
                len: rng.usize(..80),
            },
            95..97 => Self::UseKey { pick },
            97 => Self::Remove { stream },
            98 => Self::Rekey,
            _ => Self::Restart,
        }
    }
}

fn step(rng: &mut Rng) -> i32 {
    match rng.u8(..20) {
        0 => 0,
        1 => -rng.i32(1..200),
        2 => rng.i32(2..200),
        3 => rng.i32(30_000..33_500),
        4 => -rng.i32(30_000..33_500),
        5 => rng.i32(-3000..3000),
        _ => 1,
    }
}

fn shape(rng: &mut Rng) -> Shape {
    if rng.bool() {
        return Shape::default();
    }
    Shape {
        csrcs: if rng.bool() { 0 } else { rng.u8(..16) },
        extension: rng.bool().then(|| rng.u16(..5)),
        padding: if rng.bool() { 0 } else { rng.u8(1..20) },
        marker: rng.bool(),
    }
}

fn len(rng: &mut Rng) -> usize {
    match rng.u8(..4) {
        0 => rng.usize(..40),
        1 => rng.usize(..1400),
        _ => 160,
    }
}
