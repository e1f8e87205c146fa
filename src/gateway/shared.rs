//! What all cores share while one configuration is in force.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    ops::Deref,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, Guard};

use super::{
    SiteSettings,
    erasure::ERASURES_PER_MINUTE,
    lasting::{Lasting, Numbers},
    likely_sessions::LikelySessions,
    limiter::Limiter,
    log_readers::LogReaders,
    observer::Observer,
    own_pages::model_for,
    published_log::LOG_READS_PER_MINUTE,
    remembered::RememberedPages,
    request::OwnedBinding,
    site::{Place, Site},
    visit::Visit,
};
use crate::{
    clock::Clock,
    consent::{CategoryCounts, Decision, EditionId, FrameGrant, RecordKeys},
    cookies::{RefusedCookies, Rule},
    geo::Countries,
    inventory::{self, InventoryFault, SiteInventory},
    ledger::Enforced,
    rewrite::{CodedTexts, Judged, Variant},
    routing::Hosts,
    statistics::Robots,
    store::{AppendError, Store},
    telemetry::{AccessLog, Counter, Direction, Enforcement, Metrics, SiteMetrics, Traces},
    timestamp::{Term, Timestamp},
    upstream::Room,
    visitor::{ClientAddress, Destination, Network},
};

/// How many earlier logs a record may be bound to: each restore makes one, and each costs a forged record another signature.
const MOST_EARLIER_LOGS: usize = 16;

/// What is configured of a gateway.
pub struct Configured {
    /// The sites.
    pub sites: Vec<SiteSettings>,
    /// The catalogue without the sites' own lines.
    pub catalogue: Vec<Rule>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<Network>,
    /// Choices that one client may post in a minute.
    pub choices_per_minute: u32,
    /// Reports that one client may post in a minute.
    pub reports_per_minute: u32,
    /// Connections to sites at once, over all cores.
    pub upstream_connections: usize,
    /// SHA-256 of the configuration: pages made under another one are other variants.
    pub fingerprint: [u8; 32],
    /// How long records are kept after they ceased to be valid; visitors are told.
    pub kept_for: Term,
    /// Countries by address.
    pub countries: Arc<Countries>,
    /// Who is no person.
    pub robots: Arc<Robots>,
    /// Where requests begin their traces, if they are traced.
    pub traces: Option<Traces>,
}

/// What a gateway is made of.
pub struct Parts {
    /// What is configured at first.
    pub configured: Configured,
    /// The text of what was seen before, as [`Shared::inventory`] gave it; none at the first start.
    pub inventory: Option<String>,
    /// The consent log.
    pub store: Store,
    /// What signs records.
    pub keys: RecordKeys,
    /// The time.
    pub clock: Clock,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Where views are counted.
    pub counter: Counter,
    /// Where a line for each request goes, if anywhere.
    pub access_log: Option<AccessLog>,
}

/// A configuration at work, with what outlives it.
pub struct Shared {
    lasting: Arc<Lasting>,
    pub(super) sites: Vec<Site>,
    hosts: Hosts,
    pub(super) trusted_proxies: Vec<Network>,
    choices_per_minute: u32,
    reports_per_minute: u32,
    upstream_connections: usize,
    pub(super) kept_for: Term,
    fingerprint: [u8; 32],
    since: Timestamp,
    pub(super) countries: Arc<Countries>,
    pub(super) robots: Arc<Robots>,
    pub(super) traces: Option<Traces>,
    https: OnceLock<Https>,
}

/// The way to https: the port to which plain requests are sent, if to any, and which hosts can't be reached by it yet.
struct Https {
    port: Option<u16>,
    not_yet: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

impl Deref for Shared {
    type Target = Lasting;

    fn deref(&self) -> &Lasting {
        &self.lasting
    }
}

/// Why a configuration can't be gone by.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// A file of the configuration.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The texts of the policy could not be kept, so no choice could name their editions.
    #[error("can't keep the policy in the consent log: {0}")]
    Policies(AppendError),
    /// The notices could not be kept, so no choice could name them.
    #[error("can't keep the notices in the consent log: {0}")]
    Notices(AppendError),
}

impl Shared {
    pub(super) fn begin(parts: Parts) -> Result<Arc<Self>, BeginError> {
        let Parts { configured, inventory, store, keys, clock, metrics, counter, access_log } = parts;
        let numbers = Numbers::default();
        let sites = sites(&configured, &numbers, &metrics)?;
        let (seen, unread_inventory) = seen_before(&sites, inventory.as_deref());
        let lasting = Arc::new(Lasting {
            choices: Limiter::new(configured.choices_per_minute),
            reports: Limiter::new(configured.reports_per_minute),
            log_reads: Limiter::new(LOG_READS_PER_MINUTE),
            erasures: Limiter::new(ERASURES_PER_MINUTE),
            readers: LogReaders::new(store.clone()),
            observer: Observer::new(seen),
            likely_sessions: LikelySessions::default(),
            remembered: RememberedPages::default(),
            coded_texts: CodedTexts::default(),
            unread_inventory,
            log_origin: store.log().to_string(),
            earlier_logs: earlier_logs(&store),
            enforcement: Arc::new(Enforcement::new(clock.now())),
            store,
            keys: ArcSwap::from_pointee(keys),
            clock,
            no_site: SiteMetrics::new(metrics.clone(), "none".into()),
            metrics,
            counter,
            access_log,
            numbers,
            rounds: AtomicU64::new(0),
            told_of_proxy: AtomicBool::new(false),
            room: Room::new(configured.upstream_connections),
        });
        Self::with(lasting, configured, sites)
    }

    /// The same for another configuration of a gateway that is at work.
    pub(super) fn again(lasting: Arc<Lasting>, configured: Configured) -> Result<Arc<Self>, BeginError> {
        let sites = sites(&configured, &lasting.numbers, &lasting.metrics)?;
        Self::with(lasting, configured, sites)
    }

    fn with(lasting: Arc<Lasting>, configured: Configured, sites: Vec<Site>) -> Result<Arc<Self>, BeginError> {
        // A text is in the log before any choice that was made under it.
        for text in configured.sites.iter().flat_map(|site| &site.pages.texts) {
            let kept = lasting.store.keep_policy(&text.id, text.language, text.effective, &text.file);
            kept.map_err(BeginError::Policies)?;
        }
        for notice in sites.iter().flat_map(Site::all_pages).flat_map(crate::pages::SitePages::notices) {
            let kept = lasting.store.keep_notice(notice.id, notice.language, &notice.edition, &notice.json);
            kept.map_err(BeginError::Notices)?;
        }
        // Whatever is counted by a number finds a place for it.
        let counted = lasting.counted_sites();
        lasting.observer.know(counted.len());
        lasting.counter.know(counted.len());
        lasting.enforcement.know(&counted);
        Ok(Arc::new(Self {
            since: lasting.clock.now(),
            lasting,
            hosts: Hosts::new(configured.sites.iter().map(|site| site.hosts.as_slice())),
            sites,
            trusted_proxies: configured.trusted_proxies,
            choices_per_minute: configured.choices_per_minute,
            reports_per_minute: configured.reports_per_minute,
            upstream_connections: configured.upstream_connections,
            kept_for: configured.kept_for,
            fingerprint: configured.fingerprint,
            countries: configured.countries,
            robots: configured.robots,
            traces: configured.traces,
            https: OnceLock::new(),
        }))
    }

    /// What outlives this configuration.
    pub(super) fn lasting(&self) -> &Arc<Lasting> {
        &self.lasting
    }

    /// From now on clients may do so much in a minute, and there may be so many connections to sites, as this configuration says.
    pub(super) fn limit(&self) {
        self.choices.allow(self.choices_per_minute);
        self.reports.allow(self.reports_per_minute);
        self.room.change(self.upstream_connections);
    }

    /// From now on there is https, but for hosts that can't be reached by it yet. Plain requests are sent to this port, if to any.
    pub fn set_https(&self, port: Option<u16>, not_yet: impl Fn(&str) -> bool + Send + Sync + 'static) {
        _ = self.https.set(Https { port, not_yet: Box::new(not_yet) });
    }

    /// SHA-256 of the configuration.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// From when on it is gone by.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// The names of the sites, in the order of their numbers.
    pub fn site_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.sites.iter().map(|site| &site.name)
    }

    /// The edition of the policy that visitors of each site answer now.
    pub fn editions_in_force(&self) -> impl Iterator<Item = (&Arc<str>, &EditionId)> {
        let now = self.clock.now();
        self.sites.iter().map(move |site| (&site.name, &site.consent.editions.in_force(now).id))
    }

    /// What signs records now.
    pub(super) fn keys(&self) -> Guard<Arc<RecordKeys>> {
        self.keys.load()
    }

    /// Signs records with other keys from now on. Those before must be among them: what a connection verified, it remembers.
    pub fn use_record_keys(&self, keys: RecordKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// What was seen of all sites, as a text to keep.
    pub fn inventory(&self) -> String {
        self.observer.write(&self.sites)
    }

    /// Says once that a proxy on this machine is not believed: behind it every choice would be taken for a foreign one.
    pub(super) fn tell_of_untrusted_proxy(&self) {
        let loopback = [std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()];
        let believed = loopback.into_iter().any(|address| ClientAddress::new(address).is_in(&self.trusted_proxies));
        if !believed && !self.told_of_proxy.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "forwarding headers come from this machine and are not believed; if a proxy stands here, add `trusted_proxies = [\"127.0.0.1\", \"::1\"]` to [server]"
            );
        }
    }

    /// Where plain requests for this host are sent by https; none where they stay.
    pub(super) fn https_port(&self, host: &str) -> Option<u16> {
        self.https.get().filter(|https| !(https.not_yet)(host))?.port
    }

    /// Whether this host can't be reached by https yet.
    pub(super) fn awaits_https(&self, host: &str) -> bool {
        self.https.get().is_some_and(|https| (https.not_yet)(host))
    }

    pub(super) fn site(&self, host: &str) -> Option<&Site> {
        self.hosts.find(host).map(|number| &self.sites[number])
    }

    /// What a cookie of ours is bound to. The log's own name stands for its origin, so that a record of a log that was replaced is void.
    /// New records are bound to the newest log alone.
    pub(super) fn binding<'a>(&'a self, site: &'a Site, cookie_name: &'static str) -> OwnedBinding<'a> {
        OwnedBinding { cookie_name, site: &site.name, log_origin: &self.log_origin }
    }

    /// The bindings of records that were made before the log was restored, the newest log first, and the number of its leaves that are
    /// known: an index from there on was lost, and names somebody else's leaf now or none.
    pub(super) fn earlier_bindings<'a>(
        &'a self,
        site: &'a Site,
        cookie_name: &'static str,
    ) -> impl Iterator<Item = (OwnedBinding<'a>, u64)> {
        self.earlier_logs
            .iter()
            .map(move |(log_origin, size)| (OwnedBinding { cookie_name, site: &site.name, log_origin }, *size))
    }

    /// Counts the cookies of one message.
    pub(super) fn count_cookies(
        &self,
        site: &Site,
        refused: &RefusedCookies,
        passed: &CategoryCounts,
        direction: Direction,
    ) {
        let what = match direction {
            Direction::Request => Enforced::CookiePair,
            Direction::Response => Enforced::SetCookie,
        };
        for (category, count) in passed.iter() {
            self.enforcement.passed(site.number, what, category, count.into());
        }
        if refused.is_empty() {
            return;
        }
        for category in CategoryCounts::CELLS {
            let count = category.map_or(refused.unknown(), |category| refused.of(category)).into();
            site.metrics.cookies_refused(category, direction, count);
            self.enforcement.refused(site.number, what, category, count);
        }
    }

    /// Counts what leads from an answer to other hosts.
    pub(super) fn count_judged(&self, site: &Site, what: Enforced, judged: &Judged) {
        self.enforcement.judged(site.number, what, &judged.refused, &judged.passed);
    }

    /// The variant of pages that are only observed: the same for everybody.
    pub(super) fn observed_variant(&self) -> Variant {
        let mut hasher = DefaultHasher::new();
        (self.fingerprint, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        Variant::from_hash(hasher.finish())
    }

    /// Which variant of a page this visitor gets: everything that decides what is put into it.
    pub(super) fn variant(
        &self,
        site: &Site,
        visit: &Visit,
        decision: &Decision,
        frame: Option<&FrameGrant>,
        now: Timestamp,
    ) -> Variant {
        // This hasher has fixed keys, so that a page keeps its name over a restart.
        let mut hasher = DefaultHasher::new();
        decision.allowed.hash(&mut hasher);
        (decision.asks(), decision.answered(), visit.language).hash(&mut hasher);
        // A page in a frame has no banner.
        (visit.fetch.destination == Destination::Frame).hash(&mut hasher);
        frame.map(|grant| (&grant.host, grant.port, grant.frame)).hash(&mut hasher);
        // Addresses in a page are relative to it, and frames name it.
        (&visit.authority, visit.client.scheme.name()).hash(&mut hasher);
        (model_for(site, visit) == crate::consent::Model::Notice).hash(&mut hasher);
        site.consent.editions.in_force(now).id.hash(&mut hasher);
        self.fingerprint.hash(&mut hasher);
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        Variant::from_hash(hasher.finish())
    }
}

/// The sites, made ready to be asked.
fn sites(configured: &Configured, numbers: &Numbers, metrics: &Arc<Metrics>) -> io::Result<Vec<Site>> {
    let numbers = numbers.of(configured.sites.iter().map(|site| site.name.as_str()));
    let places = numbers.into_iter().enumerate().map(|(index, number)| Place { index, number });
    let sites = places.zip(&configured.sites);
    sites.map(|(place, site)| Site::new(place, site.clone(), &configured.catalogue, metrics)).collect()
}

fn earlier_logs(store: &Store) -> Vec<(String, u64)> {
    store.earlier_logs().iter().take(MOST_EARLIER_LOGS).map(|(log, size)| (log.to_string(), *size)).collect()
}

/// What was seen of each site before, and why nothing of it could be read.
fn seen_before(sites: &[Site], text: Option<&str>) -> (Vec<SiteInventory>, Option<InventoryFault>) {
    let catalogue = |name: &str| sites.iter().find(|site| *site.name == *name).map(|site| &site.catalogue);
    let (mut seen, fault) = match text.map(|text| inventory::read(text, catalogue)) {
        None => (Default::default(), None),
        Some(Ok(seen)) => (seen, None),
        Some(Err(fault)) => (Default::default(), Some(fault)),
    };
    (sites.iter().map(|site| seen.remove(&*site.name).unwrap_or_default()).collect(), fault)
}
