//! Writing a backup beside a running gateway.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File},
    io::{self, BufReader, Read, Write},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::{Connection, OpenFlags};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::{
    BackupError,
    files::{self, Kind},
    losing::{logs_and_size, names},
    manifest::{self, Facts, Manifest},
    place::Place,
};
use crate::{
    ledger::hex,
    store::{Reader, StoreError, database, directory, logs::Logs},
    timestamp::Timestamp,
};

/// How much is copied at once, in bytes.
const PIECE: usize = 64 << 10;

/// Writes a backup of a state directory. In its place there must be room for a copy of the databases besides.
///
/// The log is copied first, so that every key that something in it was signed with is in the files that follow.
///
/// # Errors
///
/// When there is no log, a file can't be read, or the output or the folder refuses.
pub fn write_backup(
    state_dir: &Path,
    place: &Place,
    output: impl Write,
    made: Timestamp,
) -> Result<Manifest, BackupError> {
    let log = directory::database(state_dir);
    drop(Reader::open(state_dir)?);
    let copies = Copies::make(place.copies())?;
    let copied = copies.database(&log, "consent.sqlite")?;
    let (logs, leaves) = described(&copied)?;
    let mut archive = Archive { zip: ZipWriter::new_stream(output), files: BTreeMap::new() };
    archive.add("consent.sqlite", &copied)?;
    // After the log, which is listed with the others.
    for (name, kind) in files::files(state_dir)? {
        let path = state_dir.join(&name);
        match kind {
            _ if name == "consent.sqlite" => {}
            Kind::Database => {
                let copied = copies.database(&path, "copied.sqlite")?;
                archive.add(&name, &copied)?;
                fs::remove_file(&copied).map_err(BackupError::Output)?;
            }
            // What is gone since the folder was read needs no copy.
            Kind::Ordinary if path.exists() => archive.add(&name, &path)?,
            Kind::Ordinary => {}
        }
    }
    let program = concat!("kelisim ", env!("CARGO_PKG_VERSION")).to_owned();
    let manifest = Manifest {
        form: manifest::FORM,
        program,
        made: made.to_string(),
        logs: names(&logs),
        leaves,
        files: archive.files,
    };
    let mut zip = archive.zip;
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| BackupError::Output(error.into()))?;
    zip.start_file(manifest::NAME, options(text.len() as u64))
        .map_err(io::Error::from)
        .and_then(|()| zip.write_all(format!("{text}\n").as_bytes()))
        .and_then(|()| zip.finish()?.into_inner().flush())
        .map_err(BackupError::Output)?;
    Ok(manifest)
}

/// The logs in a copy, and its leaves.
fn described(copy: &Path) -> Result<(Logs, u64), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(copy, flags)
        .map_err(StoreError::database(copy, "read the copy of the consent log"))?;
    logs_and_size(&connection, copy)
}

/// The copies of databases, gone when this is dropped: what is in them is erased one day.
struct Copies(PathBuf);

impl Copies {
    fn make(folder: &Path) -> Result<Self, BackupError> {
        DirBuilder::new().mode(0o700).create(folder).map_err(BackupError::file(folder, "make this folder"))?;
        Ok(Self(folder.to_owned()))
    }

    /// Copies a database as it is at one moment, whatever is written meanwhile.
    fn database(&self, from: &Path, name: &str) -> Result<PathBuf, BackupError> {
        let to = self.0.join(name);
        let failed = || StoreError::database(from, "copy this database");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(from, flags).map_err(failed())?;
        database::configure_any(&connection).map_err(failed())?;
        let named = to.to_str().ok_or_else(|| BackupError::Output(io::Error::other("the folder's name is no text")))?;
        connection.execute("VACUUM INTO ?1", [named]).map_err(failed())?;
        Ok(to)
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // What can't be removed is in a folder for this user alone, and the next backup in this place tries again.
        _ = fs::remove_dir_all(&self.0);
    }
}

struct Archive<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    files: BTreeMap<String, Facts>,
}

impl<W: Write> Archive<W> {
    fn add(&mut self, name: &str, from: &Path) -> Result<(), BackupError> {
        let read = BackupError::file(from, "read this file");
        let (file, length) = match File::open(from).and_then(|file| Ok((file.metadata()?.len(), file))) {
            Ok((length, file)) => (file, length),
            Err(error) => return Err(read(error)),
        };
        self.zip.start_file(name, options(length)).map_err(|error| BackupError::Output(error.into()))?;
        let mut hash = Context::new(&SHA256);
        let mut reader = BufReader::with_capacity(PIECE, file);
        let (mut piece, mut bytes) = (vec![0; PIECE], 0_u64);
        loop {
            let count = reader.read(&mut piece).map_err(BackupError::file(from, "read this file"))?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            bytes += count as u64;
            self.zip.write_all(&piece[..count]).map_err(BackupError::Output)?;
        }
        self.files.insert(name.to_owned(), Facts { bytes, sha256: hex(hash.finish().as_ref()) });
        Ok(())
    }
}

fn options(length: u64) -> SimpleFileOptions {
    // A file that may be longer than 4 GiB needs other fields, from its beginning on.
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .large_file(length >= u64::from(u32::MAX) / 2)
        .last_modified_time(zip::DateTime::default())
}
