#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
// What cannot be in such a build is still named in matches.
#![cfg_attr(not(feature = "cryptex"), allow(unreachable_patterns))]
// Tests make their inputs with casts; what ships is linted without them.
#![cfg_attr(
    test,
    allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)
)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod batch;
#[cfg(any(feature = "alloc", feature = "bytes"))]
mod buffer;
pub mod context;
#[cfg(feature = "counters")]
mod counters;
mod cover;
mod demux;
#[cfg(feature = "gcm")]
pub mod double;
pub mod dtls;
mod incoming;
mod index;
mod kdf;
pub mod key;
mod outgoing;
pub mod policy;
mod primitive;
mod replay;
mod ring;
pub mod sizes;
pub mod stateless;
mod stream;
pub mod suite;
pub mod table;
mod transform;
mod wiped;
pub mod wire;

#[cfg(test)]
mod tests;

#[cfg(any(feature = "alloc", feature = "bytes"))]
pub use buffer::PacketBuffer;
pub use context::{
    Handover, Inbound, Outbound, ProtectError, Rekey, StateError, StreamInfo, UnprotectError,
};
#[cfg(feature = "counters")]
pub use counters::Counters;
pub use demux::{DatagramKind, classify};
pub use dtls::{DtlsKeys, DtlsRole};
pub use index::{MAX_RTCP_INDEX, MAX_RTP_INDEX};
pub use key::{KeyDerivationRate, KeyError, MAX_MKI_LEN, MasterKey, Mki};
pub use policy::{Cryptex, MkiPolicy, Policy, Rcc, RccMode};
pub use replay::{MAX_WINDOW, MIN_WINDOW};
pub use ring::KeyUsage;
pub use stream::RTCP_WINDOW;
pub use suite::{CryptoSuite, MAX_KEY_SALT_LEN};
#[cfg(feature = "alloc")]
pub use table::Growing;
pub use table::{Fixed, StreamTable};
pub use transform::{MAX_PAYLOAD_LEN, Protocol};
