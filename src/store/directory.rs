//! The state directory: made for one user alone, held by one process alone.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::StoreError;
use crate::{consent::ConsentId, durable};

/// How much of a lock file is read to name the holder, in bytes: a command line, not a novel.
const LONGEST_HOLDER: u64 = 512;

/// How often a lock is tried again before somebody else is said to hold it, and how long the pause between two tries is.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The database in a state directory.
pub(super) fn database(state_dir: &Path) -> PathBuf {
    state_dir.join("consent.sqlite")
}

/// The write-ahead log beside it, as SQLite names it.
pub(super) fn write_ahead_log(state_dir: &Path) -> PathBuf {
    state_dir.join("consent.sqlite-wal")
}

/// Makes the directory (0700) where it is missing, and makes sure of its name.
pub(super) fn prepare_directory(state_dir: &Path) -> Result<(), StoreError> {
    let doing = "make the state directory";
    durable::make_folder(state_dir).map_err(StoreError::file(state_dir, doing))?;
    // A service manager that made it has not waited for the disk. Where that is not allowed, nothing more can be done.
    _ = durable::sync_folder_of(state_dir);
    Ok(())
}

/// Makes an empty database file (0600) where it is missing: SQLite gives its other files the same mode.
pub(super) fn prepare_database(state_dir: &Path) -> Result<PathBuf, StoreError> {
    let path = database(state_dir);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::file(&path, "make the consent log")(error))
        }
        _ => Ok(path),
    }
}

/// The right to write, for as long as it lives. The system takes it back from a process that dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock and leaves the process number and command for whoever comes second.
    pub(super) fn take(state_dir: &Path) -> Result<Self, StoreError> {
        let path = state_dir.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(|error| {
            // Somebody may hold it all the same, who sees the directory from another place.
            let elsewhere = error.kind() == io::ErrorKind::ReadOnlyFilesystem;
            let held = if elsewhere { Self::share(state_dir).err() } else { None };
            held.unwrap_or_else(|| StoreError::file(&path, "open the lock file")(error))
        })?;
        match patiently(|| file.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { holder: holder(&file), path }),
            Err(TryLockError::Error(error)) => return Err(StoreError::file(&path, "lock the state directory")(error)),
        }
        let line = format!("process {} ({})\n", std::process::id(), command_line(std::env::args_os()));
        // Where a command of root's made it, the gateway must be able to take it later.
        let _ = durable::give_to_owner(state_dir, &file);
        // A full disk must not keep the gateway from starting: the lock holds without its text.
        let _ = file.set_len(0).and_then(|()| file.write_all(line.as_bytes()));
        Ok(Self { _file: file })
    }

    /// Keeps writers out while somebody reads a file that must not change. Where no writer ever was there is nothing to hold.
    pub(super) fn share(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = state_dir.join("lock");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::file(&path, "open the lock file")(error)),
        };
        match patiently(|| file.try_lock_shared()) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { holder: holder(&file), path }),
            Err(TryLockError::Error(error)) => Err(StoreError::file(&path, "lock the state directory")(error)),
        }
    }
}

/// Tries a few times: a lock that was given up lives on for the moment in which a process that is being started still shares every open file
/// of the one that starts it.
fn patiently(lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            answered => return answered,
        }
    }
    lock()
}

/// The command as it was written, but for the number of a person: the file stays, and an erasure must leave nothing behind.
fn command_line(words: impl Iterator<Item = OsString>) -> String {
    let shown = |word: OsString| match word.to_string_lossy() {
        // With hyphens it is the number of a record.
        text if ConsentId::parse(&text).is_some() => "NUMBER".to_owned(),
        text => text.into_owned(),
    };
    words.map(shown).collect::<Vec<_>>().join(" ")
}

fn holder(file: &File) -> String {
    let mut bytes = Vec::new();
    let _ = file.take(LONGEST_HOLDER).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    if text.is_empty() { "a process that left no name".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_a_command_and_no_person() {
        for number in ["0123456789abcdef0123456789abcdef", "01234567-89ab-4def-8123-456789abcdef"] {
            let words = ["kelisim", "log", "erase", number, "--config", "a.toml"].map(OsString::from);
            assert_eq!(command_line(words.into_iter()), "kelisim log erase NUMBER --config a.toml");
        }
    }
}
