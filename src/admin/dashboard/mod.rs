//! The operator's dashboard: statistics, consent and the state of the gateway on one page.
//!
//! Everything works without a script; one small script brings the live numbers. What is asked stands in the address. Numbers come from
//! [`crate::statistics::report`], their words from `words.rs` and `table_words.rs`.

mod answer;
mod archive;
mod cards;
mod chart;
mod consent;
mod csv;
mod date;
mod json;
mod menu;
mod metric;
mod number;
mod openapi;
mod page;
mod query;
mod reading;
mod share;
mod share_page;
mod shared;
mod sharing;
mod state;
mod table_words;
mod tables;
mod values;
mod words;

pub use self::table_words::{Answered, table as defined_table};
pub use self::words::{Defined, Metric};

pub(super) use self::{
    answer::{answer, asset, is_for_programs, told},
    sharing::{REVOKE, SHARE, SHARED, behind, change, links},
    values::shown,
};

use super::accounts::Role;
use crate::visitor::Language;

/// Where the dashboard is.
pub(super) const PATH: &str = "/statistics";
/// Who may see it.
pub(super) const ROLE: Role = Role::Operator;
/// Reports that are read at the same time.
pub(super) const REPORTS_AT_ONCE: usize = 2;

/// What the dashboard is called.
pub(super) fn title(language: Language) -> &'static str {
    number::say(language, ["Статистика", "Статистика", "Statistics"])
}
