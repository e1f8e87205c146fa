//! `receipt` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("receipt"), |input: &[u8]| kelisim_fuzz::run("receipt", input));
