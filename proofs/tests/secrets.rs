//! A dropped key leaves nothing of itself in memory, a replaced one neither, and no public type
//! prints one.
//!
//! Two looks at the bytes of a value that is gone. One searches them for what is known: master key
//! and salt, session keys, HMAC's states. The other makes the same value twice under different
//! keys: a byte that differs afterwards depends on the key, whatever it is (a key schedule, in
//! whichever order of its bits; a power of a hash key).

mod place;

use place::Place;
use sdes_sdp::{CryptoAttribute, CryptoLine, SessionParameters};
use srtp_core::double::{DoubleInbound, DoubleKey, DoubleOutbound, DoubleSuite};
use srtp_core::stateless::{self, SessionKeys};
use srtp_core::wire::ExtensionIds;
use srtp_core::{
    CryptoSuite, DtlsKeys, DtlsRole, Fixed, Growing, Handover, Inbound, KeyDerivationRate,
    MasterKey, Outbound, Policy, Protocol, Rekey,
};
use srtp_proofs::packet::{BUFFER_LEN, Rtp, sender_report};

type Sender = Outbound<Fixed<1>, 2>;
type Receiver = Inbound<Fixed<1>, 2>;

/// So many bytes in a row are no coincidence.
const LEAST: usize = 6;
const SSRC: u32 = 0x1122_3344;

/// Key and salt of a suite, all bytes different from their neighbours and from what fills memory.
fn key_salt(suite: CryptoSuite, number: u64) -> Vec<u8> {
    let mut bytes = vec![0; suite.key_salt_len()];
    fastrand::Rng::with_seed(number).fill(&mut bytes);
    bytes
}

fn master(suite: CryptoSuite, number: u64) -> MasterKey {
    MasterKey::new(suite, &key_salt(suite, number)).unwrap()
}

fn policy(suite: CryptoSuite) -> Policy {
    if suite.name().starts_with("NULL") {
        return Policy::SECURE;
    }
    let ids: ExtensionIds = [1, 2].into_iter().collect();
    Policy::SECURE.with_encrypted_extensions(ids)
}

fn rtp(sequence_number: u16) -> (Vec<u8>, usize) {
    let mut buffer = vec![0x44; BUFFER_LEN];
    let header = Rtp { ssrc: SSRC, sequence_number, extended: true }.write(&mut buffer);
    (buffer, header + 160)
}

fn rtcp() -> (Vec<u8>, usize) {
    let mut buffer = vec![0; BUFFER_LEN];
    let len = sender_report(SSRC, &mut buffer);
    (buffer, len)
}

/// HMAC-SHA1's states after its pads, as they lie in memory.
fn hmac_states(key: &[u8]) -> [Vec<u8>; 2] {
    [0x36, 0x5c].map(|pad| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
        sha1::block_api::compress(&mut state, &[block]);
        state.iter().flat_map(|word: &u32| word.to_ne_bytes()).collect()
    })
}

/// Everything secret about a master key that has a name, also as a number in memory.
fn known_secrets(key: &MasterKey) -> Vec<(String, Vec<u8>)> {
    let (secret, salt) = key.expose_key_salt().split_at(key.suite().master_key_len());
    let mut known =
        vec![("master key".to_owned(), secret.to_vec()), ("master salt".to_owned(), salt.to_vec())];
    for protocol in [Protocol::Srtp, Protocol::Srtcp] {
        let keys = SessionKeys::derive(key, protocol, 0);
        let mut add = |what: &str, bytes: &[u8]| {
            known.push((format!("{protocol:?} {what}"), bytes.to_vec()));
        };
        add("encryption key", keys.expose_encryption_key());
        add("salt", keys.expose_salt());
        if !keys.expose_authentication_key().is_empty() {
            add("authentication key", keys.expose_authentication_key());
            let [inner, outer] = hmac_states(keys.expose_authentication_key());
            add("inner state", &inner);
            add("outer state", &outer);
        }
    }
    let reversed: Vec<_> = known
        .iter()
        .map(|(what, bytes)| (format!("{what}, reversed"), bytes.iter().rev().copied().collect()))
        .collect();
    known.extend(reversed);
    known
}

/// The secrets of which some bytes in a row are in `memory`.
fn found(memory: &[u8], secrets: &[(String, Vec<u8>)]) -> Vec<String> {
    let here = |secret: &[u8]| secret.windows(LEAST).any(|part| contains(memory, part));
    secrets.iter().filter(|(_, secret)| here(secret)).map(|(what, _)| what.clone()).collect()
}

fn contains(memory: &[u8], part: &[u8]) -> bool {
    memory.windows(part.len()).any(|window| window == part)
}

/// What a caller's moves leave on the stack may come into the padding of what is made there next;
/// here nobody has left anything yet.
fn on_a_fresh_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// Nothing of a value stays: neither what is known nor anything that depends on the key.
/// `make` makes it from a key, `work` has it do what it is for.
fn leaves_nothing<T>(
    what: &str,
    suite: CryptoSuite,
    make: impl Fn(&MasterKey) -> T + Sync,
    work: impl Fn(&mut T) + Sync,
) {
    let run = |number| {
        on_a_fresh_stack(|| {
            let key = master(suite, number);
            let mut place = Place::new(|| make(&key));
            work(place.value());
            let before = place.bytes();
            let after = place.into_left_bytes();
            (before, after, known_secrets(&key))
        })
    };
    let (before, after, known) = run(1);
    assert!(!found(&before, &known).is_empty(), "{what}, {suite}: the search finds nothing at all");
    assert_eq!(found(&after, &known), [""; 0], "{what}, {suite}");

    // What is not the value's own (padding, unused variants) may differ from run to run.
    let left = |number| [(); 5].map(|()| run(number).1);
    let (one, other) = (left(1), left(2));
    let same = |runs: &[Vec<u8>], at: usize| runs.iter().all(|left| left[at] == runs[0][at]);
    let depends = |at: &usize| same(&one, *at) && same(&other, *at) && one[0][*at] != other[0][*at];
    let bytes: Vec<_> = (0..after.len()).filter(depends).collect();
    // Fewer in a row than half a key are padding of the context itself, which no field reaches.
    let in_a_row = bytes.windows(16).any(|run| run[15] - run[0] == 15);
    assert!(!in_a_row, "{what}, {suite}: of {} bytes {bytes:?} tell the key", after.len());
}

fn suites() -> impl Iterator<Item = CryptoSuite> {
    CryptoSuite::ALL.iter().copied()
}

fn exercise_sender(sender: &mut Sender) {
    let (mut packet, len) = rtp(1);
    sender.protect_rtp(&mut packet, len).unwrap();
    let (mut packet, len) = rtcp();
    sender.protect_rtcp(&mut packet, len).unwrap();
}

/// A receiver with the same key gets a forgery (whose tag it computes) and a report.
fn exercise_receiver(receiver: &mut Receiver) {
    let (mut packet, len) = rtp(1);
    assert!(receiver.unprotect_rtp(&mut packet[..len]).is_err());
    let (mut packet, len) = rtcp();
    assert!(receiver.unprotect_rtcp(&mut packet[..len + 30]).is_err());
}

/// RFC 3711 §9: keys are to be kept secret; srtp-core's contexts zeroize theirs.
#[cfg(feature = "accel")]
#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "what the compiler moves where is as shipped in --release only"
)]
fn contexts_leave_nothing() {
    for suite in suites() {
        let policy = policy(suite);
        leaves_nothing("Outbound", suite, |key| Sender::new(key, policy).unwrap(), exercise_sender);
        leaves_nothing(
            "Inbound",
            suite,
            |key| Receiver::new(key, policy).unwrap(),
            exercise_receiver,
        );
        leaves_nothing(
            "Inbound with a growing table",
            suite,
            |key| {
                let streams = Growing::new(8, 64);
                Inbound::<Growing, 1>::with_streams(key, policy, streams).unwrap()
            },
            |_| {},
        );
        leaves_nothing(
            "stateless Outbound",
            suite,
            |key| stateless::Outbound::new(key, policy).unwrap(),
            |sender| {
                let (mut packet, len) = rtp(1);
                sender.protect_rtp(&mut packet, len, 1).unwrap();
            },
        );
        leaves_nothing(
            "stateless Inbound",
            suite,
            |key| stateless::Inbound::new(key, policy).unwrap(),
            |_| {},
        );
    }
}

/// With a key derivation rate the keys of an epoch are derived on the way and replaced.
#[cfg(feature = "accel")]
#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "what the compiler moves where is as shipped in --release only"
)]
fn replaced_epochs_leave_nothing() {
    for suite in suites() {
        let make = |key: &MasterKey| {
            let rate = KeyDerivationRate::from_exponent(4).unwrap();
            Sender::new(&key.clone().with_key_derivation_rate(rate), policy(suite)).unwrap()
        };
        let work = |sender: &mut Sender| {
            for sequence_number in 1..40 {
                let (mut packet, len) = rtp(sequence_number);
                sender.protect_rtp(&mut packet, len).unwrap();
            }
        };
        leaves_nothing("Outbound with a rate", suite, make, work);
        let mut place = Place::new(|| make(&master(suite, 1)));
        work(place.value());
        // The first epoch's keys are gone while the context lives; of SRTCP there was no packet.
        let mut first = known_secrets(&master(suite, 1));
        first.retain(|(what, _)| what.starts_with("Srtp "));
        assert_eq!(found(&place.bytes(), &first), [""; 0], "{suite}");
    }
}

/// Keys themselves, alone and in the types that carry several.
#[test]
fn keys_leave_nothing() {
    for suite in suites() {
        leaves_nothing("MasterKey", suite, Clone::clone, |_| {});
        let derive = |key: &MasterKey| SessionKeys::derive(key, Protocol::Srtp, 0);
        leaves_nothing("SessionKeys", suite, derive, |_| {});
        let split = |key: &MasterKey| {
            // As exported from a handshake, with our key in the client's place.
            let (secret, salt) = key.expose_key_salt().split_at(suite.master_key_len());
            let exported = [secret, secret, salt, salt].concat();
            DtlsKeys::split(suite, &exported, DtlsRole::Client).unwrap()
        };
        leaves_nothing("DtlsKeys", suite, split, |_| {});
    }
}

/// RFC 8723's contexts hold two keys; both go.
#[cfg(feature = "accel")]
#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "what the compiler moves where is as shipped in --release only"
)]
fn double_contexts_leave_nothing() {
    for (double, suite) in [
        (DoubleSuite::Aes128Gcm, CryptoSuite::AeadAes128Gcm),
        (DoubleSuite::Aes256Gcm, CryptoSuite::AeadAes256Gcm),
    ] {
        let keys = move |key: &MasterKey| {
            let (secret, salt) = key.expose_key_salt().split_at(suite.master_key_len());
            DoubleKey::new(double, &[secret, secret, salt, salt].concat()).unwrap()
        };
        leaves_nothing("DoubleKey", suite, keys, |_| {});
        let outbound =
            |key: &MasterKey| DoubleOutbound::<Fixed<1>>::new(&keys(key), Policy::SECURE).unwrap();
        leaves_nothing("DoubleOutbound", suite, outbound, |sender| {
            let (mut packet, len) = rtp(1);
            sender.protect_rtp(&mut packet, len).unwrap();
        });
        let inbound =
            |key: &MasterKey| DoubleInbound::<Fixed<1>>::new(&keys(key), Policy::SECURE).unwrap();
        leaves_nothing("DoubleInbound", suite, inbound, |_| {});
    }
}

/// What sdes-sdp makes of a crypto line.
#[test]
fn crypto_attributes_leave_nothing() {
    for suite in suites() {
        let make = |key: &MasterKey| {
            let one = key.clone().with_mki(&[0, 0, 0, 1]).unwrap();
            let mut more: Vec<u8> = key.expose_key_salt().to_vec();
            more.reverse();
            let two = MasterKey::new(suite, &more).unwrap().with_mki(&[0, 0, 0, 2]).unwrap();
            let attribute = CryptoAttribute::new(1, one, SessionParameters::default()).unwrap();
            attribute.with_key(two).unwrap()
        };
        leaves_nothing("CryptoAttribute", suite, make, |_| {});
        let read = |key: &MasterKey| {
            let text = line(key);
            CryptoLine::parse(&text).unwrap().meaning().unwrap()
        };
        leaves_nothing("CryptoAttribute out of a line", suite, read, |_| {});
    }
}

fn line(key: &MasterKey) -> String {
    use base64ct::Encoding;
    let text = base64ct::Base64::encode_string(key.expose_key_salt());
    format!("a=crypto:1 {} inline:{text}|2^20", key.suite())
}

/// A key that was replaced or removed is gone from a context that lives on.
#[cfg(feature = "accel")]
#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "what the compiler moves where is as shipped in --release only"
)]
fn replaced_keys_leave_nothing() {
    for suite in suites() {
        let (old, new) = (master(suite, 1), master(suite, 2));
        let old_secrets = known_secrets(&old);
        let (old, new) = (old.with_mki(&[1]).unwrap(), new.with_mki(&[2]).unwrap());
        let here = |bytes: &[u8]| found(bytes, &old_secrets);
        let gone = |what: &str, bytes: &[u8]| {
            assert_eq!(here(bytes), [""; 0], "{what}, {suite}");
        };
        on_a_fresh_stack(|| {
            let mut sender = Place::new(|| Sender::new(&old, policy(suite)).unwrap());
            exercise_sender(sender.value());
            assert!(!here(&sender.bytes()).is_empty());
            sender.value().rekey(&new, Rekey::KeepRoc).unwrap();
            gone("rekeyed Outbound", &sender.bytes());
        });
        on_a_fresh_stack(|| {
            let mut receiver = Place::new(|| Receiver::new(&old, policy(suite)).unwrap());
            receiver.value().rekey(&new, Rekey::ZeroRoc).unwrap();
            gone("rekeyed Inbound", &receiver.bytes());
        });
        on_a_fresh_stack(|| {
            let mut sender = Place::new(|| Sender::new(&old, policy(suite)).unwrap());
            sender.value().add_key(&new).unwrap();
            sender.value().use_key(&[2]).unwrap();
            sender.value().remove_key(&[1]).unwrap();
            gone("Outbound without the key", &sender.bytes());
        });
        on_a_fresh_stack(|| {
            let mut handover =
                Place::new(|| Handover::new(Receiver::new(&old, policy(suite)).unwrap()));
            handover.value().rekey(&new, Rekey::KeepRoc, 5).unwrap();
            assert!(!here(&handover.bytes()).is_empty(), "the grace needs the old key");
            handover.value().end_grace();
            gone("Handover after its grace", &handover.bytes());
        });
    }
}

/// No public type prints a key: what is printed under one key is what is printed under another.
/// (`CryptoText` writes crypto lines, which is what it is for.)
#[test]
fn nothing_prints_a_key() {
    for suite in suites() {
        let printed = |number| {
            let key = master(suite, number);
            let mut sender = Sender::new(&key, policy(suite)).unwrap();
            exercise_sender(&mut sender);
            let streams = Growing::new(8, 64);
            let growing =
                Inbound::<Growing, 1>::with_streams(&key, Policy::SECURE, streams).unwrap();
            let text = line(&key);
            let parsed = CryptoLine::parse(&text).unwrap();
            let sdp = format!(
                "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 5004 RTP/SAVP 0\r\n{text}\r\n"
            );
            let sdp = sdes_sdp::Sdp::parse(&sdp).unwrap();
            let broken = text.replacen("inline:", "inline:A", 1);
            let attribute = parsed.meaning().unwrap();
            let media: Vec<_> = sdp.media().collect();
            let error = CryptoLine::parse(&broken).map(|line| line.meaning().map(|_| ()));
            let debug: [&dyn std::fmt::Debug; 18] = [
                &key,
                &sender,
                &growing,
                &Handover::new(Receiver::new(&key, Policy::SECURE).unwrap()),
                &stateless::Outbound::new(&key, Policy::SECURE).unwrap(),
                &stateless::Inbound::new(&key, Policy::SECURE).unwrap(),
                &SessionKeys::derive(&key, Protocol::Srtp, 0),
                &DtlsKeys { local: key.clone(), remote: key.clone() },
                &DoubleKey { end_to_end: key.clone(), hop_by_hop: key.clone() },
                &attribute,
                &attribute.keys(),
                &parsed,
                &parsed.keys(),
                &parsed.keys().map(|key| format!("{key:?}")).collect::<Vec<_>>(),
                &sdp,
                &media,
                &media[0].crypto().map(|entry| format!("{entry:?}")).collect::<Vec<_>>(),
                &error,
            ];
            debug.iter().map(|value| format!("{value:?}\n{value:#?}\n")).collect::<String>()
        };
        let text = printed(1);
        assert_eq!(text, printed(2), "{suite}");
        assert!(text.contains("MasterKey") && text.contains("CryptoLine"), "{text}");
    }
}

/// A table of SSRCs says nothing of the number its hash is keyed with.
#[test]
fn a_table_prints_no_seed() {
    let printed = |number| {
        let streams = Growing::new(8, 64);
        let key = master(CryptoSuite::AesCm128HmacSha1_80, number);
        format!("{:?}", Inbound::<Growing, 1>::with_streams(&key, Policy::SECURE, streams).unwrap())
    };
    assert_eq!(printed(1), printed(2));
}
