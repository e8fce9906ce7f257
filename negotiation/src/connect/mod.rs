//! A whole call between two configured parties: offer, answer, retry, redirection, verification,
//! every step with its reason. This is what someone staring at a 488 wants to be told.
//!
//! Nothing is decided here. The texts of the SDPs are written, read, decided and verified by the
//! same functions that real ones go through.
//!
//! Read first: RFC 3264 §5 to §7, RFC 4568 §7.1, RFC 3261 §8.1.3.4.

mod endpoint;
mod step;

use core::fmt;

use sdes_sdp::sdp::{Connection, Direction, Origin, Sdp};
use sdes_sdp::{CryptoAttribute, CryptoErrorKind, CryptoSuite, MasterKey, SdpError};
use sdes_sdp::{CryptoLine, SessionParameters};

pub use endpoint::{Endpoint, Generic, MAX_OFFERED_LINES};
pub use step::{Act, Actor, MAX_STEPS, Step, Summary};

use crate::PeerProfile;
use crate::answer::{AnswerError, LocalMedia, LocalSession, write_answer};
use crate::cisco::UrlScheme;
use crate::decide::{MediaOutcome, Outcome, decide};
use crate::offer::{OfferError, OfferForm, OfferedStream, write_offer};
use crate::polycom::padlock;
use crate::reason::{Reason, Rule};
use crate::text::SecretText;
use crate::twilio::ENCRYPTED_TO_THE_GATEWAY;
use crate::verify::{agreed, verify};
use endpoint::Plan;

/// The longest SDP of a played call, in bytes.
const MAX_SDP: usize = 4096;

/// What is around a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Circumstances {
    /// Signalling over TLS or not; `None` as the caller's configuration has it, which is TLS where
    /// it does not say.
    pub tls: Option<bool>,
    /// The first INVITE is answered with a 302 to a contact of this scheme.
    pub redirect: Option<UrlScheme>,
}

/// SRTP as it was agreed on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgreedMedia {
    /// The tag of the line.
    pub tag: u32,
    /// The suite.
    pub suite: CryptoSuite,
    /// The negotiated session parameters, the same on both sides.
    pub parameters: SessionParameters,
    /// The key under which the caller sends, with its MKI and lifetime.
    pub caller_key: MasterKey,
    /// The key under which the callee sends.
    pub callee_key: MasterKey,
}

/// What came of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connected {
    /// SRTP, RTP or nothing.
    pub outcome: Outcome,
    /// The last SIP status; `None` where no INVITE was sent, or none was heard.
    pub status: Option<u16>,
    /// Every step that decided something, in order.
    pub steps: heapless::Vec<Step, MAX_STEPS>,
    /// What was agreed on, where it is SRTP.
    pub media: Option<AgreedMedia>,
    /// Whether the signalling, and the keys in it, went over TLS.
    pub tls: bool,
    /// Whether a Polycom phone shows its padlock.
    pub padlock: bool,
    /// How far the media are encrypted, where that is not to the other end.
    pub extent: Option<Rule>,
}

impl Connected {
    fn new() -> Self {
        Self {
            outcome: Outcome::Rejected,
            status: None,
            steps: heapless::Vec::new(),
            media: None,
            tls: false,
            padlock: false,
            extent: None,
        }
    }

    /// Why the call ended as it did: for plain RTP what the answerer had against SRTP, else the
    /// reason of the last step.
    pub fn reason(&self) -> Reason {
        let answered = self.steps.iter().rfind(|step| step.act == Act::Answer);
        let step = match self.outcome {
            Outcome::Rtp => answered,
            Outcome::Srtp | Outcome::Rejected => self.steps.last(),
        };
        step.map_or(Reason::NoMedia, |step| step.reason)
    }

    fn step(&mut self, from: Actor, act: Act, summary: Summary, reason: Reason) {
        // As many places as the longest call has steps; a test plays them all.
        let _ = self.steps.push(Step { from, act, summary, reason });
    }
}

/// Why a call could not be played: the keys given were not fresh, nearly always.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The offer.
    Offer(OfferError),
    /// A crypto line of the offer.
    Line(CryptoErrorKind),
    /// The answer.
    Answer(AnswerError),
    /// An SDP of our own could not be read.
    Sdp(SdpError),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offer(error) => write!(f, "the offer could not be made: {error}"),
            Self::Line(error) => write!(f, "the offer could not be made: {error}"),
            Self::Answer(error) => write!(f, "the answer could not be made: {error}"),
            Self::Sdp(error) => write!(f, "an SDP of this call could not be read: {error}"),
        }
    }
}

impl core::error::Error for ConnectError {}

impl From<SdpError> for ConnectError {
    fn from(error: SdpError) -> Self {
        Self::Sdp(error)
    }
}

const FORMATS: &[(&str, &str)] = &[("0", "PCMU/8000")];

fn session(address: &str) -> LocalSession<'_> {
    let (net_type, addr_type) = ("IN", "IP4");
    LocalSession {
        origin: Origin {
            username: "-",
            session_id: "1",
            session_version: "1",
            net_type,
            addr_type,
            address,
        },
        name: "-",
        connection: Connection { net_type, addr_type, address },
    }
}

/// Plays a call from `caller` to `callee`. `keys` fills the buffers it is given with fresh random
/// bytes, one call for each master key with its salt.
///
/// ```
/// use srtp_negotiation::connect::{Circumstances, Endpoint, Generic, connect};
/// use srtp_negotiation::twilio::Trunk;
/// use srtp_negotiation::StreamPolicy;
///
/// let caller = Endpoint::Generic(Generic::new(StreamPolicy::Off));
/// let callee = Endpoint::Twilio(Trunk { secure: true });
/// let random = &mut |key: &mut [u8]| key.fill(7); // no call of this example needs a key
/// let call = connect(&caller, &callee, &Circumstances::default(), random)?;
/// assert_eq!(call.status, Some(488));
/// assert_eq!(call.reason().to_string(), "Secure Media is on: plain RTP is refused");
/// # Ok::<(), srtp_negotiation::connect::ConnectError>(())
/// ```
///
/// # Errors
/// [`ConnectError`], where `keys` gives a key twice.
pub fn connect(
    caller: &Endpoint<'_>,
    callee: &Endpoint<'_>,
    around: &Circumstances,
    keys: &mut dyn FnMut(&mut [u8]),
) -> Result<Connected, ConnectError> {
    let mut call = Connected::new();
    for (who, endpoint) in [(Actor::Caller, caller), (Actor::Callee, callee)] {
        for rule in endpoint.configuration_errors() {
            call.step(who, Act::Configuration, Summary::Configuration, Reason::Rule(rule));
        }
    }
    let mut plan = match caller.plan(around.tls) {
        Ok(plan) => plan,
        Err(rule) => {
            call.step(Actor::Caller, Act::Fail, Summary::NoInvite, Reason::Rule(rule));
            return Ok(call);
        }
    };
    if let Some(contact) = around.redirect {
        invite(&mut call, &plan);
        call.status = Some(302);
        let (from, summary) = (Actor::Callee, Summary::Moved { contact });
        call.step(from, Act::Redirect, summary, Reason::Rule(REDIRECTED));
        plan = match caller.redirected(&plan, contact) {
            Ok(plan) => plan,
            Err(rule) => {
                call.step(Actor::Caller, Act::Fail, Summary::NoInvite, Reason::Rule(rule));
                return Ok(call);
            }
        };
    }
    play(&mut call, caller, callee, &plan, keys)?;
    // A second INVITE is plain RTP, after which there is nothing to fall back to.
    if call.outcome == Outcome::Rejected
        && plan.form == OfferForm::Srtp
        && let Some(status) = call.status
        && let Some((again, rule)) = caller.falls_back(status)
    {
        if again {
            plan.form = OfferForm::Rtp;
            plan.rule = rule;
            plan.retry = true;
            play(&mut call, caller, callee, &plan, keys)?;
        } else {
            call.step(Actor::Caller, Act::Fail, Summary::GivesUp, Reason::Rule(rule));
        }
    }
    if call.outcome == Outcome::Srtp && (caller.is_twilio() || callee.is_twilio()) {
        call.extent = Some(ENCRYPTED_TO_THE_GATEWAY);
    }
    Ok(call)
}

const REDIRECTED: Rule = Rule {
    sentence: "the call is redirected to the contact of the answer",
    source: "RFC 3261 §8.1.3.4",
};

fn invite(call: &mut Connected, plan: &Plan) {
    let act = if plan.retry { Act::Retry } else { Act::Offer };
    let summary = Summary::Invite { form: plan.form, tls: plan.tls() };
    call.tls = plan.tls();
    call.step(Actor::Caller, act, summary, Reason::Rule(plan.rule));
}

/// One INVITE and what comes of it.
fn play(
    call: &mut Connected,
    caller: &Endpoint<'_>,
    callee: &Endpoint<'_>,
    plan: &Plan,
    keys: &mut dyn FnMut(&mut [u8]),
) -> Result<(), ConnectError> {
    invite(call, plan);
    if let Err((status, rule)) = callee.admits(plan.transport) {
        call.status = status;
        let summary = status.map_or(Summary::Unheard, |status| Summary::Refused { status });
        call.step(Actor::Callee, Act::Reject, summary, Reason::Rule(rule));
        return Ok(());
    }

    let lines = if plan.form.has_srtp() {
        caller.offered_lines(keys).map_err(ConnectError::Line)?
    } else {
        heapless::Vec::new()
    };
    let mut text = Text::new();
    let stream = OfferedStream::audio(plan.form, 4000, FORMATS, &lines);
    write_offer(&mut text.0, &session("192.0.2.1"), &[stream]).map_err(ConnectError::Offer)?;
    let offer = Sdp::parse(&text.0)?;

    let decision = decide(&offer, &callee.party());
    let status = decision.status();
    call.status = Some(status);
    if decision.outcome() == Outcome::Rejected {
        let summary = Summary::Refused { status };
        call.step(Actor::Callee, Act::Reject, summary, decision.reason());
        return Ok(());
    }
    let mut answer_text = Text::new();
    answer(&mut answer_text, &offer, &decision, callee, keys)?;
    let answer = Sdp::parse(&answer_text.0)?;
    let verified = verify(&offer, &answer);
    let summary = |media: Option<&AgreedMedia>| match media {
        Some(media) => Summary::Srtp { tag: media.tag, suite: media.suite },
        None => Summary::Rtp,
    };
    let media = agreed_media(&offer, &answer);
    call.step(Actor::Callee, Act::Answer, summary(media.as_ref()), decision.reason());
    call.outcome = verified.outcome();
    let act = match verified.outcome() {
        Outcome::Rejected => Act::Fail,
        Outcome::Srtp | Outcome::Rtp => Act::Accept,
    };
    call.step(Actor::Caller, act, Summary::Verified, verified.reason());
    call.padlock = media.as_ref().is_some_and(|media| padlock(&media.parameters))
        && (caller.is_polycom() || callee.is_polycom());
    call.media = media;
    Ok(())
}

/// An SDP of a played call.
type Text = SecretText<MAX_SDP>;

fn answer(
    text: &mut Text,
    offer: &Sdp<'_>,
    decision: &crate::Decision<'_>,
    callee: &Endpoint<'_>,
    keys: &mut dyn FnMut(&mut [u8]),
) -> Result<(), ConnectError> {
    let mut key = None;
    for media in decision.media() {
        if let MediaOutcome::Srtp { suite, .. } = media.outcome {
            key = Some(callee.key(suite, 1, keys).map_err(ConnectError::Line)?);
        }
    }
    // One stream: only one of its alternatives is SRTP.
    let local = LocalMedia {
        port: 6000,
        formats: &["0"],
        direction: Direction::SendRecv,
        key: key.as_ref(),
    };
    write_answer(&mut text.0, offer, decision, &session("192.0.2.2"), &[local, local])
        .map_err(ConnectError::Answer)
}

/// What both texts agree on, read out of them.
fn agreed_media(offer: &Sdp<'_>, answer: &Sdp<'_>) -> Option<AgreedMedia> {
    let verified = verify(offer, answer);
    let secured =
        verified.media().iter().find(|media| matches!(media.outcome, MediaOutcome::Srtp { .. }))?;
    let ours = offer.media().nth(secured.index)?;
    let theirs = answer.media().nth(secured.index)?;
    let (offered, answered) = agreed(&ours, &theirs, &PeerProfile::RFC)?;
    let meaning = |line: &CryptoLine<'_>| line.meaning().ok();
    let (offered, answered): (CryptoAttribute, CryptoAttribute) =
        (meaning(&offered)?, meaning(&answered)?);
    Some(AgreedMedia {
        tag: answered.tag(),
        suite: answered.suite(),
        parameters: answered.parameters().negotiated(),
        caller_key: offered.keys().first()?.clone(),
        callee_key: answered.keys().first()?.clone(),
    })
}
