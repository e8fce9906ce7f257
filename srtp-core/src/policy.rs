//! What a session must look like, whatever a packet says of itself, and how much a context forgives.
//!
//! Read first: RFC 4568 §6.3 and §6.4, RFC 3711 §3.3.1, §3.4, §9.2 and §9.5.

use core::num::NonZeroU32;

use crate::key::KeyError;
use crate::suite::{Cipher, CryptoSuite};

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

    /// Whether a suite can live with the policy.
    pub(crate) const fn check(&self, suite: CryptoSuite) -> Result<(), KeyError> {
        let weakened = self.unencrypted_srtp || self.unauthenticated_srtp;
        if weakened && suite.parameters().cipher.is_aead() {
            return Err(KeyError::PolicyNotForSuite { suite });
        }
        Ok(())
    }

    /// Whether SRTP payloads are encrypted.
    pub(crate) const fn encrypts_srtp(&self) -> bool {
        !self.unencrypted_srtp
    }

    /// What the E bit of every SRTCP packet is: nothing is encrypted by the NULL cipher.
    pub(crate) const fn encrypts_srtcp(&self, suite: CryptoSuite) -> bool {
        !self.unencrypted_srtcp && !matches!(suite.parameters().cipher, Cipher::Null)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::SECURE
    }
}
