//! What waits for the writer: grants with somebody waiting for the answer, refusals with nobody waiting, and tasks.
//!
//! Every queue is bounded. A grant is answered within [`LONGEST_WAIT`] even when the disk hangs: the watch answers in the writer's
//! place. When the writer is gone, everything is answered at once.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{AppendError, Appended, prepared::Prepared};
use crate::{consent::ConsentId, timestamp::Timestamp};

/// How many grants may wait: about a tenth of a second's work, so that more means that the disk does not keep up.
pub(super) const MOST_GRANTS: usize = 1024;

/// How many refusals and withdrawals may wait for a disk that refuses: about 16 MB of memory, days of a small site.
pub(super) const MOST_LATER: usize = 16_384;

/// How many tasks (notices, erasures) may wait; they come from the operator.
pub(super) const MOST_TASKS: usize = 256;

/// How many events one transaction writes of each queue: beyond a few hundred, a larger group is hardly faster.
const GROUP: usize = 256;

/// How long an append waits for the disk at most.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// After how long the writer tries again what the disk refused.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How often a loss is reported, in milliseconds: a minute, since a full disk loses many at once.
const LOSS_REPORT_EVERY: i64 = 60_000;

/// Something that the writer does for somebody else, with its own way to answer.
pub(super) type Task = Box<dyn FnOnce(&mut super::writer::Writer) + Send>;

/// An event and whoever waits for it.
pub(super) struct Grant {
    pub(super) event: Prepared,
    pub(super) since: Instant,
    pub(super) answer: Answer,
}

type Answer = oneshot::Sender<Result<Appended, AppendError>>;

/// One round of work.
#[derive(Default)]
pub(super) struct Work {
    /// Refusals, oldest first; they stay in the queue until [`Inbox::written`].
    pub(super) later: Vec<Arc<Prepared>>,
    /// Grants; their answers wait in the inbox.
    pub(super) grants: Vec<Prepared>,
    pub(super) tasks: Vec<Task>,
    /// Nobody will send anything more.
    pub(super) closing: bool,
}

pub(super) struct Inbox {
    state: Mutex<State>,
    /// Wakes the writer.
    arrived: Condvar,
    /// Wakes the watch.
    outstanding: Condvar,
    longest_wait: Duration,
    /// The disk refused what was tried last, or does not answer.
    failing: AtomicBool,
}

#[derive(Default)]
struct State {
    later: VecDeque<Arc<Prepared>>,
    grants: VecDeque<Grant>,
    tasks: VecDeque<Task>,
    /// Answers owed for the grants that are being written, in their order; the watch takes out what has waited too long.
    in_flight: Vec<Option<(Instant, Answer)>>,
    /// A refusal came that was not tried yet.
    later_is_new: bool,
    lost: u64,
    loss_reported: Option<Timestamp>,
    closing: bool,
    writer_gone: bool,
    /// The watch waits for the first grant, and not for a time.
    watch_rests: bool,
}

impl Inbox {
    pub(super) fn new(longest_wait: Duration) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            outstanding: Condvar::new(),
            longest_wait,
            failing: AtomicBool::new(false),
        }
    }

    pub(super) fn push_grant(&self, event: Prepared, answer: Answer) -> Result<(), AppendError> {
        let mut state = self.lock();
        if state.writer_gone {
            return Err(AppendError::stopped());
        }
        if state.grants.len() >= MOST_GRANTS {
            return Err(AppendError::Full);
        }
        state.grants.push_back(Grant { event, since: Instant::now(), answer });
        let watch_rests = std::mem::take(&mut state.watch_rests);
        drop(state);
        self.arrived.notify_one();
        if watch_rests {
            self.outstanding.notify_one();
        }
        Ok(())
    }

    /// Never refuses and never drops what waits already: beyond the bound the newest is counted as lost.
    pub(super) fn push_later(&self, event: Prepared, now: Timestamp) {
        let mut state = self.lock();
        if state.later.len() < MOST_LATER {
            state.later.push_back(Arc::new(event));
            state.later_is_new = true;
            self.arrived.notify_one();
            return;
        }
        state.lost += 1;
        let elapsed = |last: Timestamp| now.milliseconds().saturating_sub(last.milliseconds());
        let due = |last: Timestamp| !(0..LOSS_REPORT_EVERY).contains(&elapsed(last));
        if state.loss_reported.is_none_or(due) {
            state.loss_reported = Some(now);
            let lost = state.lost;
            drop(state);
            tracing::warn!(
                lost,
                "refusals are in force but their proof is lost: the queue for the consent log is full"
            );
        }
    }

    pub(super) fn push_task(&self, task: Task) -> Result<(), AppendError> {
        let mut state = self.lock();
        if state.writer_gone {
            return Err(AppendError::stopped());
        }
        if state.tasks.len() >= MOST_TASKS {
            return Err(AppendError::Full);
        }
        state.tasks.push_back(task);
        self.arrived.notify_one();
        Ok(())
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().later.len()
    }

    /// Looks at each refusal that waits: [`MOST_LATER`] comparisons of two fields at most.
    pub(super) fn holds_of(&self, id: ConsentId, site: &str) -> bool {
        self.lock().later.iter().any(|event| event.consent_id == id && *event.site == *site)
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lock().lost
    }

    #[cfg(test)]
    pub(super) fn grants_waiting(&self) -> usize {
        self.lock().grants.len()
    }

    /// Waits for work. Where something is owed from before, it returns after [`RETRY_AFTER`] at the latest.
    pub(super) fn take(&self, owed: bool) -> Work {
        let mut state = self.lock();
        while state.grants.is_empty() && state.tasks.is_empty() && !state.later_is_new && !state.closing {
            if !owed && state.later.is_empty() {
                state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (woken, timeout) =
                self.arrived.wait_timeout(state, RETRY_AFTER).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() {
                break;
            }
        }
        state.later_is_new = false;
        let mut work = Work { closing: state.closing, ..Work::default() };
        // A grant is never written before a refusal that came earlier: that one would end it. So where a grant waits, all of them go.
        let later = if state.grants.is_empty() { GROUP } else { MOST_LATER };
        work.later.extend(state.later.iter().take(later).cloned());
        while work.grants.len() < GROUP
            && let Some(grant) = state.grants.pop_front()
        {
            // Somebody who went away gets no cookie, so there is nothing to prove.
            if !grant.answer.is_closed() {
                work.grants.push(grant.event);
                state.in_flight.push(Some((grant.since, grant.answer)));
            }
        }
        work.tasks.extend(state.tasks.drain(..));
        work
    }

    /// The oldest refusals are written.
    pub(super) fn written(&self, count: usize) {
        let mut state = self.lock();
        state.later.drain(..count);
        state.later_is_new |= count > 0 && !state.later.is_empty();
    }

    /// Drops what waits of a person whose records are being erased.
    pub(super) fn forget(&self, id: ConsentId) {
        self.lock().later.retain(|event| event.consent_id != id);
    }

    /// Answers the grants of the round, in their order.
    pub(super) fn answer(&self, outcomes: impl Iterator<Item = Result<Appended, AppendError>>) {
        let in_flight = std::mem::take(&mut self.lock().in_flight);
        for (waiting, outcome) in in_flight.into_iter().zip(outcomes) {
            if let Some((_, answer)) = waiting {
                let _ = answer.send(outcome);
            }
        }
    }

    /// Lets writer and watch end when the work is done.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.arrived.notify_one();
    }

    /// The writer's last word, also when it panics: whoever waits is answered by the loss of the channel.
    pub(super) fn writer_is_gone(&self) {
        let mut state = self.lock();
        state.writer_gone = true;
        self.set_failing(true);
        let abandoned =
            (std::mem::take(&mut state.grants), std::mem::take(&mut state.in_flight), std::mem::take(&mut state.tasks));
        drop(state);
        drop(abandoned);
        self.outstanding.notify_one();
    }

    /// Answers whoever has waited too long, until the writer is gone.
    pub(super) fn watch(&self) {
        let mut state = self.lock();
        let pause = self.longest_wait / 8;
        while !state.writer_gone {
            // Between two grants it goes on waiting for a time: waking it for each would cost more than the grant.
            let (woken, timeout) = self.outstanding.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.grants.is_empty() && state.in_flight.iter().all(Option::is_none) {
                state.watch_rests = true;
                while state.watch_rests && !state.writer_gone {
                    state = self.outstanding.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                continue;
            }
            // One pause early, so that the bound holds although it is looked at only now and then.
            for answer in state.expired(self.longest_wait - pause) {
                self.set_failing(true);
                let _ = answer.send(Err(AppendError::Unwritable("the disk does not answer".into())));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn expired(&mut self, age: Duration) -> Vec<Answer> {
        let late = |since: &Instant| since.elapsed() >= age;
        let mut answers: Vec<_> = self
            .in_flight
            .iter_mut()
            .filter_map(|waiting| Some(waiting.take_if(|(since, _)| late(since))?.1))
            .collect();
        while let Some(grant) = self.grants.pop_front_if(|grant| late(&grant.since)) {
            answers.push(grant.answer);
        }
        answers
    }
}
