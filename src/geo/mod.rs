//! Which country an address is in: a database that the operator supplies, read again when its file changes.

mod database;

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwapOption;

pub use database::{Answer, Database, DatabaseFault};

use crate::{consent::Country, rereading::Rereading, timestamp::Timestamp, visitor::TruncatedAddress};

/// Where the database is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The file, or none: then every country is unknown.
    pub database: Option<PathBuf>,
}

/// Which database answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The name of its file, without the folder.
    pub file: String,
    /// What it calls itself, such as `GeoLite2-Country`.
    pub kind: String,
    /// When it was made.
    pub built: Timestamp,
}

/// Looks countries up by the truncated address, in the newest database that could be read.
#[derive(Debug)]
pub struct Countries {
    file: Option<PathBuf>,
    current: ArcSwapOption<Database>,
    /// Of nothing where there is no file.
    rereading: Mutex<Rereading<Option<Stamp>>>,
}

/// Tells one state of a file from another: a file that was put in the place of another has another number, and every change of content,
/// owner or rights moves the second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    number: u64,
    length: u64,
    changed: (i64, i64),
}

impl Default for Countries {
    /// None: every country is unknown.
    fn default() -> Self {
        Self { file: None, current: ArcSwapOption::empty(), rereading: Mutex::new(Rereading::new(None)) }
    }
}

impl Countries {
    /// Reads the whole file, so that a later change of it can't harm a running gateway.
    ///
    /// # Errors
    ///
    /// When there is a file and it is no database of countries; the error names it.
    pub fn open(settings: &Settings) -> io::Result<Self> {
        let Some(file) = &settings.database else { return Ok(Self::default()) };
        // Before it is read: what changes meanwhile is seen at the next look.
        let stamp = stamp(file);
        let database = read(file)?;
        Ok(Self {
            file: Some(file.clone()),
            current: ArcSwapOption::from_pointee(database),
            rereading: Mutex::new(Rereading::new(Some(stamp))),
        })
    }

    /// Reads the file again if it changed. `Ok(true)` when a new database is in use. Waits for the disk.
    ///
    /// # Errors
    ///
    /// When the file can't be read or is no database of countries: the old one stays in use. That is told once for each change.
    pub fn read_again(&self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let mut rereading = self.rereading.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = rereading.again(Some(stamp(file)), || read(file))? else { return Ok(false) };
        self.current.store(Some(Arc::new(database)));
        Ok(true)
    }

    /// The country, or `None` when there is no database or it does not say.
    pub fn find(&self, address: TruncatedAddress) -> Option<Country> {
        self.current.load().as_ref()?.country(address)
    }

    /// Which database answers, and what it answers; `None` without one.
    pub fn explain(&self, address: TruncatedAddress) -> Option<(Described, Answer)> {
        let current = self.current.load_full()?;
        Some((self.describe(&current)?, current.answer(address)))
    }

    /// Which database answers; `None` without one.
    pub fn described(&self) -> Option<Described> {
        self.describe(self.current.load().as_ref()?)
    }

    fn describe(&self, database: &Database) -> Option<Described> {
        let file = self.file.as_ref()?.file_name()?.to_string_lossy().into_owned();
        Some(Described { file, kind: database.kind(), built: database.built() })
    }
}

fn read(file: &Path) -> io::Result<Database> {
    let told = |kind, error: &dyn std::fmt::Display| {
        io::Error::new(kind, format!("{}: no database of countries: {error}", file.display()))
    };
    let bytes = fs::read(file).map_err(|error| told(error.kind(), &error))?;
    Database::read(bytes).map_err(|fault| told(io::ErrorKind::InvalidData, &fault))
}

fn stamp(file: &Path) -> Stamp {
    let gone = Stamp { number: 0, length: 0, changed: (0, 0) };
    fs::metadata(file).map_or(gone, |metadata| Stamp {
        number: metadata.ino(),
        length: metadata.len(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}
