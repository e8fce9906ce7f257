//! What the fuzz targets assert: identities that hold for every input, never only "no panic".

pub mod configuration;
pub mod sdes;
