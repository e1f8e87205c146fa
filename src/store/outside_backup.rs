//! What must not come back with a backup: the newest state that was signed, and who was erased. By it a restored database is known. Which keys
//! were retired lies there too ([`super::retired`]).

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{StoreError, identity::Identity, logs::Logs};
use crate::{
    durable,
    ledger::{ErasureReason, LogId, TreeHash},
};

/// What stands in the folder for whoever sets up backups.
const README: &str = "Leave this folder out of every backup, and never restore it: by it the gateway sees that the rest was restored,\n\
                      begins a new log, erases again who was erased since the backup, and lets no key count that was retired since.\n";

/// The newest state that somebody may hold our signature for. Written before the signature is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) log: LogId,
    pub(super) size: u64,
    pub(super) root: TreeHash,
}

/// [`Mark`] as it is in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredMark {
    log: String,
    size: u64,
    root: String,
    /// Which file the log was in. Programs before this one kept none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<Identity>,
}

/// The file of the mark.
pub(super) struct HighWater {
    path: PathBuf,
    stored: Option<StoredMark>,
    /// The database that is open.
    database: Identity,
}

/// The leaves of erased people, of every log that was ever written in this directory: a backup of any of them may come back. A leaf is
/// known by its place and by the log that it was written into, since after a restore another one is written to the same place.
pub(super) struct Forgotten {
    path: PathBuf,
    /// The logs of the database that is open.
    logs: Logs,
    stored: BTreeMap<String, Indices>,
    was_kept: bool,
    /// Not in the file.
    unwritten: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Indices {
    #[serde(with = "ranges")]
    request: RoaringTreemap,
    #[serde(with = "ranges")]
    order: RoaringTreemap,
}

impl HighWater {
    /// Reads what is kept, and changes nothing.
    pub(super) fn open(state_dir: &Path, database: Identity) -> Result<Self, StoreError> {
        let path = folder(state_dir).join("high-water.json");
        Ok(Self { stored: read(&path)?, path, database })
    }

    pub(super) fn is_set(&self) -> bool {
        self.stored.is_some()
    }

    /// Whether it is of this log.
    pub(super) fn names(&self, log: LogId) -> bool {
        self.stored.as_ref().is_some_and(|stored| stored.log == log.to_string())
    }

    /// Whether the leaves that were signed were in the file that is open, as far as anybody knows.
    pub(super) fn is_of_this_file(&self) -> bool {
        let known = self.stored.as_ref().and_then(|stored| stored.database);
        known.is_none_or(|known| self.database.is(known))
    }

    /// How many leaves were signed.
    pub(super) fn size(&self) -> u64 {
        self.stored.as_ref().map_or(0, |stored| stored.size)
    }

    /// Whether a tree of as many leaves as were signed has the root that was signed.
    pub(super) fn has_root(&self, root: TreeHash) -> bool {
        self.stored.as_ref().is_none_or(|stored| stored.root == root.to_string())
    }

    /// Sets the mark, on the disk first.
    pub(super) fn set(&mut self, mark: &Mark) -> io::Result<()> {
        let (log, root) = (mark.log.to_string(), mark.root.to_string());
        self.keep(StoredMark { log, size: mark.size, root, database: Some(self.database) })
    }

    /// Keeps which file the log is in, where that was not known.
    pub(super) fn take_file_over(&mut self) -> io::Result<()> {
        match self.stored.clone() {
            Some(stored) => self.keep(StoredMark { database: Some(self.database), ..stored }),
            None => Ok(()),
        }
    }

    fn keep(&mut self, mark: StoredMark) -> io::Result<()> {
        if self.stored.as_ref() != Some(&mark) {
            write(&self.path, &mark)?;
            self.stored = Some(mark);
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Forgotten {
    /// Reads what is kept, and changes nothing.
    pub(super) fn open(state_dir: &Path, logs: Logs) -> Result<Self, StoreError> {
        let path = folder(state_dir).join("erased.json");
        let stored: Option<BTreeMap<_, _>> = read(&path)?;
        let was_kept = stored.is_some();
        Ok(Self { stored: stored.unwrap_or_default(), path, logs, was_kept, unwritten: false })
    }

    /// Whether the list was there. Where nobody was erased there may be none.
    pub(super) fn was_kept(&self) -> bool {
        self.was_kept
    }

    /// Another log goes on in the database that is open.
    pub(super) fn go_on_in(&mut self, logs: Logs) {
        self.logs = logs;
    }

    /// The leaves of the database that is open whose records were erased, and why.
    pub(super) fn indices(&self) -> impl Iterator<Item = (u64, ErasureReason)> {
        self.logs.spans().filter_map(|(log, span)| Some((self.stored.get(&log.to_string())?, span))).flat_map(
            |(stored, span)| {
                let of = |set: &'_ RoaringTreemap, reason| {
                    set.iter().filter(|index| span.contains(index)).map(|index| (index, reason)).collect::<Vec<_>>()
                };
                [of(&stored.request, ErasureReason::Request), of(&stored.order, ErasureReason::Order)].concat()
            },
        )
    }

    /// Takes an index in; [`Forgotten::write`] must follow.
    pub(super) fn take_in(&mut self, index: u64, reason: ErasureReason) {
        let known = self.stored.entry(self.logs.of(index).to_string()).or_default();
        let set = match reason {
            ErasureReason::Request => &mut known.request,
            ErasureReason::Order => &mut known.order,
        };
        self.unwritten |= set.insert(index);
    }

    /// Writes what is new, also what the disk refused before.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if self.unwritten {
            write(&self.path, &self.stored)?;
            self.unwritten = false;
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The folder of all that must not come back with a backup.
pub(super) fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("outside-backup")
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(StoreError::file(path, "read what was signed and erased"))?,
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        let wrong = format!("{error}; keep a copy of the file and take it away: the gateway then begins a new log");
        StoreError::file(path, "read what was signed and erased")(io::Error::new(io::ErrorKind::InvalidData, wrong))
    })
}

/// Writes a file in that folder, and makes the folder where it is missing.
pub(super) fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value)? + "\n";
    let folder = path.parent().expect("the file is in a folder");
    let readme = folder.join("README");
    if !readme.exists() {
        durable::make_folder(folder)?;
        durable::write(&readme, README)?;
        // A crash may have left the folder with its name unsure.
        durable::sync_folder_of(folder)?;
    }
    durable::write(path, &text)
}

/// Sets of indices as lists of first and last.
mod ranges {
    use roaring::RoaringTreemap;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(set: &RoaringTreemap, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for index in set {
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(index) => *last = index,
                _ => ranges.push((index, index)),
            }
        }
        serializer.collect_seq(ranges)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RoaringTreemap, D::Error> {
        let mut set = RoaringTreemap::new();
        for (first, last) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            set.insert_range(first..=last);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last index that a database can hold.
    const LAST: u64 = i64::MAX.cast_unsigned();

    #[test]
    fn a_mark_and_the_erased_are_read_as_they_were_written() {
        let state = tempfile::tempdir().unwrap();
        let (log, other) = (LogId([7; 16]), LogId([8; 16]));
        let file = Identity::of(state.path()).unwrap();
        let mut mark = HighWater::open(state.path(), file).unwrap();
        assert!(!mark.is_set());
        mark.set(&Mark { log, size: 41, root: TreeHash([3; 32]) }).unwrap();
        let mark = HighWater::open(state.path(), file).unwrap();
        assert!(mark.is_of_this_file() && mark.names(log) && !mark.names(other) && mark.size() == 41);
        assert!(mark.has_root(TreeHash([3; 32])) && !mark.has_root(TreeHash([4; 32])));

        let logs = |newest| Logs { newest, earlier: Vec::new() };
        let mut forgotten = Forgotten::open(state.path(), logs(log)).unwrap();
        [5, 3, 4, LAST].into_iter().for_each(|index| forgotten.take_in(index, ErasureReason::Request));
        forgotten.take_in(9, ErasureReason::Order);
        forgotten.write().unwrap();
        let text = fs::read_to_string(forgotten.path()).unwrap();
        let expected = r#"{"request":[[3,5],[9223372036854775807,9223372036854775807]],"order":[[9,9]]}"#;
        assert_eq!(text, format!("{{\"{log}\":{expected}}}\n"));
        let read = Forgotten::open(state.path(), logs(log)).unwrap();
        let (request, order) = (ErasureReason::Request, ErasureReason::Order);
        let indices: Vec<_> = read.indices().collect();
        assert_eq!(indices, [(3, request), (4, request), (5, request), (LAST, request), (9, order)]);
        assert_eq!(Forgotten::open(state.path(), logs(other)).unwrap().indices().count(), 0);
        // The other log goes on after 5 leaves of this one: what is beyond them is not in this database.
        let both = Logs { newest: other, earlier: vec![(log, 5)] };
        let mut read = Forgotten::open(state.path(), both).unwrap();
        assert_eq!(read.indices().collect::<Vec<_>>(), [(3, request), (4, request)]);
        read.take_in(9, request);
        assert_eq!(read.indices().collect::<Vec<_>>(), [(9, request), (3, request), (4, request)]);
        read.go_on_in(logs(log));
        assert!(read.indices().eq(indices), "nothing was given up");
    }

    #[test]
    fn a_file_that_is_something_else_is_named() {
        let state = tempfile::tempdir().unwrap();
        fs::create_dir(folder(state.path())).unwrap();
        fs::write(state.path().join("outside-backup/high-water.json"), "{").unwrap();
        let file = Identity::of(state.path()).unwrap();
        let message = HighWater::open(state.path(), file).err().unwrap().to_string();
        assert!(message.contains("high-water.json") && message.contains("begins a new log"), "{message}");
    }
}
