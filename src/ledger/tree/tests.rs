//! Trees and proofs against an independent implementation (`tlog_tiles`, a port of Go's `sumdb/tlog`), over random histories.

use std::{collections::HashMap, convert::Infallible};

use proptest::prelude::*;
use tlog_tiles::{Hash, HashReader};

use super::*;
use crate::ledger::leaf_hash;

/// A tree in memory: the leaves, and the nodes that have places in tiles.
#[derive(Default)]
pub(crate) struct Tree {
    frontier: Frontier,
    nodes: HashMap<(u8, u64), TreeHash>,
}

impl Tree {
    pub(crate) fn of(leaves: impl IntoIterator<Item = LeafHash>) -> Self {
        let mut tree = Self::default();
        leaves.into_iter().for_each(|leaf| tree.append(leaf));
        tree
    }

    fn append(&mut self, leaf: LeafHash) {
        self.nodes.insert((0, self.frontier.size()), leaf.into());
        self.frontier.append(leaf, |node| assert!(self.nodes.insert((node.level, node.index), node.hash).is_none()));
    }
}

impl Tiles for Tree {
    type Error = Infallible;

    fn hashes(&self, tile: Tile) -> Result<Vec<TreeHash>, Infallible> {
        let first = tile.index * TILE_WIDTH;
        Ok((first..first + u64::from(tile.width)).map(|index| self.nodes[&(tile.level, index)]).collect())
    }
}

/// The other implementation's own store.
#[derive(Default)]
struct Other(Vec<Hash>);

impl HashReader for Other {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn leaf_data(number: u64) -> Vec<u8> {
    format!("leaf {number}").into_bytes()
}

fn both(size: u64) -> (Tree, Other) {
    let tree = Tree::of((0..size).map(|number| leaf_hash(&leaf_data(number))));
    let mut other = Other::default();
    for number in 0..size {
        let hashes = tlog_tiles::stored_hashes(number, &leaf_data(number), &other).unwrap();
        other.0.extend(hashes);
    }
    (tree, other)
}

fn theirs(hashes: &[Hash]) -> Vec<TreeHash> {
    hashes.iter().map(|hash| TreeHash(hash.0)).collect()
}

fn flipped(hash: TreeHash) -> TreeHash {
    let mut bytes = hash.0;
    bytes[7] ^= 0x40;
    TreeHash(bytes)
}

#[test]
fn the_empty_tree_and_the_smallest_ones_have_the_roots_of_the_specification() {
    let hex = |hash: TreeHash| crate::ledger::hex::hex(&hash.0);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex(Frontier::default().root()), empty);
    assert_eq!(hex(Tree::of([leaf_hash(b"")]).frontier.root()), {
        // SHA-256 of a single zero byte: the leaf without data.
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    });
    let [a, b, c] = [b"a", b"b", b"c"].map(|data| leaf_hash(data));
    let pair = TreeHash::of_children(a.into(), b.into());
    assert_eq!(Tree::of([a, b, c]).frontier.root(), TreeHash::of_children(pair, c.into()));
}

#[test]
fn a_path_of_a_tile_has_one_spelling() {
    let check = |path: &str, tile: Option<TilePath>| {
        assert_eq!(TilePath::parse(path), tile, "{path}");
        if let Some(tile) = tile {
            assert_eq!(tile.path(), path);
        }
    };
    let hashes = |level, index, width| Some(TilePath::Hashes(Tile { level, index, width }));
    check("tile/0/000", hashes(0, 0, 256));
    check("tile/3/x001/x234/067", hashes(3, 1_234_067, 256));
    check("tile/0/x999/999.p/1", hashes(0, 999_999, 1));
    check("tile/entries/x001/000.p/255", Some(TilePath::Entries(EntryBundle { index: 1000, width: 255 })));
    let wrong = ["tile/0/0", "tile/0/x000/001", "tile/0/001/001", "tile/0/x001", "tile/0/000.p/256", "tile/0/000.p/0"];
    let stray = [
        "tile/00/000",
        "tile/-1/000",
        "tile/0/+01",
        "tile/0/000.p/01",
        "tile/0/",
        "tile/0",
        "/tile/0/000",
        "tile/8/0/00",
    ];
    wrong.into_iter().chain(stray).for_each(|path| check(path, None));
    check(&format!("tile/0/{}000", "x999/".repeat(12)), None);
}

#[test]
fn entries_come_out_of_a_bundle_as_they_went_in() {
    let entries = [&b""[..], b"a", &[7; 65_535]];
    let mut bundle = Vec::new();
    entries.iter().for_each(|entry| bundle_entry(&mut bundle, entry));
    assert_eq!(entries_of_bundle(&bundle).unwrap(), entries);
    assert_eq!(entries_of_bundle(&bundle[..bundle.len() - 1]), None);
    assert_eq!(entries_of_bundle(&[0]), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn roots_and_proofs_are_those_of_another_implementation(size in 1_u64..1500, choices in any::<[u64; 4]>()) {
        let (tree, other) = both(size);
        let root = TreeHash(tlog_tiles::tree_hash(size, &other).unwrap().0);
        let mut prover = Prover::new(&tree, size);
        prop_assert_eq!(tree.frontier.root(), root);
        prop_assert_eq!(prover.root().unwrap(), root);
        let edge = Frontier::from_roots(size, prover.frontier().unwrap());
        prop_assert_eq!(edge, Some(tree.frontier.clone()));

        let index = choices[0] % size;
        let leaf = TreeHash::from(leaf_hash(&leaf_data(index)));
        let proof = prover.inclusion(index).unwrap();
        prop_assert_eq!(&proof, &theirs(&tlog_tiles::prove_record(size, index, &other).unwrap()));
        prop_assert!(check_inclusion(leaf, index, size, &proof, root));

        let old = choices[1] % size + 1;
        let old_root = TreeHash(tlog_tiles::tree_hash(old, &other).unwrap().0);
        prop_assert_eq!(Prover::new(&tree, old).root().unwrap(), old_root);
        let consistency = prover.consistency(old).unwrap();
        if old < size {
            prop_assert_eq!(&consistency, &theirs(&tlog_tiles::prove_tree(size, old, &other).unwrap()));
        }
        prop_assert!(check_consistency(old, size, old_root, root, &consistency));

        // Anything else is refused.
        prop_assert!(!check_inclusion(flipped(leaf), index, size, &proof, root));
        prop_assert!(!check_inclusion(leaf, index, size, &proof, flipped(root)));
        prop_assert!(!check_inclusion(leaf, size, size, &proof, root));
        prop_assert!(!check_consistency(old, size, flipped(old_root), root, &consistency));
        prop_assert!(!check_consistency(old, size, old_root, flipped(root), &consistency));
        for (proof, is_inclusion) in [(&proof, true), (&consistency, false)] {
            let accepts = |proof: &[TreeHash]| match is_inclusion {
                true => check_inclusion(leaf, index, size, proof, root),
                false => check_consistency(old, size, old_root, root, proof),
            };
            prop_assert!(!accepts(&[proof.as_slice(), &[root]].concat()));
            if !proof.is_empty() {
                let at = choices[2] as usize % proof.len();
                let mut changed = proof.clone();
                changed[at] = flipped(changed[at]);
                prop_assert!(!accepts(&changed));
                changed.remove(at);
                prop_assert!(!accepts(&changed));
            }
        }
        let elsewhere = choices[3] % size;
        if elsewhere != index {
            prop_assert!(!check_inclusion(leaf, elsewhere, size, &proof, root));
        }
    }

    #[test]
    fn every_tile_of_a_tree_is_found_by_its_path(size in 0_u64..200_000) {
        let nodes: u64 = (0..8).map(|level| Tile::nodes(level, size)).sum();
        let tiles: Vec<_> = Tile::all(size).collect();
        prop_assert_eq!(tiles.iter().map(|tile| u64::from(tile.width)).sum::<u64>(), nodes);
        for tile in tiles {
            prop_assert_eq!(TilePath::parse(&tile.path()), Some(TilePath::Hashes(tile)));
            prop_assert_eq!(Tile::in_tree(tile.level, tile.index, size), Some(tile));
        }
    }
}
