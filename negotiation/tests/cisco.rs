//! Cisco: Table 1 and what stands around it, configuration text as the documents print it, the
//! document's own offer and answer.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod common;

use common::{KEY_A, KEY_C, crypto, sdp};
use proptest::prelude::*;
use sdes_sdp::sdp::Sdp;
use sdes_sdp::{CryptoLine, CryptoSuite, MasterKey};
use srtp_negotiation::cisco::{
    Configuration, ConfigurationErrorKind, Device, DialPeerKind, Event, FORK_POLICY, Gateway,
    Incoming, Outgoing, Srtp, Transport, UrlScheme, after_setup, expects_new_key,
};
use srtp_negotiation::{
    ForkPolicy, LocalMedia, OfferForm, Outcome, decide, is_hold, verify, write_answer, write_offer,
};

macro_rules! document {
    ($name:literal) => {
        include_str!(concat!("../../test-vectors/negotiation/", $name))
    };
}

fn read(text: &str) -> Configuration<'_> {
    Configuration::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn configuration(srtp: Srtp, url: UrlScheme) -> Configuration<'static> {
    let mut configuration = Configuration::default();
    (configuration.srtp, configuration.url) = (srtp, url);
    configuration
}

/// Table 1, as printed: TLS, SRTP, fallback; earlier and late releases.
#[test]
fn table_1() {
    use Outgoing::{Fail, Rtp, Srtp as Secured};
    let (sip, sips) = (UrlScheme::Sip, UrlScheme::Sips);
    #[rustfmt::skip]
    let table = [
        // TLS   SRTP                earlier  late
        (sips, Srtp::Only,          Secured, Secured),
        (sips, Srtp::WithFallback,  Secured, Secured),
        (sip,  Srtp::WithFallback,  Rtp,     Rtp),
        (sip,  Srtp::Only,          Fail,    Secured),
        (sips, Srtp::Off,           Rtp,     Rtp),
        (sip,  Srtp::Off,           Rtp,     Rtp),
    ];
    for (url, srtp, earlier, late) in table {
        let configuration = configuration(srtp, url);
        for (device, release, expected) in [
            (Device::Gateway, "12.4(15)T", earlier),
            (Device::Gateway, "12.4(20)T", late),
            (Device::BorderElement, "12.4(20)T", earlier),
            (Device::BorderElement, "12.4(22)T", late),
        ] {
            let mut gateway = Gateway::new(&configuration);
            (gateway.device, gateway.release) = (device, release.parse().unwrap());
            let cell = gateway.outgoing();
            assert_eq!(cell.action, expected, "{url:?} {srtp:?} {device:?} {release}");
            assert!(cell.rule.source.starts_with("Cisco Table 1, TLS "));
        }
    }
}

/// R1: the other reading lets late releases offer SRTP without TLS in spite of `srtp fallback`.
#[test]
fn table_1_in_the_other_reading() {
    let with_fallback = configuration(Srtp::WithFallback, UrlScheme::Sip);
    let mut gateway = Gateway::new(&with_fallback);
    gateway.readings.prefer_srtp_without_tls = true;
    assert_eq!(gateway.outgoing().action, Outgoing::Srtp);
    gateway.release = "12.4(15)T".parse().unwrap();
    assert_eq!(gateway.outgoing().action, Outgoing::Rtp);
}

/// A release that does not know `srtp` has none.
#[test]
fn a_release_without_srtp_has_none() {
    let configuration = configuration(Srtp::Only, UrlScheme::Sips);
    let mut gateway = Gateway::new(&configuration);
    gateway.release = "12.4(11)T".parse().unwrap();
    assert_eq!((gateway.srtp(), gateway.outgoing().action), (Srtp::Off, Outgoing::Rtp));
}

/// 3xx, by the scheme of the contact (R4).
#[test]
fn redirection() {
    use Outgoing::{Fail, Rtp, Srtp as Secured};
    let (sip, sips) = (UrlScheme::Sip, UrlScheme::Sips);
    #[rustfmt::skip]
    let table = [
        // contact  SRTP               earlier  late
        (sips, Srtp::Only,            Secured, Secured),
        (sips, Srtp::WithFallback,    Secured, Secured),
        (sip,  Srtp::WithFallback,    Rtp,     Rtp),
        (sip,  Srtp::Only,            Fail,    Secured),
        (sips, Srtp::Off,             Rtp,     Rtp),
        (sip,  Srtp::Off,             Rtp,     Rtp),
    ];
    for (contact, srtp, earlier, late) in table {
        let configuration = configuration(srtp, UrlScheme::Sips);
        let mut gateway = Gateway::new(&configuration);
        assert_eq!(gateway.redirected(contact).action, late, "{contact:?} {srtp:?}");
        gateway.release = "12.4(15)T".parse().unwrap();
        assert_eq!(gateway.redirected(contact).action, earlier, "{contact:?} {srtp:?}");
    }
}

/// "A 4xx answer with fallback: a new INVITE, RTP only. Other failures never fall back."
#[test]
fn only_a_4xx_falls_back_and_only_with_fallback() {
    for (srtp, status, falls_back) in [
        (Srtp::WithFallback, 488, true),
        (Srtp::WithFallback, 400, true),
        (Srtp::WithFallback, 499, true),
        (Srtp::WithFallback, 500, false),
        (Srtp::WithFallback, 603, false),
        (Srtp::Only, 488, false),
        (Srtp::Off, 488, false),
    ] {
        let configuration = configuration(srtp, UrlScheme::Sips);
        let gateway = Gateway::new(&configuration);
        let (again, rule) = gateway.falls_back(status);
        assert_eq!(again, falls_back, "{srtp:?} {status}");
        let because_of_fallback = rule.sentence.contains("`srtp fallback`");
        assert_eq!(because_of_fallback, status < 500, "{srtp:?} {status}: {}", rule.sentence);
    }
}

/// R3: the literal reading takes an RTP alternative without `srtp fallback`, but not plain RTP.
#[test]
fn an_alternative_without_fallback_in_the_literal_reading() {
    let line = crypto(1, "AES_CM_128_HMAC_SHA1_80", KEY_A, "");
    let (savp, avp) = ("m=audio 4000 RTP/SAVP 0", "m=audio 4002 RTP/AVP 0");
    let only = configuration(Srtp::Only, UrlScheme::Sips);
    let outcome = |literal, offer: &[&str]| {
        let mut gateway = Gateway::new(&only);
        gateway.readings.alternative_without_fallback = literal;
        let text = sdp(offer);
        decide(&Sdp::parse(&text).unwrap(), &gateway.party()).outcome()
    };
    assert_eq!(outcome(false, &[savp, &line, avp]), Outcome::Rejected);
    assert_eq!(outcome(true, &[savp, &line, avp]), Outcome::Rtp);
    assert_eq!(outcome(true, &[savp, &line]), Outcome::Rejected);
    assert_eq!(outcome(true, &[avp]), Outcome::Rejected, "Table 3 has nothing offered but RTP");
}

/// Transfer by the outbound dial peer, conference by the application, the last fork wins.
#[test]
fn after_setup_rules() {
    let text = "voice service voip\nsrtp\nexit\ndial-peer voice 7 voip\nno srtp\n";
    let configuration = read(text);
    let mut gateway = Gateway::new(&configuration);
    assert_eq!(gateway.transferred().action, Outgoing::Srtp);
    gateway.dial_peer = Some(7);
    assert_eq!(gateway.transferred().action, Outgoing::Rtp);
    assert!(matches!(gateway.incoming(true), Incoming::Decide(_)), "a dial peer matches");
    gateway.dial_peer = None;
    assert_eq!(gateway.incoming(true), Incoming::Delegate(after_setup(Event::Conference)));
    assert!(matches!(gateway.incoming(false), Incoming::Decide(_)));
    assert_eq!(FORK_POLICY, ForkPolicy::LastWins);
}

/// "A new key only when the offer has a new connection address or port."
#[test]
fn rekeying_rule() {
    let media = |line| sdp(&[line]);
    let (old, same, new) = (
        media("m=audio 4000 RTP/SAVP 0"),
        media("m=audio 4000 RTP/SAVP 8"),
        media("m=audio 4002 RTP/SAVP 0"),
    );
    let other_host = old.replace("c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.9");
    let first = |text| Sdp::parse(text).unwrap().media().next().unwrap();
    assert!(!expects_new_key(&first(&old), &first(&same)));
    assert!(expects_new_key(&first(&old), &first(&new)));
    assert!(expects_new_key(&first(&old), &first(&other_host)));
}

/// The four configurations of the SRTP document do what it says of them.
#[test]
fn configurations_of_the_srtp_document() {
    let sips = read(document!("cisco-sips-global.txt"));
    assert_eq!((sips.url, sips.transport_of(None)), (UrlScheme::Sips, Transport::TcpTls));

    let sips = read(document!("cisco-sips-dial-peer.txt"));
    assert_eq!((sips.url_of(None), sips.url_of(Some(111))), (UrlScheme::Sip, UrlScheme::Sips));

    let fallback = read(document!("cisco-srtp-fallback-global.txt"));
    assert_eq!(fallback.srtp_of(None), Srtp::WithFallback);

    let fallback = read(document!("cisco-srtp-fallback-dial-peer.txt"));
    assert_eq!(fallback.srtp_of(None), Srtp::Off);
    assert_eq!(fallback.srtp_of(Some(111)), Srtp::WithFallback);
}

/// The running configuration of the TLS document.
#[test]
fn the_running_configuration_of_the_tls_document() {
    let running = read(document!("cisco-tls-running-config.txt"));
    assert_eq!(running.transport, Transport::TcpTls, "session transport tcp tls");
    let tags: Vec<_> = running.dial_peers.iter().map(|peer| peer.tag).collect();
    assert_eq!(tags, [1, 2, 5, 333, 555, 111, 911]);
    assert_eq!(running.dial_peer(1).unwrap().kind, DialPeerKind::Pots);
    let secured = running.dial_peer(555).unwrap();
    assert_eq!((secured.url, secured.sip), (Some(UrlScheme::Sips), true));
    assert_eq!(secured.target, Some("ipv4:172.18.193.97"));
    assert_eq!(running.url_of(Some(333)), UrlScheme::Sip);
    assert_eq!(running.dial_peer(2).unwrap().incoming_called_number, Some("9001"));
    let registrar = running.registrars[0];
    assert_eq!(registrar.address, "ipv4:172.18.193.97");
    assert_eq!((registrar.transport, registrar.scheme), (Transport::TcpTls, UrlScheme::Sip));
    let trustpoint = running.trustpoint_for([192, 0, 2, 1].into()).unwrap();
    assert_eq!((trustpoint.name, trustpoint.strict_cipher), ("user1", false));
    assert!(running.passed_over > 50, "{}", running.passed_over);
}

/// Each example of the command reference.
#[test]
fn examples_of_the_command_reference() {
    let examples = document!("cisco-tls-command-examples.txt");
    let said: Vec<_> = examples
        .split("# ")
        .skip(1)
        .map(|example| {
            let (command, text) = example.split_once('\n').unwrap();
            let read = read(text);
            let peer = read.dial_peers.first();
            match command {
                "crypto signaling" => {
                    let entry = read.trustpoints[0];
                    format!("{:?} {} {}", entry.remote, entry.name, entry.strict_cipher)
                }
                "registrar" => {
                    let entry = read.registrars[0];
                    format!("{:?} {:?} {}", entry.transport, entry.scheme, entry.secondary)
                }
                "session transport" => format!("{:?}", peer.unwrap().transport.unwrap()),
                "transport" => {
                    format!("{:?}", read.listeners == Configuration::default().listeners)
                }
                "url" => format!("{:?}", read.url),
                "voice-class sip url" => format!("{:?}", peer.unwrap().url.unwrap()),
                _ => panic!("{command}"),
            }
        })
        .collect();
    let host = "Some((172.16.0.0, 255.255.255.255))";
    let expected = [
        &format!("{host} user1 false"),
        "None user2 false",
        &format!("{host} user3 true"),
        "Udp Sip true",
        "Tcp Sip false",
        "TcpTls Sip false",
        "Udp Sips false",
        "Tcp",
        "TcpTls",
        "Udp",
        "true",
        "true",
        "true",
        "Sip",
        "Sips",
        "Tel",
        "Sip",
        "Sips",
        "Tel",
    ];
    assert_eq!(said, expected);
}

/// The examples of the book: prompts carry the mode where the commands that open it are missing, and
/// what a `show` command prints is no configuration.
#[test]
fn examples_of_the_cisco_press_chapter() {
    let peers = read(document!("cisco-press-example-4-7.txt"));
    assert_eq!(peers.transport_of(Some(3401)), Transport::Tcp);
    assert_eq!(peers.transport_of(Some(4404)), Transport::Udp);
    for (length, transport) in [(1300, Transport::Udp), (1301, Transport::Tcp)] {
        assert_eq!(peers.transport_of_message(Some(4404), length, 1500), transport);
    }
    assert_eq!(peers.transport_of_message(Some(9), 1499, 1500), Transport::Udp, "not switched on");

    let ua = read(document!("cisco-press-example-4-8.txt"));
    assert!(!ua.listeners.udp && ua.listeners.tcp && ua.listeners.tcp_tls);
    assert_eq!(ua.registrars.len(), 2);
    assert!(ua.registrars.iter().all(|registrar| registrar.transport == Transport::Tcp));

    let service = read(document!("cisco-press-example-4-9.txt"));
    assert_eq!((service.registrars.len(), service.passed_over), (0, 3));
}

/// Precedence: dial peer, then global, then default; `system` and `no` are what the reference says.
#[test]
fn precedence() {
    let text = "\
voice service voip
 srtp fallback
 sip
  url sips
  session transport tcp
  transport switch udp tcp
!
dial-peer voice 1 voip
 srtp
 voice-class sip url sip
 session transport udp
dial-peer voice 2 voip
 no srtp
 voice-class sip url system
 session transport system
dial-peer voice 3 voip
 srtp fallback
 no srtp fallback
 voice-class sip url tel
 no voice-class sip url
!
line vty 0 4
 transport input ssh
";
    let read = read(text);
    let of = |peer| (read.srtp_of(peer), read.url_of(peer), read.transport_of(peer));
    use Srtp::{Off, Only, WithFallback};
    assert_eq!(of(None), (WithFallback, UrlScheme::Sips, Transport::TcpTls));
    assert_eq!(of(Some(1)), (Only, UrlScheme::Sip, Transport::Udp));
    assert_eq!(of(Some(2)), (Off, UrlScheme::Sips, Transport::TcpTls));
    assert_eq!(of(Some(3)), (Only, UrlScheme::Sips, Transport::TcpTls));
    assert_eq!(of(Some(4)), of(None), "no such dial peer");
    assert_eq!(read.transport_of_message(Some(1), 1400, 1500), Transport::Tcp, "switch is global");
}

/// `application` with a name belongs to the dial peer; alone, at the margin, it opens a mode of its
/// own, like `line` and others, whose `transport` is not that of SIP.
#[test]
fn other_modes_end_ours_and_other_commands_do_not() {
    let text = "\
dial-peer voice 1 voip
application session
srtp
!
sip-ua
no transport udp
application
transport nonsense
dial-peer voice 2 voip
 application session
 srtp fallback
line vty 0 4
 transport input ssh
";
    let read = read(text);
    assert_eq!(read.srtp_of(Some(1)), Srtp::Only);
    assert_eq!(read.srtp_of(Some(2)), Srtp::WithFallback);
    assert!(!read.listeners.udp);
}

/// Hold: crypto in the offer, crypto in the answer.
#[test]
fn hold_is_answered_with_crypto() {
    let only = configuration(Srtp::Only, UrlScheme::Sips);
    let line = crypto(1, "AES_CM_128_HMAC_SHA1_32", KEY_A, "");
    let text = sdp(&["m=audio 4000 RTP/SAVP 0", &line, "sendonly"]);
    let offer = Sdp::parse(&text).unwrap();
    assert!(is_hold(&offer.media().next().unwrap()));
    assert_eq!(decide(&offer, &Gateway::new(&only).party()).outcome(), Outcome::Srtp);
}

/// Abbreviations as IOS takes them, and not shorter.
#[test]
fn abbreviations() {
    let short = "\
voice serv voip
sr
sr f
sip
ur sips
ses tr t t
dial-p v 5 voip
sr f
voice-c sip ur t
ses tr u
sip-u
no tra u
cr s r 10.0.0.0 255.0.0.0 t TEN s
cr s d t ANY
";
    let read = read(short);
    assert_eq!((read.srtp, read.url), (Srtp::WithFallback, UrlScheme::Sips));
    assert_eq!((read.transport, read.listeners.udp), (Transport::TcpTls, false));
    let peer = read.dial_peer(5).unwrap();
    assert_eq!(peer.srtp, Some(Srtp::WithFallback));
    assert_eq!((peer.url, peer.transport), (Some(UrlScheme::Tel), Some(Transport::Udp)));
    assert_eq!(read.trustpoint_for([10, 1, 2, 3].into()).unwrap().name, "TEN");
    assert_eq!(read.trustpoint_for([11, 1, 2, 3].into()).unwrap().name, "ANY");
    assert_eq!(read.passed_over, 0);
    for ambiguous in ["voice service voip\ns", "dial v 5 voip", "dial-peer voice 5 voip\nse tr u"] {
        assert_eq!(Configuration::parse(ambiguous).unwrap().passed_over, 1, "{ambiguous}");
    }
}

/// The most specific entry's trustpoint, whatever the order.
#[test]
fn trustpoint_choice() {
    let text = "\
sip-ua
crypto signaling default trustpoint ANY
crypto signaling remote-addr 10.1.2.3 trustpoint HOST strict-cipher
crypto signaling remote-addr 10.1.0.0 255.255.0.0 trustpoint NET
no crypto signaling remote-addr 10.9.0.0 255.255.0.0
";
    let read = read(text);
    let name = |address: [u8; 4]| read.trustpoint_for(address.into()).unwrap().name;
    assert_eq!(name([10, 1, 2, 3]), "HOST");
    assert_eq!(name([10, 1, 2, 4]), "NET");
    assert_eq!(name([10, 2, 2, 3]), "ANY");
    let none = Configuration::default();
    assert_eq!(none.trustpoint_for([10, 1, 2, 3].into()), None);
}

/// A command of ours with something wrong in it is found by line and column.
#[test]
fn errors_have_line_and_column() {
    use ConfigurationErrorKind::{Incomplete, InvalidInput, TooMany};
    let many: String = (0..65).map(|tag| format!("dial-peer voice {tag} voip\n")).collect();
    for (text, line, column, kind) in [
        ("voice service voip\n srtp falback", 2, 7, InvalidInput),
        ("voice service voip\n sip\n  url https", 3, 7, InvalidInput),
        ("voice service voip\n sip\n  url", 3, 6, Incomplete),
        ("dial-peer voice x voip", 1, 17, InvalidInput),
        ("dial-peer voice 9", 1, 18, Incomplete),
        ("R(config-sip-ua)#transport sctp", 1, 28, InvalidInput),
        ("sip-ua\ncrypto signaling remote-addr x", 2, 30, InvalidInput),
        ("sip-ua\ncrypto signaling default", 2, 25, Incomplete),
        ("dial-peer voice 1 voip\nsession transport tcp udp", 2, 23, InvalidInput),
        (&many, 65, 1, TooMany { what: "dial peers", limit: 64 }),
    ] {
        let error = Configuration::parse(text).unwrap_err();
        let is = (error.line_number, error.column, error.kind);
        assert_eq!(is, (line, column, kind), "{text}");
        assert!(error.to_string().starts_with(&format!("line {line}, column {column}: ")));
    }
}

proptest! {
    /// Whatever the text, it is read or refused with a place in it.
    #[test]
    fn reading_is_total(
        text in prop::collection::vec(
            prop::sample::select(vec![
                "voice", "service", "voip", "sip", "sip-ua", "srtp", "fallback", "no", "default",
                "dial-peer", "7", "url", "sips", "session", "transport", "tcp", "tls", "\n", "\n",
                " ", "!", "R(config)#", "R#", "exit", "end", "crypto", "signaling", "registrar", "é",
            ]),
            0..60,
        ),
    ) {
        let text = text.join(" ");
        if let Err(error) = Configuration::parse(&text) {
            let lines: Vec<_> = text.lines().collect();
            let line = lines[error.line_number - 1];
            prop_assert!(error.column <= line.len() + 1);
        }
    }
}

/// The document's offer and answer. It prints `a=rtptime` for `a=rtpmap`, breaks its crypto lines in
/// two, and shows an offer of both kinds, which a gateway takes but does not make.
#[test]
fn offer_and_answer_of_the_document() {
    let printed = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAWJSoj";
    let line = |key: &str| format!("a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:{key}|2^20|1:32");
    let key = |key: &str| {
        let line = line(key);
        let line = CryptoLine::parse(&line).unwrap().meaning().unwrap();
        line.keys()[0].clone()
    };
    let session = Gateway::session("172.18.193.98", "7826", "3751");
    let lines = [Gateway::offered_line(key(printed)).unwrap()];
    let mut stream = Gateway::offered_stream(51372, &[("0", "PCMU/8000")], &lines);
    stream.form = OfferForm::RtpThenSrtp;
    stream.plain_port = 1789;
    let mut offer = String::new();
    write_offer(&mut offer, &session, &[stream]).unwrap();
    let golden = format!(
        "v=0\no=CiscoSystemsSIP-GW-UserAgent 7826 3751 IN IP4 172.18.193.98\ns=SIP Call\n\
         c=IN IP4 172.18.193.98\nt=0 0\nm=audio 1789 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n\
         m=audio 51372 RTP/SAVP 0\na=rtpmap:0 PCMU/8000\n{}\n",
        line(printed)
    );
    assert_eq!(offer.replace("\r\n", "\n"), golden);

    let offer = Sdp::parse(&offer).unwrap();
    let configuration = configuration(Srtp::Only, UrlScheme::Sips);
    let decision = decide(&offer, &Gateway::new(&configuration).party());
    let theirs = key(KEY_C);
    let local = LocalMedia {
        port: 49170,
        formats: &["0"],
        direction: sdes_sdp::Direction::SendRecv,
        key: Some(&theirs),
    };
    let mut answer = String::new();
    write_answer(&mut answer, &offer, &decision, &session, &[local, local]).unwrap();
    let kept: Vec<_> = answer.lines().filter(|line| !line.starts_with("a=rtpmap")).collect();
    let crypto = line(KEY_C);
    assert_eq!(
        kept,
        [
            "v=0",
            "o=CiscoSystemsSIP-GW-UserAgent 7826 3751 IN IP4 172.18.193.98",
            "s=SIP Call",
            "c=IN IP4 172.18.193.98",
            "t=0 0",
            "m=audio 0 RTP/AVP 0",
            "m=audio 49170 RTP/SAVP 0",
            &crypto,
        ]
    );
    assert_eq!(verify(&offer, &Sdp::parse(&answer).unwrap()).outcome(), Outcome::Srtp);
}

/// Its own offer: one secured m-line, the one suite, no session parameters.
#[test]
fn its_own_offer() {
    let suite = CryptoSuite::AesCm128HmacSha1_32;
    let lines = [Gateway::offered_line(MasterKey::new(suite, &[1; 30]).unwrap()).unwrap()];
    let session = Gateway::session("192.0.2.1", "1", "1");
    let mut offer = String::new();
    let stream = Gateway::offered_stream(16384, &[("0", "PCMU/8000")], &lines);
    write_offer(&mut offer, &session, &[stream]).unwrap();
    let golden = "m=audio 16384 RTP/SAVP 0\r\na=rtpmap:0 PCMU/8000\r\n\
                  a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\r\n";
    assert_eq!(offer.split_off(offer.find("m=").unwrap()), golden);
    let other = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[1; 30]).unwrap();
    assert!(Gateway::offered_line(other).is_err());
}
