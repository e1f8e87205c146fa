//! `analytics` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("analytics"), |input: &[u8]| kelisim_fuzz::run("analytics", input));
