//! The seam to the primitives: everything above asks for AES keystream, AES blocks and HMAC-SHA1
//! tags here and nowhere else, so that another implementation (vector units, a microcontroller's
//! AES peripheral) can take their place without touching a rule of SRTP.

mod aes;
mod hmac_sha1;

pub(crate) use aes::Aes;
pub(crate) use hmac_sha1::{HMAC_KEY_LEN, HmacSha1};
