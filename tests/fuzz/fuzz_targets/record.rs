//! `record` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("record"), |input: &[u8]| kelisim_fuzz::run("record", input));
