//! What all cores share.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
};

use super::{
    SiteSettings, erasure::ERASURES_PER_MINUTE, likely_sessions::LikelySessions, limiter::Limiter,
    log_readers::LogReaders, observer::Observer, own_pages::model_for, published_log::LOG_READS_PER_MINUTE,
    remembered::RememberedPages, request::OwnedBinding, site::Site, visit::Visit,
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
    store::{AppendError, Store},
    telemetry::{AccessLog, Counter, Direction, Enforcement, Metrics, SiteMetrics},
    timestamp::{Term, Timestamp},
    visitor::{ClientAddress, Destination, Network},
};

/// How many earlier logs a record may be bound to: each restore makes one, and each costs a forged record another signature.
const MOST_EARLIER_LOGS: usize = 16;

/// What a gateway is made of.
pub struct Parts {
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
    /// The text of what was seen before, as [`Shared::inventory`] gave it; none at the first start.
    pub inventory: Option<String>,
    /// SHA-256 of the configuration: pages made under another one are other variants.
    pub fingerprint: [u8; 32],
    /// How long records are kept after they ceased to be valid; visitors are told.
    pub kept_for: Term,
    /// Countries by address.
    pub countries: Countries,
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

/// The parts at work.
pub struct Shared {
    pub(super) sites: Vec<Site>,
    hosts: Hosts,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) choices: Limiter,
    pub(super) reports: Limiter,
    pub(super) log_reads: Limiter,
    pub(super) erasures: Limiter,
    pub(super) readers: LogReaders,
    pub(super) kept_for: Term,
    pub(super) observer: Observer,
    pub(super) likely_sessions: LikelySessions,
    pub(super) remembered: RememberedPages,
    pub(super) coded_texts: CodedTexts,
    unread_inventory: Option<InventoryFault>,
    fingerprint: [u8; 32],
    pub(super) countries: Countries,
    pub(super) store: Store,
    log_origin: String,
    /// The logs before it, the newest first, each with the number of its leaves that are known.
    earlier_logs: Vec<(String, u64)>,
    pub(super) keys: RecordKeys,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) enforcement: Arc<Enforcement>,
    pub(super) counter: Counter,
    pub(super) access_log: Option<AccessLog>,
    /// For requests that are no site's.
    pub(super) no_site: SiteMetrics,
    https_port: AtomicU16,
    rounds: AtomicU64,
    told_of_proxy: AtomicBool,
}

/// Why a gateway can't begin.
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
    /// Makes the parts ready, and keeps every notice and every text of the policy that a visitor may be shown in the log. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// When a file of an upstream can't be read or the log can't be written.
    pub fn begin(parts: Parts) -> Result<Arc<Self>, BeginError> {
        // A text is in the log before any choice that was made under it.
        for text in parts.sites.iter().flat_map(|site| &site.pages.texts) {
            let kept = parts.store.keep_policy(&text.id, text.language, text.effective, &text.file);
            kept.map_err(BeginError::Policies)?;
        }
        let hosts = Hosts::new(parts.sites.iter().map(|site| site.hosts.as_slice()));
        let sites = parts.sites.into_iter().enumerate();
        let sites = sites.map(|(number, site)| Site::new(number, site, &parts.catalogue, &parts.metrics));
        let sites = sites.collect::<io::Result<Vec<_>>>()?;
        let (seen, unread_inventory) = seen_before(&sites, parts.inventory.as_deref());
        for notice in sites.iter().flat_map(Site::all_pages).flat_map(crate::pages::SitePages::notices) {
            let kept = parts.store.keep_notice(notice.id, notice.language, &notice.edition, &notice.json);
            kept.map_err(BeginError::Notices)?;
        }
        let names = sites.iter().map(|site| site.name.clone());
        Ok(Arc::new(Self {
            enforcement: Arc::new(Enforcement::new(names, parts.clock.now())),
            sites,
            hosts,
            trusted_proxies: parts.trusted_proxies,
            choices: Limiter::new(parts.choices_per_minute),
            reports: Limiter::new(parts.reports_per_minute),
            log_reads: Limiter::new(LOG_READS_PER_MINUTE),
            erasures: Limiter::new(ERASURES_PER_MINUTE),
            readers: LogReaders::new(parts.store.clone()),
            kept_for: parts.kept_for,
            observer: Observer::new(seen),
            unread_inventory,
            likely_sessions: LikelySessions::default(),
            remembered: RememberedPages::default(),
            coded_texts: CodedTexts::default(),
            fingerprint: parts.fingerprint,
            countries: parts.countries,
            log_origin: parts.store.log().to_string(),
            earlier_logs: earlier_logs(&parts.store),
            store: parts.store,
            keys: parts.keys,
            clock: parts.clock,
            no_site: SiteMetrics::new(parts.metrics.clone(), "none".into()),
            metrics: parts.metrics,
            counter: parts.counter,
            access_log: parts.access_log,
            https_port: AtomicU16::new(0),
            rounds: AtomicU64::new(0),
            told_of_proxy: AtomicBool::new(false),
        }))
    }

    /// From now on plain requests are sent to this port by https.
    pub fn redirect_to_https(&self, port: u16) {
        self.https_port.store(port, Ordering::Relaxed);
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The present, by the clock that this gateway goes by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// SHA-256 of the configuration.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// What was refused and passed since the log was last told.
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// Where views are counted.
    pub fn counter(&self) -> &Counter {
        &self.counter
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

    /// The consent log.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What was seen of all sites, as a text to keep.
    pub fn inventory(&self) -> String {
        self.observer.write(&self.sites)
    }

    /// A number that changes whenever [`Shared::inventory`] does.
    pub fn inventory_revision(&self) -> u64 {
        self.observer.revision()
    }

    /// Why what was seen before could not be read.
    pub fn unread_inventory(&self) -> Option<&InventoryFault> {
        self.unread_inventory.as_ref()
    }

    /// Forgets who asked in earlier minutes. To be called every minute or so, since nobody may ask again.
    pub fn forget_clients(&self) {
        let now = self.clock.now();
        for limiter in [&self.choices, &self.reports, &self.log_reads, &self.erasures] {
            limiter.forget_before(now);
        }
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

    pub(super) fn https_port(&self) -> Option<u16> {
        Some(self.https_port.load(Ordering::Relaxed)).filter(|port| *port != 0)
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

    /// A number that is another one for each answer.
    pub(super) fn next_round(&self) -> u64 {
        self.rounds.fetch_add(1, Ordering::Relaxed)
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
