//! What a cookie is for. The policy (clause 4.3) names three categories; `marketing` exists so that advertising cookies have a name.

use std::fmt;

/// The purpose of a cookie, a host or a tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Category {
    /// The site does not work without it. Never asked for, always allowed.
    Necessary = 0,
    /// Settings and comforts of the visitor.
    Functional = 1,
    /// Counts visits.
    Analytical = 2,
    /// Advertising. Passes only where a site offers it.
    Marketing = 3,
}

impl Category {
    /// Every category, in the order in which visitors see them.
    pub const ALL: [Self; 4] = [Self::Necessary, Self::Functional, Self::Analytical, Self::Marketing];

    /// The word used in configuration, forms, headers, metrics and the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Necessary => "necessary",
            Self::Functional => "functional",
            Self::Analytical => "analytical",
            Self::Marketing => "marketing",
        }
    }

    /// The category with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of optional categories. `necessary` is never a member: it needs no consent, so it can't be offered, allowed or refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CategorySet(u8);

impl CategorySet {
    /// No optional category.
    pub const EMPTY: Self = Self(0);

    const OPTIONAL_BITS: u8 = 0b1110;

    /// The bit pattern of all optional categories: no set has a larger one, and none has the lowest bit.
    pub const MOST_BITS: u8 = Self::OPTIONAL_BITS;

    /// The set with this bit pattern (bit 1 functional, 2 analytical, 3 marketing), or `None` where another bit is set.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::OPTIONAL_BITS == 0 { Some(Self(bits)) } else { None }
    }

    /// The bit pattern that `from_bits` reads.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Adds an optional category; adding `necessary` changes nothing.
    #[must_use]
    pub const fn with(self, category: Category) -> Self {
        Self((self.0 | 1 << category as u8) & Self::OPTIONAL_BITS)
    }

    /// Whether an optional category is in the set. `necessary` is not; ask [`CategorySet::permits`] for that.
    pub const fn contains(self, category: Category) -> bool {
        self.0 & (1 << category as u8) != 0
    }

    /// Whether something of this category may pass: `necessary` always, others when they are in the set.
    pub const fn permits(self, category: Category) -> bool {
        matches!(category, Category::Necessary) || self.contains(category)
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every member of `other` is in this set.
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The members in the order of [`Category::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Category> {
        Category::ALL.into_iter().filter(move |category| self.contains(*category))
    }
}

impl FromIterator<Category> for CategorySet {
    fn from_iter<I: IntoIterator<Item = Category>>(categories: I) -> Self {
        categories.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Display for CategorySet {
    /// Names joined by `+`, or `none`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return formatter.write_str("none");
        }
        let names: Vec<_> = self.iter().map(Category::name).collect();
        formatter.write_str(&names.join("+"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn necessary_is_always_permitted_and_never_a_member() {
        let set = CategorySet::EMPTY.with(Category::Necessary);
        assert!(set.is_empty());
        assert!(set.permits(Category::Necessary));
        assert!(!set.permits(Category::Functional));
    }

    #[test]
    fn bits_survive_a_round_trip_and_unknown_bits_are_refused() {
        let set: CategorySet = [Category::Functional, Category::Marketing].into_iter().collect();
        assert_eq!(CategorySet::from_bits(set.bits()), Some(set));
        assert_eq!(CategorySet::from_bits(1), None);
        assert_eq!(CategorySet::from_bits(0x10), None);
        assert_eq!(set.to_string(), "functional+marketing");
    }
}
