//! `bundle_zip` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("bundle_zip"), |input: &[u8]| kelisim_fuzz::run("bundle_zip", input));
