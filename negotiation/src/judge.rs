//! One offered crypto line against one party. Each line is judged by itself: whatever is wrong with
//! one says nothing about the next.
//!
//! Read first: RFC 4568 §5.1.2, §6.3, §7.1.2.

use sdes_sdp::sdp::{CryptoEntry, Media, Sdp};
use sdes_sdp::{CryptoLine, CryptoSuite, Notes, SessionParam, Tolerance};

use crate::keys::{RepeatedKey, repeated_keys};
use crate::party::{ParameterRule, Party, Preference};
use crate::peer::KeyReuse;
use crate::reason::{NegotiatedParameter, Reason};

/// What became of a crypto line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It was chosen, or, in an answer, it fits its offer.
    Accepted,
    /// It is valid, but not for this party, or another one came first.
    Skipped,
    /// It breaks a rule of RFC 4568.
    Invalid,
    /// It stands in an answer, and no line of the offer fits it.
    NotOffered,
}

impl Verdict {
    /// The verdict in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Skipped => "skipped",
            Self::Invalid => "invalid",
            Self::NotOffered => "not offered",
        }
    }
}

/// A crypto line with its verdict.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LineVerdict<'a> {
    /// The line of the SDP it stands in, the first being 1.
    pub line_number: usize,
    /// The line as written; `None` where it could not even be split.
    pub line: Option<CryptoLine<'a>>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What was tolerated in it.
    pub notes: Notes,
}

/// A line that a party could accept.
#[derive(Clone, Copy)]
pub(crate) struct Acceptable<'a> {
    pub(crate) line: CryptoLine<'a>,
    pub(crate) suite: CryptoSuite,
    /// Place of the suite in the party's own order.
    pub(crate) wanted: usize,
}

impl Acceptable<'_> {
    /// Whether a party takes this line rather than the best of those before it.
    pub(crate) fn goes_before(&self, best: Option<&Self>, party: &Party<'_>) -> bool {
        match (best, party.preference) {
            (None, _) => true,
            (Some(_), Preference::Offerer) => false,
            (Some(best), Preference::Answerer) => self.wanted < best.wanted,
        }
    }
}

/// Whether `party` could accept an offered line of `media`, and why not.
pub(crate) fn judge<'a>(
    media: &Media<'a>,
    entry: &CryptoEntry<'a>,
    party: &Party<'_>,
) -> Result<(Acceptable<'a>, Notes), Reason> {
    let line = entry.parsed.map_err(Reason::Line)?;
    let mut earlier = media.crypto().take_while(|other| other.line_number < entry.line_number);
    if earlier.any(|other| other.parsed.is_ok_and(|other| other.tag() == line.tag())) {
        return Err(Reason::RepeatedTag { tag: line.tag() });
    }
    judge_line(line, party)
}

/// The same for a line that stands alone, or in a list of its own.
pub(crate) fn judge_line<'a>(
    line: CryptoLine<'a>,
    party: &Party<'_>,
) -> Result<(Acceptable<'a>, Notes), Reason> {
    let meaning = line.validate(Tolerance::Tolerant).map_err(Reason::Line)?;
    let (suite, parameters) = (meaning.attribute.suite(), meaning.attribute.parameters());
    let Some(wanted) = party.suites.iter().position(|ours| *ours == suite) else {
        return Err(Reason::SuiteNotOurs { suite });
    };
    let rules = &party.parameters;
    let may_ignore = |param: SessionParam<'_>| matches!(param, SessionParam::Optional(_));
    if !rules.understood && !line.session_params().all(may_ignore) {
        return Err(Reason::ParametersNotRead { source: rules.source });
    }
    for parameter in NegotiatedParameter::ALL {
        match (rules.rule(parameter), parameter.is_in(parameters)) {
            (ParameterRule::Refuse, true) => {
                return Err(Reason::ParameterRefused { parameter, source: rules.source });
            }
            (ParameterRule::Require, false) => {
                return Err(Reason::ParameterRequired { parameter, source: rules.source });
            }
            _ => {}
        }
    }
    if let Some(source) = party.mki_refused
        && meaning.attribute.mki_len() != 0
    {
        return Err(Reason::MkiRefused { len: meaning.attribute.mki_len(), source });
    }
    Ok((Acceptable { line, suite, wanted }, meaning.notes))
}

/// The line of a media section that `party` accepts, or why none: of all the lines' reasons the one
/// that came furthest, the first of those.
pub(crate) fn choose<'a>(
    offer: &Sdp<'a>,
    media: &Media<'a>,
    party: &Party<'_>,
) -> Result<Acceptable<'a>, Reason> {
    let mut best: Option<Acceptable<'a>> = None;
    let mut refusal = Reason::NoCryptoLine;
    let repeated = |line_number| match party.key_reuse {
        KeyReuse::Warn => None,
        KeyReuse::Refuse => {
            repeated_keys(offer).find(|repeated| repeated.line_number == line_number)
        }
    };
    for entry in media.crypto() {
        let judged = match repeated(entry.line_number) {
            Some(RepeatedKey { earlier, .. }) => Err(Reason::RepeatedKey { line_number: earlier }),
            None => judge(media, &entry, party),
        };
        match judged {
            Ok((line, _)) => {
                if line.goes_before(best.as_ref(), party) {
                    best = Some(line);
                }
            }
            Err(reason) if reason.rank() > refusal.rank() => refusal = reason,
            Err(_) => {}
        }
    }
    best.ok_or(refusal)
}

/// The verdict on every crypto line of an offered media section, `chosen` being the number of the
/// line that the decision took.
pub fn line_verdicts<'a, 'p>(
    media: &Media<'a>,
    party: &'p Party<'p>,
    chosen: Option<CryptoLine<'a>>,
) -> impl Iterator<Item = LineVerdict<'a>> + use<'a, 'p> {
    let media = *media;
    media.crypto().map(move |entry| {
        let line = entry.parsed.ok();
        let verdict = |verdict, reason, notes| LineVerdict {
            line_number: entry.line_number,
            line,
            verdict,
            reason,
            notes,
        };
        match judge(&media, &entry, party) {
            Ok((acceptable, notes)) => match chosen {
                Some(chosen) if is_same(&chosen, &acceptable.line) => {
                    let reason =
                        Reason::Chosen { tag: acceptable.line.tag(), suite: acceptable.suite };
                    verdict(Verdict::Accepted, reason, notes)
                }
                Some(chosen) => {
                    verdict(Verdict::Skipped, Reason::AnotherChosen { tag: chosen.tag() }, notes)
                }
                None => verdict(Verdict::Skipped, Reason::StreamNotSecured, notes),
            },
            Err(reason) if reason.is_invalid_line() => {
                verdict(Verdict::Invalid, reason, Notes::default())
            }
            Err(reason) => verdict(Verdict::Skipped, reason, Notes::default()),
        }
    })
}

/// Whether two views are of the very same line of one text.
fn is_same(one: &CryptoLine<'_>, other: &CryptoLine<'_>) -> bool {
    core::ptr::eq(one.as_str(), other.as_str())
}
