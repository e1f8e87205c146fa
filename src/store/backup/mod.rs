//! A copy of the state directory in one file, and putting it back.
//!
//! A backup holds everything but the folder `outside-backup`, by which a directory that came back is known: the log, the statistics, every key
//! and every list. Databases are copied by SQLite as they were at one moment, while the gateway writes on.

mod files;
mod losing;
mod manifest;
mod place;
mod put_back;
#[cfg(test)]
mod tests;
mod write;

use std::{
    io,
    path::{Path, PathBuf},
};

pub(super) use self::put_back::remove_unpacked;
pub use self::{
    losing::Losing,
    manifest::Manifest,
    place::{Place, refuse_within},
    put_back::{PutBack, put_back},
    write::write_backup,
};
use super::StoreError;

/// Why there is no backup, or why it was not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Of the state directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More than a state directory can hold.
    #[error("{path}: more than {most} files; this is no state directory of Kelisim, or something else lies in it: move that away", most = files::MOST_FILES)]
    TooMany {
        /// The state directory.
        path: PathBuf,
    },
    /// The place for the backup refuses.
    #[error(
        "the backup can't be written: {0}; look for free space there, it takes as much as the state directory twice"
    )]
    Output(io::Error),
    /// The place for the backup is in what is backed up.
    #[error(
        "{path} lies in the state directory {state_dir}: a backup there would not outlive it. Name a place elsewhere, such as          {state_dir}-backups/; in a container that is a volume of its own"
    )]
    Within {
        /// The place.
        path: PathBuf,
        /// The state directory.
        state_dir: PathBuf,
    },
    /// What is to be put back is no backup, or not a whole one.
    #[error("{0}; take another backup")]
    NotABackup(String),
    /// A gateway of today does not know what a later one wrote.
    #[error(
        "this backup has the form {found}, and this program knows {known}: restore it with the version that made it, or a later one"
    )]
    Later {
        /// The form found.
        found: u32,
        /// The form known.
        known: u32,
    },
    /// There is a log, and it is another one.
    #[error(
        "{path} holds another consent log ({there}) than the backup ({backup}), and stays as it is. Move it away first, where an auditor finds it: \
         mv {path} {path}.before"
    )]
    AnotherLog {
        /// The state directory.
        path: PathBuf,
        /// The log in it.
        there: String,
        /// The log in the backup.
        backup: String,
    },
    /// What is there is newer, or can't be read, and would be gone.
    #[error(
        "{path} {what}. Keep a copy of it, such as by `kelisim backup` or `cp -a`, and run the command again with --replace"
    )]
    WouldLose {
        /// The state directory.
        path: PathBuf,
        /// What would be lost.
        what: String,
    },
}

impl BackupError {
    fn file(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Store(StoreError::File { path, doing, source })
    }
}
