//! Identities of srtp-core: what a receiver lets in is what a sender makes, a refusal leaves no
//! trace, no index is used twice, a batch is its packets one by one, and state survives its journey.

pub mod batch;
pub mod context;
pub mod header;
pub mod packet;
pub mod session;
pub mod state;
pub mod unprotect;
