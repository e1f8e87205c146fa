//! Time and randomness from outside. Everything else takes a [`Clock`] or values, so that expiry, retention and erasure are
//! tested without waiting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::SystemTime,
};

use crate::timestamp::Timestamp;

/// Where the present moment comes from.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is set; its clones show the same time.
    pub fn standing_at(moment: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(moment.milliseconds()))))
    }

    /// Moves a clock made by [`Clock::standing_at`]; the machine's clock is left alone.
    pub fn set(&self, moment: Timestamp) {
        if let Some(milliseconds) = &self.0 {
            milliseconds.store(moment.milliseconds(), Ordering::Relaxed);
        }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(milliseconds) => Timestamp::from_milliseconds(milliseconds.load(Ordering::Relaxed)),
            None => {
                #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
                let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                // Before 1970 the clock is plainly wrong; the epoch then makes every record look young, never expired early,
                // and every new grant is dated so that an auditor sees the fault.
                Timestamp::from_milliseconds(since_epoch.map_or(0, |duration| duration.as_millis() as i64))
            }
        }
    }
}

/// Fills an array from the operating system's cryptographic random source.
///
/// # Panics
///
/// When the operating system has no randomness to give: nothing that follows would be safe.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}
