//! Checkpoints: whether the log signed them, who else did and when, and whether they belong to one history.

use std::collections::BTreeSet;

use super::{GivenCheckpoint, Leaves, Problem, ProblemKind, Seen, TOLERANCE, Trust, WitnessSeen};
use crate::{
    ledger::{Checkpoint, LogId, Note, Signed, TreeHash, check_consistency, hex::unhex},
    timestamp::Timestamp,
};

/// Where a checkpoint comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The bundle's newest: its tree is what is looked at.
    Newest,
    /// Another one of the bundle.
    Kept,
    /// Kept elsewhere, by whoever checks.
    Given,
}

/// A checkpoint that the log has signed (the newest also where it has not).
struct Known {
    file: Box<str>,
    held: Held,
    checkpoint: Checkpoint,
    /// Which witnesses have signed it, and when.
    cosigned: Vec<(usize, Timestamp)>,
}

/// That one tree is the beginning of another.
pub(super) struct ConsistencyProof {
    pub(super) file: Box<str>,
    pub(super) old: u64,
    pub(super) new: u64,
    pub(super) hashes: Vec<TreeHash>,
}

/// All checkpoints of an audit.
pub(super) struct Checkpoints {
    trust: Trust,
    known: Vec<Known>,
    /// Cosignatures on what belongs to the log: witness, size, time.
    valid: Vec<(usize, u64, Timestamp)>,
    /// Those kept elsewhere that are the beginning of the log, or of more of it than is here.
    given: Vec<GivenCheckpoint>,
    pub(super) proofs: Vec<ConsistencyProof>,
}

impl Checkpoints {
    pub(super) const fn new(trust: Trust) -> Self {
        Self { trust, known: Vec::new(), valid: Vec::new(), given: Vec::new(), proofs: Vec::new() }
    }

    /// Reads a checkpoint; its size where it counts from here on.
    pub(super) fn read(&mut self, file: &str, text: &str, held: Held, problems: &mut BTreeSet<Problem>) -> Option<u64> {
        let parsed = Note::parse(text).and_then(|note| Some((Checkpoint::parse(note.text())?, note)));
        let Some((checkpoint, note)) = parsed else {
            problems.insert(Problem::in_file(ProblemKind::Format, file));
            return None;
        };
        // A log that goes on after a restore has another name and the same key.
        let key = self.trust.key.renamed(&checkpoint.origin);
        let signed = key.is_some_and(|key| matches!(note.signed_by(&key), Signed::At(_)));
        if !signed {
            problems.insert(Problem::in_file(ProblemKind::CheckpointSignature, file));
        }
        let mut cosigned = Vec::new();
        for (at, (witness, _)) in self.trust.witnesses.iter().enumerate().filter(|_| signed) {
            match note.signed_by(witness) {
                Signed::At(time) => cosigned.push((at, time)),
                Signed::Forged => _ = problems.insert(Problem::in_file(ProblemKind::CosignatureForged, file)),
                Signed::No => {}
            }
        }
        let size = checkpoint.size;
        if signed || held == Held::Newest {
            self.known.push(Known { file: file.into(), held, checkpoint, cosigned });
            return Some(size);
        }
        None
    }

    pub(super) fn newest(&self) -> Option<&Checkpoint> {
        self.newest_known().map(|known| &known.checkpoint)
    }

    fn newest_known(&self) -> Option<&Known> {
        self.known.iter().find(|known| known.held == Held::Newest)
    }

    /// Compares every checkpoint with the tree.
    pub(super) fn compare(&mut self, leaves: &Leaves, problems: &mut BTreeSet<Problem>) {
        if !leaves.complete() {
            return;
        }
        leaves.check_starts(problems);
        let whole = self.newest().is_some_and(|newest| leaves.root(newest.size) == Some(newest.root));
        if whole {
            self.compare_proofs(leaves, problems);
        }
        for known in &self.known {
            let size = known.checkpoint.size;
            let fault = match place(&known.checkpoint, known.held, leaves) {
                Place::Wrong(fault) => Some(fault),
                Place::Beyond if known.held != Held::Given || self.is_of_the_past(known, leaves) => {
                    Some(ProblemKind::Truncated)
                }
                Place::Beyond => {
                    self.given.push(GivenCheckpoint { file: known.file.clone(), size, reached: false });
                    continue;
                }
                Place::Within if known.held == Held::Newest => {
                    let names = self.own_name_is(&known.checkpoint.origin) && self.given_name_is_of(leaves);
                    (!names).then_some(ProblemKind::WrongLog)
                }
                Place::Within => {
                    let fits = !whole || leaves.root(size) == Some(known.checkpoint.root);
                    (!fits).then_some(ProblemKind::Inconsistent)
                }
            };
            if let Some(fault) = fault {
                problems.insert(Problem::in_file(fault, &known.file));
            }
            if known.held == Held::Newest && !whole {
                problems.insert(Problem::in_file(ProblemKind::RootMismatch, &known.file));
            }
            if fault.is_none() && whole {
                self.valid.extend(known.cosigned.iter().map(|(witness, time)| (*witness, size, *time)));
                if known.held == Held::Given {
                    self.given.push(GivenCheckpoint { file: known.file.clone(), size, reached: true });
                }
            }
        }
    }

    /// Holds the proofs to the tree; one about more leaves than are here proves nothing of it.
    fn compare_proofs(&self, leaves: &Leaves, problems: &mut BTreeSet<Problem>) {
        for ConsistencyProof { file, old, new, hashes } in &self.proofs {
            let Some((old_root, new_root)) = leaves.root(*old).zip(leaves.root(*new)) else { continue };
            if !check_consistency(*old, *new, old_root, new_root, hashes) {
                problems.insert(Problem::in_file(ProblemKind::Inconsistent, file));
            }
        }
    }

    /// Whether a checkpoint was signed before the bundle's newest one certainly was, as its witness says, or any witness and the log.
    fn is_of_the_past(&self, given: &Known, leaves: &Leaves) -> bool {
        let newest = self.newest_known().map_or(&[][..], |newest| &newest.cosigned);
        let written = leaves.times.last().map(|(_, time)| time.milliseconds());
        given.cosigned.iter().any(|(witness, time)| {
            newest.iter().any(|(other, later)| other == witness && time < later)
                || written.is_some_and(|written| written - time.milliseconds() > TOLERANCE)
        })
    }

    fn own_name_is(&self, origin: &str) -> bool {
        self.trust.own_name.as_ref().is_none_or(|name| **name == *origin)
    }

    /// Whether a key that was noted earlier is called by one of the logs that the tree went on from.
    fn given_name_is_of(&self, leaves: &Leaves) -> bool {
        !self.trust.key_given || start_of(self.trust.key.name(), leaves).is_some()
    }

    /// What each witness has signed.
    pub(super) fn seen(&self) -> Vec<WitnessSeen> {
        let seen = |at: usize| {
            let own = || self.valid.iter().filter(move |(witness, ..)| *witness == at);
            let times = || own().map(|(_, _, time)| *time);
            let size = own().map(|(_, size, _)| *size).max()?;
            Some(Seen { since: times().min()?, until: times().max()?, size })
        };
        let witnesses = self.trust.witnesses.iter().enumerate();
        witnesses
            .map(|(at, (key, given))| WitnessSeen { name: key.name().into(), given: *given, seen: seen(at) })
            .collect()
    }

    /// What an event's time has to agree with: every cosignature.
    pub(super) fn brackets(&self) -> Brackets {
        Brackets::new(self.valid.iter().map(|(_, size, time)| (*size, *time)).collect())
    }

    /// What encloses an event's time for whoever checks: where keys of witnesses were given only theirs, since whoever made a bundle
    /// can have made the keys in it.
    pub(super) fn trusted_brackets(&self) -> Brackets {
        let given = |at: usize| self.trust.witnesses[at].1;
        let any_given = self.trust.witnesses.iter().any(|(_, given)| *given);
        let trusted = self.valid.iter().filter(|(at, ..)| !any_given || given(*at));
        Brackets::new(trusted.map(|(_, size, time)| (*size, *time)).collect())
    }

    /// Takes the newest one as it is, where there is no tree to compare it with.
    pub(super) fn believe_newest(&mut self) {
        let newest = self.known.iter().filter(|known| known.held == Held::Newest);
        let valid =
            newest.flat_map(|known| known.cosigned.iter().map(|(at, time)| (*at, known.checkpoint.size, *time)));
        self.valid = valid.collect();
    }

    /// The checkpoints kept elsewhere that nothing contradicts.
    pub(super) fn given(&self) -> Vec<GivenCheckpoint> {
        self.given.clone()
    }
}

/// Which start of a log a name belongs to.
fn start_of(name: &str, leaves: &Leaves) -> Option<usize> {
    let id = name.rsplit('/').next().and_then(unhex).map(LogId)?;
    leaves.starts.iter().position(|start| start.log == id)
}

/// Where a checkpoint lies, by its name and size.
enum Place {
    Within,
    /// Beyond the last leaf, of the log that is the newest one here.
    Beyond,
    Wrong(ProblemKind),
}

fn place(checkpoint: &Checkpoint, held: Held, leaves: &Leaves) -> Place {
    let Some(at) = start_of(&checkpoint.origin, leaves) else { return Place::Wrong(ProblemKind::WrongLog) };
    let (start, last) = (leaves.starts[at].index, at + 1 == leaves.starts.len());
    let end = leaves.starts.get(at + 1).map_or(leaves.size(), |start| start.index);
    match held {
        Held::Newest if !last => Place::Wrong(ProblemKind::WrongLog),
        _ if checkpoint.size <= start => Place::Wrong(ProblemKind::WrongLog),
        _ if checkpoint.size > end && last => Place::Beyond,
        _ if checkpoint.size > end => Place::Wrong(ProblemKind::Truncated),
        _ => Place::Within,
    }
}

/// Cosignatures in the order of sizes, ready to say between which two an event lies.
pub(super) struct Brackets {
    sizes: Vec<u64>,
    /// The newest of the cosignatures up to each place.
    newest_up_to: Vec<Timestamp>,
    /// The oldest of the cosignatures from each place on.
    oldest_from: Vec<Timestamp>,
}

impl Brackets {
    fn new(mut cosignatures: Vec<(u64, Timestamp)>) -> Self {
        cosignatures.sort();
        let (sizes, times): (Vec<_>, Vec<_>) = cosignatures.into_iter().unzip();
        let (mut newest_up_to, mut oldest_from) = (times.clone(), times);
        for at in 1..sizes.len() {
            newest_up_to[at] = newest_up_to[at].max(newest_up_to[at - 1]);
        }
        for at in (1..sizes.len()).rev() {
            oldest_from[at - 1] = oldest_from[at - 1].min(oldest_from[at]);
        }
        Self { sizes, newest_up_to, oldest_from }
    }

    /// The newest cosignature on a tree without this leaf, and the oldest on one with it.
    pub(super) fn around(&self, index: u64) -> (Option<Timestamp>, Option<Timestamp>) {
        let covering = self.sizes.partition_point(|size| *size <= index);
        let before = covering.checked_sub(1).map(|at| self.newest_up_to[at]);
        (before, self.oldest_from.get(covering).copied())
    }
}
