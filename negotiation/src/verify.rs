//! An answer, held against the offer it answers.
//!
//! Read first: RFC 4568 §5.1.3 and §7.1.3, RFC 3264 §6.

use sdes_sdp::sdp::{Media, Sdp};
use sdes_sdp::{CryptoAttribute, CryptoLine, Tolerance};

use crate::decide::{Class, Decision, MAX_MEDIA, MediaDecision, MediaOutcome, class};
use crate::judge::{LineVerdict, Verdict, judge, line_verdicts};
use crate::party::Party;
use crate::reason::{NegotiatedParameter, Reason};

/// What the offerer makes of an answer. Whatever does not fit the offer refuses the m-line with
/// the reason; a secured m-line never becomes plain RTP by a faulty answer.
pub fn verify<'a>(offer: &Sdp<'_>, answer: &Sdp<'a>) -> Decision<'a> {
    let (offered, answered) = (offer.media_count(), answer.media_count());
    let mut decision = Decision::default();
    for (theirs, index) in answer.media().zip(0..MAX_MEDIA) {
        let (outcome, reason) = match offer.media().nth(index) {
            _ if offered != answered => (
                MediaOutcome::Refused,
                Reason::MediaCount { offered, answered },
            ),
            None => (
                MediaOutcome::Refused,
                Reason::MediaCount { offered, answered },
            ),
            Some(ours) => verify_one(&ours, &theirs),
        };
        decision.push(MediaDecision {
            index,
            outcome,
            reason,
        });
    }
    decision
}

fn verify_one<'a>(ours: &Media<'_>, theirs: &Media<'a>) -> (MediaOutcome<'a>, Reason) {
    let refused = |reason| (MediaOutcome::Refused, reason);
    if ours.kind() != theirs.kind() {
        return refused(Reason::KindDiffers);
    }
    if ours.port() == 0 {
        return refused(Reason::OfferedDisabled);
    }
    if theirs.port() == 0 {
        return refused(Reason::Declined);
    }
    let ours_class = class(ours);
    if let Class::Other(reason) = ours_class {
        return (MediaOutcome::Untouched, reason);
    }
    if ours.profile() != theirs.profile() {
        return refused(Reason::ProfileDiffers);
    }
    // RFC 8643 §3: a plain profile with crypto lines on both sides is SRTP too.
    match (ours_class, ours.has_crypto(), theirs.has_crypto()) {
        (Class::Plain, _, false) => return (MediaOutcome::Rtp, Reason::PlainAnswered),
        (Class::Plain, false, true) => return (MediaOutcome::Rtp, Reason::UnaskedCrypto),
        _ => {}
    }
    match verify_line(ours, theirs) {
        Ok(accepted) => {
            let (tag, suite) = (accepted.line.tag(), accepted.attribute.suite());
            (
                MediaOutcome::Srtp {
                    line: accepted.line,
                    suite,
                },
                Reason::Chosen { tag, suite },
            )
        }
        Err(reason) => refused(reason),
    }
}

struct Accepted<'a> {
    line: CryptoLine<'a>,
    attribute: CryptoAttribute,
}

/// The one crypto line of the answer, if it fits one of the offer.
fn verify_line<'a>(ours: &Media<'_>, theirs: &Media<'a>) -> Result<Accepted<'a>, Reason> {
    let mut lines = theirs.crypto();
    let first = lines.next().ok_or(Reason::AnswerWithoutCrypto)?;
    match lines.count() {
        0 => {}
        more => return Err(Reason::SeveralAnswered { count: 1 + more }),
    }
    let line = first.parsed.map_err(Reason::Line)?;
    let attribute = line
        .validate(Tolerance::Tolerant)
        .map_err(Reason::Line)?
        .attribute;
    let tag = attribute.tag();
    let offered = offered_line(ours, tag).ok_or(Reason::TagNotOffered { tag })?;
    if offered.suite() != attribute.suite() {
        return Err(Reason::SuiteDiffers {
            tag,
            offered: offered.suite(),
            answered: attribute.suite(),
        });
    }
    for parameter in NegotiatedParameter::ALL {
        let was_offered = parameter.is_in(offered.parameters());
        if was_offered != parameter.is_in(attribute.parameters()) {
            return Err(Reason::ParameterDiffers {
                parameter,
                offered: was_offered,
            });
        }
    }
    let ours_reused = ours
        .crypto()
        .filter_map(|entry| entry.parsed.ok()?.meaning().ok());
    if ours_reused
        .into_iter()
        .any(|own| own.shares_key_with(&attribute))
    {
        return Err(Reason::KeyReused);
    }
    Ok(Accepted { line, attribute })
}

/// The valid offered line with a tag.
fn offered_line(ours: &Media<'_>, tag: u32) -> Option<CryptoAttribute> {
    let valid = |entry| judge(ours, &entry, &Party::ANYTHING).ok();
    let (line, _) = ours
        .crypto()
        .filter_map(valid)
        .find(|(line, _)| line.line.tag() == tag)?;
    line.line.meaning().ok()
}

/// The verdict on every crypto line of an offered media section in the light of its answer: the
/// answered one is accepted, the others were skipped by the answerer or are invalid.
pub fn offered_verdicts<'o>(
    ours: &Media<'o>,
    answer: &MediaDecision<'_>,
) -> impl Iterator<Item = LineVerdict<'o>> + use<'o> {
    let tag = match answer.outcome {
        MediaOutcome::Srtp { line, .. } => Some(line.tag()),
        _ => None,
    };
    let offered = ours.crypto().filter_map(|entry| entry.parsed.ok());
    let chosen = offered.into_iter().find(|line| Some(line.tag()) == tag);
    line_verdicts(ours, const { &Party::ANYTHING }, chosen)
}

/// The verdict on every crypto line of an answered media section.
pub fn answered_verdicts<'a>(
    theirs: &Media<'a>,
    answer: MediaDecision<'_>,
) -> impl Iterator<Item = LineVerdict<'a>> + use<'a> {
    let accepted = matches!(answer.outcome, MediaOutcome::Srtp { .. });
    let reason = answer.reason;
    theirs.crypto().map(move |entry| {
        let meaning = entry
            .parsed
            .and_then(|line| line.validate(Tolerance::Tolerant));
        let (verdict, reason) = match &meaning {
            Ok(_) if accepted => (Verdict::Accepted, reason),
            Ok(_) => (Verdict::NotOffered, reason),
            Err(error) if error.kind.is_unsupported() => (Verdict::Skipped, Reason::Line(*error)),
            Err(error) => (Verdict::Invalid, Reason::Line(*error)),
        };
        LineVerdict {
            line_number: entry.line_number,
            line: entry.parsed.ok(),
            verdict,
            reason,
            notes: meaning.map(|meaning| meaning.notes).unwrap_or_default(),
        }
    })
}
