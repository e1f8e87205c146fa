//! Requests that belong elsewhere: to https, or to the site's canonical host.

use http::{HeaderValue, Response, StatusCode, Uri, header};

use super::{AnswerBody, Shared, site::Site, visit::Visit};
use crate::visitor::Scheme;

/// The redirect for a request in the wrong place; 308, so that the method stays (RFC 9110, section 15.4.9).
pub(super) fn elsewhere(shared: &Shared, site: &Site, visit: &Visit, uri: &Uri) -> Option<Response<AnswerBody>> {
    // An authority that checks a name asks by plain http at the name itself (RFC 8555, section 8.3).
    if uri.path().starts_with("/.well-known/acme-challenge/") {
        return None;
    }
    let port = shared.https_port().filter(|_| visit.client.scheme == Scheme::Http);
    let port = port.map(|port| site.https_port.unwrap_or(port));
    let canonical = site.canonical_host.as_deref().filter(|canonical| *canonical != visit.host);
    let (scheme, host) = match (port, canonical) {
        (None, None) => return None,
        (Some(443), canonical) => ("https", canonical.unwrap_or(&visit.host).to_owned()),
        (Some(port), canonical) => ("https", format!("{}:{port}", canonical.unwrap_or(&visit.host))),
        (None, Some(canonical)) => {
            let port = visit.authority.strip_prefix(&visit.host).unwrap_or_default();
            (visit.client.scheme.name(), format!("{canonical}{port}"))
        }
    };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let location = HeaderValue::try_from(format!("{scheme}://{host}{target}")).ok()?;
    let mut response = Response::new(AnswerBody::ours(""));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, location);
    Some(response)
}
