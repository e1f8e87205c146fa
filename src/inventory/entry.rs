//! What is kept of one cookie, one host, one key.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::{FoldedPath, HostAndPort, Hour, LoadKind};
use crate::timestamp::Timestamp;

/// Different values of `Domain`, or of `Path`, kept of one cookie. A site uses one or two.
const MOST_PLACES: usize = 4;

/// When something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// First.
    pub first: Hour,
    /// Last.
    pub last: Hour,
    /// In how many different hours.
    pub hours: u32,
}

impl Seen {
    pub(super) fn at(hour: Hour) -> Self {
        Self { first: hour, last: hour, hours: 1 }
    }

    pub(super) fn again(&mut self, hour: Hour) {
        if hour != self.last {
            self.hours = self.hours.saturating_add(1);
            self.first = self.first.min(hour);
            self.last = self.last.max(hour);
        }
    }

    /// What goes first when there is no more room: what was seen in the fewest hours, and of that the oldest.
    pub(super) fn weight(&self) -> (u32, Hour) {
        (self.hours, self.last)
    }
}

/// A cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieEntry {
    /// What the site says in `Set-Cookie`; `None` where the name only ever came from browsers, so that a script sets it.
    pub set_by_site: Option<Attributes>,
    /// When.
    pub seen: Seen,
}

/// Attributes of all `Set-Cookie` lines with one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// At least one line kept the cookie from scripts.
    pub http_only: bool,
    /// At least one line said `Secure`.
    pub secure: bool,
    /// At least one line said `Partitioned`.
    pub partitioned: bool,
    /// At least one line said `SameSite=None`, so that it is meant to be sent from other sites.
    pub same_site_none: bool,
    /// At least one line ended it with the browser.
    pub session: bool,
    /// The longest life that a line gave it.
    pub persistent: Option<Lifetime>,
    /// Each `Domain`.
    pub domains: BTreeSet<HostAndPort>,
    /// Each `Path`.
    pub paths: BTreeSet<FoldedPath>,
}

impl Attributes {
    /// Reads attributes as names and values. `None` where the line deletes the cookie: then it sets nothing.
    pub fn read<'a>(attributes: impl Iterator<Item = (&'a [u8], &'a [u8])>, now: Timestamp) -> Option<Self> {
        let mut read = Self::default();
        let (mut by_age, mut by_date) = (None, None);
        for (name, value) in attributes {
            let text = || std::str::from_utf8(value).ok();
            match name.to_ascii_lowercase().as_slice() {
                b"httponly" => read.http_only = true,
                b"secure" => read.secure = true,
                b"partitioned" => read.partitioned = true,
                b"samesite" => read.same_site_none |= value.eq_ignore_ascii_case(b"none"),
                b"max-age" => by_age = text().and_then(|age| age.parse::<i64>().ok()).or(by_age),
                b"expires" => by_date = text().and_then(seconds_of_date).or(by_date),
                b"domain" => {
                    read.domains.extend(text().and_then(|text| HostAndPort::parse(text.trim_start_matches('.'))));
                }
                b"path" => read.paths.extend(text().map(FoldedPath::of)),
                _ => {}
            }
        }
        // `Max-Age` goes before `Expires` (RFC 6265bis, section 5.7).
        match by_age.or_else(|| Some(by_date?.saturating_sub(now.seconds()))) {
            Some(seconds) if seconds <= 0 => return None,
            Some(seconds) => read.persistent = Some(Lifetime::of_seconds(seconds)),
            None => read.session = true,
        }
        Some(read)
    }

    /// Adds what another line said. Answers whether that was new.
    pub(super) fn join(&mut self, other: Self) -> bool {
        let before = self.clone();
        self.http_only |= other.http_only;
        self.secure |= other.secure;
        self.partitioned |= other.partitioned;
        self.same_site_none |= other.same_site_none;
        self.session |= other.session;
        self.persistent = self.persistent.max(other.persistent);
        add(&mut self.domains, other.domains);
        add(&mut self.paths, other.paths);
        *self != before
    }
}

fn add<T: Ord>(places: &mut BTreeSet<T>, more: BTreeSet<T>) {
    for place in more {
        if places.len() < MOST_PLACES {
            places.insert(place);
        }
    }
}

/// Seconds since the epoch of a date as HTTP writes it, or with hyphens as some frameworks do.
fn seconds_of_date(text: &str) -> Option<i64> {
    let text = text.replacen('-', " ", 2);
    let since = httpdate::parse_http_date(&text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// How long a cookie lives, rounded so that it says nothing about when it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lifetime {
    /// Whole hours, at least one.
    hours: u32,
}

impl Lifetime {
    fn of_seconds(seconds: i64) -> Self {
        let hours = (seconds.saturating_add(1800) / 3600).clamp(1, 24 * 36_500);
        let hours = if hours >= 48 { (hours + 12) / 24 * 24 } else { hours };
        Self { hours: u32::try_from(hours).unwrap_or(u32::MAX) }
    }
}

/// What a lifetime is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifetimeUnit {
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Years of 365 days, nearly.
    Years,
}

impl Lifetime {
    /// How many of which unit.
    pub fn counted(self) -> (u32, LifetimeUnit) {
        match (self.hours, self.hours / 24) {
            (hours, 0 | 1) if hours != 24 => (hours, LifetimeUnit::Hours),
            (_, days @ 360..) if days % 365 <= 5 || days % 365 >= 360 => ((days + 30) / 365, LifetimeUnit::Years),
            (_, days) => (days, LifetimeUnit::Days),
        }
    }
}

impl fmt::Display for Lifetime {
    /// In words: `2 hours`, `30 days`, `1 year`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = self.counted();
        let unit = match unit {
            LifetimeUnit::Hours => "hour",
            LifetimeUnit::Days => "day",
            LifetimeUnit::Years => "year",
        };
        write!(formatter, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

/// A host that is not the site's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostEntry {
    /// What pages wanted from it.
    pub kinds: BTreeSet<LoadKind>,
    /// A page that wanted it.
    pub page: FoldedPath,
    /// At least one load was blocked, not only reported.
    pub blocked: bool,
    /// When.
    pub seen: Seen,
}

/// A key of storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// When.
    pub seen: Seen,
}
