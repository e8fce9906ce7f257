//! "Why 488?" has every reason for which a call is not secured.

use std::collections::BTreeSet;

use sdes_sdp::CryptoSuite::{AesCm128HmacSha1_32, AesCm128HmacSha1_80};
use srtp_negotiation::{MAX_MEDIA, NegotiatedParameter, Reason};

const PAGE: &str = include_str!("../why-488.md");
const REASONS: &str = include_str!("../../negotiation/src/reason/sentence.rs");

/// With the figures of the page. Those of crypto lines and of tables have sentences of their own, of
/// which the page has some.
fn failures() -> Vec<Reason> {
    let (parameter, source) = (NegotiatedParameter::UnencryptedSrtcp, "");
    vec![
        Reason::SuiteNotOurs { suite: AesCm128HmacSha1_80 },
        Reason::ParameterRefused { parameter, source },
        Reason::ParameterRequired { parameter, source },
        Reason::ParametersNotRead { source },
        Reason::MkiRefused { len: 4, source },
        Reason::StreamNotSecured,
        Reason::RepeatedTag { tag: 1 },
        Reason::RepeatedKey { line_number: 7 },
        Reason::NoCryptoLine,
        Reason::Alternative { index: 0 },
        Reason::OfferedDisabled,
        Reason::ForeignProfile,
        Reason::NotRtp,
        Reason::NoMedia,
        Reason::TooManyMedia { limit: MAX_MEDIA },
        Reason::MediaCount { offered: 2, answered: 1 },
        Reason::KindDiffers,
        Reason::Declined,
        Reason::ProfileDiffers,
        Reason::AnswerWithoutCrypto,
        Reason::SeveralAnswered { count: 2 },
        Reason::TagNotOffered { tag: 7 },
        Reason::SuiteDiffers {
            tag: 1,
            offered: AesCm128HmacSha1_80,
            answered: AesCm128HmacSha1_32,
        },
        Reason::ParameterDiffers { parameter, offered: true },
        Reason::ParameterDiffers { parameter, offered: false },
        Reason::KeyReused,
        Reason::UnaskedCrypto,
        Reason::ConfigurationNotOffered { number: 2 },
        Reason::Downgrade,
        Reason::ReofferRejected,
        Reason::MovedWithoutNewKey { ours: false },
        Reason::LaterAnswer,
        Reason::BeforeAnswer,
    ]
}

/// No failure, or a sentence that comes from elsewhere.
const OTHERS: [&str; 11] = [
    "Line",
    "Rule",
    "Chosen",
    "AnotherChosen",
    "PlainAnswered",
    "TagRenumbered",
    "FirstKeys",
    "SameKeys",
    "NewKeys",
    "StillPlain",
    "Fax",
];

/// Every failure that `explain` names stands on the page, word for word.
#[test]
fn every_failure_is_on_the_page() {
    for reason in failures() {
        assert!(
            PAGE.contains(&reason.to_string()),
            "docs/why-488.md has no \u{201c}{reason}\u{201d}"
        );
    }
}

/// A reason that is added must be put on the page, or among the others.
#[test]
fn no_reason_is_forgotten() {
    let name =
        |text: &str| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("").to_owned();
    let all: BTreeSet<String> = REASONS.split("Self::").skip(1).map(name).collect();
    let mut here: BTreeSet<String> = failures().iter().map(|it| name(&format!("{it:?}"))).collect();
    here.extend(OTHERS.map(str::to_owned));
    assert_eq!(all, here);
}
