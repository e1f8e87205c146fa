//! Which bytes of a `Cookie` line mean something, as bits: 64 bytes are looked at together, with the vector instructions that the
//! processor has.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

/// Bytes that one word of bits stands for.
pub(super) const BLOCK: usize = 64;

/// Bytes marked in one go: a usual line needs no second one.
pub(super) const WINDOW: usize = 16 * BLOCK;

/// Blocks of a window, and one for the end of the line where the last of these is full.
const BLOCKS: usize = WINDOW / BLOCK + 1;

/// Room for the marks of a window.
pub(super) type Made = [Marks; BLOCKS];

/// One bit for each byte of a block, the first byte's the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Where a `;` is, or the end of the line.
    pub(super) ends: u64,
    /// Where a byte is that may part words, and `!`, which costs nothing to mark and is rare.
    pub(super) odd: u64,
}

/// Whether a byte is marked as one that may part words.
#[cfg(test)]
pub(super) const fn is_odd(byte: u8) -> bool {
    byte <= b'"' || byte == b','
}

/// Marks a window of a line. Behind the last one the end of the line is marked like a `;`.
#[inline]
pub(super) fn mark<'m>(window: &[u8], is_last: bool, made: &'m mut Made) -> &'m [Marks] {
    debug_assert!(window.len() == WINDOW || is_last && window.len() < WINDOW, "a window, or the rest of the line");
    dispatch!(Level::new(), simd => mark_blocks(simd, window, made));
    &made[..BLOCKS.min(window.len() / BLOCK + usize::from(is_last))]
}

#[inline(always)]
fn mark_blocks<S: Simd>(simd: S, window: &[u8], made: &mut Made) {
    let (blocks, rest) = window.as_chunks::<BLOCK>();
    for (block, marks) in blocks.iter().zip(made.iter_mut()) {
        *marks = of_block(simd, block);
    }
    if let Some(last) = made.get_mut(blocks.len()) {
        let mut block = [b'.'; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        block[rest.len()] = b';';
        *last = of_block(simd, &block);
    }
}

#[inline(always)]
fn of_block<S: Simd>(simd: S, block: &[u8; BLOCK]) -> Marks {
    let bytes = u8x64::load_array_ref(simd, block);
    let odd = bytes.simd_le(b'"') | bytes.simd_eq(b',');
    Marks { ends: bytes.simd_eq(b';').to_bitmask(), odd: odd.to_bitmask() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_marked_at_every_place_of_lines_of_every_length() {
        let line: Vec<u8> = (0..3000_usize).map(|at| (at * 7 + at / 256) as u8).collect();
        let mut made = Made::default();
        for length in 0..=WINDOW {
            let line = &line[line.len() - length..];
            let blocks = mark(line, true, &mut made);
            assert_eq!(blocks.len(), length / BLOCK + 1, "{length}");
            let bit = |word: u64, at: usize| word >> (at % BLOCK) & 1 == 1;
            for (at, byte) in line.iter().enumerate() {
                let marks = blocks[at / BLOCK];
                assert_eq!(bit(marks.ends, at), *byte == b';', "{byte} at {at} of {length}");
                assert_eq!(bit(marks.odd, at), is_odd(*byte), "{byte} at {at} of {length}");
            }
            let behind = blocks[length / BLOCK];
            assert_eq!(
                (behind.ends >> (length % BLOCK), behind.odd >> (length % BLOCK)),
                (1, 0),
                "the end of {length}"
            );
        }
    }
}
