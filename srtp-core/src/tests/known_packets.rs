//! Packets made by a second implementation, through every call that protects or unprotects.

use srtp_test_vectors::{KNOWN_PACKETS, KnownPacket, known_packets};

use super::{inbound_state, outbound_state};
use crate::wire::RtpHeader;
use crate::{
    Cryptex, CryptoSuite, Fixed, Inbound, KeyDerivationRate, KeyError, MasterKey, Outbound, Policy,
    ProtectError, Rcc, RccMode, UnprotectError, stateless,
};

type Tx = Outbound<Fixed<2>, 1>;
type Rx = Inbound<Fixed<2>, 1>;

/// What AES-GCM cannot do stands in its table too (RFC 7714 §16.1.3 prints such packets).
fn is_allowed(packet: &KnownPacket) -> bool {
    !(packet.suite.starts_with("AEAD") && packet.unencrypted_srtp)
}

fn packets() -> impl Iterator<Item = KnownPacket> {
    KNOWN_PACKETS.iter().flat_map(|table| known_packets(table)).filter(is_allowed)
}

fn key(packet: &KnownPacket) -> MasterKey {
    let suite = CryptoSuite::from_name(packet.suite).unwrap();
    let rate = packet.kdr.map(|n| KeyDerivationRate::from_exponent(n).unwrap());
    MasterKey::new(suite, &packet.key_salt())
        .unwrap()
        .with_mki(&packet.mki)
        .unwrap()
        .with_key_derivation_rate(rate.unwrap_or_default())
}

fn policy(packet: &KnownPacket) -> Policy {
    let rcc = packet.rcc.map(|(mode, rate, tag_len)| {
        let mode = [RccMode::One, RccMode::Two, RccMode::Three][usize::from(mode) - 1];
        Rcc::new(mode, rate.try_into().unwrap()).with_tag_len(tag_len)
    });
    let policy = match rcc {
        Some(rcc) => Policy::SECURE.with_rcc(rcc),
        None => Policy::SECURE,
    };
    policy
        .with_encrypted_extensions(packet.extensions.iter().copied().collect())
        .with_cryptex(if packet.cryptex { Cryptex::Allowed } else { Cryptex::Off })
        .with_unencrypted_srtp(packet.unencrypted_srtp)
        .with_unencrypted_srtcp(packet.unencrypted_srtcp)
        .with_unauthenticated_srtp(packet.unauthenticated_srtp)
}

/// Whether a tag vouches for the packet.
fn is_authenticated(packet: &KnownPacket) -> bool {
    let seq = u16::from_be_bytes([packet.plain[2], packet.plain[3]]);
    packet.rtcp
        || match packet.rcc {
            _ if packet.suite.starts_with("AEAD") => true,
            Some((mode, rate, _)) => mode == 2 || (mode == 1 && seq.is_multiple_of(rate)),
            None => !packet.unauthenticated_srtp,
        }
}

/// Whether every packet of its session is authenticated, so that there is a replay window.
fn has_a_window(packet: &KnownPacket) -> bool {
    is_authenticated(packet) && !packet.rcc.is_some_and(|(mode, rate, _)| mode == 1 && rate > 1)
}

fn ssrc(packet: &KnownPacket) -> u32 {
    let at = if packet.rtcp { 4 } else { 8 };
    u32::from_be_bytes(packet.plain[at..at + 4].try_into().unwrap())
}

/// A sender about to send just this packet.
fn sender(packet: &KnownPacket) -> Tx {
    let mut sender = Tx::new(&key(packet), policy(packet)).unwrap();
    if packet.rtcp {
        sender.set_rtcp_index(ssrc(packet), packet.index).unwrap();
    } else {
        sender.set_roc(ssrc(packet), packet.roc).unwrap();
    }
    sender
}

fn receiver(packet: &KnownPacket) -> Rx {
    let mut receiver = Rx::new(&key(packet), policy(packet)).unwrap();
    receiver.set_roc(ssrc(packet), packet.roc).unwrap();
    receiver
}

fn protect(
    sender: &mut Tx,
    rtcp: bool,
    buffer: &mut [u8],
    len: usize,
) -> Result<usize, ProtectError> {
    if rtcp { sender.protect_rtcp(buffer, len) } else { sender.protect_rtp(buffer, len) }
}

fn unprotect(receiver: &mut Rx, rtcp: bool, packet: &mut [u8]) -> Result<usize, UnprotectError> {
    if rtcp { receiver.unprotect_rtcp(packet) } else { receiver.unprotect_rtp(packet) }
}

/// What a receiver makes of the packet: the one that was sent, but for what Cryptex puts into a
/// header without extension and takes from its application bits (RFC 9335 §5).
fn opened(packet: &KnownPacket) -> Vec<u8> {
    let mut plain = packet.plain.clone();
    let csrc_end = 12 + 4 * usize::from(plain[0] & 0x0f);
    if !packet.rtcp && packet.cryptex {
        if plain[0] & 0x10 == 0 && csrc_end > 12 {
            plain[0] |= 0x10;
            plain.splice(csrc_end..csrc_end, [0xbe, 0xde, 0, 0]);
        } else if plain[0] & 0x10 != 0 && plain[csrc_end] == 0x10 {
            plain[csrc_end + 1] &= 0xf0;
        }
    }
    plain
}

fn index(packet: &KnownPacket) -> u64 {
    let seq = u64::from(packet.plain[2]) << 8 | u64::from(packet.plain[3]);
    u64::from(packet.roc) << 16 | seq
}

/// In place, into rubbish elsewhere, and without state: the same bytes, none of them behind what
/// the packet takes.
#[test]
fn every_call_makes_the_known_packet() {
    for packet in packets() {
        let (plain, secured, rtcp) = (&packet.plain, &packet.secured, packet.rtcp);
        let what = format!("{} {}", packet.suite, packet.name);
        match rtcp {
            true => assert_eq!(plain.len() + sender(&packet).rtcp_overhead(), secured.len()),
            false => {
                assert_eq!(sender(&packet).protected_rtp_len(plain), Ok(secured.len()), "{what}");
                assert!(plain.len() + sender(&packet).rtp_overhead() >= secured.len());
            }
        }
        let stateless = stateless::Outbound::new(&key(&packet), policy(&packet)).unwrap();
        let (roc_and_seq, rtcp_index) = (index(&packet), packet.index);

        type Call<'c> = &'c mut dyn FnMut(&mut [u8]) -> Result<usize, ProtectError>;
        let in_place: [Call<'_>; 2] = [
            &mut |buffer| protect(&mut sender(&packet), rtcp, buffer, plain.len()),
            &mut |buffer| match rtcp {
                true => stateless.protect_rtcp(buffer, plain.len(), rtcp_index),
                false => stateless.protect_rtp(buffer, plain.len(), roc_and_seq),
            },
        ];
        for call in in_place {
            let mut buffer = plain.clone();
            buffer.resize(secured.len() + 5, 0xee);
            let len = call(&mut buffer).unwrap();
            assert_eq!(buffer[..len], secured[..], "{what}");
            assert_eq!(buffer[len..], [0xee; 5]);
        }
        let elsewhere: [Call<'_>; 2] = [
            &mut |output| match rtcp {
                true => sender(&packet).protect_rtcp_to(plain, output),
                false => sender(&packet).protect_rtp_to(plain, output),
            },
            &mut |output| match rtcp {
                true => stateless.protect_rtcp_to(plain, output, rtcp_index),
                false => stateless.protect_rtp_to(plain, output, roc_and_seq),
            },
        ];
        for call in elsewhere {
            let mut output = vec![0xa5; secured.len() + 5];
            let len = call(&mut output).unwrap();
            assert_eq!(output[..len], secured[..], "{what}");
            assert_eq!(output[len..], [0xa5; 5]);
            let (mut short, needed) = (vec![0xa5; secured.len() - 1], secured.len());
            let available = short.len();
            assert_eq!(call(&mut short), Err(ProtectError::NoRoom { available, needed }));
            assert_eq!(short, vec![0xa5; available]);
        }
    }
}

/// The other way: in place, into rubbish elsewhere, without state, and only looked at.
#[test]
fn every_call_opens_the_known_packet() {
    for packet in packets() {
        let (plain, secured, rtcp) = (&opened(&packet), &packet.secured, packet.rtcp);
        let what = format!("{} {}", packet.suite, packet.name);
        let stateless = stateless::Inbound::new(&key(&packet), policy(&packet)).unwrap();
        let (roc_and_seq, rtcp_index) = (index(&packet), packet.index);

        let looked_at = receiver(&packet);
        let before = inbound_state(&looked_at);
        match rtcp {
            true => assert_eq!(looked_at.verify_rtcp(secured), Ok(rtcp_index)),
            false => assert_eq!(looked_at.verify_rtp(secured), Ok(roc_and_seq)),
        }
        assert_eq!(inbound_state(&looked_at), before);
        match rtcp {
            true => assert_eq!(stateless.verify_rtcp(secured), Ok((plain.len(), rtcp_index))),
            false => assert_eq!(stateless.verify_rtp(secured, roc_and_seq), Ok(plain.len())),
        }

        type Call<'c> = &'c mut dyn FnMut(&mut [u8]) -> Result<usize, UnprotectError>;
        let in_place: [Call<'_>; 2] = [
            &mut |bytes| unprotect(&mut receiver(&packet), rtcp, bytes),
            &mut |bytes| match rtcp {
                true => stateless.unprotect_rtcp(bytes).map(|(len, _)| len),
                false => stateless.unprotect_rtp(bytes, roc_and_seq),
            },
        ];
        for call in in_place {
            let mut buffer = secured.clone();
            let len = call(&mut buffer).unwrap();
            assert_eq!(buffer[..len], plain[..], "{what}");
        }
        let elsewhere: [Call<'_>; 2] = [
            &mut |output| match rtcp {
                true => receiver(&packet).unprotect_rtcp_to(secured, output),
                false => receiver(&packet).unprotect_rtp_to(secured, output),
            },
            &mut |output| match rtcp {
                true => stateless.unprotect_rtcp_to(secured, output).map(|(len, _)| len),
                false => stateless.unprotect_rtp_to(secured, output, roc_and_seq),
            },
        ];
        for call in elsewhere {
            let mut output = vec![0xa5; plain.len() + 5];
            let len = call(&mut output).unwrap();
            assert_eq!(output[..len], plain[..], "{what}");
            assert_eq!(output[len..], [0xa5; 5]);
            let (mut short, needed) = (vec![0xa5; plain.len() - 1], plain.len());
            let available = short.len();
            assert_eq!(call(&mut short), Err(UnprotectError::NoRoom { available, needed }));
            assert_eq!(short, vec![0xa5; available]);
        }
    }
}

/// A buffer that is one byte short, or any number: refused with the length needed, untouched.
#[test]
fn protect_without_room_says_how_much_is_needed() {
    for packet in packets().filter(|packet| packet.plain.len() < 100) {
        let mut sender = sender(&packet);
        let before = outbound_state(&sender);
        for available in packet.plain.len()..packet.secured.len() {
            let mut buffer = packet.plain.clone();
            buffer.resize(available, 0);
            let original = buffer.clone();
            let result = protect(&mut sender, packet.rtcp, &mut buffer, packet.plain.len());
            let needed = packet.secured.len();
            assert_eq!(result, Err(ProtectError::NoRoom { available, needed }));
            assert_eq!(buffer, original);
        }
        let mut short = packet.plain.clone();
        let beyond = short.len() + 1;
        assert!(matches!(
            protect(&mut sender, packet.rtcp, &mut short, beyond),
            Err(ProtectError::NoRoom { .. })
        ));
        assert_eq!(outbound_state(&sender), before);
    }
}

/// Every shorter prefix is refused, bytes and state as they were, whatever it looks like.
#[test]
fn no_prefix_of_a_packet_is_accepted() {
    for packet in packets() {
        let mut receiver = receiver(&packet);
        let before = inbound_state(&receiver);
        for len in 0..packet.secured.len() {
            let mut prefix = packet.secured[..len].to_vec();
            let result = unprotect(&mut receiver, packet.rtcp, &mut prefix);
            // A tagless packet is a shorter packet when its end is cut, unless an MKI was there.
            // So is one whose tag is but a rollover counter.
            let tagless = !is_authenticated(&packet) && packet.mki.is_empty();
            if tagless && RtpHeader::parse(&prefix).is_ok() {
                receiver = self::receiver(&packet);
                continue;
            }
            result.unwrap_err();
            assert_eq!(prefix, packet.secured[..len]);
            assert_eq!(inbound_state(&receiver), before);
        }
    }
}

/// Any single bit changed, anywhere, is refused and leaves everything as it was; the genuine packet
/// then still opens.
#[test]
fn no_bit_can_be_changed() {
    for packet in packets().filter(|p| p.secured.len() < 400 && (p.rtcp || has_a_window(p))) {
        let mut receiver = receiver(&packet);
        let before = inbound_state(&receiver);
        for bit in 0..8 * packet.secured.len() {
            let mut forged = packet.secured.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let sent = forged.clone();
            let error = unprotect(&mut receiver, packet.rtcp, &mut forged).unwrap_err();
            assert!(
                matches!(
                    error,
                    UnprotectError::AuthFailed
                        | UnprotectError::UnknownMki
                        | UnprotectError::TooShort { .. }
                        | UnprotectError::Malformed { .. }
                ),
                "{error}"
            );
            assert_eq!(forged, sent);
        }
        assert_eq!(inbound_state(&receiver), before);
        let mut genuine = packet.secured.clone();
        unprotect(&mut receiver, packet.rtcp, &mut genuine).unwrap();
        let mut again = packet.secured.clone();
        let replayed = unprotect(&mut receiver, packet.rtcp, &mut again).unwrap_err();
        assert!(matches!(replayed, UnprotectError::Replayed { .. }));
        assert_eq!(again, packet.secured);
    }
}

/// RFC 4568 §6.3.2: the E bit must be what was agreed. The packet is authentic, so the error is
/// about policy, and nothing moves.
#[test]
fn e_bit_is_held_against_the_policy() {
    let encrypts = |packet: &KnownPacket| !packet.suite.starts_with("NULL");
    for packet in packets().filter(|packet| packet.rtcp && encrypts(packet)) {
        let other = policy(&packet).with_unencrypted_srtcp(!packet.unencrypted_srtcp);
        let mut receiver = Rx::new(&key(&packet), other).unwrap();
        let before = inbound_state(&receiver);
        let mut buffer = packet.secured.clone();
        assert_eq!(
            receiver.unprotect_rtcp(&mut buffer),
            Err(UnprotectError::Policy { encrypted: !packet.unencrypted_srtcp }),
            "{}",
            packet.name
        );
        assert_eq!(buffer, packet.secured);
        assert_eq!(inbound_state(&receiver), before);
    }
}

/// The NULL cipher encrypts nothing, so that E is 0; a packet that claims otherwise is refused.
#[test]
fn e_bit_of_the_null_cipher_is_clear() {
    let null = packets().filter(|packet| packet.rtcp && packet.suite.starts_with("NULL"));
    for packet in null {
        let e_bit_at = packet.plain.len();
        assert_eq!(packet.secured[e_bit_at] & 0x80, 0);
        let other = policy(&packet).with_unencrypted_srtcp(!packet.unencrypted_srtcp);
        let mut receiver = Rx::new(&key(&packet), other).unwrap();
        receiver.unprotect_rtcp(&mut packet.secured.clone()).unwrap();
    }
}

/// RFC 7714 §8.2: "All SRTP packets MUST be both authenticated and encrypted."
#[test]
fn aead_refuses_what_weakens_it() {
    let weak = KNOWN_PACKETS.iter().flat_map(|table| known_packets(table));
    let weak: Vec<_> = weak.filter(|packet| !is_allowed(packet)).collect();
    assert!(weak.len() > 4);
    for packet in weak {
        let suite = CryptoSuite::from_name(packet.suite).unwrap();
        let refused = KeyError::PolicyNotForSuite { suite };
        assert_eq!(Tx::new(&key(&packet), policy(&packet)).err(), Some(refused));
        assert_eq!(Rx::new(&key(&packet), policy(&packet)).err(), Some(refused));
    }
}
