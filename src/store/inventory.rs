//! The inventory's file in the state directory: whole or not there, for the gateway's own user.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::durable;

/// Longest file read, in bytes: some hundred sites with every room full.
const LONGEST: u64 = 256 * 1024 * 1024;

/// Where it is.
pub fn inventory_path(state_dir: &Path) -> PathBuf {
    state_dir.join("inventory.json")
}

/// Reads it; `None` where nothing was written yet.
///
/// # Errors
///
/// When there is a file and it can't be read as text.
pub fn read_inventory(state_dir: &Path) -> io::Result<Option<String>> {
    let file = match File::open(inventory_path(state_dir)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Replaces it as a whole. The caller holds the lock of the directory.
///
/// # Errors
///
/// When it can't be written; the earlier file stays then.
pub fn write_inventory(state_dir: &Path, text: &str) -> io::Result<()> {
    durable::write(&inventory_path(state_dir), text)
}

/// Puts a file that is no inventory aside, so that the next one has its place; the answer is where it is now.
///
/// # Errors
///
/// When it can't be renamed.
pub fn set_inventory_aside(state_dir: &Path) -> io::Result<PathBuf> {
    let aside = state_dir.join("inventory.json.unreadable");
    durable::rename(&inventory_path(state_dir), &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn the_file_is_for_its_owner_alone_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_inventory(folder.path()).unwrap(), None);
        for text in ["a longer one", "short"] {
            write_inventory(folder.path(), text).unwrap();
            assert_eq!(read_inventory(folder.path()).unwrap().as_deref(), Some(text));
        }
        let mode = fs::metadata(inventory_path(folder.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let aside = set_inventory_aside(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(aside).unwrap(), "short");
        assert_eq!(read_inventory(folder.path()).unwrap(), None);
    }
}
