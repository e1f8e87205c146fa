//! What browsers post to our own pages: where it comes from, of which type it is, and its body, bounded in length and time.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};

use super::visit::Visit;
use crate::visitor::FetchSite;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than it may be.
    TooLarge,
    /// It broke off, or took too long.
    Broken,
}

/// The body of a request, of at most this many bytes.
pub(super) async fn read(request: Request<Incoming>, most: usize) -> Result<Bytes, Unread> {
    let body = Limited::new(request.into_body(), most).collect();
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Unread::Broken),
    }
}

/// The media type of a body without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

/// Same origin by the fetch headers; where a browser has none, by `Origin`, or else `Referer`. Who sends neither is not a browser that shows our form.
pub(super) fn is_from_this_site(visit: &Visit, headers: &HeaderMap) -> bool {
    match visit.fetch.site {
        FetchSite::SameOrigin => true,
        FetchSite::SameSite | FetchSite::CrossSite | FetchSite::None => false,
        FetchSite::Absent => {
            let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            let ours = visit.origin();
            match (text(header::ORIGIN), text(header::REFERER)) {
                (Some(origin), _) => origin.eq_ignore_ascii_case(&ours),
                (None, Some(referer)) => {
                    let rest = referer.get(..ours.len()).filter(|start| start.eq_ignore_ascii_case(&ours));
                    rest.is_some() && referer[ours.len()..].starts_with('/')
                }
                (None, None) => false,
            }
        }
    }
}
