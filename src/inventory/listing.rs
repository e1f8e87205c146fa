//! Everything that was seen of a site, one by one: what is known of it already, and what is proposed for what is not.

use super::{
    Attributes, FoldedName, HostAndPort, HostEntry, Line, LineKind, NamePattern, Proposal, Seen, SiteInventory,
    StorageKind,
    line::same,
    lines::{Configured, written_host},
    propose_cookie, propose_host, propose_key,
};
use crate::{
    consent::Category,
    cookies::{Catalogue, Rule},
    routing::known_host,
};

/// One name that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub what: What,
    /// As it is shown; what was folded is `*`.
    pub name: String,
    /// When.
    pub seen: Seen,
    /// Whether anybody has named it.
    pub standing: Standing,
}

/// What was seen, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A cookie: what the site says when it sets it, or `None` where it never does.
    Cookie(Option<Attributes>),
    /// A host: what pages want from it.
    Host(HostEntry),
    /// A key of the browser's storage.
    Key(StorageKind),
}

/// Whether anybody has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A list has it.
    Known {
        /// What for.
        category: Category,
        /// Whose. Empty where nobody said.
        owner: String,
        /// The site's own lines have it; otherwise a list of ours does.
        is_listed: bool,
        /// Of a host: that it may learn full addresses.
        sees_address: bool,
    },
    /// Nobody has.
    Unknown {
        /// What could be said.
        proposal: Proposal,
        /// How a line would find it; `None` where nothing of its name was kept, or no line of this kind can say it.
        pattern: Option<NamePattern>,
    },
}

impl Item {
    /// What a line about it is about.
    pub const fn kind(&self) -> LineKind {
        match self.what {
            What::Cookie(_) => LineKind::Cookie,
            What::Host(_) => LineKind::Host,
            What::Key(_) => LineKind::Storage,
        }
    }

    /// The line that puts it into a category; `None` where it needs none or none can.
    pub fn line(&self, category: Category) -> Option<Line> {
        match &self.standing {
            Standing::Unknown { proposal, pattern } => {
                Some(Line::new(self.kind(), pattern.clone()?, category, proposal))
            }
            Standing::Known { .. } => None,
        }
    }
}

/// Everything that was seen: cookies, hosts, keys of storage, each by name.
pub fn items(inventory: &SiteInventory, configured: Configured<'_>) -> Vec<Item> {
    let cookies = inventory.cookies().map(|(name, entry)| Item {
        what: What::Cookie(entry.set_by_site.clone()),
        name: name.to_string(),
        seen: entry.seen,
        standing: known(name, configured.catalogue).unwrap_or_else(|| Standing::Unknown {
            proposal: propose_cookie(name, entry, configured.catalogue),
            pattern: name.pattern(),
        }),
    });
    let is_own = |name: &HostAndPort| configured.hosts.own().iter().any(|own| own.matches(name.host()));
    let hosts = inventory.hosts().filter(|(name, _)| !is_own(name)).map(|(name, entry)| Item {
        what: What::Host(entry.clone()),
        name: name.to_string(),
        seen: entry.seen,
        standing: host(name, configured),
    });
    let keys = inventory.keys().map(|(kind, name, entry)| Item {
        what: What::Key(kind),
        name: name.to_string(),
        seen: entry.seen,
        standing: known(name, configured.storage)
            // The rules for cookies hold for keys too.
            .or_else(|| known(name, configured.catalogue))
            .unwrap_or_else(|| Standing::Unknown {
                proposal: propose_key(name, configured.catalogue),
                pattern: name.pattern().filter(|pattern| matches!(pattern, NamePattern::Name(_))),
            }),
    });
    cookies.chain(hosts).chain(keys).collect()
}

fn known(name: &FoldedName, catalogue: &Catalogue) -> Option<Standing> {
    let samples = name.samples();
    let decided = samples.iter().find_map(|sample| catalogue.deciding(sample.as_bytes()));
    if let Some((rule, is_listed)) = decided {
        return Some(by_rule(rule, is_listed));
    }
    // A rule that is written as the name is, of which no sample is one.
    let pattern = name.pattern()?;
    let written = catalogue.rules().find(|rule| same(&rule.pattern, &pattern))?;
    Some(by_rule(written, true))
}

fn by_rule(rule: &Rule, is_listed: bool) -> Standing {
    Standing::Known { category: rule.category, owner: rule.owner.to_string(), is_listed, sees_address: false }
}

fn host(name: &HostAndPort, configured: Configured<'_>) -> Standing {
    if let Some(line) = configured.hosts.find(name.host(), name.port()) {
        let (category, owner) = (line.category, line.owner.to_string());
        let is_listed = configured.hosts.listed().contains(line);
        return Standing::Known { category, owner, is_listed, sees_address: line.sees_address };
    }
    let proposal = propose_host(name, configured.known);
    let listed = known_host(configured.known, name.host()).filter(|_| name.port().is_none());
    let written = listed.map_or_else(|| name.to_string(), |known| written_host(&known.host));
    Standing::Unknown { proposal, pattern: Some(NamePattern::Name(written)) }
}
