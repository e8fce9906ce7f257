//! The rules of RFC 4568 offer/answer, one test each.
#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use common::{KEY_A, KEY_B, KEY_C, crypto, key, sdp, session};
use proptest::prelude::*;
use sdes_sdp::sdp::{Direction, Sdp};
use sdes_sdp::{CryptoErrorKind, CryptoSuite};
use srtp_negotiation::{
    AnswerError, Decision, ENCRYPTING_SUITES, LocalMedia, MediaOutcome, NegotiatedParameter,
    Outcome, ParameterRules, Party, Preference, Reason, StreamPolicy, Verdict, answered_verdicts,
    decide, line_verdicts, offered_verdicts, verify, write_answer,
};
use srtp_test_vectors::times;

const SHA1_80: &str = "AES_CM_128_HMAC_SHA1_80";
const SHA1_32: &str = "AES_CM_128_HMAC_SHA1_32";
const REQUIRED: Party<'static> = Party::new(StreamPolicy::Required);

fn chosen_tag(decision: &Decision<'_>, index: usize) -> Option<u32> {
    match decision.at(index).outcome {
        MediaOutcome::Srtp { line, .. } => Some(line.tag()),
        _ => None,
    }
}

fn answer_to(offer: &str, party: &Party<'_>, byte: u8) -> Result<String, AnswerError> {
    let offer = Sdp::parse(offer).unwrap();
    let decision = decide(&offer, party);
    let keys: Vec<_> = decision
        .media()
        .iter()
        .map(|media| match media.outcome {
            MediaOutcome::Srtp { suite, .. } => Some(key(suite, byte + media.index as u8)),
            _ => None,
        })
        .collect();
    let media: Vec<_> = keys
        .iter()
        .map(|key| LocalMedia {
            port: 4000,
            formats: &["0"],
            direction: Direction::SendRecv,
            key: key.as_ref(),
        })
        .collect();
    let mut text = String::new();
    write_answer(&mut text, &offer, &decision, &session(), &media)?;
    Ok(text)
}

/// RFC 4568 §5.1.2: the first valid supported line of the offer; a bad one spoils nothing.
#[test]
fn first_acceptable_line_is_chosen() {
    let offer = sdp(&[
        "m=audio 4000 RTP/SAVP 0",
        &crypto(1, SHA1_80, "c2hvcnQ=", ""),
        &crypto(2, "AES_FANCY", KEY_B, ""),
        &crypto(3, SHA1_80, KEY_A, " FUTURE=1"),
        &crypto(7, SHA1_32, KEY_B, ""),
        &crypto(8, SHA1_80, KEY_C, ""),
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    let decision = decide(&offer, &REQUIRED);
    assert_eq!(chosen_tag(&decision, 0), Some(7));
    let MediaOutcome::Srtp { line, .. } = decision.at(0).outcome else { panic!() };
    let media = offer.media().next().unwrap();
    let verdicts: Vec<_> = line_verdicts(&media, &REQUIRED, Some(line))
        .map(|line| (line.verdict, line.reason.to_string()))
        .collect();
    let kinds: Vec<_> = verdicts.iter().map(|(verdict, _)| *verdict).collect();
    use Verdict::{Accepted, Invalid, Skipped};
    assert_eq!(kinds, [Invalid, Skipped, Skipped, Accepted, Skipped]);
    assert!(verdicts[0].1.contains("key and salt are 5 bytes"), "{}", verdicts[0].1);
    assert_eq!(verdicts[4].1, "acceptable, but line 7 was chosen");
}

/// The answerer's own order decides when its policy says so.
#[test]
fn answerer_may_prefer_its_own_order() {
    let offer = sdp(&[
        "m=audio 4000 RTP/SAVP 0",
        &crypto(1, SHA1_32, KEY_A, ""),
        &crypto(2, SHA1_80, KEY_B, ""),
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    let suites = [CryptoSuite::AesCm128HmacSha1_80, CryptoSuite::AesCm128HmacSha1_32];
    let party = REQUIRED.with_suites(&suites);
    assert_eq!(chosen_tag(&decide(&offer, &party), 0), Some(1));
    let party = party.with_preference(Preference::Answerer);
    assert_eq!(chosen_tag(&decide(&offer, &party), 0), Some(2));
}

/// RFC 4568 §5.1.1: tags are unique within an m-line; the second of two is invalid.
#[test]
fn a_repeated_tag_is_invalid() {
    let offer = sdp(&[
        "m=audio 4000 RTP/SAVP 0",
        &crypto(1, "AES_FANCY", KEY_A, ""),
        &crypto(1, SHA1_80, KEY_B, ""),
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    let decision = decide(&offer, &REQUIRED);
    assert_eq!((decision.status(), decision.reason()), (488, Reason::RepeatedTag { tag: 1 }));
    let media = offer.media().next().unwrap();
    let verdicts = line_verdicts(&media, &REQUIRED, None).map(|line| line.verdict);
    assert_eq!(verdicts.collect::<Vec<_>>(), [Verdict::Skipped, Verdict::Invalid]);
}

/// Of several reasons against the lines of an m-line the one that came furthest is told, whatever
/// their order: unknown, not in use here, invalid, refused by its parameters; of equals the first.
#[test]
fn the_reason_that_came_furthest_is_told() {
    let one = [CryptoSuite::AesCm128HmacSha1_80];
    let party = REQUIRED.with_suites(&one);
    let line = |place: usize| match place {
        0 => crypto(1, "AES_FANCY", KEY_A, ""),
        1 => crypto(2, SHA1_32, KEY_A, ""),
        2 => crypto(3, SHA1_80, "c2hvcnQ=", ""),
        _ => crypto(4, SHA1_80, KEY_B, " UNENCRYPTED_SRTP"),
    };
    let told = |lines: &[String]| {
        let mut all = vec!["m=audio 4000 RTP/SAVP 0"];
        all.extend(lines.iter().map(String::as_str));
        let offer = sdp(&all);
        decide(&Sdp::parse(&offer).unwrap(), &party).reason()
    };
    for low in 0..4 {
        for high in low + 1..4 {
            let expected = told(&[line(high)]);
            assert_eq!(told(&[line(low), line(high)]), expected, "{low} {high}");
            assert_eq!(told(&[line(high), line(low)]), expected, "{high} {low}");
        }
    }
    let (first, second) = (line(1), crypto(7, "F8_128_HMAC_SHA1_80", KEY_C, ""));
    let suite = CryptoSuite::AesCm128HmacSha1_32;
    assert_eq!(told(&[first, second]), Reason::SuiteNotOurs { suite });
}

/// The same for the m-lines of an offer.
#[test]
fn the_m_line_that_came_furthest_has_the_reason() {
    let one = [CryptoSuite::AesCm128HmacSha1_80];
    let (not_ours, disabled) = (crypto(1, SHA1_32, KEY_A, ""), "m=video 0 RTP/SAVP 31");
    let audio = ["m=audio 4000 RTP/SAVP 0", &not_ours];
    for offer in [[&[disabled][..], &audio].concat(), [&audio[..], &[disabled]].concat()] {
        let offer = sdp(&offer);
        let decision = decide(&Sdp::parse(&offer).unwrap(), &REQUIRED.with_suites(&one));
        let suite = CryptoSuite::AesCm128HmacSha1_32;
        assert_eq!(decision.reason(), Reason::SuiteNotOurs { suite });
    }
}

/// Two m-lines for each of two streams: the first secured one goes with the first plain one.
#[test]
fn alternatives_go_together_in_their_order() {
    let lines = [crypto(1, SHA1_80, KEY_A, ""), crypto(1, SHA1_80, KEY_B, "")];
    let offer = sdp(&[
        "m=audio 4000 RTP/SAVP 0",
        &lines[0],
        "m=audio 4002 RTP/SAVP 0",
        &lines[1],
        "m=audio 4004 RTP/AVP 0",
        "m=audio 4006 RTP/AVP 0",
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    let decision = decide(&offer, &Party::new(StreamPolicy::Preferred));
    assert_eq!([0, 1].map(|index| chosen_tag(&decision, index)), [Some(1), Some(1)]);
    for index in [0, 1] {
        assert_eq!(decision.at(index + 2).reason, Reason::Alternative { index });
    }
}

/// Where SRTP is off altogether that is the reason, not what is wrong with a line that nobody would
/// have taken.
#[test]
fn where_srtp_is_off_its_lines_are_no_reason() {
    let off = Party::new(StreamPolicy::Off);
    let broken = crypto(1, SHA1_80, "c2hvcnQ=", "");
    let secured = ["m=audio 4000 RTP/SAVP 0", &broken];
    let offer = sdp(&secured);
    let decision = decide(&Sdp::parse(&offer).unwrap(), &off);
    assert!(matches!(decision.reason(), Reason::Rule(_)), "{:?}", decision.reason());
    let offer = sdp(&[secured[0], secured[1], "m=audio 4002 RTP/AVP 0"]);
    let decision = decide(&Sdp::parse(&offer).unwrap(), &off);
    assert_eq!(decision.outcome(), Outcome::Rtp);
    assert_eq!(decision.at(0).reason, Reason::Alternative { index: 1 });
}

/// Of two lines of one suite an answerer with an order of its own takes the first.
#[test]
fn of_equals_the_first_line_is_chosen() {
    let offer = sdp(&[
        "m=audio 4000 RTP/SAVP 0",
        &crypto(1, SHA1_80, KEY_A, ""),
        &crypto(2, SHA1_80, KEY_B, ""),
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    let party = REQUIRED.with_preference(Preference::Answerer);
    assert_eq!(chosen_tag(&decide(&offer, &party), 0), Some(1));
}

/// The line of an answer has the key derivation rate of its own key, whatever the offer's is, and
/// its suite as the offer spells it.
#[test]
fn an_answer_has_its_own_rate_and_the_offers_spelling() {
    let spelt = "crypto:1 aes_cm_128_HMAC_sha1_80 inline:";
    let rate = srtp_core::KeyDerivationRate::from_exponent(16).unwrap();
    let own = key(CryptoSuite::AesCm128HmacSha1_80, 9).with_key_derivation_rate(rate);
    let line = format!("a={spelt}{KEY_A} KDR=20");
    let line = sdes_sdp::CryptoLine::parse(&line).unwrap();
    let accepting = srtp_negotiation::accepting_line(&line, &own).unwrap();
    assert_eq!(accepting.parameters().kdr, rate);

    let offer = sdp(&["m=audio 4000 RTP/SAVP 0", &format!("{spelt}{KEY_A}")]);
    let answer = answer_to(&offer, &REQUIRED, 1).unwrap();
    assert!(answer.contains(spelt), "{answer}");
}

/// UNENCRYPTED and UNAUTHENTICATED lines are never taken by a party that did not ask for it, and
/// never answered as something else.
#[test]
fn weakening_parameters_are_taken_only_on_purpose() {
    for parameter in NegotiatedParameter::ALL {
        let more = format!(" {}", parameter.name());
        let offer = sdp(&["m=audio 4000 RTP/SAVP 0", &crypto(1, SHA1_80, KEY_A, &more)]);
        let parsed = Sdp::parse(&offer).unwrap();
        let decision = decide(&parsed, &REQUIRED);
        assert_eq!(decision.status(), 488);
        let source = "RFC 4568 §6.3";
        assert_eq!(decision.reason(), Reason::ParameterRefused { parameter, source });

        let lenient = REQUIRED.with_parameters(ParameterRules::ANY);
        let answer = answer_to(&offer, &lenient, 1).unwrap();
        assert!(answer.contains(&more), "the parameter is repeated exactly");
        let answer = Sdp::parse(&answer).unwrap();
        assert_eq!(verify(&parsed, &answer).outcome(), Outcome::Srtp);
    }
}

/// A suite without encryption is SRTP by name only: never in use unless it is named.
#[test]
fn null_suites_are_taken_only_on_purpose() {
    let encrypting = CryptoSuite::ALL.iter().filter(|suite| !suite.name().starts_with("NULL"));
    assert!(ENCRYPTING_SUITES.iter().eq(encrypting), "{ENCRYPTING_SUITES:?}");
    for name in ["NULL_HMAC_SHA1_80", "NULL_HMAC_SHA1_32"] {
        let offer = sdp(&["m=audio 4000 RTP/SAVP 0", &crypto(1, name, KEY_A, "")]);
        let offer = Sdp::parse(&offer).unwrap();
        let suite = CryptoSuite::from_name(name).unwrap();
        let decision = decide(&offer, &REQUIRED);
        assert_eq!(decision.reason(), Reason::SuiteNotOurs { suite });
        let named = REQUIRED.with_suites(CryptoSuite::ALL);
        assert_eq!(decide(&offer, &named).outcome(), Outcome::Srtp);
    }
}

/// Declarative parameters are each side's own and are not echoed (RFC 4568 §5.1.2).
#[test]
fn declarative_parameters_are_not_echoed() {
    let more = "|2^20|1:4 KDR=3 WSH=128 FEC_ORDER=SRTP_FEC -optional";
    let offer = sdp(&["m=audio 4000 RTP/SAVP 0", &crypto(4, SHA1_80, KEY_A, more)]);
    let answer = answer_to(&offer, &REQUIRED, 1).unwrap();
    let line = answer.lines().find(|line| line.starts_with("a=crypto")).unwrap();
    assert_eq!(
        line,
        "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
    );
}

/// A party that uses no MKI skips lines with one and takes the line without.
#[test]
fn lines_with_an_mki_can_be_refused() {
    let offer = sdp(&[
        "m=audio 4000 RTP/SAVP 0",
        &crypto(1, SHA1_80, KEY_A, "|2^31|1:1"),
        &crypto(2, SHA1_80, KEY_B, "|2^31"),
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    assert_eq!(chosen_tag(&decide(&offer, &REQUIRED), 0), Some(1));
    assert_eq!(chosen_tag(&decide(&offer, &REQUIRED.without_mki("a table")), 0), Some(2));
}

/// Crypto lines under RTP/AVP mean nothing unless opportunistic SRTP was switched on (RFC 8643).
#[test]
fn opportunistic_srtp_is_never_guessed() {
    let offer = sdp(&["m=audio 4000 RTP/AVP 0", &crypto(1, SHA1_80, KEY_A, "")]);
    let parsed = Sdp::parse(&offer).unwrap();
    let preferred = Party::new(StreamPolicy::Preferred);
    assert_eq!(decide(&parsed, &preferred).outcome(), Outcome::Rtp);
    let opportunistic = preferred.with_opportunistic(true);
    assert_eq!(decide(&parsed, &opportunistic).outcome(), Outcome::Srtp);
    let answer = answer_to(&offer, &opportunistic, 1).unwrap();
    assert!(answer.contains("RTP/AVP 0\r\na=crypto:1 "));
    assert_eq!(verify(&parsed, &Sdp::parse(&answer).unwrap()).outcome(), Outcome::Srtp);
}

/// A session-level crypto line is not used.
#[test]
fn session_level_crypto_is_not_used() {
    let line = crypto(1, SHA1_80, KEY_A, "");
    let offer = sdp(&[&line, "m=audio 4000 RTP/SAVP 0"]);
    let decision_offer = Sdp::parse(&offer).unwrap();
    let decision = decide(&decision_offer, &REQUIRED);
    assert_eq!((decision.status(), decision.reason()), (488, Reason::NoCryptoLine));
}

/// What is not RTP, or is keyed by DTLS, is not this library's to decide.
#[test]
fn other_media_are_left_alone() {
    for (media, reason) in [
        ("m=image 4000 RTP/SAVP 99", Reason::NotRtp),
        ("m=application 4000 RTP/AVP 99", Reason::NotRtp),
        ("m=message 4000 TCP/MSRP *", Reason::NotRtp),
        ("m=audio 4000 UDP/TLS/RTP/SAVPF 0", Reason::ForeignProfile),
    ] {
        let offer = sdp(&[media]);
        let decision = decide(&Sdp::parse(&offer).unwrap(), &REQUIRED);
        assert!(matches!(decision.at(0).outcome, MediaOutcome::Untouched), "{media}");
        assert_eq!(decision.at(0).reason, reason, "{media}");
    }
    let offer = sdp(&[
        "m=image 4000 udptl t38",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0",
        "m=audio 0 RTP/SAVP 0",
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    let decision = decide(&offer, &REQUIRED);
    let reasons: Vec<_> = decision.media().iter().map(|media| media.reason).collect();
    assert_eq!(reasons, [Reason::NotRtp, Reason::ForeignProfile, Reason::OfferedDisabled]);
    assert_eq!(decision.at(0).outcome.as_str(), "untouched");
}

/// RFC 4568 §6.1: the answerer's keys are its own, each once.
#[test]
fn reused_keys_are_refused_before_anything_is_written() {
    let again = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    let offer = sdp(&["m=audio 4000 RTP/SAVP 0", &crypto(1, SHA1_80, again, "")]);
    assert_eq!(answer_to(&offer, &REQUIRED, 1), Err(AnswerError::KeyReused { index: 0 }));

    let line = crypto(1, SHA1_80, KEY_A, "");
    let offer = sdp(&["m=audio 4000 RTP/SAVP 0", &line, "m=video 4002 RTP/SAVP 31", &line]);
    let parsed = Sdp::parse(&offer).unwrap();
    let decision = decide(&parsed, &REQUIRED);
    let one = key(CryptoSuite::AesCm128HmacSha1_80, 9);
    let local =
        LocalMedia { port: 1, formats: &["0"], direction: Direction::SendRecv, key: Some(&one) };
    let mut text = String::new();
    let written = write_answer(&mut text, &parsed, &decision, &session(), &[local, local]);
    assert_eq!((written, text.as_str()), (Err(AnswerError::KeyReused { index: 1 }), ""));
}

fn verified(offer: &[&str], answer: &[&str]) -> (Outcome, Reason) {
    let (offer, answer) = (sdp(offer), sdp(answer));
    let (offer, answer) = (Sdp::parse(&offer).unwrap(), Sdp::parse(&answer).unwrap());
    let decision = verify(&offer, &answer);
    (decision.outcome(), decision.reason())
}

/// RFC 4568 §5.1.3 and §7.1.3: whatever does not fit fails, and never becomes plain RTP.
#[test]
fn an_answer_that_does_not_fit_fails() {
    let (savp, avp) = ("m=audio 4000 RTP/SAVP 0", "m=audio 4000 RTP/AVP 0");
    let ours = crypto(1, SHA1_80, KEY_A, "");
    let ours_two = crypto(2, SHA1_32, KEY_B, " UNENCRYPTED_SRTCP");
    let theirs = crypto(1, SHA1_80, KEY_C, "");
    let offer = [savp, &ours, &ours_two];
    let rejected = |answer: &[&str], reason: Reason| {
        assert_eq!(verified(&offer, answer), (Outcome::Rejected, reason));
    };
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    assert_eq!(
        verified(&offer, &[savp, &theirs]),
        (Outcome::Srtp, Reason::Chosen { tag: 1, suite })
    );
    rejected(&[savp], Reason::AnswerWithoutCrypto);
    rejected(&[avp], Reason::ProfileDiffers);
    rejected(&["m=audio 0 RTP/SAVP 0"], Reason::Declined);
    rejected(&["m=video 4000 RTP/SAVP 31", &theirs], Reason::KindDiffers);
    rejected(&[savp, &theirs, &theirs], Reason::SeveralAnswered { count: 2 });
    rejected(&[savp, &theirs, avp], Reason::MediaCount { offered: 1, answered: 2 });
    rejected(&[savp, &crypto(3, SHA1_80, KEY_C, "")], Reason::TagNotOffered { tag: 3 });
    rejected(
        &[savp, &crypto(1, SHA1_32, KEY_C, "")],
        Reason::SuiteDiffers { tag: 1, offered: suite, answered: CryptoSuite::AesCm128HmacSha1_32 },
    );
    let parameter = NegotiatedParameter::UnencryptedSrtcp;
    rejected(
        &[savp, &crypto(2, SHA1_32, KEY_C, "")],
        Reason::ParameterDiffers { parameter, offered: true },
    );
    rejected(
        &[savp, &crypto(1, SHA1_80, KEY_C, " UNENCRYPTED_SRTCP")],
        Reason::ParameterDiffers { parameter, offered: false },
    );
    rejected(&[savp, &crypto(1, SHA1_80, KEY_A, "")], Reason::KeyReused);
    rejected(&[savp, &crypto(1, SHA1_80, KEY_B, "")], Reason::KeyReused);
    let (_, reason) = verified(&offer, &[savp, &crypto(1, SHA1_80, KEY_C, " FUTURE=1")]);
    assert!(matches!(reason, Reason::Line(e) if e.kind == CryptoErrorKind::UnknownParameter));
}

/// Crypto in an answer to an offer that had none is ignored.
#[test]
fn unasked_crypto_is_ignored() {
    let avp = "m=audio 4000 RTP/AVP 0";
    assert_eq!(
        verified(&[avp], &[avp, &crypto(1, SHA1_80, KEY_C, "")]),
        (Outcome::Rtp, Reason::UnaskedCrypto)
    );
}

/// In an answer, too, a line of an unknown suite is skipped and a broken one invalid.
#[test]
fn verdicts_on_answered_lines_that_cannot_be_used() {
    let savp = "m=audio 4000 RTP/SAVP 0";
    let offer = sdp(&[savp, &crypto(1, SHA1_80, KEY_A, "")]);
    let offer = Sdp::parse(&offer).unwrap();
    for (line, verdict) in [
        (crypto(1, "AES_FANCY", KEY_C, ""), Verdict::Skipped),
        (crypto(1, SHA1_80, "c2hvcnQ=", ""), Verdict::Invalid),
    ] {
        let answer = sdp(&[savp, &line]);
        let answer = Sdp::parse(&answer).unwrap();
        let decision = verify(&offer, &answer);
        let theirs = answer.media().next().unwrap();
        let verdicts = answered_verdicts(&theirs, decision.at(0)).map(|line| line.verdict);
        assert_eq!(verdicts.collect::<Vec<_>>(), [verdict]);
    }
}

/// What `explain` shows: the offered lines in the light of the answer, and the answered ones.
#[test]
fn verdicts_on_both_sides_of_an_exchange() {
    let offer = sdp(&[
        "m=audio 4000 RTP/SAVP 0",
        &crypto(1, SHA1_80, KEY_A, ""),
        &crypto(2, SHA1_32, KEY_B, ""),
    ]);
    let offer = Sdp::parse(&offer).unwrap();
    let ours = offer.media().next().unwrap();
    for (tag, offered, answered) in [
        (2, [Verdict::Skipped, Verdict::Accepted], Verdict::Accepted),
        (9, [Verdict::Skipped, Verdict::Skipped], Verdict::NotOffered),
    ] {
        let answer = sdp(&["m=audio 4000 RTP/SAVP 0", &crypto(tag, SHA1_32, KEY_C, "")]);
        let answer = Sdp::parse(&answer).unwrap();
        let decision = verify(&offer, &answer);
        let verdicts = offered_verdicts(&ours, &decision.at(0)).map(|line| line.verdict);
        assert_eq!(verdicts.collect::<Vec<_>>(), offered);
        let theirs = answer.media().next().unwrap();
        let verdicts = answered_verdicts(&theirs, decision.at(0)).map(|line| line.verdict);
        assert_eq!(verdicts.collect::<Vec<_>>(), [answered]);
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let suites =
        prop::sample::select(vec![SHA1_80, SHA1_32, "AES_FANCY", "aes_cm_128_hmac_sha1_80"]);
    let more = prop::sample::select(vec![
        "",
        "|2^20",
        "|2^49",
        "|1:4",
        " UNENCRYPTED_SRTP",
        " UNAUTHENTICATED_SRTP KDR=4",
        " FUTURE",
        " -ok",
    ]);
    let keys = prop::sample::select(vec![KEY_A, KEY_B, "short"]);
    (0..4_u32, suites, keys, more).prop_map(|(tag, suite, key, more)| crypto(tag, suite, key, more))
}

fn any_offer() -> impl Strategy<Value = String> {
    let m_line = (
        prop::sample::select(vec!["audio", "video"]),
        prop::sample::select(vec![
            "RTP/SAVP",
            "RTP/AVP",
            "RTP/SAVPF",
            "RTP/AVPF",
            "UDP/TLS/RTP/SAVP",
        ]),
        prop::sample::select(vec![0_u16, 4000, 4002]),
        prop::collection::vec(any_line(), 0..4),
    );
    prop::collection::vec(m_line, 1..6).prop_map(|media| {
        let mut lines = Vec::new();
        for (kind, profile, port, crypto) in media {
            lines.push(format!("m={kind} {port} {profile} 0"));
            lines.extend(crypto);
        }
        sdp(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(times(1000, 50)))]

    /// Whatever is offered and whoever answers: the answer has the offer's m-lines, verifies, comes
    /// to the same outcome, and every refusal has a reason and a source.
    #[test]
    fn every_answer_verifies(
        offer in any_offer(),
        policy in prop::sample::select(vec![
            StreamPolicy::Off, StreamPolicy::Preferred, StreamPolicy::Required]),
        any_parameters in any::<bool>(),
        opportunistic in any::<bool>(),
        own_order in any::<bool>(),
    ) {
        let mut party = Party::new(policy).with_opportunistic(opportunistic);
        if any_parameters {
            party = party.with_parameters(ParameterRules::ANY);
        }
        if own_order {
            party = party.with_preference(Preference::Answerer);
        }
        let parsed = Sdp::parse(&offer).unwrap();
        let decision = decide(&parsed, &party);
        prop_assert_eq!(decision.media().len(), parsed.media_count());
        for media in decision.media() {
            prop_assert!(!media.reason.to_string().is_empty() && !media.reason.source().is_empty());
            if policy == StreamPolicy::Required {
                prop_assert!(!matches!(media.outcome, MediaOutcome::Rtp), "required SRTP became RTP");
            }
            if policy == StreamPolicy::Off {
                let secured = matches!(media.outcome, MediaOutcome::Srtp { .. });
                prop_assert!(!secured);
            }
        }
        let text = answer_to(&offer, &party, 1).unwrap();
        let answer = Sdp::parse(&text).unwrap();
        let verified = verify(&parsed, &answer);
        for (ours, theirs) in decision.media().iter().zip(verified.media()) {
            match (&ours.outcome, &theirs.outcome) {
                (MediaOutcome::Srtp { line: offered, .. }, MediaOutcome::Srtp { line: answered, .. }) => {
                    let (offered, answered) = (offered.meaning().unwrap(), answered.meaning().unwrap());
                    prop_assert_eq!(offered.tag(), answered.tag());
                    prop_assert_eq!(offered.suite(), answered.suite());
                    prop_assert_eq!(offered.policy(), answered.policy());
                    prop_assert!(!offered.shares_key_with(&answered));
                }
                (MediaOutcome::Rtp, MediaOutcome::Rtp)
                | (MediaOutcome::Refused | MediaOutcome::Untouched, MediaOutcome::Refused) => {}
                (ours, theirs) => prop_assert!(false, "{:?} became {:?}: {}", ours, theirs, text),
            }
        }
    }
}
