//! How a phone answers, and what it puts into its answer.
//!
//! Read first: Polycom Technical Bulletin 25751, `sec.srtp.enable`, `.require` and
//! `.sessionParams`.

use sdes_sdp::{CryptoSuite, MasterKey};
use srtp_core::KeyError;

use crate::party::{Action, AnswerRow, Cell, ParameterRule, ParameterRules, Party, StreamPolicy};
use crate::polycom::{OfferRequire, Phone, SUITES};
use crate::reason::Rule;

const ENABLE: &str = "Polycom TB 25751, sec.srtp.enable";
const REQUIRE: &str = "Polycom TB 25751, sec.srtp.require";

impl OfferRequire {
    /// Answering an SAVP line, as the bulletin has it: columns "line without X", "line with X".
    ///
    /// | require | offer | without | with |
    /// |---|---|---|---|
    /// | 0 | 0 | ok | refuse |
    /// | 0 | 1 | ok | ok (R8: else two phones of scenario three could not talk) |
    /// | 1 | (1) | refuse | ok |
    pub(crate) const fn rule(self) -> ParameterRule {
        match (self.require, self.offer) {
            (false, false) => ParameterRule::Refuse,
            (false, true) => ParameterRule::Accept,
            (true, _) => ParameterRule::Require,
        }
    }

    pub(crate) const fn offered(self) -> bool {
        self.offer || self.require
    }
}

const fn cell(action: Action, sentence: &'static str, source: &'static str) -> Cell {
    Cell { action, rule: Rule { sentence, source } }
}

const TAKEN: Cell =
    cell(Action::Srtp, "an acceptable SRTP line is offered: SRTP, RTP gets port 0", ENABLE);

/// Answering, as the bulletin has it: rows by `enable` and `require`, columns by what is offered
/// (SRTP only, both, RTP only).
pub const ANSWERS: [((bool, bool), AnswerRow); 4] = [
    (
        (false, false),
        AnswerRow {
            srtp: cell(
                Action::Refuse,
                "SRTP is not enabled on the phone, and only SRTP is offered",
                ENABLE,
            ),
            both: cell(
                Action::Rtp,
                "SRTP is not enabled on the phone: RTP, SRTP gets port 0",
                ENABLE,
            ),
            rtp: cell(Action::Rtp, "RTP is offered, and SRTP is not enabled on the phone", ENABLE),
        },
    ),
    (
        (false, true),
        AnswerRow {
            srtp: cell(Action::Refuse, "SRTP is required on the phone, but not enabled", REQUIRE),
            both: cell(Action::Refuse, "SRTP is required on the phone, but not enabled", REQUIRE),
            rtp: cell(Action::Refuse, "SRTP is required on the phone, but not enabled", REQUIRE),
        },
    ),
    (
        (true, false),
        AnswerRow {
            srtp: TAKEN,
            both: TAKEN,
            rtp: cell(
                Action::Rtp,
                "no acceptable SRTP line is offered; the phone takes RTP",
                REQUIRE,
            ),
        },
    ),
    (
        (true, true),
        AnswerRow {
            srtp: TAKEN,
            both: TAKEN,
            rtp: cell(
                Action::Refuse,
                "the phone requires SRTP, and no acceptable line is offered",
                REQUIRE,
            ),
        },
    ),
];

impl Phone {
    /// The phone as the answerer of an offer.
    pub const fn party(&self) -> Party<'static> {
        const ROWS: &[((bool, bool), AnswerRow); 4] = &ANSWERS;
        let [(_, off), (_, contradiction), (_, enabled), (_, required)] = ROWS;
        let row = match (self.is_enabled(), self.requires_srtp()) {
            (false, false) => off,
            (false, true) => contradiction,
            (true, false) => enabled,
            (true, true) => required,
        };
        let params = self.session_params();
        let mut rules = ParameterRules::SECURE;
        rules.unauthenticated_srtp = params.no_auth.rule();
        rules.unencrypted_srtcp = params.no_encryp_rtcp.rule();
        rules.unencrypted_srtp = params.no_encryp_rtp.rule();
        rules.source = "Polycom TB 25751, sec.srtp.sessionParams";
        Party::new(StreamPolicy::Off)
            .with_row(row)
            .with_suites(SUITES)
            .with_parameters(rules)
            .with_capabilities(false)
    }

    /// The key the phone sends with, made of fresh key and salt: with the configured lifetime and,
    /// where MKIs are enabled, the MKI `number` in four bytes, as in its INVITE and its 200 OK.
    ///
    /// # Errors
    /// [`KeyError`] for a wrong length, or a lifetime out of range.
    pub fn key(
        &self,
        suite: CryptoSuite,
        key_salt: &[u8],
        number: u32,
    ) -> Result<MasterKey, KeyError> {
        let mut key = MasterKey::new(suite, key_salt)?;
        if self.settings.key_lifetime != 0 {
            key = key.with_lifetime(self.settings.key_lifetime)?;
        }
        if self.settings.mki_enabled {
            key = key.with_mki(&number.to_be_bytes())?;
        }
        Ok(key)
    }
}
