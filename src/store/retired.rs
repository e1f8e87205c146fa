//! Which keys were retired. A backup brings its keys back, and the reason to retire one is that somebody else has a backup: so it is kept
//! where no backup brings anything back.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{StoreError, outside_backup};
use crate::ledger::hex;

/// The keys that count no more, by their SHA-256.
pub(super) struct Retired {
    path: PathBuf,
    hashes: BTreeSet<String>,
}

impl Retired {
    /// Reads what is kept, and changes nothing.
    pub(super) fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let path = outside_backup::folder(state_dir).join("retired-keys.json");
        let failed = || StoreError::file(&path, "read which keys were retired");
        let hashes = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeSet::new(),
            read => serde_json::from_str(&read.map_err(failed())?).map_err(|error| {
                let wrong = format!("{error}; take the file away, then `kelisim key rotate --retire` makes it anew");
                failed()(io::Error::new(io::ErrorKind::InvalidData, wrong))
            })?,
        };
        Ok(Self { path, hashes })
    }

    pub(super) fn contains(&self, key: &[u8; 32]) -> bool {
        self.hashes.contains(&hash(key))
    }

    /// Keeps further ones, on the disk before this returns.
    pub(super) fn add<'a>(&mut self, keys: impl IntoIterator<Item = &'a [u8; 32]>) -> Result<(), StoreError> {
        self.hashes.extend(keys.into_iter().map(hash));
        outside_backup::write(&self.path, &self.hashes)
            .map_err(StoreError::file(&self.path, "write which keys were retired"))
    }
}

fn hash(key: &[u8; 32]) -> String {
    hex(digest(&SHA256, key).as_ref())
}
