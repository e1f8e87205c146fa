//! What the pages of statistics need besides the log.

use std::path::PathBuf;

use tokio::sync::watch;

use crate::statistics::{Calendar, Live};

/// Where the statistics are, and how they are shown.
#[derive(Clone, Debug)]
pub struct StatisticsSettings {
    /// The state directory.
    pub state_dir: PathBuf,
    /// The time zone that days and hours are told in.
    pub calendar: Calendar,
    /// Rows of fewer than this are put together.
    pub smallest_cell: i64,
    /// The last half hour, as it goes on.
    pub live: watch::Receiver<Live>,
}
