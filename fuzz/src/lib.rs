//! What the fuzz targets assert: identities that hold for every input, never only "no panic".

pub mod configuration;
#[cfg(feature = "doctor")]
pub mod capture;
pub mod sdes;
pub mod srtp;
