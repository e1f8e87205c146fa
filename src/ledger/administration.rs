//! What the log says of the operator's side: who took records out, when the gateway worked, and what it enforced. Never a name.

use std::fmt;

use super::hex::{hex, unhex};
use crate::{consent::Category, timestamp::Timestamp};

/// A random number in place of the name of somebody who works with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountNumber(pub [u8; 4]);

impl AccountNumber {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for AccountNumber {
    /// 8 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

/// Who took records out of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accessor {
    /// Somebody with an account.
    Account(AccountNumber),
    /// Whoever has the machine: a command beside the gateway.
    CommandLine,
}

impl fmt::Display for Accessor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(number) => number.fmt(formatter),
            Self::CommandLine => formatter.write_str("command_line"),
        }
    }
}

/// What was done with the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// They were shown.
    Read,
    /// They were written to a file.
    Export,
    /// They were listed for the notice of a breach.
    Incident,
}

impl AccessKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Read, Self::Export, Self::Incident];

    /// The word used in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Export => "export",
            Self::Incident => "incident",
        }
    }
}

/// One taking of records out of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who.
    pub by: Accessor,
    /// What for.
    pub what: AccessKind,
    /// In which form: one of [`Access::FORMS`].
    pub form: &'static str,
    /// The period, from this moment …
    pub from: Timestamp,
    /// … up to this one.
    pub to: Timestamp,
    /// When.
    pub time: Timestamp,
}

impl Access {
    /// Every form.
    pub const FORMS: [&'static str; 6] = ["csv", "jsonl", "jsonld", "bundle", "page", "backup"];
}

/// Whether the gateway began or ended its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// It listens from now on.
    Started,
    /// It was asked to stop, and has stopped. Missing before a start after a crash.
    Stopped,
}

impl ServiceState {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Started, Self::Stopped];

    /// The word used in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
        }
    }
}

/// What can be refused or passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enforced {
    /// A `Set-Cookie` line of the site.
    SetCookie,
    /// A pair in a visitor's `Cookie` header.
    CookiePair,
    /// Something that a page would load from elsewhere, as far as the gateway sees it.
    Load,
    /// A frame of a page.
    Frame,
}

impl Enforced {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::SetCookie, Self::CookiePair, Self::Load, Self::Frame];

    /// The word used in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetCookie => "set_cookie",
            Self::CookiePair => "cookie_pair",
            Self::Load => "load",
            Self::Frame => "frame",
        }
    }
}

/// How often something was refused and passed on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnforcementCount {
    /// The site's name.
    pub site: Box<str>,
    /// What.
    pub what: Enforced,
    /// Of which category; `None` for what the catalogue does not know.
    pub category: Option<Category>,
    /// How often it was refused.
    pub refused: u64,
    /// How often it was passed.
    pub passed: u64,
}
