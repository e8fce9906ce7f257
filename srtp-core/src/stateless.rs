//! Protection and its undoing with the packet index as an argument, for stacks that keep rollover
//! counters and replay windows themselves.
//!
//! Nothing here remembers anything: not which indices were used, not which packets came, not how
//! often a key was. Whoever gives the same index twice to [`Outbound`] gives both packets away
//! (RFC 3711 §9.1); whoever does not look for replays lets them in. Everything takes `&self`, so one
//! key can serve many threads. With a key derivation rate other than 0 the session keys of every
//! epoch but the first are derived anew for each packet.
//!
//! Read first: RFC 3711 §3.3, §3.3.1.

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::context::{ProtectError, UnprotectError};
use crate::cover;
use crate::incoming::{
    Attempt, Examined, attempt_rtcp, attempt_rtp, lay_out, mki_readings, payload_limit, room,
    rtcp_index, rtcp_payload_limit,
};
use crate::index::{MAX_RTCP_INDEX, MAX_RTP_INDEX};
use crate::kdf::{Label, Prf, salt_to_iv};
use crate::key::{KeyError, MasterKey};
use crate::outgoing::{self, OutgoingRtcp, OutgoingRtp, plain, sends_mki};
use crate::policy::Policy;
use crate::ring::ActiveKey;
use crate::suite::{MAX_MASTER_KEY_LEN, MAX_MASTER_SALT_LEN};
use crate::transform::{Protocol, Rtp};
use crate::wiped::Wiped;
use crate::wire::{RTCP_CLEAR_LEN, RtcpHeader, RtpHeader};

/// Bytes of the session authentication key of every HMAC-SHA1 suite (RFC 3711 §5.2).
const AUTHENTICATION_KEY_LEN: usize = 20;

/// Protects under one master key, with the packet index as an argument.
///
/// ```
/// use srtp_core::{CryptoSuite, MasterKey, Policy, stateless};
///
/// let key = MasterKey::new(CryptoSuite::AeadAes128Gcm, &[7; 28])?;
/// let sender = stateless::Outbound::new(&key, Policy::SECURE)?;
/// let receiver = stateless::Inbound::new(&key, Policy::SECURE)?;
///
/// let packet = [0x80, 0, 0, 9, 0, 0, 0, 160, 1, 2, 3, 4, b'v', b'o', b'i', b'p'];
/// let index = 3 << 16 | 9; // rollover counter 3, sequence number 9
/// let mut wire = [0; 64];
/// let len = sender.protect_rtp_to(&packet, &mut wire, index)?;
/// let len = receiver.unprotect_rtp(&mut wire[..len], index)?;
/// assert_eq!(wire[..len], packet);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Outbound {
    key: Wiped<ActiveKey>,
    policy: Policy,
}

/// A key with its session keys.
///
/// # Errors
/// Where the policy does not go with the key's suite.
#[inline(always)]
fn active(key: &MasterKey, policy: &Policy) -> Result<Wiped<ActiveKey>, KeyError> {
    policy.check(key.suite())?;
    let mut active = Wiped::new(ActiveKey::VACANT);
    active.begin(key, policy);
    Ok(active)
}

impl Outbound {
    /// Protection with `key`.
    ///
    /// # Errors
    /// Where the policy does not go with the key's suite, as [`crate::Outbound::new`].
    pub fn new(key: &MasterKey, policy: Policy) -> Result<Self, KeyError> {
        Ok(Self { key: active(key, &policy)?, policy })
    }

    /// Turns the RTP packet in the first `len` bytes of `buffer` into the SRTP packet with this
    /// packet index (`2^16 * ROC + SEQ`), and returns its length.
    ///
    /// # Errors
    /// [`ProtectError::IndexMismatch`]; else as [`crate::Outbound::protect_rtp`] says of a single
    /// packet. The buffer is then as before.
    pub fn protect_rtp(
        &self,
        buffer: &mut [u8],
        len: usize,
        packet_index: u64,
    ) -> Result<usize, ProtectError> {
        let outgoing = self.read_rtp(plain(buffer, len)?, packet_index)?;
        let packet = outgoing::room(buffer, outgoing.needed())?;
        outgoing.lay_in_place(packet);
        outgoing.seal(&self.key, &self.policy, packet_index, packet)?;
        Ok(packet.len())
    }

    /// As [`protect_rtp`](Self::protect_rtp), from `packet` into the front of `output`.
    ///
    /// # Errors
    /// As [`protect_rtp`](Self::protect_rtp).
    pub fn protect_rtp_to(
        &self,
        packet: &[u8],
        output: &mut [u8],
        packet_index: u64,
    ) -> Result<usize, ProtectError> {
        let outgoing = self.read_rtp(packet, packet_index)?;
        let output = outgoing::room(output, outgoing.needed())?;
        outgoing.lay_into(packet, output);
        outgoing.seal(&self.key, &self.policy, packet_index, output)?;
        Ok(output.len())
    }

    fn read_rtp(&self, packet: &[u8], index: u64) -> Result<OutgoingRtp<'_>, ProtectError> {
        let outgoing = OutgoingRtp::read(&self.key, &self.policy, packet)?;
        let sequence_number = outgoing.header.sequence_number;
        if index > MAX_RTP_INDEX {
            return Err(ProtectError::IndexExhausted { last: MAX_RTP_INDEX });
        }
        if index & 0xffff != u64::from(sequence_number) {
            return Err(ProtectError::IndexMismatch { index, sequence_number });
        }
        Ok(outgoing)
    }

    /// Turns the RTCP packet in the first `len` bytes of `buffer` into the SRTCP packet with this
    /// index, 0 to 2^31 - 1, and returns its length.
    ///
    /// # Errors
    /// [`ProtectError::IndexExhausted`]; else as [`crate::Outbound::protect_rtcp`] says of a single
    /// packet. The buffer is then as before.
    pub fn protect_rtcp(
        &self,
        buffer: &mut [u8],
        len: usize,
        index: u32,
    ) -> Result<usize, ProtectError> {
        let outgoing = self.read_rtcp(plain(buffer, len)?, index)?;
        let packet = outgoing::room(buffer, outgoing.needed())?;
        outgoing.seal(&self.key, &self.policy, index, packet)?;
        Ok(packet.len())
    }

    /// As [`protect_rtcp`](Self::protect_rtcp), from `packet` into the front of `output`.
    ///
    /// # Errors
    /// As [`protect_rtcp`](Self::protect_rtcp).
    pub fn protect_rtcp_to(
        &self,
        packet: &[u8],
        output: &mut [u8],
        index: u32,
    ) -> Result<usize, ProtectError> {
        let outgoing = self.read_rtcp(packet, index)?;
        let output = outgoing::room(output, outgoing.needed())?;
        output.iter_mut().zip(packet).for_each(|(to, from)| *to = *from);
        outgoing.seal(&self.key, &self.policy, index, output)?;
        Ok(output.len())
    }

    fn read_rtcp(&self, packet: &[u8], index: u32) -> Result<OutgoingRtcp, ProtectError> {
        if index > MAX_RTCP_INDEX {
            return Err(ProtectError::IndexExhausted { last: MAX_RTCP_INDEX.into() });
        }
        OutgoingRtcp::read(&self.key, &self.policy, packet)
    }

    /// The most bytes that protection adds to an RTP packet.
    pub fn rtp_overhead(&self) -> usize {
        self.key.srtp_overhead(&self.policy, sends_mki(&self.policy))
    }

    /// Bytes that protection adds to an RTCP packet.
    pub fn rtcp_overhead(&self) -> usize {
        self.key.srtcp_trailer(sends_mki(&self.policy)).len()
    }
}

/// Unprotects under one master key, with the packet index as an argument.
#[derive(Clone)]
pub struct Inbound {
    key: Wiped<ActiveKey>,
    policy: Policy,
}

impl Inbound {
    /// The opening of what `key` protected.
    ///
    /// # Errors
    /// Where the policy does not go with the key's suite, as [`crate::Inbound::new`].
    pub fn new(key: &MasterKey, policy: Policy) -> Result<Self, KeyError> {
        Ok(Self { key: active(key, &policy)?, policy })
    }

    /// Turns the SRTP packet with this packet index (`2^16 * ROC + SEQ`) into the RTP packet it
    /// protects, in place, and returns its length. A rollover counter in the packet (RFC 4771) is
    /// taken off and not looked at; [`carried_roc`](Self::carried_roc) reads it.
    ///
    /// # Errors
    /// [`UnprotectError::IndexMismatch`]; else as [`crate::Inbound::unprotect_rtp`] says of a single
    /// packet. The packet is then as before.
    pub fn unprotect_rtp(
        &self,
        packet: &mut [u8],
        packet_index: u64,
    ) -> Result<usize, UnprotectError> {
        self.examine_rtp(&mut Examined::Open(packet, None), packet_index)
    }

    /// As [`unprotect_rtp`](Self::unprotect_rtp), from `packet` into the front of `output`.
    ///
    /// # Errors
    /// As [`unprotect_rtp`](Self::unprotect_rtp).
    pub fn unprotect_rtp_to(
        &self,
        packet: &[u8],
        output: &mut [u8],
        packet_index: u64,
    ) -> Result<usize, UnprotectError> {
        let len = self.verify_rtp(packet, packet_index)?;
        let output = room(output, len)?;
        output.iter_mut().zip(packet).for_each(|(to, from)| *to = *from);
        let header = RtpHeader::parse(packet)?;
        let (cover, _) = cover::incoming(&self.policy, &header);
        self.key.with_keys(Protocol::Srtp, packet_index, |keys| {
            keys.decrypt_rtp(output, Rtp { header, index: packet_index, cover });
        });
        Ok(len)
    }

    /// Says what [`unprotect_rtp`](Self::unprotect_rtp) would say, and decrypts nothing.
    ///
    /// # Errors
    /// As [`unprotect_rtp`](Self::unprotect_rtp).
    pub fn verify_rtp(&self, packet: &[u8], packet_index: u64) -> Result<usize, UnprotectError> {
        self.examine_rtp(&mut Examined::Look(packet), packet_index)
    }

    fn examine_rtp(&self, packet: &mut Examined<'_>, index: u64) -> Result<usize, UnprotectError> {
        let (key, policy) = (&self.key, &self.policy);
        let header = RtpHeader::parse(packet.bytes())?;
        let sequence_number = header.sequence_number;
        if index > MAX_RTP_INDEX {
            return Err(UnprotectError::IndexExhausted { last: MAX_RTP_INDEX });
        }
        if index & 0xffff != u64::from(sequence_number) {
            return Err(UnprotectError::IndexMismatch { index, sequence_number });
        }
        let (cover, shown) = cover::incoming(policy, &header);
        let rtp = Rtp { header, index, cover };
        first_right(policy, |with_mki| {
            let trailer = key.srtp_trailer(policy, with_mki, sequence_number);
            let layout = lay_out(packet.bytes(), trailer, header.len, key.mki(with_mki))?;
            payload_limit(&header, cover, &layout)?;
            Ok(attempt_rtp(key, packet, rtp, &layout, shown, layout.body_len))
        })
    }

    /// The rollover counter an SRTP packet carries under the policy's transform of RFC 4771, read
    /// as it stands: nothing has vouched for it yet. `None` where the packet carries none.
    pub fn carried_roc(&self, packet: &[u8]) -> Option<u32> {
        let header = RtpHeader::parse(packet).ok()?;
        mki_readings(&self.policy).iter().find_map(|&with_mki| {
            let trailer = self.key.srtp_trailer(&self.policy, with_mki, header.sequence_number);
            let mki = self.key.mki(with_mki);
            let layout = lay_out(packet, trailer, header.len, mki).ok()?;
            Some(u32::from_be_bytes(*packet.get(layout.roc())?.first_chunk::<4>()?))
        })
    }

    /// Turns an SRTCP packet into the RTCP packet it protects, in place, and returns its length and
    /// its SRTCP index, for the caller's replay window.
    ///
    /// # Errors
    /// As [`crate::Inbound::unprotect_rtcp`] says of a single packet, which is then as before.
    pub fn unprotect_rtcp(&self, packet: &mut [u8]) -> Result<(usize, u32), UnprotectError> {
        let (len, _, index) = self.examine_rtcp(&mut Examined::Open(packet, None))?;
        Ok((len, index))
    }

    /// As [`unprotect_rtcp`](Self::unprotect_rtcp), from `packet` into the front of `output`.
    ///
    /// # Errors
    /// As [`unprotect_rtcp`](Self::unprotect_rtcp).
    pub fn unprotect_rtcp_to(
        &self,
        packet: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, u32), UnprotectError> {
        let (len, encrypted, index) = self.examine_rtcp(&mut Examined::Look(packet))?;
        let output = room(output, len)?;
        output.iter_mut().zip(packet).for_each(|(to, from)| *to = *from);
        if encrypted {
            self.key.with_keys(Protocol::Srtcp, index.into(), |keys| {
                keys.decrypt_rtcp(output, index);
            });
        }
        Ok((len, index))
    }

    /// Says what [`unprotect_rtcp`](Self::unprotect_rtcp) would say, and decrypts nothing.
    ///
    /// # Errors
    /// As [`unprotect_rtcp`](Self::unprotect_rtcp).
    pub fn verify_rtcp(&self, packet: &[u8]) -> Result<(usize, u32), UnprotectError> {
        let (len, _, index) = self.examine_rtcp(&mut Examined::Look(packet))?;
        Ok((len, index))
    }

    fn examine_rtcp(
        &self,
        packet: &mut Examined<'_>,
    ) -> Result<(usize, bool, u32), UnprotectError> {
        let (key, policy) = (&self.key, &self.policy);
        RtcpHeader::parse(packet.bytes())?;
        first_right(policy, |with_mki| {
            let trailer = key.srtcp_trailer(with_mki);
            let layout = lay_out(packet.bytes(), trailer, RTCP_CLEAR_LEN, key.mki(with_mki))?;
            rtcp_payload_limit(&layout)?;
            let (encrypted, index, allowed) = rtcp_index(key, policy, packet.bytes(), &layout);
            let found = (layout.body_len, encrypted, index);
            Ok(attempt_rtcp(key, packet, index, &layout, allowed, found))
        })
    }
}

/// The first reading of the trailer under which the tag is right; of several refusals the one that
/// came furthest.
fn first_right<T>(
    policy: &Policy,
    mut attempt: impl FnMut(bool) -> Result<Attempt<T>, UnprotectError>,
) -> Result<T, UnprotectError> {
    let mut refusal = UnprotectError::UnknownMki;
    for &with_mki in mki_readings(policy) {
        match attempt(with_mki) {
            Ok(Attempt::Opened(found)) => return Ok(found),
            Ok(Attempt::Refused(refusal)) => return Err(refusal),
            Ok(Attempt::Foreign) => refusal = UnprotectError::AuthFailed,
            Err(error @ UnprotectError::TooLong { .. }) => return Err(error),
            Err(error) if refusal == UnprotectError::UnknownMki => refusal = error,
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// The session keys of one packet in the open, for those who explain or examine: a diagnosis, a
/// test, a comparison with another implementation. Zeroized when dropped, never printed.
pub struct SessionKeys {
    encryption: [u8; MAX_MASTER_KEY_LEN],
    encryption_len: usize,
    authentication: [u8; AUTHENTICATION_KEY_LEN],
    authentication_len: usize,
    salt: [u8; MAX_MASTER_SALT_LEN],
    salt_len: usize,
}

impl SessionKeys {
    /// The keys under which `master` protects the packet with this index, which matters only with a
    /// key derivation rate (RFC 3711 §4.3).
    pub fn derive(master: &MasterKey, protocol: Protocol, packet_index: u64) -> Self {
        let row = master.suite().parameters();
        let r = master.key_derivation_rate().epoch(packet_index);
        let [encryption, authentication, salting] = Label::of(protocol);
        let prf = Prf::new(master);
        let mut keys = Self {
            encryption: [0; MAX_MASTER_KEY_LEN],
            encryption_len: row.aes.key_len(),
            authentication: [0; AUTHENTICATION_KEY_LEN],
            authentication_len: if row.cipher.is_aead() { 0 } else { AUTHENTICATION_KEY_LEN },
            salt: [0; MAX_MASTER_SALT_LEN],
            salt_len: row.master_salt_len,
        };
        if let Some(place) = keys.encryption.get_mut(..keys.encryption_len) {
            prf.derive(encryption, r, place);
        }
        if let Some(place) = keys.authentication.get_mut(..keys.authentication_len) {
            prf.derive(authentication, r, place);
        }
        if let Some(place) = keys.salt.get_mut(..keys.salt_len) {
            prf.derive(salting, r, place);
        }
        keys
    }

    /// `k_e`: 16, 24 or 32 bytes. Take care where it goes.
    pub fn expose_encryption_key(&self) -> &[u8] {
        self.encryption.get(..self.encryption_len).unwrap_or_default()
    }

    /// `k_a`: 20 bytes, none with AES-GCM. Take care where it goes.
    pub fn expose_authentication_key(&self) -> &[u8] {
        self.authentication.get(..self.authentication_len).unwrap_or_default()
    }

    /// `k_s`: 14 bytes, 12 with AES-GCM.
    pub fn expose_salt(&self) -> &[u8] {
        self.salt.get(..self.salt_len).unwrap_or_default()
    }

    /// The IV of AES-CM for an SSRC and a packet index, SRTP's or SRTCP's: `(k_s * 2^16) XOR
    /// (SSRC * 2^64) XOR (i * 2^16)` (RFC 3711 §4.1.1).
    pub fn aes_cm_iv(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let salt = salt_to_iv(self.expose_salt());
        (salt ^ (u128::from(ssrc) << 64) ^ (u128::from(index) << 16)).to_be_bytes()
    }

    /// The IV of AES-GCM for an SSRC and a packet index, SRTP's or SRTCP's (RFC 7714 §8.1, §9.1).
    pub fn aes_gcm_iv(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let salt = salt_to_iv(self.expose_salt());
        let iv = (salt ^ (u128::from(ssrc) << 80) ^ (u128::from(index) << 32)).to_be_bytes();
        iv.first_chunk().copied().unwrap_or_default()
    }
}

impl Drop for SessionKeys {
    fn drop(&mut self) {
        self.encryption.zeroize();
        self.authentication.zeroize();
        self.salt.zeroize();
    }
}

impl ZeroizeOnDrop for SessionKeys {}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKeys").finish_non_exhaustive()
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("policy", &self.policy).finish_non_exhaustive()
    }
}
