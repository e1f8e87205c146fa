//! `report` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("report"), |input: &[u8]| kelisim_fuzz::run("report", input));
