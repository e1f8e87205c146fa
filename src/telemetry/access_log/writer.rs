//! The thread that writes: lines in batches, into a file that may be renamed, removed or full at any time.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    thread,
    time::{Duration, Instant},
};

use rustix::fs::OFlags;

use super::{AccessLogSettings, Message, form};
use crate::telemetry::Metrics;

/// How long lines are gathered before they are written: to wake the thread for each would cost a request more than the line itself.
const GATHERED_FOR: Duration = Duration::from_millis(100);

/// From this many bytes on a batch is written without waiting for more.
const BATCH_BYTES: usize = 64 * 1024;

/// Owner and group read it; nobody else does.
const MODE: u32 = 0o640;

/// A pipe that nobody reads must not hold up the stop. For files the flag means nothing.
pub(super) const NONBLOCKING: i32 = OFlags::NONBLOCK.bits().cast_signed();

pub(super) struct Writer {
    settings: AccessLogSettings,
    metrics: Arc<Metrics>,
    file: Option<Opened>,
    batch: Vec<u8>,
    /// Where each line of the batch ends.
    ends: Vec<usize>,
    /// The last line in the file is not whole.
    is_torn: bool,
    /// Lines that were lost since the file could be written last; nothing while it can.
    failing: Option<u64>,
}

/// A file, and by what it is told from another one of its name.
struct Opened {
    file: File,
    device: u64,
    inode: u64,
}

impl Writer {
    pub(super) fn new(settings: AccessLogSettings, metrics: Arc<Metrics>) -> Self {
        Self { settings, metrics, file: None, batch: Vec::new(), ends: Vec::new(), is_torn: false, failing: None }
    }

    /// Writes until there will be no more, or nobody is left who could write.
    pub(super) fn run(mut self, lines: &Receiver<Message>, is_urgent: &AtomicBool) {
        // It is there from the start, and what keeps it from being so is told at once.
        self.write_batch();
        while let Ok(first) = lines.recv() {
            if matches!(first, Message::Line(_)) {
                gather(is_urgent);
            }
            is_urgent.store(false, Ordering::Release);
            let mut next = Some(first);
            let mut answers = Vec::new();
            let mut is_over = false;
            while let Some(message) = next {
                match message {
                    Message::Line(line) => {
                        form::write(&line, self.settings.format, &mut self.batch);
                        self.ends.push(self.batch.len());
                    }
                    Message::Look => {}
                    Message::Write(answer) => answers.push(answer),
                    Message::End => is_over = true,
                }
                if self.batch.len() >= BATCH_BYTES {
                    self.write_batch();
                }
                next = lines.try_recv().ok();
            }
            self.write_batch();
            for answer in answers {
                // Who asked may have left.
                _ = answer.send(());
            }
            if is_over {
                return;
            }
        }
    }

    /// Writes the batch, or loses what of it can't be written.
    fn write_batch(&mut self) {
        let mut written = 0;
        let outcome = self.write(&mut written);
        match outcome {
            Ok(()) => {
                if let Some(lost) = self.failing.take() {
                    tracing::info!(file = %self.settings.file.display(), lost, "the access log is written again");
                }
            }
            Err(error) => {
                let lost = self.ends.iter().filter(|end| **end > written).count() as u64;
                self.metrics.access_lines_lost("file", lost);
                if self.failing.is_none() {
                    let file = self.settings.file.display();
                    tracing::error!(%file, %error, "the access log can't be written; its lines are lost until it can");
                }
                self.failing = Some(self.failing.unwrap_or_default() + lost);
                if written > 0 {
                    self.is_torn = !self.ends.contains(&written);
                }
            }
        }
        self.batch.clear();
        self.batch.shrink_to(2 * BATCH_BYTES);
        self.ends.clear();
    }

    /// Says how far it came.
    fn write(&mut self, written: &mut usize) -> io::Result<()> {
        let mut opened = self.named_file()?;
        let outcome = self.fill(&mut opened.file, written);
        self.file = Some(opened);
        outcome
    }

    fn fill(&mut self, file: &mut File, written: &mut usize) -> io::Result<()> {
        if self.is_torn && !self.batch.is_empty() {
            // The next line begins where one begins.
            file.write_all(b"\n")?;
            self.is_torn = false;
        }
        while *written < self.batch.len() {
            match file.write(&self.batch[*written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => *written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The file that has the name now.
    fn named_file(&mut self) -> io::Result<Opened> {
        match self.file.take() {
            Some(opened) if opened.has_its_name(&self.settings) => Ok(opened),
            before => {
                // What is torn is in the other file.
                self.is_torn &= before.is_none();
                Opened::open(&self.settings)
            }
        }
    }
}

impl Opened {
    fn open(settings: &AccessLogSettings) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).custom_flags(NONBLOCKING);
        let file = match options.clone().create_new(true).open(&settings.file) {
            Ok(made) => {
                // Whatever the mask of the process would leave of it.
                made.set_permissions(Permissions::from_mode(MODE))?;
                made
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(&settings.file)?,
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        Ok(Self { file, device: metadata.dev(), inode: metadata.ino() })
    }

    fn has_its_name(&self, settings: &AccessLogSettings) -> bool {
        let named = fs::metadata(&settings.file);
        named.is_ok_and(|named| (named.dev(), named.ino()) == (self.device, self.inode))
    }
}

/// Lets lines come together, unless somebody waits.
fn gather(is_urgent: &AtomicBool) {
    let until = Instant::now() + GATHERED_FOR;
    loop {
        let rest = until.saturating_duration_since(Instant::now());
        if rest.is_zero() || is_urgent.load(Ordering::Acquire) {
            return;
        }
        thread::park_timeout(rest);
    }
}
