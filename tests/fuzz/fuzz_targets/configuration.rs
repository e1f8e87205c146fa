//! `configuration` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("configuration"), |input: &[u8]| kelisim_fuzz::run("configuration", input));
