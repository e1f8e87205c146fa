//! How a request was started, by the browser's fetch metadata headers (W3C Fetch Metadata Request Headers).

use http::{HeaderMap, HeaderName, HeaderValue};

use super::AgentFamily;
use crate::fields::{PURPOSE, SEC_FETCH_DEST, SEC_FETCH_MODE, SEC_FETCH_SITE, SEC_FETCH_USER, SEC_PURPOSE};

/// What the `Sec-Fetch-*` headers and `Sec-Purpose` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Where the request was started.
    pub site: FetchSite,
    /// Whether it navigates (`Sec-Fetch-Mode: navigate`).
    pub navigates: bool,
    /// What it is for.
    pub destination: Destination,
    /// Whether a person's act started it (`Sec-Fetch-User: ?1`).
    pub user_activated: bool,
    /// Whether it is a prefetch or prerender (`Sec-Purpose` or `Purpose`).
    pub speculative: bool,
}

/// `Sec-Fetch-Site`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchSite {
    /// No fetch headers: an old browser, or no browser.
    Absent,
    /// From the same origin.
    SameOrigin,
    /// From another origin of the same site.
    SameSite,
    /// From elsewhere, or unreadable.
    CrossSite,
    /// From the address bar, a bookmark and the like.
    None,
}

/// `Sec-Fetch-Dest`, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Not said.
    Absent,
    /// A top-level page.
    Document,
    /// A page inside a page.
    Frame,
    /// A request by script.
    Empty,
    /// Script, image, style and everything else.
    Other,
}

impl Fetch {
    /// Whether a form was sent by a person's act, as far as its request can tell. WebKit never sends `Sec-Fetch-User`; there a navigation
    /// within the same origin has to do. Without fetch headers nothing speaks against it.
    pub fn is_by_person(&self, agent: AgentFamily) -> bool {
        let within = self.site == FetchSite::SameOrigin
            && self.navigates
            && matches!(self.destination, Destination::Document | Destination::Frame);
        !self.is_present() || self.user_activated || (agent == AgentFamily::Safari && within)
    }

    /// A request without any of the headers.
    pub const ABSENT: Self = Self {
        site: FetchSite::Absent,
        navigates: false,
        destination: Destination::Absent,
        user_activated: false,
        speculative: false,
    };

    /// Reads the headers. Some fetch headers without `Sec-Fetch-Site` are not what a browser sends: that is read as cross-site.
    pub fn of(headers: &HeaderMap) -> Self {
        let value = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
        let (mode, destination, user) = (value(&SEC_FETCH_MODE), value(&SEC_FETCH_DEST), value(&SEC_FETCH_USER));
        Self {
            site: match value(&SEC_FETCH_SITE) {
                None if mode.or(destination).or(user).is_some() => FetchSite::CrossSite,
                None => FetchSite::Absent,
                Some(b"same-origin") => FetchSite::SameOrigin,
                Some(b"same-site") => FetchSite::SameSite,
                Some(b"none") => FetchSite::None,
                Some(_) => FetchSite::CrossSite,
            },
            navigates: mode == Some(b"navigate"),
            destination: match destination {
                None => Destination::Absent,
                Some(b"document") => Destination::Document,
                Some(b"iframe" | b"frame" | b"embed" | b"object") => Destination::Frame,
                Some(b"empty") => Destination::Empty,
                Some(_) => Destination::Other,
            },
            user_activated: user == Some(b"?1"),
            speculative: headers.contains_key(&SEC_PURPOSE) || value(&PURPOSE) == Some(b"prefetch"),
        }
    }

    /// Whether this is a navigation of the whole tab.
    pub fn is_top_navigation(self) -> bool {
        self.navigates && self.destination == Destination::Document
    }

    /// Whether the headers are there at all.
    pub fn is_present(self) -> bool {
        self.site != FetchSite::Absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_sent_by_safari_counts_although_it_does_not_say_that_a_person_sent_it() {
        let form = Fetch {
            site: FetchSite::SameOrigin,
            navigates: true,
            destination: Destination::Document,
            user_activated: false,
            speculative: false,
        };
        let check =
            |fetch: Fetch, agent, expected| assert_eq!(fetch.is_by_person(agent), expected, "{fetch:?} {agent:?}");
        check(form, AgentFamily::Safari, true);
        check(form, AgentFamily::Chromium, false);
        check(form, AgentFamily::Firefox, false);
        check(Fetch { user_activated: true, ..form }, AgentFamily::Chromium, true);
        check(Fetch::ABSENT, AgentFamily::Other, true);
        check(Fetch { site: FetchSite::SameSite, ..form }, AgentFamily::Safari, false);
        check(Fetch { destination: Destination::Empty, ..form }, AgentFamily::Safari, false);
        check(Fetch { navigates: false, ..form }, AgentFamily::Safari, false);
    }
}
