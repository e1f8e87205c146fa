//! How often a password may be tried: bounded for each name, whether an account has it or not, for each client, and over all.

use std::{hash::RandomState, sync::Mutex};

use aws_lc_rs::digest::{SHA256, digest};

use crate::{timestamp::Timestamp, visitor::ClientAddress};

/// How often, and within which time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// For how long a wrong password counts, in milliseconds.
    counts_for: i64,
    /// Wrong passwords for one name within that time …
    for_name: usize,
    /// … of one client …
    for_client: usize,
    /// … and over all: also the bound of what is remembered.
    all: usize,
}

/// On the listener of the administration: all clients are this machine, and a quarter of an hour.
pub(super) const LOCAL: Bounds = Bounds { counts_for: 15 * 60 * 1000, for_name: 8, for_client: 64, all: 64 };

/// Over TLS, where strangers ask: one client may try as often as somebody who mistypes, and a stranger who knows a name needs several clients to hold
/// it up. Clients are remembered for ten minutes, longer than which nothing of an address is.
pub(super) const PUBLIC: Bounds = Bounds { counts_for: 10 * 60 * 1000, for_name: 32, for_client: 8, all: 256 };

/// Tries that have not turned out right.
pub(super) struct Guesses {
    bounds: Bounds,
    hasher: RandomState,
    tries: Mutex<Vec<Try>>,
}

struct Try {
    time: Timestamp,
    name: [u8; 32],
    /// A keyed number: it means nothing elsewhere, nor after a restart.
    client: u64,
}

impl Guesses {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, hasher: RandomState::new(), tries: Mutex::default() }
    }

    /// Whether a password may be compared for this name; `client` is `None` where it is this machine. It counts as wrong until
    /// [`Guesses::right`] says otherwise, so that tries at the same moment count too.
    pub(super) fn begin(&self, name: &str, client: Option<ClientAddress>, now: Timestamp) -> bool {
        self.forget_before(now);
        let (name, client) = (hash(name), self.key(client));
        let mut tries = self.lock();
        let Bounds { for_name, for_client, all, .. } = self.bounds;
        let allowed = tries.len() < all
            && tries.iter().filter(|tried| tried.name == name).count() < for_name
            && tries.iter().filter(|tried| tried.client == client).count() < for_client;
        if allowed {
            tries.push(Try { time: now, name, client });
        }
        allowed
    }

    /// The password was right: what this client tried for this name before counts no more.
    pub(super) fn right(&self, name: &str, client: Option<ClientAddress>) {
        let (name, client) = (hash(name), self.key(client));
        self.lock().retain(|tried| tried.name != name || tried.client != client);
    }

    /// Forgets what counts no more. Also to be called where nobody tries, so that no number outlives its time by much.
    pub(super) fn forget_before(&self, now: Timestamp) {
        // A clock that was ahead and is set right must not lock anybody out until its wrong time comes.
        let is_over = |tried: &Try| (now.milliseconds() - tried.time.milliseconds()).abs() >= self.bounds.counts_for;
        self.lock().retain(|tried| !is_over(tried));
    }

    fn key(&self, client: Option<ClientAddress>) -> u64 {
        client.map_or(0, |client| client.limit_key(&self.hasher))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Try>> {
        self.tries.lock().expect("nothing panics while it holds the tries")
    }
}

fn hash(name: &str) -> [u8; 32] {
    digest(&SHA256, name.as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + minutes * 60)
    }

    fn client(number: u32) -> Option<ClientAddress> {
        Some(ClientAddress::new(std::net::Ipv4Addr::from(number).into()))
    }

    #[test]
    fn a_name_is_tried_a_few_times_and_again_later() {
        let guesses = Guesses::new(LOCAL);
        let tried = |minutes| (0..20).filter(|_| guesses.begin("anna", None, minute(minutes))).count();
        assert_eq!(tried(0), LOCAL.for_name);
        assert!(guesses.begin("boris", None, minute(0)), "others are not held up");
        assert_eq!(tried(14), 0);
        assert_eq!(tried(15), LOCAL.for_name);
        guesses.right("anna", None);
        assert_eq!(tried(15), LOCAL.for_name);
    }

    #[test]
    fn a_clock_that_was_ahead_locks_nobody_out_when_it_is_set_right() {
        let guesses = Guesses::new(LOCAL);
        assert_eq!((0..20).filter(|_| guesses.begin("anna", None, minute(500_000))).count(), LOCAL.for_name);
        assert!(!guesses.begin("anna", None, minute(500_000 - 14)), "a small correction forgets nothing");
        assert!(guesses.begin("anna", None, minute(0)));
    }

    #[test]
    fn many_names_are_bounded_together() {
        let guesses = Guesses::new(LOCAL);
        let tried = (0..1000).filter(|number| guesses.begin(&number.to_string(), None, minute(0))).count();
        assert_eq!(tried, LOCAL.all);
        assert!(guesses.begin("1000", None, minute(15)));
    }

    #[test]
    fn a_stranger_is_held_up_and_does_not_hold_up_others_soon() {
        let guesses = Guesses::new(PUBLIC);
        let tried = |name: &str, number, minutes| {
            (0..20).filter(|_| guesses.begin(name, client(number), minute(minutes))).count()
        };
        assert_eq!(tried("anna", 1, 0), PUBLIC.for_client);
        assert_eq!(tried("boris", 1, 0), 0, "the same client under another name");
        assert!(guesses.begin("anna", client(2), minute(0)), "another client under the same name");
        guesses.right("anna", client(2));
        assert_eq!(tried("anna", 1, 9), 0, "what somebody else typed right helps a stranger nothing");
        assert_eq!(tried("anna", 1, 10), PUBLIC.for_client);
    }

    #[test]
    fn clients_are_bounded_and_forgotten_after_ten_minutes() {
        let guesses = Guesses::new(PUBLIC);
        let names = |number: u32| (number / 16).to_string();
        let tried = (0..10_000).filter(|number| guesses.begin(&names(*number), client(*number), minute(0))).count();
        assert_eq!(tried, PUBLIC.all);
        guesses.forget_before(minute(10));
        assert!(guesses.lock().is_empty());
    }
}
