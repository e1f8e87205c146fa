//! Checking proofs with nothing but hashes: the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2, whose proofs are those of RFC 6962.

use super::TreeHash;

/// Whether the leaf stands at `index` in the tree of `size` leaves with this root.
pub fn check_inclusion(leaf: TreeHash, index: u64, size: u64, proof: &[TreeHash], root: TreeHash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = TreeHash::of_children(*sibling, hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = TreeHash::of_children(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether a tree of `old` leaves is the beginning of a tree of `new` leaves. That an empty tree is the beginning of any needs no proof.
pub fn check_consistency(old: u64, new: u64, old_root: TreeHash, new_root: TreeHash, proof: &[TreeHash]) -> bool {
    if old > new {
        return false;
    }
    if old == new || old == 0 {
        let same = if old == 0 { old_root == TreeHash::of_nothing() } else { old_root == new_root };
        return same && proof.is_empty();
    }
    // An old tree that is complete is itself the first node of the proof.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return false,
        }
    };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = TreeHash::of_children(*sibling, old_hash);
            new_hash = TreeHash::of_children(*sibling, new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = TreeHash::of_children(new_hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}
