//! What else the head of a request says: its path and query, its host, where it comes from, its trace. Input: a line each for the target, the
//! host, the referrer and the trace, in this order.
//!
//! A second reading takes paths apart as lenient servers do, hosts as RFC 9112 and RFC 3986 write them, traces by the letter of W3C's text.

use std::{net::Ipv6Addr, sync::LazyLock};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};
use kelisim::{
    analytics::{Preset, Route, Routes, SentAddress},
    consent::{Category, CategorySet},
    ledger::PagePath,
    pages::{FrameRequest, ReceiptQuery},
    rewrite::LoadingPolicies,
    routing::{
        ForeignHosts, HostFault, HostPattern, Hosts, LogFile, OwnPage, PathRule, SitePaths, Tracker, request_host,
    },
    statistics::{Arrival, CountedPath},
    trace_context::{PARENT_BYTES, TRACEPARENT, TraceParent},
    visitor::Scheme,
};
use percent_encoding::percent_decode_str;
use regex::Regex;

use super::{Target, choice::is_within};

pub const TARGET: Target = Target { name: "request_head", run, words: WORDS, runs: 4000 };

const WORDS: &[&str] = &[
    "\n",
    "/",
    "//",
    "/./",
    "/../",
    "/..;/",
    ";x",
    "\\",
    "%2f",
    "%2e",
    "%5C",
    "%3b",
    "%00",
    "%40",
    "%25",
    "?",
    "&",
    "=",
    "#",
    "http://",
    "/_kelisim/",
    "policy/2026-11/kk",
    "log/tile/0/x001/234.p/7",
    "log/proof/",
    "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/",
    "frame?host=",
    "&frame=0123456789abcdef&to=%2F",
    "receipt?leaf=7&download=json",
    "/paid/",
    "/collect",
    "/matomo/",
    "/stats/matomo.php",
    "shop.example",
    "www.shop.example.:8443",
    "[::1]:80",
    "user@",
    "utm_source=",
    "utm_campaign=",
    "gclid=x",
    "https://www.google.kz/",
    "android-app://",
    "petr@mail.kz",
    "850617450628",
    "+7 701 123 45 67",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "-",
    "ff",
    "\u{44f}",
];

const PREFIX: &str = "/_kelisim/";

fn run(input: &[u8]) {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (target, named, referrer, parent) = (line(), line(), line(), line());
    trace(parent);
    let target = Uri::try_from(target).unwrap_or_default();
    host(&target, named);
    let (path, query) = (target.path(), target.query().unwrap_or_default());
    site_paths(path);
    own_pages(path);
    kept_paths(target.path_and_query().map_or("", |both| both.as_str()));
    arrival(query, referrer);
    queries(query);
}

/// `Host` and the target's authority (RFC 9112, section 3.2): one host, or none.
fn host(target: &Uri, named: &[u8]) {
    static AUTHORITY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:(?<name>[A-Za-z0-9._-]*)|\[(?<six>[0-9A-Fa-f:.]+)\])(?::[0-9]*)?$").unwrap());
    let read = |text: &str| {
        let found = AUTHORITY.captures(text)?;
        let host = match found.name("six") {
            Some(six) => six.as_str().parse::<Ipv6Addr>().ok().map(|_| format!("[{}]", six.as_str()))?,
            None => found["name"].strip_suffix('.').unwrap_or(&found["name"]).to_owned(),
        };
        (host.len() <= 255).then(|| host.to_ascii_lowercase())
    };
    let mut headers = HeaderMap::new();
    let line = HeaderValue::from_bytes(named.trim_ascii()).ok();
    headers.extend(line.clone().map(|line| (header::HOST, line)));
    let found = request_host(Version::HTTP_11, target, &headers);
    let line = line.map(|line| line.to_str().ok().and_then(read).ok_or(HostFault::Malformed));
    let expected = match (target.authority(), line) {
        (_, Some(Err(fault))) => Err(fault),
        (Some(authority), _) => read(authority.as_str()).ok_or(HostFault::Malformed),
        (None, Some(Ok(host))) => Ok(host),
        (None, None) => Err(HostFault::Missing),
    };
    assert_eq!(found, expected, "{target:?} {}", named.escape_ascii());
    let sites = [[HostPattern::Exact("shop.example".into())], [HostPattern::Subdomains("shop.example".into())]];
    let hosts = Hosts::new(sites.iter().map(|patterns| &patterns[..]));
    if let Ok(host) = found {
        let is_below = host.ends_with(".shop.example");
        let expected = if host == "shop.example" { Some(0) } else { is_below.then_some(1) };
        assert_eq!(hosts.find(&host), expected, "{host}");
    }
    headers.append(header::HOST, HeaderValue::from_static("shop.example"));
    if headers.get_all(header::HOST).iter().count() > 1 {
        assert_eq!(request_host(Version::HTTP_11, target, &headers), Err(HostFault::Several));
    }
}

/// The path as a server may read it that decodes first, takes `\` for `/`, drops what follows a `;`, and then steps.
fn leniently(path: &str) -> Vec<String> {
    let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let mut parts: Vec<String> = Vec::new();
    for part in decoded.split(['/', '\\']) {
        let part = part.find(';').map_or(part, |at| &part[..at]);
        if part == ".." {
            parts.pop();
        } else if !part.is_empty() && part != "." {
            parts.push(part.to_owned());
        }
    }
    parts
}

/// No other spelling of a path gets past what measures, or into an exception.
fn site_paths(path: &str) {
    let rule = |prefix: &str| PathRule {
        prefix: prefix.into(),
        banner: false,
        content_security_policy: false,
        client_address: None,
        pass_through: true,
    };
    let tracker = |path: &str| Tracker { path: path.into(), category: Category::Analytical };
    let paths =
        SitePaths::new(vec![rule("/paid/"), rule("/shop/callback")], vec![tracker("/collect"), tracker("/matomo/")]);
    let read = leniently(path);
    if let Some(rule) = paths.rule(path) {
        assert!(path.starts_with(&rule.prefix));
        let is_within = match &*rule.prefix {
            "/paid/" => read.first().is_some_and(|part| part == "paid"),
            _ => read.len() > 1 && read[0] == "shop" && read[1].starts_with("callback"),
        };
        assert!(is_within, "{path:?} may be read as {read:?}");
    }
    let measures = read.len() == 1 && read[0] == "collect" || read.first().is_some_and(|part| part == "matomo");
    assert!(!measures || paths.tracker(path).is_some(), "{path:?} may be read as {read:?}");
    if paths.tracker(path).is_some() {
        assert!(measures || path.starts_with("/matomo/") || path.trim_end_matches('/') == "/collect", "{path:?}");
    }
    let route = Route {
        preset: Preset::Matomo,
        path: "/stats/".into(),
        category: Category::Analytical,
        address: SentAddress::Truncated,
        host: "stats.example".into(),
        token: None,
    };
    let routes = Routes::new(vec![route]);
    let found = routes.find(&Method::GET, path);
    let is_below = read.first().is_some_and(|part| part == "stats");
    assert!(!is_below || !matches!(found, Ok(None)), "{path:?} may be read as {read:?}");
    if let Ok(Some(asked)) = found {
        assert!(path.starts_with(&asked.route.path) && path.starts_with(&format!("/{}", read.join("/"))), "{path:?}");
    }
}

/// A page of ours has one address.
fn own_pages(path: &str) {
    let Some(page) = OwnPage::parse(path, PREFIX) else {
        assert!(!path.starts_with(PREFIX));
        return;
    };
    let file = |file: LogFile| match file {
        LogFile::Checkpoint => "checkpoint".to_owned(),
        LogFile::Key => "key".to_owned(),
        LogFile::Tile(tile) => tile.path(),
        LogFile::Proof(index) => format!("proof/{}", index.0),
    };
    let written = match page {
        OwnPage::Choice => "choice".to_owned(),
        OwnPage::Settings => "settings".to_owned(),
        OwnPage::Receipt => "receipt".to_owned(),
        OwnPage::Frame => "frame".to_owned(),
        OwnPage::Report => "report".to_owned(),
        OwnPage::View => "view".to_owned(),
        OwnPage::Log(None, asked) => format!("log/{}", file(asked)),
        OwnPage::Log(Some(log), asked) => format!("log/{log}/{}", file(asked)),
        OwnPage::Policy(edition, language) => format!("policy/{edition}/{}", language.tag()),
        OwnPage::Asset(name) => {
            assert!(!name.contains('/'));
            name.to_owned()
        }
        OwnPage::GlobalPrivacyControl => {
            assert_eq!(path, "/.well-known/gpc.json");
            return;
        }
        OwnPage::Unknown => return,
    };
    assert_eq!(format!("{PREFIX}{written}"), path);
}

/// No number, no address of mail and no query is kept of a path.
fn kept_paths(path: &str) {
    let page = PagePath::new(path);
    let text = page.as_str();
    assert_eq!(PagePath::parse_kept(text).as_ref(), Some(&page));
    assert_eq!(&PagePath::new(text), &page, "folding again folds nothing");
    assert!(text.starts_with('/') && !text.contains(['?', '#', '@']) && longest_number(text) <= 1, "{text}");
    let counted = CountedPath::new(path);
    let text = counted.as_str();
    assert!(text.starts_with('/') && text.len() <= 200, "{text}");
    assert!(!text.contains(['?', '#', '@', '\\', '<', '>', '"']) && !text.chars().any(char::is_control), "{text}");
    assert!(!text.contains("%40") && longest_number(text) <= 8, "{text}");
}

fn longest_number(text: &str) -> usize {
    let runs = text.split(|letter: char| !letter.is_ascii_digit());
    runs.map(str::len).max().unwrap_or_default()
}

/// What a link says of where somebody comes from names no person.
fn arrival(query: &str, referrer: &[u8]) {
    let referrer = std::str::from_utf8(referrer).ok();
    let arrival = Arrival::read(Some(query), referrer, |host| host == "shop.example");
    let name = &arrival.source.name;
    assert!(!name.is_empty() && name.len() <= 253, "{name}");
    assert!(!name.contains(['@', '?', '&', '=', '<', '"']) && !name.chars().any(char::is_control), "{name}");
    if let Some(campaign) = &arrival.campaign {
        assert!((1..=60).contains(&campaign.len()) && !campaign.contains('@') && longest_number(campaign) <= 8);
        assert!(!campaign.chars().any(|letter| letter.is_control() || "<>\"'&=%".contains(letter)), "{campaign}");
    }
    // Without a word of the link the referrer's host is all there is.
    let bare = Arrival::read(None, referrer, |host| host == "shop.example");
    assert!(bare.campaign.is_none() && bare.source.name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
}

/// Addresses of our own pages: where somebody goes back to is here, and a frame's host ends no directive of a policy.
fn queries(query: &str) {
    is_within(&ReceiptQuery::parse(query, PREFIX).to);
    let Some(frame) = FrameRequest::parse(query.as_bytes(), PREFIX) else { return };
    is_within(&frame.to);
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    written.append_pair("host", &frame.authority()).append_pair("frame", &frame.frame.to_string());
    written.append_pair("to", frame.to.as_str());
    written.extend_pairs(frame.language.map(|language| ("language", language.tag())));
    written.extend_pairs(frame.sandboxed.then_some(("sandboxed", "")));
    let again = FrameRequest::parse(written.finish().as_bytes(), PREFIX);
    assert!(again.is_none_or(|again| again == frame), "written anew it may be too long, and nothing else");
    let policies = LoadingPolicies::new(&ForeignHosts::default(), PREFIX);
    let policy = |frame| policies.header(CategorySet::EMPTY, Scheme::Https, frame).to_str().unwrap().to_owned();
    let (without, with) = (policy(None), policy(Some((&*frame.host, frame.port))));
    let directives = with.split("; ").filter(|directive| !without.split("; ").any(|known| known == *directive));
    for directive in directives {
        assert!(
            directive.starts_with("frame-src 'self' data: blob: ") && !directive.contains([';', ',', '\n']),
            "{with}"
        );
        assert!(directive.split(' ').skip(4).all(|source| source.contains(&*frame.host)), "{with}");
    }
}

/// W3C Trace Context, section 3.2.
fn trace(line: &[u8]) {
    static PARENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$").unwrap());
    let Ok(value) = HeaderValue::from_bytes(line.trim_ascii()) else { return };
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let found = PARENT.captures(&text).filter(|found| {
        let is_zero = |number: usize| found[number].bytes().all(|digit| digit == b'0');
        &found[1] != "ff" && !is_zero(2) && !is_zero(3) && (&found[1] != "00" || found.get(5).is_none())
    });
    let name: HeaderName = TRACEPARENT;
    let read = TraceParent::of(&HeaderMap::from_iter([(name.clone(), value)]));
    let expected = found.map(|found| {
        let flags = u8::from_str_radix(&found[4], 16).unwrap();
        format!("00-{}-{}-0{}", &found[2], &found[3], flags & 1)
    });
    assert_eq!(read.map(|parent| parent.to_string()), expected, "{text}");
    if let Some(parent) = read {
        let written = parent.to_string();
        assert_eq!(written.len(), PARENT_BYTES);
        let value = HeaderValue::try_from(written).unwrap();
        assert_eq!(TraceParent::of(&HeaderMap::from_iter([(name, value)])), Some(parent));
    }
}
