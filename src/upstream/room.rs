//! Room for connections to sites: how many there may be at once over all cores and sites, in use or kept for the next request.
//!
//! A client that leaves its answers half read, or sends its body slowly, holds one with every stream. Without a limit a few such clients would
//! take every descriptor, and with them everybody's connections.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};

use super::pool::Pool;
use crate::sockets::{Place, Places, Seldom};

/// How long a request waits for a place, and then for a descriptor: a burst is over in moments, and where it lasts visitors are told soon.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// The room.
pub struct Room {
    places: Places,
    /// Requests that wait for a place.
    waiting: AtomicUsize,
    /// Where connections are kept.
    pools: Mutex<Vec<Weak<Pool>>>,
    said: Seldom,
}

impl Room {
    /// Room for so many, all free.
    pub fn new(most: usize) -> Arc<Self> {
        let (waiting, pools, said) = Default::default();
        Arc::new(Self { places: Places::new(most), waiting, pools, said })
    }

    /// There is room for so many from now on. Nobody loses a connection that is in use.
    pub fn change(&self, most: usize) {
        self.places.change(most);
    }

    /// How many there are.
    pub fn taken(&self) -> usize {
        self.places.taken()
    }

    /// Whether it is time to say again that somebody found none.
    pub fn is_to_be_told(&self) -> bool {
        self.said.is_time()
    }

    /// Whether connections that are not in use are to make room.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// A place, perhaps after a moment.
    pub(super) async fn take(&self) -> Option<Place> {
        match self.places.take_free() {
            Some(place) => Some(place),
            None => Box::pin(self.wait()).await,
        }
    }

    async fn wait(&self) -> Option<Place> {
        let _waiting = Waiting(&self.waiting);
        // Nothing is kept while somebody waits, so the first who does sees to what was.
        if self.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            locked(&self.pools).iter().filter_map(Weak::upgrade).for_each(|pool| pool.give_up());
        }
        timeout(PATIENCE, self.places.take()).await.ok()
    }

    /// From now on connections are kept there too.
    pub(super) fn know(&self, pool: &Arc<Pool>) {
        let mut pools = locked(&self.pools);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Arc::downgrade(pool));
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that has a place for as long as it is open, also when what runs over it is no longer HTTP.
pub(super) struct Placed {
    pub(super) stream: TcpStream,
    pub(super) _place: Place,
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
