//! The control socket of a running gateway: how commands change what only the gateway may write.
//!
//! One request and one answer a connection, each one line of JSON. Only the gateway's own user and root are heard.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    sync::Semaphore,
    task::JoinSet,
};

use super::{
    describing::{Description, describe},
    reloading::{Reloaded, Reloading},
};
use crate::{
    consent::ConsentId,
    gateway,
    ledger::{Access, AccessKind, Accessor, Entry, ErasureReason, LeafIndex},
    store,
    telemetry::{Counter, RecentFailures},
    timestamp::Timestamp,
};

/// Commands that are answered at once; those beyond wait.
const MOST_COMMANDS: usize = 64;
/// Longest request, in bytes.
const LONGEST_REQUEST: u64 = 4096;
/// Longest answer, in bytes: the metrics of a thousand sites, or every fault of a configuration.
const LONGEST_ANSWER: u64 = 8 * 1024 * 1024;
/// How long a command may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a command may take to read its answer.
const READING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a command waits for the answer: an erasure rebuilds the file, which takes long on a large log.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
/// How long whoever looks whether all is well waits: that a gateway says nothing is an answer, too.
const LOOKING_TIMEOUT: Duration = Duration::from_secs(10);

/// What a command asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    /// Erase everything of this consent id.
    Erase { consent_id: String, reason: String },
    /// Write the inventory to its file.
    WriteInventory,
    /// Write what was counted so far.
    WriteStatistics,
    /// Add the sums of logs that lie beside the statistics.
    TakeInStatistics,
    /// Read the configuration again.
    Reload,
    /// Write the leaf that says that the command line took records out.
    NoteAccess { what: String, form: String, from: String, to: String },
    /// Say how it stands.
    Describe,
    /// Say what was counted, as a monitor is told it.
    Metrics,
    /// Sign records with the newest key in the file.
    ReadRecordKeys,
}

/// What the gateway answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Erased { records: usize, overwritten: bool },
    InventoryWritten,
    StatisticsWritten,
    StatisticsTakenIn,
    AccessNoted { leaf: u64 },
    Described(Box<Description>),
    Counted { metrics: String },
    Reloaded { file: String, is_new: bool, warnings: Vec<String> },
    RecordKeysRead,
    Failed { reason: String },
}

/// What an erasure did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Erasure {
    pub(super) records: usize,
    pub(super) overwritten: bool,
}

/// What a reload did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reload {
    pub(super) file: String,
    pub(super) is_new: bool,
    pub(super) warnings: Vec<String>,
}

/// The socket, removed when it is dropped.
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Socket {
    /// Opens `control.sock`. The caller holds the lock of the directory, so a socket that is there was left by a gateway that is gone.
    pub(super) fn open(state_dir: &Path) -> io::Result<Self> {
        let path = path(state_dir);
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(told(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(told)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(told)?;
        listener.set_nonblocking(true)?;
        let owner = fs::metadata(&path)?.uid();
        Ok(Self { listener, path, owner })
    }

    /// Answers commands, each by itself: an erasure takes its time, and whoever asks how the gateway stands must not wait for it.
    pub(super) async fn serve(
        self,
        gateway: Arc<gateway::Current>,
        reloading: Arc<Reloading>,
        recent: Arc<RecentFailures>,
    ) {
        let Ok(listener) = self.listener.try_clone().and_then(tokio::net::UnixListener::from_std) else { return };
        let permits = Arc::new(Semaphore::new(MOST_COMMANDS));
        // What is under way ends with this.
        let mut commands = JoinSet::new();
        loop {
            let Ok(permit) = permits.clone().acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            while commands.try_join_next().is_some() {}
            let known = stream.peer_cred().is_ok_and(|peer| peer.uid() == self.owner || peer.uid() == 0);
            if known {
                let (gateway, reloading, recent) = (gateway.clone(), reloading.clone(), recent.clone());
                let state_dir = self.path.parent().unwrap_or(Path::new("")).to_owned();
                commands.spawn(async move {
                    // A command that breaks off gets no answer; there is nobody to tell.
                    _ = answer(stream, (&gateway, &reloading, &recent), &state_dir).await;
                    drop(permit);
                });
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The next start removes what is left.
        _ = fs::remove_file(&self.path);
    }
}

async fn answer(
    mut stream: tokio::net::UnixStream,
    (gateway, reloading, recent): (&gateway::Current, &Arc<Reloading>, &RecentFailures),
    state_dir: &Path,
) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(LONGEST_REQUEST));
    tokio::time::timeout(REQUEST_TIMEOUT, reader.read_line(&mut line)).await??;
    let answer = match serde_json::from_str(&line) {
        Ok(Request::Erase { consent_id, reason }) => erase(gateway, &consent_id, &reason).await,
        Ok(Request::WriteInventory) => match store::write_inventory(state_dir, &gateway.present().inventory()) {
            Ok(()) => Answer::InventoryWritten,
            Err(error) => Answer::Failed { reason: error.to_string() },
        },
        Ok(Request::WriteStatistics) => {
            counted(gateway, |counter| {
                counter.write_waiting();
                Answer::StatisticsWritten
            })
            .await
        }
        Ok(Request::TakeInStatistics) => {
            counted(gateway, |counter| match counter.take_in_waiting() {
                Ok(()) => Answer::StatisticsTakenIn,
                Err(reason) => Answer::Failed { reason },
            })
            .await
        }
        Ok(Request::Reload) => reload(reloading.clone()).await,
        Ok(Request::ReadRecordKeys) => match store::record_keys(state_dir) {
            Ok(keys) => {
                gateway.present().use_record_keys(keys);
                Answer::RecordKeysRead
            }
            Err(error) => Answer::Failed { reason: error.to_string() },
        },
        Ok(Request::NoteAccess { what, form, from, to }) => note_access(gateway, &what, &form, &from, &to).await,
        Ok(Request::Describe) => Answer::Described(Box::new(describe(gateway, recent, reloading))),
        Ok(Request::Metrics) => {
            gateway.show_moment();
            Answer::Counted { metrics: gateway.metrics().render() }
        }
        Err(error) => Answer::Failed { reason: format!("the request is not understood: {error}") },
    };
    let mut text = serde_json::to_string(&answer)?;
    text.push('\n');
    tokio::time::timeout(READING_TIMEOUT, writer.write_all(text.as_bytes())).await?
}

/// Asks the thread that counts, which may wait for the disk: on a thread that may wait too.
async fn counted(gateway: &gateway::Current, ask: impl FnOnce(Counter) -> Answer + Send + 'static) -> Answer {
    let counter = gateway.counter().clone();
    let asked = tokio::task::spawn_blocking(move || ask(counter)).await;
    asked.unwrap_or_else(|error| Answer::Failed { reason: error.to_string() })
}

/// On a thread that may wait for the disk.
async fn reload(reloading: Arc<Reloading>) -> Answer {
    match tokio::task::spawn_blocking(move || reloading.reload()).await {
        Ok(Ok(Reloaded { file, is_new, warnings })) => {
            let warnings = warnings.iter().map(ToString::to_string).collect();
            Answer::Reloaded { file: file.display().to_string(), is_new, warnings }
        }
        Ok(Err(error)) => Answer::Failed { reason: error.to_string() },
        Err(error) => Answer::Failed { reason: error.to_string() },
    }
}

async fn erase(gateway: &gateway::Current, consent_id: &str, reason: &str) -> Answer {
    let reason = ErasureReason::ALL.into_iter().find(|known| known.name() == reason);
    let Some((id, reason)) = ConsentId::parse(consent_id).zip(reason) else {
        return Answer::Failed { reason: "the gateway is of another version than the command".into() };
    };
    match gateway.store().erase(id, reason).await {
        Ok(erased) => Answer::Erased { records: erased.records, overwritten: erased.overwritten },
        Err(error) => Answer::Failed { reason: error.to_string() },
    }
}

async fn note_access(gateway: &gateway::Current, what: &str, form: &str, from: &str, to: &str) -> Answer {
    let what = AccessKind::ALL.into_iter().find(|kind| kind.name() == what);
    let form = Access::FORMS.into_iter().find(|known| *known == form);
    let (Some(what), Some(form), Some(from), Some(to)) = (what, form, Timestamp::parse(from), Timestamp::parse(to))
    else {
        return Answer::Failed { reason: "the gateway is of another version than the command".into() };
    };
    let access = Access { by: Accessor::CommandLine, what, form, from, to, time: gateway.now() };
    match gateway.store().note(Entry::Access(access)).await {
        Ok(leaf) => Answer::AccessNoted { leaf: leaf.0 },
        Err(error) => Answer::Failed { reason: error.to_string() },
    }
}

/// Asks the running gateway to write the leaf that says that records were taken out, likewise.
pub(super) fn ask_to_note_access(
    state_dir: &Path,
    what: AccessKind,
    form: &str,
    (from, to): (Timestamp, Timestamp),
) -> io::Result<LeafIndex> {
    let (what, form) = (what.name().to_owned(), form.to_owned());
    match ask(state_dir, &Request::NoteAccess { what, form, from: from.to_string(), to: to.to_string() })? {
        Answer::AccessNoted { leaf } => Ok(LeafIndex(leaf)),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

/// Asks the running gateway to erase; the error says what went wrong in its words.
pub(super) fn ask_to_erase(state_dir: &Path, id: ConsentId, reason: ErasureReason) -> io::Result<Erasure> {
    match ask(state_dir, &Request::Erase { consent_id: id.to_string(), reason: reason.name().to_owned() })? {
        Answer::Erased { records, overwritten } => Ok(Erasure { records, overwritten }),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

/// Asks the running gateway to write its inventory, likewise.
pub(super) fn ask_for_inventory(state_dir: &Path) -> io::Result<()> {
    match ask(state_dir, &Request::WriteInventory)? {
        Answer::InventoryWritten => Ok(()),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

/// Asks the running gateway to write what was counted so far, likewise.
pub(super) fn ask_for_statistics(state_dir: &Path) -> io::Result<()> {
    match ask(state_dir, &Request::WriteStatistics)? {
        Answer::StatisticsWritten => Ok(()),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

/// Asks the running gateway to add the sums of logs that lie beside its statistics, likewise.
pub(super) fn ask_to_take_in(state_dir: &Path) -> io::Result<()> {
    match ask(state_dir, &Request::TakeInStatistics)? {
        Answer::StatisticsTakenIn => Ok(()),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

/// Asks the running gateway to read its configuration again; the error says in its words why nothing has changed.
pub(super) fn ask_to_reload(state_dir: &Path) -> io::Result<Reload> {
    match ask(state_dir, &Request::Reload) {
        Ok(Answer::Reloaded { file, is_new, warnings }) => Ok(Reload { file, is_new, warnings }),
        Ok(Answer::Failed { reason }) => Err(io::Error::other(reason)),
        Ok(_) => Err(something_else()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            let what = format!("no gateway is running with the state directory {}", state_dir.display());
            Err(io::Error::new(error.kind(), what))
        }
        Err(error) => Err(error),
    }
}

/// Asks the running gateway to sign records with the newest key, likewise.
pub(super) fn ask_to_read_record_keys(state_dir: &Path) -> io::Result<()> {
    match ask(state_dir, &Request::ReadRecordKeys)? {
        Answer::RecordKeysRead => Ok(()),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

/// Asks the running gateway how it stands, likewise; soon, or not at all.
pub(super) fn ask_to_describe(state_dir: &Path) -> io::Result<Description> {
    match ask_within(state_dir, &Request::Describe, LOOKING_TIMEOUT)? {
        Answer::Described(description) => Ok(*description),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

/// Asks the running gateway for its metrics, likewise.
pub(super) fn ask_for_metrics(state_dir: &Path) -> io::Result<String> {
    match ask_within(state_dir, &Request::Metrics, LOOKING_TIMEOUT)? {
        Answer::Counted { metrics } => Ok(metrics),
        Answer::Failed { reason } => Err(io::Error::other(reason)),
        _ => Err(something_else()),
    }
}

fn something_else() -> io::Error {
    io::Error::other("the gateway answered something else")
}

fn ask(state_dir: &Path, request: &Request) -> io::Result<Answer> {
    ask_within(state_dir, request, ANSWER_TIMEOUT)
}

fn ask_within(state_dir: &Path, request: &Request, timeout: Duration) -> io::Result<Answer> {
    let path = path(state_dir);
    let told = |error: io::Error| match error.kind() {
        // The first is what a socket says of a time that is over.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            let what = format!("{}: no answer within {} seconds", path.display(), timeout.as_secs());
            io::Error::new(io::ErrorKind::TimedOut, what)
        }
        kind => io::Error::new(kind, format!("{}: {error}", path.display())),
    };
    let mut stream = UnixStream::connect(&path).map_err(told)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    io::Write::write_all(&mut stream, format!("{}\n", serde_json::to_string(request)?).as_bytes()).map_err(told)?;
    let mut line = String::new();
    io::BufRead::read_line(&mut io::BufReader::new(io::Read::take(stream, LONGEST_ANSWER)), &mut line).map_err(told)?;
    Ok(serde_json::from_str(&line)?)
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("control.sock")
}
