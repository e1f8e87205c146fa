//! What a certificate says of itself, and a certificate with its key as it lies in its file.

use std::sync::Arc;

use instant_acme::CertificateIdentifier;
use rustls::{crypto::aws_lc_rs, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use x509_parser::{extensions::GeneralName, prelude::X509Certificate};

use crate::timestamp::Timestamp;

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The DNS names that it is for, in lower case.
    pub names: Vec<String>,
    /// The first moment at which it is valid.
    pub not_before: Timestamp,
    /// The last one.
    pub not_after: Timestamp,
}

/// Reads a certificate (RFC 5280, section 4.1); nothing where it is damaged.
pub fn facts(certificate: &CertificateDer<'_>) -> Option<Facts> {
    let (_, parsed) = <X509Certificate<'_> as x509_parser::prelude::FromDer<'_, _>>::from_der(certificate).ok()?;
    let names = parsed.subject_alternative_name().ok()?;
    let names = names.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let moment = |time: &x509_parser::time::ASN1Time| Timestamp::from_seconds(time.timestamp());
    let validity = parsed.validity();
    Some(Facts {
        names: names.collect(),
        not_before: moment(&validity.not_before),
        not_after: moment(&validity.not_after),
    })
}

/// A certificate with its key.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) facts: Facts,
    /// By what the authority knows it where it is asked when to renew (RFC 9773, section 4.1).
    pub(super) id: Option<CertificateIdentifier<'static>>,
}

impl Issued {
    /// Reads the private key and the chain of a name, all PEM. The error says what is wrong.
    pub(super) fn read(pem: &str, name: &str) -> Result<Self, String> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| format!("no private key: {error}"))?;
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| format!("no certificate: {error}"))?;
        let own = chain.first().ok_or("no certificate")?.clone();
        let facts = facts(&own).ok_or("a damaged certificate")?;
        if !facts.names.iter().any(|listed| listed == name) {
            return Err(format!("a certificate for other names: {}", facts.names.join(", ")));
        }
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        let key = key.map_err(|error| format!("a certificate and a key that don't fit: {error}"))?;
        let id = CertificateIdentifier::try_from(&own).ok().map(CertificateIdentifier::into_owned);
        Ok(Self { key: Arc::new(key), facts, id })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A certificate for a name with its key, valid from 2026-09-01 to 2026-11-30.
    pub(in crate::acme) fn pem(name: &str) -> String {
        let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 9, 1);
        parameters.not_after = rcgen::date_time_ymd(2026, 11, 30);
        let key = rcgen::KeyPair::generate().unwrap();
        key.serialize_pem() + &parameters.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn a_certificate_says_for_what_and_until_when_it_is() {
        let issued = Issued::read(&pem("Shop.example"), "shop.example").unwrap();
        assert_eq!(issued.facts.names, ["shop.example"]);
        assert_eq!(
            [issued.facts.not_before, issued.facts.not_after].map(Timestamp::date),
            ["2026-09-01", "2026-11-30"]
        );
    }

    #[test]
    fn the_end_of_validity_is_read_in_both_forms() {
        let check = |year: i32, expected: &str| {
            let mut parameters = rcgen::CertificateParams::new(["example.kz".to_owned()]).unwrap();
            parameters.not_after = rcgen::date_time_ymd(year, 3, 14);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = parameters.self_signed(&key).unwrap();
            assert_eq!(facts(certificate.der()).unwrap().not_after.date(), expected);
        };
        check(2049, "2049-03-14");
        check(2051, "2051-03-14");
    }

    #[test]
    fn damaged_certificates_say_nothing() {
        let key = rcgen::generate_simple_self_signed(["example.kz".to_owned()]).unwrap();
        let whole = key.cert.der().to_vec();
        for length in 0..whole.len() {
            assert_eq!(facts(&whole[..length].to_vec().into()), None, "{length}");
        }
    }

    #[test]
    fn what_can_not_be_served_is_told_apart() {
        let check = |pem: &str, expected: &str| {
            let told = Issued::read(pem, "shop.example").unwrap_err();
            assert!(told.starts_with(expected), "{told}");
        };
        let (one, other) = (pem("shop.example"), pem("shop.example"));
        let chain = |pem: &str| pem[pem.find("-----BEGIN CERTIFICATE").unwrap()..].to_owned();
        let key = |pem: &str| pem[..pem.find("-----BEGIN CERTIFICATE").unwrap()].to_owned();
        check("", "no private key");
        check(&key(&one), "no certificate");
        check(&(key(&one) + &chain(&other)), "a certificate and a key that don't fit");
        check(&pem("other.example"), "a certificate for other names: other.example");
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        check(&(key(&one) + damaged), "a damaged certificate");
    }
}
