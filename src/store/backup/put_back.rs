//! Putting a backup back: everything is unpacked and checked first, and takes its place then.
//!
//! What stops in the middle leaves files of both, never a mixture within one; the same command finishes it. In each case the log is another
//! file than before, by which the gateway knows that it was restored, and goes on as a new log.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, BufWriter, Read, Seek, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, lchown},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::{Connection, OpenFlags};
use zip::ZipArchive;

use super::{
    BackupError,
    files::{self, MOST_FILES, is_ours},
    losing::{self, Losing, logs_and_size, names},
    manifest::{self, Facts, Manifest},
};
use crate::{
    durable,
    ledger::hex,
    store::{
        StoreError, database,
        directory::{self, Lock},
        integrity, keys,
    },
};

/// Where a backup is unpacked, in the state directory; no file of a backup has such a name.
const UNPACKED: &str = "unpacked.restored";
/// How much is copied at once, in bytes.
const PIECE: usize = 64 << 10;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutBack {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Whether it is known here who was erased since, so that they are erased again.
    pub knows_erased: bool,
    /// How many of its keys were retired since, and go again at the next start.
    pub retired_keys: usize,
}

/// Puts a backup into a state directory, in which no gateway runs.
///
/// # Errors
///
/// When somebody holds the directory, it holds another log, or a newer state of it that may not be lost; when the backup is damaged; when a
/// file refuses. In all but the last case nothing is changed.
pub fn put_back(state_dir: &Path, backup: impl Read + Seek, losing: Losing) -> Result<PutBack, BackupError> {
    let broken = |what: &str| BackupError::NotABackup(what.to_owned());
    let mut archive = ZipArchive::new(backup).map_err(|_| broken("this is no backup: it is not a ZIP file"))?;
    let manifest = read_manifest(&mut archive)?;
    directory::prepare_directory(state_dir)?;
    // Before the lock, with which reading would leave files behind.
    let must_be_in = losing::refuse(state_dir, &manifest, losing)?;
    let _lock = Lock::take(state_dir)?;
    let unpacked = Unpacked::make(state_dir)?;
    for (name, facts) in &manifest.files {
        unpacked.take(&mut archive, name, facts)?;
    }
    check_log(&unpacked.0.join("consent.sqlite"), &manifest, |path, log| {
        must_be_in.map_or(Ok(()), |leaves| leaves.check(state_dir, path, log))
    })?;
    // Where nobody was erased there is a mark alone.
    let kept = ["outside-backup/erased.json", "outside-backup/high-water.json"];
    let knows_erased = kept.iter().any(|name| state_dir.join(name).exists());
    let retired_keys = keys::retired_among(state_dir, &unpacked.0)?;
    replace(state_dir, &unpacked.0, &manifest)?;
    Ok(PutBack { manifest, knows_erased, retired_keys })
}

/// Removes what a restore left that was interrupted: everything that was recorded, which no erasure reaches. The caller holds the lock.
pub(in crate::store) fn remove_unpacked(state_dir: &Path) {
    // Where it can't be removed a gateway starts all the same.
    _ = fs::remove_dir_all(state_dir.join(UNPACKED));
}

fn read_manifest(archive: &mut ZipArchive<impl Read + Seek>) -> Result<Manifest, BackupError> {
    let broken = |what: String| BackupError::NotABackup(what);
    let file = archive.by_name(manifest::NAME);
    let file = file.map_err(|_| {
        broken(format!("this is no backup of Kelisim, or not a whole one: it has no {}", manifest::NAME))
    })?;
    let mut text = String::new();
    file.take(manifest::LONGEST).read_to_string(&mut text).map_err(|_| broken("the backup is damaged".to_owned()))?;
    // The form first: a later one may have other fields.
    let form: Option<u32> = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|value| value.get("form")?.as_u64()?.try_into().ok());
    match form {
        Some(manifest::FORM) => {}
        Some(found) => return Err(BackupError::Later { found, known: manifest::FORM }),
        None => return Err(broken(format!("{} in the backup can't be read", manifest::NAME))),
    }
    let mut manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| broken(format!("{} in the backup can't be read: {error}", manifest::NAME)))?;
    // A backup that was written into the state directory was in those that followed: that is nothing to bring back.
    manifest.files.retain(|name, _| !files::is_of_a_backup(name));
    if let Some(name) = manifest.files.keys().find(|name| !files::belongs(name)) {
        return Err(broken(format!("the backup holds {name:?}, which is no file of a state directory")));
    }
    if manifest.files.len() > MOST_FILES || !manifest.files.contains_key("consent.sqlite") || manifest.logs.is_empty() {
        return Err(broken("the backup holds no consent log, or more files than a state directory has".to_owned()));
    }
    Ok(manifest)
}

/// Every leaf of the log in the backup is what was written, and what is asked of it besides.
fn check_log(
    path: &Path,
    manifest: &Manifest,
    also: impl FnOnce(&Path, &Connection) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let failed = || StoreError::database(path, "check the log of the backup");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed())?;
    database::check_format(&connection, path)?;
    let (logs, size) = logs_and_size(&connection, path)?;
    let frontier = integrity::check(&connection, path)
        .map_err(|error| BackupError::NotABackup(format!("the log in the backup is damaged: {error}")))?;
    if names(&logs) != manifest.logs || size != manifest.leaves || frontier.size() != size {
        return Err(BackupError::NotABackup("the log in the backup is another one than the backup says".to_owned()));
    }
    also(path, &connection)
}

/// The unpacked files, removed when this is dropped.
struct Unpacked(PathBuf);

impl Unpacked {
    fn make(state_dir: &Path) -> Result<Self, BackupError> {
        let folder = state_dir.join(UNPACKED);
        let failed = || BackupError::file(&folder, "unpack the backup here");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed()(error)),
            _ => {}
        }
        make_folder(state_dir, &folder).map_err(failed())?;
        Ok(Self(folder))
    }

    /// Unpacks one file, which must be what the manifest says.
    fn take(&self, archive: &mut ZipArchive<impl Read + Seek>, name: &str, facts: &Facts) -> Result<(), BackupError> {
        let damaged = |what: &str| BackupError::NotABackup(format!("the backup is damaged: {name} {what}"));
        let state_dir = self.0.parent().expect("it lies in the state directory");
        let to = self.0.join(name);
        let failed = || BackupError::file(&to, "unpack the backup here");
        let folders: Vec<_> = Path::new(name).ancestors().skip(1).filter(|part| !part.as_os_str().is_empty()).collect();
        for folder in folders.into_iter().rev() {
            make_folder(state_dir, &self.0.join(folder)).map_err(failed())?;
        }
        let mut from = archive.by_name(name).map_err(|_| damaged("is missing"))?.take(facts.bytes + 1);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to).map_err(failed())?;
        durable::give_to_owner(state_dir, &file).map_err(failed())?;
        let mut output = BufWriter::new(file);
        let (mut hash, mut bytes, mut piece) = (Context::new(&SHA256), 0, vec![0; PIECE]);
        loop {
            let count = from.read(&mut piece).map_err(|_| damaged("can't be unpacked"))?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            bytes += count as u64;
            output.write_all(&piece[..count]).map_err(failed())?;
        }
        if bytes != facts.bytes || hex(hash.finish().as_ref()) != facts.sha256 {
            return Err(damaged("is not what was written"));
        }
        output.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all()).map_err(failed())
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // After all went well it is empty; otherwise the next restore removes it.
        _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes a folder for the directory's owner alone, where it is not there.
fn make_folder(state_dir: &Path, folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    let owner = fs::metadata(state_dir)?;
    if fs::metadata(folder)?.uid() == owner.uid() {
        return Ok(());
    }
    lchown(folder, Some(owner.uid()), Some(owner.gid()))
}

/// Gives every file its place, and removes what Kelisim made since. What somebody else put there stays, such as a backup.
fn replace(state_dir: &Path, unpacked: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let refused = |path: &Path| BackupError::file(path, "put the backup here");
    // The parts of databases first: what they hold belongs to the files that go.
    for name in ["consent.sqlite", "statistics.sqlite"] {
        for ending in ["-wal", "-shm", "-journal"] {
            remove(&state_dir.join(format!("{name}{ending}")))?;
        }
    }
    for name in files::files(state_dir)?.keys().filter(|name| is_ours(name) && !manifest.files.contains_key(*name)) {
        remove(&state_dir.join(name))?;
    }
    // A part that came back after a power loss would be taken for one of the files that follow.
    durable::sync_folder(state_dir).map_err(refused(state_dir))?;
    let mut changed = BTreeSet::from([state_dir.to_owned()]);
    for name in manifest.files.keys() {
        let to = state_dir.join(name);
        changed.extend(to.parent().map(Path::to_owned));
        let folders: Vec<_> = Path::new(name).ancestors().skip(1).filter(|part| !part.as_os_str().is_empty()).collect();
        for folder in folders.into_iter().rev() {
            make_folder(state_dir, &state_dir.join(folder)).map_err(refused(&to))?;
        }
        fs::rename(unpacked.join(name), &to).map_err(refused(&to))?;
    }
    changed.iter().try_for_each(|folder| durable::sync_folder(folder).map_err(refused(folder)))
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::file(path, "remove this file")(error))
        }
        _ => Ok(()),
    }
}
