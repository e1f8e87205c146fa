//! `catalogue` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("catalogue"), |input: &[u8]| kelisim_fuzz::run("catalogue", input));
