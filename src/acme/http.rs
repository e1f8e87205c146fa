//! How the authority is asked: HTTP/1.1 over TLS, a connection for each request, all of it within limits.

use std::{
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header, uri::Scheme};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use super::plan::LONGEST_HOLD;
use crate::{
    clock::Clock,
    sockets::{self, ClientTls},
    timestamp::Timestamp,
};

/// From the look for the authority's address to the last byte of its answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer, in bytes: a chain of certificates has some thousands.
const LONGEST_ANSWER: usize = 512 * 1024;
/// Longest head of an answer, in bytes, and most of its lines.
const MOST_HEAD_BYTES: usize = 32 * 1024;
const MOST_HEAD_LINES: usize = 100;

/// The way to an authority. Clones share what it said last.
#[derive(Clone)]
pub(super) struct Http {
    directory_ca: Option<PathBuf>,
    clock: Clock,
    /// Until when the authority wants to be left alone, by its newest refusal.
    held_until: Arc<Mutex<Option<Timestamp>>>,
}

impl Http {
    pub(super) fn new(directory_ca: Option<PathBuf>, clock: Clock) -> Self {
        Self { directory_ca, clock, held_until: Arc::default() }
    }

    /// Takes what the authority said of when to come again, if it did.
    pub(super) fn take_hold(&self) -> Option<Timestamp> {
        self.held_until.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What lies at an address, by GET. An answer that is no success is an error.
    pub(super) async fn get(&self, address: &str) -> Result<Bytes, Error> {
        let request = Request::get(address).body(BodyWrapper::default())?;
        let BytesResponse { parts, mut body } = self.request(request).await?;
        if parts.status != StatusCode::OK {
            return Err(Error::Other(io::Error::other(format!("it answers with status {}", parts.status)).into()));
        }
        body.into_bytes().await.map_err(Error::Other)
    }

    async fn ask(&self, request: Request<BodyWrapper<Bytes>>) -> io::Result<BytesResponse> {
        let (mut head, body) = request.into_parts();
        let (host, authority) = place(&head.uri)?;
        let port = head.uri.port_u16().unwrap_or(443);
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        head.headers.insert(header::HOST, HeaderValue::try_from(authority).map_err(io::Error::other)?);
        head.headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        head.uri = target.parse().map_err(io::Error::other)?;
        let tls = ClientTls::new(&host, self.directory_ca.as_deref())?;
        let stream = sockets::connect(&host, port).await?;
        let stream = TokioIo::new(tls.connect(stream).await?);
        let mut builder = Builder::new();
        builder.max_headers(MOST_HEAD_LINES).max_header_size(MOST_HEAD_BYTES);
        let (mut sender, connection) = builder.handshake(stream).await.map_err(io::Error::other)?;
        let exchange = async {
            let answer = sender.send_request(Request::from_parts(head, body)).await.map_err(io::Error::other)?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await.map_err(io::Error::other)?.to_bytes();
            Ok(BytesResponse { parts, body: Box::new(body) })
        };
        let mut exchange = std::pin::pin!(exchange);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            biased;
            answer = &mut exchange => answer,
            // The answer may lie there although the connection has ended; how it ended is seen by whoever reads it.
            _ = &mut connection => exchange.await,
        }
    }

    fn note_hold(&self, status: StatusCode, headers: &HeaderMap) {
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let until = retry_after(headers, self.clock.now());
            *self.held_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        }
    }
}

const USER_AGENT: &str = concat!("kelisim/", env!("CARGO_PKG_VERSION"), " instant-acme");

/// The host without brackets, and the authority as it stands in `Host`.
fn place(uri: &Uri) -> io::Result<(String, String)> {
    if uri.scheme() != Some(&Scheme::HTTPS) {
        // What is signed could be read, and what is answered could be anybody's (RFC 8555, section 6.1).
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{uri} is no address with https")));
    }
    let authority = uri.authority().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let named = authority.as_str().rsplit('@').next().unwrap_or_default();
    Ok((host.to_owned(), named.to_owned()))
}

/// When an answer says to come again (RFC 9110, section 10.2.3): within a week.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let until = match value.parse::<u64>() {
        Ok(seconds) => now.plus(Duration::from_secs(seconds)),
        Err(_) => {
            let since_epoch = httpdate::parse_http_date(value).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            Timestamp::default().plus(since_epoch)
        }
    };
    (until > now).then(|| until.min(now.plus(LONGEST_HOLD)))
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let this = self.clone();
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let answered = tokio::time::timeout(TIMEOUT, this.ask(request)).await;
            let answered = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            let answer = answered
                .map_err(|error| Error::Other(Box::new(io::Error::new(error.kind(), format!("{host}: {error}")))))?;
            this.note_hold(answer.parts.status, &answer.parts.headers);
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_again_is_a_number_or_a_date_within_a_week() {
        let now = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        let check = |value: &'static str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(value));
            let until = retry_after(&headers, now).map(|until| until.to_string()[..19].to_owned());
            assert_eq!(until.as_deref(), expected, "{value}");
        };
        check("120", Some("2026-11-22T10:02:00"));
        check("Sun, 22 Nov 2026 11:30:00 GMT", Some("2026-11-22T11:30:00"));
        check("99999999999999", Some("2026-11-29T10:00:00"));
        for nothing in ["0", "Sun, 22 Nov 2026 09:30:00 GMT", "soon", "-5", ""] {
            check(nothing, None);
        }
    }

    #[test]
    fn an_authority_is_asked_by_https_alone() {
        let place = |text: &str| place(&text.parse().unwrap()).ok();
        let two = |host: &str, named: &str| Some((host.to_owned(), named.to_owned()));
        assert_eq!(place("https://acme.example/dir"), two("acme.example", "acme.example"));
        assert_eq!(place("https://[::1]:14000/dir"), two("::1", "[::1]:14000"));
        assert_eq!(place("http://acme.example/dir"), None);
        assert_eq!(place("/dir"), None);
    }
}
