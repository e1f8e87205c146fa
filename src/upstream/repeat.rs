//! A request that can be sent once more.
//!
//! A connection that was kept may turn out to be closed only after hyper has taken the request, so what is to be repeated is kept until the
//! answer begins. It is kept as one text: a copy of the header map would cost more than all that is done with the request here.

use http::{HeaderName, HeaderValue, Method, Request, Uri};

use super::RequestBody;

/// The head of a request without a body.
pub(super) struct Repeat {
    method: Method,
    uri: Uri,
    /// Names and values, one behind the other.
    text: Vec<u8>,
    /// Their lengths.
    lengths: Vec<(u16, u32)>,
}

impl Repeat {
    /// Keeps what is needed to send the request again; `None` where it may not be repeated: it is not idempotent (RFC 9110, section 9.2.2), or
    /// has a body.
    pub(super) fn of(request: &Request<RequestBody>) -> Option<Self> {
        use http_body::Body as _;
        if !request.body().is_end_stream() || !request.method().is_idempotent() {
            return None;
        }
        let headers = request.headers();
        let mut text = Vec::with_capacity(TEXT_BYTES);
        let mut lengths = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            let name = name.as_str();
            lengths.push((u16::try_from(name.len()).ok()?, u32::try_from(value.len()).ok()?));
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(value.as_bytes());
        }
        Some(Self { method: request.method().clone(), uri: request.uri().clone(), text, lengths })
    }

    /// The request once more.
    pub(super) fn request(self) -> Request<RequestBody> {
        let mut request = Request::new(RequestBody::empty());
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        let mut rest = self.text.as_slice();
        for (name, value) in self.lengths {
            let (name, behind) = rest.split_at(usize::from(name));
            let (value, behind) = behind.split_at(value as usize);
            rest = behind;
            let name = HeaderName::from_bytes(name).expect("it was a name");
            request.headers_mut().append(name, HeaderValue::from_bytes(value).expect("it was a value"));
        }
        request
    }
}

/// Bytes of a usual head: a longer one costs another allocation.
const TEXT_BYTES: usize = 1536;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn request(method: Method, body: &'static str, headers: &[(String, Vec<u8>)]) -> Request<RequestBody> {
        let mut request = Request::new(RequestBody::whole(Bytes::from_static(body.as_bytes())));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_static("/path?query");
        for (name, value) in headers {
            request.headers_mut().append(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value).unwrap());
        }
        request
    }

    #[test]
    fn only_what_changes_nothing_twice_is_repeated() {
        let check = |method, body, expected| {
            assert_eq!(Repeat::of(&request(method, body, &[])).is_some(), expected, "{body}");
        };
        check(Method::GET, "", true);
        check(Method::DELETE, "", true);
        check(Method::POST, "", false);
        check(Method::PUT, "a body", false);
    }

    proptest! {
        #[test]
        fn what_is_sent_again_is_what_was_sent(
            headers in proptest::collection::vec(("[a-z-]{1,20}", "[ -~\u{e9}]{0,80}"), 0..20)
        ) {
            let headers: Vec<_> = headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
            let first = request(Method::GET, "", &headers);
            let again = Repeat::of(&first).unwrap().request();
            prop_assert_eq!(again.method(), first.method());
            prop_assert_eq!(again.uri(), first.uri());
            prop_assert_eq!(again.headers(), first.headers());
        }
    }
}
