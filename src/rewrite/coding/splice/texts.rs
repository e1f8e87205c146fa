//! What is put into many pages, compressed once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use flate2::Crc;

/// What is remembered of texts and their blocks together, in bytes: some hundred banners, each with the address of its page.
const MOST_BYTES: usize = 1024 * 1024;

/// What a text takes besides its bytes, in bytes, roughly.
const OVERHEAD_BYTES: usize = 256;

/// Texts and the blocks that they were compressed to (RFC 1951). The oldest goes when there is no room.
pub struct CodedTexts {
    known: Mutex<Known>,
    most_bytes: usize,
}

#[derive(Default)]
struct Known {
    texts: HashMap<Place, (Bytes, Bytes)>,
    /// In the order in which they came.
    places: VecDeque<Place>,
    bytes: usize,
}

/// Checksum and length of a text. Of two texts with the same the later one is known.
type Place = (u32, usize);

impl Default for CodedTexts {
    fn default() -> Self {
        Self::bounded(MOST_BYTES)
    }
}

impl CodedTexts {
    fn bounded(most_bytes: usize) -> Self {
        Self { known: Mutex::default(), most_bytes }
    }

    /// The blocks of exactly this text: those of before, or those that are made now.
    pub(super) fn blocks(&self, text: &Bytes, make: impl FnOnce() -> Option<Vec<u8>>) -> Option<Bytes> {
        let place = place(text);
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = lock().texts.get(&place).filter(|(known, _)| known == text).map(|(_, blocks)| blocks.clone());
        if blocks.is_some() {
            return blocks;
        }
        let blocks = Bytes::from(make()?);
        lock().keep(place, (Bytes::copy_from_slice(text), blocks.clone()), self.most_bytes);
        Some(blocks)
    }
}

impl Known {
    fn keep(&mut self, place: Place, text: (Bytes, Bytes), most_bytes: usize) {
        let added = size(&text);
        if added > most_bytes / 4 {
            return;
        }
        match self.texts.insert(place, text) {
            Some(replaced) => self.bytes -= size(&replaced),
            None => self.places.push_back(place),
        }
        self.bytes += added;
        while self.bytes > most_bytes {
            let Some(forgotten) = self.places.pop_front().and_then(|oldest| self.texts.remove(&oldest)) else { return };
            self.bytes -= size(&forgotten);
        }
    }
}

fn size((text, blocks): &(Bytes, Bytes)) -> usize {
    text.len() + blocks.len() + OVERHEAD_BYTES
}

fn place(text: &[u8]) -> Place {
    let mut checksum = Crc::new();
    checksum.update(text);
    (checksum.sum(), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> Bytes {
        format!("text {number} ").repeat(40).into()
    }

    fn kept(texts: &CodedTexts) -> (usize, usize) {
        let known = texts.known.lock().unwrap();
        assert_eq!(known.bytes, known.texts.values().map(size).sum::<usize>());
        assert_eq!(known.places.len(), known.texts.len());
        (known.texts.len(), known.bytes)
    }

    #[test]
    fn a_text_is_compressed_once_and_no_other_stands_for_it() {
        let texts = CodedTexts::default();
        assert_eq!(texts.blocks(&text(1), || Some(vec![1])).as_deref(), Some(&[1][..]));
        assert_eq!(texts.blocks(&text(2), || Some(vec![2])).as_deref(), Some(&[2][..]));
        assert_eq!(texts.blocks(&text(1), || panic!("it is known")).as_deref(), Some(&[1][..]));
        assert_eq!(texts.blocks(&text(3), || None), None, "what can't be made is not known");
        assert_eq!(kept(&texts).0, 2);
    }

    #[test]
    fn texts_that_share_a_place_are_told_apart() {
        let texts = CodedTexts::default();
        let other = (text(2), Bytes::from_static(&[2]));
        texts.known.lock().unwrap().keep(place(&text(1)), other, MOST_BYTES);
        assert_eq!(texts.blocks(&text(1), || Some(vec![1])).as_deref(), Some(&[1][..]));
        assert_eq!(kept(&texts).0, 1, "the later one is known");
    }

    #[test]
    fn the_oldest_goes_when_there_is_no_room() {
        let texts = CodedTexts::bounded(8 * 1024);
        for number in 0..100 {
            texts.blocks(&text(number), || Some(vec![0; 100]));
            assert!(kept(&texts).1 <= 8 * 1024);
        }
        texts.blocks(&text(99), || panic!("the newest is known"));
        let mut made = false;
        texts.blocks(&text(0), || {
            made = true;
            Some(Vec::new())
        });
        assert!(made, "the first was forgotten");
        let before = kept(&texts);
        texts.blocks(&Bytes::from(vec![b'x'; 5000]), || Some(Vec::new()));
        assert_eq!(kept(&texts), before, "one text never takes a large part of it");
    }
}
