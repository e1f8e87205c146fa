//! `bundle_zip` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kelisim_fuzz::run("bundle_zip", input));
