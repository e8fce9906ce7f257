//! The steps of a played call, in words.

use core::fmt;

use sdes_sdp::CryptoSuite;

use crate::cisco::UrlScheme;
use crate::offer::OfferForm;
use crate::reason::Reason;

/// The most steps a call can have: what is wrong with two configurations, an INVITE that is
/// redirected, one that is refused, one that is answered.
pub const MAX_STEPS: usize = 16;

/// Whose step it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Actor {
    /// The caller.
    Caller,
    /// The callee.
    Callee,
}

impl Actor {
    /// `caller` or `callee`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
        }
    }
}

/// What is done in a step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Act {
    /// Something is wrong with a configuration.
    Configuration,
    /// An INVITE.
    Offer,
    /// Another INVITE, after the first was refused.
    Retry,
    /// A 3xx answer.
    Redirect,
    /// A 200 answer.
    Answer,
    /// A 4xx answer, or none.
    Reject,
    /// The answer is found to fit the offer.
    Accept,
    /// The call ends without media.
    Fail,
}

impl Act {
    /// `configuration`, `offer`, `retry`, `redirect`, `answer`, `reject`, `accept` or `fail`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Offer => "offer",
            Self::Retry => "retry",
            Self::Redirect => "redirect",
            Self::Answer => "answer",
            Self::Reject => "reject",
            Self::Accept => "accept",
            Self::Fail => "fail",
        }
    }
}

/// A step in a few words; its [`Display`](fmt::Display) are the words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Summary {
    /// Something is wrong with a configuration.
    Configuration,
    /// No INVITE is sent.
    NoInvite,
    /// An INVITE.
    Invite {
        /// What it offers.
        form: OfferForm,
        /// Whether it goes over TLS.
        tls: bool,
    },
    /// A 302.
    Moved {
        /// The scheme of its contact.
        contact: UrlScheme,
    },
    /// The INVITE reaches nobody.
    Unheard,
    /// A 4xx.
    Refused {
        /// The status.
        status: u16,
    },
    /// A 200 with SRTP.
    Srtp {
        /// The tag of the line.
        tag: u32,
        /// Its suite.
        suite: CryptoSuite,
    },
    /// A 200 with RTP.
    Rtp,
    /// The answer is held against the offer.
    Verified,
    /// There is no other try.
    GivesUp,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Configuration => f.write_str("the configuration has an error"),
            Self::NoInvite => f.write_str("no INVITE is sent"),
            Self::Invite { form, tls } => {
                let over = if tls { "TLS" } else { "clear SIP" };
                let what = match form {
                    OfferForm::Rtp => "RTP only",
                    OfferForm::Srtp => "SRTP only",
                    OfferForm::SrtpThenRtp => "SRTP, RTP as the alternative",
                    OfferForm::RtpThenSrtp => "RTP, SRTP as the alternative",
                    OfferForm::Opportunistic => "opportunistic SRTP",
                    OfferForm::BestEffort => "RTP with SRTP as potential configuration",
                };
                write!(f, "INVITE over {over}: {what}")
            }
            Self::Moved { contact } => {
                write!(f, "302 Moved Temporarily to a {}: contact", contact.as_str())
            }
            Self::Unheard => f.write_str("the INVITE is not heard"),
            Self::Refused { status: 488 } => f.write_str("488 Not Acceptable Here"),
            Self::Refused { status: 403 } => f.write_str("403 Forbidden"),
            Self::Refused { status } => write!(f, "status {status}"),
            Self::Srtp { tag, suite } => write!(f, "200 OK: SRTP, line {tag}, {suite}"),
            Self::Rtp => f.write_str("200 OK: RTP"),
            Self::Verified => f.write_str("the answer is held against the offer"),
            Self::GivesUp => f.write_str("there is no other try"),
        }
    }
}

/// One step of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Step {
    /// Whose it is.
    pub from: Actor,
    /// What is done.
    pub act: Act,
    /// The same in a few words.
    pub summary: Summary,
    /// Why.
    pub reason: Reason,
}
