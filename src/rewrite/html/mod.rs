//! A page on its way through: script and banner put in, and a few attributes edited.
//!
//! The parser only *finds* what is to be changed. The bytes of the page never pass through it: they are copied, but for the ranges of
//! a list of edits, so outside of them a page cannot change, whatever its encoding and however broken it is. When the parser fails or
//! panics, what is left of the page passes as it is.

mod address;
mod edits;
mod noscript;
mod places;

use std::{
    borrow::Cow,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use lol_html::{
    ElementContentHandlers, MemorySettings, OutputSink, Selector,
    html_content::Element,
    send::{ElementHandler, HtmlRewriter, IntoHandler, SendHandlerTypes, Settings},
};

pub use edits::{EditMode, PageEdits, Placeholder};

use self::{edits::Edit, noscript::RawText, places::Places};
use super::plan::Placement;

/// The attribute with which the script's tag must begin: `<script data-kelisim-script …`. A page that has it already
/// was made by another gateway and is left alone.
pub const MARKER: &str = "data-kelisim-script";

/// What the parser may hold, in bytes: its stack of open elements and one tag. A page with a longer tag before its body
/// is no page that anyone wrote; it passes without our insertions.
const PARSER_BYTES: usize = 256 * 1024;

/// What the parser is fed at once, in bytes. A part that is cut in a tag is copied, so parts are small against [`PARSER_BYTES`].
const PART_BYTES: usize = 16 * 1024;

/// What is put into a page. ASCII only, so that it means the same in every encoding that is compatible with ASCII.
#[derive(Clone, Debug)]
pub struct Injection {
    /// The script's tag. It begins with `<script ` and [`MARKER`]. Empty where a policy of the page would stop it in any case.
    pub script: Bytes,
    /// The banner's markup, or nothing.
    pub banner: Bytes,
}

/// What the parser has found.
struct Found {
    injection: Injection,
    /// What is not written yet, in the order of the page.
    edits: VecDeque<Edit>,
    /// What the parser takes for text and a browser without scripts for markup, not read yet.
    raw_texts: VecDeque<RawText>,
    /// Nothing more will be found.
    done: bool,
    /// How far the parser has come, as an offset: nothing will be found before this.
    passed: usize,
}

impl Found {
    fn new(injection: Injection) -> Self {
        Self { injection, edits: VecDeque::new(), raw_texts: VecDeque::new(), done: false, passed: 0 }
    }

    fn script(&mut self, at: usize) {
        let with = self.injection.script.to_vec();
        self.edits.push_back(Edit { at: at..at, with });
    }

    fn banner(&mut self, at: usize) {
        let with = self.injection.banner.to_vec();
        self.edits.push_back(Edit { at: at..at, with });
    }
}

/// A value is whole after every statement that changes it, so a panic of the parser in between harms nothing.
fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts script and banner into a page, and edits it.
pub(super) struct PageEditor {
    /// `None` once nothing more will be found, or the parser has failed: from then on bytes are copied.
    parser: Option<Box<HtmlRewriter<'static, Progress>>>,
    found: Arc<Mutex<Found>>,
    /// Bytes of the page that wait for the parser's word. Bounded by [`PARSER_BYTES`], [`PART_BYTES`] and the longest text that is read twice.
    pending: Vec<u8>,
    /// The offset of the first pending byte.
    written: usize,
}

impl PageEditor {
    pub(super) fn new(injection: Injection, placement: Placement, edits: Option<PageEdits>) -> Self {
        debug_assert!(injection.script.is_ascii() && injection.banner.is_ascii(), "injected bytes are ASCII");
        debug_assert!(
            injection.script.is_empty() || injection.script.starts_with(b"<script data-kelisim-script"),
            "the script's tag begins with the marker"
        );
        let with_banner = placement == Placement::ScriptAndBanner && !injection.banner.is_empty();
        let found = Arc::new(Mutex::new(Found::new(injection)));
        let places = Places { found: Arc::clone(&found), with_banner, script_placed: false, done: false };
        let parser = catch_unwind(AssertUnwindSafe(|| parser(places, edits))).ok();
        Self { parser, found, pending: Vec::new(), written: 0 }
    }

    /// Takes a part of the page and appends to `output` what is settled.
    pub(super) fn write(&mut self, mut page: &[u8], output: &mut Vec<u8>) {
        while let (Some(parser), false) = (&mut self.parser, page.is_empty()) {
            let part = &page[..page.len().min(PART_BYTES)];
            page = &page[part.len()..];
            self.pending.extend_from_slice(part);
            let outcome = catch_unwind(AssertUnwindSafe(|| parser.write(part)));
            if !matches!(outcome, Ok(Ok(()))) || lock(&self.found).done {
                self.parser = None;
            }
            let held = noscript::read(&self.found, &self.pending, self.written, false);
            let settled = if self.parser.is_some() { lock(&self.found).passed.min(held) } else { usize::MAX };
            self.emit(settled, output);
        }
        output.extend_from_slice(page);
    }

    /// Ends the page: everything that waits comes out.
    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        if let Some(parser) = self.parser.take() {
            // An error changes nothing: what was found so far holds, and all bytes come out.
            let _ = catch_unwind(AssertUnwindSafe(|| parser.end()));
            noscript::read(&self.found, &self.pending, self.written, true);
        }
        self.emit(usize::MAX, output);
    }

    /// Copies pending bytes up to the offset `end`, edited.
    fn emit(&mut self, end: usize, output: &mut Vec<u8>) {
        let start = self.written;
        let end = end.clamp(start, start + self.pending.len());
        let mut from = start;
        let mut found = lock(&self.found);
        while let Some(edit) = found.edits.front().filter(|edit| edit.at.end <= end) {
            // Edits come in the order of the page; one that does not would be a fault of ours, and bytes of the page are never lost for it.
            if edit.at.start >= from {
                output.extend_from_slice(&self.pending[from - start..edit.at.start - start]);
                output.extend_from_slice(&edit.with);
                from = edit.at.end;
            }
            found.edits.pop_front();
        }
        // The parser's word ends with a tag, so this is only a guard: an edit is never split.
        let end = found.edits.front().map_or(end, |edit| end.min(edit.at.start)).max(from);
        drop(found);
        output.extend_from_slice(&self.pending[from - start..end - start]);
        self.pending.drain(..end - start);
        self.written = end;
        if self.parser.is_none() {
            self.pending = Vec::new();
        }
    }
}

/// Takes the parser's output only to count it.
struct Progress(Arc<Mutex<Found>>);

impl OutputSink for Progress {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        lock(&self.0).passed += chunk.len();
    }
}

fn parser(places: Places, edits: Option<PageEdits>) -> Box<HtmlRewriter<'static, Progress>> {
    let progress = Progress(Arc::clone(&places.found));
    let mut tags = Tags { places, edits, open_templates: Arc::default() };
    let handler = move |element: &mut Element<'_, '_, SendHandlerTypes>| tags.start_tag(element);
    let handler: ElementHandler<'static> = handler.into_handler();
    let every: Selector = "*".parse().expect("the universal selector");
    let settings = Settings::new_send()
        .with_strict(false)
        .with_graceful_bail_out_on_content_handler_error(true)
        .with_memory_settings(
            MemorySettings::new()
                .with_preallocated_parsing_buffer_size(0)
                .with_max_allowed_memory_usage(PARSER_BYTES)
                .with_graceful_bail_out_on_memory_limit_exceeded(true),
        )
        .append_element_content_handler((
            Cow::Owned(every),
            ElementContentHandlers { element: Some(handler), comments: None, text: None },
        ));
    Box::new(HtmlRewriter::new(settings, progress))
}

/// Looks at every start tag.
struct Tags {
    places: Places,
    edits: Option<PageEdits>,
    open_templates: Arc<Mutex<usize>>,
}

impl Tags {
    fn start_tag(&mut self, element: &mut Element<'_, '_, SendHandlerTypes>) -> lol_html::HandlerResult {
        if lock(&self.places.found).done {
            // Stops the parser; the rest of the part is copied.
            return Err("nothing more is to be found".into());
        }
        let name = element.tag_name();
        let in_template = self.templates() > 0;
        self.places.start_tag(&name, element, in_template);
        if let Some(edits) = &mut self.edits {
            let of_tag = edits.of_tag(&name, element, in_template);
            if !of_tag.is_empty() {
                lock(&self.places.found).edits.extend(of_tag);
            }
        }
        if name == "noscript"
            && let Some(edits) = &self.edits
        {
            noscript::begin(&self.places.found, element, edits);
        }
        if name == "template"
            && let Some(handlers) = element.end_tag_handlers()
        {
            let open = Arc::clone(&self.open_templates);
            *open.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            handlers.push(Box::new(move |_| {
                *open.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
                Ok(())
            }));
        }
        lock(&self.places.found).done = self.places.done && self.edits.is_none();
        Ok(())
    }

    fn templates(&self) -> usize {
        *self.open_templates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
