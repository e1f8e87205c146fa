//! The inventory of all sites as a text. What is read goes through the same rules as what is observed, so that a text made by hand holds
//! no more than traffic could have put there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Attributes, CookieEntry, FoldedName, HostAndPort, HostEntry, KeyEntry, Seen, SiteInventory, StorageKind};
use crate::cookies::Catalogue;

/// The form of the text. Another one is not read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    sites: BTreeMap<String, Site>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Site {
    cookies: Vec<Cookie>,
    hosts: Vec<Host>,
    keys: Vec<Key>,
}

#[derive(Serialize, Deserialize)]
struct Cookie {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_by_site: Option<Attributes>,
    seen: Seen,
}

#[derive(Serialize, Deserialize)]
struct Host {
    name: HostAndPort,
    #[serde(flatten)]
    entry: HostEntry,
}

#[derive(Serialize, Deserialize)]
struct Key {
    kind: StorageKind,
    name: String,
    seen: Seen,
}

/// A text that is no inventory.
#[derive(Debug, thiserror::Error)]
pub enum InventoryFault {
    /// Another form.
    #[error("it is not an inventory: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A version of another program.
    #[error("it is an inventory of version {0}, and this program reads version {VERSION}")]
    Version(u32),
}

/// Writes inventories by the names of their sites.
pub fn write(sites: &BTreeMap<String, SiteInventory>) -> String {
    let site = |site: &SiteInventory| Site {
        cookies: site
            .cookies()
            .map(|(name, entry)| Cookie {
                name: name.to_string(),
                set_by_site: entry.set_by_site.clone(),
                seen: entry.seen,
            })
            .collect(),
        hosts: site.hosts().map(|(name, entry)| Host { name: name.clone(), entry: entry.clone() }).collect(),
        keys: site.keys().map(|(kind, name, entry)| Key { kind, name: name.to_string(), seen: entry.seen }).collect(),
    };
    let sites = sites.iter().map(|(name, inventory)| (name.clone(), site(inventory))).collect();
    serde_json::to_string_pretty(&File { version: VERSION, sites }).expect("texts and numbers are JSON")
}

/// Reads inventories; `catalogue` gives that of a site, and sites of which it gives none are left out.
///
/// # Errors
/// When the text is no inventory.
pub fn read<'c>(
    text: &str,
    catalogue: impl Fn(&str) -> Option<&'c Catalogue>,
) -> Result<BTreeMap<String, SiteInventory>, InventoryFault> {
    let file: File = serde_json::from_str(text)?;
    if file.version != VERSION {
        return Err(InventoryFault::Version(file.version));
    }
    let mut sites = BTreeMap::new();
    for (site, lines) in file.sites {
        let Some(catalogue) = catalogue(&site) else { continue };
        let mut inventory = SiteInventory::default();
        for Cookie { name, set_by_site, seen } in lines.cookies {
            let mut bounded = set_by_site.as_ref().map(|_| Attributes::default());
            if let (Some(bounded), Some(read)) = (&mut bounded, set_by_site) {
                bounded.join(read);
            }
            let name = FoldedName::of(name.as_bytes(), catalogue);
            inventory.put_cookie(name, CookieEntry { set_by_site: bounded, seen });
        }
        for Host { name, entry } in lines.hosts {
            inventory.put_host(name, entry);
        }
        for Key { kind, name, seen } in lines.keys {
            inventory.put_key(kind, FoldedName::of(name.as_bytes(), catalogue), KeyEntry { seen });
        }
        sites.insert(site, inventory);
    }
    Ok(sites)
}
