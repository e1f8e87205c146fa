//! A page in gzip with some of its bytes replaced, without compressing it again: what is not touched keeps its code, bit by bit.
//!
//! What was a copy of bytes beyond an edit gets another distance, and where none can be written, the bytes themselves. Whatever is unusual
//! is declined, and such a page is decoded and coded as any other.

mod bits;
mod blocks;
mod huffman;
mod texts;
mod writer;

use bytes::Bytes;
use flate2::Crc;

pub use self::texts::CodedTexts;

use self::{
    bits::BitReader,
    blocks::Blocks,
    writer::{Replacement, Writer},
};

/// The longest page, in bytes. What is longer comes in parts and is coded on its way.
const LONGEST_PAGE: usize = 2 * 1024 * 1024;

/// The length of the header without its optional fields, in bytes (RFC 1952, section 2.3).
const HEADER_BYTES: usize = 10;

/// The length of checksum and size, in bytes.
const TRAILER_BYTES: usize = 8;

/// A page in gzip, taken apart.
pub(in crate::rewrite) struct Spliced {
    reader: BitReader,
    blocks: Blocks,
    page: Bytes,
    /// The checksum that the page should have.
    check: u32,
}

impl Spliced {
    /// Takes a body apart that is one member and nothing else. `None` where it is not that, or unfolds to too much. Whether its checksum is right
    /// is seen when it is written again.
    pub(in crate::rewrite) fn new(body: &[u8]) -> Option<Self> {
        let (deflated, trailer) = body.get(header(body)?..)?.split_last_chunk::<TRAILER_BYTES>()?;
        let [check, length] =
            [0, 4].map(|at| u32::from_le_bytes([trailer[at], trailer[at + 1], trailer[at + 2], trailer[at + 3]]));
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_PAGE)?;
        let mut reader = BitReader::new(deflated);
        let mut blocks = Blocks::read(&mut reader, length)?;
        let page = Bytes::from(std::mem::take(&mut blocks.page));
        let is_whole = reader.at().div_ceil(8) == deflated.len();
        is_whole.then_some(Self { reader, blocks, page, check })
    }

    /// The page.
    pub(in crate::rewrite) fn page(&self) -> &Bytes {
        &self.page
    }

    /// The body with these ranges of the page replaced, which stand in their order and apart. `None` where it can't be written, or is damaged.
    pub(in crate::rewrite) fn replaced(
        &self,
        replacements: impl IntoIterator<Item = (std::ops::Range<usize>, Bytes)>,
        texts: Option<&CodedTexts>,
    ) -> Option<Vec<u8>> {
        let replacements: Vec<_> = replacements.into_iter().map(|(at, with)| Replacement { at, with }).collect();
        let mut writer = Writer::new(&self.reader, &self.blocks, &self.page, (&replacements, texts));
        // Without a name or a time: as other gateways and servers write it.
        writer.begin(&[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]);
        writer.write()?;
        let (mut before, mut after, mut at) = (Checksum::default(), Checksum::default(), 0);
        for Replacement { at: replaced, with } in &replacements {
            let kept = self.page.get(at..replaced.start)?;
            Checksum::of_both(&mut before, &mut after, kept);
            before.0.update(self.page.get(replaced.clone())?);
            after.0.update(with);
            at = replaced.end;
        }
        Checksum::of_both(&mut before, &mut after, self.page.get(at..)?);
        if before.0.sum() != self.check {
            return None;
        }
        let mut body = writer.finish();
        body.extend_from_slice(&after.0.sum().to_le_bytes());
        body.extend_from_slice(&after.0.amount().to_le_bytes());
        Some(body)
    }
}

/// A checksum on its way.
#[derive(Default)]
struct Checksum(Crc);

impl Checksum {
    /// Goes on with bytes that two have in common, which are read once where they are many.
    fn of_both(one: &mut Self, other: &mut Self, bytes: &[u8]) {
        const MANY: usize = 8 * 1024;
        if bytes.len() < MANY {
            [one, other].into_iter().for_each(|checksum| checksum.0.update(bytes));
        } else {
            let mut common = Crc::new();
            common.update(bytes);
            [one, other].into_iter().for_each(|checksum| checksum.0.combine(&common));
        }
    }
}

/// The length of the header; `None` where it is none, or has fields besides the name of a file.
fn header(body: &[u8]) -> Option<usize> {
    const NAME: u8 = 8;
    match body.get(..HEADER_BYTES)? {
        [0x1F, 0x8B, 8, 0, ..] => Some(HEADER_BYTES),
        [0x1F, 0x8B, 8, NAME, ..] => Some(HEADER_BYTES + memchr::memchr(0, &body[HEADER_BYTES..])? + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
