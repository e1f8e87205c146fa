//! The cookies that the gateway sets itself: the record, its readable mirror, the mark that the banner was shown, the
//! leave to load a frame once.

use cookie::{Cookie, SameSite, time::Duration};
use http::HeaderValue;

use super::site::Site;
use crate::{
    consent::{FrameGrant, Record},
    cookies::OwnNames,
    timestamp::Timestamp,
    visitor::{ClientConnection, Scheme},
};

/// The names and attributes that fit a site, a host and a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnCookies {
    pub(super) record: &'static str,
    pub(super) shown: &'static str,
    pub(super) frame: &'static str,
    domain: Option<String>,
    secure: bool,
}

impl OwnCookies {
    /// `None` on plain http beyond loopback: a record that anybody on the way could read and replay is not set at all.
    pub(super) fn new(site: &Site, host: &str, client: &ClientConnection) -> Option<Self> {
        let shared = site.share_subdomains && is_under(host, &site.name);
        match client.scheme {
            Scheme::Https => Some(Self {
                record: if shared { OwnNames::SHARED_RECORD } else { OwnNames::RECORD },
                shown: OwnNames::NOTICE_MARK,
                frame: OwnNames::FRAME,
                domain: shared.then(|| site.name.to_string()),
                secure: true,
            }),
            Scheme::Http if client.address.is_loopback() => Some(Self {
                record: OwnNames::LOOPBACK_RECORD,
                shown: OwnNames::LOOPBACK_NOTICE_MARK,
                frame: OwnNames::LOOPBACK_FRAME,
                domain: None,
                secure: false,
            }),
            Scheme::Http => None,
        }
    }

    /// The lines that put a choice in force in the browser: the record, which scripts can't read, and the mirror, which has no authority.
    pub(super) fn set(&self, record: &Record, signed: String, valid_until: Timestamp) -> [HeaderValue; 3] {
        let age = Duration::seconds((valid_until.seconds() - record.time.seconds()).max(0));
        let mut view: String = record
            .offered
            .iter()
            .map(|category| format!("{category}={}&", u8::from(record.allowed.contains(category))))
            .collect();
        view.push_str(&format!("time={}", record.time.seconds()));
        [
            line(self.cookie(self.record, signed).http_only(true).max_age(age)),
            line(self.cookie(OwnNames::MIRROR, view).max_age(age)),
            self.expired(self.shown),
        ]
    }

    /// The lines that take a choice back where no new record can be given.
    pub(super) fn clear(&self) -> [HeaderValue; 3] {
        [self.expired(self.record), self.expired(OwnNames::MIRROR), self.expired(self.shown)]
    }

    /// The line that marks the banner as shown, for this session of the browser.
    pub(super) fn mark_shown(&self, signed: String) -> HeaderValue {
        line(Cookie::build((self.shown, signed)).path("/").same_site(SameSite::Lax).secure(self.secure).http_only(true))
    }

    /// The line that lets the next load of a page have one frame. `Strict`: the load comes from this site's own answer.
    pub(super) fn grant_frame(&self, signed: String) -> HeaderValue {
        line(self.of_frame(signed).max_age(Duration::seconds(FrameGrant::VALID_FOR_SECONDS)))
    }

    /// The line that ends that leave once it was used.
    pub(super) fn end_frame(&self) -> HeaderValue {
        line(self.of_frame(String::new()).max_age(Duration::ZERO))
    }

    fn of_frame(&self, value: String) -> cookie::CookieBuilder<'static> {
        Cookie::build((self.frame, value)).path("/").same_site(SameSite::Strict).secure(self.secure).http_only(true)
    }

    fn expired(&self, name: &'static str) -> HeaderValue {
        let cookie = match name {
            _ if name == self.shown => {
                Cookie::build((name, String::new())).path("/").same_site(SameSite::Lax).secure(self.secure)
            }
            _ => self.cookie(name, String::new()),
        };
        line(cookie.http_only(name != OwnNames::MIRROR).max_age(Duration::ZERO))
    }

    fn cookie(&self, name: &'static str, value: String) -> cookie::CookieBuilder<'static> {
        let cookie = Cookie::build((name, value)).path("/").same_site(SameSite::Lax).secure(self.secure);
        match &self.domain {
            Some(domain) => cookie.domain(domain.clone()),
            None => cookie,
        }
    }
}

fn line(cookie: cookie::CookieBuilder<'static>) -> HeaderValue {
    HeaderValue::try_from(cookie.build().to_string()).expect("names, base64 and host names are header values")
}

fn is_under(host: &str, name: &str) -> bool {
    host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}
