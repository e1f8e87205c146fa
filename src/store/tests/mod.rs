//! Promises of the store, each tried on a real file.

mod bundling;
mod crashing;
mod directory;
mod documents;
mod erasing;
mod integrity;
mod reading;
mod refusing;
mod restoring;
mod signing;
mod witnessing;
mod writing;

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
};

use tempfile::TempDir;

use super::{Settings, Store, StoreError, opening::Opener, writer::Writer};
use crate::{
    clock::Clock,
    ledger::{Event, LeafHash, LeafIndex, Row, leaf_hash},
    timestamp::Timestamp,
};

/// A state directory of its own, and a clock that stands still.
struct House {
    directory: TempDir,
    clock: Clock,
}

impl House {
    fn new() -> Self {
        let clock = Clock::standing_at(Timestamp::parse("2026-11-22T12:00:00Z").unwrap());
        Self { directory: TempDir::new().unwrap(), clock }
    }

    fn state_dir(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    fn settings(&self) -> Settings {
        Settings { state_dir: self.state_dir(), host: "shop.example".into() }
    }

    fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&self.settings(), self.clock.clone())
    }

    fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    /// What a kill of the process would leave: the files as they are now, in a house of their own.
    fn copy_as_it_is(&self) -> Self {
        let copy = Self { directory: TempDir::new().unwrap(), clock: self.clock.clone() };
        // What was signed is looked at first: it is never ahead of the log.
        for name in ["outside-backup/high-water.json", "outside-backup/erased.json"].into_iter().chain(BACKED_UP) {
            if let Ok(bytes) = std::fs::read(self.state_dir().join(name)) {
                let path = copy.state_dir().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
        // A kill leaves the very file; that this one is a copy is not to be known.
        copy.forget_the_file();
        copy
    }

    /// Makes the mark one of a program that did not keep which file the log is in.
    fn forget_the_file(&self) {
        let path = self.state_dir().join("outside-backup/high-water.json");
        let mut mark: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        mark.as_object_mut().unwrap().remove("database").unwrap();
        std::fs::write(path, mark.to_string()).unwrap();
    }

    /// Every file in the state directory, in a directory of its own.
    fn copy_whole(&self) -> Self {
        let copy = Self { directory: TempDir::new().unwrap(), clock: self.clock.clone() };
        for folder in ["", "outside-backup"] {
            std::fs::create_dir_all(copy.state_dir().join(folder)).unwrap();
            for entry in std::fs::read_dir(self.state_dir().join(folder)).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() {
                    std::fs::copy(entry.path(), copy.state_dir().join(folder).join(entry.file_name())).unwrap();
                }
            }
        }
        copy
    }

    /// The hash of every file but the lock, which says who came last, and those that SQLite makes for readers.
    fn files(&self) -> std::collections::BTreeMap<PathBuf, LeafHash> {
        let mut files = std::collections::BTreeMap::new();
        for folder in [self.state_dir(), self.state_dir().join("outside-backup")] {
            for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() {
                    files.insert(entry.path(), leaf_hash(&std::fs::read(entry.path()).unwrap()));
                }
            }
        }
        files
    }

    /// Takes a backup of a store that is closed.
    fn back_up(&self) -> Backup {
        let read = |name| Some((name, std::fs::read(self.state_dir().join(name)).ok()?));
        Backup(BACKED_UP.into_iter().filter_map(read).collect())
    }

    fn restore(&self, backup: &Backup) {
        for name in BACKED_UP {
            let _ = std::fs::remove_file(self.state_dir().join(name));
        }
        for (name, bytes) in &backup.0 {
            std::fs::write(self.state_dir().join(name), bytes).unwrap();
        }
    }

    /// Does something to the database by hand, with nobody else there.
    fn by_hand(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.state_dir().join("consent.sqlite")).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

const BACKED_UP: [&str; 4] = ["log.key", "record.keys", "consent.sqlite", "consent.sqlite-wal"];

/// The files that an operator backs up.
struct Backup(Vec<(&'static str, Vec<u8>)>);

fn forever() -> (Timestamp, Timestamp) {
    (Timestamp::default(), Timestamp::from_milliseconds(i64::MAX))
}

fn read_all(state_dir: &Path) -> Vec<Row> {
    let reader = super::Reader::open(state_dir).unwrap();
    let (from, to) = forever();
    reader.events(from, to).unwrap().map(Result::unwrap).collect()
}

/// Runs something on the writer's thread and waits for it.
fn on_writer<T: Send + 'static>(store: &Store, work: impl FnOnce(&mut Writer) -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    store.0.inbox.push_task(Box::new(move |writer| drop(done.send(work(writer))))).unwrap();
    result.recv().unwrap()
}

/// Holds the writer until the sender is used or dropped.
fn hold_writer(store: &Store) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let (entered, inside) = mpsc::channel();
    let hold = move |_: &mut Writer| {
        entered.send(()).unwrap();
        let _ = held.recv();
    };
    store.0.inbox.push_task(Box::new(hold)).unwrap();
    inside.recv().unwrap();
    release
}

async fn append(store: &Store, event: Event) -> LeafIndex {
    store.append(event).await.unwrap().index
}
