//! One exchange as `explain` sees it: what the libraries say of it, put into the shape that is
//! printed. The order of fields is that of the documented JSON.
//!
//! Read first: RFC 4568 §5.1.3, §7.1.4; RFC 3264 §8.

use serde::Serialize;

use sdes_sdp::{
    CryptoAttribute, CryptoLine, MasterKey, Media, Profile, Sdp, SdpError, SessionParam, mki,
};
use srtp_negotiation::{
    Context, Decision, Exchange as Agreed, LineVerdict, MediaOutcome, Party, PeerProfile, Reason,
    Role, answered_verdicts, is_hold, line_verdicts, offered_verdicts, renegotiate, verify,
};

use crate::calls::{Exchange, Outcome};
use crate::dtls;
use crate::secret::Text;

/// What became of an exchange, or of one of its m-lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// SRTP.
    Srtp,
    /// Plain RTP.
    Rtp,
    /// Nothing but what is not for crypto lines to secure: DTLS, fax.
    LeftAlone,
    /// Nothing.
    Rejected,
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
    /// What happens to keys and rollover counters, in the words of `srtp-negotiation`; none where
    /// there are none.
    pub context: Option<&'static str>,
    /// The same as sentences, m-line by m-line where there are several.
    #[serde(skip)]
    pub changes: Vec<String>,
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
    /// Who put the stream on hold, as words.
    #[serde(skip)]
    pub hold: Option<&'static str>,
    /// Whether nothing but DTLS can key it.
    #[serde(skip)]
    pub dtls: bool,
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
    /// The line as it stands there.
    #[serde(skip)]
    pub text: Text,
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

/// Explains an exchange; `before` are those that succeeded in the same call, the first one first.
/// `None` for an offer nobody answered.
///
/// # Errors
/// An SDP that cannot be read, with the side it is on.
pub fn explain(
    exchange: &Exchange,
    before: &[&Exchange],
) -> std::result::Result<Option<Explained>, (Side, SdpError)> {
    let offer = Sdp::parse(&exchange.offer.text).map_err(|error| (Side::Offer, error))?;
    match &exchange.outcome {
        Outcome::Answered { answer, status } => {
            let answer_text: &str = &answer.text;
            let answer = Sdp::parse(answer_text).map_err(|error| (Side::Answer, error))?;
            let decision = verify(&offer, &answer);
            let media: Vec<_> = offer
                .media()
                .map(|media| agreed(&media, &answer, &decision))
                .map(|media| media.quoting(&exchange.offer.text, answer_text))
                .collect();
            let outcome = overall(&media);
            let alone = media.iter().find(|media| media.outcome == Result::LeftAlone);
            let (reason, source) = match alone.filter(|_| outcome == Result::LeftAlone) {
                Some(media) => (media.reason.clone(), media.source.clone()),
                None => {
                    let reason = decision.reason();
                    (reason.to_string(), reason.source().to_owned())
                }
            };
            let (context, changes) = context(exchange, before);
            let status = *status;
            Ok(Some(Explained { outcome, status, reason, source, media, context, changes }))
        }
        Outcome::Refused { status, phrase, .. } => {
            let reason = match before {
                [] => {
                    format!("the call was refused: {status} {phrase}{}", likely(&offer, *status))
                }
                // RFC 3261 §14.1, RFC 4568 §7.1.4.
                _ => format!(
                    "the new offer was refused: {status} {phrase}; what was agreed before stays"
                ),
            };
            let source = format!("RFC 3261 §21.{}", status / 100);
            let media = offer
                .media()
                .map(|media| refused(&media, &reason, &source))
                .map(|media| media.quoting(&exchange.offer.text, ""));
            let (context, changes) = context(exchange, before);
            Ok(Some(Explained {
                outcome: Result::Rejected,
                status: *status,
                media: media.collect(),
                reason,
                source,
                context,
                changes,
            }))
        }
        Outcome::Unanswered => Ok(None),
    }
}

/// What a refusal is likely to be about, where it may be about the media at all.
fn likely(offer: &Sdp<'_>, status: u16) -> &'static str {
    // RFC 3261 §21.4.26 and §21.6.4.
    if !matches!(status, 488 | 606) {
        return "";
    }
    let rtp = || {
        let profiles = offer.media().map(|media| media.profile());
        profiles.filter(|profile| profile.is_plain() || profile.is_sdes())
    };
    match (rtp().any(|profile| profile.is_sdes()), rtp().any(|profile| profile.is_plain())) {
        (true, false) => {
            "; the offer is of SRTP alone, so the likely reason is that the other side does none, or \
             none of these lines"
        }
        (false, true) => {
            "; the offer is of plain RTP, so the likely reason is that the other side insists on SRTP"
        }
        _ => "",
    }
}

impl MediaExplained {
    /// Adds the text of every crypto line.
    fn quoting(mut self, offer: &str, answer: &str) -> Self {
        for line in &mut self.lines {
            let sdp = if line.answered { answer } else { offer };
            let text = sdp.lines().nth(line.line_number.saturating_sub(1));
            line.text = text.unwrap_or_default().trim_end().into();
        }
        self
    }
}

/// A crypto line without its keys: whatever follows `inline:`, and whatever else is long enough to
/// be one.
pub fn without_keys(line: &str) -> String {
    const LONG: usize = 20;
    let coded = |letter: char| letter.is_ascii_alphanumeric() || "+/=".contains(letter);
    let mut shown = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(coded) {
        let (before, run) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let (run, after) = match run.find(|letter| !coded(letter)) {
            Some(end) => run.split_at_checked(end).unwrap_or((run, "")),
            None => (run, ""),
        };
        shown.push_str(before);
        let is_key = shown.to_ascii_lowercase().ends_with("inline:") || run.len() >= LONG;
        shown.push_str(if is_key { "…" } else { run });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// What m-lines come to together: SRTP where there is any, else plain RTP.
fn overall(media: &[MediaExplained]) -> Result {
    let of = |wanted: &Result| media.iter().any(|media| media.outcome == *wanted);
    let kept = [Result::Srtp, Result::Rtp, Result::LeftAlone];
    kept.into_iter().find(of).unwrap_or(Result::Rejected)
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
    // Whether crypto lines are what is missing, and both sides have something else instead.
    let missing = matches!(decided.reason, Reason::AnswerWithoutCrypto | Reason::PlainAnswered);
    let handshake =
        missing && answered.as_ref().is_some_and(|answered| dtls::announced(offered, answered));
    let outcome = match decided.outcome {
        _ if handshake => Result::LeftAlone,
        MediaOutcome::Srtp { .. } => Result::Srtp,
        MediaOutcome::Rtp => Result::Rtp,
        MediaOutcome::Untouched => Result::LeftAlone,
        MediaOutcome::Refused => Result::Rejected,
    };
    let (reason, source) = match handshake {
        true => (dtls::ANNOUNCED.to_owned(), dtls::ANNOUNCED_SOURCE.to_owned()),
        false => (decided.reason.to_string(), decided.reason.source().to_owned()),
    };
    MediaExplained {
        outcome,
        tag: attribute.map(CryptoAttribute::tag),
        suite: attribute.map(|attribute| attribute.suite().name()),
        params: meaning.as_ref().map(|(line, _)| parameters(line)).unwrap_or_default(),
        mki: attribute.and_then(mki_text),
        lifetime: attribute
            .and_then(|attribute| attribute.keys().iter().filter_map(MasterKey::lifetime).min()),
        reason,
        source,
        lines,
        hold: match outcome {
            Result::Srtp | Result::Rtp => hold(offered, answered.as_ref()),
            Result::LeftAlone | Result::Rejected => None,
        },
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
        hold: None,
        dtls: dtls::alone_keys(offered),
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
        text: Text::default(),
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

/// What an exchange does to keys and rollover counters, seen by its offerer: what it receives under
/// is the answerer's key. The judgement of every m-line is the library's; of several the one that
/// changes most stands for all.
fn context(exchange: &Exchange, before: &[&Exchange]) -> (Option<&'static str>, Vec<String>) {
    // RFC 3261 §12.1: the branches of a fork are dialogs of their own, whose keys are theirs.
    let before = before.iter().filter(|earlier| earlier.request != exchange.request);
    let texts: Vec<Pair<'_>> =
        before.filter_map(|earlier| Pair::parse(earlier, &exchange.offerer)).collect();
    let history: Vec<Agreed<'_, '_>> = texts.iter().map(Pair::agreed).collect();
    let now = Pair::parse(exchange, &exchange.offerer);
    let next = now.as_ref().map(Pair::agreed);
    let Ok(offer) = Sdp::parse(&exchange.offer.text) else {
        return (None, Vec::new());
    };
    let peer = PeerProfile::default();
    let (mut overall, mut changes) = (None, Vec::new());
    let several = offer.media().nth(1).is_some();
    for media in offer.media() {
        let found = renegotiate(&history, next.as_ref(), media.index(), &peer);
        let Some(context) = found.context else { continue };
        overall = Some(overall.map_or(context, |so_far| more(so_far, context)));
        let which = match several {
            true => format!("m-line {}: ", media.index() + 1),
            false => String::new(),
        };
        let source = found.reason.source();
        changes.push(format!("{which}{} ({source})", found.reason));
        changes.extend(found.broken.map(|broken| format!("{which}{broken} ({})", broken.source())));
    }
    (overall.map(Context::as_str), changes)
}

/// Of two m-lines the word for both.
fn more(one: Context, other: Context) -> Context {
    use Context::{Downgrade, Keep, New, RekeyBoth, RekeyRx, RekeyTx};
    match (one, other) {
        (Downgrade, _) | (_, Downgrade) => Downgrade,
        (RekeyRx, RekeyTx) | (RekeyTx, RekeyRx) | (RekeyBoth, _) | (_, RekeyBoth) => RekeyBoth,
        (RekeyRx | RekeyTx, _) => one,
        (_, RekeyRx | RekeyTx) => other,
        (Keep, _) | (_, Keep) => Keep,
        (New, New) => New,
    }
}

/// Offer and answer, read, and which of them is the one party's.
struct Pair<'a> {
    offer: Sdp<'a>,
    answer: Sdp<'a>,
    role: Role,
}

impl<'a> Pair<'a> {
    fn parse(exchange: &'a Exchange, party: &str) -> Option<Self> {
        let Outcome::Answered { answer, .. } = &exchange.outcome else {
            return None;
        };
        let role = if exchange.offerer == party { Role::Offerer } else { Role::Answerer };
        let (offer, answer) =
            (Sdp::parse(&exchange.offer.text).ok()?, Sdp::parse(&answer.text).ok()?);
        Some(Self { offer, answer, role })
    }

    fn agreed(&self) -> Agreed<'_, 'a> {
        Agreed { offer: &self.offer, answer: &self.answer, role: self.role }
    }
}

/// Who does not want to receive (RFC 3264 §8.4).
fn hold(offered: &Media<'_>, answered: Option<&Media<'_>>) -> Option<&'static str> {
    match (is_hold(offered), answered.is_some_and(is_hold)) {
        (true, true) => Some("on hold by both sides"),
        (true, false) => Some("on hold by the offerer"),
        (false, true) => Some("on hold by the answerer"),
        (false, false) => None,
    }
}

/// Whether an m-line is for RTP at all; the others do not count as insecure.
pub fn is_rtp(media: &MediaExplained) -> bool {
    let profile = Profile::parse(&media.profile);
    profile.is_plain() || profile.is_sdes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is wrong with a line, no key is in what is shown of it.
    #[test]
    fn keys_are_taken_out_of_lines() {
        const KEY: &str = "FxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcX";
        for (line, wanted) in [
            (
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:§|2^31|1:4",
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:…|2^31|1:4",
            ),
            (
                "a=crypto:1 X inline:§;inline:§ FEC_KEY=INLINE:§",
                "a=crypto:1 X inline:…;inline:… FEC_KEY=INLINE:…",
            ),
            ("a=crypto:1 X inline §", "a=crypto:1 X inline …"),
            ("a=crypto:1 X inline:abc", "a=crypto:1 X inline:…"),
            ("§", "…"),
            ("a=crypto: é", "a=crypto: é"),
        ] {
            assert_eq!(without_keys(&line.replace("§", KEY)), wanted);
        }
    }
}
