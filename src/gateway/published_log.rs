//! The log as everybody may read it: its newest checkpoint, the tiles below it, its key, and a proof for each leaf (C2SP tlog-tiles, tlog-proof).
//!
//! Nothing beyond the newest checkpoint is shown, so that nobody sees a leaf to which the log is not bound yet. Leaves hold no personal
//! data; what they commit to stays here. All hosts of a state directory publish the same log, but for sites that are observed: there every
//! address but two is the site's own, and nobody is asked for anything.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;

use super::{AnswerBody, Shared, visit::Visit};
use crate::{
    ledger::{EntryBundle, LeafIndex, Proof, Prover, SignedCheckpoint, Tile, TilePath, Tiles as _, bundle_entry},
    routing::LogFile,
    store::StoreError,
    timestamp::Timestamp,
};

/// Files of the log and receipts that one client may ask for in a minute. A monitor that follows a log needs a few, one that reads a
/// million leaves from their beginning 8,000, which is a quarter of an hour.
pub(super) const LOG_READS_PER_MINUTE: u32 = 600;

/// How long a proof waits for the checkpoint that covers its leaf. One is signed every second, so more means that the disk refuses.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(2);

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
const CHANGES: &str = "no-cache";
/// A tile of a given width never changes.
const NEVER_CHANGES: &str = "public, max-age=31536000, immutable";

/// Answers a request for a file of the log.
pub(super) async fn answer(shared: &Shared, visit: &Visit, file: LogFile, now: Timestamp) -> Response<AnswerBody> {
    let mut response = if shared.log_reads.allows(visit.client.address, now) {
        match file {
            LogFile::Key => found(TEXT, CHANGES, format!("{}\n", shared.store.key())),
            LogFile::Checkpoint => match newest(shared) {
                Some(checkpoint) => found(TEXT, CHANGES, checkpoint.note().to_string()),
                None => unpublished(),
            },
            LogFile::Tile(path) => tile(shared, path).await,
            LogFile::Proof(index) => match newest(shared).filter(|newest| newest.checkpoint().size > index.0) {
                Some(checkpoint) => match proof(shared, index, &checkpoint, None).await {
                    Some(proof) => found(TEXT, CHANGES, proof.to_string()),
                    None => unreadable(),
                },
                None => unpublished(),
            },
        }
    } else {
        let mut response = said(StatusCode::TOO_MANY_REQUESTS, "too many requests, try again in a minute\n");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        response
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The newest checkpoint, if there is one.
fn newest(shared: &Shared) -> Option<Arc<SignedCheckpoint>> {
    shared.store.checkpoints().borrow().clone()
}

/// The checkpoint that covers a leaf, waited for if need be.
pub(super) async fn covering(shared: &Shared, index: LeafIndex) -> Option<Arc<SignedCheckpoint>> {
    let mut checkpoints = shared.store.checkpoints();
    let covers = |newest: &Option<Arc<SignedCheckpoint>>| {
        newest.as_ref().is_some_and(|newest| newest.checkpoint().size > index.0)
    };
    let covered = tokio::time::timeout(CHECKPOINT_PATIENCE, checkpoints.wait_for(covers)).await;
    covered.ok()?.ok()?.clone()
}

/// The proof of a leaf that a checkpoint covers; `None` where the log can't be read.
pub(super) async fn proof(
    shared: &Shared,
    index: LeafIndex,
    checkpoint: &SignedCheckpoint,
    extra: Option<Vec<u8>>,
) -> Option<Proof> {
    let size = checkpoint.checkpoint().size;
    let inclusion = shared.readers.read(move |reader| Prover::new(reader, size).inclusion(index.0)).await?;
    Some(Proof { extra, index, inclusion, checkpoint: checkpoint.note().to_string() })
}

async fn tile(shared: &Shared, path: TilePath) -> Response<AnswerBody> {
    let size = newest(shared).map_or(0, |newest| newest.checkpoint().size);
    let (level, index, width) = match path {
        TilePath::Hashes(tile) => (tile.level, tile.index, tile.width),
        TilePath::Entries(bundle) => (0, bundle.index, bundle.width),
    };
    if Tile::in_tree(level, index, size).is_none_or(|whole| width > whole.width) {
        return unpublished();
    }
    let read = shared.readers.read(move |reader| match path {
        TilePath::Hashes(tile) => reader.hashes(tile).map(|hashes| Tile::bytes(&hashes)),
        TilePath::Entries(bundle) => entries(reader, bundle),
    });
    match read.await {
        Some(bytes) => found(BYTES, NEVER_CHANGES, bytes),
        None => unreadable(),
    }
}

fn entries(reader: &crate::store::Reader, bundle: EntryBundle) -> Result<Vec<u8>, StoreError> {
    let leaves = reader.leaf_data(bundle.index * crate::ledger::TILE_WIDTH, bundle.width.into())?;
    let mut bytes = Vec::new();
    leaves.iter().for_each(|leaf| bundle_entry(&mut bytes, leaf));
    Ok(bytes)
}

fn found(media_type: &'static str, caching: &'static str, body: impl Into<Bytes>) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::ours(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

fn unpublished() -> Response<AnswerBody> {
    said(StatusCode::NOT_FOUND, "not part of the log as it was signed last\n")
}

fn unreadable() -> Response<AnswerBody> {
    said(StatusCode::SERVICE_UNAVAILABLE, "the log can't be read now\n")
}

fn said(status: StatusCode, text: &'static str) -> Response<AnswerBody> {
    let mut response = found(TEXT, "no-store", text);
    *response.status_mut() = status;
    response
}
