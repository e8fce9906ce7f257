//! Batches against the same packets one by one on a clone: results, bytes and the whole state of
//! every context, for random mixtures of contexts, suites, policies, lengths and damage.

use proptest::collection::vec;
use proptest::prelude::*;
use srtp_test_vectors::times;

use super::{inbound_state, outbound_state};
use crate::batch::{self, Incoming, Outgoing};
use crate::policy::{Cryptex, MkiPolicy, Rcc, RccMode};
use crate::wire::ExtensionIds;
use crate::{
    CryptoSuite, Fixed, Inbound, KeyDerivationRate, MasterKey, Outbound, Policy, ProtectError,
    Protocol, UnprotectError,
};

/// Tables of three streams, so that they get full.
type Tx = Outbound<Fixed<3>, 2>;
type Rx = Inbound<Fixed<3>, 2>;

const CONTEXTS: usize = 6;
const SSRCS: usize = 4;

/// How a context is made up; what does not go together is made plainer.
#[derive(Clone, Debug)]
struct Setup {
    suite: usize,
    kind: u8,
    mki: u8,
    rate: u8,
    lifetime: u8,
    two_keys: bool,
}

impl Setup {
    fn policy(&self) -> Policy {
        let secure = Policy::SECURE;
        let policy = match self.kind % 12 {
            0 => secure.with_unencrypted_srtp(true),
            1 => secure.with_unauthenticated_srtp(true),
            2 => secure.with_unencrypted_srtcp(true),
            3 => secure.with_first_roc(0..=3),
            4 => secure.with_cryptex(Cryptex::Allowed),
            5 => secure.with_encrypted_extensions(ExtensionIds::NONE.with(1)),
            6 => secure.with_rcc(Rcc::new(RccMode::Two, 3.try_into().unwrap())),
            7 => secure.with_rcc(Rcc::new(RccMode::One, 2.try_into().unwrap())),
            _ => secure,
        };
        policy.with_mki(match self.mki % 4 {
            0 => MkiPolicy::AcceptIfPresent,
            1 => MkiPolicy::Never,
            _ => MkiPolicy::Require,
        })
    }

    fn key(&self, n: usize, which: u8) -> MasterKey {
        let suite = CryptoSuite::ALL[self.suite % CryptoSuite::ALL.len()];
        let bytes = vec![16 * n as u8 + which + 1; suite.key_salt_len()];
        let mut key = MasterKey::new(suite, &bytes).unwrap();
        if self.mki.is_multiple_of(2) || self.two_keys {
            key = key.with_mki(&[7, which]).unwrap();
        }
        if self.lifetime < 20 {
            key = key.with_lifetime(8 + u64::from(self.lifetime)).unwrap();
        }
        if self.rate < 6 {
            key =
                key.with_key_derivation_rate(KeyDerivationRate::from_exponent(self.rate).unwrap());
        }
        key
    }

    fn contexts(&self, n: usize) -> (Tx, Rx) {
        let (key, other) = (self.key(n, 0), self.key(n, 1));
        let policy = self.policy();
        let policy = match Tx::new(&key, policy) {
            Ok(_) => policy,
            Err(_) => Policy::SECURE,
        };
        let (mut tx, mut rx) = (Tx::new(&key, policy).unwrap(), Rx::new(&key, policy).unwrap());
        if self.two_keys && tx.add_key(&other).is_ok() {
            rx.add_key(&other).unwrap();
            tx.use_key(&[7, n as u8 % 2]).unwrap();
        }
        (tx, rx)
    }
}

fn setup() -> impl Strategy<Value = Setup> {
    let numbers = (0..64_usize, any::<u8>(), any::<u8>(), 0..32_u8, 0..80_u8, any::<bool>());
    numbers.prop_map(|(suite, kind, mki, rate, lifetime, two_keys)| Setup {
        suite,
        kind,
        mki,
        rate,
        lifetime,
        two_keys: two_keys && kind.is_multiple_of(3),
    })
}

/// A packet to be sent.
#[derive(Clone, Debug)]
struct Sent {
    context: usize,
    ssrc: usize,
    rtcp: bool,
    payload: usize,
    extension: bool,
    /// What happens to the sequence number before: mostly one more, sometimes none or many.
    step: u8,
    /// Rarely, the buffer is too short or the packet malformed.
    fault: u8,
}

fn sent() -> impl Strategy<Value = Sent> {
    let payload = prop_oneof![8 => 0..200_usize, 1 => 1000..1200_usize];
    let numbers = (
        // One context too many: packets for it are left alone.
        0..=CONTEXTS,
        0..SSRCS,
        0..8_u8,
        payload,
        any::<bool>(),
        0..24_u8,
        0..40_u8,
    );
    numbers.prop_map(|(context, ssrc, rtcp, payload, extension, step, fault)| Sent {
        context,
        ssrc,
        rtcp: rtcp == 0,
        payload,
        extension,
        step,
        fault,
    })
}

impl Sent {
    fn packet(&self, numbers: &mut [u16]) -> (Vec<u8>, usize) {
        let ssrc = [0xca, 0xfe, 0, self.ssrc as u8];
        let mut packet = match self.rtcp {
            true => [&[0x80, 200, 0, 6][..], &ssrc].concat(),
            false => {
                let number = &mut numbers[self.context * SSRCS + self.ssrc];
                *number = number.wrapping_add(match self.step {
                    0 => 0,
                    1 => 3000,
                    2 => 40_000,
                    3 => u16::MAX - 2,
                    _ => 1,
                });
                let first = if self.extension { 0x90 } else { 0x80 };
                let mut packet = vec![first, 96];
                packet.extend(number.to_be_bytes());
                packet.extend([1, 2, 3, 4]);
                packet.extend(ssrc);
                if self.extension {
                    packet.extend([0xbe, 0xde, 0, 1, 0x12, 5, 6, 7]);
                }
                packet
            }
        };
        packet.extend((0..self.payload).map(|n| (n * 7 + self.ssrc) as u8));
        if self.fault == 0 {
            packet[0] = 0x40;
        }
        let len = if self.fault == 1 { 3 } else { packet.len() };
        packet.resize(packet.len() + if self.fault == 2 { 5 } else { 60 }, 0xee);
        (packet, len)
    }
}

/// What the network does to a packet of those that were sent.
#[derive(Clone, Debug)]
struct Received {
    /// Which, counted from the oldest not yet received; many are sent on in order.
    pick: usize,
    damage: Option<(usize, u8)>,
    cut: Option<usize>,
    other_context: bool,
}

fn received() -> impl Strategy<Value = Received> {
    let pick = prop_oneof![6 => Just(0_usize), 1 => 0..6_usize, 1 => 100..140_usize];
    let damage = proptest::option::weighted(0.1, (any::<usize>(), 0..8_u8));
    let cut = proptest::option::weighted(0.03, any::<usize>());
    (pick, damage, cut, 0..40_u8).prop_map(|(pick, damage, cut, other)| Received {
        pick,
        damage,
        cut,
        other_context: other == 0,
    })
}

type Protected = Option<Result<usize, ProtectError>>;
type Opened = Option<Result<usize, UnprotectError>>;

fn protect_one_by_one(contexts: &mut [Tx], packets: &mut [Outgoing<'_>]) -> Vec<Protected> {
    let protect = |packet: &mut Outgoing<'_>| {
        let context = contexts.get_mut(packet.context)?;
        Some(match packet.protocol {
            Protocol::Srtp => context.protect_rtp(packet.buffer, packet.len),
            Protocol::Srtcp => context.protect_rtcp(packet.buffer, packet.len),
        })
    };
    packets.iter_mut().map(protect).collect()
}

fn unprotect_one_by_one(contexts: &mut [Rx], packets: &mut [Incoming<'_>]) -> Vec<Opened> {
    let unprotect = |packet: &mut Incoming<'_>| {
        let context = contexts.get_mut(packet.context)?;
        Some(match packet.protocol {
            Protocol::Srtp => context.unprotect_rtp(packet.packet),
            Protocol::Srtcp => context.unprotect_rtcp(packet.packet),
        })
    };
    packets.iter_mut().map(unprotect).collect()
}

fn outgoing<'p>(sent: &[Sent], buffers: &'p mut [(Vec<u8>, usize)]) -> Vec<Outgoing<'p>> {
    let make = |(sent, (buffer, len)): (&Sent, &'p mut (Vec<u8>, usize))| match sent.rtcp {
        true => Outgoing::rtcp(sent.context, buffer, *len),
        false => Outgoing::rtp(sent.context, buffer, *len),
    };
    sent.iter().zip(buffers).map(make).collect()
}

fn incoming(arriving: &mut [(usize, bool, Vec<u8>)]) -> Vec<Incoming<'_>> {
    let mut packets = Vec::new();
    for (context, rtcp, packet) in arriving {
        packets.push(match rtcp {
            true => Incoming::rtcp(*context, packet),
            false => Incoming::rtp(*context, packet),
        });
    }
    packets
}

/// Protects in batches of `size` and one by one; returns the protected packets.
fn protect_both_ways(
    senders: &mut [Tx],
    sent: &[Sent],
    size: usize,
) -> Vec<(usize, bool, Vec<u8>)> {
    let mut numbers = [65_530_u16; (CONTEXTS + 1) * SSRCS];
    let mut alone: Vec<Tx> = senders.to_vec();
    let mut wire = Vec::new();
    for sent in sent.chunks(size) {
        let mut buffers: Vec<_> = sent.iter().map(|sent| sent.packet(&mut numbers)).collect();
        let mut copies = buffers.clone();
        let mut packets = outgoing(sent, &mut buffers);
        batch::protect(senders, &mut packets);
        let results: Vec<_> = packets.iter().map(|packet| packet.result).collect();
        let mut packets = outgoing(sent, &mut copies);
        assert_eq!(results, protect_one_by_one(&mut alone, &mut packets));
        assert_eq!(buffers, copies);
        for (context, alone) in senders.iter().zip(&alone) {
            assert_eq!(outbound_state(context), outbound_state(alone));
        }
        for ((sent, (buffer, _)), result) in sent.iter().zip(&buffers).zip(results) {
            if let Some(Ok(len)) = result {
                wire.push((sent.context, sent.rtcp, buffer[..len].to_vec()));
            }
        }
    }
    wire
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(times(400, 20)))]

    /// A batch is its packets one after the other: results, bytes, state.
    #[test]
    fn a_batch_is_its_packets_one_by_one(
        setups in vec(setup(), CONTEXTS),
        sent in vec(sent(), 1..220),
        received in vec(received(), 250),
        size in prop_oneof![1..8_usize, 8..20_usize, 20..150_usize],
    ) {
        let (mut senders, mut receivers): (Vec<Tx>, Vec<Rx>) =
            setups.iter().enumerate().map(|(n, setup)| setup.contexts(n)).unzip();
        let wire = protect_both_ways(&mut senders, &sent, size);

        let mut oldest = 0;
        let mut arriving = Vec::new();
        for received in &received {
            let Some((context, rtcp, packet)) = wire.get(match received.pick {
                0 => oldest,
                ahead if ahead < 100 => oldest + ahead,
                behind => oldest.saturating_sub(behind - 99),
            }) else {
                continue;
            };
            oldest += usize::from(received.pick == 0);
            let mut packet = packet.clone();
            if let Some((at, bit)) = received.damage {
                let at = at % packet.len();
                packet[at] ^= 1 << bit;
            }
            if let Some(len) = received.cut {
                packet.truncate(len % packet.len());
            }
            let context = if received.other_context { context + 1 } else { *context };
            arriving.push((context, *rtcp, packet));
        }

        let mut alone = receivers.clone();
        for arriving in arriving.chunks_mut(size) {
            let mut copies = arriving.to_vec();
            let mut packets = incoming(arriving);
            batch::unprotect(&mut receivers, &mut packets);
            let results: Vec<_> = packets.iter().map(|packet| packet.result).collect();
            let mut packets = incoming(&mut copies);
            prop_assert_eq!(results, unprotect_one_by_one(&mut alone, &mut packets));
            prop_assert_eq!(&*arriving, &copies[..]);
            for (context, alone) in receivers.iter().zip(&alone) {
                prop_assert_eq!(inbound_state(context), inbound_state(alone));
            }
        }
    }
}

/// MKIs of one byte, and a peer that sends none: the SRTCP packet whose index ends as the MKI looks as
/// if it carried it. It opens in a batch as it does alone, whatever HMAC was computed ahead.
#[test]
fn what_only_looks_like_an_mki_opens_in_a_batch() {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let key = MasterKey::new(suite, &vec![1; suite.key_salt_len()]).unwrap();
    let key = key.with_mki(&[5]).unwrap();
    let mut tx = Tx::new(&key, Policy::SECURE.with_mki(MkiPolicy::Never)).unwrap();
    let mut rx = Rx::new(&key, Policy::SECURE.with_mki(MkiPolicy::AcceptIfPresent)).unwrap();
    let mut sent: Vec<_> = (0..20)
        .map(|_| {
            let mut packet = super::conversation::rtcp_packet(7, 40);
            packet.resize(48 + 14, 0);
            assert_eq!(tx.protect_rtcp(&mut packet, 48), Ok(48 + 14));
            packet
        })
        .collect();
    assert_eq!(sent[5][51], 5);
    let mut packets: Vec<_> = sent.iter_mut().map(|packet| Incoming::rtcp(0, packet)).collect();
    rx.unprotect_batch(&mut packets);
    assert!(packets.iter().all(|packet| packet.result == Some(Ok(48))));
}
