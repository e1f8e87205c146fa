//! A page on its way through: decoded, looked at, changed, coded again.
//!
//! Until the opening is decided nothing is given out, so that what is no page can pass as the origin sent it. What is
//! held is bounded: one piece of decoded bytes and what the parser may hold.

use std::{
    borrow::Cow,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;

pub use super::coding::{BrokenBody, CodedTexts};
use super::coding::{Coding, Decoder, Encoder, Spliced};
use super::html::{Injection, PageEditor, PageEdits, Piece};
use super::judged::PageCounts;
use super::plan::{PassReason, Placement, RewritePlan};
use super::sniff::{Declared, LOOK_AHEAD_BYTES, Sniffed, sniff};

/// How many bytes of a coded body may come without being a page or not, in bytes. Much less decodes to enough; a body
/// that only begins and never says anything passes unchanged.
const OPENING_BYTES: usize = 64 * 1024;

/// All that decides what the bytes of a page become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// How it is rewritten.
    pub plan: RewritePlan,
    /// What goes in.
    pub injection: Injection,
    /// What is edited.
    pub edits: Option<PageEdits>,
}

/// Makes a page in gzip of which all is there, without compressing again what is not changed; and what is judged in it. `None` where that
/// can't be done: then it is made as any other, or is no page. `texts` knows what was put into pages before; none is given where what
/// is put in never comes again.
pub fn splice(recipe: &Recipe, body: &[u8], texts: Option<&CodedTexts>) -> Option<(Bytes, PageCounts)> {
    let Recipe { plan, injection, edits } = recipe;
    if plan.coding != Coding::Gzip {
        return None;
    }
    let made = || {
        let spliced = Spliced::new(body)?;
        let page = spliced.page();
        let prefix = &page[..page.len().min(LOOK_AHEAD_BYTES)];
        let declared = Declared { typed: plan.typed, encoding_named: plan.encoding_named };
        let sniffed = match sniff(prefix, false, declared) {
            Sniffed::NeedMore => sniff(prefix, true, declared),
            decided => decided,
        };
        if sniffed != Sniffed::Html {
            return None;
        }
        let edits = edits.as_ref().map(PageEdits::anew);
        let tally = edits.as_ref().map(PageEdits::tally);
        let mut editor = PageEditor::new(injection.clone(), plan.placement, edits);
        let mut replacements = Vec::new();
        let mut note = |piece| {
            if let Piece::Put(at, with) = piece {
                replacements.push((at, with));
            }
        };
        editor.write(page.clone(), &mut note);
        editor.finish(&mut note);
        let body = spliced.replaced(replacements, texts)?;
        Some((body.into(), tally.map(|tally| tally.counts()).unwrap_or_default()))
    };
    catch_unwind(AssertUnwindSafe(made)).ok().flatten()
}

/// The beginning of a body, until it is known whether it is a page.
pub struct PageBody {
    decoder: Decoder,
    coding: Coding,
    placement: Placement,
    declared: Declared,
    /// Pieces of the page.
    decoded: Vec<Bytes>,
    /// Taken in, but not decoded yet: decoding stops as soon as the opening is decided.
    waiting: Bytes,
    taken: usize,
}

/// What the beginning of a body turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Not decided yet.
    NeedMore,
    /// A page: go on with [`PageBody::into_rewriter`].
    Page,
    /// No page: send the raw bytes as they came.
    NotPage(PassReason),
}

impl PageBody {
    /// A body of which nothing has come yet.
    pub fn new(plan: &RewritePlan) -> Self {
        Self {
            decoder: Decoder::new(plan.coding),
            coding: plan.coding,
            placement: plan.placement,
            declared: Declared { typed: plan.typed, encoding_named: plan.encoding_named },
            decoded: Vec::new(),
            waiting: Bytes::new(),
            taken: 0,
        }
    }

    /// Takes raw bytes as the origin sent them. The caller keeps its own copies until the opening is decided: on
    /// [`Opening::NotPage`] it sends them unchanged.
    pub fn open(&mut self, raw: Bytes) -> Opening {
        self.taken += raw.len();
        self.waiting = join(mem::take(&mut self.waiting), raw);
        let outcome = loop {
            match self.decoder.piece(&mut self.waiting) {
                Err(BrokenBody) => return Opening::NotPage(PassReason::BrokenCoding),
                Ok((piece, more)) => {
                    self.decoded.extend(Some(piece).filter(|piece| !piece.is_empty()));
                    if !more || self.decoded.iter().map(Bytes::len).sum::<usize>() >= LOOK_AHEAD_BYTES {
                        break sniff(&self.prefix(), false, self.declared);
                    }
                }
            }
        };
        match outcome {
            Sniffed::Html => Opening::Page,
            Sniffed::Other(reason) => Opening::NotPage(reason),
            Sniffed::NeedMore if self.taken > OPENING_BYTES => Opening::NotPage(PassReason::SniffedOther),
            Sniffed::NeedMore => Opening::NeedMore,
        }
    }

    /// As much of the page as its opening is decided by.
    fn prefix(&self) -> Cow<'_, [u8]> {
        match &self.decoded[..] {
            [] => Cow::Borrowed(&[]),
            [first, ..] if first.len() >= LOOK_AHEAD_BYTES => Cow::Borrowed(first),
            [only] => Cow::Borrowed(only),
            pieces => {
                let mut prefix = Vec::with_capacity(LOOK_AHEAD_BYTES);
                for piece in pieces {
                    prefix.extend_from_slice(&piece[..piece.len().min(LOOK_AHEAD_BYTES - prefix.len())]);
                }
                Cow::Owned(prefix)
            }
        }
    }

    /// The body ended before the opening was decided.
    pub fn open_end(&mut self) -> Opening {
        if !self.decoder.may_end() {
            return Opening::NotPage(PassReason::BrokenCoding);
        }
        match sniff(&self.prefix(), true, self.declared) {
            Sniffed::Html => Opening::Page,
            Sniffed::Other(reason) => Opening::NotPage(reason),
            Sniffed::NeedMore => Opening::NotPage(PassReason::SniffedOther),
        }
    }

    /// Goes on with a body that is a page.
    pub fn into_rewriter(self, injection: Injection, edits: Option<PageEdits>) -> PageRewriter {
        PageRewriter {
            decoder: self.decoder,
            editor: PageEditor::new(injection, self.placement, edits),
            encoder: Encoder::new(self.coding),
            decoded: self.decoded,
            waiting: self.waiting,
        }
    }
}

/// A page on its way.
pub struct PageRewriter {
    decoder: Decoder,
    editor: PageEditor,
    encoder: Encoder,
    /// What the opening decoded.
    decoded: Vec<Bytes>,
    /// Raw bytes that the opening took in and did not need.
    waiting: Bytes,
}

impl PageRewriter {
    /// Takes raw bytes in and gives out what is ready; the first call gives what the opening took, too.
    ///
    /// # Errors
    /// The body cannot be decoded. What was given out before stands; the answer must be aborted, so that the browser
    /// does not take a part for the whole.
    pub fn write(&mut self, raw: Bytes) -> Result<Vec<Bytes>, BrokenBody> {
        self.take_in(raw)?;
        Ok(self.encoder.take())
    }

    /// Makes everything so far visible to the browser's decoder.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn flush(&mut self) -> Result<Vec<Bytes>, BrokenBody> {
        self.encoder.flush()?;
        Ok(self.encoder.take())
    }

    /// Ends the page and gives the rest.
    ///
    /// # Errors
    /// As [`Self::write`]; also when the coded body ended too early.
    pub fn finish(&mut self) -> Result<Vec<Bytes>, BrokenBody> {
        self.take_in(Bytes::new())?;
        if !self.decoder.may_end() {
            return Err(BrokenBody);
        }
        let (encoder, mut outcome) = (&mut self.encoder, Ok(()));
        self.editor.finish(|piece| outcome = outcome.and_then(|()| encoder.write(piece.into_bytes())));
        outcome?;
        encoder.finish()
    }

    fn take_in(&mut self, raw: Bytes) -> Result<(), BrokenBody> {
        for piece in mem::take(&mut self.decoded) {
            self.edit(piece)?;
        }
        for mut raw in [mem::take(&mut self.waiting), raw] {
            loop {
                let (piece, more) = self.decoder.piece(&mut raw)?;
                self.edit(piece)?;
                if !more {
                    break;
                }
            }
        }
        Ok(())
    }

    fn edit(&mut self, piece: Bytes) -> Result<(), BrokenBody> {
        if piece.is_empty() {
            return Ok(());
        }
        let (encoder, mut outcome) = (&mut self.encoder, Ok(()));
        self.editor.write(piece, |piece| outcome = outcome.and_then(|()| encoder.write(piece.into_bytes())));
        outcome
    }
}

fn join(first: Bytes, second: Bytes) -> Bytes {
    match (!first.is_empty(), second.is_empty()) {
        (false, _) => second,
        (true, true) => first,
        (true, false) => [first, second].concat().into(),
    }
}
