//! The master keys of a context with their session keys, and how many packets each has protected.
//! Session keys are derived once for each master key, not for each SSRC.
//!
//! Read first: RFC 3711 §4.3, §8.1, §9.2; RFC 4568 §6.1.

use crate::key::{KeyError, MasterKey};
use crate::policy::Policy;
use crate::transform::{Protocol, SessionKeys};
use crate::wire::{SRTCP_INDEX_LEN, Trailer};

/// How much of a master key's lifetime is used up (RFC 3711 §9.2), over all its streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyUsage {
    /// SRTP packets protected or opened under the key.
    pub srtp_packets: u64,
    /// The most SRTP packets there may be.
    pub srtp_lifetime: u64,
    /// SRTCP packets protected or opened under the key.
    pub srtcp_packets: u64,
    /// The most SRTCP packets there may be.
    pub srtcp_lifetime: u64,
}

impl KeyUsage {
    /// Whether half of either lifetime is used up: the time to agree on a new key.
    pub const fn half_used(&self) -> bool {
        self.srtp_packets >= self.srtp_lifetime.div_ceil(2)
            || self.srtcp_packets >= self.srtcp_lifetime.div_ceil(2)
    }
}

/// The session keys of one protocol under one master key, for the latest key-derivation epoch.
#[derive(Clone)]
struct Epoch {
    keys: SessionKeys,
    r: u64,
    packets: u64,
    limit: u64,
}

/// A master key at work.
#[derive(Clone)]
pub(crate) struct ActiveKey {
    master: MasterKey,
    srtp: Epoch,
    srtcp: Epoch,
}

impl ActiveKey {
    fn new(master: &MasterKey) -> Self {
        let epoch = |protocol, limit| Epoch {
            keys: SessionKeys::derive(master, protocol, 0),
            r: 0,
            packets: 0,
            limit,
        };
        Self {
            srtp: epoch(Protocol::Srtp, master.srtp_limit()),
            srtcp: epoch(Protocol::Srtcp, master.srtcp_limit()),
            master: master.clone(),
        }
    }

    pub(crate) fn mki(&self) -> &[u8] {
        self.master.mki().as_bytes()
    }

    #[inline]
    pub(crate) fn srtp_trailer(&self, policy: Policy) -> Trailer {
        let tag = match policy.unauthenticated_srtp {
            true => 0,
            false => self.master.suite().parameters().srtp_tag_len,
        };
        Trailer {
            index: 0,
            mki: self.master.mki().len(),
            tag,
        }
    }

    #[inline]
    pub(crate) fn srtcp_trailer(&self) -> Trailer {
        let tag = self.master.suite().parameters().srtcp_tag_len;
        Trailer {
            index: SRTCP_INDEX_LEN,
            mki: self.master.mki().len(),
            tag,
        }
    }

    fn epoch(&self, protocol: Protocol) -> &Epoch {
        match protocol {
            Protocol::Srtp => &self.srtp,
            Protocol::Srtcp => &self.srtcp,
        }
    }

    /// Runs `work` with the session keys for a packet index: the kept ones, or, where a key
    /// derivation rate is set and the packet is of another epoch, freshly derived ones.
    #[inline]
    pub(crate) fn with_keys<R>(
        &self,
        protocol: Protocol,
        index: u64,
        work: impl FnOnce(&SessionKeys) -> R,
    ) -> R {
        let r = self.master.key_derivation_rate().epoch(index);
        let epoch = self.epoch(protocol);
        if r == epoch.r {
            work(&epoch.keys)
        } else {
            self.with_derived_keys(protocol, r, work)
        }
    }

    #[cold]
    #[inline(never)]
    fn with_derived_keys<R>(
        &self,
        protocol: Protocol,
        r: u64,
        work: impl FnOnce(&SessionKeys) -> R,
    ) -> R {
        work(&SessionKeys::derive(&self.master, protocol, r))
    }

    /// How many packets more the key may protect.
    #[inline]
    pub(crate) fn packets_left(&self, protocol: Protocol) -> u64 {
        let epoch = self.epoch(protocol);
        epoch.limit.saturating_sub(epoch.packets)
    }

    pub(crate) fn lifetime(&self, protocol: Protocol) -> u64 {
        self.epoch(protocol).limit
    }

    /// Counts a packet, and keeps the session keys of its epoch if that is a newer one.
    #[inline]
    pub(crate) fn commit(&mut self, protocol: Protocol, index: u64) {
        let r = self.master.key_derivation_rate().epoch(index);
        let epoch = match protocol {
            Protocol::Srtp => &mut self.srtp,
            Protocol::Srtcp => &mut self.srtcp,
        };
        epoch.packets = epoch.packets.saturating_add(1);
        if r > epoch.r {
            epoch.keys = SessionKeys::derive(&self.master, protocol, r);
            epoch.r = r;
        }
    }

    pub(crate) fn usage(&self) -> KeyUsage {
        KeyUsage {
            srtp_packets: self.srtp.packets,
            srtp_lifetime: self.srtp.limit,
            srtcp_packets: self.srtcp.packets,
            srtcp_lifetime: self.srtcp.limit,
        }
    }
}

/// Up to `KEYS` master keys.
#[derive(Clone)]
pub(crate) struct KeyRing<const KEYS: usize> {
    slots: [Option<ActiveKey>; KEYS],
    /// The slot of the key that protects.
    current: usize,
}

impl<const KEYS: usize> KeyRing<KEYS> {
    pub(crate) fn new(first: &MasterKey) -> Self {
        const { assert!(KEYS >= 1, "a context has at least one master key") };
        let mut slots = [const { None }; KEYS];
        if let Some(slot) = slots.first_mut() {
            *slot = Some(ActiveKey::new(first));
        }
        Self { slots, current: 0 }
    }

    pub(crate) fn add(&mut self, master: &MasterKey) -> Result<(), KeyError> {
        // Two keys can be told apart in a packet by MKIs of their own (RFC 4568 §6.1: of one
        // length, and on every key when there are several).
        let apart = |key: &ActiveKey| {
            key.mki().len() == master.mki().len() && key.mki() != master.mki().as_bytes()
        };
        if !self.iter().all(|(_, key)| apart(key)) {
            return Err(KeyError::MkiConflict);
        }
        let vacant = self.slots.iter_mut().find(|slot| slot.is_none());
        *vacant.ok_or(KeyError::RingFull { capacity: KEYS })? = Some(ActiveKey::new(master));
        Ok(())
    }

    pub(crate) fn remove(&mut self, mki: &[u8]) -> Result<(), KeyError> {
        let at = self.position(mki)?;
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = None;
        }
        Ok(())
    }

    pub(crate) fn switch_to(&mut self, mki: &[u8]) -> Result<(), KeyError> {
        self.current = self.position(mki)?;
        Ok(())
    }

    fn position(&self, mki: &[u8]) -> Result<usize, KeyError> {
        let found = self.iter().find(|(_, key)| key.mki() == mki);
        found.map(|(at, _)| at).ok_or(KeyError::NoSuchMki)
    }

    /// The keys with their slots.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &ActiveKey)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(at, slot)| Some((at, slot.as_ref()?)))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut ActiveKey> {
        self.slots.get_mut(at)?.as_mut()
    }

    /// The key that protects; none if it was removed.
    #[inline]
    pub(crate) fn current(&self) -> Option<&ActiveKey> {
        self.slots.get(self.current)?.as_ref()
    }

    #[inline]
    pub(crate) fn current_mut(&mut self) -> Option<&mut ActiveKey> {
        self.slots.get_mut(self.current)?.as_mut()
    }

    pub(crate) fn usage(&self, mki: &[u8]) -> Result<KeyUsage, KeyError> {
        let at = self.position(mki)?;
        let key = self
            .slots
            .get(at)
            .and_then(Option::as_ref)
            .ok_or(KeyError::NoSuchMki)?;
        Ok(key.usage())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::CryptoSuite;

    fn key(byte: u8, mki: &[u8]) -> MasterKey {
        let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[byte; 30]).unwrap();
        key.with_mki(mki).unwrap()
    }

    /// RFC 4568 §6.1: several keys need MKIs, of one length and different.
    #[test]
    fn keys_in_a_ring_can_be_told_apart() {
        let mut ring = KeyRing::<3>::new(&key(1, &[0, 1]));
        assert_eq!(ring.add(&key(2, &[0, 1])), Err(KeyError::MkiConflict));
        assert_eq!(ring.add(&key(2, &[2])), Err(KeyError::MkiConflict));
        assert_eq!(ring.add(&key(2, &[])), Err(KeyError::MkiConflict));
        assert_eq!(ring.add(&key(2, &[0, 2])), Ok(()));
        assert_eq!(ring.add(&key(3, &[0, 3])), Ok(()));
        assert_eq!(
            ring.add(&key(4, &[0, 4])),
            Err(KeyError::RingFull { capacity: 3 })
        );
        assert_eq!(ring.remove(&[0, 2]), Ok(()));
        assert_eq!(ring.remove(&[0, 2]), Err(KeyError::NoSuchMki));
        assert_eq!(ring.add(&key(4, &[0, 4])), Ok(()));
    }

    #[test]
    fn half_used_is_told_at_the_half() {
        let mut key = ActiveKey::new(&key(1, &[]).with_lifetime(5).unwrap());
        for n in 1..=5 {
            key.commit(Protocol::Srtp, n);
            assert_eq!(key.usage().half_used(), n >= 3, "{n}");
        }
        assert_eq!(key.packets_left(Protocol::Srtp), 0);
        assert_eq!(key.packets_left(Protocol::Srtcp), 5);
    }
}
