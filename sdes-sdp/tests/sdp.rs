//! Whole session descriptions: what is read out of those in test-vectors/sdes, what is remarked
//! on, what is refused, and that a bad line never spoils the others.
//!
//! Read first: RFC 8866 §5, RFC 4568 §4.

// clippy.toml frees `#[test]` functions; their helpers here are as much a test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use sdes_sdp::{
    CryptoErrorKind, CryptoLine, CryptoSuite, Direction, MediaKind, Profile, RemarkKind, Sdp,
    SdpErrorKind, Tolerance,
};

macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/sdes/sdp/", $name))
    };
}

#[test]
fn the_example_of_rfc4568() {
    let sdp = Sdp::parse_with(vector!("rfc4568-4.5.sdp"), Tolerance::Strict).unwrap();
    assert_eq!(sdp.origin().unwrap().session_version, "2890842807");
    assert_eq!(sdp.session_name(), Some("SDP Seminar"));
    assert_eq!(sdp.media_count(), 3);

    let media: Vec<_> = sdp.media().collect();
    let facts: Vec<_> = media
        .iter()
        .map(|m| (m.index(), m.line_number(), m.kind(), m.port(), m.profile()))
        .collect();
    assert_eq!(
        facts,
        [
            (0, 9, MediaKind::Video, 51372, Profile::RtpSavp),
            (1, 11, MediaKind::Audio, 49170, Profile::RtpSavp),
            (2, 13, MediaKind::Application, 32416, Profile::Other("udp")),
        ]
    );
    for section in &media {
        let connection = section.connection().unwrap();
        assert_eq!((connection.address, connection.host()), ("161.44.17.12/127", "161.44.17.12"));
        assert_eq!(section.own_connection(), None);
        assert_eq!(section.direction(), Direction::SendRecv);
        assert_eq!(section.has_crypto(), section.index() < 2);
    }
    let video = media[0].crypto().next().unwrap();
    assert_eq!(video.line_number, 10);
    let video = video.parsed.unwrap().meaning().unwrap();
    assert_eq!(video.suite(), CryptoSuite::AesCm128HmacSha1_80);
    assert_eq!(media[2].attributes().next().unwrap().value, Some("portrait"));
    assert_eq!(media[2].formats().collect::<Vec<_>>(), ["wb"]);
}

#[test]
fn everything_negotiation_asks_for() {
    let sdp = Sdp::parse_with(vector!("sdes-and-dtls-offer.sdp"), Tolerance::Strict).unwrap();
    assert_eq!(sdp.direction(), Some(Direction::RecvOnly));
    assert!(sdp.connection().unwrap().ip().unwrap().is_ipv6());
    let [audio, video, fax] = sdp.media().collect::<Vec<_>>()[..] else { panic!() };

    assert_eq!((audio.port(), audio.port_count()), (54400, 2));
    assert_eq!(audio.connection().unwrap().address, "192.0.2.8");
    assert_eq!(audio.direction(), Direction::SendOnly);
    assert_eq!((audio.mid(), audio.ptime()), (Some("a"), Some("30")));
    assert!(audio.rtcp_mux() && audio.cryptex());
    assert_eq!(audio.rtpmap("96"), Some("opus/48000"));
    assert_eq!(audio.fmtp("96"), Some("minptime=20; useinbandfec=1"));
    assert_eq!(audio.rtpmap("9"), None);
    assert_eq!(audio.ssrcs().collect::<Vec<_>>(), [1734522595, 1734522595, u32::MAX]);
    // The session's setup and fingerprint say that DTLS is on offer here too.
    assert_eq!(audio.setup(), Some("actpass"));
    assert!(audio.fingerprint().unwrap().starts_with("sha-256 19:E2"));

    assert!(video.profile().is_dtls());
    assert_eq!((video.port(), video.direction()), (0, Direction::Inactive));
    assert_eq!(video.fingerprint(), Some("sha-256 00:11"));
    assert!(!video.rtcp_mux() && !video.has_crypto());

    assert_eq!((fax.kind(), fax.profile()), (MediaKind::Image, Profile::Udptl));
    assert_eq!(fax.direction(), Direction::RecvOnly);
}

/// RFC 5939 §3.2: the values are handed out raw, and the capability is itself a crypto line.
#[test]
fn capabilities_of_rfc5939() {
    let sdp = Sdp::parse(vector!("rfc5939-3.2-offer.sdp")).unwrap();
    let audio = sdp.media().next().unwrap();
    assert_eq!(audio.values("tcap").collect::<Vec<_>>(), ["1 RTP/SAVP"]);
    assert_eq!(audio.values("pcfg").collect::<Vec<_>>(), ["1 t=1 a=1"]);
    let (number, attribute) = audio.values("acap").next().unwrap().split_once(' ').unwrap();
    assert_eq!(number, "1");
    let line = CryptoLine::parse(attribute).unwrap().meaning().unwrap();
    assert_eq!(line.keys()[0].mki().as_bytes(), [0, 0, 0, 1]);
    assert!(!audio.has_crypto());
    let answer = Sdp::parse(vector!("rfc5939-3.2-answer.sdp")).unwrap();
    assert_eq!(answer.media().next().unwrap().values("acfg").collect::<Vec<_>>(), ["1 t=1 a=1"]);
}

/// The Cisco sample in both its readings.
#[test]
fn one_line_or_two() {
    let sdp = Sdp::parse_with(vector!("cisco-offer.sdp"), Tolerance::Strict).unwrap();
    let secure = sdp.media().nth(1).unwrap();
    let line = secure.crypto().next().unwrap().parsed.unwrap().meaning().unwrap();
    assert_eq!((line.mki_len(), line.keys()[0].lifetime()), (32, Some(1 << 20)));

    let sdp = Sdp::parse(vector!("cisco-offer-as-printed.sdp")).unwrap();
    let secure = sdp.media().nth(1).unwrap();
    let entry = secure.crypto().next().unwrap();
    assert_eq!((entry.line_number, entry.parsed.unwrap_err().column), (10, 35));
    assert_eq!(entry.parsed.unwrap_err().kind, CryptoErrorKind::BrokenInTwo);
    assert!(secure.crypto().nth(1).is_none());
    let remarks: Vec<_> = sdp.remarks().collect();
    assert_eq!(
        remarks[0].to_string(),
        "line 11, column 1: the second half of a crypto line that was broken in two, ignored; \
         in an SDP it is one line (RFC 4568 §4)"
    );
    assert_eq!(remarks.len(), 1);
}

/// RFC 4568 §5.1.2: each line is judged by itself. Bad lines of every sort between good ones:
/// all are reported with their numbers, the good ones are read.
#[test]
fn a_bad_line_spoils_no_other() {
    let good = |tag| {
        format!(
            "a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
        )
    };
    let bad = [
        "a=crypto:",
        "a=crypto",
        "a=crypto:x",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "a=crypto:2 WHAT_NOT inline:AAAA",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:\u{1F511}",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj X=1",
    ];
    for line in bad {
        let text = format!("v=0\nm=audio 9 RTP/SAVP 0\n{}\n{line}\n{}\n", good(1), good(3));
        let sdp = Sdp::parse(&text).unwrap();
        let audio = sdp.media().next().unwrap();
        let lines: Vec<_> = audio
            .crypto()
            .map(|entry| (entry.line_number, entry.parsed.and_then(|line| line.meaning())))
            .collect();
        assert_eq!(lines.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [3, 4, 5], "{line}");
        assert_eq!(lines[0].1.as_ref().unwrap().tag(), 1);
        assert!(lines[1].1.is_err(), "{line}");
        assert_eq!(lines[2].1.as_ref().unwrap().tag(), 3);
    }
}

/// RFC 4568 §4: at the session level a crypto line is reported and not used.
#[test]
fn crypto_at_the_session_level() {
    let text = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 \
                inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\nm=audio 9 RTP/SAVP 0\r\n";
    let sdp = Sdp::parse(text).unwrap();
    assert_eq!(sdp.session_crypto().next().unwrap().line_number, 2);
    assert_eq!(sdp.media().next().unwrap().crypto().count(), 0);
    assert!(!sdp.media().next().unwrap().has_crypto());
    assert!(sdp.remarks().any(|remark| remark.kind == RemarkKind::SessionCrypto));
}

/// Of several lines that say the same thing the first counts, at each level by itself.
#[test]
fn the_first_of_several_counts() {
    let sdp = Sdp::parse(
        "v=0\nc=IN IP4 a\nc=IN IP4 b\na=sendonly\na=recvonly\nm=audio 9 RTP/AVP 0\nc=IN IP4 c\n\
         c=IN IP4 d\na=mid:1\na=mid:2\na=rtcp:1\na=rtcp:2\na=inactive\na=sendrecv\n\
         m=audio 9 RTP/AVP 0\n",
    )
    .unwrap();
    let [first, second] = sdp.media().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!((first.mid(), first.rtcp().unwrap().port), (Some("1"), 1));
    assert_eq!(first.connection().unwrap().address, "c");
    assert_eq!(first.direction(), Direction::Inactive);
    assert_eq!(second.connection().unwrap().address, "a");
    assert_eq!((second.direction(), second.mid()), (Direction::SendOnly, None));
}

/// Errors with line and column, and what they say.
#[test]
fn what_cannot_be_read() {
    for (text, expected) in [
        (
            "",
            "line 1, column 1: there is neither a `v=` nor an `m=` line; this is no SDP (RFC 8866 §5)",
        ),
        (
            "hello\r\n",
            "line 1, column 1: there is neither a `v=` nor an `m=` line; this is no SDP (RFC 8866 §5)",
        ),
        ("v=1\r\n", "line 1, column 3: the version is not 0 (RFC 8866 §5.1)"),
        (
            "v=0\r\nm=\r\n",
            "line 2, column 3: an `m=` line needs kind, port and profile (RFC 8866 §5.14)",
        ),
        (
            "v=0\r\nm=audio\r\n",
            "line 2, column 8: an `m=` line needs kind, port and profile (RFC 8866 §5.14)",
        ),
        (
            "v=0\r\nm=audio 9 \r\n",
            "line 2, column 11: an `m=` line needs kind, port and profile (RFC 8866 §5.14)",
        ),
        (
            "v=0\r\nm=audio x RTP/AVP 0\r\n",
            "line 2, column 9: the port is not a number from 0 to 65535 (RFC 8866 §5.14)",
        ),
        (
            "v=0\r\nm=audio 65536 RTP/AVP 0\r\n",
            "line 2, column 9: the port is not a number from 0 to 65535 (RFC 8866 §5.14)",
        ),
        (
            "v=0\r\nm=audio 9/ RTP/AVP 0\r\n",
            "line 2, column 11: the number of ports is not a positive number (RFC 8866 §5.14)",
        ),
        (
            "v=0\r\nm=audio 9/0 RTP/AVP 0\r\n",
            "line 2, column 11: the number of ports is not a positive number (RFC 8866 §5.14)",
        ),
    ] {
        assert_eq!(Sdp::parse(text).unwrap_err().to_string(), expected, "{text:?}");
    }
}

/// One SDP for each oddity: it is read, remarked on in its place, and refused when asked to.
#[test]
fn what_is_remarked_on() {
    use RemarkKind::*;
    let head = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n";
    let with = |lines: &str| format!("{head}{lines}");
    for (text, line, column, kind) in [
        ("v=0\no=- 1 1 IN IP4 h\ns=-\nt=0 0\n".into(), 1, 4, BareLf),
        ("v=0\ro=- 1 1 IN IP4 h\rs=-\rt=0 0\r".into(), 1, 4, BareCr),
        (head.trim_end().into(), 4, 6, NoLineEnding),
        (with("\r\n"), 5, 1, EmptyLine),
        (with("nonsense\r\n"), 5, 1, NotALine),
        (with("=x\r\n"), 5, 1, NotALine),
        (with("x=y\r\n"), 5, 1, UnknownType),
        (with("i=too late\r\n"), 5, 1, OutOfOrder),
        (with("v=0\r\n"), 5, 1, OutOfOrder),
        (with("m=audio 9 RTP/AVP 0\r\nt=0 0\r\n"), 6, 1, OutOfOrder),
        (with("m=audio 9 RTP/AVP 0\r\ni=a\r\ni=b\r\n"), 7, 1, OutOfOrder),
        (
            "o=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n".into(),
            1,
            1,
            MissingVersion,
        ),
        ("v=0\r\ns=-\r\nt=0 0\r\n".into(), 3, 1, MissingOrigin),
        ("v=0\r\no=- 1 1 IN IP4 h\r\nt=0 0\r\n".into(), 3, 1, MissingSessionName),
        ("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=a 9 b c\r\n".into(), 4, 1, MissingTime),
        ("v=0\r\no=- 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n".into(), 2, 3, Origin),
        (with("m=audio 9 RTP/AVP 0\r\nc=IN IP4\r\n"), 6, 3, Connection),
        (with("m=audio  9 RTP/AVP 0\r\n"), 5, 8, Blanks),
        (with("m=audio 9 RTP/AVP 0 \r\n"), 5, 20, Blanks),
        (with("m=audio\t9 RTP/AVP 0\r\n"), 5, 8, Blanks),
        (with("m=audio 0 RTP/AVP\r\n"), 5, 18, NoFormats),
        (with("a=x\0y\r\n"), 5, 4, Nul),
    ] {
        let sdp = Sdp::parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let remarks: Vec<_> = sdp.remarks().collect();
        let found = remarks.iter().map(|r| (r.line_number, r.column, r.kind)).collect::<Vec<_>>();
        assert_eq!(found, [(line, column, kind)], "{text:?}");
        let refused = Sdp::parse_with(&text, Tolerance::Strict).unwrap_err();
        assert_eq!((refused.line_number, refused.column), (line, column), "{text:?}");
        assert_eq!(refused.kind, SdpErrorKind::Refused(kind));
        assert!(refused.to_string().ends_with("; refused by the tolerance chosen"));
    }
}

/// The oddest line there is: nothing of what can be said about it gets lost.
#[test]
fn one_line_with_every_oddity() {
    let sdp = Sdp::parse("m=a\0 9 b \n").unwrap();
    let remarks: Vec<_> = sdp.remarks().map(|remark| remark.kind).collect();
    use RemarkKind::*;
    assert_eq!(
        remarks,
        [
            MissingVersion,
            Nul,
            MissingOrigin,
            MissingSessionName,
            MissingTime,
            NoFormats,
            Blanks,
            BareLf
        ]
    );
}

/// The same description with every line ending there is, mixed ones among them.
#[test]
fn line_endings_change_nothing() {
    let text = vector!("typical-invite.sdp");
    let of = |text: &str| {
        let sdp = Sdp::parse(text).unwrap();
        let sections: Vec<_> = sdp
            .media()
            .map(|m| {
                let tags: Vec<_> = m.crypto().map(|entry| entry.parsed.unwrap().tag()).collect();
                let numbers: Vec<_> = m.crypto().map(|entry| entry.line_number).collect();
                (m.port(), m.mid().map(str::to_string), m.direction(), tags, numbers)
            })
            .collect();
        format!("{sections:?} {:?}", sdp.origin())
    };
    let mut mixed = String::new();
    for (line, ending) in text.lines().zip(["\r", "\n", "\r\n"].iter().cycle()) {
        mixed += line;
        mixed += ending;
    }
    for other in [text.replace("\r\n", "\n"), text.replace("\r\n", "\r"), mixed] {
        assert_eq!(of(&other), of(text));
    }
    assert_eq!(Sdp::parse_with(text, Tolerance::Strict).unwrap().remarks().count(), 0);
}

/// A body of nothing but line breaks, or of one endless line, costs no more than its length.
#[test]
fn hostile_lengths_are_walked_once() {
    let breaks = format!("v=0{}", "\r".repeat(1 << 20));
    assert_eq!(Sdp::parse(&breaks).unwrap().remarks().count(), (1 << 20) - 1 + 4);
    let endless = format!("v=0\r\na=crypto:1 {}", "A".repeat(1 << 20));
    let sdp = Sdp::parse(&endless).unwrap();
    assert!(sdp.session_crypto().next().unwrap().parsed.is_err());
}

/// No key in any `Debug`.
#[test]
fn debug_shows_no_key() {
    let sdp = Sdp::parse(vector!("polycom-scenario-one.sdp")).unwrap();
    let audio = sdp.media().next().unwrap();
    let said = format!(
        "{sdp:?} {audio:?} {:?} {:?}",
        audio.attributes().collect::<Vec<_>>(),
        audio.crypto().collect::<Vec<_>>()
    );
    assert!(!said.contains("nl326") && said.contains("2230"), "{said}");
}
