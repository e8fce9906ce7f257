//! What the fuzz targets assert: identities that hold for every input, never only "no panic".

pub mod accel;
#[cfg(feature = "doctor")]
pub mod capture;
pub mod configuration;
pub mod exchange;
pub mod sdes;
pub mod srtp;
