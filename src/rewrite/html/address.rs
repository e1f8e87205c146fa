//! Where an attribute's address leads, as a browser reads it: character references, then the URL standard, then the page's base.

use url::Url;

/// An address on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// In lower case, without the dot that may end it.
    pub(super) host: String,
    /// Where it is not the scheme's own.
    pub(super) port: Option<u16>,
    /// All of it.
    pub(super) url: String,
}

/// What an attribute's value came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// An address on a host.
    On(Address),
    /// An address without a host, such as `data:` or `about:`.
    Nowhere,
    /// No address. A host in letters of the page's own encoding looks like this, too, since attributes are read as UTF-8.
    Unreadable,
}

/// The text of a raw attribute value.
pub(super) fn text(raw: &str) -> String {
    htmlize::unescape_attribute(raw.replace('\0', "\u{fffd}")).into_owned()
}

/// Resolves a raw attribute value.
pub(super) fn resolve(base: &Url, raw: &str) -> Resolved {
    resolve_text(base, &text(raw))
}

/// Resolves the text of an attribute.
pub(super) fn resolve_text(base: &Url, text: &str) -> Resolved {
    let Ok(url) = base.join(text) else { return Resolved::Unreadable };
    match url.host_str() {
        None | Some("") => Resolved::Nowhere,
        Some(host) => {
            let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
            Resolved::On(Address { host, port: url.port(), url: url.into() })
        }
    }
}

/// The addresses of a `srcset`: whatever stands between white space and commas. What is no address but a width or a density resolves
/// to the page's own host and harms nobody.
pub(super) fn of_srcset(base: &Url, raw: &str) -> Vec<Resolved> {
    let text = text(raw);
    let words = text.split_ascii_whitespace().map(|word| word.trim_matches(',')).filter(|word| !word.is_empty());
    words.map(|word| resolve_text(base, word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_browsers_read_it() {
        let base = Url::parse("https://shop.example/a/b?c").unwrap();
        let check = |raw: &str, host: &str, port: Option<u16>| match resolve(&base, raw) {
            Resolved::On(address) => assert_eq!((address.host.as_str(), address.port), (host, port), "{raw:?}"),
            other => panic!("{raw:?} is {other:?}"),
        };
        check("", "shop.example", None);
        check("/x", "shop.example", None);
        check("//T.example/x", "t.example", None);
        check("HTTPS://t.Example:443/", "t.example", None);
        check("http://t.example:8080", "t.example", Some(8080));
        check("\\\\t.example\\x", "t.example", None);
        check("/\t/t.exa\nmple", "t.example", None);
        check("\u{1} \u{1f}//t.example", "t.example", None);
        check("https:&#47&#x2f;t&period;example", "t.example", None);
        check("&sol;&sol;t.example/?a&copy=1", "t.example", None);
        check("//user:word@t.example./", "t.example", None);
        check("https:///t.example", "t.example", None);
        check("//\u{ff54}.example", "t.example", None);
        check("//почта.example", "xn--80a1acny.example", None);
        check("//0x7f.1", "127.0.0.1", None);
        check("//[::1]:1/", "[::1]", Some(1));
        for nowhere in ["data:text/html,x", "about:blank", "javascript:0", "blob:https://t.example/1", "mailto:a@b"] {
            assert_eq!(resolve(&base, nowhere), Resolved::Nowhere, "{nowhere}");
        }
        for unreadable in ["//t example", "https://", "//\u{fffd}.example", "//a:99999"] {
            assert_eq!(resolve(&base, unreadable), Resolved::Unreadable, "{unreadable}");
        }
        let hosts: Vec<_> = of_srcset(&base, "//a.example/1 1x, //b.example/2,3 200w,")
            .into_iter()
            .filter_map(|found| if let Resolved::On(address) = found { Some(address.host) } else { None })
            .collect();
        assert_eq!(hosts, ["a.example", "shop.example", "b.example", "shop.example"]);
    }
}
