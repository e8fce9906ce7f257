//! Hands libFuzzer's bytes to [`srtp_fuzz::accel::accel`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::accel::accel(data));
