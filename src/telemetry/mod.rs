//! What the operator sees of the running gateway: metrics and log lines. Never an address, a cookie, a user agent or a query.

mod counter;
mod enforcement;
mod log;
mod metrics;
mod site_metrics;

pub use counter::{Counter, CounterQueue, Going, Message};
pub use enforcement::Enforcement;
pub use log::{LogFormat, start_log};
pub use metrics::{ConnectionGauge, Direction, Metrics};
pub use site_metrics::SiteMetrics;
