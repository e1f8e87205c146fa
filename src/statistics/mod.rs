//! What is counted of a site's visits, and how nobody is found in it.
//!
//! Two tiers. Of everybody there are totals and tables of one dimension: nothing in them links one view with another. Of those who accepted
//! `analytical` there are also visits and visitor-days, through a keyed hash whose key lives in memory for a day. What is kept is sums of
//! whole numbers, never a row for one visit.
//!
//! Pure rules: views, their times and random bytes go in; numbers to add come out.

mod access_log;
mod agent;
mod cells;
mod counted;
mod counting;
mod day;
mod day_key;
mod distinct;
mod figures;
mod files;
mod hand_over;
mod known_sources;
mod live;
mod path;
pub mod report;
mod robots;
mod settings;
mod source;
mod table;
mod visits;

#[cfg(test)]
mod tests;

pub use access_log::{AccessLog, LineFault, LogDays, LogEntry};
pub use agent::{Agent, Device};
pub use cells::Changes;
pub use counted::{Answer, AnswerKind, Banner, ConsentState, Counted, LanguageTag, RobotView, Traffic, View, ViewKind};
pub use counting::{Counting, RELOAD_WITHIN, SLOW};
pub use day::{Calendar, Day, Hour};
pub use day_key::ErasedKey;
pub use figures::{Answers, Figures, Totals};
pub use files::is_download;
pub use live::{Live, LiveSite};
pub use path::CountedPath;
pub use robots::{ListFault, Robot, RobotReason, Robots};
pub use settings::Settings;
pub use source::{Arrival, Channel, Source};
pub use table::{CUBES, Dimension, RowKey, Table};
