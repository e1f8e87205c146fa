//! Where a backup is written: outside the state directory, with room for copies of databases meanwhile, and without what a backup left there
//! that was interrupted. That holds everything that was recorded, and no erasure reaches it.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{BackupError, files::COPIES};
use crate::{clock, ledger::hex};

/// A folder for backups. Others may write there meanwhile, and whoever comes next removes what this one could not.
#[derive(Debug)]
pub struct Place {
    copies: PathBuf,
    removed: Vec<(PathBuf, io::Result<()>)>,
    /// Shared by all who write a backup here; only who has it alone removes anything. The system takes it back from a process that dies.
    _lock: Option<File>,
}

impl Place {
    /// Beside a file that is to be a backup.
    ///
    /// # Errors
    ///
    /// When it would lie in the state directory.
    pub fn beside(out: &Path, state_dir: &Path) -> Result<Self, BackupError> {
        refuse_within(state_dir, out)?;
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = format!("{COPIES}{}", hex(&clock::random::<8>()));
        let (lock, removed) = lock(folder, out.file_name());
        Ok(Self { copies: folder.join(name), removed, _lock: lock })
    }

    /// The folder of copies, which is there while a backup is written.
    pub fn copies(&self) -> &Path {
        &self.copies
    }

    /// What was left here, and whether it could be removed.
    pub fn removed(&self) -> &[(PathBuf, io::Result<()>)] {
        &self.removed
    }
}

/// Refuses a file or folder, which need not be there yet, in the state directory: what is in it is in every backup, and goes with it.
///
/// # Errors
///
/// When it lies there, under whatever name.
pub fn refuse_within(state_dir: &Path, path: &Path) -> Result<(), BackupError> {
    let identity = |path: &Path| fs::metadata(path).map(|it| (it.dev(), it.ino())).ok();
    let Some(state) = identity(state_dir) else { return Ok(()) };
    let absolute = std::path::absolute(path).map_err(BackupError::Output)?;
    let Some(there) = absolute.ancestors().find_map(|part| fs::canonicalize(part).ok()) else { return Ok(()) };
    if there.ancestors().any(|part| identity(part) == Some(state)) {
        return Err(BackupError::Within { path: path.to_owned(), state_dir: state_dir.to_owned() });
    }
    Ok(())
}

/// Removes what is left in a folder where nobody else is at work, and shares it with whoever comes then. Where a file system knows no locks,
/// nobody can tell what is left from what is being written, so all of it stays.
fn lock(folder: &Path, out: Option<&OsStr>) -> (Option<File>, Vec<(PathBuf, io::Result<()>)>) {
    let Ok(lock) = File::open(folder) else { return (None, Vec::new()) };
    let removed = if lock.try_lock().is_ok() { remove_left(folder, out) } else { Vec::new() };
    // Where somebody removes what is left just now, that is waited for.
    (lock.lock_shared().is_ok().then_some(lock), removed)
}

fn remove_left(folder: &Path, out: Option<&OsStr>) -> Vec<(PathBuf, io::Result<()>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let left = entries.filter_map(|entry| {
        let (name, kind, path) = (entry.file_name(), entry.file_type().ok()?, entry.path());
        let removed = if kind.is_dir() && name.as_encoded_bytes().starts_with(COPIES.as_bytes()) {
            fs::remove_dir_all(&path)
        } else if kind.is_file() && is_part(&name, out) {
            fs::remove_file(&path)
        } else {
            return None;
        };
        Some((path, removed))
    });
    left.collect()
}

/// Whether a file is the beginning of a backup: of this name, or of one that had the time in it.
fn is_part(name: &OsStr, out: Option<&OsStr>) -> bool {
    let whole = name.to_str().and_then(|name| {
        let (whole, process) = name.strip_prefix('.')?.strip_suffix(".part")?.rsplit_once('.')?;
        (!process.is_empty() && process.bytes().all(|digit| digit.is_ascii_digit())).then_some(whole)
    });
    let has_time = |whole: &str| {
        let time = whole.strip_prefix("kelisim-").and_then(|rest| rest.strip_suffix("Z.zip"));
        let (digits, other): (Vec<char>, Vec<char>) =
            time.unwrap_or_default().chars().partition(|character| character.is_ascii_digit());
        digits.len() == 14 && other == ['T']
    };
    whole.is_some_and(|whole| has_time(whole) || out == Some(OsStr::new(whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_an_interrupted_backup_left_is_removed_by_the_next_one_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let (here, state) = (folder.path(), folder.path().join("state"));
        let left = [".kelisim-20261129T033012Z.zip.14934.part", ".today.zip.7.part"];
        let others =
            [".kelisim-notes.zip.7.part", ".november.csv.7.part", ".today.zip.part", "kelisim-20261129T033012Z.zip"];
        for name in left.iter().chain(&others) {
            fs::write(here.join(name), "all of the log").unwrap();
        }
        fs::create_dir(here.join(".kelisim-backup.14934")).unwrap();
        fs::write(here.join(".kelisim-backup.14934/consent.sqlite"), "all of the log").unwrap();
        let at_work = Place::beside(Path::new("/nowhere/else.zip"), &state).unwrap();
        assert!(at_work.removed().is_empty());

        let working = File::open(here).unwrap();
        working.lock_shared().unwrap();
        let second = Place::beside(&here.join("today.zip"), &state).unwrap();
        assert_eq!((second.removed().len(), names(here).len()), (0, 7), "somebody is at work here");
        drop((working, second));
        let next = Place::beside(&here.join("today.zip"), &state).unwrap();
        assert!(next.removed().len() == 3 && next.removed().iter().all(|(_, removed)| removed.is_ok()), "{next:?}");
        let mut expected = others.to_vec();
        expected.sort_unstable();
        assert_eq!(names(here), expected);
    }

    #[test]
    fn no_backup_is_written_into_the_state_directory_under_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let (state, other) = (folder.path().join("state"), folder.path().join("other"));
        fs::create_dir_all(state.join("acme")).unwrap();
        fs::create_dir(&other).unwrap();
        std::os::unix::fs::symlink(&state, other.join("link")).unwrap();
        for within in
            ["state", "state/a.zip", "state/new/", "state/acme/a.zip", "other/link/new/a.zip", "other/../state/a"]
        {
            let refused = refuse_within(&state, &folder.path().join(within)).unwrap_err().to_string();
            assert!(refused.contains("lies in the state directory"), "{within}: {refused}");
        }
        for outside in ["a.zip", "state.zip", "state-backups/a.zip", "other/a.zip", "other/new/a.zip", "state/../a.zip"]
        {
            refuse_within(&state, &folder.path().join(outside)).unwrap();
        }
        refuse_within(&folder.path().join("nowhere"), &state).unwrap();
    }
}
