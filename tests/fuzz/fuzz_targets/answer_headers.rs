//! `answer_headers` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("answer_headers"), |input: &[u8]| kelisim_fuzz::run("answer_headers", input));
