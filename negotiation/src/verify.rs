//! An answer, held against the offer it answers.
//!
//! Read first: RFC 4568 §5.1.3 and §7.1.3, RFC 3264 §6, RFC 8643 §3.3, RFC 5939 §3.6.3.

use sdes_sdp::sdp::{Media, Sdp};
use sdes_sdp::{CryptoAttribute, CryptoLine, Tolerance};

use crate::capability;
use crate::decide::{Class, Decision, MAX_MEDIA, MediaDecision, MediaOutcome, class};
use crate::judge::{LineVerdict, Verdict, judge, line_verdicts};
use crate::keys::repeated_keys;
use crate::party::Party;
use crate::peer::{KeyReuse, PeerProfile};
use crate::reason::{NegotiatedParameter, Reason};

/// What the offerer makes of an answer. Whatever does not fit the offer refuses the m-line with
/// the reason; a secured m-line never becomes plain RTP by a faulty answer.
pub fn verify<'a>(offer: &Sdp<'_>, answer: &Sdp<'a>) -> Decision<'a> {
    verify_with(offer, answer, &PeerProfile::RFC)
}

/// The same for an answerer whose departures from the RFC are known.
pub fn verify_with<'a>(offer: &Sdp<'_>, answer: &Sdp<'a>, peer: &PeerProfile) -> Decision<'a> {
    let (offered, answered) = (offer.media_count(), answer.media_count());
    let mut decision = Decision::default();
    for (theirs, index) in answer.media().zip(0..MAX_MEDIA) {
        let (outcome, reason) = match offer.media().nth(index) {
            Some(ours) if offered == answered => verify_one(offer, &ours, answer, &theirs, peer),
            _ => (MediaOutcome::Refused, Reason::MediaCount { offered, answered }),
        };
        decision.push(MediaDecision::new(index, outcome, reason));
    }
    decision
}

fn verify_one<'a>(
    offer: &Sdp<'_>,
    ours: &Media<'_>,
    answer: &Sdp<'a>,
    theirs: &Media<'a>,
    peer: &PeerProfile,
) -> (MediaOutcome<'a>, Reason) {
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
    let potential = match capability::answered(offer, ours, theirs) {
        Some(Err(reason)) => return refused(reason),
        Some(Ok(_)) => true,
        None => false,
    };
    if !potential && ours.profile() != theirs.profile() {
        let only_security = ours.profile().plain() == theirs.profile().plain();
        let secured = ours.has_crypto() && theirs.has_crypto();
        if !(peer.changed_profile && only_security && secured) {
            return refused(Reason::ProfileDiffers);
        }
    }
    // RFC 8643 §3: a plain profile with crypto lines on both sides is SRTP too.
    match (ours_class, ours.has_crypto(), theirs.has_crypto()) {
        _ if potential => {}
        (Class::Plain, _, false) => return (MediaOutcome::Rtp, Reason::PlainAnswered),
        (Class::Plain, false, true) => return (MediaOutcome::Rtp, Reason::UnaskedCrypto),
        _ => {}
    }
    match fit(ours, theirs, potential, peer) {
        Ok(Fit { line, offered, answered, .. }) => {
            if peer.key_reuse == KeyReuse::Refuse
                && let Some(repeated) =
                    repeated_keys(answer).find(|repeated| is_of(theirs, repeated.line_number))
            {
                let line_number = repeated.earlier;
                return refused(Reason::RepeatedKey { line_number });
            }
            let (tag, suite) = (answered.tag(), answered.suite());
            let reason = if offered.tag() == tag {
                Reason::Chosen { tag, suite }
            } else {
                let offered = offered.tag();
                Reason::TagRenumbered { answered: tag, offered }
            };
            (MediaOutcome::Srtp { line, suite }, reason)
        }
        Err(reason) => refused(reason),
    }
}

fn is_of(media: &Media<'_>, line_number: usize) -> bool {
    media.crypto().any(|entry| entry.line_number == line_number)
}

/// The crypto line of an answer with the offered one that it fits.
struct Fit<'o, 'a> {
    line: CryptoLine<'a>,
    offered_line: CryptoLine<'o>,
    offered: CryptoAttribute,
    answered: CryptoAttribute,
}

/// The lines that two m-lines agree on, that of an offer and that of its verified answer.
pub(crate) fn agreed<'o, 'a>(
    ours: &Media<'o>,
    theirs: &Media<'a>,
    peer: &PeerProfile,
) -> Option<(CryptoLine<'o>, CryptoLine<'a>)> {
    let fit = fit(ours, theirs, capability::is_answered(theirs), peer).ok()?;
    Some((fit.offered_line, fit.line))
}

/// The one crypto line of the answer, if it fits one of the offer.
fn fit<'o, 'a>(
    ours: &Media<'o>,
    theirs: &Media<'a>,
    potential: bool,
    peer: &PeerProfile,
) -> Result<Fit<'o, 'a>, Reason> {
    let mut lines = theirs.crypto();
    let first = lines.next().ok_or(Reason::AnswerWithoutCrypto)?;
    match lines.count() {
        0 => {}
        more => return Err(Reason::SeveralAnswered { count: 1 + more }),
    }
    let line = first.parsed.map_err(Reason::Line)?;
    let answered = line.validate(Tolerance::Tolerant).map_err(Reason::Line)?.attribute;
    let (offered_line, offered) = offered_for(ours, &answered, potential, peer)?;
    for parameter in NegotiatedParameter::ALL {
        let was_offered = parameter.is_in(offered.parameters());
        if was_offered != parameter.is_in(answered.parameters()) {
            return Err(Reason::ParameterDiffers { parameter, offered: was_offered });
        }
    }
    if offered_lines(ours, potential).any(|(_, own)| own.shares_key_with(&answered)) {
        return Err(Reason::KeyReused);
    }
    Ok(Fit { line, offered_line, offered, answered })
}

/// The valid crypto lines of an offered m-line, or of its potential configurations.
fn offered_lines<'o>(
    ours: &Media<'o>,
    potential: bool,
) -> impl Iterator<Item = (CryptoLine<'o>, CryptoAttribute)> + use<'o> {
    let actual = *ours;
    let own = ours
        .crypto()
        .filter(move |_| !potential)
        .filter_map(move |entry| judge(&actual, &entry, const { &Party::ANYTHING }).ok())
        .map(|(acceptable, _)| acceptable.line);
    let capabilities = capability::offered_lines(ours).filter(move |_| potential);
    own.chain(capabilities).filter_map(|line| Some((line, line.meaning().ok()?)))
}

/// The offered line that an answered one fits.
fn offered_for<'o>(
    ours: &Media<'o>,
    answered: &CryptoAttribute,
    potential: bool,
    peer: &PeerProfile,
) -> Result<(CryptoLine<'o>, CryptoAttribute), Reason> {
    let (tag, suite) = (answered.tag(), answered.suite());
    let same_tag = offered_lines(ours, potential).find(|(line, _)| line.tag() == tag);
    let wrong = match same_tag {
        Some((line, offered)) if offered.suite() == suite => return Ok((line, offered)),
        Some((_, line)) => Reason::SuiteDiffers { tag, offered: line.suite(), answered: suite },
        None => Reason::TagNotOffered { tag },
    };
    if !peer.renumbered_tag {
        return Err(wrong);
    }
    let negotiated = answered.parameters().negotiated();
    let mut candidates = offered_lines(ours, potential)
        .filter(|(_, line)| line.suite() == suite && line.parameters().negotiated() == negotiated);
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(wrong),
    }
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
        let meaning = entry.parsed.and_then(|line| line.validate(Tolerance::Tolerant));
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
