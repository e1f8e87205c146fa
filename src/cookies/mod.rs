//! Which cookies there are, what they are for, and which may pass.

use crate::consent::{Category, CategorySet};

/// How a rule finds its cookies.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This name.
    Exact(Box<str>),
    /// Every name that begins so (written with a trailing `*`).
    Prefix(Box<str>),
    /// Every name that the expression matches from beginning to end.
    Expression(regex::bytes::Regex),
}

/// One line of the catalogue or of the configuration.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which names.
    pub pattern: Pattern,
    /// What for.
    pub category: Category,
    /// Who sets it, such as `Google Analytics`. Empty where nobody said.
    pub owner: Box<str>,
    /// What it does, in English in the catalogue. Empty where nobody said.
    pub purpose: Box<str>,
    /// How long it lives, in words. Empty where nobody said.
    pub lifetime: Box<str>,
    /// Set on a foreign host: such a rule is for display and never decides about a cookie of the site.
    pub third_party: bool,
    /// Whether a source was read that says what the rule says; what is not verified is not shown to visitors.
    pub verified: bool,
}

/// What may pass for one visitor at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The optional categories allowed.
    pub allowed: CategorySet,
    /// What happens to names that no rule knows.
    pub unknown: Unknown,
}

/// What happens to names that no rule knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are refused (mode `strict`).
    Refused,
    /// They pass (mode `compatible`).
    Passed,
}
