//! Every sentence of an error and every word of an enumeration that is shown to somebody.
#![allow(clippy::unwrap_used)]

use sdes_sdp::sdp::Sdp;
use sdes_sdp::{CryptoErrorKind, CryptoSuite, WriteError};
use srtp_negotiation::cisco::{Release, ReleaseError, UrlScheme};
use srtp_negotiation::connect::{ConnectError, Endpoint, Generic};
use srtp_negotiation::polycom::{ConfigurationError, SettingError};
use srtp_negotiation::{
    AnswerError, NegotiatedParameter, OfferError, OfferForm, Outcome, StreamPolicy, Verdict,
};

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

/// An error says what is wrong with which line, counted from 1, and where the rule stands.
#[test]
fn errors_of_offers_and_answers_are_sentences() {
    let lifetime = CryptoErrorKind::Lifetime { suite: SUITE };
    let output = WriteError::Output;
    for (error, sentence) in [
        (AnswerError::Write(output), output.to_string().as_str()),
        (
            AnswerError::MissingMedia { index: 0 },
            "m-line 1 is accepted, but no port is given for it",
        ),
        (
            AnswerError::MissingKey { index: 1 },
            "m-line 2 is SRTP, but no master key is given for it",
        ),
        (
            AnswerError::KeyOfAnotherSuite { index: 2 },
            "the master key for m-line 3 is of another suite than the one chosen",
        ),
        (
            AnswerError::KeyReused { index: 3 },
            "the master key for m-line 4 stands elsewhere in offer or answer (RFC 4568 §6.1)",
        ),
        (AnswerError::Crypto(lifetime), &lifetime.to_string()),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
    for (error, sentence) in [
        (OfferError::Write(output), output.to_string().as_str()),
        (
            OfferError::NoCryptoLine { stream: 0 },
            "stream 1 is offered as SRTP, but has no crypto line (RFC 4568 §5.1.1)",
        ),
        (
            OfferError::RepeatedTag { tag: 7 },
            "tag 7 stands on two lines of one stream (RFC 4568 §5.1.1)",
        ),
        (
            OfferError::RepeatedKey { tag: 8 },
            "the key of line 8 stands in the offer already (RFC 4568 §6.1)",
        ),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
}

/// A played call says which of its texts could not be made.
#[test]
fn errors_of_played_calls_are_sentences() {
    let (offer, answer) =
        (OfferError::RepeatedTag { tag: 1 }, AnswerError::MissingKey { index: 0 });
    let line = CryptoErrorKind::Lifetime { suite: SUITE };
    let sdp = Sdp::parse("v=1\r\n").unwrap_err();
    for (error, sentence) in [
        (ConnectError::Offer(offer), format!("the offer could not be made: {offer}")),
        (ConnectError::Line(line), format!("the offer could not be made: {line}")),
        (ConnectError::Answer(answer), format!("the answer could not be made: {answer}")),
        (ConnectError::from(sdp), format!("an SDP of this call could not be read: {sdp}")),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
}

/// An error in a vendor's configuration is a sentence with the vendor's names.
#[test]
fn errors_of_configurations_are_sentences() {
    for (sentence, expected) in [
        (
            SettingError::UnknownAttribute.to_string(),
            "no such sec.srtp attribute (Polycom TB 25751)",
        ),
        (
            SettingError::NotASwitch.to_string(),
            "the value must be 0, 1 or nothing (Polycom TB 25751)",
        ),
        (
            SettingError::NotANumber.to_string(),
            "the value must be a number of packets or nothing (Polycom TB 25751)",
        ),
        (
            ConfigurationError::LifetimeTooShort { packets: 17 }.to_string(),
            "sec.srtp.key.lifetime is 17; it must be 0 or at least 1024",
        ),
        (
            ConfigurationError::NothingToOffer.to_string(),
            "SRTP is to be offered, but sec.srtp.offer.HMAC_SHA1_80 and _32 are both 0",
        ),
        (
            ConfigurationError::RequiredButDisabled.to_string(),
            "sec.srtp.require is 1 while SRTP is not enabled: every call is declined",
        ),
        (
            ReleaseError.to_string(),
            "not the name of an IOS release, such as 12.4(20)T or 15.1(4)M3",
        ),
    ] {
        assert_eq!(sentence, expected);
    }
    let release: Release = "12.4(20)T1".parse().unwrap();
    assert_eq!(format!("{release:?}"), "Release(12.4(20)T1)");
}

/// The words that programs and people read.
#[test]
fn enumerations_have_their_words() {
    let outcomes = [Outcome::Srtp, Outcome::Rtp, Outcome::Rejected].map(Outcome::as_str);
    assert_eq!(outcomes, ["srtp", "rtp", "rejected"]);
    let verdicts = [Verdict::Accepted, Verdict::Skipped, Verdict::Invalid, Verdict::NotOffered];
    assert_eq!(verdicts.map(Verdict::as_str), ["accepted", "skipped", "invalid", "not offered"]);
    assert_eq!(UrlScheme::ALL.map(UrlScheme::as_str), ["sip", "sips", "tel"]);
    assert_eq!(
        NegotiatedParameter::ALL.map(NegotiatedParameter::name),
        ["UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP"]
    );
}

/// The parties that need no configuration, by their words; another word is none of them.
#[test]
fn parties_have_their_words() {
    for (word, policy) in [
        ("srtp", StreamPolicy::Required),
        ("srtp-preferred", StreamPolicy::Preferred),
        ("rtp", StreamPolicy::Off),
    ] {
        let party = match Endpoint::from_word(word) {
            Some(Endpoint::Generic(party)) => Some(party),
            _ => None,
        };
        assert_eq!(party, Some(Generic::new(policy)), "{word}");
    }
    let twilio = Endpoint::from_word("twilio");
    assert!(matches!(twilio, Some(Endpoint::Twilio(trunk)) if trunk.secure));
    assert!(Endpoint::from_word("SRTP").is_none());
}

/// Only an offer of SRTP alone has no way to plain RTP, only one of RTP alone no crypto line.
#[test]
fn what_a_form_of_offer_allows() {
    for form in OfferForm::ALL {
        assert_eq!(form.allows_rtp(), form != OfferForm::Srtp, "{form:?}");
        assert_eq!(form.has_srtp(), form != OfferForm::Rtp, "{form:?}");
    }
}
