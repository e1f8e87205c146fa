//! The open visits of those who accepted `analytical`. They live in memory, and what is written of them are sums.

use std::{collections::HashMap, sync::Arc};

use super::{
    counted::View,
    day::{Day, Hour},
    distinct::VisitorHash,
    table::{CUBES, Dimension, RowKey, Table},
};
use crate::timestamp::Timestamp;

/// A visit is over when nothing was seen for this long, in seconds. It is what Plausible, Matomo and Yandex.Metrica take.
pub(super) const VISIT_ENDS_AFTER: i64 = 30 * 60;

/// Open visits of all sites at once. Each takes some 300 bytes; further ones are counted as views alone, and as lost.
const MOST_VISITS: usize = 200_000;

/// Where nothing is known of how a visit began.
const NOT_KNOWN: &str = "unknown";

/// What a visit is counted under: one word for each dimension that it has.
#[derive(Clone, Debug)]
pub(super) struct Marks(Vec<(Dimension, Arc<str>)>);

impl Marks {
    /// Of the view that a visit begins with.
    pub(super) fn of(view: &View) -> Self {
        let mut marks = marks_of_agent(view);
        marks.push((Dimension::Entry, view.path.shared()));
        match &view.arrival {
            Some(arrival) => {
                marks.push((Dimension::Channel, arrival.source.channel.name().into()));
                marks.push((Dimension::Source, arrival.source.name.clone()));
                marks.extend(arrival.campaign.clone().map(|campaign| (Dimension::Campaign, campaign)));
            }
            // It begins with a page within the site: after a pause, or with the consent to be counted.
            None => {
                marks.push((Dimension::Channel, NOT_KNOWN.into()));
                marks.push((Dimension::Source, NOT_KNOWN.into()));
            }
        }
        Self(marks)
    }

    pub(super) fn of_words(words: Vec<(Dimension, Arc<str>)>) -> Self {
        Self(words)
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &(Dimension, Arc<str>)> {
        self.0.iter()
    }

    fn get(&self, dimension: Dimension) -> Option<&Arc<str>> {
        self.0.iter().find(|(known, _)| *known == dimension).map(|(_, word)| word)
    }

    /// The rows of one dimension.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Table, RowKey)> {
        self.0.iter().map(|(dimension, word)| (Table::of(*dimension), RowKey { first: word.clone(), second: None }))
    }

    /// The rows of the cubes that a visit is counted in: those whose words it has both.
    pub(super) fn cubes(&self) -> impl Iterator<Item = (Table, RowKey)> {
        CUBES.iter().filter_map(|(first, second)| {
            let key = RowKey { first: self.get(*first)?.clone(), second: Some(self.get(*second)?.clone()) };
            Some((Table { first: *first, second: Some(*second) }, key))
        })
    }

    /// The rows of the cubes that a view of this page is counted in.
    pub(super) fn cubes_of_page(&self, path: &Arc<str>) -> impl Iterator<Item = (Table, RowKey)> {
        let path = path.clone();
        CUBES.iter().filter(|(first, _)| *first == Dimension::Page).filter_map(move |(first, second)| {
            let word = self.get(*second)?.clone();
            Some((Table { first: *first, second: Some(*second) }, RowKey { first: path.clone(), second: Some(word) }))
        })
    }
}

/// What every view is counted under, whoever looks.
pub(super) fn marks_of_agent(view: &View) -> Vec<(Dimension, Arc<str>)> {
    let country = view.country.as_ref().map_or(NOT_KNOWN, |country| country.as_str());
    let language = view.language.as_ref().map_or(NOT_KNOWN, |language| language.as_str());
    vec![
        (Dimension::Country, country.into()),
        (Dimension::Language, language.into()),
        (Dimension::Device, view.agent.device.name().into()),
        (Dimension::Browser, view.agent.browser.into()),
        (Dimension::System, view.agent.system.into()),
    ]
}

/// A visit that may go on.
#[derive(Debug)]
pub(super) struct Visit {
    /// The day and hour that it began in, and is counted in to its end.
    pub(super) day: Day,
    pub(super) hour: Hour,
    /// The last view or download.
    pub(super) last: Timestamp,
    /// Views and downloads.
    pub(super) acts: u32,
    /// The last page.
    pub(super) exit: Arc<str>,
    pub(super) marks: Marks,
}

#[derive(Default)]
pub(super) struct Visits(HashMap<(usize, VisitorHash), Visit>);

impl std::fmt::Debug for Visits {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Visits({})", self.0.len())
    }
}

impl Visits {
    /// The open visit of a visitor, if it is not over. One of yesterday's, under yesterday's hash, goes on under today's.
    pub(super) fn open(
        &mut self,
        site: usize,
        visitor: VisitorHash,
        yesterday: Option<VisitorHash>,
        now: Timestamp,
    ) -> Option<&mut Visit> {
        if let Some(yesterday) = yesterday
            && let Some(visit) = self.0.remove(&(site, yesterday))
        {
            self.0.entry((site, visitor)).or_insert(visit);
        }
        let visit = self.0.get_mut(&(site, visitor))?;
        ((now.seconds() - visit.last.seconds()).abs() <= VISIT_ENDS_AFTER).then_some(visit)
    }

    /// A visit begins. `false` when there are too many.
    pub(super) fn begin(&mut self, site: usize, visitor: VisitorHash, visit: Visit) -> bool {
        let key = (site, visitor);
        let fits = self.0.len() < MOST_VISITS || self.0.contains_key(&key);
        if fits {
            self.0.insert(key, visit);
        }
        fits
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&(usize, VisitorHash), &Visit)> {
        self.0.iter()
    }

    /// Forgets visits that are over.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, visit| (now.seconds() - visit.last.seconds()).abs() <= VISIT_ENDS_AFTER);
    }

    /// Visits of a site with something seen since this moment.
    pub(super) fn active(&self, site: usize, since: Timestamp) -> usize {
        self.0.iter().filter(|((of, _), visit)| *of == site && visit.last >= since).count()
    }
}
