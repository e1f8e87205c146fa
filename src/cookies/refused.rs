//! What a filter refused: counts and names, never values.

use crate::consent::Category;

/// Most distinct names kept of one message. A browser keeps at least 50 cookies a site (RFC 6265, 6.1); the rest is counted only.
const MOST_NAMES: usize = 64;

/// Longest name kept, in bytes. Real names are shorter than 100; longer ones are counted only.
const LONGEST_NAME: usize = 256;

/// Bytes that hold the names of a usual message, so that it needs one allocation.
const USUAL_NAMES: usize = 64;

/// After this many refused cookies no more names are compared, so that a header full of tiny ones costs no more than
/// reading it. Browsers keep at most about 180 cookies a site.
const MOST_COMPARED: u32 = 256;

/// The cookies that one message was refused. Empty, it holds no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedCookies {
    by_category: [u32; Category::ALL.len()],
    unknown: u32,
    /// Distinct names, each followed by `;`, which no name can hold: one allocation for all of them.
    names: String,
    /// How many names are kept.
    kept: u8,
    /// A bit for each kept name, by its number, that came more than once.
    repeated: u64,
}

impl RefusedCookies {
    /// Whether nothing was refused.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// How many cookies of this category were refused.
    pub fn of(&self, category: Category) -> u32 {
        self.by_category[category as usize]
    }

    /// How many were refused because no rule knows them, nameless ones included.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }

    /// How many were refused together.
    pub fn total(&self) -> u32 {
        self.by_category.iter().fold(self.unknown, |sum, count| sum.saturating_add(*count))
    }

    /// The distinct names, in the order met: at most 64, each of at most 256 bytes without control characters. Names that
    /// could not stand in a `Set-Cookie` line are only counted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.split_terminator(';')
    }

    /// The same, each with whether it came more than once: then the browser keeps several cookies of the name.
    pub fn names_and_repeats(&self) -> impl Iterator<Item = (&str, bool)> {
        self.names().enumerate().map(|(number, name)| (name, self.repeated >> number & 1 == 1))
    }

    /// Counts a refused cookie and keeps its name; `None` is unknown.
    pub fn add(&mut self, category: Option<Category>, name: &[u8]) {
        self.count(category);
        if self.total() > MOST_COMPARED {
            return;
        }
        let Some(name) = can_be_kept(name) else { return };
        let known = self.names().position(|kept| kept == name);
        if let Some(number) = known {
            self.repeated |= 1 << number;
        } else if usize::from(self.kept) < MOST_NAMES {
            self.kept += 1;
            if self.names.is_empty() {
                self.names.reserve(USUAL_NAMES);
            }
            self.names.push_str(name);
            self.names.push(';');
        }
    }

    /// Counts a refused cookie whose name is of no use, because only another reading of the line yields it.
    pub(super) fn count(&mut self, category: Option<Category>) {
        let counter = category.map_or(&mut self.unknown, |category| &mut self.by_category[category as usize]);
        *counter = counter.saturating_add(1);
    }
}

/// The name as text, if it is one that browsers take back from a `Set-Cookie` line (RFC 6265bis, 5.6) and that is not beyond all measure.
/// Scripts do set names with spaces, commas and letters beyond ASCII.
pub(super) fn can_be_kept(name: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(name).ok().filter(|name| (1..=LONGEST_NAME).contains(&name.len()))?;
    if name.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b'=')) {
        return Some(name);
    }
    let stands = !name.contains(|letter: char| letter.is_control() || matches!(letter, ';' | '='));
    (stands && name.trim_matches([' ', '\t']).len() == name.len()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_and_only_where_a_set_cookie_line_can_hold_them() {
        let mut refused = RefusedCookies::default();
        assert!(refused.is_empty());
        let long = "x".repeat(LONGEST_NAME + 1);
        for name in
            ["_ga", "_ga", "a[b]", "", "a b", "a,b", "имя", "a\u{7f}", "a\u{85}", "a\tb", " a", &long, &long[1..]]
        {
            refused.add(Some(Category::Analytical), name.as_bytes());
        }
        refused.add(None, b"\xff");
        let names =
            [("_ga", true), ("a[b]", false), ("a b", false), ("a,b", false), ("имя", false), (&long[1..], false)];
        assert_eq!(refused.names_and_repeats().collect::<Vec<_>>(), names);
        assert_eq!((refused.of(Category::Analytical), refused.unknown(), refused.total()), (13, 1, 14));
    }

    #[test]
    fn a_flood_of_names_is_counted_and_not_kept() {
        let mut refused = RefusedCookies::default();
        (0..1000).for_each(|number| refused.add(None, format!("name{number}").as_bytes()));
        assert_eq!((refused.names().count(), refused.unknown()), (MOST_NAMES, 1000));
    }
}
