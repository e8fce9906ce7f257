//! What the proofs have in common: memory whose secrecy valgrind watches, keys and packets.

pub mod packet;
#[cfg(feature = "valgrind")]
pub mod watch;
