//! `kelisim run`: in front of the sites until SIGTERM or SIGINT; SIGHUP reads certificates and the database of countries again, and
//! opens the access log again.

use std::{error::Error, io, path::Path};

use tokio::signal::unix::{SignalKind, signal};

use super::{configuration, hand_over, running::Running};
use crate::{clock::Clock, telemetry::start_log};

pub(super) fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut configuration = configuration(path)?;
    configuration.hand_over = hand_over::directory();
    start_log(configuration.log_format);
    let sites: Vec<_> = configuration.sites.iter().map(|site| site.name.clone()).collect();
    let running = Running::start(configuration, Clock::system())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before it is said that it has started: whoever reads that may ask it to stop.
        let stopped = until_stopped(&running)?;
        tracing::info!(
            sites = sites.join(", "),
            http = ?running.http(),
            https = ?running.https(),
            admin = running.admin().map(tracing::field::display),
            "started"
        );
        stopped.await;
        Ok::<_, io::Error>(())
    })?;
    tracing::info!("stopping: connections may finish");
    running.stop()?;
    tracing::info!("stopped");
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
                    match running.read_certificates_again() {
                        Ok(true) => tracing::info!("certificates were read again"),
                        Ok(false) => tracing::info!("certificates have not changed"),
                        Err(error) => {
                            tracing::error!(%error, "certificates changed but can't be used; the old ones stay");
                        }
                    }
                    match running.read_countries_again() {
                        Ok(true) => tracing::info!("the database of countries was read again"),
                        Ok(false) => {}
                        Err(error) => {
                            tracing::error!(%error, "the database of countries changed but can't be used; the old one stays");
                        }
                    }
                }
            }
        }
    })
}
