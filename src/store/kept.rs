//! Small lists beside the log, such as accounts: one file each, for one user alone, changed under a lock and replaced as a whole. What they
//! hold is their owners' business.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{StoreError, directory};
use crate::durable;

/// Longest file, in bytes: thousands of lines, and nothing that a memory would notice.
const LONGEST_FILE: u64 = 4 << 20;

/// Reads a list; a file that is not there is an empty one.
///
/// # Errors
///
/// When the file can't be read or is not what was written.
pub fn read_kept<T: Default + DeserializeOwned>(state_dir: &Path, name: &str) -> Result<T, StoreError> {
    let text = read_kept_text(state_dir, name)?;
    parsed(state_dir, name, &text)
}

/// Reads a file of such a kind that is no JSON; one that is not there is empty.
///
/// # Errors
///
/// When the file can't be read as text.
pub fn read_kept_text(state_dir: &Path, name: &str) -> Result<String, StoreError> {
    let path = state_dir.join(name);
    let failed = || StoreError::file(&path, "read this file");
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        opened => opened.map_err(failed())?,
    };
    let mut text = String::new();
    file.take(LONGEST_FILE).read_to_string(&mut text).map_err(failed())?;
    Ok(text)
}

fn parsed<T: Default + DeserializeOwned>(state_dir: &Path, name: &str, text: &str) -> Result<T, StoreError> {
    if text.is_empty() && !state_dir.join(name).exists() {
        return Ok(T::default());
    }
    serde_json::from_str(text).map_err(|error| StoreError::file(&state_dir.join(name), "read this file")(error.into()))
}

/// Changes a list: nobody else changes it meanwhile, and who reads it sees it before or after. When `change` fails nothing is written.
///
/// # Errors
///
/// That of `change`, or when a file refuses.
pub fn change_kept<T, R, E>(state_dir: &Path, name: &str, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E>
where
    T: Default + Serialize + DeserializeOwned,
    E: From<StoreError>,
{
    change_kept_text(state_dir, name, |text| {
        let mut list: T = parsed(state_dir, name, text)?;
        let outcome = change(&mut list)?;
        let written = serde_json::to_string_pretty(&list).map_err(io::Error::from);
        *text = format!("{}\n", written.map_err(StoreError::file(&state_dir.join(name), "write this file"))?);
        Ok(outcome)
    })
}

/// Changes a file of such a kind that is no JSON, likewise. One that becomes empty is removed.
///
/// # Errors
///
/// That of `change`, or when a file refuses.
pub fn change_kept_text<R, E>(
    state_dir: &Path,
    name: &str,
    change: impl FnOnce(&mut String) -> Result<R, E>,
) -> Result<R, E>
where
    E: From<StoreError>,
{
    directory::prepare_directory(state_dir)?;
    let lock_path = state_dir.join(name).with_added_extension("lock");
    let failed = || StoreError::file(&lock_path, "lock this file");
    let lock = open_lock(state_dir, &lock_path).map_err(failed())?;
    lock.lock().map_err(failed())?;
    let mut text = read_kept_text(state_dir, name)?;
    let outcome = change(&mut text)?;
    let path = state_dir.join(name);
    let written = if text.is_empty() { durable::remove(&path) } else { durable::write(&path, &text) };
    written.map_err(StoreError::file(&path, "write this file"))?;
    Ok(outcome)
}

/// The lock file itself, never what a link in its place leads to: the command may run as root, in a directory of somebody else.
fn open_lock(state_dir: &Path, path: &Path) -> io::Result<File> {
    let lock = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => OpenOptions::new().write(true).open(path)?,
        opened => opened?,
    };
    let (opened, named) = (lock.metadata()?, fs::symlink_metadata(path)?);
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link; remove it"));
    }
    durable::give_to_owner(state_dir, &lock)?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn add(state_dir: &Path, number: u32) -> Result<usize, StoreError> {
        change_kept(state_dir, "list.json", |list: &mut Vec<u32>| {
            list.push(number);
            Ok(list.len())
        })
    }

    #[test]
    fn what_is_changed_at_once_is_all_there_and_for_one_user() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert_eq!(read_kept::<Vec<u32>>(&state, "list.json").unwrap(), [0; 0]);
        std::thread::scope(|scope| {
            (0..8).for_each(|number| {
                drop(scope.spawn({
                    let state = &state;
                    move || add(state, number).unwrap()
                }))
            })
        });
        let mut list: Vec<u32> = read_kept(&state, "list.json").unwrap();
        list.sort_unstable();
        assert_eq!(list, (0..8).collect::<Vec<_>>());
        assert_eq!(fs::metadata(state.join("list.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_text_is_changed_likewise_and_gone_when_it_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let change = |to: &str| {
            change_kept_text(state, "lines.toml", |text| {
                let before = std::mem::replace(text, to.to_owned());
                Ok::<_, StoreError>(before)
            })
        };
        assert_eq!([change("a = 1\n").unwrap(), change("b = 2\n").unwrap()], ["", "a = 1\n"]);
        assert_eq!(read_kept_text(state, "lines.toml").unwrap(), "b = 2\n");
        assert_eq!(fs::metadata(state.join("lines.toml")).unwrap().permissions().mode() & 0o777, 0o600);
        change("").unwrap();
        assert!(!state.join("lines.toml").exists());
        assert_eq!(change("").unwrap(), "");
    }

    #[test]
    fn a_link_that_somebody_put_there_is_neither_written_nor_owned_through() {
        let folder = tempfile::tempdir().unwrap();
        let (state, other) = (folder.path().join("state"), folder.path().join("other"));
        add(&state, 1).unwrap();
        fs::write(&other, "of somebody else").unwrap();
        std::os::unix::fs::symlink(&other, state.join("list.json.new")).unwrap();
        add(&state, 2).unwrap();
        fs::remove_file(state.join("list.json.lock")).unwrap();
        std::os::unix::fs::symlink(&other, state.join("list.json.lock")).unwrap();
        assert!(add(&state, 3).unwrap_err().to_string().contains("it is a link"));
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody else");
        assert_eq!(read_kept::<Vec<u32>>(&state, "list.json").unwrap(), [1, 2]);
    }

    #[test]
    fn a_change_that_fails_changes_nothing_and_a_damaged_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        add(state, 1).unwrap();
        let refused: Result<(), StoreError> = change_kept(state, "list.json", |list: &mut Vec<u32>| {
            list.clear();
            Err(StoreError::Missing { path: "nothing".into() })
        });
        assert!(refused.is_err());
        assert_eq!(read_kept::<Vec<u32>>(state, "list.json").unwrap(), [1]);
        fs::write(state.join("list.json"), "[1, ").unwrap();
        assert!(add(state, 2).unwrap_err().to_string().contains("list.json"));
        assert_eq!(fs::read_to_string(state.join("list.json")).unwrap(), "[1, ");
    }
}
