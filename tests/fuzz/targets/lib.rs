//! What strangers' bytes are tried on: each target reads an input, hands it to the library, and asserts what must hold of the outcome.
//!
//! A target is a plain function, so that two things can run it: the tests of `tests/integration/fuzz`, which change the seeds of its corpus on
//! any stable compiler, and libFuzzer (`tests/fuzz/run`), which looks for inputs that reach new code. `tests/README.md` says how.

#![allow(missing_docs, unreachable_pub, reason = "what runs targets has no other reader")]
#![allow(clippy::unwrap_used, reason = "a property that does not hold fails where it stands")]

mod access_log;
mod analytics;
mod answer_headers;
mod bundle_zip;
mod catalogue;
mod choice;
mod coded_page;
mod configuration;
mod cookie_reading;
mod countries;
mod country_reading;
mod forwarding;
mod ledger_texts;
mod list_reading;
mod log;
mod log_bundle;
mod negotiation;
mod page;
mod page_parts;
mod policy_reading;
mod proxy_header;
mod receipt;
mod record;
mod report;
mod request_cookies;
mod request_head;
mod response_cookies;

/// Something that is tried.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also that of its folder in `corpus` and of its program.
    pub name: &'static str,
    /// Tries an input, and panics where a property does not hold.
    pub run: fn(&[u8]),
    /// Pieces that mean something in its inputs: what a mutation puts in now and then.
    pub words: &'static [&'static str],
    /// How many mutated inputs a usual run of the tests tries: as many as take some seconds without optimisation.
    pub runs: u32,
}

/// Every target.
pub const ALL: [Target; 21] = [
    access_log::TARGET,
    analytics::TARGET,
    answer_headers::TARGET,
    bundle_zip::TARGET,
    catalogue::TARGET,
    choice::TARGET,
    coded_page::TARGET,
    configuration::TARGET,
    countries::TARGET,
    forwarding::TARGET,
    ledger_texts::TARGET,
    log_bundle::TARGET,
    negotiation::TARGET,
    page::TARGET,
    proxy_header::TARGET,
    receipt::TARGET,
    record::TARGET,
    report::TARGET,
    request_cookies::TARGET,
    request_head::TARGET,
    response_cookies::TARGET,
];

fn named(name: &str) -> &'static Target {
    ALL.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target is named {name}"))
}

/// Runs the target with this name: what the programs call.
#[allow(dead_code, reason = "the tests call targets themselves")]
pub fn run(name: &str, input: &[u8]) {
    (named(name).run)(input);
}

/// Where the variable `KELISIM_FUZZ_WORDS` names a file, writes the words of the target with this name into it, as libFuzzer reads a
/// dictionary, and ends the program.
#[allow(dead_code, reason = "only the programs have a dictionary")]
pub fn words(name: &str) {
    let Some(file) = std::env::var_os("KELISIM_FUZZ_WORDS") else { return };
    let escaped = |word: &str| word.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let lines: String = named(name).words.iter().map(|word| format!("\"{}\"\n", escaped(word))).collect();
    std::fs::write(file, lines).unwrap();
    std::process::exit(0);
}
