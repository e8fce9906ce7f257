//! Hands libFuzzer's bytes to [`srtp_fuzz::capture::pcap`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::capture::pcap(data));
