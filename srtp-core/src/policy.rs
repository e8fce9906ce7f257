//! What a session must look like, whatever a packet says of itself.
//!
//! Read first: RFC 4568 §6.3, RFC 3711 §3.4 and §9.5.

/// Which of the default protections of a suite are switched off: the negotiated session
/// parameters of RFC 4568 §6.3. The default switches nothing off.
///
/// A packet is held against this only after it is authenticated; a bit on the wire never decides.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct Policy {
    /// `UNENCRYPTED_SRTP`: RTP payloads go in the clear, authenticated (RFC 4568 §6.3.2).
    pub unencrypted_srtp: bool,
    /// `UNENCRYPTED_SRTCP`: SRTCP goes in the clear with E = 0, authenticated (RFC 4568 §6.3.2).
    pub unencrypted_srtcp: bool,
    /// `UNAUTHENTICATED_SRTP`: SRTP packets carry no tag (RFC 4568 §6.3.3, not recommended).
    /// Anybody can then move the receiver's rollover counter. SRTCP keeps its tag.
    pub unauthenticated_srtp: bool,
}

impl Policy {
    /// Everything encrypted and authenticated.
    pub const SECURE: Self = Self {
        unencrypted_srtp: false,
        unencrypted_srtcp: false,
        unauthenticated_srtp: false,
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
}
