//! What persons have asked for, with a random number and dates alone: no name, no text. Who it was stands where the operator keeps letters.

use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::deadline::{Deadline, Deadlines};
use crate::{
    clock,
    ledger::hex,
    store::{StoreError, change_kept, read_kept},
};

const FILE: &str = "requests.json";
/// Most requests kept. Beyond it the one that was done longest ago is forgotten; while none is done nothing more is taken.
const MOST_REQUESTS: usize = 10_000;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// What is kept about the person.
    Access,
    /// That it is erased.
    Erase,
    /// That it is corrected.
    Correct,
}

impl RequestKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Access, Self::Erase, Self::Correct];

    /// The word used in the file and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Erase => "erase",
            Self::Correct => "correct",
        }
    }

    /// How long there is for it.
    pub const fn deadline(self, deadlines: &Deadlines) -> Option<Deadline> {
        match self {
            Self::Erase => Some(deadlines.erasure),
            Self::Access | Self::Correct => deadlines.answer,
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRequest {
    /// Eight hexadecimal digits, random.
    pub number: String,
    /// What was asked for.
    pub kind: RequestKind,
    /// On which day it came.
    pub received: Date,
    /// On which day it was done.
    pub done: Option<Date>,
}

impl PersonRequest {
    /// The last day for it; `None` where no deadline is configured.
    pub fn due(&self, deadlines: &Deadlines) -> Option<Date> {
        Some(self.kind.deadline(deadlines)?.last_day(self.received))
    }
}

/// All requests.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRequests {
    requests: Vec<PersonRequest>,
}

/// Why a request was not noted.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Its day lies ahead.
    #[error("{received} is after today, {today}: write the day on which the request came")]
    Ahead {
        /// The day given.
        received: Date,
        /// The day it is.
        today: Date,
    },
    /// No request has this number.
    #[error("no request with this number is pending; `kelisim log request list` shows those that are")]
    Unknown,
    /// Too many are pending.
    #[error("{MOST_REQUESTS} requests are pending; end those that are done")]
    Full,
    /// The file refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PersonRequests {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it can't be read or is damaged.
    pub fn read(state_dir: &Path) -> Result<Self, StoreError> {
        read_kept(state_dir, FILE)
    }

    /// What is to be done: what is due first comes first, and what has no deadline last.
    pub fn pending(&self, deadlines: &Deadlines) -> Vec<&PersonRequest> {
        let mut pending: Vec<_> = self.requests.iter().filter(|request| request.done.is_none()).collect();
        pending.sort_by_key(|request| (request.due(deadlines).unwrap_or(Date::MAX), request.received));
        pending
    }

    /// The last ones that were done, the newest first.
    pub fn done(&self, most: usize) -> Vec<&PersonRequest> {
        let mut done: Vec<_> = self.requests.iter().filter(|request| request.done.is_some()).collect();
        done.sort_by_key(|request| std::cmp::Reverse(request.done));
        done.truncate(most);
        done
    }
}

/// Notes a request and answers with its number.
///
/// # Errors
///
/// When its day lies ahead, too many are pending, or the file refuses.
pub fn add_request(state_dir: &Path, kind: RequestKind, received: Date, today: Date) -> Result<String, RequestError> {
    if received > today {
        return Err(RequestError::Ahead { received, today });
    }
    change_kept(state_dir, FILE, |list: &mut PersonRequests| {
        if list.requests.len() >= MOST_REQUESTS {
            let done = list.requests.iter().enumerate().filter_map(|(place, request)| Some((request.done?, place)));
            let (_, oldest) = done.min().ok_or(RequestError::Full)?;
            list.requests.remove(oldest);
        }
        let number = hex(&clock::random::<4>());
        list.requests.push(PersonRequest { number: number.clone(), kind, received, done: None });
        Ok(number)
    })
}

/// Notes that a request is done.
///
/// # Errors
///
/// When none with this number is pending, or the file refuses.
pub fn end_request(state_dir: &Path, number: &str, today: Date) -> Result<(), RequestError> {
    change_kept(state_dir, FILE, |list: &mut PersonRequests| {
        let pending = list.requests.iter_mut().find(|request| request.number == number && request.done.is_none());
        pending.ok_or(RequestError::Unknown)?.done = Some(today);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_due_first_comes_first_and_what_is_done_goes() {
        let state = tempfile::tempdir().unwrap();
        let today = day("2026-11-22");
        let add = |kind, received| add_request(state.path(), kind, day(received), today).unwrap();
        let access = add(RequestKind::Access, "2026-11-01");
        let later = add(RequestKind::Erase, "2026-11-20");
        let sooner = add(RequestKind::Erase, "2026-11-02");
        let order = |deadlines: Deadlines| {
            let requests = PersonRequests::read(state.path()).unwrap();
            let pending = requests.pending(&deadlines);
            pending.iter().map(|request| (request.number.clone(), request.due(&deadlines))).collect::<Vec<_>>()
        };
        let due = |number: &String, last: &str| (number.clone(), Some(day(last)));
        let erasures = [due(&sooner, "2026-11-17"), due(&later, "2026-12-05")];
        let [first, second] = erasures.clone();
        assert_eq!(order(Deadlines::default()), [first, second, (access.clone(), None)]);
        let with_answer = Deadlines { answer: Deadline::parse("3 working days"), ..Deadlines::default() };
        let [first, second] = erasures;
        assert_eq!(order(with_answer), [due(&access, "2026-11-04"), first, second]);
        end_request(state.path(), &sooner, today).unwrap();
        assert!(matches!(end_request(state.path(), &sooner, today), Err(RequestError::Unknown)));
        assert_eq!(order(Deadlines::default()).len(), 2);
        assert_eq!(PersonRequests::read(state.path()).unwrap().done(10)[0].number, sooner);
    }

    #[test]
    fn a_request_cannot_come_tomorrow() {
        let state = tempfile::tempdir().unwrap();
        let outcome = add_request(state.path(), RequestKind::Erase, day("2026-11-23"), day("2026-11-22"));
        assert!(outcome.unwrap_err().to_string().contains("2026-11-23 is after today"));
    }
}
