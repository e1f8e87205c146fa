//! Log lines on standard error, as text or JSON.

use tracing::{Level, subscriber::set_global_default};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt as _};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Starts logging for this process; a second call changes nothing.
///
/// Of what Kelisim is built from only errors are told. Its warnings are about single frames of HTTP/2, so who sends such frames would fill the disk.
pub fn start_log(format: LogFormat) {
    let told = Targets::new().with_target("kelisim", Level::INFO).with_default(Level::ERROR);
    let builder = fmt().with_writer(std::io::stderr).with_max_level(Level::INFO).with_target(false);
    // An error means that a log was started before, as tests do.
    _ = match format {
        LogFormat::Text => set_global_default(builder.finish().with(told)),
        LogFormat::Json => set_global_default(builder.json().finish().with(told)),
    };
}
