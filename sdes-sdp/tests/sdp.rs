//! Whole session descriptions: what is read out of those in test-vectors/sdes, what is remarked
//! on, what is refused, and that a bad line never spoils the others.
//!
//! Read first: RFC 8866 §5, RFC 4568 §4.

// clippy.toml frees `#[test]` functions; their helpers here are as much a test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use sdes_sdp::{
    Configuration, CryptoErrorKind, CryptoLine, CryptoSuite, Direction, MediaKind, Profile,
    RemarkKind, Sdp, SdpErrorKind, Tolerance,
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
    // The same in types.
    assert!(audio.transport_capabilities().eq([(1, Profile::RtpSavp)]));
    let capability = audio.attribute_capabilities().next().unwrap();
    assert_eq!(capability.crypto().unwrap().unwrap().meaning(), Ok(line));
    let potential = audio.potential_configurations().next().unwrap();
    assert!(potential.transports().eq([1]) && potential.attributes().count() == 1);
    assert!(potential.attributes().all(|list| list.mandatory().eq([capability.number])));
    let answer = Sdp::parse(vector!("rfc5939-3.2-answer.sdp")).unwrap();
    assert_eq!(answer.media().next().unwrap().values("acfg").collect::<Vec<_>>(), ["1 t=1 a=1"]);
}

/// RFC 5939 §3.4.1, §3.4.2 and §3.5.1: the examples there, and what is none.
#[test]
fn capabilities_as_the_rfc_writes_them() {
    let text = "v=0\na=tcap:1 RTP/AVPF\na=acap:9 key-mgmt:x\nm=audio 9 RTP/AVP 0\n\
                a=tcap:3 RTP/SAVP RTP/SAVPF\na=tcap:0 RTP/SAVP\na=acap:1 ptime:20\n\
                a=acap:x ptime:20\na=acap:2147483648 x\na=acap:2\na=pcfg:1 t=4|3 a=1\n\
                a=pcfg:8 t=1|2\na=pcfg:2 a=-m:1,2,[3,4]|1,7,[5]\na=pcfg:3 a=-ms\na=pcfg:4 +x=1\n\
                a=pcfg:5 a\na=pcfg:6 a=[7]\n";
    let sdp = Sdp::parse(text).unwrap();
    assert!(sdp.transport_capabilities().eq([(1, Profile::RtpAvpf)]));
    assert_eq!(sdp.attribute_capabilities().next().unwrap().attribute, "key-mgmt:x");
    let audio = sdp.media().next().unwrap();
    let expected = [(3, Profile::RtpSavp), (4, Profile::RtpSavpf)];
    assert!(audio.transport_capabilities().eq(expected));
    let attributes: Vec<_> = audio.attribute_capabilities().collect();
    assert_eq!(attributes.len(), 1);
    assert_eq!((attributes[0].number, attributes[0].attribute), (1, "ptime:20"));
    assert!(attributes[0].crypto().is_none());
    let said: Vec<_> = audio
        .potential_configurations()
        .map(|one| {
            let lists: Vec<_> = one
                .attributes()
                .map(|list| {
                    (list.delete, list.mandatory().collect(), list.optional().collect::<Vec<_>>())
                })
                .collect();
            (one.number(), one.transports().collect::<Vec<_>>(), lists, one.needs_extension())
        })
        .collect();
    let none = || ("", vec![], vec![]);
    assert_eq!(
        said,
        [
            (1, vec![4, 3], vec![("", vec![1], vec![])], false),
            (8, vec![1, 2], vec![none()], false),
            (2, vec![], vec![("-m", vec![1, 2], vec![3, 4]), ("-m", vec![1, 7], vec![5])], false),
            (3, vec![], vec![("-ms", vec![], vec![])], false),
            (4, vec![], vec![none()], true),
            (6, vec![], vec![("", vec![], vec![7])], false),
        ]
    );
}

/// RFC 5939 §3.5.1: a list that its grammar does not know makes the whole configuration invalid, for
/// what it insists on is not known.
#[test]
fn a_malformed_list_is_no_configuration() {
    for value in ["1", "1 t=1", "1 a=1", "1 a=-s", "1 a=-ms:1|[2,3]|4,[5] t=2|1", "1 x=*"] {
        assert!(Configuration::parse(value).is_some(), "{value}");
    }
    for list in [
        "t=",
        "t=x",
        "t=0",
        "t=1|",
        "t=1||2",
        "t=1,2",
        "t=2147483648",
        "t=+1",
        "a=",
        "a=x",
        "a=0",
        "a=1,x",
        "a=1,",
        "a=1||2",
        "a=1|",
        "a=1,[",
        "a=1,[]",
        "a=1,[2",
        "a=1[2]",
        "a=,[2]",
        "a=[2],1",
        "a=[2]]",
        "a=[2,]",
        "a=-",
        "a=-x",
        "a=-x:1",
        "a=-m:",
        "a=-m:x",
        "a=:1",
        "a=m:1",
    ] {
        assert_eq!(Configuration::parse(&format!("1 {list}")), None, "{list}");
    }
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
    // Every case but the one about it has a connection address where it needs one.
    let head = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 h\r\nt=0 0\r\n";
    let with = |lines: &str| format!("{head}{lines}");
    for (text, line, column, kind) in [
        ("v=0\no=- 1 1 IN IP4 h\ns=-\nt=0 0\n".into(), 1, 4, BareLf),
        ("v=0\ro=- 1 1 IN IP4 h\rs=-\rt=0 0\r".into(), 1, 4, BareCr),
        (head.trim_end().into(), 5, 6, NoLineEnding),
        (with("\r\n"), 6, 1, EmptyLine),
        (with("nonsense\r\n"), 6, 1, NotALine),
        (with("=x\r\n"), 6, 1, NotALine),
        (with("1=x\r\n"), 6, 1, NotALine),
        (with("x=y\r\n"), 6, 1, UnknownType),
        (with("i=too late\r\n"), 6, 1, OutOfOrder),
        (with("v=0\r\n"), 6, 1, OutOfOrder),
        (with("z=3730928400 1h\r\n"), 6, 1, OutOfOrder),
        (with("m=audio 9 RTP/AVP 0\r\nt=0 0\r\n"), 7, 1, OutOfOrder),
        (with("m=audio 9 RTP/AVP 0\r\ni=a\r\ni=b\r\n"), 8, 1, OutOfOrder),
        (
            "o=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP4 h\r\n".into(),
            1,
            1,
            MissingVersion,
        ),
        ("v=0\r\ns=-\r\nt=0 0\r\n".into(), 3, 1, MissingOrigin),
        ("v=0\r\no=- 1 1 IN IP4 h\r\nt=0 0\r\n".into(), 3, 1, MissingSessionName),
        ("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=a 9 b c\r\nc=IN IP4 h\r\n".into(), 4, 1, MissingTime),
        ("v=0\r\no=- 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n".into(), 2, 3, Origin),
        (with("m=audio 9 RTP/AVP 0\r\nc=IN IP4\r\n"), 7, 3, Connection),
        (with("m=audio  9 RTP/AVP 0\r\n"), 6, 8, Blanks),
        (with("m=audio 9 RTP/AVP 0 \r\n"), 6, 20, Blanks),
        (with("m=audio\t9 RTP/AVP 0\r\n"), 6, 8, Blanks),
        (with("m=audio 0 RTP/AVP\r\n"), 6, 18, NoFormats),
        (with("a=x:\0y\r\n"), 6, 5, Nul),
        (head.replacen("v=0", "v=\t0", 1), 1, 3, Blanks),
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

/// RFC 8866 §9, line by line: what its grammar has is passed over in silence, and of what it has
/// not the column is named. `|` marks the place of the fault.
#[test]
fn the_grammar_of_each_line() {
    use RemarkKind::*;
    // Lines before and behind, so that only the one in question can be at fault.
    let fine = [
        "s=a session",
        "i=\u{e9}",
        "u=http://www.example.com/%7Ea?b=c#d",
        "u=",
        "e=j.doe@example.com",
        "e=j.doe@example.com (Jane Doe)",
        "e=Jane Doe <j.doe@example.com>",
        "e=\"j d\"@example.com",
        "e=j\u{e9}@example.com",
        "p=+1 617 555-6011",
        "p=+1 617 555-6011 (Jane Doe)",
        "p=Jane Doe <+1 617 555-6011>",
        "b=AS:64",
        "b=X-YZ:128",
        "t=0 0",
        "t=3724394400 3724398000",
        "t=3724394400 0",
        "a=x",
        "a=x:y",
        "a=x:y z",
        "a=recvonly",
        "a=cryptex",
        "a=rtcp-mux",
        "a=mid:a",
        "a=ptime:20",
        "a=ptime:2.5",
        "a=ptime:0.25",
        "a=setup:actpass",
        "a=fingerprint:sha-256 00:aF",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 a=b",
        "a=ssrc:1 cname:x",
        "a=rtcp:9 IN IP4 h",
        "a=tcap:1 RTP/SAVP RTP/SAVPF",
        "a=acap:1 crypto:1 X inline:y",
        "a=pcfg:1 t=1 a=1|2",
        "a=acfg:1",
        "c=IN IP4 192.0.2.1",
        "c=IN IP4 233.252.0.1/127",
        "c=IN IP4 233.252.0.1/1/3",
        "c=IN IP6 ff00::1/3",
        "c=IN IP6 2001:db8::1",
        "c=IN IP6 host.example.com",
        "c=IN IP4 host.example.com",
        "c=ATM NSAP 47.00",
        "m=audio 9 RTP/AVP 0 8",
        "m=audio 9/2 udp *",
        "o=- 1 1 IN IP6 ::1",
        "t=0 0\r\nr=604800 3600 0 90000",
        "t=0 0\r\nr=7d 1h 0 25h",
        "t=0 0\r\nr=7d 1h 0 25h\r\nz=3730928400 -1h 3749680800 0",
        "t=0 0\r\nr=7d 1h 0 25h\r\nz=3730928400 -1h",
    ];
    let odd = [
        ("s=|", EmptyText),
        ("i=|", EmptyText),
        ("u=ab| c", Uri),
        ("u=|<a>", Uri),
        ("u=a|%4x", Uri),
        ("e=|nobody", Email),
        ("e=|a@", Email),
        ("e=|a@b (c", Email),
        ("e=|a b@c", Email),
        ("e=|Jane <a(b)@c>", Email),
        ("e=|a@b (c(d)", Email),
        ("e=|Jane <a>", Email),
        ("p=|", Phone),
        ("p=|1", Phone),
        ("p=|+1x2", Phone),
        ("p=|12 (a)b", Phone),
        ("p=|Jane <x>", Phone),
        ("p=|<12>", Phone),
        ("b=AS|", Bandwidth),
        ("b=|:1", Bandwidth),
        ("b=AS:|-1", Bandwidth),
        ("b=AS:|", Bandwidth),
        ("t=0|", Time),
        ("t=|1 0", Time),
        ("t=0 |0123456789", Time),
        ("t=0 0 |0", Time),
        ("t=0 |x", Time),
        ("t=0 | 0", Time),
        ("t=0 0\r\nr=7d 1h|", RepeatTimes),
        ("t=0 0\r\nr=|0 1h 0", RepeatTimes),
        ("t=0 0\r\nr=7d |1w 0", RepeatTimes),
        ("t=0 0\r\nr=7d 1h 0\r\nz=|0 1h", TimeZones),
        ("t=0 0\r\nr=7d 1h 0\r\nz=3730928400|", TimeZones),
        ("t=0 0\r\nr=7d 1h 0\r\nz=3730928400 -1h 3749680800|", TimeZones),
        ("t=0 0\r\nr=7d 1h 0\r\nz=3730928400 |+1h", TimeZones),
        ("k=|prompt", KeyField),
        ("k=|clear:secret", KeyField),
        ("a=|", AttributeName),
        ("a=|:x", AttributeName),
        ("a=|a b:c", AttributeName),
        ("a=x:|", AttributeValue),
        ("a=cryptex:|1", AttributeValue),
        ("a=mid|", AttributeValue),
        ("a=rtcp-mux:|x", AttributeValue),
        ("a=ptime:|0", AttributeValue),
        ("a=ptime:|2.50", AttributeValue),
        ("a=ptime:|2.", AttributeValue),
        ("a=ptime:|2.x", AttributeValue),
        ("a=ptime:|x.5", AttributeValue),
        ("a=ptime:|02.5", AttributeValue),
        ("a=fmtp:|96", AttributeValue),
        ("a=fmtp:|, x", AttributeValue),
        ("a=setup:|both", AttributeValue),
        ("a=fingerprint:|sha-256 0", AttributeValue),
        ("a=rtpmap:|0 PCMU", AttributeValue),
        ("a=ssrc:|1", AttributeValue),
        ("a=ssrc:|4294967296 cname:x", AttributeValue),
        ("a=rtcp:|x", AttributeValue),
        ("a=tcap:|0 RTP/SAVP", AttributeValue),
        ("a=acap:|1", AttributeValue),
        ("a=pcfg:|1 t", AttributeValue),
        ("a=crypto|", AttributeValue),
        ("c=IN IP4 |192.0.2.256", Address),
        ("c=IN IP4 |233.252.0.1", Address),
        ("c=IN IP6 |ff00::1/127/x", Address),
        ("c=IN IP4 |192.0.2.1/127/3", Address),
        ("c=IN IP4 |233.252.0.1/1/0", Address),
        ("c=IN IP4 |host/x", Address),
        ("o=- 1 1 IN IP4 |a/b", Address),
        ("o=- 1 1 IN IP4 |a:b", Address),
        ("c=IN IP6 |1::2::3", Address),
        ("c=IN IP0 |\u{11}68.2.17.12", Address),
        ("c=ATM NSAP |\u{7f}", Address),
        ("o=a|\u{11} 1 1 IN IP4 h", UserName),
        ("o=- 1 1 IN X |\u{11}", Address),
        ("c=|I@N IP4 a", Address),
        ("o=a| b 1 1 IN IP4 h", UserName),
        ("o=- 1 1 IN IP4 |1.2.3", Address),
        ("m=|au/dio 9 udp 0", MediaField),
        ("m=audio 9 |RTP//AVP 0", MediaField),
        ("m=audio 9 RTP/AVP 0 |[8]", MediaField),
    ];
    let order = b"vosiuepcbtrzka";
    let cases = fine.into_iter().map(|line| (line, None));
    for (line, kind) in cases.chain(odd.map(|(line, kind)| (line, Some(kind)))) {
        let written = line.replacen('|', "", usize::from(kind.is_some()));
        let letter = written.as_bytes()[0];
        let base = ["v=0", "o=- 1 1 IN IP4 h", "s=-", "c=IN IP4 h", "t=0 0", "m=audio 9 RTP/AVP 0"];
        let place = |c: u8| order.iter().position(|l| *l == c).unwrap_or(order.len());
        let mut lines: Vec<_> =
            base.into_iter().filter(|line| line.as_bytes()[0] != letter).collect();
        let at = lines.iter().take_while(|l| place(l.as_bytes()[0]) < place(letter)).count();
        lines.insert(at, &written);
        // A crypto line at the session level would be remarked on for standing there.
        if line.starts_with("a=") {
            let attribute = lines.remove(at);
            lines.push(attribute);
        }
        let text = lines.join("\r\n") + "\r\n";
        let found: Vec<_> = Sdp::parse(&text)
            .unwrap_or_else(|error| panic!("{text:?}: {error}"))
            .remarks()
            .map(|remark| (remark.line_number, remark.column, remark.kind))
            .collect();
        let expected = kind.map(|kind| {
            let whole = text.split_once(&written).unwrap().0.to_string() + line;
            let before = whole.split_once('|').unwrap().0;
            let last = before.rsplit('\n').next().unwrap();
            (before.matches('\n').count() + 1, last.len() + 1, kind)
        });
        // Two blanks are a fault of their own.
        assert_eq!(found, Vec::from_iter(expected), "{text:?}");
    }
}

/// RFC 8866 §5 and §9: a description with every type of line there still is, most of them with the
/// values of its own examples, has nothing odd about it.
#[test]
fn every_line_of_rfc8866() {
    let sdp = Sdp::parse_with(vector!("rfc8866-every-line.sdp"), Tolerance::Strict).unwrap();
    let [audio, video] = sdp.media().collect::<Vec<_>>()[..] else { panic!() };
    // RFC 9335 §4: `a=cryptex` at the session level is that of every media section.
    assert!(sdp.cryptex() && audio.cryptex() && video.cryptex());
    assert_eq!(audio.connection().unwrap().host(), "233.252.0.1");
    assert_eq!((audio.ptime(), video.port_count()), (Some("2.5"), 2));
}

/// RFC 8866 §5.7: each media section has a connection address, its own or the session's.
#[test]
fn a_connection_address_for_everyone() {
    let head = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\n";
    let [session, media, own] = ["c=IN IP4 h\r\n", "m=audio 9 RTP/AVP 0\r\n", "c=IN IP4 h\r\n"];
    for (text, missing) in [
        (format!("{head}t=0 0\r\n"), vec![]),
        (format!("{head}{session}t=0 0\r\n{media}{media}"), vec![]),
        (format!("{head}t=0 0\r\n{media}{own}{media}{own}"), vec![]),
        (format!("{head}t=0 0\r\n{media}{media}{own}"), vec![5]),
        (format!("{head}t=0 0\r\n{media}{own}{media}"), vec![7]),
        (format!("{head}t=0 0\r\n{media}{media}"), vec![5, 6]),
        (format!("{head}{session}t=0 0\r\n{media}{own}{media}"), vec![]),
    ] {
        let sdp = Sdp::parse(&text).unwrap();
        let found: Vec<_> = sdp.remarks().map(|r| (r.line_number, r.kind)).collect();
        let expected: Vec<_> =
            missing.into_iter().map(|line| (line, RemarkKind::MissingConnection)).collect();
        assert_eq!(found, expected, "{text:?}");
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
            MediaField,
            NoFormats,
            Blanks,
            BareLf,
            MissingConnection
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
