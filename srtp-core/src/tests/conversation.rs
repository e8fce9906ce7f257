//! Long random conversations: a sender of ours, a hostile network, a receiver of ours beside the
//! model. Every answer is the model's, every error leaves bytes and state as they were.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use srtp_test_vectors::times;

use super::model::{self, Agreed, SUITES, Verdict};
use super::{inbound_state, outbound_state};
use crate::table::StreamTable;
use crate::{
    Cryptex, CryptoSuite, Fixed, Inbound, KeyDerivationRate, KeyError, MasterKey, MkiPolicy,
    Outbound, Policy, ProtectError, Rcc, RccMode, Rekey, UnprotectError, stateless,
};

/// Three SSRCs speak; the receiver has room for two.
const SSRCS: [u32; 3] = [0x0102_0304, 0xffff_ffff, 0];

/// What happens next between the two.
#[derive(Clone, Debug)]
enum Step {
    /// SSRC number, how far the sequence number moves on, header and payload; a delayed packet is
    /// sent now and may arrive later.
    Rtp {
        who: usize,
        ahead: i32,
        csrcs: u8,
        extension: Option<(u16, u8)>,
        payload: usize,
        delayed: bool,
    },
    Rtcp {
        who: usize,
        payload: usize,
        delayed: bool,
    },
    /// The same RTP packet handed to the sender once more, as a retransmission or not.
    Resend {
        who: usize,
        named: bool,
    },
    /// An earlier packet arrives, once more or at last; counted from the latest.
    Arrive {
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
    /// A side goes on in another process, from its exported state.
    Move {
        sender: bool,
    },
    /// Both sides change to another key, or to the same once more.
    Rekey {
        key: u8,
        keep: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..SSRCS.len();
    let ahead = prop_oneof![
        20 => 1..4_i32, 4 => -130..200_i32, 1 => -3000..3000_i32, 1 => -40_000..40_000_i32,
        1 => Just(32_767), 1 => Just(-32_767)
    ];
    let payload = prop_oneof![4 => 0..40_usize, 1 => Just(160_usize), 1 => 0..400_usize];
    let profile = prop_oneof![
        4 => Just(0xbede_u16), 4 => Just(0x1000), 1 => Just(0x100d), 1 => Just(0xabcd),
        1 => Just(0xc0de)
    ];
    let extension = prop_oneof![2 => Just(None), 1 => (profile, 0..9_u8).prop_map(Some)];
    let csrcs = prop_oneof![4 => Just(0), 1 => 0..=15_u8];
    let delayed = prop::bool::weighted(0.2);
    let roc = prop_oneof![0..3_u32, Just(u32::MAX), any::<u32>()];
    prop_oneof![
        24 => (who.clone(), ahead, csrcs, extension, payload.clone(), delayed).prop_map(
            |(who, ahead, csrcs, extension, payload, delayed)|
                Step::Rtp { who, ahead, csrcs, extension, payload, delayed }),
        5 => (who.clone(), payload, delayed)
            .prop_map(|(who, payload, delayed)| Step::Rtcp { who, payload, delayed }),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, named)| Step::Resend { who, named }),
        8 => (0..200_usize).prop_map(|back| Step::Arrive { back }),
        4 => (0..20_usize, any::<usize>()).prop_map(|(back, bit)| Step::Corrupt { back, bit }),
        2 => (0..20_usize, any::<usize>()).prop_map(|(back, len)| Step::Cut { back, len }),
        1 => (0..20_usize).prop_map(|back| Step::Confuse { back }),
        1 => (0..60_usize, any::<u8>()).prop_map(|(len, first)| Step::Rubbish { len, first }),
        1 => (who.clone(), roc).prop_map(|(who, roc)| Step::SetRoc { who, roc }),
        1 => who.prop_map(|who| Step::Remove { who }),
        2 => any::<bool>().prop_map(|sender| Step::Move { sender }),
        1 => (0..3_u8, any::<bool>()).prop_map(|(key, keep)| Step::Rekey { key, keep }),
    ]
}

fn agreed() -> impl Strategy<Value = Agreed> {
    let flags = prop_oneof![4 => Just([false; 3]), 1 => any::<[bool; 3]>()];
    let rate = prop_oneof![3 => Just(None), 1 => (0..=24_u32).prop_map(Some)];
    let mki = prop_oneof![2 => Just(0), 1 => 1..6_usize, 1 => Just(128_usize)];
    let accepted: Vec<&'static [bool]> = vec![&[true], &[true], &[true, false], &[false]];
    let lifetime = prop_oneof![5 => Just(u128::MAX), 1 => 1..60_u128];
    let first_roc =
        prop_oneof![4 => Just((0, 0)), 1 => Just((0, 1)), 1 => Just((u32::MAX - 2, u32::MAX))];
    let ways = prop::sample::select(accepted);
    let session = (mki, ways, rate, lifetime, flags, first_roc);
    let cryptex = prop_oneof![
        3 => Just((false, false)), 1 => Just((true, false)), 1 => Just((true, true))
    ];
    let elements = prop_oneof![
        2 => Just(BTreeSet::new()), 1 => prop::collection::btree_set(1..16_u8, 1..8)
    ];
    let rcc = prop_oneof![
        4 => Just(None),
        1 => (1..=3_u8, prop_oneof![Just(1_u128), 2..7_u128, Just(65_535)], 8..=20_usize)
            .prop_map(|(mode, rate, tag)| Some(model::Rcc { mode, rate, tag }))
    ];
    let more = (cryptex, elements, rcc);
    (prop::sample::select(SUITES), any::<[u8; 46]>(), session, more).prop_map(
        |(suite, key, session, (cryptex, elements, rcc))| {
            let (mki, mki_accepted, rate, lifetime, flags, first_roc) = session;
            let aead = suite.cipher == model::Cipher::Gcm;
            let in_the_clear = flags[0] && !aead;
            let rcc = rcc.map(|rcc| match (aead, rcc.mode) {
                (true, _) | (_, 3) => model::Rcc { mode: 3, tag: 4, ..rcc },
                _ => rcc,
            });
            Agreed {
                suite,
                key_salt: key[..suite.key_len + suite.salt_len].to_vec(),
                mki: key.iter().cycle().copied().take(mki).collect(),
                mki_sent: mki_accepted[0],
                mki_accepted,
                rate,
                lifetime: lifetime.min(suite.max_lifetime),
                unencrypted_srtp: in_the_clear,
                unencrypted_srtcp: flags[1],
                unauthenticated_srtp: flags[2] && !aead && rcc.is_none(),
                first_roc,
                elements: if in_the_clear { BTreeSet::new() } else { elements },
                cryptex: if in_the_clear { (false, false) } else { cryptex },
                rcc,
            }
        },
    )
}

fn key(agreed: &Agreed) -> MasterKey {
    let suite = CryptoSuite::from_name(agreed.suite.name).unwrap();
    let rate = agreed
        .rate
        .map_or(KeyDerivationRate::ZERO, |n| KeyDerivationRate::from_exponent(n as u8).unwrap());
    MasterKey::new(suite, &agreed.key_salt)
        .and_then(|key| key.with_mki(&agreed.mki))
        .and_then(|key| key.with_lifetime(agreed.lifetime as u64))
        .unwrap()
        .with_key_derivation_rate(rate)
}

fn policy(agreed: &Agreed) -> Policy {
    let (first, last) = agreed.first_roc;
    let policy = Policy::SECURE
        .with_encrypted_extensions(agreed.elements.iter().copied().collect())
        .with_cryptex(match agreed.cryptex {
            (false, _) => Cryptex::Off,
            (true, false) => Cryptex::Allowed,
            (true, true) => Cryptex::Required,
        });
    let policy = match agreed.rcc {
        None => policy,
        Some(model::Rcc { mode, rate, tag }) => {
            let mode = [RccMode::One, RccMode::Two, RccMode::Three][usize::from(mode) - 1];
            let rate = u16::try_from(rate).unwrap().try_into().unwrap();
            policy.with_rcc(Rcc::new(mode, rate).with_tag_len(tag as u8))
        }
    };
    policy
        .with_unencrypted_srtp(agreed.unencrypted_srtp)
        .with_unencrypted_srtcp(agreed.unencrypted_srtcp)
        .with_unauthenticated_srtp(agreed.unauthenticated_srtp)
        .with_first_roc(first..=last)
        .with_mki(match agreed.mki_accepted {
            [true] => MkiPolicy::Require,
            [false] => MkiPolicy::Never,
            _ => MkiPolicy::AcceptIfPresent,
        })
}

pub(super) fn rtp_packet(
    ssrc: u32,
    seq: u16,
    csrcs: u8,
    extension: Option<(u16, u8)>,
    payload: usize,
) -> Vec<u8> {
    let mut packet = vec![0x80 | csrcs | u8::from(extension.is_some()) << 4, 0x60];
    packet.extend(seq.to_be_bytes());
    packet.extend(u32::from(seq).wrapping_mul(160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(vec![0xcc; 4 * usize::from(csrcs)]);
    if let Some((profile, words)) = extension {
        packet.extend(profile.to_be_bytes());
        packet.extend([0, words]);
        // Elements, padding and what cannot be an element, as the sequence number has it.
        let body = (0..4 * u32::from(words)).map(|i| match (u32::from(seq) + i * 5) % 9 {
            0 | 1 => 0,
            n => (n * 29 + i * 17 + u32::from(seq) * 3) as u8 % 0xf4,
        });
        packet.extend(body);
    }
    packet.extend((0..payload).map(|i| (i * 7) as u8));
    packet
}

pub(super) fn rtcp_packet(ssrc: u32, payload: usize) -> Vec<u8> {
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
        Err(UnprotectError::HeaderInClear) => Verdict::HeaderInClear,
        Err(UnprotectError::TableFull { .. }) => Verdict::TableFull,
        Err(other) => panic!("no such verdict: {other}"),
    }
}

type Protect<S> = fn(&mut Outbound<S, 1>, &mut [u8], usize) -> Result<usize, ProtectError>;

/// Our sender, and beside it what the model says the sender may do.
struct Sender<S> {
    agreed: Agreed,
    ours: Outbound<S, 1>,
    window: u128,
    /// For each SSRC the highest index sent, and the latest packet with its index.
    at: [Option<u128>; 3],
    latest: [Option<(u128, Vec<u8>)>; 3],
    /// An empty table, to go on in.
    vacant: S,
    sent: BTreeSet<(usize, u128)>,
    rtcp_sent: [u128; 3],
    packets: u128,
    rtcp_packets: u128,
}

impl<S: StreamTable + Clone + PartialEq + Debug> Sender<S> {
    /// Sends the packet with this index; the model says what must come of it.
    fn rtp(&mut self, who: usize, index: u128, packet: &[u8]) -> Option<Vec<u8>> {
        let highest = self.at[who];
        let too_old = highest.is_some_and(|highest| index + self.window <= highest);
        let expected = if let Err(profile) = self.agreed.prepared(packet) {
            Err(ProtectError::ExtensionForm { profile })
        } else if index >= 1 << 48 {
            Err(ProtectError::IndexExhausted { last: (1 << 48) - 1 })
        } else if too_old || self.sent.contains(&(who, index)) {
            Err(ProtectError::IndexReuse { index: index as u64 })
        } else if self.packets == self.agreed.lifetime {
            Err(ProtectError::KeyExpired { lifetime: self.agreed.lifetime as u64 })
        } else {
            Ok(self.agreed.seal_rtp(packet, index))
        };
        let elsewhere = |ours: &mut Outbound<S, 1>, packet: &[u8], output: &mut [u8]| {
            Some(ours.protect_rtp_to(packet, output))
        };
        self.expect(packet, Outbound::rtp_overhead, Outbound::protect_rtp, elsewhere, &expected);
        let sealed = expected.ok()?;
        let stateless = stateless::Outbound::new(&key(&self.agreed), policy(&self.agreed)).unwrap();
        let mut output = vec![0xa5; packet.len() + stateless.rtp_overhead()];
        let len = stateless.protect_rtp_to(packet, &mut output, index as u64).unwrap();
        assert_eq!(output[..len], sealed);
        self.at[who] = highest.max(Some(index));
        self.latest[who] = Some((index, packet.to_vec()));
        self.sent.insert((who, index));
        self.packets += 1;
        Some(sealed)
    }

    /// The latest packet once more: refused, or, where it is named a retransmission, the same.
    fn resend(&mut self, who: usize, named: bool) {
        let Some((index, packet)) = self.latest[who].clone() else {
            return;
        };
        let too_old = self.at[who].is_some_and(|highest| index + self.window <= highest);
        let expected = if named && !too_old {
            Ok(self.agreed.seal_rtp(&packet, index))
        } else {
            Err(ProtectError::IndexReuse { index: index as u64 })
        };
        let before = outbound_state(&self.ours);
        let call: Protect<S> = match named {
            true => Outbound::protect_identical_retransmission,
            false => Outbound::protect_rtp,
        };
        self.expect(&packet, Outbound::rtp_overhead, call, |_, _, _| None, &expected);
        assert_eq!(outbound_state(&self.ours), before, "a retransmission changes nothing");
    }

    fn rtcp(&mut self, who: usize, packet: &[u8]) -> Option<Vec<u8>> {
        let lifetime = self.agreed.lifetime.min(1 << 31);
        let expected = if self.rtcp_packets == lifetime {
            Err(ProtectError::KeyExpired { lifetime: lifetime as u64 })
        } else {
            Ok(self.agreed.seal_rtcp(packet, self.rtcp_sent[who]))
        };
        let elsewhere = |ours: &mut Outbound<S, 1>, packet: &[u8], output: &mut [u8]| {
            Some(ours.protect_rtcp_to(packet, output))
        };
        self.expect(packet, Outbound::rtcp_overhead, Outbound::protect_rtcp, elsewhere, &expected);
        let sealed = expected.ok()?;
        self.rtcp_sent[who] += 1;
        self.rtcp_packets += 1;
        Some(sealed)
    }

    fn expect(
        &mut self,
        packet: &[u8],
        overhead: fn(&Outbound<S, 1>) -> usize,
        call: Protect<S>,
        elsewhere: impl Fn(&mut Outbound<S, 1>, &[u8], &mut [u8]) -> Option<Result<usize, ProtectError>>,
        expected: &Result<Vec<u8>, ProtectError>,
    ) {
        let mut twin = self.ours.clone();
        let mut output = vec![0xa5; packet.len() + overhead(&twin)];
        let sent_elsewhere = elsewhere(&mut twin, packet, &mut output);
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + overhead(&self.ours), 0);
        let (before, original) = (outbound_state(&self.ours), buffer.clone());
        let result = call(&mut self.ours, &mut buffer, packet.len());
        if result.is_err() {
            assert_eq!(buffer, original, "an error left its mark in the buffer");
            assert_eq!(outbound_state(&self.ours), before, "an error left its mark in the state");
        }
        assert_eq!(&result.map(|len| buffer[..len].to_vec()), expected);
        if let Some(result) = sent_elsewhere {
            if result.is_err() {
                assert!(output.iter().all(|byte| *byte == 0xa5), "an error left its mark");
            }
            assert_eq!(&result.map(|len| output[..len].to_vec()), expected);
            assert_eq!(outbound_state(&twin), outbound_state(&self.ours));
        }
    }

    /// Goes on in another context, from exported state.
    fn moved(&mut self) {
        let mut state = vec![0; self.ours.exported_len()];
        assert_eq!(self.ours.export(&mut state), Ok(state.len()));
        let (key, policy) = (key(&self.agreed), policy(&self.agreed));
        let mut other = Outbound::with_streams(&key, policy, self.vacant.clone()).unwrap();
        assert_eq!(other.restore(&state), Ok(self.ours.streams().count()));
        assert_eq!(moved(outbound_state(&other)), moved(outbound_state(&self.ours)));
        self.ours = other;
    }

    fn rekey(&mut self, agreed: Agreed, keep: bool) -> Result<(), KeyError> {
        let rekey = if keep { Rekey::KeepRoc } else { Rekey::ZeroRoc };
        self.ours.rekey(&key(&agreed), rekey)?;
        if agreed.key_salt != self.agreed.key_salt {
            (self.packets, self.rtcp_packets) = (0, 0);
        }
        if !keep {
            (self.at, self.latest, self.rtcp_sent) = Default::default();
            self.sent.clear();
        }
        self.agreed = agreed;
        Ok(())
    }
}

/// What a move keeps: everything but where in its table a stream stands.
fn moved<S>(mut state: super::State<S>) -> (Vec<crate::StreamInfo>, Vec<crate::KeyUsage>) {
    state.listed.sort_by_key(|stream| stream.ssrc);
    (state.listed, state.usage)
}

/// The sender has room for all three SSRCs, the receiver for two.
fn converse<T, S>(
    sending: T,
    receiving: S,
    window: u128,
    agreed: Agreed,
    first: [u16; 3],
    steps: &[Step],
) where
    T: StreamTable + Clone + PartialEq + Debug,
    S: StreamTable + Clone + PartialEq + Debug,
{
    let master = key(&agreed);
    let vacant = receiving.clone();
    let mut sender = Sender {
        vacant: sending.clone(),
        ours: Outbound::<T, 1>::with_streams(&master, policy(&agreed), sending).unwrap(),
        window,
        at: [None; 3],
        latest: Default::default(),
        sent: BTreeSet::new(),
        rtcp_sent: [0; 3],
        packets: 0,
        rtcp_packets: 0,
        agreed: agreed.clone(),
    };
    let mut ours = Inbound::<S, 1>::with_streams(&master, policy(&agreed), receiving).unwrap();
    let mut model = model::Receiver::new(agreed.clone(), window, 2);
    let mut on_the_wire: Vec<(bool, Vec<u8>)> = Vec::new();
    let earlier = |wire: &[(bool, Vec<u8>)], back: usize| {
        wire.len().checked_sub(1 + back).map(|at| wire[at].clone())
    };

    for step in steps {
        let arrives = match *step {
            Step::Rtp { who, ahead, csrcs, extension, payload, delayed } => {
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
                let seq = (index % 65_536) as u16;
                let packet = rtp_packet(SSRCS[who], seq, csrcs, extension, payload);
                let Some(sealed) = sender.rtp(who, index, &packet) else {
                    continue;
                };
                on_the_wire.push((false, sealed.clone()));
                (!delayed).then_some((false, sealed))
            }
            Step::Rtcp { who, payload, delayed } => {
                let packet = rtcp_packet(SSRCS[who], payload);
                let Some(sealed) = sender.rtcp(who, &packet) else {
                    continue;
                };
                on_the_wire.push((true, sealed.clone()));
                (!delayed).then_some((true, sealed))
            }
            Step::Resend { who, named } => {
                sender.resend(who, named);
                None
            }
            Step::Arrive { back } => earlier(&on_the_wire, back),
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
                assert_eq!(ours.set_roc(SSRCS[who], roc).is_ok(), model.set_roc(SSRCS[who], roc));
                if model.roc(SSRCS[who]).is_some() {
                    assert_eq!(ours.roc(SSRCS[who]), Some(roc), "set, then read, is the value");
                }
                None
            }
            Step::Remove { who } => {
                assert_eq!(ours.remove_stream(SSRCS[who]), model.remove(SSRCS[who]));
                None
            }
            Step::Move { sender: true } => {
                sender.moved();
                None
            }
            Step::Move { sender: false } => {
                let mut state = vec![0; ours.exported_len()];
                assert_eq!(ours.export(&mut state), Ok(state.len()));
                let (master, policy) = (key(&sender.agreed), policy(&sender.agreed));
                let mut other =
                    Inbound::<S, 1>::with_streams(&master, policy, vacant.clone()).unwrap();
                assert_eq!(other.restore(&state), Ok(ours.streams().count()));
                assert_eq!(moved(inbound_state(&other)), moved(inbound_state(&ours)));
                ours = other;
                None
            }
            Step::Rekey { key: which, keep } => {
                let mut agreed = agreed.clone();
                agreed.key_salt.iter_mut().for_each(|byte| *byte ^= which);
                let allowed = model.rekey(agreed.clone(), keep);
                let rekey = if keep { Rekey::KeepRoc } else { Rekey::ZeroRoc };
                let expected = if allowed { Ok(()) } else { Err(KeyError::SameKey) };
                assert_eq!(ours.rekey(&key(&agreed), rekey), expected);
                assert_eq!(sender.rekey(agreed, keep), expected);
                None
            }
        };
        let Some((rtcp, packet)) = arrives else {
            continue;
        };

        let mut buffer = packet.clone();
        let before = inbound_state(&ours);
        let mut twin = ours.clone();
        let looked_at = match rtcp {
            true => twin.verify_rtcp(&packet).map(u64::from),
            false => twin.verify_rtp(&packet),
        };
        assert_eq!(inbound_state(&twin), before, "a look left its mark");
        let mut output = vec![0xa5; packet.len()];
        let elsewhere = match rtcp {
            true => twin.unprotect_rtcp_to(&packet, &mut output),
            false => twin.unprotect_rtp_to(&packet, &mut output),
        };
        let result =
            if rtcp { ours.unprotect_rtcp(&mut buffer) } else { ours.unprotect_rtp(&mut buffer) };
        assert_eq!(elsewhere, result);
        assert_eq!(looked_at.err(), result.err());
        if let (Ok(len), Ok(index)) = (result, looked_at) {
            let (master, policy) = (key(&sender.agreed), policy(&sender.agreed));
            let stateless = stateless::Inbound::new(&master, policy).unwrap();
            let mut opened = packet.clone();
            match rtcp {
                true => assert_eq!(stateless.unprotect_rtcp(&mut opened), Ok((len, index as u32))),
                false => assert_eq!(stateless.unprotect_rtp(&mut opened, index), Ok(len)),
            }
            assert_eq!(opened[..len], buffer[..len]);
        }
        assert_eq!(inbound_state(&twin), inbound_state(&ours));
        match result {
            Ok(len) => assert_eq!(output[..len], buffer[..len]),
            Err(_) => assert!(output.iter().all(|byte| *byte == 0xa5), "an error left its mark"),
        }
        if result.is_err() {
            assert_eq!(buffer, packet, "an error left its mark in the packet");
            assert_eq!(inbound_state(&ours), before, "an error left its mark in the state");
        }
        let expected = if rtcp { model.receive_rtcp(&packet) } else { model.receive_rtp(&packet) };
        assert_eq!(verdict(result, &buffer), expected, "{step:?}");
        for ssrc in SSRCS {
            assert_eq!(ours.roc(ssrc), model.roc(ssrc));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(times(600, 20)))]

    /// Every suite × MKI × key derivation rate × window × policy: wraps, loss, delay, duplication,
    /// corruption, cut packets, foreign SSRCs, lost and set rollover counters, new keys. The
    /// answers are the model's, and so are the packets sent.
    #[test]
    fn conversations_go_as_the_model_says(
        agreed in agreed(),
        first in prop::array::uniform3(prop_oneof![0..5_u16, 65_500..=65_535_u16, any::<u16>()]),
        steps in prop::collection::vec(step(), 1..160),
        window in 0..4,
    ) {
        match window {
            0 => converse(Fixed::<3, 1>::new(), Fixed::<2, 1>::new(), 64, agreed, first, &steps),
            1 => converse(Fixed::<3, 2>::new(), Fixed::<2, 2>::new(), 128, agreed, first, &steps),
            2 => converse(Fixed::<3>::new(), Fixed::<2>::new(), 1024, agreed, first, &steps),
            #[cfg(feature = "alloc")]
            _ => {
                let table = |n| crate::Growing::new(n, 32_768);
                converse(table(3), table(2), 32_768, agreed, first, &steps);
            }
            #[cfg(not(feature = "alloc"))]
            _ => {}
        }
    }
}
