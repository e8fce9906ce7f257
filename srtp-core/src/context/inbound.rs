//! The receiving direction.
//!
//! Read first: RFC 3711 §3.3 steps 1 to 8 for the receiver, §3.3.1, §3.3.2, §3.4.

use core::fmt;

use super::{Rekey, StreamInfo, UnprotectError, list};
use crate::index::{self, MAX_RTP_INDEX};
use crate::key::{KeyError, MasterKey};
use crate::policy::{MkiPolicy, Policy};
use crate::replay::Seen;
use crate::ring::{ActiveKey, KeyRing, KeyUsage};
use crate::table::{Fixed, StreamTable};
use crate::transform::{MAX_PAYLOAD_LEN, Protocol, split_index_word};
use crate::wire::{Parts, RTCP_CLEAR_LEN, RtcpHeader, RtpHeader};

/// A context that unprotects: SRTP and SRTCP packets in, RTP and RTCP packets out.
///
/// `S` is where the streams are kept, `KEYS` how many master keys there can be at once. A new SSRC
/// gets a place only after a packet of it was authenticated (unless `UNAUTHENTICATED_SRTP` was
/// agreed), with a rollover counter of 0 unless [`set_roc`](Self::set_roc) or
/// [`Policy::first_roc`] said otherwise.
///
/// A packet that is refused is left as it was, and so is the context: it can be tried again, with
/// another rollover counter or in another context.
#[derive(Clone)]
pub struct Inbound<S = Fixed<8>, const KEYS: usize = 2> {
    ring: KeyRing<KEYS>,
    streams: S,
}

/// A packet whose tag is right: the slot of its master key, how long header and payload are, and
/// what the verification found out.
struct Authentic<T> {
    key: usize,
    body_len: usize,
    found: T,
}

impl<S: StreamTable + Default, const KEYS: usize> Inbound<S, KEYS> {
    /// A context without streams that opens what `key` protected.
    ///
    /// # Errors
    /// [`KeyError::PolicyNotForSuite`].
    pub fn new(key: &MasterKey, policy: Policy) -> Result<Self, KeyError> {
        Self::with_streams(key, policy, S::default())
    }
}

impl<S: StreamTable, const KEYS: usize> Inbound<S, KEYS> {
    /// A context that opens what `key` protected and keeps its streams in `streams`, which is
    /// emptied.
    ///
    /// # Errors
    /// [`KeyError::PolicyNotForSuite`].
    pub fn with_streams(key: &MasterKey, policy: Policy, mut streams: S) -> Result<Self, KeyError> {
        let ring = KeyRing::new(key, policy)?;
        streams.clear(crate::kdf::table_seed(key));
        Ok(Self { ring, streams })
    }

    /// Turns an SRTP packet into the RTP packet it protects, in place, and returns its length.
    ///
    /// # Errors
    /// [`UnprotectError`]; packet and context are then as before.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let policy = self.ring.policy;
        let header = RtpHeader::parse(packet)?;
        let slot = self.streams.find(header.ssrc);
        let (index, rocs_to_try) = match slot.and_then(|slot| self.streams.get(slot)) {
            Some(stream) if !stream.stream.awaits_first_rtp() => {
                let index = stream.stream.estimate(header.sequence_number);
                if !policy.unauthenticated_srtp {
                    refuse_seen(stream.check_rtp(index), index, || stream.oldest_rtp())?;
                }
                (index, 1)
            }
            _ => {
                let (first, last) = policy.first_roc;
                let count = u64::from(last).saturating_sub(first.into()) + 1;
                (index::compose(first, header.sequence_number), count)
            }
        };
        if index > MAX_RTP_INDEX {
            return Err(UnprotectError::IndexExhausted { last: MAX_RTP_INDEX });
        }

        let encrypted = policy.encrypts_srtp();
        let authentic = self.authenticate(packet, header.len, Protocol::Srtp, |key, parts| {
            (0..rocs_to_try).map(|n| index + (n << 16)).find(|&index| {
                key.with_keys(Protocol::Srtp, index, |keys| {
                    keys.verify_rtp(parts, &header, index, encrypted)
                })
            })
        })?;
        let Authentic { key, body_len, found: index } = authentic;
        let slot = self.admit(slot, header.ssrc, key, Protocol::Srtp)?;

        if let Some(key) = self.ring.get_mut(key) {
            if encrypted && let Some(payload) = packet.get_mut(header.len..body_len) {
                key.with_keys(Protocol::Srtp, index, |keys| {
                    keys.open_rtp(payload, &header, index);
                });
            }
            key.commit(Protocol::Srtp, index);
        }
        if let Some(mut stream) = self.streams.get_mut(slot) {
            match policy.unauthenticated_srtp {
                true => stream.follow_rtp(index),
                false => stream.commit_rtp(index),
            }
        }
        Ok(body_len)
    }

    /// Turns an SRTCP packet into the RTCP packet it protects, in place, and returns its length.
    ///
    /// # Errors
    /// [`UnprotectError`]; packet and context are then as before.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let policy = self.ring.policy;
        let header = RtcpHeader::parse(packet)?;
        let slot = self.streams.find(header.ssrc);
        // Where the index stands depends on the key's MKI, so the window is asked once a tag has
        // vouched for both.
        let authentic =
            self.authenticate(packet, RTCP_CLEAR_LEN, Protocol::Srtcp, |key, parts| {
                let (encrypted, index) = split_index_word(parts.index);
                let right =
                    key.with_keys(Protocol::Srtcp, index.into(), |keys| keys.verify_rtcp(parts));
                right.then_some((encrypted, index, policy.encrypts_srtcp(key.master().suite())))
            })?;
        let Authentic { key, body_len, found: (encrypted, index, expected) } = authentic;
        if let Some(stream) = slot.and_then(|slot| self.streams.get(slot)) {
            let oldest = || stream.stream.oldest_rtcp();
            refuse_seen(stream.stream.check_rtcp(index), index.into(), oldest)?;
        }
        // RFC 4568 §6.3.2, decided by what was agreed and not by what the packet says of itself.
        if encrypted != expected {
            return Err(UnprotectError::Policy { encrypted });
        }
        let slot = self.admit(slot, header.ssrc, key, Protocol::Srtcp)?;

        if let Some(key) = self.ring.get_mut(key) {
            if encrypted && let Some(body) = packet.get_mut(..body_len) {
                key.with_keys(Protocol::Srtcp, index.into(), |keys| keys.open_rtcp(body, index));
            }
            key.commit(Protocol::Srtcp, index.into());
        }
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.stream.commit_rtcp(index);
        }
        Ok(body_len)
    }

    /// Finds the master key that made the packet's tag: `verify` says what it found, or nothing
    /// where the tag is not this key's. Of several refusals the one that came furthest is reported.
    #[inline]
    fn authenticate<T>(
        &self,
        packet: &[u8],
        clear: usize,
        protocol: Protocol,
        mut verify: impl FnMut(&ActiveKey, &Parts<'_>) -> Option<T>,
    ) -> Result<Authentic<T>, UnprotectError> {
        let policy = self.ring.policy;
        let ways: &[bool] = match policy.mki {
            MkiPolicy::Require => &[true],
            MkiPolicy::AcceptIfPresent => &[true, false],
            MkiPolicy::Never => &[false],
        };
        let mut refusal = UnprotectError::UnknownMki;
        for (slot, key) in self.ring.iter() {
            for &with_mki in ways {
                let parts = match key.trailer(protocol, policy, with_mki).split(packet, clear) {
                    Ok(parts) => parts,
                    Err(error) => {
                        if refusal == UnprotectError::UnknownMki {
                            refusal = error.into();
                        }
                        continue;
                    }
                };
                if parts.mki != key.mki(with_mki) {
                    continue;
                }
                let payload = parts.body.len().saturating_sub(clear);
                if payload > MAX_PAYLOAD_LEN {
                    return Err(UnprotectError::TooLong { len: payload, limit: MAX_PAYLOAD_LEN });
                }
                if let Some(found) = verify(key, &parts) {
                    return Ok(Authentic { key: slot, body_len: parts.body.len(), found });
                }
                refusal = UnprotectError::AuthFailed;
            }
        }
        Err(refusal)
    }

    /// The last checks of an authentic packet: the key may still open one, and its SSRC has a
    /// place or gets one.
    #[inline]
    fn admit(
        &mut self,
        slot: Option<usize>,
        ssrc: u32,
        key: usize,
        protocol: Protocol,
    ) -> Result<usize, UnprotectError> {
        if let Some(key) = self.ring.get_mut(key)
            && key.packets_left(protocol) == 0
        {
            return Err(UnprotectError::KeyExpired { lifetime: key.lifetime(protocol) });
        }
        let capacity = self.streams.capacity();
        slot.or_else(|| self.streams.admit(ssrc)).ok_or(UnprotectError::TableFull { capacity })
    }

    /// Changes to another master key, which becomes the only one. What becomes of rollover counters
    /// and windows is the caller's word. Packets under the old key are refused from now on; where
    /// late ones shall still open, see [`Handover`](super::Handover).
    ///
    /// # Errors
    /// [`KeyError::SameKey`] where counters were to start at zero under a key that is in use: what
    /// was accepted could be replayed. [`KeyError::PolicyNotForSuite`]. The context is then as
    /// before.
    pub fn rekey(&mut self, key: &MasterKey, rekey: Rekey) -> Result<(), KeyError> {
        if rekey == Rekey::ZeroRoc && self.ring.same_key(key).is_some() {
            return Err(KeyError::SameKey);
        }
        self.ring = self.ring.replaced(key)?;
        if rekey == Rekey::ZeroRoc {
            self.streams.clear(crate::kdf::table_seed(key));
        }
        Ok(())
    }

    /// Adds a master key; packets with its MKI open from now on.
    ///
    /// # Errors
    /// [`KeyError::RingFull`]; [`KeyError::MkiConflict`] where its MKI is not of the same length
    /// as, and different from, that of every key in the ring (RFC 4568 §6.1).
    pub fn add_key(&mut self, key: &MasterKey) -> Result<(), KeyError> {
        self.ring.add(key)
    }

    /// Forgets the key that has this MKI.
    ///
    /// # Errors
    /// [`KeyError::NoSuchMki`].
    pub fn remove_key(&mut self, mki: &[u8]) -> Result<(), KeyError> {
        self.ring.remove(mki)
    }

    /// How much of the lifetime of the key with this MKI is used up.
    ///
    /// # Errors
    /// [`KeyError::NoSuchMki`].
    pub fn key_usage(&self, mki: &[u8]) -> Result<KeyUsage, KeyError> {
        self.ring.usage(mki)
    }

    /// The rollover counter of an SSRC.
    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        Some(self.streams.get(self.streams.find(ssrc)?)?.stream.roc())
    }

    /// Sets the rollover counter of an SSRC, which is admitted if it is new: that of its highest
    /// sequence number so far, or of the first packet to come. For one who joins late
    /// (RFC 3711 §3.3.1).
    ///
    /// # Errors
    /// [`UnprotectError::TableFull`].
    pub fn set_roc(&mut self, ssrc: u32, roc: u32) -> Result<(), UnprotectError> {
        let capacity = self.streams.capacity();
        let slot = self.streams.find(ssrc).or_else(|| self.streams.admit(ssrc));
        let mut stream = slot
            .and_then(|slot| self.streams.get_mut(slot))
            .ok_or(UnprotectError::TableFull { capacity })?;
        stream.set_roc(roc);
        Ok(())
    }

    /// The streams of the context, in no particular order.
    pub fn streams(&self) -> impl Iterator<Item = StreamInfo> {
        list(&self.streams)
    }

    /// Forgets an SSRC, its indices and its replay windows; says whether it was there. Packets of
    /// it that were accepted could then be replayed: remove it only with its key or for good.
    pub fn remove_stream(&mut self, ssrc: u32) -> bool {
        self.streams.remove(ssrc)
    }
}

#[inline]
fn refuse_seen(seen: Seen, index: u64, oldest: impl FnOnce() -> u64) -> Result<(), UnprotectError> {
    match seen {
        Seen::Never => Ok(()),
        Seen::Before => Err(UnprotectError::Replayed { index }),
        Seen::TooOld => Err(UnprotectError::TooOld { index, oldest: oldest() }),
    }
}

#[cfg(test)]
impl<S, const KEYS: usize> Inbound<S, KEYS> {
    /// For tests that compare the whole state.
    pub(crate) fn parts(&self) -> (&S, &KeyRing<KEYS>) {
        (&self.streams, &self.ring)
    }
}

impl<S: StreamTable, const KEYS: usize> fmt::Debug for Inbound<S, KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("policy", &self.ring.policy).finish_non_exhaustive()
    }
}
