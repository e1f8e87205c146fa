//! Names of cookies and attributes of `Set-Cookie` lines as they pass, for the inventory. Values are never given out.

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};

use super::judge::{name_and_value, trim};
use super::own::is_own;
use super::pairs::texts;

/// A `Set-Cookie` line without its value.
#[derive(Clone, Copy, Debug)]
pub struct SetCookie<'h> {
    name: &'h [u8],
    attributes: &'h [u8],
}

impl<'h> SetCookie<'h> {
    /// The name.
    pub fn name(self) -> &'h [u8] {
        self.name
    }

    /// Names and values of the attributes; one without `=` has an empty value.
    pub fn attributes(self) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
        self.attributes.split(|byte| *byte == b';').map(|attribute| {
            if attribute.contains(&b'=') { name_and_value(attribute) } else { (trim(attribute), &[][..]) }
        })
    }
}

/// The names in every `Cookie` line, the gateway's own left out.
pub fn names_sent(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(COOKIE).into_iter();
    let names = lines.flat_map(|line| texts(line.as_bytes())).map(|pair| name_and_value(pair).0);
    names.filter(|name| is_foreign(name))
}

/// Every `Set-Cookie` line, the gateway's own left out.
pub fn cookies_set(headers: &HeaderMap) -> impl Iterator<Item = SetCookie<'_>> {
    let lines = headers.get_all(SET_COOKIE).into_iter().map(|line| line.as_bytes());
    lines
        .map(|line| {
            let end = memchr::memchr(b';', line).unwrap_or(line.len());
            let (name, _) = name_and_value(trim(&line[..end]));
            SetCookie { name, attributes: line.get(end + 1..).unwrap_or_default() }
        })
        .filter(|set| is_foreign(set.name))
}

/// A cookie without a name is nobody's, and ours are no news.
fn is_foreign(name: &[u8]) -> bool {
    !name.is_empty() && !is_own(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn names_and_attributes_are_seen_and_values_are_not() {
        let mut headers = HeaderMap::new();
        for line in ["a=1; b = x=y; kelisim=2", "c; =d; e="] {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        let names: Vec<_> = names_sent(&headers).collect();
        assert_eq!(names, [&b"a"[..], b"b", b"e"]);
        for line in ["f=secret; Path=/x; HttpOnly", "__Host-kelisim=1; Secure", "nameless", "g=2"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(line));
        }
        let set: Vec<_> = cookies_set(&headers).map(|set| (set.name(), set.attributes().collect::<Vec<_>>())).collect();
        assert_eq!(set[0], (&b"f"[..], vec![(&b"Path"[..], &b"/x"[..]), (b"HttpOnly", b"")]));
        assert_eq!((set.len(), set[1].0), (2, &b"g"[..]));
    }
}
