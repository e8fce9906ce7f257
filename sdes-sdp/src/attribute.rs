//! What a crypto line means: a validated, owned value of fixed size, whose keys are zeroized when
//! dropped, compared in constant time and never printed.
//!
//! Read first: RFC 4568 §5.1, §6.1, §6.3.

use core::fmt;

use srtp_core::{CryptoSuite, KeyDerivationRate, MasterKey, Policy};
use subtle::{Choice, ConstantTimeEq};

use crate::error::CryptoErrorKind;

/// How many keys one crypto line can have, those of its `FEC_KEY` included.
pub const MAX_KEYS: usize = 4;

/// The largest tag, nine digits (RFC 4568 §9.1).
pub const MAX_TAG: u32 = 999_999_999;

/// When forward error correction is applied (RFC 4568 §6.3.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum FecOrder {
    /// `FEC_SRTP`: the sender applies it before SRTP. The default.
    #[default]
    FecSrtp,
    /// `SRTP_FEC`: the sender applies it after SRTP.
    SrtpFec,
}

impl FecOrder {
    /// The name in `FEC_ORDER=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FecSrtp => "FEC_SRTP",
            Self::SrtpFec => "SRTP_FEC",
        }
    }

    /// The order of this name, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::FecSrtp, Self::SrtpFec]
            .into_iter()
            .find(|order| order.name().eq_ignore_ascii_case(name))
    }
}

/// The session parameters of a crypto line, apart from `FEC_KEY` (RFC 4568 §6.3). The default is
/// a line without any.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SessionParameters {
    /// `KDR`, declarative: how often the sender of the line derives session keys (§6.3.1).
    pub kdr: KeyDerivationRate,
    /// `UNENCRYPTED_SRTP`, negotiated (§6.3.2).
    pub unencrypted_srtp: bool,
    /// `UNENCRYPTED_SRTCP`, negotiated (§6.3.2).
    pub unencrypted_srtcp: bool,
    /// `UNAUTHENTICATED_SRTP`, negotiated (§6.3.3).
    pub unauthenticated_srtp: bool,
    /// `FEC_ORDER`, declarative; `None` where the line has none, which means the same as
    /// [`FecOrder::FecSrtp`] (§6.3.4).
    pub fec_order: Option<FecOrder>,
    /// `WSH`, declarative: a hint for the size of the receiver's replay window in packets, at
    /// least 64 (§6.3.6).
    pub window_size_hint: Option<u32>,
}

impl SessionParameters {
    /// The negotiated parameters as srtp-core wants them: which protections are off.
    pub const fn policy(&self) -> Policy {
        Policy::SECURE
            .with_unencrypted_srtp(self.unencrypted_srtp)
            .with_unencrypted_srtcp(self.unencrypted_srtcp)
            .with_unauthenticated_srtp(self.unauthenticated_srtp)
    }

    /// Only the negotiated ones: what an answer repeats of an offer, to which the answerer may add
    /// declarative ones of its own (RFC 4568 §5.1.2).
    #[must_use]
    pub fn negotiated(&self) -> Self {
        self.policy().into()
    }

    /// The values the RFC excludes, whoever sets them.
    pub(crate) fn check(&self, suite: CryptoSuite) -> Result<(), CryptoErrorKind> {
        if self.kdr.exponent() == Some(0) {
            return Err(CryptoErrorKind::Kdr);
        }
        if self.window_size_hint.is_some_and(|hint| hint < 64) {
            return Err(CryptoErrorKind::WindowSizeHint);
        }
        if (self.unencrypted_srtp || self.unauthenticated_srtp)
            && suite.parameters().cipher.is_aead()
        {
            return Err(CryptoErrorKind::NotWithAead { suite });
        }
        Ok(())
    }
}

/// The protections a policy switches off as session parameters: what an answer repeats.
impl From<Policy> for SessionParameters {
    fn from(policy: Policy) -> Self {
        Self {
            unencrypted_srtp: policy.unencrypted_srtp,
            unencrypted_srtcp: policy.unencrypted_srtcp,
            unauthenticated_srtp: policy.unauthenticated_srtp,
            ..Self::default()
        }
    }
}

impl From<SessionParameters> for Policy {
    fn from(parameters: SessionParameters) -> Self {
        parameters.policy()
    }
}

/// The keys of a line: those for media, then those of its `FEC_KEY`. All in one place, because it
/// is their size that a line costs when it is handed on.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    all: heapless::Vec<MasterKey, MAX_KEYS>,
    /// How many of them are for media.
    media: usize,
}

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Media,
    Fec,
}

impl Keys {
    pub(crate) fn of(&self, which: Use) -> &[MasterKey] {
        let (media, fec) = self.all.split_at_checked(self.media).unwrap_or_default();
        match which {
            Use::Media => media,
            Use::Fec => fec,
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut MasterKey> {
        self.all.iter_mut()
    }

    /// Whether one of them, whatever it is for, has the same key and salt.
    pub(crate) fn contain(&self, key: &MasterKey) -> bool {
        self.all.iter().any(|other| other.same_key_salt(key))
    }

    /// Adds a key, if several of one use could then still be told apart by a look at the packet
    /// (RFC 4568 §4.3).
    #[inline]
    pub(crate) fn push(&mut self, which: Use, key: MasterKey) -> Result<(), CryptoErrorKind> {
        let keys = self.of(which);
        if let Some(first) = keys.first() {
            if first.mki().is_empty() || key.mki().is_empty() {
                return Err(CryptoErrorKind::KeyWithoutMki);
            }
            let (first, this) = (first.mki().len(), key.mki().len());
            if first != this {
                return Err(CryptoErrorKind::MkiLengthsDiffer { first, this });
            }
            if keys.iter().any(|other| other.mki() == key.mki()) {
                return Err(CryptoErrorKind::RepeatedMki);
            }
        }
        match which {
            Use::Media => {
                self.all.push(key).map_err(|_| CryptoErrorKind::TooManyKeys)?;
                // Before those of a `FEC_KEY`, which mostly are none.
                if let Some(from) = self.all.get_mut(self.media..) {
                    from.rotate_right(1);
                }
                self.media = self.media.saturating_add(1);
                Ok(())
            }
            Use::Fec => self.all.push(key).map_err(|_| CryptoErrorKind::TooManyKeys),
        }
    }
}

/// What a crypto line says: tag, suite, master keys and session parameters.
///
/// It comes out of [`CryptoLine::validate`](crate::CryptoLine::validate), or is made by
/// [`new`](Self::new) to be written with [`line`](Self::line). Keys are in
/// srtp-core's [`MasterKey`], which carries MKI, lifetime and key derivation rate.
#[derive(Clone)]
pub struct CryptoAttribute {
    pub(crate) tag: u32,
    pub(crate) suite: CryptoSuite,
    pub(crate) keys: Keys,
    pub(crate) parameters: SessionParameters,
}

impl CryptoAttribute {
    /// One to be filled, without the key that every line has.
    #[inline(always)]
    pub(crate) fn blank(tag: u32, suite: CryptoSuite) -> Self {
        Self { tag, suite, keys: Keys::default(), parameters: SessionParameters::default() }
    }

    /// A crypto line with one key. The suite is the key's; `parameters.kdr` becomes the key's
    /// key derivation rate, because a line has only one (RFC 4568 §6.3.1).
    ///
    /// # Errors
    /// A tag of more than nine digits, an MKI of zero, `KDR=0`, a window size hint below 64, a
    /// parameter that an AEAD suite does not allow.
    pub fn new(
        tag: u32,
        key: MasterKey,
        parameters: SessionParameters,
    ) -> Result<Self, CryptoErrorKind> {
        if tag > MAX_TAG {
            return Err(CryptoErrorKind::TagTooLong);
        }
        let suite = key.suite();
        parameters.check(suite)?;
        Self { parameters, ..Self::blank(tag, suite) }.with_key(key)
    }

    /// The same line with one more key. All keys then need an MKI, of one length and with
    /// different values (RFC 4568 §4.3, §6.1).
    ///
    /// # Errors
    /// A key of another suite, a key that is there already, an MKI that breaks these rules, or
    /// more than [`MAX_KEYS`] keys.
    pub fn with_key(mut self, key: MasterKey) -> Result<Self, CryptoErrorKind> {
        self.check_new(&key)?;
        self.keys.push(Use::Media, key.with_key_derivation_rate(self.parameters.kdr))?;
        Ok(self)
    }

    /// The same line with a key, or one more, for forward error correction that goes to another
    /// address or port (RFC 4568 §6.3.5).
    ///
    /// # Errors
    /// As [`with_key`](Self::with_key).
    pub fn with_fec_key(mut self, key: MasterKey) -> Result<Self, CryptoErrorKind> {
        self.check_new(&key)?;
        self.keys.push(Use::Fec, key.with_key_derivation_rate(self.parameters.kdr))?;
        Ok(self)
    }

    fn check_new(&self, key: &MasterKey) -> Result<(), CryptoErrorKind> {
        if key.suite() != self.suite {
            return Err(CryptoErrorKind::MixedKeys);
        }
        if !key.mki().is_empty() && key.mki().as_bytes().iter().all(|byte| *byte == 0) {
            return Err(CryptoErrorKind::MkiZero);
        }
        if self.keys.contain(key) {
            return Err(CryptoErrorKind::RepeatedKey);
        }
        Ok(())
    }

    /// The same line under another tag: how an offerer numbers its lines.
    ///
    /// # Errors
    /// [`CryptoErrorKind::TagTooLong`] above nine digits.
    pub fn with_tag(mut self, tag: u32) -> Result<Self, CryptoErrorKind> {
        if tag > MAX_TAG {
            return Err(CryptoErrorKind::TagTooLong);
        }
        self.tag = tag;
        Ok(self)
    }

    /// The tag (RFC 4568 §4.1).
    pub const fn tag(&self) -> u32 {
        self.tag
    }

    /// The crypto-suite.
    pub const fn suite(&self) -> CryptoSuite {
        self.suite
    }

    /// The master keys, at least one, in the order of the line.
    pub fn keys(&self) -> &[MasterKey] {
        self.keys.of(Use::Media)
    }

    /// The keys of `FEC_KEY`, none where the line has none (RFC 4568 §6.3.5).
    pub fn fec_keys(&self) -> &[MasterKey] {
        self.keys.of(Use::Fec)
    }

    /// The session parameters.
    pub const fn parameters(&self) -> &SessionParameters {
        &self.parameters
    }

    /// Which protections are off.
    pub const fn policy(&self) -> Policy {
        self.parameters.policy()
    }

    /// Length of the MKI of every packet, in bytes; 0 for none.
    pub fn mki_len(&self) -> usize {
        self.keys().first().map_or(0, |key| key.mki().len())
    }

    /// Whether a key of this line, `FEC_KEY` included, has the same key and salt as one of the
    /// other's. Master keys must be unique in the whole SDP, and an answerer's differ from the
    /// offerer's (RFC 4568 §6.1, §7.1.2).
    pub fn shares_key_with(&self, other: &Self) -> bool {
        self.keys.all.iter().any(|key| other.keys.contain(key))
    }
}

/// Which protections are off.
impl From<&CryptoAttribute> for Policy {
    fn from(attribute: &CryptoAttribute) -> Self {
        attribute.policy()
    }
}

/// The keys for media, as srtp-core's contexts take them.
impl<'a> From<&'a CryptoAttribute> for &'a [MasterKey] {
    fn from(attribute: &'a CryptoAttribute) -> Self {
        attribute.keys()
    }
}

/// Keys in constant time for a given number of them; tag, suite and parameters are no secret.
impl ConstantTimeEq for CryptoAttribute {
    fn ct_eq(&self, other: &Self) -> Choice {
        let public = self.tag == other.tag
            && self.suite == other.suite
            && self.parameters == other.parameters
            && self.keys.media == other.keys.media
            && self.keys.all.len() == other.keys.all.len();
        let keys = self.keys.all.iter().zip(&other.keys.all);
        keys.fold(Choice::from(u8::from(public)), |equal, (our, their)| equal & our.ct_eq(their))
    }
}

impl PartialEq for CryptoAttribute {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for CryptoAttribute {}

impl fmt::Debug for CryptoAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CryptoAttribute")
            .field("tag", &self.tag)
            .field("suite", &self.suite)
            .field("keys", &self.keys())
            .field("fec_keys", &self.fec_keys())
            .field("parameters", &self.parameters)
            .finish()
    }
}
