//! Lines that expire refused cookies which a browser still keeps.
//!
//! A request tells the name of a cookie but neither its domain nor its path, and both have to be repeated to delete it. Where the site
//! was seen to keep a name, those places come first. A script may have kept it elsewhere, but only under a suffix of the host and a prefix
//! of the path, so the lines try every combination, some on each response.

mod plan;
#[cfg(test)]
mod tests;

use std::ops::Range;

use http::HeaderValue;

use self::plan::Plan;
use super::RefusedCookies;
use super::own::{bound_to_host, is_own, needs_http_only, needs_https};
use super::places::{Place, PlaceRef};
use super::reach::{domains, path_reaches};

/// Most bytes that the lines add to one response. Servers in front often allow 4 KB for all headers of a response.
pub(super) const BUDGET_BYTES: usize = 2048;

/// What HTTP/1.1 adds to each value: `set-cookie: ` and the line's end.
const LINE_OVERHEAD_BYTES: usize = 14;

/// About how many lines fit the budget: how far the start moves from one response to the next.
const LINES_A_RESPONSE: u64 = 16;

/// Kinds of lines, in the order of their likelihood.
const KINDS: usize = 5;

/// Where a response goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryScope<'a> {
    /// The host as the browser knows it, without port.
    pub host: &'a str,
    /// The path of the request, without query.
    pub path: &'a str,
    /// The path of the page that follows, where the request was a choice: what is kept for that page has not come along with it.
    pub next: Option<&'a str>,
    /// Whether the browser came by https.
    pub secure: bool,
}

/// `Set-Cookie` values that expire `refused` names, within `BUDGET_BYTES`, and those that the site was seen to keep where this request does
/// not reach.
///
/// `observed` are places of refused names; the caller says of which. The order is: observed places within reach, observed places beyond,
/// then guesses: `/` for the host alone and for its registrable domain, then other places of names that came more than once, then the rest.
/// `round` should change by one from response to response: each kind comes first in turn, and within a kind each line, so that each has had
/// its turn after a few times as many rounds as there are lines, usually far sooner. The answer to a choice is one response and keeps to the order.
///
/// Names of the gateway are left out, and over http those that only https can delete. No line has a domain that is not the host's own, from
/// its registrable domain down.
pub fn expiry_lines<'a>(
    refused: &'a RefusedCookies,
    observed: impl Iterator<Item = (&'a str, &'a Place)>,
    scope: &ExpiryScope<'a>,
    round: u64,
) -> Vec<HeaderValue> {
    let (within, beyond) = observed_targets(refused, observed, scope);
    let plan = Plan::new(refused, scope);
    let first = if scope.next.is_some() { 0 } else { (round % KINDS as u64) as usize };
    let mut lines = Lines { lines: Vec::new(), left: BUDGET_BYTES, secure: scope.secure };
    // The kind whose turn it is goes first, so that a flood of another can't keep it from its turn; the others follow in their order.
    for kind in std::iter::once(first).chain((0..KINDS).filter(|kind| *kind != first)) {
        match kind {
            0 => lines.add(in_turn(0..within.len(), round).map(|index| within[index])),
            1 => lines.add(in_turn(0..beyond.len(), round).map(|index| beyond[index])),
            guess => lines.add(in_turn(plan.guesses(guess - 2), round).map(|index| plan.target(index))),
        }
    }
    lines.lines
}

/// Places where the site was seen to keep the names, as far as this response can reach them: those from which the request brings cookies, if
/// there are any, and those from which it does not. A name that did not come is not kept at the former.
fn observed_targets<'a>(
    refused: &RefusedCookies,
    observed: impl Iterator<Item = (&'a str, &'a Place)>,
    scope: &ExpiryScope<'a>,
) -> (Vec<Target<'a>>, Vec<Target<'a>>) {
    let domains = domains(scope.host);
    let targets = observed.map(|(name, place)| Target { name, place: place.borrowed() });
    let reachable = targets.filter(|Target { name, place }| {
        let sendable = scope.secure || (!place.partitioned && !needs_https(name.as_bytes()));
        sendable && !is_own(name.as_bytes()) && domains.contains(&place.domain)
    });
    let (mut within, beyond): (Vec<_>, Vec<_>) =
        reachable.partition(|target| path_reaches(target.place.path, scope.path));
    within.retain(|target| refused.names().any(|name| name == target.name));
    (within, beyond)
}

/// One cookie as a browser may keep it.
#[derive(Clone, Copy, Debug)]
struct Target<'a> {
    name: &'a str,
    place: PlaceRef<'a>,
}

impl Target<'_> {
    /// A negative `Max-Age` alone: browsers obey it (RFC 6265, 5.2.2), and `Expires` is four times as long, which would leave room for a third
    /// fewer lines. Zero is not past to Firefox 153 when its clock moves on while it reads the line: it then keeps an empty cookie, which it
    /// never sends but still lists.
    fn line(&self, secure: bool) -> String {
        let mut line = format!("{}=; Path={}", self.name, self.place.path);
        if let Some(domain) = self.place.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        line.push_str("; Max-Age=-1");
        if secure {
            line.push_str("; Secure");
        }
        if needs_http_only(self.name.as_bytes()) {
            line.push_str("; HttpOnly");
        }
        if self.place.partitioned {
            line.push_str("; SameSite=None; Partitioned");
        }
        line
    }
}

/// The lines of one response, while they are within the budget.
struct Lines {
    lines: Vec<HeaderValue>,
    left: usize,
    secure: bool,
}

impl Lines {
    /// Adds the lines of targets until one does not fit; what another kind has brought already is not said twice.
    fn add<'a>(&mut self, targets: impl Iterator<Item = Target<'a>>) {
        for target in targets {
            let line = target.line(self.secure);
            if self.lines.iter().any(|known| known.as_bytes() == line.as_bytes()) {
                continue;
            }
            let Some(rest) = self.left.checked_sub(line.len() + LINE_OVERHEAD_BYTES) else { return };
            self.left = rest;
            self.lines.push(HeaderValue::try_from(line).expect("name, domain and path hold no control character"));
        }
    }
}

/// The numbers of a kind, all of them, from a start that moves on with every round. Also where a kind's own turn comes every few rounds only, the
/// starts lie nearer to each other than the lines of one response reach.
fn in_turn(group: Range<usize>, round: u64) -> impl Iterator<Item = usize> {
    let count = group.len().max(1) as u64;
    // A step without a common factor leads to every start before it comes back to the first.
    let step = (LINES_A_RESPONSE..).find(|step| common_factor(*step, count) == 1).unwrap_or(1);
    let start = (u128::from(round) * u128::from(step) % u128::from(count)) as usize;
    let (first, last) = (group.start, group.end);
    let start = (first + start).min(last);
    (start..last).chain(first..start)
}

fn common_factor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { common_factor(other, one % other) }
}
