//! What a program asks an SDP for, where it is there and where it is not, and the edges of what its
//! lines may be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use sdes_sdp::{
    Connection, CryptoAttribute, CryptoErrorKind, CryptoSuite, Direction, KeyParams, MAX_TAG,
    MasterKey, Media, MediaEdit, Origin, Policy, RemarkKind, Rewrite, Sdp, SdpWriter,
    SessionDescription, SessionEdit, SessionParameters, Tolerance, WriteError,
};

const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAWJSoj";

fn first<'a>(text: &'a str) -> Media<'a> {
    Sdp::parse(text).unwrap().media().next().unwrap()
}

/// What holds for the session is told at the session level, and nothing is that is not there.
#[test]
fn the_session_level_is_asked_for() {
    let all = "v=0\nc=IN IP4 192.0.2.1\na=sendonly\na=setup:active\na=fingerprint:sha-1 00\n\
               a=cryptex\nm=audio 9 RTP/AVP 0\n";
    let sdp = Sdp::parse(all).unwrap();
    assert_eq!((sdp.setup(), sdp.fingerprint()), (Some("active"), Some("sha-1 00")));
    assert_eq!(sdp.direction(), Some(Direction::SendOnly));
    assert!(sdp.cryptex() && first(all).cryptex());
    // `a=curr` begins like `a=cryptex`, as far as its first letter goes.
    let none = "v=0\na=curr:qos\nm=audio 9 RTP/AVP 0\na=curr:qos\n";
    let sdp = Sdp::parse(none).unwrap();
    assert_eq!((sdp.setup(), sdp.fingerprint(), sdp.direction()), (None, None, None));
    assert!(!sdp.cryptex() && !first(none).cryptex());
}

/// A media section has its own text, and the attributes that stand in it.
#[test]
fn a_section_is_asked_for_its_text_and_attributes() {
    let section = "m=audio 9 RTP/AVP 0\r\na=ptime:20\r\na=acfg:3 t=1 a=2\r\n";
    let text = format!("v=0\r\na=other\r\n{section}m=video 9 RTP/AVP 31\r\n");
    let audio = first(&text);
    assert_eq!(audio.as_str(), section);
    assert!(audio.has_attribute("ptime") && !audio.has_attribute("other"));
    assert_eq!(audio.actual_configuration().unwrap().number(), 3);
    let video = Sdp::parse(&text).unwrap().media().nth(1).unwrap();
    assert_eq!(video.actual_configuration(), None);
}

/// RFC 3264 §8.4: the addresses of an old hold are two, and no other, no name.
#[test]
fn unspecified_addresses() {
    for (address, is) in
        [("0.0.0.0", true), ("::", true), ("192.0.2.1", false), ("::1", false), ("host", false)]
    {
        let connection = Connection { net_type: "IN", addr_type: "IP4", address };
        assert_eq!(connection.is_unspecified(), is, "{address}");
    }
}

/// Crypto lines may stand anywhere in their section; each is read from its own line.
#[test]
fn crypto_lines_with_others_between() {
    let line = |tag| format!("a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let text = format!(
        "m=audio 9 RTP/SAVP 0\na=x\n{}\na=rtpmap:0 PCMU/8000\na=cryptex\n{}\n",
        line(1),
        line(2)
    );
    let tags: Vec<_> = first(&text)
        .crypto()
        .map(|entry| (entry.line_number, entry.parsed.unwrap().tag()))
        .collect();
    assert_eq!(tags, [(3, 1), (6, 2)]);
}

/// A crypto line whose key parameters stand on the next line is told to be broken in two only if
/// the key is what it lacks.
#[test]
fn broken_in_two_or_something_else() {
    let kind = |line: &str, next: &str| {
        let text = format!("m=audio 9 RTP/SAVP 0\n{line}\n{next}\n");
        first(&text).crypto().next().unwrap().parsed.unwrap_err().kind
    };
    let (whole, key) = ("a=crypto:1 AES_CM_128_HMAC_SHA1_80", format!("inline:{KEY}"));
    assert_eq!(kind(whole, &key), CryptoErrorKind::BrokenInTwo);
    assert_eq!(kind(whole, "a=x"), CryptoErrorKind::MissingKey);
    assert_eq!(kind("a=crypto:x AES_CM_128_HMAC_SHA1_80", &key), CryptoErrorKind::Tag);
    assert_eq!(kind("a=crypto:", &key), CryptoErrorKind::Tag);
}

/// A key parameter is taken apart as written: key and salt, then a lifetime, which has no colon,
/// then an MKI, which has one.
#[test]
fn the_fields_of_a_key_parameter() {
    for (more, lifetime, mki) in [
        ("", None, None),
        ("|2^20", Some("2^20"), None),
        ("|1:4", None, Some(("1", "4"))),
        ("|2^20|1:4", Some("2^20"), Some(("1", "4"))),
    ] {
        let text = format!("inline:{KEY}{more};other:x");
        let keys: Vec<_> = KeyParams::parse(&text).unwrap().collect();
        assert_eq!((keys[0].key_salt(), keys[0].lifetime(), keys[0].mki()), (KEY, lifetime, mki));
        assert_eq!((keys[1].method(), keys[1].key_info()), ("other", "x"));
    }
    let error = KeyParams::parse("inline:ab cd").unwrap_err();
    assert_eq!((error.column, error.kind), (10, CryptoErrorKind::Character));
    assert_eq!(KeyParams::parse("inline:").unwrap_err().kind, CryptoErrorKind::EmptyKeyInfo);
}

/// RFC 4568 §9.1: a tag has up to nine digits.
#[test]
fn the_greatest_tag() {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let key = MasterKey::new(suite, &[7; 30]).unwrap();
    let line = CryptoAttribute::new(1, key, SessionParameters::default()).unwrap();
    assert_eq!(MAX_TAG, 999_999_999);
    assert_eq!(line.clone().with_tag(MAX_TAG).unwrap().tag(), MAX_TAG);
    assert_eq!(line.with_tag(MAX_TAG + 1).unwrap_err(), CryptoErrorKind::TagTooLong);
}

/// By default nothing that can be read is refused.
#[test]
fn tolerance_is_the_callers_choice() {
    let odd = "m=audio 9 RTP/AVP 0";
    for (tolerance, refused) in
        [(Tolerance::Tolerant, false), (Tolerance::Rfc4568, true), (Tolerance::Strict, true)]
    {
        assert_eq!(Sdp::parse_with(odd, tolerance).is_err(), refused, "{tolerance:?}");
    }
}

/// RFC 8866 §5.2: ids and versions are digits, each of them.
#[test]
fn an_origin_is_written_with_digits_only() {
    for (session_id, session_version, good) in
        [("1", "2", true), ("x", "2", false), ("1", "x", false), ("1", "-2", false)]
    {
        let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.1");
        let origin =
            Origin { username: "-", session_id, session_version, net_type, addr_type, address };
        let mut text = String::new();
        let description = SessionDescription { origin, name: "-", connection: None, time: (0, 0) };
        let written = SdpWriter::new(&mut text).session(&description);
        let expected = WriteError::Value { field: "session id or version" };
        assert_eq!(written, if good { Ok(()) } else { Err(expected) });
        assert_eq!(text.is_empty(), !good, "nothing of it is written");
    }
}

/// RFC 8866 §9: a connection address that was not there goes behind `m=` and `i=`, before every
/// other line of the section, known or not.
#[test]
fn a_new_connection_stands_before_unknown_lines() {
    let text = "v=0\r\nm=audio 9 RTP/AVP 0\r\ni=title\r\nx=y\r\na=z\r\n";
    let sdp = Sdp::parse(text).unwrap();
    let connection = Connection { net_type: "IN", addr_type: "IP4", address: "192.0.2.9" };
    let edit = MediaEdit { connection: Some(connection), ..MediaEdit::default() };
    let written = Rewrite::new(&sdp, SessionEdit::default(), &[edit]).unwrap().to_string();
    assert_eq!(written, text.replace("x=y", "c=IN IP4 192.0.2.9\r\nx=y"));
}

/// A line that would make the SDP unreadable is not written: another version than 0, an m-line
/// without its four parts.
#[test]
fn lines_that_decide_over_all_are_looked_at() {
    for (letter, value, field) in [
        ('v', "0", None),
        ('v', "1", Some("version")),
        ('m', "audio 9/2 RTP/AVP 0", None),
        ('m', "audio 9 RTP/AVP", Some("m-line")),
        ('m', "audio x RTP/AVP 0", Some("m-line")),
        ('b', "AS:64", None),
        ('B', "AS:64", Some("type of a line")),
    ] {
        let mut text = String::new();
        let written = SdpWriter::new(&mut text).line(letter, value);
        assert_eq!(written, field.map_or(Ok(()), |field| Err(WriteError::Value { field })));
        assert_eq!(text.is_empty(), field.is_some(), "{letter}={value}");
    }
}

/// The policy of a line is that of its session parameters.
#[test]
fn parameters_are_a_policy() {
    let parameters = SessionParameters { unencrypted_srtcp: true, ..SessionParameters::default() };
    let policy = Policy::from(parameters);
    assert_eq!(policy, parameters.policy());
    assert!(policy.unencrypted_srtcp && !policy.unencrypted_srtp);
}

/// RFC 8866 §5.10: repeat times belong to a time that stands before them.
#[test]
fn repeat_times_without_a_time() {
    let sdp = Sdp::parse("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nr=7d 1h 0\r\n").unwrap();
    let remarks: Vec<_> = sdp.remarks().map(|it| (it.line_number, it.kind)).collect();
    assert_eq!(remarks, [(4, RemarkKind::OutOfOrder), (4, RemarkKind::MissingTime)]);
}
