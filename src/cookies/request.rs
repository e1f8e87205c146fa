//! The filter on `Cookie`: what is not allowed does not reach the site.
//!
//! It works on bytes and keeps what passes as the browser sent it, odd values included. It can't look into values: an
//! allowed cookie may carry whatever the site puts into it.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use super::judge::{Verdict, by_owner, is_named, judge, judge_sent, name_and_value};
use super::pairs::{Pair, for_each_pair};
use super::{Catalogue, Permit, RefusedCookies};
use crate::consent::CategoryCounts;

/// What the filter did to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOutcome {
    /// What was refused; the gateway's own cookies are not among it.
    pub refused: RefusedCookies,
    /// What passed.
    pub passed: CategoryCounts,
}

/// Takes refused cookies and the gateway's own out of a request.
///
/// Several `Cookie` lines become one (RFC 9113, 8.2.3). A single line of which nothing is refused is not touched, and
/// nothing is allocated for it. When nothing stays, the header goes.
pub fn filter_request(headers: &mut HeaderMap, catalogue: &Catalogue, permit: Permit) -> RequestOutcome {
    let mut refused = RefusedCookies::default();
    let mut passed = CategoryCounts::default();
    rewrite(headers, |pair| {
        let (name, verdict) = judge_sent(pair, catalogue, permit);
        let Verdict::Passes(category) = verdict else {
            note(&mut refused, name, verdict);
            return false;
        };
        passed.add(category);
        true
    });
    RequestOutcome { refused, passed }
}

#[inline(never)]
fn note(refused: &mut RefusedCookies, name: &[u8], verdict: Verdict) {
    match verdict {
        Verdict::Refused(Some(category)) => refused.add(Some(category), name),
        // Names are kept for being expired later. One that nobody knows may be the login of a service on a neighbouring host: it is
        // held back and not deleted.
        Verdict::Refused(None) => refused.count(None),
        Verdict::Disguised(category) => refused.count(Some(category)),
        Verdict::Passes(_) | Verdict::Own => {}
    }
}

/// Takes only the gateway's own cookies out of a request: for mode `observe`, `pass_through` and upgrades.
pub fn filter_own(headers: &mut HeaderMap) {
    rewrite(headers, |pair| judge(pair.text(), by_owner) != Verdict::Own);
}

/// Takes every cookie out of a request that is not one of these; a trailing `*` stands for any rest of a name.
pub fn keep_named(headers: &mut HeaderMap, names: &[&str]) {
    rewrite(headers, |pair| is_named(name_and_value(pair.text()).0, names));
}

/// Keeps the pairs that `keep` wants. It is asked exactly once about each, in order.
fn rewrite(headers: &mut HeaderMap, mut keep: impl FnMut(Pair<'_>) -> bool) {
    let mut lines = headers.get_all(COOKIE).into_iter();
    let Some(first) = lines.next() else { return };
    // The usual request has one line; until something in it is refused, there is nothing to build.
    let mut rest = lines.peekable();
    let mut kept: Option<Vec<u8>> = rest.peek().map(|_| Vec::new());
    filter_line(first.as_bytes(), &mut kept, &mut keep);
    for line in rest {
        filter_line(line.as_bytes(), &mut kept, &mut keep);
    }
    let Some(kept) = kept else { return };
    let sensitive = first.is_sensitive();
    if kept.is_empty() {
        headers.remove(COOKIE);
        return;
    }
    let mut value = HeaderValue::try_from(kept).expect("pieces of header values joined by `; `");
    value.set_sensitive(sensitive);
    headers.insert(COOKIE, value);
}

/// Appends what is kept of a line. With `kept` at `None` the line is the only one and is not copied before a pair is refused.
#[inline]
fn filter_line(line: &[u8], kept: &mut Option<Vec<u8>>, keep: &mut impl FnMut(Pair<'_>) -> bool) {
    // A run of neighbours that stay is copied in one piece, so that separators between them stay as they are.
    let mut run_start = 0;
    for_each_pair(line, |pair| {
        if !keep(pair) {
            append(kept.get_or_insert_with(|| Vec::with_capacity(line.len())), &line[run_start..pair.from]);
            run_start = pair.end + 1;
        }
    });
    if let Some(kept) = kept {
        append(kept, line.get(run_start..).unwrap_or_default());
    }
}

#[inline(never)]
fn append(kept: &mut Vec<u8>, run: &[u8]) {
    let outside = |byte: &u8| matches!(byte, b';' | b' ' | b'\t');
    let Some(start) = run.iter().position(|byte| !outside(byte)) else { return };
    let end = run.iter().rposition(|byte| !outside(byte)).map_or(start, |last| last + 1);
    if !kept.is_empty() {
        kept.extend_from_slice(b"; ");
    }
    kept.extend_from_slice(&run[start..end]);
}
