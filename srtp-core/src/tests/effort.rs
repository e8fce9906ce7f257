//! How packets went and what was computed for them. A packet is the same by every way, so that only
//! this tells whether the quick ones are taken.

use std::cell::RefCell;

use super::conversation::{rtcp_packet, rtp_packet};
use crate::{
    CryptoSuite, Fixed, Inbound, KeyDerivationRate, MAX_PAYLOAD_LEN, MAX_RTCP_INDEX, MAX_RTP_INDEX,
    MasterKey, Outbound, Policy, ProtectError, UnprotectError,
};

/// What one test did so far.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Effort {
    /// How often a packet was taken apart by the rules of the long way.
    pub(crate) long_way: usize,
    /// HMACs computed one by one.
    pub(crate) alone: usize,
    /// HMACs computed at once, and how many places there were for them.
    pub(crate) in_lanes: Vec<(usize, usize)>,
    /// How often the rules were asked once more whether an HMAC computed ahead is the right one.
    pub(crate) asked_again: usize,
    /// How often the session keys of a protocol were derived.
    pub(crate) derivations: usize,
}

thread_local! {
    static EFFORT: RefCell<Effort> = RefCell::default();
}

/// To be called where the long way begins.
pub(crate) fn goes_the_long_way() {
    EFFORT.with_borrow_mut(|effort| effort.long_way += 1);
}

/// To be called where an HMAC is computed.
pub(crate) fn hashes_alone() {
    EFFORT.with_borrow_mut(|effort| effort.alone += 1);
}

/// To be called where HMACs are computed in lanes, for as many places.
#[cfg_attr(not(all(feature = "accel", feature = "hmac-sha1")), allow(dead_code))]
pub(crate) fn hashes_in_lanes(jobs: usize, places: usize) {
    if jobs > 0 {
        EFFORT.with_borrow_mut(|effort| effort.in_lanes.push((jobs, places)));
    }
}

/// To be called where a known HMAC is held against what is asked for.
pub(crate) fn asks_again() {
    EFFORT.with_borrow_mut(|effort| effort.asked_again += 1);
}

/// To be called where session keys are derived.
pub(crate) fn derives_keys() {
    EFFORT.with_borrow_mut(|effort| effort.derivations += 1);
}

/// What this takes.
pub(crate) fn effort_of(action: impl FnOnce()) -> Effort {
    EFFORT.take();
    action();
    EFFORT.take()
}

type Tx = Outbound<Fixed<2>, 1>;
type Rx = Inbound<Fixed<2>, 1>;

fn key(suite: CryptoSuite) -> MasterKey {
    MasterKey::new(suite, &vec![3; suite.key_salt_len()]).unwrap()
}

/// How often the long way is gone where the short one would do: never, where there is one.
const LONG_WAY: usize = if cfg!(feature = "accel") { 0 } else { 1 };

/// Protects and opens a packet and counts the times it goes the long way on each side.
fn go(tx: &mut Tx, rx: &mut Rx, packet: &[u8], is_rtp: bool) -> (usize, usize) {
    let mut buffer = packet.to_vec();
    let overhead = if is_rtp { tx.rtp_overhead() } else { tx.rtcp_overhead() };
    // No more room than is needed.
    buffer.resize(packet.len() + overhead, 0);
    let protecting = effort_of(|| {
        let len = match is_rtp {
            true => tx.protect_rtp(&mut buffer, packet.len()),
            false => tx.protect_rtcp(&mut buffer, packet.len()),
        };
        assert_eq!(len, Ok(packet.len() + overhead));
    });
    let opening = effort_of(|| {
        let len = match is_rtp {
            true => rx.unprotect_rtp(&mut buffer),
            false => rx.unprotect_rtcp(&mut buffer),
        };
        assert_eq!(len, Ok(packet.len()));
    });
    (protecting.long_way, opening.long_way)
}

/// The first packet of a stream goes the long way, every other the short one, to the last byte of the
/// longest payload, the last packet of a key and the last index.
#[test]
fn an_ordinary_packet_goes_the_short_way() {
    const ORDINARY: (usize, usize) = (LONG_WAY, LONG_WAY);
    for suite in [CryptoSuite::AesCm128HmacSha1_80, CryptoSuite::F8_128HmacSha1_80] {
        let key = key(suite).with_lifetime(5).unwrap();
        let mut tx = Tx::new(&key, Policy::SECURE).unwrap();
        let mut rx = Rx::new(&key, Policy::SECURE).unwrap();
        let mut rtp = |packet: &[u8]| go(&mut tx, &mut rx, packet, true);
        assert_eq!(rtp(&rtp_packet(7, 1, 0, None, 20)), (1, 1), "nobody knows the SSRC");
        assert_eq!(rtp(&rtp_packet(7, 2, 0, None, 20)), ORDINARY);
        assert_eq!(rtp(&rtp_packet(7, 3, 15, Some((0xbede, 3)), 0)), ORDINARY, "no payload");
        assert_eq!(rtp(&rtp_packet(7, 4, 2, None, MAX_PAYLOAD_LEN)), ORDINARY, "the longest");
        assert_eq!(rtp(&rtp_packet(7, 5, 0, None, 20)), ORDINARY, "the last of the key");

        let mut rtcp = |packet: &[u8]| go(&mut tx, &mut rx, packet, false);
        // SRTP has made the stream known, but the first index is nobody's next one.
        assert_eq!(rtcp(&rtcp_packet(7, 20)), (1, LONG_WAY));
        assert_eq!(rtcp(&rtcp_packet(7, 20)), ORDINARY);
        assert_eq!(rtcp(&rtcp_packet(7, 0)), ORDINARY, "a header alone");
        assert_eq!(rtcp(&rtcp_packet(7, MAX_PAYLOAD_LEN)), ORDINARY, "the longest");
        assert_eq!(rtcp(&rtcp_packet(7, 20)), ORDINARY, "the last of the key");
    }
}

/// What the rules refuse is refused of a stream that goes the short way, too: a payload that is too
/// long, a packet for the second time, and one more than the key may protect.
#[test]
fn the_short_way_refuses_what_the_rules_refuse() {
    let key = key(CryptoSuite::AesCm128HmacSha1_80);
    let short_lived = key.clone().with_lifetime(2).unwrap();
    let (long, limit) = (MAX_PAYLOAD_LEN + 1, MAX_PAYLOAD_LEN);
    for is_rtp in [true, false] {
        let mut tx = Tx::new(&short_lived, Policy::SECURE).unwrap();
        let mut rx = Rx::new(&short_lived, Policy::SECURE).unwrap();
        let mut longer_lived = Tx::new(&key, Policy::SECURE).unwrap();
        let packet = |n, payload| match is_rtp {
            true => rtp_packet(7, n, 0, None, payload),
            false => rtcp_packet(7, payload),
        };
        let seal = |tx: &mut Tx, n, payload| {
            let mut buffer = packet(n, payload);
            let len = buffer.len();
            buffer.resize(len + 20, 0);
            let sealed = match is_rtp {
                true => tx.protect_rtp(&mut buffer, len),
                false => tx.protect_rtcp(&mut buffer, len),
            };
            buffer.truncate(sealed.unwrap_or_default());
            sealed.map(|_| buffer)
        };
        let mut open = |sent: &[u8]| match is_rtp {
            true => rx.unprotect_rtp(&mut sent.to_vec()),
            false => rx.unprotect_rtcp(&mut sent.to_vec()),
        };
        for n in 1..=2 {
            let sent = seal(&mut tx, n, 20).unwrap();
            assert_eq!(seal(&mut longer_lived, n, 20).unwrap(), sent);
            open(&sent).unwrap();
            // SRTCP counts from 0.
            let index = u64::from(n) - u64::from(!is_rtp);
            assert_eq!(open(&sent), Err(UnprotectError::Replayed { index }));
            let too_long = ProtectError::TooLong { len: long, limit };
            assert_eq!(seal(&mut tx, n + 1, long), Err(too_long));
            let mut trailer = vec![0; sent.len() - packet(n, 20).len()];
            if !is_rtp {
                // Encrypted, and under the next index.
                trailer[..4].copy_from_slice(&(0x8000_0000 | u32::from(n)).to_be_bytes());
            }
            let unread = [packet(n + 1, long), trailer].concat();
            assert_eq!(open(&unread), Err(UnprotectError::TooLong { len: long, limit }));
        }
        assert_eq!(seal(&mut tx, 3, 20), Err(ProtectError::KeyExpired { lifetime: 2 }));
        let sent = seal(&mut longer_lived, 3, 20).unwrap();
        assert_eq!(open(&sent), Err(UnprotectError::KeyExpired { lifetime: 2 }));
    }
}

/// Whether SRTCP is encrypted is what was agreed, not what the packet says (RFC 4568 §6.3.2), of a
/// stream that goes the short way, too.
#[test]
fn the_short_way_asks_for_the_e_bit_that_was_agreed() {
    let key = key(CryptoSuite::AesCm128HmacSha1_80);
    let in_clear = Policy::SECURE.with_unencrypted_srtcp(true);
    for (agreed, other) in [(Policy::SECURE, in_clear), (in_clear, Policy::SECURE)] {
        let mut tx = Tx::new(&key, agreed).unwrap();
        let mut rx = Rx::new(&key, agreed).unwrap();
        for _ in 0..2 {
            go(&mut tx, &mut rx, &rtcp_packet(7, 20), false);
        }
        let mut tx = Tx::new(&key, other).unwrap();
        tx.set_rtcp_index(7, 2).unwrap();
        let mut buffer = rtcp_packet(7, 20);
        buffer.resize(48, 0);
        let len = tx.protect_rtcp(&mut buffer, 28).unwrap();
        let refused = UnprotectError::Policy { encrypted: other == Policy::SECURE };
        assert_eq!(rx.unprotect_rtcp(&mut buffer[..len]), Err(refused));
    }
}

/// As above: AES-GCM and the NULL cipher, whose SRTCP is ordinary without encryption; a key that
/// answers to its policy about SRTCP; and the last index of both protocols.
#[test]
fn the_short_way_goes_to_the_last_index() {
    const ORDINARY: (usize, usize) = (LONG_WAY, LONG_WAY);
    for suite in
        [CryptoSuite::AesCm128HmacSha1_32, CryptoSuite::AeadAes256Gcm, CryptoSuite::NullHmacSha1_80]
    {
        for policy in [Policy::SECURE, Policy::SECURE.with_unencrypted_srtcp(true)] {
            let mut tx = Tx::new(&key(suite), policy).unwrap();
            let mut rx = Rx::new(&key(suite), policy).unwrap();
            let roc = (MAX_RTP_INDEX >> 16) as u32;
            tx.set_roc(7, roc).unwrap();
            rx.set_roc(7, roc).unwrap();
            let mut rtp = |seq| go(&mut tx, &mut rx, &rtp_packet(7, seq, 1, None, 20), true);
            assert_eq!(rtp(0xfffe), (1, 1), "a counter that was set, and no packet yet");
            assert_eq!(rtp(0xfffd), ORDINARY, "late");
            assert_eq!(rtp(0xffff), ORDINARY, "the last index");

            tx.set_rtcp_index(7, MAX_RTCP_INDEX - 1).unwrap();
            let mut rtcp = || go(&mut tx, &mut rx, &rtcp_packet(7, 20), false);
            assert_eq!(rtcp(), ORDINARY);
            assert_eq!(rtcp(), ORDINARY, "the last index");
        }
    }
}

/// Session keys are derived when a packet begins a new epoch (RFC 3711 §4.3.1), once to protect or
/// verify it and once to stay; then no more but on the way for a late packet of the epoch before.
#[test]
fn session_keys_are_derived_once_for_an_epoch() {
    let rate = KeyDerivationRate::from_exponent(4).unwrap();
    let key = key(CryptoSuite::AesCm128HmacSha1_80).with_key_derivation_rate(rate);
    let mut tx = Tx::new(&key, Policy::SECURE).unwrap();
    let mut rx = Rx::new(&key, Policy::SECURE).unwrap();
    for (seq, derivations) in
        [(14, 0), (16, 2), (17, 0), (15, 1), (18, 0), (31, 0), (48, 2), (49, 0)]
    {
        let mut buffer = rtp_packet(7, seq, 0, None, 20);
        buffer.resize(42, 0);
        let protecting = effort_of(|| assert_eq!(tx.protect_rtp(&mut buffer, 32), Ok(42)));
        let opening = effort_of(|| assert_eq!(rx.unprotect_rtp(&mut buffer), Ok(32)));
        let derived = (protecting.derivations, opening.derivations);
        assert_eq!(derived, (derivations, derivations), "{seq}");
    }
}
