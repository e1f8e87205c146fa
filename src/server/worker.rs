//! One core: its listeners, its connections, its way to the end.

use std::{fmt::Display, io, net::TcpListener, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{runtime::Runtime, sync::watch};

use super::{
    connection::{Shared, serve},
    drain::Drain,
};
use crate::{
    sockets::{Places, Seldom, descriptors},
    visitor::Scheme,
};

/// How long the stop waits for what works beside the runtime.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// What a core is given.
pub(super) struct Worker {
    pub(super) current: Arc<ArcSwap<Shared>>,
    pub(super) listeners: Vec<(TcpListener, Scheme)>,
    pub(super) limit: Arc<Places>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Worker {
    /// Runs until `stop` says so, then lets connections finish, for at most `drain_timeout`. Whatever is left then is dropped.
    pub(super) fn run(self, runtime: Runtime) -> io::Result<()> {
        let served = runtime.block_on(async move {
            let (drain, drained) = Drain::new(self.stop);
            let mut accepting = tokio::task::JoinSet::new();
            for (listener, scheme) in self.listeners {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                accepting.spawn(accept(listener, scheme, self.current.clone(), self.limit.clone(), drain.clone()));
            }
            drain.requested().await;
            accepting.shutdown().await;
            drop(drain);
            _ = tokio::time::timeout(self.current.load().drain_timeout, drained.all()).await;
            Ok(())
        });
        // What still reads for somebody, such as an export, must not hold up the stop.
        runtime.shutdown_timeout(STOP_PATIENCE);
        served
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    scheme: Scheme,
    current: Arc<ArcSwap<Shared>>,
    limit: Arc<Places>,
    drain: Drain,
) {
    let seldom = Seldom::default();
    let say = |error: &dyn Display| {
        if seldom.is_time() {
            tracing::warn!(%error, "can't accept connections; trying again");
        }
    };
    loop {
        match listener.accept().await {
            Ok((mut stream, peer)) => {
                // One connection for each listener waits here, accepted and unread: for the descriptors that are open to visitors …
                if descriptors::is_kept_back(&stream) {
                    say(&"the descriptors that are left are kept back for the administration and the log");
                    let Ok(moved) = descriptors::not_kept_back(stream).await else { continue };
                    stream = moved;
                }
                // … and for a place. Only now: a listener that held one while nobody comes would keep it from the others.
                let place = limit.take().await;
                tokio::spawn(serve(current.clone(), stream, peer, scheme, place, drain.clone()));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                say(&error);
                // The connections that are open must end first.
                tokio::time::sleep(descriptors::PAUSE).await;
            }
        }
    }
}

/// Errors of a connection that was gone before it was accepted (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
