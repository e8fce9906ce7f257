//! Hands libFuzzer's bytes to [`srtp_fuzz::sdes::sdp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::sdes::sdp(data));
