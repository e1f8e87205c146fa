//! Links by which others read the statistics without an account: each is a random word of which only the hash is kept.
//!
//! There is no limit of guesses: a word has 128 random bits, and whoever comes through one proxy or tunnel could use up a limit for all the
//! others.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::{
    clock,
    ledger::{hex, unhex},
    store::{StoreError, change_kept, read_kept},
    timestamp::{Term, Timestamp},
};

const FILE: &str = "shared_links.json";
/// Links at once. Those that are over make room.
const MOST_LINKS: usize = 50;
/// Longest name of a link, in characters.
const LONGEST_NAME: usize = 64;

/// For how many days a link may hold.
pub(super) const TERMS: [u32; 3] = [30, 90, 365];

/// The links, and what numbers for others are moved with.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedLinks {
    /// 32 random bytes in hexadecimal digits; they are made with the first link.
    #[serde(default)]
    secret: String,
    links: Vec<SharedLink>,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedLink {
    /// By which it is revoked.
    pub(super) number: String,
    /// SHA-256 of its word.
    hash: String,
    /// For whom it is, in the operator's words.
    pub(super) name: String,
    pub(super) site: String,
    created: i64,
    expires: i64,
}

impl SharedLink {
    pub(super) fn created(&self) -> Timestamp {
        Timestamp::from_seconds(self.created)
    }

    pub(super) fn expires(&self) -> Timestamp {
        Timestamp::from_seconds(self.expires)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now.seconds() >= self.expires
    }
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShareError {
    #[error("there are {MOST_LINKS} links; revoke those that nobody needs")]
    Full,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SharedLinks {
    pub(super) fn read(state_dir: &Path) -> Result<Self, StoreError> {
        read_kept(state_dir, FILE)
    }

    /// Those that hold, the newest first.
    pub(super) fn holding(&self, now: Timestamp) -> Vec<&SharedLink> {
        self.links.iter().rev().filter(|link| !link.is_over(now)).collect()
    }

    /// The link of a word and the secret, if there is one that holds. Hashes are compared, so nothing is told by how long that takes.
    pub(super) fn find(&self, word: &str, now: Timestamp) -> Option<(&SharedLink, [u8; 32])> {
        let hash = hash(word);
        let link = self.links.iter().find(|link| link.hash == hash && !link.is_over(now))?;
        Some((link, unhex(&self.secret)?))
    }
}

/// Makes a link; the answer is its word, 32 hexadecimal digits.
pub(super) fn add(state_dir: &Path, site: &str, name: &str, days: u32, now: Timestamp) -> Result<String, ShareError> {
    change_kept(state_dir, FILE, |links: &mut SharedLinks| {
        links.links.retain(|link| !link.is_over(now));
        if links.links.len() >= MOST_LINKS {
            return Err(ShareError::Full);
        }
        if links.secret.is_empty() {
            links.secret = hex(&clock::random::<32>());
        }
        let word = hex(&clock::random::<16>());
        links.links.push(SharedLink {
            number: hex(&clock::random::<4>()),
            hash: hash(&word),
            name: name.trim().chars().take(LONGEST_NAME).collect(),
            site: site.to_owned(),
            created: now.seconds(),
            expires: Term { months: 0, days }.after(now).seconds(),
        });
        Ok(word)
    })
}

/// Ends a link. One that is not there has ended.
pub(super) fn revoke(state_dir: &Path, number: &str) -> Result<(), StoreError> {
    change_kept(state_dir, FILE, |links: &mut SharedLinks| {
        links.links.retain(|link| link.number != number);
        Ok(())
    })
}

fn hash(word: &str) -> String {
    hex(digest(&SHA256, word.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_link_holds_until_it_is_over_or_revoked_and_its_word_is_kept_nowhere() {
        let state = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-11-29").unwrap();
        let [one, two] = [30, 90].map(|days| add(state.path(), "shop.example", " Partner ", days, now).unwrap());
        assert_ne!(one, two);
        let links = || SharedLinks::read(state.path()).unwrap();
        let found = |word: &str, day: &str| {
            links().find(word, Timestamp::parse(day).unwrap()).map(|(link, secret)| (link.clone(), secret))
        };
        let (link, secret) = found(&one, "2026-12-28").unwrap();
        assert_eq!((&*link.name, &*link.site, link.expires().date()), ("Partner", "shop.example", "2026-12-29".into()));
        assert_eq!(found(&two, "2026-12-28").unwrap().1, secret, "numbers are moved in the same way for all");
        assert_eq!((found(&one, "2026-12-29"), found("", "2026-12-01")), (None, None));
        assert_eq!(links().holding(now).len(), 2);
        revoke(state.path(), &found(&two, "2026-12-28").unwrap().0.number).unwrap();
        assert_eq!(found(&two, "2026-12-28"), None);
        let path = state.path().join(FILE);
        assert!(!fs::read_to_string(&path).unwrap().contains(&one));
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn links_are_bounded_and_those_that_are_over_make_room() {
        let state = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-11-29").unwrap();
        for _ in 0..MOST_LINKS {
            add(state.path(), "shop.example", "", 30, now).unwrap();
        }
        assert!(matches!(add(state.path(), "shop.example", "", 30, now), Err(ShareError::Full)));
        add(state.path(), "shop.example", "", 30, Term { months: 0, days: 30 }.after(now)).unwrap();
    }
}
