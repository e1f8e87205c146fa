//! A request from which everything refused is gone.

use http::Request;

use super::{Catalogue, Permit, RequestOutcome, filter_own, filter_request};

/// A request that may leave the gateway. Only the functions of this file make one, and each runs the filter first: what sends requests
/// takes nothing else, so that no way round the filter can be written by mistake.
#[derive(Debug)]
pub struct ClearedRequest<B>(Request<B>);

impl<B> ClearedRequest<B> {
    /// Drops every cookie that is refused, and our own.
    pub fn filtered(mut request: Request<B>, catalogue: &Catalogue, permit: Permit) -> (Self, RequestOutcome) {
        let outcome = filter_request(request.headers_mut(), catalogue, permit);
        (Self(request), outcome)
    }

    /// Drops our own cookies only: for sites that are observed and for paths where the operator lets everything through.
    pub fn without_own(mut request: Request<B>) -> Self {
        filter_own(request.headers_mut());
        Self(request)
    }

    /// The request, for sending it.
    pub fn into_request(self) -> Request<B> {
        self.0
    }
}
