//! What the program depends on: the lists of `.deny.toml`, held against the tree that is built, and the bill of materials made of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};
use toml::Table;

/// Names of packages with versions and licences.
type Packages = BTreeMap<(String, String), String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table(path: &str) -> Table {
    fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

/// What is built, by cargo's word. `edges` says for what: `normal`, `build`, `dev`.
fn built(edges: &str, arguments: &[&str]) -> Packages {
    let mut packages = Packages::new();
    for target in table(".deny.toml")["graph"]["targets"].as_array().unwrap() {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "--prefix",
                "none",
                "--format",
                "{p}|{l}",
                "--edges",
                edges,
                "--target",
            ])
            .arg(target.as_str().unwrap())
            .args(arguments)
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (package, licence) = line.trim_end_matches(" (*)").split_once('|').unwrap();
            let mut words = package.split(' ');
            let (name, version) = (words.next().unwrap(), words.next().unwrap().trim_start_matches('v'));
            packages.insert((name.to_owned(), version.to_owned()), licence.to_owned());
        }
    }
    packages
}

fn all() -> Packages {
    built("normal,build,dev", &["--workspace"])
}

#[test]
fn every_licence_lets_the_program_be_passed_on() {
    let rules = table(".deny.toml");
    let allowed: Vec<_> =
        rules["licenses"]["allow"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    let wrong: Vec<_> = all().into_iter().filter(|(_, licence)| !is_allowed(licence, &allowed)).collect();
    assert!(wrong.is_empty(), "the list of licences in .deny.toml does not allow {wrong:?}");
}

fn is_allowed(licence: &str, allowed: &[&str]) -> bool {
    let allowed: Vec<_> = allowed.iter().map(|name| Licensee::parse(name).unwrap()).collect();
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else { return false };
    expression.evaluate(|asked| allowed.iter().any(|allowed| allowed.satisfies(asked)))
}

#[test]
fn a_licence_that_nobody_allowed_is_told() {
    let check = |licence: &str, expected: bool| assert_eq!(is_allowed(licence, &["MIT", "ISC"]), expected, "{licence}");
    check("MIT", true);
    check("GPL-3.0-only OR MIT", true);
    check("Apache-2.0/MIT", true);
    check("(Apache-2.0 OR ISC) AND MIT", true);
    check("Apache-2.0 AND MIT", false);
    check("GPL-3.0-only", false);
    check("", false);
    check("ask me", false);
}

#[test]
fn one_provider_does_tls_and_what_is_banned_is_not_there() {
    let packages = all();
    let rules = table(".deny.toml");
    let banned: BTreeSet<_> =
        rules["bans"]["deny"].as_array().unwrap().iter().filter_map(|ban| ban["crate"].as_str()).collect();
    assert!(banned.contains("ring") && banned.contains("openssl-sys"));
    let found: Vec<_> = packages.keys().filter(|(name, _)| banned.contains(name.as_str())).collect();
    assert!(found.is_empty(), ".deny.toml bans {found:?}");
    assert_eq!(packages.keys().filter(|(name, _)| name == "aws-lc-sys").count(), 1, "AWS-LC is built once");
}

#[test]
fn a_package_comes_in_one_version_unless_the_reason_is_written_down() {
    let rules = table(".deny.toml");
    let skipped: Vec<_> = rules["bans"]["skip"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|skip| skip["crate"].as_str()?.split_once('@'))
        .collect();
    let packages = all();
    let is_skipped = |name: &str, version: &str| {
        skipped
            .iter()
            .any(|(skipped, of)| *skipped == name && (version == *of || version.starts_with(&format!("{of}."))))
    };
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, version) in packages.keys().filter(|(name, version)| !is_skipped(name, version)) {
        versions.entry(name).or_default().push(version);
    }
    let several: Vec<_> = versions.iter().filter(|(_, versions)| versions.len() > 1).collect();
    assert!(several.is_empty(), "the list in .deny.toml does not say why these come more than once: {several:?}");
    let lock = table("Cargo.lock");
    let locked = lock["package"].as_array().unwrap();
    for (name, of) in &skipped {
        let is_there = locked.iter().any(|package| {
            let version = package["version"].as_str().unwrap();
            package["name"].as_str() == Some(*name) && (version == *of || version.starts_with(&format!("{of}.")))
        });
        assert!(is_there, ".deny.toml skips {name}@{of}, which is not in Cargo.lock: take the line out");
    }
}

#[test]
fn everything_comes_from_one_registry_with_its_sum() {
    let lock = table("Cargo.lock");
    let mut sources = BTreeSet::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        match package.get("source").and_then(|source| source.as_str()) {
            Some(source) => {
                assert!(source.starts_with("registry+"), "{name} comes from {source}");
                assert_eq!(package["checksum"].as_str().map(str::len), Some(64), "{name} has no sum");
                sources.insert(source.to_owned());
            }
            None => assert!(name.starts_with("kelisim"), "{name} is not ours and comes from nowhere"),
        }
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
}

#[test]
fn the_bill_of_materials_names_what_is_in_the_program_and_nothing_else() {
    let output = Command::new("python3").arg(root().join("deploy/sbom")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bill: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let own = &bill["metadata"]["component"];
    assert_eq!((own["name"].as_str(), own["version"].as_str()), (Some("kelisim"), Some(env!("CARGO_PKG_VERSION"))));
    let listed: Packages = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| {
            let text = |key: &str| component[key].as_str().unwrap().to_owned();
            assert_eq!(text("purl"), format!("pkg:cargo/{}@{}", text("name"), text("version").replace('+', "%2B")));
            assert_eq!(component["hashes"][0]["content"].as_str().unwrap().len(), 64);
            ((text("name"), text("version")), component["licenses"][0]["expression"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = built("normal,build", &["--package", "kelisim"]);
    let expected: BTreeSet<_> = expected.keys().filter(|(name, _)| name != "kelisim").collect();
    assert_eq!(listed.keys().collect::<BTreeSet<_>>(), expected);
    // What each needs is in the list as well.
    let references: BTreeSet<_> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .chain([own])
        .map(|component| component["bom-ref"].as_str().unwrap())
        .collect();
    for dependency in bill["dependencies"].as_array().unwrap() {
        assert!(references.contains(dependency["ref"].as_str().unwrap()));
        let needed = dependency["dependsOn"].as_array().unwrap();
        assert!(needed.iter().all(|needed| references.contains(needed.as_str().unwrap())), "{dependency}");
    }
    assert_eq!(bill["dependencies"].as_array().unwrap().len(), references.len());
}
