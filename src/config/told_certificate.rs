//! What a certificate that the configuration names says of itself, for who looks at a running gateway.

use std::{fs, io};

use super::certificate::Checked;
use crate::{routing::HostPattern, server::CertificateFiles, timestamp::Timestamp};

/// A certificate that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldCertificate {
    /// Its last moment, where one is stated.
    pub ends: Option<Timestamp>,
    /// Whether browsers accept it for one of the hosts at least.
    pub is_of_use: bool,
}

/// Reads a certificate and its key. `None` where they can't be used together.
///
/// # Errors
///
/// When a file can't be read.
pub fn told_certificate(files: &CertificateFiles, hosts: &[HostPattern]) -> io::Result<Option<ToldCertificate>> {
    let told =
        |error: io::Error, path: &std::path::Path| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let chain = fs::read(&files.certificate).map_err(|error| told(error, &files.certificate))?;
    let key = fs::read(&files.key).map_err(|error| told(error, &files.key))?;
    let Ok(checked) = Checked::read(&chain, &key) else { return Ok(None) };
    let is_of_use = hosts.iter().any(|host| match host {
        HostPattern::Exact(name) => checked.covers(name),
        HostPattern::Subdomains(name) => checked.covers(&format!("any.{name}")),
    });
    Ok(Some(ToldCertificate { ends: checked.not_after, is_of_use }))
}
