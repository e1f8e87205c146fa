//! Signing in and out, and who is signed in.

use http::{HeaderMap, StatusCode, header};

use super::{
    Accounts, Administration,
    accounts::Role,
    pages::{self, Words},
    password::PasswordHash,
    sessions::LONGEST_SESSION,
    way::Way,
};
use crate::ledger::AccountNumber;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) number: AccountNumber,
    pub(super) role: Role,
}

/// What came of signing in.
pub(super) enum Outcome {
    /// Set this cookie, for somebody of this role.
    Begun(String, Role),
    /// Show this.
    Refused(StatusCode, pages::Refusal),
}

impl Administration {
    /// Who is signed in with this request. The account is looked up each time, so a removed one is out at once.
    pub(super) async fn signed_in(&self, headers: &HeaderMap, way: &Way) -> Option<SignedIn> {
        let token = token(headers, way)?;
        let number = self.sessions.account(way.cookie(), token, self.settings().clock.now())?;
        let accounts = self.accounts().await?;
        let account = accounts.numbered(number);
        if account.is_none() {
            self.sessions.end(way.cookie(), token);
        }
        account.map(|account| SignedIn { name: account.name.clone(), number, role: account.role })
    }

    /// The accounts, read on a thread that may wait for the disk; nothing where they can't be read, so that nobody is let in.
    async fn accounts(&self) -> Option<Accounts> {
        let state_dir = self.gateway.store().state_dir().to_owned();
        let read = tokio::task::spawn_blocking(move || Accounts::read(&state_dir)).await;
        match read {
            Ok(Ok(accounts)) => Some(accounts),
            Ok(Err(error)) => {
                tracing::error!(%error, "nobody is let in to the administration");
                None
            }
            Err(error) => {
                tracing::error!(%error, "nobody is let in to the administration");
                None
            }
        }
    }

    /// Compares a password. An account that is not there costs as much as a wrong password, and is answered in the same words. The session
    /// that the browser had before ends with the one that takes its place.
    pub(super) async fn sign_in(&self, headers: &HeaderMap, way: &Way, name: &str, password: String) -> Outcome {
        let now = self.settings().clock.now();
        // Strangers who hold up sign-in over TLS do not hold it up on the machine itself.
        let (guesses, client) = match way {
            Way::Plain { .. } => (&self.guesses, None),
            Way::Tls { client, .. } => (&self.public_guesses, Some(*client)),
        };
        let Ok(place) = self.waiting[usize::from(way.is_tls())].clone().try_acquire_owned() else {
            return Outcome::Refused(StatusCode::SERVICE_UNAVAILABLE, pages::Refusal::Busy);
        };
        if !guesses.begin(name, client, now) {
            tracing::warn!("sign-in to the administration is held up: too many wrong passwords");
            return Outcome::Refused(StatusCode::TOO_MANY_REQUESTS, pages::Refusal::TooMany);
        }
        let Ok(turn) = self.hashing.clone().acquire_owned().await else {
            return Outcome::Refused(StatusCode::SERVICE_UNAVAILABLE, pages::Refusal::Unreadable);
        };
        let Some(accounts) = self.accounts().await else {
            return Outcome::Refused(StatusCode::SERVICE_UNAVAILABLE, pages::Refusal::Unreadable);
        };
        let account = accounts.named(name);
        let hash = account.map_or_else(PasswordHash::of_nobody, |account| account.password().clone());
        let compared = tokio::task::spawn_blocking(move || {
            // Both end with the work: a client that goes away does not end it.
            let _held = (place, turn);
            hash.fits(&password)
        });
        let fits = compared.await.unwrap_or(false);
        match account.and_then(|account| Some((account.number()?, account.role))).filter(|_| fits) {
            Some((number, role)) => {
                guesses.right(name, client);
                tracing::info!(account = %number, "signed in to the administration");
                self.end_session(headers, way);
                let token = self.sessions.begin(way.cookie(), number, now);
                Outcome::Begun(way.set_cookie(&token, LONGEST_SESSION / 1000), role)
            }
            None => {
                tracing::warn!("a wrong name or password was given to the administration");
                Outcome::Refused(StatusCode::FORBIDDEN, pages::Refusal::Wrong)
            }
        }
    }

    /// Ends the session; the answer is the cookie that removes it.
    pub(super) fn sign_out(&self, headers: &HeaderMap, way: &Way) -> String {
        self.end_session(headers, way);
        way.set_cookie("", 0)
    }

    fn end_session(&self, headers: &HeaderMap, way: &Way) {
        if let Some(token) = token(headers, way) {
            self.sessions.end(way.cookie(), token);
        }
    }

    /// The page to sign in on.
    pub(super) async fn sign_in_page(&self, words: Words, way: &Way, refusal: Option<pages::Refusal>) -> String {
        // Strangers are not told, and that they can't be read is no reason to say that there are none.
        let has_accounts =
            way.is_tls() || self.accounts().await.is_none_or(|accounts| accounts.iter().next().is_some());
        pages::sign_in(words, refusal, has_accounts, way.takes_passwords())
    }
}

fn token<'a>(headers: &'a HeaderMap, way: &Way) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == way.cookie()).map(|(_, value)| value)
}
