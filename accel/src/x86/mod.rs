//! x86-64: AES-NI, VAES, PCLMULQDQ and SHA-NI.

pub(crate) mod aes;
mod gcm;
mod gcm_wide;
mod ghash;
mod ghash_wide;
pub(crate) mod memory;
pub(crate) mod sha1;
mod sha1_vl;

pub use aes::Aes;
pub use gcm::{Associated, Gcm};
pub use sha1::HmacSha1;
