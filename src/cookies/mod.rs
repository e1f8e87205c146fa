//! Which cookies there are, what they are for, and which may pass.
//!
//! Pure rules over header bytes: no clock, no files. Nothing here ever keeps or returns the value of a visitor's cookie,
//! except [`own::find`], which hands out the gateway's own.

mod catalogue;
mod cleared;
mod expire;
mod judge;
mod marks;
mod own;
mod pairs;
mod places;
mod reach;
mod refused;
mod request;
mod response;
mod seen;

#[cfg(test)]
mod tests;

pub use catalogue::{CATALOGUE, Catalogue, CatalogueFault, parse_catalogue};
pub use cleared::ClearedRequest;
pub use expire::{ExpiryScope, expiry_lines};
pub use own::{Found, OwnNames, find, is_own};
pub use places::{MOST_NAMES, MOST_PLACES, NewPlace, ObservedPlaces, Place};
pub use refused::RefusedCookies;
pub use request::{RequestOutcome, filter_own, filter_request, keep_named};
pub use response::{ResponseOutcome, drop_own, filter_response, keep_named_lines};
pub use seen::{SetCookie, cookies_set, names_sent};

use crate::consent::{Category, CategorySet};

/// How a rule finds its cookies.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This name.
    Exact(Box<str>),
    /// Every name that begins so (written with a trailing `*`).
    Prefix(Box<str>),
    /// Every name that the expression matches from beginning to end; [`Pattern::expression`] sees to the ends.
    Expression(regex::bytes::Regex),
}

impl Pattern {
    /// Largest compiled expression, in bytes: ample for a list of names, and a slip such as `.{9999}` is found when it is read.
    const LARGEST_EXPRESSION: usize = 64 * 1024;

    /// Reads a name, or with a trailing `*` a beginning of names. The error says what to write instead.
    pub fn name(text: &str) -> Result<Self, &'static str> {
        let (text, prefix) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        if text.is_empty() {
            return Err("a name may not be empty, nor `*` alone, which would be every cookie");
        }
        if text.chars().any(|letter| letter.is_control() || matches!(letter, ';' | '=' | '*')) || text.trim() != text {
            return Err("a name has no `;`, `=`, control character or space around it, and `*` only at its end");
        }
        Ok(if prefix { Self::Prefix(text.into()) } else { Self::Exact(text.into()) })
    }

    /// Reads an expression and binds it to both ends of the name. The error says what is wrong with it.
    pub fn expression(text: &str) -> Result<Self, String> {
        // Compiled alone first: a stray parenthesis must not find its partner in the group put around it.
        let compile = |text: &str| regex::bytes::RegexBuilder::new(text).size_limit(Self::LARGEST_EXPRESSION).build();
        let bound = compile(text).and_then(|_| compile(&format!(r"\A(?:{text})\z")));
        // The lines before the last repeat the expression with a mark below, which is of no use in a list of faults.
        let last_line = |fault: regex::Error| fault.to_string().lines().last().unwrap_or_default().to_owned();
        bound.map(Self::Expression).map_err(|fault| format!("this is no expression: {}", last_line(fault)))
    }

    /// The text that the pattern was read from, near enough to find it again.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Prefix(text) => text,
            Self::Expression(expression) => expression.as_str(),
        }
    }
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
