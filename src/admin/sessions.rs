//! Who is signed in: tokens in memory, by the SHA-256 of cookie and token. A restart signs everybody out, and a token of one cookie means
//! nothing in another: a session without TLS is none over TLS.

use std::{collections::HashMap, sync::Mutex};

use aws_lc_rs::digest::{SHA256, digest};

use crate::{
    clock,
    ledger::{AccountNumber, hex},
    timestamp::Timestamp,
};

/// How long a session lives without a request, in milliseconds: half an hour.
const LONGEST_IDLE: i64 = 30 * 60 * 1000;
/// How long it lives at most, in milliseconds: twelve hours, a long day of work.
pub(super) const LONGEST_SESSION: i64 = 12 * 60 * 60 * 1000;
/// Sessions at once; then the one that was used longest ago ends.
const MOST_SESSIONS: usize = 64;

type TokenHash = [u8; 32];

/// The sessions. What is kept of a token can't be used as one.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<TokenHash, Session>>);

#[derive(Clone, Copy)]
struct Session {
    account: AccountNumber,
    begun: Timestamp,
    used: Timestamp,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        let since = |moment: Timestamp| now.milliseconds() - moment.milliseconds();
        // One from a time that a clock was ahead by would otherwise live until that time and longer.
        since(self.used).abs() >= LONGEST_IDLE || since(self.begun) >= LONGEST_SESSION
    }
}

impl Sessions {
    /// Begins a session; the answer is its token, 64 hexadecimal digits.
    pub(super) fn begin(&self, cookie: &str, account: AccountNumber, now: Timestamp) -> String {
        let secret: [u8; 32] = clock::random();
        let token = hex(&secret);
        let mut sessions = self.lock();
        sessions.retain(|_, session| !session.is_over(now));
        if sessions.len() >= MOST_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used).map(|(hash, _)| *hash);
            oldest.map(|hash| sessions.remove(&hash));
        }
        sessions.insert(hash(cookie, &token), Session { account, begun: now, used: now });
        token
    }

    /// Whose session this is, if it is not over. That counts as use.
    pub(super) fn account(&self, cookie: &str, token: &str, now: Timestamp) -> Option<AccountNumber> {
        let hash = hash(cookie, token);
        let mut sessions = self.lock();
        let session = sessions.get_mut(&hash)?;
        if session.is_over(now) {
            sessions.remove(&hash);
            return None;
        }
        session.used = session.used.max(now);
        Some(session.account)
    }

    /// Ends a session.
    pub(super) fn end(&self, cookie: &str, token: &str) {
        self.lock().remove(&hash(cookie, token));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TokenHash, Session>> {
        self.0.lock().expect("nothing panics while it holds the sessions")
    }
}

fn hash(cookie: &str, token: &str) -> TokenHash {
    digest(&SHA256, format!("{cookie}={token}").as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: AccountNumber = AccountNumber([1; 4]);

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + minutes * 60)
    }

    #[test]
    fn a_session_ends_when_it_is_idle_or_old_or_ended() {
        let sessions = Sessions::default();
        let idle = sessions.begin("a", ANNA, minute(0));
        assert_eq!(sessions.account("a", &idle, minute(29)), Some(ANNA));
        assert_eq!(sessions.account("a", &idle, minute(58)), Some(ANNA));
        assert_eq!(sessions.account("a", &idle, minute(88)), None);
        assert_eq!(sessions.account("a", &idle, minute(58)), None, "an end is an end");
        let long = sessions.begin("a", ANNA, minute(0));
        for minutes in (20..720).step_by(20) {
            assert_eq!(sessions.account("a", &long, minute(minutes)), Some(ANNA), "{minutes}");
        }
        assert_eq!(sessions.account("a", &long, minute(720)), None);
        let ended = sessions.begin("a", ANNA, minute(0));
        sessions.end("a", &ended);
        assert_eq!(sessions.account("a", &ended, minute(0)), None);
        assert_eq!(sessions.account("a", "", minute(0)), None);
    }

    #[test]
    fn a_session_from_when_the_clock_was_ahead_ends_when_it_is_set_right() {
        let sessions = Sessions::default();
        let token = sessions.begin("a", ANNA, minute(500_000));
        assert_eq!(sessions.account("a", &token, minute(500_000 - 29)), Some(ANNA), "a small correction ends nothing");
        assert_eq!(sessions.account("a", &token, minute(0)), None);
    }

    #[test]
    fn a_token_of_one_cookie_is_none_of_another() {
        let sessions = Sessions::default();
        let token = sessions.begin("a", ANNA, minute(0));
        assert_eq!(sessions.account("b", &token, minute(0)), None);
        sessions.end("b", &token);
        assert_eq!(sessions.account("a", &token, minute(0)), Some(ANNA));
    }

    #[test]
    fn sessions_are_bounded_and_the_one_used_longest_ago_goes_first() {
        let sessions = Sessions::default();
        let tokens: Vec<_> = (0..64).map(|_| sessions.begin("a", ANNA, minute(0))).collect();
        assert!(tokens[1..].iter().all(|token| sessions.account("a", token, minute(1)).is_some()));
        let newest = sessions.begin("a", ANNA, minute(1));
        assert_eq!(sessions.account("a", &tokens[0], minute(1)), None);
        assert!(tokens[1..].iter().chain([&newest]).all(|token| sessions.account("a", token, minute(1)).is_some()));
    }
}
