//! Headers of a site's answer that lead browsers to other hosts or bind our own script. Input: a byte for the visitor, then header lines.
//!
//! A second reading takes addresses apart by the URL standard, lists by the grammar of their RFC, and policies by the letter of CSP.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kelisim::{
    consent::{Category, CategorySet},
    rewrite::{
        Admission, Governed, OwnSources, Refusal, admit_own, admitted_unchanged, drop_advertising, drop_foreign,
        restrict_document,
    },
    routing::{ForeignHost, ForeignHosts, HostPattern, Load},
    visitor::Scheme,
};
use regex::Regex;
use url::Url;

use super::{
    Target,
    list_reading::left_of_list,
    policy_reading::{KINDS, Policy, policies},
};

pub const TARGET: Target = Target { name: "answer_headers", run, words: WORDS, runs: 2500 };

const WORDS: &[&str] = &[
    "link: ",
    "content-security-policy: ",
    "content-security-policy-report-only: ",
    "reporting-endpoints: ",
    "report-to: ",
    "nel: ",
    "permissions-policy: ",
    "<https://t.example/x>",
    "</a.css>",
    ";rel=preload",
    "; rel=\"next preconnect\"",
    "; title=\"a,b\"",
    "https://t.example/",
    "//cdn.example",
    "\\\\t.example",
    "https:t.example",
    "user@",
    ":8443",
    "script-src ",
    "script-src-elem ",
    "style-src ",
    "connect-src ",
    "default-src ",
    "child-src ",
    "form-action ",
    "report-uri ",
    "'none'",
    "'self'",
    "'unsafe-inline'",
    "'strict-dynamic'",
    "'nonce-abc'",
    "'sha256-abc='",
    "*",
    "*.example",
    "https:",
    "http:",
    "shop.example/_kelisim/",
    ";",
    ",",
    "\"",
    "\\",
    "\n",
    "\t",
    "{\"group\":\"d\",\"endpoints\":[{\"url\":\"",
    "\"}]}",
    "\\u0001",
    "\u{44f}",
];

/// More lines than this hyper takes of no answer.
const MOST_LINES: usize = 100;

fn hosts() -> ForeignHosts {
    let line = |name: &str, category| ForeignHost {
        host: name
            .strip_prefix("*.")
            .map_or_else(|| HostPattern::Exact(name.to_owned()), |name| HostPattern::Subdomains(name.to_owned())),
        port: None,
        category,
        owner: "".into(),
        sees_address: true,
    };
    let listed = vec![
        line("cdn.example", Category::Necessary),
        line("t.example", Category::Analytical),
        line("*.t.example", Category::Marketing),
        line("metrics.shop.example", Category::Analytical),
    ];
    let own = vec![HostPattern::Exact("shop.example".to_owned()), HostPattern::Subdomains("shop.example".to_owned())];
    ForeignHosts::new(own, listed)
}

/// A visitor's refusal and the page that was asked for.
struct Reading<'a> {
    refusal: Refusal<'a>,
    page: Url,
}

fn run(input: &[u8]) {
    let Some((first, lines)) = input.split_first() else { return };
    let hosts = hosts();
    let scheme = if first & 16 == 0 { Scheme::Https } else { Scheme::Http };
    let allowed = CategorySet::from_bits(first << 1 & CategorySet::MOST_BITS).unwrap();
    let refusal = Refusal { hosts: &hosts, allowed, unknown: first & 8 == 0, scheme };
    let page = Url::parse(&format!("{}://shop.example/a/page?x#y", scheme.name())).unwrap();
    let reading = Reading { refusal, page };
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(MOST_LINES) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        reading.address(&line[colon + 1..]);
        reading.address(line);
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    reading.foreign(&headers);
    reading.own_passes(headers.clone());
    let governed = if first & 32 == 0 { Governed::Bound } else { Governed::Lasting };
    reading.document(headers, governed);
}

fn values(headers: &HeaderMap, name: &str) -> Vec<Vec<u8>> {
    headers.get_all(name).into_iter().map(|value| value.as_bytes().to_vec()).collect()
}

fn texts(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok().map(str::to_owned)).collect()
}

/// A text with a letter for each byte: a policy may hold bytes that are no text.
fn byte_for_byte(line: &[u8]) -> String {
    line.iter().map(|byte| char::from(*byte)).collect()
}

impl Reading<'_> {
    /// What becomes of an address by the URL standard; `None` where it is not written plainly: names with `%`, with other signs or in
    /// other scripts are not read, and count as a host that nobody named.
    fn plain(&self, address: &str) -> Option<Load> {
        if !address.is_ascii() || address.contains('%') {
            return None;
        }
        let url = self.page.join(address).ok()?;
        if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
            return Some(Load::Own);
        }
        let host = url.host_str()?;
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.[:]".contains(&byte);
        if !host.bytes().all(is_name) {
            return None;
        }
        Some(self.refusal.hosts.judge(host, url.port(), self.refusal.allowed))
    }

    /// No address leads further than we think.
    fn address(&self, address: &[u8]) {
        let refused = self.refusal.refuses(address);
        let Ok(text) = std::str::from_utf8(address) else { return };
        let url = self.page.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "ws" | "wss"));
        if self.refusal.unknown
            && let Some(url) = url
        {
            let host = url.host_str().unwrap_or_default();
            let host = host.strip_suffix('.').unwrap_or(host);
            let load = self.refusal.hosts.judge(host, url.port(), self.refusal.allowed);
            assert!(refused || !matches!(load, Load::Refused(_)), "{text:?} leads to {url}");
        }
        match self.plain(text) {
            Some(Load::Refused(Some(category))) => assert!(refused, "{text:?} leads to a host of {category:?}"),
            Some(Load::Refused(None)) => assert_eq!(refused, self.refusal.unknown, "{text:?}"),
            // `https:path` is the page's own host only where the page has that scheme.
            Some(Load::Own | Load::Allowed) => {
                static WITHOUT_SLASHES: LazyLock<Regex> =
                    LazyLock::new(|| Regex::new(r"(?i)^[\x00-\x20]*(ht|w)[a-z]*:[/\\]?([^/\\]|$)").unwrap());
                let odd = WITHOUT_SLASHES.is_match(&text.replace(['\t', '\n', '\r'], ""));
                assert!(!refused || odd, "{text:?} leads nowhere else");
            }
            None => {}
        }
    }

    /// After what leads to refused hosts has been taken out, a second reading finds nothing more that does, and all else is there.
    fn foreign(&self, before: &HeaderMap) {
        let mut after = before.clone();
        drop_foreign(&mut after, &self.refusal);
        let mut again = after.clone();
        let judged = drop_foreign(&mut again, &self.refusal);
        assert_eq!(again, after, "nothing is left to be taken out");
        let _ = judged;
        for name in before.keys() {
            assert!(
                values(&after, name.as_str()).len() <= values(before, name.as_str()).len(),
                "{name} has no more lines than before"
            );
        }
        // Line by line, since a line that is well formed says what has to become of it.
        for line in before.get_all(header::LINK) {
            if let Some(expected) = line.to_str().ok().and_then(|line| self.links(line)) {
                self.becomes(header::LINK, line, expected);
            }
        }
        let endpoints = HeaderName::from_static("reporting-endpoints");
        for line in before.get_all(&endpoints) {
            if let Some(expected) = line.to_str().ok().and_then(|line| self.endpoints(line)) {
                self.becomes(endpoints.clone(), line, expected);
            }
        }
        for line in texts(&after, "report-to") {
            let groups: Vec<serde_json::Value> =
                serde_json::from_str(&format!("[{line}]")).expect("what is left can be read");
            for end in groups.iter().filter_map(|group| group["endpoints"].as_array()).flatten() {
                let url = end["url"].as_str().expect("an endpoint has an address");
                assert!(!self.leads_away(url), "reports go to {url}");
            }
        }
        for name in [header::CONTENT_SECURITY_POLICY, header::CONTENT_SECURITY_POLICY_REPORT_ONLY] {
            let (was, is) = (values(before, name.as_str()), values(&after, name.as_str()));
            let [was, is] = [was, is].map(|lines| lines.iter().map(|line| byte_for_byte(line)).collect::<Vec<_>>());
            let (was, is) = (all_policies(&was), all_policies(&is));
            assert_eq!(was.len(), is.len(), "no policy goes");
            for (was, is) in was.iter().zip(&is) {
                let addresses = is.words("report-uri").unwrap_or_default();
                assert!(!addresses.iter().any(|address| self.leads_away(address)), "reports go to {addresses:?}");
                let others = |policy: &Policy| -> Vec<_> {
                    policy.others().filter(|(name, _)| name != "report-uri").cloned().collect()
                };
                assert_eq!(others(was), others(is));
                assert!(KINDS.iter().flat_map(|kind| *kind).all(|name| was.words(name) == is.words(name)));
            }
        }
    }

    /// Whether a plainly written address leads to a refused host.
    fn leads_away(&self, address: &str) -> bool {
        match self.plain(address) {
            Some(Load::Refused(category)) => category.is_some() || self.refusal.unknown,
            _ => false,
        }
    }

    fn becomes(&self, name: HeaderName, line: &HeaderValue, expected: Option<String>) {
        let mut one = HeaderMap::from_iter([(name.clone(), line.clone())]);
        drop_foreign(&mut one, &self.refusal);
        assert_eq!(one.get(&name).map(|value| value.to_str().unwrap().to_owned()), expected, "{line:?}");
    }

    /// What becomes of a `Link` that is by the letter of RFC 8288; outer `None` where it isn't.
    fn links(&self, line: &str) -> Option<Option<String>> {
        static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                r#"^[ \t]*(<([^<>"\\ ]*)>((?:[ \t]*;[ \t]*[a-z]+(?:=(?:[A-Za-z0-9-]+|"[^"\\]*"))?)*))[ \t]*(,|$)"#,
            )
            .unwrap()
        });
        static RELATION: LazyLock<Regex> = LazyLock::new(|| {
            let relations =
                "preload|modulepreload|preconnect|dns-prefetch|prefetch|prerender|stylesheet|compression-dictionary";
            Regex::new(&format!(
                r#"(?i);[ \t]*rel=(?:"(?:[^"]*[ \t])?(?:{relations})(?:[ \t][^"]*)?"|(?:{relations})[ \t]*(?:;|$))"#
            ))
            .unwrap()
        });
        // A value in quotes may look like another parameter.
        static QUOTED_OTHERS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"([a-z]+)="[^"]*""#).unwrap());
        left_of_list(line, &ENTRY, |found| {
            let parameters = QUOTED_OTHERS.replace_all(&found[3], |found: &regex::Captures<'_>| {
                if &found[1] == "rel" { found[0].to_owned() } else { found[1].to_owned() }
            });
            let loads = RELATION.is_match(&parameters);
            Some(!loads || !self.refused(&found[2])?)
        })
    }

    /// The same of `Reporting-Endpoints` (RFC 9651, section 3.2).
    fn endpoints(&self, line: &str) -> Option<Option<String>> {
        static ENTRY: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r#"^[ \t]*([a-z*][a-z0-9_.*-]*="([^"\\]*)")[ \t]*(,|$)"#).unwrap());
        left_of_list(line, &ENTRY, |found| Some(!self.refused(&found[2])?))
    }

    /// Whether an address is refused, where it is written so that all readers agree.
    fn refused(&self, address: &str) -> Option<bool> {
        static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^(?:(?:https?:)?//[a-z][a-z.-]*[a-z](?:/[a-zA-Z0-9/._-]*)?|/[a-z.]*)$").unwrap()
        });
        if !PLAIN.is_match(address) {
            return None;
        }
        self.plain(address).map(|load| match load {
            Load::Refused(category) => category.is_some() || self.refusal.unknown,
            Load::Own | Load::Allowed => false,
        })
    }

    /// After our own has been let in every policy lets it through, and everything else as before.
    fn own_passes(&self, mut headers: HeaderMap) {
        let root = self.page.join("/_kelisim/").unwrap();
        let address = |name: &str| root.join(name).unwrap();
        let own = ["x.js", "x.css", "event", "choice", "frame"].map(address);
        let sources = OwnSources {
            script_url: own[0].as_str(),
            style_url: own[1].as_str(),
            connect_url: own[2].as_str(),
            form_url: own[3].as_str(),
            frame_url: Some(own[4].as_str()),
        };
        let names = [header::CONTENT_SECURITY_POLICY, header::CONTENT_SECURITY_POLICY_REPORT_ONLY];
        let unchanged = admitted_unchanged(&headers, own[0].as_str(), own[2].as_str());
        let before = names.clone().map(|name| texts(&headers, name.as_str()));
        if let Some(admission) = &unchanged {
            for policy in before.iter().flat_map(|texts| all_policies(texts)) {
                let nonce = admission.nonce.as_deref();
                assert!(policy.passes(KINDS[0], &own[0], &self.page, nonce), "our script is stopped");
                assert!(policy.passes(KINDS[2], &own[2], &self.page, None), "our report is stopped");
            }
        }
        let admission = admit_own(&mut headers, &sources);
        check_nonce(&admission);
        for (name, before) in names.into_iter().zip(before) {
            let after = texts(&headers, name.as_str());
            assert_eq!(before.len(), after.len());
            let is_enforced = name == header::CONTENT_SECURITY_POLICY;
            for (was, is) in all_policies(&before).iter().zip(&all_policies(&after)) {
                self.admits(was, is, &own, &admission, is_enforced);
            }
            assert_eq!(all_policies(&before).len(), all_policies(&after).len());
        }
        let once = headers.clone();
        assert_eq!(admit_own(&mut headers, &sources), admission);
        // That word means nothing outside of scripts; beside it our address is added wherever it stands.
        let is_odd =
            once.values().any(|line| byte_for_byte(line.as_bytes()).to_ascii_lowercase().contains("'strict-dynamic'"));
        assert!(is_odd || headers == once, "who is let in needs no more: {once:?} became {headers:?}");
    }

    fn admits(&self, was: &Policy, is: &Policy, own: &[Url; 5], admission: &Admission, is_enforced: bool) {
        for (kind, url) in KINDS.iter().zip(own) {
            let is_script = kind[0] == "script-src-elem";
            let nonce = admission.nonce.as_deref().filter(|_| is_script);
            // What is only reported never keeps our script out.
            let is_refused = is_script && (admission.script_refused || !is_enforced) && {
                is.keywords(kind)
                    .is_some_and(|words| words.iter().any(|word| word.eq_ignore_ascii_case("'strict-dynamic'")))
            };
            assert!(is_refused || is.passes(kind, url, &self.page, nonce), "{} stops {url}", kind[0]);
        }
        let others =
            ["/site.js", "/_kelisim/other", "https://t.example/x.js", "http://a.shop.example/", "//cdn.example:8443/y"];
        for kind in KINDS {
            assert_eq!(was.keywords(kind), is.keywords(kind), "{}", kind[0]);
            for other in others {
                let url = self.page.join(other).unwrap();
                let passes = |policy: &Policy| policy.passes(kind, &url, &self.page, None);
                assert_eq!(passes(was), passes(is), "{} and {url}", kind[0]);
            }
        }
        assert!(was.others().eq(is.others()));
    }

    /// Once advertising is kept out, it is, and what the site says of other features stays.
    fn document(&self, headers: HeaderMap, governed: Governed) {
        let mut after = headers.clone();
        drop_advertising(&mut after, self.refusal.allowed);
        restrict_document(&mut after, StatusCode::OK, governed, &self.refusal);
        let mut again = after.clone();
        drop_advertising(&mut again, self.refusal.allowed);
        restrict_document(&mut again, StatusCode::OK, governed, &self.refusal);
        assert_eq!(again, after, "once is enough");
        let (was, is) = (values(&headers, "permissions-policy"), values(&after, "permissions-policy"));
        assert!(is.starts_with(&was) && is.len() <= was.len() + 1);
        let is_free = governed == Governed::Lasting || self.refusal.allowed.permits(Category::Marketing);
        let says = String::from_utf8_lossy(&is.join(&b","[..])).into_owned();
        for feature in ["browsing-topics", "private-state-token-issuance", "private-state-token-redemption"] {
            assert!(is_free || says.contains(feature), "{feature} is denied, or the site speaks of it");
        }
        let is_left = |name: &HeaderName| name.as_str().starts_with("attribution-reporting-register-");
        assert!(self.refusal.allowed.permits(Category::Marketing) || !after.keys().any(is_left));
    }
}

fn all_policies(lines: &[String]) -> Vec<Policy> {
    lines.iter().flat_map(|line| policies(line)).collect()
}

/// A nonce stands in our tag as it is.
fn check_nonce(admission: &Admission) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    assert!(admission.nonce.as_ref().is_none_or(|nonce| !nonce.is_empty() && nonce.bytes().all(fits)));
}
