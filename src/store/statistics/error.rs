//! What can go wrong with the statistics' file: where, what, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{super::StoreError, FORMAT};
use crate::statistics::Day;

/// Why the statistics can't be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// Nothing was counted here yet.
    #[error("{path}: nothing was counted here yet; check `state_dir`, or start the gateway once")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file can't be made.
    #[error("{path}: cannot make the statistics: {source}; check owner and permissions of the directory")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database refuses.
    #[error("{path}: cannot {doing}: {source}; check free space and permissions of the directory")]
    Database {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file is not what was written.
    #[error("{path}: the statistics are damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A later version of the program wrote it.
    #[error("{path}: written in format {found}, this program knows {FORMAT}; run the newer program again")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: i64,
    },
    /// What is to be read in was read in before.
    #[error("this log was read in before, on {at}: reading it again would count everything twice")]
    ReadBefore {
        /// The day.
        at: String,
    },
    /// What is to be read in was counted by the gateway itself.
    #[error(
        "there are lines of {day}, and from {first} on the gateway has counted by itself; leave them out with `--until {before}`"
    )]
    CountedHere {
        /// The day of the lines.
        day: String,
        /// The first day counted here.
        first: String,
        /// The day before it.
        before: String,
    },
    /// Another command reads logs in.
    #[error("another `kelisim stats import` is at work on this directory; wait for its end")]
    ImportRuns,
    /// The directory can't be held.
    #[error(transparent)]
    Directory(Box<StoreError>),
    /// A gateway runs, or another command.
    #[error("the directory is in use by {holder}")]
    Running {
        /// Who holds it.
        holder: String,
    },
}

impl StatisticsError {
    pub(super) fn database(path: &Path, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { path: path.to_owned(), doing, source }
    }

    /// Lines of a day that the gateway has counted, or of a later one.
    pub fn counted_here(day: Day, first: Day) -> Self {
        let before = first.plus(-1).to_string();
        Self::CountedHere { day: day.to_string(), first: first.to_string(), before }
    }
}

impl From<StoreError> for StatisticsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Locked { holder, .. } => Self::Running { holder },
            error => Self::Directory(Box::new(error)),
        }
    }
}
