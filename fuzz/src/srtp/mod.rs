//! Identities of srtp-core: what a receiver lets in is what a sender makes, a refusal leaves no
//! trace, no index is used twice, and state survives its journey.

pub mod context;
pub mod header;
pub mod packet;
pub mod session;
pub mod state;
pub mod unprotect;
