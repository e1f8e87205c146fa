//! `proxy_header` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("proxy_header"), |input: &[u8]| kelisim_fuzz::run("proxy_header", input));
