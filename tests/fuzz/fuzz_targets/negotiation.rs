//! `negotiation` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("negotiation"), |input: &[u8]| kelisim_fuzz::run("negotiation", input));
