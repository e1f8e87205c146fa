//! Access logs of other servers: each line becomes what would have been counted of its request, for the part that a line tells.
//!
//! A line has no language, no fetch headers, no consent and no kind of answer. So robots are known by their name alone, a page by its path
//! having no ending of a file, and what comes from elsewhere by its referrer; nobody's visits are counted.

mod days;
mod line;

use std::{collections::HashMap, sync::Arc};

pub use days::LogDays;
pub use line::LineFault;

use self::line::Line;
use super::{
    Agent, Arrival, ConsentState, Counted, CountedPath, Robot, RobotReason, RobotView, Robots, Traffic, View, ViewKind,
    files::{is_download, is_part},
    source::is_from_within,
};
use crate::{consent::Country, timestamp::Timestamp, visitor::TruncatedAddress};

/// Agents whose families are remembered. A log has some thousands, and looking one up in a list of robots takes long.
const MOST_AGENTS: usize = 10_000;
/// How much of an agent's line is looked at, in bytes.
const LONGEST_AGENT: usize = 1024;

/// What a site's log is read with.
pub struct AccessLog<'a> {
    robots: &'a Robots,
    is_own: &'a dyn Fn(&str) -> bool,
    country: &'a dyn Fn(TruncatedAddress) -> Option<Country>,
    agents: HashMap<Box<str>, Known>,
}

/// What is known of an agent.
#[derive(Clone)]
struct Known {
    agent: Agent,
    robot: Option<(RobotReason, Option<Arc<str>>)>,
}

/// What one line comes to, for the site with the number 0.
#[derive(Debug)]
pub struct LogEntry {
    /// When.
    pub time: Timestamp,
    /// Its request and bytes.
    pub traffic: Traffic,
    /// What is counted of it besides, if anything is.
    pub counted: Option<Counted>,
}

impl std::fmt::Debug for AccessLog<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AccessLog").field("agents", &self.agents.len()).finish_non_exhaustive()
    }
}

impl<'a> AccessLog<'a> {
    /// `is_own` tells whether a host is the site's, `country` where an address is.
    pub fn new(
        robots: &'a Robots,
        is_own: &'a dyn Fn(&str) -> bool,
        country: &'a dyn Fn(TruncatedAddress) -> Option<Country>,
    ) -> Self {
        Self { robots, is_own, country, agents: HashMap::new() }
    }

    /// The moment of a line, if it is one.
    pub fn time(line: &[u8]) -> Option<Timestamp> {
        Line::read(line).ok().map(|line| line.time)
    }

    /// Reads a line, without its end.
    pub fn read(&mut self, line: &[u8]) -> Result<LogEntry, LineFault> {
        let line = Line::read(line)?;
        let time = line.time;
        let traffic = Traffic { site: 0, time, requests: 1, bytes: line.bytes, lost: 0 };
        Ok(LogEntry { time, traffic, counted: self.counted(&line) })
    }

    fn counted(&mut self, line: &Line<'_>) -> Option<Counted> {
        let target = line.target.as_deref()?;
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let kind = kind(line.method, line.status, path)?;
        let Known { agent, robot } = self.known(line.agent.as_deref());
        if let Some((reason, name)) = robot {
            return Some(Counted::Robot(RobotView { site: 0, time: line.time, reason, name }));
        }
        let referrer = line.referrer.as_deref();
        let is_within = is_from_within(referrer, self.is_own);
        Some(Counted::View(Box::new(View {
            site: 0,
            time: line.time,
            kind,
            path: CountedPath::new(path),
            arrival: (!is_within).then(|| Arrival::read(query, referrer, self.is_own)),
            country: line.address.and_then(self.country),
            language: None,
            agent,
            consent: ConsentState::NotAsked,
            visitor: None,
            after_answer: false,
            banner: None,
            waited: 0,
        })))
    }

    fn known(&mut self, line: Option<&str>) -> Known {
        let Some(line) = line.filter(|line| !line.trim().is_empty()) else {
            return Known { agent: Agent::read(None), robot: Some((RobotReason::NoAgent, None)) };
        };
        let line = &line[..line.floor_char_boundary(LONGEST_AGENT)];
        if let Some(known) = self.agents.get(line) {
            return known.clone();
        }
        let robot = self.robots.named(line).map(|Robot { reason, name }| (reason, name.map(Arc::from)));
        let known = Known { agent: Agent::read(Some(line)), robot };
        if self.agents.len() >= MOST_AGENTS {
            self.agents.clear();
        }
        self.agents.insert(line.into(), known.clone());
        known
    }
}

/// What a request was for, as far as method, status and path tell.
fn kind(method: &str, status: u16, path: &str) -> Option<ViewKind> {
    if method != "GET" || !path.starts_with('/') {
        return None;
    }
    let is_page = !is_part(path) && !is_download(path);
    match status {
        200 if is_download(path) => Some(ViewKind::Download),
        // Nothing, or a part of something, is no page.
        204..=206 => None,
        200..=299 | 304 if is_page => Some(ViewKind::Page),
        404 | 410 if is_page => Some(ViewKind::NotFound),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
