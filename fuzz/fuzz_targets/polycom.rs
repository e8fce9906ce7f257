//! Hands libFuzzer's bytes to [`srtp_fuzz::configuration::polycom`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::configuration::polycom(data));
