//! How many different visitors: exactly while they are few, by a sketch when they are many. Lives in memory alone: whoever has a sketch and
//! the day's key could ask it whether somebody was there.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use datasketches::hll::{HllSketch, HllType};
use serde::{Deserialize, Serialize};

/// Registers of a sketch: 2^12 of one byte. Its standard error is 1.04/√4096, which is 1.6 percent.
const LOGARITHM_OF_REGISTERS: u8 = 12;

/// A visitor within one day and one site: 64 bits of a keyed hash, which mean nothing once the key is erased.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct VisitorHash(pub(super) u64);

/// The different visitors seen.
#[derive(Debug)]
pub(super) struct Distinct {
    /// How many are kept one by one.
    most_exact: usize,
    seen: Seen,
    /// How many were told by [`Distinct::news`].
    told: i64,
}

enum Seen {
    Exact(HashSet<u64>),
    Sketch(Box<HllSketch>),
}

impl std::fmt::Debug for Seen {
    /// How they are counted, never whom.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Exact(_) => "exact",
            Self::Sketch(_) => "sketch",
        })
    }
}

/// The same as it goes to the next run of the program.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    most_exact: usize,
    told: i64,
    exact: Option<Vec<u64>>,
    /// A sketch as its library writes it, in base64.
    sketch: Option<String>,
}

impl Distinct {
    pub(super) fn keep(&self) -> Kept {
        let (exact, sketch) = match &self.seen {
            Seen::Exact(seen) => (Some(seen.iter().copied().collect()), None),
            Seen::Sketch(sketch) => (None, Some(STANDARD.encode(sketch.serialize()))),
        };
        Kept { most_exact: self.most_exact, told: self.told, exact, sketch }
    }

    pub(super) fn of_kept(kept: Kept) -> Option<Self> {
        let seen = match (kept.exact, kept.sketch) {
            (Some(exact), None) => Seen::Exact(exact.into_iter().collect()),
            (None, Some(sketch)) => {
                Seen::Sketch(Box::new(HllSketch::deserialize(&STANDARD.decode(sketch).ok()?).ok()?))
            }
            _ => return None,
        };
        Some(Self { most_exact: kept.most_exact, seen, told: kept.told })
    }

    /// Nobody yet. Up to this many visitors are counted exactly.
    pub(super) fn new(most_exact: usize) -> Self {
        Self { most_exact, seen: Seen::Exact(HashSet::new()), told: 0 }
    }

    /// Somebody was seen. Whether that may change the count.
    pub(super) fn insert(&mut self, visitor: VisitorHash) -> bool {
        match &mut self.seen {
            Seen::Exact(seen) if seen.contains(&visitor.0) => false,
            Seen::Exact(seen) if seen.len() < self.most_exact => seen.insert(visitor.0),
            Seen::Exact(seen) => {
                let sketch = HllSketch::new(LOGARITHM_OF_REGISTERS, HllType::Hll8);
                let mut sketch = Box::new(sketch.expect("12 is a valid logarithm"));
                seen.iter().chain([&visitor.0]).for_each(|visitor| sketch.update(*visitor));
                self.seen = Seen::Sketch(sketch);
                true
            }
            Seen::Sketch(sketch) => {
                sketch.update(visitor.0);
                true
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> i64 {
        match &self.seen {
            Seen::Exact(seen) => i64::try_from(seen.len()).unwrap_or(i64::MAX),
            #[expect(clippy::cast_possible_truncation, reason = "an estimate of at most 2^64, rounded")]
            Seen::Sketch(sketch) => sketch.estimate().round() as i64,
        }
    }

    /// How many more there are than was told before.
    pub(super) fn news(&mut self) -> i64 {
        let count = self.count();
        let news = count - self.told;
        self.told = count;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes are spread as a keyed hash spreads them.
    fn visitor(number: u64) -> VisitorHash {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &number.to_be_bytes());
        VisitorHash(u64::from_be_bytes(hash.as_ref()[..8].try_into().unwrap()))
    }

    #[test]
    fn few_are_counted_exactly_and_many_within_the_sketchs_error() {
        let mut distinct = Distinct::new(256);
        let mut told = 0;
        for number in 0..200_000 {
            distinct.insert(visitor(number % 100_000));
            if number == 255 {
                assert_eq!(distinct.count(), 256);
            }
            if number % 10_000 == 0 {
                told += distinct.news();
            }
        }
        told += distinct.news();
        assert_eq!(told, distinct.count());
        let error = (distinct.count() as f64 / 100_000.0 - 1.0).abs();
        assert!(error < 3.0 * 0.016, "{error}");
    }
}
