//! `response_cookies` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("response_cookies"), |input: &[u8]| kelisim_fuzz::run("response_cookies", input));
