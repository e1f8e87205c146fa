//! The consent log as data: what an event holds, its canonical bytes, its salted leaf, and how the log is handed out.
//!
//! Pure: no file, no clock; salts are passed in. [`crate::store`] keeps it.

mod act;
mod administration;
pub mod audit;
mod bundle;
mod checkpoint;
mod entry;
mod event;
mod export;
pub(crate) mod hex;
mod json;
mod leaf_content;
mod leaf_reader;
mod note;
mod notice_facts;
mod page_path;
mod policy_texts;
mod proof;
mod record;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod tree;
mod witness;

pub use act::{Act, Retention};
pub use administration::{Access, AccessKind, Accessor, AccountNumber, Enforced, EnforcementCount, ServiceState};
pub use bundle::{BUNDLE_FORMAT, BundleManifest, BundlePage, BundleWriter, MOST_SHOWN, ShownNotice, ShownRecord};
pub use checkpoint::{Checkpoint, CheckpointFault, SignedCheckpoint};
pub use entry::{Entry, ErasureReason, LONGEST_LEAF, LeafHash, LogId, Predecessor, Salt, document_hash, leaf_hash};
pub use event::{Event, EventKind, LeafIndex, Method, NoticeId, OpenedFrame, RecordId};
pub use export::{
    Content, Counted, CsvExport, Ending, JsonLdExport, Removal, Row, Told, consent_record, disarmed, json_ld_context,
    write_json_line,
};
pub(crate) use hex::{hex, unhex};
pub(crate) use json::{Fields, field, read_json};
pub use note::{KeyFault, KeyKind, LONGEST_NOTE, Note, SignatureLine, Signed, SigningKey, VerifierKey};
pub use notice_facts::{NoticeFacts, is_denial};
pub use page_path::PagePath;
pub use policy_texts::{PolicyText, policy_texts};
pub use proof::Proof;
pub use record::{RecordError, RecordOutline, canonical, outline, parse};
pub use tree::{
    CompletedNode, EntryBundle, Frontier, Prover, TILE_WIDTH, Tile, TilePath, Tiles, TreeHash, bundle_entry,
    check_consistency, check_inclusion, entries_of_bundle,
};
pub use witness::{AddCheckpoint, Comparison, LONGEST_REQUEST, Refusal, Submission, compare, origin_hash, parse_size};
