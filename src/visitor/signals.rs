//! Preference signals of the browser.

use http::HeaderName;

use crate::fields::{DNT, SEC_GPC};

/// What the browser says about tracking, before anybody asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// `Sec-GPC: 1` (Global Privacy Control; any other value is ignored).
    pub global_privacy_control: bool,
    /// `DNT: 1`.
    pub do_not_track: bool,
}

impl Signals {
    /// Reads the two headers. Of several `Sec-GPC` lines one exact `1` is enough.
    pub fn of(headers: &http::HeaderMap) -> Self {
        let says_one = |name: &HeaderName| headers.get_all(name).iter().any(|value| value.as_bytes() == b"1");
        Self { global_privacy_control: says_one(&SEC_GPC), do_not_track: says_one(&DNT) }
    }

    /// Whether a signal asks not to be measured: it counts as a refusal, without an event in the log.
    pub fn refuse(self) -> bool {
        self.global_privacy_control || self.do_not_track
    }
}
