//! A call under way: what a new offer and its answer do to keys, contexts and rollover counters.
//!
//! Nothing is kept here. The caller has the descriptions of the exchanges so far, and what follows
//! from the next one is a function of them.
//!
//! Read first: RFC 4568 §5.1.4 and §7.1.4, RFC 3711 §3.3.1, RFC 3264 §8.

use sdes_sdp::CryptoLine;
use sdes_sdp::sdp::{Direction, Media, Sdp};

use crate::decide::{Class, Decision, MediaDecision, MediaOutcome, class, decide};
use crate::party::Party;
use crate::peer::{NewKeyRoc, PeerProfile};
use crate::reason::Reason;
use crate::verify::{agreed, verify_with};

/// Which side of an exchange is ours.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// We sent the offer.
    Offerer,
    /// We sent the answer.
    Answerer,
}

/// An offer and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'s, 'a> {
    /// The offer.
    pub offer: &'s Sdp<'a>,
    /// The answer.
    pub answer: &'s Sdp<'a>,
    /// Which of them is ours.
    pub role: Role,
}

/// What happens to the contexts of a stream, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Context {
    /// The first keys of the stream.
    New,
    /// Everything goes on.
    Keep,
    /// A new context to receive with.
    RekeyRx,
    /// A new context to send with.
    RekeyTx,
    /// New contexts in both directions.
    RekeyBoth,
    /// SRTP has become RTP.
    Downgrade,
}

impl Context {
    /// `new`, `keep`, `rekey-rx`, `rekey-tx`, `rekey-both` or `downgrade`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Keep => "keep",
            Self::RekeyRx => "rekey-rx",
            Self::RekeyTx => "rekey-tx",
            Self::RekeyBoth => "rekey-both",
            Self::Downgrade => "downgrade",
        }
    }
}

/// The rollover counter of a new context.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Roc {
    /// It begins at 0.
    Zero,
    /// It goes on from the old context.
    Kept,
}

/// What happens to one direction of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Change {
    /// There is no context: the stream is not SRTP.
    None,
    /// The context goes on with key and rollover counter.
    Keep,
    /// A new context under a new key.
    New {
        /// Its rollover counter.
        roc: Roc,
    },
}

/// What an exchange does to one stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Renegotiation {
    /// In one word; `None` where the stream neither was nor is SRTP, or rests during a fax.
    pub context: Option<Context>,
    /// The direction we receive.
    pub receive: Change,
    /// The direction we send.
    pub transmit: Change,
    /// Why.
    pub reason: Reason,
    /// A rule that a side broke: [`Reason::MovedWithoutNewKey`].
    pub broken: Option<Reason>,
}

impl Renegotiation {
    const fn plain(context: Option<Context>, reason: Reason) -> Self {
        Self { context, receive: Change::None, transmit: Change::None, reason, broken: None }
    }

    const fn kept(reason: Reason) -> Self {
        Self {
            context: Some(Context::Keep),
            receive: Change::Keep,
            transmit: Change::Keep,
            reason,
            broken: None,
        }
    }
}

/// What a stream is after an exchange.
#[allow(clippy::large_enum_variant)] // two views, for a moment, where nothing can be boxed
enum State<'a> {
    Srtp(Side<'a>, Side<'a>),
    Rtp,
    /// Not in use, refused, or a fax.
    Absent(Reason),
}

/// One side of a secured stream.
struct Side<'a> {
    line: CryptoLine<'a>,
    media: Media<'a>,
}

impl<'a> Exchange<'_, 'a> {
    fn state(&self, index: usize, peer: &PeerProfile) -> State<'a> {
        let absent = State::Absent(Reason::Declined);
        let (Some(offered), Some(answered)) =
            (self.offer.media().nth(index), self.answer.media().nth(index))
        else {
            return absent;
        };
        let decided = verify_with(self.offer, self.answer, peer).at(index);
        match decided.outcome {
            MediaOutcome::Srtp { .. } => match agreed(&offered, &answered, peer) {
                Some((offered_line, answered_line)) => {
                    let offerer = Side { line: offered_line, media: offered };
                    let answerer = Side { line: answered_line, media: answered };
                    match self.role {
                        Role::Offerer => State::Srtp(offerer, answerer),
                        Role::Answerer => State::Srtp(answerer, offerer),
                    }
                }
                None => absent,
            },
            MediaOutcome::Rtp => State::Rtp,
            MediaOutcome::Untouched => State::Absent(Reason::Fax),
            MediaOutcome::Refused => State::Absent(decided.reason),
        }
    }

    /// Whether any m-line of the answer is a fax in use.
    fn has_fax(&self) -> bool {
        self.answer
            .media()
            .any(|media| media.port() != 0 && matches!(class(&media), Class::Other(Reason::NotRtp)))
    }
}

/// What the exchange `next` does to the stream of the m-line at `index`. `history` are the accepted
/// exchanges of the call so far, the first one first; `next` is `None` where a new offer was
/// rejected.
///
/// A stream that rested, for a fax or at port 0, is compared with what it last was: that is the
/// state it comes back to.
pub fn renegotiate(
    history: &[Exchange<'_, '_>],
    next: Option<&Exchange<'_, '_>>,
    index: usize,
    peer: &PeerProfile,
) -> Renegotiation {
    let before = last_state(history, index, peer);
    let was_secured = matches!(before, Some(State::Srtp(..)));
    let Some(next) = next else {
        return match before {
            Some(State::Srtp(..)) => Renegotiation::kept(Reason::ReofferRejected),
            _ => Renegotiation::plain(None, Reason::ReofferRejected),
        };
    };
    match (before, next.state(index, peer)) {
        (Some(State::Srtp(old_ours, old_theirs)), State::Srtp(ours, theirs)) => {
            compare(&old_ours, &ours, &old_theirs, &theirs, peer)
        }
        (_, State::Srtp(..)) => Renegotiation {
            context: Some(Context::New),
            receive: Change::New { roc: Roc::Zero },
            transmit: Change::New { roc: Roc::Zero },
            reason: Reason::FirstKeys,
            broken: None,
        },
        (_, State::Rtp) if was_secured => {
            Renegotiation::plain(Some(Context::Downgrade), Reason::Downgrade)
        }
        (_, State::Rtp) => Renegotiation::plain(None, Reason::StillPlain),
        (_, State::Absent(_)) if next.has_fax() => Renegotiation::plain(None, Reason::Fax),
        // The answer says no, or is wrong: either way nothing new was agreed on.
        (Some(State::Srtp(..)), State::Absent(reason)) if reason != Reason::Declined => {
            Renegotiation::kept(reason)
        }
        (_, State::Absent(reason)) => Renegotiation::plain(None, reason),
    }
}

/// What a stream last was when it was in use.
fn last_state<'a>(
    history: &[Exchange<'_, 'a>],
    index: usize,
    peer: &PeerProfile,
) -> Option<State<'a>> {
    history
        .iter()
        .rev()
        .map(|exchange| exchange.state(index, peer))
        .find(|state| !matches!(state, State::Absent(_)))
}

fn compare(
    old_ours: &Side<'_>,
    ours: &Side<'_>,
    old_theirs: &Side<'_>,
    theirs: &Side<'_>,
    peer: &PeerProfile,
) -> Renegotiation {
    let transmit = change(old_ours, ours, peer);
    let receive = change(old_theirs, theirs, peer);
    let is_new = |change| matches!(change, Change::New { .. });
    let (context, reason) = match (is_new(transmit), is_new(receive)) {
        (false, false) => (Context::Keep, Reason::SameKeys),
        (transmit, receive) => {
            let context = match (transmit, receive) {
                (true, true) => Context::RekeyBoth,
                (true, false) => Context::RekeyTx,
                _ => Context::RekeyRx,
            };
            (context, Reason::NewKeys { transmit, receive })
        }
    };
    let broken = |old: &Side<'_>, new: &Side<'_>, change, ours| {
        let broken = !is_new(change) && moved(&old.media, &new.media);
        broken.then_some(Reason::MovedWithoutNewKey { ours })
    };
    let broken =
        broken(old_ours, ours, transmit, true).or(broken(old_theirs, theirs, receive, false));
    Renegotiation { context: Some(context), receive, transmit, reason, broken }
}

fn change(old: &Side<'_>, new: &Side<'_>, peer: &PeerProfile) -> Change {
    // The lines were valid when they were agreed on.
    let (Ok(old_line), Ok(new_line)) = (old.line.meaning(), new.line.meaning()) else {
        return Change::None;
    };
    let same = old_line.suite() == new_line.suite()
        && old_line.parameters().negotiated() == new_line.parameters().negotiated()
        && new_line.shares_key_with(&old_line);
    if same {
        return Change::Keep;
    }
    let under_mki = old_line.mki_len() != 0 && new_line.mki_len() != 0;
    let kept = match peer.new_key_roc {
        NewKeyRoc::Rfc => under_mki,
        NewKeyRoc::Zeroed => false,
        NewKeyRoc::Kept => true,
    };
    // RFC 4568 §7.1.4: a new address may stand for a new machine, which cannot know the counter.
    let roc = if kept && !moved(&old.media, &new.media) { Roc::Kept } else { Roc::Zero };
    Change::New { roc }
}

/// Whether the address or port of a stream is another one now, so that its owner must bring a new
/// key (RFC 4568 §7.1.4). The unspecified address of an old hold is no move (RFC 3264 §8.4).
pub fn moved(before: &Media<'_>, after: &Media<'_>) -> bool {
    let new_address = match (before.connection(), after.connection()) {
        (Some(before), Some(after)) => {
            let known = !before.is_unspecified() && !after.is_unspecified();
            known && before.host() != after.host()
        }
        _ => false,
    };
    let new_port = before.port() != after.port() && before.port() != 0 && after.port() != 0;
    new_address || new_port
}

/// What a party makes of a new offer during a call: as [`decide`], but a stream that was SRTP is
/// refused rather than taken as RTP. The old parameters then stay, which is for the caller to see
/// to by rejecting the offer (RFC 4568 §7.1.4).
pub fn decide_reoffer<'a>(
    offer: &Sdp<'a>,
    party: &Party<'_>,
    history: &[Exchange<'_, '_>],
    peer: &PeerProfile,
) -> Decision<'a> {
    let decided = decide(offer, party);
    let mut decision = Decision::default();
    for media in decided.media() {
        let was_secured = || {
            let state = last_state(history, media.index, peer);
            matches!(state, Some(State::Srtp(..)))
        };
        decision.push(match media.outcome {
            MediaOutcome::Rtp if was_secured() => {
                MediaDecision::new(media.index, MediaOutcome::Refused, Reason::Downgrade)
            }
            _ => *media,
        });
    }
    decision
}

/// Whether an m-line puts the call on hold: its owner does not want to receive, said with the
/// direction or, as in RFC 2543, with an unspecified address (RFC 3264 §8.4). Hold changes no key.
pub fn is_hold(media: &Media<'_>) -> bool {
    let nowhere = media.connection().is_some_and(|connection| connection.is_unspecified());
    nowhere || !media.direction().receives()
}

/// The direction to answer: what we want, as far as the offer allows it (RFC 3264 §6.1).
pub const fn answered_direction(offered: Direction, wanted: Direction) -> Direction {
    match (wanted.sends() && offered.receives(), wanted.receives() && offered.sends()) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
    }
}
