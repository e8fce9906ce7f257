//! What README's table says of the suites and the replay protection of webrtc-srtp and rtc-srtp, by
//! their packets: `./ci.sh others`. For pion and libsrtp, which are not Rust, see `interop/`.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, missing_docs)]
#![cfg(all(feature = "peer-rtc-srtp", feature = "peer-webrtc-srtp"))]

use srtp_core::{CryptoSuite, Inbound, MasterKey, Outbound, Policy};

const SSRC: u32 = 0x1337_cafe;

/// The suites with a cell «yes», in the order of each crate's enum.
const SUITES: [CryptoSuite; 6] = [
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
    CryptoSuite::Aes256CmHmacSha1_80,
    CryptoSuite::Aes256CmHmacSha1_32,
    CryptoSuite::AeadAes128Gcm,
    CryptoSuite::AeadAes256Gcm,
];

fn rtp(seq: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(seq.to_be_bytes());
    packet.extend([0, 0, 0, 160]);
    packet.extend(SSRC.to_be_bytes());
    packet.extend((0..u8::try_from(seq % 200).unwrap()).map(|n| n.wrapping_mul(7)));
    packet
}

/// A receiver report without blocks.
fn rtcp() -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(SSRC.to_be_bytes());
    packet
}

fn key_salt(suite: CryptoSuite) -> Vec<u8> {
    (0..suite.key_salt_len()).map(|n| u8::try_from(n * 11 % 251).unwrap()).collect()
}

fn ours(suite: CryptoSuite) -> (Outbound, Inbound) {
    let key = MasterKey::new(suite, &key_salt(suite)).unwrap();
    let mut sender: Outbound = Outbound::new(&key, Policy::SECURE).unwrap();
    // Both crates begin SRTCP at 1.
    sender.set_rtcp_index(SSRC, 1).unwrap();
    (sender, Inbound::new(&key, Policy::SECURE).unwrap())
}

fn protected(plain: &[u8], protect: impl FnOnce(&mut [u8], usize) -> usize) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + 64, 0);
    let len = protect(&mut buffer, plain.len());
    buffer.truncate(len);
    buffer
}

macro_rules! others {
    ($name:ident, $module:ident $(, $crypto:expr)?) => {
        mod $name {
            use super::*;
            use $module::context::Context;
            use $module::option::{ContextOption, srtcp_replay_protection, srtp_replay_protection};
            use $module::protection_profile::ProtectionProfile;

            const PROFILES: [ProtectionProfile; 6] = [
                ProtectionProfile::Aes128CmHmacSha1_80,
                ProtectionProfile::Aes128CmHmacSha1_32,
                ProtectionProfile::Aes256CmHmacSha1_80,
                ProtectionProfile::Aes256CmHmacSha1_32,
                ProtectionProfile::AeadAes128Gcm,
                ProtectionProfile::AeadAes256Gcm,
            ];

            fn context(at: usize, rtp: Option<ContextOption>, rtcp: Option<ContextOption>) -> Context {
                let profile = PROFILES[at];
                let key_salt = key_salt(SUITES[at]);
                let (key, salt) = key_salt.split_at(profile.key_len());
                Context::new(key, salt, profile, rtp, rtcp $(, $crypto)?).unwrap()
            }

            /// Every suite of theirs makes the bytes that ours makes, over a wrap of the sequence
            /// number, and opens them; a forgery is refused.
            #[test]
            fn suites() {
                for (at, suite) in SUITES.into_iter().enumerate() {
                    let (mut tx, mut rx) = ours(suite);
                    let (mut their_tx, mut their_rx) = (context(at, None, None), context(at, None, None));
                    for n in 0..300_u16 {
                        let plain = rtp(65_400_u16.wrapping_add(n));
                        let here = protected(&plain, |packet, len| tx.protect_rtp(packet, len).unwrap());
                        let there = their_tx.encrypt_rtp(&plain).unwrap();
                        assert_eq!(here, there[..], "{suite}, packet {n}");
                        let mut forged = here.clone();
                        *forged.last_mut().unwrap() ^= 1;
                        assert!(their_rx.decrypt_rtp(&forged).is_err(), "{suite}, packet {n}");
                        assert_eq!(their_rx.decrypt_rtp(&here).unwrap(), plain[..], "{suite}");
                        let mut opened = there.to_vec();
                        let len = rx.unprotect_rtp(&mut opened).unwrap();
                        assert_eq!(opened[..len], plain, "{suite}");
                    }
                    for _ in 0..3 {
                        let plain = rtcp();
                        let here = protected(&plain, |packet, len| tx.protect_rtcp(packet, len).unwrap());
                        let there = their_tx.encrypt_rtcp(&plain).unwrap();
                        assert_eq!(here, there[..], "{suite}, SRTCP");
                        assert_eq!(their_rx.decrypt_rtcp(&here).unwrap(), plain[..], "{suite}");
                    }
                }
            }

            /// Replays are let in unless a window was asked for.
            #[test]
            fn replay_protection_is_off_unless_asked_for() {
                let (mut tx, _) = ours(SUITES[0]);
                let packet = protected(&rtp(1), |packet, len| tx.protect_rtp(packet, len).unwrap());
                let report = protected(&rtcp(), |packet, len| tx.protect_rtcp(packet, len).unwrap());
                let mut open = context(0, None, None);
                let asked = (srtp_replay_protection(64), srtcp_replay_protection(64));
                let mut shut = context(0, Some(asked.0), Some(asked.1));
                for first in [true, false] {
                    assert!(open.decrypt_rtp(&packet).is_ok() && open.decrypt_rtcp(&report).is_ok());
                    assert_eq!(shut.decrypt_rtp(&packet).is_ok(), first);
                    assert_eq!(shut.decrypt_rtcp(&report).is_ok(), first);
                }
            }
        }
    };
}

others!(webrtc, webrtc_srtp);
others!(rtc, rtc_srtp, rtc_srtp::crypto::default_provider().unwrap().crypto());
