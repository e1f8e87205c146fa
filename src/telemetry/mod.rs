//! What the operator sees of the running gateway: metrics, log lines, the access log and traces. Never an address, a cookie, a user agent or a query.

mod access_log;
mod counter;
mod enforcement;
mod log;
mod metrics;
mod recent_failures;
mod site_metrics;
mod traces;

pub use access_log::{
    AccessLine, AccessLog, AccessLogFormat, AccessLogSettings, AccessLogThread, ConsentWord, LoggedPath, MethodName,
    Outcome, Protocol, Reference,
};
pub use counter::{Counter, CounterQueue, Message};
pub use enforcement::Enforcement;
pub use log::{LogFormat, start_log};
pub use metrics::{ConnectionGauge, Direction, Metrics};
pub use recent_failures::{RECENT_MINUTES, RecentFailures};
pub use site_metrics::{SiteMetrics, SiteName};
pub use traces::{
    BegunTrace, Collector, CollectorFailure, OpenTrace, ServerName, Share, TraceExport, TraceSettings, Traces,
    ask_collector, collector_header,
};
