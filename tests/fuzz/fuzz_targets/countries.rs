//! `countries` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("countries"), |input: &[u8]| kelisim_fuzz::run("countries", input));
