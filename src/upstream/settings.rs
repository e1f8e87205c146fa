//! Where the site is, and how long we wait for it.

use std::{path::PathBuf, time::Duration};

use crate::visitor::AddressForm;

/// How the site is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
}

/// One upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// http or https.
    pub scheme: Scheme,
    /// Name or address to connect to, without brackets.
    pub host: String,
    /// Port to connect to.
    pub port: u16,
    /// `Host` and SNI to send in place of the visitor's host and the upstream's name.
    pub host_header: Option<String>,
    /// Certificates of authorities to trust in place of the well-known ones (PEM file).
    pub certificate_authority: Option<PathBuf>,
    /// What it learns of the visitor's address.
    pub client_address: AddressForm,
    /// Longest wait for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest wait from the last byte of the request to the first of the answer.
    pub answer_timeout: Duration,
    /// Longest pause between two parts of a body in either direction.
    pub body_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// Most unused connections kept, per core.
    pub idle_connections: usize,
}
