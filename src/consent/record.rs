//! The signed record: the cookie that proves a choice.
//!
//! Layout before base64url: version, consent id (16), offered, allowed, seconds since the epoch (8, big endian), leaf index
//! (8, big endian, all ones for none), length of the edition's name, its name, HMAC-SHA256 (32). The MAC also covers the name of the cookie,
//! the site and the log's origin, so that a record made for one of them is worth nothing for another.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{CategorySet, ConsentId, EditionId};
use crate::{ledger::LeafIndex, timestamp::Timestamp};

/// What a record says once its signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The visitor's pseudonym.
    pub consent_id: ConsentId,
    /// What could be accepted.
    pub offered: CategorySet,
    /// What was accepted.
    pub allowed: CategorySet,
    /// When, in whole seconds.
    pub time: Timestamp,
    /// The leaf in the log. A refusal has none, since it never waits for the log; a record that allows something always has one.
    pub leaf: Option<LeafIndex>,
    /// The edition answered.
    pub edition: EditionId,
}

/// What a record is bound to besides its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding<'a> {
    /// Name of the cookie that carries it.
    pub cookie_name: &'a str,
    /// The site's name.
    pub site: &'a str,
    /// The log's origin, such as `rysbekova.kz/_kelisim/log`.
    pub log_origin: &'a str,
}

/// The keys that sign and verify: the first signs, all verify, so that records survive a rotation.
#[derive(Clone)]
pub struct RecordKeys(Vec<hmac::Key>);

impl RecordKeys {
    /// Length of one key in bytes.
    pub const KEY_LENGTH: usize = 32;
    /// How many keys are tried at most.
    pub const MOST_KEYS: usize = 8;

    /// Keys from the newest to the oldest; what is over [`RecordKeys::MOST_KEYS`] is left out. `None` without any key.
    pub fn new(keys: &[[u8; Self::KEY_LENGTH]]) -> Option<Self> {
        let keys: Vec<_> =
            keys.iter().take(Self::MOST_KEYS).map(|key| hmac::Key::new(hmac::HMAC_SHA256, key)).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Signs a text of ours, such as the mark that a banner was shown. `purpose` keeps the kinds of texts apart.
    pub(super) fn sign(&self, purpose: &str, parts: &[&[u8]]) -> hmac::Tag {
        tag(&self.0[0], purpose, parts)
    }

    /// Whether one of the keys made this signature; compared in constant time.
    pub(super) fn verify(&self, purpose: &str, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.0.iter().any(|key| {
            let message = message(purpose, parts);
            hmac::verify(key, &message, signature).is_ok()
        })
    }
}

impl std::fmt::Debug for RecordKeys {
    /// How many, never which.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "RecordKeys({})", self.0.len())
    }
}

fn tag(key: &hmac::Key, purpose: &str, parts: &[&[u8]]) -> hmac::Tag {
    hmac::sign(key, &message(purpose, parts))
}

/// Every part with its length before it, so that no two lists of parts give the same bytes.
fn message(purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(192);
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

impl Record {
    const VERSION: u8 = 1;
    const PURPOSE: &'static str = "kelisim record";
    const MAC_LENGTH: usize = 32;
    const FIXED_LENGTH: usize = 1 + 16 + 1 + 1 + 8 + 8 + 1;
    const NO_LEAF: u64 = u64::MAX;
    /// Longest value of the cookie, in bytes; a longer one is not even decoded.
    pub const LONGEST_VALUE: usize = (Self::FIXED_LENGTH + EditionId::LONGEST + Self::MAC_LENGTH).div_ceil(3) * 4;

    /// The value of the cookie.
    pub fn sign(&self, keys: &RecordKeys, binding: &Binding<'_>) -> String {
        let mut bytes = self.content();
        let tag = keys.sign(Self::PURPOSE, &Self::parts(&bytes, binding));
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the value of a cookie. Whatever is not exactly what [`Record::sign`] wrote with one of these keys and this binding is `None`;
    /// so is a signed record that allows something without naming its leaf, or more than it offered.
    pub fn verify(value: &[u8], keys: &RecordKeys, binding: &Binding<'_>) -> Option<Self> {
        if value.len() > Self::LONGEST_VALUE {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let content_length = bytes.len().checked_sub(Self::MAC_LENGTH)?;
        let (content, signature) = bytes.split_at(content_length);
        if !keys.verify(Self::PURPOSE, &Self::parts(content, binding), signature) {
            return None;
        }
        Self::read(content)
    }

    fn parts<'a>(content: &'a [u8], binding: &Binding<'a>) -> [&'a [u8]; 4] {
        [binding.cookie_name.as_bytes(), binding.site.as_bytes(), binding.log_origin.as_bytes(), content]
    }

    fn content(&self) -> Vec<u8> {
        let edition = self.edition.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(Self::FIXED_LENGTH + edition.len() + Self::MAC_LENGTH);
        bytes.push(Self::VERSION);
        bytes.extend_from_slice(self.consent_id.as_bytes());
        bytes.extend_from_slice(&[self.offered.bits(), self.allowed.bits()]);
        bytes.extend_from_slice(&self.time.seconds().to_be_bytes());
        bytes.extend_from_slice(&self.leaf.map_or(Self::NO_LEAF, |LeafIndex(index)| index).to_be_bytes());
        bytes.push(edition.len() as u8);
        bytes.extend_from_slice(edition);
        bytes
    }

    fn read(content: &[u8]) -> Option<Self> {
        let (fixed, edition) = content.split_at_checked(Self::FIXED_LENGTH)?;
        let (&[version], fixed) = fixed.split_first_chunk::<1>()?;
        let (consent_id, fixed) = fixed.split_first_chunk::<16>()?;
        let (&[offered, allowed], fixed) = fixed.split_first_chunk::<2>()?;
        let (seconds, fixed) = fixed.split_first_chunk::<8>()?;
        let (leaf, fixed) = fixed.split_first_chunk::<8>()?;
        let leaf = u64::from_be_bytes(*leaf);
        let record = Self {
            consent_id: ConsentId::from_bytes(*consent_id),
            offered: CategorySet::from_bits(offered)?,
            allowed: CategorySet::from_bits(allowed)?,
            time: Timestamp::from_seconds(i64::from_be_bytes(*seconds)),
            leaf: (leaf != Self::NO_LEAF).then_some(LeafIndex(leaf)),
            edition: EditionId::parse(std::str::from_utf8(edition).ok()?)?,
        };
        let whole = version == Self::VERSION && fixed == [edition.len() as u8];
        let consistent =
            record.offered.includes(record.allowed) && (record.allowed.is_empty() || record.leaf.is_some());
        (whole && consistent).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::consent::Category;

    const BINDING: Binding<'static> =
        Binding { cookie_name: "__Host-kelisim", site: "shop.example", log_origin: "shop.example/_kelisim/log" };

    fn keys(seeds: &[u8]) -> RecordKeys {
        RecordKeys::new(&seeds.iter().map(|seed| [*seed; 32]).collect::<Vec<_>>()).unwrap()
    }

    fn record() -> Record {
        Record {
            consent_id: ConsentId::from_bytes([7; 16]),
            offered: [Category::Functional, Category::Analytical].into_iter().collect(),
            allowed: [Category::Functional].into_iter().collect(),
            time: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
            leaf: Some(LeafIndex(41)),
            edition: EditionId::parse("2026-11").unwrap(),
        }
    }

    #[test]
    fn a_record_verifies_where_it_was_made_and_nowhere_else() {
        let value = record().sign(&keys(&[1]), &BINDING);
        let check = |binding: Binding<'_>| Record::verify(value.as_bytes(), &keys(&[1]), &binding);
        assert_eq!(check(BINDING), Some(record()));
        assert_eq!(check(Binding { cookie_name: "kelisim", ..BINDING }), None);
        assert_eq!(check(Binding { site: "other.example", ..BINDING }), None);
        assert_eq!(check(Binding { log_origin: "shop.example/_kelisim/log2", ..BINDING }), None);
    }

    #[test]
    fn records_survive_a_rotation_of_keys_until_the_old_key_is_removed() {
        let value = record().sign(&keys(&[1]), &BINDING);
        assert!(Record::verify(value.as_bytes(), &keys(&[2, 1]), &BINDING).is_some());
        assert!(Record::verify(value.as_bytes(), &keys(&[2]), &BINDING).is_none());
    }

    #[test]
    fn what_allows_something_names_its_leaf_and_allows_no_more_than_was_offered() {
        let signed = |record: Record| {
            let value = record.sign(&keys(&[1]), &BINDING);
            Record::verify(value.as_bytes(), &keys(&[1]), &BINDING)
        };
        assert_eq!(signed(Record { leaf: None, ..record() }), None);
        assert_eq!(signed(Record { offered: CategorySet::EMPTY, ..record() }), None);
        let refusal = Record { leaf: None, allowed: CategorySet::EMPTY, ..record() };
        assert_eq!(signed(refusal.clone()), Some(refusal));
    }

    #[test]
    fn every_changed_or_missing_byte_makes_it_worthless() {
        let value = record().sign(&keys(&[1]), &BINDING).into_bytes();
        for position in 0..value.len() {
            assert_eq!(Record::verify(&value[..position], &keys(&[1]), &BINDING), None);
            for replacement in *b"Az0_" {
                let mut changed = value.clone();
                changed[position] = replacement;
                if changed != value {
                    assert_eq!(Record::verify(&changed, &keys(&[1]), &BINDING), None, "byte {position}");
                }
            }
        }
    }

    #[test]
    fn filter_lists_that_set_our_cookie_to_a_word_gain_nothing() {
        for forged in ["true", "1", "accept", "yes", ""] {
            assert_eq!(Record::verify(forged.as_bytes(), &keys(&[1]), &BINDING), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_record(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Record::verify(&bytes, &keys(&[1]), &BINDING), None);
            let encoded = URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert_eq!(Record::verify(encoded.as_bytes(), &keys(&[1]), &BINDING), None);
        }
    }
}
