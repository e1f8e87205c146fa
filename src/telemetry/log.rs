//! Log lines on standard error, as text or JSON.

use tracing_subscriber::fmt;

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
pub fn start_log(format: LogFormat) {
    let builder = fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::INFO).with_target(false);
    // An error means that a log was started before, as tests do.
    _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(builder.finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(builder.json().finish()),
    };
}
