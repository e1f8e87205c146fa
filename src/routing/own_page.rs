//! Our own pages, by their path under the prefix.

use crate::{consent::EditionId, visitor::Language};

/// What a path under the prefix names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnPage<'a> {
    /// Where choices are posted.
    Choice,
    /// The settings page.
    Settings,
    /// What stands in a frame whose host is refused, and where opening it once is posted.
    Frame,
    /// Where browsers and our observing script report.
    Report,
    /// The text of an edition in a language.
    Policy(EditionId, Language),
    /// A style or script, by its file name.
    Asset(&'a str),
    /// Outside of the prefix: that the site honours Global Privacy Control (`/.well-known/gpc.json`).
    GlobalPrivacyControl,
    /// Nothing.
    Unknown,
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
            name if [".css", ".js", ".d.ts"].iter().any(|end| name.ends_with(end)) && !name.contains('/') => {
                Self::Asset(name)
            }
            name => Self::policy(name).unwrap_or(Self::Unknown),
        })
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
    fn paths_under_the_prefix_are_ours_and_no_others() {
        let check = |path, expected| assert_eq!(OwnPage::parse(path, "/_kelisim/"), expected, "{path}");
        check("/_kelisim/choice", Some(OwnPage::Choice));
        check("/_kelisim/settings", Some(OwnPage::Settings));
        check("/_kelisim/frame", Some(OwnPage::Frame));
        check("/_kelisim/report", Some(OwnPage::Report));
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
