//! A page of the site: its frame, its language, the cookies it sets.

use std::{fmt::Write as _, net::SocketAddr};

use aws_lc_rs::{digest, rand};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{body, body::Body};

/// Longest `Cookie` header that is read, in bytes; what a browser keeps for one site fits.
const COOKIE_HEADER: usize = 16 * 1024;

/// The host under which pages load the tracker, with its port. Cookies ignore ports, so only another name is another site;
/// browsers take every name under `localhost` for the loopback address.
pub(super) fn tracker_host(tracker: SocketAddr) -> String {
    format!("tracker.localhost:{}", tracker.port())
}

/// The host of the map, which the tracker's server is, too.
pub(super) fn maps_host(tracker: SocketAddr) -> String {
    format!("maps.localhost:{}", tracker.port())
}

/// The languages of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Russian,
    English,
}

/// What a request says about its sender.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) language: Language,
    /// Names and values, as they came.
    pub(super) cookies: Vec<(String, String)>,
    /// The session of the request, or a new one.
    pub(super) session: String,
}

/// Title, description and body of a page, in one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    title: &'static str,
    description: &'static str,
    pub(super) body: &'static str,
}

impl Text {
    /// Reads a file of `site/`: title on the first line, description on the second, then the body.
    pub(super) fn parse(file: &'static str) -> Self {
        let (title, rest) = file.split_once('\n').unwrap_or((file, ""));
        let (description, body) = rest.split_once('\n').unwrap_or((rest, ""));
        Self { title, description, body }
    }
}

impl Visitor {
    /// Reads cookies and language. A session id that is not ours by its form is replaced.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::COOKIE).iter().filter(|line| line.len() <= COOKIE_HEADER);
        let cookies: Vec<_> = lines
            .flat_map(|line| String::from_utf8_lossy(line.as_bytes()).split(';').map(pair).collect::<Vec<_>>())
            .filter(|(name, value)| !(name.is_empty() && value.is_empty()))
            .collect();
        let cookie = |name: &str| cookies.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let language = match cookie("language").as_deref() {
            Some("en") => Language::English,
            Some("ru") => Language::Russian,
            _ if accepted.starts_with("en") => Language::English,
            _ => Language::Russian,
        };
        let is_session = |id: &String| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let session = cookie("PHPSESSID").filter(is_session).unwrap_or_else(random);
        Self { language, cookies, session }
    }

    /// The file in the visitor's language.
    pub(super) fn choose(&self, russian: &'static str, english: &'static str) -> Text {
        Text::parse(if self.language == Language::English { english } else { russian })
    }

    /// The page in the site's frame, with the cookies that this site sets on every page.
    pub(super) fn page(&self, tracker: SocketAddr, path: &str, text: Text, values: &[(&str, &str)]) -> Response<Body> {
        let frame = match self.language {
            Language::Russian => include_str!("site/ru/frame.html"),
            Language::English => include_str!("site/en/frame.html"),
        };
        let host = tracker_host(tracker);
        let trackers = fill(include_str!("site/trackers.html"), &[("tracker", &host)]);
        let parts = [
            ("title", text.title),
            ("description", text.description),
            ("path", &escape(path)),
            ("trackers", trackers.trim_end()),
            ("body", &fill(text.body, values)),
        ];
        // The entry of the page that is open is marked, in the navigation only: the frame is filled after the mark is set.
        let here = format!(r#"<a class="entry" href="{}""#, escape(path));
        let page = fill(&frame.replace(&here, &format!("{here} aria-current=\"page\"")), &parts);
        let mut response = html(page);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Language"));
        self.set_cookies(response.headers_mut());
        response
    }

    /// Four `Set-Cookie` lines, as a shop-built site sends them: one it needs, one that counts, one that advertises, one nobody knows.
    fn set_cookies(&self, headers: &mut HeaderMap) {
        let stamp = |from: usize| u32::from_str_radix(&self.session[from..from + 8], 16).unwrap_or_default();
        for line in [
            format!("PHPSESSID={}; Path=/; HttpOnly; SameSite=Lax", self.session),
            format!("_gid=GA1.1.{}.{}; Max-Age=86400; Path=/; SameSite=Lax", stamp(0), stamp(8)),
            format!("_fbp=fb.1.{}.{}; Max-Age=7776000; Path=/; SameSite=Lax", stamp(8), stamp(16)),
            format!("zzz_unknown={:08x}; Max-Age=31536000; Path=/", stamp(24)),
        ] {
            headers.append(header::SET_COOKIE, line.try_into().expect("letters, digits and punctuation are legal"));
        }
    }
}

/// An answer of HTML in UTF-8, with a strong validator of its bytes.
pub(super) fn html(page: String) -> Response<Body> {
    typed("text/html; charset=utf-8", page)
}

/// An answer of any type, with a strong validator of its bytes.
pub(super) fn typed(media_type: &'static str, bytes: impl Into<bytes::Bytes>) -> Response<Body> {
    let bytes = bytes.into();
    let hash = digest::digest(&digest::SHA256, &bytes);
    let tag = format!("\"{}\"", hexadecimal(&hash.as_ref()[..8]));
    let mut response = Response::new(body::whole(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::ETAG, tag.try_into().expect("hexadecimal digits in quotes are legal"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Turns the answer into 304 when the request already holds it (RFC 9110, 13.1.2).
pub(super) fn revalidated(request: &HeaderMap, mut response: Response<Body>) -> Response<Body> {
    let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let matches = |word: &str| word == "*" || Some(word.trim_start_matches("W/")) == tag;
    let same = known.flat_map(|value| value.split(',')).any(|word| matches(word.trim()));
    if tag.is_some() && same && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = body::whole("");
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// Puts values in place of `{{name}}`, in one pass: what a value holds is never read as a name. An unknown name stays.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let value = after.split_once("}}").and_then(|(name, after)| {
            values.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value, after))
        });
        let (text, after) = value.unwrap_or(("{{", after));
        filled.push_str(text);
        rest = after;
    }
    filled + rest
}

/// Text for HTML, in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// 128 random bits in hexadecimal.
pub(super) fn random() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the system has a random source");
    hexadecimal(&bytes)
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim().to_owned(), value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_read_as_a_template() {
        assert_eq!(fill("<{{a}}|{{b}}|{{c}}>", &[("a", "{{b}}"), ("b", "2")]), "<{{b}}|2|{{c}}>");
        assert_eq!(fill("open {{", &[]), "open {{");
    }

    #[test]
    fn the_language_cookie_wins_over_the_browser() {
        let language = |cookie: &'static str, browser: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(browser));
            Visitor::read(&headers).language
        };
        assert_eq!(language("a=1; language=en", "ru"), Language::English);
        assert_eq!(language("language=ru", "en-GB"), Language::Russian);
        assert_eq!(language("language=xx", "en-GB"), Language::English);
        assert_eq!(language("a=1", "kk"), Language::Russian);
    }

    #[test]
    fn a_session_that_is_not_ours_is_replaced() {
        let session = |cookie: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            Visitor::read(&headers).session
        };
        assert_eq!(session("PHPSESSID=0123456789abcdef0123456789abcdef"), "0123456789abcdef0123456789abcdef");
        assert_ne!(session("PHPSESSID=short"), "short");
        assert_ne!(session(""), session(""));
    }
}
