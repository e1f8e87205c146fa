//! What is said of one request in a trace. No attribute can hold a full address, a value of a cookie, a query, a consent number or a user
//! agent: names and words come from fixed lists and the configuration, the rest are numbers and what folding has left.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use crate::{
    consent::CategorySet,
    telemetry::{LoggedPath, Reference, SiteName},
    timestamp::Timestamp,
    trace_context::{SpanId, TraceId},
};

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// One of a fixed list.
    Word(&'static str),
    /// A count of things, or a port.
    Number(u64),
    /// The name of a site.
    Site(SiteName),
    /// The host of a server that the configuration names.
    Host(ServerName),
    /// A folded path.
    Path(LoggedPath),
    /// A status as a word, where it is what went wrong.
    Status(StatusCode),
    /// Optional categories.
    Categories(CategorySet),
    /// What stands on a page that tells of a fault.
    Reference(Reference),
}

/// A server as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName {
    host: Arc<str>,
    port: u16,
    scheme: &'static str,
}

impl ServerName {
    /// Of what the configuration says: nothing that came with a request belongs here.
    pub fn configured(host: &str, port: u16, scheme: &'static str) -> Self {
        Self { host: host.into(), port, scheme }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn scheme(&self) -> &'static str {
        self.scheme
    }
}

/// Which side of a request a span is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A part of our own work.
    Internal,
    /// A request that we were asked.
    Server,
    /// A request that we made.
    Client,
}

/// A piece of work, with its begin as the time since that of the whole.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) kind: Kind,
    /// Of few, so that traces can be put together by it.
    pub(super) name: &'static str,
    pub(super) begun: Duration,
    pub(super) ended: Duration,
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) is_error: bool,
}

/// All that one request did: the span of the request itself is the first.
#[derive(Clone, Debug)]
pub(super) struct EndedTrace {
    pub(super) trace: TraceId,
    /// When its head had come.
    pub(super) begun: Timestamp,
    pub(super) spans: Vec<Span>,
}
