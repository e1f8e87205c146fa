//! The way to an analytics server, once its category is allowed: its request is written anew, its answer cleared.

use bytes::Bytes;
use http::{Method, Request, Response};
use hyper::body::Incoming;

use super::{
    AnswerBody, Shared,
    error::GatewayError,
    no_content,
    posted::{self, Unread},
    response,
    site::Site,
    visit::Visit,
};
use crate::{
    analytics::{AnalyticsRequest, Asked, LONGEST_HIT, Sender, Unsendable, clear_answer},
    consent::CategorySet,
    cookies::{filter_response, keep_named_lines},
    telemetry::Direction,
    upstream::{Connections, UpstreamError},
};

/// Sends what was asked to the server, and answers what it answers. Nothing of it is a page: no byte of a body is changed.
pub(super) async fn answer(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    allowed: CategorySet,
    asked: Asked<'_>,
    connections: &Connections,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, GatewayError> {
    let (head, incoming) = request.into_parts();
    let (path, permit) = (head.uri.path().to_owned(), site.permit(allowed));
    let body = if head.method == Method::POST { hit(incoming).await? } else { Bytes::new() };
    let sender =
        Sender { address: visit.client.address.truncate(), country: visit.country, scheme: visit.client.scheme };
    let (request, outcome) = match AnalyticsRequest::new(asked, head, body, sender, (&site.catalogue, permit)) {
        Ok(written) => written,
        Err(Unsendable::Unreadable) => return Err(GatewayError::UnreadableHit),
        // The script that sent it goes on.
        Err(Unsendable::Kind) => return Ok(no_content()),
    };
    shared.count_cookies(site, &outcome.refused, &outcome.passed, Direction::Request);
    visit.trace.withheld(Direction::Request, outcome.refused.total());
    visit.trace.asks(connections);
    let answer = connections.send_measured(request).await;
    visit.trace.heard(&answer);
    let mut answer = answer.map_err(GatewayError::Analytics)?;
    shared.observer.set(site, answer.headers(), shared.clock.now());
    response::forward(&mut answer);
    let headers = answer.headers_mut();
    clear_answer(headers, asked.what);
    site.observe_cookies(headers, &visit.host, &path);
    let outcome = filter_response(headers, &site.catalogue, permit);
    shared.count_cookies(site, &outcome.refused, &outcome.passed, Direction::Response);
    visit.trace.withheld(Direction::Response, outcome.refused.total());
    keep_named_lines(headers, asked.route.preset.cookies());
    Ok(answer.map(AnswerBody::site))
}

/// The body of a hit, as a whole.
async fn hit(incoming: Incoming) -> Result<Bytes, GatewayError> {
    posted::read(Request::new(incoming), LONGEST_HIT).await.map_err(|unread| match unread {
        Unread::TooLarge => GatewayError::HitTooLarge,
        Unread::Broken => GatewayError::Analytics(UpstreamError::RequestBody),
    })
}
