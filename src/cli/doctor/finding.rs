//! What is wrong, in plain words.

use serde::Serialize;

/// How much it matters, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Visitors, or what they chose, suffer now.
    Now,
    /// They will, unless something is done.
    Soon,
    /// Nobody suffers, and somebody should look.
    Look,
}

impl Severity {
    /// As it stands before a finding.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Now => "Wrong now",
            Self::Soon => "Wrong soon",
            Self::Look => "Worth a look",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// What it is about, as a word for programs.
    pub(super) about: &'static str,
    /// What is wrong.
    pub(super) what: String,
    /// Why it matters.
    pub(super) why: String,
    /// What to do.
    #[serde(rename = "do")]
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn now(about: &'static str, what: String, why: &str, remedy: String) -> Self {
        Self { severity: Severity::Now, about, what, why: why.to_owned(), remedy }
    }

    pub(super) fn soon(about: &'static str, what: String, why: &str, remedy: String) -> Self {
        Self { severity: Severity::Soon, ..Self::now(about, what, why, remedy) }
    }

    pub(super) fn look(about: &'static str, what: String, why: &str, remedy: String) -> Self {
        Self { severity: Severity::Look, ..Self::now(about, what, why, remedy) }
    }
}
