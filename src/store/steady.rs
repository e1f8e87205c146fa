//! Whether a clock is one to delete by: a machine that starts with a clock that is years ahead would take every record for one past its term.
//!
//! The log itself says: a clock by which it was signed a week ago has gone for a week. After any jump, and after a long rest, deletion waits
//! for that week, in which somebody can see what the log of the program says of it.

use super::{Reader, StoreError, checkpoints};
use crate::timestamp::Timestamp;

/// How long a clock must have gone, in milliseconds: a week.
const GOES_FOR: i64 = 7 * 24 * 60 * 60 * 1000;
/// How much longer ago the log may have been signed at the latest, in milliseconds: a month, since sites are quiet at times.
const QUIET_FOR: i64 = 31 * 24 * 60 * 60 * 1000;

impl Reader {
    /// Whether what is past its term by this clock may be deleted. In a log that is younger there is nothing of the kind.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn is_steady(&self, now: Timestamp) -> Result<bool, StoreError> {
        let before = |milliseconds| Timestamp::from_milliseconds(now.milliseconds().saturating_sub(milliseconds));
        let period = (before(GOES_FOR + QUIET_FOR), before(GOES_FOR));
        let (signed_then, signed_before) = checkpoints::around(&self.connection, period).map_err(self.failed())?;
        Ok(signed_then || !signed_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        store::{Settings, Store},
    };

    #[test]
    fn a_clock_is_deleted_by_when_the_log_was_signed_by_it_a_week_ago() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let settings = Settings { state_dir: folder.path().join("state"), host: "shop.example".into() };
        let signed_at = |moment: &str| drop(Store::open(&settings, Clock::standing_at(at(moment))).unwrap());
        let is_steady = |moment: &str| Reader::open(&settings.state_dir).unwrap().is_steady(at(moment)).unwrap();
        signed_at("2026-11-22T12:00:00Z");
        for (now, expected) in [
            ("2026-11-22T12:00:01Z", true),
            ("2026-11-29T11:59:59Z", true),
            ("2026-11-29T12:00:00Z", true),
            ("2026-12-30T12:00:00Z", true),
            ("2026-12-30T12:00:01Z", false),
            ("2056-11-22T12:00:00Z", false),
            ("1970-01-01T00:00:00Z", true),
        ] {
            assert_eq!(is_steady(now), expected, "{now}");
        }
    }
}
