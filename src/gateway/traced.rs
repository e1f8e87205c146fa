//! The trace of a request, where traces are configured. Where they are not, everything here is a look at a nothing.

use std::sync::Arc;

use http::{HeaderMap, Request};

use super::Shared;
use crate::{
    telemetry::{Direction, OpenTrace, ServerName},
    trace_context::{TRACESTATE, TraceParent, may_state_pass},
    upstream::{self, Answer, Connections, UpstreamError},
    visitor::Peer,
};

/// What of its trace a request carries from stage to stage. Clones are of one request.
#[derive(Clone, Default)]
pub(super) struct Trace {
    outgoing: Option<Outgoing>,
    open: Option<Arc<OpenTrace>>,
}

/// What the site is told.
#[derive(Clone, Copy)]
struct Outgoing {
    parent: TraceParent,
    /// The trace began before us, and what others noted of it goes on with it.
    keeps_state: bool,
}

impl Trace {
    /// A trace goes on where it came from a proxy that is believed in this, too; all others begin here. What a stranger sends is neither
    /// recorded nor passed on: it would be a number of their choice that follows them, and the choice of what is recorded.
    pub(super) fn begin<B>(shared: &Shared, request: &Request<B>, peer: Peer) -> Self {
        let Some(traces) = &shared.traces else { return Self::default() };
        let headers = request.headers();
        let is_believed = traces.trusts_parents() && peer.is_one_of(&shared.trusted_proxies);
        let parent = if is_believed { TraceParent::of(headers) } else { None };
        let begun = traces.begin(parent);
        let keeps_state = parent.is_some() && may_state_pass(headers);
        Self { outgoing: Some(Outgoing { parent: begun.outgoing, keeps_state }), open: begun.open }
    }

    /// What is recorded, if it is.
    pub(super) fn open(&self) -> Option<&OpenTrace> {
        self.open.as_deref()
    }

    /// What the site is told of it. Without traces what came passes, as any field does; with them nothing of it that is not believed.
    pub(super) fn outgoing(&self, headers: &mut HeaderMap) -> Option<&TraceParent> {
        let outgoing = self.outgoing.as_ref()?;
        if !outgoing.keeps_state {
            headers.remove(TRACESTATE);
        }
        Some(&outgoing.parent)
    }

    /// The site, or an analytics server, is asked.
    pub(super) fn asks(&self, connections: &Connections) {
        if let Some(open) = self.open() {
            let settings = connections.upstream().settings();
            let scheme = match settings.scheme {
                upstream::Scheme::Http => "http",
                upstream::Scheme::Https => "https",
            };
            open.asks(ServerName::configured(&settings.host, settings.port, scheme));
        }
    }

    /// It answered, or did not.
    pub(super) fn heard(&self, answer: &Result<Answer, UpstreamError>) {
        if let Some(open) = self.open() {
            open.heard(answer.as_ref().map(Answer::status).map_err(UpstreamError::name));
        }
    }

    /// So many cookies did not pass.
    pub(super) fn withheld(&self, direction: Direction, cookies: u32) {
        if let Some(open) = self.open() {
            open.withheld(direction, cookies);
        }
    }
}
