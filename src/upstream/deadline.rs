//! A time limit that is set anew for every request, at the cost of a comparison.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::time::{Instant, Sleep};

/// A clock that is set rarely: a limit that has moved on is noticed when the old one has passed. To set it for each request would mean two
/// changes of the runtime's timers for each.
#[derive(Default)]
pub(super) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Ready when `at` has passed; else the task is woken then, or earlier.
    pub(super) fn poll_passed(&mut self, context: &mut Context<'_>, at: Instant) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        loop {
            ready!(timer.as_mut().poll(context));
            if timer.deadline() >= at {
                return Poll::Ready(());
            }
            timer.as_mut().reset(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, time::Duration};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_limit_is_kept_whether_it_moves_on_or_back() {
        let begun = Instant::now();
        let mut deadline = Deadline::default();
        let waits = futures_util::task::noop_waker();
        let mut nobody = Context::from_waker(&waits);
        let at = |seconds| begun + Duration::from_secs(seconds);
        // Looked at for a request that was answered in time, and then for others.
        assert!(deadline.poll_passed(&mut nobody, at(10)).is_pending());
        poll_fn(|context| deadline.poll_passed(context, at(30))).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(30));
        assert!(deadline.poll_passed(&mut nobody, at(90)).is_pending());
        poll_fn(|context| deadline.poll_passed(context, at(40))).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(40));
    }
}
