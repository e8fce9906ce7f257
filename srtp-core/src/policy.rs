//! What a session must look like, whatever a packet says of itself, and how much a context forgives.
//!
//! Read first: RFC 4568 §6.3 and §6.4, RFC 3711 §3.3.1, §3.4, §9.2 and §9.5; RFC 6904 §3, RFC 9335
//! §5, RFC 4771 §3.

use core::num::{NonZeroU16, NonZeroU32};

use crate::key::KeyError;
use crate::suite::{Cipher, CryptoSuite, SuiteParameters};
use crate::wire::ExtensionIds;

/// What to do about MKIs that were announced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum MkiPolicy {
    /// Every packet carries the MKI of its key. The rule of RFC 3711 §3.1, and the default.
    #[default]
    Require,
    /// Packets are sent with the MKI and accepted with and without it, for peers that announce one
    /// and do not send it.
    AcceptIfPresent,
    /// Packets are sent and accepted without MKI, whatever was announced.
    Never,
}

/// Whether header extensions and CSRCs are encrypted with the payload (Cryptex, RFC 9335).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Cryptex {
    /// No packet is sent so, and none is taken for such: the default.
    #[default]
    Off,
    /// Every packet that can is sent so; packets are accepted with and without (`a=cryptex` in the
    /// peer's SDP and in ours, RFC 9335 §4).
    Allowed,
    /// As [`Allowed`](Self::Allowed), but packets are refused, sent and received, that show CSRCs
    /// or a header extension (RFC 9335 §5.2).
    Required,
}

/// Which packets carry a MAC where some carry the rollover counter (RFC 4771 §3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RccMode {
    /// RCCm1: only the packets that carry the counter.
    One,
    /// RCCm2: every packet.
    Two,
    /// RCCm3: none. With AES-GCM, which authenticates by itself, every packet is authentic all the
    /// same, and the counter in the packet with it; this is the only mode for AES-GCM.
    Three,
}

/// SRTP packets that carry the sender's rollover counter (the RCC transform, RFC 4771): every one
/// whose sequence number is a multiple of the rate.
///
/// Only where every packet is authenticated (mode 2, mode 1 at a rate of 1, AES-GCM) is there
/// replay protection. Elsewhere the receiver's counter follows what it is told, as RFC 4771 §5 says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Rcc {
    /// Which packets carry a MAC.
    pub mode: RccMode,
    /// Every how many sequence numbers a packet carries the counter.
    pub rate: NonZeroU16,
    /// Length of the SRTP tag in bytes, the four of the counter included where it is carried. 14
    /// unless set (RFC 4771 §5), which leaves 10 for the MAC; always 4 in mode 3.
    pub tag_len: u8,
}

impl Rcc {
    /// A mode and a rate, with the recommended length of the tag.
    pub const fn new(mode: RccMode, rate: NonZeroU16) -> Self {
        let tag_len = if matches!(mode, RccMode::Three) { ROC_LEN } else { RECOMMENDED_RCC_TAG };
        Self { mode, rate, tag_len }
    }

    /// The same with a tag of this many bytes: 8 to 20, in mode 3 always 4.
    #[must_use]
    pub const fn with_tag_len(mut self, tag_len: u8) -> Self {
        self.tag_len = tag_len;
        self
    }

    /// Whether a packet with this sequence number carries the counter.
    #[inline]
    pub const fn is_carried(&self, sequence_number: u16) -> bool {
        sequence_number.is_multiple_of(self.rate.get())
    }

    /// Bytes of MAC in a packet that carries the counter or does not (RFC 4771 §5, the five cases).
    #[inline]
    pub(crate) const fn mac_len(&self, carried: bool) -> usize {
        match (self.mode, carried) {
            (RccMode::One | RccMode::Two, true) => self.tag_len.saturating_sub(ROC_LEN) as usize,
            (RccMode::Two, false) => self.tag_len as usize,
            (RccMode::One, false) | (RccMode::Three, _) => 0,
        }
    }

    const fn authenticates_all(&self) -> bool {
        match self.mode {
            RccMode::One => self.rate.get() == 1,
            RccMode::Two => true,
            RccMode::Three => false,
        }
    }

    const fn check(&self, suite: CryptoSuite) -> Result<(), KeyError> {
        let lengths = match self.mode {
            // Four bytes of MAC at the least, as the shortest suite has; HMAC-SHA1 makes 20.
            RccMode::One | RccMode::Two => (8, 20),
            RccMode::Three => (ROC_LEN, ROC_LEN),
        };
        if self.tag_len < lengths.0 || self.tag_len > lengths.1 {
            return Err(KeyError::RccTagLength { given: self.tag_len });
        }
        if suite.parameters().cipher.is_aead() && !matches!(self.mode, RccMode::Three) {
            return Err(KeyError::RccNotForSuite { suite });
        }
        Ok(())
    }
}

/// Bytes of a carried rollover counter (RFC 4771 §2).
pub(crate) const ROC_LEN: u8 = 4;
/// RFC 4771 §5: "It is recommended to set the tag-length to 14 octets".
const RECOMMENDED_RCC_TAG: u8 = 14;

/// The rules of a session: the negotiated session parameters of RFC 4568 §6.3, which switch
/// protections off, and the options a context has beyond them. The default switches nothing off
/// and forgives nothing.
///
/// A packet is held against this only after it is authenticated; a bit on the wire never decides.
///
/// ```
/// use srtp_core::{MkiPolicy, Policy};
///
/// // A peer that sends RTCP in the clear, announces an MKI it does not send, and starts near the
/// // end of the sequence numbers.
/// let policy = Policy::SECURE
///     .with_unencrypted_srtcp(true)
///     .with_mki(MkiPolicy::AcceptIfPresent)
///     .with_first_roc(0..=1);
/// assert!(policy.unencrypted_srtcp);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// `UNENCRYPTED_SRTP`: RTP payloads go in the clear, authenticated (RFC 4568 §6.3.2).
    pub unencrypted_srtp: bool,
    /// `UNENCRYPTED_SRTCP`: SRTCP goes in the clear with E = 0, authenticated (RFC 4568 §6.3.2).
    pub unencrypted_srtcp: bool,
    /// `UNAUTHENTICATED_SRTP`: SRTP packets carry no tag (RFC 4568 §6.3.3, not recommended).
    /// Anybody can then move the receiver's rollover counter. SRTCP keeps its tag.
    pub unauthenticated_srtp: bool,
    /// What to do about MKIs.
    pub mki: MkiPolicy,
    /// The rollover counters tried on the first packet of an SSRC nobody has set one for: the first
    /// and the last. 0 and 0 unless set, as RFC 4568 §6.4 has it.
    pub first_roc: (u32, u32),
    /// After which part of a master key's lifetime [`KeyUsage::is_due`](crate::KeyUsage::is_due)
    /// says that it is time for another: numerator and denominator, one half unless set.
    pub rekey_after: (u32, NonZeroU32),
    /// The header-extension elements whose data is encrypted, one by one (RFC 6904), in packets
    /// that are not sent with Cryptex.
    pub encrypted_extensions: ExtensionIds,
    /// Whether header extensions and CSRCs are encrypted whole (RFC 9335).
    pub cryptex: Cryptex,
    /// Whether and how packets carry the rollover counter (RFC 4771).
    pub rcc: Option<Rcc>,
}

const TWO: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

impl Policy {
    /// Everything encrypted and authenticated, nothing forgiven.
    pub const SECURE: Self = Self {
        unencrypted_srtp: false,
        unencrypted_srtcp: false,
        unauthenticated_srtp: false,
        mki: MkiPolicy::Require,
        first_roc: (0, 0),
        rekey_after: (1, TWO),
        encrypted_extensions: ExtensionIds::NONE,
        cryptex: Cryptex::Off,
        rcc: None,
    };

    /// The same with `UNENCRYPTED_SRTP` set or cleared.
    #[must_use]
    pub const fn with_unencrypted_srtp(mut self, on: bool) -> Self {
        self.unencrypted_srtp = on;
        self
    }

    /// The same with `UNENCRYPTED_SRTCP` set or cleared.
    #[must_use]
    pub const fn with_unencrypted_srtcp(mut self, on: bool) -> Self {
        self.unencrypted_srtcp = on;
        self
    }

    /// The same with `UNAUTHENTICATED_SRTP` set or cleared.
    #[must_use]
    pub const fn with_unauthenticated_srtp(mut self, on: bool) -> Self {
        self.unauthenticated_srtp = on;
        self
    }

    /// The same with another rule for MKIs.
    #[must_use]
    pub const fn with_mki(mut self, mki: MkiPolicy) -> Self {
        self.mki = mki;
        self
    }

    /// The same, trying these rollover counters on the first packet of an SSRC. `0..=1` helps
    /// against a peer that starts near sequence number 65535 and loses its first packets; a longer
    /// range finds a stream that is joined late. Each counter costs one tag computation for every
    /// packet of an unknown SSRC, forged ones included.
    #[must_use]
    pub const fn with_first_roc(mut self, rocs: core::ops::RangeInclusive<u32>) -> Self {
        self.first_roc = (*rocs.start(), *rocs.end());
        self
    }

    /// The same, with another part of a key's lifetime after which a new one is due.
    #[must_use]
    pub const fn with_rekey_after(mut self, numerator: u32, denominator: NonZeroU32) -> Self {
        self.rekey_after = (numerator, denominator);
        self
    }

    /// The same, with the data of these header-extension elements encrypted (RFC 6904; needs the
    /// Cargo feature `header-encryption`).
    #[must_use]
    pub const fn with_encrypted_extensions(mut self, ids: ExtensionIds) -> Self {
        self.encrypted_extensions = ids;
        self
    }

    /// The same, with another rule for Cryptex (RFC 9335; needs the Cargo feature `cryptex`). The
    /// application bits of two-byte headers have no place in such packets and come out as 0; §5 has
    /// no meaning agreed for them.
    #[must_use]
    pub const fn with_cryptex(mut self, cryptex: Cryptex) -> Self {
        self.cryptex = cryptex;
        self
    }

    /// The same, with packets that carry the rollover counter (RFC 4771). Both sides must know, for
    /// nothing in a packet tells. (Needs the Cargo feature `rcc`.)
    #[must_use]
    pub const fn with_rcc(mut self, rcc: Rcc) -> Self {
        self.rcc = Some(rcc);
        self
    }

    /// Whether a suite can live with the policy, and the policy with itself.
    pub(crate) const fn check(&self, suite: CryptoSuite) -> Result<(), KeyError> {
        let weakened = self.unencrypted_srtp || self.unauthenticated_srtp;
        if weakened && suite.parameters().cipher.is_aead() {
            return Err(KeyError::PolicyNotForSuite { suite });
        }
        let covers_headers =
            !self.encrypted_extensions.is_empty() || !matches!(self.cryptex, Cryptex::Off);
        if covers_headers && self.unencrypted_srtp {
            return Err(KeyError::HeadersWithoutPayload);
        }
        if !self.encrypted_extensions.is_empty() && !cfg!(feature = "header-encryption") {
            return Err(KeyError::HeaderEncryptionNotBuiltIn);
        }
        if !matches!(self.cryptex, Cryptex::Off) && !cfg!(feature = "cryptex") {
            return Err(KeyError::CryptexNotBuiltIn);
        }
        if self.rcc.is_some() && !cfg!(feature = "rcc") {
            return Err(KeyError::RccNotBuiltIn);
        }
        match self.rcc {
            Some(_) if self.unauthenticated_srtp => Err(KeyError::RccWithoutAuthentication),
            Some(rcc) => rcc.check(suite),
            None => Ok(()),
        }
    }

    /// The rule for Cryptex: in a build without it there is nothing to ask.
    #[inline(always)]
    pub(crate) const fn applied_cryptex(&self) -> Cryptex {
        if cfg!(feature = "cryptex") { self.cryptex } else { Cryptex::Off }
    }

    /// The rollover counter in packets: in a build without it there is nothing to ask.
    #[inline(always)]
    pub(crate) const fn applied_rcc(&self) -> Option<Rcc> {
        if cfg!(feature = "rcc") { self.rcc } else { None }
    }

    /// Whether every SRTP packet of a suite is authenticated; only then can there be replay
    /// protection (RFC 3711 §3.3.2).
    #[inline]
    pub(crate) const fn authenticates_srtp(&self, row: &SuiteParameters) -> bool {
        match self.applied_rcc() {
            Some(rcc) => rcc.authenticates_all() || row.cipher.is_aead(),
            None => !self.unauthenticated_srtp,
        }
    }

    /// Whether every SRTP packet is authenticated, its payload encrypted and nothing else, and all
    /// that follows the payload is of one length and read in one way.
    pub(crate) const fn is_ordinary(&self) -> bool {
        !self.unencrypted_srtp
            && !self.unauthenticated_srtp
            && !matches!(self.mki, MkiPolicy::AcceptIfPresent)
            && self.encrypted_extensions.is_empty()
            && matches!(self.cryptex, Cryptex::Off)
            && self.rcc.is_none()
    }

    /// What the E bit of every SRTCP packet is: nothing is encrypted by the NULL cipher.
    #[inline]
    pub(crate) const fn encrypts_srtcp(&self, suite: CryptoSuite) -> bool {
        !self.unencrypted_srtcp && !matches!(suite.parameters().cipher, Cipher::Null)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::SECURE
    }
}
