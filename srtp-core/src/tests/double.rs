//! Double encryption: packets of the second implementation there and back, by way of a media
//! distributor; and what each of the three parties can and cannot do.

use srtp_test_vectors::{DoublePacket, double_packets};

use super::{inbound_state, outbound_state};
use crate::double::{
    DoubleInbound, DoubleKey, DoubleOutbound, DoubleSuite, EndToEndInbound, EndToEndOutbound,
    HeaderChange, OriginalHeader, change_header,
};
use crate::{
    Cryptex, CryptoSuite, Fixed, Inbound, KeyError, MasterKey, Outbound, Policy, ProtectError,
    UnprotectError,
};

type S = Fixed<2>;

fn suite(packet: &DoublePacket) -> DoubleSuite {
    match packet.suite {
        "AEAD_AES_128_GCM" => DoubleSuite::Aes128Gcm,
        _ => DoubleSuite::Aes256Gcm,
    }
}

fn key(packet: &DoublePacket) -> DoubleKey {
    DoubleKey::new(suite(packet), &packet.key_salt).unwrap()
}

fn ssrc(packet: &DoublePacket) -> u32 {
    u32::from_be_bytes(packet.plain[8..12].try_into().unwrap())
}

fn change(packet: &DoublePacket) -> HeaderChange {
    let [_, second, s0, s1] = packet.changed[..] else { panic!() };
    HeaderChange {
        payload_type: Some(second & 0x7f),
        sequence_number: Some(u16::from_be_bytes([s0, s1])),
        marker: Some(second & 0x80 != 0),
    }
}

fn listener(packet: &DoublePacket, policy: Policy) -> DoubleInbound<S> {
    let mut listener = DoubleInbound::<S>::new(&key(packet), policy).unwrap();
    listener.end_to_end.context_mut().set_roc(ssrc(packet), packet.roc).unwrap();
    listener.hop_by_hop.set_roc(ssrc(packet), packet.hop_roc).unwrap();
    listener
}

/// The speaker's packet as a listener has it: payload type and sequence number are the hop's.
fn heard(packet: &DoublePacket) -> Vec<u8> {
    let mut heard = packet.plain.clone();
    heard[1] = (heard[1] & 0x80) | (packet.changed[1] & 0x7f);
    heard[2..4].copy_from_slice(&packet.changed[2..4]);
    heard
}

/// End to end, changed on the way, hop by hop: the bytes of the second implementation at each step.
#[test]
fn every_step_makes_the_known_packet() {
    for packet in double_packets() {
        let key = key(&packet);
        let mut speaker = EndToEndOutbound::<S>::new(&key.end_to_end).unwrap();
        speaker.context_mut().set_roc(ssrc(&packet), packet.roc).unwrap();
        let mut buffer = packet.plain.clone();
        buffer.resize(packet.secured.len(), 0xee);
        let len = speaker.protect_rtp(&mut buffer, packet.plain.len()).unwrap();
        let len = change_header(&mut buffer, len, change(&packet)).unwrap();
        assert_eq!(buffer[..len], packet.end_to_end, "{}", packet.name);
        let mut hop = Outbound::<S, 1>::new(&key.hop_by_hop, Policy::SECURE).unwrap();
        hop.set_roc(ssrc(&packet), packet.hop_roc).unwrap();
        let len = hop.protect_rtp(&mut buffer, len).unwrap();
        assert_eq!(buffer[..len], packet.secured, "{}", packet.name);
    }
}

#[test]
fn every_known_packet_is_opened() {
    for packet in double_packets() {
        let mut buffer = packet.secured.clone();
        let opened = listener(&packet, Policy::SECURE).unprotect_rtp(&mut buffer).unwrap();
        assert_eq!(buffer[..opened.len], heard(&packet), "{}", packet.name);
        let spoken = u16::from_be_bytes([packet.plain[2], packet.plain[3]]);
        assert_eq!(opened.sequence_number, spoken);
        assert_eq!(opened.payload_type, packet.plain[1] & 0x7f);

        // In two steps, as one who gets the packet from somewhere else.
        let key = key(&packet);
        let mut hop = Inbound::<S, 1>::new(&key.hop_by_hop, Policy::SECURE).unwrap();
        hop.set_roc(ssrc(&packet), packet.hop_roc).unwrap();
        let mut listener = EndToEndInbound::<S>::new(&key.end_to_end).unwrap();
        listener.context_mut().set_roc(ssrc(&packet), packet.roc).unwrap();
        let mut buffer = packet.secured.clone();
        let len = hop.unprotect_rtp(&mut buffer).unwrap();
        assert_eq!(buffer[..len], packet.end_to_end);
        let again = listener.unprotect_rtp(&mut buffer[..len]).unwrap();
        assert_eq!(again, opened);
        assert_eq!(buffer[..again.len], heard(&packet));
    }
}

/// A distributor with the outer key that changes what it may not (payload, timestamp, CSRCs, inner
/// tag, or a field without saying so) is found out end to end; packet and both contexts are then as
/// before. The extension is its own to change (RFC 8723 §5).
#[test]
fn a_distributor_is_found_out() {
    for packet in double_packets().filter(|packet| packet.name.ends_with("roc-7")) {
        let header_len = packet.plain.len() - 20;
        let extension = packet.plain[0] & 0x10 != 0;
        let csrc_end = 12 + 4 * usize::from(packet.plain[0] & 0x0f);
        for policy in [Policy::SECURE, Policy::SECURE.with_cryptex(Cryptex::Allowed)] {
            for byte in 1..packet.end_to_end.len() - 1 {
                let mut forged = packet.end_to_end.clone();
                forged[byte] ^= 1;
                let is_extension = extension && (csrc_end..header_len).contains(&byte);
                let noted = OriginalHeader::read(&packet.end_to_end).unwrap();
                let is_noted = (byte == 1 && noted.payload_type.is_some())
                    || ((2..4).contains(&byte) && noted.sequence_number.is_some());
                if is_extension || is_noted || (8..12).contains(&byte) {
                    continue; // its own to change, or another SSRC altogether
                }
                let key = key(&packet);
                let mut hop = Outbound::<S, 1>::new(&key.hop_by_hop, policy).unwrap();
                hop.set_roc(ssrc(&packet), packet.hop_roc).unwrap();
                let mut buffer = forged.clone();
                buffer.resize(forged.len() + 20, 0);
                let len = hop.protect_rtp(&mut buffer, forged.len()).unwrap();
                buffer.truncate(len);

                let mut listener = listener(&packet, policy);
                let before = (
                    inbound_state(listener.end_to_end.context()),
                    inbound_state(&listener.hop_by_hop),
                );
                let sent = buffer.clone();
                listener.unprotect_rtp(&mut buffer).unwrap_err();
                assert_eq!(buffer, sent, "{} byte {byte}", packet.name);
                let after = (
                    inbound_state(listener.end_to_end.context()),
                    inbound_state(&listener.hop_by_hop),
                );
                assert_eq!(after, before);
                let mut genuine = packet.secured.clone();
                if policy == Policy::SECURE {
                    listener.unprotect_rtp(&mut genuine).unwrap();
                }
            }
        }
    }
}

/// The end-to-end replay window is the speaker's own: a packet that a distributor sends twice under
/// two sequence numbers of the hop is refused the second time.
#[test]
fn a_packet_relayed_twice_is_a_replay() {
    let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &[3; 56]).unwrap();
    let mut speaker = EndToEndOutbound::<S>::new(&key.end_to_end).unwrap();
    let mut hop = Outbound::<S, 1>::new(&key.hop_by_hop, Policy::SECURE).unwrap();
    let mut listener = DoubleInbound::<S>::new(&key, Policy::SECURE).unwrap();
    let packet = super::conversation::rtp_packet(7, 5, 1, None, 30);
    let mut inner = packet.clone();
    inner.resize(packet.len() + 17, 0);
    speaker.protect_rtp(&mut inner, packet.len()).unwrap();
    let mut relay = |sequence_number| {
        let mut buffer = inner.clone();
        buffer.resize(inner.len() + 20, 0);
        let change = HeaderChange { sequence_number: Some(sequence_number), ..Default::default() };
        let len = change_header(&mut buffer, inner.len(), change).unwrap();
        let len = hop.protect_rtp(&mut buffer, len).unwrap();
        buffer.truncate(len);
        buffer
    };
    let (mut first, mut second) = (relay(5), relay(6));
    listener.unprotect_rtp(&mut first).unwrap();
    let sent = second.clone();
    let error = listener.unprotect_rtp(&mut second).unwrap_err();
    assert_eq!(error, UnprotectError::Replayed { index: 5 });
    assert_eq!(second, sent);
    assert_eq!(listener.hop_by_hop.streams().next().unwrap().rtp_index, Some(5));
}

/// What the outer transform would refuse is refused before the inner one counts the packet.
#[test]
fn a_refused_packet_moves_neither_context() {
    let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &[3; 56]).unwrap();
    let mut speaker = DoubleOutbound::<S>::new(&key, Policy::SECURE).unwrap();
    let packet = super::conversation::rtp_packet(7, 5, 0, None, 30);
    let before =
        (outbound_state(speaker.end_to_end.context()), outbound_state(&speaker.hop_by_hop));
    let needed = packet.len() + speaker.rtp_overhead();
    for available in packet.len()..needed {
        let mut buffer = packet.clone();
        buffer.resize(available, 0);
        let error = speaker.protect_rtp(&mut buffer, packet.len()).unwrap_err();
        assert_eq!(error, ProtectError::NoRoom { available, needed });
        assert_eq!(buffer[..packet.len()], packet);
    }
    let after = (outbound_state(speaker.end_to_end.context()), outbound_state(&speaker.hop_by_hop));
    assert_eq!(after, before);
    let mut buffer = packet.clone();
    buffer.resize(needed, 0);
    assert_eq!(speaker.protect_rtp(&mut buffer, packet.len()), Ok(needed));

    // RTCP has one transform (RFC 8723 §6).
    let report = super::conversation::rtcp_packet(7, 20);
    let mut buffer = report.clone();
    buffer.resize(report.len() + 20, 0);
    let len = speaker.protect_rtcp(&mut buffer, report.len()).unwrap();
    let mut hop = Inbound::<S, 1>::new(&key.hop_by_hop, Policy::SECURE).unwrap();
    assert_eq!(hop.unprotect_rtcp(&mut buffer[..len]), Ok(report.len()));
}

/// RFC 8723 §3 and §10.1: lengths, profiles, and AES-GCM only.
#[test]
fn keys_are_two_halves_of_aead() {
    for suite in [DoubleSuite::Aes128Gcm, DoubleSuite::Aes256Gcm] {
        let len = suite.key_salt_len();
        assert!(DoubleKey::new(suite, &vec![1; len]).is_ok());
        let wrong = KeyError::ExportedLength { needed: len, given: len - 1 };
        assert_eq!(DoubleKey::new(suite, &vec![1; len - 1]), Err(wrong));
        assert_eq!(DoubleSuite::from_dtls_profile(suite.dtls_profile()), Some(suite));
        assert!(suite.name().ends_with(suite.half().name()));
    }
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let key = MasterKey::new(suite, &[1; 30]).unwrap();
    assert_eq!(EndToEndOutbound::<S>::new(&key).err(), Some(KeyError::NotAead { suite }));
    assert_eq!(EndToEndInbound::<S>::new(&key).err(), Some(KeyError::NotAead { suite }));
}
