//! One record for each request, written when its last byte has left, or when it was broken off.

use std::{sync::Arc, time::Instant};

use http::{Method, StatusCode};

use super::AnswerError;
use crate::telemetry::Metrics;

/// What is counted of a request. Dropping it writes it: finished, failed and cancelled requests are counted alike.
pub(super) struct RequestRecord {
    metrics: Arc<Metrics>,
    site: Arc<str>,
    method: Method,
    status: StatusCode,
    bytes: u64,
    started: Instant,
}

impl RequestRecord {
    pub(super) fn begin(metrics: Arc<Metrics>, no_site: Arc<str>, method: Method) -> Self {
        // Until there is an answer, what is counted is that the client went away before there was one.
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { metrics, site: no_site, method, status, bytes: 0, started: Instant::now() }
    }

    pub(super) fn of_site(&mut self, site: Arc<str>) {
        self.site = site;
    }

    pub(super) fn site(&self) -> &str {
        &self.site
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// The answer can't be completed: a failure of the site that its status, already sent, no longer tells.
    pub(super) fn broke_off(&self, error: &AnswerError) {
        let reason = "body";
        self.metrics.upstream_failed(&self.site, reason);
        tracing::warn!(site = &*self.site, reason, %error, "the site's answer broke off");
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        self.metrics.answered(&self.site, &self.method, self.status, self.bytes, self.started.elapsed());
    }
}
