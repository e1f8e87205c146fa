//! Counting: views go in, numbers come out. The definitions are here; `config/statistics.md` tells them to people, and
//! `vectors` tests them.

use std::{collections::HashMap, sync::Arc};

use super::{
    agent::UNKNOWN,
    cells::{Cells, Changes},
    counted::{Answer, AnswerKind, ConsentState, Counted, RobotView, Traffic, View, ViewKind},
    day::{Calendar, Day, Hour},
    day_key::{DayKey, ErasedKey},
    distinct::VisitorHash,
    figures::{Answers, Figures, Totals},
    live::Live,
    table::{Dimension, RowKey, Table},
    visits::{Marks, VISIT_ENDS_AFTER, Visit, Visits, marks_of_agent},
};
use crate::timestamp::Timestamp;

/// A page is slow when its site took longer than this for the head of its answer, in milliseconds.
pub const SLOW: u32 = 1000;

/// How long the key of a day outlives it, in seconds, so that a visit over midnight stays one.
const KEY_OUTLIVES_DAY: i64 = VISIT_ENDS_AFTER;

/// How long after an answer the page may be loaded again with it, in seconds.
pub const RELOAD_WITHIN: i64 = 30;

/// Pages that wait to be loaded again at once.
const MOST_RELOADS: usize = 10_000;

/// What is counted of all sites.
pub struct Counting {
    calendar: Calendar,
    random: fn() -> [u8; 32],
    pub(super) today: DayKey,
    pub(super) yesterday: Option<DayKey>,
    pub(super) cells: Cells,
    pub(super) visits: Visits,
    reloads: HashMap<(usize, Arc<str>), Reloads>,
    live: Live,
    erased: Vec<ErasedKey>,
}

/// Answers on one page that have it loaded again.
#[derive(Clone, Copy, Debug)]
struct Reloads {
    waiting: u32,
    last: Timestamp,
}

impl std::fmt::Debug for Counting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Counting").field("visits", &self.visits).finish_non_exhaustive()
    }
}

impl Counting {
    /// Nothing counted yet. `random` gives 32 bytes from a cryptographic source, for the key of each day.
    pub fn new(calendar: Calendar, sites: usize, random: fn() -> [u8; 32], now: Timestamp) -> Self {
        let today = DayKey::new(calendar.place(now).0, random());
        Self {
            calendar,
            random,
            today,
            yesterday: None,
            cells: Cells::default(),
            visits: Visits::default(),
            reloads: HashMap::new(),
            live: Live::new(sites),
            erased: Vec::new(),
        }
    }

    /// The calendar that days are told by.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// There are so many sites now; never fewer than before.
    pub fn know(&mut self, sites: usize) {
        self.live.know(sites);
    }

    /// Counts one thing.
    pub fn count(&mut self, counted: Counted) {
        match counted {
            Counted::View(view) => self.view(&view),
            Counted::Robot(robot) => self.robot(&robot),
            Counted::Answer(answer) => self.answer(&answer),
            Counted::Traffic(traffic) => self.traffic(traffic),
        }
    }

    /// Time goes on: a new day gets a key of its own, the one before is erased half an hour later, and what is over is forgotten.
    pub fn advance(&mut self, now: Timestamp) {
        let (day, _) = self.calendar.place(now);
        if self.today.day() > day.plus(1) {
            self.set_back(day, now);
        } else if day > self.today.day() {
            let ended = std::mem::replace(&mut self.today, DayKey::new(day, (self.random)()));
            if let Some(before) = self.yesterday.replace(ended) {
                self.erased.push(before.erase(now));
            }
        }
        let begun = self.calendar.begin(self.today.day());
        if now.seconds() - begun.seconds() > KEY_OUTLIVES_DAY
            && let Some(key) = self.yesterday.take()
        {
            self.erased.push(key.erase(now));
            self.cells.forget_before(day);
        }
        self.visits.forget(now);
        self.reloads.retain(|_, reloads| (now.seconds() - reloads.last.seconds()).abs() <= RELOAD_WITHIN);
        self.live.advance(now);
    }

    /// The clock was ahead, by more than what is still on its way from one day to the next. The day that it came to would be counted on for as long as
    /// it was wrong, with one key: that goes, and a day begins.
    fn set_back(&mut self, day: Day, now: Timestamp) {
        let ahead = std::mem::replace(&mut self.today, DayKey::new(day, (self.random)()));
        self.cells.forget_before(ahead.day().plus(1));
        let keys = self.yesterday.take().into_iter().chain([ahead]);
        self.erased.extend(keys.map(|key| key.erase(now)));
        self.visits = Visits::default();
    }

    /// What changed since this was last asked.
    pub fn take(&mut self) -> Changes {
        self.cells.take()
    }

    /// The keys that were erased since this was last asked.
    pub fn take_erased(&mut self) -> Vec<ErasedKey> {
        std::mem::take(&mut self.erased)
    }

    /// Erases every key, as it is before the program ends.
    pub fn end(&mut self, now: Timestamp) {
        let today = std::mem::replace(&mut self.today, DayKey::new(Day::default(), (self.random)()));
        let keys = self.yesterday.take().into_iter().chain([today]);
        self.erased.extend(keys.map(|key| key.erase(now)));
        self.visits = Visits::default();
    }

    /// The last half hour.
    pub fn live(&self, now: Timestamp) -> Live {
        self.live.clone().with_visits(|site, since| self.visits.active(site, since), now)
    }

    fn view(&mut self, view: &View) {
        let (day, hour) = self.place(view.time);
        match view.kind {
            // It was counted when it came first. A visit begins with it all the same: from here on the visitor lets it be counted.
            ViewKind::Page if self.is_reload(view) => self.act(view, false),
            ViewKind::Page => self.page(view, day, hour),
            ViewKind::NotFound => {
                self.total(view.site, day, hour, Totals { not_found: 1, ..Totals::default() });
                self.path_row(view, day, Dimension::NotFound);
            }
            ViewKind::Download => {
                self.total(view.site, day, hour, Totals { downloads: 1, ..Totals::default() });
                self.path_row(view, day, Dimension::Download);
                self.act(view, false);
            }
        }
    }

    fn page(&mut self, view: &View, day: Day, hour: Hour) {
        let is_entry = i64::from(view.arrival.is_some());
        let is_slow = i64::from(view.waited > SLOW);
        let of = |state| i64::from(view.consent == state);
        let totals = Totals {
            views: 1,
            entries: is_entry,
            slow: is_slow,
            waited: view.waited.into(),
            accepted_views: of(ConsentState::Accepted),
            refused_views: of(ConsentState::Refused),
            signalled_views: of(ConsentState::Signalled),
            unanswered_views: of(ConsentState::Unanswered),
            shown: i64::from(view.banner.is_some() && view.arrival.is_some()),
            ..Totals::default()
        };
        self.total(view.site, day, hour, totals);
        self.live.view(view.site, view.time);
        if let (Some(banner), Some(_)) = (&view.banner, &view.arrival) {
            self.cells.answer(view.site, day, banner, Answers { shown: 1, ..Answers::default() });
        }
        let one = Figures { views: 1, entries: is_entry, ..Figures::default() };
        self.row(view.site, day, Dimension::Page, view.path.shared(), one);
        for (dimension, word) in marks_of_agent(view) {
            self.row(view.site, day, dimension, word, one);
        }
        if let Some(arrival) = &view.arrival {
            self.row(view.site, day, Dimension::Entry, view.path.shared(), one);
            self.row(view.site, day, Dimension::Channel, arrival.source.channel.name().into(), one);
            self.row(view.site, day, Dimension::Source, arrival.source.name.clone(), one);
            if let Some(campaign) = &arrival.campaign {
                self.row(view.site, day, Dimension::Campaign, campaign.clone(), one);
            }
        }
        if is_slow == 1 {
            self.path_row(view, day, Dimension::SlowPage);
        }
        self.act(view, true);
    }

    /// What a visitor who lets it be counted does: a visit begins, or goes on.
    fn act(&mut self, view: &View, is_view: bool) {
        let Some(consent_id) = &view.visitor else { return };
        let (day, hour) = self.place(view.time);
        let visitor = self.today.visitor(view.site, consent_id);
        let yesterday = self.yesterday.as_ref().map(|key| key.visitor(view.site, consent_id));
        let site = view.site;
        let is_page = view.kind == ViewKind::Page;
        let (marks, begun, change, exit) = match self.visits.open(site, visitor, yesterday, view.time) {
            Some(visit) => {
                let seconds = (view.time.seconds() - visit.last.seconds()).max(0);
                visit.acts = visit.acts.saturating_add(1);
                visit.last = visit.last.max(view.time);
                let no_bounce = -i64::from(visit.acts == 2);
                let change = Figures { bounces: no_bounce, seconds, ..Figures::default() };
                let before = is_page.then(|| std::mem::replace(&mut visit.exit, view.path.shared()));
                (visit.marks.clone(), (visit.day, visit.hour), change, before)
            }
            None => {
                let marks = Marks::of(view);
                let exit = view.path.shared();
                let visit = Visit { day, hour, last: view.time, acts: 1, exit, marks: marks.clone() };
                if !self.visits.begin(site, visitor, visit) {
                    return self.total(site, day, hour, Totals { lost: 1, ..Totals::default() });
                }
                // What begins with a file that is taken has no second page to wait for.
                let change = Figures { visits: 1, bounces: 1, ..Figures::default() };
                (marks, (day, hour), change, None)
            }
        };
        self.visit_changed(site, begun, &marks, change);
        self.exit_changed(view, begun.0, change, exit);
        self.seen(view, day, hour, visitor, &marks, is_view);
    }

    /// Adds a change of a visit to everything that the visit is counted under, on the day that it began.
    fn visit_changed(&mut self, site: usize, (day, hour): (Day, Hour), marks: &Marks, change: Figures) {
        let Figures { visits, bounces, seconds, .. } = change;
        self.total(site, day, hour, Totals { visits, bounces, seconds, ..Totals::default() });
        for (table, key) in marks.rows().chain(marks.cubes()) {
            self.cells.row(site, day, table, key, change);
        }
    }

    /// The last page of a visit is another one than before.
    fn exit_changed(&mut self, view: &View, day: Day, change: Figures, before: Option<Arc<str>>) {
        let of = |visits| Figures { visits, ..Figures::default() };
        if let Some(before) = before {
            self.row(view.site, day, Dimension::Exit, before, of(-1));
            self.row(view.site, day, Dimension::Exit, view.path.shared(), of(1));
        } else if change.visits == 1 {
            self.row(view.site, day, Dimension::Exit, view.path.shared(), of(1));
        }
    }

    /// A visitor was seen, today, in all the rows that the visit and this view are counted under.
    fn seen(&mut self, view: &View, day: Day, hour: Hour, visitor: VisitorHash, marks: &Marks, is_view: bool) {
        let site = view.site;
        self.cells.visitor(site, day, hour, visitor);
        for (table, key) in marks.rows() {
            self.cells.row_visitor(site, day, table, key, visitor);
        }
        if view.kind == ViewKind::Page {
            let path = view.path.shared();
            let key = RowKey { first: path.clone(), second: None };
            self.cells.row_visitor(site, day, Table::of(Dimension::Page), key, visitor);
            if is_view {
                for (table, key) in marks.cubes_of_page(&path).collect::<Vec<_>>() {
                    self.cells.row(site, day, table, key, Figures { views: 1, ..Figures::default() });
                }
            }
        }
    }

    fn robot(&mut self, robot: &RobotView) {
        let (day, hour) = self.place(robot.time);
        self.total(robot.site, day, hour, Totals { robots: 1, ..Totals::default() });
        let one = Figures { views: 1, ..Figures::default() };
        self.row(robot.site, day, Dimension::RobotReason, robot.reason.name().into(), one);
        self.row(robot.site, day, Dimension::Robot, robot.name.clone().unwrap_or_else(|| UNKNOWN.into()), one);
    }

    fn answer(&mut self, answer: &Answer) {
        let (day, hour) = self.place(answer.time);
        let of = |kind| i64::from(answer.kind == kind);
        let answers = Answers {
            shown: 0,
            accepted: of(AnswerKind::Accepted),
            partly: of(AnswerKind::Partly),
            refused: of(AnswerKind::Refused),
            withdrawn: of(AnswerKind::Withdrawn),
        };
        self.cells.answer(answer.site, day, &answer.banner, answers);
        let Answers { accepted, partly, refused, withdrawn, .. } = answers;
        self.total(answer.site, day, hour, Totals { accepted, partly, refused, withdrawn, ..Totals::default() });
        let key = (answer.site, answer.path.shared());
        if answer.reloads && (self.reloads.len() < MOST_RELOADS || self.reloads.contains_key(&key)) {
            let reloads = self.reloads.entry(key).or_insert(Reloads { waiting: 0, last: answer.time });
            reloads.waiting = reloads.waiting.saturating_add(1);
            reloads.last = answer.time;
        }
    }

    /// Whether a page is loaded again with an answer that was just given on it. Each answer explains one view.
    fn is_reload(&mut self, view: &View) -> bool {
        if !view.after_answer {
            return false;
        }
        let Some(reloads) = self.reloads.get_mut(&(view.site, view.path.shared())) else { return false };
        let is_one = reloads.waiting > 0 && (view.time.seconds() - reloads.last.seconds()).abs() <= RELOAD_WITHIN;
        reloads.waiting -= u32::from(is_one);
        is_one
    }

    fn traffic(&mut self, traffic: Traffic) {
        let (day, hour) = self.place(traffic.time);
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let Traffic { site, requests, bytes, lost, .. } = traffic;
        let (requests, bytes, lost) = (whole(requests), whole(bytes), whole(lost));
        self.total(site, day, hour, Totals { requests, bytes, lost, ..Totals::default() });
    }

    /// Day and hour of something. What was still on its way when the day ended is counted in the day that it arrived in, as its key is gone
    /// or going.
    fn place(&mut self, time: Timestamp) -> (Day, Hour) {
        let (day, hour) = self.calendar.place(time);
        if day > self.today.day() {
            self.advance(time);
        }
        if day < self.today.day() { (self.today.day(), 0) } else { (day, hour) }
    }

    fn total(&mut self, site: usize, day: Day, hour: Hour, totals: Totals) {
        if !totals.is_zero() {
            self.cells.total(site, day, hour, totals);
        }
    }

    fn path_row(&mut self, view: &View, day: Day, dimension: Dimension) {
        self.row(view.site, day, dimension, view.path.shared(), Figures { views: 1, ..Figures::default() });
    }

    fn row(&mut self, site: usize, day: Day, dimension: Dimension, word: Arc<str>, figures: Figures) {
        self.cells.row(site, day, Table::of(dimension), RowKey { first: word, second: None }, figures);
    }
}
