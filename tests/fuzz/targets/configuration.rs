//! The configuration. Input: its text.

use std::path::Path;

use kelisim::{
    config::{Fault, insert, load_text, summary},
    cookies::{Catalogue, OwnNames},
};

use super::Target;

/// Each run reads the built-in catalogue.
pub const TARGET: Target = Target { name: "configuration", run, words: WORDS, runs: 150 };

const WORDS: &[&str] = &[
    "[server]",
    "[[site]]",
    "[site.consent]",
    "[site.notice]",
    "[[site.cookie]]",
    "[[site.host]]",
    "[[site.path]]",
    "[[site.analytics]]",
    "[tls]",
    "[log]",
    "[geo]",
    "[mail]",
    "[statistics]",
    "[retention]",
    "http = [",
    "hosts = [",
    "\"",
    "'''",
    "=",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    "\r\n",
    "#",
    "true",
    "false",
    "0",
    "-1",
    "4294967296",
    "1e400",
    "nan",
    "0x7f",
    "2026-11-22",
    "\"6 months\"",
    "\"observe\"",
    "\"strict\"",
    "\"*\"",
    "\"*.example.kz\"",
    "\"http://127.0.0.1:1\"",
    "\"127.0.0.1:0\"",
    "\"notice\"",
    "\u{feff}",
    "\u{49b}",
    "\\u0000",
];

/// What the operator's page adds to a site.
const ADDED: &str = "[[site.cookie]]\nname = \"added_by_nobody_else\"\ncategory = \"necessary\"\n";

fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // What a text names lies nowhere: nothing beside it is read.
    if ["\"/", "'/", "\\", "~"].iter().any(|path| text.contains(path)) && text.contains("/dev") {
        return;
    }
    let load = |text: &str| load_text(text, Path::new("nowhere"), "kelisim.toml");
    match load(text) {
        Err(faults) => {
            assert!(faults.iter().len() > 0, "what is refused has a fault");
            faults.iter().for_each(|fault| check_fault(fault, text));
            assert_eq!(load(text).unwrap_err(), faults, "the same text has the same faults");
        }
        Ok((configuration, warnings)) => {
            warnings.iter().for_each(|warning| check_fault(warning.finding(), text));
            assert!(!configuration.sites.is_empty());
            let hosts = configuration.sites.iter().flat_map(|site| &site.hosts);
            assert!(hosts.count() >= configuration.sites.len(), "each site has a host");
            let told = summary(&configuration);
            serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&told).expect("the log keeps an object");
            let catalogue = Catalogue::new(configuration.catalogue.clone(), Vec::new());
            assert!(
                OwnNames::ALL.iter().all(|own| catalogue.classify(own.as_bytes()).is_none()),
                "no rule speaks of ours"
            );
            added(text);
        }
    }
}

/// Lines added to a site are in it, and the rest is as it was.
fn added(text: &str) {
    let Ok(insertion) = insert(text, &[(0, ADDED.to_owned())]) else { return };
    let before: toml::Table = text.parse().expect("it was read before");
    let mut after: toml::Table = insertion.text.parse().expect("what was added is right");
    let cookies = after["site"][0].as_table_mut().unwrap()["cookie"].as_array_mut().unwrap();
    assert_eq!(cookies.pop().unwrap()["name"].as_str(), Some("added_by_nobody_else"));
    if cookies.is_empty() {
        after["site"][0].as_table_mut().unwrap().remove("cookie");
    }
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    let added = insertion.difference.lines().filter(|line| line.starts_with('+')).count();
    let lines = |text: &str| text.lines().count();
    assert_eq!(lines(&insertion.text), lines(text) + added);
}

fn check_fault(fault: &Fault, text: &str) {
    let lines = text.split('\n').count();
    assert!(fault.line <= lines, "{fault}");
    assert!(!fault.what.is_empty() && !fault.remedy.is_empty() && !fault.file.is_empty(), "{fault:?}");
    assert!(fault.to_string().len() < 4000 + 4 * text.len(), "a fault is not longer than what it is about");
}
