//! Who took records out in a period: all of it counted for each account, and the newest takings one by one.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    admin::{AccessSeen, Accounts},
    ledger::AccountNumber,
    store::{Reader, StoreError},
    timestamp::Timestamp,
};

/// How many takings are listed one by one: what somebody reads in a day. The others are counted.
const MOST_LISTED: usize = 1000;

/// Who took records out within the period.
#[derive(Debug, Serialize)]
pub(super) struct Accesses {
    /// All takings of each account, by its number or `command_line`.
    pub(super) by: BTreeMap<String, Taker>,
    /// The newest ones, the newest first.
    pub(super) listed: Vec<Taken>,
    /// How many older ones are not listed.
    pub(super) not_listed: u64,
}

/// What one account took.
#[derive(Debug, Serialize)]
pub(super) struct Taker {
    /// Its name and role, while it exists.
    pub(super) name: Option<String>,
    pub(super) role: Option<&'static str>,
    /// How often records were taken, by `read`, `export` and `incident`.
    pub(super) times: BTreeMap<String, u64>,
    pub(super) first: String,
    pub(super) last: String,
}

/// One taking of records.
#[derive(Debug, Serialize)]
pub(super) struct Taken {
    pub(super) time: String,
    pub(super) by: String,
    pub(super) what: String,
    pub(super) form: String,
    /// From when on the records are that were taken; nothing for the beginning of the log …
    pub(super) from: Option<String>,
    /// … and up to when; nothing for its end.
    pub(super) to: Option<String>,
    /// Whether the records of one person were shown; whose is not kept.
    pub(super) of_one_person: bool,
    /// How many of the records that are still there it can have held: those of that period that were written by then. Nothing where it
    /// was one person, of whom the leaf tells the days alone.
    pub(super) records: Option<usize>,
}

/// Reads them from the leaves that say so. `times` are those of all records that are still there, in their order.
pub(super) fn find(
    reader: &Reader,
    period: (Timestamp, Timestamp),
    accounts: &Accounts,
    times: &[Timestamp],
) -> Result<Accesses, StoreError> {
    find_listing(MOST_LISTED, reader, period, accounts, times)
}

fn find_listing(
    most: usize,
    reader: &Reader,
    (from, to): (Timestamp, Timestamp),
    accounts: &Accounts,
    times: &[Timestamp],
) -> Result<Accesses, StoreError> {
    let (mut by, mut newest, mut not_listed) = (BTreeMap::<String, Taker>::new(), Vec::new(), 0);
    AccessSeen::for_each(reader, |access| {
        if access.time < from || access.time >= to {
            return;
        }
        let taker = by.entry(access.by.clone()).or_insert_with(|| Taker::of(&access, accounts));
        taker.count(&access);
        if newest.len() < most {
            newest.push(access);
        } else {
            not_listed += 1;
        }
    })?;
    let listed = newest.into_iter().map(|access| Taken::of(access, times)).collect();
    Ok(Accesses { by, listed, not_listed })
}

impl Taker {
    fn of(access: &AccessSeen, accounts: &Accounts) -> Self {
        let account = AccountNumber::parse(&access.by).and_then(|number| accounts.numbered(number));
        Self {
            name: account.map(|account| account.name.clone()),
            role: account.map(|account| account.role.name()),
            times: BTreeMap::new(),
            first: access.time.to_string(),
            last: access.time.to_string(),
        }
    }

    fn count(&mut self, access: &AccessSeen) {
        *self.times.entry(access.what.clone()).or_default() += 1;
        // All are written in one form, so that the order of the texts is that of the times.
        let time = access.time.to_string();
        if time < self.first {
            self.first = time;
        } else if time > self.last {
            self.last = time;
        }
    }
}

impl Taken {
    fn of(access: AccessSeen, times: &[Timestamp]) -> Self {
        let begin = times.partition_point(|time| *time < access.from);
        let end = times.partition_point(|time| *time < access.to && *time <= access.time);
        let of_one_person = access.is_of_one_person();
        let records = (!of_one_person).then(|| end.saturating_sub(begin));
        let AccessSeen { index: _, by, what, form, from, to, time } = access;
        let open = (Timestamp::default(), Timestamp::from_milliseconds(i64::MAX));
        Self {
            time: time.to_string(),
            by,
            what,
            form,
            from: (from != open.0).then(|| from.to_string()),
            to: (to != open.1).then(|| to.to_string()),
            of_one_person,
            records,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        ledger::{Access, AccessKind, Accessor, Entry},
        store::{Settings, Store},
    };

    #[test]
    fn every_taking_of_the_period_is_counted_and_what_is_not_listed_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::standing_at(Timestamp::default())).unwrap();
        let take = |by, second| {
            let (from, to) = (Timestamp::default(), Timestamp::from_milliseconds(i64::MAX));
            let (what, form, time) = (AccessKind::Export, "csv", Timestamp::from_seconds(second));
            store.note_waiting(Entry::Access(Access { by, what, form, from, to, time })).unwrap();
        };
        let account = AccountNumber([0xab; 4]);
        take(Accessor::Account(account), 9);
        (10..20).for_each(|second| take(Accessor::CommandLine, second));
        take(Accessor::Account(account), 20);
        let period = (Timestamp::from_seconds(10), Timestamp::from_seconds(21));
        let times = [3, 19, 20, 30].map(Timestamp::from_seconds);
        let found = find_listing(4, &store.reader().unwrap(), period, &Accounts::default(), &times).unwrap();
        let records: Vec<_> = found.listed.iter().map(|taken| taken.records).collect();
        assert_eq!(records, [3, 2, 1, 1].map(Some), "what was written later was in none");
        assert_eq!((found.listed.len(), found.not_listed), (4, 7));
        let times = |by: &str| (found.by[by].times["export"], found.by[by].first.as_str(), found.by[by].last.as_str());
        assert_eq!(times("abababab"), (1, "1970-01-01T00:00:20.000Z", "1970-01-01T00:00:20.000Z"));
        assert_eq!(times("command_line"), (10, "1970-01-01T00:00:10.000Z", "1970-01-01T00:00:19.000Z"));
        assert_eq!((&found.listed[0].by, &found.listed[0].to), (&"abababab".to_owned(), &None));
    }
}
