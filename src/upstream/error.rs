//! What can go wrong between us and the site.

/// Why no answer, or no whole answer, came from the site. The messages are for the operator's log; visitors see a page.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No connection: refused, unreachable, unknown name.
    #[error("can't connect: {0}")]
    Connect(std::io::Error),
    /// There are as many connections to sites as there may be.
    #[error("too many connections to sites are open")]
    TooMany,
    /// A connection, but no TLS.
    #[error("TLS with the upstream failed: {0}")]
    Tls(std::io::Error),
    /// The connection took longer than `connect_timeout`.
    #[error("no connection within the time limit")]
    ConnectTimeout,
    /// The answer's head took longer than `answer_timeout`.
    #[error("no answer within the time limit")]
    AnswerTimeout,
    /// The connection broke, or what came was not HTTP.
    #[error("the upstream's answer broke off or is not HTTP: {0}")]
    Broken(hyper::Error),
    /// The answer is HTTP, and breaks its rules.
    #[error("the upstream's answer breaks the rules of HTTP: {0}")]
    Protocol(&'static str),
    /// The client's part broke: its body ended early or stood still.
    #[error("the client's request body broke off")]
    RequestBody,
}

impl UpstreamError {
    /// The word used in metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::TooMany => "too_many",
            Self::Tls(_) => "tls",
            Self::ConnectTimeout => "connect_timeout",
            Self::AnswerTimeout => "answer_timeout",
            Self::Broken(_) => "broken",
            Self::Protocol(_) => "protocol",
            Self::RequestBody => "request_body",
        }
    }
}
