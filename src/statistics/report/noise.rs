//! Numbers for others, moved a little: always in the same way for the same number, so that asking again shows nothing more.

use aws_lc_rs::hmac;

use super::Period;
use crate::statistics::{Dimension, Figures};

/// How far numbers are moved: the standard deviation.
pub const DEVIATION: f64 = 2.0;

/// Moves numbers of one site and one period.
#[derive(Clone)]
pub struct Noise {
    key: hmac::Key,
    site: Box<str>,
    period: Period,
}

impl std::fmt::Debug for Noise {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Noise({}, {:?})", self.site, self.period)
    }
}

impl Noise {
    /// `secret` are random bytes that stay with the statistics.
    pub fn new(secret: &[u8; 32], site: &str, period: Period) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), site: site.into(), period }
    }

    /// A number of some name. What is nothing stays nothing, and nothing becomes less than that.
    pub fn number(&self, name: &str, number: i64) -> i64 {
        if number == 0 {
            return 0;
        }
        let Period { from, to } = self.period;
        let text = format!("{}\n{}\n{}\n{name}", self.site, from.number(), to.number());
        let tag = hmac::sign(&self.key, text.as_bytes());
        let (one, rest) = tag.as_ref().split_first_chunk::<8>().expect("a tag has 32 bytes");
        let two = rest.first_chunk::<8>().expect("a tag has 32 bytes");
        let uniform = |bytes: &[u8; 8]| ((u64::from_be_bytes(*bytes) >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        // Two uniform numbers make a normal one (Box and Muller).
        let normal = (-2.0 * uniform(one).ln()).sqrt() * (std::f64::consts::TAU * uniform(two)).cos();
        #[expect(clippy::cast_possible_truncation, reason = "at most some twenty")]
        let moved = (DEVIATION * normal).round() as i64;
        (number + moved).max(0)
    }

    /// The numbers of a row.
    pub(super) fn figures(&self, dimension: Dimension, word: &str, figures: Figures) -> Figures {
        let mut numbers = figures.numbers();
        for (name, number) in Figures::NAMES.iter().zip(&mut numbers) {
            *number = self.number(&format!("{}/{word}/{name}", dimension.name()), *number);
        }
        Figures::of_numbers(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Day;

    fn noise(secret: u8, to: i32) -> Noise {
        Noise::new(&[secret; 32], "shop.example", Period { from: Day::from_number(1), to: Day::from_number(to) })
    }

    #[test]
    fn the_same_number_is_moved_in_the_same_way_and_others_in_others() {
        let moved = |noise: &Noise| (0..50).map(|at| noise.number(&format!("n{at}"), 1000)).collect::<Vec<_>>();
        assert_eq!(moved(&noise(1, 7)), moved(&noise(1, 7)));
        assert_ne!(moved(&noise(1, 7)), moved(&noise(2, 7)));
        assert_ne!(moved(&noise(1, 7)), moved(&noise(1, 8)));
        assert_eq!(noise(1, 7).number("n", 0), 0);
    }

    #[test]
    fn numbers_are_moved_by_two_on_the_whole() {
        let noise = noise(1, 7);
        let moved: Vec<_> = (0..10_000).map(|at| (noise.number(&format!("n{at}"), 1000) - 1000) as f64).collect();
        let mean = moved.iter().sum::<f64>() / 10_000.0;
        let variance = moved.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 10_000.0;
        // Rounding adds a twelfth.
        assert!(mean.abs() < 0.08 && (variance - 4.08).abs() < 0.2, "{mean} {variance}");
    }
}
