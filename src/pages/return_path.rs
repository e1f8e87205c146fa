//! Where a visitor goes back to after a choice: a path on this very site, never somewhere else.

use std::fmt;

/// A path with its query that may stand in a `Location` header: visible ASCII, on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath(Box<str>);

impl ReturnPath {
    /// Longest path kept, in bytes. Longer addresses are rare and lose nothing but the way back.
    pub const LONGEST: usize = 2048;

    /// Takes `text` if it is a path on this host, and `/` otherwise.
    ///
    /// It must begin with one `/` that no `/` follows, hold visible ASCII without backslashes and without steps such as `..`, and not be an
    /// address under `prefix` (`/_kelisim/`) to which choices and frames are posted, which is no page to come back to.
    pub fn new(text: &str, prefix: &str) -> Self {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let local = text.starts_with('/') && !text.starts_with("//");
        // A browser takes its steps before it goes anywhere, so the path of a page has none. With them it could begin with two slashes
        // after all, or be one of the addresses that are posted to.
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let is_step = |part: &str| matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | "..");
        let own = text.strip_prefix(prefix);
        let after = ["choice", "frame"].into_iter().find_map(|page| own?.strip_prefix(page));
        let posts = after.is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#', '/']));
        let fits = visible && local && !posts && text.len() <= Self::LONGEST && !path.split('/').any(is_step);
        Self(if fits { text.into() } else { "/".into() })
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnPath {
    /// The front page.
    fn default() -> Self {
        Self("/".into())
    }
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_on_this_host_are_returned_to() {
        let check = |text: &str, expected: &str| {
            assert_eq!(ReturnPath::new(text, "/_kelisim/").as_str(), expected, "{text:?}");
        };
        check("/", "/");
        check("/services?utm_source=a&b=%20#top", "/services?utm_source=a&b=%20#top");
        check("/_kelisim/settings?language=kk", "/_kelisim/settings?language=kk");
        check("/_kelisim/choices", "/_kelisim/choices");
        check("/?a=\"<&>", "/?a=\"<&>");
        for refused in [
            "",
            "services",
            "https://example.com/",
            "//example.com/",
            "/\\example.com/",
            "/a\\b",
            "/a\r\nSet-Cookie: x",
            "/\t/example.com",
            "/a b",
            "/қ",
            "/\u{7f}",
            "javascript:alert(1)",
            "/_kelisim/choice",
            "/_kelisim/choice?x",
            "/_kelisim/choice/",
            "/_kelisim/frame?host=a.example",
        ] {
            check(refused, "/");
        }
        let longest = format!("/{}", "a".repeat(ReturnPath::LONGEST - 1));
        check(&longest, &longest);
        check(&format!("{longest}a"), "/");
    }

    #[test]
    fn no_steps_lead_from_a_path_to_another() {
        for steps in [
            "/..//example.com",
            "/x/..//example.com",
            "/.//example.com",
            "/%2e%2E//example.com",
            "/x/../_kelisim/choice",
            "/a/..",
        ] {
            assert_eq!(ReturnPath::new(steps, "/_kelisim/").as_str(), "/", "{steps}");
        }
        for plain in ["/a//b", "/...", "/a..b/.c/d.", "/?a=/../b", "/a#/../b"] {
            assert_eq!(ReturnPath::new(plain, "/_kelisim/").as_str(), plain, "{plain}");
        }
    }
}
