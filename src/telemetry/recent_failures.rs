//! How sites answered in the last minutes: what the counters were a while ago, so that the difference tells.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus::core::Collector as _;

use super::Metrics;

/// Minutes that are looked back on.
pub const RECENT_MINUTES: usize = 10;

/// The counters of all sites at one moment: requests, and failures by reason.
type Moment = BTreeMap<Arc<str>, (u64, Vec<(String, u64)>)>;

/// The counters of the last minutes. Before as many have passed, what is told is of the time since the start.
#[derive(Debug, Default)]
pub struct RecentFailures(Mutex<VecDeque<Moment>>);

impl RecentFailures {
    /// Remembers what the counters are now. To be called once a minute.
    pub fn remember<'a>(&self, metrics: &Metrics, sites: impl Iterator<Item = &'a Arc<str>>) {
        let moment = sites.map(|site| (site.clone(), (metrics.requests_of(site), metrics.upstream_failures(site))));
        let moment = moment.collect();
        let mut moments = self.moments();
        moments.push_back(moment);
        while moments.len() > RECENT_MINUTES {
            moments.pop_front();
        }
    }

    /// Requests of a site, and those that its upstreams did not answer, by reason, within the minutes that are remembered.
    pub fn since(&self, metrics: &Metrics, site: &str) -> (u64, Vec<(String, u64)>) {
        let (requests, mut failures) = (metrics.requests_of(site), metrics.upstream_failures(site));
        let moments = self.moments();
        // Until the first of them is as old as it may be, the time since the start counts whole.
        let before = moments.front().filter(|_| moments.len() == RECENT_MINUTES).and_then(|moment| moment.get(site));
        let Some((requests_before, failures_before)) = before else { return (requests, failures) };
        for (reason, count) in &mut failures {
            let earlier = failures_before.iter().find(|(known, _)| known == reason).map_or(0, |(_, count)| *count);
            *count -= earlier.min(*count);
        }
        failures.retain(|(_, count)| *count > 0);
        (requests.saturating_sub(*requests_before), failures)
    }

    fn moments(&self) -> MutexGuard<'_, VecDeque<Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Metrics {
    /// How many requests of a site were answered since the start.
    pub fn requests_of(&self, site: &str) -> u64 {
        let is_of = |metric: &prometheus::proto::Metric| {
            metric.get_label().iter().any(|label| label.name() == "site" && label.value() == site)
        };
        let families = self.requests.collect();
        let counts = families.iter().flat_map(|family| family.get_metric()).filter(|metric| is_of(metric));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of whole things")]
        counts.map(|metric| metric.get_counter().get_value() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{Method, StatusCode};

    use super::*;
    use crate::telemetry::SiteMetrics;

    #[test]
    fn what_is_longer_ago_is_forgotten() {
        let metrics = Metrics::new();
        let site: Arc<str> = "a.kz".into();
        let counters = SiteMetrics::new(metrics.clone(), site.clone());
        let recent = RecentFailures::default();
        let answer = || counters.answered(&Method::GET, StatusCode::OK, 0, Duration::ZERO);
        let fail = || {
            counters.answered(&Method::GET, StatusCode::BAD_GATEWAY, 0, Duration::ZERO);
            metrics.upstream_failed(&site, "connect");
        };
        let failed = |count| vec![("connect".to_owned(), count)];
        fail();
        answer();
        assert_eq!(recent.since(&metrics, &site), (2, failed(1)));
        (0..RECENT_MINUTES).for_each(|_| recent.remember(&metrics, std::iter::once(&site)));
        assert_eq!(recent.since(&metrics, &site), (0, Vec::new()));
        fail();
        assert_eq!(recent.since(&metrics, &site), (1, failed(1)));
        recent.remember(&metrics, std::iter::once(&site));
        assert_eq!(recent.since(&metrics, &site), (1, failed(1)), "that was within the last minutes");
    }
}
