//! What stands in `<noscript>`: text to the parser, as to a browser that runs scripts, and markup to one that does not. It is read
//! a second time, as markup, and edited like the rest of the page.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use lol_html::{html_content::Element, send::SendHandlerTypes};

use super::{Found, Injection, edits::PageEdits, lock, parser, places::Places};

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

/// Notes that such an element begins.
pub(super) fn begin(found: &Arc<Mutex<Found>>, element: &mut Element<'_, '_, SendHandlerTypes>, edits: &PageEdits) {
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

/// Reads the texts that are whole and adds their edits to those of the page. `pending` begins at the offset `written`; where the page is at its
/// end every text is whole. Answers the offset up to which the page may go on: the beginning of a text that is not.
pub(super) fn read(found: &Mutex<Found>, pending: &[u8], written: usize, at_end: bool) -> usize {
    loop {
        let mut state = lock(found);
        let Some(text) = state.raw_texts.front() else { return usize::MAX };
        let (from, last) = (text.from, written + pending.len());
        let end = match text.end {
            Some(end) => end,
            None if at_end => last,
            None if last - from.min(last) <= LONGEST_TEXT => return from,
            None => from,
        };
        let Some(text) = state.raw_texts.pop_front() else { return usize::MAX };
        drop(state);
        let Some(markup) = from.checked_sub(written).and_then(|from| pending.get(from..end.checked_sub(written)?))
        else {
            continue;
        };
        let of_text = edits_of(markup, text.edits);
        let mut state = lock(found);
        state.edits.extend(of_text.into_iter().map(|mut edit| {
            edit.at = edit.at.start + from..edit.at.end + from;
            edit
        }));
        // The parser may be ahead of the text's end. A stable order: of two insertions at one place the first stays first.
        state.edits.make_contiguous().sort_by_key(|edit| edit.at.start);
    }
}

/// The edits of a piece of markup, by its own offsets. A parser that fails has found what it has found.
fn edits_of(markup: &[u8], edits: PageEdits) -> Vec<super::Edit> {
    let found = Arc::new(Mutex::new(Found::new(Injection { script: Bytes::new(), banner: Bytes::new() })));
    let places = Places { found: Arc::clone(&found), with_banner: false, script_placed: true, done: true };
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut parser = parser(places, Some(edits));
        parser.write(markup)?;
        parser.end()
    }));
    lock(&found).edits.drain(..).collect()
}
