//! The leaf that says that records were taken out: through the running gateway, or directly where none runs.

use std::io;

use super::super::{control, log::LogError};
use crate::{
    clock::Clock,
    ledger::{Access, AccessKind, Accessor, Entry},
    store::{Settings, Store, StoreError},
    timestamp::Timestamp,
};

/// Writes the leaf; `false` where nobody could, since the medium is read-only, as an auditor's may be. The log must be there.
///
/// # Errors
///
/// When the leaf was not written for any other reason, such as that the log is somebody else's: then nothing may be taken out.
pub(crate) fn note(
    settings: &Settings,
    what: AccessKind,
    form: &'static str,
    (from, to): (Timestamp, Timestamp),
) -> Result<bool, LogError> {
    let clock = Clock::system();
    match Store::open_for_command(settings, clock.clone()) {
        Ok(store) => {
            let access = Access { by: Accessor::CommandLine, what, form, from, to, time: clock.now() };
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            runtime.block_on(store.note(Entry::Access(access))).map_err(LogError::Access)?;
            Ok(true)
        }
        Err(StoreError::Locked { .. }) => {
            control::ask_to_note_access(&settings.state_dir, what, form, (from, to))
                .map_err(LogError::GatewayAccess)?;
            Ok(true)
        }
        Err(error) if is_read_only_medium(&error) => Ok(false),
        Err(error @ (StoreError::File { .. } | StoreError::Database { .. })) => Err(LogError::Untraced(error)),
        Err(error) => Err(error.into()),
    }
}

/// Whether a log can't be written by anybody from here. Missing rights are another thing: whoever lacks them is not the one to take
/// records out of a log in use without a trace, and a copy can be given other rights.
fn is_read_only_medium(error: &StoreError) -> bool {
    matches!(error, StoreError::File { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem)
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;
    use crate::store::Reader;

    fn export(settings: &Settings) -> Result<bool, LogError> {
        note(settings, AccessKind::Export, "csv", (Timestamp::default(), Timestamp::from_milliseconds(1)))
    }

    fn accesses(settings: &Settings) -> usize {
        Reader::open(&settings.state_dir).unwrap().newest_leaves("access", 10).unwrap().len()
    }

    #[test]
    fn who_may_not_write_the_leaf_may_not_read_either() {
        for (kind, read_only) in [
            (io::ErrorKind::ReadOnlyFilesystem, true),
            (io::ErrorKind::PermissionDenied, false),
            (io::ErrorKind::StorageFull, false),
        ] {
            let source = io::Error::from(kind);
            let error = StoreError::File { path: "lock".into(), doing: "open the lock file", source };
            assert_eq!(is_read_only_medium(&error), read_only, "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { state_dir: folder.path().join("state"), host: "shop.example".into() };
        drop(Store::open(&settings, Clock::system()).unwrap());
        let lock = settings.state_dir.join("lock");
        fs::remove_file(&lock).unwrap();
        fs::create_dir(&lock).unwrap();
        let refused = export(&settings).unwrap_err().to_string();
        assert!(refused.contains("nothing was exported") && refused.contains("state/lock"), "{refused}");
        fs::remove_dir(&lock).unwrap();
        assert!(export(&settings).unwrap());
        assert_eq!(accesses(&settings), 1);
    }

    /// A directory that is seen read-only from a second place; it is there no more when this is dropped.
    struct ReadOnlyView(tempfile::TempDir);

    impl ReadOnlyView {
        fn of(directory: &std::path::Path) -> Option<Self> {
            let view = Self(tempfile::tempdir().unwrap());
            let run = |words: &[&std::ffi::OsStr]| {
                Command::new("mount").args(words).output().is_ok_and(|made| made.status.success())
            };
            let (from, to) = (directory.as_os_str(), view.0.path().as_os_str());
            let mounted = run(&["--bind".as_ref(), from, to]) && run(&["-o".as_ref(), "remount,bind,ro".as_ref(), to]);
            mounted.then_some(view)
        }
    }

    impl Drop for ReadOnlyView {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(self.0.path()).status();
        }
    }

    #[test]
    fn a_read_only_medium_is_read_without_a_leaf_but_not_while_a_gateway_writes_the_log_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { state_dir: folder.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        let Some(view) = ReadOnlyView::of(folder.path()) else {
            eprintln!("skipped: it takes the right to mount");
            return;
        };
        let seen = Settings { state_dir: view.0.path().join("state"), ..settings.clone() };
        assert!(matches!(export(&seen), Err(LogError::GatewayAccess(_))), "this one does not answer, but it is asked");
        drop(store);
        assert!(!export(&seen).unwrap());
        assert_eq!(accesses(&settings), 0);
    }
}
