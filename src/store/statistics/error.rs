//! What can go wrong with the statistics' file: where, what, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::FORMAT;

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
        "the log goes to {last}, and from {first} on the gateway has counted by itself: give the part before {first} (`--until`)"
    )]
    CountedHere {
        /// The last day of what is to be read in.
        last: String,
        /// The first day counted here.
        first: String,
    },
}

impl StatisticsError {
    pub(super) fn database(path: &Path, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { path: path.to_owned(), doing, source }
    }
}
