//! The inventory of one site, bounded against strangers.
//!
//! Anybody can send any name in `Cookie` and any report. What the site itself sets therefore has a room of its own, into which nothing that
//! a visitor sends can come; beyond it, what was seen in many hours stays and what came once goes first.

use std::collections::BTreeMap;

use super::{
    Attributes, CookieEntry, FoldedName, FoldedPath, HostAndPort, HostEntry, Hour, KeyEntry, LoadKind, Seen,
    StorageKind,
};

/// Names kept that the site sets. Sites have up to a few dozen; one that makes names up all the time is cut here.
pub(super) const MOST_OF_SITE: usize = 256;
/// Names kept that only visitors' browsers sent.
pub(super) const MOST_OF_VISITORS: usize = 256;
/// Hosts kept.
pub(super) const MOST_HOSTS: usize = 256;
/// Keys of storage kept, of all kinds together.
pub(super) const MOST_KEYS: usize = 256;

/// What was seen of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteInventory {
    pub(super) cookies: BTreeMap<FoldedName, CookieEntry>,
    pub(super) hosts: BTreeMap<HostAndPort, HostEntry>,
    pub(super) keys: BTreeMap<(StorageKind, FoldedName), KeyEntry>,
}

impl SiteInventory {
    /// A name came in `Cookie`.
    pub fn cookie_sent(&mut self, name: FoldedName, hour: Hour) {
        match self.cookies.get_mut(&name) {
            Some(entry) => entry.seen.again(hour),
            None => self.put_cookie(name, CookieEntry { set_by_site: None, seen: Seen::at(hour) }),
        }
    }

    /// A name was set by the site.
    pub fn cookie_set(&mut self, name: FoldedName, attributes: Attributes, hour: Hour) {
        let mut entry = self.cookies.remove(&name).unwrap_or(CookieEntry { set_by_site: None, seen: Seen::at(hour) });
        entry.seen.again(hour);
        entry.set_by_site.get_or_insert_default().join(attributes);
        self.put_cookie(name, entry);
    }

    /// A page loaded from a host, or would have.
    pub fn load(&mut self, host: HostAndPort, kind: LoadKind, page: FoldedPath, blocked: bool, hour: Hour) {
        if let Some(entry) = self.hosts.get_mut(&host) {
            entry.seen.again(hour);
            entry.kinds.insert(kind);
            entry.blocked |= blocked;
        } else {
            self.put_host(host, HostEntry { kinds: [kind].into(), page, blocked, seen: Seen::at(hour) });
        }
    }

    /// A script keeps something under a key.
    pub fn key(&mut self, kind: StorageKind, name: FoldedName, hour: Hour) {
        match self.keys.get_mut(&(kind, name.clone())) {
            Some(entry) => entry.seen.again(hour),
            None => self.put_key(kind, name, KeyEntry { seen: Seen::at(hour) }),
        }
    }

    /// What is known of a cookie.
    pub fn cookie(&self, name: &FoldedName) -> Option<&CookieEntry> {
        self.cookies.get(name)
    }

    /// Every cookie, by name.
    pub fn cookies(&self) -> impl Iterator<Item = (&FoldedName, &CookieEntry)> {
        self.cookies.iter()
    }

    /// Every host, by name.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostAndPort, &HostEntry)> {
        self.hosts.iter()
    }

    /// Every key of storage, by kind and name.
    pub fn keys(&self) -> impl Iterator<Item = (StorageKind, &FoldedName, &KeyEntry)> {
        self.keys.iter().map(|((kind, name), entry)| (*kind, name, entry))
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty() && self.hosts.is_empty() && self.keys.is_empty()
    }

    pub(super) fn put_cookie(&mut self, name: FoldedName, entry: CookieEntry) {
        let of_site = entry.set_by_site.is_some();
        let most = if of_site { MOST_OF_SITE } else { MOST_OF_VISITORS };
        make_room(&mut self.cookies, most, |entry| (entry.set_by_site.is_some() == of_site).then_some(entry.seen));
        self.cookies.insert(name, entry);
    }

    pub(super) fn put_host(&mut self, host: HostAndPort, entry: HostEntry) {
        make_room(&mut self.hosts, MOST_HOSTS, |entry| Some(entry.seen));
        self.hosts.insert(host, entry);
    }

    pub(super) fn put_key(&mut self, kind: StorageKind, name: FoldedName, entry: KeyEntry) {
        make_room(&mut self.keys, MOST_KEYS, |entry| Some(entry.seen));
        self.keys.insert((kind, name), entry);
    }
}

/// Leaves room for one more among those of which `seen` answers.
fn make_room<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, most: usize, seen: impl Fn(&V) -> Option<Seen>) {
    let those = || map.iter().filter_map(|(key, entry)| Some((key, seen(entry)?)));
    if those().count() >= most
        && let Some(rarest) = those().min_by_key(|(_, seen)| seen.weight()).map(|(key, _)| key.clone())
    {
        map.remove(&rarest);
    }
}
