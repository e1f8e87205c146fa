//! The Merkle tree in tables: leaves, and the nodes of the tiles above them, written in the same transaction.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::ledger::{Entry, Frontier, LeafHash, Prover, TILE_WIDTH, Tile, Tiles, TreeHash, leaf_hash};

/// The leaves and nodes of a log, as tiles.
pub(super) struct StoredTiles<'a>(pub(super) &'a Connection);

impl Tiles for StoredTiles<'_> {
    type Error = rusqlite::Error;

    fn hashes(&self, tile: Tile) -> rusqlite::Result<Vec<TreeHash>> {
        let (first, width) = (tile.index * TILE_WIDTH, usize::from(tile.width));
        let (sql, level) = match tile.level {
            0 => ("SELECT hash FROM leaf WHERE ?1 = 0 AND idx >= ?2 ORDER BY idx LIMIT ?3", 0),
            level => ("SELECT hash FROM node WHERE level = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3", i64::from(level)),
        };
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params![level, first.cast_signed(), i64::from(tile.width)], |row| row.get(0))?;
        let hashes: Vec<TreeHash> = rows.map(|hash| hash.map(TreeHash)).collect::<Result<_, _>>()?;
        if hashes.len() == width { Ok(hashes) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
    }
}

/// A leaf, as it is written.
pub(super) struct Leaf {
    kind: &'static str,
    hash: LeafHash,
    data: Vec<u8>,
}

impl From<&Entry> for Leaf {
    fn from(entry: &Entry) -> Self {
        let data = entry.leaf_data();
        Self { kind: entry.kind(), hash: leaf_hash(&data), data }
    }
}

/// Writes an entry.
pub(super) fn append(
    connection: &Connection,
    frontier: &mut Frontier,
    entry: &Entry,
    day: i64,
) -> rusqlite::Result<u64> {
    append_leaf(connection, frontier, &entry.into(), day)
}

/// Writes one leaf and the nodes that it completes.
pub(super) fn append_leaf(
    connection: &Connection,
    frontier: &mut Frontier,
    leaf: &Leaf,
    day: i64,
) -> rusqlite::Result<u64> {
    let index = frontier.size();
    let sql = "INSERT INTO leaf (idx, kind, day, hash, data) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![index.cast_signed(), leaf.kind, day, leaf.hash.0, leaf.data];
    connection.prepare_cached(sql)?.execute(values)?;
    append_hash(connection, frontier, leaf.hash)?;
    Ok(index)
}

fn append_hash(connection: &Connection, frontier: &mut Frontier, leaf: LeafHash) -> rusqlite::Result<()> {
    let mut completed = Vec::new();
    frontier.append(leaf, |node| completed.push(node));
    for node in completed {
        let sql = "INSERT INTO node (level, idx, hash) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(sql)?.execute(params![node.level, node.index.cast_signed(), node.hash.0])?;
    }
    Ok(())
}

/// The root of the first leaves that are in the tables.
pub(super) fn root_at(connection: &Connection, size: u64) -> rusqlite::Result<TreeHash> {
    Prover::new(&StoredTiles(connection), size).root()
}

/// Computes the nodes of leaves that were written before there was a tree.
pub(super) fn complete(connection: &Connection) -> rusqlite::Result<()> {
    let known: Option<i64> = connection.query_row("SELECT idx FROM node LIMIT 1", [], |row| row.get(0)).optional()?;
    if known.is_some() {
        return Ok(());
    }
    let mut frontier = Frontier::default();
    let mut statement = connection.prepare("SELECT hash FROM leaf ORDER BY idx")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        append_hash(connection, &mut frontier, LeafHash(row.get(0)?))?;
    }
    Ok(())
}
