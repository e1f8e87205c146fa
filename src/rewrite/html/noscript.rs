//! What stands in `<noscript>`: text to the parser, as to a browser that runs scripts, and markup to one that does not. It is read
//! a second time, as markup, and edited like the rest of the page.

use std::sync::{Arc, Mutex};

use super::{
    edits::{Edit, PageEdits},
    finder::{Found, lock, parser},
    parser::Tag,
    rope::Rope,
};

/// The longest text that is held back until its end has come, in bytes: what sites write for visitors without scripts is a pixel, a frame or a
/// few sentences. A longer one passes unread.
const LONGEST_TEXT: usize = 64 * 1024;

/// The text of one element.
pub(super) struct RawText {
    /// The offset of its first byte in the page.
    from: usize,
    /// The offset behind its last byte, once its end tag has come.
    end: Option<usize>,
    /// The page's edits as they are at this place.
    edits: PageEdits,
}

impl RawText {
    /// Whether its end has not come.
    pub(super) fn is_open(&self) -> bool {
        self.end.is_none()
    }
}

/// Notes that such an element begins.
pub(super) fn begin(found: &Arc<Mutex<Found>>, element: &mut Tag<'_, '_>, edits: &PageEdits) {
    let from = element.source_location().bytes().end;
    let Some(handlers) = element.end_tag_handlers() else { return };
    lock(found).raw_texts.push_back(RawText { from, end: None, edits: edits.clone() });
    let found = Arc::clone(found);
    handlers.push(Box::new(move |tag| {
        let end = tag.source_location().bytes().start;
        if let Some(text) = lock(&found).raw_texts.iter_mut().rfind(|text| text.from == from) {
            text.end = Some(end);
        }
        Ok(())
    }));
}

/// Reads the texts that are whole and adds their edits to those of the page; `come` is where what the parser was given ends, and where the
/// page is at its end every text is whole. Answers the offset up to which the page may go on: the beginning of a text that is not.
pub(super) fn read(found: &Mutex<Found>, pending: &Rope, come: usize, at_end: bool) -> usize {
    loop {
        let mut state = lock(found);
        let Some(text) = state.raw_texts.front() else { return usize::MAX };
        let from = text.from;
        let end = match text.end {
            Some(end) => end,
            None if at_end => come,
            // What went out because nothing in it could be edited needs no reading.
            None if from < pending.start() => from,
            None if come - from.min(come) <= LONGEST_TEXT => return from,
            None => from,
        };
        let Some(text) = state.raw_texts.pop_front() else { return usize::MAX };
        drop(state);
        let Some(markup) = pending.copy(from..end) else { continue };
        let of_text = edits_of(&markup, text.edits);
        let mut state = lock(found);
        state.edits.extend(of_text.into_iter().map(|mut edit| {
            edit.at = edit.at.start + from..edit.at.end + from;
            edit
        }));
    }
}

/// The edits of a piece of markup, by its own offsets. A parser that fails has found what it has found.
fn edits_of(markup: &[u8], edits: PageEdits) -> Vec<Edit> {
    let found = Arc::default();
    let mut parser = parser(&found, edits);
    parser.feed(markup);
    parser.end();
    std::mem::take(&mut lock(&found).edits)
}
