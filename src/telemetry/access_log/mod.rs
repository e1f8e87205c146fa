//! The access log: one line for each request, when its last byte has left. Requests put their lines into a bounded queue; a thread of its own
//! writes them to a file. Whatever goes wrong with the file costs lines, which are counted, and nothing else.

mod form;
mod line;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle, Thread},
};

pub use line::{AccessLine, ConsentWord, LoggedPath, MethodName, Outcome, Protocol, Reference};

use self::writer::Writer;
use super::Metrics;

/// Lines that wait to be written. Each takes some 300 bytes, its path included; the thread writes more than a hundred thousand in a second.
const QUEUE_LINES: usize = 8192;

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// Fields by their place.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where the log is, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogSettings {
    /// The file.
    pub file: PathBuf,
    /// The form of its lines.
    pub format: AccessLogFormat,
    /// Whether a line holds the visitor's truncated address.
    pub networks: bool,
}

/// Where requests put their lines. Clones share it.
#[derive(Clone, Debug)]
pub struct AccessLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: SyncSender<Message>,
    /// Somebody waits, so no lines are gathered.
    is_urgent: Arc<AtomicBool>,
    thread: Thread,
    networks: bool,
    metrics: Arc<Metrics>,
}

/// What the thread is told.
#[derive(Debug)]
enum Message {
    Line(Box<AccessLine>),
    /// The file may have been renamed.
    Look,
    /// Everything before this is to be written; the answer comes when it is.
    Write(SyncSender<()>),
    /// There will be no more.
    End,
}

/// The thread that writes.
#[derive(Debug)]
pub struct AccessLogThread {
    log: AccessLog,
    thread: JoinHandle<()>,
}

impl AccessLog {
    /// Starts the thread. A file that can't be opened is told by a log line, and is tried again: no site goes without its gateway for it.
    ///
    /// # Errors
    ///
    /// When there can be no thread.
    pub fn start(settings: &AccessLogSettings, metrics: &Arc<Metrics>) -> io::Result<AccessLogThread> {
        let (queue, lines) = sync_channel(QUEUE_LINES);
        let is_urgent = Arc::new(AtomicBool::default());
        let writer = Writer::new(settings.clone(), metrics.clone());
        let is_asked = is_urgent.clone();
        let thread = thread::Builder::new().name("access log".into()).spawn(move || writer.run(&lines, &is_asked))?;
        let log = Self(Arc::new(Inner {
            queue,
            is_urgent,
            thread: thread.thread().clone(),
            networks: settings.networks,
            metrics: metrics.clone(),
        }));
        Ok(AccessLogThread { log, thread })
    }

    /// Whether lines hold truncated addresses.
    pub fn has_networks(&self) -> bool {
        self.0.networks
    }

    /// Writes a line, or counts that it was lost. Never waits.
    pub fn write(&self, line: AccessLine) {
        // The other fault is that the thread has ended, at the stop.
        if self.0.queue.try_send(Message::Line(Box::new(line))).is_err() {
            self.0.metrics.access_lines_lost("queue", 1);
        }
    }

    /// Looks whether the file was renamed, and makes it anew then. The thread does so with each batch; this is for when there is none, so that
    /// the old file is not held.
    pub fn reopen(&self) {
        // Where the queue is full, the thread looks soon by itself.
        _ = self.0.queue.try_send(Message::Look);
    }

    /// Has everything written that was put in so far, and blocks until it is.
    pub fn write_waiting(&self) {
        let (written, wait) = sync_channel(1);
        if self.0.send(Message::Write(written)) {
            // Where the thread has ended, nothing will be written.
            _ = wait.recv();
        }
    }
}

impl Inner {
    /// Sends what the thread does at once. Whether there is a thread.
    fn send(&self, message: Message) -> bool {
        self.is_urgent.store(true, Ordering::Release);
        self.thread.unpark();
        self.queue.send(message).is_ok()
    }
}

impl AccessLogThread {
    /// Where requests put their lines.
    pub fn log(&self) -> &AccessLog {
        &self.log
    }

    /// Writes what waits, and ends.
    ///
    /// # Errors
    ///
    /// When the thread panicked.
    pub fn end(self) -> io::Result<()> {
        self.log.0.send(Message::End);
        self.thread.join().map_err(|_| io::Error::other("the thread that writes the access log panicked"))
    }
}
