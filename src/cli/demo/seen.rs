//! What the site's server sees of a visitor: the proof page of the demonstration, for people and for `curl`.

use std::fmt::Write as _;

use http::HeaderMap;

use super::html::{Language, Visitor, escape};

/// The headers that the page names even when they are missing.
const SHOWN: [&str; 6] = ["kelisim-consent", "x-forwarded-for", "forwarded", "x-real-ip", "via", "user-agent"];

/// Rows of the table of cookies.
pub(super) fn cookies(visitor: &Visitor) -> String {
    let mut rows = String::new();
    for (name, value) in &visitor.cookies {
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td></tr>",
            escape(name),
            escape(value)
        );
    }
    if rows.is_empty() {
        let none = match visitor.language {
            Language::Russian => "ни одного",
            Language::English => "none at all",
        };
        let _ = writeln!(rows, "<tr><td colspan=\"2\" class=\"none\">{none}</td></tr>");
    }
    rows
}

/// Rows of the table of headers.
pub(super) fn headers(visitor: &Visitor, headers: &HeaderMap) -> String {
    let mut rows = String::new();
    for name in SHOWN {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let value = match (values.is_empty(), visitor.language) {
            (false, _) => format!("<code>{}</code>", escape(&values.join(", "))),
            (true, Language::Russian) => "<span class=\"none\">не пришёл</span>".to_owned(),
            (true, Language::English) => "<span class=\"none\">not received</span>".to_owned(),
        };
        let _ = writeln!(rows, "<tr><th scope=\"row\"><code>{}</code></th><td>{value}</td></tr>", title_case(name));
    }
    rows
}

/// Every header line as it came, `name: value`, for `curl`.
pub(super) fn plain(headers: &HeaderMap) -> String {
    headers.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        text
    })
}

/// `x-real-ip` as it is usually written: `X-Real-Ip`.
fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| word[..1].to_ascii_uppercase() + &word[1..]);
    words.collect::<Vec<_>>().join("-")
}
