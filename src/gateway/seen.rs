//! What was seen of each site, for whoever decides about it.

use super::{Mode, Shared};
use crate::{
    consent::CategorySet,
    inventory::{Configured, Item, items},
    routing::known_hosts,
};

/// One site, and all that was seen of it.
#[derive(Clone, Debug)]
pub struct SiteSeen<'a> {
    /// The site's name.
    pub site: &'a str,
    /// How far the gateway goes there.
    pub mode: Mode,
    /// What visitors can accept there.
    pub offer: CategorySet,
    /// Cookies, hosts, keys of storage.
    pub items: Vec<Item>,
}

impl Shared {
    /// What was seen of every site, in the order of the configuration.
    pub fn seen(&self) -> Vec<SiteSeen<'_>> {
        let known = known_hosts();
        let seen = self.sites.iter().map(|site| {
            let (catalogue, storage, hosts) = (&site.catalogue, &site.storage, &*site.foreign_hosts);
            let configured = Configured { catalogue, storage, hosts, known: &known };
            let items = items(&self.observer.seen(site), configured);
            SiteSeen { site: &site.name, mode: site.mode, offer: site.consent.offer, items }
        });
        seen.collect()
    }
}
