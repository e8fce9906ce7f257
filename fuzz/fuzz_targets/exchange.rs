//! Hands libFuzzer's bytes to [`srtp_fuzz::exchange::exchange`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::exchange::exchange(data));
