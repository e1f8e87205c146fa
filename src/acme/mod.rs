//! Certificates from an authority, by ACME (RFC 8555): asked for, proved, kept, renewed in time.
//!
//! Each name has a certificate of its own, so that one whose proof fails holds up no other. What the server serves of it is in [`Served`]; all
//! else is [`Renewal::look`], which does what is due and nothing before it. The protocol itself is `instant-acme`'s.

mod authority;
mod certificate;
mod failure;
mod http;
mod plan;
mod renewal;
mod served;
mod standing;
mod storage;

use std::path::PathBuf;

pub use certificate::{Facts, facts};
pub use failure::{Failure, Reason};
pub use renewal::{Event, Prepared, Renewal};
pub use served::{Served, TLS_ALPN_PROTOCOL};
pub use standing::{LastFailure, Standing};

/// How certificates are obtained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address of the authority's directory (RFC 8555, section 7.1.1), with `https`.
    pub directory: String,
    /// A PEM file with the authorities to trust for the directory instead of the well-known ones.
    pub directory_ca: Option<PathBuf>,
    /// Where the authority may write to, as `mailto:…`.
    pub contact: Option<String>,
    /// The names, each of which gets a certificate. No wildcard, no address.
    pub names: Vec<String>,
    /// How a name is proved; with several, the next is tried when one fails. Never empty.
    pub challenges: Vec<Challenge>,
    /// Whether the operator agrees to the authority's terms.
    pub terms_of_service_agreed: bool,
}

/// How the authority finds out that a name leads here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Challenge {
    /// It asks for a file by plain http (RFC 8555, section 8.3).
    #[serde(rename = "http-01")]
    Http01,
    /// It shakes hands by TLS and asks for the protocol `acme-tls/1` (RFC 8737).
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

impl Challenge {
    /// Its name in the protocol.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }

    /// The port to which the authority comes.
    pub const fn port(self) -> u16 {
        match self {
            Self::Http01 => 80,
            Self::TlsAlpn01 => 443,
        }
    }
}
