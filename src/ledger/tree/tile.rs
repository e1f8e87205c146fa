//! Tiles: how a tree is cut into files that never change (C2SP tlog-tiles, "Merkle Tree" and "Log entries").

use super::TreeHash;

/// How many levels of the tree a tile spans.
pub(super) const TILE_HEIGHT: u32 = 8;

/// How many hashes a full tile has.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;

/// The longest path of a tile: more than any tree of 2⁶³ leaves needs.
const LONGEST_PATH: usize = 64;

/// A run of hashes of one level: of leaves on level 0, of subtrees of 256 leaves on level 1, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Which level, 0 to 7 in practice.
    pub level: u8,
    /// Its place among the tiles of the level.
    pub index: u64,
    /// How many hashes it has, 1 to 256.
    pub width: u16,
}

/// A run of entries, parallel to a tile of level 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntryBundle {
    /// Its place.
    pub index: u64,
    /// How many entries it has, 1 to 256.
    pub width: u16,
}

/// What a path under `tile/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TilePath {
    /// `tile/<L>/<N>[.p/<W>]`
    Hashes(Tile),
    /// `tile/entries/<N>[.p/<W>]`
    Entries(EntryBundle),
}

impl Tile {
    /// How many hashes level `level` of a tree of `size` leaves has.
    pub const fn nodes(level: u8, size: u64) -> u64 {
        let height = level as u32 * TILE_HEIGHT;
        if height >= u64::BITS { 0 } else { size >> height }
    }

    /// The tile at this place, as wide as it is in a tree of `size` leaves; `None` where that tree has none there.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let after = Self::nodes(level, size).checked_sub(index.checked_mul(TILE_WIDTH)?)?;
        let width = u16::try_from(after.min(TILE_WIDTH)).ok()?;
        (width > 0).then_some(Self { level, index, width })
    }

    /// All tiles of a tree, level by level.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..8).take_while(move |level| Self::nodes(*level, size) > 0);
        levels.flat_map(move |level| {
            (0..Self::nodes(level, size).div_ceil(TILE_WIDTH))
                .filter_map(move |index| Self::in_tree(level, index, size))
        })
    }

    /// Where it is published, from `tile/` on.
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, numbered(self.index, self.width))
    }

    /// The bytes that are published: its hashes one after the other.
    pub fn bytes(hashes: &[TreeHash]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| hash.0).collect()
    }

    /// Reads [`Tile::bytes`]; `None` where there are not exactly as many hashes as the tile has.
    pub fn hashes(self, bytes: &[u8]) -> Option<Vec<TreeHash>> {
        let (chunks, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && chunks.len() == usize::from(self.width))
            .then(|| chunks.iter().copied().map(TreeHash).collect())
    }
}

impl EntryBundle {
    /// The bundle beside a tile of level 0.
    pub fn in_tree(index: u64, size: u64) -> Option<Self> {
        Tile::in_tree(0, index, size).map(|tile| Self { index, width: tile.width })
    }

    /// Where it is published, from `tile/` on.
    pub fn path(self) -> String {
        format!("tile/entries/{}", numbered(self.index, self.width))
    }
}

impl TilePath {
    /// Reads a path as [`Tile::path`] and [`EntryBundle::path`] write it, and no other spelling.
    pub fn parse(path: &str) -> Option<Self> {
        if path.len() > LONGEST_PATH {
            return None;
        }
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => (groups, width.parse().ok()?),
            None => (rest, TILE_WIDTH as u16),
        };
        let mut index = 0_u64;
        for group in groups.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            if digits.len() != 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let found = match level {
            "entries" => Self::Entries(EntryBundle { index, width }),
            level => Self::Hashes(Tile { level: level.parse().ok()?, index, width }),
        };
        // One spelling for each tile.
        (found.path() == path && (1..=TILE_WIDTH as u16).contains(&width)).then_some(found)
    }

    /// The path.
    pub fn path(self) -> String {
        match self {
            Self::Hashes(tile) => tile.path(),
            Self::Entries(bundle) => bundle.path(),
        }
    }
}

/// Appends an entry to a bundle: its length in two bytes, big-endian, and its bytes.
///
/// # Panics
///
/// When the entry is longer than 65,535 bytes: no leaf of ours is ([`crate::ledger::LONGEST_LEAF`]).
pub fn bundle_entry(bundle: &mut Vec<u8>, leaf_data: &[u8]) {
    let length = u16::try_from(leaf_data.len()).expect("leaves are shorter than 65,535 bytes");
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(leaf_data);
}

/// Splits a bundle into its entries; `None` where it breaks off.
pub fn entries_of_bundle(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    bundle.is_empty().then_some(entries)
}

/// Three digits a group, all but the last with an `x`; what is not full ends with its width.
fn numbered(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if u64::from(width) == TILE_WIDTH { path } else { format!("{path}.p/{width}") }
}
