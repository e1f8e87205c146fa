//! Bytes out: connections to the site behind the gateway, and to its analytics servers.
//!
//! Refuses whatever is not a [`ClearedRequest`] or an [`AnalyticsRequest`]: only the cookie filter makes the former, only the rules of
//! analytics the latter.

mod body;
mod connect;
mod connection;
mod deadline;
mod error;
mod forwarding;
mod framing;
mod hop_by_hop;
mod pool;
mod repeat;
mod room;
mod settings;

use std::{
    future::{Future as _, poll_fn},
    io,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::{
    HeaderValue, Method, Request, Response, Uri, Version,
    header::{HOST, UPGRADE},
};
use hyper::{body::Incoming, client::conn::TrySendError};
use tokio::time::Instant;

use body::RequestProgress;
pub use body::{BodyError, RequestBody, ResponseBody};
use connection::Connection;
pub use error::UpstreamError;
pub use forwarding::{remove_forwarding, set_forwarding};
pub use framing::only_chunked;
pub use hop_by_hop::{KeptTrailers, append_via, remove_fulfilled, remove_hop_by_hop, upgrade_protocol};
use pool::{Lease, Pool};
use repeat::Repeat;
pub use room::Room;
pub use settings::{Scheme, Settings};

use crate::{analytics::AnalyticsRequest, cookies::ClearedRequest, sockets::ClientTls};

/// One upstream as all cores share it.
pub struct Upstream {
    settings: Settings,
    tls: Option<ClientTls>,
    host_header: Option<HeaderValue>,
}

impl Upstream {
    /// Prepares an upstream; fails when its authority file can't be read.
    pub fn new(settings: Settings) -> io::Result<Self> {
        let name = settings.host_header.as_deref().unwrap_or(&settings.host);
        let tls = || ClientTls::new(name, settings.certificate_authority.as_deref());
        let tls = (settings.scheme == Scheme::Https).then(tls).transpose()?;
        let host_header = settings.host_header.as_deref().map(HeaderValue::from_str).transpose();
        let host_header = host_header.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Self { settings, tls, host_header })
    }

    /// How it was configured.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// The connections of one core to one upstream.
pub struct Connections {
    upstream: Arc<Upstream>,
    pool: Arc<Pool>,
    room: Arc<Room>,
}

/// An answer of the site whose body is not read yet.
pub type Answer = Response<ResponseBody>;

impl Connections {
    /// No connections yet; there is room for so many.
    pub fn new(upstream: Arc<Upstream>, room: Arc<Room>) -> Self {
        let pool = Pool::new(upstream.settings.idle_connections, upstream.settings.idle_timeout, room.clone());
        Self { upstream, pool, room }
    }

    /// Goes on with the unused connections of others, if those lead to the same place in the same way. An authority's file may hold others
    /// now than when they were made.
    pub fn go_on_from(&mut self, others: &Self) {
        let (settings, before) = (&self.upstream.settings, &others.upstream.settings);
        if settings == before && settings.certificate_authority.is_none() {
            self.pool = others.pool.clone();
        }
    }

    /// The upstream they lead to.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// A connection that was kept may have been closed by the site in the same moment. A request that it never took is sent again on a
    /// new one; one that it may have taken only if it is safe to repeat (RFC 9110, section 9.2.2) and has no body.
    pub async fn send(&self, request: ClearedRequest<Incoming>) -> Result<Answer, UpstreamError> {
        let limit = self.upstream.settings.body_timeout;
        self.deliver(request.into_request().map(|body| RequestBody::new(body, limit))).await
    }

    /// The same for an analytics server.
    pub async fn send_measured(&self, request: AnalyticsRequest) -> Result<Answer, UpstreamError> {
        self.deliver(request.into_request().map(RequestBody::whole)).await
    }

    async fn deliver(&self, request: Request<RequestBody>) -> Result<Answer, UpstreamError> {
        let mut request = self.address(request);
        if let Some(kept) = self.pool.take() {
            let repeat = Repeat::of(&request);
            match self.exchange(kept, request).await {
                Ok(answer) => return Ok(answer),
                Err(Refused { unsent: Some(unsent), .. }) => request = *unsent,
                // A connection that had been closed says nothing; what can't be read was said, and would be said again.
                Err(Refused { error: UpstreamError::Broken(error), .. }) => {
                    match repeat.filter(|_| !error.is_parse()) {
                        Some(repeat) => request = repeat.request(),
                        None => return Err(UpstreamError::Broken(error)),
                    }
                }
                Err(Refused { error, .. }) => return Err(error),
            }
        }
        // Apart, since most requests find a connection.
        let fresh = Box::pin(self.connect()).await?;
        Box::pin(self.exchange(fresh, request)).await.map_err(|refused| refused.error)
    }

    async fn connect(&self) -> Result<Connection, UpstreamError> {
        let place = self.room.take().await.ok_or(UpstreamError::TooMany)?;
        connect::connect(&self.upstream.settings, self.upstream.tls.as_ref(), place).await
    }

    /// In origin form, HTTP/1.1, with the `Host` that this upstream knows.
    fn address(&self, request: Request<RequestBody>) -> Request<RequestBody> {
        let (mut head, body) = request.into_parts();
        if let Some(host) = &self.upstream.host_header {
            head.headers.insert(HOST, host.clone());
        }
        head.version = Version::HTTP_11;
        head.uri = if head.method == Method::OPTIONS && head.uri.path() == "*" {
            Uri::from_static("*")
        } else {
            let target = head.uri.into_parts().path_and_query;
            Uri::from(target.unwrap_or_else(|| http::uri::PathAndQuery::from_static("/")))
        };
        let mut request = Request::from_parts(head, body);
        framing::frame(&mut request);
        request
    }

    async fn exchange(&self, connection: Connection, request: Request<RequestBody>) -> Result<Answer, Refused> {
        let progress = request.body().progress();
        let asked_for_upgrade = request.headers().contains_key(UPGRADE);
        let mut lease = Box::new(Lease { pool: self.pool.clone(), connection });
        let mut answering = pin!(lease.connection.send(request));
        let limit = self.upstream.settings.answer_timeout;
        let late = Instant::now() + limit;
        let mut too_late = pin!(progress.as_ref().map(|progress| answer_takes_too_long(progress, limit)));
        let answer = poll_fn(|context| {
            if let Poll::Ready(answer) = lease.connection.drive(context, |context| answering.as_mut().poll(context)) {
                return Poll::Ready(Some(answer));
            }
            let is_late = match too_late.as_mut().as_pin_mut() {
                Some(too_late) => too_late.poll(context),
                None => lease.connection.poll_late(context, late),
            };
            is_late.map(|()| None)
        });
        match answer.await {
            Some(Ok(mut answer)) => {
                framing::check(&mut answer, asked_for_upgrade)?;
                if progress.as_ref().is_some_and(|progress| !progress.has_ended()) {
                    // The site answers while it is still being sent to.
                    lease.connection.leave_to_task();
                }
                let mut answer = answer.map(|body| ResponseBody::new(body, self.upstream.settings.body_timeout, lease));
                poll_fn(|context| {
                    answer.body_mut().begin(context);
                    Poll::Ready(())
                })
                .await;
                Ok(answer)
            }
            Some(Err(failure)) => {
                Err(Refused::new(failure, progress.as_ref().is_some_and(|progress| progress.is_broken())))
            }
            None => Err(UpstreamError::AnswerTimeout.into()),
        }
    }
}

/// An exchange that failed, with the request when the connection never took it.
struct Refused {
    error: UpstreamError,
    unsent: Option<Box<Request<RequestBody>>>,
}

impl Refused {
    fn new(mut failure: TrySendError<Request<RequestBody>>, by_client: bool) -> Self {
        let unsent = failure.take_message().map(Box::new);
        let error = if by_client { UpstreamError::RequestBody } else { UpstreamError::Broken(failure.into_error()) };
        Self { error, unsent }
    }
}

/// Returns when an answer is not to be waited for any longer: its time is counted from the end of the request.
async fn answer_takes_too_long(request: &RequestProgress, limit: Duration) {
    if request.sent_within(limit).await {
        tokio::time::sleep(limit).await;
    }
}

impl From<UpstreamError> for Refused {
    fn from(error: UpstreamError) -> Self {
        Self { error, unsent: None }
    }
}
