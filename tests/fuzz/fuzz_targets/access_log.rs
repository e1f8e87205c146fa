//! `access_log` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("access_log"), |input: &[u8]| kelisim_fuzz::run("access_log", input));
