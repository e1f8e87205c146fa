//! The notices that events name: each document is read once, not once for each event.

use std::{collections::HashMap, rc::Rc};

use crate::{
    ledger::{NoticeFacts, NoticeId},
    store::{Reader, StoreError},
};

/// How many notices are kept in memory: editions, languages and models of some years. Beyond that they are read again.
const MOST_KEPT: usize = 256;

/// What notices say, by their names.
pub(super) struct Notices<'a> {
    reader: &'a Reader,
    known: HashMap<NoticeId, Option<Rc<NoticeFacts>>>,
}

impl<'a> Notices<'a> {
    pub(super) fn of(reader: &'a Reader) -> Self {
        Self { reader, known: HashMap::new() }
    }

    /// What this one says; `None` where its document is not kept or can't be read.
    pub(super) fn facts(&mut self, id: NoticeId) -> Result<Option<Rc<NoticeFacts>>, StoreError> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let facts = self.reader.notice(id)?.and_then(|document| NoticeFacts::parse(&document)).map(Rc::new);
        if self.known.len() >= MOST_KEPT {
            self.known.clear();
        }
        self.known.insert(id, facts.clone());
        Ok(facts)
    }
}
