//! What goes on for long is said now and then: whoever takes everything shall not fill the log too.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How often it is said.
const SAYS_SO_EVERY: Duration = Duration::from_secs(60);

/// When something was said last.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether it is time to say it, for the first time or again; then it counts as said.
    pub fn is_time(&self) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = said.is_none_or(|said| said.elapsed() >= SAYS_SO_EVERY);
        if is_time {
            *said = Some(Instant::now());
        }
        is_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_said_at_once_and_then_once_a_minute() {
        let seldom = Seldom::default();
        assert!(seldom.is_time() && !seldom.is_time());
        tokio::time::advance(SAYS_SO_EVERY - Duration::from_secs(1)).await;
        assert!(!seldom.is_time());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(seldom.is_time() && !seldom.is_time());
    }
}
