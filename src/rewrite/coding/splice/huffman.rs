//! Huffman codes as deflate has them: known by the lengths of their words alone (RFC 1951, section 3.2.2).

/// The longest word, in bits.
pub(super) const LONGEST: usize = 15;

/// Words up to this length, in bits, are read by one look into a table.
const QUICK_BITS: u32 = 11;

/// Reads words.
pub(super) struct Decoder {
    /// By the next bits: the symbol and, in the lowest four bits, the length of its word; 0 where it is longer.
    quick: [u16; 1 << QUICK_BITS],
    counts: [u16; LONGEST + 1],
    /// Symbols in the order of their words.
    symbols: [u16; 288],
}

impl Decoder {
    /// `None` where the lengths make no code. A code in which words are missing is none unless it has one word or none, as distances may.
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0_u16; LONGEST + 1];
        lengths.iter().for_each(|length| counts[usize::from(*length)] += 1);
        let used = lengths.len() as u16 - counts[0];
        counts[0] = 0;
        let mut free = 1_i32;
        for count in &counts[1..] {
            free = 2 * free - i32::from(*count);
            if free < 0 {
                return None;
            }
        }
        if free > 0 && (used > 1 || used != counts[1]) {
            return None;
        }
        let mut starts = [0_u16; LONGEST + 2];
        for length in 1..=LONGEST {
            starts[length + 1] = starts[length] + counts[length];
        }
        let mut decoder = Self { quick: [0; 1 << QUICK_BITS], counts, symbols: [0; 288] };
        for (symbol, (length, word)) in words(lengths).enumerate().filter(|(_, (length, _))| *length > 0) {
            let place = &mut starts[usize::from(length)];
            decoder.symbols[usize::from(*place)] = symbol as u16;
            *place += 1;
            if u32::from(length) <= QUICK_BITS {
                for entry in decoder.quick[usize::from(word)..].iter_mut().step_by(1 << length) {
                    *entry = (symbol as u16) << 4 | u16::from(length);
                }
            }
        }
        Some(decoder)
    }

    /// The next symbol and the length of its word; `None` where there is no such word.
    pub(super) fn read(&self, bits: u64) -> Option<(usize, u32)> {
        let entry = self.quick[bits as usize & ((1 << QUICK_BITS) - 1)];
        if entry != 0 {
            return Some((usize::from(entry >> 4), u32::from(entry & 15)));
        }
        let (mut word, mut first, mut index) = (0, 0, 0);
        for length in 1..=LONGEST {
            word = word << 1 | (bits >> (length - 1)) as u16 & 1;
            let count = self.counts[length];
            if word < first + count {
                return Some((usize::from(self.symbols[usize::from(index + word - first)]), length as u32));
            }
            index += count;
            first = (first + count) << 1;
        }
        None
    }
}

/// The words of a code, symbol by symbol, as length and bits in the order in which they are written; length 0 for a symbol without one.
pub(super) fn words(lengths: &[u8]) -> impl Iterator<Item = (u8, u16)> + '_ {
    let mut counts = [0_u16; LONGEST + 1];
    lengths.iter().filter(|length| **length > 0).for_each(|length| counts[usize::from(*length)] += 1);
    let mut next = [0_u16; LONGEST + 1];
    for length in 1..LONGEST {
        next[length + 1] = (next[length] + counts[length]) << 1;
    }
    lengths.iter().map(move |length| {
        let word = &mut next[usize::from(*length)];
        let reversed = if *length == 0 { 0 } else { word.reverse_bits() >> (16 - *length) };
        *word = word.wrapping_add(1);
        (*length, reversed)
    })
}
