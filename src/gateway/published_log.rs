//! The log as everybody may read it: its newest checkpoint, the tiles below it, its key, and a proof for each leaf (C2SP tlog-tiles, tlog-proof).
//!
//! Nothing beyond the newest checkpoint is shown, so that nobody sees a leaf to which the log is not bound yet. Leaves hold no personal
//! data; what they commit to stays here. All hosts of a state directory publish the same log, but for sites that are observed: there every
//! address but two is the site's own, and nobody is asked for anything.
//!
//! Each log stands under its number, as its origin says: what a path says there stays so for ever, also after a restore, when another log
//! goes on after the leaves that are left. The paths without a number are names of the log of the present.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;

use super::{AnswerBody, Shared, visit::Visit};
use crate::{
    ledger::{
        Entry, EntryBundle, LeafIndex, LogId, Proof, Prover, SignedCheckpoint, Tile, TilePath, Tiles as _, VerifierKey,
        bundle_entry,
    },
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
/// A tile of a given width of one log never changes.
const NEVER_CHANGES: &str = "public, max-age=31536000, immutable";

/// A log as far as it is published.
struct Published {
    /// How many of its leaves may be shown.
    leaves: u64,
    /// Size and signed note of its last checkpoint.
    checkpoint: Option<(u64, String)>,
    /// `None` where the key that signed it is lost.
    key: Option<VerifierKey>,
}

/// Answers a request for a file of a log, of the present one where no number is given.
pub(super) async fn answer(
    shared: &Shared,
    visit: &Visit,
    log: Option<LogId>,
    file: LogFile,
    asked: &HeaderMap,
    now: Timestamp,
) -> Response<AnswerBody> {
    let mut response = if shared.log_reads.allows(visit.client.address, now) {
        match published(shared, log.unwrap_or(shared.store.log())).await {
            Ok(published) => part(shared, &published, file).await,
            Err(Absent::Unknown) => unpublished(),
            Err(Absent::Unread) => unreadable(),
        }
    } else {
        let mut response = said(StatusCode::TOO_MANY_REQUESTS, "too many requests, try again in a minute\n");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        response
    };
    if log.is_none() && matches!(file, LogFile::Tile(_)) && response.status() == StatusCode::OK {
        response = of_the_present(response, shared.store.log(), asked);
    }
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

/// Why there is nothing to show of a log.
enum Absent {
    /// There is none of this number.
    Unknown,
    /// It can't be read now.
    Unread,
}

async fn published(shared: &Shared, log: LogId) -> Result<Published, Absent> {
    if log == shared.store.log() {
        let checkpoint = newest(shared).map(|newest| (newest.checkpoint().size, newest.note().to_string()));
        let leaves = checkpoint.as_ref().map_or(0, |(size, _)| *size);
        return Ok(Published { leaves, checkpoint, key: Some(shared.store.key().clone()) });
    }
    let known = shared.store.earlier_logs().iter().copied().find(|(earlier, _)| *earlier == log);
    let (_, leaves) = known.ok_or(Absent::Unknown)?;
    let last = shared.readers.read(move |reader| reader.last_of_log(log, leaves)).await.ok_or(Absent::Unread)?;
    let (key, checkpoint) = match last {
        Some((origin, size, note)) => {
            // With a key of its own, of which nothing is left here, the present one would be a lie.
            let key = shared.store.key().renamed(&origin).filter(|key| SignedCheckpoint::open(&note, key).is_ok());
            (key, Some((size, note)))
        }
        None => (None, None),
    };
    Ok(Published { leaves, checkpoint, key })
}

async fn part(shared: &Shared, published: &Published, file: LogFile) -> Response<AnswerBody> {
    match (file, &published.key, &published.checkpoint) {
        (LogFile::Key, Some(key), _) => found(TEXT, CHANGES, format!("{key}\n")),
        (LogFile::Checkpoint, _, Some((_, note))) => found(TEXT, CHANGES, note.clone()),
        (LogFile::Tile(path), ..) => tile(shared, path, published.leaves).await,
        (LogFile::Proof(index), _, Some((size, note))) if *size > index.0 => {
            proof_of_leaf(shared, index, (*size, note.clone())).await.unwrap_or_else(unreadable)
        }
        _ => unpublished(),
    }
}

/// The proof of a leaf for everybody. A leaf that hides nothing stands in it, so that the file says what it proves; one that commits to a
/// record is handed out with it to its visitor alone.
async fn proof_of_leaf(shared: &Shared, index: LeafIndex, covering: (u64, String)) -> Option<Response<AnswerBody>> {
    let leaf = shared.readers.read(move |reader| Ok(reader.leaf_data(index.0, 1)?.pop())).await??;
    let entry = Entry::parse(&leaf);
    let hides = matches!(entry, None | Some(Entry::Consent { .. }));
    let proof = proof(shared, index, covering, (!hides).then_some(leaf)).await?;
    let mut response = found(TEXT, CHANGES, proof.to_string());
    if let Some(Entry::Erasure { index: erased, .. }) = entry {
        let name = format!("attachment; filename=\"erasure-of-{}.tlog-proof\"", erased.0);
        let name = HeaderValue::try_from(name).expect("digits are a header value");
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Some(response)
}

/// A tile under the name of the present log: after a restore another one may stand here, so it is asked for again each time.
fn of_the_present(mut tile: Response<AnswerBody>, log: LogId, asked: &HeaderMap) -> Response<AnswerBody> {
    let validator = format!("\"{log}\"");
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut known = known.flat_map(|line| line.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    if known.any(|tag| tag == validator || tag == "*") {
        *tile.status_mut() = StatusCode::NOT_MODIFIED;
        *tile.body_mut() = AnswerBody::ours(Bytes::new());
    }
    let headers = tile.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CHANGES));
    headers.insert(header::ETAG, HeaderValue::try_from(validator).expect("digits are a header value"));
    tile
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

/// The proof of a leaf that a checkpoint, of this size and with this note, covers; `None` where the log can't be read.
pub(super) async fn proof(
    shared: &Shared,
    index: LeafIndex,
    (size, checkpoint): (u64, String),
    extra: Option<Vec<u8>>,
) -> Option<Proof> {
    let inclusion = shared.readers.read(move |reader| Prover::new(reader, size).inclusion(index.0)).await?;
    Some(Proof { extra, index, inclusion, checkpoint })
}

async fn tile(shared: &Shared, path: TilePath, size: u64) -> Response<AnswerBody> {
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
