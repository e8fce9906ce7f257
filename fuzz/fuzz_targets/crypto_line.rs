//! Hands libFuzzer's bytes to [`srtp_fuzz::sdes::crypto_line`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::sdes::crypto_line(data));
