//! What is shown to people: the sentences of errors, and `Debug` forms without a piece of a key.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use sdes_sdp::{
    AttributeCapability, CryptoErrorKind, CryptoLine, CryptoSuite, MediaKind, Note, NoteKind,
    Profile, Sdp, SessionParam, Tolerance, WriteError,
};

const SECRET: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAWJSoj";

/// An error says what is wrong and where the rule stands.
#[test]
fn errors_are_sentences() {
    for (sentence, expected) in [
        (WriteError::Output.to_string(), "the SDP could not be written to its destination"),
        (
            WriteError::Value { field: "port" }.to_string(),
            "the port is empty or has a character that cannot stand in it (RFC 8866 §9)",
        ),
        (
            Note { column: 9, kind: NoteKind::MissingPadding }.to_string(),
            &format!("column 9: {}", NoteKind::MissingPadding),
        ),
        (
            CryptoErrorKind::MkiTooLarge { length: 1 }.to_string(),
            "the MKI does not fit in its length of 1 byte (RFC 4568 §6.1)",
        ),
        (
            CryptoErrorKind::MkiTooLarge { length: 2 }.to_string(),
            "the MKI does not fit in its length of 2 bytes (RFC 4568 §6.1)",
        ),
    ] {
        assert_eq!(sentence, expected);
    }
}

/// RFC 4568 §5.1.2: what is unknown here may be valid; everything else is a fault of the line.
#[test]
fn the_unknown_is_no_fault() {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    use CryptoErrorKind::*;
    for kind in [UnknownSuite, SuiteNotBuiltIn { suite }, UnknownKeyMethod, UnknownParameter] {
        assert!(kind.is_unsupported(), "{kind}");
    }
    for kind in [Tag, MissingKey, Lifetime { suite }, RepeatedMki, Kdr, NotWithAead { suite }] {
        assert!(!kind.is_unsupported(), "{kind}");
    }
}

/// `Debug` names what a program has in its hands, and nothing of a key or of a word that could be
/// one.
#[test]
fn debug_names_the_shape_and_no_value() {
    let text = format!(
        "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}|2^20|1:4 KDR=1 -OWN=a X=b FEC_KEY=inline:{SECRET}"
    );
    let line = CryptoLine::parse(&text).unwrap();
    assert_eq!(
        format!("{line:?}"),
        "CryptoLine { tag: 7, suite: Some(AesCm128HmacSha1_80), keys: 1, session_params: 4, .. }"
    );
    assert_eq!(format!("{:?}", line.keys()), "[KeyParam { inline: true, column: 36, .. }]");
    let params: Vec<SessionParam<'_>> = line.session_params().collect();
    assert_eq!(format!("{params:?}"), "[KDR, Optional(..), Unknown(..), FEC_KEY]");
    let capability = AttributeCapability::parse(&format!("3 {text}")).map(|it| format!("{it:?}"));
    assert_eq!(capability.unwrap(), "AttributeCapability { number: 3, .. }");
    assert_eq!(line.to_string(), text, "what was written, key included");

    let text = format!("v=0\r\nm=audio 9 RTP/SAVP 0\r\n{text}\r\n");
    let sdp = Sdp::parse(&text).unwrap();
    assert_eq!(
        format!("{sdp:?}"),
        "Sdp { origin: None, media: [Media { index: 0, line_number: 2, kind: Audio, port: 9, \
         profile: RtpSavp, .. }], .. }"
    );
    assert_eq!(sdp.to_string(), text);
    let attribute = sdp.media().next().unwrap().attributes().next().unwrap();
    assert_eq!(format!("{attribute:?}"), "Attribute { line_number: 3, name: \"crypto\", .. }");
}

/// Every oddity has its own sentence with its RFC, and those that RFC 4568 allows say so.
#[test]
fn notes_are_sentences() {
    use NoteKind::*;
    let all = [
        MissingPadding,
        ExtraPadding,
        NonZeroLastBits,
        DraftSuiteName,
        LetterCase,
        TagZero,
        Tab,
        RunOfBlanks,
        LeadingBlanks,
        TrailingBlanks,
        BareLf,
        BareCr,
        MkiZero,
        RepeatedKey,
        ExtensionName,
    ];
    let sentences: Vec<String> = all.iter().map(ToString::to_string).collect();
    for (kind, sentence) in all.iter().zip(&sentences) {
        assert_eq!(sentences.iter().filter(|other| *other == sentence).count(), 1, "{sentence}");
        assert_eq!(sentence.contains("(allowed, "), kind.is_allowed_by_rfc(), "{sentence}");
        assert!(sentence.contains("RFC") || *kind == DraftSuiteName, "{sentence}");
    }
}

/// What an m-line carries prints as it is written there, also if it is not known.
#[test]
fn kinds_of_media() {
    for name in ["audio", "video", "text", "application", "message", "image", "chess"] {
        assert_eq!(MediaKind::parse(name).to_string(), name);
    }
}

/// The meaning of a line prints without its keys.
#[test]
fn debug_of_a_meaning_has_no_key() {
    let text = format!("a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{SECRET} KDR=1");
    let meaning = CryptoLine::parse(&text).unwrap().meaning().unwrap();
    let said = format!("{meaning:?}");
    assert!(said.starts_with("CryptoAttribute { tag: 7, suite: AesCm128HmacSha1_80, keys: ["));
    assert!(said.contains("fec_keys: []") && !said.contains(SECRET), "{said}");
}

/// A profile prints as the name it has in an m-line, also one that is not known, and is one of SRTP
/// with SDES, of plain RTP, of DTLS or none of them.
#[test]
fn profiles() {
    for (name, sdes, plain, dtls) in [
        ("RTP/AVP", false, true, false),
        ("RTP/AVPF", false, true, false),
        ("RTP/SAVP", true, false, false),
        ("RTP/SAVPF", true, false, false),
        ("UDP/TLS/RTP/SAVP", false, false, true),
        ("UDP/TLS/RTP/SAVPF", false, false, true),
        ("udptl", false, false, false),
        ("TCP/MSRP", false, false, false),
    ] {
        let profile = Profile::parse(name);
        assert_eq!(profile.to_string(), name);
        assert_eq!(
            (profile.is_sdes(), profile.is_plain(), profile.is_dtls()),
            (sdes, plain, dtls),
            "{name}"
        );
    }
}

/// Notes are walked through like any other list.
#[test]
fn notes_are_a_list() {
    let text = format!("a=crypto:0 AES_CM_128_HMAC_SHA1_80\tinline:{SECRET} ");
    let meaning = CryptoLine::parse(&text).unwrap().validate(Tolerance::Tolerant).unwrap();
    let mut walked = Vec::new();
    for note in &meaning.notes {
        walked.push(*note);
    }
    assert_eq!(walked, meaning.notes.as_slice());
    assert!(walked.len() > 1, "{walked:?}");
    assert_eq!((meaning.notes.is_empty(), meaning.notes.count()), (false, walked.len()));
    let text = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}");
    let notes = CryptoLine::parse(&text).unwrap().validate(Tolerance::Tolerant).unwrap().notes;
    assert_eq!((notes.is_empty(), notes.count()), (true, 0));
}
