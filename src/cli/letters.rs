//! The weekly letter: on Monday morning what last week came to, once for each site.
//!
//! What was sent is kept in the state directory, so that a restart neither repeats a letter nor loses one.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::stats;
use crate::{
    clock::Clock,
    config::Configuration,
    mail::{self, MailError},
    statistics::{
        Calendar, Day,
        report::{Disclosure, Period},
    },
    store::{self, StoreError, statistics::StatisticsError},
    timestamp::Timestamp,
    visitor::Language,
};

/// The file of what was sent.
const FILE: &str = "letters.json";
/// The hour of Monday at which letters go, in the time zone of the statistics.
const HOUR: u8 = 7;
/// How long after a failure it is tried again, in seconds …
const AGAIN_AFTER: i64 = 3600;
/// … and for how long.
const TRIED_FOR: i64 = 24 * 3600;

/// Everything that letters need.
#[derive(Clone, Debug)]
pub(super) struct Letters {
    mail: mail::Settings,
    /// The sites by name, each with the language of its letter.
    sites: Vec<(String, Language)>,
    state_dir: PathBuf,
    calendar: Calendar,
    smallest_cell: i64,
    clock: Clock,
    /// One at a time looks what is due. What the disk did not take is remembered here, so that a letter does not come again each minute.
    remembered: Arc<Mutex<BTreeMap<String, Kept>>>,
}

/// What is kept of a site's letters. Days are the Mondays of the weeks that letters are about.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// The last week that is dealt with.
    week: String,
    /// Since when the next one is tried, and when it was tried last; seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failing: Option<Failing>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Failing {
    /// The number of the Monday that it is about.
    #[serde(default)]
    week: i32,
    since: i64,
    last: i64,
}

/// Why a letter did not go.
#[derive(Debug, thiserror::Error)]
enum LetterError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
}

impl Letters {
    /// `None` without [mail].
    pub(super) fn of(configuration: &Configuration, clock: &Clock) -> Option<Self> {
        let mail = configuration.mail.as_ref()?;
        let language = |languages: &[Language]| mail.language.or(languages.first().copied()).unwrap_or_default();
        let sites = configuration.sites.iter().map(|site| (site.name.clone(), language(&site.pages.languages)));
        Some(Self {
            mail: mail.clone(),
            sites: sites.collect(),
            state_dir: configuration.state_dir.clone(),
            calendar: configuration.statistics.calendar.clone(),
            smallest_cell: configuration.statistics.smallest_cell,
            clock: clock.clone(),
            remembered: Arc::default(),
        })
    }

    /// Remembers what others knew that the disk did not take.
    #[must_use]
    pub(super) fn going_on_from(self, others: Option<&Self>) -> Self {
        let remembered = others.map_or(self.remembered, |others| others.remembered.clone());
        Self { remembered, ..self }
    }

    /// Sends what is due. Waits for the mail server.
    pub(super) fn look(&self) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        for (site, language) in &self.sites {
            let mut kept = match store::read_kept::<BTreeMap<String, Kept>>(&self.state_dir, FILE) {
                Ok(all) => remembered.get(site).or(all.get(site)).cloned(),
                Err(error) => return tracing::error!(%error, "no weekly letter is sent"),
            };
            let week = due_week(&self.calendar, now);
            match next(kept.as_ref(), week, now) {
                Next::Nothing => continue,
                // Weeks before the first start with [mail] were asked for by nobody.
                Next::Begin => kept = Some(Kept { week: week.to_string(), failing: None }),
                Next::Send => kept = Some(self.send(site, *language, week, kept.unwrap_or_default(), now)),
            }
            let Some(kept) = kept else { continue };
            if let Err(error) = self.keep(site, kept.clone()) {
                tracing::error!(%error, "what was sent can't be kept, so after a restart a weekly letter may come twice");
            }
            remembered.insert(site.clone(), kept);
        }
    }

    fn send(&self, site: &str, language: Language, monday: Day, mut kept: Kept, now: Timestamp) -> Kept {
        match self.try_to_send(site, language, monday, now) {
            Ok(()) => {
                tracing::info!(site, week = %monday, readers = self.mail.to.len(), "the weekly letter was sent");
                return Kept { week: monday.to_string(), failing: None };
            }
            Err(error) => {
                let since = kept
                    .failing
                    .filter(|failing| failing.week == monday.number() && failing.since <= now.seconds())
                    .map_or(now.seconds(), |failing| failing.since);
                if now.seconds() - since >= TRIED_FOR {
                    tracing::error!(site, week = %monday, %error, "the weekly letter was not sent; no more is tried");
                    return Kept { week: monday.to_string(), failing: None };
                }
                tracing::error!(site, week = %monday, %error, "the weekly letter was not sent; trying again in an hour");
                kept.failing = Some(Failing { week: monday.number(), since, last: now.seconds() });
            }
        }
        kept
    }

    fn try_to_send(&self, site: &str, language: Language, monday: Day, now: Timestamp) -> Result<(), LetterError> {
        let period = Period { from: monday, to: monday.plus(6) };
        let disclosure = Disclosure { smallest: self.smallest_cell, noise: None };
        let today = self.calendar.place(now).0;
        let days = (period, Some(period.previous()));
        let shown = stats::read(&self.state_dir, site, days, None, &disclosure, today)?;
        mail::send(&self.mail, &stats::letter_of(&shown, self.calendar.zone(), language), now)?;
        Ok(())
    }

    fn keep(&self, site: &str, kept: Kept) -> Result<(), StoreError> {
        store::change_kept(&self.state_dir, FILE, |all: &mut BTreeMap<String, Kept>| {
            all.retain(|name, _| self.sites.iter().any(|(known, _)| known == name));
            all.insert(site.to_owned(), kept);
            Ok(())
        })
    }
}

/// By how many days a clock may be set back without anybody getting a letter twice.
const LONGEST_SET_BACK: i32 = 35;

/// What is to be done for a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Begin,
    Send,
}

fn next(kept: Option<&Kept>, week: Day, now: Timestamp) -> Next {
    let Some(kept) = kept else { return Next::Begin };
    let waits = kept.failing.is_some_and(|failing| (0..AGAIN_AFTER).contains(&(now.seconds() - failing.last)));
    // What was dealt with while the clock was far ahead would be the last for years.
    if Day::parse(&kept.week).is_some_and(|last| last > week.plus(LONGEST_SET_BACK)) {
        return Next::Begin;
    }
    // A week is dealt with for good: also when a clock is set back.
    if Day::parse(&kept.week).is_some_and(|last| last >= week) || waits { Next::Nothing } else { Next::Send }
}

/// The Monday of the newest week whose letter may go: the one before this week, from seven o'clock on Monday on.
fn due_week(calendar: &Calendar, now: Timestamp) -> Day {
    let (today, hour) = calendar.place(now);
    let monday = Period::last_whole(today)[0].from;
    let is_early = today.since(monday) == 7 && hour < HOUR;
    if is_early { monday.plus(-7) } else { monday }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_week_is_due_from_seven_on_monday_where_the_site_s_people_are() {
        let calendar = Calendar::new(TimeZone::get("Asia/Almaty").unwrap());
        for (now, monday) in [
            ("2026-11-29T18:59:00Z", "2026-11-16"),
            ("2026-11-30T01:59:59Z", "2026-11-16"),
            ("2026-11-30T02:00:00Z", "2026-11-23"),
            ("2026-12-03T12:00:00Z", "2026-11-23"),
        ] {
            assert_eq!(due_week(&calendar, moment(now)).to_string(), monday, "{now}");
        }
    }

    #[test]
    fn a_letter_goes_once_and_after_a_failure_again_in_an_hour() {
        let (now, week) = (moment("2026-11-30T02:00:00Z"), Day::parse("2026-11-23").unwrap());
        let kept = |week: &str, failing| Kept { week: week.into(), failing };
        let failed =
            |ago: i64| Some(Failing { week: week.number(), since: now.seconds() - 7200, last: now.seconds() - ago });
        for (kept, expected) in [
            (None, Next::Begin),
            (Some(kept("2026-11-16", None)), Next::Send),
            (Some(kept("2026-11-23", None)), Next::Nothing),
            (Some(kept("2026-11-30", None)), Next::Nothing),
            (Some(kept("2056-11-27", None)), Next::Begin),
            (Some(kept("2026-11-16", failed(-86_400))), Next::Send),
            (Some(kept("2026-11-16", failed(3599))), Next::Nothing),
            (Some(kept("2026-11-16", failed(3600))), Next::Send),
            (Some(kept("", failed(3600))), Next::Send),
        ] {
            assert_eq!(next(kept.as_ref(), week, now), expected, "{kept:?}");
        }
    }
}
