//! What is counted of a request, put together when its last byte has left: off the way of the request, from headers that were kept for it.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};

use super::{AnswerBody, Shared, site::Site, visit::Visit};
use crate::{
    consent::{Category, ConsentId, Country, Decision},
    statistics::{
        Agent, Arrival, Banner, ConsentState, Counted, CountedPath, LanguageTag, RELOAD_WITHIN, RobotView, View,
        ViewKind, is_download,
    },
    timestamp::Timestamp,
    visitor::{Destination, Fetch, FetchSite, Scheme},
};

/// A request that may be a view. It holds what was sent until it is known whether it is one.
pub(super) struct Candidate {
    uri: Uri,
    agent: Option<HeaderValue>,
    referrer: Option<HeaderValue>,
    languages: Option<HeaderValue>,
    accepts_pages: bool,
    fetch: Fetch,
    scheme: Scheme,
    country: Option<Country>,
    standing: Standing,
}

/// How the visitor stands to the question.
struct Standing {
    consent: ConsentState,
    visitor: Option<ConsentId>,
    after_answer: bool,
    banner: Option<Banner>,
}

/// What the answer says, as far as it decides what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    status: StatusCode,
    is_page: bool,
    shows_banner: bool,
}

impl Seen {
    pub(super) fn of(response: &Response<AnswerBody>) -> Self {
        Self {
            status: response.status(),
            is_page: is_page(response.headers()),
            shows_banner: response.body().is_rewritten(),
        }
    }
}

impl Candidate {
    /// `None` for what is no view, whatever the answer: what is not read, or was loaded ahead, or is a part of a page.
    pub(super) fn of<B>(visit: &Visit, request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        let fetch = visit.fetch;
        let is_whole = matches!(fetch.destination, Destination::Absent | Destination::Document)
            || fetch.destination == Destination::Empty && is_download(request.uri().path());
        if *request.method() != Method::GET || fetch.speculative || !is_whole || headers.contains_key(header::RANGE) {
            return None;
        }
        let accepts = headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
        let accepts_pages = accepts.windows(9).any(|window| window == b"text/html");
        // Without fetch headers a picture is told from a page by what is asked for.
        let asks_for_part = !fetch.is_present() && accepts.starts_with(b"image/");
        (!asks_for_part).then(|| Self { accepts_pages, ..Self::new(visit, headers, request.uri().clone()) })
    }

    /// A page that changed its address to this one without a load.
    pub(super) fn of_route(visit: &Visit, headers: &HeaderMap, route: Uri) -> Self {
        // It is a navigation within the site to whoever looks at it.
        let fetch =
            Fetch { site: FetchSite::SameOrigin, destination: Destination::Document, navigates: true, ..visit.fetch };
        Self { accepts_pages: true, fetch, ..Self::new(visit, headers, route) }
    }

    fn new(visit: &Visit, headers: &HeaderMap, uri: Uri) -> Self {
        let standing = Standing { consent: ConsentState::NotAsked, visitor: None, after_answer: false, banner: None };
        Self {
            uri,
            agent: headers.get(header::USER_AGENT).cloned(),
            referrer: headers.get(header::REFERER).cloned(),
            languages: headers.get(header::ACCEPT_LANGUAGE).cloned(),
            accepts_pages: false,
            fetch: visit.fetch,
            scheme: visit.client.scheme,
            country: visit.country,
            standing,
        }
    }

    /// What was decided for its visitor.
    pub(super) fn decided(&mut self, site: &Site, visit: &Visit, decision: &Decision, asks: bool, now: Timestamp) {
        let accepted = decision.allowed.contains(Category::Analytical);
        let choice = decision.choice.as_ref();
        let banner = || Banner { language: visit.language, edition: site.consent.editions.in_force(now).id.clone() };
        self.standing = Standing {
            consent: match (accepted, choice) {
                (true, Some(_)) => ConsentState::Accepted,
                (_, Some(_)) => ConsentState::Refused,
                (_, None) if visit.signals.refuse() => ConsentState::Signalled,
                (_, None) => ConsentState::Unanswered,
            },
            visitor: choice.filter(|_| accepted).map(|record| record.consent_id),
            after_answer: choice.is_some_and(|record| now.seconds() - record.time.seconds() <= RELOAD_WITHIN),
            banner: (asks && decision.asks()).then(banner),
        };
    }

    /// What is to be counted of a changed address.
    pub(super) fn route_counted(self, shared: &Shared, site: &Site, time: Timestamp) -> Option<Counted> {
        self.counted(shared, site, Seen { status: StatusCode::OK, is_page: true, shows_banner: false }, 0, time)
    }

    /// What is to be counted, if anything is.
    pub(super) fn counted(
        self,
        shared: &Shared,
        site: &Site,
        seen: Seen,
        waited: u32,
        time: Timestamp,
    ) -> Option<Counted> {
        let kind = self.kind(seen)?;
        // Apps put names of devices into it in their own letters.
        let agent = self.agent.as_ref().map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let agent = agent.as_deref();
        let robots = &shared.robots;
        if let Some(robot) = robots.find(agent, self.languages.is_some(), self.fetch, self.scheme) {
            let name = robot.name.map(Arc::from);
            return Some(Counted::Robot(RobotView { site: site.number, time, reason: robot.reason, name }));
        }
        // A program that calls itself a browser and asks for anything.
        if !self.fetch.is_present() && !self.accepts_pages && kind != ViewKind::Download {
            return None;
        }
        let languages = self.languages.as_ref().and_then(|line| line.to_str().ok());
        Some(Counted::View(Box::new(View {
            site: site.number,
            time,
            kind,
            path: CountedPath::new(self.uri.path()),
            arrival: self.arrival(shared, site),
            country: self.country,
            language: languages.and_then(LanguageTag::first_of),
            agent: Agent::read(agent),
            consent: self.standing.consent,
            visitor: self.standing.visitor,
            after_answer: self.standing.after_answer,
            banner: self.standing.banner.filter(|_| seen.shows_banner),
            waited,
        })))
    }

    fn kind(&self, seen: Seen) -> Option<ViewKind> {
        let Seen { status, is_page, .. } = seen;
        if status == StatusCode::NOT_FOUND || status == StatusCode::GONE {
            return (self.fetch.is_top_navigation() || self.accepts_pages).then_some(ViewKind::NotFound);
        }
        if status == StatusCode::NOT_MODIFIED {
            let is_file = is_download(self.uri.path());
            return (!is_file && (self.fetch.is_top_navigation() || self.accepts_pages)).then_some(ViewKind::Page);
        }
        match (status.is_success(), is_page) {
            (true, true) if self.fetch.destination != Destination::Empty => Some(ViewKind::Page),
            (true, false) if status == StatusCode::OK && is_download(self.uri.path()) => Some(ViewKind::Download),
            _ => None,
        }
    }

    /// Where it comes from, if it comes from elsewhere: by the fetch headers, and without them by the referrer.
    fn arrival(&self, shared: &Shared, site: &Site) -> Option<Arrival> {
        let referrer = self.referrer.as_ref().and_then(|line| line.to_str().ok());
        let is_own = |host: &str| shared.site(host).is_some_and(|found| found.number == site.number);
        let arrival = || Arrival::read(self.uri.query(), referrer, is_own);
        match self.fetch.site {
            FetchSite::SameOrigin | FetchSite::SameSite => None,
            FetchSite::CrossSite | FetchSite::None => Some(arrival()),
            FetchSite::Absent => {
                let host = referrer.and_then(|line| line.parse::<Uri>().ok());
                let within = host.and_then(|uri| uri.host().map(is_own)).unwrap_or_default();
                (!within).then(arrival)
            }
        }
    }
}

fn is_page(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
}
