//! Editions of the policy: which text a visitor answered, and whether a new one asks again.

use std::fmt;

use super::CategorySet;
use crate::timestamp::Timestamp;

/// The name of an edition: 1 to 32 of the bytes `a-z A-Z 0-9 . _ -`, so that it stands in cookies, paths and file names as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EditionId(Box<str>);

impl EditionId {
    /// Longest name, in bytes.
    pub const LONGEST: usize = 32;

    /// Checks the alphabet and the length.
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(legal);
        // A path segment of dots alone would be a step in the directory tree.
        (fits && text.bytes().any(|byte| byte != b'.')).then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EditionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An edition as the decision sees it; its texts are in [`crate::pages`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Its name.
    pub id: EditionId,
    /// From when it is in force (clause 10.2 of the policy).
    pub effective: Timestamp,
    /// The optional categories it describes.
    pub categories: CategorySet,
    /// Whether those who answered an earlier edition are asked again, for instance because of a new recipient.
    pub asks_again: bool,
}

/// All editions of a site, oldest first. There is always at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editions(Vec<Edition>);

impl Editions {
    /// Sorts by effective date. `None` when the list is empty or an id stands twice.
    pub fn new(mut editions: Vec<Edition>) -> Option<Self> {
        editions.sort_by_key(|edition| edition.effective);
        let mut ids: Vec<_> = editions.iter().map(|edition| &edition.id).collect();
        ids.sort();
        ids.dedup();
        (!editions.is_empty() && ids.len() == editions.len()).then_some(Self(editions))
    }

    /// The newest edition that is in force at `now`; before the first date, the first edition.
    pub fn in_force(&self, now: Timestamp) -> &Edition {
        let started = self.0.iter().rev().find(|edition| edition.effective <= now);
        started.unwrap_or(&self.0[0])
    }

    /// The edition with this name.
    pub fn find(&self, id: &EditionId) -> Option<&Edition> {
        self.0.iter().find(|edition| edition.id == *id)
    }

    /// Every edition, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Edition> {
        self.0.iter()
    }

    /// Whether an answer to `answered`, which offered `offered`, still stands under the edition in force at `now`.
    ///
    /// It does not when a later edition, up to the one in force, asks again or describes a category that the site offers now and that was
    /// not offered then. An answer to an edition that is unknown here stands for nothing.
    pub fn still_answered(
        &self,
        answered: &EditionId,
        offered: CategorySet,
        offer: CategorySet,
        now: Timestamp,
    ) -> bool {
        let Some(from) = self.0.iter().position(|edition| edition.id == *answered) else {
            return false;
        };
        let later = self.0[from + 1..].iter().filter(|edition| edition.effective <= now);
        let describes = |edition: &Edition| edition.categories.intersection(offer);
        later.into_iter().all(|edition| !edition.asks_again && offered.includes(describes(edition)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::Category;

    fn edition(id: &str, date: &str, categories: &[Category], asks_again: bool) -> Edition {
        Edition {
            id: EditionId::parse(id).unwrap(),
            effective: Timestamp::parse(date).unwrap(),
            categories: categories.iter().copied().collect(),
            asks_again,
        }
    }

    fn editions() -> Editions {
        use Category::{Analytical, Functional};
        Editions::new(vec![
            edition("typo", "2026-03-01", &[Functional], false),
            edition("first", "2026-01-01", &[Functional], false),
            edition("counting", "2026-06-01", &[Functional, Analytical], false),
            edition("recipient", "2027-01-01", &[Functional, Analytical], true),
        ])
        .unwrap()
    }

    #[test]
    fn the_newest_edition_in_force_counts() {
        let editions = editions();
        let at = |date| editions.in_force(Timestamp::parse(date).unwrap()).id.as_str();
        assert_eq!(at("2025-01-01"), "first");
        assert_eq!(at("2026-02-28"), "first");
        assert_eq!(at("2026-03-01"), "typo");
        assert_eq!(at("2030-01-01"), "recipient");
    }

    #[test]
    fn a_correction_asks_nobody_again_but_a_new_category_or_recipient_does() {
        let editions = editions();
        let functional = CategorySet::EMPTY.with(Category::Functional);
        let both = functional.with(Category::Analytical);
        let everything: CategorySet = Category::ALL.into_iter().collect();
        let stands = |id, offered, date| {
            editions.still_answered(
                &EditionId::parse(id).unwrap(),
                offered,
                everything,
                Timestamp::parse(date).unwrap(),
            )
        };
        assert!(stands("first", functional, "2026-03-02"));
        assert!(!stands("first", functional, "2026-06-02"));
        assert!(stands("first", both, "2026-06-02"));
        assert!(!stands("counting", both, "2027-01-01"));
        assert!(stands("recipient", both, "2027-01-01"));
        assert!(!stands("unknown", both, "2026-01-01"));
        let first = EditionId::parse("first").unwrap();
        let later = Timestamp::parse("2026-06-02").unwrap();
        let asked = !editions.still_answered(&first, functional, functional, later);
        assert!(!asked, "a category that the site does not offer asks nobody");
    }

    #[test]
    fn names_of_editions_are_safe_in_paths() {
        for bad in ["", "a b", "..", "a/b", "é", &"x".repeat(33)] {
            assert_eq!(EditionId::parse(bad), None, "{bad}");
        }
        assert!(EditionId::parse("2026-11-22").is_some());
    }
}
