//! What an authority asks for by plain http to find out that a name leads here (RFC 8555, section 8.3).

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};

use super::OtherBody;
use crate::acme::Served;

/// What stands before the token. The gateway redirects nothing below it either: a site may ask for certificates itself.
const PREFIX: &str = "/.well-known/acme-challenge/";

/// The answer to a question that we have asked for. All other requests, also for other tokens, go on to the sites.
pub(super) fn answer<B>(served: &Served, request: &Request<B>) -> Option<Response<OtherBody>> {
    let token = request.uri().path().strip_prefix(PREFIX)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let content = served.file(token)?;
    let mut response = Response::new(Full::new(Bytes::from(content)).map_err(|never| match never {}).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}
