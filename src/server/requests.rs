//! The requests of one connection, and what keeps it busy while they are answered.

use std::{convert::Infallible, future::Future, sync::Arc};

use arc_swap::ArcSwap;
use http::{Request, Response, Version, header};
use http_body_util::Either;
use hyper::{body::Incoming, service::Service};

use super::{
    activity::{ActiveRequest, Activity, Handing},
    challenge,
    connection::Shared,
    other_host::{Goes, OtherBody},
    shares::{RequestShare, Share},
};
use crate::{
    acme::Challenge,
    gateway::{AnswerBody, Connection},
    visitor::{Peer, Scheme, client_connection},
};

/// How a connection was made.
pub(super) struct Way {
    pub(super) peer: Peer,
    pub(super) scheme: Scheme,
    /// The name of the other host, if it asked for it by SNI.
    pub(super) named: Option<Arc<str>>,
    /// Its place in what its client may have, where that is bounded.
    pub(super) share: Option<Arc<Share>>,
}

/// The requests of one connection.
pub(super) struct Requests {
    /// What is configured; each request goes by what it finds here when it comes.
    current: Arc<ArcSwap<Shared>>,
    connection: Connection,
    way: Way,
    activity: Activity,
}

impl Requests {
    /// Answers requests of a new connection.
    pub(super) fn new(current: Arc<ArcSwap<Shared>>, connection: Connection, way: Way, activity: Activity) -> Self {
        Self { current, connection, way, activity }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Busy<Either<AnswerBody, OtherBody>>>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        // What the request is upgraded to keeps the connection busy, and its place in the client's share, as long as it lives.
        let share = self.way.share.as_deref().map(Share::request).transpose();
        let is_beyond_share = share.is_err();
        let under_way = Arc::new(UnderWay { _active: self.activity.begin(), _share: share.ok().flatten() });
        let shared = self.current.load_full();
        if let Some(answer) = challenge::answer(&shared.served, &request) {
            shared.gateway.metrics().challenge_answered(Challenge::Http01.name());
            let answer = answer.map(|body| Busy { body: Either::Right(body), handing: None, _under_way: under_way });
            return Box::pin(async move { Ok(answer) });
        }
        let handing = (request.version() == Version::HTTP_2).then(|| self.activity.clone());
        let handing = move || handing.map(|activity| activity.handing());
        let Way { peer, scheme, ref named, .. } = self.way;
        let is_others = shared.other.as_ref().is_some_and(|other| other.is(named.as_deref()));
        if let Some(other) = shared.other.as_ref().filter(|other| other.concerns(&request, is_others)) {
            let client = client_connection(peer, scheme, request.headers(), &shared.trusted_proxies);
            let goes = other.goes(&request, scheme, is_others, client.scheme);
            if goes != Goes::ToSites {
                let (other, port) = (other.clone(), shared.https_port);
                return Box::pin(async move {
                    let answer = other.answer(goes, request, client, port).await;
                    Ok(answer.map(|body| Busy { body: Either::Right(body), handing: handing(), _under_way: under_way }))
                });
            }
        }
        let connection = self.connection.holding(under_way.clone(), is_beyond_share);
        // Over plain http the header means nothing, and must not be sent (RFC 6797, section 7.2).
        let hsts = shared.hsts.clone().filter(|_| {
            client_connection(peer, scheme, request.headers(), &shared.trusted_proxies).scheme == Scheme::Https
        });
        Box::pin(async move {
            let mut answer = shared.gateway.answer(request, &connection).await;
            if let Some(hsts) = hsts {
                answer.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts);
            }
            Ok(answer.map(|body| Busy { body: Either::Left(body), handing: handing(), _under_way: under_way }))
        })
    }
}

/// A body that keeps its connection busy until it has gone.
pub(super) struct Busy<B> {
    body: B,
    /// On connections that carry several answers, and of which none is to stand in the way of their end.
    handing: Option<Handing>,
    _under_way: Arc<UnderWay>,
}

/// What a request holds until the last of it is gone.
struct UnderWay {
    _active: ActiveRequest,
    _share: Option<RequestShare>,
}

impl<B: http_body::Body + Unpin> http_body::Body for Busy<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        if let Some(handing) = &mut this.handing {
            handing.asked();
        }
        let frame = std::pin::Pin::new(&mut this.body).poll_frame(context);
        if let (Some(handing), std::task::Poll::Ready(Some(Ok(_)))) = (&mut this.handing, &frame) {
            handing.handed();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
