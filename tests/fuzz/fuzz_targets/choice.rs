//! `choice` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("choice"), |input: &[u8]| kelisim_fuzz::run("choice", input));
