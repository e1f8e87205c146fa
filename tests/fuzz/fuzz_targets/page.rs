//! `page` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("page"), |input: &[u8]| kelisim_fuzz::run("page", input));
