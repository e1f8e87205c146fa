//! `POST …/view`: Kelisim's script tells that the address of a page changed without a load (`count_routes`). It says the path alone; who it is
//! and how they stand to the question is read from the request like of every page.

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;

use super::{AnswerBody, Shared, counted::Candidate, posted, request::proven_record, site::Site, visit::Visit};
use crate::{
    consent::{Evidence, decide},
    timestamp::Timestamp,
};

/// Longest path told, in bytes.
const LONGEST_ROUTE: usize = 2048;

/// Answers it. Nothing in the answer is for a person.
pub(super) async fn answer(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::ours(""));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.status_mut() = if request.method() != Method::POST {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        StatusCode::METHOD_NOT_ALLOWED
    } else {
        taken(shared, site, visit, request, now).await
    };
    response
}

async fn taken(shared: &Shared, site: &Site, visit: &Visit, request: Request<Incoming>, now: Timestamp) -> StatusCode {
    // Another site learns nothing from the answer.
    if !posted::is_from_this_site(visit, request.headers()) {
        return StatusCode::NO_CONTENT;
    }
    if !shared.reports.allows(visit.client.address, now) {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    let evidence = Evidence {
        record: proven_record(shared, site, visit, &request),
        shown: None,
        method: Method::POST,
        fetch: visit.fetch,
        signals: visit.signals,
        country: visit.country,
        agent: None,
    };
    let decision = decide(&site.consent, evidence, now);
    let headers = request.headers().clone();
    let body = match posted::read(request, LONGEST_ROUTE).await {
        Ok(body) => body,
        Err(posted::Unread::TooLarge) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(posted::Unread::Broken) => return StatusCode::BAD_REQUEST,
    };
    let route = std::str::from_utf8(&body).ok().filter(|path| path.starts_with('/'));
    let Some(route) = route.and_then(|path| path.parse::<Uri>().ok()) else { return StatusCode::BAD_REQUEST };
    let mut view = Candidate::of_route(visit, &headers, route);
    view.decided(site, visit, &decision, false, now);
    if let Some(counted) = view.route_counted(shared, site, shared.clock.now()) {
        shared.counter.count(site.number, counted);
    }
    StatusCode::NO_CONTENT
}
