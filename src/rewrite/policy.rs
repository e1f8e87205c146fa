//! The origin's content-security policy (CSP, level 3), made to let our own script, style, form and frames through.
//!
//! Only exact addresses of ours are added, and only where a policy would stop them. No nonce and no hash is ever added:
//! either would switch `'unsafe-inline'` off and with it the page's own scripts. A policy that lets us through, or that
//! we do not understand, stays as it is, byte for byte.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What must get through, as absolute URLs on the page's own origin.
#[derive(Clone, Copy, Debug)]
pub struct OwnSources<'a> {
    /// Our script.
    pub script_url: &'a str,
    /// Our style sheet.
    pub style_url: &'a str,
    /// Where the banner's form is posted to.
    pub form_url: &'a str,
    /// Where our script sends to.
    pub connect_url: &'a str,
    /// Our page in place of refused frames, where frames are replaced.
    pub frame_url: Option<&'a str>,
}

/// What our markup has to do to get through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// The page's nonce, to be repeated on our script's tag. Characters of base64 and base64url only.
    pub nonce: Option<String>,
    /// No policy can be brought to admit our script (`'strict-dynamic'` with hashes alone): the page goes without it.
    pub script_refused: bool,
}

/// Lets our sources through every policy of an answer, enforced or only reported.
pub fn admit_own(headers: &mut HeaderMap, own: &OwnSources<'_>) -> Admission {
    let admission = admission(&policies(headers, &header::CONTENT_SECURITY_POLICY), own.script_url);
    for name in [header::CONTENT_SECURITY_POLICY, header::CONTENT_SECURITY_POLICY_REPORT_ONLY] {
        let values: Vec<HeaderValue> =
            headers.get_all(&name).iter().map(|value| extended(value, own, &admission)).collect();
        headers.remove(&name);
        for value in values {
            headers.append(&name, value);
        }
    }
    admission
}

/// Whether our script and what it sends pass every policy of an answer, enforced or only reported, as it stands; `None` where one of them
/// would be stopped or reported.
pub fn admitted_unchanged(headers: &HeaderMap, script_url: &str, connect_url: &str) -> Option<Admission> {
    let mut policies = policies(headers, &header::CONTENT_SECURITY_POLICY);
    policies.extend(self::policies(headers, &header::CONTENT_SECURITY_POLICY_REPORT_ONLY));
    let admission = admission(&policies, script_url);
    let passes = |policy: &Policy| {
        let script = policy.effective(&SCRIPT).is_none_or(|(_, sources)| {
            allows(sources, script_url) || admission.nonce.as_deref().is_some_and(|nonce| has_nonce(sources, nonce))
        });
        script && policy.effective(&CONNECT).is_none_or(|(_, sources)| allows(sources, connect_url))
    };
    policies.iter().all(passes).then_some(admission)
}

/// One policy: directives with their names in lower case, the first of each name only, as browsers read it.
struct Policy {
    directives: Vec<(String, Vec<String>)>,
}

impl Policy {
    fn parse(text: &str) -> Self {
        let mut directives: Vec<(String, Vec<String>)> = Vec::new();
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace().map(str::to_owned);
            let Some(name) = words.next().map(|name| name.to_ascii_lowercase()) else { continue };
            if !directives.iter().any(|(known, _)| *known == name) {
                directives.push((name, words.collect()));
            }
        }
        Self { directives }
    }

    /// The first of `names` that the policy has, with its sources.
    fn effective(&self, names: &[&str]) -> Option<(&str, &[String])> {
        names.iter().find_map(|name| {
            let (known, sources) = self.directives.iter().find(|(known, _)| known == name)?;
            Some((known.as_str(), sources.as_slice()))
        })
    }

    /// Adds `url` where the policy would stop it. A rule that comes from `default-src` is spelt out under `own_name`, so
    /// that nothing else becomes wider. Returns whether anything changed.
    fn admit(&mut self, names: &[&str], own_name: &str, url: &str) -> bool {
        let Some((name, sources)) = self.effective(names) else { return false };
        if allows(sources, url) {
            return false;
        }
        let name = name.to_owned();
        let mut sources: Vec<String> =
            sources.iter().filter(|source| !source.eq_ignore_ascii_case("'none'")).cloned().collect();
        sources.push(url.to_owned());
        match self.directives.iter_mut().find(|(known, _)| *known == name && name != "default-src") {
            Some((_, old)) => *old = sources,
            None => self.directives.push((own_name.to_owned(), sources)),
        }
        true
    }

    fn write(&self) -> String {
        let directives =
            self.directives.iter().map(|(name, sources)| [std::slice::from_ref(name), &sources[..]].concat().join(" "));
        directives.collect::<Vec<_>>().join("; ")
    }
}

const SCRIPT: [&str; 3] = ["script-src-elem", "script-src", "default-src"];
const STYLE: [&str; 3] = ["style-src-elem", "style-src", "default-src"];
const FRAME: [&str; 3] = ["frame-src", "child-src", "default-src"];
const CONNECT: [&str; 2] = ["connect-src", "default-src"];

fn policies(headers: &HeaderMap, name: &HeaderName) -> Vec<Policy> {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(Policy::parse).collect()
}

/// Finds a nonce that all policies share which need one, or which would have to be extended otherwise.
fn admission(policies: &[Policy], script_url: &str) -> Admission {
    let rules: Vec<&[String]> = policies.iter().filter_map(|policy| Some(policy.effective(&SCRIPT)?.1)).collect();
    let strict: Vec<&[String]> = rules.iter().copied().filter(|sources| is_strict_dynamic(sources)).collect();
    // With 'strict-dynamic' addresses count for nothing; elsewhere a nonce merely spares an extension of every policy.
    let stopping: Vec<&[String]> = if strict.is_empty() {
        rules.into_iter().filter(|sources| !allows(sources, script_url)).collect()
    } else {
        strict.clone()
    };
    let nonce = stopping.first().and_then(|first| {
        let mut nonces = first.iter().filter_map(|source| nonce(source));
        nonces.find(|candidate| stopping.iter().all(|sources| has_nonce(sources, candidate)))
    });
    Admission { nonce: nonce.map(str::to_owned), script_refused: nonce.is_none() && !strict.is_empty() }
}

fn extended(value: &HeaderValue, own: &OwnSources<'_>, admission: &Admission) -> HeaderValue {
    let Ok(text) = value.to_str() else { return value.clone() };
    let mut changed = false;
    let policies: Vec<String> = text
        .split(',')
        .map(|text| {
            let mut policy = Policy::parse(text);
            let needs_script = policy.effective(&SCRIPT).is_some_and(|(_, sources)| {
                let by_nonce = admission.nonce.as_deref().is_some_and(|nonce| has_nonce(sources, nonce));
                !by_nonce && !is_strict_dynamic(sources)
            });
            let mut touched = needs_script && policy.admit(&SCRIPT, "script-src", own.script_url);
            touched |= policy.admit(&STYLE, "style-src", own.style_url);
            touched |= policy.admit(&CONNECT, "connect-src", own.connect_url);
            touched |= own.frame_url.is_some_and(|url| policy.admit(&FRAME, "frame-src", url));
            // Falls back on nothing: without it a form may be posted anywhere.
            touched |= policy.admit(&["form-action"], "form-action", own.form_url);
            changed |= touched;
            if touched { policy.write() } else { text.trim().to_owned() }
        })
        .collect();
    if !changed {
        return value.clone();
    }
    HeaderValue::try_from(policies.join(", ")).unwrap_or_else(|_| value.clone())
}

fn is_strict_dynamic(sources: &[String]) -> bool {
    sources.iter().any(|source| source.eq_ignore_ascii_case("'strict-dynamic'"))
}

/// The nonce of a source. Nonces are told apart by case, and one with other characters than base64 has is none.
fn nonce(source: &str) -> Option<&str> {
    let prefix = source.get(..7).filter(|prefix| prefix.eq_ignore_ascii_case("'nonce-"))?;
    let value = source[prefix.len()..].strip_suffix('\'')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    (!value.is_empty() && value.bytes().all(fits)).then_some(value)
}

fn has_nonce(sources: &[String], wanted: &str) -> bool {
    sources.iter().filter_map(|source| nonce(source)).any(|found| found == wanted)
}

/// Whether a source list lets one of our URLs through by its address. In doubt it does not: then our address is added,
/// which is never wrong.
fn allows(sources: &[String], url: &str) -> bool {
    !is_strict_dynamic(sources) && sources.iter().any(|source| matches(source, url))
}

/// Whether one source matches a URL of the page's own origin (CSP, section 6.7.2).
fn matches(source: &str, url: &str) -> bool {
    let source_lower = source.to_ascii_lowercase();
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    match source_lower.as_str() {
        "'self'" | "*" => return true,
        "https:" => return scheme == "https",
        "http:" => return scheme == "https" || scheme == "http",
        _ => {}
    }
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let source_rest = match source.split_once("://") {
        Some((named, rest)) if named.eq_ignore_ascii_case(scheme) => rest,
        Some(_) => return false,
        None => source,
    };
    let (source_host, source_path) = source_rest.split_at(source_rest.find('/').unwrap_or(source_rest.len()));
    let host_matches = match source_host.strip_prefix('*') {
        Some(suffix) if suffix.starts_with('.') => {
            host.len() > suffix.len()
                && host.as_bytes()[host.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes())
        }
        Some(_) => false,
        None => source_host.eq_ignore_ascii_case(host),
    };
    host_matches
        && match source_path {
            "" => true,
            folder if folder.ends_with('/') => path.starts_with(folder),
            file => path == file,
        }
}
