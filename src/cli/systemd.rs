//! What systemd gives a service and wants to hear of it: listeners that it holds (`sd_listen_fds(3)`), and how the service is (`sd_notify(3)`).
//! Without systemd there is neither.

use std::{io, time::Duration};

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::server::Inherited;

/// The listeners that were handed over. To be called once, before there are threads.
///
/// # Errors
///
/// When something else was handed over than a listening TCP socket.
pub(super) fn listeners() -> io::Result<Inherited> {
    let mut handed = ListenFd::from_env();
    let mut listeners = Vec::new();
    for number in 0..handed.len() {
        let listener = handed.take_tcp_listener(number).map_err(|error| {
            let what = format!("number {number} of what was handed over is no TCP listener ({error}); a socket unit for it has `ListenStream=` with an address and a port alone");
            io::Error::new(io::ErrorKind::InvalidInput, what)
        })?;
        listeners.extend(listener);
    }
    Inherited::new(listeners)
}

/// Tells that visitors are served.
pub(super) fn is_ready() {
    tell(&[NotifyState::Ready]);
}

/// Tells that the configuration is read again; [`is_ready`] follows.
pub(super) fn reloads() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// Tells that no more visitors are taken.
pub(super) fn stops() {
    tell(&[NotifyState::Stopping]);
}

/// Tells that every core answers.
pub(super) fn is_alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How long systemd waits for [`is_alive`] until it takes the service for stuck, if it does.
pub(super) fn patience() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// Where nobody listens there is nobody to tell.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd can't be told how the service is");
    }
}
