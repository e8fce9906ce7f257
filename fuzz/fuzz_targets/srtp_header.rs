//! Hands libFuzzer's bytes to [`srtp_fuzz::srtp::header::header`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::srtp::header::header(data));
