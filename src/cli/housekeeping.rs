//! What a gateway does besides answering visitors: the admin listener, the control socket, certificates and a database of countries that
//! change, retention, witnesses, what is written once a minute or a day.

use std::{net::TcpListener, path::PathBuf, sync::Arc, thread, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use super::{
    certificates, control,
    enforcement::{self, When},
    inventory,
    letters::Letters,
    reloading::Reloading,
    systemd,
    witnesses::Pursuit,
};
use crate::{
    acme::Renewal,
    admin,
    clock::Clock,
    gateway,
    server::{Certificates, Controls},
    store::{Erased, Records, Store},
    telemetry::RecentFailures,
    timestamp::{Term, Timestamp},
};

/// How often the files of certificates and the database of countries are looked at.
const FILES_EVERY: Duration = Duration::from_secs(30);
/// How often records past their retention are looked for.
const RETENTION_EVERY: Duration = Duration::from_secs(6 * 3600);

/// How often the inventory is written, if it changed, and counted clients are forgotten.
const MINUTE: Duration = Duration::from_secs(60);

/// How often every core is asked for a sign of life, and for how long it may make one wait.
const CORES_EVERY: Duration = Duration::from_secs(5);

/// How long the stop waits for what works beside the runtime, such as an export.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// What another configuration changes of all this.
#[derive(Clone)]
pub(super) struct Changing {
    pub(super) retention: Term,
    pub(super) frame_retention: Term,
    pub(super) letters: Option<Letters>,
}

/// Everything of one gateway, done on two threads: one that may wait for a disk, and one that never does.
pub(super) struct Duties {
    pub(super) gateway: Arc<gateway::Current>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) changing: watch::Receiver<Changing>,
    pub(super) reloading: Arc<Reloading>,
    pub(super) server: Arc<Controls>,
    /// Where it is told whether every core answers.
    pub(super) lives: watch::Sender<bool>,
    pub(super) state_dir: PathBuf,
    pub(super) clock: Clock,
    pub(super) control: control::Socket,
    pub(super) admin: Option<TcpListener>,
    pub(super) administration: Arc<admin::Administration>,
    pub(super) witnesses: Vec<Pursuit>,
    pub(super) renewal: Arc<Renewal>,
    pub(super) stopped: watch::Receiver<bool>,
}

impl Duties {
    /// Works until the gateway stops.
    pub(super) fn run(self) {
        let (listener, administration) = (self.admin, self.administration.clone());
        let (server, lives, stopped) = (self.server, self.lives, self.stopped.clone());
        let watch = move |tasks: &mut JoinSet<()>| {
            if let Some(listener) = listener
                && let Ok(listener) = tokio::net::TcpListener::from_std(listener)
            {
                tasks.spawn(admin::serve(listener, administration));
            }
            tasks.spawn(watch_cores(server, lives));
        };
        // A disk that hangs must not make systemd believe that the gateway does, nor keep health from whoever asks.
        let watching = thread::Builder::new().name("watching".into());
        let watching = watching.spawn(move || work(stopped, watch, async {}));
        if let Err(error) = &watching {
            tracing::error!(%error, "no admin listener, and no sign of life for systemd");
        }

        let (gateway, state_dir, clock) = (self.gateway.clone(), self.state_dir.clone(), self.clock.clone());
        let keep = |tasks: &mut JoinSet<()>| {
            tasks.spawn(certificates::renew(self.renewal.clone(), self.certificates.clone(), self.gateway.clone()));
            if let Some(certificates) = self.certificates {
                tasks.spawn(watch_certificates(certificates, self.renewal, self.gateway.clone()));
            }
            tasks.spawn(watch_countries(self.gateway.clone()));
            for witness in self.witnesses {
                tasks.spawn(witness.run());
            }
            tasks.spawn(send_letters(self.changing.clone()));
            let recent = Arc::new(RecentFailures::default());
            let kept = (self.gateway.clone(), recent.clone());
            tasks.spawn(every_minute(kept, self.administration, self.state_dir, self.clock.clone()));
            tasks.spawn(retire(self.gateway.clone(), self.changing, self.clock));
            tasks.spawn(self.control.serve(self.gateway, self.reloading, recent));
        };
        work(self.stopped, keep, async {
            // Visitors are gone by now, so this is all that was seen.
            inventory::Keeper::default().keep(&gateway, &state_dir);
            enforcement::write(gateway.enforcement(), gateway.store(), When::Stop, clock.now()).await;
        });
        if let Ok(watching) = watching {
            _ = watching.join();
        }
    }
}

/// Does these tasks until the stop, and then what comes last.
fn work(mut stopped: watch::Receiver<bool>, begin: impl FnOnce(&mut JoinSet<()>), last: impl Future<Output = ()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "no admin listener, control socket, certificate watch and retention");
            return;
        }
    };
    runtime.block_on(async move {
        let mut tasks = JoinSet::new();
        begin(&mut tasks);
        // The sender lives as long as the gateway; should it go, that is a stop too.
        _ = stopped.wait_for(|stopped| *stopped).await;
        tasks.shutdown().await;
        last.await;
    });
    // What still reads or resolves a name by itself must not hold up the stop.
    runtime.shutdown_timeout(STOP_PATIENCE);
}

/// Writes what was seen and, when a day is over, what was enforced on it; and forgets the clients that were counted for limits.
async fn every_minute(
    (gateway, recent): (Arc<gateway::Current>, Arc<RecentFailures>),
    administration: Arc<admin::Administration>,
    state_dir: PathBuf,
    clock: Clock,
) {
    let mut keeper = inventory::Keeper::default();
    loop {
        tokio::time::sleep(MINUTE).await;
        recent.remember(gateway.metrics(), gateway.counted_sites().iter());
        gateway.forget_clients();
        administration.forget_clients();
        keeper = keep_apart(keeper, gateway.clone(), state_dir.clone()).await;
        enforcement::write(gateway.enforcement(), gateway.store(), When::NewDay, clock.now()).await;
    }
}

/// On a thread that may wait: where the disk stands still, commands such as `doctor` are answered all the same.
async fn keep_apart(
    mut keeper: inventory::Keeper,
    gateway: Arc<gateway::Current>,
    state_dir: PathBuf,
) -> inventory::Keeper {
    let keeping = tokio::task::spawn_blocking(move || {
        keeper.keep(&gateway, &state_dir);
        keeper
    });
    keeping.await.unwrap_or_default()
}

/// On a thread that may wait: a mail server may take its time.
async fn send_letters(changing: watch::Receiver<Changing>) {
    loop {
        let letters = changing.borrow().letters.clone();
        if let Some(letters) = letters {
            _ = tokio::task::spawn_blocking(move || letters.look()).await;
        }
        tokio::time::sleep(MINUTE).await;
    }
}

/// Asks every core now and then whether it still works, and tells systemd's watchdog while all of them do.
async fn watch_cores(server: Arc<Controls>, lives: watch::Sender<bool>) {
    let watchdog = systemd::patience();
    // Twice within what the watchdog waits, and the answer may take as long as the pause.
    let pause = watchdog.map_or(CORES_EVERY, |patience| (patience / 4).min(CORES_EVERY));
    loop {
        let all_live = server.answer_within(pause).await;
        if lives.send_replace(all_live) && !all_live {
            tracing::error!("a core does not answer: something on it takes longer than it may");
        }
        if all_live && watchdog.is_some() {
            systemd::is_alive();
        }
        tokio::time::sleep(pause).await;
    }
}

async fn watch_certificates(certificates: Arc<Certificates>, renewal: Arc<Renewal>, gateway: Arc<gateway::Current>) {
    loop {
        tokio::time::sleep(FILES_EVERY).await;
        read_again(&certificates);
        certificates::show(Some(&certificates), &renewal, gateway.metrics());
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
async fn watch_countries(gateway: Arc<gateway::Current>) {
    loop {
        tokio::time::sleep(FILES_EVERY).await;
        let gateway = gateway.clone();
        _ = tokio::task::spawn_blocking(move || read_countries_again(&gateway)).await;
    }
}

fn read_countries_again(gateway: &gateway::Current) {
    match gateway.present().countries().read_again() {
        Ok(true) => tell_of_countries(gateway),
        Ok(false) => {}
        Err(error) => {
            tracing::error!(%error, "the database of countries changed but can't be used; the old one stays");
        }
    }
}

/// Says which database of countries is in use, where there is one.
pub(super) fn tell_of_countries(gateway: &gateway::Current) {
    if let Some(described) = gateway.present().countries().described() {
        let (file, kind, built) = (described.file, described.kind, described.built.date());
        tracing::info!(file, kind, built, "countries are looked up");
    }
}

async fn retire(gateway: Arc<gateway::Current>, mut changing: watch::Receiver<Changing>, clock: Clock) {
    loop {
        let Changing { retention: choices, frame_retention: frames, .. } = changing.borrow_and_update().clone();
        // Two terms cost a look at every record that is past one of them.
        let terms: &[_] = if choices == frames {
            &[(Records::All, choices)]
        } else {
            &[(Records::Choices, choices), (Records::Frames, frames)]
        };
        let may_delete = is_steady(gateway.store().clone(), clock.now()).await;
        for (kind, term) in terms.iter().filter(|_| may_delete) {
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
        tokio::select! {
            () = tokio::time::sleep(RETENTION_EVERY) => {}
            // A new term holds at once.
            Ok(()) = changing.changed() => {}
        }
    }
}

/// Whether the clock is one to delete by; says so where it is not. Where that can't be known nothing is deleted.
async fn is_steady(store: Store, now: Timestamp) -> bool {
    let read = tokio::task::spawn_blocking(move || store.reader()?.is_steady(now)).await;
    match read {
        Ok(Ok(true)) => return true,
        Ok(Ok(false)) => tracing::warn!(
            %now,
            "nothing past its retention is deleted for a week: the log was not signed by this clock before, which may be ahead; check the \
             machine's time"
        ),
        Ok(Err(error)) => tracing::error!(%error, "records past their retention can't be deleted; trying again later"),
        Err(_) => {}
    }
    false
}
