//! Notices and policies: what a visitor was shown and could read is here word for word, and was in the log before they chose.
//!
//! A notice is named by its hash, its document names the texts of the policy by theirs: so no later leaf gives any of them another text.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Leaves, Problem, ProblemKind};
use crate::{
    consent::EditionId,
    ledger::{
        Event, NoticeId, PolicyText,
        entry::sha256,
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
    /// What each notice names whose file is here and is it.
    notices: HashMap<NoticeId, Vec<PolicyText>>,
    files: HashSet<Box<str>>,
    missing: BTreeSet<Problem>,
}

impl Texts {
    /// Takes the bytes of a file, which is called by their hash; `None` where it is there and can't be read, which is told elsewhere.
    pub(super) fn file(&mut self, file: &str, text: Option<&[u8]>, leaves: &Leaves, problems: &mut BTreeSet<Problem>) {
        let mut found = |kind| _ = problems.insert(Problem::in_file(kind, file));
        self.files.insert(file.into());
        let Some(text) = text else { return };
        let hash = sha256(&[text]);
        if let Some(name) = file.strip_prefix("notices/") {
            let named = name.strip_suffix(".json").and_then(NoticeId::parse);
            if named.is_none_or(|id| !leaves.texts.notices.contains_key(&id)) {
                found(ProblemKind::NoticeUnknown);
            }
            if named != Some(NoticeId(hash)) {
                found(ProblemKind::NoticeChanged);
            } else if let Some(texts) = str::from_utf8(text).ok().and_then(policy_texts) {
                self.notices.insert(NoticeId(hash), texts);
            } else {
                found(ProblemKind::Format);
            }
        } else {
            let named = file.strip_prefix("policies/").and_then(|name| name.strip_suffix(".txt")).and_then(unhex);
            if named.is_none_or(|hash| !leaves.texts.policies.contains(&hash)) {
                found(ProblemKind::PolicyUnknown);
            }
            if named != Some(hash) {
                found(ProblemKind::PolicyChanged);
            }
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
        self.need(ProblemKind::NoticeMissing, format!("notices/{}.json", event.notice));
        let texts = self.notices.get(&event.notice).cloned().unwrap_or_default();
        for text in texts {
            if !before(known.policies_of_editions.get(&(event.edition.clone(), text))) {
                found(ProblemKind::PolicyUnknown);
            }
            self.need(ProblemKind::PolicyMissing, format!("policies/{}.txt", hex(&text.1)));
        }
    }

    fn need(&mut self, kind: ProblemKind, file: String) {
        if !self.files.contains(&*file) {
            self.missing.insert(Problem::in_file(kind, &file));
        }
    }

    /// Tells what is missing.
    pub(super) fn finish(self, problems: &mut BTreeSet<Problem>) {
        problems.extend(self.missing);
    }
}
