//! What carries keys through the signalling, as text and as values, leaves nothing of them when it
//! goes; and no type of the libraries or of `srtp-doctor` prints one.

mod place;
/// The source itself, since the type is nobody else's to see.
#[path = "../../negotiation/src/text.rs"]
mod text;

use std::fmt::{Debug, Write};

use base64ct::{Base64, Encoding};
use clap::Parser;
use place::Place;
use sdes_sdp::sdp::{CryptoEdit, MediaEdit, Rewrite, SessionEdit};
use sdes_sdp::{
    Connection, CryptoAttribute, CryptoLine, CryptoSuite, Emit, MasterKey, Origin, Sdp, SdpWriter,
    SessionParameters, Tolerance,
};
use srtp_doctor::calls::{Calls, Description, Place as Found};
use srtp_doctor::cli::Cli;
use srtp_doctor::decrypt::plan::{self, Plan};
use srtp_doctor::explain::{log, verdict};
use srtp_doctor::parties::Loaded;
use srtp_doctor::{packet, secret, sip};
use srtp_negotiation::connect::{Circumstances, Endpoint, connect};
use srtp_negotiation::{
    Exchange, LocalMedia, LocalSession, OfferForm, OfferedStream, Party, PeerProfile, Role, decide,
    forked, line_verdicts, repeated_keys, verify, write_answer, write_offer,
};
use text::SecretText;

/// So many bytes in a row are no coincidence.
const LEAST: usize = 6;
const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

/// A random source whose keys are known: 1, 2 and so on, of any length.
fn source() -> impl FnMut(&mut [u8]) {
    let mut number = 0;
    move |into| {
        number += 1;
        let mut bytes = [0; 64];
        fastrand::Rng::with_seed(number).fill(&mut bytes);
        into.copy_from_slice(&bytes[..into.len()]);
    }
}

/// The first bytes of what that source gives as its `number`th key.
fn key(number: usize) -> [u8; 30] {
    let mut key = [0; 30];
    let mut source = source();
    (0..number).for_each(|_| source(&mut key));
    key
}

fn master(key: &[u8]) -> MasterKey {
    MasterKey::new(SUITE, key).unwrap()
}

fn crypto(tag: u32, key: &[u8]) -> String {
    format!("{tag} {SUITE} inline:{}|2^20", Base64::encode_string(key))
}

/// A key as it is, in base64, in hex, and as `Debug` prints bytes.
fn spellings(key: &[u8]) -> [Vec<u8>; 4] {
    let hex = key.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let list = format!("{key:?}");
    [key.to_vec(), Base64::encode_string(key).into_bytes(), hex.into_bytes(), list.into_bytes()]
}

fn tells(memory: &[u8], key: &[u8]) -> bool {
    // Of a list of numbers, as many characters as six of them have.
    let least = [LEAST, LEAST, LEAST, 3 * LEAST];
    spellings(key).iter().zip(least).any(|(text, least)| {
        text.windows(least).any(|part| memory.windows(least).any(|window| window == part))
    })
}

fn on_a_fresh_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

fn leaves_nothing<T>(what: &str, keys: &[[u8; 30]], make: impl Fn() -> T + Sync) {
    let (before, after) = on_a_fresh_stack(|| {
        let place = Place::new(&make);
        (place.bytes(), place.into_left_bytes())
    });
    assert!(keys.iter().any(|key| tells(&before, key)), "{what}: the search finds nothing at all");
    assert!(!keys.iter().any(|key| tells(&after, key)), "{what}");
}

/// Text with a key in it is wiped, whether it was filled, or ran over, or was cut.
#[test]
fn text_leaves_nothing() {
    let key = key(1);
    let line = crypto(1, &key);
    let text = |times: usize| {
        let mut text = SecretText::<200>::new();
        // A write that does not fit is refused and leaves what was written before.
        let _ = (0..times).try_for_each(|_| text.0.write_str(&line));
        text
    };
    leaves_nothing("a text", &[key], || text(1));
    leaves_nothing("a text that is full", &[key], || text(9));
    leaves_nothing("a text that was cut", &[key], || {
        let mut text = text(2);
        text.0.truncate(10);
        text
    });
    leaves_nothing("a text that was emptied", &[key], || {
        let mut text = text(2);
        text.0.clear();
        text
    });
}

/// What a played call comes to holds both keys, and so do the lines that are offered.
#[test]
fn calls_leave_nothing() {
    let keys: [[u8; 30]; 20] = std::array::from_fn(|number| key(number + 1));
    let play = || {
        let endpoint = Endpoint::from_word("srtp").unwrap();
        connect(&endpoint, &endpoint, &Circumstances::default(), &mut source()).unwrap()
    };
    assert!(play().media.is_some());
    leaves_nothing("AgreedMedia", &keys, || play().media);
    leaves_nothing("Connected", &keys, play);
    let text = format!("a=crypto:{}", crypto(1, &keys[0]));
    let line = || CryptoLine::parse(&text).unwrap();
    leaves_nothing("Meaning", &keys, || line().validate(Tolerance::Tolerant).unwrap());
}

const SESSION: LocalSession<'static> = {
    let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.2");
    LocalSession {
        origin: Origin {
            username: "-",
            session_id: "1",
            session_version: "1",
            net_type,
            addr_type,
            address,
        },
        name: "-",
        connection: Connection { net_type, addr_type, address },
    }
};

/// Whatever is printed of values that hold a key does not tell it.
#[test]
fn nothing_prints_a_key() {
    let (ours, theirs) = (key(1), key(2));
    let line = |tag, key: &[u8]| {
        let fec = CryptoAttribute::new(tag, master(key), SessionParameters::default()).unwrap();
        fec.with_fec_key(master(&{ key.iter().rev().copied().collect::<Vec<_>>() })).unwrap()
    };
    let (our_line, their_line) = ([line(1, &ours)], [line(1, &theirs)]);
    let written = |form| {
        let mut offer = String::new();
        let audio = OfferedStream::audio(form, 4000, &[("0", "PCMU/8000")], &our_line);
        write_offer(&mut offer, &SESSION, &[audio]).unwrap();
        offer
    };
    let (offer_text, best_effort) = (written(OfferForm::Srtp), written(OfferForm::BestEffort));
    let offer = Sdp::parse(&offer_text).unwrap();
    let capable = Sdp::parse(&best_effort).unwrap();
    let party = Party::new(srtp_negotiation::StreamPolicy::Required);
    let decision = decide(&offer, &party);
    let their_key = master(&theirs);
    let local = LocalMedia {
        port: 5000,
        formats: &["0"],
        direction: sdes_sdp::Direction::SendRecv,
        key: Some(&their_key),
    };
    let mut answer_text = String::new();
    write_answer(&mut answer_text, &offer, &decision, &SESSION, &[local]).unwrap();
    let answer = Sdp::parse(&answer_text).unwrap();
    let endpoint = Endpoint::from_word("srtp").unwrap();
    let call = connect(&endpoint, &endpoint, &Circumstances::default(), &mut source()).unwrap();
    assert!(call.media.is_some());
    let mut writer = SdpWriter::new(String::new());
    writer.crypto(&our_line[0].line(&Emit::default())).unwrap();
    let emit = Emit::default();
    let texts = [their_line[0].line(&emit)];
    let edit = MediaEdit { crypto: CryptoEdit::Replace(&texts), ..MediaEdit::default() };
    let edits = [edit];
    let rewrite = Rewrite::new(&offer, SessionEdit::default(), &edits).unwrap();
    let media: Vec<_> = offer.media().collect();
    let parsed: Vec<_> = offer.media().flat_map(|media| media.crypto()).collect();
    let words: Vec<_> =
        parsed.iter().flat_map(|entry| entry.parsed.unwrap().session_params()).collect();
    assert!(format!("{words:?}").contains("FEC_KEY"));
    let capabilities: Vec<_> = capable
        .media()
        .flat_map(|media| media.attribute_capabilities().collect::<Vec<_>>())
        .collect();
    assert!(!capabilities.is_empty());
    let attributes: Vec<_> = media.iter().flat_map(|media| media.attributes()).collect();
    let streams = [OfferedStream::audio(OfferForm::Srtp, 4000, &[("0", "PCMU/8000")], &our_line)];

    // srtp-doctor: from the wire to the keys.
    let invite = |body: &str, start: &str| {
        format!(
            "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
             Content-Type: application/sdp\r\n\r\n{body}"
        )
    };
    let request = invite(&offer_text, "INVITE sip:b@h SIP/2.0");
    let message = sip::parse(request.as_bytes()).unwrap().unwrap();
    let mut calls = Calls::default();
    log::read(&(request + "\n" + &invite(&answer_text, "SIP/2.0 200 OK")), &mut calls);
    let heard = format!("{calls:?} {calls:#?}");
    let exchanges = calls.exchanges();
    assert_eq!(exchanges.len(), 1);
    let explained = verdict::explain(&exchanges[0], &[]).unwrap().unwrap();
    let plan = Plan::new(&exchanges);
    assert!(plan.directions.iter().any(|direction| direction.keying().is_some()));
    let (crypto_line, hex) =
        (crypto(1, &ours), String::from_utf8(spellings(&ours)[2].clone()).unwrap());
    let cli = |args: &[&str]| Cli::parse_from([&["srtp-doctor"], args].concat());
    let description = Description {
        text: offer_text.as_str().into(),
        tag: String::new(),
        place: Found::default(),
    };
    let loaded = Loaded::Cisco { name: "x".to_owned(), text: offer_text.as_str().into() };
    let rekey = format!("!rekey {crypto_line}");
    let garbled = [rekey.as_bytes(), b"\xff"].concat();
    let not_text = packet::line::Line::parse(&garbled).unwrap_err();
    let told = not_text.to_string();
    let keying = plan::key(&crypto_line).unwrap();
    let shown = secret::Shown { bytes: &ours, asked: false };

    let values: [(&str, &dyn Debug); 46] = [
        ("Sdp", &offer),
        ("Media", &media),
        ("CryptoEntry", &parsed),
        ("SessionParam", &words),
        ("AttributeCapability", &capabilities),
        ("Attribute", &attributes),
        ("CryptoAttribute", &our_line),
        ("CryptoText", &texts),
        ("SdpWriter", &writer),
        ("MediaEdit", &edits),
        ("Rewrite", &rewrite),
        ("OfferedStream", &streams),
        ("Decision", &decision),
        ("a decision on capabilities", &decide(&capable, &party)),
        ("a verified answer", &verify(&offer, &answer)),
        ("LineVerdict", &line_verdicts(&media[0], &party, None).collect::<Vec<_>>()),
        (
            "Branch",
            &forked(
                &offer,
                &[answer],
                srtp_negotiation::ForkPolicy::LastWins,
                &PeerProfile::default(),
            )
            .collect::<Vec<_>>(),
        ),
        ("RepeatedKey", &repeated_keys(&offer).collect::<Vec<_>>()),
        ("Exchange", &Exchange { offer: &offer, answer: &answer, role: Role::Offerer }),
        ("LocalMedia", &local),
        ("Connected", &call),
        ("Message", &message),
        ("Calls", &heard),
        ("calls::Exchange", &exchanges),
        ("Description", &description),
        ("Explained", &explained),
        ("Plan", &plan),
        ("Direction", &keying),
        ("Opener", &keying.keying().unwrap().open()),
        ("Loaded", &loaded),
        ("the SDP text", &description.text),
        ("Line", &packet::line::Line::parse(rekey.as_bytes())),
        ("LineError", &not_text),
        ("what a LineError says", &told),
        ("secret::Shown", &shown),
        ("what secret::Shown says", &shown.to_string()),
        ("cli answer", &cli(&["answer", "x", "--as", "srtp", "--keys", &hex])),
        ("cli packet --crypto", &cli(&["packet", "protect", "--rtp", "--crypto", &crypto_line])),
        (
            "cli packet --salt-key",
            &cli(&["packet", "protect", "--rtp", "--suite", "X", "--salt-key", &hex]),
        ),
        ("cli decrypt", &cli(&["decrypt", "x", "--crypto", &crypto_line])),
        ("Session", &packet::session::attribute(&crypto_line)),
        ("a bad line", &packet::session::attribute(&crypto_line.replace("inline:", "inline:A"))),
        (
            "a line with more",
            &packet::session::attribute(&format!("{crypto_line} {}", &crypto_line[2..])),
        ),
        ("a line cut", &packet::session::attribute(&crypto_line[..60])),
        ("a key that is one", &plan::key(&crypto_line[3..])),
        ("an SDP that is none", &Sdp::parse(&offer_text[60..])),
    ];
    let mut telling = Vec::new();
    for (what, value) in values {
        let printed = format!("{value:?}\n{value:#?}");
        // What is set one to a line is the same without the blanks.
        let close: String = printed.split_whitespace().collect();
        let keys = [ours, theirs];
        let reversed = keys.map(|mut key| {
            key.reverse();
            key
        });
        let told = |key: &[u8; 30]| {
            tells(printed.as_bytes(), key) || {
                let list: String = format!("{key:?}").split_whitespace().collect();
                list.as_bytes()
                    .windows(18)
                    .any(|part| close.as_bytes().windows(18).any(|w| w == part))
            }
        };
        if keys.iter().chain(&reversed).any(told) {
            telling.push(what);
        }
    }
    assert_eq!(telling, [""; 0]);
}
