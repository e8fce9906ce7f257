//! Header extensions, Cryptex and carried rollover counters: the RFCs' own vectors and the rules
//! one by one.

use srtp_test_vectors::{RFC6904, value};

use super::conversation::rtp_packet;
use super::{inbound_state, outbound_state};
use crate::kdf::{Label, Prf};
use crate::wire::{ExtensionIds, RtpHeader};
use crate::{
    Cryptex, CryptoSuite, Fixed, Inbound, KeyError, MasterKey, Outbound, Policy, ProtectError, Rcc,
    RccMode, UnprotectError, stateless,
};

type Tx = Outbound<Fixed<2>, 1>;
type Rx = Inbound<Fixed<2>, 1>;

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

fn key() -> MasterKey {
    MasterKey::new(SUITE, &[5; 30]).unwrap()
}

fn protected(tx: &mut Tx, packet: &[u8]) -> Result<Vec<u8>, ProtectError> {
    let mut output = vec![0xa5; packet.len() + tx.rtp_overhead()];
    let len = tx.protect_rtp_to(packet, &mut output)?;
    output.truncate(len);
    Ok(output)
}

/// RFC 6904 A.1: the keys of the labels 6 and 7; A.2: the extension of the packet with SSRC
/// CAFEBABE, sequence number 1234 and rollover counter 0.
#[test]
fn elements_are_encrypted_as_in_rfc6904() {
    let key_salt = [value(RFC6904, "master_key"), value(RFC6904, "master_salt")].concat();
    let master = MasterKey::new(SUITE, &key_salt).unwrap();
    let prf = Prf::new(&master);
    for (label, name) in
        [(Label::HeaderEncryption, "header_cipher_key"), (Label::HeaderSalt, "header_cipher_salt")]
    {
        let mut derived = vec![0; value(RFC6904, name).len()];
        prf.derive(label, 0, &mut derived);
        assert_eq!(derived, value(RFC6904, name), "{name}");
    }
    let policy =
        Policy::SECURE.with_encrypted_extensions(ExtensionIds::NONE.with(1).with(3).with(4));
    let mut tx = Tx::new(&master, policy).unwrap();
    let head = [0x90, 0, 0x12, 0x34, 0, 0, 0, 0, 0xca, 0xfe, 0xba, 0xbe, 0xbe, 0xde, 0, 6];
    let packet = [&head[..], &value(RFC6904, "extension"), b"payload"].concat();
    let sent = protected(&mut tx, &packet).unwrap();
    assert_eq!(sent[..16], head);
    assert_eq!(sent[16..40], value(RFC6904, "encrypted"));
    let mut rx = Rx::new(&master, policy).unwrap();
    let mut opened = sent;
    let len = rx.unprotect_rtp(&mut opened).unwrap();
    assert_eq!(opened[..len], packet);
}

/// RFC 9335 §5.1 and §5.2: what each mode sends and accepts. Where Cryptex is required nothing with
/// a header to hide passes in the clear, and such a packet changes nothing.
#[test]
fn cryptex_modes_decide() {
    let plain = rtp_packet(7, 1, 0, None, 20);
    let elements = rtp_packet(7, 2, 1, Some((0xbede, 2)), 20);
    let other = rtp_packet(7, 3, 0, Some((0xabcd, 1)), 20);
    let claimed = rtp_packet(7, 4, 0, Some((0xc0de, 1)), 20);
    let sender = |mode| Tx::new(&key(), Policy::SECURE.with_cryptex(mode)).unwrap();
    let receiver = |mode| Rx::new(&key(), Policy::SECURE.with_cryptex(mode)).unwrap();
    let profile = |packet: &[u8]| RtpHeader::parse(packet).unwrap().extension_profile;
    for (mode, sent_profile) in
        [(Cryptex::Off, 0xbede), (Cryptex::Allowed, 0xc0de), (Cryptex::Required, 0xc0de)]
    {
        let sent = protected(&mut sender(mode), &elements).unwrap();
        assert_eq!(profile(&sent), Some(sent_profile));
        assert_eq!(protected(&mut sender(mode), &plain).unwrap()[..12], plain[..12]);
        let refused = |packet: &[u8], profile| {
            let mut sender = sender(mode);
            let before = outbound_state(&sender);
            let error = protected(&mut sender, packet).unwrap_err();
            assert_eq!(error, ProtectError::ExtensionForm { profile });
            assert_eq!(outbound_state(&sender), before);
        };
        match mode {
            Cryptex::Off => {
                protected(&mut sender(mode), &other).unwrap();
                protected(&mut sender(mode), &claimed).unwrap();
            }
            Cryptex::Allowed => {
                protected(&mut sender(mode), &other).unwrap();
                refused(&claimed, 0xc0de);
            }
            Cryptex::Required => {
                refused(&other, 0xabcd);
                refused(&claimed, 0xc0de);
            }
        }
    }
    for packet in [&elements, &other, &rtp_packet(7, 5, 2, None, 0)] {
        let sent = protected(&mut sender(Cryptex::Off), packet).unwrap();
        receiver(Cryptex::Allowed).unprotect_rtp(&mut sent.clone()).unwrap();
        let mut strict = receiver(Cryptex::Required);
        let (before, mut buffer) = (inbound_state(&strict), sent.clone());
        assert_eq!(strict.unprotect_rtp(&mut buffer), Err(UnprotectError::HeaderInClear));
        assert_eq!((buffer, inbound_state(&strict)), (sent.clone(), before));
        // A forgery is a forgery first: policy is for authentic packets.
        let mut forged = sent;
        forged[1] ^= 1;
        assert_eq!(strict.unprotect_rtp(&mut forged), Err(UnprotectError::AuthFailed));
    }
}

/// RFC 6904 §5: "it is not possible to provide confidentiality for header extensions while leaving
/// the payload in cleartext"; RFC 4771 §5 on lengths and suites.
#[test]
fn policies_that_cannot_be_are_refused() {
    let refused = |policy: Policy| Tx::new(&key(), policy).err();
    let clear = Policy::SECURE.with_unencrypted_srtp(true);
    let ids = ExtensionIds::NONE.with(1);
    let headers = Some(KeyError::HeadersWithoutPayload);
    assert_eq!(refused(clear.with_encrypted_extensions(ids)), headers);
    assert_eq!(refused(clear.with_cryptex(Cryptex::Allowed)), headers);

    let rcc = |mode| Rcc::new(mode, 4.try_into().unwrap());
    let both = Policy::SECURE.with_unauthenticated_srtp(true).with_rcc(rcc(RccMode::Two));
    assert_eq!(refused(both), Some(KeyError::RccWithoutAuthentication));
    for (mode, allowed) in [(RccMode::One, 8..=20), (RccMode::Two, 8..=20), (RccMode::Three, 4..=4)]
    {
        for given in 0..=30 {
            let policy = Policy::SECURE.with_rcc(rcc(mode).with_tag_len(given));
            let expected = (!allowed.contains(&given)).then_some(KeyError::RccTagLength { given });
            assert_eq!(refused(policy), expected, "{mode:?} {given}");
        }
    }
    let suite = CryptoSuite::AeadAes128Gcm;
    let gcm = MasterKey::new(suite, &[5; 28]).unwrap();
    for mode in [RccMode::One, RccMode::Two] {
        let policy = Policy::SECURE.with_rcc(rcc(mode));
        assert_eq!(Tx::new(&gcm, policy).err(), Some(KeyError::RccNotForSuite { suite }));
    }
    assert!(Tx::new(&gcm, Policy::SECURE.with_rcc(rcc(RccMode::Three))).is_ok());
}

/// What RFC 4771 is for: one who joins late is right from the first packet that carries the
/// counter, and refuses what comes before it.
#[test]
fn a_late_joiner_learns_the_rollover_counter() {
    for (suite, mode) in
        [(SUITE, RccMode::One), (SUITE, RccMode::Two), (CryptoSuite::AeadAes128Gcm, RccMode::Three)]
    {
        let key = MasterKey::new(suite, &vec![5; suite.key_salt_len()]).unwrap();
        let rate = if mode == RccMode::One { 1 } else { 10 };
        let policy = Policy::SECURE.with_rcc(Rcc::new(mode, rate.try_into().unwrap()));
        let mut tx = Tx::new(&key, policy).unwrap();
        tx.set_roc(7, 0x0102).unwrap();
        let mut rx = Rx::new(&key, policy).unwrap();
        for seq in 15..40_u16 {
            let packet = rtp_packet(7, seq, 0, None, 20);
            let sent = protected(&mut tx, &packet).unwrap();
            let mut forged = sent.clone();
            let roc_at = forged.len() - if mode == RccMode::Three { 4 } else { 14 };
            forged[roc_at] ^= 1;
            assert_eq!(rx.unprotect_rtp(&mut forged), Err(UnprotectError::AuthFailed));
            let opened = rx.unprotect_rtp(&mut sent.clone());
            assert_eq!(opened.is_ok(), rate == 1 || seq >= 20, "{mode:?} {seq}");
            if opened.is_ok() {
                assert_eq!(rx.roc(7), Some(0x0102));
                let index = 0x0102_0000 | u64::from(seq);
                let again = rx.unprotect_rtp(&mut sent.clone());
                assert_eq!(again, Err(UnprotectError::Replayed { index }));
            }
        }
    }
}

/// RFC 4771 §3, mode 3: a counter that nothing vouches for is obeyed, or ignored while the
/// application says that its own is right.
#[test]
fn a_counter_without_mac_is_obeyed_or_ignored() {
    let policy = Policy::SECURE.with_rcc(Rcc::new(RccMode::Three, 2.try_into().unwrap()));
    let mut tx = Tx::new(&key(), policy).unwrap();
    let mut rx = Rx::new(&key(), policy).unwrap();
    let mut misled = protected(&mut tx, &rtp_packet(7, 2, 0, None, 20)).unwrap();
    let len = misled.len();
    misled[len - 1] = 9;
    rx.unprotect_rtp(&mut misled.clone()).unwrap();
    assert_eq!(rx.roc(7), Some(9));
    let packet = rtp_packet(7, 4, 0, None, 20);
    let mut right = protected(&mut tx, &packet).unwrap();
    let opened = rx.unprotect_rtp(&mut right).unwrap();
    assert_eq!((&right[..opened], rx.roc(7)), (&packet[..], Some(0)), "until the next right one");

    rx.ignore_carried_roc(true);
    rx.unprotect_rtp(&mut misled).unwrap();
    assert_eq!(rx.roc(7), Some(0));
}

/// RFC 4771 §2: a counter that a tag vouches for, be it of its own or the cipher's, counts whatever
/// the application thinks of its own.
#[test]
fn an_authenticated_counter_is_never_ignored() {
    let gcm = MasterKey::new(CryptoSuite::AeadAes128Gcm, &[3; 28]).unwrap();
    for (key, mode) in [(key(), RccMode::Two), (gcm, RccMode::Three)] {
        let policy = Policy::SECURE.with_rcc(Rcc::new(mode, 2.try_into().unwrap()));
        let mut tx = Tx::new(&key, policy).unwrap();
        let mut rx = Rx::new(&key, policy).unwrap();
        rx.ignore_carried_roc(true);
        tx.set_roc(7, 0x0102).unwrap();
        let mut sent = protected(&mut tx, &rtp_packet(7, 2, 0, None, 20)).unwrap();
        rx.unprotect_rtp(&mut sent).unwrap();
        assert_eq!(rx.roc(7), Some(0x0102), "{mode:?}");
    }
}

/// Without state the index is the caller's, and has to be of the packet.
#[test]
fn an_index_of_another_packet_is_refused() {
    let tx = stateless::Outbound::new(&key(), Policy::SECURE).unwrap();
    let rx = stateless::Inbound::new(&key(), Policy::SECURE).unwrap();
    let packet = rtp_packet(7, 5, 0, None, 20);
    let mut sent = vec![0; packet.len() + 10];
    let (index, sequence_number) = (1 << 16 | 4, 5);
    let error = ProtectError::IndexMismatch { index, sequence_number };
    assert_eq!(tx.protect_rtp_to(&packet, &mut sent, index), Err(error));
    let error = ProtectError::IndexExhausted { last: (1 << 48) - 1 };
    assert_eq!(tx.protect_rtp_to(&packet, &mut sent, 1 << 48 | 5), Err(error));
    tx.protect_rtp_to(&packet, &mut sent, 1 << 16 | 5).unwrap();
    let error = UnprotectError::IndexMismatch { index, sequence_number };
    assert_eq!(rx.unprotect_rtp(&mut sent.clone(), index), Err(error));
    assert_eq!(rx.unprotect_rtp(&mut sent.clone(), 5), Err(UnprotectError::AuthFailed));
    assert_eq!(rx.unprotect_rtp(&mut sent, 1 << 16 | 5), Ok(packet.len()));
}

/// A packet that carries its rollover counter tells a stateless receiver which index to try.
#[test]
fn a_carried_counter_can_be_read_without_state() {
    let policy = Policy::SECURE.with_rcc(Rcc::new(RccMode::Two, 5.try_into().unwrap()));
    let tx = stateless::Outbound::new(&key(), policy).unwrap();
    let rx = stateless::Inbound::new(&key(), policy).unwrap();
    for (seq, carried) in [(10, Some(0x0a0b_0c0d)), (11, None)] {
        let index = 0x0a0b_0c0d << 16 | u64::from(seq);
        let mut packet = rtp_packet(7, seq, 0, None, 20);
        let len = packet.len();
        packet.resize(len + tx.rtp_overhead(), 0);
        let len = tx.protect_rtp(&mut packet, len, index).unwrap();
        assert_eq!(rx.carried_roc(&packet[..len]), carried);
        rx.unprotect_rtp(&mut packet[..len], index).unwrap();
    }
}

/// Counters count what passed and what did not, for a stream only once it has a place.
#[cfg(feature = "counters")]
#[test]
fn counters_count() {
    let (mut tx, mut rx) =
        (Tx::new(&key(), Policy::SECURE).unwrap(), Rx::new(&key(), Policy::SECURE).unwrap());
    let packet = |seq| rtp_packet(7, seq, 0, None, 20);
    let mut another = tx.clone();
    let sent = [
        protected(&mut tx, &packet(1)).unwrap(),
        protected(&mut tx, &packet(3000)).unwrap(),
        protected(&mut another, &packet(2)).unwrap(), // will be late
    ];
    let mut forged = sent[0].clone();
    forged[20] ^= 1;
    rx.unprotect_rtp(&mut forged.clone()).unwrap_err();
    assert_eq!(rx.stream_counters(7), None);
    for packet in [&sent[0], &sent[0], &sent[1], &sent[2], &forged] {
        let _ = rx.unprotect_rtp(&mut packet.clone());
    }
    let all = rx.counters();
    assert_eq!((all.packets, all.bytes), (2, 64));
    assert_eq!((all.auth_failures, all.replays, all.late), (1, 1, 2));
    let stream = rx.stream_counters(7).unwrap();
    assert_eq!((stream.packets, stream.auth_failures, stream.replays, stream.late), (2, 0, 1, 2));
    assert_eq!((tx.counters().packets, tx.counters().bytes), (2, 64));
    assert_eq!(tx.stream_counters(7).unwrap().packets, 2);
}
