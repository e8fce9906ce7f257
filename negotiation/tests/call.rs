//! A call as a whole: offers of every form, potential configurations, new offers, holds, faxes and
//! forks, and the named departures from the RFCs.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod common;

use common::{KEY_A, KEY_B, KEY_C, crypto, key, sdp, session};
use sdes_sdp::sdp::{Direction, Sdp};
use sdes_sdp::{CryptoAttribute, CryptoSuite, MasterKey, SessionParameters};
use srtp_negotiation::{
    Change, Context, EarlyMedia, Exchange, ForkPolicy, KeyReuse, LocalMedia, MediaOutcome,
    NewKeyRoc, OfferError, OfferForm, OfferedStream, Outcome, Party, PeerProfile, Preference,
    Reason, Roc, Role, StreamPolicy, answered_direction, decide, decide_reoffer, early_media,
    forked, is_hold, renegotiate, repeated_keys, verify, verify_with, write_answer, write_offer,
};

const SHA1_80: &str = "AES_CM_128_HMAC_SHA1_80";
const SHA1_32: &str = "AES_CM_128_HMAC_SHA1_32";
const SAVP: &str = "m=audio 4000 RTP/SAVP 0";
const AVP: &str = "m=audio 4000 RTP/AVP 0";
const KEY_D: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAWJSoj";

fn line(tag: u32, byte: u8) -> CryptoAttribute {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let key = MasterKey::new(suite, &[byte; 30]).unwrap();
    CryptoAttribute::new(tag, key, SessionParameters::default()).unwrap()
}

fn offer_text(streams: &[OfferedStream<'_>]) -> Result<String, OfferError> {
    let mut text = String::new();
    write_offer(&mut text, &session(), streams).map(|()| text)
}

fn answer_text(offer: &Sdp<'_>, party: &Party<'_>) -> String {
    let decision = decide(offer, party);
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let keys: Vec<_> = (0..4).map(|byte| key(suite, 0x40 + byte)).collect();
    let media: Vec<_> = keys
        .iter()
        .map(|key| LocalMedia {
            port: 6000,
            formats: &["0"],
            direction: Direction::SendRecv,
            key: Some(key),
        })
        .collect();
    let mut text = String::new();
    write_answer(&mut text, offer, &decision, &session(), &media).unwrap();
    text
}

/// Every form of offer against every policy: SRTP where both can, never RTP where one requires
/// SRTP, and the answer always verifies with the same outcome.
#[test]
fn every_form_of_offer_against_every_policy() {
    use OfferForm::{BestEffort, Opportunistic, Rtp, RtpThenSrtp, Srtp, SrtpThenRtp};
    use Outcome::{Rejected, Rtp as Plain, Srtp as Secured};
    #[rustfmt::skip]
    let table = [
        // form            off       preferred  required
        (Rtp,             [Plain,    Plain,     Rejected]),
        (Srtp,            [Rejected, Secured,   Secured]),
        (SrtpThenRtp,     [Plain,    Secured,   Secured]),
        (RtpThenSrtp,     [Plain,    Secured,   Secured]),
        (Opportunistic,   [Plain,    Secured,   Secured]),
        (BestEffort,      [Plain,    Secured,   Secured]),
    ];
    let policies = [StreamPolicy::Off, StreamPolicy::Preferred, StreamPolicy::Required];
    let (lines, formats) = ([line(1, 1), line(2, 2)], [("0", "PCMU/8000")]);
    for (form, row) in table {
        for (policy, expected) in policies.into_iter().zip(row) {
            for (feedback, plain_port) in [(false, 4000), (true, 4002)] {
                let mut stream = OfferedStream::audio(form, 4000, &formats, &lines);
                stream.feedback = feedback;
                stream.plain_port = plain_port;
                let text = offer_text(&[stream]).unwrap();
                let offer = Sdp::parse(&text).unwrap();
                let party = Party::new(policy).with_opportunistic(true);
                let decision = decide(&offer, &party);
                assert_eq!(decision.outcome(), expected, "{form:?} {policy:?}\n{text}");
                let answer = answer_text(&offer, &party);
                let answer = Sdp::parse(&answer).unwrap();
                assert_eq!(verify(&offer, &answer).outcome(), expected, "{form:?} {policy:?}");
                assert_eq!(answer.media_count(), offer.media_count());
            }
        }
    }
}

/// RFC 5939 is taken up where offered, RFC 8643 only where it was switched on.
#[test]
fn opportunism_is_never_guessed_best_effort_is_asked_for() {
    let (lines, formats) = ([line(1, 1)], [("0", "PCMU/8000")]);
    let outcome = |form, party: Party<'_>| {
        let text = offer_text(&[OfferedStream::audio(form, 4000, &formats, &lines)]).unwrap();
        decide(&Sdp::parse(&text).unwrap(), &party).outcome()
    };
    let party = Party::new(StreamPolicy::Preferred);
    assert_eq!(outcome(OfferForm::Opportunistic, party), Outcome::Rtp);
    assert_eq!(outcome(OfferForm::BestEffort, party), Outcome::Srtp);
    let deaf = party.with_capabilities(false);
    assert_eq!(outcome(OfferForm::BestEffort, deaf), Outcome::Rtp);
}

/// The RFC's own example, and its answer as the RFC prints it.
#[test]
fn the_example_of_rfc_5939() {
    let offer = include_str!("../../test-vectors/sdes/sdp/rfc5939-3.2-offer.sdp");
    let answer = include_str!("../../test-vectors/sdes/sdp/rfc5939-3.2-answer.sdp");
    let (offer, answer) = (Sdp::parse(offer).unwrap(), Sdp::parse(answer).unwrap());
    let decision = decide(&offer, &Party::new(StreamPolicy::Preferred));
    let potential = decision.at(0).potential.unwrap();
    assert_eq!(potential.to_string(), "1 t=1 a=1");
    assert_eq!(potential.profile().as_str(), "RTP/SAVP");
    assert_eq!(format!("{potential:?}"), "Potential(1 t=1 a=1)");
    assert_eq!(verify(&offer, &answer).outcome(), Outcome::Srtp);
    let own = answer_text(&offer, &Party::new(StreamPolicy::Required));
    assert!(own.contains("m=audio 6000 RTP/SAVP 0\r\na=crypto:1 AES"), "{own}");
    assert!(own.contains("a=acfg:1 t=1 a=1\r\n"), "{own}");
}

/// An `a=acfg` without a value names no configuration (RFC 5939 §3.5.2): the answer is to the m-line
/// as it is, and its keys are the first ones.
#[test]
fn an_actual_configuration_without_a_value_is_none() {
    let offer = sdp(&[SAVP, &crypto(1, SHA1_80, KEY_A, "")]);
    let answer = sdp(&["m=audio 5000 RTP/SAVP 0", &crypto(1, SHA1_80, KEY_B, ""), "acfg"]);
    let (offer, answer) = (Sdp::parse(&offer).unwrap(), Sdp::parse(&answer).unwrap());
    assert_eq!(verify(&offer, &answer).outcome(), Outcome::Srtp);
    let exchange = Exchange { offer: &offer, answer: &answer, role: Role::Offerer };
    let first = renegotiate(&[], Some(&exchange), 0, &PeerProfile::RFC);
    assert_eq!(first.context, Some(Context::New));
}

/// Configurations go by number; what insists on the unknown is passed over; alternatives and
/// numbered transports are counted as the RFC has it.
#[test]
fn potential_configurations_are_read_as_rfc_5939_has_them() {
    let good = format!("acap:1 crypto:1 {SHA1_80} inline:{KEY_A}");
    let other = format!("acap:2 crypto:2 {SHA1_32} inline:{KEY_B}");
    let base = [
        AVP,
        "tcap:3 UDP/TLS/RTP/SAVP RTP/SAVPF RTP/SAVP",
        &good,
        &other,
        "acap:9 key-mgmt:mikey AQ",
    ];
    let taken = |more: &[&str]| {
        let text = sdp(&[&base[..], more].concat());
        let offer = Sdp::parse(&text).unwrap();
        let decision = decide(&offer, &Party::new(StreamPolicy::Preferred));
        let potential = decision.at(0).potential;
        potential.map(|taken| (taken.to_string(), taken.profile().as_str().to_owned()))
    };
    let some = |acfg: &str, profile: &str| Some((acfg.to_owned(), profile.to_owned()));
    assert_eq!(taken(&["pcfg:2 t=4 a=1", "pcfg:1 t=5 a=2"]), some("1 t=5 a=2", "RTP/SAVP"));
    assert_eq!(taken(&["pcfg:1 t=4|5 a=1"]), some("1 t=4 a=1", "RTP/SAVPF"));
    assert_eq!(taken(&["pcfg:1 t=5 a=9|-m:1"]), None, "`-m` stands before all alternatives");
    assert_eq!(taken(&["pcfg:1 t=5 a=-m:9|1"]), some("1 t=5 a=-m:1", "RTP/SAVP"));
    assert_eq!(taken(&["pcfg:1 t=5 a=1,[9]"]), some("1 t=5 a=1", "RTP/SAVP"));
    assert_eq!(taken(&["pcfg:1 t=5 a=[2]"]), some("1 t=5 a=[2]", "RTP/SAVP"));
    for none in [
        "pcfg:1 t=5 a=1,9",
        "pcfg:1 t=3 a=1",
        "pcfg:1 t=6 a=1",
        "pcfg:1 t=5 a=1 +x=1",
        "pcfg:0 t=5 a=1",
        "pcfg:1 t=5",
        "pcfg:1 a=1",
        "pcfg:x",
        "pcfg:1 t=5 a=x|1",
        "pcfg:1 t=5 a=1,x",
        "pcfg:1 t=5|x a=1",
        "pcfg:1 t=5 a=-x:1",
    ] {
        assert_eq!(taken(&[none]), None, "{none}");
    }
    assert_eq!(taken(&["pcfg:1 t=5 a=1", "pcfg:1 t=5 a=2"]), None, "numbers are unique");
    assert_eq!(taken(&["creq:cap-v0,med-v0", "pcfg:1 t=5 a=1"]), None);
    let first = some("1 t=5 a=1", "RTP/SAVP");
    assert_eq!(taken(&["creq:cap-v0", "pcfg:1 t=5 a=1"]), first);
    assert_eq!(taken(&["pcfg:1 t=5 a=1 pt=0:8"]), first, "what may be ignored");
}

/// Within a configuration the lines are taken as those of an m-line: the first, or by the answerer's
/// own order; an optional one that is taken stands behind those that had to be.
#[test]
fn lines_of_a_configuration_are_chosen_as_those_of_an_m_line() {
    let lines = [
        format!("acap:1 crypto:1 {SHA1_80} inline:{KEY_A}"),
        format!("acap:2 crypto:2 {SHA1_32} inline:{KEY_B}"),
    ];
    let suites = [CryptoSuite::AesCm128HmacSha1_32, CryptoSuite::AesCm128HmacSha1_80];
    let offerers = Party::new(StreamPolicy::Required).with_suites(&suites);
    let answerers = offerers.with_preference(Preference::Answerer);
    for (attributes, party, number, tag, acfg) in [
        ("1,2", offerers, 7, 1, "7 t=1 a=1,2"),
        ("1,2", answerers, 7, 2, "7 t=1 a=1,2"),
        ("1,[2]", offerers, 2, 1, "2 t=1 a=1"),
        ("1,[2]", answerers, 2, 2, "2 t=1 a=1,[2]"),
    ] {
        let configuration = format!("pcfg:{number} t=1 a={attributes}");
        let text = sdp(&[AVP, "tcap:1 RTP/SAVP", &lines[0], &lines[1], &configuration]);
        let offer = Sdp::parse(&text).unwrap();
        let decided = decide(&offer, &party).at(0);
        let MediaOutcome::Srtp { line, .. } = decided.outcome else { panic!("{decided:?}") };
        let potential = decided.potential.unwrap();
        assert_eq!((line.tag(), potential.number()), (tag, number), "{configuration}");
        assert_eq!(potential.to_string(), acfg);
    }
}

/// Of the reasons against several configurations the one that came furthest is told.
#[test]
fn the_best_refused_configuration_has_the_reason() {
    let not_ours = format!("acap:1 crypto:1 {SHA1_32} inline:{KEY_A}");
    let unknown = format!("acap:2 crypto:2 AES_FANCY inline:{KEY_A}");
    let suites = [CryptoSuite::AesCm128HmacSha1_80];
    let party = Party::new(StreamPolicy::Required).with_suites(&suites);
    for order in [["pcfg:1 t=1 a=1", "pcfg:2 t=1 a=2"], ["pcfg:1 t=1 a=2", "pcfg:2 t=1 a=1"]] {
        let text = sdp(&[AVP, "tcap:1 RTP/SAVP", &not_ours, &unknown, order[0], order[1]]);
        let reason = decide(&Sdp::parse(&text).unwrap(), &party).reason();
        let suite = CryptoSuite::AesCm128HmacSha1_32;
        assert_eq!(reason, Reason::SuiteNotOurs { suite }, "{order:?}");
    }
}

/// An answer cannot accept a configuration that was not offered.
#[test]
fn an_unoffered_configuration_fails() {
    let good = format!("acap:1 crypto:1 {SHA1_80} inline:{KEY_A}");
    let offer = sdp(&[AVP, "tcap:1 RTP/SAVP", &good, "pcfg:1 t=1 a=1"]);
    let theirs = crypto(1, SHA1_80, KEY_C, "");
    let verified = |answer: &[&str]| {
        let answer = sdp(answer);
        let decision = verify(&Sdp::parse(&offer).unwrap(), &Sdp::parse(&answer).unwrap());
        (decision.outcome(), decision.reason())
    };
    assert_eq!(verified(&[SAVP, &theirs, "acfg:1 t=1 a=1"]).0, Outcome::Srtp);
    let unoffered = Reason::ConfigurationNotOffered { number: 2 };
    assert_eq!(verified(&[SAVP, &theirs, "acfg:2 t=1 a=1"]), (Outcome::Rejected, unoffered));
    assert_eq!(verified(&[SAVP, &theirs]), (Outcome::Rejected, Reason::ProfileDiffers));
    assert_eq!(verified(&[SAVP, "acfg:1 t=1 a=1"]).0, Outcome::Rejected);
    assert_eq!(verified(&[AVP]).0, Outcome::Rtp);
}

/// What cannot be offered: no line, a tag twice, a key twice anywhere in the offer.
#[test]
fn offers_that_break_the_rules_are_not_written() {
    let formats = [("0", "PCMU/8000")];
    let audio = |lines| OfferedStream::audio(OfferForm::SrtpThenRtp, 4000, &formats, lines);
    let (one, two, same) = (line(1, 1), line(2, 2), line(1, 2));
    let (repeated, pair, same) = ([one.clone(), same.clone()], [one, two], [same]);
    assert_eq!(offer_text(&[audio(&[])]), Err(OfferError::NoCryptoLine { stream: 0 }));
    assert_eq!(offer_text(&[audio(&repeated)]), Err(OfferError::RepeatedTag { tag: 1 }));
    assert_eq!(offer_text(&[audio(&pair), audio(&same)]), Err(OfferError::RepeatedKey { tag: 1 }));
}

/// Keys reused between lines: a warning by default, as some equipment does it, else the later line
/// is invalid.
#[test]
fn reused_keys_are_warned_about_or_refused() {
    let text = sdp(&[
        SAVP,
        &crypto(1, SHA1_32, KEY_A, ""),
        "m=video 4002 RTP/SAVP 31",
        &crypto(1, SHA1_80, KEY_A, ""),
        &crypto(2, SHA1_80, KEY_B, ""),
    ]);
    let offer = Sdp::parse(&text).unwrap();
    let repeated: Vec<_> =
        repeated_keys(&offer).map(|repeated| (repeated.line_number, repeated.earlier)).collect();
    assert_eq!(repeated, [(9, 7)]);
    let tag = |party: &Party<'_>| match decide(&offer, party).at(1).outcome {
        MediaOutcome::Srtp { line, .. } => line.tag(),
        _ => panic!(),
    };
    let party = Party::new(StreamPolicy::Required);
    assert_eq!(tag(&party), 1);
    assert_eq!(tag(&party.with_key_reuse(KeyReuse::Refuse)), 2);
}

/// The same in an answer: the m-line with the later line is refused where keys must not repeat.
#[test]
fn a_key_that_an_answer_repeats_refuses_the_later_m_line() {
    let (audio, video) = (SAVP, "m=video 4002 RTP/SAVP 31");
    let line = |key| crypto(1, SHA1_80, key, "");
    let (offer, answer) = (
        sdp(&[audio, &line(KEY_A), video, &line(KEY_B)]),
        sdp(&[audio, &line(KEY_C), video, &line(KEY_C)]),
    );
    let (offer, answer) = (Sdp::parse(&offer).unwrap(), Sdp::parse(&answer).unwrap());
    let reasons = |peer: &PeerProfile| {
        let decision = verify_with(&offer, &answer, peer);
        [decision.at(0).reason, decision.at(1).reason]
    };
    let chosen = Reason::Chosen { tag: 1, suite: CryptoSuite::AesCm128HmacSha1_80 };
    assert_eq!(reasons(&PeerProfile::RFC), [chosen, chosen]);
    assert_eq!(reasons(&PeerProfile::STRICT), [chosen, Reason::RepeatedKey { line_number: 7 }]);
}

/// A renumbered tag is borne with only on purpose, and only where one offered line alone fits.
#[test]
fn renumbered_tags_need_a_switch_and_a_single_candidate() {
    let lenient = PeerProfile::RFC.with_renumbered_tag(true);
    let outcome = |offer: &[&str], answer: &str, peer: &PeerProfile| {
        let (offer, answer) = (sdp(offer), sdp(&[SAVP, answer]));
        let (offer, answer) = (Sdp::parse(&offer).unwrap(), Sdp::parse(&answer).unwrap());
        let decision = verify_with(&offer, &answer, peer);
        (decision.outcome(), decision.reason())
    };
    let ours = [crypto(1, SHA1_80, KEY_A, ""), crypto(2, SHA1_32, KEY_B, "")];
    let answer = crypto(1, SHA1_32, KEY_C, "");
    let offer = [SAVP, &ours[0], &ours[1]];
    assert_eq!(outcome(&offer, &answer, &PeerProfile::RFC).0, Outcome::Rejected);
    let renumbered = Reason::TagRenumbered { answered: 1, offered: 2 };
    assert_eq!(outcome(&offer, &answer, &lenient), (Outcome::Srtp, renumbered));
    let third = crypto(3, SHA1_32, KEY_D, "");
    let ambiguous = [SAVP, &ours[0], &ours[1], &third];
    assert_eq!(outcome(&ambiguous, &answer, &lenient).0, Outcome::Rejected);
}

/// RTP/AVP with crypto lines answered as RTP/SAVP: refused unless that peer is known for it, and
/// never without crypto lines on both sides.
#[test]
fn a_changed_profile_needs_a_switch() {
    let (ours, theirs) = (crypto(1, SHA1_80, KEY_A, ""), crypto(1, SHA1_80, KEY_B, ""));
    let lenient = PeerProfile::RFC.with_changed_profile(true);
    let outcome = |offer: &[&str], answer: &[&str], peer| {
        let (offer, answer) = (sdp(offer), sdp(answer));
        verify_with(&Sdp::parse(&offer).unwrap(), &Sdp::parse(&answer).unwrap(), peer).outcome()
    };
    let strict = &PeerProfile::RFC;
    assert_eq!(outcome(&[AVP, &ours], &[SAVP, &theirs], strict), Outcome::Rejected);
    assert_eq!(outcome(&[AVP, &ours], &[SAVP, &theirs], &lenient), Outcome::Srtp);
    assert_eq!(outcome(&[SAVP, &ours], &[AVP], &lenient), Outcome::Rejected);
    assert_eq!(outcome(&[AVP], &[SAVP, &theirs], &lenient), Outcome::Rejected);
}

/// One exchange of a call as text.
struct Texts {
    offer: String,
    answer: String,
    role: Role,
}

fn exchange(offer: &[&str], answer: &[&str], role: Role) -> Texts {
    Texts { offer: sdp(offer), answer: sdp(answer), role }
}

/// `new`, `rekey-rx zero` and so on for the last exchange of a call; `!` where a rule was broken.
fn last(call: &[Texts], peer: &PeerProfile) -> String {
    let parsed: Vec<_> = call
        .iter()
        .map(|one| (Sdp::parse(&one.offer).unwrap(), Sdp::parse(&one.answer).unwrap(), one.role))
        .collect();
    let exchanges: Vec<_> = parsed
        .iter()
        .map(|(offer, answer, role)| Exchange { offer, answer, role: *role })
        .collect();
    let (next, history) = exchanges.split_last().unwrap();
    let done = renegotiate(history, Some(next), 0, peer);
    let mut words = done.context.map_or("none", Context::as_str).to_owned();
    for (name, change) in [("rx", done.receive), ("tx", done.transmit)] {
        match change {
            Change::New { roc: Roc::Zero } => words += &format!(" {name}=0"),
            Change::New { roc: Roc::Kept } => words += &format!(" {name}=kept"),
            Change::Keep | Change::None => {}
        }
    }
    if done.broken.is_some() {
        words += " !";
    }
    words
}

/// RFC 4568 §7.1.4, from both sides.
#[test]
fn new_offers_keep_or_replace_contexts() {
    let c = |key| crypto(1, SHA1_80, key, "");
    let (a, b, other) = (c(KEY_A), c(KEY_B), c(KEY_C));
    let moved = "m=audio 4100 RTP/SAVP 0";
    use Role::{Answerer, Offerer};
    let first = || exchange(&[SAVP, &a], &[SAVP, &b], Offerer);
    let then = |offer: &[&str], answer: &[&str], role| {
        last(&[first(), exchange(offer, answer, role)], &PeerProfile::RFC)
    };
    assert_eq!(last(&[first()], &PeerProfile::RFC), "new rx=0 tx=0");
    assert_eq!(then(&[SAVP, &a], &[SAVP, &b], Offerer), "keep");
    // The other side offers now; our key is in the answer.
    assert_eq!(then(&[SAVP, &b], &[SAVP, &a], Answerer), "keep");
    assert_eq!(then(&[SAVP, &other], &[SAVP, &b], Offerer), "rekey-tx tx=0");
    assert_eq!(then(&[SAVP, &a], &[SAVP, &other], Offerer), "rekey-rx rx=0");
    assert_eq!(then(&[SAVP, &other], &[SAVP, &a], Answerer), "rekey-rx rx=0");
    assert_eq!(then(&[moved, &other], &[SAVP, &b], Offerer), "rekey-tx tx=0");
    assert_eq!(then(&[moved, &a], &[SAVP, &b], Offerer), "keep !");
    assert_eq!(then(&[SAVP, &a], &[moved, &b], Offerer), "keep !");
    assert_eq!(then(&[AVP], &[AVP], Offerer), "downgrade");
    let d = c(KEY_D);
    assert_eq!(then(&[SAVP, &other], &[SAVP, &d], Offerer), "rekey-both rx=0 tx=0");
    // A wrong answer changes nothing.
    assert_eq!(then(&[SAVP, &other], &[SAVP], Offerer), "keep");
    // One that declines the stream rests it.
    assert_eq!(then(&[SAVP, &other], &["m=audio 0 RTP/SAVP 0"], Offerer), "none");
    // What was never SRTP is no downgrade.
    let plain = || exchange(&[AVP], &[AVP], Offerer);
    assert_eq!(last(&[plain(), plain()], &PeerProfile::RFC), "none");
    let weaker = crypto(1, SHA1_80, KEY_A, " UNENCRYPTED_SRTCP");
    let weaker_answer = crypto(1, SHA1_80, KEY_B, " UNENCRYPTED_SRTCP");
    assert_eq!(then(&[SAVP, &weaker], &[SAVP, &weaker_answer], Offerer), "rekey-both rx=0 tx=0");
}

/// A rejected offer keeps the old parameters.
#[test]
fn a_rejected_offer_keeps_everything() {
    let one = exchange(
        &[SAVP, &crypto(1, SHA1_80, KEY_A, "")],
        &[SAVP, &crypto(1, SHA1_80, KEY_B, "")],
        Role::Offerer,
    );
    let (offer, answer) = (Sdp::parse(&one.offer).unwrap(), Sdp::parse(&one.answer).unwrap());
    let exchange = Exchange { offer: &offer, answer: &answer, role: one.role };
    let done = renegotiate(&[exchange], None, 0, &PeerProfile::RFC);
    assert_eq!((done.context, done.reason), (Some(Context::Keep), Reason::ReofferRejected));
    assert_eq!((done.receive, done.transmit), (Change::Keep, Change::Keep));
    let plain = renegotiate(&[], None, 0, &PeerProfile::RFC);
    assert_eq!(plain.context, None);
}

/// The counter over a new key: by the RFCs it goes on under an MKI, unless the address is new.
#[test]
fn the_rollover_counter_of_a_new_key_is_the_peers_profile() {
    let c = |key, mki: &str| crypto(1, SHA1_80, key, mki);
    let call = |mki: &str, next: &str| {
        [
            exchange(&[SAVP, &c(KEY_A, mki)], &[SAVP, &c(KEY_B, "")], Role::Offerer),
            exchange(&[next, &c(KEY_C, mki)], &[SAVP, &c(KEY_B, "")], Role::Offerer),
        ]
    };
    let moved = "m=audio 4100 RTP/SAVP 0";
    for (profile, plain, under_mki, new_address) in [
        (NewKeyRoc::Rfc, "tx=0", "tx=kept", "tx=0"),
        (NewKeyRoc::Zeroed, "tx=0", "tx=0", "tx=0"),
        (NewKeyRoc::Kept, "tx=kept", "tx=kept", "tx=0"),
    ] {
        let peer = PeerProfile::RFC.with_new_key_roc(profile);
        assert_eq!(last(&call("", SAVP), &peer), format!("rekey-tx {plain}"));
        assert_eq!(last(&call("|1:4", SAVP), &peer), format!("rekey-tx {under_mki}"));
        assert_eq!(last(&call("|1:4", moved), &peer), format!("rekey-tx {new_address}"));
        // An MKI on one side of the change alone is none.
        for change in [("", "|1:4"), ("|1:4", "")] {
            let mut call = call(change.0, SAVP);
            call[1].offer = sdp(&[SAVP, &c(KEY_C, change.1)]);
            assert_eq!(last(&call, &peer), format!("rekey-tx {plain}"), "{change:?}");
        }
    }
}

/// Hold and resume, in both ways of saying it, change no key; fax rests the voice, which comes back
/// as it was.
#[test]
fn hold_and_fax_leave_the_voice_as_it_was() {
    let (a, b) = (crypto(1, SHA1_80, KEY_A, ""), crypto(1, SHA1_80, KEY_B, ""));
    let talk = || exchange(&[SAVP, &a], &[SAVP, &b], Role::Offerer);
    let hold = exchange(&[SAVP, &a, "sendonly"], &[SAVP, &b, "recvonly"], Role::Offerer);
    assert_eq!(last(&[talk(), hold], &PeerProfile::RFC), "keep");
    let talking = talk();
    let parsed = Sdp::parse(&talking.offer).unwrap();
    assert!(!is_hold(&parsed.media().next().unwrap()));
    let mut old_hold = talk();
    old_hold.offer = old_hold.offer.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
    let parsed = Sdp::parse(&old_hold.offer).unwrap();
    assert!(is_hold(&parsed.media().next().unwrap()));
    assert_eq!(last(&[talk(), old_hold, talk()], &PeerProfile::RFC), "keep");

    let image = "m=image 4000 udptl t38";
    let fax = || exchange(&[image], &[image], Role::Answerer);
    assert_eq!(last(&[talk(), fax()], &PeerProfile::RFC), "none");
    assert_eq!(last(&[talk(), fax(), talk()], &PeerProfile::RFC), "keep");
    let plain = exchange(&[AVP], &[AVP], Role::Offerer);
    assert_eq!(last(&[talk(), fax(), plain], &PeerProfile::RFC), "downgrade");

    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    assert_eq!(answered_direction(SendOnly, SendRecv), RecvOnly);
    assert_eq!(answered_direction(RecvOnly, SendRecv), SendOnly);
    assert_eq!(answered_direction(SendRecv, SendOnly), SendOnly);
    assert_eq!(answered_direction(SendOnly, SendOnly), Inactive);
}

/// A new offer of plain RTP for a secured stream is refused, whatever the policy would take.
#[test]
fn a_downgrade_is_refused() {
    let one = exchange(
        &[SAVP, &crypto(1, SHA1_80, KEY_A, "")],
        &[SAVP, &crypto(1, SHA1_80, KEY_B, "")],
        Role::Offerer,
    );
    let (offer, answer) = (Sdp::parse(&one.offer).unwrap(), Sdp::parse(&one.answer).unwrap());
    let history = [Exchange { offer: &offer, answer: &answer, role: one.role }];
    let (party, peer) = (Party::new(StreamPolicy::Preferred), PeerProfile::RFC);
    let next = sdp(&[AVP]);
    let next = Sdp::parse(&next).unwrap();
    assert_eq!(decide(&next, &party).outcome(), Outcome::Rtp);
    let decision = decide_reoffer(&next, &party, &history, &peer);
    assert_eq!((decision.status(), decision.reason()), (488, Reason::Downgrade));
    assert_eq!(decide_reoffer(&next, &party, &[], &peer).outcome(), Outcome::Rtp);
    let fax = sdp(&["m=image 4000 udptl t38"]);
    let fax = Sdp::parse(&fax).unwrap();
    assert_eq!(decide_reoffer(&fax, &party, &history, &peer).at(0).reason, Reason::NotRtp);
}

/// Several answers: each a context of its own, or the last good one alone.
#[test]
fn forked_answers() {
    let offer = sdp(&[SAVP, &crypto(1, SHA1_80, KEY_A, "")]);
    let answers = [
        sdp(&[SAVP, &crypto(1, SHA1_80, KEY_B, "")]),
        sdp(&[SAVP, &crypto(1, SHA1_80, KEY_C, "")]),
        sdp(&[SAVP]),
    ];
    let offer = Sdp::parse(&offer).unwrap();
    let answers: Vec<_> = answers.iter().map(|text| Sdp::parse(text).unwrap()).collect();
    let live = |policy| {
        forked(&offer, &answers, policy, &PeerProfile::RFC)
            .map(|branch| (branch.live, branch.reason))
            .collect::<Vec<_>>()
    };
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let chosen = Reason::Chosen { tag: 1, suite };
    let broken = (false, Reason::AnswerWithoutCrypto);
    assert_eq!(live(ForkPolicy::Separate), [(true, chosen), (true, chosen), broken]);
    assert_eq!(live(ForkPolicy::LastWins), [(false, Reason::LaterAnswer), (true, chosen), broken]);
}

/// Before the answer nothing that may be SRTP is played.
#[test]
fn early_media_is_held_back_where_it_may_be_srtp() {
    let ours = crypto(1, SHA1_80, KEY_A, "");
    let other_port = "m=audio 4002 RTP/AVP 0";
    let what = |lines: &[&str]| {
        let text = sdp(lines);
        let offer = Sdp::parse(&text).unwrap();
        let last = offer.media().last().unwrap();
        early_media(&offer, &last)
    };
    let hold = EarlyMedia::Hold(Reason::BeforeAnswer);
    assert_eq!(what(&[AVP]), EarlyMedia::Play);
    assert_eq!(what(&[SAVP, &ours]), hold);
    assert_eq!(what(&[SAVP, &ours, AVP]), hold, "one port");
    assert_eq!(what(&[SAVP, &ours, other_port]), EarlyMedia::Play);
    assert_eq!(what(&[AVP, &ours]), hold, "opportunistic");
    assert_eq!(what(&["m=audio 0 RTP/AVP 0"]), EarlyMedia::Drop);
}
