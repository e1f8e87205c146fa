//! `kelisim run`: in front of the sites until SIGTERM or SIGINT; SIGHUP reads the configuration again, and what it names, and opens the access
//! log again.

use std::{error::Error, io, path::Path};

use tokio::signal::unix::{SignalKind, signal};

use super::{configuration, descriptors, hand_over, running::Running, systemd};
use crate::{clock::Clock, server, telemetry::start_log};

pub(super) fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let inherited = systemd::listeners()?;
    let mut configuration = configuration(path)?;
    configuration.hand_over = hand_over::directory();
    start_log(configuration.log_format);
    if let Some(warning) = descriptors::warning(&configuration.server.limits, server::most_descriptors()) {
        tracing::warn!("{warning}");
    }
    let sites: Vec<_> = configuration.sites.iter().map(|site| site.name.clone()).collect();
    let running = Running::start_with(configuration, Clock::system(), inherited)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before it is said that it has started: whoever reads that may ask it to stop.
        let stopped = until_stopped(&running)?;
        systemd::is_ready();
        tracing::info!(
            sites = sites.join(", "),
            http = ?running.http(),
            https = ?running.https(),
            admin = running.admin().map(tracing::field::display),
            "started"
        );
        stopped.await;
        systemd::stops();
        leave(&running).await
    })?;
    tracing::info!("stopping: connections may finish");
    running.stop()?;
    tracing::info!("stopped");
    Ok(())
}

/// Goes on for as long as a load balancer needs to see that the gateway leaves, or until it is asked to stop once more.
async fn leave(running: &Running) -> io::Result<()> {
    running.leave();
    let delay = running.reloading().leaves_after();
    if delay.is_zero() {
        return Ok(());
    }
    let hurried = until_stopped(running)?;
    tracing::info!(
        seconds = delay.as_secs_f32(),
        "leaving: the gateway says that it is not ready, and goes on for a while"
    );
    _ = tokio::time::timeout(delay, hurried).await;
    Ok(())
}

/// Serves signals until one of them says stop; those that come between this call and the waiting are not lost.
pub(super) fn until_stopped(running: &Running) -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = hang_up.recv() => {
                    running.reopen_access_log();
                    // It says in the log what came of it, also that nothing did.
                    let reloading = running.reloading().clone();
                    systemd::reloads();
                    _ = tokio::task::spawn_blocking(move || reloading.reload()).await;
                    systemd::is_ready();
                }
            }
        }
    })
}
