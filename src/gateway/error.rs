//! What ends a request early, and what the visitor is answered: one exhaustive match.

use http::StatusCode;

use crate::{pages::Message, routing::HostFault, telemetry::Outcome, upstream::UpstreamError};

/// Why a request got no answer from the site.
#[derive(Debug)]
pub(super) enum GatewayError {
    /// No host, several, or none that could be one.
    Host(HostFault),
    /// No site of that name.
    UnknownHost,
    /// A method that means nothing to a gateway.
    Method,
    /// A transfer coding that is not undone here.
    TransferCoding,
    /// The client has as many requests under way as one may have.
    TooMany,
    /// A path below an analytics server's that it does not show to visitors.
    NotPublic,
    /// A hit that is longer than hits may be.
    HitTooLarge,
    /// A hit that can't be read, so that nothing could be taken out of it.
    UnreadableHit,
    /// An analytics server did not answer.
    Analytics(UpstreamError),
    /// The site did not answer.
    Upstream(UpstreamError),
    /// The beginning of the site's answer broke off while it was looked at.
    BrokenAnswer(crate::upstream::BodyError),
}

impl From<UpstreamError> for GatewayError {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl GatewayError {
    /// The status and the page.
    pub(super) fn answer(&self) -> (StatusCode, Message) {
        match self {
            Self::Host(HostFault::Missing | HostFault::Several | HostFault::Malformed) => {
                (StatusCode::BAD_REQUEST, Message::BadRequest)
            }
            Self::UnknownHost => (StatusCode::MISDIRECTED_REQUEST, Message::Misdirected),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, Message::BadRequest),
            // RFC 9112, section 6.1.
            Self::TransferCoding => (StatusCode::NOT_IMPLEMENTED, Message::BadRequest),
            // RFC 6585, section 4.
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, Message::TooManyRequests),
            Self::NotPublic => (StatusCode::NOT_FOUND, Message::NotFound),
            Self::HitTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Message::BadRequest),
            Self::UnreadableHit => (StatusCode::BAD_REQUEST, Message::BadRequest),
            Self::Upstream(
                UpstreamError::Connect(_)
                | UpstreamError::Tls(_)
                | UpstreamError::Broken(_)
                | UpstreamError::Protocol(_),
            )
            | Self::Analytics(
                UpstreamError::Connect(_)
                | UpstreamError::Tls(_)
                | UpstreamError::Broken(_)
                | UpstreamError::Protocol(_),
            )
            | Self::BrokenAnswer(crate::upstream::BodyError::Broken(_)) => {
                (StatusCode::BAD_GATEWAY, Message::BadGateway)
            }
            Self::Upstream(UpstreamError::TooMany) | Self::Analytics(UpstreamError::TooMany) => {
                (StatusCode::SERVICE_UNAVAILABLE, Message::BadGateway)
            }
            Self::Upstream(UpstreamError::ConnectTimeout | UpstreamError::AnswerTimeout)
            | Self::Analytics(UpstreamError::ConnectTimeout | UpstreamError::AnswerTimeout)
            | Self::BrokenAnswer(crate::upstream::BodyError::StoodStill) => {
                (StatusCode::GATEWAY_TIMEOUT, Message::GatewayTimeout)
            }
            Self::Upstream(UpstreamError::RequestBody) | Self::Analytics(UpstreamError::RequestBody) => {
                (StatusCode::REQUEST_TIMEOUT, Message::BadRequest)
            }
        }
    }

    /// Whether there was no room for another connection to a site.
    pub(super) fn is_without_room(&self) -> bool {
        matches!(self, Self::Upstream(UpstreamError::TooMany) | Self::Analytics(UpstreamError::TooMany))
    }

    /// The word for the counter of upstream failures, where it is one.
    pub(super) fn upstream_failure(&self) -> Option<&'static str> {
        match self {
            Self::Upstream(UpstreamError::RequestBody)
            | Self::Analytics(UpstreamError::RequestBody)
            | Self::NotPublic
            | Self::HitTooLarge
            | Self::UnreadableHit
            | Self::Host(_)
            | Self::UnknownHost
            | Self::Method
            | Self::TooMany
            | Self::TransferCoding => None,
            Self::Upstream(error) | Self::Analytics(error) => Some(error.name()),
            Self::BrokenAnswer(_) => Some("broken"),
        }
    }
}

impl GatewayError {
    /// What the access log says.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Host(HostFault::Missing) => Outcome::Refused("no_host"),
            Self::Host(HostFault::Several) => Outcome::Refused("several_hosts"),
            Self::Host(HostFault::Malformed) => Outcome::Refused("malformed_host"),
            Self::UnknownHost => Outcome::Refused("unknown_host"),
            Self::Method => Outcome::Refused("method"),
            Self::TransferCoding => Outcome::Refused("transfer_coding"),
            Self::TooMany => Outcome::Refused("too_many"),
            Self::NotPublic => Outcome::Refused("not_public"),
            Self::HitTooLarge => Outcome::Refused("hit_too_large"),
            Self::UnreadableHit => Outcome::Refused("unreadable_hit"),
            Self::Analytics(error) | Self::Upstream(error) => Outcome::Failed(error.name()),
            Self::BrokenAnswer(_) => Outcome::Failed("broken"),
        }
    }
}

impl std::fmt::Display for GatewayError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(_) => formatter.write_str("the request names no single host"),
            Self::UnknownHost => formatter.write_str("no site of that name"),
            Self::Method => formatter.write_str("the method means nothing here"),
            Self::TransferCoding => formatter.write_str("the request uses a transfer coding other than chunked"),
            Self::TooMany => formatter.write_str("the client has as many requests under way as one may have"),
            Self::NotPublic => formatter.write_str("an analytics server shows nothing to visitors there"),
            Self::HitTooLarge => formatter.write_str("the hit is longer than hits may be"),
            Self::UnreadableHit => formatter.write_str("the hit can't be read"),
            Self::Analytics(error) => write!(formatter, "an analytics server: {error}"),
            Self::Upstream(error) => error.fmt(formatter),
            Self::BrokenAnswer(error) => error.fmt(formatter),
        }
    }
}
