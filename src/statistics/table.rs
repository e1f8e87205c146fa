//! The tables that are kept for each day: those of one dimension, and the few of two.

use std::sync::Arc;

/// What a table has a row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The path of a page.
    Page,
    /// The first page of a visit, or a page that a view from elsewhere came to.
    Entry,
    /// The last page of a visit.
    Exit,
    /// The channel of an entry.
    Channel,
    /// The source of an entry.
    Source,
    /// The campaign that the link of an entry names.
    Campaign,
    /// The country.
    Country,
    /// The browser's first language.
    Language,
    /// The kind of device.
    Device,
    /// The family of browser.
    Browser,
    /// The family of system.
    System,
    /// A path that is not there.
    NotFound,
    /// A file that was taken.
    Download,
    /// A page whose site let somebody wait for more than a second.
    SlowPage,
    /// A robot's name.
    Robot,
    /// Why something is taken for a robot.
    RobotReason,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 16] = [
        Self::Page,
        Self::Entry,
        Self::Exit,
        Self::Channel,
        Self::Source,
        Self::Campaign,
        Self::Country,
        Self::Language,
        Self::Device,
        Self::Browser,
        Self::System,
        Self::NotFound,
        Self::Download,
        Self::SlowPage,
        Self::Robot,
        Self::RobotReason,
    ];

    /// The word used in addresses, exports and the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Channel => "channel",
            Self::Source => "source",
            Self::Campaign => "campaign",
            Self::Country => "country",
            Self::Language => "language",
            Self::Device => "device",
            Self::Browser => "browser",
            Self::System => "system",
            Self::NotFound => "not_found",
            Self::Download => "download",
            Self::SlowPage => "slow_page",
            Self::Robot => "robot",
            Self::RobotReason => "robot_reason",
        }
    }

    /// Reads the word.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.name() == name)
    }

    /// Whether a row may single a person out: it says where somebody is, comes from, or with what. Rows of paths are about the site, and
    /// robots are no persons.
    pub const fn is_of_persons(self) -> bool {
        matches!(
            self,
            Self::Channel
                | Self::Source
                | Self::Campaign
                | Self::Country
                | Self::Language
                | Self::Device
                | Self::Browser
                | Self::System
        )
    }

    /// How many rows a table keeps of one day when the day is over; the rest is one row.
    pub const fn most_rows(self) -> usize {
        match self {
            Self::Page | Self::Entry | Self::Exit => 5_000,
            Self::NotFound | Self::Download | Self::SlowPage => 500,
            Self::Source | Self::Campaign => 500,
            Self::Country | Self::Language => 300,
            Self::Robot => 200,
            Self::Channel | Self::Device | Self::Browser | Self::System | Self::RobotReason => 50,
        }
    }
}

/// A table: of one dimension, or of two where there is a cube.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    /// The first dimension.
    pub first: Dimension,
    /// The second one of a cube.
    pub second: Option<Dimension>,
}

/// The cubes. They hold views and visits of those alone who accepted `analytical`: what everybody does is never told of two things at once.
pub const CUBES: [(Dimension, Dimension); 18] = [
    (Dimension::Page, Dimension::Source),
    (Dimension::Page, Dimension::Country),
    (Dimension::Page, Dimension::Device),
    (Dimension::Page, Dimension::Language),
    (Dimension::Entry, Dimension::Source),
    (Dimension::Entry, Dimension::Country),
    (Dimension::Entry, Dimension::Device),
    (Dimension::Entry, Dimension::Language),
    (Dimension::Entry, Dimension::Campaign),
    (Dimension::Source, Dimension::Country),
    (Dimension::Source, Dimension::Device),
    (Dimension::Source, Dimension::Language),
    (Dimension::Source, Dimension::Campaign),
    (Dimension::Country, Dimension::Device),
    (Dimension::Country, Dimension::Language),
    (Dimension::Country, Dimension::Campaign),
    (Dimension::Device, Dimension::Browser),
    (Dimension::Device, Dimension::System),
];

/// Rows that a cube keeps of one day.
const MOST_ROWS_OF_CUBE: usize = 2_000;

impl Table {
    /// The table of one dimension.
    pub const fn of(dimension: Dimension) -> Self {
        Self { first: dimension, second: None }
    }

    /// The cube of two dimensions, whichever way round they are named, if there is one.
    pub fn cube(one: Dimension, other: Dimension) -> Option<Self> {
        let found =
            CUBES.iter().find(|(first, second)| (*first, *second) == (one, other) || (*first, *second) == (other, one));
        found.map(|(first, second)| Self { first: *first, second: Some(*second) })
    }

    /// Every table.
    pub fn all() -> impl Iterator<Item = Self> {
        let cubes = CUBES.iter().map(|(first, second)| Self { first: *first, second: Some(*second) });
        Dimension::ALL.into_iter().map(Self::of).chain(cubes)
    }

    /// The name under which it is kept: `source`, or `source/country` for a cube.
    pub fn name(self) -> String {
        match self.second {
            None => self.first.name().to_owned(),
            Some(second) => format!("{}/{}", self.first.name(), second.name()),
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        match name.split_once('/') {
            None => Dimension::parse(name).map(Self::of),
            Some((first, second)) => {
                let table = Self { first: Dimension::parse(first)?, second: Some(Dimension::parse(second)?) };
                Self::all().find(|known| *known == table)
            }
        }
    }

    /// How many rows are kept of one day when it is over.
    pub const fn most_rows(self) -> usize {
        match self.second {
            None => self.first.most_rows(),
            Some(_) => MOST_ROWS_OF_CUBE,
        }
    }

    /// How many rows a day may have while it lasts: a stranger may invent paths and sources, and memory has an end. What comes later is
    /// counted in the row for the rest.
    pub const fn most_rows_of_running_day(self) -> usize {
        2 * self.most_rows()
    }
}

/// A row's key: a path, a name, a code; in a cube two of them. The row for the rest has the empty word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// Of the first dimension.
    pub first: Arc<str>,
    /// Of the second one of a cube.
    pub second: Option<Arc<str>>,
}

impl RowKey {
    /// The row for all that has none of its own.
    pub fn rest(table: Table) -> Self {
        Self { first: "".into(), second: table.second.map(|_| "".into()) }
    }

    /// Whether it is that row.
    pub fn is_rest(&self) -> bool {
        self.first.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_by_their_names() {
        for table in Table::all() {
            assert_eq!(Table::parse(&table.name()), Some(table));
        }
        assert_eq!(Table::cube(Dimension::Country, Dimension::Source), Table::parse("source/country"));
        assert_eq!(Table::cube(Dimension::Robot, Dimension::Country), None);
        assert_eq!((Table::parse("robot/country"), Table::parse("petr")), (None, None));
    }
}
