//! An export on the disk before any of it is sent: a file without a name in the state directory, so that a failure is a page that says why
//! and never half of a download, and so that the log is read no longer than the disk takes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Seek as _, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use tokio::sync::oneshot;

use crate::{clock, ledger::hex};

/// A file that is gone when nobody has it open any more, also after a crash.
pub(super) struct Spool<'a> {
    file: BufWriter<File>,
    waiting: &'a dyn Waiting,
}

/// Whoever waits for the export.
pub(super) trait Waiting {
    /// Whether they have gone away.
    fn is_gone(&self) -> bool;
}

impl<T> Waiting for oneshot::Sender<T> {
    fn is_gone(&self) -> bool {
        self.is_closed()
    }
}

impl<'a> Spool<'a> {
    /// Makes the file. Writing fails once nobody waits any more.
    pub(super) fn begin(state_dir: &Path, waiting: &'a dyn Waiting) -> io::Result<Self> {
        let path = state_dir.join(format!("export-{}.new", hex(&clock::random::<8>())));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self { file: BufWriter::new(file), waiting })
    }

    /// What was written, from its beginning, and its length in bytes.
    pub(super) fn end(self) -> io::Result<(File, u64)> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let length = file.stream_position()?;
        file.seek(SeekFrom::Start(0))?;
        Ok((file, length))
    }
}

impl Write for Spool<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.is_gone() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether it says that the disk holds no more.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_was_spooled_is_read_from_its_beginning_and_has_no_name() {
        let state = tempfile::tempdir().unwrap();
        let (waiting, _waits) = oneshot::channel::<()>();
        let mut spool = Spool::begin(state.path(), &waiting).unwrap();
        spool.write_all(b"all of it").unwrap();
        let (mut file, length) = spool.end().unwrap();
        let mut read = String::new();
        file.read_to_string(&mut read).unwrap();
        assert_eq!((read.as_str(), length), ("all of it", 9));
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_written_for_nobody() {
        let state = tempfile::tempdir().unwrap();
        let (waiting, waits) = oneshot::channel::<()>();
        let mut spool = Spool::begin(state.path(), &waiting).unwrap();
        spool.write_all(b"a").unwrap();
        drop(waits);
        assert_eq!(spool.write_all(b"b").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap().write_all(b"a").unwrap_err();
        assert!(is_full(&full), "{full}");
        assert!(!is_full(&io::ErrorKind::PermissionDenied.into()));
    }
}
