//! Those who protect packets: this family and, with features `peer-…`, others, each the way its
//! documentation says, in place where it can, replay protection on.
#![allow(clippy::unwrap_used)]

use srtp_core::{CryptoSuite, Fixed, Growing, Inbound, MasterKey, Outbound, Policy};

/// The suites that everybody has.
pub const SUITES: [CryptoSuite; 2] = [CryptoSuite::AesCm128HmacSha1_80, CryptoSuite::AeadAes128Gcm];

/// Packets of a replay window, on all sides.
pub const WINDOW: usize = 1024;

/// Room for 1024 streams in the context itself.
type Small = Fixed<1>;

/// Both directions of an SRTP implementation under one key.
pub trait Contestant {
    /// What it is called in tables.
    const NAME: &'static str;
    /// A sender for up to `streams` SSRCs.
    fn sender(suite: CryptoSuite, streams: usize) -> Self;
    /// A receiver for up to `streams` SSRCs.
    fn receiver(suite: CryptoSuite, streams: usize) -> Self;
    /// Protects the first `len` bytes of a buffer with room behind them; the length afterwards.
    fn protect_rtp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize;
    /// Opens an SRTP packet; the length afterwards.
    fn unprotect_rtp(&mut self, packet: &mut Vec<u8>) -> usize;
    /// As [`protect_rtp`](Self::protect_rtp).
    fn protect_rtcp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize;
    /// As [`unprotect_rtp`](Self::unprotect_rtp).
    fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> usize;
}

/// Master key and salt, the same for all.
pub fn key_and_salt(suite: CryptoSuite) -> Vec<u8> {
    (0..suite.key_salt_len()).map(|i| u8::try_from(i * 7 % 251).unwrap_or_default()).collect()
}

/// The same as this family's type.
pub fn master_key(suite: CryptoSuite) -> MasterKey {
    MasterKey::new(suite, &key_and_salt(suite)).unwrap()
}

/// srtp-core, its streams in the context while there is one, else on the heap.
// One is made per measurement.
#[allow(clippy::large_enum_variant, missing_docs)]
pub enum Ours {
    SendOne(Outbound<Small, 1>),
    Send(Outbound<Growing, 1>),
    ReceiveOne(Inbound<Small, 1>),
    Receive(Inbound<Growing, 1>),
}

impl Contestant for Ours {
    const NAME: &'static str =
        if cfg!(feature = "accel") { "srtp-core" } else { "srtp-core without accel" };

    fn sender(suite: CryptoSuite, streams: usize) -> Self {
        let key = master_key(suite);
        if streams == 1 {
            return Self::SendOne(Outbound::new(&key, Policy::SECURE).unwrap());
        }
        let table = Growing::new(streams, WINDOW);
        Self::Send(Outbound::with_streams(&key, Policy::SECURE, table).unwrap())
    }

    fn receiver(suite: CryptoSuite, streams: usize) -> Self {
        let key = master_key(suite);
        if streams == 1 {
            return Self::ReceiveOne(Inbound::new(&key, Policy::SECURE).unwrap());
        }
        let table = Growing::new(streams, WINDOW);
        Self::Receive(Inbound::with_streams(&key, Policy::SECURE, table).unwrap())
    }

    #[inline]
    fn protect_rtp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize {
        match self {
            Self::SendOne(tx) => tx.protect_rtp(packet, len).unwrap(),
            Self::Send(tx) => tx.protect_rtp(packet, len).unwrap(),
            _ => 0,
        }
    }

    #[inline]
    fn unprotect_rtp(&mut self, packet: &mut Vec<u8>) -> usize {
        match self {
            Self::ReceiveOne(rx) => rx.unprotect_rtp(packet).unwrap(),
            Self::Receive(rx) => rx.unprotect_rtp(packet).unwrap(),
            _ => 0,
        }
    }

    #[inline]
    fn protect_rtcp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize {
        match self {
            Self::SendOne(tx) => tx.protect_rtcp(packet, len).unwrap(),
            Self::Send(tx) => tx.protect_rtcp(packet, len).unwrap(),
            _ => 0,
        }
    }

    #[inline]
    fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> usize {
        match self {
            Self::ReceiveOne(rx) => rx.unprotect_rtcp(packet).unwrap(),
            Self::Receive(rx) => rx.unprotect_rtcp(packet).unwrap(),
            _ => 0,
        }
    }
}

/// libsrtp 2 with OpenSSL, both bundled, through the crate `srtp`.
#[cfg(feature = "peer-libsrtp")]
pub struct Libsrtp(srtp::Session);

#[cfg(feature = "peer-libsrtp")]
impl Libsrtp {
    fn policy(suite: CryptoSuite, key: &[u8]) -> srtp::StreamPolicy<'_> {
        let crypto = match suite {
            CryptoSuite::AeadAes128Gcm => srtp::CryptoPolicy::aes_gcm_128_16_auth(),
            _ => srtp::CryptoPolicy::aes_cm_128_hmac_sha1_80(),
        };
        let window_size = WINDOW as u64;
        srtp::StreamPolicy { rtp: crypto, rtcp: crypto, key, window_size, ..Default::default() }
    }
}

#[cfg(feature = "peer-libsrtp")]
impl Contestant for Libsrtp {
    const NAME: &'static str = "srtp 0.7 (libsrtp, OpenSSL)";

    fn sender(suite: CryptoSuite, _: usize) -> Self {
        let key = key_and_salt(suite);
        Self(srtp::Session::with_outbound_template(Self::policy(suite, &key)).unwrap())
    }

    fn receiver(suite: CryptoSuite, _: usize) -> Self {
        let key = key_and_salt(suite);
        Self(srtp::Session::with_inbound_template(Self::policy(suite, &key)).unwrap())
    }

    #[inline]
    fn protect_rtp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize {
        packet.truncate(len);
        self.0.protect(packet).unwrap();
        packet.len()
    }

    #[inline]
    fn unprotect_rtp(&mut self, packet: &mut Vec<u8>) -> usize {
        self.0.unprotect(packet).unwrap();
        packet.len()
    }

    #[inline]
    fn protect_rtcp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize {
        packet.truncate(len);
        self.0.protect_rtcp(packet).unwrap();
        packet.len()
    }

    #[inline]
    fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> usize {
        self.0.unprotect_rtcp(packet).unwrap();
        packet.len()
    }
}

/// Contexts of the webrtc-rs project, which return a new buffer for every packet.
#[cfg(any(feature = "peer-rtc-srtp", feature = "peer-webrtc-srtp"))]
macro_rules! webrtc_rs {
    ($(#[$meta:meta])* $name:ident, $display:literal, $module:ident $(, $crypto:expr)?) => {
        $(#[$meta])*
        pub struct $name($module::context::Context);

        impl $name {
            fn context(suite: CryptoSuite) -> Self {
                use $module::option::{srtcp_replay_protection, srtp_replay_protection};
                use $module::protection_profile::ProtectionProfile;
                let profile = match suite {
                    CryptoSuite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
                    _ => ProtectionProfile::Aes128CmHmacSha1_80,
                };
                let key = key_and_salt(suite);
                let (key, salt) = key.split_at(16);
                let rtp = Some(srtp_replay_protection(WINDOW));
                let rtcp = Some(srtcp_replay_protection(WINDOW));
                Self($module::context::Context::new(key, salt, profile, rtp, rtcp $(, $crypto)?)
                    .unwrap())
            }
        }

        impl Contestant for $name {
            const NAME: &'static str = $display;

            fn sender(suite: CryptoSuite, _: usize) -> Self {
                Self::context(suite)
            }

            fn receiver(suite: CryptoSuite, _: usize) -> Self {
                Self::context(suite)
            }

            #[inline]
            fn protect_rtp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize {
                let output = self.0.encrypt_rtp(packet.get(..len).unwrap()).unwrap();
                std::hint::black_box(output).len()
            }

            #[inline]
            fn unprotect_rtp(&mut self, packet: &mut Vec<u8>) -> usize {
                std::hint::black_box(self.0.decrypt_rtp(packet).unwrap()).len()
            }

            #[inline]
            fn protect_rtcp(&mut self, packet: &mut Vec<u8>, len: usize) -> usize {
                let output = self.0.encrypt_rtcp(packet.get(..len).unwrap()).unwrap();
                std::hint::black_box(output).len()
            }

            #[inline]
            fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> usize {
                std::hint::black_box(self.0.decrypt_rtcp(packet).unwrap()).len()
            }
        }
    };
}

#[cfg(feature = "peer-rtc-srtp")]
webrtc_rs!(
    /// rtc-srtp with its default primitives, ring.
    RtcSrtp, "rtc-srtp 0.21 (ring)", rtc_srtp,
    rtc_srtp::crypto::default_provider().unwrap().crypto()
);
#[cfg(feature = "peer-webrtc-srtp")]
webrtc_rs!(
    /// webrtc-srtp, on the RustCrypto crates.
    WebrtcSrtp, "webrtc-srtp 0.17", webrtc_srtp
);

/// Calls `$each!(Type)` for every contestant of this build, ours first.
#[macro_export]
macro_rules! for_each_contestant {
    ($each:ident) => {
        $each!($crate::contestants::Ours);
        #[cfg(feature = "peer-rtc-srtp")]
        $each!($crate::contestants::RtcSrtp);
        #[cfg(feature = "peer-libsrtp")]
        $each!($crate::contestants::Libsrtp);
        #[cfg(feature = "peer-webrtc-srtp")]
        $each!($crate::contestants::WebrtcSrtp);
    };
}
