//! Finds what is edited in a page. The parser sees no more of it than it must: it stays behind until something comes that might be edited,
//! and reads up to there what it has missed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{
    candidates::must_reach,
    edits::{Edit, EditMode, PageEdits},
    noscript::{self, RawText},
    parser::{OpenTemplates, Parser},
    rope::Rope,
};

/// How far the parser may stay behind, in bytes. What it has not seen is kept.
const MOST_BEHIND: usize = 256 * 1024;

/// What the parser takes at once while it is in the middle of something, in bytes.
const STEP_BYTES: usize = 2 * 1024;

/// What the parser has found.
#[derive(Default)]
pub(super) struct Found {
    /// What nobody took yet.
    pub(super) edits: Vec<Edit>,
    /// What the parser takes for text and a browser without scripts for markup, not read yet.
    pub(super) raw_texts: std::collections::VecDeque<RawText>,
}

/// A value is whole after every statement that changes it, so a panic of the parser in between harms nothing.
pub(super) fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for edits.
pub(super) struct EditFinder {
    mode: EditMode,
    /// Until the parser begins.
    edits: Option<PageEdits>,
    parser: Option<Parser>,
    found: Arc<Mutex<Found>>,
    /// What the parser was not given yet.
    behind: Rope,
}

impl EditFinder {
    pub(super) fn new(edits: PageEdits) -> Self {
        Self { mode: edits.mode(), edits: Some(edits), parser: None, found: Arc::default(), behind: Rope::default() }
    }

    /// Takes a part of the page, which stands at the end of `pending`, too. Answers the offset before which nothing will be edited any more.
    pub(super) fn take(&mut self, part: &Bytes, pending: &Rope) -> usize {
        let begin = self.behind.end();
        self.behind.push(part.clone());
        self.go_on();
        let seen = begin.max(self.behind.start());
        let unseen = &part[(seen - begin).min(part.len())..];
        if let Some(reach) = must_reach(unseen, self.mode) {
            self.feed_until(seen + reach);
            self.go_on();
        }
        if self.behind.end() - self.behind.start() > MOST_BEHIND {
            self.feed_until(self.behind.end());
        }
        let Some(parser) = &self.parser else { return self.behind.end() };
        // Where the parser has not come to the end, nothing is left there for it.
        let passed = if parser.fed() < self.behind.end() { self.behind.end() } else { parser.passed() };
        passed.min(noscript::read(&self.found, pending, parser.fed(), false))
    }

    /// Ends the page.
    pub(super) fn end(&mut self, pending: &Rope) {
        if let Some(parser) = &mut self.parser {
            parser.end();
            noscript::read(&self.found, pending, parser.fed(), true);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.parser.as_ref().is_some_and(Parser::is_over)
    }

    /// The edits that were found since the last call.
    pub(super) fn found(&self) -> Vec<Edit> {
        std::mem::take(&mut lock(&self.found).edits)
    }

    /// Lets the parser read until it is in the middle of nothing.
    fn go_on(&mut self) {
        while let Some(parser) = &self.parser
            && !parser.is_over()
            && parser.fed() < self.behind.end()
            && (parser.passed() < parser.fed() || lock(&self.found).raw_texts.iter().any(RawText::is_open))
        {
            self.feed_until(parser.fed() + STEP_BYTES);
        }
    }

    fn feed_until(&mut self, offset: usize) {
        if self.parser.is_none() {
            self.parser = self.edits.take().map(|edits| parser(&self.found, edits));
        }
        let Some(parser) = &mut self.parser else { return };
        self.behind.take_until(offset, |piece| parser.feed(&piece));
    }
}

/// A parser that finds these edits.
pub(super) fn parser(found: &Arc<Mutex<Found>>, mut edits: PageEdits) -> Parser {
    let (found, templates) = (Arc::clone(found), OpenTemplates::default());
    Parser::new(edits.elements(), move |element| {
        let name = element.tag_name();
        let of_tag = edits.of_tag(&name, element, templates.any());
        if !of_tag.is_empty() {
            lock(&found).edits.extend(of_tag);
        }
        match &*name {
            "noscript" => noscript::begin(&found, element, &edits),
            "template" => templates.open(element),
            _ => {}
        }
        Ok(())
    })
}
