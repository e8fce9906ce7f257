//! Runs everything that touches a key with the key marked secret, for valgrind's memcheck to report
//! each branch and each address that depends on it. `proofs/constant_time.py` runs this and holds
//! the reports against the list in docs/CONSTANT-TIME.md.
//!
//! Secret are master keys and salts (as bytes and as base64 text), payloads, and with them every
//! key, keystream and tag that is computed from them. Lengths, headers, MKIs and SSRCs are public.
//! With the argument `leak` it does instead what nobody should.

use std::num::NonZeroU16;

use srtp_core::batch::{Incoming, Outgoing};
use srtp_core::double::{DoubleKey, DoubleOutbound, DoubleSuite};
use srtp_core::stateless;
use srtp_core::wire::ExtensionIds;
use srtp_core::{
    Cryptex, CryptoSuite, DtlsKeys, DtlsRole, Fixed, Handover, Inbound, KeyDerivationRate,
    MasterKey, Outbound, Policy, Rcc, RccMode, Rekey,
};
use srtp_proofs::packet::{BUFFER_LEN, Rtp, sender_report};
use srtp_proofs::watch::{is_watching, public, secret};

#[allow(dead_code, unreachable_pub)]
#[path = "../../../sdes-sdp/src/base64.rs"]
mod base64_of_keys;

type Sender = Outbound<Fixed<4>, 2>;
type Receiver = Inbound<Fixed<4>, 2>;

const SSRC: u32 = 0x1122_3344;
/// Payload lengths in bytes: none, around blocks of 16 and 64, a voice packet, a video packet.
const LENGTHS: [usize; 9] = [0, 1, 15, 16, 17, 63, 65, 160, 1200];

fn main() {
    if !is_watching() {
        eprintln!("this proves something under valgrind only: see proofs/constant_time.py");
        std::process::exit(2);
    }
    match std::env::args().nth(1).as_deref() {
        Some("leak") => leak(),
        _ => prove(),
    }
}

fn prove() {
    let mut packets = 0;
    for &suite in CryptoSuite::ALL {
        for policy in policies(suite) {
            packets += session(suite, policy);
        }
        packets += rates(suite) + stateless_calls(suite) + batches(suite);
        changes_of_key(suite);
        comparisons(suite);
        base64(suite);
    }
    packets += double();
    println!("{packets} packets, {}", instructions());
}

/// Which instructions of srtp-accel there are under valgrind.
#[cfg(feature = "accel")]
fn instructions() -> String {
    use srtp_accel::{AesNi, Avx2, Avx512, ShaNi, Vaes512};

    let found = [
        ("AES-NI and PCLMULQDQ", AesNi::detect().is_some()),
        ("AVX2", Avx2::detect().is_some()),
        ("VAES", Vaes512::detect().is_some()),
        ("AVX-512", Avx512::detect().is_some()),
        ("SHA-NI", ShaNi::detect().is_some()),
    ];
    let named = |yes| {
        let names: Vec<_> =
            found.iter().filter(|(_, there)| *there == yes).map(|(name, _)| *name).collect();
        names.join(", ")
    };
    format!("srtp-accel by {}; not by {}", named(true), named(false))
}

#[cfg(not(feature = "accel"))]
fn instructions() -> String {
    "without srtp-accel".to_owned()
}

/// A master key whose bytes are secret.
fn key(suite: CryptoSuite, number: u64) -> MasterKey {
    let mut bytes = vec![0; suite.key_salt_len()];
    fastrand::Rng::with_seed(number).fill(&mut bytes);
    secret(&mut bytes);
    MasterKey::new(suite, &bytes).expect("a suite that is built in")
}

fn policies(suite: CryptoSuite) -> Vec<Policy> {
    let aead = suite.parameters().cipher.is_aead();
    let rate = NonZeroU16::MIN.saturating_add(2);
    let mut all = vec![Policy::SECURE, Policy::SECURE.with_unencrypted_srtcp(true)];
    if aead {
        all.push(Policy::SECURE.with_rcc(Rcc::new(RccMode::Three, rate)));
    } else {
        all.push(Policy::SECURE.with_unencrypted_srtp(true));
        all.push(Policy::SECURE.with_rcc(Rcc::new(RccMode::Two, rate)));
    }
    let ids: ExtensionIds = [1].into_iter().collect();
    all.push(Policy::SECURE.with_encrypted_extensions(ids));
    all.push(Policy::SECURE.with_cryptex(Cryptex::Allowed));
    all
}

/// An RTP packet with a secret payload; buffer and length.
fn rtp(sequence_number: u16, payload: usize) -> (Vec<u8>, usize) {
    let mut buffer = vec![0x44; BUFFER_LEN];
    let extended = sequence_number % 2 == 1;
    let header = Rtp { ssrc: SSRC, sequence_number, extended }.write(&mut buffer);
    secret(&mut buffer[header..header + payload]);
    (buffer, header + payload)
}

/// An RTCP packet, secret behind its first eight bytes.
fn rtcp() -> (Vec<u8>, usize) {
    let mut buffer = vec![0; BUFFER_LEN];
    let len = sender_report(SSRC, &mut buffer);
    secret(&mut buffer[8..len]);
    (buffer, len)
}

/// The last byte of a packet changed: a wrong tag that is as secret as the right one.
fn forged(packet: &[u8]) -> Vec<u8> {
    let mut forged = packet.to_vec();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    forged
}

/// Both directions, SRTP and SRTCP, right tags and wrong ones.
fn session(suite: CryptoSuite, policy: Policy) -> usize {
    let key = key(suite, 1).with_mki(&[0, 7]).expect("a short MKI");
    let mut sender = Sender::new(&key, policy).expect("a policy for the suite");
    let mut receiver = Receiver::new(&key, policy).expect("a policy for the suite");
    let mut packets = 0;
    for (sequence_number, payload) in (1..).zip(LENGTHS) {
        let (mut packet, len) = rtp(sequence_number, payload);
        let len = sender.protect_rtp(&mut packet, len).expect("a good packet");
        let packet = &mut packet[..len];
        let refused = receiver.unprotect_rtp(&mut forged(packet)).is_err();
        let looked_at = receiver.verify_rtp(packet).is_ok();
        let opened = receiver.unprotect_rtp(packet).is_ok();
        let replayed = receiver.unprotect_rtp(&mut packet.to_vec()).is_ok();
        outcomes([refused, looked_at, opened, !replayed], policy);

        let (mut packet, len) = rtcp();
        let len = sender.protect_rtcp(&mut packet, len).expect("a good packet");
        let packet = &mut packet[..len];
        let refused = receiver.unprotect_rtcp(&mut forged(packet)).is_err();
        let opened = receiver.unprotect_rtcp(packet).is_ok();
        outcomes([refused, opened, true, true], policy);
        packets += 2;
    }
    packets
}

/// What came out is what should: a proof about code that fails early would be none.
fn outcomes(as_expected: [bool; 4], policy: Policy) {
    // Whether a packet was accepted is no secret.
    public(&as_expected);
    assert!(as_expected.iter().all(|outcome| *outcome), "{as_expected:?} under {policy:?}");
}

/// RFC 3711 §4.3.1: session keys derived again on the way.
fn rates(suite: CryptoSuite) -> usize {
    let rate = KeyDerivationRate::from_exponent(1).expect("an exponent up to 24");
    let key = key(suite, 2).with_key_derivation_rate(rate);
    let mut sender = Sender::new(&key, Policy::SECURE).expect("a key");
    let mut receiver = Receiver::new(&key, Policy::SECURE).expect("a key");
    for sequence_number in 1..6 {
        let (mut packet, len) = rtp(sequence_number, 20);
        let len = sender.protect_rtp(&mut packet, len).expect("a good packet");
        let opened = receiver.unprotect_rtp(&mut packet[..len]).is_ok();
        outcomes([opened, true, true, true], Policy::SECURE);
    }
    5
}

fn stateless_calls(suite: CryptoSuite) -> usize {
    let key = key(suite, 3);
    let sender = stateless::Outbound::new(&key, Policy::SECURE).expect("a key");
    let receiver = stateless::Inbound::new(&key, Policy::SECURE).expect("a key");
    for sequence_number in 1..4 {
        let (mut packet, len) = rtp(sequence_number, 160);
        let index = u64::from(sequence_number);
        let len = sender.protect_rtp(&mut packet, len, index).expect("a good packet");
        let refused = receiver.unprotect_rtp(&mut forged(&packet[..len]), index).is_err();
        let opened = receiver.unprotect_rtp(&mut packet[..len], index).is_ok();
        outcomes([refused, opened, true, true], Policy::SECURE);
    }
    3
}

/// Many packets at once, of several contexts, among them a wrong tag.
fn batches(suite: CryptoSuite) -> usize {
    const MANY: usize = 40;
    let keys = [key(suite, 4), key(suite, 5)];
    let mut senders = keys.each_ref().map(|key| Sender::new(key, Policy::SECURE).expect("a key"));
    let mut receivers =
        keys.each_ref().map(|key| Receiver::new(key, Policy::SECURE).expect("a key"));
    let mut packets: Vec<_> =
        (0..MANY).map(|at| rtp(1 + at as u16, LENGTHS[at % LENGTHS.len()])).collect();
    let mut outgoing: Vec<_> = packets
        .iter_mut()
        .enumerate()
        .map(|(at, (buffer, len))| Outgoing::rtp(at % 2, buffer, *len))
        .collect();
    srtp_core::batch::protect(&mut senders, &mut outgoing);
    let lengths: Vec<_> = outgoing
        .iter()
        .map(|packet| packet.result.and_then(Result::ok).expect("a good packet"))
        .collect();
    if let (Some((first, _)), Some(len)) = (packets.first_mut(), lengths.first()) {
        first[len - 1] ^= 1;
    }
    let mut incoming: Vec<_> = packets
        .iter_mut()
        .zip(lengths)
        .enumerate()
        .map(|(at, ((buffer, _), len))| Incoming::rtp(at % 2, &mut buffer[..len]))
        .collect();
    srtp_core::batch::unprotect(&mut receivers, &mut incoming);
    for (at, packet) in incoming.iter().enumerate() {
        let opened = packet.result.is_some_and(|result| result.is_ok());
        outcomes([opened == (at > 0), true, true, true], Policy::SECURE);
    }
    MANY
}

fn changes_of_key(suite: CryptoSuite) {
    let (old, new) = (key(suite, 6), key(suite, 7));
    let mut sender = Sender::new(&old, Policy::SECURE).expect("a key");
    let mut receiver = Handover::new(Receiver::new(&old, Policy::SECURE).expect("a key"));
    for sequence_number in 1..4 {
        let (mut packet, len) = rtp(sequence_number, 20);
        let len = sender.protect_rtp(&mut packet, len).expect("a good packet");
        let opened = receiver.unprotect_rtp(&mut packet[..len]).is_ok();
        outcomes([opened, true, true, true], Policy::SECURE);
        if sequence_number == 2 {
            sender.rekey(&new, Rekey::KeepRoc).expect("another key");
            receiver.rekey(&new, Rekey::KeepRoc, 5).expect("another key");
        }
    }
    // A context moves: the fingerprint of its key goes with it.
    let mut state = vec![0; sender.exported_len()];
    sender.export(&mut state).expect("room");
    let mut elsewhere = Sender::new(&new, Policy::SECURE).expect("a key");
    elsewhere.restore(&state).expect("a state");
}

/// Whether two keys are the same is told; where they differ is not.
fn comparisons(suite: CryptoSuite) {
    let (one, same, other) = (key(suite, 8), key(suite, 8), key(suite, 9));
    outcomes(
        [one == same, one != other, one.same_key_salt(&same), !one.same_key_salt(&other)],
        Policy::SECURE,
    );
    let (secret_len, salt_len) = (suite.master_key_len(), suite.parameters().master_salt_len);
    let mut exported = vec![5; 2 * (secret_len + salt_len)];
    secret(&mut exported);
    let keys = DtlsKeys::split(suite, &exported, DtlsRole::Server).expect("the right length");
    public(&keys.local.same_key_salt(&keys.remote));
}

/// A key in base64, decoded and encoded, with and without padding. Here the module itself: what
/// looks for the ends of the key in a line compares its characters with delimiters before.
fn base64(suite: CryptoSuite) {
    let mut bytes = vec![0; suite.key_salt_len()];
    fastrand::Rng::with_seed(10).fill(&mut bytes);
    secret(&mut bytes);
    for padding in [true, false] {
        let text = base64_of_keys::with_encoded(&bytes, padding, |text| text.as_bytes().to_vec());
        let digits = (bytes.len() * 8).div_ceil(6);
        assert!(text.len() >= digits, "encoded");
        let mut text = text;
        public(&text[digits..]);
        // SAFETY: it is text; to ask would branch on every character of the key.
        let text = unsafe { str::from_utf8_unchecked_mut(&mut text) };
        let mut decoded = vec![0; bytes.len()];
        let read = base64_of_keys::decode(text, &mut decoded);
        public(&read);
        assert!(read.is_ok(), "our own text");
        public(decoded.as_slice());
        let mut expected = bytes.clone();
        public(expected.as_mut_slice());
        assert!(decoded == expected, "another key");
    }
}

/// RFC 8723: two keys, one in the other; the sender only. A receiver finds the header of the inner
/// packet in what it has decrypted, and goes by its lengths, which were public before.
fn double() -> usize {
    let mut packets = 0;
    for suite in [DoubleSuite::Aes128Gcm, DoubleSuite::Aes256Gcm] {
        let mut bytes = vec![3; suite.key_salt_len()];
        secret(&mut bytes);
        let key = DoubleKey::new(suite, &bytes).expect("the right length");
        let mut sender = DoubleOutbound::<Fixed<4>>::new(&key, Policy::SECURE).expect("a key");
        for (sequence_number, payload) in (1..).zip(LENGTHS) {
            let (mut packet, len) = rtp(sequence_number, payload);
            sender.protect_rtp(&mut packet, len).expect("a good packet");
            packets += 1;
        }
    }
    packets
}

/// The control: a comparison that stops at the first difference, and a table looked up by a byte
/// of the key. The check that does not see these sees nothing.
fn leak() {
    let mut bytes = [7_u8; 16];
    secret(&mut bytes);
    let table: [u8; 256] = std::array::from_fn(|at| (at * 7) as u8);
    let looked_up = leaky_lookup(&table, &bytes);
    let equal = leaky_comparison(&bytes, &[7; 16]);
    public(&looked_up);
    public(&equal);
    println!("{looked_up} {equal}");
}

#[inline(never)]
fn leaky_lookup(table: &[u8; 256], key: &[u8; 16]) -> u8 {
    table[usize::from(key[3])]
}

#[inline(never)]
fn leaky_comparison(key: &[u8; 16], guess: &[u8; 16]) -> bool {
    for (byte, guess) in key.iter().zip(guess) {
        // Or the compiler would make a comparison of vectors of it.
        if std::hint::black_box(byte) != guess {
            return false;
        }
    }
    true
}
