//! Long random conversations: a sender of ours, a hostile network, a receiver of ours beside the
//! model. Every answer is the model's, every error leaves bytes and state as they were.

use proptest::prelude::*;

use super::model::{self, Agreed, SUITES, Verdict};
use super::{inbound_state, outbound_state};
use crate::{
    CryptoSuite, Fixed, Inbound, KeyDerivationRate, MasterKey, Outbound, Policy, ProtectError,
    UnprotectError,
};

/// Three SSRCs speak; the receiver has room for two.
const SSRCS: [u32; 3] = [0x0102_0304, 0xffff_ffff, 0];
const WORDS: usize = 2;
const WINDOW: u128 = 64 * WORDS as u128;

/// What happens next between the two.
#[derive(Clone, Debug)]
enum Step {
    /// SSRC number, how far the sequence number moves on, CSRCs, extension words, payload length.
    Rtp {
        who: usize,
        ahead: i32,
        csrcs: u8,
        extension: Option<u8>,
        payload: usize,
    },
    Rtcp {
        who: usize,
        payload: usize,
    },
    /// An earlier packet once more; counted from the latest.
    Again {
        back: usize,
    },
    /// An earlier packet with one bit changed.
    Corrupt {
        back: usize,
        bit: usize,
    },
    /// An earlier packet cut to a length.
    Cut {
        back: usize,
        len: usize,
    },
    /// A packet of RTP taken for RTCP and the other way round.
    Confuse {
        back: usize,
    },
    /// Rubbish of a length.
    Rubbish {
        len: usize,
        first: u8,
    },
    SetRoc {
        who: usize,
        roc: u32,
    },
    Remove {
        who: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..SSRCS.len();
    let ahead = prop_oneof![
        20 => 1..4_i32, 4 => -130..200_i32, 1 => -40_000..40_000_i32, 1 => Just(32_768), 1 => Just(32_767)
    ];
    let payload = prop_oneof![4 => 0..40_usize, 1 => Just(160_usize), 1 => 0..400_usize];
    let extension = prop_oneof![3 => Just(None), 1 => (0..6_u8).prop_map(Some)];
    prop_oneof![
        20 => (who.clone(), ahead, prop_oneof![4 => Just(0), 1 => 0..=15_u8], extension, payload.clone())
            .prop_map(|(who, ahead, csrcs, extension, payload)|
                Step::Rtp { who, ahead, csrcs, extension, payload }),
        4 => (who.clone(), payload).prop_map(|(who, payload)| Step::Rtcp { who, payload }),
        5 => (0..200_usize).prop_map(|back| Step::Again { back }),
        4 => (0..20_usize, any::<usize>()).prop_map(|(back, bit)| Step::Corrupt { back, bit }),
        2 => (0..20_usize, any::<usize>()).prop_map(|(back, len)| Step::Cut { back, len }),
        1 => (0..20_usize).prop_map(|back| Step::Confuse { back }),
        1 => (0..60_usize, any::<u8>()).prop_map(|(len, first)| Step::Rubbish { len, first }),
        1 => (who.clone(), prop_oneof![0..3_u32, Just(u32::MAX), any::<u32>()])
            .prop_map(|(who, roc)| Step::SetRoc { who, roc }),
        1 => who.prop_map(|who| Step::Remove { who }),
    ]
}

fn agreed() -> impl Strategy<Value = Agreed> {
    let flags = prop_oneof![4 => Just([false; 3]), 1 => any::<[bool; 3]>()];
    let rate = prop_oneof![3 => Just(None), 1 => (0..=24_u32).prop_map(Some)];
    let mki = prop_oneof![2 => Just(0), 1 => 1..6_usize, 1 => Just(128_usize)];
    let lifetime = prop_oneof![5 => Just(1 << 48), 1 => 1..60_u128];
    (
        prop::sample::select(SUITES),
        any::<[u8; 46]>(),
        mki,
        rate,
        lifetime,
        flags,
    )
        .prop_map(
            |(
                suite,
                key,
                mki,
                rate,
                lifetime,
                [unencrypted_srtp, unencrypted_srtcp, unauthenticated_srtp],
            )| {
                Agreed {
                    suite,
                    key_salt: key[..suite.key_len + suite.salt_len].to_vec(),
                    mki: key[..].iter().cycle().copied().take(mki).collect(),
                    rate,
                    lifetime,
                    unencrypted_srtp,
                    unencrypted_srtcp,
                    unauthenticated_srtp,
                }
            },
        )
}

fn key(agreed: &Agreed) -> MasterKey {
    let suite = CryptoSuite::from_name(agreed.suite.name).unwrap();
    let rate = agreed.rate.map_or(KeyDerivationRate::ZERO, |n| {
        KeyDerivationRate::from_exponent(n as u8).unwrap()
    });
    MasterKey::new(suite, &agreed.key_salt)
        .and_then(|key| key.with_mki(&agreed.mki))
        .and_then(|key| key.with_lifetime(agreed.lifetime as u64))
        .unwrap()
        .with_key_derivation_rate(rate)
}

fn policy(agreed: &Agreed) -> Policy {
    Policy::SECURE
        .with_unencrypted_srtp(agreed.unencrypted_srtp)
        .with_unencrypted_srtcp(agreed.unencrypted_srtcp)
        .with_unauthenticated_srtp(agreed.unauthenticated_srtp)
}

fn rtp_packet(
    ssrc: u32,
    seq: u16,
    csrcs: u8,
    extension: Option<u8>,
    payload: usize,
) -> (Vec<u8>, usize) {
    let mut packet = vec![0x80 | csrcs | u8::from(extension.is_some()) << 4, 0x60];
    packet.extend(seq.to_be_bytes());
    packet.extend(u32::from(seq).wrapping_mul(160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(vec![0xcc; 4 * usize::from(csrcs)]);
    if let Some(words) = extension {
        packet.extend([0xbe, 0xde, 0, words]);
        packet.extend(vec![0xee; 4 * usize::from(words)]);
    }
    let header_len = packet.len();
    packet.extend((0..payload).map(|i| (i * 7) as u8));
    (packet, header_len)
}

fn rtcp_packet(ssrc: u32, payload: usize) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..payload).map(|i| (i * 5) as u8));
    packet
}

fn verdict(result: Result<usize, UnprotectError>, packet: &[u8]) -> Verdict {
    match result {
        Ok(len) => Verdict::Plain(packet[..len].to_vec()),
        Err(UnprotectError::TooShort { .. }) => Verdict::TooShort,
        Err(UnprotectError::Malformed { .. }) => Verdict::Malformed,
        Err(UnprotectError::AuthFailed) => Verdict::AuthFailed,
        Err(UnprotectError::Replayed { .. }) => Verdict::Replayed,
        Err(UnprotectError::TooOld { .. }) => Verdict::TooOld,
        Err(UnprotectError::UnknownMki) => Verdict::UnknownMki,
        Err(UnprotectError::KeyExpired { .. }) => Verdict::KeyExpired,
        Err(UnprotectError::IndexExhausted { .. }) => Verdict::Exhausted,
        Err(UnprotectError::Policy { .. }) => Verdict::Policy,
        Err(UnprotectError::TableFull { .. }) => Verdict::TableFull,
        Err(other) => panic!("no such verdict: {other}"),
    }
}

/// Our sender, and beside it what the model says the sender may do.
struct Sender {
    agreed: Agreed,
    ours: Outbound<Fixed<3, WORDS>, 1>,
    /// For each SSRC the index of its latest packet, and all that were sent.
    at: [Option<u128>; 3],
    sent: std::collections::BTreeSet<(usize, u128)>,
    rtcp_sent: [u128; 3],
    packets: u128,
    rtcp_packets: u128,
}

impl Sender {
    /// Sends the packet with this index; the model says what must come of it.
    fn rtp(
        &mut self,
        who: usize,
        index: u128,
        packet: &[u8],
        header_len: usize,
    ) -> Option<Vec<u8>> {
        let highest = self.at[who];
        let too_old = highest.is_some_and(|highest| index + WINDOW <= highest);
        let expected = if index >= 1 << 48 {
            Err(ProtectError::IndexExhausted {
                last: (1 << 48) - 1,
            })
        } else if too_old || self.sent.contains(&(who, index)) {
            Err(ProtectError::IndexReuse {
                index: index as u64,
            })
        } else if self.packets == self.agreed.lifetime {
            Err(ProtectError::KeyExpired {
                lifetime: self.agreed.lifetime as u64,
            })
        } else {
            Ok(self.agreed.seal_rtp(packet, header_len, index))
        };
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + self.ours.rtp_overhead(), 0);
        let (before, original) = (outbound_state(&self.ours), buffer.clone());
        let result = self.ours.protect_rtp(&mut buffer, packet.len());
        if result.is_err() {
            assert_eq!(buffer, original, "an error left its mark in the buffer");
            assert_eq!(
                outbound_state(&self.ours),
                before,
                "an error left its mark in the state"
            );
        }
        assert_eq!(result.map(|len| buffer[..len].to_vec()), expected);
        let sealed = expected.ok()?;
        self.at[who] = highest.max(Some(index));
        self.sent.insert((who, index));
        self.packets += 1;
        Some(sealed)
    }

    fn rtcp(&mut self, who: usize, packet: &[u8]) -> Option<Vec<u8>> {
        let expected = if self.rtcp_packets == self.agreed.lifetime.min(1 << 31) {
            Err(ProtectError::KeyExpired {
                lifetime: self.agreed.lifetime.min(1 << 31) as u64,
            })
        } else {
            Ok(self.agreed.seal_rtcp(packet, self.rtcp_sent[who]))
        };
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + self.ours.rtcp_overhead(), 0);
        let result = self.ours.protect_rtcp(&mut buffer, packet.len());
        assert_eq!(result.map(|len| buffer[..len].to_vec()), expected);
        let sealed = expected.ok()?;
        self.rtcp_sent[who] += 1;
        self.rtcp_packets += 1;
        Some(sealed)
    }
}

fn converse(agreed: Agreed, first: [u16; 3], steps: &[Step]) {
    let key = key(&agreed);
    let mut sender = Sender {
        ours: Outbound::new(&key, policy(&agreed)),
        at: [None; 3],
        sent: Default::default(),
        rtcp_sent: [0; 3],
        packets: 0,
        rtcp_packets: 0,
        agreed: agreed.clone(),
    };
    let mut ours = Inbound::<Fixed<2, WORDS>, 1>::new(&key, policy(&agreed));
    let mut model = model::Receiver::new(agreed, WINDOW, 2);
    let mut on_the_wire: Vec<(bool, Vec<u8>)> = Vec::new();
    let earlier = |wire: &[(bool, Vec<u8>)], back: usize| {
        wire.len().checked_sub(1 + back).map(|at| wire[at].clone())
    };

    for step in steps {
        let arrives = match *step {
            Step::Rtp {
                who,
                ahead,
                csrcs,
                extension,
                payload,
            } => {
                // The sender knows the true index; the sequence number is its low 16 bits. Within
                // half a cycle the two sides of the crate must agree with it.
                let index = match sender.at[who] {
                    None => u128::from(first[who]),
                    Some(at) if ahead.unsigned_abs() < 32_768 => {
                        let Some(index) = at.checked_add_signed(ahead.into()) else {
                            continue;
                        };
                        index
                    }
                    Some(_) => continue,
                };
                let (packet, header_len) = rtp_packet(
                    SSRCS[who],
                    (index % 65_536) as u16,
                    csrcs,
                    extension,
                    payload,
                );
                let Some(sealed) = sender.rtp(who, index, &packet, header_len) else {
                    continue;
                };
                on_the_wire.push((false, sealed.clone()));
                Some((false, sealed))
            }
            Step::Rtcp { who, payload } => {
                let Some(sealed) = sender.rtcp(who, &rtcp_packet(SSRCS[who], payload)) else {
                    continue;
                };
                on_the_wire.push((true, sealed.clone()));
                Some((true, sealed))
            }
            Step::Again { back } => earlier(&on_the_wire, back),
            Step::Corrupt { back, bit } => earlier(&on_the_wire, back).map(|(rtcp, mut packet)| {
                let bit = bit % (8 * packet.len());
                packet[bit / 8] ^= 1 << (bit % 8);
                (rtcp, packet)
            }),
            Step::Cut { back, len } => earlier(&on_the_wire, back).map(|(rtcp, mut packet)| {
                packet.truncate(len % packet.len());
                (rtcp, packet)
            }),
            Step::Confuse { back } => {
                earlier(&on_the_wire, back).map(|(rtcp, packet)| (!rtcp, packet))
            }
            Step::Rubbish { len, first } => Some((len % 2 == 0, vec![first; len])),
            Step::SetRoc { who, roc } => {
                assert_eq!(
                    ours.set_roc(SSRCS[who], roc).is_ok(),
                    model.set_roc(SSRCS[who], roc)
                );
                if model.roc(SSRCS[who]).is_some() {
                    assert_eq!(
                        ours.roc(SSRCS[who]),
                        Some(roc),
                        "set, then read, is the value"
                    );
                }
                None
            }
            Step::Remove { who } => {
                assert_eq!(ours.remove_stream(SSRCS[who]), model.remove(SSRCS[who]));
                None
            }
        };
        let Some((rtcp, packet)) = arrives else {
            continue;
        };

        let mut buffer = packet.clone();
        let before = inbound_state(&ours);
        let result = if rtcp {
            ours.unprotect_rtcp(&mut buffer)
        } else {
            ours.unprotect_rtp(&mut buffer)
        };
        if result.is_err() {
            assert_eq!(buffer, packet, "an error left its mark in the packet");
            assert_eq!(
                inbound_state(&ours),
                before,
                "an error left its mark in the state"
            );
        }
        let expected = if rtcp {
            model.receive_rtcp(&packet)
        } else {
            model.receive_rtp(&packet)
        };
        assert_eq!(verdict(result, &buffer), expected, "{step:?}");
        for ssrc in SSRCS {
            assert_eq!(ours.roc(ssrc), model.roc(ssrc));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Wraps, loss, reordering, duplication, corruption, cut packets, foreign SSRCs, lost and set
    /// rollover counters: the answers are the model's, and so are the packets sent.
    #[test]
    fn conversations_go_as_the_model_says(
        agreed in agreed(),
        first in prop::array::uniform3(prop_oneof![0..5_u16, 65_500..=65_535_u16, any::<u16>()]),
        steps in prop::collection::vec(step(), 1..160),
    ) {
        converse(agreed, first, &steps);
    }
}

fn contexts() -> (Outbound<Fixed<2>, 1>, Inbound<Fixed<2>, 1>) {
    let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[3; 30]).unwrap();
    (
        Outbound::new(&key, Policy::SECURE),
        Inbound::new(&key, Policy::SECURE),
    )
}

fn send(sender: &mut Outbound<Fixed<2>, 1>, seq: u16) -> Vec<u8> {
    let (mut packet, _) = rtp_packet(7, seq, 0, None, 20);
    let len = packet.len();
    packet.resize(len + sender.rtp_overhead(), 0);
    sender.protect_rtp(&mut packet, len).unwrap();
    packet
}

/// Three whole cycles of sequence numbers, packet by packet: the counter follows each wrap.
#[test]
fn rollover_counter_follows_every_wrap() {
    let (mut sender, mut receiver) = contexts();
    for index in 65_000..3 * 65_536 + 10_u32 {
        let mut packet = send(&mut sender, index as u16);
        receiver.unprotect_rtp(&mut packet).unwrap();
        assert_eq!(receiver.roc(7), Some(index >> 16));
    }
}

/// The sender may hand its packets over in another order, across the wrap too, each once.
#[test]
fn sender_may_reorder_across_the_wrap() {
    let (mut sender, mut receiver) = contexts();
    let mut packets: Vec<_> = [65_533, 65_535, 1, 65_534, 0, 2]
        .map(|seq| send(&mut sender, seq))
        .to_vec();
    for packet in &mut packets {
        receiver.unprotect_rtp(packet).unwrap();
    }
    let (mut again, _) = rtp_packet(7, 65_534, 0, None, 20);
    again.resize(80, 0);
    assert_eq!(
        sender.protect_rtp(&mut again, 32),
        Err(ProtectError::IndexReuse { index: 65_534 })
    );
}

/// Forged first, genuine after: the forgery has used up nothing, in either protocol.
#[test]
fn genuine_packet_opens_after_its_forgery() {
    let (mut sender, mut receiver) = contexts();
    let genuine = send(&mut sender, 9);
    let mut forged = genuine.clone();
    forged[20] ^= 1;
    assert_eq!(
        receiver.unprotect_rtp(&mut forged),
        Err(UnprotectError::AuthFailed)
    );
    assert_eq!(
        receiver.streams().count(),
        0,
        "a forged SSRC takes no place"
    );
    assert_eq!(receiver.unprotect_rtp(&mut genuine.clone()), Ok(32));
    assert_eq!(
        receiver.unprotect_rtp(&mut genuine.clone()),
        Err(UnprotectError::Replayed { index: 9 })
    );
}

/// The ends of both index spaces are refused on the sending side and never wrap.
#[test]
fn index_spaces_end() {
    let (mut sender, mut receiver) = contexts();
    sender.set_roc(7, u32::MAX).unwrap();
    receiver.set_roc(7, u32::MAX).unwrap();
    let mut last = send(&mut sender, u16::MAX);
    receiver.unprotect_rtp(&mut last).unwrap();
    let (mut beyond, _) = rtp_packet(7, 0, 0, None, 20);
    beyond.resize(64, 0);
    let end = (1 << 48) - 1;
    assert_eq!(
        sender.protect_rtp(&mut beyond, 32),
        Err(ProtectError::IndexExhausted { last: end })
    );
    assert_eq!(
        receiver.unprotect_rtp(&mut beyond),
        Err(UnprotectError::IndexExhausted { last: end })
    );

    sender.set_rtcp_index(7, (1 << 31) - 1).unwrap();
    let mut report = rtcp_packet(7, 20);
    report.resize(64, 0);
    sender.protect_rtcp(&mut report, 28).unwrap();
    assert_eq!(
        sender.protect_rtcp(&mut report, 28),
        Err(ProtectError::IndexExhausted {
            last: (1 << 31) - 1
        })
    );
}

/// With several master keys, packets say by their MKI which one opens them, while keys come and go.
#[test]
fn keys_change_while_packets_flow() {
    let key = |byte: u8| {
        MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[byte; 30])
            .unwrap()
            .with_mki(&[byte])
            .unwrap()
    };
    let mut sender: Outbound = Outbound::new(&key(1), Policy::SECURE);
    let mut receiver: Inbound = Inbound::new(&key(1), Policy::SECURE);
    let packet = |sender: &mut Outbound, seq| {
        let (mut packet, _) = rtp_packet(7, seq, 0, None, 20);
        packet.resize(32 + sender.rtp_overhead(), 0);
        sender.protect_rtp(&mut packet, 32).map(|_| packet)
    };
    let under_one = packet(&mut sender, 65_535).unwrap();
    sender.add_key(&key(2)).unwrap();
    sender.use_key(&[2]).unwrap();
    let under_two = packet(&mut sender, 0).unwrap();
    assert_eq!(
        receiver.unprotect_rtp(&mut under_two.clone()),
        Err(UnprotectError::UnknownMki)
    );
    receiver.unprotect_rtp(&mut under_one.clone()).unwrap();
    receiver.add_key(&key(2)).unwrap();
    receiver.unprotect_rtp(&mut under_two.clone()).unwrap();
    assert_eq!(
        receiver.roc(7),
        Some(1),
        "the rollover counter goes on (RFC 3711 §3.3.1)"
    );
    assert_eq!(receiver.key_usage(&[2]).unwrap().srtp_packets, 1);
    sender.remove_key(&[2]).unwrap();
    assert_eq!(packet(&mut sender, 1), Err(ProtectError::NoKey));
}
