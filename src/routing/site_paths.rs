//! Exceptions and trackers by path.

use super::{PathRule, Tracker};
use crate::{consent::Category, prefixes::Prefixes};

/// The path rules of a site, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct SitePaths {
    rules: Vec<PathRule>,
    /// Those of the rules, each with its number in `rules`.
    prefixes: Prefixes,
    trackers: Vec<Tracker>,
}

impl SitePaths {
    /// Makes the rules ready; of two with the same prefix the first counts.
    pub fn new(rules: Vec<PathRule>, trackers: Vec<Tracker>) -> Self {
        let prefixes = rules.iter().enumerate().map(|(index, rule)| (rule.prefix.as_bytes().into(), index)).collect();
        Self { rules, prefixes: Prefixes::new(prefixes), trackers }
    }

    /// The rule with the longest prefix that fits. A path that an origin might read as another path (`/callback/../`, `//`, an encoded
    /// slash or dot) never fits a rule, so that no detour through an exception gets round the filter.
    pub fn rule(&self, path: &str) -> Option<&PathRule> {
        let index = self.prefixes.find(path.as_bytes())?;
        is_plain(path).then(|| &self.rules[index])
    }

    /// What the path measures for, if the operator listed it as a tracker.
    pub fn tracker(&self, path: &str) -> Option<Category> {
        if self.trackers.is_empty() {
            return None;
        }
        // An origin may read `//collect`, `/x/../collect` or `/%63ollect` as `/collect`: any reading makes it a tracker.
        let read = as_origins_read(path);
        let fits = |tracker: &&Tracker| {
            let is = |path: &str| match tracker.path.strip_suffix('/') {
                Some(folder) => path == folder || path.starts_with(&tracker.path),
                None => path.trim_end_matches('/') == tracker.path,
            };
            is(path) || read.iter().any(|path| is(path))
        };
        self.trackers.iter().find(fits).map(|tracker| tracker.category)
    }
}

/// The path as lenient servers may read it: decoded, without empty and dot segments, and of each name what stands before a `;`. To some `..;`
/// is a step as `..` is, to others a name.
pub fn as_origins_read(path: &str) -> [String; 2] {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().replace('\\', "/");
    [true, false].map(|is_step| {
        let mut segments: Vec<&str> = Vec::new();
        for segment in decoded.split('/') {
            let name = segment.split(';').next().unwrap_or_default();
            match if is_step { name } else { segment } {
                "" | "." => {}
                ".." => _ = segments.pop(),
                _ => segments.push(name),
            }
        }
        let end = if decoded.ends_with('/') && !segments.is_empty() { "/" } else { "" };
        format!("/{}{end}", segments.join("/"))
    })
}

/// Whether every reader takes the path apart in the same way.
fn is_plain(path: &str) -> bool {
    let encoded = |code: &str| path.as_bytes().windows(3).any(|window| window.eq_ignore_ascii_case(code.as_bytes()));
    !path.contains("//")
        && !path.contains(['\\', ';'])
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
        && !["%2e", "%2f", "%5c", "%00"].iter().any(|code| encoded(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(prefix: &str, pass_through: bool) -> PathRule {
        PathRule {
            prefix: prefix.into(),
            banner: false,
            content_security_policy: false,
            client_address: None,
            pass_through,
        }
    }

    #[test]
    fn the_longest_prefix_counts() {
        let paths = SitePaths::new(vec![rule("/shop/", false), rule("/shop/paid", true)], vec![]);
        assert!(paths.rule("/shop/paid/42").unwrap().pass_through);
        assert!(!paths.rule("/shop/basket").unwrap().pass_through);
        assert_eq!(paths.rule("/"), None);
    }

    #[test]
    fn no_detour_through_an_exception_gets_round_the_filter() {
        let paths = SitePaths::new(vec![rule("/paid/", true)], vec![]);
        for detour in
            ["/paid/../", "/paid/%2e%2E/", "/paid//x", "/paid/..%2fx", "/paid/..;/x", "/paid/\\..\\x", "/paid/./x"]
        {
            assert_eq!(paths.rule(detour), None, "{detour}");
        }
        assert!(paths.rule("/paid/callback.php").is_some());
    }

    #[test]
    fn trackers_are_paths_or_beginnings_of_paths() {
        let tracker = |path: &str| Tracker { path: path.into(), category: Category::Analytical };
        let paths = SitePaths::new(vec![], vec![tracker("/collect"), tracker("/matomo/")]);
        assert_eq!(paths.tracker("/collect"), Some(Category::Analytical));
        assert_eq!(paths.tracker("/collection"), None);
        assert_eq!(paths.tracker("/matomo/piwik.php"), Some(Category::Analytical));
        for detour in [
            "//collect",
            "/./collect",
            "/x/../collect",
            "/%63ollect",
            "/collect/",
            "/collect;x",
            "/matomo",
            "//matomo/x",
        ] {
            assert_eq!(paths.tracker(detour), Some(Category::Analytical), "{detour}");
        }
    }

    #[test]
    fn a_step_with_a_parameter_behind_it_is_a_step() {
        let tracker = Tracker { path: "/collect".into(), category: Category::Analytical };
        let paths = SitePaths::new(vec![], vec![tracker]);
        for detour in ["/x/..;/collect", "/x/..%3ba/collect", "/.;/;a/collect", "/x/y/..;/%2e%2e;b/collect"] {
            assert_eq!(paths.tracker(detour), Some(Category::Analytical), "{detour}");
        }
        // And a name to servers that know of no parameters.
        let tracker = Tracker { path: "/metrics/".into(), category: Category::Analytical };
        let paths = SitePaths::new(vec![], vec![tracker]);
        for detour in ["//metrics/..;/hit", "/%6detrics/..;/hit", "/x/../metrics/..;/..;/hit", "/metrics/..;/../hit"] {
            assert_eq!(paths.tracker(detour), Some(Category::Analytical), "{detour}");
        }
    }
}
