//! A page on its way through: script and banner put in, and a few attributes edited.
//!
//! The parser only *finds* what is to be changed. The bytes of the page never pass through it: they are copied, but for the ranges of
//! a list of edits, so outside of them a page cannot change, whatever its encoding and however broken it is. When the parser fails or
//! panics, what is left of the page passes as it is.

mod address;
mod candidates;
mod edits;
mod finder;
mod noscript;
mod parser;
mod places;
mod rope;

use std::{collections::VecDeque, ops::Range};

use bytes::Bytes;

pub use edits::{EditMode, PageEdits, Placeholder};

use self::{edits::Edit, finder::EditFinder, places::PlaceFinder, rope::Rope};
use super::plan::Placement;

/// The attribute with which the script's tag must begin: `<script data-kelisim-script …`. A page that has it already
/// was made by another gateway and is left alone.
pub const MARKER: &str = "data-kelisim-script";

/// What is put into a page. ASCII only, so that it means the same in every encoding that is compatible with ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// The script's tag. It begins with `<script ` and [`MARKER`]. Empty where a policy of the page would stop it in any case.
    pub script: Bytes,
    /// The banner's markup, or nothing.
    pub banner: Bytes,
}

/// A piece of a page as it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes of the page.
    Kept(Bytes),
    /// What stands in place of this range of the page.
    Put(Range<usize>, Bytes),
}

impl Piece {
    /// Its bytes.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Kept(bytes) | Self::Put(_, bytes) => bytes,
        }
    }
}

/// Puts script and banner into a page, and edits it.
pub(super) struct PageEditor {
    /// `None` once both places are found, or the parser has failed.
    places: Option<PlaceFinder>,
    /// `None` where nothing is edited, or the parser has failed.
    edits: Option<EditFinder>,
    /// What is not written yet, in the order of the page.
    found: VecDeque<Edit>,
    /// Bytes of the page that wait for a parser's word. Bounded by what a parser may hold and the longest text that is read twice.
    pending: Rope,
}

impl PageEditor {
    pub(super) fn new(injection: Injection, placement: Placement, edits: Option<PageEdits>) -> Self {
        debug_assert!(injection.script.is_ascii() && injection.banner.is_ascii(), "injected bytes are ASCII");
        debug_assert!(
            injection.script.is_empty() || injection.script.starts_with(b"<script data-kelisim-script"),
            "the script's tag begins with the marker"
        );
        Self {
            places: Some(PlaceFinder::new(injection, placement)),
            edits: edits.map(EditFinder::new),
            found: VecDeque::new(),
            pending: Rope::default(),
        }
    }

    /// Takes a part of the page and gives what is settled, piece by piece.
    pub(super) fn write(&mut self, page: Bytes, mut output: impl FnMut(Piece)) {
        let mut settled = usize::MAX;
        self.pending.push(page.clone());
        if let Some(places) = &mut self.places {
            places.feed(&page);
            settled = places.passed();
        }
        if let Some(edits) = &mut self.edits {
            settled = settled.min(edits.take(&page, &self.pending));
        }
        self.collect();
        self.emit(settled, &mut output);
    }

    /// Ends the page: everything that waits comes out.
    pub(super) fn finish(&mut self, mut output: impl FnMut(Piece)) {
        if let Some(places) = &mut self.places {
            places.end();
        }
        if let Some(edits) = &mut self.edits {
            edits.end(&self.pending);
        }
        self.collect();
        self.emit(usize::MAX, &mut output);
    }

    /// Takes over what was found, and leaves what will find nothing more.
    fn collect(&mut self) {
        let known = self.found.len();
        if let Some(places) = &mut self.places {
            self.found.extend(places.take());
            self.places.take_if(|places| places.is_over());
        }
        if let Some(edits) = &mut self.edits {
            self.found.extend(edits.found());
            self.edits.take_if(|edits| edits.is_over());
        }
        if self.found.len() > known {
            // A parser may be ahead of the other. A stable order: of two insertions at one place the first stays first.
            self.found.make_contiguous().sort_by_key(|edit| edit.at.start);
        }
    }

    /// Gives pending bytes up to an offset, edited.
    fn emit(&mut self, settled: usize, output: &mut impl FnMut(Piece)) {
        while let Some(edit) = self.found.pop_front_if(|edit| edit.at.end <= settled) {
            // Edits come in the order of the page; one that does not would be a fault of ours, and bytes of the page are never lost for it.
            if edit.at.start >= self.pending.start() && edit.at.end <= self.pending.end() {
                self.pending.take_until(edit.at.start, |kept| output(Piece::Kept(kept)));
                self.pending.take_until(edit.at.end, drop);
                output(Piece::Put(edit.at, edit.with));
            }
        }
        // A parser's word ends with a tag, so this is only a guard: an edit is never split.
        let end = self.found.front().map_or(settled, |edit| settled.min(edit.at.start));
        self.pending.take_until(end, |kept| output(Piece::Kept(kept)));
    }
}
