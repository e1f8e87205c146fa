//! The consent log as data: what an event holds, its canonical bytes, its salted leaf.

mod event;

pub use event::{Event, EventKind, LeafIndex, Method, NoticeId, PagePath, RecordId};
