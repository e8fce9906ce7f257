//! Hands libFuzzer's bytes to [`srtp_fuzz::srtp::state::state`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::srtp::state::state(data));
