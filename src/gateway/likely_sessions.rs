//! Says once a day that a cookie was refused which is probably the login of the site.

use std::sync::Mutex;

use super::site::Site;
use crate::{cookies::RefusedCookies, timestamp::Timestamp};

/// Names reported in one day; a site that makes up more names than this makes up session names too.
const MOST_NAMES_A_DAY: usize = 100;

/// The names reported today, by site.
#[derive(Default)]
pub(super) struct LikelySessions(Mutex<(i64, Vec<(usize, String)>)>);

impl LikelySessions {
    pub(super) fn report(&self, site: &Site, refused: &RefusedCookies, now: Timestamp) {
        if refused.is_empty() {
            return;
        }
        let day = now.seconds() / 86_400;
        let mut reported = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if reported.0 != day {
            *reported = (day, Vec::new());
        }
        for name in refused.names() {
            let known = reported.1.iter().any(|(number, known)| *number == site.number && known == name);
            if !known && reported.1.len() < MOST_NAMES_A_DAY {
                reported.1.push((site.number, name.to_owned()));
                tracing::warn!(
                    site = &*site.name,
                    cookie = name,
                    "refused an unknown HttpOnly session cookie of the site: if visitors can't log in, add it as [[site.cookie]]"
                );
            }
        }
    }
}
