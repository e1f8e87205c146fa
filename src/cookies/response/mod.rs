//! The filter on `Set-Cookie`: what is not allowed does not reach the browser.
//!
//! A line is one cookie (RFC 6265bis, 5.6), commas included, and passes or goes as a whole; none is ever rewritten.

mod deletion;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use self::deletion::is_session_for_servers;
pub(super) use self::deletion::{attributes, is_deletion};
use super::judge::{Verdict, by_owner, by_permit, is_named, judge, name_and_value, trim};
use super::{Catalogue, Permit, RefusedCookies};
use crate::consent::CategoryCounts;

/// What the filter did to a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseOutcome {
    /// What was refused; attempts at the gateway's own names are not among it.
    pub refused: RefusedCookies,
    /// What passed, but for lines that only delete what is refused.
    pub passed: CategoryCounts,
    /// Of these the unknown ones that look like the session of the site: `HttpOnly`, and gone when the browser closes. To
    /// refuse them is the likeliest way to break a login, so the operator should be told.
    pub likely_sessions: RefusedCookies,
}

/// Takes refused `Set-Cookie` lines, and any with one of the gateway's names, out of a response.
///
/// Lines that delete a refused cookie pass, since they only clean up. All other lines stay as they are, in their order.
pub fn filter_response(headers: &mut HeaderMap, catalogue: &Catalogue, permit: Permit) -> ResponseOutcome {
    let mut outcome = ResponseOutcome::default();
    let by_name = by_permit(catalogue, permit);
    retain(headers, |line| {
        let pair = pair_of(line);
        match judge(pair, &by_name) {
            Verdict::Passes(category) => {
                outcome.passed.add(category);
                true
            }
            Verdict::Own => false,
            Verdict::Refused(_) | Verdict::Disguised(_) if is_deletion(line) => true,
            Verdict::Disguised(category) => {
                outcome.refused.count(Some(category));
                false
            }
            Verdict::Refused(category) => {
                let (name, _) = name_and_value(pair);
                outcome.refused.add(category, name);
                if category.is_none() && is_session_for_servers(line) {
                    outcome.likely_sessions.add(category, name);
                }
                false
            }
        }
    });
    outcome
}

/// Takes only lines with one of the gateway's names out: no mode lets the site set those.
pub fn drop_own(headers: &mut HeaderMap) {
    retain(headers, |line| judge(pair_of(line), by_owner) != Verdict::Own);
}

/// Takes every line out that sets another cookie than these; a trailing `*` stands for any rest of a name.
pub fn keep_named_lines(headers: &mut HeaderMap, names: &[&str]) {
    retain(headers, |line| is_named(name_and_value(pair_of(line)).0, names));
}

/// The part of a line that holds name and value (RFC 6265bis, 5.6, step 2). The control characters of step 1 need no
/// care: a [`HeaderValue`] holds none but tabs.
pub(super) fn pair_of(line: &[u8]) -> &[u8] {
    trim(line.split(|byte| *byte == b';').next().unwrap_or_default())
}

/// Keeps the lines that `keep` wants. It is asked exactly once about each, in order.
fn retain(headers: &mut HeaderMap, mut keep: impl FnMut(&[u8]) -> bool) {
    let mut wanted = headers.get_all(SET_COOKIE).into_iter().map(|line| keep(line.as_bytes()));
    // Until a line is refused there is nothing to build; `kept` then says how many stay before it.
    let Some(kept) = wanted.by_ref().position(|wanted| !wanted) else { return };
    let rest: Vec<bool> = wanted.collect();
    let all: Vec<HeaderValue> = headers.get_all(SET_COOKIE).into_iter().cloned().collect();
    headers.remove(SET_COOKIE);
    let flags = std::iter::repeat_n(true, kept).chain([false]).chain(rest);
    for (line, _) in all.into_iter().zip(flags).filter(|(_, wanted)| *wanted) {
        headers.append(SET_COOKIE, line);
    }
}
