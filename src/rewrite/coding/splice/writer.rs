//! Writes a stream again with some of the page replaced.

use std::ops::Range;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::{
    bits::{BitReader, BitWriter},
    blocks::{Block, Blocks, Code, Copy, END, distance_symbol, length_symbol},
    huffman::words,
    texts::CodedTexts,
};
use crate::rewrite::coding::GZIP_LEVEL;

/// Replacements up to this length, in bytes, are written byte by byte; longer ones are compressed, as blocks of their own.
const SHORT: usize = 48;

/// The farthest that a copy reaches, in bytes.
const FARTHEST: usize = 32 * 1024;

/// The longest copy and the shortest one, in bytes.
const LONGEST_COPY: usize = 258;
const SHORTEST_COPY: usize = 3;

/// The most bytes that one block stores as they are.
const MOST_STORED: usize = 65_535;

/// A range of the page, and what stands there instead.
pub(super) struct Replacement {
    pub(super) at: Range<usize>,
    pub(super) with: Bytes,
}

/// The words of a block.
struct Words {
    symbols: Vec<(u8, u16)>,
    distances: Vec<(u8, u16)>,
}

/// On its way through a stream.
pub(super) struct Writer<'a> {
    from: &'a BitReader,
    blocks: &'a Blocks,
    page: &'a [u8],
    replacements: &'a [Replacement],
    /// By how much longer the page is behind each of them.
    grown: Vec<isize>,
    /// How many of them are written.
    written: usize,
    out: BitWriter,
    /// Bits that are to be copied as they are.
    same: Range<usize>,
    texts: Option<&'a CodedTexts>,
    compress: Option<Compress>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        from: &'a BitReader,
        blocks: &'a Blocks,
        page: &'a [u8],
        (replacements, texts): (&'a [Replacement], Option<&'a CodedTexts>),
    ) -> Self {
        let grown = replacements.iter().scan(0, |grown, Replacement { at, with }| {
            *grown += with.len() as isize - at.len() as isize;
            Some(*grown)
        });
        let more: usize = replacements.iter().map(|replacement| replacement.with.len()).sum();
        let out = BitWriter::with_capacity(from.at() / 8 + more + 1024);
        let (grown, same) = (grown.collect(), 0..0);
        Self { from, blocks, page, replacements, grown, written: 0, out, same, texts, compress: None }
    }

    pub(super) fn begin(&mut self, header: &[u8]) {
        self.out.put_bytes(header);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out.finish()
    }

    /// Writes all blocks; `None` where something can't be written.
    pub(super) fn write(&mut self) -> Option<()> {
        let last = self.blocks.blocks.len() - 1;
        for (number, block) in self.blocks.blocks.iter().enumerate() {
            let is_last = number == last;
            match &block.code {
                None => self.stored(block, is_last)?,
                Some(code) => self.coded(block, code, is_last)?,
            }
        }
        (self.written == self.replacements.len()).then_some(())
    }

    /// The next replacement.
    fn next(&self) -> Option<&'a Replacement> {
        self.replacements.get(self.written)
    }

    /// Whether one begins before this offset.
    fn begins_before(&self, offset: usize) -> bool {
        self.next().is_some_and(|next| next.at.start < offset)
    }

    /// Where the replacement that was written last ends.
    fn replaced_until(&self) -> usize {
        self.written.checked_sub(1).map_or(0, |last| self.replacements[last].at.end)
    }

    fn stored(&mut self, block: &Block, is_last: bool) -> Option<()> {
        let mut bytes = Vec::with_capacity(block.page.len());
        let mut at = block.page.start;
        if self.replaced_until() > at {
            return None;
        }
        while let Some(next) = self.next()
            && (next.at.start < block.page.end || (is_last && next.at.start == block.page.end))
        {
            bytes.extend_from_slice(self.page.get(at..next.at.start)?);
            bytes.extend_from_slice(&next.with);
            at = next.at.end;
            self.written += 1;
        }
        // A range that is replaced may not reach from one block into a stored one, nor out of it.
        bytes.extend_from_slice(self.page.get(at..block.page.end)?);
        let mut parts = bytes.chunks(MOST_STORED).peekable();
        if parts.peek().is_none() {
            self.store(&[], is_last);
        }
        while let Some(part) = parts.next() {
            self.store(part, is_last && parts.peek().is_none());
        }
        Some(())
    }

    fn store(&mut self, bytes: &[u8], is_last: bool) {
        let length = bytes.len() as u16;
        self.out.put(is_last.into(), 3);
        self.out.align();
        self.out.put_bytes(&length.to_le_bytes());
        self.out.put_bytes(&(!length).to_le_bytes());
        self.out.put_bytes(bytes);
    }

    fn coded(&mut self, block: &Block, code: &Code, is_last: bool) -> Option<()> {
        let copies = &self.blocks.copies[block.copies.clone()];
        let words = Words { symbols: words(&code.symbols).collect(), distances: words(&code.distances).collect() };
        let mut coded = Coded { writer: self, block, words, is_last };
        coded.begin(block.page.start)?;
        let (mut at, mut bit) = (block.page.start, block.head.end);
        for copy in copies {
            coded.bytes(at..copy.at as usize, bit..copy.bit as usize)?;
            coded.copied(copy)?;
            at = copy.at as usize + usize::from(copy.length);
            bit = copy.bit as usize + usize::from(copy.bits);
        }
        coded.bytes(at..block.page.end, bit..block.end_bit)?;
        if is_last {
            coded.replace_at(block.page.end)?;
        }
        coded.end();
        Some(())
    }

    /// Copies bits as they are, later.
    fn same(&mut self, bits: Range<usize>) {
        if self.same.end == bits.start {
            self.same.end = bits.end;
        } else {
            self.settle();
            self.same = bits;
        }
    }

    fn settle(&mut self) {
        self.out.copy(self.from, std::mem::take(&mut self.same));
    }

    /// What a replacement puts in, compressed by itself, as blocks of which none is the last; it ends with a whole byte.
    fn compressed(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let compress = self.compress.get_or_insert_with(|| Compress::new(Compression::new(GZIP_LEVEL), false));
        let mut out = Vec::with_capacity(bytes.len() + 64);
        let (mut rest, before) = (bytes, compress.total_in());
        loop {
            let start = compress.total_in();
            let status = compress.compress_vec(rest, &mut out, FlushCompress::Full).ok()?;
            rest = &rest[usize::try_from(compress.total_in() - start).ok()?..];
            if status == Status::Ok && rest.is_empty() && out.len() < out.capacity() {
                break;
            }
            out.reserve(bytes.len() + 64);
        }
        (compress.total_in() - before == bytes.len() as u64).then_some(out)
    }
}

/// On its way through one block.
struct Coded<'a, 'b> {
    writer: &'b mut Writer<'a>,
    block: &'b Block,
    words: Words,
    is_last: bool,
}

impl Coded<'_, '_> {
    /// Whether these bytes are written as blocks of their own.
    fn parts_block(&self, with: &[u8]) -> bool {
        with.len() > SHORT || with.iter().any(|byte| self.words.symbols[usize::from(*byte)].0 == 0)
    }

    /// Whether a replacement begins in what is left of the block, and parts it.
    fn goes_on_after(&self) -> bool {
        let ahead = self.writer.replacements.get(self.writer.written..).unwrap_or_default();
        let end = self.block.page.end;
        let here =
            |replacement: &&Replacement| replacement.at.start < end || (self.is_last && replacement.at.start == end);
        ahead.iter().take_while(here).any(|replacement| self.parts_block(&replacement.with))
    }

    fn begin(&mut self, offset: usize) -> Option<()> {
        // What is put in before the first byte needs no block to be parted.
        while let Some(next) = self.writer.next()
            && next.at.start == offset
            && next.at.is_empty()
            && self.parts_block(&next.with)
        {
            self.writer.written += 1;
            self.blocks_of(&next.with)?;
        }
        self.head();
        Some(())
    }

    fn head(&mut self) {
        self.writer.settle();
        let is_last = self.is_last && !self.goes_on_after();
        self.writer.out.put(is_last.into(), 1);
        self.writer.same(self.block.head.clone());
    }

    fn end(&mut self) {
        let (length, _) = self.words.symbols[END];
        self.writer.same(self.block.end_bit..self.block.end_bit + usize::from(length));
        self.writer.settle();
    }

    /// Blocks that hold these bytes.
    fn blocks_of(&mut self, text: &Bytes) -> Option<()> {
        self.writer.settle();
        let blocks = match self.writer.texts {
            Some(texts) => texts.blocks(text, || self.writer.compressed(text))?,
            None => self.writer.compressed(text)?.into(),
        };
        if !self.writer.out.is_aligned() {
            self.writer.store(&[], false);
        }
        self.writer.out.put_bytes(&blocks);
        Some(())
    }

    /// Writes the replacements that begin at this offset.
    fn replace_at(&mut self, offset: usize) -> Option<()> {
        while let Some(next) = self.writer.next()
            && next.at.start <= offset
        {
            self.writer.written += 1;
            if self.parts_block(&next.with) {
                self.end();
                self.blocks_of(&next.with)?;
                self.head();
            } else {
                self.literals(&next.with)?;
            }
        }
        Some(())
    }

    fn replaced_until(&self) -> usize {
        self.writer.replaced_until()
    }

    /// Bytes of the page that are written one by one, in these bits.
    fn bytes(&mut self, page: Range<usize>, bits: Range<usize>) -> Option<()> {
        if !self.writer.begins_before(page.end) && self.replaced_until() <= page.start {
            self.writer.same(bits);
            return Some(());
        }
        let mut bit = bits.start;
        for at in page {
            self.replace_at(at)?;
            let length = usize::from(self.words.symbols[usize::from(self.writer.page[at])].0);
            if self.replaced_until() <= at {
                self.writer.same(bit..bit + length);
            }
            bit += length;
        }
        debug_assert_eq!(bit, bits.end, "bytes take as many bits as their words have");
        Some(())
    }

    fn copied(&mut self, copy: &Copy) -> Option<()> {
        let (mut at, distance) = (copy.at as usize, usize::from(copy.distance));
        let end = at + usize::from(copy.length);
        let is_touched = self.writer.begins_before(end) || at - distance < self.replaced_until();
        if !is_touched {
            self.writer.same(copy.bit as usize..copy.bit as usize + usize::from(copy.bits));
            return Some(());
        }
        while at < end {
            self.replace_at(at)?;
            at = at.max(self.replaced_until().min(end));
            let stop = self.writer.next().map_or(end, |next| next.at.start.clamp(at, end));
            self.copy(at..stop, distance)?;
            at = stop;
        }
        Some(())
    }

    /// Writes a range of the page that is untouched, and a copy of what stood this far before it.
    fn copy(&mut self, page: Range<usize>, distance: usize) -> Option<()> {
        let mut at = page.start;
        while at < page.end {
            let from = at - distance;
            // Replacements that end at or before `from`, and the first that does not.
            let before = self.writer.replacements[..self.writer.written].partition_point(|known| known.at.end <= from);
            let next = self.writer.replacements[..self.writer.written].get(before);
            let (whole, stop) = match next {
                Some(next) if next.at.start <= from => (false, next.at.end),
                Some(next) => (true, next.at.start),
                None => (true, usize::MAX),
            };
            let length = (page.end - at).min(stop - from).min(LONGEST_COPY);
            let grown = |count: usize| count.checked_sub(1).map_or(0, |last| self.writer.grown[last]);
            let distance = distance as isize + grown(self.writer.written) - grown(before);
            let distance = usize::try_from(distance).ok()?;
            let can_copy = whole && length >= SHORTEST_COPY && distance <= FARTHEST;
            if !(can_copy && self.put_copy(length, distance)) {
                let page = self.writer.page;
                self.literals(page.get(at..at + length)?)?;
            }
            at += length;
        }
        Some(())
    }

    /// Writes a copy, if there are words for it.
    fn put_copy(&mut self, length: usize, distance: usize) -> bool {
        let (length, distance) = (length_symbol(length), distance_symbol(distance));
        let word = |words: &[(u8, u16)], symbol: usize| words.get(symbol).copied().filter(|(bits, _)| *bits > 0);
        let words = word(&self.words.symbols, length.0).zip(word(&self.words.distances, distance.0));
        let Some(((length_bits, length_word), (distance_bits, distance_word))) = words else { return false };
        self.writer.settle();
        let out = &mut self.writer.out;
        out.put(length_word.into(), length_bits.into());
        out.put(length.2, length.1);
        out.put(distance_word.into(), distance_bits.into());
        out.put(distance.2, distance.1);
        true
    }

    /// Writes bytes one by one; `None` where there is no word for one of them.
    fn literals(&mut self, bytes: &[u8]) -> Option<()> {
        self.writer.settle();
        for byte in bytes {
            let (bits, word) = self.words.symbols[usize::from(*byte)];
            if bits == 0 {
                return None;
            }
            self.writer.out.put(word.into(), bits.into());
        }
        Some(())
    }
}
