//! The connection to the collector: one, kept while it lasts. Nothing that the collector says can grow here or hold anything up for long.

use std::{io, path::PathBuf, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use serde::Deserialize;

use super::{Collector, encode};
use crate::sockets::{ClientTls, Connector};

/// From the beginning of a request, a new connection included, to the head of its answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long what the collector has to say is waited for, once its status says that it took everything.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Most that is read of the body of an answer: it says how many spans were not taken.
const MOST_ANSWER_BYTES: usize = 16 * 1024;

/// Why the collector has not taken spans.
#[derive(Debug, thiserror::Error)]
pub enum CollectorFailure {
    /// No connection, or it broke.
    #[error("it can't be reached: {0}")]
    Unreachable(io::Error),
    /// The header by which it knows who sends can't be had.
    #[error("`header_file`: {0}")]
    Header(String),
    /// No answer in ten seconds.
    #[error("it does not answer in time")]
    Timeout,
    /// An answer that is none of success, and after how many seconds it wants to be asked again.
    #[error("it answers with status {0}")]
    Status(u16, Option<u64>),
}

impl CollectorFailure {
    /// The word for it in metrics.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Header(_) => "header",
            Self::Timeout => "timeout",
            Self::Status(..) => "status",
        }
    }

    /// Whether it may go by (OpenTelemetry protocol, OTLP/HTTP, failures).
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Header(_) | Self::Timeout => true,
            Self::Status(status, _) => matches!(status, 429 | 502..=504),
        }
    }
}

/// The header that a line stands for, such as `authorization: Bearer …`; `None` where it is none, or one that is written here.
pub fn collector_header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    const OURS: [HeaderName; 6] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::HOST,
        header::TRANSFER_ENCODING,
        header::USER_AGENT,
    ];
    let (name, value) = line.split_once(':')?;
    let name: HeaderName = name.trim().parse().ok()?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    (!OURS.contains(&name) && !value.is_empty()).then_some((name, value))
}

/// Asks a collector to take nothing: whether it is there and takes spans at this address. Blocks for at most ten seconds.
///
/// # Errors
///
/// When it would take none.
pub fn ask_collector(collector: &Collector) -> Result<(), CollectorFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(CollectorFailure::Unreachable)?;
    let asked = runtime.block_on(async {
        let mut client = Client::new(collector).map_err(CollectorFailure::Unreachable)?;
        client.post(Bytes::from_static(encode::EMPTY.as_bytes())).await.map(drop)
    });
    // A name that does not resolve holds up nobody.
    runtime.shutdown_background();
    asked
}

/// One collector, asked one thing at a time.
pub(super) struct Client {
    connector: Connector,
    path: String,
    host_header: String,
    header_file: Option<PathBuf>,
    kept: Option<SendRequest<Full<Bytes>>>,
}

/// What the collector says of what it took.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    partial_success: Option<PartialSuccess>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PartialSuccess {
    rejected_spans: Option<Count>,
}

/// As protocol buffers write it, or as anybody would.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Text(String),
    Number(u64),
}

impl Client {
    pub(super) fn new(collector: &Collector) -> io::Result<Self> {
        let Collector { host, port, path, certificate_authority, header_file, tls } = collector;
        let tls = tls.then(|| ClientTls::new(host, certificate_authority.as_deref())).transpose()?;
        let named = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        Ok(Self {
            connector: Connector::new(host.clone(), *port, tls),
            path: path.clone(),
            host_header: format!("{named}:{port}"),
            header_file: header_file.clone(),
            kept: None,
        })
    }

    /// Hands a body over. The answer is how many spans of it were not taken.
    pub(super) async fn post(&mut self, body: Bytes) -> Result<u64, CollectorFailure> {
        let asked = tokio::time::timeout(TIMEOUT, self.ask(body)).await.unwrap_or(Err(CollectorFailure::Timeout));
        let (status, answer) = match asked {
            Ok(answer) => (answer.status(), answer),
            Err(failure) => {
                self.kept = None;
                return Err(failure);
            }
        };
        if !status.is_success() {
            let after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            // What it says beside that is not read, and then the connection is of no more use.
            self.kept = None;
            return Err(CollectorFailure::Status(status.as_u16(), after));
        }
        let body =
            tokio::time::timeout(LAST_WORDS, Limited::new(answer.into_body(), MOST_ANSWER_BYTES).collect()).await;
        let Ok(Ok(body)) = body else {
            // It took everything, and goes on talking.
            self.kept = None;
            return Ok(0);
        };
        Ok(rejected(&body.to_bytes()))
    }

    async fn ask(&mut self, body: Bytes) -> Result<http::Response<Incoming>, CollectorFailure> {
        let broken = |error: hyper::Error| CollectorFailure::Unreachable(io::Error::other(error));
        let more = self.header()?;
        let request = |body: &Bytes| {
            let mut request = Request::post(&self.path);
            if let Some(headers) = request.headers_mut() {
                headers.extend(more.clone());
            }
            request
                .header(header::HOST, &self.host_header)
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::USER_AGENT, concat!("kelisim/", env!("CARGO_PKG_VERSION")))
                .body(Full::new(body.clone()))
                .map_err(|error| CollectorFailure::Unreachable(io::Error::other(error)))
        };
        // A collector may close a connection that is idle; spans that were sent twice have the same numbers.
        if let Some(mut kept) = self.kept.take()
            && kept.ready().await.is_ok()
            && let Ok(answer) = kept.send_request(request(&body)?).await
        {
            self.kept = Some(kept);
            return Ok(answer);
        }
        let mut new = self.connector.connect().await.map_err(CollectorFailure::Unreachable)?;
        let answer = new.send_request(request(&body)?).await.map_err(broken)?;
        self.kept = Some(new);
        Ok(answer)
    }

    /// What the file of the header says now.
    fn header(&self) -> Result<Option<(HeaderName, HeaderValue)>, CollectorFailure> {
        let Some(file) = &self.header_file else { return Ok(None) };
        let failure = |why: String| CollectorFailure::Header(format!("{}: {why}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| failure(format!("can't read it: {error}")))?;
        let header = collector_header(text.lines().next().unwrap_or_default());
        let none =
            || failure("its first line must be a header, such as `authorization: Bearer` and the token".to_owned());
        header.map(Some).ok_or_else(none)
    }
}

/// How many spans were not taken. Whatever else an answer may be, it is one of success.
fn rejected(body: &[u8]) -> u64 {
    let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
    match answer.partial_success.and_then(|partial| partial.rejected_spans) {
        Some(Count::Text(text)) => text.parse().unwrap_or_default(),
        Some(Count::Number(number)) => number,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_taken_is_told_in_either_form_and_anything_else_means_all_was() {
        for (body, expected) in [
            ("", 0),
            ("{}", 0),
            (r#"{"partialSuccess":{}}"#, 0),
            (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#, 3),
            (r#"{"partialSuccess":{"rejectedSpans":4}}"#, 4),
            (r#"{"partialSuccess":{"rejectedSpans":"many"}}"#, 0),
            (r#"{"partialSuccess":null}"#, 0),
            ("[1]", 0),
        ] {
            assert_eq!(rejected(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_header_is_a_name_and_a_value_and_none_of_those_that_are_written_here() {
        let read = |line| collector_header(line).map(|(name, value)| (name.to_string(), value));
        let (name, value) = read("Authorization: Bearer a:b=").unwrap();
        assert_eq!((&*name, value.to_str().unwrap(), value.is_sensitive()), ("authorization", "Bearer a:b=", true));
        assert_eq!(read("x-token:7").unwrap().0, "x-token");
        for wrong in ["", "token", ": a", "a b: c", "x-token:", "x-token: \u{7}", "Host: a", "content-length: 3"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let passing = |status| CollectorFailure::Status(status, None).may_pass();
        let tried: Vec<u16> = (100..600).filter(|status| passing(*status)).collect();
        assert_eq!(tried, [429, 502, 503, 504]);
        assert!(CollectorFailure::Timeout.may_pass());
    }

    /// A collector that is not there.
    fn nobody(header_file: Option<PathBuf>) -> Collector {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (host, path) = ("127.0.0.1".into(), "/v1/traces".into());
        Collector { tls: false, host, port, path, certificate_authority: None, header_file }
    }

    #[test]
    fn where_nobody_listens_it_is_said() {
        let failure = ask_collector(&nobody(None)).unwrap_err();
        assert_eq!((failure.reason(), failure.may_pass()), ("unreachable", true));
    }

    #[test]
    fn a_header_that_is_gone_or_none_is_said_with_its_file_and_without_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("collector.header");
        for (text, says) in [(None, "can't read it: No such file"), (Some("secret"), "its first line must be a header")]
        {
            text.iter().for_each(|text| std::fs::write(&file, text).unwrap());
            let failure = ask_collector(&nobody(Some(file.clone()))).unwrap_err();
            let told = failure.to_string();
            assert_eq!((failure.reason(), failure.may_pass()), ("header", true));
            assert!(told.contains(says) && told.contains("collector.header") && !told.contains("secret"), "{told}");
        }
    }
}
