//! `POST …/report`: what browsers report of loads from other hosts, and our observing script of names in storage.
//!
//! A report is a stranger's word. It is bounded, counted and reduced to hosts and folded names; its text is never logged.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    AnswerBody, Shared,
    posted::{self, Unread},
    site::Site,
    visit::Visit,
};
use crate::{
    inventory::{LONGEST_REPORT, ReportFault, read_report_to, read_report_uri, read_storage_report},
    timestamp::Timestamp,
    visitor::FetchSite,
};

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Taken,
    Nothing,
    Foreign,
    TooMany,
    TooLarge,
    Unreadable,
}

impl Outcome {
    /// The status, and the word for the counter.
    fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Taken => (StatusCode::NO_CONTENT, "taken"),
            Self::Nothing => (StatusCode::NO_CONTENT, "nothing"),
            // Another site learns nothing from the answer.
            Self::Foreign => (StatusCode::NO_CONTENT, "foreign"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
        }
    }
}

/// The three forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    ReportUri,
    ReportTo,
    Storage,
}

impl Form {
    fn of(headers: &HeaderMap) -> Option<Self> {
        match posted::media_type(headers)?.as_str() {
            "application/csp-report" => Some(Self::ReportUri),
            "application/reports+json" => Some(Self::ReportTo),
            "application/json" => Some(Self::Storage),
            _ => None,
        }
    }
}

/// Answers a request for the address of reports. Nothing in the answer is for a person.
pub(super) async fn answer(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::ours(""));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if request.method() != Method::POST {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let (status, outcome) = taken(shared, site, visit, request, now).await.answer();
    shared.metrics.reported(&site.name, outcome);
    *response.status_mut() = status;
    response
}

async fn taken(shared: &Shared, site: &Site, visit: &Visit, request: Request<Incoming>, now: Timestamp) -> Outcome {
    if !is_from_this_site(visit, request.headers()) {
        return Outcome::Foreign;
    }
    if !shared.reports.allows(visit.client.address, now) {
        return Outcome::TooMany;
    }
    let Some(form) = Form::of(request.headers()) else { return Outcome::Unreadable };
    let body = match posted::read(request, LONGEST_REPORT).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return Outcome::TooLarge,
        Err(Unread::Broken) => return Outcome::Unreadable,
    };
    let kept = match form {
        Form::ReportUri => read_report_uri(&body).map(|loads| shared.observer.loads(site, loads, now)),
        Form::ReportTo => read_report_to(&body).map(|loads| shared.observer.loads(site, loads, now)),
        Form::Storage => read_storage_report(&body).map(|report| shared.observer.keys(site, &report, now)),
    };
    match kept {
        Ok(0) => Outcome::Nothing,
        Ok(_) => Outcome::Taken,
        Err(ReportFault) => Outcome::Unreadable,
    }
}

/// As far as a request tells. Browsers send reports of a page from its own origin; a page elsewhere whose policy names our address says
/// `cross-site`, or at least another `Origin`.
fn is_from_this_site(visit: &Visit, headers: &HeaderMap) -> bool {
    match visit.fetch.site {
        FetchSite::SameOrigin => true,
        FetchSite::CrossSite => false,
        // Some browsers send reports on their own time and from nowhere; the page that they name is looked at later.
        FetchSite::SameSite | FetchSite::None => {
            headers.get("sec-fetch-dest").is_some_and(|destination| destination == "report")
        }
        FetchSite::Absent => {
            let ours = visit.origin();
            headers.get(header::ORIGIN).is_none_or(|origin| origin.as_bytes().eq_ignore_ascii_case(ours.as_bytes()))
        }
    }
}
