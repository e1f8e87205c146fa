//! The thread that sends: traces in batches out of a bounded queue, each tried for a while and then lost.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{Collector, CollectorFailure, Inner, TraceSettings, Traces, client::Client, encode, span::EndedTrace};
use crate::{clock, telemetry::Metrics};

/// Traces that wait to be sent. Each takes some kilobyte.
const QUEUE_TRACES: usize = 2048;

/// Most traces that are sent at once: some 400 KB.
const BATCH_TRACES: usize = 256;

/// How long traces are gathered before they are sent: to wake the thread for each would cost a request more than the trace itself.
const GATHERED_FOR: Duration = Duration::from_millis(500);

/// How often a batch is tried, and for how long; then it is lost.
const MOST_ATTEMPTS: u32 = 5;
const TRIED_FOR: Duration = Duration::from_secs(60);

/// How long is waited between two attempts at first, twice as long each time; and at most, whatever the collector asks for.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The thread, and the way to it.
#[derive(Debug)]
pub struct TraceExport {
    collector: Collector,
    service_name: String,
    queue: mpsc::Sender<EndedTrace>,
    /// Until when it may go on, once it is to end.
    until: watch::Sender<Option<Instant>>,
    metrics: Arc<Metrics>,
    thread: JoinHandle<()>,
}

impl TraceExport {
    /// Starts the thread. Nothing is asked of the collector before there is something to send.
    ///
    /// # Errors
    ///
    /// When the file of authorities can't be read, or there can be no thread.
    pub fn start(settings: &TraceSettings, metrics: &Arc<Metrics>) -> io::Result<Self> {
        let client = Client::new(&settings.collector)?;
        let (queue, traces) = mpsc::channel(QUEUE_TRACES);
        let (until, ends) = watch::channel(None);
        let worker = Worker {
            client,
            service_name: settings.service_name.clone(),
            instance: instance(),
            traces,
            until: ends,
            metrics: metrics.clone(),
            failing: None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("traces".into()).spawn(move || {
            runtime.block_on(worker.run());
            // A name that does not resolve holds up nobody.
            runtime.shutdown_background();
        })?;
        let (collector, service_name) = (settings.collector.clone(), settings.service_name.clone());
        Ok(Self { collector, service_name, queue, until, metrics: metrics.clone(), thread })
    }

    /// Whether these settings lead to where this thread sends. A file of authorities may hold others now.
    pub fn serves(&self, settings: &TraceSettings) -> bool {
        let is_same = self.collector == settings.collector && self.service_name == settings.service_name;
        is_same && self.collector.certificate_authority.is_none()
    }

    /// Where requests begin their traces by these settings. The thread lives while one of these does; without its export, it sends what
    /// waits then and ends.
    pub fn traces(&self, settings: &TraceSettings) -> Traces {
        let (share, trusts_parents) = (settings.share, settings.trusts_parents);
        Traces(Arc::new(Inner { queue: self.queue.clone(), share, trusts_parents, metrics: self.metrics.clone() }))
    }

    /// Sends what waits, for as long as this, and ends.
    ///
    /// # Errors
    ///
    /// When the thread panicked.
    pub fn end(self, within: Duration) -> io::Result<()> {
        self.until.send_replace(Some(Instant::now() + within));
        drop(self.queue);
        self.thread.join().map_err(|_| io::Error::other("the thread that sends traces panicked"))
    }
}

/// What tells this process from others of its service: another number at each start.
fn instance() -> String {
    format!("{:032x}", u128::from_be_bytes(clock::random()))
}

struct Worker {
    client: Client,
    service_name: String,
    instance: String,
    traces: mpsc::Receiver<EndedTrace>,
    until: watch::Receiver<Option<Instant>>,
    metrics: Arc<Metrics>,
    /// Spans that were lost since the collector took some last; nothing while it does.
    failing: Option<u64>,
}

impl Worker {
    async fn run(mut self) {
        let mut is_behind = false;
        while let Some(first) = self.next().await {
            if !is_behind {
                tokio::select! {
                    () = tokio::time::sleep(GATHERED_FOR) => {}
                    () = asked_to_end(&mut self.until) => {}
                }
            }
            let mut batch = vec![first];
            while batch.len() < BATCH_TRACES
                && let Ok(trace) = self.traces.try_recv()
            {
                batch.push(trace);
            }
            is_behind = batch.len() == BATCH_TRACES;
            self.deliver(&batch).await;
        }
    }

    /// Nothing when there will be no more.
    async fn next(&mut self) -> Option<EndedTrace> {
        tokio::select! {
            trace = self.traces.recv() => return trace,
            () = asked_to_end(&mut self.until) => {}
        }
        self.traces.close();
        self.traces.recv().await
    }

    async fn deliver(&mut self, batch: &[EndedTrace]) {
        let spans = batch.iter().map(|trace| trace.spans.len() as u64).sum();
        let body = Bytes::from(encode::request((&self.service_name, &self.instance), batch));
        let (begun, mut pause) = (Instant::now(), PAUSE);
        for attempt in 1.. {
            let is_last = self.until.borrow().is_some();
            let outcome = tokio::select! {
                biased;
                () = past_the_end(&mut self.until) => return self.metrics.trace_spans_lost("stop", spans),
                outcome = self.client.post(body.clone()) => outcome,
            };
            let failure = match outcome {
                Ok(rejected) => return self.taken(spans, rejected.min(spans)),
                Err(failure) => failure,
            };
            let asked_for = match failure {
                CollectorFailure::Status(_, Some(seconds)) => Duration::from_secs(seconds),
                _ => pause,
            };
            let wait = asked_for.min(LONGEST_PAUSE);
            if is_last || !failure.may_pass() || attempt == MOST_ATTEMPTS || begun.elapsed() + wait > TRIED_FOR {
                return self.lost(&failure, spans);
            }
            // When it is to end it is tried once more, and then it is over.
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = asked_to_end(&mut self.until) => {}
            }
            pause *= 2;
        }
    }

    fn taken(&mut self, spans: u64, rejected: u64) {
        self.metrics.trace_spans_sent(spans - rejected);
        self.metrics.trace_spans_lost("rejected", rejected);
        if let Some(lost) = self.failing.take() {
            tracing::info!(lost, "the collector of traces takes spans again");
        }
    }

    fn lost(&mut self, failure: &CollectorFailure, spans: u64) {
        self.metrics.trace_spans_lost(failure.reason(), spans);
        if self.failing.is_none() {
            tracing::warn!(%failure, "the collector of traces takes no spans; they are lost until it does");
        }
        self.failing = Some(self.failing.unwrap_or_default() + spans);
    }
}

/// Returns when it is to end.
async fn asked_to_end(until: &mut watch::Receiver<Option<Instant>>) {
    if until.wait_for(Option::is_some).await.is_err() {
        // Nobody is left who could ask for it: it ends with the last trace.
        std::future::pending().await
    }
}

/// Returns when it has to have ended.
async fn past_the_end(until: &mut watch::Receiver<Option<Instant>>) {
    asked_to_end(until).await;
    let end = *until.borrow();
    if let Some(end) = end {
        tokio::time::sleep_until(end).await;
    }
}
