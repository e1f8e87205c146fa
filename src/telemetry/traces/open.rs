//! A request that is recorded, from its head to its end: what happens on its way is put down as it happens, and becomes spans when its last
//! byte has left.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::StatusCode;

use super::{
    Traces,
    span::{EndedTrace, Kind, ServerName, Span, Value},
};
use crate::{
    clock,
    consent::CategorySet,
    telemetry::{AccessLine, Direction, Outcome},
    trace_context::{SpanId, TraceId},
    visitor::Scheme,
};

/// Events of the consent log that one request may wait for; there is one.
const MOST_APPENDS: usize = 4;

/// A request under way. It has a lock, though nobody ever waits for it: two hold it, and both on the request's own core.
#[derive(Debug)]
pub struct OpenTrace {
    trace: TraceId,
    parent: Option<SpanId>,
    span: SpanId,
    /// That of the question to the site, which the site was told.
    next: SpanId,
    begun: Instant,
    did: Mutex<Did>,
}

#[derive(Debug, Default)]
struct Did {
    scheme: Option<Scheme>,
    allowed: Option<CategorySet>,
    withheld: [u32; 2],
    exchange: Option<Exchange>,
    appends: Vec<Append>,
}

/// A question to the site or an analytics server, until the head of its answer.
#[derive(Debug)]
struct Exchange {
    server: ServerName,
    begun: Duration,
    came: Option<(Duration, Result<StatusCode, &'static str>)>,
}

/// An event that was waited for until it was durable.
#[derive(Debug)]
struct Append {
    begun: Duration,
    came: Option<(Duration, bool)>,
}

impl OpenTrace {
    pub(super) fn new(trace: TraceId, parent: Option<SpanId>, (span, next): (SpanId, SpanId)) -> Self {
        Self { trace, parent, span, next, begun: Instant::now(), did: Mutex::default() }
    }

    fn did(&self) -> MutexGuard<'_, Did> {
        self.did.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By which scheme the client came.
    pub fn came_by(&self, scheme: Scheme) {
        self.did().scheme = Some(scheme);
    }

    /// What was decided.
    pub fn decided(&self, allowed: CategorySet) {
        self.did().allowed = Some(allowed);
    }

    /// So many cookies did not pass.
    pub fn withheld(&self, direction: Direction, cookies: u32) {
        let count = &mut self.did().withheld[direction as usize];
        *count = count.saturating_add(cookies);
    }

    /// A server is asked.
    pub fn asks(&self, server: ServerName) {
        let begun = self.begun.elapsed();
        self.did().exchange = Some(Exchange { server, begun, came: None });
    }

    /// The head of its answer came, or the word for why it did not.
    pub fn heard(&self, answer: Result<StatusCode, &'static str>) {
        let now = self.begun.elapsed();
        if let Some(exchange) = &mut self.did().exchange {
            exchange.came = Some((now, answer));
        }
    }

    /// An event is handed to the consent log.
    pub fn appends(&self) {
        let begun = self.begun.elapsed();
        let appends = &mut self.did().appends;
        if appends.len() < MOST_APPENDS {
            appends.push(Append { begun, came: None });
        }
    }

    /// It is durable, or could not be made so.
    pub fn appended(&self, is_durable: bool) {
        let now = self.begun.elapsed();
        if let Some(append) = self.did().appends.iter_mut().rfind(|append| append.came.is_none()) {
            append.came = Some((now, is_durable));
        }
    }

    /// Ends it, with what the access log would say, and hands it over.
    pub fn end(&self, line: &AccessLine, traces: &Traces) {
        traces.send(self.ended(line, self.begun.elapsed()));
    }

    pub(super) fn ended(&self, line: &AccessLine, took: Duration) -> EndedTrace {
        let did = std::mem::take(&mut *self.did());
        let mut spans = Vec::with_capacity(2 + did.appends.len());
        spans.push(self.server_span(line, &did, took));
        spans.extend(did.exchange.map(|exchange| self.exchange_span(line, exchange, took)));
        spans.extend(did.appends.into_iter().map(|append| self.append_span(&append, took)));
        EndedTrace { trace: self.trace, begun: line.time, spans }
    }

    /// By the conventions of OpenTelemetry for HTTP servers. The address of the client, its user agent and the query, which they ask for too,
    /// are left out.
    fn server_span(&self, line: &AccessLine, did: &Did, took: Duration) -> Span {
        let mut attributes = vec![
            ("http.request.method", method(line)),
            ("url.path", Value::Path(line.path.clone())),
            ("server.address", Value::Site(line.site.clone())),
            ("network.protocol.version", Value::Word(line.protocol.version())),
            ("http.response.body.size", Value::Number(line.bytes)),
            ("kelisim.outcome", Value::Word(line.outcome.name())),
        ];
        attributes.extend(did.scheme.map(|scheme| ("url.scheme", Value::Word(scheme.name()))));
        attributes.extend(line.status.map(|status| ("http.response.status_code", number(status))));
        attributes.extend(line.outcome.reason().map(|reason| ("kelisim.reason", Value::Word(reason))));
        attributes.extend(line.consent.map(|consent| ("kelisim.consent", Value::Word(consent.name()))));
        attributes.extend(did.allowed.map(|allowed| ("kelisim.allowed", Value::Categories(allowed))));
        attributes.extend(line.reference.map(|reference| ("kelisim.reference", Value::Reference(reference))));
        let withheld = [Direction::Request, Direction::Response].map(|direction| did.withheld[direction as usize]);
        for (name, count) in
            ["kelisim.cookies.withheld.request", "kelisim.cookies.withheld.response"].into_iter().zip(withheld)
        {
            attributes.extend((count > 0).then_some((name, Value::Number(count.into()))));
        }
        let error = match (line.outcome, line.status) {
            (Outcome::Failed(reason), _) => Some(Value::Word(reason)),
            (Outcome::BrokenOff, _) => Some(Value::Word("broken_off")),
            (_, Some(status)) if status.is_server_error() => Some(Value::Status(status)),
            _ => None,
        };
        let is_error = error.is_some();
        attributes.extend(error.map(|error| ("error.type", error)));
        Span {
            id: self.span,
            parent: self.parent,
            kind: Kind::Server,
            name: name(line),
            begun: Duration::ZERO,
            ended: took,
            attributes,
            is_error,
        }
    }

    /// By those for HTTP clients, without the full address of what is asked for.
    fn exchange_span(&self, line: &AccessLine, exchange: Exchange, took: Duration) -> Span {
        let Exchange { server, begun, came } = exchange;
        let port = Value::Number(server.port().into());
        let mut attributes = vec![
            ("http.request.method", method(line)),
            ("url.scheme", Value::Word(server.scheme())),
            ("server.port", port),
            ("server.address", Value::Host(server)),
        ];
        // Where there is no answer, the client left while it was waited for.
        let error = match came {
            Some((_, Ok(status))) => {
                attributes.push(("http.response.status_code", number(status)));
                let is_error = status.is_client_error() || status.is_server_error();
                is_error.then_some(Value::Status(status))
            }
            Some((_, Err(word))) => Some(Value::Word(word)),
            None => Some(Value::Word("cancelled")),
        };
        let is_error = error.is_some();
        attributes.extend(error.map(|error| ("error.type", error)));
        Span {
            id: self.next,
            parent: Some(self.span),
            kind: Kind::Client,
            name: name(line),
            begun,
            ended: came.map_or(took, |(ended, _)| ended),
            attributes,
            is_error,
        }
    }

    fn append_span(&self, append: &Append, took: Duration) -> Span {
        let is_error = append.came.is_some_and(|(_, is_durable)| !is_durable);
        Span {
            id: SpanId::of_random(clock::random()),
            parent: Some(self.span),
            kind: Kind::Internal,
            name: "consent log append",
            begun: append.begun,
            ended: append.came.map_or(took, |(ended, _)| ended),
            attributes: is_error.then_some(("error.type", Value::Word("not_recorded"))).into_iter().collect(),
            is_error,
        }
    }
}

/// A method that nobody knows has the name that the conventions give to all of them.
fn method(line: &AccessLine) -> Value {
    Value::Word(line.method.known().unwrap_or("_OTHER"))
}

/// The method alone: the conventions name a span by its route, and a gateway knows none.
fn name(line: &AccessLine) -> &'static str {
    line.method.known().unwrap_or("HTTP")
}

fn number(status: StatusCode) -> Value {
    Value::Number(status.as_u16().into())
}
