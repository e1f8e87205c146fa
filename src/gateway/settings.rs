//! What one site is made of.

use crate::{analytics, consent, cookies, pages, routing, upstream};

/// How far the gateway goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What is unknown is refused.
    #[default]
    Strict,
    /// Nothing is refused, no banner is shown; the operator learns what the site does.
    Observe,
    /// Known trackers and cookies are held back, what is unknown passes.
    Compatible,
}

/// One site, checked.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    /// Its hosts; the first exact one is its name.
    pub hosts: Vec<routing::HostPattern>,
    /// The site's name: its canonical host, or its first host without `*.`. It stands in records, the log and metrics.
    pub name: String,
    /// Where other hosts are redirected to (308).
    pub canonical_host: Option<String>,
    /// The port at which visitors reach it by https, where that is configured; otherwise it is the listener's.
    pub https_port: Option<u16>,
    /// How far the gateway goes.
    pub mode: Mode,
    /// Whether subdomains share one record (`Domain` on our cookies).
    pub share_subdomains: bool,
    /// Exceptions, longest prefix first.
    pub paths: Vec<routing::PathRule>,
    /// Paths that measure.
    pub trackers: Vec<routing::Tracker>,
    /// Analytics servers that are reached under paths of the site. In mode `observe` they are not: nobody could accept them.
    pub analytics: Vec<AnalyticsServer>,
    /// The site behind.
    pub upstream: upstream::Settings,
    /// How consent is asked for.
    pub consent: consent::Settings,
    /// The operator's own lines on top of the catalogue.
    pub cookies: Vec<cookies::Rule>,
    /// Keys of the browser's storage, by the names of their owner.
    pub storage: Vec<cookies::Rule>,
    /// Tools of others that are told what is allowed.
    pub signals: pages::Signals,
    /// Whether pages are hydrated as a whole document, so that nothing foreign may stand in them meanwhile.
    pub hydrates_document: bool,
    /// Whether Kelisim's script tells when a page changes its address without a load.
    pub counts_routes: bool,
    /// Hosts of others that pages load from.
    pub foreign_hosts: Vec<routing::ForeignHost>,
    /// What the pages are made from.
    pub pages: pages::Settings,
}

/// An analytics server behind the gateway.
#[derive(Clone, Debug)]
pub struct AnalyticsServer {
    /// Under which path, and what it learns.
    pub route: analytics::Route,
    /// Where it is.
    pub upstream: upstream::Settings,
}
