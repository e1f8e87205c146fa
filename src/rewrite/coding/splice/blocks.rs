//! What a deflate stream is made of (RFC 1951, section 3.2): blocks, and in them bytes and copies of what came before.

use std::ops::Range;

use super::{
    bits::{BitReader, SHOWN_BITS},
    huffman::Decoder,
};

/// How many bits a copy may take.
const COPY_BITS: u32 = 48;

/// Bytes that are copied in one step where a copy is short, as most are.
const AT_ONCE: usize = 16;

/// The most blocks of a page. A block takes tables of some kilobytes to read and its lengths to keep, and ten bits can say that one is there;
/// who compresses begins another one every ten kilobytes or so.
const MOST_BLOCKS: usize = 1024;

/// The symbol that ends a block.
pub(super) const END: usize = 256;

const LENGTH_BASES: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASES: [u16; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA: [u8; 30] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

/// In which order a block writes the lengths by which its lengths are coded.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The symbol, the number of extra bits and their value for a length or distance.
fn coded(bases: &[u16], extra: &[u8], value: usize) -> (usize, u32, u32) {
    let symbol = bases.partition_point(|base| usize::from(*base) <= value) - 1;
    (symbol, extra[symbol].into(), (value - usize::from(bases[symbol])) as u32)
}

/// How a length is written: symbol, extra bits, their value.
pub(super) fn length_symbol(length: usize) -> (usize, u32, u32) {
    let (symbol, count, extra) = coded(&LENGTH_BASES, &LENGTH_EXTRA, length);
    (END + 1 + symbol, count, extra)
}

/// How a distance is written.
pub(super) fn distance_symbol(distance: usize) -> (usize, u32, u32) {
    coded(&DISTANCE_BASES, &DISTANCE_EXTRA, distance)
}

/// A copy of what came before.
#[derive(Clone, Copy)]
pub(super) struct Copy {
    /// The offset in the page.
    pub(super) at: u32,
    pub(super) length: u16,
    pub(super) distance: u16,
    /// Where it is written, as an offset in bits.
    pub(super) bit: u32,
    pub(super) bits: u8,
}

/// The lengths of a block's words: for bytes and lengths, and for distances.
pub(super) struct Code {
    pub(super) symbols: Vec<u8>,
    pub(super) distances: Vec<u8>,
}

/// A block.
pub(super) struct Block {
    /// What it holds of the page.
    pub(super) page: Range<usize>,
    /// From behind the bit that marks the last one to the first symbol.
    pub(super) head: Range<usize>,
    /// `None` where its bytes are stored as they are.
    pub(super) code: Option<Code>,
    /// Its copies, among those of all blocks.
    pub(super) copies: Range<usize>,
    /// Where its end is written.
    pub(super) end_bit: usize,
}

/// A stream, taken apart.
pub(super) struct Blocks {
    pub(super) page: Vec<u8>,
    pub(super) blocks: Vec<Block>,
    pub(super) copies: Vec<Copy>,
}

impl Blocks {
    /// Takes a stream apart that makes a page of this length. `None` where it is none, or not all that there is.
    pub(super) fn read(reader: &mut BitReader, length: usize) -> Option<Self> {
        let mut blocks = Self { page: vec![0; length], blocks: Vec::new(), copies: Vec::with_capacity(length / 8) };
        let mut at = 0;
        loop {
            let (start, copies) = (at, blocks.copies.len());
            let is_last = reader.take(1) == 1;
            let head = reader.at();
            let code = match reader.take(2) {
                0 => {
                    let count = reader.take_bytes(4)?;
                    let (count, check) =
                        (u16::from_le_bytes([count[0], count[1]]), u16::from_le_bytes([count[2], count[3]]));
                    let stored = reader.take_bytes(count.into()).filter(|_| count == !check)?;
                    blocks.page.get_mut(at..at + stored.len())?.copy_from_slice(stored);
                    at += stored.len();
                    None
                }
                1 => Some(fixed()),
                2 => Some(dynamic(reader)?),
                _ => return None,
            };
            let head = head..reader.at();
            let end_bit = match &code {
                Some(code) => blocks.symbols(reader, code, &mut at)?,
                None => reader.at(),
            };
            if !reader.is_within() || blocks.blocks.len() >= MOST_BLOCKS {
                return None;
            }
            blocks.blocks.push(Block { page: start..at, head, code, copies: copies..blocks.copies.len(), end_bit });
            if is_last {
                return (at == length).then_some(blocks);
            }
        }
    }

    /// Reads the symbols of a block, and answers where its end is written.
    fn symbols(&mut self, reader: &mut BitReader, code: &Code, place: &mut usize) -> Option<usize> {
        let (symbols, distances) = (Decoder::new(&code.symbols)?, Decoder::new(&code.distances)?);
        let mut at = *place;
        let (mut bits, mut left) = (reader.peek(), SHOWN_BITS);
        loop {
            if left < COPY_BITS {
                if !reader.is_within() {
                    return None;
                }
                (bits, left) = (reader.peek(), SHOWN_BITS);
            }
            let (symbol, used) = symbols.read(bits)?;
            if symbol < END {
                *self.page.get_mut(at)? = symbol as u8;
                at += 1;
                reader.skip(used);
                (bits, left) = (bits >> used, left - used);
                continue;
            }
            if symbol == END {
                let end = reader.at();
                reader.skip(used);
                *place = at;
                return Some(end);
            }
            let mut read = used;
            let mut extra = |count: u8| {
                let value = (bits >> read) as usize & ((1 << count) - 1);
                read += u32::from(count);
                value
            };
            let length = symbol - END - 1;
            let length = usize::from(*LENGTH_BASES.get(length)?) + extra(LENGTH_EXTRA[length]);
            let (symbol, used) = distances.read(bits >> read)?;
            read += used;
            let mut extra = |count: u8| {
                let value = (bits >> read) as usize & ((1 << count) - 1);
                read += u32::from(count);
                value
            };
            let distance = usize::from(*DISTANCE_BASES.get(symbol)?) + extra(DISTANCE_EXTRA[symbol]);
            let from = at.checked_sub(distance)?;
            let (before, after) = self.page.split_at_mut(at);
            if length <= AT_ONCE
                && let Some(pattern) = before[from..].first_chunk::<AT_ONCE>()
                && let Some(to) = after.first_chunk_mut::<AT_ONCE>()
            {
                // What is written too much stands where the next bytes come.
                *to = *pattern;
            } else if distance >= length {
                after.get_mut(..length)?.copy_from_slice(&before[from..from + length]);
            } else {
                let to = after.get_mut(..length)?;
                let pattern = &before[from..];
                to.chunks_mut(distance).for_each(|part| part.copy_from_slice(&pattern[..part.len()]));
            }
            self.copies.push(Copy {
                at: at as u32,
                length: length as u16,
                distance: distance as u16,
                bit: reader.at() as u32,
                bits: read as u8,
            });
            at += length;
            reader.skip(read);
            (bits, left) = (bits >> read, left - read);
        }
    }
}

fn fixed() -> Code {
    let symbols = (0..288).map(|symbol| match symbol {
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    });
    Code { symbols: symbols.collect(), distances: vec![5; 32] }
}

fn dynamic(reader: &mut BitReader) -> Option<Code> {
    let (symbols, distances, count) =
        (reader.take(5) as usize + 257, reader.take(5) as usize + 1, reader.take(4) as usize + 4);
    if symbols > 286 || distances > 30 {
        return None;
    }
    let mut lengths = [0; 19];
    for place in &ORDER[..count] {
        lengths[*place] = reader.take(3) as u8;
    }
    let decoder = Decoder::new(&lengths)?;
    let mut lengths = Vec::with_capacity(symbols + distances);
    while lengths.len() < symbols + distances {
        if !reader.is_within() {
            return None;
        }
        let (symbol, used) = decoder.read(reader.peek())?;
        reader.skip(used);
        let (value, times) = match symbol {
            16 => (*lengths.last()?, 3 + reader.take(2)),
            17 => (0, 3 + reader.take(3)),
            18 => (0, 11 + reader.take(7)),
            length => (length as u8, 1),
        };
        lengths.resize(lengths.len() + times as usize, value);
    }
    // A length that goes on beyond the last symbol is a fault, and without an end there is no end.
    if lengths.len() > symbols + distances || lengths[END] == 0 {
        return None;
    }
    let distances = lengths.split_off(symbols);
    Some(Code { symbols: lengths, distances })
}
