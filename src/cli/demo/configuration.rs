//! What the gateway of the demonstration is given: a configuration, editions of a policy, a certificate. All of it is fictional.

use std::{fs, io, path::Path};

use super::{Places, html::fill};

/// The editions of the fictional practice's policy, by file name.
const POLICY: [(&str, &str); 3] = [
    ("2026-01.ru.txt", include_str!("site/policy/2026-01.ru.txt")),
    ("2026-01.kk.txt", include_str!("site/policy/2026-01.kk.txt")),
    ("2026-01.en.txt", include_str!("site/policy/2026-01.en.txt")),
];

/// The configuration of the gateway, in TOML. It names `policy/` beside itself: see [`write_policy`].
pub fn configuration(places: &Places<'_>) -> String {
    let path = |path: &Path| toml::Value::from(path.to_string_lossy().as_ref()).to_string();
    fill(
        include_str!("site/kelisim.toml"),
        &[
            ("http", &places.http.to_string()),
            ("https", &places.https.to_string()),
            ("admin", &places.admin.to_string()),
            ("origin", &places.origin.to_string()),
            ("tracker", &places.tracker.port().to_string()),
            ("certificate", &path(places.certificate)),
            ("key", &path(places.key)),
            ("state_dir", &path(places.state_dir)),
        ],
    )
}

/// Writes the editions of the policy into `directory`, which is made where it is missing.
///
/// # Errors
/// When the directory or a file cannot be written.
pub fn write_policy(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    POLICY.iter().try_for_each(|(name, text)| fs::write(directory.join(name), text))
}

/// A self-signed certificate for these names and addresses and its private key, both PEM.
///
/// # Errors
/// When a name is no legal host name, or the key could not be made.
pub fn certificate(names: &[&str]) -> Result<(String, String), rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names)?;
    Ok((made.cert.pem(), made.signing_key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, path::Path};

    use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};

    use super::*;

    fn written() -> toml::Table {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let places = Places {
            http: at(1),
            https: at(2),
            admin: at(3),
            origin: at(4),
            tracker: at(5),
            certificate: Path::new("/tmp/a \"quoted\" name/cert.pem"),
            key: Path::new("/tmp/key.pem"),
            state_dir: Path::new("/tmp/state"),
        };
        configuration(&places).parse().unwrap()
    }

    #[test]
    fn the_configuration_is_toml_and_names_every_place() {
        let file = written();
        assert_eq!(file["server"]["http"][0].as_str(), Some("127.0.0.1:1"));
        assert_eq!(file["server"]["https"][0].as_str(), Some("127.0.0.1:2"));
        assert_eq!(file["server"]["admin"].as_str(), Some("127.0.0.1:3"));
        assert_eq!(file["site"][0]["upstream"].as_str(), Some("http://127.0.0.1:4"));
        assert_eq!(file["site"][0]["host"][0]["name"].as_str(), Some("tracker.localhost:5"));
        assert_eq!(file["tls"]["certificates"][0]["certificate"].as_str(), Some("/tmp/a \"quoted\" name/cert.pem"));
        assert_eq!(file["server"]["state_dir"].as_str(), Some("/tmp/state"));
    }

    #[test]
    fn the_business_number_has_the_right_check_digit() {
        let file = written();
        let digits: Vec<u32> =
            file["controller"]["bin"].as_str().unwrap().chars().map(|d| d.to_digit(10).unwrap()).collect();
        let sum: u32 = digits[..11].iter().zip(1..).map(|(digit, weight)| digit * weight).sum();
        assert_eq!(digits.len(), 12);
        assert_eq!(sum % 11, digits[11]);
    }

    #[test]
    fn every_cookie_has_a_purpose_in_each_language_of_the_site() {
        let file = written();
        let site = &file["site"][0];
        for cookie in site["cookie"].as_array().unwrap() {
            for language in site["languages"].as_array().unwrap() {
                let purpose = &cookie["purpose"][language.as_str().unwrap()];
                assert!(!purpose.as_str().unwrap().is_empty(), "{cookie}");
            }
        }
    }

    #[test]
    fn every_language_has_its_text_of_the_same_edition() {
        let directory = tempfile::tempdir().unwrap();
        write_policy(&directory.path().join("policy")).unwrap();
        for language in ["ru", "kk", "en"] {
            let file = directory.path().join(format!("policy/2026-01.{language}.txt"));
            let text = fs::read_to_string(file).unwrap();
            let (head, body) = text.split_once("\n---\n").unwrap();
            let expected = format!(
                "id: 2026-01\neffective: 2026-01-01\nlanguage: {language}\ncategories: functional, analytical\nasks_again: no"
            );
            assert_eq!(head, expected);
            assert!(body.trim().lines().count() > 10, "{language}");
        }
    }

    #[test]
    fn the_certificate_is_for_all_names_and_fits_its_key() {
        let names = ["localhost", "demo.localhost", "127.0.0.1"];
        let (certificate, key) = certificate(&names).unwrap();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let builder = rustls::ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into());
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        builder.with_single_cert(vec![certificate.clone()], key).unwrap();
        let parsed = rustls::server::ParsedCertificate::try_from(&certificate).unwrap();
        for name in names {
            let name = ServerName::try_from(name).unwrap();
            rustls::client::verify_server_name(&parsed, &name).unwrap();
        }
    }

    #[test]
    fn an_illegal_name_is_an_error() {
        assert!(certificate(&["имя"]).is_err());
    }
}
