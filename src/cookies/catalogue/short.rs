//! Names of at most 15 bytes as two numbers: two comparisons tell whether they are the same, and no loop.

use std::collections::HashSet;

const ONES: u64 = u64::MAX / 255;
const EQUALS: u64 = ONES * b'=' as u64;

/// A name with nought behind its end, which no name can hold: so equal numbers are equal names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::cookies) struct ShortName {
    head: u64,
    tail: u64,
}

impl ShortName {
    /// Longest name that is one, in bytes.
    const LONGEST: usize = 15;

    /// The name, if it is short and not empty.
    pub(super) fn new(name: &[u8]) -> Option<Self> {
        if name.is_empty() || name.len() > Self::LONGEST || name.contains(&0) {
            return None;
        }
        let (head, tail) = halves(&filled_up(name));
        Some(Self { head, tail })
    }

    /// The name that begins at `start`, and its length, if it is short, not empty, and a `=` ends it before `end`. Nothing may part
    /// words before that `=`.
    #[inline]
    pub(in crate::cookies) fn before_equals(line: &[u8], start: usize, end: usize) -> Option<(Self, usize)> {
        let (head, tail) = match line.get(start..).and_then(|rest| rest.first_chunk::<16>()) {
            Some(bytes) => halves(bytes),
            None => halves(&filled_up(line.get(start..)?)),
        };
        let (in_head, in_tail) = (first_equals(head), first_equals(tail));
        let (name, length) = if in_head != 0 {
            (Self { head: head & below(in_head), tail: 0 }, in_head.trailing_zeros() / 8)
        } else if in_tail != 0 {
            (Self { head, tail: tail & below(in_tail) }, 8 + in_tail.trailing_zeros() / 8)
        } else {
            return None;
        };
        let length = length as usize;
        (length > 0 && start + length < end).then_some((name, length))
    }

    #[inline]
    fn hash(self) -> usize {
        // The halves of a product of both numbers, each made odd by a constant: every bit has a say in the lowest ones.
        let product = u128::from(self.head ^ 0x9e37_79b9_7f4a_7c15) * u128::from(self.tail ^ 0xd6e8_feb8_6659_fd93);
        (product as u64 ^ (product >> 64) as u64) as usize
    }
}

/// At most 16 bytes with nought behind them.
#[inline(never)]
fn filled_up(few: &[u8]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..few.len()].copy_from_slice(few);
    bytes
}

#[inline]
fn halves(bytes: &[u8; 16]) -> (u64, u64) {
    let number = u128::from_le_bytes(*bytes);
    (number as u64, (number >> 64) as u64)
}

/// A number whose lowest bit that is set is the highest of the first byte that is `=`; nought where none is.
#[inline]
fn first_equals(word: u64) -> u64 {
    let word = word ^ EQUALS;
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// The bits of the bytes before that one.
#[inline]
fn below(first: u64) -> u64 {
    let lowest = first & first.wrapping_neg();
    (lowest >> 7).wrapping_sub(1)
}

/// What is said of short names. Strangers can't add any, so how far a look-up goes is fixed when the table is made.
#[derive(Clone, Debug)]
pub(super) struct ShortNames<T> {
    /// A power of two, at most half of them taken: a look-up ends at the first free one.
    places: Box<[Option<(ShortName, T)>]>,
}

impl<T: Copy> ShortNames<T> {
    /// Of equal names the first counts.
    pub(super) fn new(names: impl IntoIterator<Item = (ShortName, T)>) -> Self {
        let mut known = HashSet::new();
        let names: Vec<_> = names.into_iter().filter(|(name, _)| known.insert(*name)).collect();
        let size = (names.len() * 2 + 1).next_power_of_two();
        let mut places = vec![None; size].into_boxed_slice();
        for (name, said) in names {
            let mut place = name.hash() & (size - 1);
            while places[place].is_some() {
                place = (place + 1) & (size - 1);
            }
            places[place] = Some((name, said));
        }
        Self { places }
    }

    #[inline]
    pub(super) fn get(&self, name: ShortName) -> Option<T> {
        let mut place = name.hash();
        loop {
            place &= self.places.len() - 1;
            let (known, said) = self.places[place]?;
            if known == name {
                return Some(said);
            }
            place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_wherever_its_equals_sign_stands() {
        for length in 0..20 {
            let name = &b"abcdefghijklmnopqrstuvwxyz"[..length];
            for value in ["", "=", "1", "0123456789=abcdef=0123456789"] {
                let line = [b"x=1; ", name, b"=", value.as_bytes()].concat();
                let read = ShortName::before_equals(&line, 5, line.len());
                let expected = ShortName::new(name).map(|name| (name, length));
                assert_eq!(read, expected, "{}", line.escape_ascii());
                assert_eq!(ShortName::before_equals(&line, 5, 5 + length), None, "the sign is another pair's");
            }
        }
        assert_eq!(ShortName::before_equals(b"abc", 0, 3), None);
        assert_eq!(ShortName::before_equals(b"abc", 3, 3), None);
        assert_eq!(ShortName::new(b"a\0"), None);
        assert_eq!(ShortName::before_equals(b"\xbd\xbc=1", 0, 4), ShortName::new(b"\xbd\xbc").map(|name| (name, 2)));
    }

    #[test]
    fn every_name_is_found_and_no_other() {
        let name = |number: usize| ShortName::new(format!("n{number}").as_bytes()).unwrap();
        let names = ShortNames::new((0..1000).chain(0..500).map(|number| (name(number), number)));
        for number in 0..1000 {
            assert_eq!(names.get(name(number)), Some(number));
            assert_eq!(names.get(name(number + 1000)), None);
        }
        assert_eq!(ShortNames::<u8>::new([]).get(name(1)), None);
    }
}
