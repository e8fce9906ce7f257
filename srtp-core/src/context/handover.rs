//! Receiving over a change of master key: the old key lives on for a while, so that packets still
//! under way open.
//!
//! Read first: RFC 3264 §8.3.1 ("a window of time where ... prepared to receive media according to
//! both"), RFC 4568 §7.1.4.

use core::fmt;

use super::{Inbound, Rekey, UnprotectError};
use crate::key::{KeyError, MasterKey};
use crate::table::StreamTable;

/// An [`Inbound`] and, for a caller-counted grace after a change of key, the one before it.
///
/// A packet that the present context refuses is tried in the old one; because a refusal leaves no
/// trace, that is all there is to it. The grace is counted in packets that open under the *new* key
/// (there is no clock in here); after it, or by [`end_grace`](Self::end_grace), the old key is gone.
///
/// ```
/// # use srtp_core::{CryptoSuite, Inbound, MasterKey, Policy};
/// use srtp_core::{Handover, Rekey};
///
/// # let old = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[1; 30])?;
/// # let new = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[2; 30])?;
/// let mut receiver: Handover = Handover::new(Inbound::new(&old, Policy::SECURE)?);
/// // A re-INVITE brought a new key: half a second of voice may still come under the old one.
/// receiver.rekey(&new, Rekey::ZeroRoc, 25)?;
/// assert!(receiver.in_grace());
/// # Ok::<(), srtp_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Handover<S = crate::Fixed<8>, const KEYS: usize = 2> {
    present: Inbound<S, KEYS>,
    old: Option<Inbound<S, KEYS>>,
    /// How many more packets open under the new key before the old one goes.
    grace: u32,
}

impl<S: StreamTable + Clone, const KEYS: usize> Handover<S, KEYS> {
    /// A handover that has not begun.
    pub const fn new(present: Inbound<S, KEYS>) -> Self {
        Self { present, old: None, grace: 0 }
    }

    /// Changes to another master key as [`Inbound::rekey`] does, and keeps the old one until
    /// `grace` packets have opened under the new. An older one still in its grace goes at once.
    ///
    /// # Errors
    /// As [`Inbound::rekey`]; everything is then as before.
    pub fn rekey(&mut self, key: &MasterKey, rekey: Rekey, grace: u32) -> Result<(), KeyError> {
        let before = self.present.clone();
        self.present.rekey(key, rekey)?;
        self.old = (grace > 0).then_some(before);
        self.grace = grace;
        Ok(())
    }

    /// Whether the old key still opens packets.
    pub const fn in_grace(&self) -> bool {
        self.old.is_some()
    }

    /// Forgets the old key.
    pub fn end_grace(&mut self) {
        self.old = None;
        self.grace = 0;
    }

    /// The present context.
    pub const fn present(&self) -> &Inbound<S, KEYS> {
        &self.present
    }

    /// The present context, to change.
    pub const fn present_mut(&mut self) -> &mut Inbound<S, KEYS> {
        &mut self.present
    }

    /// As [`Inbound::unprotect_rtp`], under the new key or, in its grace, the old.
    ///
    /// # Errors
    /// What the present context says; packet and contexts are then as before.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        self.open(packet, Inbound::unprotect_rtp)
    }

    /// As [`Inbound::unprotect_rtcp`], under the new key or, in its grace, the old.
    ///
    /// # Errors
    /// What the present context says; packet and contexts are then as before.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        self.open(packet, Inbound::unprotect_rtcp)
    }

    fn open(
        &mut self,
        packet: &mut [u8],
        open: fn(&mut Inbound<S, KEYS>, &mut [u8]) -> Result<usize, UnprotectError>,
    ) -> Result<usize, UnprotectError> {
        let Some(old) = &mut self.old else {
            return open(&mut self.present, packet);
        };
        match open(&mut self.present, packet) {
            Ok(len) => {
                self.grace = self.grace.saturating_sub(1);
                if self.grace == 0 {
                    self.old = None;
                }
                Ok(len)
            }
            Err(refusal) => open(old, packet).map_err(|_| refusal),
        }
    }
}

impl<S: StreamTable, const KEYS: usize> fmt::Debug for Handover<S, KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover")
            .field("present", &self.present)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
