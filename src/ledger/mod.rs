//! The consent log as data: what an event holds, its canonical bytes, its salted leaf, and how the log is handed out.
//!
//! Pure: no file, no clock; salts are passed in. [`crate::store`] keeps it.

mod entry;
mod event;
mod export;
mod hex;
mod record;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use entry::{Entry, ErasureReason, LeafHash, LogId, Predecessor, Salt, document_hash, leaf_hash};
pub use event::{Event, EventKind, LeafIndex, Method, NoticeId, OpenedFrame, PagePath, RecordId};
pub use export::{Content, CsvExport, Removal, Row, write_json_line};
pub use record::{RecordError, canonical, parse};
