//! `request_head` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("request_head"), |input: &[u8]| kelisim_fuzz::run("request_head", input));
