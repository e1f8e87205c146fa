//! Metrics for Prometheus. They live in a struct with its own registry, so that tests do not count each other's requests.
//!
//! No label has values that a visitor can choose: sites come from the configuration, everything else from fixed lists.
//! When a metric is added: give it a unit in its name, add it to `new`, and to the list in `config/README.md`.

mod certificates;
mod connections;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use prometheus::core::Collector as _;

pub use self::connections::ConnectionGauge;
use crate::{ledger::EventKind, timestamp::Timestamp};

/// Which way a cookie was going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the visitor to the site.
    Request,
    /// From the site to the visitor.
    Response,
}

impl Direction {
    /// The word used in metrics.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// All metrics of one gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub(super) requests: IntCounterVec,
    pub(super) request_seconds: Histogram,
    pub(super) response_bytes: IntCounter,
    upstream_failures: IntCounterVec,
    pub(super) cookies_refused: IntCounterVec,
    pages: IntCounterVec,
    pub(super) decisions: IntCounterVec,
    choices: IntCounterVec,
    choices_rejected: IntCounterVec,
    reports: IntCounterVec,
    /// How long an event takes until it is durable.
    pub log_append_seconds: Histogram,
    log_append_failures: IntCounter,
    log_waiting: IntGauge,
    log_lost: IntGauge,
    witness_lag: IntGaugeVec,
    witness_failures: IntCounterVec,
    /// Of each witness, since when a checkpoint waits for its signature.
    witness_waits: Mutex<BTreeMap<Box<str>, Option<Timestamp>>>,
    access_lines_lost: IntCounterVec,
    trace_spans_sent: IntCounter,
    trace_spans_lost: IntCounterVec,
    certificate_expiry: IntGaugeVec,
    certificate_missing: IntGaugeVec,
    certificate_failed_attempts: IntGaugeVec,
    certificate_renewals: IntCounterVec,
    certificate_renewal_failures: IntCounterVec,
    challenges_answered: IntCounterVec,
    connections: IntGauge,
    connections_total: IntCounterVec,
    upstream_connections: IntGauge,
    tls_failures: IntCounter,
    proxy_protocol_failures: IntCounterVec,
    client_limits: IntCounterVec,
    reloads: IntCounterVec,
    reload_successful: IntGauge,
}

/// What comes of reading the configuration again.
const RELOADS: [&str; 3] = ["taken", "unchanged", REFUSED];
const REFUSED: &str = "refused";

/// Bounds of latency buckets in seconds: from a cached page to the limit of a slow upstream.
const LATENCY_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

impl Metrics {
    /// All at zero.
    pub fn new() -> Arc<Self> {
        let registry = Registry::new();
        let vector = |name: &str, help: &str, labels: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(name, help), labels).expect("names and labels are constants");
            registry.register(Box::new(metric.clone())).expect("each name stands once");
            metric
        };
        let counter = |name: &str, help: &str| {
            let metric = IntCounter::new(name, help).expect("names are constants");
            registry.register(Box::new(metric.clone())).expect("each name stands once");
            metric
        };
        let gauge = |name: &str, help: &str| {
            let metric = IntGauge::new(name, help).expect("names are constants");
            registry.register(Box::new(metric.clone())).expect("each name stands once");
            metric
        };
        let gauges = |name: &str, help: &str, labels: &[&str]| {
            let metric = IntGaugeVec::new(Opts::new(name, help), labels).expect("names and labels are constants");
            registry.register(Box::new(metric.clone())).expect("each name stands once");
            metric
        };
        let histogram = |name: &str, help: &str| {
            let options = HistogramOpts::new(name, help).buckets(LATENCY_SECONDS.to_vec());
            let metric = Histogram::with_opts(options).expect("names and buckets are constants");
            registry.register(Box::new(metric.clone())).expect("each name stands once");
            metric
        };
        let metrics = Self {
            requests: vector("kelisim_requests_total", "Requests answered.", &["site", "method", "status"]),
            request_seconds: histogram(
                "kelisim_request_duration_seconds",
                "From a request's head to its answer's last byte.",
            ),
            response_bytes: counter("kelisim_response_body_bytes_total", "Bytes of answers' bodies."),
            upstream_failures: vector(
                "kelisim_upstream_failures_total",
                "Requests that the site did not answer.",
                &["site", "reason"],
            ),
            cookies_refused: vector(
                "kelisim_cookies_refused_total",
                "Cookies that did not pass.",
                &["site", "category", "direction"],
            ),
            pages: vector(
                "kelisim_pages_total",
                "Answers that are pages: rewritten, or passed with the reason.",
                &["site", "outcome"],
            ),
            decisions: vector(
                "kelisim_decisions_total",
                "Requests by what was known of the visitor's choice.",
                &["site", "reason"],
            ),
            choices: vector("kelisim_choices_total", "Events of the consent log.", &["site", "kind"]),
            choices_rejected: vector(
                "kelisim_choices_rejected_total",
                "Posted choices that were not taken.",
                &["reason"],
            ),
            reports: vector(
                "kelisim_reports_total",
                "Posted reports: taken, or dropped with the reason.",
                &["site", "outcome"],
            ),
            log_append_seconds: histogram(
                "kelisim_log_append_duration_seconds",
                "From an event that grants something to its durable leaf.",
            ),
            log_append_failures: counter(
                "kelisim_log_append_failures_total",
                "Events that could not be written, so that nothing was granted.",
            ),
            log_waiting: gauge("kelisim_log_waiting_events", "Refusals in force whose event waits to be written."),
            log_lost: gauge("kelisim_log_lost_events", "Refusals in force whose event found no place to wait."),
            witness_lag: gauges(
                "kelisim_log_witness_lag_seconds",
                "For how long a checkpoint waits for this witness's signature.",
                &["witness"],
            ),
            witness_failures: vector(
                "kelisim_log_witness_failures_total",
                "Checkpoints that a witness did not sign when it was asked.",
                &["witness", "reason"],
            ),
            witness_waits: Mutex::default(),
            access_lines_lost: vector(
                "kelisim_access_log_lost_lines_total",
                "Lines of the access log that were not written.",
                &["reason"],
            ),
            trace_spans_sent: counter("kelisim_trace_spans_sent_total", "Spans that the collector took."),
            trace_spans_lost: vector(
                "kelisim_trace_spans_lost_total",
                "Spans that the collector did not get or take.",
                &["reason"],
            ),
            certificate_expiry: gauges(
                "kelisim_certificate_expiry_timestamp_seconds",
                "The last moment of the certificate that is served for a name.",
                &["name"],
            ),
            certificate_missing: gauges(
                "kelisim_certificate_missing",
                "Whether there is no certificate yet for a name that one is asked for, so that TLS for it is refused.",
                &["name"],
            ),
            certificate_failed_attempts: gauges(
                "kelisim_certificate_failed_attempts",
                "Attempts to get a certificate from an authority that failed since the last that did not.",
                &["name"],
            ),
            certificate_renewals: vector(
                "kelisim_certificate_renewals_total",
                "Certificates that an authority issued.",
                &["name"],
            ),
            certificate_renewal_failures: vector(
                "kelisim_certificate_renewal_failures_total",
                "Attempts to get a certificate from an authority that failed.",
                &["name", "reason"],
            ),
            challenges_answered: vector(
                "kelisim_acme_challenges_answered_total",
                "Questions of an authority that were answered, by which it proves a name.",
                &["challenge"],
            ),
            connections: gauge("kelisim_connections", "Open client connections."),
            connections_total: vector(
                "kelisim_connections_accepted_total",
                "Client connections accepted.",
                &["scheme"],
            ),
            upstream_connections: gauge(
                "kelisim_upstream_connections",
                "Open connections to sites and analytics servers, in use or kept.",
            ),
            tls_failures: counter("kelisim_tls_handshake_failures_total", "Connections that did not complete TLS."),
            proxy_protocol_failures: vector(
                "kelisim_proxy_protocol_failures_total",
                "Connections of configured proxies that did not begin with a right PROXY header.",
                &["reason"],
            ),
            client_limits: vector(
                "kelisim_client_limits_total",
                "Connections and requests that were refused since their client had as many as one may have.",
                &["reason"],
            ),
            reloads: vector(
                "kelisim_configuration_reloads_total",
                "Times that the configuration was read again by what came of it.",
                &["outcome"],
            ),
            reload_successful: gauge(
                "kelisim_configuration_last_reload_successful",
                "Whether the configuration was right when it was read last.",
            ),
            registry,
        };
        metrics.reload_successful.set(1);
        // A count that is first seen at 1 has not grown, to whoever looks for growth.
        for outcome in RELOADS {
            _ = metrics.reloads.with_label_values(&[outcome]);
        }
        Arc::new(metrics)
    }

    /// The page for `/metrics`, in the text format of Prometheus.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).expect("writing to memory");
        String::from_utf8(text).expect("names, labels and numbers are text")
    }

    /// Counts a request that the site did not answer.
    pub fn upstream_failed(&self, site: &str, reason: &'static str) {
        self.upstream_failures.with_label_values(&[site, reason]).inc();
    }

    /// How many requests a site did not answer since the start, by reason.
    pub fn upstream_failures(&self, site: &str) -> Vec<(String, u64)> {
        let mut failures = Vec::new();
        for metric in self.upstream_failures.collect().iter().flat_map(|family| family.get_metric()) {
            let label = |name: &str| metric.get_label().iter().find(|label| label.name() == name);
            if label("site").is_some_and(|label| label.value() == site)
                && let Some(reason) = label("reason")
            {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of whole things")]
                let count = metric.get_counter().get_value() as u64;
                failures.push((reason.value().to_owned(), count));
            }
        }
        failures.sort();
        failures
    }

    /// Counts a page: `rewritten`, or the reason why it passed as it was.
    pub fn page(&self, site: &str, outcome: &'static str) {
        self.pages.with_label_values(&[site, outcome]).inc();
    }

    /// Counts an event of the log.
    pub fn chosen(&self, site: &str, kind: EventKind) {
        self.choices.with_label_values(&[site, kind.name()]).inc();
    }

    /// Counts a posted choice that was not taken.
    pub fn choice_rejected(&self, reason: &'static str) {
        self.choices_rejected.with_label_values(&[reason]).inc();
    }

    /// Counts a posted report: `taken`, or why it was dropped.
    pub fn reported(&self, site: &str, outcome: &'static str) {
        self.reports.with_label_values(&[site, outcome]).inc();
    }

    /// Counts an event that could not be written.
    pub fn append_failed(&self) {
        self.log_append_failures.inc();
    }

    /// Shows how many events wait and how many found no place.
    pub fn log_backlog(&self, waiting: usize, lost: u64) {
        self.log_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.log_lost.set(i64::try_from(lost).unwrap_or(i64::MAX));
    }

    /// Remembers since when a checkpoint waits for a witness's signature; `None` where none does.
    pub fn witness_waits(&self, witness: &str, since: Option<Timestamp>) {
        let mut waits = self.witness_waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.insert(witness.into(), since);
    }

    /// Shows how long it has been, for each witness.
    pub fn witness_lag(&self, now: Timestamp) {
        for (witness, since) in &*self.witness_waits.lock().unwrap_or_else(PoisonError::into_inner) {
            let lag = since.map_or(0, |since| now.seconds().saturating_sub(since.seconds()).max(0));
            self.witness_lag.with_label_values(&[&**witness]).set(lag);
        }
    }

    /// Shows a witness that failed for none of these reasons yet: a count that is first seen at 1 has not grown, to whoever looks for growth.
    pub fn witness_begins(&self, witness: &str, reasons: &[&'static str]) {
        reasons.iter().for_each(|reason| _ = self.witness_failures.with_label_values(&[witness, reason]));
    }

    /// Counts a checkpoint that a witness did not sign.
    pub fn witness_failed(&self, witness: &str, reason: &'static str) {
        self.witness_failures.with_label_values(&[witness, reason]).inc();
    }

    /// Counts lines of the access log that were not written.
    pub fn access_lines_lost(&self, reason: &'static str, lines: u64) {
        self.access_lines_lost.with_label_values(&[reason]).inc_by(lines);
    }

    /// Counts spans that the collector took.
    pub fn trace_spans_sent(&self, spans: u64) {
        self.trace_spans_sent.inc_by(spans);
    }

    /// Counts spans that it did not get or take.
    pub fn trace_spans_lost(&self, reason: &'static str, spans: u64) {
        if spans > 0 {
            self.trace_spans_lost.with_label_values(&[reason]).inc_by(spans);
        }
    }

    /// Counts that the configuration was read again: `taken`, `unchanged` or `refused`.
    pub fn configuration_read_again(&self, outcome: &'static str) {
        self.reloads.with_label_values(&[outcome]).inc();
        self.reload_successful.set(i64::from(outcome != REFUSED));
    }
}

#[cfg(test)]
mod tests;
