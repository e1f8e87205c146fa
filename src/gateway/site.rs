//! One site at work: its settings, made ready to be asked.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::digest;
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};

use super::{Mode, SiteSettings, consent_header::ConsentHeaders};
use crate::{
    analytics,
    consent::{self, Edition, EditionId},
    cookies::{Catalogue, ExpiryScope, ObservedPlaces, Permit, RefusedCookies, Rule, Unknown, expiry_lines},
    pages::{Script, ScriptSettings, SitePages},
    rewrite::LoadingPolicies,
    routing::{ForeignHost, ForeignHosts, HostPattern, SitePaths, known_hosts},
    telemetry::{Metrics, SiteMetrics},
    timestamp::Timestamp,
    upstream::Upstream,
    visitor::Language,
};

/// Where a site is found.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Among the sites that are configured now.
    pub(super) index: usize,
    /// Among all that there have been: what outlives a configuration knows it by this.
    pub(super) number: usize,
}

/// A site, shared by all cores.
pub(super) struct Site {
    pub(super) index: usize,
    pub(super) number: usize,
    pub(super) name: Arc<str>,
    pub(super) metrics: SiteMetrics,
    pub(super) consent_headers: ConsentHeaders,
    pub(super) canonical_host: Option<String>,
    pub(super) https_port: Option<u16>,
    pub(super) mode: Mode,
    pub(super) share_subdomains: bool,
    pub(super) prefix: String,
    pub(super) languages: Vec<Language>,
    pub(super) consent: consent::Settings,
    pub(super) counts_routes: bool,
    pub(super) catalogue: Catalogue,
    /// The site's lines about keys of storage.
    pub(super) storage: Catalogue,
    pub(super) paths: SitePaths,
    pub(super) foreign_hosts: Arc<ForeignHosts>,
    pub(super) loading: LoadingPolicies,
    pub(super) analytics: analytics::Routes,
    /// By the numbers of the routes.
    pub(super) analytics_upstreams: Vec<Arc<Upstream>>,
    pub(super) upstream: Arc<Upstream>,
    /// Where the site was seen to keep its optional cookies. Written only when a line says something new.
    observed: RwLock<ObservedPlaces>,
    /// The pages under each edition, so that a new edition comes into force without a restart.
    pages: Vec<(EditionId, SitePages)>,
}

impl Site {
    pub(super) fn new(
        Place { index, number }: Place,
        settings: SiteSettings,
        catalogue: &[Rule],
        metrics: &Arc<Metrics>,
    ) -> io::Result<Self> {
        let name: Arc<str> = settings.name.as_str().into();
        let hash = catalogue_hash(catalogue.iter().chain(&settings.cookies).chain(&settings.storage));
        let rules = Catalogue::new(catalogue.to_vec(), settings.cookies);
        let foreign_hosts = Arc::new(foreign_hosts(settings.mode, settings.hosts, settings.foreign_hosts));
        let script = Script::build(&ScriptSettings {
            strict: settings.mode != Mode::Compatible,
            sweeps_unknown: settings.mode == Mode::Strict && !settings.paths.iter().any(|path| path.pass_through),
            offer: settings.consent.offer,
            catalogue: &rules,
            storage: &settings.storage,
            hosts: foreign_hosts.lines().collect(),
            signals: &settings.signals,
            hydrates: settings.hydrates_document,
            routes: settings.counts_routes,
        });
        let under = |edition: &Edition| {
            let settings = crate::pages::Settings { edition: edition.clone(), ..settings.pages.clone() };
            (edition.id.clone(), SitePages::build(&settings, hash, script.clone()))
        };
        let (routes, upstreams): (Vec<_>, Vec<_>) =
            settings.analytics.into_iter().map(|server| (server.route, server.upstream)).unzip();
        let upstreams = upstreams.into_iter().map(|upstream| Ok(Arc::new(Upstream::new(upstream)?)));
        Ok(Self {
            index,
            number,
            metrics: SiteMetrics::new(metrics.clone(), name.clone()),
            name,
            consent_headers: ConsentHeaders::new(settings.consent.offer),
            canonical_host: settings.canonical_host,
            https_port: settings.https_port,
            mode: settings.mode,
            share_subdomains: settings.share_subdomains,
            pages: settings.consent.editions.iter().map(under).collect(),
            prefix: settings.pages.prefix.clone(),
            languages: settings.pages.languages,
            consent: settings.consent,
            counts_routes: settings.counts_routes,
            catalogue: rules,
            storage: Catalogue::new(Vec::new(), settings.storage),
            loading: LoadingPolicies::new(&foreign_hosts, &settings.pages.prefix),
            foreign_hosts,
            paths: SitePaths::new(settings.paths, settings.trackers),
            analytics: analytics::Routes::new(routes),
            analytics_upstreams: upstreams.collect::<io::Result<_>>()?,
            upstream: Arc::new(Upstream::new(settings.upstream)?),
            observed: RwLock::default(),
        })
    }

    /// The pages under the edition in force.
    pub(super) fn pages(&self, now: Timestamp) -> &SitePages {
        let id = &self.consent.editions.in_force(now).id;
        let pages = self.pages.iter().find(|(edition, _)| edition == id);
        &pages.expect("pages are built for every edition").1
    }

    /// The pages of every edition.
    pub(super) fn all_pages(&self) -> impl Iterator<Item = &SitePages> {
        self.pages.iter().map(|(_, pages)| pages)
    }

    /// The pages as they are under one edition, or `None` where the site has no such edition.
    pub(super) fn pages_under(&self, edition: &EditionId) -> Option<&SitePages> {
        self.pages.iter().find(|(id, _)| id == edition).map(|(_, pages)| pages)
    }

    /// Learns where an answer's `Set-Cookie` lines keep optional cookies, whether they pass or not.
    pub(super) fn observe_cookies(&self, headers: &HeaderMap, host: &str, path: &str) {
        if !headers.contains_key(SET_COOKIE) {
            return;
        }
        let known = self.observed.read().unwrap_or_else(PoisonError::into_inner);
        let new = known.unknown_in(headers, &self.catalogue, host, path);
        drop(known);
        if !new.is_empty() {
            self.observed.write().unwrap_or_else(PoisonError::into_inner).add(new);
        }
    }

    /// The lines that delete refused cookies which came with a request for a page.
    pub(super) fn expire_leftovers(
        &self,
        refused: &RefusedCookies,
        scope: &ExpiryScope<'_>,
        round: u64,
    ) -> Vec<HeaderValue> {
        if refused.is_empty() {
            return Vec::new();
        }
        let observed = self.observed.read().unwrap_or_else(PoisonError::into_inner);
        expiry_lines(refused, observed.of(refused.names()), scope, round)
    }

    /// The lines that delete what a choice refuses: cookies that came with it, and wherever else the site was seen to keep some.
    pub(super) fn expire_refused(
        &self,
        refused: &RefusedCookies,
        permit: Permit,
        scope: &ExpiryScope<'_>,
        round: u64,
    ) -> Vec<HeaderValue> {
        let observed = self.observed.read().unwrap_or_else(PoisonError::into_inner);
        expiry_lines(refused, observed.refused(&self.catalogue, permit), scope, round)
    }

    pub(super) fn permit(&self, allowed: consent::CategorySet) -> Permit {
        let unknown = match self.mode {
            Mode::Strict | Mode::Observe => Unknown::Refused,
            Mode::Compatible => Unknown::Passed,
        };
        Permit { allowed, unknown }
    }
}

/// Where what nobody named passes, our own list says which hosts are known trackers.
fn foreign_hosts(mode: Mode, own: Vec<HostPattern>, listed: Vec<ForeignHost>) -> ForeignHosts {
    let hosts = ForeignHosts::new(own, listed);
    match mode {
        Mode::Compatible => hosts.with_known(known_hosts().into_iter().map(ForeignHost::from).collect()),
        Mode::Strict | Mode::Observe => hosts,
    }
}

/// SHA-256 over all rules in force, in their order: part of every notice, so that the log tells what a category meant.
fn catalogue_hash<'a>(rules: impl Iterator<Item = &'a Rule>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for rule in rules {
        let third_party = if rule.third_party { "third-party" } else { "" };
        for part in
            [rule.pattern.as_str(), rule.category.name(), &rule.owner, &rule.purpose, &rule.lifetime, third_party]
        {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}
