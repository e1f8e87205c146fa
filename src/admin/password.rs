//! Passwords as they are kept: Argon2id (RFC 9106). It reads no account and knows no name.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};

/// Shortest password, in characters.
pub(super) const SHORTEST_PASSWORD: usize = 12;
/// Longest one, in bytes: a sentence, not a file.
pub(super) const LONGEST_PASSWORD: usize = 1024;

/// 64 MiB and three passes, the second choice of RFC 9106, section 4, on one lane: about a third of a second on one core. Whoever
/// guesses pays as much for each guess.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
const HASH_LENGTH: usize = 32;

/// The hash of a password with all that is needed to compute it again.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    argon2id: String,
}

impl PasswordHash {
    /// Hashes a password. Takes long, and much memory, on purpose.
    pub(super) fn of(password: &str, salt: [u8; 16]) -> Self {
        let hash = derive(password, &salt, MEMORY_KIB, PASSES, LANES).expect("the parameters are within their bounds");
        let (salt, argon2id) = (BASE64.encode(salt), BASE64.encode(hash));
        Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt, argon2id }
    }

    /// A hash that no password has: comparing with it takes as long as with another.
    pub(super) fn of_nobody() -> Self {
        let (salt, argon2id) = (BASE64.encode([0; 16]), BASE64.encode([0; HASH_LENGTH]));
        Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt, argon2id }
    }

    /// Whether this is the password. A hash that is damaged fits none.
    pub(super) fn fits(&self, password: &str) -> bool {
        let (Ok(salt), Ok(hash)) = (BASE64.decode(&self.salt), BASE64.decode(&self.argon2id)) else { return false };
        derive(password, &salt, self.memory_kib, self.passes, self.lanes)
            .is_some_and(|derived| verify_slices_are_equal(&derived, &hash).is_ok())
    }
}

fn derive(password: &str, salt: &[u8], memory_kib: u32, passes: u32, lanes: u32) -> Option<[u8; HASH_LENGTH]> {
    let parameters = Params::new(memory_kib, passes, lanes, Some(HASH_LENGTH)).ok()?;
    let mut hash = [0; HASH_LENGTH];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    argon2.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_and_no_other() {
        let hash = PasswordHash::of("a horse and a battery", [7; 16]);
        assert!(hash.fits("a horse and a battery"));
        assert!(!hash.fits("a horse and a batterz"));
        assert!(!PasswordHash { salt: BASE64.encode([8; 16]), ..hash.clone() }.fits("a horse and a battery"));
        assert!(!PasswordHash { argon2id: "?".to_owned(), ..hash }.fits("a horse and a battery"));
        assert!(!PasswordHash::of_nobody().fits(""));
    }
}
