//! Our packets beside those of other implementations: the same keys and packets to both, the same
//! bytes from both.

pub mod differential;
pub mod exchange;
pub mod libsrtp;
pub mod packets;
pub mod peer;
pub mod programs;
pub mod report;
