//! The house is in order: the direction of imports, the purity of rules, the form of files, and documents that tell the truth.
//!
//! Each failure is a sentence with file and line. The rules are in `rules.rs` and `documents.rs`, each shown to fail there.

mod documents;
mod rules;
mod source;

use std::{fs, path::Path};

/// Files that may be longer than others: tables of cases, where a split would hide what is there.
const LONG_TABLES: &[&str] = &[];

/// Every text of the project: its path from the root, and what it says.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for name in ["README.md", "NOTICE", "Cargo.toml"] {
        texts.push((name.to_owned(), read(name)));
    }
    for folder in ["src", "config", "banner", "tests", "benches", "deploy"] {
        collect(folder, &mut texts);
    }
    assert!(texts.len() > 100, "the tree is here");
    texts
}

fn collect(folder: &str, texts: &mut Vec<(String, String)>) {
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(at(folder)).and_then(Iterator::collect).expect("the folder can be read");
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let path = format!("{folder}/{}", entry.file_name().to_str().expect("names in the project are ASCII"));
        if entry.file_name() == "node_modules" {
            continue; // what the browsers' tests installed is not the project
        }
        if entry.path().is_dir() {
            collect(&path, texts);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            texts.push((path, text));
        }
    }
}

/// The Rust files of the library, the program and the tests.
fn rust() -> impl Iterator<Item = (String, String)> {
    texts().into_iter().filter(|(path, _)| path.ends_with(".rs"))
}

fn read(path: &str) -> String {
    fs::read_to_string(at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn at(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Fails with every sentence at once.
fn none(wrong: impl IntoIterator<Item = String>) {
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn imports_run_in_one_direction() {
    none(rust().flat_map(|(path, text)| rules::direction(&path, &text)));
}

#[test]
fn rules_touch_nothing_outside() {
    none(rust().flat_map(|(path, text)| rules::purity(&path, &text)));
}

#[test]
fn every_file_says_what_it_is_for_and_has_an_end() {
    none(rust().flat_map(|(path, text)| rules::form(&path, &text, LONG_TABLES)));
}

#[test]
fn nothing_is_half_done_or_bound_to_one_machine() {
    none(texts().iter().flat_map(|(path, text)| rules::words(path, text)));
}

#[test]
fn every_test_that_the_table_of_clauses_names_is_there() {
    let files: Vec<_> = rust().collect();
    none(documents::named_tests(&read("config/policy/README.md"), &files));
}

#[test]
fn every_test_that_the_table_of_attacks_and_faults_names_is_there() {
    let document = read("tests/README.md");
    none(documents::named_tests(&document, &rust().collect::<Vec<_>>()));
    none(documents::named_files(&document, |path| at(path).exists()));
    none(documents::rows_with_tests(&document));
}

#[test]
fn every_metric_is_documented() {
    none(documents::metrics(&read("src/telemetry/metrics/mod.rs"), &read("config/README.md")));
}

#[test]
fn every_metric_that_alerts_and_dashboard_ask_for_is_there_and_shown() {
    let (rules, dashboard) = (read("deploy/prometheus/rules.yml"), read("deploy/grafana/kelisim.json"));
    none(documents::asked_metrics(&read("config/README.md"), &rules, &dashboard));
}

#[test]
fn every_command_is_documented() {
    none(documents::subcommands(&read("src/cli/mod.rs"), &read("README.md")));
}

#[test]
fn the_configuration_in_the_readme_is_the_one_that_is_shipped_and_checked() {
    let shipped = read("config/observe.toml");
    let (_, shipped) = shipped.split_once("\n\n").expect("a comment, an empty line, the tables");
    assert!(
        read("README.md").contains(&format!("```toml\n{shipped}```")),
        "README.md shows another config/observe.toml"
    );
}

#[test]
fn the_licence_is_whole_and_its_notice_names_whose_facts_are_used() {
    let licence = read("LICENSE");
    assert!(licence.contains("Apache License") && licence.contains("END OF TERMS AND CONDITIONS"));
    let notice = read("NOTICE");
    assert!(notice.contains("Kelisim") && notice.contains("Open Cookie Database"));
    assert!(read("Cargo.toml").contains("license = \"Apache-2.0\""));
}
