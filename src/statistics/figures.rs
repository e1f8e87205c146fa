//! The numbers that are kept: whole ones, of many views together, never one row for one visit.

use std::ops::AddAssign;

/// Declares a struct of whole numbers that can be added, read and made by the names of its fields.
macro_rules! numbers {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$doc])* pub $field: i64,)* }

        impl $name {
            /// The names of its numbers, which are those of the columns that they are kept in.
            pub const NAMES: [&'static str; [$(stringify!($field)),*].len()] = [$(stringify!($field)),*];

            /// The numbers in the order of their names.
            pub const fn numbers(&self) -> [i64; Self::NAMES.len()] {
                [$(self.$field),*]
            }

            /// Takes numbers in the order of their names.
            pub const fn of_numbers(numbers: [i64; Self::NAMES.len()]) -> Self {
                let [$($field),*] = numbers;
                Self { $($field),* }
            }

            /// Whether there is nothing.
            pub fn is_zero(&self) -> bool {
                *self == Self::default()
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)*
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
                all.fold(Self::default(), |mut sum, one| { sum += one; sum })
            }
        }
    };
}

numbers! {
    /// What one hour of a site adds up to. The words are defined in `config/statistics.md`.
    Totals {
        /// Requests of everything by everybody, robots included.
        requests,
        /// Bytes of bodies sent for them.
        bytes,
        /// Pageviews of people.
        views,
        /// Pageviews that came from elsewhere.
        entries,
        /// Pages asked for that are not there.
        not_found,
        /// Files taken.
        downloads,
        /// Pageviews that waited for the site longer than a second.
        slow,
        /// Milliseconds that pageviews waited for the head of the site's answer, all together.
        waited,
        /// Pages and files asked for by robots.
        robots,
        /// Visits of those who accepted `analytical`.
        visits,
        /// Visits of one pageview.
        bounces,
        /// Seconds of visits, from their first view to their last.
        seconds,
        /// Visitor-days of those who accepted `analytical`.
        visitors,
        /// Pageviews of visitors who accepted `analytical`.
        accepted_views,
        /// Pageviews of visitors who answered otherwise.
        refused_views,
        /// Pageviews of browsers that send a signal.
        signalled_views,
        /// Pageviews of visitors who did not answer yet.
        unanswered_views,
        /// Entries whose page showed the banner.
        shown,
        /// Answers: all that was offered.
        accepted,
        /// Answers: some of it.
        partly,
        /// Answers: nothing.
        refused,
        /// Choices of less than before.
        withdrawn,
        /// What was to be counted and was not: the queue or a table was full.
        lost,
    }
}

numbers! {
    /// What one row of a table adds up to on one day.
    Figures {
        /// Pageviews, or what else the table counts.
        views,
        /// Those that came from elsewhere.
        entries,
        /// Visits of those who accepted `analytical`.
        visits,
        /// Visitor-days of those who accepted `analytical`.
        visitors,
        /// Visits of one pageview.
        bounces,
        /// Seconds of visits, from their first view to their last.
        seconds,
    }
}

numbers! {
    /// How one banner was answered on one day.
    Answers {
        /// Entries whose page showed it.
        shown,
        /// All that was offered.
        accepted,
        /// Some of it.
        partly,
        /// Nothing.
        refused,
        /// Less than before.
        withdrawn,
    }
}

impl Answers {
    /// Banners that were shown and not answered: never less than none, since some answer on a later page.
    pub fn ignored(&self) -> i64 {
        (self.shown - self.accepted - self.partly - self.refused).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_added_and_keep_their_order() {
        let one = Figures { views: 1, seconds: 5, ..Figures::default() };
        let sum: Figures = [one, one].into_iter().sum();
        assert_eq!((sum.views, sum.seconds, sum.is_zero()), (2, 10, false));
        assert_eq!(Figures::of_numbers(sum.numbers()), sum);
        assert_eq!((Figures::NAMES[0], Figures::NAMES[5]), ("views", "seconds"));
    }

    #[test]
    fn what_is_ignored_is_never_less_than_nothing() {
        let check = |shown, accepted, expected| {
            let answers = Answers { shown, accepted, partly: 1, refused: 1, withdrawn: 9 };
            assert_eq!(answers.ignored(), expected);
        };
        check(10, 3, 5);
        check(2, 3, 0);
    }
}
