//! Our own content-security policy (CSP, level 3): from where pages may load, and nothing else about them.
//!
//! It is one directive. `default-src` stands in for every kind of load that a policy knows, prefetches among them, and one
//! list is a third of what separate directives with the same hosts would be. Inline code and `eval` are the site's own and
//! pass; `'unsafe-eval'` covers WebAssembly. Workers and frames made of `data:` and `blob:` inherit the policy. What is the
//! site's own concern is not in it: no `frame-ancestors`, `form-action`, `base-uri`, `sandbox`.
//!
//! A policy can't say "all but". A wildcard that holds a refused host is therefore left out as a whole.

use http::HeaderValue;

use crate::{
    consent::CategorySet,
    routing::{ForeignHost, ForeignHosts, HostPattern, Load},
    visitor::Scheme,
};

/// The longest policy that configuration may lead to, in bytes. Proxies before us often take 4 or 8 KiB for all headers of an answer.
pub const LONGEST_POLICY: usize = 3 * 1024;

/// Sets of three optional categories.
const CLASSES: u8 = 8;

/// The policy of every class of visitors, made once.
#[derive(Clone, Debug)]
pub struct LoadingPolicies {
    /// For plain pages and for those over TLS, by the bits of the allowed set.
    classes: [Vec<Class>; 2],
    report_uri: String,
}

#[derive(Clone, Debug)]
struct Class {
    /// Hosts, with a space before each.
    hosts: String,
    header: HeaderValue,
}

impl LoadingPolicies {
    /// The policies of a site. Violations are reported to `report` under `prefix`, which has both slashes.
    pub fn new(hosts: &ForeignHosts, prefix: &str) -> Self {
        let report_uri = format!("{prefix}report");
        let class = |scheme, index: u8| {
            let allowed = CategorySet::from_bits(index << 1).expect("the three bits above `necessary`");
            let hosts = sources(hosts, allowed, scheme);
            let header = HeaderValue::try_from(policy(&hosts, None, &report_uri));
            Class { hosts, header: header.expect("hosts and paths are checked to be printable ASCII") }
        };
        let classes = [Scheme::Http, Scheme::Https].map(|scheme| (0..CLASSES).map(|at| class(scheme, at)).collect());
        Self { classes, report_uri }
    }

    /// The policy for pages of this scheme that are made for visitors who allow this. `frame` is a host, in lower case, from which frames may
    /// be loaded besides, and nothing else.
    pub fn header(&self, allowed: CategorySet, scheme: Scheme, frame: Option<(&str, Option<u16>)>) -> HeaderValue {
        let class = self.class(allowed, scheme);
        // What is no host name could end the directive.
        let frame = frame.filter(|(host, _)| is_host(host)).map(|(host, port)| {
            let mut expressions = String::new();
            push(&mut expressions, host, port.map(Port::Number), scheme, false);
            expressions
        });
        match frame {
            None => class.header.clone(),
            Some(frame) => HeaderValue::try_from(policy(&class.hosts, Some(&frame), &self.report_uri))
                .expect("a host name is printable ASCII"),
        }
    }

    /// The length of the longest of the policies, in bytes.
    pub fn longest(&self) -> usize {
        self.classes.iter().flatten().map(|class| class.header.len()).max().unwrap_or_default()
    }

    fn class(&self, allowed: CategorySet, scheme: Scheme) -> &Class {
        let at = match scheme {
            Scheme::Http => 0,
            Scheme::Https => 1,
        };
        &self.classes[at][usize::from(allowed.bits() >> 1)]
    }
}

/// Wildcards that a policy can't hold as long as nothing is allowed, each with the refused line that lies in it.
pub fn closed_wildcards(hosts: &ForeignHosts) -> Vec<(&HostPattern, &HostPattern)> {
    let refused: Vec<&ForeignHost> = hosts.listed().iter().filter(|line| !line.passes(CategorySet::EMPTY)).collect();
    let own = hosts.own().iter().filter(|own| matches!(own, HostPattern::Subdomains(_)));
    let own = own.filter_map(|own| Some((own, &refused.iter().find(|line| overlaps(own, &line.host))?.host)));
    let listed = hosts.listed().iter().filter(|line| line.passes(CategorySet::EMPTY));
    let listed =
        listed.filter_map(|line| Some((&line.host, &refused.iter().find(|other| is_within(other, line))?.host)));
    own.chain(listed).collect()
}

fn policy(hosts: &str, frame: Option<&str>, report_uri: &str) -> String {
    let frame = frame.map(|frame| format!("; frame-src 'self' data: blob:{hosts}{frame}")).unwrap_or_default();
    format!("default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:{hosts}{frame}; report-uri {report_uri}")
}

/// Every host from which such visitors' pages load, and none from which they don't.
fn sources(hosts: &ForeignHosts, allowed: CategorySet, scheme: Scheme) -> String {
    let mut expressions = String::new();
    let refused: Vec<&ForeignHost> = hosts.listed().iter().filter(|line| !line.passes(allowed)).collect();
    for own in hosts.own() {
        match own {
            HostPattern::Exact(name) => {
                let is_refused = |line: &&&ForeignHost| {
                    line.host.matches(name) && matches!(hosts.judge(name, line.port, allowed), Load::Refused(_))
                };
                let ports: Vec<Option<u16>> = refused.iter().filter(is_refused).map(|line| line.port).collect();
                if ports.is_empty() {
                    push(&mut expressions, name, Some(Port::Any), scheme, true);
                } else if !ports.contains(&None) {
                    push(&mut expressions, name, None, scheme, true);
                }
            }
            HostPattern::Subdomains(name) if !refused.iter().any(|line| overlaps(own, &line.host)) => {
                push(&mut expressions, &format!("*.{name}"), Some(Port::Any), scheme, true);
            }
            HostPattern::Subdomains(_) => {}
        }
    }
    for line in hosts.listed().iter().filter(|line| line.passes(allowed)) {
        let port = line.port.map(Port::Number);
        match &line.host {
            HostPattern::Exact(name) => push(&mut expressions, name, port, scheme, true),
            HostPattern::Subdomains(name) if !refused.iter().any(|other| is_within(other, line)) => {
                push(&mut expressions, &format!("*.{name}"), port, scheme, true);
            }
            HostPattern::Subdomains(_) => {}
        }
    }
    expressions
}

#[derive(Clone, Copy)]
enum Port {
    Number(u16),
    Any,
}

/// Writes what a policy needs to let a host through.
///
/// Without a scheme an expression means the page's own, and neither Chromium nor Firefox takes that for WebSockets too. Of plain http a page
/// over TLS can load from this machine alone. From `http` to `https` browsers go by themselves where the port is the scheme's own.
fn push(expressions: &mut String, host: &str, port: Option<Port>, scheme: Scheme, sockets: bool) {
    let port_text = match port {
        None => String::new(),
        Some(Port::Any) => ":*".to_owned(),
        Some(Port::Number(number)) => format!(":{number}"),
    };
    let more: &[(&str, bool)] = match (scheme, port) {
        (Scheme::Https, _) if is_loopback(host) => &[("wss://", true), ("http://", false), ("ws://", true)],
        (Scheme::Https, _) => &[("wss://", true)],
        (Scheme::Http, Some(Port::Number(_))) => &[("ws://", true), ("https://", false), ("wss://", true)],
        (Scheme::Http, _) => &[("ws://", true)],
    };
    let more = more.iter().filter(|(_, is_socket)| sockets || !is_socket).map(|(prefix, _)| *prefix);
    for prefix in std::iter::once("").chain(more) {
        let expression = format!(" {prefix}{host}{port_text}");
        // Two lines of the configuration may mean one host.
        if !expressions.split(' ').any(|known| known == &expression[1..]) {
            expressions.push_str(&expression);
        }
    }
}

/// Whether a host is always this machine (RFC 6761, section 6.3).
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.")
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Whether two patterns have a host in common.
fn overlaps(wildcard: &HostPattern, other: &HostPattern) -> bool {
    match (wildcard, other) {
        (_, HostPattern::Exact(name)) => wildcard.matches(name),
        (HostPattern::Exact(name), _) => other.matches(name),
        (HostPattern::Subdomains(one), HostPattern::Subdomains(name)) => {
            one == name || wildcard.matches(name) || other.matches(one)
        }
    }
}

/// Whether a refused line decides about hosts of a wildcard line, since it is the nearer one.
fn is_within(refused: &ForeignHost, line: &ForeignHost) -> bool {
    let nearer = match (&refused.host, &line.host) {
        (_, HostPattern::Exact(_)) => false,
        (HostPattern::Exact(name), _) | (HostPattern::Subdomains(name), _) => line.host.matches(name),
    };
    nearer && refused.port == line.port
}
