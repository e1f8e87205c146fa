//! `kelisim run`: in front of the sites until SIGTERM or SIGINT; SIGHUP reads certificates again.

use std::{error::Error, path::Path};

use tokio::signal::unix::{SignalKind, signal};

use super::{configuration, running::Running};
use crate::{clock::Clock, telemetry::start_log};

pub(super) fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let configuration = configuration(path)?;
    start_log(configuration.log_format);
    let sites: Vec<_> = configuration.sites.iter().map(|site| site.name.clone()).collect();
    let running = Running::start(configuration, Clock::system())?;
    tracing::info!(
        sites = sites.join(", "),
        http = ?running.http(),
        https = ?running.https(),
        admin = ?running.admin(),
        "started"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(until_stopped(&running))?;
    tracing::info!("stopping: connections may finish");
    running.stop()?;
    tracing::info!("stopped");
    Ok(())
}

/// Serves signals until one of them says stop.
pub(super) async fn until_stopped(running: &Running) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => match running.read_certificates_again() {
                Ok(true) => tracing::info!("certificates were read again"),
                Ok(false) => tracing::info!("certificates have not changed"),
                Err(error) => tracing::error!(%error, "certificates changed but can't be used; the old ones stay"),
            },
        }
    }
}
