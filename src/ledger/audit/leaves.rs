//! The leaves as they go by: their hashes and the tree over them, and what they say that later leaves and records depend on.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;

use super::{Follows, Problem, ProblemKind, texts::KnownTexts};
use crate::{
    ledger::{Entry, Frontier, LeafHash, LeafIndex, LogId, Predecessor, Tile, TreeHash, leaf_hash},
    timestamp::Timestamp,
};

/// What is kept of the leaves: 32 bytes and a few bits for each.
#[derive(Default)]
pub(super) struct Leaves {
    hashes: Vec<LeafHash>,
    frontier: Frontier,
    /// The nodes of the tiles above the leaves, level 1 first.
    nodes: Vec<Vec<TreeHash>>,
    /// The sizes at which roots are wanted, and those roots.
    wanted: BTreeSet<u64>,
    roots: BTreeMap<u64, TreeHash>,
    /// Whether leaves could not be had: no tree can be computed then.
    incomplete: bool,
    consent: RoaringBitmap,
    removed: RoaringBitmap,
    pub(super) texts: KnownTexts,
    pub(super) starts: Vec<Start>,
    /// When leaves that are not events were written: the moment, or the beginning of the day.
    pub(super) times: Vec<(u64, Timestamp)>,
}

/// Where a log starts.
pub(super) struct Start {
    pub(super) index: u64,
    pub(super) log: LogId,
    /// Which log it says it goes on from.
    pub(super) follows: Option<Predecessor>,
    pub(super) day: Timestamp,
}

impl Leaves {
    /// Asks for the root of the first `size` leaves, before they go by.
    pub(super) fn want_root(&mut self, size: u64) {
        self.wanted.insert(size);
    }

    /// The root of the first `size` leaves, where it was asked for and all of them are known.
    pub(super) fn root(&self, size: u64) -> Option<TreeHash> {
        if size == 0 { Some(TreeHash::of_nothing()) } else { self.roots.get(&size).copied() }
    }

    pub(super) const fn complete(&self) -> bool {
        !self.incomplete
    }

    pub(super) fn size(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// The hash of a leaf.
    pub(super) fn hash(&self, index: u64) -> Option<LeafHash> {
        self.hashes.get(usize::try_from(index).ok()?).copied()
    }

    pub(super) fn is_consent(&self, index: u64) -> bool {
        self.consent.contains(bit(index))
    }

    pub(super) fn is_removed(&self, index: u64) -> bool {
        self.removed.contains(bit(index))
    }

    /// Where the log went on from another one, the oldest first; nothing where leaves are missing.
    pub(super) fn follows(&self) -> Vec<Follows> {
        if self.incomplete {
            return Vec::new();
        }
        let later = self.starts.iter().skip(1);
        let follows = |start: &Start| {
            let old = start.follows?;
            Some(Follows { leaf: LeafIndex(start.index), log: old.log, size: old.size, day: start.day })
        };
        later.filter_map(follows).collect()
    }

    /// The first leaf begins a log, and each later start goes on from the log before it.
    pub(super) fn check_starts(&self, problems: &mut BTreeSet<Problem>) {
        let mut wrong = |index| _ = problems.insert(Problem::at_leaf(ProblemKind::WrongLog, index));
        if self.starts.first().is_none_or(|start| start.index != 0) {
            wrong(0);
        }
        let mut before = None;
        for start in &self.starts {
            let follows = before.map(|log| Predecessor { log, size: start.index });
            if start.follows != follows {
                wrong(start.index);
            }
            before = Some(start.log);
        }
    }

    /// The events of a range of leaves.
    pub(super) fn events(&self, first: u64, after: u64) -> impl Iterator<Item = u64> + '_ {
        self.consent.range(bit(first)..bit(after)).map(u64::from)
    }

    /// How many events lie outside of a range of leaves and were not deleted.
    pub(super) fn kept_outside(&self, first: u64, after: u64) -> u64 {
        let kept = &self.consent - &self.removed;
        kept.len() - kept.range_cardinality(bit(first)..bit(after))
    }

    /// Takes the next leaf.
    pub(super) fn append(&mut self, data: &[u8], problems: &mut BTreeSet<Problem>) {
        let (index, hash) = (self.size(), leaf_hash(data));
        self.hashes.push(hash);
        if self.complete() {
            let nodes = &mut self.nodes;
            self.frontier.append(hash, |node| {
                let level = usize::from(node.level);
                nodes.resize_with(level.max(nodes.len()), Vec::new);
                nodes[level - 1].push(node.hash);
            });
            if self.wanted.contains(&self.size()) {
                self.roots.insert(self.size(), self.frontier.root());
            }
        }
        match Entry::parse(data) {
            Some(entry) => self.keep(index, entry),
            None => _ = problems.insert(Problem::at_leaf(ProblemKind::LeafUnreadable, index)),
        }
    }

    /// Goes past leaves that can't be had.
    pub(super) fn skip(&mut self, count: u64) {
        self.incomplete = true;
        self.hashes.resize(self.hashes.len() + count as usize, LeafHash([0; 32]));
    }

    /// Whether these are the hashes of a tile of the tree.
    pub(super) fn is_tile(&self, tile: Tile, bytes: &[u8]) -> bool {
        let first = tile.index as usize * crate::ledger::TILE_WIDTH as usize;
        let within = first..first + usize::from(tile.width);
        let hashes: Option<Vec<TreeHash>> = match tile.level {
            0 => self.hashes.get(within).map(|leaves| leaves.iter().copied().map(TreeHash::from).collect()),
            level => {
                self.nodes.get(usize::from(level) - 1).and_then(|nodes| nodes.get(within)).map(<[TreeHash]>::to_vec)
            }
        };
        hashes.is_some_and(|hashes| Tile::bytes(&hashes) == bytes)
    }

    fn keep(&mut self, index: u64, entry: Entry) {
        let time = match entry {
            Entry::Consent { .. } => {
                self.consent.insert(bit(index));
                return;
            }
            Entry::Start { log, follows, day } => {
                self.starts.push(Start { index, log, follows, day });
                day
            }
            Entry::Notice { id, edition, day, .. } => {
                self.texts.add_notice(index, id, edition);
                day
            }
            Entry::Policy { edition, language, document, day, .. } => {
                self.texts.add_policy(index, edition, (language, document));
                day
            }
            Entry::Erasure { index: erased, day, .. } => {
                // A leaf speaks of what was before it.
                if erased.0 < index {
                    self.removed.insert(bit(erased.0));
                }
                day
            }
            Entry::Retention { ranges, day, .. } => {
                for (first, last) in ranges.into_iter().filter(|(first, _)| first.0 < index) {
                    self.removed.insert_range(bit(first.0)..=bit(last.0.min(index - 1)));
                }
                day
            }
            Entry::Enforcement { day, .. } => day,
            Entry::Configuration { time, .. } | Entry::Service { time, .. } | Entry::Key { time, .. } => time,
            Entry::Access(access) => access.time,
        };
        self.times.push((index, time));
    }
}

/// Leaves are counted with 32 bits here; the size of what is audited is bounded by [`super::MOST_LEAVES`].
fn bit(index: u64) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
