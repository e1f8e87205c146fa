//! What can go wrong with the log: where, what, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the log can't be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the state directory.
    #[error("{path}: in use by {holder}; only one process may write the log: stop that one, or let it do the work")]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Process number and command, as the holder wrote them.
        holder: String,
    },
    /// A command would have to write into a log that may be going on somewhere else.
    #[error(
        "{path}: this is a copy of a consent log, or one that was moved or restored ({reason}). Nothing was changed: a log that is written in \
         two places can't be believed in either. Start the gateway on it first, then a new log goes on after these leaves; or mount the \
         directory read-only, then it can be read, and exported, without a trace in the log"
    )]
    Copy {
        /// The state directory.
        path: PathBuf,
        /// By what it is known.
        reason: &'static str,
    },
    /// There is no log here.
    #[error("{path}: there is no consent log here; check `state_dir`, or start the gateway once to make one")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file or directory refuses.
    #[error(
        "{path}: cannot {doing}: {source}; check owner and permissions (the directory belongs to the gateway's user, mode 0700)"
    )]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
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
    #[error(
        "{path}: the consent log is damaged: {what}; keep a copy of the directory for the auditor, then restore a backup"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A later version of the program wrote it.
    #[error("{path}: written in format {found}, this program knows formats up to {known}; run the newer program again")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: i64,
        /// The newest known.
        known: i64,
    },
    /// The library can lose committed entries.
    #[error(
        "SQLite {found} is linked, versions before 3.51.3 can lose committed entries; build with the bundled library"
    )]
    OldLibrary {
        /// Its version.
        found: &'static str,
    },
    /// The last entries can't be read from where they are.
    #[error(
        "{path}: the gateway was stopped hard and its last entries are still in this file, but the directory is read-only; \
             start the gateway once, or copy the directory to where it can be written and read it there"
    )]
    Unfinished {
        /// The write-ahead log.
        path: PathBuf,
    },
}

impl StoreError {
    pub(super) fn file(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), doing, source }
    }

    /// Tells a damaged file from a database that refuses for another reason.
    pub(super) fn database(path: &Path, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Damaged { path: path.to_owned(), what: source.to_string() }
            }
            _ => Self::Database { path: path.to_owned(), doing, source },
        }
    }
}

/// Why something was not written. Nothing is in force that needs it to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// More is waiting to be written than the queue holds; it may work in a moment.
    #[error("too many entries are waiting for the consent log")]
    Full,
    /// The disk, the database or the writer refuses.
    #[error("the consent log can't be written: {0}")]
    Unwritable(Box<str>),
}

impl AppendError {
    pub(super) fn stopped() -> Self {
        Self::Unwritable("its writer has stopped; restart the gateway".into())
    }
}

impl From<&rusqlite::Error> for AppendError {
    fn from(error: &rusqlite::Error) -> Self {
        Self::Unwritable(error.to_string().into())
    }
}
