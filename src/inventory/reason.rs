//! Why a category is proposed, or why none is: as a value, so that each page says it in its own language.

use std::fmt;

/// What a part of a name speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Advertising.
    Advertising,
    /// Measuring visits.
    Measuring,
    /// Protecting forms against other sites.
    Forms,
    /// Remembering a setting of the visitor.
    Setting,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The catalogue knows a cookie of this name, and whose it is, where that was said.
    Catalogue {
        /// Whose. Empty where nobody said.
        owner: String,
        /// It is about a cookie, and this is a key of storage.
        is_of_key: bool,
    },
    /// A word in the name speaks of something.
    Word {
        /// The word, in lower case.
        word: String,
        /// Of what.
        topic: Topic,
    },
    /// The site sets the cookie itself, keeps it from scripts and ends it with the browser.
    KeptForSession,
    /// The site sets it itself and keeps it from scripts for longer.
    KeptForLonger,
    /// The site sets it itself, and scripts can read it.
    ReadByScripts,
    /// The site never sets it.
    NeverSet,
    /// A script keeps it in the browser's storage.
    KeptByScript,
    /// The list of known hosts has it.
    KnownHost {
        /// What the host does, in English.
        purpose: String,
    },
    /// Nobody knows the host.
    UnknownHost,
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Advertising => "advertising",
            Self::Measuring => "measuring visits",
            Self::Forms => "protecting forms",
            Self::Setting => "remembering a setting",
        })
    }
}

impl fmt::Display for Reason {
    /// In English, as the proposed lines of configuration have it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Catalogue { owner, is_of_key } => {
                let what = if *is_of_key { "cookie of the same name" } else { "cookie" };
                let whose = if owner.is_empty() { String::new() } else { format!(" of {owner}") };
                return write!(formatter, "the catalogue knows a {what}{whose}");
            }
            Self::Word { word, topic } => {
                return write!(formatter, "`{word}` in its name speaks of {topic}; confirm it");
            }
            Self::KnownHost { purpose } => return write!(formatter, "the list of known hosts names it: {purpose}"),
            Self::KeptForSession => {
                "the site sets it itself, keeps it from scripts and ends it with the browser, as logins and baskets are kept: probably necessary; confirm it"
            }
            Self::KeptForLonger => {
                "the site sets it itself and keeps it from scripts beyond the session: a login that is remembered is functional, an id to know visitors again is analytical"
            }
            Self::ReadByScripts => {
                "the site sets it itself, and scripts can read it: ask who made the site what it is for"
            }
            Self::NeverSet => {
                "the site never sets it, so a script does, or a visitor made it up: find the script, and take the category of what it serves"
            }
            Self::KeptByScript => {
                "a script keeps it in the browser: find the script, and take the category of what it serves"
            }
            Self::UnknownHost => {
                "nobody knows this host: find out who runs it and what the pages want from it"
            }
        })
    }
}
