//! The receiving direction.
//!
//! Read first: RFC 3711 §3.3 steps 1 to 8 for the receiver, §3.3.1, §3.3.2, §3.4.

use core::fmt;

use super::{StreamInfo, UnprotectError, list};
use crate::index::MAX_RTP_INDEX;
use crate::key::{KeyError, MasterKey};
use crate::policy::Policy;
use crate::replay::Seen;
use crate::ring::{ActiveKey, KeyRing, KeyUsage};
use crate::stream::{Fixed, StreamTable};
use crate::transform::{MAX_PAYLOAD_LEN, Protocol, split_index_word};
use crate::wire::{Parts, RTCP_CLEAR_LEN, RtcpHeader, RtpHeader, Trailer};

/// A context that unprotects: SRTP and SRTCP packets in, RTP and RTCP packets out.
///
/// `S` is where the streams are kept, `KEYS` how many master keys there can be at once. A new SSRC
/// gets a place only after a packet of it was authenticated (unless `UNAUTHENTICATED_SRTP` was
/// agreed), with a rollover counter of 0 unless [`set_roc`](Self::set_roc) said otherwise.
///
/// A packet that is refused is left as it was, and so is the context: it can be tried again, with
/// another rollover counter or in another context.
#[cfg_attr(test, derive(Clone))]
pub struct Inbound<S = Fixed<8>, const KEYS: usize = 2> {
    policy: Policy,
    ring: KeyRing<KEYS>,
    streams: S,
}

/// A packet whose tag is right: the slot of its master key, and how long header and payload are.
struct Authentic {
    key: usize,
    body_len: usize,
}

impl<S: StreamTable + Default, const KEYS: usize> Inbound<S, KEYS> {
    /// A context without streams that opens what `key` protected.
    pub fn new(key: &MasterKey, policy: Policy) -> Self {
        Self {
            policy,
            ring: KeyRing::new(key),
            streams: S::default(),
        }
    }
}

impl<S: StreamTable, const KEYS: usize> Inbound<S, KEYS> {
    /// Turns an SRTP packet into the RTP packet it protects, in place, and returns its length.
    ///
    /// # Errors
    /// [`UnprotectError`]; packet and context are then as before.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let header = RtpHeader::parse(packet)?;
        let slot = self.streams.find(header.ssrc);
        let index = match slot.and_then(|slot| self.streams.get(slot)) {
            Some(stream) => {
                let index = stream.stream.estimate(header.sequence_number);
                if !self.policy.unauthenticated_srtp {
                    refuse_seen(stream.check_rtp(index), index, || stream.oldest_rtp())?;
                }
                index
            }
            None => header.sequence_number.into(),
        };
        if index > MAX_RTP_INDEX {
            return Err(UnprotectError::IndexExhausted {
                last: MAX_RTP_INDEX,
            });
        }

        let policy = self.policy;
        let Authentic { key, body_len } = self.authenticate(
            packet,
            header.len,
            |key| key.srtp_trailer(policy),
            |key, parts| key.with_keys(Protocol::Srtp, index, |keys| keys.verify_rtp(parts, index)),
        )?;
        let slot = self.admit(slot, header.ssrc, key, Protocol::Srtp)?;

        if let Some(key) = self.ring.get_mut(key) {
            if !policy.unencrypted_srtp
                && let Some(payload) = packet.get_mut(header.len..body_len)
            {
                key.with_keys(Protocol::Srtp, index, |keys| {
                    keys.open_rtp(payload, header.ssrc, index);
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
        let header = RtcpHeader::parse(packet)?;
        let slot = self.streams.find(header.ssrc);
        let stream = slot
            .and_then(|slot| self.streams.get(slot))
            .map(|stream| *stream.stream);
        // Where the index stands depends on the key's MKI, so the window is asked once a tag has
        // vouched for both.
        let (mut encrypted, mut index) = (false, 0);
        let Authentic { key, body_len } = self.authenticate(
            packet,
            RTCP_CLEAR_LEN,
            ActiveKey::srtcp_trailer,
            |key, parts| {
                (encrypted, index) = split_index_word(parts.index);
                key.with_keys(Protocol::Srtcp, index.into(), |keys| {
                    keys.verify_rtcp(parts)
                })
            },
        )?;
        if let Some(stream) = stream {
            refuse_seen(stream.check_rtcp(index), index.into(), || {
                stream.oldest_rtcp()
            })?;
        }
        // RFC 4568 §6.3.2, decided by what was agreed and not by what the packet says of itself.
        if encrypted == self.policy.unencrypted_srtcp {
            return Err(UnprotectError::Policy { encrypted });
        }
        let slot = self.admit(slot, header.ssrc, key, Protocol::Srtcp)?;

        if let Some(key) = self.ring.get_mut(key) {
            if encrypted && let Some(payload) = packet.get_mut(RTCP_CLEAR_LEN..body_len) {
                key.with_keys(Protocol::Srtcp, index.into(), |keys| {
                    keys.open_rtcp(payload, header.ssrc, index);
                });
            }
            key.commit(Protocol::Srtcp, index.into());
        }
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.stream.commit_rtcp(index);
        }
        Ok(body_len)
    }

    /// Finds the master key that made the packet's tag. Of several refusals the one that came
    /// furthest is reported.
    #[inline]
    fn authenticate(
        &self,
        packet: &[u8],
        clear: usize,
        trailer: impl Fn(&ActiveKey) -> Trailer,
        mut verify: impl FnMut(&ActiveKey, &Parts<'_>) -> bool,
    ) -> Result<Authentic, UnprotectError> {
        let mut refusal = UnprotectError::UnknownMki;
        for (slot, key) in self.ring.iter() {
            let parts = match trailer(key).split(packet, clear) {
                Ok(parts) => parts,
                Err(error) => {
                    if refusal == UnprotectError::UnknownMki {
                        refusal = error.into();
                    }
                    continue;
                }
            };
            if parts.mki != key.mki() {
                continue;
            }
            let payload = parts.body.len().saturating_sub(clear);
            if payload > MAX_PAYLOAD_LEN {
                return Err(UnprotectError::TooLong {
                    len: payload,
                    limit: MAX_PAYLOAD_LEN,
                });
            }
            if verify(key, &parts) {
                return Ok(Authentic {
                    key: slot,
                    body_len: parts.body.len(),
                });
            }
            refusal = UnprotectError::AuthFailed;
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
            return Err(UnprotectError::KeyExpired {
                lifetime: key.lifetime(protocol),
            });
        }
        let capacity = self.streams.capacity();
        slot.or_else(|| self.streams.admit(ssrc))
            .ok_or(UnprotectError::TableFull { capacity })
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
        Seen::TooOld => Err(UnprotectError::TooOld {
            index,
            oldest: oldest(),
        }),
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
        f.debug_struct("Inbound")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
