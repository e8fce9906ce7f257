//! One offer, several answers, and media that come before any: what an offerer can open, with which
//! answer's key.
//!
//! Read first: RFC 4568 §7.3, RFC 3264 §5.1.

use sdes_sdp::sdp::{Media, Sdp};

use crate::decide::{Class, Decision, Outcome, class};
use crate::peer::PeerProfile;
use crate::reason::Reason;
use crate::verify::verify_with;

/// What several answers to one offer mean.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ForkPolicy {
    /// Each answer is a leg of its own, with a context of its own to receive with. What the offerer
    /// sends goes to all of them under its one key, so that each leg needs SSRCs of its own or, better,
    /// a new offer with a new key.
    #[default]
    Separate,
    /// The last good answer wins; the contexts of those before are deleted.
    LastWins,
}

/// One answer of a forked call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Branch<'a> {
    /// What the offerer makes of it.
    pub decision: Decision<'a>,
    /// Whether its streams are in use.
    pub live: bool,
    /// Why, or why not.
    pub reason: Reason,
}

/// What an offerer makes of the answers of a forked call, in the order in which they came.
pub fn forked<'s, 'a>(
    offer: &'s Sdp<'_>,
    answers: &'s [Sdp<'a>],
    policy: ForkPolicy,
    peer: &'s PeerProfile,
) -> impl Iterator<Item = Branch<'a>> + use<'s, 'a> {
    let verified = move |answer: &Sdp<'a>| verify_with(offer, answer, peer);
    let good = move |answer: &Sdp<'a>| verified(answer).outcome() != Outcome::Rejected;
    let last = answers.iter().rposition(good);
    answers.iter().zip(0_usize..).map(move |(answer, place)| {
        let decision = verified(answer);
        let accepted = decision.outcome() != Outcome::Rejected;
        let superseded = policy == ForkPolicy::LastWins && Some(place) != last;
        let reason = if accepted && superseded { Reason::LaterAnswer } else { decision.reason() };
        Branch { live: accepted && !superseded, decision, reason }
    })
}

/// What to do with packets that come for an m-line of our offer while there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EarlyMedia {
    /// They are plain RTP: they can be played.
    Play,
    /// They can be SRTP, whose key comes with the answer: keep a few, or drop them. They are never
    /// played as if they were plain.
    Hold(Reason),
    /// There is no such stream.
    Drop,
}

/// Whether packets that come for an m-line before its answer can be played. Where an SRTP and an RTP
/// alternative share a port, or one m-line is both (RFC 8643, RFC 5939), nobody can tell.
pub fn early_media(offer: &Sdp<'_>, media: &Media<'_>) -> EarlyMedia {
    let maybe_secured = |other: &Media<'_>| {
        class(other) == Class::Secured || other.has_crypto() || other.has_attribute("pcfg")
    };
    match class(media) {
        _ if media.port() == 0 => EarlyMedia::Drop,
        Class::Other(_) => EarlyMedia::Drop,
        Class::Secured | Class::Plain => {
            let mut on_port = offer.media().filter(|other| other.port() == media.port());
            if on_port.any(|other| maybe_secured(&other)) {
                EarlyMedia::Hold(Reason::BeforeAnswer)
            } else {
                EarlyMedia::Play
            }
        }
    }
}
