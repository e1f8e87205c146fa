//! Files that are whole or not there, and stay when the power goes: what is written is synchronised before it gets its name, and a folder after a
//! name in it was made, changed or removed. Without the second a disk may forget a file whose every byte it holds.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown},
    path::Path,
};

/// Makes a folder for one user alone where it is missing, and those above it.
///
/// # Errors
///
/// When the system refuses.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = above(folder);
    make_folder(above)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        // Somebody else made it meanwhile, whose business its name is as well.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made?,
    }
    // Whoever may make something in a folder but not read it can't do more.
    match File::open(above) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        opened => opened?.sync_all(),
    }
}

/// Replaces a file as a whole, for its owner alone: under another name first, so that a crash leaves the old one or the new one.
///
/// # Errors
///
/// When the system refuses; the earlier file stays then.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_added_extension("new");
    // What is there was left by a crash, or put there by somebody: it is not written into, nor through.
    remove_unfinished(&unfinished)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    give_to_owner(above(path), &file)?;
    file.sync_all()?;
    rename(&unfinished, path)
}

/// Gives a file another name in the same folder.
///
/// # Errors
///
/// When the system refuses.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder_of(to)
}

/// Removes a file for good; one that is not there is removed already.
///
/// # Errors
///
/// When the system refuses.
pub fn remove(path: &Path) -> io::Result<()> {
    remove_unfinished(path)?;
    sync_folder_of(path)
}

/// Waits until the names in the folder of this file or folder are on the disk.
///
/// # Errors
///
/// When the system refuses.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    sync_folder(above(path))
}

/// Waits until the names in this folder are on the disk.
///
/// # Errors
///
/// When the system refuses.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A command may run as root, the gateway not: then a file belongs to whom its directory belongs to.
///
/// # Errors
///
/// When the system refuses.
pub fn give_to_owner(directory: &Path, file: &File) -> io::Result<()> {
    let owner = fs::metadata(directory)?;
    if file.metadata()?.uid() == owner.uid() {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// A name whose return would harm nobody.
fn remove_unfinished(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The folder that holds a name: for one without any, where the program was started.
fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn folders_are_made_one_by_one_for_one_user_and_a_file_in_place_of_one_is_told() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b/c");
        make_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(place.path().join("file"), "").unwrap();
        assert!(make_folder(&place.path().join("file")).is_err());
        assert!(make_folder(&place.path().join("file/below")).is_err());
    }

    #[test]
    fn a_file_is_replaced_and_removed_and_its_folder_is_found_whatever_its_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("list.json");
        fs::write(place.path().join("list.json.new"), "left by a crash").unwrap();
        for text in ["longer than the next one", "short"] {
            write(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        rename(&path, &place.path().join("list.json.old")).unwrap();
        remove(&place.path().join("list.json.old")).unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        assert_eq!([above(Path::new("kelisim.toml")), above(Path::new("/"))], [Path::new("."), Path::new("/")]);
    }
}
