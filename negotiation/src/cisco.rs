//! Cisco IOS voice gateways and Unified Border Element: Table 3 of "Configuring SIP Support for
//! SRTP" (Cisco, August 2009), what is done with an incoming call.
//!
//! Outgoing calls (Table 1), releases and the rest of the configuration are not here yet.

use sdes_sdp::CryptoSuite;

use crate::party::{Action, AnswerRow, Cell, ParameterRules, Party, StreamPolicy};
use crate::reason::Rule;

/// The only suite of release 12.4(15)T and later: "the gateway selects an SRTP offer it supports
/// (AES_CM_128_HMAC_SHA1_32)".
pub const SUITES: &[CryptoSuite] = &[CryptoSuite::AesCm128HmacSha1_32];

/// How a dial peer, or without one the global configuration, is set up for SRTP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Srtp {
    /// Neither `srtp` nor `srtp fallback`.
    #[default]
    Off,
    /// `srtp`.
    Only,
    /// `srtp` and `srtp fallback`.
    WithFallback,
}

const fn cell(action: Action, sentence: &'static str, source: &'static str) -> Cell {
    Cell {
        action,
        rule: Rule { sentence, source },
    }
}

/// Table 3, laid out as Cisco prints it: a row for each dial peer, a column for each offer (SRTP
/// only, SRTP and RTP, RTP only).
///
/// The last cell of the second row is printed as "RTP, SRTP with port 0"; the second half applies
/// only if such an m-line is there (resolution R2: m-lines are never added).
pub const TABLE_3: [(Srtp, AnswerRow); 3] = [
    (
        Srtp::Only,
        AnswerRow {
            srtp: cell(
                Action::Srtp,
                "the dial peer has `srtp`, and SRTP is offered",
                "Cisco Table 3, SRTP only × SRTP",
            ),
            both: cell(
                Action::Srtp,
                "the dial peer has `srtp`: SRTP is taken, the RTP m-line gets port 0",
                "Cisco Table 3, SRTP only × SRTP and RTP",
            ),
            rtp: cell(
                Action::Refuse,
                "the dial peer has `srtp` without `srtp fallback`, and no SRTP can be agreed on",
                "Cisco Table 3, SRTP only × RTP",
            ),
        },
    ),
    (
        Srtp::WithFallback,
        AnswerRow {
            srtp: cell(
                Action::Srtp,
                "the dial peer has `srtp fallback`, and SRTP is offered",
                "Cisco Table 3, SRTP with fallback × SRTP",
            ),
            both: cell(
                Action::Srtp,
                "the dial peer has `srtp fallback`: SRTP is taken, the RTP m-line gets port 0",
                "Cisco Table 3, SRTP with fallback × SRTP and RTP",
            ),
            rtp: cell(
                Action::Rtp,
                "the dial peer has `srtp fallback`: without SRTP the call falls back to RTP",
                "Cisco Table 3, SRTP with fallback × RTP",
            ),
        },
    ),
    (
        Srtp::Off,
        AnswerRow {
            srtp: cell(
                Action::Refuse,
                "the dial peer has no `srtp`, and only SRTP is offered",
                "Cisco Table 3, no SRTP × SRTP",
            ),
            both: cell(
                Action::Rtp,
                "the dial peer has no `srtp`: RTP is taken, the SRTP m-line gets port 0",
                "Cisco Table 3, no SRTP × SRTP and RTP",
            ),
            rtp: cell(
                Action::Rtp,
                "the dial peer has no `srtp`, and RTP is offered",
                "Cisco Table 3, no SRTP × RTP",
            ),
        },
    ),
];

impl Srtp {
    /// The row of Table 3.
    pub const fn row(self) -> &'static AnswerRow {
        const ROWS: &[(Srtp, AnswerRow); 3] = &TABLE_3;
        let [(_, only), (_, with_fallback), (_, off)] = ROWS;
        match self {
            Self::Only => only,
            Self::WithFallback => with_fallback,
            Self::Off => off,
        }
    }
}

/// The gateway as the answerer of an incoming call: its one suite, the first valid line with it,
/// Table 3. "The gateway neither writes nor parses session parameters", so a line with a mandatory
/// one is not acceptable to it. An MKI is (its own examples have one, 32 bytes long).
pub const fn party(srtp: Srtp) -> Party<'static> {
    let mut parameters = ParameterRules::SECURE;
    parameters.understood = false;
    parameters.source = "Cisco, SRTP Offer and Answer Exchange";
    Party::new(StreamPolicy::Off)
        .with_row(srtp.row())
        .with_suites(SUITES)
        .with_parameters(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each configuration finds its own row.
    #[test]
    fn rows_stand_where_they_belong() {
        for (srtp, row) in TABLE_3 {
            assert_eq!(*srtp.row(), row);
        }
    }
}
