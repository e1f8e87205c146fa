//! The verdict on one pair of a `Cookie` or `Set-Cookie` line, as browsers and servers would read it.

use super::catalogue::Standing;
use super::own::is_own;
use super::pairs::Pair;
use super::{Catalogue, Permit, Unknown};
use crate::consent::Category;

/// What becomes of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It passes, of this category, or `None`: unknown or not asked.
    Passes(Option<Category>),
    /// It is the gateway's and ends here.
    Own,
    /// It is refused: of a category that is not allowed, or `None`: unknown.
    Refused(Option<Category>),
    /// It is refused for another reading of the pair than the browser's; its own name may be allowed and is not to be expired.
    Disguised(Category),
}

/// The name and the value (RFC 6265bis, 5.6): without `=` the name is empty. White space around both is not part of them.
pub(super) fn name_and_value(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', pair) {
        Some(end) => (trim(&pair[..end]), trim(&pair[end + 1..])),
        None => (b"", trim(pair)),
    }
}

/// Whether a name is one of these, where a trailing `*` stands for any rest.
pub(super) fn is_named(name: &[u8], names: &[&str]) -> bool {
    let is = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    };
    names.iter().any(|pattern| is(pattern))
}

/// Without spaces and tabs at both ends: all the white space that a header value can hold.
#[inline(never)]
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let inside = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(inside).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(inside).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// The verdict on a trimmed pair that `by_name` would give, made proof against other ways to read the pair.
///
/// Not every server reads `Cookie` as browsers write it. Some also part cookies at commas (RFC 2965) or white space, or
/// take quotation marks away. So a pair is held back as well when such a reading yields a name that is ours or that a rule
/// refuses. Names that are merely unknown do not count there: values hold `x=1, y=2` of their own.
pub(super) fn judge(pair: &[u8], by_name: impl Fn(&[u8]) -> Verdict) -> Verdict {
    let (name, value) = name_and_value(pair);
    let verdict = by_name(name);
    if !matches!(verdict, Verdict::Passes(_)) {
        return verdict;
    }
    // A nameless cookie is sent as its bare value, so the value may become a name on the way.
    let ambiguous = name.is_empty() && memchr::memchr(b'=', value).is_some();
    if !ambiguous && !has_delimiter(pair) {
        return verdict;
    }
    let tricks =
        pair.iter().enumerate().filter(|(_, byte)| **byte == b'=').map(|(end, _)| by_name(word_before(pair, end)));
    let mut bad = tricks.filter_map(|verdict| match verdict {
        Verdict::Own => Some(Verdict::Own),
        Verdict::Refused(Some(category)) => Some(Verdict::Disguised(category)),
        _ => None,
    });
    bad.next().unwrap_or(verdict)
}

/// The name of a pair of a request and the verdict on the pair, by catalogue and permit.
///
/// A plain pair with a name has but one reading, so the name alone decides.
#[inline]
pub(super) fn judge_sent<'h>(pair: Pair<'h>, catalogue: &Catalogue, permit: Permit) -> (&'h [u8], Verdict) {
    if pair.is_plain
        && let Some((name, standing)) = catalogue.standing_of_plain(pair)
    {
        return (name, permit.verdict(standing));
    }
    judge_carefully(pair.text(), catalogue, permit)
}

/// Apart, so that the usual way stays short.
#[inline(never)]
fn judge_carefully<'h>(text: &'h [u8], catalogue: &Catalogue, permit: Permit) -> (&'h [u8], Verdict) {
    (name_and_value(text).0, judge(text, by_permit(catalogue, permit)))
}

/// The verdict on a name by catalogue and permit.
pub(super) fn by_permit(catalogue: &Catalogue, permit: Permit) -> impl Fn(&[u8]) -> Verdict {
    move |name| permit.verdict(catalogue.standing(name))
}

impl Permit {
    #[inline]
    fn verdict(self, standing: Standing) -> Verdict {
        match standing {
            Standing::Own => Verdict::Own,
            Standing::Of(Some(category)) if self.allowed.permits(category) => Verdict::Passes(Some(category)),
            Standing::Of(None) if self.unknown == Unknown::Passed => Verdict::Passes(None),
            Standing::Of(category) => Verdict::Refused(category),
        }
    }
}

/// The verdict where only our own names end here.
pub(super) fn by_owner(name: &[u8]) -> Verdict {
    if is_own(name) { Verdict::Own } else { Verdict::Passes(None) }
}

/// What ends a word for one server or another, beside `=`.
const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b',' | b'"' | b' ' | b'\t')
}

/// [`is_delimiter`] for any byte, by vector instructions: every value that passes is searched.
fn has_delimiter(pair: &[u8]) -> bool {
    memchr::memchr3(b',', b'"', b' ', pair).or_else(|| memchr::memchr(b'\t', pair)).is_some()
}

/// The last word before the `=` at `end`.
fn word_before(pair: &[u8], end: usize) -> &[u8] {
    let end = pair[..end].iter().rposition(|byte| !is_delimiter(*byte)).map_or(0, |last| last + 1);
    let before = &pair[..end];
    let start = before.iter().rposition(|byte| is_delimiter(*byte) || *byte == b'=').map_or(0, |last| last + 1);
    &before[start..]
}
