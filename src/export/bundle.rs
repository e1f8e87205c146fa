//! The bundle, from the log to an output: records first, then the tree that holds them, last the page and the manifest.
//!
//! All of it is read in one state of the log ([`Reader::snapshot`]), and the newest checkpoint in that state bounds everything. What is
//! written or deleted meanwhile is not in the bundle. What was written before it begins is waited for a while until it is signed: the
//! leaf that says that this bundle was taken shall be in it. While a deletion is not signed there is no bundle, since its record would be
//! missing without a leaf that says why.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::Write,
    thread,
    time::{Duration, Instant},
};

use super::{ExportError, endings::Endings, notices::Notices, tiles::KeptTiles};
use crate::{
    ledger::{
        BundleManifest, BundlePage, BundleWriter, Counted, Entry, EntryBundle, Event, LeafIndex, MOST_SHOWN, Note,
        NoticeId, Prover, ShownNotice, ShownRecord, Signed, SignedCheckpoint, TILE_WIDTH, Tile, Tiles as _,
        VerifierKey, audit::Follows, parse, policy_texts,
    },
    store::{Era, Reader, Snapshot},
    timestamp::Timestamp,
};

/// How long a checkpoint is waited for that covers the last leaf: some times the second within which a running gateway signs.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked for.
const CHECKPOINT_POLL: Duration = Duration::from_millis(100);

/// What a bundle is to hold, and what the log does not say by itself.
#[derive(Clone, Debug)]
pub struct BundleOptions {
    /// The period, from this moment; `None` from the log's beginning …
    pub from: Option<Timestamp>,
    /// … up to this one, which is not part of it; `None` to the log's end.
    pub to: Option<Timestamp>,
    /// The present.
    pub created: Timestamp,
    /// The log's public key; its name is the log's.
    pub key: VerifierKey,
    /// The keys of the log's witnesses.
    pub witnesses: Vec<VerifierKey>,
}

impl BundleOptions {
    /// The period as moments.
    fn bounds(&self) -> (Timestamp, Timestamp) {
        (self.from.unwrap_or_default(), self.to.unwrap_or(Timestamp::from_milliseconds(i64::MAX)))
    }
}

/// What was found while records were written.
#[derive(Default)]
struct Seen {
    written: u64,
    events: BTreeMap<&'static str, u64>,
    /// How many records name a notice, by the word for how the visitor answered.
    notices: HashMap<NoticeId, BTreeMap<&'static str, u64>>,
    /// For the page, which shows no more of them.
    first: Vec<(LeafIndex, Event)>,
}

/// Writes a bundle and returns how many records are in it, and how many more of its leaves were deleted. `step` is called with how many
/// records or leaves were written since, up to the sum of both.
///
/// # Errors
///
/// When there is no checkpoint yet or none that covers what was deleted, or the log or the output refuses.
pub fn write_bundle<W: Write>(
    reader: &Reader,
    options: &BundleOptions,
    output: W,
    step: &mut dyn FnMut(u64),
) -> Result<Counted, ExportError> {
    let state = State::covered(reader, options)?;
    let (size, leaves) = (state.size, state.leaves);
    let mut bundle = BundleWriter::new(output, options.created);
    bundle.keys(&options.key, &options.witnesses)?;
    bundle.newest_checkpoint(&state.note)?;
    let seen = write_records(reader, leaves, &mut bundle, step)?;
    write_tree(reader, size, &mut bundle, step)?;
    let mut witnesses: Vec<_> = options.witnesses.iter().map(|witness| (witness.clone(), false)).collect();
    note_signed(&mut witnesses, &state.note);
    let earlier = write_checkpoints(reader, options, leaves, size, &mut bundle, &mut witnesses)?;
    let notices = write_texts(reader, &seen, &mut bundle)?;
    let removed = reader.events_between(leaves.0, leaves.1)?.saturating_sub(seen.written);
    let manifest = BundleManifest {
        program: concat!("kelisim ", env!("CARGO_PKG_VERSION")).to_owned(),
        created: options.created,
        origin: options.key.name().to_owned(),
        size,
        from: options.from,
        to: options.to,
        leaves,
    };
    bundle.page(&BundlePage {
        removed,
        outside: reader.kept_outside(leaves, size)?,
        manifest: manifest.clone(),
        key: options.key.clone(),
        witnesses,
        follows: follows(reader, size)?,
        checkpoints: earlier + 1,
        first: first_records(reader, seen.first, size)?,
        events: seen.events,
        notices,
    })?;
    bundle.finish(&manifest)?;
    Ok(Counted { records: seen.written, deleted: removed })
}

/// One state of the log, and the newest checkpoint in it.
struct State<'a> {
    note: String,
    size: u64,
    leaves: (u64, u64),
    /// Held until the bundle is whole.
    _snapshot: Snapshot<'a>,
}

impl<'a> State<'a> {
    /// The first state whose newest checkpoint covers all that was deleted in it, and all that was written before. A running gateway
    /// signs a new one within a second of each leaf, and a command when it ends; where nobody signs, what is signed has to do.
    fn covered(reader: &'a Reader, options: &BundleOptions) -> Result<Self, ExportError> {
        let (began, written) = (Instant::now(), reader.size()?);
        loop {
            let snapshot = reader.snapshot()?;
            let (note, size) = newest(reader, &options.key)?;
            let leaves = leaves(reader, options, size)?;
            let waited = began.elapsed() >= CHECKPOINT_PATIENCE;
            let deleted = reader.deleted_since(size, leaves)?;
            if !deleted && (waited || size >= written) {
                return Ok(Self { note, size, leaves, _snapshot: snapshot });
            }
            drop(snapshot);
            if waited {
                return Err(ExportError::Unsigned { origin: options.key.name().to_owned() });
            }
            thread::sleep(CHECKPOINT_POLL);
        }
    }
}

/// How many steps [`write_bundle`] takes: one for each leaf of the tree and each event of the period, about.
pub(crate) fn bundle_steps(reader: &Reader, options: &BundleOptions) -> Result<u64, ExportError> {
    let (_, size) = newest(reader, &options.key)?;
    let (first, after) = leaves(reader, options, size)?;
    Ok(size + reader.events_between(first, after)?)
}

/// The newest checkpoint, checked, and its size.
fn newest(reader: &Reader, key: &VerifierKey) -> Result<(String, u64), ExportError> {
    let origin = || key.name().to_owned();
    let note = reader.newest_checkpoint(key.name())?.ok_or_else(|| ExportError::NoCheckpoint { origin: origin() })?;
    let signed = SignedCheckpoint::open(&note, key).map_err(|_| ExportError::ForeignCheckpoint { origin: origin() })?;
    Ok((note, signed.checkpoint().size))
}

/// The first leaf with an event of the period and the one after the last. Where there is no bound they are the ends of the log; nothing
/// where the period has no events.
fn leaves(reader: &Reader, options: &BundleOptions, size: u64) -> Result<(u64, u64), ExportError> {
    let (from, to) = options.bounds();
    let extent = reader.extent(from, to, size)?.map(|(first, last)| (first.0, last.0 + 1));
    Ok(match (options.from, options.to) {
        (None, None) => (0, size),
        (None, Some(_)) => (0, extent.map_or(0, |(_, after)| after)),
        (Some(_), None) => (extent.map_or(size, |(first, _)| first), size),
        (Some(_), Some(_)) => extent.unwrap_or_default(),
    })
}

fn write_records<W: Write>(
    reader: &Reader,
    (first, after): (u64, u64),
    bundle: &mut BundleWriter<W>,
    step: &mut dyn FnMut(u64),
) -> Result<Seen, ExportError> {
    let (mut seen, mut next) = (Seen::default(), first);
    loop {
        let page = reader.kept_records(next, after)?;
        let Some((last, ..)) = page.last() else { return Ok(seen) };
        next = last.0 + 1;
        for (index, salt, record) in &page {
            bundle.record(*index, salt, record)?;
            // What can't be read is in the bundle all the same: whoever verifies it has to see that.
            if let Ok(event) = parse(record) {
                *seen.events.entry(event.kind.name()).or_default() += 1;
                let methods = seen.notices.entry(event.notice).or_default();
                *methods.entry(event.method.name()).or_default() += 1;
                if seen.first.len() < MOST_SHOWN {
                    seen.first.push((*index, event));
                }
            }
        }
        seen.written += page.len() as u64;
        step(page.len() as u64);
    }
}

fn write_tree<W: Write>(
    reader: &Reader,
    size: u64,
    bundle: &mut BundleWriter<W>,
    step: &mut dyn FnMut(u64),
) -> Result<(), ExportError> {
    for tile in Tile::all(size) {
        bundle.tile(tile, &reader.hashes(tile)?)?;
        if let (0, Some(entries)) = (tile.level, EntryBundle::in_tree(tile.index, size)) {
            let first = tile.index * TILE_WIDTH;
            bundle.entries(entries, &reader.leaf_data(first, usize::from(tile.width))?)?;
            step(u64::from(tile.width));
        }
    }
    Ok(())
}

/// Writes the checkpoints of the period but the newest, the nearest ones around its leaves that a witness signed, and what ties each to
/// the next. Returns how many there were.
fn write_checkpoints<W: Write>(
    reader: &Reader,
    options: &BundleOptions,
    leaves: (u64, u64),
    size: u64,
    bundle: &mut BundleWriter<W>,
    witnesses: &mut [(VerifierKey, bool)],
) -> Result<u64, ExportError> {
    let tiles = KeptTiles::of(reader, size);
    let (mut count, mut last) = (0, 0);
    let tie = |old: u64, new: u64, bundle: &mut BundleWriter<W>| -> Result<(), ExportError> {
        if old > 0 {
            bundle.consistency(old, new, &Prover::new(&tiles, new).consistency(old)?)?;
        }
        Ok(())
    };
    let eras = signed_eras(reader, &options.key, size)?;
    let around = reader.cosigned_around(&eras, leaves)?;
    // Eras follow one another, and so do the sizes of what was signed in them.
    for era in &eras {
        let mut above = era.start;
        loop {
            let page = reader.checkpoints_between(era, options.bounds(), around, above)?;
            let Some((largest, _)) = page.last() else { break };
            above = *largest;
            for (next, note) in page {
                bundle.checkpoint(next, &note)?;
                note_signed(witnesses, &note);
                tie(last, next, bundle)?;
                last = next;
                count += 1;
            }
        }
    }
    tie(last, size, bundle)?;
    Ok(count)
}

/// Marks the witnesses that have signed a checkpoint.
fn note_signed(witnesses: &mut [(VerifierKey, bool)], note: &str) {
    let Some(note) = Note::parse(note) else { return };
    for (witness, signed) in witnesses.iter_mut().filter(|(_, signed)| !signed) {
        *signed = matches!(note.signed_by(witness), Signed::At(_));
    }
}

/// Where this log goes on from another one, since a backup was restored.
fn follows(reader: &Reader, size: u64) -> Result<Vec<Follows>, ExportError> {
    let mut found = Vec::new();
    for era in reader.eras(size)?.iter().filter(|era| era.start > 0) {
        let leaf = reader.leaf_data(era.start, 1)?;
        if let Some(Entry::Start { follows: Some(old), day, .. }) = leaf.first().and_then(|data| Entry::parse(data)) {
            found.push(Follows { leaf: LeafIndex(era.start), log: old.log, size: old.size, day });
        }
    }
    Ok(found)
}

/// The logs that this key has signed. Where the key was lost with a disk the new log has another one, and nobody could check the old
/// log's checkpoints with the key in the bundle.
fn signed_eras(reader: &Reader, key: &VerifierKey, size: u64) -> Result<Vec<Era>, ExportError> {
    let mut eras = Vec::new();
    for era in reader.eras(size)? {
        let newest = reader.newest_checkpoint(&era.origin)?.zip(key.renamed(&era.origin));
        if newest.is_some_and(|(note, key)| SignedCheckpoint::open(&note, &key).is_ok()) {
            eras.push(era);
        }
    }
    Ok(eras)
}

/// The first records with what ended them, as far as the leaves in the bundle tell.
fn first_records(reader: &Reader, first: Vec<(LeafIndex, Event)>, size: u64) -> Result<Vec<ShownRecord>, ExportError> {
    let mut endings = Endings::of(reader);
    let shown = first.into_iter().map(|(index, event)| {
        let ending = endings.ending(index, &event)?.filter(|ending| ending.by.0 < size);
        Ok(ShownRecord { index, event, ending })
    });
    shown.collect()
}

/// Writes the documents that the records name, and the texts of the policy that these name.
fn write_texts<W: Write>(
    reader: &Reader,
    seen: &Seen,
    bundle: &mut BundleWriter<W>,
) -> Result<Vec<ShownNotice>, ExportError> {
    let mut notices = Notices::of(reader);
    let (mut shown, mut policies) = (Vec::new(), BTreeSet::new());
    for (id, methods) in &seen.notices {
        let Some(document) = reader.notice(*id)? else { continue };
        bundle.notice(*id, &document)?;
        // What can't be read is in the bundle all the same, and names nothing.
        policies.extend(policy_texts(&document).into_iter().flatten().map(|(_, hash)| hash));
        let facts = notices.facts(*id)?.map(|facts| (*facts).clone()).unwrap_or_default();
        shown.push(ShownNotice { id: *id, facts, methods: methods.clone() });
    }
    shown.sort_by(|one, other| other.records().cmp(&one.records()).then_with(|| one.id.0.cmp(&other.id.0)));
    for hash in policies {
        if let Some(text) = reader.policy(&hash)? {
            bundle.policy(&hash, &text)?;
        }
    }
    Ok(shown)
}
