//! The leave to load one frame of one page once, which a visitor gives with a click on what stands in its place.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Binding, RecordKeys};
use crate::timestamp::Timestamp;

/// Which frame: the first 64 bits of SHA-256 of its address, so that the address itself need not travel. Nothing but zeros names a frame that
/// a script of the page makes: it is not in the page's text, so the page's policy alone lets it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameName([u8; 8]);

impl FrameName {
    /// The name of the frame with this absolute address.
    pub fn of(address: &str) -> Self {
        let digest = digest(&SHA256, address.as_bytes());
        Self(*digest.as_ref().first_chunk().expect("SHA-256 has 32 bytes"))
    }

    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let fits = text.len() == 16 && text.bytes().all(lower);
        fits.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for FrameName {
    /// 16 lower-case hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// One frame, from one host, on one page. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameGrant {
    /// The host, in lower case.
    pub host: Box<str>,
    /// Its port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// Path and query of the page that holds the frame.
    pub page: Box<str>,
    /// Which of its frames.
    pub frame: FrameName,
    /// When, in whole seconds.
    pub time: Timestamp,
}

impl FrameGrant {
    const PURPOSE: &'static str = "kelisim frame";
    /// How long it counts, in seconds: until the page that was open has loaded again, also over a slow line.
    pub const VALID_FOR_SECONDS: i64 = 60;
    /// Longest value of the cookie, in bytes: a host name of 255 and some short fields.
    const LONGEST_VALUE: usize = 512;

    /// The value of the cookie: time, frame, host, port and signature, separated by `~`, which no host holds. The page is signed and not
    /// written: the request that brings the cookie names its page itself.
    pub fn sign(&self, keys: &RecordKeys, binding: &Binding<'_>) -> String {
        let fields = self.fields();
        let tag = keys.sign(Self::PURPOSE, &self.parts(&fields, binding));
        format!("{fields}~{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Reads a cookie that came with a request for this page; `None` when it is not ours, or for another page, or older than it may be at
    /// `now`, or from the future.
    pub fn verify(value: &[u8], keys: &RecordKeys, binding: &Binding<'_>, page: &str, now: Timestamp) -> Option<Self> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= Self::LONGEST_VALUE)?;
        let (fields, signature) = text.rsplit_once('~')?;
        let mut parts = fields.split('~');
        let (time, frame, host, port) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let grant = Self {
            host: host.into(),
            port: if port.is_empty() { None } else { Some(port.parse().ok()?) },
            page: page.into(),
            frame: FrameName::parse(frame)?,
            time: Timestamp::from_seconds(time.parse::<u32>().ok()?.into()),
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let age = now.seconds() - grant.time.seconds();
        let genuine = keys.verify(Self::PURPOSE, &grant.parts(fields, binding), &signature);
        (genuine && (0..=Self::VALID_FOR_SECONDS).contains(&age)).then_some(grant)
    }

    fn fields(&self) -> String {
        let port = self.port.map_or_else(String::new, |port| port.to_string());
        format!("{}~{}~{}~{port}", self.time.seconds(), self.frame, self.host)
    }

    fn parts<'a>(&'a self, fields: &'a str, binding: &Binding<'a>) -> [&'a [u8]; 5] {
        [
            binding.cookie_name.as_bytes(),
            binding.site.as_bytes(),
            binding.log_origin.as_bytes(),
            self.page.as_bytes(),
            fields.as_bytes(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_counts_for_a_minute_on_its_page_and_only_with_our_signature() {
        let keys = RecordKeys::new(&[[1; 32]]).unwrap();
        let other_keys = RecordKeys::new(&[[2; 32]]).unwrap();
        let binding = Binding { cookie_name: "__Host-kelisim-frame", site: "a.example", log_origin: "log" };
        let time = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        let grant = FrameGrant {
            host: "maps.example".into(),
            port: Some(8080),
            page: "/contact?x=1".into(),
            frame: FrameName::of("https://maps.example:8080/embed"),
            time,
        };
        let value = grant.sign(&keys, &binding);
        let after = |seconds| Timestamp::from_seconds(time.seconds() + seconds);
        let check = |value: &str, keys, page, now| FrameGrant::verify(value.as_bytes(), keys, &binding, page, now);
        assert_eq!(check(&value, &keys, "/contact?x=1", after(60)), Some(grant.clone()));
        assert_eq!(check(&value, &keys, "/contact?x=1", after(61)), None);
        assert_eq!(check(&value, &keys, "/contact?x=1", after(-1)), None);
        assert_eq!(check(&value, &keys, "/contact", after(1)), None);
        assert_eq!(check(&value, &other_keys, "/contact?x=1", after(1)), None);
        assert_eq!(check(&value.replace("maps", "mops"), &keys, "/contact?x=1", after(1)), None);
        assert_eq!(check(&value.replace("8080", "8081"), &keys, "/contact?x=1", after(1)), None);
        let elsewhere = Binding { site: "b.example", ..binding.clone() };
        assert_eq!(FrameGrant::verify(value.as_bytes(), &keys, &elsewhere, "/contact?x=1", after(1)), None);
        let portless = FrameGrant { port: None, ..grant };
        let value = portless.sign(&keys, &binding);
        assert_eq!(check(&value, &keys, "/contact?x=1", after(0)), Some(portless));
    }

    #[test]
    fn what_is_no_grant_is_none() {
        let keys = RecordKeys::new(&[[1; 32]]).unwrap();
        let binding = Binding { cookie_name: "c", site: "s", log_origin: "l" };
        for value in ["", "true", "~~~~", "1~2~3~4~5", "1~0123456789abcdef~a~~", &"~".repeat(600)] {
            let read = FrameGrant::verify(value.as_bytes(), &keys, &binding, "/", Timestamp::from_seconds(1));
            assert_eq!(read, None, "{value}");
        }
        assert_eq!(FrameName::parse("0123456789abcdeF"), None);
        assert_eq!(FrameName::parse("+123456789abcdef"), None);
        let name = FrameName::of("https://a.example/");
        assert_eq!(FrameName::parse(&name.to_string()), Some(name));
    }
}
