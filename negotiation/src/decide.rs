//! From an offer to a decision: which m-line carries each stream, secured how, and why.
//!
//! Read first: RFC 4568 §5.1.2 and §7.1.2, RFC 3264 §6, RFC 8643 §3, RFC 5939 §3.6.2.

use sdes_sdp::sdp::{Media, MediaKind, Sdp};
use sdes_sdp::{CryptoLine, CryptoSuite};

use crate::capability::{self, Potential};
use crate::judge::choose;
use crate::party::{Action, Party};
use crate::reason::Reason;

/// The most m-lines one decision holds; those beyond are declined.
pub const MAX_MEDIA: usize = 16;

/// What becomes of one m-line.
#[derive(Clone, Copy, Debug)]
pub enum MediaOutcome<'a> {
    /// SRTP.
    Srtp {
        /// The other side's crypto line: the one chosen from an offer, or the one answered. Its
        /// key opens what the other side sends.
        line: CryptoLine<'a>,
        /// Its suite.
        suite: CryptoSuite,
    },
    /// Plain RTP.
    Rtp,
    /// Port 0.
    Refused,
    /// Not for this library to decide: not RTP, or keyed by DTLS.
    Untouched,
}

impl MediaOutcome<'_> {
    /// `srtp`, `rtp`, `rejected` or `untouched`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Srtp { .. } => "srtp",
            Self::Rtp => "rtp",
            Self::Refused => "rejected",
            Self::Untouched => "untouched",
        }
    }

    /// Whether the m-line stays in use.
    pub const fn is_kept(&self) -> bool {
        !matches!(self, Self::Refused)
    }
}

/// The decision on one m-line.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MediaDecision<'a> {
    /// The place of the m-line in the SDP, from 0.
    pub index: usize,
    /// What becomes of it.
    pub outcome: MediaOutcome<'a>,
    /// The potential configuration of a plain m-line that is taken instead of it (RFC 5939); `None`
    /// for the m-line as it is.
    pub potential: Option<Potential<'a>>,
    /// Why.
    pub reason: Reason,
}

impl<'a> MediaDecision<'a> {
    pub(crate) const fn new(index: usize, outcome: MediaOutcome<'a>, reason: Reason) -> Self {
        Self { index, outcome, potential: None, reason }
    }
}

/// What a whole exchange comes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// At least one stream is SRTP.
    Srtp,
    /// Streams are agreed on, none of them SRTP.
    Rtp,
    /// Nothing is agreed on.
    Rejected,
}

impl Outcome {
    /// `srtp`, `rtp` or `rejected`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Srtp => "srtp",
            Self::Rtp => "rtp",
            Self::Rejected => "rejected",
        }
    }
}

/// What a party makes of an offer, m-line by m-line; also what an offerer makes of an answer.
#[derive(Clone, Debug, Default)]
pub struct Decision<'a> {
    media: heapless::Vec<MediaDecision<'a>, MAX_MEDIA>,
}

impl<'a> Decision<'a> {
    /// The m-lines in the order of the SDP, the first [`MAX_MEDIA`] of them.
    pub fn media(&self) -> &[MediaDecision<'a>] {
        &self.media
    }

    /// The decision on the m-line at `index`; one beyond [`MAX_MEDIA`] is refused.
    pub fn at(&self, index: usize) -> MediaDecision<'a> {
        let reason = Reason::TooManyMedia { limit: MAX_MEDIA };
        let refused = MediaDecision::new(index, MediaOutcome::Refused, reason);
        self.media.get(index).copied().unwrap_or(refused)
    }

    /// What it all comes to.
    pub fn outcome(&self) -> Outcome {
        let any = |wanted: fn(&MediaOutcome<'_>) -> bool| {
            self.media.iter().any(|media| wanted(&media.outcome))
        };
        if any(|outcome| matches!(outcome, MediaOutcome::Srtp { .. })) {
            Outcome::Srtp
        } else if any(|outcome| outcome.is_kept()) {
            Outcome::Rtp
        } else {
            Outcome::Rejected
        }
    }

    /// The SIP status of the answer: 200, or 488 when no m-line is left (RFC 3261 §13.3.1.3).
    pub fn status(&self) -> u16 {
        if self.outcome() == Outcome::Rejected { 488 } else { 200 }
    }

    /// The reason behind [`outcome`](Self::outcome). For SRTP that of the first secured m-line; else
    /// the most specific of the reasons why there is none.
    pub fn reason(&self) -> Reason {
        if let Some(media) =
            self.media.iter().find(|media| matches!(media.outcome, MediaOutcome::Srtp { .. }))
        {
            return media.reason;
        }
        // `max_by_key` would take the last of equals.
        let most_specific =
            self.media.iter().map(|media| media.reason).fold(None, |best, reason| match best {
                Some(best) if Reason::rank(&best) >= reason.rank() => Some(best),
                _ => Some(reason),
            });
        most_specific.unwrap_or(Reason::NoMedia)
    }

    pub(crate) fn push(&mut self, decision: MediaDecision<'a>) {
        // Beyond the last place the m-line is declined by `at`.
        let _ = self.media.push(decision);
    }
}

/// What an m-line is to a decision about SRTP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Secured,
    Plain,
    Other(Reason),
}

pub(crate) fn class(media: &Media<'_>) -> Class {
    match media.profile() {
        // A file or a T.38 fax is not a stream that could be secured here.
        _ if matches!(media.kind(), MediaKind::Application | MediaKind::Image) => {
            Class::Other(Reason::NotRtp)
        }
        profile if profile.is_sdes() => Class::Secured,
        profile if profile.is_plain() => Class::Plain,
        profile if profile.is_dtls() => Class::Other(Reason::ForeignProfile),
        _ => Class::Other(Reason::NotRtp),
    }
}

/// The m-lines of an offer that stand for one stream: a secured one, a plain one, or both, in
/// either order and on the same port or different ones.
struct Stream<'a> {
    secured: Option<Media<'a>>,
    plain: Option<Media<'a>>,
}

/// Finds the stream an m-line belongs to. A secured and a plain m-line of one media type are
/// alternatives; of several, the first secured goes with the first plain and so on.
fn stream<'a>(offer: &Sdp<'a>, media: &Media<'a>) -> Stream<'a> {
    let of_class = |class_wanted: Class| {
        offer.media().filter(move |other| {
            other.kind() == media.kind() && class(other) == class_wanted && other.port() != 0
        })
    };
    let same = class(media);
    let place = of_class(same).position(|other| other.index() == media.index()).unwrap_or(0);
    Stream {
        secured: of_class(Class::Secured).nth(place),
        plain: of_class(Class::Plain).nth(place),
    }
}

/// What `party` makes of an offer. Pure: the same offer and party give the same decision; keys,
/// ports and addresses come in when the answer is written.
///
/// Each stream is decided by the party's [`AnswerRow`](crate::AnswerRow), after its crypto lines
/// were judged one by one.
pub fn decide<'a>(offer: &Sdp<'a>, party: &Party<'_>) -> Decision<'a> {
    let mut decision = Decision::default();
    for media in offer.media().take(MAX_MEDIA) {
        let index = media.index();
        decision.push(match class(&media) {
            _ if media.port() == 0 => {
                MediaDecision::new(index, MediaOutcome::Refused, Reason::OfferedDisabled)
            }
            Class::Other(reason) => MediaDecision::new(index, MediaOutcome::Untouched, reason),
            Class::Secured | Class::Plain => {
                decide_one(offer, &media, &stream(offer, &media), party)
            }
        });
    }
    decision
}

/// How the stream could be carried as SRTP: by which m-line, with which line.
struct Secured<'a> {
    carrier: Media<'a>,
    line: CryptoLine<'a>,
    suite: CryptoSuite,
    potential: Option<Potential<'a>>,
}

/// The SRTP there is in the m-lines of a stream, `None` where there is none at all.
fn secure<'a>(
    offer: &Sdp<'a>,
    stream: &Stream<'a>,
    party: &Party<'_>,
) -> Option<Result<Secured<'a>, Reason>> {
    // RFC 8643: a plain m-line with crypto lines is both alternatives in one.
    let opportunistic = || stream.plain.filter(|plain| party.opportunistic && plain.has_crypto());
    let potential = || {
        let carrier = stream.plain.filter(|_| party.capabilities)?;
        let chosen = capability::choose(offer, &carrier, party)?;
        Some(chosen.map(|(line, potential)| Secured {
            carrier,
            line: line.line,
            suite: line.suite,
            potential: Some(potential),
        }))
    };
    let as_it_is = |carrier| {
        choose(offer, &carrier, party).map(|line| Secured {
            carrier,
            line: line.line,
            suite: line.suite,
            potential: None,
        })
    };
    stream.secured.map(as_it_is).or_else(potential).or_else(|| opportunistic().map(as_it_is))
}

fn decide_one<'a>(
    offer: &Sdp<'a>,
    media: &Media<'a>,
    stream: &Stream<'a>,
    party: &Party<'_>,
) -> MediaDecision<'a> {
    let index = media.index();
    let refused = |reason| MediaDecision::new(index, MediaOutcome::Refused, reason);
    let secured = secure(offer, stream, party);
    let row = party.row;
    let cell = match (&secured, &stream.plain) {
        (Some(Ok(_)), None) => row.srtp,
        (Some(Ok(_)), Some(_)) => row.both,
        (Some(Err(_)), Some(_)) => party.alternative.copied().unwrap_or(row.rtp),
        (None, Some(_)) => row.rtp,
        // Nothing but lines that are refused: their own reason says more than the table's,
        // unless SRTP is off altogether.
        (Some(Err(reason)), None) if row.srtp.action == Action::Srtp => return refused(*reason),
        (Some(Err(_)), None) | (None, None) => row.srtp,
    };
    let because = Reason::Rule(cell.rule);
    // What kept a wanted secured m-line from being taken explains more than the table does.
    let unusable = match &secured {
        Some(Err(reason)) if row.srtp.action == Action::Srtp => Some(*reason),
        _ => None,
    };
    match (cell.action, secured, stream.plain) {
        (Action::Refuse, ..) => refused(unusable.unwrap_or(because)),
        (Action::Srtp, Some(Ok(secured)), _) => {
            let carrier = secured.carrier.index();
            if carrier != index {
                return refused(Reason::Alternative { index: carrier });
            }
            let Secured { line, suite, .. } = secured;
            MediaDecision {
                potential: secured.potential,
                ..MediaDecision::new(index, MediaOutcome::Srtp { line, suite }, because)
            }
        }
        (Action::Rtp, _, Some(plain)) if plain.index() == index => {
            MediaDecision::new(index, MediaOutcome::Rtp, because)
        }
        (Action::Rtp, _, Some(plain)) => {
            let index = plain.index();
            refused(unusable.unwrap_or(Reason::Alternative { index }))
        }
        _ => refused(because),
    }
}
