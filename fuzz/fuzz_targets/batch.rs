//! Hands libFuzzer's bytes to [`srtp_fuzz::srtp::batch::batch`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| srtp_fuzz::srtp::batch::batch(data));
