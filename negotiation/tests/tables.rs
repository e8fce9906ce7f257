//! The vendors' tables, cell by cell, through whole SDPs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{KEY_A, KEY_B, crypto, sdp};
use sdes_sdp::CryptoSuite;
use sdes_sdp::sdp::{Connection, Origin, Sdp};
use srtp_negotiation::cisco::{self, Srtp};
use srtp_negotiation::polycom::{
    ConfigurationError, OfferMedia, Phone, Platform, SettingError, Settings, padlock,
};
use srtp_negotiation::{MediaOutcome, NegotiatedParameter, Outcome, Party, Reason, decide, verify};

const SAVP: &str = "m=audio 51372 RTP/SAVP 0";
const AVP: &str = "m=audio 1789 RTP/AVP 0";

/// `S` for SRTP, `R` for RTP, `0` for port 0, one letter an m-line; and the status.
fn outcome(offer: &[&str], party: &Party<'_>) -> (String, u16) {
    let text = sdp(offer);
    let offer = Sdp::parse(&text).unwrap();
    let decision = decide(&offer, party);
    let letters = decision.media().iter().map(|media| match media.outcome {
        MediaOutcome::Srtp { .. } => 'S',
        MediaOutcome::Rtp => 'R',
        MediaOutcome::Refused => '0',
        MediaOutcome::Untouched => '-',
    });
    (letters.collect(), decision.status())
}

/// Cisco, Table 3, with the alternatives in either order.
#[test]
fn cisco_table_3() {
    let line = crypto(1, "AES_CM_128_HMAC_SHA1_32", KEY_A, "|2^20|1:32");
    let offers: [&[&str]; 4] = [&[SAVP, &line], &[SAVP, &line, AVP], &[AVP, SAVP, &line], &[AVP]];
    #[rustfmt::skip]
    let table = [
        // dial peer          SRTP        SRTP, RTP    RTP, SRTP    RTP
        (Srtp::Only,         [("S", 200), ("S0", 200), ("0S", 200), ("0", 488)]),
        (Srtp::WithFallback, [("S", 200), ("S0", 200), ("0S", 200), ("R", 200)]),
        (Srtp::Off,          [("0", 488), ("0R", 200), ("R0", 200), ("R", 200)]),
    ];
    for (srtp, row) in table {
        for (offer, (letters, status)) in offers.iter().zip(row) {
            let expected = (letters.to_owned(), status);
            assert_eq!(outcome(offer, &cisco::party(srtp)), expected, "{srtp:?} {offer:?}");
        }
    }
}

/// No acceptable line: an RTP alternative is taken with fallback, else 488 (R3); the reason is the
/// line's, not the table's.
#[test]
fn cisco_without_an_acceptable_line() {
    let line = crypto(1, "AES_CM_128_HMAC_SHA1_80", KEY_A, "");
    let both: &[&str] = &[SAVP, &line, AVP];
    assert_eq!(outcome(both, &cisco::party(Srtp::WithFallback)), ("0R".to_owned(), 200));
    assert_eq!(outcome(both, &cisco::party(Srtp::Only)), ("00".to_owned(), 488));
    let text = sdp(both);
    let offer = Sdp::parse(&text).unwrap();
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    for srtp in [Srtp::WithFallback, Srtp::Only] {
        assert_eq!(decide(&offer, &cisco::party(srtp)).reason(), Reason::SuiteNotOurs { suite });
    }
}

/// "The gateway neither writes nor parses session parameters": a line with one is passed over, one
/// with an ignorable extension or an MKI of 32 bytes is not.
#[test]
fn cisco_reads_no_session_parameters() {
    let gateway = cisco::party(Srtp::Only);
    for (more, expected) in [
        ("", "S"),
        ("|2^20|1:32", "S"),
        (" -ext", "S"),
        (" UNENCRYPTED_SRTCP", "0"),
        (" KDR=1", "0"),
        (" WSH=64", "0"),
    ] {
        let line = crypto(1, "AES_CM_128_HMAC_SHA1_32", KEY_A, more);
        assert_eq!(outcome(&[SAVP, &line], &gateway).0, expected, "{more}");
    }
}

fn settings(attributes: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in attributes {
        settings.set(name, value).unwrap();
    }
    settings
}

fn phone(platform: Platform, attributes: &[(&str, &str)]) -> Phone {
    Phone { platform, settings: settings(attributes) }
}

const SCENARIO_1: &[(&str, &str)] = &[
    ("sec.srtp.enable", "1"),
    ("sec.srtp.leg.enable", "1"),
    ("sec.srtp.offer", "1"),
    ("sec.srtp.leg.allowLocalConf", "0"),
];
const SCENARIO_2: &[(&str, &str)] = &[
    ("sec.srtp.enable", "1"),
    ("sec.srtp.leg.enable", "1"),
    ("sec.srtp.offer", "1"),
    ("sec.srtp.require", "1"),
];
const SCENARIO_3: &[(&str, &str)] = &[
    ("sec.srtp.enable", "1"),
    ("sec.srtp.leg.enable", "1"),
    ("sec.srtp.offer", "1"),
    ("sec.srtp.sessionParams.noAuth.offer", "1"),
    ("sec.srtp.sessionParams.leg.noAuth.offer", "1"),
    ("sec.srtp.sessionParams.leg.noAuth.require", "1"),
    ("sec.srtp.sessionParams.IP_4000.noAuth.offer", "1"),
];

fn offer_text(phone: &Phone, port: u16, key: &str) -> String {
    let line = crypto(1, "AES_CM_128_HMAC_SHA1_80", key, "");
    let parsed = sdes_sdp::CryptoLine::parse(&line).unwrap().meaning().unwrap();
    let key_salt: [u8; 30] = parsed.keys()[0].expose_key_salt().try_into().unwrap();
    let lines = phone.offered_lines([&key_salt, &[2; 30]]).unwrap();
    let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.3");
    let media = OfferMedia {
        origin: Origin {
            username: "-",
            session_id: "1",
            session_version: "1",
            net_type,
            addr_type,
            address,
        },
        connection: Connection { net_type, addr_type, address },
        port,
        formats: &[
            ("0", "PCMU/8000"),
            ("8", "PCMA/8000"),
            ("18", "G729/8000"),
            ("101", "telephone-event/8000"),
        ],
    };
    let mut text = String::new();
    phone.write_offer(&mut text, &media, &lines).unwrap();
    let at = text.find("m=").unwrap();
    text.split_off(at).replace("\r\n", "\n")
}

const RTPMAPS: &str = "a=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\na=rtpmap:18 G729/8000\n\
                       a=rtpmap:101 telephone-event/8000\n";

/// The three scenarios of the bulletin, line by line as printed (its crypto lines are broken in two
/// by typesetting).
#[test]
fn polycom_offers_of_the_three_scenarios() {
    let key = "nl326xLShGuIXLMkyqo+ExM5GPbz+MLbWMZotRRI";
    assert_eq!(
        offer_text(&phone(Platform::Other, SCENARIO_1), 2230, key),
        format!(
            "m=audio 2230 RTP/SAVP 0 8 18 101\na=sendrecv\n\
             a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\n{RTPMAPS}\
             m=audio 2230 RTP/AVP 0 8 18 101\n{RTPMAPS}"
        )
    );
    let key = "W1AGU0FjVJv0avRW8JgztcoE6B2dBAyIlXCdQh7w";
    assert_eq!(
        offer_text(&phone(Platform::Other, SCENARIO_2), 2222, key),
        format!(
            "m=audio 2222 RTP/SAVP 0 8 18 101\na=sendrecv\n\
             a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\n{RTPMAPS}"
        )
    );
    let key = "ApP9lqvXICbkc18R6P+OBNErRM5Jwa3kmhn84idw";
    for platform in [Platform::Other, Platform::Legacy, Platform::Ip4000] {
        assert_eq!(
            offer_text(&phone(platform, SCENARIO_3), 2224, key),
            format!(
                "m=audio 2224 RTP/SAVP 0 8 18 101\na=sendrecv\n\
                 a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key} UNAUTHENTICATED_SRTP\n{RTPMAPS}\
                 m=audio 2224 RTP/AVP 0 8 18 101\n{RTPMAPS}"
            )
        );
    }
}

/// Attributes of the offer: which crypto lines, lifetime, MKI; nothing where nothing is offered.
#[test]
fn polycom_offer_attributes() {
    let more = |extra: &[(&str, &str)]| phone(Platform::Other, &[SCENARIO_1, extra].concat());
    let both = offer_text(&more(&[("sec.srtp.offer.HMAC_SHA1_32", "1")]), 2230, KEY_A);
    let tags: Vec<_> = both
        .lines()
        .filter_map(|line| line.strip_prefix("a=crypto:")?.split(" inline").next())
        .collect();
    assert_eq!(tags, ["1 AES_CM_128_HMAC_SHA1_80", "2 AES_CM_128_HMAC_SHA1_32"]);

    let only_32 =
        more(&[("sec.srtp.offer.HMAC_SHA1_32", "1"), ("sec.srtp.offer.HMAC_SHA1_80", "0")]);
    assert!(offer_text(&only_32, 2230, KEY_A).contains("a=crypto:1 AES_CM_128_HMAC_SHA1_32 "));

    let aged = more(&[("sec.srtp.key.lifetime", "1024"), ("sec.srtp.mki.enabled", "1")]);
    assert!(offer_text(&aged, 2230, KEY_A).contains(&format!("inline:{KEY_A}|2^10|1:4\n")));

    let plain = phone(Platform::Other, &[]);
    assert_eq!(
        offer_text(&plain, 2230, KEY_A),
        format!("m=audio 2230 RTP/AVP 0 8 18 101\n{RTPMAPS}")
    );
    let no_srtp = phone(Platform::WithoutSrtp, SCENARIO_2); // knows no attribute
    assert!(!offer_text(&no_srtp, 2230, KEY_A).contains("SAVP"));
}

/// Answering: enable × require × what is offered.
#[test]
fn polycom_answers() {
    let good = crypto(1, "AES_CM_128_HMAC_SHA1_80", KEY_A, "");
    let bad = crypto(1, "AES_CM_128_HMAC_SHA1_80", KEY_A, " UNENCRYPTED_SRTP");
    #[rustfmt::skip]
    let table = [
        // enable, require,  SAVP        SAVP+AVP     bad SAVP    bad SAVP+AVP  AVP
        (("0", "0"), [("0", 488), ("0R", 200), ("0", 488), ("0R", 200), ("R", 200)]),
        (("0", "1"), [("0", 488), ("00", 488), ("0", 488), ("00", 488), ("0", 488)]),
        (("1", "0"), [("S", 200), ("S0", 200), ("0", 488), ("0R", 200), ("R", 200)]),
        (("1", "1"), [("S", 200), ("S0", 200), ("0", 488), ("00", 488), ("0", 488)]),
    ];
    let offers: [&[&str]; 5] =
        [&[SAVP, &good], &[SAVP, &good, AVP], &[SAVP, &bad], &[SAVP, &bad, AVP], &[AVP]];
    for ((enable, require), row) in table {
        for (platform, name) in
            [(Platform::Other, "sec.srtp.enable"), (Platform::Legacy, "sec.srtp.leg.enable")]
        {
            let phone = phone(platform, &[(name, enable), ("sec.srtp.require", require)]);
            for (offer, (letters, status)) in offers.iter().zip(row) {
                let expected = (letters.to_owned(), status);
                assert_eq!(outcome(offer, &phone.party()), expected, "{platform:?} {offer:?}");
            }
        }
    }
}

/// For each parameter X: X.require and X.offer against a line without and with X, in every class of
/// phone, which read only their own attributes.
#[test]
fn polycom_session_parameters() {
    let attributes = [
        ("noAuth", NegotiatedParameter::UnauthenticatedSrtp),
        ("noEncrypRTCP", NegotiatedParameter::UnencryptedSrtcp),
        ("noEncryptRTCP", NegotiatedParameter::UnencryptedSrtcp),
        ("noEncrypRTP", NegotiatedParameter::UnencryptedSrtp),
    ];
    let classes =
        [(Platform::Other, ""), (Platform::Legacy, "leg."), (Platform::Ip4000, "IP_4000.")];
    #[rustfmt::skip]
    let table = [
        // require, offer, without, with
        (("0", "0"), ("S", "0")),
        (("0", "1"), ("S", "S")),
        (("1", "0"), ("0", "S")),
        (("1", "1"), ("0", "S")),
    ];
    for (name, parameter) in attributes {
        for (platform, tag) in classes {
            for ((require, offer), (without, with)) in table {
                let mut settings =
                    settings(&[("sec.srtp.enable", "1"), ("sec.srtp.leg.enable", "1")]);
                let attribute = |which| format!("sec.srtp.sessionParams.{tag}{name}.{which}");
                settings.set(&attribute("require"), require).unwrap();
                settings.set(&attribute("offer"), offer).unwrap();
                for (reader, _) in classes {
                    let phone = Phone { platform: reader, settings };
                    let expected = if reader == platform { (without, with) } else { ("S", "0") };
                    for (expected, more) in [
                        (expected.0, String::new()),
                        (expected.1, format!(" {}", parameter.name())),
                    ] {
                        let line = crypto(1, "AES_CM_128_HMAC_SHA1_80", KEY_A, &more);
                        let (letters, _) = outcome(&[SAVP, &line], &phone.party());
                        assert_eq!(letters, expected, "{name} {tag} {reader:?} {more}");
                    }
                }
            }
        }
    }
}

/// R8: the phones of scenario three talk to each other, without authentication.
#[test]
fn polycom_scenario_three_phones_connect() {
    for (caller, callee) in
        [(Platform::Legacy, Platform::Other), (Platform::Other, Platform::Legacy)]
    {
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.3\r\ns=-\r\nt=0 0\r\n{}",
            offer_text(&phone(caller, SCENARIO_3), 2224, KEY_B)
        );
        let offer = Sdp::parse(&offer).unwrap();
        let decision = decide(&offer, &phone(callee, SCENARIO_3).party());
        assert_eq!(decision.outcome(), Outcome::Srtp);
        let MediaOutcome::Srtp { line, .. } = decision.at(0).outcome else { panic!() };
        assert!(line.meaning().unwrap().policy().unauthenticated_srtp);
        assert!(!padlock(line.meaning().unwrap().parameters()));
    }
}

#[test]
fn polycom_configuration_errors() {
    use ConfigurationError::{LifetimeTooShort, NothingToOffer, RequiredButDisabled};
    let errors = |attributes: &[(&str, &str)]| {
        phone(Platform::Other, attributes).configuration_errors().collect::<Vec<_>>()
    };
    assert_eq!(errors(SCENARIO_2), []);
    for (packets, wrong) in [(0, false), (1, true), (1023, true), (1024, false)] {
        let found = errors(&[("sec.srtp.key.lifetime", &packets.to_string())]);
        let expected = if wrong { vec![LifetimeTooShort { packets }] } else { vec![] };
        assert_eq!(found, expected);
    }
    assert_eq!(errors(&[("sec.srtp.require", "1")]), [RequiredButDisabled]);
    let off = [SCENARIO_1, &[("sec.srtp.offer.HMAC_SHA1_80", "0")]].concat();
    assert_eq!(errors(&off), [NothingToOffer]);

    let mut settings = Settings::default();
    assert_eq!(settings.set("sec.srtp.enabled", "1"), Err(SettingError::UnknownAttribute));
    assert_eq!(settings.set("sec.srtp.enable", "yes"), Err(SettingError::NotASwitch));
    assert_eq!(settings.set("sec.srtp.key.lifetime", "-1"), Err(SettingError::NotANumber));
    assert_eq!(settings.set("sec.srtp.offer.HMAC_SHA1_80", ""), Ok(()), "Null is the default");
    assert_eq!(settings, Settings::default());
}

/// The Cisco document's own offer and answer, each crypto line on one line: the gateway takes its
/// own kind of offer, and its answer verifies.
#[test]
fn cisco_offer_and_answer_of_the_document() {
    let offer = "v=0\no=CiscoSystemsSIP-GW-UserAgent 7826 3751 IN IP4 172.18.193.98\ns=SIP Call\n\
        c=IN IP4 172.18.193.98\nt=0 0\nm=audio 1789 RTP/AVP 0\na=rtptime:0 PCMU/8000\n\
        m=audio 51372 RTP/SAVP 0\na=rtptime:0 PCMU/8000\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAWJSoj|2^20|1:32\n";
    let answer = "v=0\no=CiscoSystemsSIP-GW-UserAgent 7826 3751 IN IP4 172.18.193.98\ns=SIP Call\n\
        c=IN IP4 172.18.193.98\nt=0 0\nm=audio 0 RTP/AVP 0\na=rtptime:0 PCMU/8000\n\
        m=audio 49170 RTP/SAVP 0\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20|1:32\n";
    let (offer, answer) = (Sdp::parse(offer).unwrap(), Sdp::parse(answer).unwrap());
    let decision = decide(&offer, &cisco::party(Srtp::Only));
    assert!(matches!(decision.at(1).outcome, MediaOutcome::Srtp { line, .. } if line.tag() == 1));
    assert_eq!(decision.at(0).reason, Reason::Alternative { index: 1 });
    let verified = verify(&offer, &answer);
    assert_eq!(verified.outcome(), Outcome::Srtp);
    let MediaOutcome::Srtp { line, .. } = verified.at(1).outcome else { panic!() };
    assert_eq!(line.meaning().unwrap().mki_len(), 32);
}
