//! `request_cookies` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("request_cookies"), |input: &[u8]| kelisim_fuzz::run("request_cookies", input));
