//! Rules of negotiation for whatever stands in offers and answers: a party never does what none of
//! its rows says, an answer that it writes is verified as what was decided, and an exchange that is
//! repeated keeps every key.

use sdes_sdp::{Connection, CryptoAttribute, Direction, MasterKey, Origin, Sdp};
use srtp_negotiation::cisco::{Configuration, Gateway};
use srtp_negotiation::connect::{Circumstances, Endpoint, Generic, connect};
use srtp_negotiation::polycom::{Phone, Platform, Settings};
use srtp_negotiation::twilio::Trunk;
use srtp_negotiation::{
    Action, AnswerError, Change, Context, Decision, Exchange, ForkPolicy, LocalMedia, LocalSession,
    MAX_MEDIA, MediaOutcome, NewKeyRoc, Outcome, ParameterRules, Party, PeerProfile, Preference,
    Role, StreamPolicy, Verdict, decide, decide_reoffer, early_media, forked, line_verdicts,
    offered_verdicts, renegotiate, repeated_keys, verify_with, write_answer,
};

/// Two letters that choose the parties, then an offer, its answer, a later offer and its answer, as
/// many as there are, with NUL between them.
pub fn exchange(data: &[u8]) {
    let Some((&[first, second], texts)) = data.split_first_chunk() else {
        return;
    };
    let Ok(texts) = str::from_utf8(texts) else {
        return;
    };
    let read: Vec<_> = texts.split('\0').map(Sdp::parse).collect();
    let at = |place: usize| read.get(place).and_then(|sdp| sdp.as_ref().ok());
    with_endpoint(first, |caller| {
        with_endpoint(second, |callee| {
            connects(caller, callee);
        });
        if let Some(offer) = at(0) {
            answers(offer, &party(first, caller), &profile(second));
        }
    });
    if let (Some(offer), Some(answer)) = (at(0), at(1)) {
        let peer = profile(first);
        verifies(offer, answer, &peer);
        let later = at(2).zip(at(3));
        goes_on(offer, answer, later, &peer);
    }
}

/// Bytes that never repeat, as a random source would give them.
fn fresh() -> impl FnMut(&mut [u8]) {
    let mut counter = 0_u32;
    move |key: &mut [u8]| {
        counter += 1;
        key.fill(0xa5);
        key[..4].copy_from_slice(&counter.to_be_bytes());
    }
}

/// A party of every kind there is.
fn with_endpoint(choice: u8, run: impl FnOnce(&Endpoint<'_>)) {
    const CISCO: [&str; 5] =
        ["", "srtp", "srtp fallback", "srtp\nsip\nurl sips", "srtp fallback\nsip\nurl sips"];
    const POLYCOM: [&[&str]; 6] = [
        &[],
        &["enable"],
        &["enable", "offer"],
        &["enable", "offer", "require"],
        &["enable", "offer", "mki.enabled"],
        &["enable", "offer", "offer.HMAC_SHA1_32"],
    ];
    let (kind, which) = (choice & 3, usize::from(choice >> 2));
    match kind {
        0 => {
            let policies = [StreamPolicy::Off, StreamPolicy::Preferred, StreamPolicy::Required];
            run(&Endpoint::Generic(Generic::new(policies[which % policies.len()])));
        }
        1 => {
            let text = format!("voice service voip\n{}", CISCO[which % CISCO.len()]);
            let configuration = Configuration::parse(&text).unwrap();
            run(&Endpoint::Cisco(Gateway::new(&configuration)));
        }
        2 => {
            let mut settings = Settings::default();
            for name in POLYCOM[which % POLYCOM.len()] {
                settings.set(&format!("sec.srtp.{name}"), "1").unwrap();
            }
            let platforms = [Platform::Other, Platform::Legacy, Platform::WithoutSrtp];
            let platform = platforms[which / POLYCOM.len() % platforms.len()];
            run(&Endpoint::Polycom(Phone { platform, settings }));
        }
        _ => run(&Endpoint::Twilio(Trunk { secure: which & 1 != 0 })),
    }
}

/// The party that an endpoint answers as; a generic one with some of its switches thrown.
fn party<'c>(choice: u8, endpoint: &'c Endpoint<'_>) -> Party<'c> {
    let party = endpoint.party();
    if choice & 3 != 0 {
        return party;
    }
    let preference = if choice & 16 != 0 { Preference::Answerer } else { Preference::Offerer };
    let rules = if choice & 32 != 0 { ParameterRules::ANY } else { ParameterRules::SECURE };
    party
        .with_preference(preference)
        .with_parameters(rules)
        .with_opportunistic(choice & 64 != 0)
        .with_capabilities(choice & 128 == 0)
}

fn profile(choice: u8) -> PeerProfile {
    let rocs = [NewKeyRoc::Rfc, NewKeyRoc::Zeroed, NewKeyRoc::Kept];
    let base = if choice & 1 == 0 { PeerProfile::RFC } else { PeerProfile::STRICT };
    base.with_renumbered_tag(choice & 2 != 0)
        .with_changed_profile(choice & 4 != 0)
        .with_new_key_roc(rocs[usize::from(choice >> 3) % rocs.len()])
}

/// A played call ends with what both ends are allowed to end with.
fn connects(caller: &Endpoint<'_>, callee: &Endpoint<'_>) {
    let around = Circumstances::default();
    let call = connect(caller, callee, &around, &mut fresh()).unwrap();
    assert_eq!(call.media.is_some(), call.outcome == Outcome::Srtp);
    for end in [caller, callee] {
        if let Endpoint::Generic(generic) = end {
            allows(&generic.party, call.outcome);
        }
    }
    for step in &call.steps {
        assert!(!step.reason.to_string().is_empty());
    }
}

/// What none of a party's cells does does not come about.
fn allows(party: &Party<'_>, outcome: Outcome) {
    let row = party.row;
    let alternative = party.alternative.copied().unwrap_or(row.rtp);
    let cells = [row.srtp, row.both, row.rtp, alternative];
    let does = |action| cells.iter().any(|cell| cell.action == action);
    match outcome {
        Outcome::Srtp => assert!(does(Action::Srtp)),
        Outcome::Rtp => assert!(does(Action::Rtp)),
        Outcome::Rejected => {}
    }
}

/// A decision has a place for every m-line, and says why; of an SRTP one exactly one line of the
/// offer is chosen.
fn is_complete(offer: &Sdp<'_>, decision: &Decision<'_>) {
    assert_eq!(decision.media().len(), offer.media_count().min(MAX_MEDIA));
    assert_eq!(decision.status() == 488, decision.outcome() == Outcome::Rejected);
    assert!(!decision.reason().to_string().is_empty());
    for (place, media) in decision.media().iter().enumerate() {
        assert_eq!(media.index, place);
        assert!(!media.reason.to_string().is_empty());
    }
}

fn answers(offer: &Sdp<'_>, party: &Party<'_>, peer: &PeerProfile) {
    let decision = decide(offer, party);
    is_complete(offer, &decision);
    allows(
        party,
        match decision.outcome() {
            // DTLS and fax are nobody's cells.
            Outcome::Rtp if !decision.media().iter().any(is_rtp) => Outcome::Rejected,
            outcome => outcome,
        },
    );
    for (media, decided) in offer.media().zip(decision.media()) {
        let chosen = match decided.outcome {
            MediaOutcome::Srtp { line, suite } => {
                assert!(party.suites.contains(&suite));
                assert_eq!(line.meaning().unwrap().suite(), suite);
                Some(line)
            }
            _ => None,
        };
        let verdicts: Vec<_> = line_verdicts(&media, party, chosen).collect();
        assert_eq!(verdicts.len(), media.crypto().count());
        let accepted = verdicts.iter().filter(|line| line.verdict == Verdict::Accepted).count();
        // A line of a potential configuration is none of the m-line's own.
        if decided.potential.is_none() {
            assert_eq!(accepted, usize::from(chosen.is_some()));
        }
        let _ = early_media(offer, &media);
    }
    for repeated in repeated_keys(offer) {
        assert!(repeated.earlier < repeated.line_number);
    }
    is_written_and_verified(offer, &decision, peer);
}

fn is_rtp(media: &srtp_negotiation::MediaDecision<'_>) -> bool {
    matches!(media.outcome, MediaOutcome::Rtp)
}

/// The answer is verified by the offerer as what the answerer decided.
fn is_written_and_verified(offer: &Sdp<'_>, decision: &Decision<'_>, peer: &PeerProfile) {
    let mut random = fresh();
    let keys: Vec<_> = decision
        .media()
        .iter()
        .map(|media| match media.outcome {
            MediaOutcome::Srtp { suite, .. } => {
                let mut key = vec![0; suite.key_salt_len()];
                random(&mut key);
                Some(MasterKey::new(suite, &key).unwrap())
            }
            _ => None,
        })
        .collect();
    let formats: Vec<Vec<_>> = offer.media().map(|media| media.formats().collect()).collect();
    let local: Vec<_> = keys
        .iter()
        .zip(&formats)
        .map(|(key, formats)| LocalMedia {
            port: 4000,
            formats,
            direction: Direction::SendRecv,
            key: key.as_ref(),
        })
        .collect();
    let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.2");
    let (session_id, session_version) = ("1", "1");
    let session = LocalSession {
        origin: Origin { username: "-", session_id, session_version, net_type, addr_type, address },
        name: "-",
        connection: Connection { net_type, addr_type, address },
    };
    let mut text = String::new();
    match write_answer(&mut text, offer, decision, &session, &local) {
        Ok(()) => {}
        // Formats of the offer that the writer does not write, keys that stand in the offer.
        Err(AnswerError::Write(_) | AnswerError::KeyReused { .. }) => return,
        Err(error) => panic!("{error}"),
    }
    let answer = Sdp::parse(&text).unwrap();
    assert_eq!(answer.media_count(), offer.media_count());
    let verified = verify_with(offer, &answer, peer);
    for ((decided, verified), key) in decision.media().iter().zip(verified.media()).zip(&keys) {
        let reason = verified.reason;
        match (decided.outcome, verified.outcome) {
            (MediaOutcome::Srtp { line: offered, .. }, MediaOutcome::Srtp { line, .. }) => {
                let answered: CryptoAttribute = line.meaning().unwrap();
                assert_eq!(answered.tag(), offered.tag());
                assert_eq!(answered.suite(), key.as_ref().unwrap().suite());
            }
            (MediaOutcome::Rtp, MediaOutcome::Rtp) => {}
            (MediaOutcome::Refused | MediaOutcome::Untouched, MediaOutcome::Refused) => {}
            (decided, verified) => {
                panic!("{} became {}: {reason}\n{text}", decided.as_str(), verified.as_str())
            }
        }
    }
}

/// An answer agrees on SRTP only by a line with the suite of a line of the offer.
fn verifies(offer: &Sdp<'_>, answer: &Sdp<'_>, peer: &PeerProfile) {
    let decision = verify_with(offer, answer, peer);
    assert_eq!(decision.media().len(), answer.media_count().min(MAX_MEDIA));
    for ((theirs, ours), decided) in answer.media().zip(offer.media()).zip(decision.media()) {
        assert!(!decided.reason.to_string().is_empty());
        let verdicts = offered_verdicts(&ours, decided).count();
        assert_eq!(verdicts, ours.crypto().count());
        if let MediaOutcome::Srtp { suite, .. } = decided.outcome {
            assert!(ours.port() != 0 && theirs.port() != 0);
            let own = ours.crypto().filter_map(|line| line.parsed.ok()?.meaning().ok());
            let any = own.map(|line| line.suite()).any(|own| own == suite);
            assert!(any || ours.has_attribute("pcfg"));
        }
    }
    let answers = [*answer, *answer];
    let live = |policy| forked(offer, &answers, policy, peer).filter(|branch| branch.live).count();
    let good = decision.outcome() != Outcome::Rejected;
    assert_eq!(live(ForkPolicy::LastWins), usize::from(good));
    assert_eq!(live(ForkPolicy::default()), 2 * usize::from(good));
}

/// The same exchange once more keeps keys and counters; a rejected offer changes nothing; a stream
/// that was SRTP is not answered as RTP.
fn goes_on(
    offer: &Sdp<'_>,
    answer: &Sdp<'_>,
    later: Option<(&Sdp<'_>, &Sdp<'_>)>,
    peer: &PeerProfile,
) {
    let decision = verify_with(offer, answer, peer);
    for role in [Role::Offerer, Role::Answerer] {
        let exchange = Exchange { offer, answer, role };
        let history = [exchange];
        for (index, decided) in decision.media().iter().enumerate() {
            let secured = matches!(decided.outcome, MediaOutcome::Srtp { .. });
            let first = renegotiate(&[], Some(&exchange), index, peer);
            assert_eq!(first.context == Some(Context::New), secured);
            for next in [Some(&exchange), None] {
                let again = renegotiate(&history, next, index, peer);
                if secured {
                    assert_eq!(again.context, Some(Context::Keep));
                    assert_eq!((again.receive, again.transmit), (Change::Keep, Change::Keep));
                }
                assert!(!again.reason.to_string().is_empty());
            }
            if let Some((offer, answer)) = later {
                let next = Exchange { offer, answer, role };
                let change = renegotiate(&history, Some(&next), index, peer);
                assert!(!change.reason.to_string().is_empty());
            }
        }
        let Some((later, _)) = later else {
            continue;
        };
        let again = decide_reoffer(later, &Party::ANYTHING, &history, peer);
        for (before, after) in decision.media().iter().zip(again.media()) {
            let secured = matches!(before.outcome, MediaOutcome::Srtp { .. });
            assert!(!(secured && is_rtp(after)), "a downgrade");
        }
    }
}
