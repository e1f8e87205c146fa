//! Content-security policies read a second time, by the letter of CSP, level 3: what a browser lets through.

use url::Url;

/// One policy: the first directive of each name counts.
pub struct Policy {
    directives: Vec<(String, Vec<String>)>,
}

/// What is fetched or sent, with the directives that decide about it, the nearest first (section 6.8.3). The last of those that fetch is
/// `default-src`; forms and addresses of the base fall back on nothing.
pub const KINDS: [&[&str]; 16] = [
    &["script-src-elem", "script-src", "default-src"],
    &["style-src-elem", "style-src", "default-src"],
    &["connect-src", "default-src"],
    &["form-action"],
    &["frame-src", "child-src", "default-src"],
    &["script-src-attr", "script-src", "default-src"],
    &["style-src-attr", "style-src", "default-src"],
    &["worker-src", "child-src", "script-src", "default-src"],
    &["img-src", "default-src"],
    &["font-src", "default-src"],
    &["media-src", "default-src"],
    &["object-src", "default-src"],
    &["manifest-src", "default-src"],
    &["prefetch-src", "default-src"],
    &["base-uri"],
    &["frame-ancestors"],
];

/// The policies of a line (section 2.2.2).
pub fn policies(line: &str) -> Vec<Policy> {
    line.split(',').map(Policy::read).collect()
}

impl Policy {
    fn read(text: &str) -> Self {
        let mut directives: Vec<(String, Vec<String>)> = Vec::new();
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace().map(str::to_owned);
            let Some(name) = words.next() else { continue };
            let name = name.to_ascii_lowercase();
            if directives.iter().all(|(known, _)| *known != name) {
                directives.push((name, words.collect()));
            }
        }
        Self { directives }
    }

    pub fn words(&self, name: &str) -> Option<&[String]> {
        self.directives.iter().find(|(known, _)| known == name).map(|(_, words)| &words[..])
    }

    /// Directives that say something else than from where is loaded.
    pub fn others(&self) -> impl Iterator<Item = &(String, Vec<String>)> {
        self.directives.iter().filter(|(name, _)| !KINDS.iter().any(|kind| kind.contains(&&**name)))
    }

    fn sources(&self, kind: &[&str]) -> Option<&[String]> {
        kind.iter().find_map(|name| self.words(name))
    }

    /// Words of a kind that are no addresses: what lets code in the page run. A list without any says as much as `'none'`.
    pub fn keywords(&self, kind: &[&str]) -> Option<Vec<&str>> {
        let sources = self.sources(kind)?;
        let keywords = sources.iter().map(|word| &**word).filter(|word| word.starts_with('\''));
        Some(keywords.filter(|word| !word.eq_ignore_ascii_case("'none'")).collect())
    }

    /// Whether an address passes, for a page of `own`; scripts also with a nonce.
    pub fn passes(&self, kind: &[&str], url: &Url, own: &Url, nonce: Option<&str>) -> bool {
        let Some(sources) = self.sources(kind) else { return true };
        let is_script = kind[0] == "script-src-elem";
        let by_nonce = nonce.is_some_and(|nonce| {
            sources.iter().any(|word| {
                word.len() > 7 && word[..7].eq_ignore_ascii_case("'nonce-") && word[7..] == format!("{nonce}'")
            })
        });
        let is_strict = sources.iter().any(|word| word.eq_ignore_ascii_case("'strict-dynamic'"));
        if is_script && (by_nonce || is_strict) {
            return by_nonce;
        }
        sources.iter().any(|source| fits(source, url, own))
    }
}

/// Section 6.7.2.7.
fn fits(source: &str, url: &Url, own: &Url) -> bool {
    let upgrades = |from: &str| match from {
        "http" => matches!(url.scheme(), "http" | "https" | "ws" | "wss"),
        "ws" => matches!(url.scheme(), "ws" | "wss" | "http" | "https"),
        "wss" => matches!(url.scheme(), "wss" | "https"),
        other => url.scheme() == other,
    };
    if source == "*" {
        return matches!(url.scheme(), "http" | "https" | "ws" | "wss");
    }
    if source.eq_ignore_ascii_case("'self'") {
        let same = url.host_str() == own.host_str() && url.port_or_known_default() == own.port_or_known_default();
        return same && upgrades(own.scheme());
    }
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    if let Some(scheme) = source.strip_suffix(':').filter(|scheme| is_scheme(scheme)) {
        return upgrades(&scheme.to_ascii_lowercase());
    }
    let (scheme, rest) = match source.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        Some(_) => return false,
        None => (own.scheme().to_owned(), source),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = host.strip_prefix("*.").unwrap_or(host);
    if host != "*" && !name.split('.').all(is_label) {
        return false;
    }
    let Some(asked) = url.host_str() else { return false };
    let host_fits = match host.strip_prefix('*') {
        Some(end) => asked.len() > end.len() && asked.ends_with(&end.to_ascii_lowercase()),
        None => asked.eq_ignore_ascii_case(host),
    };
    let port_fits = match port {
        "*" => true,
        "" => url.port().is_none(),
        port => {
            port.parse().ok() == url.port_or_known_default()
                || (port == "80" && url.port_or_known_default() == Some(443))
        }
    };
    let path_fits = match path {
        "" | "/" => true,
        folder if folder.ends_with('/') => url.path().starts_with(folder),
        file => url.path() == file,
    };
    upgrades(&scheme) && host_fits && port_fits && path_fits
}
