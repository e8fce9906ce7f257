#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]
// Tests make their inputs with casts; what ships is linted without them.
#![cfg_attr(test, allow(clippy::cast_possible_truncation))]

#[cfg(not(target_arch = "x86_64"))]
mod absent;
#[cfg(target_arch = "x86_64")]
mod detect;
pub mod lanes;
mod wiped;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(not(target_arch = "x86_64"))]
pub use absent::{
    Aes, AesNi, Associated, Avx2, Avx512, Gcm, HmacSha1, Level, ShaNi, ShaNiVl, Vaes512,
};
#[cfg(target_arch = "x86_64")]
pub use detect::{AesNi, Avx2, Avx512, Level, ShaNi, ShaNiVl, Vaes512};
pub use inout::InOutBuf;
pub use wiped::Wiped;
#[cfg(target_arch = "x86_64")]
pub use x86::{Aes, Associated, Gcm, HmacSha1};
