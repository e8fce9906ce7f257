//! Double encryption: packets of the second implementation there and back, by way of a media
//! distributor; and what each of the three parties can and cannot do.

use std::collections::BTreeSet;

use proptest::prelude::*;
use srtp_test_vectors::{DoublePacket, double_packets};

use super::conversation::{rtcp_packet, rtp_packet};
use super::model::{Agreed, Receiver, SUITES, Verdict};
use super::{inbound_state, outbound_state};
use crate::double::{
    DoubleInbound, DoubleKey, DoubleOutbound, DoubleSuite, END_TO_END_OVERHEAD, EndToEndInbound,
    EndToEndOutbound, HeaderChange, OriginalHeader, change_header,
};
use crate::{
    Cryptex, CryptoSuite, Fixed, Inbound, KeyError, MAX_PAYLOAD_LEN, MasterKey, Outbound, Policy,
    ProtectError, UnprotectError,
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
    let packet = rtp_packet(7, 5, 1, None, 30);
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
    #[cfg(feature = "counters")]
    assert_eq!(
        (listener.hop_by_hop.counters().packets, listener.hop_by_hop.counters().replays),
        (1, 1),
        "what came through both transforms, and what did not"
    );
}

/// What the outer transform would refuse is refused before the inner one counts the packet.
#[test]
fn a_refused_packet_moves_neither_context() {
    let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &[3; 56]).unwrap();
    let mut speaker = DoubleOutbound::<S>::new(&key, Policy::SECURE).unwrap();
    let packet = rtp_packet(7, 5, 0, None, 30);
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
    let report = rtcp_packet(7, 20);
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

// Against the model ---------------------------------------------------------------------------

/// One half as the model knows it: AES-GCM and nothing else agreed.
fn agreed(key_salt: Vec<u8>) -> Agreed {
    let suite = *SUITES.iter().find(|suite| suite.name == "AEAD_AES_128_GCM").unwrap();
    Agreed {
        suite,
        key_salt,
        mki: Vec::new(),
        mki_sent: true,
        mki_accepted: &[true],
        rate: None,
        lifetime: suite.max_lifetime,
        unencrypted_srtp: false,
        unencrypted_srtcp: false,
        unauthenticated_srtp: false,
        first_roc: (0, 0),
        elements: BTreeSet::new(),
        cryptex: (false, false),
        rcc: None,
    }
}

fn header_len(packet: &[u8]) -> (usize, usize) {
    let csrc_end = 12 + 4 * usize::from(packet[0] & 0x0f);
    let extension = packet[0] & 0x10 != 0;
    let words = |at: usize| usize::from(u16::from_be_bytes([packet[at + 2], packet[at + 3]]));
    (csrc_end, if extension { csrc_end + 4 + 4 * words(csrc_end) } else { csrc_end })
}

/// RFC 8723 §5.1 step 3: X = 0 and no extension.
fn synthetic(packet: &[u8]) -> Vec<u8> {
    let (csrc_end, header_len) = header_len(packet);
    [&[packet[0] & !0x10], &packet[1..csrc_end], &packet[header_len..]].concat()
}

/// RFC 8723 §5.3: what the model's two receivers make of a packet; nothing moves unless both agree.
fn receive(outer: &mut Receiver, inner: &mut Receiver, packet: &[u8]) -> Option<Vec<u8>> {
    let (mut outer_then, mut inner_then) = (outer.clone(), inner.clone());
    let Verdict::Plain(middle) = outer_then.receive_rtp(packet) else {
        return None;
    };
    let (csrc_end, header_len) = header_len(&middle);
    let (config, rest) = middle.split_last()?;
    let mut original = middle[..csrc_end].to_vec();
    original[0] &= !0x10;
    let mut end = rest.len();
    if config & 0xf0 != 0 || config & 0x0c == 0x08 || header_len == middle.len() {
        return None;
    }
    if config & 1 != 0 {
        end = end.checked_sub(2).filter(|end| *end >= header_len)?;
        original[2..4].copy_from_slice(&rest[end..end + 2]);
    }
    if config & 2 != 0 {
        end = end.checked_sub(1).filter(|end| *end >= header_len)?;
        if rest[end] > 127 {
            return None;
        }
        original[1] = original[1] & 0x80 | rest[end];
    }
    if config & 4 != 0 {
        original[1] = original[1] & 0x7f | (config & 8) << 4;
    }
    let body = &rest[header_len..end];
    let Verdict::Plain(plain) = inner_then.receive_rtp(&[&original[..], body].concat()) else {
        return None;
    };
    (*outer, *inner) = (outer_then, inner_then);
    let mut heard = [&middle[..header_len], &plain[csrc_end..]].concat();
    heard[1] = original[1] & 0x80 | middle[1] & 0x7f;
    Some(heard)
}

#[derive(Clone, Debug)]
struct Spoken {
    ahead: u16,
    csrcs: u8,
    extension: Option<(u16, u8)>,
    payload: usize,
    change: (Option<u8>, Option<bool>),
    /// How far the hop's sequence numbers run away from the speaker's.
    shift: u16,
    /// What happens to it: sent, sent twice, lost, a bit changed on the way or by the distributor.
    fate: u8,
    bit: usize,
}

fn spoken() -> impl Strategy<Value = Spoken> {
    let extension = prop_oneof![2 => Just(None), 1 => (Just(0xbede_u16), 0..4_u8).prop_map(Some)];
    let change = (prop::option::of(0..128_u8), prop::option::of(any::<bool>()));
    let ahead = prop_oneof![4 => Just(1_u16), 1 => 1..20_000_u16];
    (ahead, 0..3_u8, extension, 0..50_usize, change, 0..3_u16, 0..7_u8, any::<usize>()).prop_map(
        |(ahead, csrcs, extension, payload, change, shift, fate, bit)| Spoken {
            ahead,
            csrcs,
            extension,
            payload,
            change,
            shift,
            fate,
            bit,
        },
    )
}

proptest! {
    /// A speaker, a distributor that renumbers and changes, a lossy and hostile hop, a listener: sent
    /// and heard are the model's bytes, a refusal changes neither packet nor contexts.
    #[test]
    fn conferences_go_as_the_model_says(
        key_salt in any::<[u8; 56]>(),
        first in prop_oneof![0..5_u16, 65_000..=65_535_u16],
        spoken in prop::collection::vec(spoken(), 1..60),
    ) {
        let halves = |key: usize, salt: usize| {
            agreed([&key_salt[key..key + 16], &key_salt[salt..salt + 12]].concat())
        };
        let (inner, outer) = (halves(0, 32), halves(16, 44));
        let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &key_salt).unwrap();
        let mut speaker = EndToEndOutbound::<S>::new(&key.end_to_end).unwrap();
        let mut hop = Outbound::<S, 1>::new(&key.hop_by_hop, Policy::SECURE).unwrap();
        let mut listener = DoubleInbound::<S>::new(&key, Policy::SECURE).unwrap();
        let mut model_outer = Receiver::new(outer.clone(), 1024, 2);
        let mut model_inner = Receiver::new(inner.clone(), 1024, 2);

        let (mut index, mut hop_index) = (u128::from(first), u128::from(first));
        for spoken in spoken {
            let packet = rtp_packet(7, index as u16, spoken.csrcs, spoken.extension, spoken.payload);
            let sealed = inner.seal_rtp(&synthetic(&packet), index);
            let (csrc_end, header_len) = header_len(&packet);
            let expected = [&packet[..header_len], &sealed[csrc_end..], &[0]].concat();
            let mut buffer = packet.clone();
            buffer.resize(packet.len() + 60, 0);
            let len = speaker.protect_rtp(&mut buffer, packet.len()).unwrap();
            prop_assert_eq!(&buffer[..len], &expected[..]);

            let change = HeaderChange {
                payload_type: spoken.change.0,
                sequence_number: Some(hop_index as u16),
                marker: spoken.change.1,
            };
            let len = change_header(&mut buffer, len, change).unwrap();
            let mut middle = buffer[..len].to_vec();
            if spoken.fate == 5 {
                let bit = spoken.bit % (8 * len);
                if bit / 8 > 12 {
                    buffer[bit / 8] ^= 1 << (bit % 8);
                }
            }
            let forged = buffer[..len].to_vec();
            let len = match hop.protect_rtp(&mut buffer, len) {
                Ok(len) => {
                    middle = forged;
                    len
                }
                // With a forged length of the extension it is no RTP packet. The distributor then
                // sends what it was given: a hop that missed packets would count the wraps of its
                // sequence numbers from elsewhere than `hop_index` does.
                Err(_) => {
                    buffer[..len].copy_from_slice(&middle);
                    hop.protect_rtp(&mut buffer, len).unwrap()
                }
            };
            buffer.truncate(len);
            prop_assert_eq!(&buffer, &outer.seal_rtp(&middle, hop_index));
            let times = match spoken.fate { 0 => 0, 1 => 2, _ => 1 };
            if spoken.fate == 6 {
                let bit = spoken.bit % (8 * buffer.len());
                buffer[bit / 8] ^= 1 << (bit % 8);
            }
            for _ in 0..times {
                let sent = buffer.clone();
                let mut received = buffer.clone();
                let state = |listener: &DoubleInbound<S>| {
                    let inner = inbound_state(listener.end_to_end.context());
                    (inner, inbound_state(&listener.hop_by_hop))
                };
                let before = state(&listener);
                let opened = listener.unprotect_rtp(&mut received);
                let model = receive(&mut model_outer, &mut model_inner, &buffer);
                match opened {
                    Ok(opened) => prop_assert_eq!(Some(received[..opened.len].to_vec()), model),
                    Err(error) => {
                        prop_assert_eq!(model, None, "{}", error);
                        prop_assert_eq!(received, sent);
                        prop_assert_eq!(state(&listener), before);
                    }
                }
            }
            index += u128::from(spoken.ahead);
            hop_index += u128::from(spoken.ahead + spoken.shift);
        }
    }
}

/// What both transforms add must still fit: the inner one says so of its payload, the whole of the
/// packet, each by its own limit and not a byte earlier.
#[test]
fn the_longest_packet_leaves_room_for_both_transforms() {
    let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &[3; 56]).unwrap();
    let limit = MAX_PAYLOAD_LEN - END_TO_END_OVERHEAD;
    for (payload, good) in [(limit, true), (limit + 1, false)] {
        let mut inner = EndToEndOutbound::<Fixed<1>>::new(&key.end_to_end).unwrap();
        let mut buffer = rtp_packet(7, 1, 0, None, payload);
        let len = buffer.len();
        buffer.resize(len + END_TO_END_OVERHEAD, 0);
        let expected = match good {
            true => Ok(len + END_TO_END_OVERHEAD),
            false => Err(ProtectError::TooLong { len: payload, limit }),
        };
        assert_eq!(inner.protect_rtp(&mut buffer, len), expected);
    }
    for (len, good) in [(limit, true), (limit + 1, false)] {
        let mut both = DoubleOutbound::<Fixed<1>>::new(&key, Policy::SECURE).unwrap();
        let mut buffer = rtp_packet(7, 1, 0, None, len - 12);
        buffer.resize(len + both.rtp_overhead(), 0);
        let whole = len + END_TO_END_OVERHEAD;
        let expected = match good {
            true => Ok(len + both.rtp_overhead()),
            false => Err(ProtectError::TooLong { len: whole, limit: MAX_PAYLOAD_LEN }),
        };
        assert_eq!(both.protect_rtp(&mut buffer, len), expected);
    }
}

/// A packet that cannot have been protected end to end is told how long it would have to be.
#[test]
fn a_packet_without_an_inner_tag() {
    let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &[3; 56]).unwrap();
    let mut inner = EndToEndInbound::<Fixed<1>>::new(&key.end_to_end).unwrap();
    let mut packet = rtp_packet(7, 1, 0, None, 16);
    *packet.last_mut().unwrap() = 0;
    let short = UnprotectError::TooShort { len: 28, needed: 12 + 16 + 1 };
    assert_eq!(inner.unprotect_rtp(&mut packet).unwrap_err(), short);
    let said = format!("{inner:?}");
    assert!(said.starts_with("EndToEndInbound(Inbound {"), "{said}");
    let outer = EndToEndOutbound::<Fixed<1>>::new(&key.end_to_end).unwrap();
    assert!(format!("{outer:?}").starts_with("EndToEndOutbound(Outbound {"));
}

/// A packet whose inner tag is right and that is refused all the same, because its key has opened
/// as many as it may or its SSRC gets no place, is encrypted again: it can be tried elsewhere.
#[test]
fn a_refused_packet_is_as_it_came() {
    let long_lived = DoubleKey::new(DoubleSuite::Aes128Gcm, &[3; 56]).unwrap().end_to_end;
    let short_lived = long_lived.clone().with_lifetime(1).unwrap();
    let sent = |ssrc| {
        let mut speaker = EndToEndOutbound::<S>::new(&long_lived).unwrap();
        let mut buffer = rtp_packet(ssrc, 5, 0, None, 30);
        let len = buffer.len();
        buffer.resize(len + END_TO_END_OVERHEAD, 0);
        speaker.protect_rtp(&mut buffer, len).unwrap();
        buffer
    };
    for (key, refused) in [
        (&short_lived, UnprotectError::KeyExpired { lifetime: 1 }),
        (&long_lived, UnprotectError::TableFull { capacity: 1 }),
    ] {
        let mut listener = EndToEndInbound::<Fixed<1>>::new(key).unwrap();
        listener.unprotect_rtp(&mut sent(7)).unwrap();
        let mut packet = sent(8);
        assert_eq!(listener.unprotect_rtp(&mut packet), Err(refused));
        assert_eq!(packet, sent(8));
        let mut other = EndToEndInbound::<Fixed<1>>::new(&long_lived).unwrap();
        assert!(other.unprotect_rtp(&mut packet).is_ok());
    }
}

/// RTCP knows the outer transform alone (RFC 8723 §6).
#[test]
fn rtcp_is_protected_hop_by_hop() {
    let key = DoubleKey::new(DoubleSuite::Aes128Gcm, &[3; 56]).unwrap();
    let mut tx = DoubleOutbound::<Fixed<1>>::new(&key, Policy::SECURE).unwrap();
    let mut rx = DoubleInbound::<Fixed<1>>::new(&key, Policy::SECURE).unwrap();
    let packet = rtcp_packet(7, 20);
    let mut buffer = packet.clone();
    buffer.resize(packet.len() + 20, 0);
    assert_eq!(tx.protect_rtcp(&mut buffer, packet.len()), Ok(packet.len() + 20));
    assert_eq!(rx.unprotect_rtcp(&mut buffer), Ok(packet.len()));
    assert_eq!(buffer[..packet.len()], packet);
}
