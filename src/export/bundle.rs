//! The bundle, from the log to an output: records first, then the tree that holds them, last the page and the manifest.
//!
//! The newest checkpoint when it begins bounds everything. A record that is deleted while the bundle is written would be in it without
//! being in the tree as deleted, or the other way round: that is looked for at the end, and the bundle is given up.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::Write,
};

use super::{ExportError, notices::Notices, tiles::KeptTiles};
use crate::{
    consent::EditionId,
    ledger::{
        BundleManifest, BundlePage, BundleWriter, EntryBundle, NoticeId, Prover, ShownNotice, SignedCheckpoint,
        TILE_WIDTH, Tile, Tiles as _, VerifierKey, parse,
    },
    store::Reader,
    timestamp::Timestamp,
    visitor::Language,
};

/// What a bundle is to hold, and what the log does not say by itself.
#[derive(Clone, Debug)]
pub struct BundleOptions {
    /// The period, from this moment …
    pub from: Timestamp,
    /// … up to this one, which is not part of it.
    pub to: Timestamp,
    /// The present.
    pub created: Timestamp,
    /// The log's public key; its name is the log's.
    pub key: VerifierKey,
    /// The keys of the log's witnesses.
    pub witnesses: Vec<VerifierKey>,
}

/// What was found while records were written.
#[derive(Default)]
struct Seen {
    written: u64,
    events: BTreeMap<&'static str, u64>,
    notices: HashMap<NoticeId, u64>,
}

/// Writes a bundle and returns how many records are in it. `step` is called with how many records or leaves were written since, up
/// to the sum of both.
///
/// # Errors
///
/// When there is no checkpoint yet, records were deleted meanwhile, or the log or the output refuses.
pub fn write_bundle<W: Write>(
    reader: &Reader,
    options: &BundleOptions,
    output: W,
    step: &mut dyn FnMut(u64),
) -> Result<u64, ExportError> {
    let (note, size) = newest(reader, &options.key)?;
    let leaves = leaves(reader, options, size)?;
    if reader.deleted_since(size, leaves)? {
        return Err(ExportError::Changed);
    }
    let mut bundle = BundleWriter::new(output, options.created);
    bundle.keys(&options.key, &options.witnesses)?;
    bundle.newest_checkpoint(&note)?;
    let seen = write_records(reader, leaves, &mut bundle, step)?;
    write_tree(reader, size, &mut bundle, step)?;
    let earlier = write_checkpoints(reader, options, size, &mut bundle)?;
    let notices = write_texts(reader, &seen, &mut bundle)?;
    if reader.deleted_since(size, leaves)? {
        return Err(ExportError::Changed);
    }
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
        removed: reader.events_between(leaves.0, leaves.1)?.saturating_sub(seen.written),
        manifest: manifest.clone(),
        key: options.key.clone(),
        witnesses: options.witnesses.clone(),
        checkpoints: earlier + 1,
        events: seen.events,
        notices,
    })?;
    bundle.finish(&manifest)?;
    Ok(seen.written)
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

/// The first leaf with an event of the period and the one after the last; nothing where the period has none.
fn leaves(reader: &Reader, options: &BundleOptions, size: u64) -> Result<(u64, u64), ExportError> {
    let extent = reader.extent(options.from, options.to, size)?;
    Ok(extent.map_or((0, 0), |(first, last)| (first.0, last.0 + 1)))
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
                *seen.notices.entry(event.notice).or_default() += 1;
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

/// Writes the checkpoints of the period but the newest, and what ties each to the next. Returns how many there were.
fn write_checkpoints<W: Write>(
    reader: &Reader,
    options: &BundleOptions,
    size: u64,
    bundle: &mut BundleWriter<W>,
) -> Result<u64, ExportError> {
    let tiles = KeptTiles::of(reader, size);
    let (mut count, mut last) = (0, 0);
    let tie = |old: u64, new: u64, bundle: &mut BundleWriter<W>| -> Result<(), ExportError> {
        if old > 0 {
            bundle.consistency(old, new, &Prover::new(&tiles, new).consistency(old)?)?;
        }
        Ok(())
    };
    loop {
        let period = (options.from, options.to);
        let page = reader.checkpoints_between(options.key.name(), period, last, size)?;
        if page.is_empty() {
            tie(last, size, bundle)?;
            return Ok(count);
        }
        for (next, note) in page {
            bundle.checkpoint(next, &note)?;
            tie(last, next, bundle)?;
            last = next;
            count += 1;
        }
    }
}

/// Writes the documents that the records name, and the texts of their editions.
fn write_texts<W: Write>(
    reader: &Reader,
    seen: &Seen,
    bundle: &mut BundleWriter<W>,
) -> Result<Vec<ShownNotice>, ExportError> {
    let mut notices = Notices::of(reader);
    let mut shown = Vec::new();
    for (id, events) in &seen.notices {
        let Some(document) = reader.notice(*id)? else { continue };
        bundle.notice(*id, &document)?;
        let facts = notices.facts(*id)?.map(|facts| (*facts).clone()).unwrap_or_default();
        shown.push(ShownNotice { id: *id, facts, events: *events });
    }
    shown.sort_by(|one, other| other.events.cmp(&one.events).then_with(|| one.id.0.cmp(&other.id.0)));
    let editions: BTreeSet<_> = shown.iter().filter_map(|notice| EditionId::parse(&notice.facts.edition)).collect();
    for (edition, language) in editions.iter().flat_map(|edition| Language::ALL.map(|language| (edition, language))) {
        if let Some(text) = reader.policy(edition, language)? {
            bundle.policy(edition, language, &text)?;
        }
    }
    Ok(shown)
}
