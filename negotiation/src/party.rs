//! What one party can and will do: the configuration that a decision is made with.

use sdes_sdp::CryptoSuite;
use srtp_core::suite::Cipher;

use crate::peer::KeyReuse;
use crate::reason::{NegotiatedParameter, Rule};

/// What becomes of a stream under a row of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// The secured m-line carries it; a plain alternative gets port 0.
    Srtp,
    /// The plain m-line carries it; a secured alternative gets port 0.
    Rtp,
    /// Neither; with nothing else left the call is refused with 488.
    Refuse,
}

/// One cell of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cell {
    /// What is done.
    pub action: Action,
    /// Why.
    pub rule: Rule,
}

/// A row of a table for incoming offers: what is done for each kind of offer of one stream.
///
/// An offer counts as SRTP where a crypto line of it is acceptable; one whose lines are all refused
/// counts as what is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnswerRow {
    /// The offer has SRTP only.
    pub srtp: Cell,
    /// The offer has SRTP and RTP as alternatives.
    pub both: Cell,
    /// The offer has RTP only.
    pub rtp: Cell,
}

const fn cell(action: Action, sentence: &'static str, source: &'static str) -> Cell {
    Cell { action, rule: Rule { sentence, source } }
}

/// How a stream is to be carried.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StreamPolicy {
    /// Never SRTP.
    Off,
    /// SRTP where the other side can, else RTP.
    Preferred,
    /// SRTP or nothing.
    Required,
}

impl StreamPolicy {
    /// The row of the general table.
    pub const fn row(self) -> &'static AnswerRow {
        const SOURCE: &str = "RFC 4568 §5.1.2";
        const TAKEN: Cell = cell(Action::Srtp, "SRTP is offered and in use here", SOURCE);
        const PREFERRED: Cell =
            cell(Action::Srtp, "SRTP and RTP are offered; SRTP is preferred here", SOURCE);
        const PLAIN: Cell = cell(Action::Rtp, "only RTP can be agreed on", SOURCE);
        const OFF: AnswerRow = AnswerRow {
            srtp: cell(Action::Refuse, "only SRTP is offered, and it is switched off here", SOURCE),
            both: cell(Action::Rtp, "SRTP is switched off here", SOURCE),
            rtp: cell(Action::Rtp, "RTP is offered, and SRTP is switched off here", SOURCE),
        };
        const ROW_PREFERRED: AnswerRow = AnswerRow { srtp: TAKEN, both: PREFERRED, rtp: PLAIN };
        const REQUIRED: AnswerRow = AnswerRow {
            srtp: TAKEN,
            both: PREFERRED,
            rtp: cell(
                Action::Refuse,
                "SRTP is required here, and only RTP can be agreed on",
                SOURCE,
            ),
        };
        match self {
            Self::Off => &OFF,
            Self::Preferred => &ROW_PREFERRED,
            Self::Required => &REQUIRED,
        }
    }
}

/// What a party makes of a negotiated session parameter in an offered line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ParameterRule {
    /// Only lines without it.
    Refuse,
    /// Lines with and without it.
    Accept,
    /// Only lines with it.
    Require,
}

/// Which session parameters a party can live with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ParameterRules {
    /// `UNENCRYPTED_SRTP`.
    pub unencrypted_srtp: ParameterRule,
    /// `UNENCRYPTED_SRTCP`.
    pub unencrypted_srtcp: ParameterRule,
    /// `UNAUTHENTICATED_SRTP`.
    pub unauthenticated_srtp: ParameterRule,
    /// Whether any session parameter is understood, the declarative ones included.
    pub understood: bool,
    /// Where these rules stand.
    pub source: &'static str,
}

impl ParameterRules {
    /// Everything stays encrypted and authenticated; declarative parameters are understood.
    pub const SECURE: Self = Self {
        unencrypted_srtp: ParameterRule::Refuse,
        unencrypted_srtcp: ParameterRule::Refuse,
        unauthenticated_srtp: ParameterRule::Refuse,
        understood: true,
        source: "RFC 4568 §6.3",
    };

    /// Any session parameter this family knows.
    pub const ANY: Self = Self {
        unencrypted_srtp: ParameterRule::Accept,
        unencrypted_srtcp: ParameterRule::Accept,
        unauthenticated_srtp: ParameterRule::Accept,
        understood: true,
        source: "RFC 4568 §6.3",
    };

    /// The rule for a parameter.
    pub const fn rule(&self, parameter: NegotiatedParameter) -> ParameterRule {
        match parameter {
            NegotiatedParameter::UnencryptedSrtp => self.unencrypted_srtp,
            NegotiatedParameter::UnencryptedSrtcp => self.unencrypted_srtcp,
            NegotiatedParameter::UnauthenticatedSrtp => self.unauthenticated_srtp,
        }
    }
}

/// Whose preference decides among several acceptable lines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Preference {
    /// The first acceptable line of the offer (RFC 4568 §5.1.2).
    Offerer,
    /// The acceptable line whose suite comes first in [`Party::suites`].
    Answerer,
}

/// A party to a negotiation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Party<'c> {
    /// What is done with each kind of offer.
    pub row: &'c AnswerRow,
    /// The suites in use, most wanted first.
    pub suites: &'c [CryptoSuite],
    /// Whose order of lines decides.
    pub preference: Preference,
    /// Which session parameters are acceptable.
    pub parameters: ParameterRules,
    /// Where it is laid down that lines with an MKI are refused; `None` accepts them.
    pub mki_refused: Option<&'static str>,
    /// Whether crypto lines under `RTP/AVP` and `RTP/AVPF` are taken up: opportunistic SRTP
    /// (RFC 8643). Never guessed; off by default.
    pub opportunistic: bool,
    /// Whether SRTP in a potential configuration of a plain m-line is taken up: best effort by
    /// capability negotiation (RFC 5939).
    pub capabilities: bool,
    /// What is done with an offer of both alternatives whose crypto lines are all refused, where
    /// that is not what [`AnswerRow::rtp`] says.
    pub alternative: Option<&'c Cell>,
    /// What is done with a line whose key stands on an earlier line of the offer.
    pub key_reuse: KeyReuse,
}

/// The suites of this build that encrypt, in the order of srtp-core's table: NULL suites are never in use
/// unless a configuration names them.
pub const ENCRYPTING_SUITES: &[CryptoSuite] = {
    const COUNT: usize = {
        let (mut count, mut rest) = (0, CryptoSuite::ALL);
        while let [suite, tail @ ..] = rest {
            if suite.is_built_in() && !matches!(suite.parameters().cipher, Cipher::Null) {
                count += 1;
            }
            rest = tail;
        }
        count
    };
    const SUITES: [CryptoSuite; COUNT] = {
        let mut suites = [CryptoSuite::AesCm128HmacSha1_80; COUNT];
        let (mut places, mut rest) = (suites.as_mut_slice(), CryptoSuite::ALL);
        while let [suite, tail @ ..] = rest {
            if suite.is_built_in()
                && !matches!(suite.parameters().cipher, Cipher::Null)
                && let [place, free @ ..] = places
            {
                *place = *suite;
                places = free;
            }
            rest = tail;
        }
        suites
    };
    &SUITES
};

impl<'c> Party<'c> {
    /// A party that accepts whatever is valid: what an offer means before anybody's configuration
    /// comes in.
    pub const ANYTHING: Party<'static> = Party::new(StreamPolicy::Preferred)
        .with_suites(CryptoSuite::ALL)
        .with_parameters(ParameterRules::ANY);

    /// A party with every suite this family knows that encrypts, without MKI rules, that takes part
    /// by `policy`.
    pub const fn new(policy: StreamPolicy) -> Self {
        Self {
            row: policy.row(),
            suites: ENCRYPTING_SUITES,
            preference: Preference::Offerer,
            parameters: ParameterRules::SECURE,
            mki_refused: None,
            opportunistic: false,
            capabilities: true,
            alternative: None,
            key_reuse: KeyReuse::Warn,
        }
    }

    /// The same party with these suites, most wanted first.
    #[must_use]
    pub const fn with_suites(mut self, suites: &'c [CryptoSuite]) -> Self {
        self.suites = suites;
        self
    }

    /// The same party with another row of a table.
    #[must_use]
    pub const fn with_row(mut self, row: &'c AnswerRow) -> Self {
        self.row = row;
        self
    }

    /// The same party with other rules for session parameters.
    #[must_use]
    pub const fn with_parameters(mut self, parameters: ParameterRules) -> Self {
        self.parameters = parameters;
        self
    }

    /// The same party with its own order of suites deciding, or the offerer's.
    #[must_use]
    pub const fn with_preference(mut self, preference: Preference) -> Self {
        self.preference = preference;
        self
    }

    /// The same party, refusing lines with an MKI for the reason that stands at `source`.
    #[must_use]
    pub const fn without_mki(mut self, source: &'static str) -> Self {
        self.mki_refused = Some(source);
        self
    }

    /// The same party with opportunistic SRTP (RFC 8643) accepted or not.
    #[must_use]
    pub const fn with_opportunistic(mut self, on: bool) -> Self {
        self.opportunistic = on;
        self
    }

    /// The same party with best effort by capability negotiation (RFC 5939) taken up or not.
    #[must_use]
    pub const fn with_capabilities(mut self, on: bool) -> Self {
        self.capabilities = on;
        self
    }

    /// The same party with this done where SRTP and RTP are offered and no crypto line will do.
    #[must_use]
    pub const fn with_alternative(mut self, cell: &'c Cell) -> Self {
        self.alternative = Some(cell);
        self
    }

    /// The same party with this done about keys that stand on several lines of an offer.
    #[must_use]
    pub const fn with_key_reuse(mut self, reuse: KeyReuse) -> Self {
        self.key_reuse = reuse;
        self
    }
}
