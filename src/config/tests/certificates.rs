//! Certificates and keys on disk, right and wrong.

use std::{fs, os::unix::fs::PermissionsExt};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::*;

const TLS: &str = "[tls]\ncertificates = [{ certificate = \"cert.pem\", key = \"key.pem\" }]\n";

/// A folder with a certificate for these names until the year, and the key of the certificate.
pub(super) fn folder_with_certificate(names: &[&str], year: i32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    parameters.not_after = date_time_ymd(year, 12, 1);
    let key = KeyPair::generate().unwrap();
    fs::write(folder.path().join("cert.pem"), parameters.self_signed(&key).unwrap().pem()).unwrap();
    write_key(&folder, &key.serialize_pem());
    folder
}

fn write_key(folder: &tempfile::TempDir, text: &str) {
    let path = folder.path().join("key.pem");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn with_tls() -> String {
    changed("http = [\"127.0.0.1:8081\"]\n", &format!("https = [\"127.0.0.1:8443\"]\n{TLS}"))
}

#[test]
fn a_certificate_with_its_key_is_right() {
    let folder = folder_with_certificate(&["example.kz", "*.example.kz"], 2030);
    assert_eq!(warnings_in(folder.path(), &with_tls()), [""; 0]);
    let (configuration, _) = load_in(folder.path(), &with_tls()).unwrap();
    assert_eq!(configuration.server.certificates[0].key, folder.path().join("key.pem"));
    assert!(configuration.server.redirect_to_https);
}

#[test]
fn files_that_are_no_pair_are_faults() {
    let check = |folder: &tempfile::TempDir, expected: &[&str]| {
        let faults = faults_in(folder.path(), &with_tls());
        let all = faults.len() == expected.len()
            && faults.iter().zip(expected).all(|(fault, start)| fault.starts_with(start));
        assert!(all, "found    {faults:#?}\nexpected {expected:#?}");
    };
    check(
        &tempfile::tempdir().unwrap(),
        &[
            "kelisim.toml:4:33: can't read the certificate cert.pem: ",
            "kelisim.toml:4:51: can't read the private key key.pem: ",
        ],
    );
    let folder = folder_with_certificate(&["example.kz"], 2030);
    write_key(&folder, &KeyPair::generate().unwrap().serialize_pem());
    check(&folder, &["kelisim.toml:4:51: key.pem: certificate and key can't be used together: "]);
    write_key(&folder, "no key");
    check(&folder, &["kelisim.toml:4:51: key.pem: there is no private key in it: "]);
    fs::write(folder.path().join("cert.pem"), "no certificate").unwrap();
    check(&folder, &["kelisim.toml:4:33: cert.pem: there is no certificate in it; give it as PEM"]);
    fs::write(folder.path().join("cert.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    check(&folder, &["kelisim.toml:4:33: cert.pem: a certificate in it is damaged: "]);
}

#[test]
fn a_certificate_that_ends_soon_leaves_a_host_out_or_lies_open_is_a_warning() {
    let folder = folder_with_certificate(&["example.kz"], 2026);
    fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    let expected = [
        "kelisim.toml:4:33: warning: the certificate cert.pem ends on 2026-12-01; renew it",
        "kelisim.toml:4:51: warning: everyone on this machine can read the private key; `chmod 640 key.pem`",
        "kelisim.toml:11:24: warning: no certificate in [tls] covers `*.example.kz`; add one",
    ];
    let warnings = warnings_in(folder.path(), &with_tls());
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (warning, start) in warnings.iter().zip(expected) {
        assert!(warning.starts_with(start), "{warnings:#?}");
    }
    let folder = folder_with_certificate(&["example.kz", "*.example.kz"], 2025);
    let warnings = warnings_in(folder.path(), &with_tls());
    assert!(warnings[0].contains("the certificate cert.pem ended on 2025-12-01"), "{warnings:#?}");
}

#[test]
fn certificates_without_a_listener_are_a_warning() {
    let folder = folder_with_certificate(&["example.kz", "*.example.kz"], 2030);
    let warnings = warnings_in(folder.path(), &changed("", TLS));
    assert_eq!(
        warnings,
        [
            "kelisim.toml:18:1: warning: [tls] is of no use without a TLS listener; add `https` to [server], or remove [tls]"
        ]
    );
}

#[test]
fn the_host_of_the_administration_has_a_certificate_and_is_no_sites() {
    let check = |host: &str, expected: &[&str]| {
        let folder = folder_with_certificate(&["example.kz", "*.example.kz"], 2030);
        let text = with_tls().replace("[tls]", &format!("admin_host = \"{host}\"\n[tls]"));
        let faults = faults_in(folder.path(), &text);
        let all = faults.len() == expected.len()
            && faults.iter().zip(expected).all(|(fault, start)| fault.starts_with(start));
        assert!(all, "found    {faults:#?}\nexpected {expected:#?}");
    };
    check("Stats.example.kz", &[]);
    check(
        "example.kz",
        &["kelisim.toml:3:14: `example.kz` is a site's host in line 12; give the administration a name"],
    );
    check("stats.other.kz", &["kelisim.toml:3:14: no certificate in [tls] covers `stats.other.kz`; add one"]);
    check("*.example.kz", &["kelisim.toml:3:14: `admin_host` in [server]: `*.example.kz` is not a host name; write"]);
    check(
        "127.0.0.1",
        &["kelisim.toml:3:14: `127.0.0.1` is an address, and browsers ask for no address by name; give"],
    );
    let without =
        changed("http = [\"127.0.0.1:8081\"]\n", "http = [\"127.0.0.1:8081\"]\nadmin_host = \"stats.example.kz\"\n");
    let faults = faults_in(Path::new("/nowhere"), &without);
    assert!(faults[0].starts_with("kelisim.toml:3:14: `admin_host` is reached over https alone"), "{faults:?}");
    let folder = folder_with_certificate(&["example.kz", "*.example.kz"], 2030);
    let text = with_tls().replace("[tls]", "admin_host = \"Stats.example.kz\"\n[tls]");
    let (configuration, _) = load_in(folder.path(), &text).unwrap();
    assert_eq!(configuration.server.admin_host.as_deref(), Some("stats.example.kz"));
}
