//! Hours, hosts and kinds: what an observation may be made of besides names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// A whole hour since 1970-01-01T00:00Z: when something was seen, no nearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(u32);

impl Hour {
    /// The hour of a moment.
    pub fn of(moment: Timestamp) -> Self {
        Self(u32::try_from(moment.seconds() / 3600).unwrap_or(u32::MAX))
    }

    /// Hours since the epoch.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Hour {
    /// The date in UTC and the hour: `2026-11-22 10h`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = Timestamp::from_seconds(i64::from(self.0) * 3600).date();
        write!(formatter, "{date} {:02}h", self.0 % 24)
    }
}

/// Most digits of a label that is kept. `cdn12` is a machine; an address or an account written into a name has more.
const MOST_DIGITS: usize = 3;

/// The length from which a label of hexadecimal digits is taken for a visitor's or a session's, not for a machine's name.
const SHORTEST_TOKEN: usize = 16;

/// A host by name, with its port where that is not the scheme's own. An address is no name. Names of trackers can hold what tells visitors
/// apart, so where a label in front of the domain that somebody registered looks like that, all of them become `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostAndPort {
    host: Box<str>,
    port: Option<u16>,
}

impl HostAndPort {
    /// Reads `host` or `host:port`, and what [`fmt::Display`] writes. `None` for everything that names no host: addresses, and names with other characters than ASCII
    /// letters, digits, `-` and `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port != 0)?)),
            None => (text, None),
        };
        let (folded, host) = host.strip_prefix("*.").map_or((false, host), |host| (true, host));
        let host = host.to_ascii_lowercase();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let label = |label: &str| {
            let inside = !label.starts_with('-') && !label.ends_with('-');
            (1..=63).contains(&label.len()) && label.bytes().all(legal) && inside
        };
        // A last label of digits makes it an address (WHATWG URL, section 3.5).
        let is_address = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        let is_hexadecimal = host.rsplit('.').next().is_some_and(|last| last.starts_with("0x"));
        let is_name = host.len() <= 253 && host.split('.').all(label) && !is_address && !is_hexadecimal;
        is_name.then(|| Self { host: if folded { format!("*.{host}") } else { folded_host(host) }.into(), port })
    }

    /// The host of an address of the web. `None` for other schemes: what a browser's extension or the page itself made is no host's.
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let usual = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => 443,
            "http" | "ws" => 80,
            _ => return None,
        };
        let parsed = Self::parse(rest.split(['/', '?', '#']).next()?)?;
        Some(Self { port: parsed.port.filter(|port| *port != usual), ..parsed })
    }

    /// The name, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where it is not the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

fn folded_host(host: String) -> String {
    let Some(registered) = psl::domain_str(&host) else { return host };
    let tells = |label: &str| {
        label.bytes().filter(u8::is_ascii_digit).count() > MOST_DIGITS
            || label.len() >= SHORTEST_TOKEN && label.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let in_front = &host[..host.len() - registered.len()];
    if in_front.split('.').any(tells) { format!("*.{registered}") } else { host }
}

impl fmt::Display for HostAndPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl TryFrom<String> for HostAndPort {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("no host by name")
    }
}

impl From<HostAndPort> for String {
    fn from(host: HostAndPort) -> Self {
        host.to_string()
    }
}

/// What a page wanted from a host, by the directive that spoke about it (CSP, level 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadKind {
    /// `script-src` and those below it.
    Script,
    /// `style-src` and those below it.
    Style,
    /// `img-src`.
    Image,
    /// `font-src`.
    Font,
    /// `media-src`.
    Media,
    /// `connect-src`.
    Connection,
    /// `frame-src`, `child-src`, `fenced-frame-src`.
    Frame,
    /// Any other directive.
    Other,
}

impl LoadKind {
    /// Reads a directive; words behind its name, as older browsers send them, do not matter.
    pub fn of_directive(directive: &str) -> Self {
        match directive.split_ascii_whitespace().next().unwrap_or_default() {
            "script-src" | "script-src-elem" | "script-src-attr" | "worker-src" => Self::Script,
            "style-src" | "style-src-elem" | "style-src-attr" => Self::Style,
            "img-src" => Self::Image,
            "font-src" => Self::Font,
            "media-src" => Self::Media,
            "connect-src" => Self::Connection,
            "frame-src" | "child-src" | "fenced-frame-src" => Self::Frame,
            _ => Self::Other,
        }
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Style => "style",
            Self::Image => "image",
            Self::Font => "font",
            Self::Media => "media",
            Self::Connection => "connection",
            Self::Frame => "frame",
            Self::Other => "other",
        }
    }
}

/// Where a script keeps things in the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    /// `localStorage`.
    Local,
    /// `sessionStorage`.
    Session,
    /// A database (`IndexedDB`).
    Database,
    /// A cache (`CacheStorage`).
    Cache,
}

impl StorageKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Local, Self::Session, Self::Database, Self::Cache];

    /// The word for it, in reports and for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Session => "session",
            Self::Database => "database",
            Self::Cache => "cache",
        }
    }
}
