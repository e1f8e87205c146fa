//! Where a script may have kept a name: all guesses, numbered, so that a flood of names on a deep path costs no memory.

use std::ops::Range;

use super::{ExpiryScope, PlaceRef, RefusedCookies, Target, bound_to_host, is_own, needs_https};
use crate::cookies::reach::{domains, paths};

/// Guesses about the names that came with a request.
pub(super) struct Plan<'a> {
    /// Names that take any domain and path; those that came more than once first.
    free: Vec<&'a str>,
    /// How many of them came more than once.
    repeated: usize,
    /// Names that begin with `__Host-`: `/` and no domain (RFC 6265bis, 4.1.3.2).
    bound: Vec<&'a str>,
    /// What free names are tried with, the likely ones first.
    places: Vec<PlaceRef<'a>>,
    /// How many of the places are likely.
    likely_places: usize,
    /// Whether there are partitions to look into: only cookies that came by https are in one.
    partitions: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn new(refused: &'a RefusedCookies, scope: &ExpiryScope<'a>) -> Self {
        let (mut free, mut once, mut bound) = (Vec::new(), Vec::new(), Vec::new());
        for (name, repeated) in refused.names_and_repeats() {
            let bytes = name.as_bytes();
            if is_own(bytes) || (!scope.secure && needs_https(bytes)) {
                continue;
            }
            let kind = match () {
                () if bound_to_host(bytes) => &mut bound,
                () if repeated => &mut free,
                () => &mut once,
            };
            kind.push(name);
        }
        let repeated = free.len();
        free.append(&mut once);
        if free.is_empty() && bound.is_empty() {
            return Self { free, repeated, bound, places: Vec::new(), likely_places: 0, partitions: false };
        }
        let domains = domains(scope.host);
        let mut places = Vec::new();
        for path in paths(scope.next.unwrap_or(scope.path)) {
            for partitioned in [false, true].into_iter().filter(|partitioned| scope.secure || !partitioned) {
                places.extend(domains.iter().map(|domain| PlaceRef { domain: *domain, path, partitioned }));
            }
        }
        // The first places are `/`, unpartitioned, for the host alone and for its registrable domain.
        Self { free, repeated, bound, places, likely_places: domains.len().min(2), partitions: scope.secure }
    }

    /// How many guesses there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.guesses(2).end
    }

    /// The numbers of a kind of guesses: 0 are likely, 1 are others about names that came more than once, 2 are the rest.
    pub(super) fn guesses(&self, kind: usize) -> Range<usize> {
        let other_places = self.places.len() - self.likely_places;
        let likely = self.free.len() * self.likely_places + self.bound.len();
        let repeated = likely + self.repeated * other_places;
        let twins = if self.partitions { self.bound.len() } else { 0 };
        let rest = repeated + twins + (self.free.len() - self.repeated) * other_places;
        match kind {
            0 => 0..likely,
            1 => likely..repeated,
            _ => repeated..rest,
        }
    }

    /// The guess with this number. Likely ones: places of free names, bound names. Others of repeated names. The rest: twins of bound names,
    /// other places of names that came once.
    pub(super) fn target(&self, index: usize) -> Target<'a> {
        let likely = self.free.len() * self.likely_places;
        let bound = |index, partitioned| Target {
            name: self.bound[index],
            place: PlaceRef { domain: None, path: "/", partitioned },
        };
        let (repeated, once) = self.free.split_at(self.repeated);
        let free = |names: &[&'a str], from: usize, index: usize| Target {
            name: names[index % names.len()],
            place: self.places[from + index / names.len()],
        };
        let (first, last) = (self.guesses(0), self.guesses(1));
        if index < likely {
            free(&self.free, 0, index)
        } else if first.contains(&index) {
            bound(index - likely, false)
        } else if last.contains(&index) {
            free(repeated, self.likely_places, index - last.start)
        } else {
            let index = index - last.end;
            let twins = if self.partitions { self.bound.len() } else { 0 };
            if index < twins { bound(index, true) } else { free(once, self.likely_places, index - twins) }
        }
    }
}
