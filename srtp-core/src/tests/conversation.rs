//! Long random conversations: a sender of ours, a hostile network, a receiver of ours beside the
//! model. Every answer is the model's, every error leaves bytes and state as they were.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;

use super::model::{self, Agreed, SUITES, Verdict};
use super::{inbound_state, outbound_state};
use crate::table::StreamTable;
use crate::{
    CryptoSuite, Fixed, Inbound, KeyDerivationRate, KeyError, MasterKey, MkiPolicy, Outbound,
    Policy, ProtectError, Rekey, UnprotectError,
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
        extension: Option<u8>,
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
    let extension = prop_oneof![3 => Just(None), 1 => (0..6_u8).prop_map(Some)];
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
    (prop::sample::select(SUITES), any::<[u8; 46]>(), session).prop_map(
        |(suite, key, (mki, mki_accepted, rate, lifetime, flags, first_roc))| {
            let aead = suite.cipher == model::Cipher::Gcm;
            Agreed {
                suite,
                key_salt: key[..suite.key_len + suite.salt_len].to_vec(),
                mki: key.iter().cycle().copied().take(mki).collect(),
                mki_sent: mki_accepted[0],
                mki_accepted,
                rate,
                lifetime: lifetime.min(suite.max_lifetime),
                unencrypted_srtp: flags[0] && !aead,
                unencrypted_srtcp: flags[1],
                unauthenticated_srtp: flags[2] && !aead,
                first_roc,
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
    Policy::SECURE
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
    latest: [Option<(u128, Vec<u8>, usize)>; 3],
    sent: BTreeSet<(usize, u128)>,
    rtcp_sent: [u128; 3],
    packets: u128,
    rtcp_packets: u128,
}

impl<S: StreamTable + Clone + PartialEq + Debug> Sender<S> {
    /// Sends the packet with this index; the model says what must come of it.
    fn rtp(
        &mut self,
        who: usize,
        index: u128,
        packet: &[u8],
        header_len: usize,
    ) -> Option<Vec<u8>> {
        let highest = self.at[who];
        let too_old = highest.is_some_and(|highest| index + self.window <= highest);
        let expected = if index >= 1 << 48 {
            Err(ProtectError::IndexExhausted { last: (1 << 48) - 1 })
        } else if too_old || self.sent.contains(&(who, index)) {
            Err(ProtectError::IndexReuse { index: index as u64 })
        } else if self.packets == self.agreed.lifetime {
            Err(ProtectError::KeyExpired { lifetime: self.agreed.lifetime as u64 })
        } else {
            Ok(self.agreed.seal_rtp(packet, header_len, index))
        };
        self.expect(packet, Outbound::rtp_overhead, Outbound::protect_rtp, &expected);
        let sealed = expected.ok()?;
        self.at[who] = highest.max(Some(index));
        self.latest[who] = Some((index, packet.to_vec(), header_len));
        self.sent.insert((who, index));
        self.packets += 1;
        Some(sealed)
    }

    /// The latest packet once more: refused, or, where it is named a retransmission, the same.
    fn resend(&mut self, who: usize, named: bool) {
        let Some((index, packet, header_len)) = self.latest[who].clone() else {
            return;
        };
        let too_old = self.at[who].is_some_and(|highest| index + self.window <= highest);
        let expected = if named && !too_old {
            Ok(self.agreed.seal_rtp(&packet, header_len, index))
        } else {
            Err(ProtectError::IndexReuse { index: index as u64 })
        };
        let before = outbound_state(&self.ours);
        let call: Protect<S> = match named {
            true => Outbound::protect_identical_retransmission,
            false => Outbound::protect_rtp,
        };
        self.expect(&packet, Outbound::rtp_overhead, call, &expected);
        assert_eq!(outbound_state(&self.ours), before, "a retransmission changes nothing");
    }

    fn rtcp(&mut self, who: usize, packet: &[u8]) -> Option<Vec<u8>> {
        let lifetime = self.agreed.lifetime.min(1 << 31);
        let expected = if self.rtcp_packets == lifetime {
            Err(ProtectError::KeyExpired { lifetime: lifetime as u64 })
        } else {
            Ok(self.agreed.seal_rtcp(packet, self.rtcp_sent[who]))
        };
        self.expect(packet, Outbound::rtcp_overhead, Outbound::protect_rtcp, &expected);
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
        expected: &Result<Vec<u8>, ProtectError>,
    ) {
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + overhead(&self.ours), 0);
        let (before, original) = (outbound_state(&self.ours), buffer.clone());
        let result = call(&mut self.ours, &mut buffer, packet.len());
        if result.is_err() {
            assert_eq!(buffer, original, "an error left its mark in the buffer");
            assert_eq!(outbound_state(&self.ours), before, "an error left its mark in the state");
        }
        assert_eq!(&result.map(|len| buffer[..len].to_vec()), expected);
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
    let mut sender = Sender {
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
                let (packet, header_len) = rtp_packet(SSRCS[who], seq, csrcs, extension, payload);
                let Some(sealed) = sender.rtp(who, index, &packet, header_len) else {
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
        let result =
            if rtcp { ours.unprotect_rtcp(&mut buffer) } else { ours.unprotect_rtp(&mut buffer) };
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
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

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
