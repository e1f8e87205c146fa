//! Traces: what a share of requests did and how long each part took, sent to a collector by OTLP over HTTP. Of all other requests nothing is
//! kept, and nothing is allocated for them.
//!
//! The encoding is the JSON of OTLP 1, a stable and documented form of some hundred lines (`encode.rs`). The packages that write it would be
//! thirteen more, with protocol buffers among them, and second versions of `rand`, `rand_core`, `getrandom` and `itertools`, for a model of
//! spans whose attributes hold any text. Here an attribute is a [`span::Value`], and there is none that could hold an address, a cookie, a query
//! or a user agent.
//!
//! Whatever goes wrong with the collector costs spans, which are counted, and nothing else.

mod client;
mod encode;
mod export;
mod open;
mod span;

#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf, sync::Arc};

use tokio::sync::mpsc;

pub use client::{CollectorFailure, ask_collector, collector_header};
pub use export::TraceExport;
pub use open::OpenTrace;
pub use span::ServerName;

use self::span::EndedTrace;
use super::Metrics;
use crate::{
    clock,
    trace_context::{SpanId, TraceId, TraceParent},
};

/// What is traced, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSettings {
    /// Where spans are sent.
    pub collector: Collector,
    /// The share of the traces that begin here.
    pub share: Share,
    /// Whether trusted proxies say which traces go on, and which of them are recorded.
    pub trusts_parents: bool,
    /// What this gateway is called in traces.
    pub service_name: String,
}

/// A collector as it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// Whether it is reached over TLS.
    pub tls: bool,
    /// Its host, an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The path of its address, and a query if it has one.
    pub path: String,
    /// A PEM file with the authorities to trust instead of the well-known ones.
    pub certificate_authority: Option<PathBuf>,
    /// Where the header is by which it knows who sends; it is read each time.
    pub header_file: Option<PathBuf>,
}

impl fmt::Display for Collector {
    /// Its address, as it is configured.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, path, .. } = self;
        let scheme = if self.tls { "https" } else { "http" };
        if host.contains(':') {
            write!(formatter, "{scheme}://[{host}]:{port}{path}")
        } else {
            write!(formatter, "{scheme}://{host}:{port}{path}")
        }
    }
}

/// A share of all traces. Which ones is told from their random bits, so that all programs that go by the same share choose the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The lowest randomness that is chosen.
    least: u64,
}

/// How many values there are of the randomness of a trace.
const RANDOMNESS: f64 = (1_u64 << 56) as f64;

impl Share {
    /// A share between 0 and 1; what lies outside is moved to the nearer end, and what is no number is 0.
    pub fn of(share: f64) -> Self {
        let left_out = if share.is_nan() { 1.0 } else { 1.0 - share.clamp(0.0, 1.0) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 2^56")]
        let least = (left_out * RANDOMNESS) as u64;
        Self { least }
    }

    fn includes(self, trace: TraceId) -> bool {
        trace.randomness() >= self.least
    }
}

/// Where requests begin their traces under one configuration. Clones share it.
#[derive(Clone, Debug)]
pub struct Traces(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: mpsc::Sender<EndedTrace>,
    share: Share,
    trusts_parents: bool,
    metrics: Arc<Metrics>,
}

/// The trace of one request at its beginning.
#[derive(Clone, Debug)]
pub struct BegunTrace {
    /// What the next program is told.
    pub outgoing: TraceParent,
    /// What is recorded; nothing where the trace is not one of the share.
    pub open: Option<Arc<OpenTrace>>,
}

impl Traces {
    /// Whether a trusted proxy's trace goes on.
    pub fn trusts_parents(&self) -> bool {
        self.0.trusts_parents
    }

    /// Begins the part of a request that came with this parent, if one is believed: it is recorded where its sender records it. Any other
    /// trace begins here, and chance decides.
    pub fn begin(&self, parent: Option<TraceParent>) -> BegunTrace {
        let random: [u8; 32] = clock::random();
        let part = |from: usize| SpanId::of_random(std::array::from_fn(|at| random[from + at]));
        let (trace, is_sampled) = match parent {
            Some(parent) => (parent.trace, parent.is_sampled),
            None => {
                let trace = TraceId::of_random(std::array::from_fn(|at| random[at]));
                (trace, self.0.share.includes(trace))
            }
        };
        let (span, next) = (part(16), part(24));
        let open = is_sampled.then(|| Arc::new(OpenTrace::new(trace, parent.map(|parent| parent.span), (span, next))));
        BegunTrace { outgoing: TraceParent { trace, span: next, is_sampled }, open }
    }

    /// Puts an ended trace into the queue, or counts that it was lost. Never waits.
    fn send(&self, trace: EndedTrace) {
        let spans = trace.spans.len() as u64;
        // The other fault is that the thread has ended, at the stop.
        if self.0.queue.try_send(trace).is_err() {
            self.0.metrics.trace_spans_lost("queue", spans);
        }
    }
}
