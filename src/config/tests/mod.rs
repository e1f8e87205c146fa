//! What `check` says to configurations that are right, and to those that are not.

mod acme;
mod analytics;
mod certificates;
mod editions;
mod faults;
mod mail;
mod right;
mod traces;
mod witnesses;

use std::path::Path;

use super::*;

/// A right configuration; the cases change it.
const RIGHT: &str = r#"[server]
http = ["127.0.0.1:8081"]
[controller]
name = "Shop LLP"
bin = "260140000005"
address = "Astana"
email = "privacy@example.kz"
[[site]]
hosts = ["example.kz", "*.example.kz"]
upstream = "http://127.0.0.1:8080"
mode = "observe"
[site.notice]
third_parties = "нет"
cross_border = "нет"
public = "нет"
data = ["cookies"]
storage_place = "Қазақстан"
"#;

/// The right configuration with one piece replaced; an empty piece means that the replacement is added at the end.
fn changed(piece: &str, replacement: &str) -> String {
    if piece.is_empty() {
        return format!("{RIGHT}{replacement}\n");
    }
    assert_eq!(RIGHT.matches(piece).count(), 1, "{piece}");
    RIGHT.replace(piece, replacement)
}

fn load_in(folder: &Path, text: &str) -> Result<(Configuration, Vec<Warning>), Faults> {
    load_at(text, folder, "kelisim.toml", Timestamp::parse("2026-11-22").unwrap())
}

/// The first line of each finding, without the folder of the test.
fn first_lines(folder: &Path, findings: impl Iterator<Item = String>) -> Vec<String> {
    let folder = format!("{}/", folder.display());
    findings.map(|finding| finding.lines().next().unwrap_or_default().replace(&folder, "")).collect()
}

fn faults_in(folder: &Path, text: &str) -> Vec<String> {
    let faults = load_in(folder, text).map_or_else(|faults| faults.0, |_| Vec::new());
    first_lines(folder, faults.iter().map(Fault::to_string))
}

fn warnings_in(folder: &Path, text: &str) -> Vec<String> {
    let (_, warnings) = load_in(folder, text).unwrap_or_else(|faults| panic!("{faults}"));
    first_lines(folder, warnings.iter().map(Warning::to_string))
}
