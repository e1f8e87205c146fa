//! Notices and policies: what a visitor was shown and could read is here word for word, and was in the log before they chose.
//!
//! A notice is named by its hash, its document names the texts of the policy by theirs: so no later leaf gives any of them another text.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Leaves, Problem, ProblemKind};
use crate::{
    consent::EditionId,
    ledger::{
        Event, NoticeId, PolicyText, document_hash,
        hex::{hex, unhex},
        policy_texts,
    },
};

/// The texts that leaves name, each with the first leaf that does.
#[derive(Default)]
pub(super) struct KnownTexts {
    notices: HashMap<NoticeId, u64>,
    notices_of_editions: HashMap<(NoticeId, EditionId), u64>,
    policies: HashSet<[u8; 32]>,
    policies_of_editions: HashMap<(EditionId, PolicyText), u64>,
}

impl KnownTexts {
    pub(super) fn add_notice(&mut self, index: u64, id: NoticeId, edition: EditionId) {
        self.notices.entry(id).or_insert(index);
        self.notices_of_editions.entry((id, edition)).or_insert(index);
    }

    pub(super) fn add_policy(&mut self, index: u64, edition: EditionId, text: PolicyText) {
        self.policies.insert(text.1);
        self.policies_of_editions.entry((edition, text)).or_insert(index);
    }
}

/// The files of texts, and what records want of them. As much is kept as there are notices, however many records name them.
#[derive(Default)]
pub(super) struct Texts {
    /// The notices whose files are here, and what each names; `None` for what is not the notice that it is called.
    notices: HashMap<NoticeId, Option<Vec<PolicyText>>>,
    policies: HashSet<[u8; 32]>,
    missing_notices: HashSet<NoticeId>,
    missing_policies: HashSet<[u8; 32]>,
}

impl Texts {
    /// Takes the text of a file; `None` where it is there and can't be read, which is a problem told elsewhere.
    pub(super) fn file(&mut self, file: &str, text: Option<&str>, leaves: &Leaves, problems: &mut BTreeSet<Problem>) {
        let mut found = |kind| _ = problems.insert(Problem::in_file(kind, file));
        // A text's leaf may be among those that are not here.
        let complete = leaves.complete();
        match TextFile::parse(file) {
            Some(TextFile::Notice(id)) => {
                if complete && !leaves.texts.notices.contains_key(&id) {
                    found(ProblemKind::NoticeUnknown);
                }
                let genuine = text.filter(|text| document_hash(text) == id.0);
                if text.is_some() && genuine.is_none() {
                    found(ProblemKind::NoticeChanged);
                }
                let named = genuine.and_then(policy_texts);
                if genuine.is_some() && named.is_none() {
                    found(ProblemKind::Format);
                }
                self.notices.insert(id, named);
            }
            Some(TextFile::Policy(hash)) => {
                if complete && !leaves.texts.policies.contains(&hash) {
                    found(ProblemKind::PolicyUnknown);
                }
                if text.is_some_and(|text| document_hash(text) != hash) {
                    found(ProblemKind::PolicyChanged);
                }
                self.policies.insert(hash);
            }
            None => found(ProblemKind::Format),
        }
    }

    /// Looks at what a kept record names.
    pub(super) fn named_by(
        &mut self,
        index: u64,
        event: &Event,
        known: &KnownTexts,
        found: &mut impl FnMut(ProblemKind),
    ) {
        let before = |leaf: Option<&u64>| leaf.is_some_and(|leaf| *leaf < index);
        if !before(known.notices.get(&event.notice)) {
            found(ProblemKind::NoticeUnknown);
            return;
        }
        if !before(known.notices_of_editions.get(&(event.notice, event.edition.clone()))) {
            found(ProblemKind::PolicyUnknown);
        }
        let Some(document) = self.notices.get(&event.notice) else {
            self.missing_notices.insert(event.notice);
            return;
        };
        for text in document.iter().flatten() {
            if !before(known.policies_of_editions.get(&(event.edition.clone(), *text))) {
                found(ProblemKind::PolicyUnknown);
            }
            if !self.policies.contains(&text.1) {
                self.missing_policies.insert(text.1);
            }
        }
    }

    /// Tells what is missing.
    pub(super) fn finish(&self, problems: &mut BTreeSet<Problem>) {
        let mut missing = |kind, file: String| _ = problems.insert(Problem::in_file(kind, &file));
        self.missing_notices.iter().for_each(|id| missing(ProblemKind::NoticeMissing, format!("notices/{id}.json")));
        let policies = self.missing_policies.iter();
        policies.for_each(|hash| missing(ProblemKind::PolicyMissing, format!("policies/{}.txt", hex(hash))));
    }
}

/// What the name of a text's file says.
enum TextFile {
    Notice(NoticeId),
    Policy([u8; 32]),
}

impl TextFile {
    fn parse(file: &str) -> Option<Self> {
        if let Some(name) = file.strip_prefix("notices/") {
            return NoticeId::parse(name.strip_suffix(".json")?).map(Self::Notice);
        }
        unhex(file.strip_prefix("policies/")?.strip_suffix(".txt")?).map(Self::Policy)
    }
}
