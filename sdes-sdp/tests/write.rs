//! Writing: new descriptions that are exactly those of the vendors' documents, and rewritten ones
//! in which nothing changes but what was asked for.
//!
//! Read first: RFC 8866 §5, RFC 3264 §6.

// clippy.toml frees `#[test]` functions; their helpers here are as much a test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use proptest::prelude::*;
use sdes_sdp::{
    Connection, CryptoAttribute, CryptoEdit, CryptoLine, Direction, Emit, LineEnding, MasterKey,
    MediaDescription, MediaEdit, Origin, Rewrite, Sdp, SdpWriter, SessionDescription, SessionEdit,
    SessionParameters, WriteError,
};

macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/sdes/sdp/", $name))
    };
}

const ALL_SDP: &[&str] = &[
    vector!("cisco-answer.sdp"),
    vector!("cisco-offer.sdp"),
    vector!("cisco-offer-as-printed.sdp"),
    vector!("polycom-scenario-one.sdp"),
    vector!("polycom-scenario-two.sdp"),
    vector!("polycom-scenario-three.sdp"),
    vector!("rfc4568-4.5.sdp"),
    vector!("rfc4568-7.1.5-answer.sdp"),
    vector!("rfc4568-7.1.5-offer.sdp"),
    vector!("rfc8866-every-line.sdp"),
    vector!("rfc5939-3.2-answer.sdp"),
    vector!("rfc5939-3.2-offer.sdp"),
    vector!("sdes-and-dtls-offer.sdp"),
    vector!("typical-invite.sdp"),
];

fn line(tag: u32, text: &str) -> CryptoAttribute {
    let line = format!("a=crypto:{tag} {text}");
    CryptoLine::parse(&line).unwrap().meaning().unwrap()
}

/// The Polycom bulletin's three scenarios: `a=sendrecv` before the crypto line, SAVP before AVP.
#[test]
fn the_polycom_scenarios() {
    let suite = "AES_CM_128_HMAC_SHA1_80 inline:";
    for (port, rest, with_avp, expected) in [
        (
            2230,
            "nl326xLShGuIXLMkyqo+ExM5GPbz+MLbWMZotRRI",
            true,
            vector!("polycom-scenario-one.sdp"),
        ),
        (
            2222,
            "W1AGU0FjVJv0avRW8JgztcoE6B2dBAyIlXCdQh7w",
            false,
            vector!("polycom-scenario-two.sdp"),
        ),
        (
            2224,
            "ApP9lqvXICbkc18R6P+OBNErRM5Jwa3kmhn84idw UNAUTHENTICATED_SRTP",
            true,
            vector!("polycom-scenario-three.sdp"),
        ),
    ] {
        let crypto = line(1, &format!("{suite}{rest}"));
        let mut text = String::new();
        let mut sdp = SdpWriter::new(&mut text);
        let formats = &["0", "8", "18", "101"];
        let mut section = |profile, crypto: Option<&CryptoAttribute>| {
            sdp.media(&MediaDescription { kind: "audio", port, profile, formats })?;
            if let Some(crypto) = crypto {
                sdp.direction(Direction::SendRecv)?;
                sdp.crypto(&crypto.line(&Emit::default()))?;
            }
            sdp.rtpmap("0", "PCMU/8000")?;
            sdp.rtpmap("8", "PCMA/8000")?;
            sdp.rtpmap("18", "G729/8000")?;
            sdp.rtpmap("101", "telephone-event/8000")
        };
        section("RTP/SAVP", Some(&crypto)).unwrap();
        if with_avp {
            section("RTP/AVP", None).unwrap();
        }
        assert_eq!(text, expected);
    }
}

/// The Cisco sample, `a=rtptime` as the document has it.
#[test]
fn the_cisco_offer_and_answer() {
    let address = Connection { net_type: "IN", addr_type: "IP4", address: "172.18.193.98" };
    let session = SessionDescription {
        origin: Origin {
            username: "CiscoSystemsSIP-GW-UserAgent",
            session_id: "7826",
            session_version: "3751",
            net_type: "IN",
            addr_type: "IP4",
            address: "172.18.193.98",
        },
        name: "SIP Call",
        connection: Some(address),
        time: (0, 0),
    };
    let write = |ports: [u16; 2], second_rtptime: bool, key: &str| {
        let crypto = line(1, &format!("AES_CM_128_HMAC_SHA1_32 inline:{key}|2^20|1:32"));
        let mut text = String::new();
        let mut sdp = SdpWriter::new(&mut text);
        sdp.session(&session)?;
        let media =
            |port, profile| MediaDescription { kind: "audio", port, profile, formats: &["0"] };
        sdp.media(&media(ports[0], "RTP/AVP"))?;
        sdp.attribute("rtptime", Some("0 PCMU/8000"))?;
        sdp.media(&media(ports[1], "RTP/SAVP"))?;
        if second_rtptime {
            sdp.attribute("rtptime", Some("0 PCMU/8000"))?;
        }
        sdp.crypto(&crypto.value(&Emit::default()))?;
        Ok::<_, WriteError>(text)
    };
    let offer = write([1789, 51372], true, "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAWJSoj");
    assert_eq!(offer.unwrap(), vector!("cisco-offer.sdp"));
    let answer = write([0, 49170], false, "NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj");
    assert_eq!(answer.unwrap(), vector!("cisco-answer.sdp"));
}

/// No value can smuggle in a line, a word or an attribute of its own; nothing of such a line is
/// written.
#[test]
fn values_cannot_break_out() {
    let mut text = String::new();
    let mut sdp = SdpWriter::with_line_ending(&mut text, LineEnding::Lf);
    let value = |result: Result<(), WriteError>| matches!(result, Err(WriteError::Value { .. }));
    for evil in ["x\r\na=y", "x\ny", "x\ry", "x\0y"] {
        assert!(value(sdp.attribute("x", Some(evil))), "{evil:?}");
        assert!(value(sdp.attribute(evil, None)), "{evil:?}");
        assert!(value(sdp.line('b', evil)), "{evil:?}");
        assert!(value(sdp.rtpmap("0", evil)), "{evil:?}");
        let sdp_text = Sdp::parse("v=0\nm=audio 9 RTP/AVP 0\n").unwrap();
        let add: &[&str] = &[evil];
        let session = SessionEdit { add, ..SessionEdit::default() };
        assert!(Rewrite::new(&sdp_text, session, &[]).is_err(), "{evil:?}");
        for edit in [
            MediaEdit { add, ..MediaEdit::default() },
            MediaEdit { formats: Some(add), ..MediaEdit::default() },
            MediaEdit { profile: Some(evil), ..MediaEdit::default() },
        ] {
            assert!(Rewrite::new(&sdp_text, SessionEdit::default(), &[edit]).is_err(), "{evil:?}");
        }
    }
    for evil in ["", "two words", "a:b", "tab\t"] {
        assert!(value(sdp.attribute(evil, None)), "{evil:?}");
    }
    let media = MediaDescription { kind: "audio", port: 1, profile: "RTP/AVP", formats: &[] };
    assert!(value(sdp.media(&media)));
    assert!(value(sdp.line('=', "x")));
    let connection = Connection { net_type: "IN", addr_type: "IP4", address: "1.2.3.4 x" };
    assert!(value(sdp.connection(&connection)));
    assert_eq!(text, "");
}

/// Without an edit every byte is the same; with one, all lines but those it speaks of are.
#[test]
fn a_rewrite_without_edits_is_the_text() {
    for text in ALL_SDP {
        for text in [text.to_string(), text.replace("\r\n", "\n"), text.trim_end().to_string()] {
            let sdp = Sdp::parse(&text).unwrap();
            let again = Rewrite::new(&sdp, SessionEdit::default(), &[]).unwrap().to_string();
            assert_eq!(again, text);
        }
    }
}

/// An answer to the Polycom phone in the Cisco manner: same sections in the same places, one
/// crypto line in place of the offered, the plain stream with port 0, unknown lines kept.
#[test]
fn an_answer_keeps_order_and_unknown_lines() {
    let offer =
        vector!("polycom-scenario-one.sdp").replacen("a=rtpmap:8 ", "a=x-y:z\r\na=rtpmap:8 ", 1);
    let sdp = Sdp::parse(&offer).unwrap();
    let ours = line(1, "AES_CM_128_HMAC_SHA1_80 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj");
    let emit = Emit::default();
    let crypto = [ours.line(&emit)];
    let edits = [
        MediaEdit {
            port: Some(4000),
            formats: Some(&["8", "101"]),
            direction: Some(Direction::RecvOnly),
            crypto: CryptoEdit::Replace(&crypto),
            connection: Some(Connection { net_type: "IN", addr_type: "IP4", address: "192.0.2.9" }),
            add: &["ptime:20"],
            ..MediaEdit::default()
        },
        MediaEdit { drop: &["rtpmap"], ..MediaEdit::REJECT },
    ];
    let answer = Rewrite::new(&sdp, SessionEdit::default(), &edits).unwrap().to_string();
    assert_eq!(
        answer.lines().collect::<Vec<_>>(),
        [
            "m=audio 4000 RTP/SAVP 8 101",
            "c=IN IP4 192.0.2.9",
            "a=recvonly",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj",
            "a=x-y:z",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=ptime:20",
            "m=audio 0 RTP/AVP 0 8 18 101",
        ]
    );
}

/// Attributes of formats that are gone go with them, those of all formats stay.
#[test]
fn formats_take_their_attributes_along() {
    let text = "v=0\nm=audio 9 RTP/AVPF 0 96\na=rtpmap:0 PCMU/8000\na=rtpmap:96 opus/48000\n\
                a=fmtp:96 x=1\na=rtcp-fb:96 nack\na=rtcp-fb:0 nack\na=rtcp-fb:* nack\na=x:96 y\n";
    let sdp = Sdp::parse(text).unwrap();
    let edits = [MediaEdit { formats: Some(&["0"]), ..MediaEdit::default() }];
    assert_eq!(
        Rewrite::new(&sdp, SessionEdit::default(), &edits).unwrap().to_string(),
        "v=0\nm=audio 9 RTP/AVPF 0\na=rtpmap:0 PCMU/8000\na=rtcp-fb:0 nack\n\
         a=rtcp-fb:* nack\na=x:96 y\n"
    );
}

/// What stands in a place is replaced there; what has no place yet gets the one RFC 8866 §9 gives
/// it; what is said twice is said once afterwards.
#[test]
fn edits_find_their_place() {
    let address = Connection { net_type: "IN", addr_type: "IP4", address: "192.0.2.9" };
    let origin = Origin {
        username: "-",
        session_id: "9",
        session_version: "10",
        net_type: "IN",
        addr_type: "IP4",
        address: "192.0.2.9",
    };
    let session = SessionEdit {
        origin: Some(origin),
        name: Some("ours"),
        connection: Some(address),
        direction: Some(Direction::Inactive),
        drop: &["group"],
        add: &["x:1"],
    };
    let crypto = line(7, "AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj");
    let emit = Emit::default();
    let crypto = [crypto.line(&emit)];
    let media = MediaEdit {
        profile: Some("RTP/SAVP"),
        connection: Some(address),
        direction: Some(Direction::SendOnly),
        crypto: CryptoEdit::Replace(&crypto),
        ..MediaEdit::default()
    };
    let key = "a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj";
    for (text, expected) in [
        // Everything is missing; the last line has no ending, empty lines stay at the end.
        (
            "v=0\no=- 1 1 IN IP4 h\ns=x\nt=0 0\nm=audio 9/2 RTP/AVP 0\nb=AS:64",
            format!(
                "v=0\no=- 9 10 IN IP4 192.0.2.9\ns=ours\nc=IN IP4 192.0.2.9\nt=0 0\na=inactive\n\
                 a=x:1\nm=audio 9/2 RTP/SAVP 0\nc=IN IP4 192.0.2.9\nb=AS:64\na=sendonly\n{key}\n"
            ),
        ),
        (
            "v=0\ns=x\nm=audio 9 RTP/AVP 0\n\n\n",
            format!(
                "v=0\ns=ours\nc=IN IP4 192.0.2.9\na=inactive\na=x:1\nm=audio 9 RTP/SAVP 0\n\
                 c=IN IP4 192.0.2.9\na=sendonly\n{key}\n\n\n"
            ),
        ),
        // Everything is there, some of it twice.
        (
            "v=0\ns=x\nc=IN IP4 a\nt=0 0\na=group:1\na=sendonly\na=recvonly\nm=audio 9 RTP/AVP 0\n\
             c=IN IP4 a\nc=IN IP4 b\na=crypto:1\na=inactive\na=k\na=crypto:2\na=recvonly\n",
            format!(
                "v=0\ns=ours\nc=IN IP4 192.0.2.9\nt=0 0\na=inactive\na=x:1\n\
                 m=audio 9 RTP/SAVP 0\nc=IN IP4 192.0.2.9\n{key}\na=sendonly\na=k\n"
            ),
        ),
    ] {
        let sdp = Sdp::parse(text).unwrap();
        let written = Rewrite::new(&sdp, session, &[media]).unwrap().to_string();
        assert_eq!(written, expected, "{text:?}");
        // Once more with the same edits changes nothing but the repeated addition.
        let again = Sdp::parse(&written).unwrap();
        let session = SessionEdit { add: &[], ..session };
        assert_eq!(Rewrite::new(&again, session, &[media]).unwrap().to_string(), expected);
    }
}

prop_compose! {
    /// Lines an SDP might have, in any order and with any ending.
    fn any_sdp()(
        lines in prop::collection::vec(
            (
                prop_oneof![
                    Just("m=audio 5004 RTP/SAVP 0 8"),
                    Just("m=video 5006/2 RTP/AVP 96"),
                    Just("c=IN IP4 192.0.2.1"),
                    Just("a=sendrecv"),
                    Just("a=inactive"),
                    Just("a=rtpmap:8 PCMA/8000"),
                    Just("a=crypto:1 AES_CM_128_HMAC_SHA1_80 \
                          inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"),
                    Just("a=crypto:2 broken"),
                    Just("o=- 1 1 IN IP4 h"),
                    Just("s=x"),
                    Just("unknown"),
                    Just("a=x"),
                    Just(""),
                ],
                prop_oneof![Just("\r\n"), Just("\n"), Just("\r")],
            ),
            0..24,
        ),
        cut in any::<bool>(),
    ) -> String {
        let mut text = "v=0\r\n".to_string();
        lines.iter().for_each(|(line, ending)| { text += line; text += ending; });
        if cut { text.trim_end().to_string() } else { text }
    }
}

proptest! {
    /// Whatever the SDP: what was edited says what the edit says, everything else is as before,
    /// and the result can be read.
    #[test]
    fn a_rewrite_does_what_it_says(text in any_sdp(), port in any::<u16>()) {
        let sdp = Sdp::parse(&text).unwrap();
        let identity = Rewrite::new(&sdp, SessionEdit::default(), &[]).unwrap().to_string();
        prop_assert_eq!(&identity, &text);

        let key = MasterKey::new(sdes_sdp::CryptoSuite::AesCm128HmacSha1_80, &[3; 30]).unwrap();
        let ours = CryptoAttribute::new(5, key, SessionParameters::default()).unwrap();
        let emit = Emit::default();
        let crypto = [ours.line(&emit)];
        let address = Connection { net_type: "IN", addr_type: "IP6", address: "2001:db8::9" };
        let edits = vec![
            MediaEdit {
                port: Some(port),
                formats: Some(&["0"]),
                connection: Some(address),
                direction: Some(Direction::SendOnly),
                crypto: CryptoEdit::Replace(&crypto),
                drop: &["x"],
                ..MediaEdit::default()
            };
            sdp.media_count()
        ];
        let written = Rewrite::new(&sdp, SessionEdit::default(), &edits).unwrap().to_string();
        let again = Sdp::parse(&written).unwrap();
        prop_assert_eq!(again.media_count(), sdp.media_count());
        for (new, old) in again.media().zip(sdp.media()) {
            prop_assert_eq!(new.port(), port);
            prop_assert_eq!(new.kind(), old.kind());
            prop_assert_eq!(new.profile(), old.profile());
            prop_assert_eq!(new.formats().collect::<Vec<_>>(), ["0"]);
            prop_assert_eq!(new.own_connection(), Some(address));
            prop_assert_eq!(new.own_direction(), Some(Direction::SendOnly));
            let lines: Vec<_> = new.crypto().map(|e| e.parsed.unwrap().meaning().unwrap()).collect();
            prop_assert_eq!(lines, [ours.clone()]);
            prop_assert!(!new.has_attribute("x") && !new.has_attribute("rtpmap"));
            let count = |m: &sdes_sdp::Media<'_>| m.as_str().matches("unknown").count();
            prop_assert_eq!(count(&new), count(&old));
        }
    }

    /// Whatever is asked to be written as one line is refused or is one line, and reads as asked.
    #[test]
    fn a_line_is_one_line(
        name in "[a-z:-]{0,4}|\\PC{0,4}",
        value in prop::option::of("[ -~\r\n\0]{0,8}|\\PC{0,8}"),
    ) {
        let mut text = "v=0\r\nm=audio 9 RTP/AVP 0\r\n".to_string();
        let before = text.len();
        let mut sdp = SdpWriter::new(&mut text);
        match sdp.attribute(&name, value.as_deref()) {
            Err(error) => {
                prop_assert_ne!(error, WriteError::Output);
                prop_assert_eq!(text.len(), before);
            }
            Ok(()) => {
                let sdp = Sdp::parse(&text).unwrap();
                let audio = sdp.media().next().unwrap();
                let read: Vec<_> = audio.attributes().map(|a| (a.name, a.value)).collect();
                prop_assert_eq!(read, [(name.as_str(), value.as_deref())]);
            }
        }
    }
}

/// What it writes to may hold keys, and is not shown.
#[test]
fn a_writer_does_not_show_its_text() {
    let text = String::from("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:secret");
    assert_eq!(format!("{:?}", SdpWriter::new(text)), "SdpWriter { ending: CrLf, .. }");
}
