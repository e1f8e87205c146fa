//! Where a site keeps its optional cookies: the domain, path and jar that its `Set-Cookie` lines gave to a name.
//!
//! A request tells of a cookie only its name. What the site once said about the name tells the rest, so that a withdrawal deletes exactly
//! what was set, and also what lies under a path that this request does not reach. Values, and names that are necessary or that nobody
//! knows, are not kept, and nothing is known of any visitor.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use http::{HeaderMap, header::SET_COOKIE};

use super::judge::name_and_value;
use super::own::{bound_to_host, is_own};
use super::reach::{LONGEST_PATH, default_path, domains, stands_in_path};
use super::refused::can_be_kept;
use super::response::{attributes, is_deletion, pair_of};
use super::{Catalogue, Permit};
use crate::consent::Category;

/// Most names kept for one site. Sites set a few dozen; one that makes names up for each visitor pushes its oldest out.
pub const MOST_NAMES: usize = 256;

/// Most places kept for one name: some domains and paths, in both jars. With names and paths at their longest this bounds a site's table at
/// about 4 MB; usual ones take a few kilobytes.
pub const MOST_PLACES: usize = 16;

/// Where a browser keeps a cookie: together with the name, what tells it from others (RFC 6265bis, 5.7; CHIPS). `Secure` and `HttpOnly`
/// belong to the cookie and not to its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    domain: Option<Box<str>>,
    path: Box<str>,
    partitioned: bool,
}

/// [`Place`] without owning its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlaceRef<'a> {
    /// `None` for a cookie of the host alone.
    pub(super) domain: Option<&'a str>,
    pub(super) path: &'a str,
    /// In the jar that the browser keeps apart for the page's site (CHIPS).
    pub(super) partitioned: bool,
}

impl Place {
    pub(super) fn borrowed(&self) -> PlaceRef<'_> {
        PlaceRef { domain: self.domain.as_deref(), path: &self.path, partitioned: self.partitioned }
    }
}

impl From<PlaceRef<'_>> for Place {
    fn from(place: PlaceRef<'_>) -> Self {
        Self { domain: place.domain.map(Into::into), path: place.path.into(), partitioned: place.partitioned }
    }
}

/// A name with a place that is not in the table.
pub type NewPlace = (Box<str>, Place);

/// The table of one site. What is full lets its oldest entry go, so that nothing that strangers bring about stays for good: a place that
/// is still in use comes again.
#[derive(Debug, Default)]
pub struct ObservedPlaces {
    names: HashMap<Box<str>, Known>,
    /// Names ever added: their order of age.
    added: u64,
}

#[derive(Debug)]
struct Known {
    added: u64,
    /// The newest last.
    places: Vec<Place>,
}

impl ObservedPlaces {
    /// What an answer's `Set-Cookie` lines say that is not in the table. Reads only, and allocates nothing where all is known.
    ///
    /// `host` and `path` are those of the request. Lines that browsers would not take are left out, and those that delete.
    pub fn unknown_in(&self, headers: &HeaderMap, catalogue: &Catalogue, host: &str, path: &str) -> Vec<NewPlace> {
        let mut new = Vec::new();
        for line in headers.get_all(SET_COOKIE) {
            let line = line.as_bytes();
            let (name, _) = name_and_value(pair_of(line));
            let known = std::str::from_utf8(name).ok().and_then(|name| self.names.get(name));
            if known.is_none() && !is_optional(name, catalogue) {
                continue;
            }
            let Some(place) = place_of(line, name, host, path) else { continue };
            if known.is_some_and(|known| known.places.iter().any(|seen| seen.borrowed() == place)) || is_deletion(line)
            {
                continue;
            }
            if let Some(name) = can_be_kept(name) {
                new.push((name.into(), place.into()));
            }
        }
        new
    }

    /// Takes them into the table.
    pub fn add(&mut self, new: Vec<NewPlace>) {
        for (name, place) in new {
            if !self.names.contains_key(&name) && self.names.len() >= MOST_NAMES {
                let oldest = self.names.iter().min_by_key(|(_, known)| known.added).map(|(name, _)| name.clone());
                oldest.and_then(|name| self.names.remove(&name));
            }
            self.added += 1;
            let known = self.names.entry(name).or_insert(Known { added: self.added, places: Vec::new() });
            if known.places.contains(&place) {
                continue;
            }
            if known.places.len() >= MOST_PLACES {
                known.places.remove(0);
            }
            known.places.push(place);
        }
    }

    /// The places of these names.
    pub fn of<'a>(&'a self, names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (&'a str, &'a Place)> {
        let known = names.filter_map(|name| self.names.get_key_value(name));
        known.flat_map(|(name, known)| known.places.iter().map(move |place| (&**name, place)))
    }

    /// The places of every name that is refused under this permit.
    pub fn refused(&self, catalogue: &Catalogue, permit: Permit) -> impl Iterator<Item = (&str, &Place)> {
        let refused = move |name: &str| {
            catalogue.classify(name.as_bytes()).is_some_and(|category| !permit.allowed.permits(category))
        };
        self.of(self.names.keys().map(|name| &**name).filter(move |name| refused(name)))
    }
}

fn is_optional(name: &[u8], catalogue: &Catalogue) -> bool {
    !is_own(name) && catalogue.classify(name).is_some_and(|category| category != Category::Necessary)
}

/// Where a browser would keep the cookie of a line (RFC 6265bis, 5.6 and 5.7), or `None` where it would not take it, or never send it.
fn place_of<'a>(line: &'a [u8], name: &[u8], host: &'a str, request_path: &'a str) -> Option<PlaceRef<'a>> {
    let (mut domain, mut path, mut partitioned, mut secure) = (&b""[..], &b""[..], false, false);
    for (attribute, value) in attributes(line) {
        // The last of several wins.
        match () {
            () if attribute.eq_ignore_ascii_case(b"domain") => domain = value,
            () if attribute.eq_ignore_ascii_case(b"path") => path = value,
            () if attribute.eq_ignore_ascii_case(b"partitioned") => partitioned = true,
            () if attribute.eq_ignore_ascii_case(b"secure") => secure = true,
            () => {}
        }
    }
    let domain = domain.strip_prefix(b".").unwrap_or(domain);
    let domain = if domain.is_empty() {
        None
    } else {
        let same = |own: &&str| own.as_bytes().eq_ignore_ascii_case(domain);
        match domains(host).into_iter().flatten().find(same) {
            Some(own) => Some(own),
            // A host that is a public suffix, an address or `localhost` may name itself, which means the host alone.
            None if same(&host) => None,
            None => return None,
        }
    };
    let path = if path.starts_with(b"/") { std::str::from_utf8(path).ok()? } else { default_path(request_path) };
    let bound = bound_to_host(name);
    let taken = (secure || !partitioned) && (!bound || (domain.is_none() && path == "/"));
    let sent = path.len() <= LONGEST_PATH && path.bytes().all(stands_in_path);
    (taken && sent).then_some(PlaceRef { domain, path, partitioned })
}
