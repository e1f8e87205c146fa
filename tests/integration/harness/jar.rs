//! The cookies of a browser, kept and sent by the letter of RFC 6265bis and CHIPS; it shares nothing with the code under test.
//!
//! A cookie ends here by `Max-Age`, or by an `Expires` before [`LONG_AGO`]: no clock is asked.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Index,
    time::{Duration, UNIX_EPOCH},
};

/// What `Expires` deletes, in seconds since 1970: 2020.
const LONG_AGO: u64 = 1_577_836_800;

/// What tells one cookie from another (RFC 6265bis, 5.7, step 22).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    name: String,
    domain: String,
    host_only: bool,
    path: String,
    partitioned: bool,
}

#[derive(Clone, Debug)]
struct Kept {
    value: String,
    secure: bool,
    number: u64,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct To<'a> {
    pub host: &'a str,
    /// With or without a query.
    pub target: &'a str,
    pub secure: bool,
}

/// The jar. What is put in by hand is kept for `host` alone and for `/`.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    pub host: String,
    cookies: BTreeMap<Key, Kept>,
    count: u64,
}

impl Jar {
    pub fn of(host: &str) -> Self {
        Self { host: host.to_owned(), ..Self::default() }
    }

    /// Takes a `Set-Cookie` line, or not, as browsers do (RFC 6265bis, 5.6 and 5.7). Says whether it was taken.
    pub fn set(&mut self, to: To<'_>, line: &str) -> bool {
        let mut parts = line.split(';').map(|part| part.trim_matches([' ', '\t']));
        let pair = parts.next().unwrap_or_default();
        let (name, value) = split(pair).unwrap_or(("", pair));
        if name.is_empty() && value.is_empty() {
            return false;
        }
        let (mut domain, mut path, mut age, mut expires) = (String::new(), "", None, None);
        let (mut secure, mut partitioned, mut http_only) = (false, false, false);
        for attribute in parts {
            let (attribute, value) = split(attribute).unwrap_or((attribute, ""));
            match attribute.to_ascii_lowercase().as_str() {
                "domain" => domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase(),
                "path" => path = value,
                "max-age" => age = value.parse::<i64>().ok().or(age),
                "expires" => expires = httpdate::parse_http_date(value).ok().or(expires),
                "secure" => secure = true,
                "partitioned" => partitioned = true,
                "httponly" => http_only = true,
                _ => {}
            }
        }
        let public = psl::suffix_str(&domain) == Some(&domain) || domain.parse::<std::net::IpAddr>().is_ok();
        if public && domain == to.host {
            domain.clear();
        }
        if public && !domain.is_empty() || !domain.is_empty() && !is_under(to.host, &domain) {
            return false;
        }
        let host_only = domain.is_empty();
        let path = if path.starts_with('/') { path } else { default_path(to.target) };
        let lower = name.to_ascii_lowercase();
        let begins = |prefix: &str| lower.starts_with(prefix);
        let bound = begins("__host-");
        let http_bound = begins("__http-") || begins("__host-http-");
        let needs_secure = partitioned || bound || http_bound || begins("__secure-");
        let misplaced = bound && !(host_only && path == "/");
        if (secure && !to.secure) || (needs_secure && !secure) || misplaced || (http_bound && !http_only) {
            return false;
        }
        let domain = if host_only { to.host.to_owned() } else { domain };
        // From plain http nothing touches a secure cookie (step 16).
        let shadows = |(key, kept): (&Key, &Kept)| {
            let near = is_under(&key.domain, &domain) || is_under(&domain, &key.domain);
            kept.secure && key.name == name && near && path_matches(&key.path, path)
        };
        if !to.secure && self.cookies.iter().any(shadows) {
            return false;
        }
        let ends = UNIX_EPOCH + Duration::from_secs(LONG_AGO);
        let gone = age.map_or(expires.is_some_and(|expires| expires < ends), |age| age <= 0);
        let key = Key { name: name.into(), domain, host_only, path: path.into(), partitioned };
        self.put(key, (!gone).then(|| (value.to_owned(), secure)));
        true
    }

    fn put(&mut self, key: Key, value: Option<(String, bool)>) {
        let Some((value, secure)) = value else {
            self.cookies.remove(&key);
            return;
        };
        self.count += 1;
        match self.cookies.entry(key) {
            Entry::Occupied(mut kept) => {
                let number = kept.get().number;
                kept.insert(Kept { value, secure, number });
            }
            Entry::Vacant(place) => {
                place.insert(Kept { value, secure, number: self.count });
            }
        }
    }

    /// The `Cookie` line of a request: longer paths first, then older cookies (5.8.3).
    pub fn line(&self, to: To<'_>) -> Option<String> {
        let path = to.target.split(['?', '#']).next().unwrap_or_default();
        let fits = |(key, kept): &(&Key, &Kept)| {
            let host = if key.host_only { key.domain == to.host } else { is_under(to.host, &key.domain) };
            host && path_matches(path, &key.path) && (to.secure || !kept.secure)
        };
        let mut sent: Vec<_> = self.cookies.iter().filter(fits).collect();
        sent.sort_by_key(|(key, kept)| (std::cmp::Reverse(key.path.len()), kept.number));
        let pair = |(key, kept): (&Key, &Kept)| {
            if key.name.is_empty() { kept.value.clone() } else { format!("{}={}", key.name, kept.value) }
        };
        let pairs: Vec<_> = sent.into_iter().map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Puts a cookie in for the host alone and `/`.
    pub fn insert(&mut self, name: String, value: String) {
        let (domain, path) = (self.host.clone(), "/".to_owned());
        let secure = name.starts_with("__");
        self.put(Key { name, domain, host_only: true, path, partitioned: false }, Some((value, secure)));
    }

    /// The value of the first cookie of this name, wherever it is kept.
    pub fn get(&self, name: &str) -> Option<&String> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and values in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.cookies.iter().map(|(key, kept)| (&key.name, &kept.value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(name, _)| name)
    }

    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    pub fn clear(&mut self) {
        self.cookies.clear();
    }
}

impl Index<&str> for Jar {
    type Output = String;

    fn index(&self, name: &str) -> &String {
        self.get(name).unwrap_or_else(|| panic!("no cookie {name} in {:?}", self.keys().collect::<Vec<_>>()))
    }
}

fn split(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim_matches([' ', '\t']), value.trim_matches([' ', '\t'])))
}

/// Domain-match (5.1.3).
fn is_under(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// Path-match (5.1.4).
fn path_matches(request: &str, cookie: &str) -> bool {
    request == cookie
        || request.starts_with(cookie) && (cookie.ends_with('/') || request.as_bytes()[cookie.len()] == b'/')
}

/// Default path (5.1.4).
fn default_path(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    match path.rfind('/') {
        Some(end) if end > 0 && path.starts_with('/') => &path[..end],
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: To<'static> = To { host: "www.shop.example", target: "/a/b?c=/d", secure: true };

    /// What a jar with these lines sends to where.
    fn check(lines: &[&str], to: To<'_>, expected: &str) {
        let mut jar = Jar::default();
        lines.iter().for_each(|line| _ = jar.set(PAGE, line));
        assert_eq!(jar.line(to).unwrap_or_default(), expected, "{lines:?} at {to:?}");
    }

    #[test]
    fn domain_path_and_scheme_say_where_a_cookie_goes() {
        check(&["a=1", "b=2; Path=/"], PAGE, "a=1; b=2");
        check(&["a=1", "b=2; Path=/"], To { target: "/", ..PAGE }, "b=2");
        check(&["a=1; Path=/a/"], To { target: "/a", ..PAGE }, "");
        check(&["a=1; Path=/a"], To { target: "/ab", ..PAGE }, "");
        check(&["a=1; Path=/", "b=2; Path=/; Domain=.Shop.Example"], To { host: "shop.example", ..PAGE }, "b=2");
        check(
            &["a=1; Path=/", "b=2; Path=/; Domain=www.shop.example"],
            To { host: "x.www.shop.example", ..PAGE },
            "b=2",
        );
        check(&["a=1; Domain=example", "b=2; Domain=other.example", "c=3; Domain=op.example"], PAGE, "");
        check(&["a=1; Secure", "b=2"], To { secure: false, ..PAGE }, "b=2");
        check(&["a", "=b", "="], PAGE, "b");
    }

    #[test]
    fn a_name_can_be_kept_many_times_and_each_is_deleted_by_its_own_line() {
        let all = [
            "a=1; Path=/",
            "a=2; Path=/; Domain=shop.example",
            "a=3; Path=/a",
            "a=4; Path=/a/; HttpOnly",
            "a=5; Path=/; Secure; Partitioned",
            "a=6; Path=/; Domain=www.shop.example",
        ];
        check(&all, PAGE, "a=4; a=3; a=1; a=2; a=5; a=6");
        for (line, left) in [
            ("a=; Path=/; Max-Age=0", "a=4; a=3; a=2; a=5; a=6"),
            ("a=; Path=/; Max-Age=-1; Domain=shop.example; Secure", "a=4; a=3; a=1; a=5; a=6"),
            ("a=; Path=/a; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=4; a=1; a=2; a=5; a=6"),
            ("a=; Path=/a/; Max-Age=0", "a=3; a=1; a=2; a=5; a=6"),
            ("a=; Path=/; Max-Age=0; Secure; Partitioned", "a=4; a=3; a=1; a=2; a=6"),
            ("a=; Path=/; Max-Age=0; Partitioned", "a=4; a=3; a=1; a=2; a=5; a=6"),
            ("a=7; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=4; a=3; a=7; a=2; a=5; a=6"),
        ] {
            check(&[&all[..], &[line]].concat(), PAGE, left);
        }
    }

    #[test]
    fn security_prefixes_and_plain_http_are_held_to_their_rules() {
        let taken = |to, line| Jar::default().set(to, line);
        for line in [
            "__Host-a=1; Path=/; Secure",
            "__Secure-a=1; Secure; Domain=shop.example",
            "__Http-a=1; Secure; HttpOnly",
            "__Host-Http-a=1; Secure; HttpOnly; Path=/",
        ] {
            assert!(taken(PAGE, line) && !taken(To { secure: false, ..PAGE }, line), "{line}");
        }
        for line in [
            "__Host-a=1; Path=/",
            "__host-a=1; Secure",
            "__Host-a=1; Path=/; Secure; Domain=shop.example",
            "__Secure-a=1",
            "__Http-a=1; Secure",
        ] {
            assert!(!taken(PAGE, line), "{line}");
        }
        let mut jar = Jar::default();
        assert!(jar.set(PAGE, "a=1; Secure; Path=/"));
        assert!(!jar.set(To { secure: false, ..PAGE }, "a=; Path=/; Max-Age=0"));
        assert!(jar.set(PAGE, "a=; Path=/; Max-Age=0") && jar.is_empty());
        let localhost = To { host: "localhost", ..PAGE };
        assert!(taken(localhost, "a=1; Domain=localhost") && !taken(localhost, "a=1; Domain=shop.example"));
    }
}
