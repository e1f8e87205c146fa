//! Lines that expire refused cookies which a browser still keeps.
//!
//! A request tells the name of a cookie but neither its domain nor its path. Both have to be repeated to delete it, yet
//! they can only be a suffix of the host and a prefix of the path, so the lines try every combination, some on each
//! response. Cookies of paths that the visitor does not ask for are not sent either, and are met when they are.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::ops::Range;

use http::HeaderValue;

use super::{RefusedCookies, is_own};

/// Most bytes that the lines add to one response. Servers in front often allow 4 KB for all headers of a response.
pub(super) const BUDGET_BYTES: usize = 2048;

/// What HTTP/1.1 adds to each value: `set-cookie: ` and the line's end.
const LINE_OVERHEAD_BYTES: usize = 14;

/// Most domains tried for one host: deeper names than this hardly exist, and a `Host` may have 127 labels.
const MOST_DOMAINS: usize = 8;

/// Longest prefix of a path that is tried, in bytes: a line with it and the longest name must fit the budget.
const LONGEST_PATH: usize = 512;

/// Most prefixes of a path that are tried; `/a` and `/a/` are two.
const MOST_PATHS: usize = 33;

/// About how many lines fit the budget: how far the start moves from one response to the next.
const LINES_A_RESPONSE: u64 = 16;

/// Every how many responses the less likely combinations go first, so that many names can't keep them from their turn.
const OTHERS_FIRST_EVERY: u64 = 4;

/// Where a response goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryScope<'a> {
    /// The host as the browser knows it, without port.
    pub host: &'a str,
    /// The path of the request, without query.
    pub path: &'a str,
    /// Whether the browser came by https.
    pub secure: bool,
}

/// `Set-Cookie` values that expire these names, within `BUDGET_BYTES`.
///
/// The likeliest combinations come first: `/` for the host alone and for its registrable domain. The others take turns:
/// `round` should change by one from response to response, and then each has had its turn after as many rounds as there
/// are combinations, usually far sooner. Names of the gateway are left out, and over http those that begin with
/// `__Host-` or `__Secure-`, since http can't delete them.
pub fn expiry_lines(names: &RefusedCookies, scope: &ExpiryScope<'_>, round: u64) -> Vec<HeaderValue> {
    if names.is_empty() {
        return Vec::new();
    }
    let plan = Plan::new(names, scope);
    let (turn, place) = (round / OTHERS_FIRST_EVERY, round % OTHERS_FIRST_EVERY);
    let others_first = place == OTHERS_FIRST_EVERY - 1;
    // Both kinds count their own turns, without gaps, or some starts would never come.
    let likely_turn = turn * (OTHERS_FIRST_EVERY - 1) + place.min(OTHERS_FIRST_EVERY - 2);
    let likely = (0..plan.likely_count(), likely_turn);
    let others = (plan.likely_count()..plan.count(), turn);
    let order = if others_first { [others, likely] } else { [likely, others] };
    let mut lines = Vec::new();
    let mut left = BUDGET_BYTES;
    for (group, turn) in order {
        for index in in_turn(group, turn) {
            let line = plan.target(index).line(scope.secure);
            let Some(rest) = left.checked_sub(line.len() + LINE_OVERHEAD_BYTES) else { break };
            left = rest;
            lines.push(HeaderValue::try_from(line).expect("name, domain and path are printable ASCII"));
        }
    }
    lines
}

/// One cookie as a browser may keep it.
#[derive(Clone, Copy, Debug)]
struct Target<'a> {
    name: &'a str,
    shape: Shape<'a>,
}

impl Target<'_> {
    /// `Max-Age=0` alone: every browser of the last ten years obeys it (RFC 6265, 5.2.2), and `Expires` is four times as
    /// long, which would leave room for a third fewer lines.
    fn line(&self, secure: bool) -> String {
        let mut line = format!("{}=; Path={}", self.name, self.shape.path);
        if let Some(domain) = self.shape.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        line.push_str("; Max-Age=0");
        if secure {
            line.push_str("; Secure");
        }
        if self.shape.partitioned {
            line.push_str("; SameSite=None; Partitioned");
        }
        line
    }
}

/// All combinations, numbered: names share the shapes, so that a flood of names on a deep path costs no memory.
struct Plan<'a> {
    /// Names that take any domain and path.
    free: Vec<&'a str>,
    /// Names that begin with `__Host-`: `/` and no domain (RFC 6265bis, 4.1.3.2).
    bound: Vec<&'a str>,
    /// What free names are tried with, the likely ones first.
    shapes: Vec<Shape<'a>>,
    /// How many of the shapes are likely.
    likely_shapes: usize,
    /// Whether there are partitions to look into: only cookies that came by https are in one.
    partitions: bool,
}

/// Where a cookie may be kept, and in which jar.
#[derive(Clone, Copy, Debug)]
struct Shape<'a> {
    /// `None` for a cookie of the host alone.
    domain: Option<&'a str>,
    path: &'a str,
    /// In the jar that the browser keeps apart for the page's site (CHIPS).
    partitioned: bool,
}

impl<'a> Plan<'a> {
    fn new(names: &'a RefusedCookies, scope: &ExpiryScope<'a>) -> Self {
        let begins =
            |name: &str, prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let needs_https = |name: &str| begins(name, "__Host-") || begins(name, "__Secure-");
        let names = names.names().filter(|name| !is_own(name.as_bytes()) && (scope.secure || !needs_https(name)));
        let (bound, free) = names.partition(|name| begins(name, "__Host-"));
        let domains = domains(scope.host);
        let mut shapes = Vec::new();
        for path in paths(scope.path) {
            for partitioned in [false, true].into_iter().filter(|partitioned| scope.secure || !partitioned) {
                shapes.extend(domains.iter().map(|domain| Shape { domain: *domain, path, partitioned }));
            }
        }
        // The first shapes are `/`, unpartitioned, for the host alone and for its registrable domain.
        Self { free, bound, shapes, likely_shapes: domains.len().min(2), partitions: scope.secure }
    }

    fn likely_count(&self) -> usize {
        self.free.len() * self.likely_shapes + self.bound.len()
    }

    fn count(&self) -> usize {
        let twins = if self.partitions { self.bound.len() } else { 0 };
        self.free.len() * self.shapes.len() + self.bound.len() + twins
    }

    /// In order: likely shapes of free names, bound names, twins of bound names, other shapes of free names.
    fn target(&self, index: usize) -> Target<'a> {
        let bound = |name, partitioned| Target { name, shape: Shape { domain: None, path: "/", partitioned } };
        let likely = self.free.len() * self.likely_shapes;
        let free = |index| {
            let (shape, name) = (index / self.free.len(), index % self.free.len());
            Target { name: self.free[name], shape: self.shapes[shape] }
        };
        let Some(after) = index.checked_sub(likely) else { return free(index) };
        let twins = if self.partitions { self.bound.len() } else { 0 };
        match after.checked_sub(self.bound.len() + twins) {
            Some(other) => free(likely + other),
            None => bound(self.bound[after % self.bound.len()], after >= self.bound.len()),
        }
    }
}

/// The numbers of a group, all of them, from a start that moves on with every turn and meets each number in time.
fn in_turn(group: Range<usize>, turn: u64) -> impl Iterator<Item = usize> {
    let count = group.len().max(1) as u64;
    // A step without a common factor leads to every start before it comes back to the first.
    let step = (LINES_A_RESPONSE..).find(|step| common_factor(*step, count) == 1).unwrap_or(1);
    let start = (u128::from(turn) * u128::from(step) % u128::from(count)) as usize;
    let (first, last) = (group.start, group.end);
    let start = (first + start).min(last);
    (start..last).chain(first..start)
}

fn common_factor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { common_factor(other, one % other) }
}

/// The host alone, then the registrable domain and what lies between it and the host.
fn domains(host: &str) -> Vec<Option<&str>> {
    let mut domains = vec![None];
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // The list takes the end of an address for a domain; and nothing that could end the attribute may stand in it.
    let plain = host.bytes().all(legal) && !host.ends_with('.') && host.parse::<IpAddr>().is_err();
    let Some(registrable) = psl::domain_str(host).filter(|_| plain) else { return domains };
    let ends = |start: &usize| *start == 0 || host.as_bytes()[start - 1] == b'.';
    let starts = (0..=host.len() - registrable.len()).rev().filter(ends);
    domains.extend(starts.map(|start| Some(&host[start..])).take(MOST_DOMAINS));
    domains
}

/// `/`, and every prefix of the path that ends before or after a slash. A path that could not stand in the attribute is cut there.
fn paths(path: &str) -> Vec<&str> {
    let legal = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',');
    let end = path.bytes().position(|byte| !legal(byte)).unwrap_or(path.len());
    // What is cut is not a whole segment, so it is no prefix in the sense of RFC 6265, 5.1.4.
    let cut = end < path.len();
    let path = &path[..end];
    let mut paths = vec!["/"];
    for (slash, _) in path.match_indices('/').skip(1) {
        paths.extend([&path[..slash], &path[..=slash]]);
    }
    if !cut && path.len() > 1 && !path.ends_with('/') {
        paths.push(path);
    }
    paths.dedup();
    paths.retain(|path| path.starts_with('/') && path.len() <= LONGEST_PATH);
    paths.truncate(MOST_PATHS);
    paths
}
