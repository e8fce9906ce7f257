//! What `decrypt` writes: plain-RTP captures and audio, each under a temporary name until all of it
//! is there.

pub mod audio;
pub mod files;
pub mod pcap;
