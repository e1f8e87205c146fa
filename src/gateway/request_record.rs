//! One record for each request, written when its last byte has left, or when it was broken off.

use std::{sync::Arc, time::Instant};

use http::{Method, Request, Response, StatusCode};

use super::{
    AnswerBody, AnswerError, Connection, Shared,
    counted::{Candidate, Seen},
    error::GatewayError,
    logged::Logged,
    site::Site,
    traced::Trace,
    visit::Visit,
};
use crate::{
    consent::Decision,
    telemetry::{AccessLog, Outcome, Reference, SiteMetrics},
    timestamp::Timestamp,
};

/// What is counted of a request. Dropping it writes it: finished, failed and cancelled requests are counted alike.
pub(super) struct RequestRecord {
    shared: Arc<Shared>,
    /// Where the site is among those of `shared`, once it is known.
    site: Option<usize>,
    method: Method,
    status: StatusCode,
    bytes: u64,
    started: Instant,
    candidate: Option<Box<Candidate>>,
    /// What was answered, and after how many milliseconds.
    seen: Option<(Seen, u32)>,
    /// What the access log will say of it, where there is one, and its trace, where it is recorded.
    logged: Option<Box<Logged>>,
    trace: Trace,
}

impl RequestRecord {
    pub(super) fn begin<B>(shared: Arc<Shared>, request: &Request<B>, connection: &Connection) -> Self {
        let trace = Trace::begin(&shared, request, connection.peer());
        let is_told = shared.access_log.is_some() || trace.open().is_some();
        let logged = is_told.then(|| Box::new(Logged::begin(request, shared.clock.now())));
        let method = request.method().clone();
        // Until there is an answer, what is counted is that the client went away before there was one.
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let started = Instant::now();
        Self { shared, site: None, method, status, bytes: 0, started, candidate: None, seen: None, logged, trace }
    }

    pub(super) fn of_site(&mut self, site: &Site) {
        self.site = Some(site.index);
    }

    pub(super) fn site(&self) -> &str {
        self.metrics().site()
    }

    fn metrics(&self) -> &SiteMetrics {
        self.site.map_or(&self.shared.no_site, |index| &self.shared.sites[index].metrics)
    }

    pub(super) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Who asks is known.
    pub(super) fn identified(&mut self, visit: &Visit) {
        if let Some(logged) = &mut self.logged {
            logged.identified(visit, self.shared.access_log.as_ref().is_some_and(AccessLog::has_networks));
        }
        if let Some(open) = self.trace.open() {
            open.came_by(visit.client.scheme);
        }
    }

    /// What becomes of the request, if it is not simply passed.
    pub(super) fn came_to(&mut self, outcome: Outcome) {
        if let Some(logged) = &mut self.logged {
            logged.came_to(outcome);
        }
    }

    /// Counts what an answer that could be a page became: `rewritten`, `remembered`, or the reason why it passed as it was.
    pub(super) fn page(&mut self, outcome: &'static str) {
        self.shared.metrics.page(self.site(), outcome);
        self.came_to(Outcome::of_page(outcome));
    }

    /// It can't be followed to its end. The number that stands on the page about it and in the access log, where there is one.
    pub(super) fn failed(&mut self, error: &GatewayError) -> Option<Reference> {
        let reference = self.logged.as_mut().map(|logged| logged.failed(error, self.shared.access_log.is_some()));
        reference.flatten()
    }

    /// The site will be asked, so this may be a view of it.
    pub(super) fn asks_site<B>(&mut self, visit: &Visit, request: &Request<B>) {
        self.candidate = Candidate::of(visit, request).map(Box::new);
    }

    /// What was decided for its visitor; `asks` is whether a banner may stand in its answer.
    pub(super) fn decided(&mut self, site: &Site, visit: &Visit, decision: &Decision, asks: bool, now: Timestamp) {
        if let Some(candidate) = &mut self.candidate {
            candidate.decided(site, visit, decision, asks, now);
        }
        if let Some(logged) = &mut self.logged {
            logged.decided(decision);
        }
        if let Some(open) = self.trace.open() {
            open.decided(decision.allowed);
        }
    }

    /// It is nobody's view after all.
    pub(super) fn is_no_view(&mut self) {
        self.candidate = None;
    }

    pub(super) fn answered(&mut self, response: &Response<AnswerBody>) {
        self.status = response.status();
        if self.candidate.is_some() {
            let waited = u32::try_from(self.started.elapsed().as_millis()).unwrap_or(u32::MAX);
            self.seen = Some((Seen::of(response), waited));
        }
        if let Some(logged) = &mut self.logged {
            logged.answered(response.status(), self.started.elapsed());
        }
    }

    /// The answer can't be completed: a failure of the site that its status, already sent, no longer tells.
    pub(super) fn broke_off(&mut self, error: &AnswerError) {
        let reason = "body";
        self.came_to(Outcome::BrokenOff);
        self.shared.metrics.upstream_failed(self.site(), reason);
        tracing::warn!(site = self.site(), reason, %error, "the site's answer broke off");
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        let shared = &*self.shared;
        let took = self.started.elapsed();
        self.metrics().answered(&self.method, self.status, self.bytes, took);
        if let Some(logged) = self.logged.take() {
            let line = logged.line(self.metrics().name(), &self.method, self.bytes, took);
            if let (Some(open), Some(traces)) = (self.trace.open(), &shared.traces) {
                open.end(&line, traces);
            }
            if let Some(log) = &shared.access_log {
                log.write(line);
            }
        }
        let Some(site) = self.site.map(|index| &shared.sites[index]) else { return };
        shared.counter.answered(site.number, self.bytes);
        if let (Some(candidate), Some((seen, waited))) = (self.candidate.take(), self.seen) {
            let counted = candidate.counted(shared, site, seen, waited, shared.clock.now());
            if let Some(counted) = counted {
                shared.counter.count(site.number, counted);
            }
        }
    }
}
