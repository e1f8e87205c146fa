//! Unused connections of one upstream on one core.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{connection::Connection, room::Room};

/// Connections that wait for their next request. The one used last is used first, so that the others can grow old and be closed.
pub(super) struct Pool {
    idle: Mutex<VecDeque<Idle>>,
    most: usize,
    longest: Duration,
    room: Arc<Room>,
    attention: Arc<Attention>,
    /// `attention`, as futures know it.
    waker: Waker,
    has_caretaker: AtomicBool,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// Wakes the caretaker when something happens to an unused connection: the site closes it, as a rule.
#[derive(Default)]
struct Attention(Notify);

impl Wake for Attention {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify_one();
    }
}

impl Pool {
    pub(super) fn new(most: usize, longest: Duration, room: Arc<Room>) -> Arc<Self> {
        let attention = Arc::new(Attention::default());
        let waker = Waker::from(attention.clone());
        let pool = Arc::new(Self {
            idle: Mutex::default(),
            most,
            longest,
            room,
            attention,
            waker,
            has_caretaker: AtomicBool::new(false),
        });
        pool.room.know(&pool);
        pool
    }

    /// A connection that is open as far as we know.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.idle();
        let Idle { connection, since } = idle.pop_back()?;
        if since.elapsed() < self.longest {
            return Some(connection);
        }
        // The others are older still.
        idle.clear();
        None
    }

    fn put(self: &Arc<Self>, connection: Connection) {
        connection.is_watched_by(&self.waker);
        let mut idle = self.idle();
        // Looked at under the lock: who begins to wait takes what was kept before, and after that nothing is.
        if idle.len() < self.most && !self.room.is_wanted() {
            idle.push_back(Idle { connection, since: Instant::now() });
        }
        drop(idle);
        if !self.has_caretaker.swap(true, Ordering::Relaxed) {
            tokio::spawn(care(Arc::downgrade(self), self.attention.clone(), self.longest));
        }
    }

    /// Closes all of them, from whichever core.
    pub(super) fn give_up(&self) {
        let idle = std::mem::take(&mut *self.idle());
        drop(idle);
    }

    /// Closes what is old and what the site has closed.
    fn clear(&self) {
        let mut context = Context::from_waker(&self.waker);
        self.idle().retain_mut(|Idle { connection, since }| {
            since.elapsed() < self.longest && !matches!(connection.settle(&mut context), Poll::Ready(Err(_)))
        });
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        // The lock belongs to one core, but for the rare moment in which there is no room left, and is held for a few instructions.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after unused connections until their pool is gone.
async fn care(pool: Weak<Pool>, attention: Arc<Attention>, longest: Duration) {
    let _leaves = Leaving(pool.clone());
    loop {
        _ = tokio::time::timeout(longest, attention.0.notified()).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.clear();
    }
}

/// A caretaker that is gone, also by a panic of what it polled, makes room for another.
struct Leaving(Weak<Pool>);

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.has_caretaker.store(false, Ordering::Relaxed);
        }
    }
}

/// A connection in use.
pub(super) struct Lease {
    pub(super) pool: Arc<Pool>,
    pub(super) connection: Connection,
}

impl Lease {
    /// Gives the connection back once it is ready for another request: when it has seen the end of this answer.
    pub(super) fn give_back(mut self, context: &mut Context<'_>) {
        match self.connection.settle(context) {
            Poll::Ready(Ok(())) => self.pool.put(self.connection),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                tokio::spawn(async move {
                    if std::future::poll_fn(|context| self.connection.settle(context)).await.is_ok() {
                        self.pool.put(self.connection);
                    }
                });
            }
        }
    }
}
