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
    // Browsers keep a 308 for good: nobody is sent where TLS is refused since an authority has not issued the certificate yet.
    let is_reached = |host: &str| visit.client.scheme == Scheme::Http || !shared.awaits_https(host);
    let canonical =
        site.canonical_host.as_deref().filter(|canonical| *canonical != visit.host && is_reached(canonical));
    let host = canonical.unwrap_or(&visit.host);
    let port = if visit.client.scheme == Scheme::Http { shared.https_port(host) } else { None };
    let port = port.map(|port| site.https_port.unwrap_or(port));
    let (scheme, host) = match (port, canonical) {
        (None, None) => return None,
        (Some(443), _) => ("https", host.to_owned()),
        (Some(port), _) => ("https", format!("{host}:{port}")),
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
