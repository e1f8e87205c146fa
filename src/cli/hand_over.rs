//! What one run of the program leaves to the next: in a directory that lies in memory, for the minute of a planned restart.
//!
//! systemd gives such a directory (`RuntimeDirectory`), keeps it over a restart and removes it with any other stop
//! (`RuntimeDirectoryPreserve=restart`). Without one nothing is left: the key of the day ends with the run, and the day is marked.

use std::{
    env, fs, io,
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::statfs;
use zeroize::Zeroizing;

/// Longest file that is read, in bytes: every visit and visitor of a day of a large site.
const LONGEST: u64 = 512 << 20;

/// Kinds of file systems that lie in memory (statfs(2)): tmpfs and ramfs.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// The directory that systemd made for us, if it lies in memory.
pub(super) fn directory() -> Option<PathBuf> {
    let named = env::var_os("RUNTIME_DIRECTORY")?;
    // Several are divided by colons (systemd.exec(5)).
    env::split_paths(&named).next()
}

fn file(directory: &Path) -> PathBuf {
    directory.join("statistics.hand-over")
}

/// Leaves it, or says that it could not: nothing may be written where it would stay.
pub(super) fn leave(directory: &Path, content: &[u8]) -> io::Result<()> {
    let kind = statfs(directory)?.f_type;
    if !IN_MEMORY.contains(&kind) {
        return Err(io::Error::other(format!("{} does not lie in memory", directory.display())));
    }
    let path = file(directory);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(content).inspect_err(|_| {
        // A part of it is of no use to anybody.
        let _ = fs::remove_file(&path);
    })
}

/// Takes what was left, and removes it before it is looked at: it is good for one run.
pub(super) fn take(directory: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let path = file(directory);
    let opened = fs::File::open(&path).ok()?;
    fs::remove_file(&path).ok()?;
    let mut content = Zeroizing::new(Vec::new());
    opened.take(LONGEST).read_to_end(&mut content).ok()?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_left_lies_in_memory_for_its_owner_and_is_taken_once() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        assert!(take(folder.path()).is_none());
        leave(folder.path(), b"one").unwrap();
        leave(folder.path(), b"two").unwrap();
        let mode = fs::metadata(file(folder.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(take(folder.path()).unwrap().as_slice(), b"two");
        assert!(take(folder.path()).is_none());
    }

    #[test]
    fn nothing_is_left_where_it_would_stay() {
        // Whatever the sources lie on, this is no tmpfs.
        let proc = Path::new("/proc");
        let refused = leave(proc, b"key").unwrap_err();
        assert!(refused.to_string().ends_with("does not lie in memory"), "{refused}");
        assert!(take(proc).is_none());
    }
}
