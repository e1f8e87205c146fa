//! What a visitor chose, how it is proved, and what follows from it.
//!
//! Pure rules: no clock, no store. What is unknown, unreadable, expired, ended or unsigned counts as no choice.

mod category;
mod counts;
mod decision;
mod edition;
mod frame_grant;
mod record;
mod shown;

use std::fmt;

pub use category::{Category, CategorySet};
pub use counts::CategoryCounts;
pub use decision::{Decision, Evidence, Reason, consent_header, could_carry, decide, notice_applies};
pub use edition::{Edition, EditionId, Editions};
pub use frame_grant::{FrameGrant, FrameName};
pub use record::{Binding, Record, RecordKeys};
pub use shown::ShownMark;

use crate::{ledger::hex, timestamp::Term};

/// A random 128-bit name for one visitor's chain of choices. It is the only handle on a visitor that is ever stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsentId([u8; 16]);

impl ConsentId {
    /// Wraps 16 bytes from a cryptographic random source.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads what [`fmt::Display`] writes: 32 hexadecimal digits; hyphens between them are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        if digits.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for ConsentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ConsentId {
    /// Never the id itself: debug output ends in logs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ConsentId(…)")
    }
}

/// How consent comes about on a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Nothing optional before a choice.
    #[default]
    OptIn,
    /// Going on to another page after the banner was shown is implied consent (clause 4.5 of the policy).
    Notice,
}

/// A country as two upper-case ASCII letters (ISO 3166-1 alpha-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads two ASCII letters in either case.
    pub fn parse(code: &str) -> Option<Self> {
        let &[first, second] = code.as_bytes() else { return None };
        (first.is_ascii_alphabetic() && second.is_ascii_alphabetic())
            .then_some(Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII letters")
    }
}

/// How a site asks for consent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Opt-in or notice.
    pub model: Model,
    /// Where opt-in holds even when the model is notice.
    pub opt_in_countries: Vec<Country>,
    /// What can be accepted.
    pub offer: CategorySet,
    /// How long a choice is valid.
    pub valid_for: Term,
    /// The editions of the policy.
    pub editions: Editions,
}
