//! Twilio's Programmable Voice (SIP domains) and Elastic SIP Trunking: Secure Media is TLS and SRTP,
//! both or neither.
//!
//! Read first: "SRTP and You: A Deep Dive into Encrypted VoIP Communications" (Twilio, July 2022).

use sdes_sdp::CryptoSuite;

use crate::offer::OfferForm;
use crate::party::{Action, AnswerRow, Cell, ParameterRules, Party, StreamPolicy};
use crate::reason::Rule;

/// The suites on offer: "an authentication tag length of 80 bits" first, 32 bits also.
pub const SUITES: &[CryptoSuite] =
    &[CryptoSuite::AesCm128HmacSha1_80, CryptoSuite::AesCm128HmacSha1_32];

/// How far the media are encrypted, which no answer says: the telephone network behind has no SRTP.
pub const ENCRYPTED_TO_THE_GATEWAY: Rule = Rule {
    sentence: "the media are encrypted to the gateway; the telephone network behind it has no SRTP",
    source: "Twilio, SRTP and the PSTN",
};

/// Clear SIP with Secure Media on.
pub const TLS_REQUIRED: Rule = Rule {
    sentence: "with Secure Media on, signalling has to be TLS",
    source: "Twilio, Using SRTP with Twilio",
};

/// No MKI is used.
pub const NO_MKI: &str = "Twilio, MKI is not supported";

const fn cell(action: Action, sentence: &'static str) -> Cell {
    Cell { action, rule: Rule { sentence, source: "Twilio, Using SRTP with Twilio" } }
}

/// Answering by Secure Media on and off, columns by what is offered (SRTP only, both, RTP only).
pub const ANSWERS: [(bool, AnswerRow); 2] = [
    (
        true,
        AnswerRow {
            srtp: cell(Action::Srtp, "Secure Media is on, and SRTP is offered"),
            both: cell(Action::Srtp, "Secure Media is on: SRTP is taken, RTP gets port 0"),
            rtp: cell(Action::Refuse, "Secure Media is on: plain RTP is refused"),
        },
    ),
    (
        false,
        AnswerRow {
            srtp: cell(Action::Refuse, "Secure Media is off: SRTP is refused"),
            both: cell(Action::Rtp, "Secure Media is off: RTP is taken, SRTP gets port 0"),
            rtp: cell(Action::Rtp, "Secure Media is off, and RTP is offered"),
        },
    ),
];

/// A SIP domain or a trunk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Trunk {
    /// Secure Media, on a trunk Secure Trunking.
    pub secure: bool,
}

impl Trunk {
    /// Whether an INVITE over TLS, or over clear SIP, is let in.
    ///
    /// # Errors
    /// The rule by which it is refused.
    pub const fn admits(&self, tls: bool) -> Result<(), Rule> {
        if self.secure && !tls { Err(TLS_REQUIRED) } else { Ok(()) }
    }

    /// What is added to the SIP URI of a call that Twilio makes.
    pub const fn uri_parameters(&self) -> &'static str {
        if self.secure { ";transport=tls" } else { "" }
    }

    /// The trunk as the answerer of an offer. A zero-length tag is never accepted, so that lines
    /// with `UNAUTHENTICATED_SRTP` are refused.
    pub const fn party(&self) -> Party<'static> {
        const ROWS: &[(bool, AnswerRow); 2] = &ANSWERS;
        let [(_, on), (_, off)] = ROWS;
        let mut parameters = ParameterRules::SECURE;
        parameters.source = "Twilio, Payload integrity";
        Party::new(StreamPolicy::Off)
            .with_row(if self.secure { on } else { off })
            .with_suites(SUITES)
            .with_parameters(parameters)
            .without_mki(NO_MKI)
            .with_capabilities(false)
    }

    /// The form of the offers in calls that Twilio makes.
    pub const fn offer_form(&self) -> OfferForm {
        if self.secure { OfferForm::Srtp } else { OfferForm::Rtp }
    }
}
