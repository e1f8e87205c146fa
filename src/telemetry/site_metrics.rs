//! The counters that nearly every request of a site raises. Each is looked up by its labels once, when it is raised first, so that no series
//! stands at zero which the site never has.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{Method, StatusCode};
use prometheus::{IntCounter, IntCounterVec};

use super::{Direction, Metrics};
use crate::consent::{Category, CategoryCounts, Reason};

/// Methods of RFC 9110 by name, all others as the last.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "other"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Where a method stands among those that have a name.
fn method_place(method: &Method) -> usize {
    METHODS.iter().position(|name| method.as_str() == *name).unwrap_or(METHODS.len() - 1)
}

/// The name of a method of RFC 9110, or `other`.
pub(super) fn method_name(method: &Method) -> &'static str {
    METHODS[method_place(method)]
}

/// The name of a site as it is configured, or `none`: what a request says of its host never becomes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteName(Arc<str>);

impl SiteName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The counters of one site.
#[derive(Debug)]
pub struct SiteMetrics {
    site: Arc<str>,
    metrics: Arc<Metrics>,
    requests: Cells<{ METHODS.len() * CLASSES.len() }>,
    decisions: Cells<{ Reason::ALL.len() }>,
    cookies_refused: Cells<{ CategoryCounts::CELLS.len() * 2 }>,
}

/// Counters of one vector, by the places of their labels.
#[derive(Debug)]
struct Cells<const COUNT: usize>([OnceLock<IntCounter>; COUNT]);

impl<const COUNT: usize> Cells<COUNT> {
    fn new() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }

    fn get(&self, place: usize, vector: &IntCounterVec, labels: &[&str]) -> &IntCounter {
        self.0[place].get_or_init(|| vector.with_label_values(labels))
    }
}

impl SiteMetrics {
    /// Of the site with this name, or of the requests that are no site's.
    pub fn new(metrics: Arc<Metrics>, site: Arc<str>) -> Self {
        Self { site, metrics, requests: Cells::new(), decisions: Cells::new(), cookies_refused: Cells::new() }
    }

    /// The name of the site, or `none`.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The same as a value for lines of the access log.
    pub fn name(&self) -> SiteName {
        SiteName(self.site.clone())
    }

    /// Counts an answer when its last byte has left.
    pub fn answered(&self, method: &Method, status: StatusCode, bytes: u64, took: Duration) {
        let name = method_place(method);
        let class = (usize::from(status.as_u16() / 100).clamp(1, CLASSES.len())) - 1;
        let labels = [&*self.site, METHODS[name], CLASSES[class]];
        self.requests.get(name * CLASSES.len() + class, &self.metrics.requests, &labels).inc();
        self.metrics.request_seconds.observe(took.as_secs_f64());
        self.metrics.response_bytes.inc_by(bytes);
    }

    /// Counts a decision.
    pub fn decided(&self, reason: Reason) {
        self.decisions.get(reason as usize, &self.metrics.decisions, &[&self.site, reason.name()]).inc();
    }

    /// Counts cookies that did not pass; `None` stands for what the catalogue does not know.
    pub fn cookies_refused(&self, category: Option<Category>, direction: Direction, count: u64) {
        if count > 0 {
            let place = CategoryCounts::place(category) * 2 + direction as usize;
            let labels = [&*self.site, category.map_or("unknown", Category::name), direction.name()];
            self.cookies_refused.get(place, &self.metrics.cookies_refused, &labels).inc_by(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_takes_what_a_visitor_made_up() {
        let metrics = Metrics::new();
        let site = SiteMetrics::new(metrics.clone(), "a.example".into());
        let method = Method::from_bytes(b"MADE-UP").unwrap();
        site.answered(&method, StatusCode::OK, 10, Duration::from_millis(3));
        let page = metrics.render();
        assert!(page.contains(r#"kelisim_requests_total{method="other",site="a.example",status="2xx"} 1"#), "{page}");
        assert!(!page.contains("MADE-UP"));
    }

    #[test]
    fn every_label_has_a_counter_of_its_own() {
        let metrics = Metrics::new();
        let site = SiteMetrics::new(metrics.clone(), "a.example".into());
        for (times, reason) in Reason::ALL.into_iter().enumerate() {
            (0..=times).for_each(|_| site.decided(reason));
        }
        for (times, method) in METHODS.iter().enumerate() {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            (0..=times).for_each(|_| site.answered(&method, StatusCode::NOT_FOUND, 0, Duration::ZERO));
        }
        for (times, category) in CategoryCounts::CELLS.into_iter().enumerate() {
            site.cookies_refused(category, Direction::Request, times as u64 + 1);
            site.cookies_refused(category, Direction::Response, times as u64 + 11);
        }
        let page = metrics.render();
        let says = |line: String| assert!(page.contains(&line), "{line} is missing in {page}");
        for (times, reason) in Reason::ALL.into_iter().enumerate() {
            let reason = reason.name();
            says(format!("kelisim_decisions_total{{reason=\"{reason}\",site=\"a.example\"}} {}\n", times + 1));
        }
        for (times, method) in METHODS.iter().enumerate() {
            let labels = format!("method=\"{method}\",site=\"a.example\",status=\"4xx\"");
            says(format!("kelisim_requests_total{{{labels}}} {}\n", times + 1));
        }
        for (times, category) in CategoryCounts::CELLS.into_iter().enumerate() {
            let category = category.map_or("unknown", Category::name);
            for (direction, more) in [("request", 1), ("response", 11)] {
                let labels = format!("category=\"{category}\",direction=\"{direction}\",site=\"a.example\"");
                says(format!("kelisim_cookies_refused_total{{{labels}}} {}\n", times + more));
            }
        }
    }
}
