//! `ledger_texts` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(init: kelisim_fuzz::words("ledger_texts"), |input: &[u8]| kelisim_fuzz::run("ledger_texts", input));
