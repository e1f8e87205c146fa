//! A page on its way through: decoded, looked at, changed, coded again.
//!
//! Until the opening is decided nothing is given out, so that what is no page can pass as the origin sent it. What is
//! held is bounded: one piece of decoded bytes and what the parser may hold.

use bytes::Bytes;

pub use super::coding::BrokenBody;
use super::coding::{Coding, Decoder, Encoder, PIECE_BYTES};
use super::html::{Injection, PageEditor, PageEdits};
use super::plan::{PassReason, Placement, RewritePlan};
use super::sniff::{Declared, LOOK_AHEAD_BYTES, Sniffed, sniff};

/// How many bytes of a coded body may come without being a page or not, in bytes. Much less decodes to enough; a body
/// that only begins and never says anything passes unchanged.
const OPENING_BYTES: usize = 64 * 1024;

/// The beginning of a body, until it is known whether it is a page.
pub struct PageBody {
    decoder: Decoder,
    coding: Coding,
    placement: Placement,
    declared: Declared,
    decoded: Vec<u8>,
    /// Taken in, but not decoded yet: decoding stops as soon as the opening is decided.
    waiting: Vec<u8>,
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
            waiting: Vec::new(),
            taken: 0,
        }
    }

    /// Takes raw bytes as the origin sent them. The caller keeps its own copies until the opening is decided: on
    /// [`Opening::NotPage`] it sends them unchanged.
    pub fn open(&mut self, raw: &[u8]) -> Opening {
        self.waiting.extend_from_slice(raw);
        self.taken += raw.len();
        let mut rest = self.waiting.as_slice();
        let outcome = loop {
            match self.decoder.step(&mut rest, &mut self.decoded) {
                Err(BrokenBody) => return Opening::NotPage(PassReason::BrokenCoding),
                Ok(more) if more && self.decoded.len() < LOOK_AHEAD_BYTES => {}
                Ok(_) => break sniff(&self.decoded, false, self.declared),
            }
        };
        let used = self.waiting.len() - rest.len();
        self.waiting.drain(..used);
        match outcome {
            Sniffed::Html => Opening::Page,
            Sniffed::Other(reason) => Opening::NotPage(reason),
            Sniffed::NeedMore if self.taken > OPENING_BYTES => Opening::NotPage(PassReason::SniffedOther),
            Sniffed::NeedMore => Opening::NeedMore,
        }
    }

    /// The body ended before the opening was decided.
    pub fn open_end(&mut self) -> Opening {
        if !self.decoder.may_end() {
            return Opening::NotPage(PassReason::BrokenCoding);
        }
        match sniff(&self.decoded, true, self.declared) {
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
            changed: Vec::new(),
        }
    }
}

/// A page on its way.
pub struct PageRewriter {
    decoder: Decoder,
    editor: PageEditor,
    encoder: Encoder,
    /// Decoded and not handed to the editor: what the opening left, later one piece.
    decoded: Vec<u8>,
    /// Raw bytes that the opening took in and did not need.
    waiting: Vec<u8>,
    changed: Vec<u8>,
}

impl PageRewriter {
    /// Takes raw bytes in and gives out what is ready; the first call gives what the opening took, too.
    ///
    /// # Errors
    /// The body cannot be decoded. What was given out before stands; the answer must be aborted, so that the browser
    /// does not take a part for the whole.
    pub fn write(&mut self, raw: &[u8]) -> Result<Bytes, BrokenBody> {
        let waiting = std::mem::take(&mut self.waiting);
        self.decode(&waiting)?;
        self.decode(raw)?;
        Ok(self.encoder.take().into())
    }

    /// Makes everything so far visible to the browser's decoder.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn flush(&mut self) -> Result<Bytes, BrokenBody> {
        self.encoder.flush()?;
        Ok(self.encoder.take().into())
    }

    /// Ends the page and gives the rest.
    ///
    /// # Errors
    /// As [`Self::write`]; also when the coded body ended too early.
    pub fn finish(&mut self) -> Result<Bytes, BrokenBody> {
        let begun = self.write(&[])?;
        if !self.decoder.may_end() {
            return Err(BrokenBody);
        }
        self.changed.clear();
        self.editor.finish(&mut self.changed);
        self.encoder.write(&self.changed)?;
        let rest = self.encoder.finish()?;
        Ok(if begun.is_empty() { rest.into() } else { [&begun[..], &rest].concat().into() })
    }

    fn decode(&mut self, mut raw: &[u8]) -> Result<(), BrokenBody> {
        loop {
            let more = self.decoder.step(&mut raw, &mut self.decoded)?;
            self.changed.clear();
            self.editor.write(&self.decoded, &mut self.changed);
            self.encoder.write(&self.changed)?;
            self.decoded.clear();
            debug_assert!(self.decoded.capacity() <= 4 * PIECE_BYTES, "decoded bytes come in pieces");
            if !more {
                return Ok(());
            }
        }
    }
}
