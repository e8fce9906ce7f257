//! The tables of "Configuring SIP Support for SRTP" (Cisco, August 2009), to be laid beside the
//! document. What it says twice and differently is resolved here, under the names R1 to R5.

use crate::cisco::{Srtp, UrlScheme};
use crate::party::{Action, AnswerRow, Cell};
use crate::reason::Rule;

/// What is done with an outgoing call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outgoing {
    /// An INVITE that offers SRTP alone.
    Srtp,
    /// An INVITE that offers RTP alone.
    Rtp,
    /// No INVITE is sent.
    Fail,
}

/// A cell of a table for outgoing calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutgoingCell {
    /// What is done.
    pub action: Outgoing,
    /// Why.
    pub rule: Rule,
}

/// A row of Table 1 or of the redirection rules: before the release that lets SRTP do without TLS,
/// and from it on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutgoingRow {
    /// SIPS is in use; for a redirection, the contact is SIPS.
    pub tls: bool,
    /// The outbound dial peer, or without one the global configuration.
    pub srtp: Srtp,
    /// Earlier releases.
    pub earlier: OutgoingCell,
    /// Late releases.
    pub late: OutgoingCell,
}

const fn out(action: Outgoing, sentence: &'static str, source: &'static str) -> OutgoingCell {
    OutgoingCell { action, rule: Rule { sentence, source } }
}

const fn same(tls: bool, srtp: Srtp, cell: OutgoingCell) -> OutgoingRow {
    OutgoingRow { tls, srtp, earlier: cell, late: cell }
}

const SECURE: OutgoingCell = out(
    Outgoing::Srtp,
    "signalling and media are secure: SRTP is offered over SIPS",
    "Cisco Table 1, TLS on × SRTP on",
);

const NO_TLS_FALLBACK: OutgoingCell = out(
    Outgoing::Rtp,
    "without TLS, and with `srtp fallback`, only RTP is offered",
    "Cisco Table 1, TLS off × SRTP on, srtp fallback (R1)",
);

const NO_TLS_LATE: OutgoingCell = out(
    Outgoing::Srtp,
    "from this release on SRTP is offered over clear SIP too",
    "Cisco Table 1, TLS off × SRTP on, note",
);

/// The other reading of R1: from the late releases on the note replaces the whole row, and SRTP is
/// offered without TLS also where `srtp fallback` is configured.
pub const R1_OTHER_READING: OutgoingCell = out(
    Outgoing::Srtp,
    "SRTP is preferred without TLS: it is offered over clear SIP, with a fall back to RTP",
    "Cisco Table 1, TLS off × SRTP on, note (other reading of R1)",
);

/// Table 1: outgoing calls by TLS, SRTP and fallback.
pub const TABLE_1: [OutgoingRow; 6] = [
    same(true, Srtp::Only, SECURE),
    same(true, Srtp::WithFallback, SECURE),
    same(false, Srtp::WithFallback, NO_TLS_FALLBACK),
    OutgoingRow {
        tls: false,
        srtp: Srtp::Only,
        earlier: out(
            Outgoing::Fail,
            "SRTP without TLS and without `srtp fallback`: the call fails, no INVITE is sent",
            "Cisco Table 1, TLS off × SRTP on, no srtp fallback",
        ),
        late: NO_TLS_LATE,
    },
    same(
        true,
        Srtp::Off,
        out(
            Outgoing::Rtp,
            "SRTP is not configured: an RTP-only call over SIPS",
            "Cisco Table 1, TLS on × SRTP off",
        ),
    ),
    same(
        false,
        Srtp::Off,
        out(
            Outgoing::Rtp,
            "neither TLS nor SRTP is configured: nothing is secure",
            "Cisco Table 1, TLS off × SRTP off",
        ),
    ),
];

/// Redirection: a 3xx answer, by the scheme of its contact. (R4: the document prints "SIP" in the
/// first of two sentences, where only "SIPS" does not contradict the second.)
pub const REDIRECTION: [OutgoingRow; 6] = {
    const SIPS: OutgoingCell = out(
        Outgoing::Srtp,
        "the contact is SIPS: the redirected INVITE offers SRTP alone",
        "Cisco, Call Redirection (R4)",
    );
    const OFF: OutgoingCell = out(
        Outgoing::Rtp,
        "SRTP is not configured: the redirected INVITE offers RTP",
        "Cisco, Call Redirection",
    );
    [
        same(true, Srtp::Only, SIPS),
        same(true, Srtp::WithFallback, SIPS),
        same(
            false,
            Srtp::WithFallback,
            out(
                Outgoing::Rtp,
                "the contact is SIP, and `srtp fallback` is configured: the redirected INVITE offers RTP",
                "Cisco, Call Redirection",
            ),
        ),
        OutgoingRow {
            tls: false,
            srtp: Srtp::Only,
            earlier: out(
                Outgoing::Fail,
                "the contact is SIP, and `srtp fallback` is not configured: the call fails",
                "Cisco, Call Redirection",
            ),
            late: out(
                Outgoing::Srtp,
                "the contact is SIP: from this release on SRTP is offered over clear SIP too",
                "Cisco, Call Redirection, note",
            ),
        },
        same(true, Srtp::Off, OFF),
        same(false, Srtp::Off, OFF),
    ]
};

/// The cell of a table for outgoing calls; every combination has its row, as a test says.
pub(crate) fn outgoing(
    table: &[OutgoingRow; 6],
    scheme: UrlScheme,
    srtp: Srtp,
    late: bool,
) -> OutgoingCell {
    let tls = scheme == UrlScheme::Sips;
    let [first, ..] = table;
    let found = table.iter().find(|row| row.tls == tls && row.srtp == srtp);
    let row = found.unwrap_or(first);
    if late { row.late } else { row.earlier }
}

const fn cell(action: Action, sentence: &'static str, source: &'static str) -> Cell {
    Cell { action, rule: Rule { sentence, source } }
}

/// Table 3: incoming calls, a row for each dial peer, a column for each offer (SRTP only, SRTP and
/// RTP, RTP only).
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

/// R3, the literal reading: the paragraph on offer and answer lets a call whose crypto lines are all
/// refused go on with an RTP alternative and does not ask for `srtp fallback`; Table 3 does.
pub const R3_LITERAL: Cell = cell(
    Action::Rtp,
    "no crypto line is acceptable, and an RTP alternative is offered: the call falls back to RTP",
    "Cisco, SRTP Offer and Answer Exchange (literal reading, R3)",
);

/// A 4xx answer to an SRTP offer, with `srtp fallback`.
pub const FALLBACK: Rule = Rule {
    sentence: "the SRTP offer was refused with a 4xx: with `srtp fallback` a new INVITE offers RTP alone",
    source: "Cisco, SDP Negotiation",
};

/// A 4xx answer to an SRTP offer, without `srtp fallback`.
pub const NO_FALLBACK: Rule = Rule {
    sentence: "the SRTP offer was refused with a 4xx, and without `srtp fallback` the call fails",
    source: "Cisco, SDP Negotiation",
};

/// Any other failure.
pub const OTHER_FAILURE: Rule = Rule {
    sentence: "only a 4xx makes the gateway fall back to RTP; the call fails",
    source: "Cisco, SDP Negotiation",
};

/// What happens to a call that is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// A re-INVITE that puts the call on hold, or takes it off.
    Hold,
    /// Any other re-INVITE or UPDATE.
    Reoffer,
    /// One of several answers to a forked INVITE.
    ForkedAnswer,
    /// A transfer: an INVITE to the target.
    Transfer,
    /// A switch to T.38 fax.
    Fax,
    /// A switch back from T.38 fax.
    FaxEnded,
    /// A call for a conference, which matches no inbound dial peer.
    Conference,
}

/// The rules for calls that are set up.
pub const AFTER_SETUP: [(Event, Rule); 7] = [
    (
        Event::Hold,
        Rule {
            sentence: "the stream is held and its context kept; crypto in the offer is answered with crypto",
            source: "Cisco, Call Hold",
        },
    ),
    (
        Event::Reoffer,
        Rule {
            sentence: "no rekeying on a stream: a new key comes only with a new address or port in the \
                       offer, and the gateway's own never changes",
            source: "Cisco, Rekeying Rules",
        },
    ),
    (
        Event::ForkedAnswer,
        Rule {
            sentence: "the last answer wins; earlier streams are deleted and their packets dropped",
            source: "Cisco, Signaling Forking",
        },
    ),
    (
        Event::Transfer,
        Rule {
            sentence: "SRTP is offered to the target exactly when its dial peer or the global \
                       configuration has `srtp`",
            source: "Cisco, Call Transfer",
        },
    ),
    (
        Event::Fax,
        Rule {
            sentence: "T.38 goes over UDP and is not secure, whatever the voice was",
            source: "Cisco, T.38 Fax",
        },
    ),
    (
        Event::FaxEnded,
        Rule {
            sentence: "after the fax the call returns to its voice state as it was",
            source: "Cisco, T.38 Fax",
        },
    ),
    (
        Event::Conference,
        Rule {
            sentence: "no inbound dial peer matches: the conferencing application negotiates",
            source: "Cisco, Conferencing Calls",
        },
    ),
];

/// The rule for an event.
pub fn after_setup(event: Event) -> Rule {
    let found = AFTER_SETUP.iter().find(|(row, _)| *row == event);
    let [(_, first), ..] = &AFTER_SETUP;
    found.map_or(*first, |(_, rule)| *rule)
}

/// A row of Table 4, as printed: parameter, default, recommended.
pub type DefaultRow = (&'static str, &'static str, &'static str);

/// Table 4: default and recommended settings. It is documentation; the suite decides.
///
/// R5: the printed "session authentication key length 128" is wrong for HMAC-SHA1, whose key is 160
/// bits in every suite (RFC 3711 §5.2); the row here has the right figure.
#[rustfmt::skip]
pub const TABLE_4: [DefaultRow; 18] = [
    ("Key derivation rate",                 "0",                "0"),
    ("Master key length",                   "128 bits",         "128 bits"),
    ("Master salt key length",              "112 bits",         "112 bits"),
    ("MKI indicator",                       "0",                "0"),
    ("MKI length",                          "0",                "0"),
    ("PRF",                                 "AES_CM",           "128"),
    ("Session authentication key length",   "160 (R5)",         "160 (R5)"),
    ("Session encryption key length",       "128 bits",         "128 bits"),
    ("Session salt key length",             "112",              "112"),
    ("SRTP authentication",                 "HMAC-SHA1",        "HMAC-SHA1"),
    ("SRTCP authentication",                "HMAC-SHA1",        "HMAC-SHA1"),
    ("SRTP cipher",                         "AES_CM",           "AES_CM"),
    ("SRTCP cipher",                        "AES_CM",           "NULL"),
    ("SRTP HMAC tag length",                "80",               "32 (voice)"),
    ("SRTCP HMAC tag length",               "80",               "80"),
    ("SRTP packets maximum lifetime",       "2^48 packets",     "2^48 packets"),
    ("SRTCP packets maximum lifetime",      "2^31 packets",     "2^31 packets"),
    ("Replay window size, SRTP and SRTCP",  "64",               "64"),
];

impl Srtp {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Only, Self::WithFallback, Self::Off];

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Each configuration finds its own row.
    #[test]
    fn rows_stand_where_they_belong() {
        for (srtp, row) in TABLE_3 {
            assert_eq!(*srtp.row(), row);
        }
        for table in [&TABLE_1, &REDIRECTION] {
            for scheme in [UrlScheme::Sip, UrlScheme::Sips] {
                for srtp in Srtp::ALL {
                    let tls = scheme == UrlScheme::Sips;
                    let of = |row: &&OutgoingRow| row.tls == tls && row.srtp == srtp;
                    let rows: Vec<_> = table.iter().filter(of).collect();
                    assert_eq!(rows.len(), 1, "{tls} {srtp:?}");
                    assert_eq!(outgoing(table, scheme, srtp, false), rows[0].earlier);
                    assert_eq!(outgoing(table, scheme, srtp, true), rows[0].late);
                }
            }
        }
        for (event, rule) in AFTER_SETUP {
            assert_eq!(after_setup(event), rule);
        }
    }
}
