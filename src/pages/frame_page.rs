//! What stands in place of a frame whose host is refused, and the form with which a visitor opens that one frame once.
//!
//! The address of the page is written by a rewriter of ours, but anybody may write another one: all of it is checked, bounded and escaped.

use askama::Template;
use url::form_urlencoded;

use super::{LONGEST_CHOICE, ReturnPath, Settings, frame::render, phrases, texts::Texts};
use crate::{
    consent::{Category, FrameName},
    routing::ForeignHost,
    visitor::Language,
};

/// Longest host name in bytes (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 255;

/// Which frame of which page, as a query or a form says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameRequest {
    /// The host, in lower case, without port.
    pub host: Box<str>,
    /// Its port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// The frame.
    pub frame: FrameName,
    /// The page that holds it.
    pub to: ReturnPath,
    /// The language of that page.
    pub language: Option<Language>,
    /// The page limits the frame so that our form can't work in it.
    pub sandboxed: bool,
}

impl FrameRequest {
    /// Reads `application/x-www-form-urlencoded`: `host`, `frame`, `to`, and if they are there `language` and `sandboxed`. `None` when it is
    /// too long, a field is missing, stands twice or is unknown, or holds something else than it may.
    pub fn parse(text: &[u8], prefix: &str) -> Option<Self> {
        if text.len() > LONGEST_CHOICE {
            return None;
        }
        let mut fields: [Option<String>; 5] = Default::default();
        for (name, value) in form_urlencoded::parse(text) {
            let place = ["host", "frame", "to", "language", "sandboxed"].iter().position(|known| *known == name)?;
            if fields[place].replace(value.into_owned()).is_some() {
                return None;
            }
        }
        let [host, frame, to, language, sandboxed] = fields;
        let (host, port) = host_and_port(&host?)?;
        Some(Self {
            host,
            port,
            frame: FrameName::parse(&frame?)?,
            to: ReturnPath::new(&to?, prefix),
            language: language.and_then(|language| Language::parse(&language)),
            sandboxed: sandboxed.is_some(),
        })
    }

    /// The host as visitors read it.
    pub fn authority(&self) -> String {
        self.port.map_or_else(|| self.host.to_string(), |port| format!("{}:{port}", self.host))
    }
}

/// A host as an address has it, and its port.
fn host_and_port(text: &str) -> Option<(Box<str>, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
        _ => (text, None),
    };
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let legal = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.len() <= LONGEST_HOST && host.bytes().all(name),
    };
    legal.then(|| (host.into(), port))
}

/// What a visitor can do about the frame.
#[derive(Clone, Copy, Debug)]
pub enum FrameOffer<'a> {
    /// Load it once.
    Once(&'a ForeignHost),
    /// Allow the category in the settings, for the page lets nothing be sent from this frame.
    Settings(&'a ForeignHost),
    /// Nothing, and why.
    Nothing(FrameRefusal),
}

/// Why a frame can't be opened here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRefusal {
    /// The site says nothing of its host.
    Unlisted,
    /// Its category is not offered here.
    NotOffered,
    /// Its host measures and would learn the visitor's address, which the site does not allow.
    HidesAddress,
    /// On this connection no consent can be recorded.
    NotRecordable,
}

pub(super) fn frame_page(
    settings: &Settings,
    language: Language,
    style_path: &str,
    request: &FrameRequest,
    offer: FrameOffer<'_>,
) -> String {
    let texts = Texts::of(language);
    let words = &texts.frame;
    let host = request.authority();
    let (line, once, reason) = match offer {
        FrameOffer::Once(line) => (Some(line), true, None),
        FrameOffer::Settings(line) => (Some(line), false, Some(&words.sandboxed)),
        FrameOffer::Nothing(FrameRefusal::Unlisted) => (None, false, Some(&words.unlisted)),
        FrameOffer::Nothing(FrameRefusal::NotOffered) => (None, false, Some(&words.not_offered)),
        FrameOffer::Nothing(FrameRefusal::HidesAddress) => (None, false, Some(&words.hides_address)),
        FrameOffer::Nothing(FrameRefusal::NotRecordable) => (None, false, Some(&words.not_recordable)),
    };
    let about = line.map(|line| {
        let owner = if line.owner.is_empty() { host.as_str() } else { &line.owner };
        let category = category_name(texts, line.category);
        let about = phrases::fill(&words.about, &[("owner", owner), ("category", category)]);
        let address = phrases::fill(&words.address, &[("owner", owner)]);
        if once { format!("{about} {address}") } else { about }
    });
    let to = super::banner::in_query(&request.to);
    render(&PlaceholderTemplate {
        texts,
        language: language.tag(),
        title: phrases::fill(&words.title, &[("host", &host)]),
        style_path,
        about,
        reason,
        once,
        prefix: &settings.prefix,
        host,
        frame: request.frame.to_string(),
        to: request.to.as_str(),
        settings_address: format!("{}settings?language={language}&to={to}", settings.prefix),
        has_settings: !settings.offer.is_empty() && !request.sandboxed,
    })
}

fn category_name(texts: &Texts, category: Category) -> &str {
    &texts.category(category).name
}

#[derive(Template)]
#[template(path = "placeholder.html", config = "banner/askama.toml")]
struct PlaceholderTemplate<'a> {
    texts: &'static Texts,
    language: &'static str,
    title: String,
    style_path: &'a str,
    about: Option<String>,
    reason: Option<&'a String>,
    once: bool,
    prefix: &'a str,
    host: String,
    frame: String,
    to: &'a str,
    settings_address: String,
    has_settings: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_named_by_host_page_and_digits_and_by_nothing_else() {
        let parse = |text: &str| FrameRequest::parse(text.as_bytes(), "/_kelisim/");
        let read = parse("language=kk&to=%2Fcontact%3Fa%3D1&host=maps.example:8080&frame=0123456789abcdef").unwrap();
        assert_eq!((&*read.host, read.port, read.to.as_str()), ("maps.example", Some(8080), "/contact?a=1"));
        assert_eq!(
            (read.language, read.sandboxed, read.authority()),
            (Some(Language::Kk), false, "maps.example:8080".into())
        );
        assert_eq!(parse("to=/&host=%5B::1%5D&frame=0123456789abcdef&sandboxed=1").unwrap().authority(), "[::1]");
        assert_eq!(parse("to=//evil.example&host=a.example&frame=0123456789abcdef").unwrap().to.as_str(), "/");
        for wrong in [
            "",
            "to=/&host=maps.example",
            "to=/&host=MAPS.example&frame=0123456789abcdef",
            "to=/&host=a%22%3E%3Cb&frame=0123456789abcdef",
            "to=/&host=a.example:x&frame=0123456789abcdef",
            "to=/&host=a.example:99999&frame=0123456789abcdef",
            "to=/&host=&frame=0123456789abcdef",
            "to=/&host=a.example&frame=0123",
            "to=/&to=/&host=a.example&frame=0123456789abcdef",
            "to=/&host=a.example&frame=0123456789abcdef&more=1",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(parse(&format!("to=/{}&host=a.example&frame=0123456789abcdef", "a".repeat(5000))), None);
    }
}
