//! The script as it is served: small, in ASCII, with the parts that the site needs and no others.

use super::*;
use crate::cookies::{CATALOGUE, Pattern, parse_catalogue};

/// What visitors pay at most for each new version, in bytes of brotli, rules included.
const MOST: usize = 6 * 1024;

/// The same in gzip, for browsers that read nothing better.
const MOST_GZIP: usize = 6 * 1024 + 600;

fn rule(pattern: Pattern, category: Category) -> Rule {
    let empty = || "".into();
    Rule { pattern, category, owner: empty(), purpose: empty(), lifetime: empty(), third_party: false, verified: true }
}

fn built(catalogue: &Catalogue, change: impl FnOnce(&mut ScriptSettings<'_>)) -> NamedAsset {
    let signals = Signals::default();
    let mut settings = ScriptSettings {
        strict: true,
        sweeps_unknown: true,
        offer: [Category::Functional, Category::Analytical].into_iter().collect(),
        catalogue,
        storage: &[],
        hosts: Vec::new(),
        signals: &signals,
        hydrates: false,
        routes: false,
    };
    change(&mut settings);
    Script::build(&settings).0
}

fn text(script: &NamedAsset) -> &str {
    std::str::from_utf8(&script.asset.body).unwrap()
}

#[test]
fn with_the_shipped_catalogue_it_is_small_and_ascii() {
    let catalogue = Catalogue::new(parse_catalogue(CATALOGUE).unwrap(), Vec::new());
    let script = built(&catalogue, |_| {});
    assert!(script.asset.body.is_ascii());
    assert!(!text(&script).contains("\"@"), "a mark is left");
    let sizes = (script.asset.gzip.len(), script.asset.brotli.len());
    assert!(sizes.1 <= MOST && sizes.0 <= MOST_GZIP, "{sizes:?}");
}

#[test]
fn parts_that_nobody_asked_for_are_left_out() {
    let catalogue = Catalogue::new(Vec::new(), Vec::new());
    let has = |change: fn(&mut ScriptSettings<'_>), word: &str| text(&built(&catalogue, change)).contains(word);
    assert!(!has(|_| {}, "dataLayer") && !has(|_| {}, "sendBeacon"));
    assert!(has(|settings| settings.strict = false, "sendBeacon"));
    assert_ne!(built(&catalogue, |_| {}).name, built(&catalogue, |settings| settings.hydrates = true).name);
}

#[test]
fn a_rule_that_changes_no_verdict_is_left_out() {
    let name = |text: &str, category| rule(Pattern::name(text).unwrap(), category);
    let lines = vec![
        name("_ga*", Category::Analytical),
        name("_ga_session*", Category::Analytical),
        name("_gat", Category::Analytical),
        name("_gad", Category::Marketing),
        name("ad*", Category::Marketing),
        name("__Host-ad", Category::Marketing),
        name("ключ", Category::Necessary),
    ];
    let catalogue = Catalogue::new(lines, Vec::new());
    let script = built(&catalogue, |_| {});
    assert!(
        text(&script).contains(r#""cookies":["\u043a\u043b\u044e\u0447","","_ga*","__Host-ad;_gad"]"#),
        "{}",
        text(&script)
    );
    let compatible = built(&catalogue, |settings| settings.strict = false);
    assert!(text(&compatible).contains(r#"["\u043a\u043b\u044e\u0447","","_ga*","__Host-ad;_gad;ad*"]"#));
}

#[test]
fn hosts_go_by_what_may_let_them_pass() {
    let host = |name: &str, port, category, sees_address| ForeignHost {
        host: match name.strip_prefix("*.") {
            Some(name) => HostPattern::Subdomains(name.into()),
            None => HostPattern::Exact(name.into()),
        },
        port,
        category,
        owner: "".into(),
        sees_address,
    };
    let lines = [
        host("*.cdn.example", None, Category::Necessary, false),
        host("count.example", Some(8443), Category::Analytical, true),
        host("hidden.example", None, Category::Analytical, false),
    ];
    assert_eq!(
        hosts(&lines.iter().collect::<Vec<_>>()),
        ["*.cdn.example;", "", "count.example:8443;", "", "hidden.example;"]
    );
}
