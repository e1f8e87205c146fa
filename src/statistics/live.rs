//! The last half hour, minute by minute. It is in memory alone.

use crate::timestamp::Timestamp;

/// Minutes shown.
pub(super) const MINUTES: usize = 30;
/// Who was seen within this many seconds is there now.
const NOW: i64 = 5 * 60;

/// Views of the last half hour, for each site.
#[derive(Clone, Debug, Default)]
pub struct Live {
    sites: Vec<LiveSite>,
    /// The minute that the last number of each site stands for, since the epoch.
    minute: i64,
}

/// One site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSite {
    /// Pageviews by minute; the last one is the minute that runs.
    pub views: [u32; MINUTES],
    /// Visits of those who accepted `analytical` with something seen in the last five minutes.
    pub visits: usize,
}

impl LiveSite {
    /// Pageviews of the last five minutes.
    pub fn views_now(&self) -> u32 {
        self.views.iter().rev().take(5).sum()
    }
}

impl Live {
    pub(super) fn new(sites: usize) -> Self {
        Self { sites: vec![LiveSite::default(); sites], minute: 0 }
    }

    pub(super) fn know(&mut self, sites: usize) {
        self.sites.resize_with(sites.max(self.sites.len()), LiveSite::default);
    }

    /// One site, by its number.
    pub fn site(&self, number: usize) -> LiveSite {
        self.sites.get(number).cloned().unwrap_or_default()
    }

    pub(super) fn view(&mut self, site: usize, time: Timestamp) {
        self.advance(time);
        if let Some(site) = self.sites.get_mut(site) {
            site.views[MINUTES - 1] += 1;
        }
    }

    pub(super) fn advance(&mut self, now: Timestamp) {
        let minute = now.seconds() / 60;
        // A clock that was set back by all of it shows nothing more of the time that never was.
        let passed = usize::try_from(minute - self.minute).unwrap_or_default().min(MINUTES);
        let passed = if self.minute - minute > MINUTES as i64 { MINUTES } else { passed };
        if passed == 0 {
            return;
        }
        for site in &mut self.sites {
            site.views.rotate_left(passed % MINUTES);
            site.views[MINUTES - passed..].fill(0);
        }
        self.minute = minute;
    }

    pub(super) fn with_visits(mut self, active: impl Fn(usize, Timestamp) -> usize, now: Timestamp) -> Self {
        self.advance(now);
        let since = Timestamp::from_seconds(now.seconds() - NOW);
        for (number, site) in self.sites.iter_mut().enumerate() {
            site.visits = active(number, since);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_move_out_after_half_an_hour() {
        let at = |seconds: i64| Timestamp::from_seconds(1_000_000 * 60 + seconds);
        let mut live = Live::new(2);
        live.view(0, at(0));
        live.view(0, at(59));
        live.view(0, at(60));
        live.view(1, at(61));
        assert_eq!(live.site(0).views[MINUTES - 2..], [2, 1]);
        live.advance(at(5 * 60));
        assert_eq!((live.site(0).views_now(), live.site(1).views_now()), (1, 1));
        live.advance(at(29 * 60 + 59));
        assert_eq!(live.site(0).views.iter().sum::<u32>(), 3);
        live.advance(at(60 * 60));
        assert_eq!(live.site(0), LiveSite::default());
        assert_eq!(live.site(7), LiveSite::default());
        live.view(0, at(30 * 365 * 86_400));
        live.advance(at(60 * 60));
        assert_eq!(live.site(0), LiveSite::default(), "the clock was ahead");
        live.view(0, at(60 * 60));
        assert_eq!(live.site(0).views_now(), 1);
    }
}
