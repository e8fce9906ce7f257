//! x86-64: AES-NI, VAES, PCLMULQDQ and SHA-NI.

pub(crate) mod aes;
mod gcm;
mod ghash;
mod ghash_wide;
pub(crate) mod memory;
pub(crate) mod sha1;

pub use aes::Aes;
pub use gcm::{Associated, Gcm};
pub use sha1::HmacSha1;
