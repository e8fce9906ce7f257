#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
// Tests make their inputs with casts; what ships is linted without them.
#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

pub mod context;
mod index;
mod kdf;
pub mod key;
pub mod policy;
mod primitive;
mod replay;
mod ring;
pub mod stream;
pub mod suite;
mod transform;
pub mod wire;

#[cfg(test)]
mod tests;

pub use context::{Inbound, Outbound, ProtectError, StreamInfo, UnprotectError};
pub use index::{MAX_RTCP_INDEX, MAX_RTP_INDEX};
pub use key::{KeyDerivationRate, KeyError, MAX_MKI_LEN, MasterKey, Mki};
pub use policy::Policy;
pub use replay::{MAX_WINDOW, MIN_WINDOW};
pub use ring::KeyUsage;
pub use stream::{Fixed, RTCP_WINDOW};
pub use suite::{CryptoSuite, MAX_KEY_SALT_LEN};
pub use transform::MAX_PAYLOAD_LEN;
