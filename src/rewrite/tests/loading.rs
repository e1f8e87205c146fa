//! The policy of each class, held against the rule about hosts by a reader of policies that is written here, from the standard.

use proptest::prelude::*;

use crate::{
    consent::{Category, CategorySet},
    rewrite::{LoadingPolicies, closed_wildcards},
    routing::{ForeignHost, ForeignHosts, HostPattern, Load},
    visitor::Scheme,
};

fn pattern(text: &str) -> HostPattern {
    match text.strip_prefix("*.") {
        Some(name) => HostPattern::Subdomains(name.to_owned()),
        None => HostPattern::Exact(text.to_owned()),
    }
}

fn line(host: &str, port: Option<u16>, category: Category) -> ForeignHost {
    ForeignHost { host: pattern(host), port, category, owner: "".into(), sees_address: true }
}

fn policies(own: &[&str], listed: Vec<ForeignHost>) -> LoadingPolicies {
    LoadingPolicies::new(&ForeignHosts::new(own.iter().map(|own| pattern(own)).collect(), listed), "/_kelisim/")
}

fn analytical() -> CategorySet {
    CategorySet::EMPTY.with(Category::Analytical)
}

#[test]
fn a_policy_is_one_list_and_names_only_what_is_allowed() {
    let listed =
        vec![line("cdn.example", None, Category::Necessary), line("count.example", Some(8443), Category::Analytical)];
    let policies = policies(&["a.kz", "*.a.kz"], listed);
    let text = |allowed, scheme, frame| policies.header(allowed, scheme, frame).to_str().unwrap().to_owned();
    let begins = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:";
    let own = "a.kz:* wss://a.kz:* *.a.kz:* wss://*.a.kz:*";
    assert_eq!(
        text(CategorySet::EMPTY, Scheme::Https, None),
        format!("{begins} {own} cdn.example wss://cdn.example; report-uri /_kelisim/report")
    );
    assert_eq!(
        text(analytical(), Scheme::Https, None),
        format!(
            "{begins} {own} cdn.example wss://cdn.example count.example:8443 wss://count.example:8443; report-uri /_kelisim/report"
        )
    );
    assert_eq!(policies.longest(), text(analytical(), Scheme::Http, None).len(), "ports cost most on plain pages");
    let frame = text(CategorySet::EMPTY, Scheme::Https, Some(("video.example", Some(81))));
    assert!(frame.ends_with(
        "; frame-src 'self' data: blob: a.kz:* wss://a.kz:* *.a.kz:* wss://*.a.kz:* cdn.example wss://cdn.example video.example:81; report-uri /_kelisim/report"
    ));
    assert!(!frame.split("frame-src").next().unwrap().contains("video.example"));
    let none = text(CategorySet::EMPTY, Scheme::Https, None);
    for host in ["", "a; script-src *", "a b", "т.kz", "*"] {
        assert_eq!(text(CategorySet::EMPTY, Scheme::Https, Some((host, None))), none, "{host}");
    }
}

#[test]
fn a_wildcard_that_holds_a_refused_host_is_closed_until_that_host_is_allowed() {
    let listed = vec![
        line("metrics.a.kz", None, Category::Analytical),
        line("*.cdn.example", None, Category::Necessary),
        line("count.cdn.example", None, Category::Analytical),
    ];
    let own = vec![pattern("a.kz"), pattern("www.a.kz"), pattern("*.a.kz")];
    let hosts = ForeignHosts::new(own, listed);
    let policies = LoadingPolicies::new(&hosts, "/_kelisim/");
    let opens =
        |allowed, host| allows(policies.header(allowed, Scheme::Https, None).to_str().unwrap(), "https", host, None);
    for (host, before, after) in [
        ("www.a.kz", true, true),
        ("metrics.a.kz", false, true),
        ("shop.a.kz", false, true),
        ("x.cdn.example", false, true),
        ("count.cdn.example", false, true),
    ] {
        assert_eq!((opens(CategorySet::EMPTY, host), opens(analytical(), host)), (before, after), "{host}");
    }
    let closed: Vec<_> = closed_wildcards(&hosts);
    assert_eq!(
        closed,
        [(&pattern("*.a.kz"), &pattern("metrics.a.kz")), (&pattern("*.cdn.example"), &pattern("count.cdn.example"))]
    );
}

/// Whether a policy lets a URL be loaded (CSP, section 6.7.2), for a page of `self.kz` on the scheme's port. Keywords for inline code do not
/// matter here, and neither does a path.
fn allows(policy: &str, scheme: &str, host: &str, port: Option<u16>) -> bool {
    let (page, usual) = match scheme {
        "https" | "wss" => ("https", 443),
        _ => ("http", 80),
    };
    let directive = policy.split(';').find_map(|directive| directive.trim().strip_prefix("default-src "));
    directive.unwrap().split(' ').any(|source| {
        if source == "'self'" {
            return host == "self.kz" && port.is_none();
        }
        if source.starts_with('\'') || source.ends_with(':') && !source.contains("//") {
            return false;
        }
        let (named, rest) = source.split_once("://").unwrap_or((page, source));
        let (name, named_port) = rest.split_once(':').unwrap_or((rest, ""));
        named == scheme
            && match name.strip_prefix('*') {
                Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
                None => host == name,
            }
            && match named_port {
                "*" => true,
                "" => port.is_none_or(|port| port == usual),
                number => port == Some(number.parse().unwrap()),
            }
    })
}

const NAMES: [&str; 12] = [
    "self.kz",
    "a.kz",
    "*.a.kz",
    "b.a.kz",
    "*.b.a.kz",
    "c.b.a.kz",
    "x.example",
    "*.x.example",
    "y.x.example",
    "*.y.x.example",
    "z.y.x.example",
    "localhost",
];

fn hosts() -> impl Strategy<Value = ForeignHosts> {
    let name = || prop::sample::select(&NAMES[1..]);
    let port = prop::sample::select(vec![None, None, Some(8443)]);
    let category = prop::sample::select(&Category::ALL[..]);
    let listed = prop::collection::vec((name(), port, category, any::<bool>()), 0..6);
    (prop::collection::vec(name(), 0..4), listed).prop_map(|(own, listed)| {
        let mut lines: Vec<ForeignHost> = Vec::new();
        for (name, port, category, sees_address) in listed {
            let line = ForeignHost { sees_address, ..line(name, port, category) };
            // Configuration takes no line twice.
            if !lines.iter().any(|known| known.host == line.host && known.port == line.port) {
                lines.push(line);
            }
        }
        ForeignHosts::new(std::iter::once("self.kz").chain(own).map(pattern).collect(), lines)
    })
}

proptest! {
    #[test]
    fn a_policy_lets_through_what_the_rule_lets_through_and_nothing_else(hosts in hosts(), bits in 0..8_u8) {
        let allowed = CategorySet::from_bits(bits << 1).unwrap();
        let policies = LoadingPolicies::new(&hosts, "/_kelisim/");
        // A wildcard that holds a refused host opens nothing; all else is exact.
        let refused = hosts.listed().iter().filter(|line| !line.passes(allowed));
        let refused: Vec<&HostPattern> = refused.map(|line| &line.host).collect();
        for (scheme, page) in [("https", Scheme::Https), ("wss", Scheme::Https), ("http", Scheme::Http), ("ws", Scheme::Http)] {
            let header = policies.header(allowed, page, None);
            let policy = header.to_str().unwrap();
            for host in ["self.kz", "a.kz", "b.a.kz", "c.b.a.kz", "d.c.b.a.kz", "x.example", "y.x.example", "z.y.x.example", "n.example", "xa.kz", "localhost"] {
                for port in [None, Some(8443), Some(9)] {
                    if host == "self.kz" && port.is_none() && scheme.starts_with("ws") {
                        // `'self'` is the site's own whatever a line says of it.
                        continue;
                    }
                    let opened = allows(policy, scheme, host, port);
                    let passes = matches!(hosts.judge(host, port, allowed), Load::Own | Load::Allowed);
                    prop_assert!(!opened || passes, "{scheme}://{host}:{port:?} is open in {policy}");
                    let named = hosts.own().iter().chain(hosts.listed().iter().map(|line| &line.host));
                    let exact = named.into_iter().any(|name| *name == HostPattern::Exact(host.to_owned()));
                    if refused.is_empty() || (exact && hosts.find(host, port).is_some_and(|line| matches!(line.host, HostPattern::Exact(_)))) {
                        prop_assert_eq!(opened, passes, "{}://{}:{:?} in {}", scheme, host, port, policy);
                    }
                }
            }
        }
    }
}
