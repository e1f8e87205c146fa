//! What a gateway asks of a witness: to sign a checkpoint, and which one it signed last.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::SendRequest;

use super::Settings;
use crate::{
    ledger::{
        AddCheckpoint, LONGEST_REQUEST, SignatureLine, Signed, SignedCheckpoint, VerifierKey, origin_hash, parse_size,
    },
    sockets::{ClientTls, Connector},
};

/// From the beginning of a request, a new connection included, to the last byte of its answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One witness, asked one thing at a time.
pub struct Client {
    key: VerifierKey,
    connector: Connector,
    host_header: String,
    prefix: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// Why a witness has not signed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection, or it broke.
    #[error("it can't be reached: {0}")]
    Unreachable(io::Error),
    /// No answer in ten seconds.
    #[error("it does not answer in time")]
    Timeout,
    /// It signed another size than the one that the proof begins with.
    #[error("it has signed {newest} leaves")]
    Conflict {
        /// That size.
        newest: u64,
    },
    /// It signed more than there is.
    #[error("it has signed {theirs} leaves, and the log has {ours}")]
    Behind {
        /// How many leaves there are.
        ours: u64,
        /// How many it signed.
        theirs: u64,
    },
    /// The log does not go on from what it signed.
    #[error("to it the log does not go on from what it signed before")]
    Inconsistent,
    /// It does not watch this log.
    #[error("it does not know this log; its operator adds the log's key")]
    UnknownLog,
    /// It has another key of this log.
    #[error("it has another key of this log than ours")]
    OtherKey,
    /// Another answer.
    #[error("it answers with status {0}")]
    Status(u16),
    /// An answer that means nothing, or a signature that is not its own.
    #[error("its answer holds no signature of its key")]
    Forged,
    /// The log itself can't be read.
    #[error("the log can't be read: {0}")]
    Log(String),
}

impl Failure {
    /// Every word for one in metrics.
    pub const REASONS: [&str; 10] = [
        "unreachable",
        "timeout",
        "conflict",
        "behind",
        "inconsistent",
        "unknown_log",
        "other_key",
        "status",
        "forged",
        "log",
    ];

    /// The word for it in metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::Conflict { .. } => "conflict",
            Self::Behind { .. } => "behind",
            Self::Inconsistent => "inconsistent",
            Self::UnknownLog => "unknown_log",
            Self::OtherKey => "other_key",
            Self::Status(_) => "status",
            Self::Forged => "forged",
            Self::Log(_) => "log",
        }
    }
}

impl Client {
    /// A client that has not connected yet.
    ///
    /// # Errors
    ///
    /// When TLS can't be prepared.
    pub fn new(settings: &Settings) -> io::Result<Self> {
        // TLS with the well-known authorities, or with those of the file.
        let tls = || ClientTls::new(&settings.host, settings.certificate_authority.as_deref());
        let tls = settings.tls.then(tls).transpose()?;
        let host = if settings.host.contains(':') { format!("[{}]", settings.host) } else { settings.host.clone() };
        Ok(Self {
            key: settings.key.clone(),
            connector: Connector::new(settings.host.clone(), settings.port, tls),
            host_header: format!("{host}:{}", settings.port),
            prefix: settings.prefix.clone(),
            connection: None,
        })
    }

    /// The witness's key; its name is that of the witness.
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The checkpoint of this log that it signed last, with both signatures checked; nothing where it has none.
    ///
    /// # Errors
    ///
    /// When it does not say.
    pub async fn newest(&mut self, log: &VerifierKey) -> Result<Option<SignedCheckpoint>, Failure> {
        let path = format!("/{}/checkpoint", origin_hash(log.name()));
        let (status, body) = self.ask(Method::GET, &path, Bytes::new()).await?;
        match status {
            StatusCode::OK => {
                let newest = SignedCheckpoint::open(&body, log).map_err(|_| Failure::Forged)?;
                match newest.note().signed_by(&self.key) {
                    Signed::At(_) => Ok(Some(newest)),
                    Signed::No | Signed::Forged => Err(Failure::Forged),
                }
            }
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(Failure::Status(status.as_u16())),
        }
    }

    /// Has a checkpoint signed, and gives it with that signature.
    ///
    /// # Errors
    ///
    /// When it does not sign.
    pub async fn add(&mut self, request: &AddCheckpoint, log: &VerifierKey) -> Result<SignedCheckpoint, Failure> {
        let (status, body) = self.ask(Method::POST, "/add-checkpoint", request.to_string().into()).await?;
        match status {
            StatusCode::OK => self.cosigned(request, log, &body),
            StatusCode::CONFLICT => {
                let newest = body.strip_suffix('\n').and_then(parse_size);
                Err(newest.map_or(Failure::Status(409), |newest| Failure::Conflict { newest }))
            }
            StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Inconsistent),
            StatusCode::NOT_FOUND => Err(Failure::UnknownLog),
            StatusCode::FORBIDDEN => Err(Failure::OtherKey),
            status => Err(Failure::Status(status.as_u16())),
        }
    }

    fn cosigned(&self, request: &AddCheckpoint, log: &VerifierKey, body: &str) -> Result<SignedCheckpoint, Failure> {
        let mut signed = SignedCheckpoint::open(&request.note, log).map_err(|fault| Failure::Log(fault.to_string()))?;
        signed.note_mut().keep_only(log);
        // Lines of keys that we don't know are none of our business (C2SP tlog-witness).
        for line in body.lines().filter_map(SignatureLine::parse).filter(|line| line.name() == self.key.name()) {
            let mut cosigned = signed.clone();
            cosigned.note_mut().add(line);
            if let Signed::At(_) = cosigned.note().signed_by(&self.key) {
                return Ok(cosigned);
            }
        }
        Err(Failure::Forged)
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, String), Failure> {
        let asked = tokio::time::timeout(TIMEOUT, self.ask_patiently(method, path, body)).await;
        let asked = asked.unwrap_or(Err(Failure::Timeout));
        if asked.is_err() {
            self.connection = None;
        }
        asked
    }

    async fn ask_patiently(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, String), Failure> {
        let broken = |error: hyper::Error| Failure::Unreachable(io::Error::other(error));
        let request = || {
            Request::builder()
                .method(method.clone())
                .uri(format!("{}{path}", self.prefix))
                .header(header::HOST, &self.host_header)
                .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
                .body(Full::new(body.clone()))
                .map_err(|error| Failure::Unreachable(io::Error::other(error)))
        };
        // Witnesses close connections that are idle; nothing is changed by asking twice.
        let mut kept = self.connection.take();
        let ready = match &mut kept {
            Some(connection) => connection.ready().await.is_ok(),
            None => false,
        };
        let mut answered = None;
        if let Some(mut connection) = kept.filter(|_| ready) {
            answered = connection.send_request(request()?).await.ok().map(|answer| (answer, connection));
        }
        let (answer, connection) = match answered {
            Some(answered) => answered,
            None => {
                let mut new = self.connector.connect().await.map_err(Failure::Unreachable)?;
                (new.send_request(request()?).await.map_err(broken)?, new)
            }
        };
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST_REQUEST).collect().await;
        let body = body.map_err(|error| Failure::Unreachable(io::Error::other(error)))?.to_bytes();
        self.connection = Some(connection);
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
