//! Where script and banner go in a page, found while it streams by.
//!
//! The parser only *finds* the two places. The bytes of the page never pass through it: they are copied, and our bytes
//! put between them, so outside of our insertions a page cannot change, whatever its encoding and however broken it is.
//! When the parser fails or panics, what is left of the page passes as it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use lol_html::html_content::Element;
use lol_html::send::{ElementHandler, HtmlRewriter, IntoHandler, SendHandlerTypes, Settings};
use lol_html::{ElementContentHandlers, MemorySettings, OutputSink, Selector};

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
    /// The script's tag. It begins with `<script ` and [`MARKER`].
    pub script: Bytes,
    /// The banner's markup, or nothing.
    pub banner: Bytes,
}

/// Not in the page yet.
const NOWHERE: usize = usize::MAX;

/// What the parser has found, as offsets into the page.
struct Found {
    script: AtomicUsize,
    banner: AtomicUsize,
    /// No place for the banner will be found any more: it has one, or there is none.
    done: AtomicBool,
    /// How far the parser has come: no place will be found before this.
    passed: AtomicUsize,
    open_templates: AtomicUsize,
}

/// Puts script and banner into a page.
pub(super) struct PageInjector {
    injection: Injection,
    /// `None` once both places are known, or the parser has failed: from then on bytes are copied.
    parser: Option<Box<HtmlRewriter<'static, Progress>>>,
    found: Arc<Found>,
    /// Bytes of the page that wait for the parser's word. Bounded by [`PARSER_BYTES`] and [`PART_BYTES`].
    pending: Vec<u8>,
    /// The offset of the first pending byte.
    written: usize,
}

impl PageInjector {
    pub(super) fn new(injection: Injection, placement: Placement) -> Self {
        debug_assert!(injection.script.is_ascii() && injection.banner.is_ascii(), "injected bytes are ASCII");
        let found = Arc::new(Found {
            script: AtomicUsize::new(NOWHERE),
            banner: AtomicUsize::new(NOWHERE),
            done: AtomicBool::new(false),
            passed: AtomicUsize::new(0),
            open_templates: AtomicUsize::new(0),
        });
        debug_assert!(
            injection.script.starts_with(b"<script data-kelisim-script"),
            "the script's tag begins with the marker"
        );
        let with_banner = placement == Placement::ScriptAndBanner && !injection.banner.is_empty();
        let parser = catch_unwind(|| parser(Arc::clone(&found), with_banner)).ok();
        Self { injection, parser, found, pending: Vec::new(), written: 0 }
    }

    /// Takes a part of the page and appends to `output` what is settled.
    pub(super) fn write(&mut self, mut page: &[u8], output: &mut Vec<u8>) {
        while let (Some(parser), false) = (&mut self.parser, page.is_empty()) {
            let part = &page[..page.len().min(PART_BYTES)];
            page = &page[part.len()..];
            self.pending.extend_from_slice(part);
            let outcome = catch_unwind(AssertUnwindSafe(|| parser.write(part)));
            if !matches!(outcome, Ok(Ok(()))) || self.found.done.load(Relaxed) {
                self.parser = None;
            }
            let settled = if self.parser.is_some() { self.found.passed.load(Relaxed) } else { NOWHERE };
            self.emit(settled, output);
        }
        output.extend_from_slice(page);
    }

    /// Ends the page: everything that waits comes out.
    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        if let Some(parser) = self.parser.take() {
            // An error changes nothing: the places found so far hold, and all bytes come out.
            let _ = catch_unwind(AssertUnwindSafe(|| parser.end()));
        }
        self.emit(NOWHERE, output);
    }

    /// Copies pending bytes up to the offset `end`, with our bytes at the places among them.
    fn emit(&mut self, end: usize, output: &mut Vec<u8>) {
        let end = end.clamp(self.written, self.written + self.pending.len());
        let mut from = self.written;
        for (place, bytes) in
            [(&self.found.script, &self.injection.script), (&self.found.banner, &self.injection.banner)]
        {
            let at = place.load(Relaxed);
            // The script comes first where both go to the same place.
            if at >= from && at <= end {
                output.extend_from_slice(&self.pending[from - self.written..at - self.written]);
                output.extend_from_slice(bytes);
                place.store(NOWHERE, Relaxed);
                from = at;
            }
        }
        output.extend_from_slice(&self.pending[from - self.written..end - self.written]);
        self.pending.drain(..end - self.written);
        self.written = end;
        if self.parser.is_none() {
            self.pending = Vec::new();
        }
    }
}

/// Takes the parser's output only to count it.
struct Progress(Arc<Found>);

impl OutputSink for Progress {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.passed.fetch_add(chunk.len(), Relaxed);
    }
}

fn parser(found: Arc<Found>, with_banner: bool) -> Box<HtmlRewriter<'static, Progress>> {
    let progress = Progress(Arc::clone(&found));
    let mut places = Places { found, with_banner, script_placed: false };
    let handler = move |element: &mut Element<'_, '_, SendHandlerTypes>| places.start_tag(element);
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
            std::borrow::Cow::Owned(every),
            ElementContentHandlers { element: Some(handler), comments: None, text: None },
        ));
    Box::new(HtmlRewriter::new(settings, progress))
}

/// Finds the places, start tag by start tag.
struct Places {
    found: Arc<Found>,
    with_banner: bool,
    script_placed: bool,
}

impl Places {
    fn start_tag(&mut self, element: &mut Element<'_, '_, SendHandlerTypes>) -> lol_html::HandlerResult {
        if self.found.done.load(Relaxed) {
            // Stops the parser; the rest of the part is copied.
            return Err("both places are known".into());
        }
        let name = element.tag_name();
        let tag = element.source_location().bytes();
        if !self.script_placed && name != "html" {
            self.script_placed = true;
            self.found.script.store(if name == "head" { tag.end } else { tag.start }, Relaxed);
            self.found.done.store(!self.with_banner, Relaxed);
        }
        if !self.with_banner {
            return Ok(());
        }
        if name == "template" {
            if let Some(handlers) = element.end_tag_handlers() {
                let found = Arc::clone(&self.found);
                found.open_templates.fetch_add(1, Relaxed);
                handlers.push(Box::new(move |_| {
                    found.open_templates.fetch_sub(1, Relaxed);
                    Ok(())
                }));
            }
            return Ok(());
        }
        if self.found.open_templates.load(Relaxed) > 0 {
            return Ok(());
        }
        match name.as_str() {
            "body" => self.found.banner.store(tag.end, Relaxed),
            // A page of frames has no body; anything before them would turn them off.
            "frameset" => {}
            // A second script of ours: another gateway stands behind this one, too far down for the sniffer to see it.
            "script" if element.has_attribute(MARKER) => {}
            "html" | "head" | "base" | "basefont" | "bgsound" | "link" | "meta" | "title" | "noscript" | "noframes"
            | "style" | "script" | "frame" => return Ok(()),
            _ => self.found.banner.store(tag.start, Relaxed),
        }
        self.found.done.store(true, Relaxed);
        Ok(())
    }
}
