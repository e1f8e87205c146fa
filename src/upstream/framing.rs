//! Where messages end: exactly one framing towards the site, and one meaning for what it answers (RFC 9112, section 6).

use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE},
};
use http_body::Body;

use super::UpstreamError;

/// Whether a message has no transfer coding but `chunked`, the only one that is undone here. Any other would be taken off the headers and
/// left on the bytes.
pub fn only_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// Frames a body whose length is not known, whatever the method: hyper would leave the body of such a `GET` out.
pub(super) fn frame<B: Body>(request: &mut Request<B>) {
    let known = request.body().is_end_stream()
        || request.body().size_hint().exact().is_some()
        || request.headers().contains_key(CONTENT_LENGTH);
    if !known {
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

/// Checks an answer against its request. Chunks win over a length that stands beside them (section 6.3), so the length goes.
pub(super) fn check<B>(answer: &mut Response<B>, asked_for_upgrade: bool) -> Result<(), UpstreamError> {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS
        && !(asked_for_upgrade && answer.headers().contains_key(UPGRADE))
    {
        return Err(UpstreamError::Protocol("it changes the protocol without being asked"));
    }
    if !only_chunked(answer.headers()) {
        return Err(UpstreamError::Protocol("it uses a transfer coding that was not asked for"));
    }
    if answer.headers().contains_key(TRANSFER_ENCODING) {
        answer.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(())
}
