//! The key of a day: 32 random bytes that make visitors' hashes, live in memory alone, and are erased after the day.
//!
//! It is made from nothing and written nowhere, so that whoever has everything that is on the disk can't tell who was there yesterday,
//! however many guesses he makes.

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use zeroize::Zeroizing;

use super::{day::Day, distinct::VisitorHash};
use crate::consent::ConsentId;

/// The key of one day. Its bytes are overwritten when it is dropped.
pub(super) struct DayKey {
    day: Day,
    bytes: Box<Zeroizing<[u8; 32]>>,
}

impl DayKey {
    /// Takes 32 bytes from a cryptographic random source.
    pub(super) fn new(day: Day, bytes: [u8; 32]) -> Self {
        Self { day, bytes: Box::new(Zeroizing::new(bytes)) }
    }

    pub(super) fn day(&self) -> Day {
        self.day
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// A visitor of this day on one site: the same one on another day, or on another site of this gateway, has a hash that shows nothing of it.
    pub(super) fn visitor(&self, site: usize, consent_id: &ConsentId) -> VisitorHash {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &**self.bytes);
        let mut context = hmac::Context::with_key(&key);
        context.update(b"kelisim-visitor/v1\n");
        context.update(&(site as u64).to_be_bytes());
        context.update(consent_id.as_bytes());
        let tag = context.sign();
        let first = tag.as_ref().first_chunk::<8>().expect("a tag has 32 bytes");
        VisitorHash(u64::from_be_bytes(*first))
    }

    /// Ends the key. What is left is SHA-256 of it, which says nothing of 32 random bytes, and by which a copy that turns up later can be
    /// known for what it is.
    pub(super) fn erase(self, at: crate::timestamp::Timestamp) -> ErasedKey {
        let mut text = Zeroizing::new(b"kelisim-day-key/v1\n".to_vec());
        text.extend_from_slice(&**self.bytes);
        let hash = digest(&SHA256, &text);
        ErasedKey { day: self.day, at, commitment: hash.as_ref().try_into().expect("SHA-256 has 32 bytes") }
    }
}

/// A key that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasedKey {
    /// The day that it was for, in the calendar of the statistics.
    pub day: Day,
    /// When it was erased.
    pub at: crate::timestamp::Timestamp,
    /// SHA-256 over `kelisim-day-key/v1\n` and the key.
    pub commitment: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    #[test]
    fn a_visitor_is_another_one_on_another_day_and_another_site() {
        let day = Day::parse("2026-11-29").unwrap();
        let (today, tomorrow) = (DayKey::new(day, [1; 32]), DayKey::new(day.plus(1), [2; 32]));
        let anna = ConsentId::from_bytes([7; 16]);
        assert!(today.visitor(0, &anna) == today.visitor(0, &anna));
        assert!(today.visitor(0, &anna) != today.visitor(1, &anna));
        assert!(today.visitor(0, &anna) != tomorrow.visitor(0, &anna));
        assert!(today.visitor(0, &anna) != today.visitor(0, &ConsentId::from_bytes([8; 16])));
    }

    #[test]
    fn what_is_left_of_a_key_is_a_hash() {
        let day = Day::parse("2026-11-29").unwrap();
        let erased = DayKey::new(day, [1; 32]).erase(Timestamp::from_seconds(1));
        let mut text = b"kelisim-day-key/v1\n".to_vec();
        text.extend([1; 32]);
        assert_eq!(erased.commitment, digest(&SHA256, &text).as_ref());
    }
}
