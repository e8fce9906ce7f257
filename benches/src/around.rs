//! Cipher and tag of a packet alone: the same calls of srtp-accel on the same bytes as a context makes,
//! with an IV that is there already. What a packet costs above that is the context's: parsing, lookup,
//! index, replay protection, IV, layout, lifetime.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use srtp_accel::{Aes, Gcm, HmacSha1, InOutBuf, Level, ShaNi};
use srtp_core::CryptoSuite;

use crate::rtp;
use crate::workload::BATCH;

const HEADER_LEN: usize = 12;
const IV: u128 = 0x0102_0304_0506_0708_090a_0b0c << 32;

/// The primitives of a suite under some key.
#[allow(clippy::large_enum_variant)] // there is one
enum Keys {
    Cm(Aes, HmacSha1),
    Gcm(Gcm),
}

/// Packets that lie ready as [`Protect`](crate::workload::Protect) and
/// [`Unprotect`](crate::workload::Unprotect) have them, and the primitives to be run on them.
pub struct Primitives {
    keys: Keys,
    payload: usize,
    plain: Vec<Vec<u8>>,
    protected: Vec<Vec<u8>>,
    work: Vec<Vec<u8>>,
}

impl Primitives {
    /// None where srtp-accel does not know the processor.
    pub fn new(suite: CryptoSuite, payload: usize) -> Option<Self> {
        let level = Level::best()?;
        let keys = match suite {
            CryptoSuite::AeadAes128Gcm => Keys::Gcm(Gcm::new(level, &[7; 16])?),
            _ => Keys::Cm(Aes::new(level, &[7; 16])?, HmacSha1::new(ShaNi::detect()?, &[9; 20])),
        };
        let plain: Vec<_> =
            (0..BATCH).map(|number| rtp(u16::try_from(number).unwrap(), payload)).collect();
        let mut this = Self { keys, payload, work: plain.clone(), protected: plain.clone(), plain };
        this.protect();
        for (to, from) in this.protected.iter_mut().zip(&this.work) {
            to.clone_from(from);
            to.truncate(HEADER_LEN + payload + this.keys.tag_len());
        }
        Some(this)
    }

    /// Encrypts and tags a batch.
    pub fn protect(&mut self) -> Duration {
        for (to, from) in self.work.iter_mut().zip(&self.plain) {
            to.clone_from(from);
        }
        let start = Instant::now();
        for (number, packet) in (0..).zip(&mut self.work) {
            black_box(self.keys.protect(black_box(packet), self.payload, number));
        }
        start.elapsed()
    }

    /// Verifies and decrypts a batch.
    pub fn unprotect(&mut self) -> Duration {
        for (to, from) in self.work.iter_mut().zip(&self.protected) {
            to.clone_from(from);
        }
        let start = Instant::now();
        for (number, packet) in (0..).zip(&mut self.work) {
            let right = self.keys.unprotect(black_box(packet), self.payload, number);
            assert_eq!(right, Some(true));
        }
        start.elapsed()
    }
}

impl Keys {
    fn tag_len(&self) -> usize {
        match self {
            Self::Cm(..) => 10,
            Self::Gcm(_) => 16,
        }
    }

    #[inline]
    fn protect(&self, packet: &mut [u8], payload: usize, number: u128) -> Option<()> {
        match self {
            Self::Cm(aes, hmac) => {
                let (body, trailer) = packet.split_at_mut_checked(HEADER_LEN + payload)?;
                let data = body.get_mut(HEADER_LEN..)?;
                aes.apply_keystream(IV ^ number << 16, InOutBuf::from(data));
                *trailer.first_chunk_mut::<10>()? = *hmac.digest(body, &[0; 4]).first_chunk()?;
            }
            Self::Gcm(gcm) => {
                let packet = packet.get_mut(..HEADER_LEN + payload + self.tag_len())?;
                gcm.seal_packet(IV ^ number << 32, packet, HEADER_LEN);
            }
        }
        Some(())
    }

    #[inline]
    fn unprotect(&self, packet: &mut [u8], payload: usize, number: u128) -> Option<bool> {
        match self {
            Self::Cm(aes, hmac) => {
                let (body, trailer) = packet.split_at_mut_checked(HEADER_LEN + payload)?;
                let digest = hmac.digest(body, &[0; 4]);
                let right = trailer.first_chunk::<10>()? == digest.first_chunk::<10>()?;
                if right {
                    let data = body.get_mut(HEADER_LEN..)?;
                    aes.apply_keystream(IV ^ number << 16, InOutBuf::from(data));
                }
                Some(right)
            }
            Self::Gcm(gcm) => Some(gcm.open_packet(IV ^ number << 32, packet, HEADER_LEN)),
        }
    }
}
