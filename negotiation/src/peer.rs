//! What is known about the equipment at the other end: where it departs from the RFCs and is to be
//! borne with. Every switch is named after the deed, and the default follows the RFC.
//!
//! Read first: RFC 4568 §5.1.3, §6.1, §7.1.4; RFC 3711 §3.3.1.

/// What to do about a master key on more than one line of an SDP, which RFC 4568 §6.1 forbids and
/// equipment in the field does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum KeyReuse {
    /// The line counts; [`repeated_keys`](crate::repeated_keys) names it.
    #[default]
    Warn,
    /// The later line is invalid.
    Refuse,
}

/// The rollover counter a peer uses with a new key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum NewKeyRoc {
    /// As the RFCs have it: the counter goes on where keys are exchanged under an MKI on an
    /// unchanged address (RFC 3711 §3.3.1), and begins at 0 in every other new context
    /// (RFC 4568 §7.1.4).
    #[default]
    Rfc,
    /// It begins at 0 with every new key.
    Zeroed,
    /// It goes on over every new key but that of a new address.
    Kept,
}

/// How the other side is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct PeerProfile {
    /// An answered line may have a tag that was not offered, if exactly one offered line has its
    /// suite and parameters.
    pub renumbered_tag: bool,
    /// An answer with a crypto line may turn an offered `RTP/AVP(F)` with crypto lines into
    /// `RTP/SAVP(F)`, or the other way round.
    pub changed_profile: bool,
    /// What is done about keys that stand on several lines.
    pub key_reuse: KeyReuse,
    /// The rollover counter with a new key.
    pub new_key_roc: NewKeyRoc,
}

impl PeerProfile {
    /// By the RFCs, but key reuse is only warned about: the default.
    pub const RFC: Self = Self {
        renumbered_tag: false,
        changed_profile: false,
        key_reuse: KeyReuse::Warn,
        new_key_roc: NewKeyRoc::Rfc,
    };

    /// By the RFCs to the letter.
    pub const STRICT: Self = Self { key_reuse: KeyReuse::Refuse, ..Self::RFC };

    /// The same profile, with renumbered tags tolerated or not.
    #[must_use]
    pub const fn with_renumbered_tag(mut self, tolerated: bool) -> Self {
        self.renumbered_tag = tolerated;
        self
    }

    /// The same profile, with a changed profile of the m-line tolerated or not.
    #[must_use]
    pub const fn with_changed_profile(mut self, tolerated: bool) -> Self {
        self.changed_profile = tolerated;
        self
    }

    /// The same profile with this rollover counter for new keys.
    #[must_use]
    pub const fn with_new_key_roc(mut self, roc: NewKeyRoc) -> Self {
        self.new_key_roc = roc;
        self
    }
}
