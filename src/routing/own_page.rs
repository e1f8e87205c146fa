//! Our own pages, by their path under the prefix.

use crate::{
    consent::EditionId,
    ledger::{LeafIndex, LogId, TilePath},
    visitor::Language,
};

/// What a path under the prefix names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnPage<'a> {
    /// Where choices are posted.
    Choice,
    /// The settings page.
    Settings,
    /// What is recorded about the browser that asks, and where erasing it is posted.
    Receipt,
    /// A file of the published log: of the one with this number, or of the present one.
    Log(Option<LogId>, LogFile),
    /// What stands in a frame whose host is refused, and where opening it once is posted.
    Frame,
    /// Where browsers and our observing script report.
    Report,
    /// Where our script tells that a page changed its address.
    View,
    /// The text of an edition in a language.
    Policy(EditionId, Language),
    /// A style or script, by its file name.
    Asset(&'a str),
    /// Outside of the prefix: that the site honours Global Privacy Control (`/.well-known/gpc.json`).
    GlobalPrivacyControl,
    /// Nothing.
    Unknown,
}

/// A file of the published log (C2SP tlog-tiles), with the log's key and proofs beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFile {
    /// The newest checkpoint.
    Checkpoint,
    /// The verifier key.
    Key,
    /// A tile of hashes, or a bundle of entries.
    Tile(TilePath),
    /// The proof that a leaf stands at its place.
    Proof(LeafIndex),
}

impl LogFile {
    /// The file at this path after `log/`; one spelling for each.
    pub fn parse(path: &str) -> Option<Self> {
        match path {
            "checkpoint" => Some(Self::Checkpoint),
            "key" => Some(Self::Key),
            path => match path.strip_prefix("proof/") {
                Some(digits) => {
                    let index: u64 = digits.parse().ok()?;
                    (index.to_string() == digits).then_some(Self::Proof(LeafIndex(index)))
                }
                None => TilePath::parse(path).map(Self::Tile),
            },
        }
    }
}

impl<'a> OwnPage<'a> {
    /// The page that a path names, or `None` when the path does not begin with the prefix (which has both slashes).
    pub fn parse(path: &'a str, prefix: &str) -> Option<Self> {
        if path == "/.well-known/gpc.json" {
            return Some(Self::GlobalPrivacyControl);
        }
        let rest = path.strip_prefix(prefix)?;
        Some(match rest {
            "choice" => Self::Choice,
            "settings" => Self::Settings,
            "frame" => Self::Frame,
            "report" => Self::Report,
            "view" => Self::View,
            "receipt" => Self::Receipt,
            name if [".css", ".js", ".d.ts"].iter().any(|end| name.ends_with(end)) && !name.contains('/') => {
                Self::Asset(name)
            }
            name => match name.strip_prefix("log/") {
                Some(file) => Self::log(file).unwrap_or(Self::Unknown),
                None => Self::policy(name).unwrap_or(Self::Unknown),
            },
        })
    }

    fn log(rest: &str) -> Option<Self> {
        let numbered = rest.split_once('/').and_then(|(log, file)| Some((LogId::parse(log)?, file)));
        let (log, file) = numbered.map_or((None, rest), |(log, file)| (Some(log), file));
        LogFile::parse(file).map(|file| Self::Log(log, file))
    }

    fn policy(rest: &str) -> Option<Self> {
        let (edition, language) = rest.strip_prefix("policy/")?.split_once('/')?;
        Some(Self::Policy(EditionId::parse(edition)?, Language::parse(language)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_log_has_one_spelling() {
        fn check(path: &str, expected: OwnPage<'_>) {
            assert_eq!(OwnPage::parse(path, "/_kelisim/"), Some(expected), "{path}");
        }
        let number = "0a".repeat(16);
        let numbered = |file: &str| format!("/_kelisim/log/{number}/{file}");
        let named = |file: &str, expected: LogFile| {
            check(&format!("/_kelisim/log/{file}"), OwnPage::Log(None, expected));
            check(&numbered(file), OwnPage::Log(Some(LogId([0x0a; 16])), expected));
        };
        named("checkpoint", LogFile::Checkpoint);
        named("key", LogFile::Key);
        named("proof/0", LogFile::Proof(LeafIndex(0)));
        named("proof/1234567", LogFile::Proof(LeafIndex(1_234_567)));
        for path in ["tile/0/000", "tile/1/x001/234.p/7", "tile/entries/000.p/255"] {
            named(path, LogFile::Tile(TilePath::parse(path).unwrap()));
        }
        for wrong in ["", "proof/", "proof/01", "proof/+1", "proof/-1", "checkpoint/", "tile/0/0", "tile/0/000.p/256"] {
            check(&format!("/_kelisim/log/{wrong}"), OwnPage::Unknown);
            check(&numbered(wrong), OwnPage::Unknown);
        }
        check("/_kelisim/log", OwnPage::Unknown);
        for wrong in ["0A".repeat(16), "0a".repeat(15), format!("{number}0"), format!("{number}/{number}")] {
            check(&format!("/_kelisim/log/{wrong}/key"), OwnPage::Unknown);
        }
    }

    #[test]
    fn paths_under_the_prefix_are_ours_and_no_others() {
        let check = |path, expected| assert_eq!(OwnPage::parse(path, "/_kelisim/"), expected, "{path}");
        check("/_kelisim/choice", Some(OwnPage::Choice));
        check("/_kelisim/settings", Some(OwnPage::Settings));
        check("/_kelisim/frame", Some(OwnPage::Frame));
        check("/_kelisim/report", Some(OwnPage::Report));
        check("/_kelisim/view", Some(OwnPage::View));
        check("/_kelisim/receipt", Some(OwnPage::Receipt));
        check("/_kelisim/panel.0a1b.css", Some(OwnPage::Asset("panel.0a1b.css")));
        check("/_kelisim/policy/2026-11/kk", Some(OwnPage::Policy(EditionId::parse("2026-11").unwrap(), Language::Kk)));
        check("/_kelisim/policy/2026-11/de", Some(OwnPage::Unknown));
        check("/_kelisim/kelisim.d.ts", Some(OwnPage::Asset("kelisim.d.ts")));
        check("/.well-known/gpc.json", Some(OwnPage::GlobalPrivacyControl));
        check("/.well-known/gpc.json/", None);
        check("/_kelisim/", Some(OwnPage::Unknown));
        check("/_kelisim", None);
        check("/choice", None);
        check("/x/_kelisim/choice", None);
    }
}
