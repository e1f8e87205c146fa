//! Where script and banner go: found start tag by start tag.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use super::{
    Injection, MARKER,
    edits::Edit,
    parser::{OpenTemplates, Parser, Tag},
};
use crate::rewrite::Placement;

/// Looks for the places.
pub(super) struct PlaceFinder {
    parser: Parser,
    found: Arc<Found>,
}

#[derive(Default)]
struct Found {
    insertions: Mutex<Vec<Edit>>,
    /// Both places are known, or there is none for the banner.
    done: AtomicBool,
}

impl Found {
    /// A value is whole after every statement that changes it, so a panic of the parser in between harms nothing.
    fn insert(&self, at: usize, with: &bytes::Bytes) {
        let edit = Edit { at: at..at, with: with.clone() };
        self.insertions.lock().unwrap_or_else(PoisonError::into_inner).push(edit);
    }
}

impl PlaceFinder {
    pub(super) fn new(injection: Injection, placement: Placement) -> Self {
        let with_banner = placement == Placement::ScriptAndBanner && !injection.banner.is_empty();
        let found = Arc::<Found>::default();
        let (into, templates) = (Arc::clone(&found), OpenTemplates::default());
        let mut places = Places { injection, found: into, with_banner, script_placed: false };
        let parser = Parser::new("*", move |element| {
            if places.found.done.load(Relaxed) {
                // Stops the parser; what follows is not read.
                return Err("nothing more is to be found".into());
            }
            let name = element.tag_name();
            places.start_tag(&name, element, templates.any());
            if name == "template" {
                templates.open(element);
            }
            Ok(())
        });
        Self { parser, found }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.parser.feed(bytes);
        if self.found.done.load(Relaxed) {
            self.parser.stop();
        }
    }

    pub(super) fn end(&mut self) {
        self.parser.end();
    }

    pub(super) fn is_over(&self) -> bool {
        self.parser.is_over()
    }

    /// The offset before which nothing will be inserted any more.
    pub(super) fn passed(&self) -> usize {
        self.parser.passed()
    }

    /// What was found since the last call.
    pub(super) fn take(&self) -> Vec<Edit> {
        std::mem::take(&mut *self.found.insertions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The places that are still to be found.
struct Places {
    injection: Injection,
    found: Arc<Found>,
    with_banner: bool,
    script_placed: bool,
}

impl Places {
    /// Looks at a start tag; inside a template there is no place for the banner.
    fn start_tag(&mut self, name: &str, element: &Tag<'_, '_>, in_template: bool) {
        let tag = element.source_location().bytes();
        if !self.script_placed && name != "html" {
            self.script_placed = true;
            self.found.insert(if name == "head" { tag.end } else { tag.start }, &self.injection.script);
            self.found.done.store(!self.with_banner, Relaxed);
        }
        if !self.with_banner || name == "template" || in_template {
            return;
        }
        match name {
            "body" => self.found.insert(tag.end, &self.injection.banner),
            // A page of frames has no body; anything before them would turn them off.
            "frameset" => {}
            // A second script of ours: another gateway stands behind this one, too far down for the sniffer to see it.
            "script" if element.has_attribute(MARKER) => {}
            "html" | "head" | "base" | "basefont" | "bgsound" | "link" | "meta" | "title" | "noscript" | "noframes"
            | "style" | "script" | "frame" => return,
            _ => self.found.insert(tag.start, &self.injection.banner),
        }
        self.found.done.store(true, Relaxed);
    }
}
