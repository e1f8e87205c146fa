//! What passes the gateway, for the inventory. It is asked about every request, so what was seen in this hour already costs one hash.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hash, Hasher as _, RandomState},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use http::HeaderMap;

use super::{Mode, site::Site};
use crate::{
    cookies::{self, SetCookie},
    inventory::{self, Attributes, BlockedLoad, FoldedName, Hour, SiteInventory, StorageReport},
    timestamp::Timestamp,
};

/// Places in the memory of what was seen in this hour, 8 bytes each. Two names that want the same place only cost a look more.
const PLACES: usize = 8192;
/// Names of one message that are looked at. Browsers keep at most about 180 cookies a site.
const MOST_NAMES: usize = 200;
/// Names of one message that are noted for the first time in an hour. Noting takes a lock, and a stranger can invent names.
const MOST_NEWS: usize = 16;

/// The inventories of all sites.
pub(super) struct Observer {
    /// By the numbers of the sites; only a new site writes here.
    sites: RwLock<Vec<Arc<Mutex<SiteInventory>>>>,
    /// Keyed hashes of what was seen, with its hour; 0 is nothing.
    seen: Box<[AtomicU64]>,
    hasher: RandomState,
    /// Changes with every change of an inventory.
    revision: AtomicU64,
}

/// What is told apart in the memory of the hour.
#[derive(Clone, Copy, Hash)]
enum What {
    Sent,
    Set,
}

impl Observer {
    /// One inventory for each site, in the order of the sites.
    pub(super) fn new(sites: Vec<SiteInventory>) -> Self {
        Self {
            sites: RwLock::new(sites.into_iter().map(|site| Arc::new(Mutex::new(site))).collect()),
            seen: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            revision: AtomicU64::new(0),
        }
    }

    /// There are so many sites now.
    pub(super) fn know(&self, sites: usize) {
        let mut known = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        let missing = sites.saturating_sub(known.len());
        known.extend(std::iter::repeat_with(Arc::default).take(missing));
    }

    /// The names that a browser sends. Where cookies are filtered only unknown ones are of interest, so who filters need not ask without any.
    pub(super) fn sent(&self, site: &Site, headers: &HeaderMap, now: Timestamp) {
        let hour = Hour::of(now);
        let news = cookies::names_sent(headers).take(MOST_NAMES).filter(|name| {
            self.is_news(|hasher| (site.number, What::Sent, hour.number(), name).hash(hasher)) && wanted(site, name)
        });
        for name in news.take(MOST_NEWS) {
            self.change(site, |inventory| inventory.cookie_sent(FoldedName::of(name, &site.catalogue), hour));
        }
    }

    /// The names that the site sets, with their attributes; to be asked before any line is taken out.
    pub(super) fn set(&self, site: &Site, headers: &HeaderMap, now: Timestamp) {
        let hour = Hour::of(now);
        for set in cookies::cookies_set(headers).take(MOST_NAMES) {
            let what = |hasher: &mut std::hash::DefaultHasher| {
                (site.number, What::Set, hour.number(), set.name()).hash(hasher);
                steady(set).for_each(|attribute| attribute.hash(hasher));
            };
            if wanted(site, set.name())
                && self.is_news(what)
                && let Some(attributes) = Attributes::read(set.attributes(), now)
            {
                let name = FoldedName::of(set.name(), &site.catalogue);
                self.change(site, |inventory| inventory.cookie_set(name, attributes, hour));
            }
        }
    }

    /// Loads that browsers report, of pages of this site from hosts that are not its own. The answer is how many there were.
    pub(super) fn loads(&self, site: &Site, loads: Vec<BlockedLoad>, now: Timestamp) -> usize {
        let own = |host: &str| site.foreign_hosts.own().iter().any(|own| own.matches(host));
        let foreign =
            |load: &BlockedLoad| own(load.page_host.host()) && load.host != load.page_host && !own(load.host.host());
        let loads: Vec<_> = loads.into_iter().filter(foreign).collect();
        let count = loads.len();
        if count > 0 {
            self.change(site, |inventory| {
                for BlockedLoad { host, kind, page, blocked, .. } in loads {
                    inventory.load(host, kind, page, blocked, Hour::of(now));
                }
            });
        }
        count
    }

    /// Names under which scripts keep things. The answer is how many there were.
    pub(super) fn keys(&self, site: &Site, report: &StorageReport, now: Timestamp) -> usize {
        let foreign = || report.keys.iter().filter(|(_, key)| !cookies::is_own(key.as_bytes()));
        let count = foreign().count();
        if count > 0 {
            self.change(site, |inventory| {
                for (kind, key) in foreign() {
                    inventory.key(*kind, FoldedName::of(key.as_bytes(), &site.catalogue), Hour::of(now));
                }
            });
        }
        count
    }

    /// A number that changes with every change.
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Everything as a text, by the names of the sites.
    pub(super) fn write(&self, sites: &[Site]) -> String {
        let named = sites.iter().map(|site| (site.name.to_string(), self.seen(site)));
        inventory::write(&named.collect::<BTreeMap<_, _>>())
    }

    /// Everything of one site.
    pub(super) fn seen(&self, site: &Site) -> SiteInventory {
        let inventory = self.inventory(site);
        let inventory = inventory.lock().unwrap_or_else(PoisonError::into_inner);
        inventory.clone()
    }

    fn change(&self, site: &Site, change: impl FnOnce(&mut SiteInventory)) {
        change(&mut self.inventory(site).lock().unwrap_or_else(PoisonError::into_inner));
        self.revision.fetch_add(1, Ordering::Release);
    }

    fn inventory(&self, site: &Site) -> Arc<Mutex<SiteInventory>> {
        self.sites.read().unwrap_or_else(PoisonError::into_inner)[site.number].clone()
    }

    /// Whether this was not seen lately. It keeps no name and allocates nothing.
    fn is_news(&self, hash: impl FnOnce(&mut std::hash::DefaultHasher)) -> bool {
        let mut hasher = self.hasher.build_hasher();
        hash(&mut hasher);
        let hash = hasher.finish() | 1;
        let place = &self.seen[(hash >> 1) as usize % PLACES];
        place.load(Ordering::Relaxed) != hash && place.swap(hash, Ordering::Relaxed) != hash
    }
}

fn wanted(site: &Site, name: &[u8]) -> bool {
    site.mode == Mode::Observe || site.catalogue.classify(name).is_none()
}

/// The attributes without those whose values change with every answer.
fn steady<'h>(set: SetCookie<'h>) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
    set.attributes().map(|(name, value)| {
        let changes = name.eq_ignore_ascii_case(b"expires") || name.eq_ignore_ascii_case(b"max-age");
        (name, if changes { &[][..] } else { value })
    })
}
