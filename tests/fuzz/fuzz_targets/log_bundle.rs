//! `log_bundle` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("log_bundle"), |input: &[u8]| kelisim_fuzz::run("log_bundle", input));
