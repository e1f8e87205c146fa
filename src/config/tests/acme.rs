//! Names whose certificates come from an authority, right and wrong; and for how long browsers come by https alone.

use std::fs;

use super::*;
use crate::{acme::Challenge, server::Hsts};

/// The right configuration with these lines in `[tls.acme]`, and a listener for TLS beside the plain one.
fn with(lines: &str) -> String {
    let listeners = "http = [\"127.0.0.1:8081\"]\nhttps = [\"127.0.0.1:8443\"]\n";
    changed("http = [\"127.0.0.1:8081\"]\n", &format!("{listeners}[tls.acme]\n{lines}\n"))
}

const NAMES: &str = "names = [\"example.kz\", \"www.example.kz\"]\nterms_of_service_agreed = true\n";

fn settings(text: &str) -> crate::acme::Settings {
    let (configuration, _) = load_in(Path::new("/nowhere"), text).unwrap_or_else(|faults| panic!("{faults}"));
    configuration.acme.unwrap()
}

/// The faults of these lines, from the fifth of the file on.
fn check(lines: &str, expected: &[&str]) {
    let faults = faults_in(Path::new("/nowhere"), &with(lines));
    let fits = |(fault, start): (&String, &&str)| fault.starts_with(&format!("kelisim.toml:{start}"));
    let all = faults.len() == expected.len() && faults.iter().zip(expected).all(fits);
    assert!(all, "found    {faults:#?}\nexpected {expected:#?}");
}

#[test]
fn names_are_enough_and_all_else_has_a_default() {
    let acme = settings(&with(NAMES));
    assert_eq!(acme.names, ["example.kz", "www.example.kz"]);
    assert_eq!(acme.directory, "https://acme-v02.api.letsencrypt.org/directory");
    assert_eq!(acme.challenges, [Challenge::Http01, Challenge::TlsAlpn01]);
    assert_eq!((acme.contact, acme.directory_ca), (None, None));
    let without_plain = with(NAMES).replace("http = [\"127.0.0.1:8081\"]\n", "");
    assert_eq!(settings(&without_plain).challenges, [Challenge::TlsAlpn01]);
    let one = settings(&with(&format!("{NAMES}challenge = \"tls-alpn-01\"")));
    assert_eq!(one.challenges, [Challenge::TlsAlpn01]);
}

#[test]
fn a_host_whose_certificate_is_asked_for_is_not_left_out() {
    let warnings = warnings_in(Path::new("/nowhere"), &with(NAMES));
    let expected = "kelisim.toml:14:24: warning: no certificate in [tls] covers `*.example.kz`; add one";
    assert!(warnings.len() == 1 && warnings[0].starts_with(expected), "{warnings:#?}");
    let admin = "admin_host = \"stats.other.kz\"\n[tls.acme]";
    let text = with("names = [\"example.kz\", \"stats.other.kz\"]\nterms_of_service_agreed = true");
    let text = text
        .replace("[tls.acme]", admin)
        .replace("hosts = [\"example.kz\", \"*.example.kz\"]", "hosts = [\"example.kz\"]");
    assert_eq!(warnings_in(Path::new("/nowhere"), &text), [""; 0]);
}

#[test]
fn a_directory_is_a_word_or_an_address_with_https() {
    let directory = |value: &str| settings(&with(&format!("{NAMES}directory = \"{value}\""))).directory;
    assert_eq!(directory("staging"), "https://acme-staging-v02.api.letsencrypt.org/directory");
    let staging = with(&format!("{NAMES}directory = \"staging\""));
    let warnings = warnings_in(Path::new("/nowhere"), &staging);
    assert!(warnings[0].starts_with("kelisim.toml:7:13: warning: no browser trusts the certificates"), "{warnings:#?}");
    assert_eq!(directory("production"), "https://acme-v02.api.letsencrypt.org/directory");
    assert_eq!(directory("https://localhost:14000/dir"), "https://localhost:14000/dir");
    for (value, what) in [
        ("http://localhost:14000/dir", "is not an address with https; write `production` or `staging`"),
        ("stageing", "is not an address; write"),
        ("https://name@ca.example/dir", "has a name or a fragment, or no host; write"),
    ] {
        let expected = format!("7:13: `directory` in [tls.acme]: `{value}` {what}");
        check(&format!("{NAMES}directory = \"{value}\""), &[&expected]);
    }
}

#[test]
fn names_are_single_and_somebodys_here() {
    let names = |list: &str| format!("names = [{list}]\nterms_of_service_agreed = true");
    check(&names(""), &["5:9: `names` in [tls.acme] is empty; write"]);
    check("terms_of_service_agreed = true", &["4:1: missing `names` in [tls.acme]; write"]);
    check(
        &names("\"*.example.kz\""),
        &[
            "5:10: `names` in [tls.acme]: `*.example.kz` is a wildcard, which is proved by DNS-01 alone, and Kelisim has not that; list",
        ],
    );
    check(&names("\"example.kz\", \"Example.kz\""), &["5:24: `example.kz` is already a name in line 5; leave it once"]);
    check(
        &names("\"127.0.0.1\""),
        &["5:10: `names` in [tls.acme]: `127.0.0.1` is no name that gets a certificate; write"],
    );
    check(&names("\"other.kz\""), &["5:10: `other.kz` is neither a site's host nor `admin_host`; add it to `hosts`"]);
    check(&names("\"notexample.kz\""), &["5:10: `notexample.kz` is neither a site's host nor `admin_host`"]);
    let many: Vec<_> = (0..101).map(|at| format!("\"n{at}.example.kz\"")).collect();
    check(&names(&many.join(", ")), &["5:1800: `names` in [tls.acme] has more than 100 names; a certificate"]);
}

#[test]
fn what_an_authority_is_told_is_written_out() {
    check(
        "names = [\"example.kz\"]",
        &["4:1: missing `terms_of_service_agreed` in [tls.acme]: Let's Encrypt asks to agree to its terms, https://"],
    );
    check("names = [\"example.kz\"]\ndirectory = \"https://ca.example/dir\"", &[]);
    let contact = |value: &str| format!("{NAMES}contact = \"{value}\"");
    assert_eq!(settings(&with(&contact("mailto:a@b.kz"))).contact.as_deref(), Some("mailto:a@b.kz"));
    check(&contact("a@b.kz"), &["7:11: `contact` in [tls.acme]: `a@b.kz` is no contact; write `mailto:`"]);
    check(
        &contact("mailto:a@b.kz,c@b.kz"),
        &["7:11: `contact` in [tls.acme]: `mailto:a@b.kz,c@b.kz` is more than one address"],
    );
    check(&contact("mailto:nobody"), &["7:11: `contact` in [tls.acme]: `nobody` is not an e-mail address"]);
    check(&format!("{NAMES}challenge = \"dns-01\""), &["7:13: `challenge` in [tls.acme]: `dns-01` is not known; "]);
    let without_plain = with(&format!("{NAMES}challenge = \"http-01\"")).replace("http = [\"127.0.0.1:8081\"]\n", "");
    let faults = faults_in(Path::new("/nowhere"), &without_plain);
    assert!(
        faults[0].starts_with("kelisim.toml:6:13: the authority comes by plain http, and nothing listens"),
        "{faults:?}"
    );
}

#[test]
fn the_authority_of_the_directory_is_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let text = with(&format!("{NAMES}directory_ca = \"ca.pem\""));
    let found = || faults_in(folder.path(), &text);
    assert!(
        found()[0].starts_with("kelisim.toml:7:16: can't read the certificate of the directory's authority ca.pem: ")
    );
    fs::write(folder.path().join("ca.pem"), "nothing").unwrap();
    assert!(found()[0].starts_with("kelisim.toml:7:16: ca.pem: there is no certificate in it; give it as PEM"));
}

#[test]
fn a_name_that_a_file_covers_is_a_warning() {
    let folder = certificates::folder_with_certificate(&["example.kz", "*.example.kz"], 2030);
    let text = with(NAMES)
        .replace("[tls.acme]", "[tls]\ncertificates = [{ certificate = \"cert.pem\", key = \"key.pem\" }]\n[tls.acme]");
    let warnings = warnings_in(folder.path(), &text);
    let expected =
        "warning: `example.kz` has a certificate in `certificates`, which goes before the one of the authority; remove";
    assert!(warnings.iter().any(|warning| warning.contains(expected)), "{warnings:#?}");
}

#[test]
fn browsers_are_told_for_how_long_they_come_by_https_alone() {
    let hsts = |lines: &str| {
        let text = with(NAMES).replace("[tls.acme]", &format!("[tls]\n{lines}\n[tls.acme]"));
        load_in(Path::new("/nowhere"), &text).map(|(configuration, _)| configuration.server.hsts)
    };
    let expected = |seconds, include_subdomains| Some(Hsts { seconds, include_subdomains });
    assert_eq!(hsts("").unwrap(), None);
    assert_eq!(hsts("hsts = \"1 year\"").unwrap(), expected(31_536_000, false));
    assert_eq!(hsts("hsts = \"30 days\"\nhsts_subdomains = true").unwrap(), expected(2_592_000, true));
    assert_eq!(hsts("hsts = \"0 days\"").unwrap(), expected(0, false));
    let fault = hsts("hsts_subdomains = true").unwrap_err().to_string();
    assert!(fault.starts_with("kelisim.toml:5:19: `hsts_subdomains` without `hsts` means nothing"), "{fault}");
    assert!(hsts("hsts = \"31536000\"").unwrap_err().to_string().contains("is not a term"));
}
