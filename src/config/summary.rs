//! What of a configuration bears on visitors, as the log keeps it: no secret, no person, nothing that only the operator's machine needs.
//!
//! The leaf is public for ever. Names of sites and hosts and the paths that measure are what every visitor's browser sees; an exception's
//! path may lead to where only the operator's people go, so it stands there by its hash.

use serde::Serialize;

use super::Configuration;
use crate::{
    analytics::{Route, SentAddress},
    consent::{Category, CategorySet, Country, Model},
    gateway::{Mode, SiteSettings},
    ledger::{LONGEST_LEAF, document_hash, hex},
    routing::{ForeignHost, HostPattern, PathRule, Tracker},
    visitor::{AddressForm, Language},
};

/// Bytes of a leaf beside the summary: its tag line, fingerprint and time take 200.
const AROUND: usize = 512;

/// Stands for a summary that fits no leaf: the fingerprint alone then says that something changed.
const TOO_LONG: &str = r#"{"too_long":true}"#;

/// The summary as canonical JSON: keys sorted, no white space, lists in the order of the configuration.
pub fn summary(configuration: &Configuration) -> Box<str> {
    let retention = configuration.retention.to_string();
    let frame_retention = configuration.frame_retention.to_string();
    let sites = configuration.sites.iter().map(Site::of).collect();
    let json =
        serde_json::to_string(&Summary { frame_retention, retention, sites }).expect("plain values are always JSON");
    if json.len() <= LONGEST_LEAF - AROUND { json.into() } else { TOO_LONG.into() }
}

// Fields stand in the order of their names, in which they are written.

#[derive(Serialize)]
struct Summary {
    frame_retention: String,
    retention: String,
    sites: Vec<Site>,
}

#[derive(Serialize)]
struct Site {
    analytics: Vec<Analytics>,
    client_address: &'static str,
    hosts: Vec<Host>,
    languages: Vec<&'static str>,
    mode: &'static str,
    model: &'static str,
    offer: Vec<&'static str>,
    opt_in_countries: Vec<String>,
    paths: Vec<Path>,
    site: String,
    trackers: Vec<Measuring>,
    valid_for: String,
}

#[derive(Serialize)]
struct Analytics {
    category: &'static str,
    client_address: &'static str,
    path: String,
    preset: &'static str,
}

#[derive(Serialize)]
struct Host {
    category: &'static str,
    name: String,
    port: Option<u16>,
    sees_address: bool,
}

#[derive(Serialize)]
struct Path {
    banner: bool,
    client_address: Option<&'static str>,
    content_security_policy: bool,
    pass_through: bool,
    prefix_sha256: String,
}

#[derive(Serialize)]
struct Measuring {
    category: &'static str,
    path: String,
}

impl Site {
    fn of(site: &SiteSettings) -> Self {
        Self {
            analytics: site.analytics.iter().map(|server| Analytics::of(&server.route)).collect(),
            client_address: form(site.upstream.client_address),
            hosts: site.foreign_hosts.iter().map(Host::of).collect(),
            languages: site.pages.languages.iter().copied().map(Language::tag).collect(),
            mode: match site.mode {
                Mode::Strict => "strict",
                Mode::Observe => "observe",
                Mode::Compatible => "compatible",
            },
            model: match site.consent.model {
                Model::OptIn => "opt-in",
                Model::Notice => "notice",
            },
            offer: names(site.consent.offer),
            opt_in_countries: site.consent.opt_in_countries.iter().map(Country::as_str).map(str::to_owned).collect(),
            paths: site.paths.iter().map(Path::of).collect(),
            site: site.name.clone(),
            trackers: site.trackers.iter().map(Measuring::of).collect(),
            valid_for: site.consent.valid_for.to_string(),
        }
    }
}

impl Analytics {
    fn of(route: &Route) -> Self {
        let client_address = match route.address {
            SentAddress::Truncated => "truncated",
            SentAddress::None => "none",
        };
        let (category, preset) = (route.category.name(), route.preset.name());
        Self { category, client_address, path: route.path.clone(), preset }
    }
}

impl Host {
    fn of(host: &ForeignHost) -> Self {
        let name = match &host.host {
            HostPattern::Exact(name) => name.clone(),
            HostPattern::Subdomains(name) => format!("*.{name}"),
        };
        Self { category: host.category.name(), name, port: host.port, sees_address: host.sees_address }
    }
}

impl Path {
    fn of(rule: &PathRule) -> Self {
        Self {
            banner: rule.banner,
            client_address: rule.client_address.map(form),
            content_security_policy: rule.content_security_policy,
            pass_through: rule.pass_through,
            prefix_sha256: hex(&document_hash(&rule.prefix)),
        }
    }
}

impl Measuring {
    fn of(tracker: &Tracker) -> Self {
        Self { category: tracker.category.name(), path: tracker.path.clone() }
    }
}

fn names(categories: CategorySet) -> Vec<&'static str> {
    categories.iter().map(Category::name).collect()
}

fn form(form: AddressForm) -> &'static str {
    match form {
        AddressForm::Truncated => "truncated",
        AddressForm::None => "none",
        AddressForm::Full => "full",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::config::load;

    fn observed() -> Configuration {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/observe.toml");
        load(&path).unwrap_or_else(|faults| panic!("{faults}")).0
    }

    #[test]
    fn a_summary_is_canonical_and_names_nobody() {
        let mut configuration = observed();
        let site = &mut configuration.sites[0];
        site.mode = Mode::Strict;
        site.consent.opt_in_countries = vec![Country::parse("de").unwrap()];
        site.foreign_hosts.push(ForeignHost {
            host: HostPattern::Subdomains("maps.example".into()),
            port: Some(8443),
            category: Category::Functional,
            owner: "Somebody".into(),
            sees_address: false,
        });
        site.trackers.push(Tracker { path: "/collect".into(), category: Category::Analytical });
        site.paths.push(PathRule {
            prefix: "/callback/".into(),
            banner: false,
            content_security_policy: true,
            client_address: Some(AddressForm::Full),
            pass_through: true,
        });
        let text = summary(&configuration);
        let read: Value = serde_json::from_str(&text).unwrap();
        let sorts = serde_json::json!({ "b": 1, "a": 2 }).to_string();
        assert_eq!(sorts, r#"{"a":2,"b":1}"#, "a value in memory is written with its keys sorted …");
        assert_eq!(read.to_string(), *text, "… and so is the summary");
        let site = &read["sites"][0];
        assert_eq!((&site["mode"], &site["model"]), (&"strict".into(), &"opt-in".into()));
        let expected = "\"hosts\":[{\"category\":\"functional\",\"name\":\"*.maps.example\",\"port\":8443,\"sees_address\":false}]";
        assert!(text.contains(expected), "{text}");
        // SHA-256 of `/callback/`.
        let digits = "04c75d82457dfc0785d4e5b7bbc4a1822c5e527dfa6330b5aee76e3fcc6863f9";
        assert_eq!(site["paths"][0]["prefix_sha256"], digits);
        for private in ["callback", "Somebody", "privacy@", "Example LLP", "127.0.0.1", "/var/lib"] {
            assert!(!text.contains(private), "{private} in {text}");
        }
    }

    #[test]
    fn a_summary_that_fits_no_leaf_says_so() {
        let mut configuration = observed();
        let tracker = Tracker { path: format!("/{}", "x".repeat(999)), category: Category::Analytical };
        configuration.sites[0].trackers = vec![tracker; 60];
        assert!(summary(&configuration).len() > 60_000);
        configuration.sites[0].trackers.extend_from_within(..10);
        assert_eq!(&*summary(&configuration), TOO_LONG);
    }
}
