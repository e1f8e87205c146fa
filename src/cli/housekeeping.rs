//! What a gateway does besides answering visitors: the admin listener, the control socket, certificates and a database of countries that
//! change, retention, witnesses, what is written once a minute or a day.

use std::{net::TcpListener, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    control,
    enforcement::{self, When},
    inventory,
    letters::Letters,
    witnesses::Pursuit,
};
use crate::{
    admin,
    clock::Clock,
    gateway,
    server::Certificates,
    store::{Erased, Records},
    telemetry::RecentFailures,
    timestamp::Term,
};

/// How often the files of certificates and the database of countries are looked at.
const FILES_EVERY: Duration = Duration::from_secs(30);
/// How often records past their retention are looked for.
const RETENTION_EVERY: Duration = Duration::from_secs(6 * 3600);

/// How often the inventory is written, if it changed, and counted clients are forgotten.
const MINUTE: Duration = Duration::from_secs(60);

/// How long the stop waits for what works beside the runtime, such as an export.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Everything of one gateway, done on one thread.
pub(super) struct Duties {
    pub(super) gateway: Arc<gateway::Shared>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) retention: Term,
    pub(super) frame_retention: Term,
    pub(super) state_dir: PathBuf,
    pub(super) clock: Clock,
    pub(super) control: control::Socket,
    pub(super) admin: Option<TcpListener>,
    pub(super) administration: Arc<admin::Administration>,
    pub(super) witnesses: Vec<Pursuit>,
    pub(super) letters: Option<Letters>,
    pub(super) stopped: watch::Receiver<bool>,
}

impl Duties {
    /// Works until the gateway stops.
    pub(super) fn run(self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "no admin listener, control socket, certificate watch and retention");
                return;
            }
        };
        let mut stopped = self.stopped;
        runtime.block_on(async move {
            let mut tasks = tokio::task::JoinSet::new();
            if let Some(listener) = self.admin
                && let Ok(listener) = tokio::net::TcpListener::from_std(listener)
            {
                tasks.spawn(admin::serve(listener, self.administration.clone()));
            }
            if let Some(certificates) = self.certificates {
                tasks.spawn(watch_certificates(certificates));
            }
            tasks.spawn(watch_countries(self.gateway.clone()));
            for witness in self.witnesses {
                tasks.spawn(witness.run());
            }
            if let Some(letters) = self.letters {
                tasks.spawn(send_letters(letters));
            }
            let recent = Arc::new(RecentFailures::default());
            tasks.spawn(every_minute(
                (self.gateway.clone(), recent.clone()),
                self.administration,
                self.state_dir.clone(),
                self.clock.clone(),
            ));
            tasks.spawn(retire(self.gateway.clone(), self.retention, self.frame_retention, self.clock.clone()));
            tasks.spawn(self.control.serve(self.gateway.clone(), recent));
            // The sender lives as long as the gateway; should it go, that is a stop too.
            _ = stopped.wait_for(|stopped| *stopped).await;
            tasks.shutdown().await;
            // Visitors are gone by now, so this is all that was seen.
            inventory::Keeper::default().keep(&self.gateway, &self.state_dir);
            enforcement::write(self.gateway.enforcement(), self.gateway.store(), When::Stop, self.clock.now()).await;
        });
        // What still reads or resolves a name by itself must not hold up the stop.
        runtime.shutdown_timeout(STOP_PATIENCE);
    }
}

/// Writes what was seen and, when a day is over, what was enforced on it; and forgets the clients that were counted for limits.
async fn every_minute(
    (gateway, recent): (Arc<gateway::Shared>, Arc<RecentFailures>),
    administration: Arc<admin::Administration>,
    state_dir: PathBuf,
    clock: Clock,
) {
    let mut keeper = inventory::Keeper::default();
    loop {
        tokio::time::sleep(MINUTE).await;
        recent.remember(gateway.metrics(), gateway.site_names());
        gateway.forget_clients();
        administration.forget_clients();
        keeper.keep(&gateway, &state_dir);
        enforcement::write(gateway.enforcement(), gateway.store(), When::NewDay, clock.now()).await;
    }
}

/// On a thread that may wait: a mail server may take its time.
async fn send_letters(letters: Letters) {
    loop {
        let at_work = letters.clone();
        _ = tokio::task::spawn_blocking(move || at_work.look()).await;
        tokio::time::sleep(MINUTE).await;
    }
}

async fn watch_certificates(certificates: Arc<Certificates>) {
    loop {
        tokio::time::sleep(FILES_EVERY).await;
        read_again(&certificates);
    }
}

fn read_again(certificates: &Certificates) {
    match certificates.read_again() {
        Ok(true) => tracing::info!("certificates were read again"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "certificates changed but can't be used; the old ones stay"),
    }
}

/// On a thread that may wait: a database of some megabytes is read and looked through.
async fn watch_countries(gateway: Arc<gateway::Shared>) {
    loop {
        tokio::time::sleep(FILES_EVERY).await;
        let gateway = gateway.clone();
        _ = tokio::task::spawn_blocking(move || read_countries_again(&gateway)).await;
    }
}

fn read_countries_again(gateway: &gateway::Shared) {
    match gateway.countries().read_again() {
        Ok(true) => tell_of_countries(gateway),
        Ok(false) => {}
        Err(error) => {
            tracing::error!(%error, "the database of countries changed but can't be used; the old one stays");
        }
    }
}

/// Says which database of countries is in use, where there is one.
pub(super) fn tell_of_countries(gateway: &gateway::Shared) {
    if let Some(described) = gateway.countries().described() {
        let (file, kind, built) = (described.file, described.kind, described.built.date());
        tracing::info!(file, kind, built, "countries are looked up");
    }
}

async fn retire(gateway: Arc<gateway::Shared>, choices: Term, frames: Term, clock: Clock) {
    // Two terms cost a look at every record that is past one of them.
    let terms: &[_] = if choices == frames {
        &[(Records::All, choices)]
    } else {
        &[(Records::Choices, choices), (Records::Frames, frames)]
    };
    loop {
        for (kind, term) in terms {
            let before = term.before(clock.now());
            match gateway.store().retire_some(before, *kind).await {
                Ok(Erased { records: 0, .. }) => {}
                Ok(Erased { records, .. }) => {
                    tracing::info!(records, ?kind, before = %before.date(), "records past their retention were deleted");
                }
                Err(error) => {
                    tracing::error!(%error, "records past their retention can't be deleted; trying again later");
                }
            }
        }
        tokio::time::sleep(RETENTION_EVERY).await;
    }
}
