//! Bytes of a page that wait, in the pieces in which they came: nothing is copied.

use std::{collections::VecDeque, ops::Range};

use bytes::Bytes;

/// Pieces one after the other. Offsets are those of the page.
#[derive(Default)]
pub(super) struct Rope {
    pieces: VecDeque<Bytes>,
    /// The offset of the first byte.
    start: usize,
    /// The offset behind the last one.
    end: usize,
}

impl Rope {
    pub(super) fn start(&self) -> usize {
        self.start
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.end += piece.len();
        if !piece.is_empty() {
            self.pieces.push_back(piece);
        }
    }

    /// Takes off what stands before an offset, piece by piece.
    pub(super) fn take_until(&mut self, offset: usize, mut take: impl FnMut(Bytes)) {
        while self.start < offset
            && let Some(first) = self.pieces.front_mut()
        {
            let piece = if first.len() > offset - self.start {
                first.split_to(offset - self.start)
            } else {
                std::mem::take(first)
            };
            self.start += piece.len();
            if first.is_empty() {
                self.pieces.pop_front();
            }
            take(piece);
        }
    }

    /// A copy of a range; `None` where some of it is not here.
    pub(super) fn copy(&self, range: Range<usize>) -> Option<Vec<u8>> {
        if range.start < self.start || range.end > self.end || range.start > range.end {
            return None;
        }
        let mut copy = Vec::with_capacity(range.len());
        let mut at = self.start;
        for piece in &self.pieces {
            let (from, to) = (range.start.clamp(at, at + piece.len()), range.end.clamp(at, at + piece.len()));
            copy.extend_from_slice(&piece[from - at..to - at]);
            at += piece.len();
        }
        Some(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_in_comes_out_in_order_and_by_its_offsets() {
        for cut in 0..6 {
            let mut rope = Rope::default();
            for piece in ["ab", "", "c", "def"] {
                rope.push(Bytes::from_static(piece.as_bytes()));
            }
            let mut out = Vec::new();
            rope.take_until(cut, |piece| out.extend_from_slice(&piece));
            assert_eq!((out.as_slice(), rope.start(), rope.end()), (&b"abcdef"[..cut], cut, 6));
            assert_eq!(rope.copy(cut..6).as_deref(), Some(&b"abcdef"[cut..]));
            assert_eq!(rope.copy(cut..cut).as_deref(), Some(&b""[..]));
            assert_eq!((rope.copy(cut..7), cut.checked_sub(1).and_then(|before| rope.copy(before..6))), (None, None));
        }
    }
}
