//! The files that come with the gateway are right, and say everything that the reader understands.

use std::{fs, path::Path};

use super::*;
use crate::{consent::EditionId, visitor::Language};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config"))
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// A copy of the first deployment's files, with a certificate and with `date` in the policy.
fn deployment(date: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let at = |name: &str| copy.path().join(name);
    fs::create_dir_all(at("policy/rysbekova.kz")).unwrap();
    fs::create_dir(at("tls")).unwrap();
    fs::write(at("rysbekova.kz.toml"), text("rysbekova.kz.toml")).unwrap();
    let names = ["rysbekova.kz", "*.rysbekova.kz"].map(str::to_owned);
    let mut parameters = rcgen::CertificateParams::new(names).unwrap();
    parameters.not_after = rcgen::date_time_ymd(4000, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(at("tls/rysbekova.kz.pem"), parameters.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(at("tls/rysbekova.kz.key"), key.serialize_pem()).unwrap();
    private(&at("tls/rysbekova.kz.key"));
    let policy = text("policy/rysbekova.kz/2026.ru.txt");
    let (day, month) = (&date[8..10], &date[5..7]);
    let policy = policy.replace("____-__-__", date).replace("___.____.2026г.", &format!("{day}.{month}.2026г."));
    fs::write(at("policy/rysbekova.kz/2026.ru.txt"), policy).unwrap();
    copy
}

fn private(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn the_example_and_the_smallest_configuration_are_right_but_for_the_name_of_an_example() {
    for name in ["kelisim.example.toml", "observe.toml"] {
        let (configuration, warnings) = load(&folder().join(name)).unwrap_or_else(|faults| panic!("{faults}"));
        let [example] = warnings.as_slice() else { panic!("{name}: {warnings:?}") };
        assert!(example.to_string().contains("`Example LLP` is the example's name"), "{example}");
        assert_eq!(configuration.sites[0].mode, gateway::Mode::Observe);
        assert_eq!(configuration.sites[0].pages.edition.id, EditionId::parse("notice").unwrap());
        assert_eq!(configuration.files, [folder().join(name)]);
    }
}

#[test]
fn the_defaults_in_the_example_are_the_defaults() {
    let example = text("kelisim.example.toml");
    let uncommented = |key: &str| {
        let line = format!("# {key} = ");
        assert!(example.contains(&line), "{key}");
        example.replacen(&line, &format!("{key} = "), 1)
    };
    let load =
        |text: &str| load_text(text, folder(), "kelisim.example.toml").unwrap_or_else(|faults| panic!("{faults}"));
    let usual = load(&example).0;
    let same = |configuration: &Configuration| {
        let mut configuration = configuration.clone();
        configuration.fingerprint = usual.fingerprint;
        format!("{configuration:?}")
    };
    let keys = [
        "state_dir",
        "trusted_proxies",
        "drain_timeout",
        "log_format",
        "client_address",
        "share_subdomains",
        "languages",
        "prefix",
        "model",
        "opt_in_countries",
        "offer",
        "valid_for",
    ];
    for key in keys {
        assert_eq!(same(&load(&uncommented(key)).0), same(&usual), "{key}");
    }
    for section in ["[server.limits]", "[site.timeouts]", "[retention]"] {
        let (before, after) = example.split_once(&format!("# {section}")).unwrap();
        let (block, rest) = after.split_once("\n\n").unwrap_or((after, ""));
        let block = block.replace("\n# ", "\n");
        assert_eq!(same(&load(&format!("{before}{section}{block}\n\n{rest}")).0), same(&usual), "{section}");
    }
}

#[test]
fn the_first_deployment_waits_only_for_its_certificate_and_for_the_date_of_its_policy() {
    let faults = load(&folder().join("rysbekova.kz.toml")).unwrap_err();
    let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.what.as_str(), fault.remedy.as_str())).collect();
    let [certificate, key, date] = found.as_slice() else { panic!("{faults}") };
    assert!(certificate.1.starts_with("can't read the certificate "), "{faults}");
    assert!(key.1.starts_with("can't read the private key "), "{faults}");
    let remedy =
        "write the date from which the text is in force here and, as year-month-day, into `effective:` in the header";
    assert_eq!(*date, (9, "the policy's date is blank", remedy));
    let date = faults.iter().last().unwrap();
    assert!(date.file.ends_with("policy/rysbekova.kz/2026.ru.txt"));
    assert!(date.to_string().ends_with("^^^^^^^^^^^^^^^"), "{date}");
}

#[test]
fn the_first_deployment_is_right_with_a_certificate_and_a_date() {
    let copy = deployment("2026-11-01");
    let (configuration, warnings) =
        load(&copy.path().join("rysbekova.kz.toml")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(warnings, []);
    let site = &configuration.sites[0];
    assert_eq!(site.name, "rysbekova.kz");
    assert_eq!(site.consent.offer.to_string(), "functional+analytical");
    assert_eq!(site.pages.edition.id.as_str(), "2026");
    assert_eq!(site.pages.edition.effective.date(), "2026-11-01");
    assert!(configuration.server.redirect_to_https);
    let [edition] = site.pages.texts.as_slice() else { panic!("{:?}", site.pages.texts.len()) };
    assert_eq!(edition.language, Language::Ru);
    assert!(edition.text.starts_with("ПОЛИТИКА ОБРАБОТКИ ПЕРСОНАЛЬНЫХ ДАННЫХ\n"));
    assert!(edition.text.contains("01.11.2026г."));
    let names: Vec<_> = configuration.files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    assert_eq!(names, ["rysbekova.kz.toml", "rysbekova.kz.pem", "rysbekova.kz.key", "2026.ru.txt"]);
}

#[test]
fn the_fingerprint_changes_with_any_file_and_with_nothing_else() {
    let copy = deployment("2026-11-01");
    let path = copy.path().join("rysbekova.kz.toml");
    let fingerprint = || load(&path).unwrap().0.fingerprint;
    let first = fingerprint();
    assert_eq!(fingerprint(), first);
    let policy = copy.path().join("policy/rysbekova.kz/2026.ru.txt");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, format!("{text}\n")).unwrap();
    assert_ne!(fingerprint(), first);
    fs::write(&policy, text).unwrap();
    assert_eq!(fingerprint(), first);
}

/// The lines of a file below the heading or header, up to the next one.
fn below(text: &str, is_start: impl Fn(&str) -> bool, is_end: impl Fn(&str) -> bool) -> Vec<&str> {
    let after = text.lines().skip_while(|line| !is_start(line)).skip(1);
    after.take_while(|line| !is_end(line)).collect()
}

#[test]
fn every_key_is_explained_in_the_readme_and_stands_in_the_example() {
    let (readme, example) = (text("README.md"), text("kelisim.example.toml"));
    let example: String =
        example.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect();
    for section in keys::ALL {
        let heading = if section.header.is_empty() {
            "## Above the first table".to_owned()
        } else {
            format!("## `{}`", section.header)
        };
        let heading = if section.header == "a text by language" { "## A text by language".to_owned() } else { heading };
        let explained = below(&readme, |line| line == heading, |line| line.starts_with("## "));
        let header =
            |line: &str| line.starts_with('[') && line.split(']').next().is_some_and(|line| !line.contains(','));
        let shown = match section.header {
            "" => below(&format!("\n{example}"), str::is_empty, header).join("\n"),
            "a text by language" => {
                below(&example, |line| line.starts_with("A text that may differ"), header).join("\n")
            }
            name => example
                .split(name)
                .skip(1)
                .map(|rest| below(&format!("\n{rest}"), str::is_empty, header).join("\n"))
                .collect(),
        };
        for (key, line) in section.keys {
            let row = format!("| `{key}` |");
            assert!(
                explained.iter().any(|line| line.starts_with(&row)),
                "{heading} of README.md has no row for `{key}`"
            );
            let is_table = line.starts_with('[');
            let is_shown = if is_table {
                example.contains(line)
            } else {
                shown.lines().any(|line| line.starts_with(&format!("{key} = ")))
            };
            assert!(is_shown, "`{key}` in {} is not in kelisim.example.toml", section.place());
        }
        for row in explained.iter().filter_map(|line| line.strip_prefix("| `")?.split('`').next()) {
            assert!(
                section.keys.iter().any(|(key, _)| *key == row),
                "{heading} of README.md explains `{row}`, which is no key"
            );
        }
    }
}
