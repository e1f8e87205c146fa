//! Certificates as far as `check` must understand them: do chain and key fit, which names, until when.

use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use super::context::Advice;
use crate::{acme::facts, timestamp::Timestamp};

/// A certificate whose key fits.
pub(super) struct Checked {
    own: CertificateDer<'static>,
    /// The last moment at which it is valid, where one is stated.
    pub(super) not_after: Option<Timestamp>,
}

impl Checked {
    /// Reads a chain and its key, both PEM. The flag of the error says whether the key is meant.
    pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<Self, (bool, Advice)> {
        let certificates = authorities(chain).map_err(|advice| (false, advice))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
            let remedy = "give the private key as PEM without a password, `-----BEGIN PRIVATE KEY-----`";
            (true, Advice::new(format!("there is no private key in it: {error}"), remedy))
        })?;
        let own = certificates[0].clone();
        CertifiedKey::from_der(certificates, key, &aws_lc_rs::default_provider()).map_err(|error| {
            let remedy = "give the key that this certificate was issued for, and the server's own certificate first";
            (true, Advice::new(format!("certificate and key can't be used together: {error}"), remedy))
        })?;
        let not_after = facts(&own).map(|facts| facts.not_after);
        Ok(Self { own, not_after })
    }

    /// Whether browsers accept it for this host.
    pub(super) fn covers(&self, host: &str) -> bool {
        let (Ok(certificate), Ok(name)) = (ParsedCertificate::try_from(&self.own), ServerName::try_from(host)) else {
            return false;
        };
        rustls::client::verify_server_name(&certificate, &name).is_ok()
    }
}

/// The certificates of a PEM file, at least one.
pub(super) fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Advice> {
    let remedy = "give it as PEM, `-----BEGIN CERTIFICATE-----`";
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates =
        certificates.map_err(|error| Advice::new(format!("it can't be read as a certificate: {error}"), remedy))?;
    if certificates.is_empty() {
        return Err(Advice::new("there is no certificate in it", remedy));
    }
    match certificates.iter().find_map(|certificate| ParsedCertificate::try_from(certificate).err()) {
        Some(error) => Err(Advice::new(format!("a certificate in it is damaged: {error}"), remedy)),
        None => Ok(certificates),
    }
}
