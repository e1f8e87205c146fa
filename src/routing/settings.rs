//! What the operator says about hosts and paths.

use crate::{consent::Category, visitor::AddressForm};

/// A host of a site: a name, or `*.` and a name for its subdomains at any depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This host, in lower case, without port.
    Exact(String),
    /// Every subdomain of this name, not the name itself.
    Subdomains(String),
}

impl HostPattern {
    /// Whether a host, in lower case and without port, is meant.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Subdomains(name) => host.strip_suffix(name.as_str()).is_some_and(|labels| labels.ends_with('.')),
        }
    }

    /// How near it is to a host that it matches: an exact name before subdomains, the longer before the shorter.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Exact(_) => usize::MAX,
            Self::Subdomains(name) => name.len(),
        }
    }
}

/// A path of the site that measures visitors; answered 204 until its category is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracker {
    /// The path, or its beginning where it ends with `/`.
    pub path: String,
    /// What for.
    pub category: Category,
}

/// An exception for a part of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRule {
    /// Paths that begin so; the longest prefix that fits counts.
    pub prefix: String,
    /// Whether pages get banner and script.
    pub banner: bool,
    /// Whether the content-security policy of pages is extended so that our script, style and form pass it.
    pub content_security_policy: bool,
    /// Another address form for the site's upstream here.
    pub client_address: Option<AddressForm>,
    /// Whether requests and answers go through as they are: no cookie is filtered, no body changed. For signed callbacks.
    pub pass_through: bool,
}
