//! The gateway's own cookies, which end at the gateway: they never go to the site, and the site can't set them.

use http::HeaderMap;
use http::header::COOKIE;

use super::judge::name_and_value;
use super::pairs::for_each_pair;

/// The names of the cookies that the gateway sets itself.
///
/// All of them begin with `kelisim`, so that [`is_own`] holds for names of later versions too.
#[derive(Clone, Copy, Debug)]
pub struct OwnNames;

impl OwnNames {
    /// The signed record of a choice, for one host.
    pub const RECORD: &'static str = "__Host-kelisim";
    /// The signed record where subdomains share it: `__Host-` excludes a `Domain` (RFC 6265bis, 4.1.3.2).
    pub const SHARED_RECORD: &'static str = "__Secure-kelisim";
    /// The signed record on http over loopback, where browsers may refuse both security prefixes.
    pub const LOOPBACK_RECORD: &'static str = "kelisim";
    /// The readable mirror of the choice, without authority.
    pub const MIRROR: &'static str = "kelisim_view";
    /// The signed mark that the banner was shown, in the notice model.
    pub const NOTICE_MARK: &'static str = "__Host-kelisim-shown";
    /// The same mark on http over loopback.
    pub const LOOPBACK_NOTICE_MARK: &'static str = "kelisim-shown";
    /// The signed leave to load one frame of one page once.
    pub const FRAME: &'static str = "__Host-kelisim-frame";
    /// The same on http over loopback.
    pub const LOOPBACK_FRAME: &'static str = "kelisim-frame";

    /// Every name.
    pub const ALL: [&'static str; 8] = [
        Self::RECORD,
        Self::SHARED_RECORD,
        Self::LOOPBACK_RECORD,
        Self::MIRROR,
        Self::NOTICE_MARK,
        Self::LOOPBACK_NOTICE_MARK,
        Self::FRAME,
        Self::LOOPBACK_FRAME,
    ];
}

/// Whether the name is the gateway's: `kelisim`, `kelisim_…` or `kelisim-…`, with or without a security prefix.
///
/// Case is ignored here, unlike in the catalogue, since some servers ignore it and nobody else has a use for the name.
pub fn is_own(name: &[u8]) -> bool {
    const STEM: &[u8] = b"kelisim";
    // Most names are told by their first letter.
    if !matches!(name.first(), Some(b'k' | b'K' | b'_')) {
        return false;
    }
    let bare = without_prefix(name).unwrap_or(name);
    let stem = bare.get(..STEM.len()).is_some_and(|start| start.eq_ignore_ascii_case(STEM));
    stem && matches!(bare.get(STEM.len()), None | Some(b'_' | b'-'))
}

/// What a look for one cookie came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'h> {
    /// No cookie has this name.
    Absent,
    /// One cookie has it; this is its value, without the white space around it.
    Once(&'h [u8]),
    /// Several have it. Which one is meant depends on paths and ages that the request does not tell, so none counts.
    Several,
}

/// Looks for a cookie by its exact name in every `Cookie` line.
pub fn find<'h>(headers: &'h HeaderMap, name: &str) -> Found<'h> {
    let mut found = Found::Absent;
    for line in headers.get_all(COOKIE) {
        // Most requests have none of ours, and none has all.
        if memchr::memmem::find(line.as_bytes(), name.as_bytes()).is_none() {
            continue;
        }
        for_each_pair(line.as_bytes(), |pair| {
            let (other, value) = name_and_value(pair.text());
            if other == name.as_bytes() {
                found = if found == Found::Absent { Found::Once(value) } else { Found::Several };
            }
        });
    }
    found
}

/// Prefixes by which browsers hold a name to its attributes, the longer before those that it begins with (RFC 6265bis, 4.1.3). Browsers
/// compare them without regard to case.
const PREFIXES: [&[u8]; 4] = [b"__Host-Http-", b"__Host-", b"__Secure-", b"__Http-"];

fn prefix(name: &[u8]) -> Option<&'static [u8]> {
    if !name.starts_with(b"__") {
        return None;
    }
    let begins = |prefix: &&[u8]| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    PREFIXES.into_iter().find(begins)
}

/// The name without its security prefix, or `None` where it has none.
pub(super) fn without_prefix(name: &[u8]) -> Option<&[u8]> {
    prefix(name).map(|prefix| &name[prefix.len()..])
}

/// Whether browsers take the name only with `Secure`, and so only over https.
pub(super) fn needs_https(name: &[u8]) -> bool {
    prefix(name).is_some()
}

/// Whether browsers take the name only for the host alone and `/`.
pub(super) fn bound_to_host(name: &[u8]) -> bool {
    prefix(name).is_some_and(|prefix| prefix.starts_with(b"__Host-"))
}

/// Whether browsers take the name only with `HttpOnly`.
pub(super) fn needs_http_only(name: &[u8]) -> bool {
    prefix(name).is_some_and(|prefix| prefix.ends_with(b"Http-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn our_names_are_ours_in_any_case_and_others_are_not() {
        for name in OwnNames::ALL {
            assert!(is_own(name.as_bytes()), "{name}");
            assert!(is_own(name.to_uppercase().as_bytes()), "{name} in capitals");
        }
        assert!(is_own(b"__secure-KELISIM-later") && is_own(b"__host-http-kelisim") && is_own(b"__Http-kelisim_x"));
        for name in ["", "__Host-", "kelisims", "xkelisim", "kelisi", "_kelisim", "kelisim.x"] {
            assert!(!is_own(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_record_counts_only_when_it_comes_once() {
        let check = |lines: &[&'static str], expected: Found<'_>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_static(line));
            }
            assert_eq!(find(&headers, "kelisim"), expected, "{lines:?}");
        };
        check(&[], Found::Absent);
        check(&["a=1; Kelisim=x; kelisim_view=y; kelisim"], Found::Absent);
        check(&["a=1; \tkelisim = x=y== ; b"], Found::Once(b"x=y=="));
        check(&["kelisim="], Found::Once(b""));
        check(&["kelisim=x; kelisim=x"], Found::Several);
        check(&["kelisim=x", "a=1; kelisim=y"], Found::Several);
    }
}
