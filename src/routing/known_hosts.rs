//! Hosts of others that are known without a word from the operator: trackers, and services that sites load from.
//!
//! The list proposes categories in every mode. It holds loads back in mode `compatible` only, and never lets one through in `strict`.

use serde::Deserialize;

use super::{ForeignHost, HostPattern};
use crate::consent::Category;

/// The list that comes with the gateway.
const LIST: &str = include_str!("../../config/hosts.toml");

/// A host of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    /// Which host, or which subdomains.
    pub host: HostPattern,
    /// What for, as a rule.
    pub category: Category,
    /// Whose it is.
    pub owner: Box<str>,
    /// What it does, in English.
    pub purpose: Box<str>,
}

impl KnownHost {
    /// Whether it is this host, in lower case and without port.
    pub fn is(&self, host: &str) -> bool {
        self.host.matches(host)
    }
}

impl From<KnownHost> for ForeignHost {
    /// A line that the operator has not written: nobody has accepted that the host learns addresses.
    fn from(known: KnownHost) -> Self {
        let KnownHost { host, category, owner, .. } = known;
        Self { host, port: None, category, owner, sees_address: false }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    host: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    category: String,
    owner: String,
    purpose: String,
}

/// The list that comes with the gateway.
pub fn known_hosts() -> Vec<KnownHost> {
    read(LIST).expect("a test reads the built-in list")
}

/// The line of a list that speaks of a host: an exact name before subdomains, the longer before the shorter.
pub fn known_host<'l>(list: &'l [KnownHost], host: &str) -> Option<&'l KnownHost> {
    list.iter().filter(|known| known.is(host)).max_by_key(|known| known.host.weight())
}

fn read(text: &str) -> Result<Vec<KnownHost>, String> {
    let list: List = toml::from_str(text).map_err(|error| error.to_string())?;
    let line = |line: Line| {
        let category = Category::parse(&line.category).ok_or_else(|| format!("{}: no such category", line.name))?;
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        let name = line.name.strip_prefix("*.").unwrap_or(&line.name).to_owned();
        if name.is_empty() || !name.bytes().all(legal) || !name.contains('.') {
            return Err(format!("{}: no host", line.name));
        }
        let host = if line.name.starts_with("*.") { HostPattern::Subdomains(name) } else { HostPattern::Exact(name) };
        Ok(KnownHost { host, category, owner: line.owner.into(), purpose: line.purpose.into() })
    };
    list.host.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_right_and_names_no_host_twice() {
        let list = read(LIST).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(list.len() >= 100, "{}", list.len());
        for (at, known) in list.iter().enumerate() {
            assert!(!known.owner.is_empty() && !known.purpose.is_empty(), "{known:?}");
            assert!(!list[..at].iter().any(|other| other.host == known.host), "{known:?}");
        }
    }

    #[test]
    fn the_nearest_line_speaks_of_a_host() {
        let list = known_hosts();
        let check = |host: &str, expected: Option<Category>| {
            assert_eq!(known_host(&list, host).map(|known| known.category), expected, "{host}");
        };
        check("mc.yandex.ru", Some(Category::Analytical));
        check("api-maps.yandex.ru", Some(Category::Functional));
        check("www.googletagmanager.com", Some(Category::Analytical));
        check("stats.g.doubleclick.net", Some(Category::Marketing));
        check("counter.yadro.ru", Some(Category::Analytical));
        check("cdn.jsdelivr.net", Some(Category::Necessary));
        check("nobody.example", None);
    }

    #[test]
    fn a_line_that_names_no_host_or_category_is_told() {
        let line = |name: &str, category: &str| {
            read(&format!(
                "host = [{{ name = \"{name}\", category = \"{category}\", owner = \"a\", purpose = \"b\" }}]"
            ))
        };
        assert!(line("a.example", "necessary").is_ok());
        assert!(line("*.a.example", "marketing").is_ok());
        for (name, category) in
            [("A.example", "necessary"), ("*", "necessary"), ("a.example", "needed"), ("", "necessary")]
        {
            assert!(line(name, category).is_err(), "{name} {category}");
        }
    }
}
