//! `coded_page` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("coded_page"), |input: &[u8]| kelisim_fuzz::run("coded_page", input));
