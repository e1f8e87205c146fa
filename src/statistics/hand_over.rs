//! From one run of the program to the next: the key of the day, open visits and who was counted, so that a planned restart splits no visit and
//! counts nobody twice.
//!
//! Whoever has this can tell who was there. It is for memory alone, and whoever keeps it in between says for how long.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    Calendar, Day, Dimension, ErasedKey, RowKey, Table,
    cells::Cells,
    counting::Counting,
    day_key::DayKey,
    distinct::{Distinct, Kept, VisitorHash},
    visits::{Marks, Visit},
};
use crate::{
    ledger::{hex, unhex},
    timestamp::Timestamp,
};

const VERSION: u32 = 1;

/// After this many seconds nothing is gone on with: what lies longer was no restart.
const HOLDS_FOR: i64 = 10 * 60;

#[derive(Serialize, Deserialize)]
struct HandOver {
    version: u32,
    /// When it was written, in seconds since 1970.
    at: i64,
    /// The names of the sites, in the order of their numbers.
    sites: Vec<String>,
    today: Key,
    yesterday: Option<Key>,
    visits: Vec<OpenVisit>,
    visitors: Vec<(usize, i32, u8, Kept)>,
    rows: Vec<(usize, i32, String, String, Option<String>, Kept)>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    day: i32,
    /// In hexadecimal digits, overwritten at the end.
    bytes: String,
}

impl Drop for Key {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[derive(Serialize, Deserialize)]
struct OpenVisit {
    site: usize,
    visitor: u64,
    day: i32,
    hour: u8,
    /// In milliseconds since 1970.
    last: i64,
    acts: u32,
    exit: String,
    marks: Vec<(String, String)>,
}

impl Key {
    fn of(key: &DayKey) -> Self {
        Self { day: key.day().number(), bytes: hex(key.bytes()) }
    }

    fn key(&self) -> Option<DayKey> {
        Some(DayKey::new(Day::from_number(self.day), unhex(&self.bytes)?))
    }
}

impl OpenVisit {
    fn of((site, visitor): &(usize, VisitorHash), visit: &Visit) -> Self {
        let words = visit.marks.words().map(|(dimension, word)| (dimension.name().to_owned(), word.to_string()));
        Self {
            site: *site,
            visitor: visitor.0,
            day: visit.day.number(),
            hour: visit.hour,
            last: visit.last.milliseconds(),
            acts: visit.acts,
            exit: visit.exit.to_string(),
            marks: words.collect(),
        }
    }

    fn visit(self) -> Option<(usize, VisitorHash, Visit)> {
        let marks = self.marks.into_iter().map(|(name, word)| Some((Dimension::parse(&name)?, word.into())));
        let visit = Visit {
            day: Day::from_number(self.day),
            hour: self.hour,
            last: Timestamp::from_milliseconds(self.last),
            acts: self.acts,
            exit: self.exit.into(),
            marks: Marks::of_words(marks.collect::<Option<_>>()?),
        };
        Some((self.site, VisitorHash(self.visitor), visit))
    }
}

impl Counting {
    /// Everything that the next run needs to go on. To be called when all sums were taken; nothing is to be counted after it.
    pub fn hand_over(&self, sites: &[Arc<str>], now: Timestamp) -> Zeroizing<Vec<u8>> {
        let visitors = self.cells.seen();
        let rows = self.cells.seen_in_rows().map(|((site, day, table), key, seen)| {
            let second = key.second.as_ref().map(ToString::to_string);
            (site, day.number(), table.name(), key.first.to_string(), second, seen.keep())
        });
        let kept = HandOver {
            version: VERSION,
            at: now.seconds(),
            sites: sites.iter().map(ToString::to_string).collect(),
            today: Key::of(&self.today),
            yesterday: self.yesterday.as_ref().map(Key::of),
            visits: self.visits.all().map(|(key, visit)| OpenVisit::of(key, visit)).collect(),
            visitors: visitors.map(|(site, day, hour, seen)| (site, day.number(), hour, seen.keep())).collect(),
            rows: rows.collect(),
        };
        Zeroizing::new(serde_json::to_vec(&kept).expect("numbers and texts are always JSON"))
    }

    /// Goes on where another run has ended. Where that can't be (it is too long ago, of other sites, or no such thing), the keys in it end here.
    pub fn go_on(
        calendar: Calendar,
        sites: &[Arc<str>],
        random: fn() -> [u8; 32],
        handed: &[u8],
        now: Timestamp,
    ) -> Result<Self, Vec<ErasedKey>> {
        let kept: HandOver = serde_json::from_slice(handed).map_err(|_| Vec::new())?;
        let keys = [Some(&kept.today), kept.yesterday.as_ref()].into_iter().flatten().filter_map(Key::key);
        let keys: Vec<DayKey> = keys.collect();
        let same_sites = kept.sites.iter().map(String::as_str).eq(sites.iter().map(|site| &**site));
        let is_fresh = (0..=HOLDS_FOR).contains(&(now.seconds() - kept.at));
        let fits = kept.version == VERSION && same_sites && is_fresh && !keys.is_empty();
        let end = |keys: Vec<DayKey>| keys.into_iter().map(|key| key.erase(now)).collect::<Vec<_>>();
        if !fits {
            return Err(end(keys));
        }
        let visits = kept.visits.into_iter().map(OpenVisit::visit).collect::<Option<Vec<_>>>();
        let cells = cells(kept.visitors, kept.rows, sites.len());
        let (Some(visits), Some(cells)) = (visits, cells) else { return Err(end(keys)) };
        let mut counting = Self::new(calendar, sites.len(), random, now);
        let mut keys = keys.into_iter();
        if let Some(today) = keys.next() {
            counting.today = today;
        }
        counting.yesterday = keys.next();
        counting.cells = cells;
        for (site, visitor, visit) in visits.into_iter().filter(|(site, ..)| *site < sites.len()) {
            counting.visits.begin(site, visitor, visit);
        }
        counting.advance(now);
        Ok(counting)
    }
}

type RowSeen = (usize, i32, String, String, Option<String>, Kept);

fn cells(visitors: Vec<(usize, i32, u8, Kept)>, rows: Vec<RowSeen>, sites: usize) -> Option<Cells> {
    let visitors = visitors
        .into_iter()
        .filter(|(site, ..)| *site < sites)
        .map(|(site, day, hour, kept)| Some(((site, Day::from_number(day)), (hour, Distinct::of_kept(kept)?))));
    let visitors = visitors.collect::<Option<HashMap<_, _>>>()?;
    let rows = rows.into_iter().filter(|(site, ..)| *site < sites).map(|(site, day, table, first, second, kept)| {
        let key = RowKey { first: first.into(), second: second.map(Into::into) };
        Some(((site, Day::from_number(day), Table::parse(&table)?), key, Distinct::of_kept(kept)?))
    });
    Some(Cells::of_seen(visitors, rows.collect::<Option<Vec<_>>>()?))
}
