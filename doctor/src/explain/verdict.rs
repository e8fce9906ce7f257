//! One exchange as `explain` sees it: what the libraries say of it, put into the shape that is
//! printed. The order of fields is that of the documented JSON.
//!
//! Read first: RFC 4568 §5.1.3, §7.1.4; RFC 3264 §8.

use serde::Serialize;

use sdes_sdp::{
    CryptoAttribute, CryptoLine, MasterKey, Media, Profile, Sdp, SdpError, SessionParam, mki,
};
use srtp_negotiation::{
    Decision, LineVerdict, MediaOutcome, Outcome as Negotiated, Party, answered_verdicts,
    line_verdicts, offered_verdicts, verify,
};

use crate::calls::{Exchange, Outcome};

/// What became of an exchange, or of one of its m-lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Result {
    /// SRTP.
    Srtp,
    /// Plain RTP.
    Rtp,
    /// Nothing.
    Rejected,
}

/// What an exchange does to the keys and rollover counters of its call, seen by the offerer of this
/// exchange: what it receives under is the answerer's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// The first keys of the call.
    New,
    /// The keys and rollover counters go on.
    Keep,
    /// A new key to receive under; that direction begins anew with a rollover counter of 0.
    RekeyRx,
    /// A new key to send under; that direction begins anew with a rollover counter of 0.
    RekeyTx,
    /// New keys in both directions.
    RekeyBoth,
    /// What was SRTP is RTP now.
    Downgrade,
}

impl Context {
    /// What it means, as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::New => "first keys of the call; rollover counters begin at 0",
            Self::Keep => "same keys; contexts and rollover counters go on (RFC 4568 §7.1.4)",
            Self::RekeyRx => {
                "the answerer has a new key; its direction begins anew with a rollover counter of 0 \
                 (RFC 4568 §7.1.4)"
            }
            Self::RekeyTx => {
                "the offerer has a new key; its direction begins anew with a rollover counter of 0 \
                 (RFC 4568 §7.1.4)"
            }
            Self::RekeyBoth => {
                "new keys both ways; both directions begin anew with a rollover counter of 0 \
                 (RFC 4568 §7.1.4)"
            }
            Self::Downgrade => "downgrade: the call was SRTP before, and is not any more",
        }
    }
}

/// One exchange.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// What it comes to.
    pub outcome: Result,
    /// SIP status, as sent or, without SIP, as it would be.
    pub status: u16,
    /// Why.
    pub reason: String,
    /// What the reason rests on.
    pub source: String,
    /// The m-lines of the offer.
    pub media: Vec<MediaExplained>,
    /// What happens to keys and rollover counters; none where there are none.
    pub context: Option<Context>,
}

/// One m-line.
#[derive(Clone, Debug, Serialize)]
pub struct MediaExplained {
    /// Place in the SDP, from 0.
    pub index: usize,
    /// `audio` and so on.
    pub kind: String,
    /// As offered.
    pub profile: String,
    /// As offered.
    pub port: u16,
    /// What it comes to.
    pub outcome: Result,
    /// Tag of the line agreed on.
    pub tag: Option<u32>,
    /// Suite of the line agreed on.
    pub suite: Option<&'static str>,
    /// Session parameters of the answered line.
    pub params: Vec<String>,
    /// MKI of the answered line, `value:length`.
    pub mki: Option<String>,
    /// Lifetime of the answered line, in packets.
    pub lifetime: Option<u64>,
    /// Why.
    pub reason: String,
    /// What the reason rests on.
    pub source: String,
    /// The crypto lines offered, and those of the answer that do not fit.
    pub lines: Vec<LineExplained>,
}

/// One crypto line.
#[derive(Clone, Debug, Serialize)]
pub struct LineExplained {
    /// Its tag, none where the line has none that can be read.
    pub tag: Option<u32>,
    /// Its suite as written.
    pub suite: Option<String>,
    /// `accepted`, `skipped`, `invalid`, `not offered`.
    pub verdict: &'static str,
    /// Why.
    pub reason: String,
    /// What the reason rests on.
    pub source: String,
    /// What was tolerated in it.
    pub notes: Vec<String>,
    /// Whether it stands in the answer.
    #[serde(skip)]
    pub answered: bool,
    /// Number of the line in its SDP.
    #[serde(skip)]
    pub line_number: usize,
    /// Its keys, where it is valid.
    #[serde(skip)]
    pub keys: Vec<MasterKey>,
}

/// Which of the two SDPs of an exchange an error is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The offer.
    Offer,
    /// The answer.
    Answer,
}

/// Explains an exchange; `before` is the one that last succeeded in the same call. `None` for an
/// offer nobody answered.
///
/// # Errors
/// An SDP that cannot be read, with the side it is on.
pub fn explain(
    exchange: &Exchange,
    before: Option<&Exchange>,
) -> std::result::Result<Option<Explained>, (Side, SdpError)> {
    let offer = Sdp::parse(&exchange.offer.text).map_err(|error| (Side::Offer, error))?;
    match &exchange.outcome {
        Outcome::Answered { answer, status } => {
            let answer = Sdp::parse(&answer.text).map_err(|error| (Side::Answer, error))?;
            let decision = verify(&offer, &answer);
            let reason = decision.reason();
            Ok(Some(Explained {
                outcome: overall(&decision),
                status: *status,
                reason: reason.to_string(),
                source: reason.source().to_owned(),
                media: offer.media().map(|media| agreed(&media, &answer, &decision)).collect(),
                context: context(&offer, &decision, before),
            }))
        }
        Outcome::Refused { status, phrase, .. } => {
            let reason = match before {
                None => format!("the call was refused: {status} {phrase}"),
                // RFC 3261 §14.1, RFC 4568 §7.1.4.
                Some(_) => format!(
                    "the new offer was refused: {status} {phrase}; what was agreed before stays"
                ),
            };
            let source = format!("RFC 3261 §21.{}", status / 100);
            let media = offer.media().map(|media| refused(&media, &reason, &source));
            Ok(Some(Explained {
                outcome: Result::Rejected,
                status: *status,
                media: media.collect(),
                reason,
                source,
                context: None,
            }))
        }
        Outcome::Unanswered => Ok(None),
    }
}

fn overall(decision: &Decision<'_>) -> Result {
    match decision.outcome() {
        Negotiated::Srtp => Result::Srtp,
        Negotiated::Rtp => Result::Rtp,
        Negotiated::Rejected => Result::Rejected,
    }
}

fn agreed(offered: &Media<'_>, answer: &Sdp<'_>, decision: &Decision<'_>) -> MediaExplained {
    let decided = decision.at(offered.index());
    let answered = answer.media().nth(offered.index());
    let mut lines: Vec<_> =
        offered_verdicts(offered, &decided).map(|line| explained(line, false)).collect();
    if let Some(answered) = &answered {
        let odd = answered_verdicts(answered, decided).map(|line| explained(line, true));
        lines.extend(odd.filter(|line| line.verdict != "accepted" || !line.notes.is_empty()));
    }
    let meaning = match decided.outcome {
        MediaOutcome::Srtp { line, .. } => line.meaning().ok().map(|meaning| (line, meaning)),
        _ => None,
    };
    let attribute = meaning.as_ref().map(|(_, attribute)| attribute);
    MediaExplained {
        outcome: match decided.outcome {
            MediaOutcome::Srtp { .. } => Result::Srtp,
            MediaOutcome::Rtp => Result::Rtp,
            _ => Result::Rejected,
        },
        tag: attribute.map(CryptoAttribute::tag),
        suite: attribute.map(|attribute| attribute.suite().name()),
        params: meaning.as_ref().map(|(line, _)| parameters(line)).unwrap_or_default(),
        mki: attribute.and_then(mki_text),
        lifetime: attribute
            .and_then(|attribute| attribute.keys().iter().filter_map(MasterKey::lifetime).min()),
        reason: decided.reason.to_string(),
        source: decided.reason.source().to_owned(),
        lines,
        ..bare(offered)
    }
}

fn refused(offered: &Media<'_>, reason: &str, source: &str) -> MediaExplained {
    MediaExplained {
        reason: reason.to_owned(),
        source: source.to_owned(),
        lines: line_verdicts(offered, const { &Party::ANYTHING }, None)
            .map(|line| explained(line, false))
            .collect(),
        ..bare(offered)
    }
}

/// An m-line about which nothing is known but the offer.
fn bare(offered: &Media<'_>) -> MediaExplained {
    MediaExplained {
        index: offered.index(),
        kind: offered.kind().to_string(),
        profile: offered.profile().to_string(),
        port: offered.port(),
        outcome: Result::Rejected,
        tag: None,
        suite: None,
        params: Vec::new(),
        mki: None,
        lifetime: None,
        reason: String::new(),
        source: String::new(),
        lines: Vec::new(),
    }
}

fn explained(line: LineVerdict<'_>, answered: bool) -> LineExplained {
    LineExplained {
        tag: line.line.map(|line| line.tag()),
        suite: line.line.map(|line| line.suite_name().to_owned()),
        verdict: line.verdict.as_str(),
        reason: line.reason.to_string(),
        source: line.reason.source().to_owned(),
        notes: line.notes.iter().map(ToString::to_string).collect(),
        answered,
        line_number: line.line_number,
        keys: line
            .line
            .and_then(|line| line.meaning().ok())
            .map(|meaning| meaning.keys().to_vec())
            .unwrap_or_default(),
    }
}

/// Session parameters as written, without the keys in a `FEC_KEY` and without what unknown ones say,
/// which may be anything.
fn parameters(line: &CryptoLine<'_>) -> Vec<String> {
    let shown = |parameter| match parameter {
        SessionParam::Kdr(value) => format!("KDR={value}"),
        SessionParam::FecOrder(value) => format!("FEC_ORDER={value}"),
        SessionParam::WindowSizeHint(value) => format!("WSH={value}"),
        SessionParam::Optional(word) => {
            format!("-{}", word.split('=').next().unwrap_or_default())
        }
        other => other.name().unwrap_or_default().to_owned(),
    };
    line.session_params().map(shown).collect()
}

fn mki_text(attribute: &CryptoAttribute) -> Option<String> {
    let all: Vec<String> = attribute
        .keys()
        .iter()
        .filter(|key| !key.mki().is_empty())
        .map(|key| format!("{}:{}", mki::Decimal(key.mki()), key.mki().len()))
        .collect();
    (!all.is_empty()).then(|| all.join(";"))
}

/// The keys both sides use on each m-line: the offerer's, then the answerer's.
fn keys(offer: &Sdp<'_>, decision: &Decision<'_>) -> Vec<Option<[CryptoAttribute; 2]>> {
    let of = |media: Media<'_>| {
        let MediaOutcome::Srtp { line, .. } = decision.at(media.index()).outcome else {
            return None;
        };
        let answered = line.meaning().ok()?;
        let valid = media.crypto().filter_map(|entry| entry.parsed.ok()?.meaning().ok());
        let offered = valid.into_iter().find(|offered| offered.tag() == answered.tag())?;
        Some([offered, answered])
    };
    offer.media().map(of).collect()
}

fn context(offer: &Sdp<'_>, decision: &Decision<'_>, before: Option<&Exchange>) -> Option<Context> {
    let now = keys(offer, decision);
    let secured = |keys: &[Option<[CryptoAttribute; 2]>]| keys.iter().any(Option::is_some);
    let then = before.and_then(|before| {
        let Outcome::Answered { answer, .. } = &before.outcome else {
            return None;
        };
        let (offer, answer) =
            (Sdp::parse(&before.offer.text).ok()?, Sdp::parse(&answer.text).ok()?);
        Some(keys(&offer, &verify(&offer, &answer)))
    });
    let Some(then) = then.filter(|then| secured(then)) else {
        return secured(&now).then_some(Context::New);
    };
    let lost = then.iter().zip(&now).any(|(then, now)| then.is_some() && now.is_none());
    let plain =
        offer.media().any(|media| matches!(decision.at(media.index()).outcome, MediaOutcome::Rtp));
    if lost && plain {
        return Some(Context::Downgrade);
    }
    let (mut tx, mut rx) = (false, false);
    for pair in then.iter().zip(&now) {
        if let (Some(then), Some([offered, answered])) = pair {
            // The answerer of the last exchange may be the offerer of this one.
            let known = |line: &CryptoAttribute| then.iter().any(|old| old.shares_key_with(line));
            tx |= !known(offered);
            rx |= !known(answered);
        }
    }
    Some(match (tx, rx) {
        (false, false) => Context::Keep,
        (false, true) => Context::RekeyRx,
        (true, false) => Context::RekeyTx,
        (true, true) => Context::RekeyBoth,
    })
}

/// Whether an m-line is for RTP at all; the others do not count as insecure.
pub fn is_rtp(media: &MediaExplained) -> bool {
    let profile = Profile::parse(&media.profile);
    profile.is_plain() || profile.is_sdes()
}
