//! One record for each request, written when its last byte has left, or when it was broken off.

use std::{sync::Arc, time::Instant};

use http::{Method, Request, Response, StatusCode};

use super::{
    AnswerBody, AnswerError, Shared,
    counted::{Candidate, Seen},
    site::Site,
    visit::Visit,
};
use crate::{consent::Decision, telemetry::SiteMetrics, timestamp::Timestamp};

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
}

impl RequestRecord {
    pub(super) fn begin(shared: Arc<Shared>, method: Method) -> Self {
        // Until there is an answer, what is counted is that the client went away before there was one.
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let started = Instant::now();
        Self { shared, site: None, method, status, bytes: 0, started, candidate: None, seen: None }
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

    /// The site will be asked, so this may be a view of it.
    pub(super) fn asks_site<B>(&mut self, visit: &Visit, request: &Request<B>) {
        self.candidate = Candidate::of(visit, request).map(Box::new);
    }

    /// What was decided for its visitor; `asks` is whether a banner may stand in its answer.
    pub(super) fn decided(&mut self, site: &Site, visit: &Visit, decision: &Decision, asks: bool, now: Timestamp) {
        if let Some(candidate) = &mut self.candidate {
            candidate.decided(site, visit, decision, asks, now);
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
    }

    /// The answer can't be completed: a failure of the site that its status, already sent, no longer tells.
    pub(super) fn broke_off(&self, error: &AnswerError) {
        let reason = "body";
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
        self.metrics().answered(&self.method, self.status, self.bytes, self.started.elapsed());
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
