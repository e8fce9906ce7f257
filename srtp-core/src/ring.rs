//! The master keys of a context with their session keys, and how many packets each has protected.
//! Session keys are derived once for each master key, not for each SSRC.
//!
//! Read first: RFC 3711 §4.3, §8.1, §9.2; RFC 4568 §6.1.

use crate::kdf::Prf;
use crate::key::{KeyError, MasterKey};
use crate::policy::{Cryptex, MkiPolicy, Policy, ROC_LEN, Rcc};
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::primitive::HmacSha1;
use crate::suite::SuiteParameters;
use crate::transform::{Macs, Protocol, SessionKeys};
use crate::wiped::{Wiped, wipe_stack};
use crate::wire::{EXTENSION_HEAD_LEN, SRTCP_INDEX_LEN, Trailer};

/// How much of a master key's lifetime is used up (RFC 3711 §9.2), over all its streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyUsage {
    /// SRTP packets protected or opened under the key.
    pub srtp_packets: u64,
    /// The most SRTP packets there may be: the hard edge.
    pub srtp_lifetime: u64,
    /// The soft edge, in SRTP packets: [`Policy::rekey_after`] of the lifetime.
    pub srtp_soft_lifetime: u64,
    /// SRTCP packets protected or opened under the key.
    pub srtcp_packets: u64,
    /// The most SRTCP packets there may be: the hard edge.
    pub srtcp_lifetime: u64,
    /// The soft edge, in SRTCP packets.
    pub srtcp_soft_lifetime: u64,
}

impl KeyUsage {
    /// Whether a soft edge is reached: the time to agree on a new key.
    pub const fn is_due(&self) -> bool {
        self.srtp_packets >= self.srtp_soft_lifetime
            || self.srtcp_packets >= self.srtcp_soft_lifetime
    }
}

/// `lifetime * numerator / denominator`, rounded up and at most the lifetime.
fn soft(lifetime: u64, policy: &Policy) -> u64 {
    let (numerator, denominator) = policy.rekey_after;
    let edge = (u128::from(lifetime) * u128::from(numerator)).div_ceil(denominator.get().into());
    u64::try_from(edge).unwrap_or(u64::MAX).min(lifetime)
}

/// The session keys of one protocol under one master key, for the latest key-derivation epoch.
#[derive(Clone)]
struct Epoch {
    keys: SessionKeys,
    r: u64,
    packets: u64,
    lifetime: u64,
}

impl Epoch {
    const VACANT: Self = Self { keys: SessionKeys::VACANT, r: 0, packets: 0, lifetime: 0 };
}

/// A master key at work, or the place for one.
#[derive(Clone)]
pub(crate) struct ActiveKey {
    master: MasterKey,
    srtp: Epoch,
    srtcp: Epoch,
    /// What follows the payload, where no packet carries a rollover counter.
    srtp_trailers: Trailers,
    srtcp_trailers: Trailers,
}

/// What follows a payload, without and with the MKI of the key.
#[derive(Clone, Copy)]
struct Trailers {
    without_mki: Trailer,
    with_mki: Trailer,
}

impl Trailers {
    const NONE: Self =
        Self { without_mki: Trailer::new(0, 0, 0, 0, 0), with_mki: Trailer::new(0, 0, 0, 0, 0) };

    fn new(row: &SuiteParameters, index: usize, mki: usize, roc: u8, tag: usize) -> Self {
        let byte = |len: usize| u8::try_from(len).unwrap_or(u8::MAX);
        let (aead_tag, tag) = if row.cipher.is_aead() { (tag, 0) } else { (0, tag) };
        let trailer = |mki| Trailer::new(byte(aead_tag), byte(index), byte(mki), roc, byte(tag));
        Self { without_mki: trailer(0), with_mki: trailer(mki) }
    }

    #[inline(always)]
    fn choose(&self, with_mki: bool) -> Trailer {
        if with_mki { self.with_mki } else { self.without_mki }
    }
}

impl ActiveKey {
    /// The place for a key. A constant, not built on the stack and moved: it is most of what a context
    /// takes, a small machine has not the stack to carry it about, and on a stack older keys may have
    /// lain, which would come along in the bytes of unused variants. (Without `accel` it is all zeros,
    /// so that it takes no flash.)
    pub(crate) const VACANT: Self = Self {
        srtp: Epoch::VACANT,
        srtcp: Epoch::VACANT,
        master: MasterKey::VACANT,
        srtp_trailers: Trailers::NONE,
        srtcp_trailers: Trailers::NONE,
    };

    /// Whether there is a key: every one has a lifetime.
    #[inline(always)]
    fn is_vacant(&self) -> bool {
        self.srtp.lifetime == 0
    }

    /// Sets a vacant place to work with a key whose suite goes with the policy, and returns its
    /// pseudo-random function's seed for the table of SSRCs.
    #[inline(never)]
    pub(crate) fn begin(&mut self, master: &MasterKey, policy: &Policy) -> u64 {
        let (row, mki) = (master.suite().parameters(), master.mki().len());
        let srtp_tag = if policy.unauthenticated_srtp { 0 } else { row.srtp_tag_len };
        self.srtp_trailers = Trailers::new(row, 0, mki, 0, srtp_tag);
        self.srtcp_trailers = Trailers::new(row, SRTCP_INDEX_LEN, mki, 0, row.srtcp_tag_len);
        self.master.clone_from(master);
        self.srtp.lifetime = master.srtp_limit();
        self.srtcp.lifetime = master.srtcp_limit();

        let prf = Prf::new(master);
        let elements = !policy.encrypted_extensions.is_empty();
        self.srtp.keys.derive_by(&prf, row, Protocol::Srtp, 0, elements);
        if !self.keeps_its_keys() {
            wipe_stack(); // these keys will go before the others
        }
        self.srtcp.keys.derive_by(&prf, row, Protocol::Srtcp, 0, false);
        prf.table_seed()
    }

    pub(crate) fn master(&self) -> &MasterKey {
        &self.master
    }

    #[inline]
    pub(crate) fn suite(&self) -> &'static SuiteParameters {
        self.master.suite().parameters()
    }

    /// The MKI that packets carry, or none where the policy says `with` MKI or not.
    #[inline]
    pub(crate) fn mki(&self, with: bool) -> &[u8] {
        if with { self.master.mki().as_bytes() } else { &[] }
    }

    /// What follows the payload of the SRTP packet with this sequence number.
    #[inline(always)]
    pub(crate) fn srtp_trailer(
        &self,
        policy: &Policy,
        with_mki: bool,
        sequence_number: u16,
    ) -> Trailer {
        match policy.applied_rcc() {
            None => self.srtp_trailers.choose(with_mki),
            Some(rcc) => self.rcc_trailer(rcc, with_mki, sequence_number),
        }
    }

    #[cold]
    #[inline(never)]
    fn rcc_trailer(&self, rcc: Rcc, with_mki: bool, sequence_number: u16) -> Trailer {
        let row = self.suite();
        let carried = rcc.is_carried(sequence_number);
        let roc = if carried { ROC_LEN } else { 0 };
        let tag = if row.cipher.is_aead() { row.srtp_tag_len } else { rcc.mac_len(carried) };
        Trailers::new(row, 0, self.master.mki().len(), roc, tag).choose(with_mki)
    }

    /// The most that is added to an RTP packet.
    pub(crate) fn srtp_overhead(&self, policy: &Policy, with_mki: bool) -> usize {
        // RFC 4771: 0 is a multiple of every rate, 1 of the rate 1 only.
        let trailer = |number| self.srtp_trailer(policy, with_mki, number).len();
        let extension =
            if policy.applied_cryptex() == Cryptex::Off { 0 } else { EXTENSION_HEAD_LEN };
        trailer(0).max(trailer(1)) + extension
    }

    /// What follows the payload of an SRTCP packet.
    #[inline(always)]
    pub(crate) fn srtcp_trailer(&self, with_mki: bool) -> Trailer {
        self.srtcp_trailers.choose(with_mki)
    }

    #[inline(always)]
    fn epoch(&self, protocol: Protocol) -> &Epoch {
        match protocol {
            Protocol::Srtp => &self.srtp,
            Protocol::Srtcp => &self.srtcp,
        }
    }

    /// Runs `work` with the session keys for a packet index.
    pub(crate) fn with_keys<R>(
        &self,
        protocol: Protocol,
        index: u64,
        work: impl FnOnce(&SessionKeys) -> R,
    ) -> R {
        work(self.keys(protocol, index, &mut None))
    }

    /// The session keys for a packet index: the kept ones, or, where a key derivation rate is set
    /// and the packet is of another epoch, freshly derived ones, whose place is `derived`.
    #[inline(always)]
    pub(crate) fn keys<'k>(
        &'k self,
        protocol: Protocol,
        index: u64,
        derived: &'k mut Option<SessionKeys>,
    ) -> &'k SessionKeys {
        let r = self.master.key_derivation_rate().epoch(index);
        let epoch = self.epoch(protocol);
        if r == epoch.r { &epoch.keys } else { self.derive_keys(protocol, r, derived) }
    }

    #[cold]
    #[inline(never)]
    fn derive_keys<'k>(
        &self,
        protocol: Protocol,
        r: u64,
        place: &'k mut Option<SessionKeys>,
    ) -> &'k SessionKeys {
        let keys = place.insert(SessionKeys::VACANT);
        keys.derive(&self.master, protocol, r, self.srtp.keys.has_header_keys());
        keys
    }

    /// The session keys of SRTP and what follows the payload, of a key on the short way.
    #[inline(always)]
    pub(crate) fn ordinary_srtp(&self) -> (&SessionKeys, Trailer) {
        (&self.srtp.keys, self.srtp_trailers.without_mki)
    }

    /// The same of SRTCP.
    #[inline(always)]
    pub(crate) fn ordinary_srtcp(&self) -> (&SessionKeys, Trailer) {
        (&self.srtcp.keys, self.srtcp_trailers.without_mki)
    }

    /// Whether the session keys are the same for every packet, and stay where they are.
    #[inline]
    pub(crate) fn keeps_its_keys(&self) -> bool {
        self.master.key_derivation_rate().exponent().is_none()
    }

    /// The session keys, where they are the same for every packet.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline]
    pub(crate) fn kept_keys(&self, protocol: Protocol) -> Option<&SessionKeys> {
        self.keeps_its_keys().then_some(&self.epoch(protocol).keys)
    }

    /// HMACs can wait only where their key does.
    #[inline]
    pub(crate) fn macs<'d>(&self, wanted: Macs<'d>) -> Macs<'d> {
        if self.keeps_its_keys() { wanted } else { Macs::Now }
    }

    /// How many packets more the key may protect.
    #[inline]
    pub(crate) fn packets_left(&self, protocol: Protocol) -> u64 {
        let epoch = self.epoch(protocol);
        epoch.lifetime.saturating_sub(epoch.packets)
    }

    pub(crate) fn lifetime(&self, protocol: Protocol) -> u64 {
        self.epoch(protocol).lifetime
    }

    /// Counts an SRTP packet of a key on the short way, whose session keys stay what they are.
    #[inline(always)]
    pub(crate) fn commit_ordinary(&mut self) {
        self.srtp.packets = self.srtp.packets.saturating_add(1);
    }

    /// Counts a packet, and keeps the session keys of its epoch if that is a newer one.
    #[inline(always)]
    pub(crate) fn commit(&mut self, protocol: Protocol, index: u64) {
        let r = self.master.key_derivation_rate().epoch(index);
        let epoch = match protocol {
            Protocol::Srtp => &mut self.srtp,
            Protocol::Srtcp => &mut self.srtcp,
        };
        epoch.packets = epoch.packets.saturating_add(1);
        if r > epoch.r {
            self.go_to_epoch(protocol, r);
        }
    }

    #[cold]
    #[inline(never)]
    fn go_to_epoch(&mut self, protocol: Protocol, r: u64) {
        wipe_stack();
        let elements = self.srtp.keys.has_header_keys();
        let epoch = match protocol {
            Protocol::Srtp => &mut self.srtp,
            Protocol::Srtcp => &mut self.srtcp,
        };
        epoch.keys.derive(&self.master, protocol, r, elements);
        epoch.r = r;
    }

    /// Packets so far, SRTP and SRTCP.
    pub(crate) fn packets(&self) -> (u64, u64) {
        (self.srtp.packets, self.srtcp.packets)
    }

    /// Counts at least as many packets.
    pub(crate) fn raise_packets(&mut self, srtp: u64, srtcp: u64) {
        self.srtp.packets = self.srtp.packets.max(srtp);
        self.srtcp.packets = self.srtcp.packets.max(srtcp);
    }

    pub(crate) fn usage(&self, policy: &Policy) -> KeyUsage {
        KeyUsage {
            srtp_packets: self.srtp.packets,
            srtp_lifetime: self.srtp.lifetime,
            srtp_soft_lifetime: soft(self.srtp.lifetime, policy),
            srtcp_packets: self.srtcp.packets,
            srtcp_lifetime: self.srtcp.lifetime,
            srtcp_soft_lifetime: soft(self.srtcp.lifetime, policy),
        }
    }
}

/// Whether packets under a key, if it is the only one, can go the short way.
fn is_ordinary(key: &MasterKey, policy: &Policy) -> bool {
    let changes = key.key_derivation_rate().exponent().is_some();
    policy.is_ordinary() && !changes && key.mki().is_empty()
}

/// Up to `KEYS` master keys, and the policy they are used under.
#[derive(Clone)]
pub(crate) struct KeyRing<const KEYS: usize> {
    pub(crate) policy: Policy,
    slots: [Wiped<ActiveKey>; KEYS],
    /// The slot of the key that protects.
    current: usize,
    /// The slot of the only key, where its packets can go the short way; else none.
    ordinary: usize,
}

impl<const KEYS: usize> KeyRing<KEYS> {
    /// A ring without keys.
    #[inline(always)]
    pub(crate) const fn vacant(policy: Policy) -> Self {
        const { assert!(KEYS >= 1, "a context has at least one master key") };
        let slots = [const { Wiped::new(ActiveKey::VACANT) }; KEYS];
        Self { policy, slots, current: KEYS, ordinary: KEYS }
    }

    /// Makes a key whose suite goes with the policy the only one, which protects, and returns its
    /// pseudo-random function's seed for the table of SSRCs.
    pub(crate) fn begin(&mut self, first: &MasterKey) -> u64 {
        let seed = self.slots.first_mut().map(|slot| slot.begin(first, &self.policy));
        self.current = 0;
        self.find_ordinary();
        seed.unwrap_or_default()
    }

    /// To be called when a key has come or gone.
    fn find_ordinary(&mut self) {
        let ordinary = |(_, key): &(usize, &ActiveKey)| is_ordinary(&key.master, &self.policy);
        let only = if self.iter().count() == 1 { self.iter().find(ordinary) } else { None };
        let slot = only.map_or(KEYS, |(at, _)| at);
        self.ordinary = slot;
    }

    /// For the test of one way against the other.
    #[cfg(test)]
    pub(crate) fn forbid_short_way(&mut self) {
        self.ordinary = KEYS;
    }

    /// The only key, where a received packet can go the short way: the key says at once where in the
    /// packet everything is, and by which session keys it opens.
    #[inline(always)]
    pub(crate) fn ordinary_mut(&mut self) -> Option<&mut ActiveKey> {
        Some(self.slots.get_mut(self.ordinary)?) // set where there is one
    }

    /// The same, to look at it.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn ordinary(&self) -> Option<&ActiveKey> {
        self.slots.get(self.ordinary).map(|key| &**key)
    }

    /// The same for a packet to be sent.
    #[inline(always)]
    pub(crate) fn ordinary_current_mut(&mut self) -> Option<&mut ActiveKey> {
        if self.ordinary == self.current { self.ordinary_mut() } else { None }
    }

    pub(crate) fn add(&mut self, master: &MasterKey) -> Result<(), KeyError> {
        wipe_stack();
        self.add_here(master)
    }

    // Not inlined, so that it stands where the stack was wiped.
    #[inline(never)]
    fn add_here(&mut self, master: &MasterKey) -> Result<(), KeyError> {
        self.policy.check(master.suite())?;
        // Two keys can be told apart in a packet by MKIs of their own (RFC 4568 §6.1: of one
        // length, and on every key when there are several).
        let apart = |key: &ActiveKey| {
            let (mki, new) = (key.master.mki(), master.mki());
            mki.len() == new.len() && mki != new
        };
        let sent = self.policy.mki != MkiPolicy::Never;
        if !self.iter().all(|(_, key)| sent && apart(key)) {
            return Err(KeyError::MkiConflict);
        }
        let vacant = self.slots.iter_mut().find(|slot| slot.is_vacant());
        let slot = vacant.ok_or(KeyError::RingFull { capacity: KEYS })?;
        slot.begin(master, &self.policy);
        self.find_ordinary();
        Ok(())
    }

    pub(crate) fn remove(&mut self, mki: &[u8]) -> Result<(), KeyError> {
        let at = self.position(mki)?;
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Wiped::new(ActiveKey::VACANT);
        }
        if at == self.current {
            // No slot: the next key to be added may get this one, and nobody chose that key yet.
            self.current = KEYS;
        }
        self.find_ordinary();
        Ok(())
    }

    pub(crate) fn switch_to(&mut self, mki: &[u8]) -> Result<(), KeyError> {
        self.current = self.position(mki)?;
        Ok(())
    }

    /// Leaves this key alone in the ring. A key that is here already keeps its count of packets.
    /// Returns a seed as [`begin`](Self::begin) does.
    pub(crate) fn replace(&mut self, master: &MasterKey) -> Result<u64, KeyError> {
        wipe_stack();
        self.replace_here(master)
    }

    #[inline(never)]
    fn replace_here(&mut self, master: &MasterKey) -> Result<u64, KeyError> {
        self.policy.check(master.suite())?;
        let (srtp, srtcp) = self.same_key(master).map_or((0, 0), ActiveKey::packets);
        // In their places: a ring made anew elsewhere brings with it what lay there before.
        self.slots.iter_mut().for_each(|slot| *slot = Wiped::new(ActiveKey::VACANT));
        let seed = self.begin(master);
        self.iter_mut().for_each(|key| key.raise_packets(srtp, srtcp));
        Ok(seed)
    }

    /// The key with the same key and salt as `master`.
    pub(crate) fn same_key(&self, master: &MasterKey) -> Option<&ActiveKey> {
        self.iter().map(|(_, key)| key).find(|key| key.master.same_key_salt(master))
    }

    fn position(&self, mki: &[u8]) -> Result<usize, KeyError> {
        let found = self.iter().find(|(_, key)| key.master.mki().as_bytes() == mki);
        found.map(|(at, _)| at).ok_or(KeyError::NoSuchMki)
    }

    /// The keys with their slots.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &ActiveKey)> {
        let keys = self.slots.iter().map(|slot| &**slot).enumerate();
        keys.filter(|(_, key)| !key.is_vacant())
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut ActiveKey> {
        self.slots.iter_mut().map(|slot| &mut **slot).filter(|key| !key.is_vacant())
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<&ActiveKey> {
        self.slots.get(at).map(|slot| &**slot).filter(|key| !key.is_vacant())
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut ActiveKey> {
        self.slots.get_mut(at).map(|slot| &mut **slot).filter(|key| !key.is_vacant())
    }

    /// Whether there are packets whose HMACs can be computed apart from them.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline]
    pub(crate) fn makes_hmacs(&self) -> bool {
        let makes = |key: &ActiveKey| key.srtp.keys.auth().is_some();
        match self.ordinary() {
            Some(key) => makes(key),
            None => self.iter().any(|(_, key)| key.keeps_its_keys() && makes(key)),
        }
    }

    /// The key that protects; none if it was removed.
    #[inline]
    pub(crate) fn current(&self) -> Option<&ActiveKey> {
        self.get(self.current)
    }

    /// The key of the HMACs of packets to be sent, where it is the same for every packet.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn kept_auth(&self, protocol: Protocol) -> Option<&HmacSha1> {
        match self.ordinary() {
            Some(key) if self.ordinary == self.current => key.epoch(protocol).keys.auth(),
            _ => self.current()?.kept_keys(protocol)?.auth(),
        }
    }

    #[inline]
    pub(crate) fn current_mut(&mut self) -> Option<&mut ActiveKey> {
        self.get_mut(self.current)
    }

    pub(crate) fn usage(&self, mki: &[u8]) -> Result<KeyUsage, KeyError> {
        let at = self.position(mki)?;
        let key = self.get(at).ok_or(KeyError::NoSuchMki)?;
        Ok(key.usage(&self.policy))
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

    fn ring_of<const KEYS: usize>(
        key: &MasterKey,
        policy: Policy,
    ) -> Result<KeyRing<KEYS>, KeyError> {
        policy.check(key.suite())?;
        let mut ring = KeyRing::vacant(policy);
        ring.begin(key);
        Ok(ring)
    }

    /// RFC 4568 §6.1: several keys need MKIs, of one length and different.
    #[test]
    fn keys_in_a_ring_can_be_told_apart() {
        let mut ring = ring_of::<3>(&key(1, &[0, 1]), Policy::SECURE).unwrap();
        assert_eq!(ring.add(&key(2, &[0, 1])), Err(KeyError::MkiConflict));
        assert_eq!(ring.add(&key(2, &[2])), Err(KeyError::MkiConflict));
        assert_eq!(ring.add(&key(2, &[])), Err(KeyError::MkiConflict));
        assert_eq!(ring.add(&key(2, &[0, 2])), Ok(()));
        assert_eq!(ring.add(&key(3, &[0, 3])), Ok(()));
        assert_eq!(ring.add(&key(4, &[0, 4])), Err(KeyError::RingFull { capacity: 3 }));
        assert_eq!(ring.remove(&[0, 2]), Ok(()));
        assert_eq!(ring.remove(&[0, 2]), Err(KeyError::NoSuchMki));
        assert_eq!(ring.add(&key(4, &[0, 4])), Ok(()));
        let never = Policy::SECURE.with_mki(MkiPolicy::Never);
        let mut ring = ring_of::<2>(&key(1, &[1]), never).unwrap();
        assert_eq!(ring.add(&key(2, &[2])), Err(KeyError::MkiConflict), "no packet says which");
    }

    /// The key that is added to the place of the one that protected does not protect by that.
    #[test]
    fn a_key_protects_only_when_it_is_chosen() {
        let mut ring = ring_of::<2>(&key(1, &[1]), Policy::SECURE).unwrap();
        ring.remove(&[1]).unwrap();
        ring.add(&key(2, &[2])).unwrap();
        assert!(ring.current().is_none());
        ring.switch_to(&[2]).unwrap();
        ring.add(&key(3, &[3])).unwrap();
        ring.remove(&[3]).unwrap();
        assert!(ring.current().is_some_and(|key| key.master.mki().as_bytes() == [2]));
    }

    /// The soft edge is where the caller put it, one half by default, in both protocols.
    #[test]
    fn a_new_key_is_due_at_the_soft_edge() {
        let third = Policy::SECURE.with_rekey_after(1, 3.try_into().unwrap());
        let whole = Policy::SECURE.with_rekey_after(7, 1.try_into().unwrap());
        for (policy, edge) in [(Policy::SECURE, 3), (third, 2), (whole, 5)] {
            for protocol in [Protocol::Srtp, Protocol::Srtcp] {
                let master = key(1, &[]).with_lifetime(5).unwrap();
                let mut key = ActiveKey::VACANT;
                key.begin(&master, &policy);
                for n in 1..=5 {
                    key.commit(protocol, n);
                    assert_eq!(key.usage(&policy).is_due(), n >= edge, "{n}");
                }
                assert_eq!(key.packets_left(protocol), 0);
            }
        }
    }

    /// RFC 3711 §4.3.1: session keys are those of the newest packet's epoch, and an older packet does
    /// not bring the older ones back. Keys of header extensions are derived only for a policy that
    /// encrypts elements, at the first epoch as at the next.
    #[test]
    fn the_keys_of_the_newest_epoch_are_kept() {
        let rate = crate::KeyDerivationRate::from_exponent(4).unwrap();
        let master = key(1, &[]).with_key_derivation_rate(rate);
        let elements =
            Policy::SECURE.with_encrypted_extensions(crate::wire::ExtensionIds::NONE.with(1));
        let built_in = cfg!(feature = "header-encryption");
        for (policy, has_header_keys) in [(Policy::SECURE, false), (elements, built_in)] {
            let mut key = ActiveKey::VACANT;
            key.begin(&master, &policy);
            for (index, r) in [(15, 0), (16, 1), (3, 1), (31, 1), (49, 3), (16, 3)] {
                for protocol in [Protocol::Srtp, Protocol::Srtcp] {
                    key.commit(protocol, index);
                    assert_eq!(key.epoch(protocol).r, r, "{index}");
                }
                assert_eq!(key.srtp.keys.has_header_keys(), has_header_keys);
                assert!(!key.srtcp.keys.has_header_keys());
            }
        }
    }

    /// RFC 7714 §8.2: AES-GCM cannot go without encryption or tag.
    #[test]
    fn aead_cannot_be_weakened() {
        let suite = CryptoSuite::AeadAes128Gcm;
        let key = MasterKey::new(suite, &[1; 28]).unwrap();
        let ring = |policy| ring_of::<1>(&key, policy).map(|_| ());
        let refused = Err(KeyError::PolicyNotForSuite { suite });
        assert_eq!(ring(Policy::SECURE.with_unencrypted_srtp(true)), refused);
        assert_eq!(ring(Policy::SECURE.with_unauthenticated_srtp(true)), refused);
        assert_eq!(ring(Policy::SECURE.with_unencrypted_srtcp(true)), Ok(()));
    }
}
