//! The pairs of a `Cookie` line, found in one pass over it.
//!
//! Browsers end a cookie at every `;`, inside quotation marks too, and so do we.

use super::judge::trim;
use super::marks::{BLOCK, Made, Marks, WINDOW, mark};

/// One cookie of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair<'h> {
    /// The line.
    pub(super) line: &'h [u8],
    /// Where the pair begins: behind the `;` before it.
    pub(super) from: usize,
    /// Where it ends: at its `;`, or with the line.
    pub(super) end: usize,
    /// Where its text begins.
    pub(super) start: usize,
    /// Whether its text ends at `end` and holds no white space, comma or quotation mark.
    pub(super) is_plain: bool,
}

impl<'h> Pair<'h> {
    /// Name and value as sent, without the white space around them; never empty.
    #[inline]
    pub(super) fn text(&self) -> &'h [u8] {
        let text = &self.line[self.start..self.end];
        if self.is_plain { text } else { trim(text) }
    }
}

/// Asks about each pair of a line that holds anything, in order.
#[inline(always)]
pub(super) fn for_each_pair<'h>(line: &'h [u8], mut each: impl FnMut(Pair<'h>)) {
    let mut made = Made::default();
    let (mut from, mut block, mut is_odd) = (0, 0, false);
    // The one space that browsers write before a pair is not part of it.
    let begins_with_space = |from: usize| line.get(from) == Some(&b' ');
    for window in line.chunks(WINDOW) {
        let is_last = block + window.len() == line.len();
        for Marks { mut ends, mut odd } in mark(window, is_last, &mut made).iter().copied() {
            if from == block && begins_with_space(from) {
                odd &= !1;
            }
            while ends != 0 {
                let bit = ends.trailing_zeros();
                let before = (1 << bit) - 1;
                is_odd |= odd & before != 0;
                let end = block + bit as usize;
                let start = from + usize::from(begins_with_space(from));
                if start < end && !(is_odd && is_blank(&line[start..end])) {
                    each(Pair { line, from, end, start, is_plain: !is_odd });
                }
                is_odd = false;
                from = end + 1;
                odd &= !before & !(u64::from(begins_with_space(from)) << bit << 1);
                ends &= ends - 1;
            }
            is_odd |= odd != 0;
            block += BLOCK;
        }
    }
}

#[cold]
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// The same pairs one after the other, as trimmed texts: for whoever stops early.
pub(super) fn texts(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    let next = move || {
        let all = rest?;
        let end = memchr::memchr(b';', all);
        rest = end.map(|end| &all[end + 1..]);
        Some(trim(&all[..end.unwrap_or(all.len())]))
    };
    std::iter::from_fn(next).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cookies::marks::is_odd;

    fn check(line: &[u8]) {
        let mut found = Vec::new();
        for_each_pair(line, |pair| found.push(pair));
        let mut from = 0;
        let mut expected = Vec::new();
        for part in line.split(|byte| *byte == b';') {
            let text = part.trim_ascii();
            if !text.is_empty() {
                expected.push((from, from + part.len(), text));
            }
            from += part.len() + 1;
        }
        let told: Vec<_> = found.iter().map(|pair| (pair.from, pair.end, pair.text())).collect();
        assert_eq!(told, expected, "{}", line.escape_ascii());
        assert_eq!(texts(line).collect::<Vec<_>>(), told.iter().map(|told| told.2).collect::<Vec<_>>());
        for pair in found {
            let sent = &line[pair.from..pair.end];
            let bare = sent.strip_prefix(b" ").unwrap_or(sent);
            assert_eq!(
                pair.is_plain,
                !bare.iter().any(|byte| is_odd(*byte)),
                "{} of {}",
                sent.escape_ascii(),
                line.escape_ascii()
            );
            assert_eq!(pair.start, pair.end - bare.len());
        }
    }

    #[test]
    fn pairs_are_found_wherever_blocks_and_windows_end() {
        for line in ["", ";", " ", "; ", " ;", "a", "a;", "a; ", "; a", ";;a;; b ;\tc;  d", "a=\"b\"; c=d,e; f"] {
            check(line.as_bytes());
        }
        for filler in [0, 1, 60, 61, 62, 63, 64, 65, 126, 127, 128, 1020, 1021, 1022, 1023, 1024, 1025, 3000] {
            for tail in ["", ";", "; ", "; b", ";b", "; b; c=1", " ; b", "\t;b; ,", ";  b;c"] {
                check([&"x".repeat(filler), tail].concat().as_bytes());
                check([&"a=1; ".repeat(filler / 5), "y", tail, &"z".repeat(70), tail].concat().as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn pairs_are_those_of_a_plain_reading(
            parts in proptest::collection::vec((proptest::sample::select(vec!["; ", ";", "; ", " ", "\t", ",", "!"]), "[a-z=]{0,90}"), 0..60),
        ) {
            check(parts.into_iter().map(|(sign, word)| format!("{sign}{word}")).collect::<String>().as_bytes());
        }
    }
}
