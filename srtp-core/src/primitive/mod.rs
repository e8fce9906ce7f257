//! The seam to the primitives: everything above asks for AES keystream, f8 keystream, GCM and
//! HMAC-SHA1 tags here and nowhere else, so that another implementation (vector units, a
//! microcontroller's AES peripheral) can take their place without touching a rule of SRTP.

mod aes;
#[cfg(feature = "f8")]
mod f8;
#[cfg(feature = "gcm")]
mod gcm;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
mod hmac_lanes;
#[cfg(feature = "hmac-sha1")]
mod hmac_sha1;
#[cfg(all(feature = "compact", feature = "hmac-sha1"))]
mod sha1_compact;

pub(crate) use aes::Aes;
#[cfg(feature = "f8")]
pub(crate) use f8::F8;
#[cfg(all(feature = "f8", feature = "header-encryption"))]
pub(crate) use f8::F8Keystream;
#[cfg(feature = "gcm")]
pub(crate) use gcm::{Gcm, TAG_LEN as GCM_TAG_LEN};
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
pub(crate) use hmac_lanes::{HmacJob, Lanes};
#[cfg(feature = "hmac-sha1")]
pub(crate) use hmac_sha1::{HMAC_KEY_LEN, HmacSha1};
