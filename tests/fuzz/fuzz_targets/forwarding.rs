//! `forwarding` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("forwarding"), |input: &[u8]| kelisim_fuzz::run("forwarding", input));
