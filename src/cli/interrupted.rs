//! What a command had begun when it was interrupted: it holds records of persons, and nobody would look for it.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{Mutex, Once, PoisonError},
    thread,
};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static WATCHED: Once = Once::new();

/// A file or folder that goes where somebody ends the process (SIGINT, SIGTERM) before this is dropped.
pub(super) struct Unfinished(PathBuf);

impl Unfinished {
    pub(super) fn at(path: &Path) -> Self {
        // Where signals can't be watched the process ends as it would without.
        WATCHED.call_once(|| drop(watch()));
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.0);
    }
}

fn watch() -> std::io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let context = runtime.enter();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    drop(context);
    let ended = move || {
        let kind = runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
            }
        });
        // Held to the end, so that nothing is begun or called finished any more.
        let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        // Twice, since another thread is still at work, and may make a file in a folder just then.
        for path in unfinished.iter().chain(unfinished.iter()) {
            _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        // As a shell reports a process that a signal has ended.
        process::exit(128 + kind.as_raw_value());
    };
    thread::Builder::new().name("interrupted".to_owned()).spawn(ended)?;
    Ok(())
}
