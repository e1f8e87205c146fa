//! The awkward routes: what makes a gateway stumble, each small enough to be understood.

use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::{
    body,
    body::{Body, DOWNLOAD_BYTES},
    html::{hexadecimal, html, typed},
};

/// Between two parts of the slow page; five parts take two seconds and a half.
const PAUSE: Duration = Duration::from_millis(600);

/// What is made once, at start.
#[derive(Debug)]
pub(super) struct Lab {
    windows_1251: Bytes,
    gzip: Bytes,
}

impl Lab {
    /// `plain` is the page that is served compressed, `cyrillic` the one in windows-1251.
    pub(super) fn new(plain: &str, cyrillic: &str) -> Self {
        let (windows_1251, ..) = encoding_rs::WINDOWS_1251.encode(cyrillic);
        Self { windows_1251: windows_1251.into_owned().into(), gzip: body::gzip(plain.as_bytes()).into() }
    }

    /// A page in a legacy encoding, named by header and by `<meta>`.
    pub(super) fn windows_1251(&self) -> Response<Body> {
        typed("text/html; charset=windows-1251", self.windows_1251.clone())
    }

    /// A page that is compressed whether or not the client asked.
    pub(super) fn gzip(&self) -> Response<Body> {
        encoded(self.gzip.clone())
    }

    /// The same page cut off in the middle of the compressed stream, though its length is as announced.
    pub(super) fn broken_gzip(&self) -> Response<Body> {
        encoded(self.gzip.slice(..self.gzip.len() / 2))
    }
}

/// A page with a strict policy of its own and nothing in it that the policy refuses.
pub(super) fn strict_policy() -> Response<Body> {
    let mut response = html(include_str!("site/strict-csp.html").to_owned());
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// A large file to save, with its length.
pub(super) fn download() -> Response<Body> {
    let mut response = Response::new(body::download(DOWNLOAD_BYTES));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let disposition = HeaderValue::from_static("attachment; filename=\"large.txt\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    response
}

/// Reads a body of any size without keeping it; answers its length and SHA-256, or 400 when it breaks off.
pub(super) async fn upload(mut body: Incoming) -> Response<Body> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut length = 0_u64;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let mut response = typed("text/plain; charset=utf-8", "The body broke off.\n");
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return response;
        };
        if let Some(data) = frame.data_ref() {
            hash.update(data);
            length += data.len() as u64;
        }
    }
    let text = format!("length: {length}\nsha256: {}\n", hexadecimal(hash.finish().as_ref()));
    let mut response = typed("text/plain; charset=utf-8", text);
    response.headers_mut().remove(header::ETAG);
    response
}

/// A page whose five parts come one after another, split at its `<!-- pause -->` comments.
pub(super) fn slow(page: &'static str) -> Response<Body> {
    let parts = page.split("<!-- pause -->").map(|part| Bytes::from_static(part.as_bytes()));
    streamed(body::slow(parts, PAUSE))
}

/// A page that announces more than it sends before the connection ends.
pub(super) fn cut(page: &'static str) -> Response<Body> {
    let mut response = streamed(body::cut(Bytes::from_static(&page.as_bytes()[..page.len() / 2])));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(page.len()));
    response
}

fn streamed(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn encoded(bytes: Bytes) -> Response<Body> {
    let mut response = typed("text/html; charset=utf-8", bytes);
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}
