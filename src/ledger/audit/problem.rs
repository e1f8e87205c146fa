//! What can be wrong with a log, each by one name and one sentence for people.

use std::fmt;

use crate::ledger::LeafIndex;

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// At which leaf.
    pub leaf: Option<LeafIndex>,
    /// In which file of the bundle, or of those that were given beside it.
    pub file: Option<Box<str>>,
}

impl Problem {
    /// A problem of a leaf.
    pub const fn at_leaf(kind: ProblemKind, index: u64) -> Self {
        Self { kind, leaf: Some(LeafIndex(index)), file: None }
    }

    /// A problem of a file.
    pub fn in_file(kind: ProblemKind, file: &str) -> Self {
        Self { kind, leaf: None, file: Some(file.into()) }
    }
}

impl fmt::Display for Problem {
    /// Name, place and meaning on one line. What comes from a file's name is escaped, since a stranger chose it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.name())?;
        if let Some(leaf) = self.leaf {
            write!(formatter, ", leaf {}", leaf.0)?;
        }
        if let Some(file) = &self.file {
            write!(formatter, ", {}", file.escape_debug())?;
        }
        let sentence = match self.kind {
            // Nobody may have named what merely lies there.
            ProblemKind::NoticeUnknown if self.leaf.is_none() => "the log has no such notice",
            ProblemKind::PolicyUnknown if self.leaf.is_none() => "the log has no such text of a policy",
            kind => kind.sentence(),
        };
        write!(formatter, ": {sentence}")
    }
}

macro_rules! kinds {
    ($($kind:ident $name:literal $sentence:literal)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemKind {
            $(#[doc = $sentence] $kind,)*
        }

        impl ProblemKind {
            /// The word by which every verifier calls it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// What it means.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$kind => $sentence,)*
                }
            }
        }
    };
}

kinds! {
    Format "format" "this file can't be read as what its name says it is"
    FileChanged "file_changed" "this file is not the one that the manifest describes"
    FileMissing "file_missing" "this file should be here and is not"
    KeyDiffers "key_differs" "the key that you gave is not the key of this log; nothing else was judged"
    CheckpointSignature "checkpoint_signature" "the log's key did not sign this checkpoint"
    CosignatureForged "cosignature_forged" "a witness's name stands under this checkpoint, but the witness did not sign it"
    RootMismatch "root_mismatch" "the leaves here are not the leaves that this checkpoint was signed over"
    TileMismatch "tile_mismatch" "the hashes in this tile are not those of the leaves"
    Inconsistent "inconsistent" "this is signed by the log and contradicts the log: its history was changed after it was signed"
    Truncated "truncated" "this checkpoint has more leaves than the log kept: leaves at the end were thrown away, by hand or by the restore of a backup"
    WrongLog "wrong_log" "the name of the log and the leaf with which it starts do not belong together"
    LeafUnreadable "leaf_unreadable" "this leaf does not say anything in the known form"
    RecordChanged "record_changed" "this record is not the one that was written into the log"
    RecordUnreadable "record_unreadable" "this record is the one that was written, but does not have the known form"
    RecordMissing "record_missing" "the log has an event here, its record is not in the bundle, and no leaf says that it was deleted"
    RecordUnexpected "record_unexpected" "there should be no record here: it was deleted, is outside of the bundle's range, or the leaf is no consent"
    TimeOrder "time_order" "this consent claims to be older than what was written into the log before it"
    BackDated "back_dated" "this consent claims a time before a checkpoint that a witness had seen without it"
    ForwardDated "forward_dated" "this event claims a time after a witness had already seen it"
    NoticeUnknown "notice_unknown" "the log did not have this notice before the event that names it"
    NoticeChanged "notice_changed" "this notice is not the text that was written into the log"
    NoticeMissing "notice_missing" "an event names this notice, and its text is not in the bundle"
    PolicyUnknown "policy_unknown" "the log did not have this edition of the policy before the event that names it"
    PolicyChanged "policy_changed" "this text of the policy is not the text that was written into the log"
    PolicyMissing "policy_missing" "an event names this edition of the policy, and its text is not in the bundle"
}
