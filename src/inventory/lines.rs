//! The lines of configuration to add for what a site was seen to do.
//!
//! Names come from strangers. Whatever they hold is written so that it can neither end its quotation marks nor its comment, and nothing
//! but printable ASCII of them reaches a terminal.

use std::collections::HashSet;

use super::{
    CookieEntry, FoldedName, HostAndPort, HostEntry, LineKind, NamePattern, Proposal, Seen, SiteInventory, StorageKind,
    line::{same, table},
    proposal::named_by,
    propose_cookie, propose_host, propose_key,
};
use crate::{
    cookies::Catalogue,
    routing::{ForeignHosts, HostPattern, KnownHost},
};

/// What is configured already.
#[derive(Clone, Copy)]
pub struct Configured<'a> {
    /// The catalogue with the site's own lines.
    pub catalogue: &'a Catalogue,
    /// The site's lines about keys of storage.
    pub storage: &'a Catalogue,
    /// The site's own hosts and those that it lists.
    pub hosts: &'a ForeignHosts,
    /// Hosts known without a word from the operator.
    pub known: &'a [KnownHost],
}

/// One table to add, with what is to be known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Lines that begin with `#`.
    pub comment: String,
    /// The table's lines.
    pub table: String,
    /// Somebody has to choose a category first: the table must not be active.
    pub undecided: bool,
}

impl Block {
    /// The block as it is added to a file.
    pub fn active(&self) -> String {
        if self.undecided { self.commented() } else { format!("{}{}\n", self.comment, self.table) }
    }

    /// The block as a comment: without the first `# ` of each line it is the table with what is to be known about it.
    pub fn commented(&self) -> String {
        let lines = self.comment.lines().chain(self.table.lines()).map(|line| format!("# {line}\n"));
        lines.collect::<String>() + "\n"
    }
}

/// The tables for everything that is not covered yet: cookies, then hosts, then keys of storage.
pub fn blocks(inventory: &SiteInventory, configured: Configured<'_>) -> Vec<Block> {
    let mut written = HashSet::new();
    let mut blocks: Vec<Block> = inventory
        .cookies()
        .filter(|(name, _)| !is_covered(name, configured.catalogue))
        .filter_map(|(name, entry)| cookie(name, entry, configured.catalogue, &mut written))
        .collect();
    let listed = |host: &HostAndPort| {
        let own = configured.hosts.own().iter().any(|own| own.matches(host.host()));
        own || configured.hosts.listed().iter().any(|line| line.port == host.port() && line.host.matches(host.host()))
    };
    let hosts = inventory.hosts().filter(|(name, _)| !listed(name));
    blocks.extend(hosts.map(|(name, entry)| host(name, entry, configured.known)));
    blocks.extend(
        inventory
            .keys()
            .filter(|(_, name, _)| !is_covered(name, configured.storage))
            .filter_map(|(kind, name, entry)| key(kind, name, entry.seen, configured.catalogue, &mut written)),
    );
    blocks
}

/// The tables for cookies that the catalogue alone names: they change nothing but what visitors are shown, which is what the site's own lines
/// say. Of a rule that nobody could verify only the category is written.
pub fn named_by_catalogue(inventory: &SiteInventory, catalogue: &Catalogue) -> Vec<Block> {
    let mut written = HashSet::new();
    let named = inventory.cookies().filter_map(|(name, entry)| {
        let samples = name.samples();
        let (rule, is_listed) = samples.iter().find_map(|sample| catalogue.deciding(sample.as_bytes()))?;
        let pattern = name.pattern().filter(|pattern| !is_listed && written.insert(format!("{pattern:?}")))?;
        let proposal = named_by(rule);
        Some(Block { undecided: true, ..block(&[seen(entry.seen)], LineKind::Cookie, &pattern, &proposal) })
    });
    named.collect()
}

fn is_covered(name: &FoldedName, catalogue: &Catalogue) -> bool {
    let by_rule = name.samples().iter().any(|sample| catalogue.classify(sample.as_bytes()).is_some());
    by_rule || name.pattern().is_some_and(|pattern| catalogue.rules().any(|rule| same(&rule.pattern, &pattern)))
}

fn cookie(
    name: &FoldedName,
    entry: &CookieEntry,
    catalogue: &Catalogue,
    written: &mut HashSet<String>,
) -> Option<Block> {
    let by = match &entry.set_by_site {
        Some(attributes) => {
            let mut said = Vec::new();
            said.extend(attributes.http_only.then(|| "HttpOnly".to_owned()));
            said.extend(attributes.secure.then(|| "Secure".to_owned()));
            said.extend(attributes.partitioned.then(|| "Partitioned".to_owned()));
            said.extend(attributes.same_site_none.then(|| "SameSite=None".to_owned()));
            said.extend(attributes.domains.iter().map(|domain| format!("Domain={domain}")));
            said.extend(attributes.paths.iter().map(|path| format!("Path={}", path.as_str())));
            said.extend(attributes.session.then(|| "until the browser closes".to_owned()));
            said.extend(attributes.persistent.map(|lifetime| format!("up to {lifetime}")));
            format!("set by the site ({})", said.join(", "))
        }
        None => "never set by the site: only ever came from browsers".to_owned(),
    };
    let Some(pattern) = name.pattern() else {
        let what = "cookies whose names are not kept, since they may hold personal data or have no fixed part";
        return written.insert("*".to_owned()).then(|| Block {
            comment: comment(&[what.to_owned(), by, seen(entry.seen)]),
            table: String::new(),
            undecided: true,
        });
    };
    if !written.insert(format!("cookie {pattern:?}")) {
        return None;
    }
    let proposal = propose_cookie(name, entry, catalogue);
    Some(block(&[by, seen(entry.seen)], LineKind::Cookie, &pattern, &proposal))
}

fn host(name: &HostAndPort, entry: &HostEntry, known: &[KnownHost]) -> Block {
    let kinds: Vec<_> = entry.kinds.iter().map(|kind| kind.name()).collect();
    let how = if entry.blocked { "blocked" } else { "reported" };
    let by = format!("{how}: {}, for example on {}", kinds.join(", "), entry.page.as_str());
    let proposal = propose_host(name, known);
    let listed = known.iter().find(|known| known.is(name.host())).map(|known| written_host(&known.host));
    let name = listed.filter(|_| name.port().is_none()).unwrap_or_else(|| name.to_string());
    block(&[by, seen(entry.seen)], LineKind::Host, &NamePattern::Name(name), &proposal)
}

fn key(
    kind: StorageKind,
    name: &FoldedName,
    when: Seen,
    catalogue: &Catalogue,
    written: &mut HashSet<String>,
) -> Option<Block> {
    let pattern = name.pattern()?;
    if !written.insert(format!("storage {pattern:?}")) {
        return None;
    }
    let proposal = propose_key(name, catalogue);
    let by = format!("a key of storage in the browser ({})", kind.name());
    Some(block(&[by, seen(when)], LineKind::Storage, &pattern, &proposal))
}

fn block(comments: &[String], kind: LineKind, pattern: &NamePattern, proposal: &Proposal) -> Block {
    let facts = [&*proposal.owner, &*proposal.purpose, &*proposal.lifetime];
    let table = table(kind, pattern, proposal.category, facts, false);
    let mut comments = comments.to_vec();
    comments.push(proposal.reason.to_string());
    if proposal.category.is_none() {
        comments.push("choose a category, and take the `# ` before each line away".to_owned());
    }
    Block { comment: comment(&comments), table, undecided: proposal.category.is_none() }
}

pub(super) fn written_host(host: &HostPattern) -> String {
    match host {
        HostPattern::Exact(name) => name.clone(),
        HostPattern::Subdomains(name) => format!("*.{name}"),
    }
}

fn seen(seen: Seen) -> String {
    let hours = if seen.hours == 1 { "1 hour".to_owned() } else { format!("{} hours", seen.hours) };
    format!("first seen {}, last {} (UTC), in {hours}", seen.first, seen.last)
}

fn comment(lines: &[String]) -> String {
    lines.iter().map(|line| format!("# {}\n", line.replace(|character: char| character.is_control(), "?"))).collect()
}
