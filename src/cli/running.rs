//! A gateway put together from a configuration: what `run`, `demo` and the tests start and stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use http_body_util::BodyExt as _;
use tokio::sync::watch;

use super::{
    certificates, control,
    counting::{self, CountingThread},
    housekeeping::{self, Changing},
    inventory,
    letters::Letters,
    reloading::{Present, ReloadError, Reloaded, Reloading, configured},
    service,
    witnesses::{self, Pursuit, Remembered},
};
use crate::{
    acme::{Renewal, Served},
    admin,
    clock::Clock,
    config::{self, Configuration},
    gateway::{self, BeginError, Parts},
    geo::Countries,
    ledger::Comparison,
    server::{Certificates, Inherited, OtherHost, Server, cannot_listen},
    store::{self, Store, StoreError},
    telemetry::{AccessLog, AccessLogThread, Counter, Metrics, TraceExport},
    witness,
};

/// How long the collector has for the traces of the last requests, when these took all the time that there was to finish.
const TRACES_AT_LEAST: Duration = Duration::from_secs(1);

/// A gateway at work.
#[doc(hidden)]
pub struct Running {
    server: Server,
    admin: Option<SocketAddr>,
    gateway: Arc<gateway::Current>,
    clock: Clock,
    stop: watch::Sender<bool>,
    housekeeping: thread::JoinHandle<()>,
    counting: CountingThread,
    access_log: Option<AccessLogThread>,
    reloading: Arc<Reloading>,
    renewal: Arc<Renewal>,
}

/// Why a gateway can't start. Each message says where and what to do.
#[doc(hidden)]
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Begin(#[from] BeginError),
    #[error(transparent)]
    Configuration(#[from] service::ConfigurationError),
    #[error(transparent)]
    Counting(#[from] counting::StartError),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Going on would be a second history under the same name, and every auditor would see it.
    #[error(
        "the witness {witness} has signed {theirs} leaves of this consent log and {state_dir} holds {ours}: entries were lost, or an older copy \
         was put there. Put the newest copy of the directory there. If there is none, set this directory aside for the auditor and begin with \
         an empty one: that is a new log, and every visitor is asked again"
    )]
    Lost { witness: String, theirs: u64, ours: u64, state_dir: String },
    #[error(
        "the first {size} leaves of the consent log in {state_dir} are not those that the witness {witness} has signed: an older copy was put \
         there and used, or the file was changed. Put the newest copy of the directory there. If there is none, set this directory aside for \
         the auditor and begin with an empty one: that is a new log, and every visitor is asked again"
    )]
    Forked { witness: String, size: u64, state_dir: String },
}

impl Running {
    /// Starts everything. When it returns, the listeners accept.
    pub fn start(configuration: Configuration, clock: Clock) -> Result<Self, StartError> {
        Self::start_with(configuration, clock, Inherited::default())
    }

    /// The same, where listeners were inherited.
    pub fn start_with(
        configuration: Configuration,
        clock: Clock,
        mut inherited: Inherited,
    ) -> Result<Self, StartError> {
        let state_dir = configuration.state_dir.clone();
        let present = Present::of(&configuration);
        let store = Store::open(&log_settings(&configuration), clock.clone())?;
        // Before anything new is written: nothing may be signed that a witness has seen otherwise.
        let remembered = witnesses::remembered(&configuration.witnesses, &store)?;
        refuse_another_history(&remembered, &state_dir.display().to_string())?;
        let letters = Letters::of(&configuration, &clock);
        let summary = config::summary(&configuration);
        let keys = store::record_keys(&state_dir)?;
        let (counter, queue) = Counter::new();
        let countries = Arc::new(Countries::open(&configuration.geo)?);
        let metrics = Metrics::new();
        let access_log =
            configuration.access_log.as_ref().map(|settings| AccessLog::start(settings, &metrics)).transpose()?;
        let tracing = configuration.traces.as_ref();
        let tracing = tracing.map(|settings| Ok((TraceExport::start(settings, &metrics)?, settings)));
        let tracing = tracing.transpose().map_err(|error: io::Error| StartError::Io(error))?;
        let traces = tracing.as_ref().map(|(export, settings)| export.traces(settings));
        let gateway = gateway::Current::begin(Parts {
            configured: configured(&configuration, countries, traces),
            inventory: inventory::kept(&state_dir),
            store,
            keys,
            clock: clock.clone(),
            metrics,
            counter,
            access_log: access_log.as_ref().map(|thread| thread.log().clone()),
        })?;
        if let Some(fault) = gateway.unread_inventory() {
            inventory::set_aside(&state_dir, &fault.to_string());
        }
        let admin = configuration.server.admin.map(|address| listen(address, &mut inherited)).transpose()?;
        service::configured(gateway.store(), configuration.fingerprint, summary, clock.now())?;
        let counting = CountingThread::start(
            &gateway,
            queue,
            &configuration.statistics,
            (&state_dir, configuration.hand_over.clone()),
            &clock,
        )?;
        let (lives, alive) = watch::channel(true);
        let witness_states = admin::Witnesses::default();
        let administration = admin::Administration::new(
            gateway.clone(),
            admin::Settings {
                clock: clock.clone(),
                deadlines: configuration.deadlines,
                consent_records: configuration.retention,
                frame_records: configuration.frame_retention,
                witnesses: configuration.witnesses.iter().map(|witness| witness.key.clone()).collect(),
                witness_states: witness_states.clone(),
                statistics: admin::StatisticsSettings {
                    state_dir: state_dir.clone(),
                    calendar: configuration.statistics.calendar.clone(),
                    smallest_cell: configuration.statistics.smallest_cell,
                    live: counting.live(),
                },
                alive: alive.clone(),
                configuration: configuration.files.first().and_then(|file| file.canonicalize().ok()),
            },
        );
        let other = configuration.server.admin_host.clone().map(|name| over_tls(name, administration.clone()));
        let served = Arc::<Served>::default();
        let renewal = certificates::open(configuration.acme.clone(), &state_dir, &gateway, &served, &clock)?;
        let server = Server::start(&configuration.server, &gateway.present(), other, (inherited, &served))?;
        certificates::show(server.controls().certificates().map(Arc::as_ref), &renewal, gateway.metrics());
        let over_tls = server.controls().certificates().cloned();
        administration.asks_of_https(move || https(over_tls.as_deref()));
        let (stop, stopped) = watch::channel(false);
        let pursuit = |settings: &witness::Settings| {
            let known = remembered.iter().find(|answer| answer.witness == settings.key.name());
            Pursuit::new(settings, gateway.clone(), witness_states.clone(), known.and_then(|answer| answer.size))
        };
        let (changing, changes) = watch::channel(Changing {
            retention: configuration.retention,
            frame_retention: configuration.frame_retention,
            letters,
        });
        let controls = (gateway.clone(), server.controls().clone());
        let reloading = Reloading::new(
            (present, tracing.map(|(export, _)| export)),
            controls,
            (administration.clone(), renewal.clone()),
            changing,
            clock.clone(),
        );
        let reloading = Arc::new(reloading);
        let duties = housekeeping::Duties {
            gateway: gateway.clone(),
            certificates: server.controls().certificates().cloned(),
            changing: changes,
            reloading: reloading.clone(),
            server: server.controls().clone(),
            lives,
            state_dir: state_dir.clone(),
            clock: clock.clone(),
            control: control::Socket::open(&state_dir)?,
            admin: admin.as_ref().map(|(_, listener)| listener.try_clone()).transpose()?,
            administration,
            witnesses: configuration.witnesses.iter().map(pursuit).collect::<io::Result<_>>()?,
            renewal: renewal.clone(),
            stopped,
        };
        let housekeeping = thread::Builder::new().name("housekeeping".into()).spawn(move || duties.run())?;
        housekeeping::tell_of_countries(&gateway);
        service::started(gateway.store(), clock.now());
        Ok(Self {
            server,
            admin: admin.map(|(address, _)| address),
            gateway,
            clock,
            stop,
            housekeeping,
            counting,
            access_log,
            reloading,
            renewal,
        })
    }

    /// Plain addresses, with the ports that were given for port 0.
    pub fn http(&self) -> &[SocketAddr] {
        &self.server.http
    }

    /// TLS addresses, likewise.
    pub fn https(&self) -> &[SocketAddr] {
        &self.server.https
    }

    /// Where metrics and health are.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The consent log.
    pub fn store(&self) -> &Store {
        self.gateway.store()
    }

    /// Has everything written that was counted so far.
    pub fn write_statistics(&self) {
        self.gateway.counter().write_waiting();
    }

    /// Has every line of the access log written that was put in so far.
    pub fn write_access_log(&self) {
        if let Some(thread) = &self.access_log {
            thread.log().write_waiting();
        }
    }

    /// Looks whether the file of the access log was renamed, and makes it anew then.
    pub fn reopen_access_log(&self) {
        if let Some(thread) = &self.access_log {
            thread.log().reopen();
        }
    }

    /// Sends the weekly letters that are due.
    pub fn send_letters(&self) {
        if let Some(letters) = self.reloading.letters() {
            letters.look();
        }
    }

    /// Has certificates obtained and renewed that are due; waits for an attempt that is under way.
    pub fn renew_certificates(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.renewal.look());
        let certificates = self.server.controls().certificates().map(Arc::as_ref);
        certificates::show(certificates, &self.renewal, self.gateway.metrics());
        Ok(())
    }

    /// Reads the configuration again and goes by it, or says why nothing has changed.
    pub fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.reloading.reload()
    }

    pub(super) fn reloading(&self) -> &Arc<Reloading> {
        &self.reloading
    }

    /// Reads certificate files again if they changed; `Ok(true)` when new ones are in use.
    pub fn read_certificates_again(&self) -> io::Result<bool> {
        self.server.controls().certificates().map_or(Ok(false), |certificates| certificates.read_again())
    }

    /// Reads the database of countries again if its file changed, likewise.
    pub fn read_countries_again(&self) -> io::Result<bool> {
        self.gateway.present().countries().read_again()
    }

    /// Says to whoever asks for its health that no more visitors are to be sent here. Those that come are answered.
    pub fn leave(&self) {
        self.reloading.administration().leave();
    }

    /// Lets connections finish, then closes the log.
    pub fn stop(self) -> io::Result<()> {
        self.leave();
        let drains_within = self.reloading.drains_within();
        let begun = Instant::now();
        let served = self.server.stop();
        let rest = drains_within.saturating_sub(begun.elapsed()).max(TRACES_AT_LEAST);
        let traced = self.reloading.end_traces(rest);
        let logged = self.access_log.map_or(Ok(()), AccessLogThread::end);
        let counted = self.counting.end();
        self.stop.send_replace(true);
        let housekept = self.housekeeping.join().map_err(|_| io::Error::other("the housekeeping thread panicked"));
        service::stopped(self.gateway.store(), self.clock.now());
        served.and(traced).and(logged).and(counted).and(housekept)
    }
}

/// Where the log of this configuration is, and under which host it is published. Whoever opens it for writing has to agree on both.
pub(super) fn log_settings(configuration: &Configuration) -> store::Settings {
    let host = configuration.sites.first().map_or("localhost".into(), |site| site.name.as_str().into());
    store::Settings { state_dir: configuration.state_dir.clone(), host }
}

/// A log that a witness knows otherwise is not gone on with.
fn refuse_another_history(remembered: &[Remembered], state_dir: &str) -> Result<(), StartError> {
    for Remembered { witness, comparison, .. } in remembered {
        let (witness, state_dir) = (witness.clone(), state_dir.to_owned());
        match *comparison {
            Comparison::Behind { ours, theirs } => return Err(StartError::Lost { witness, theirs, ours, state_dir }),
            Comparison::Forked { size } => return Err(StartError::Forked { witness, size, state_dir }),
            Comparison::Agrees | Comparison::Unknown => {}
        }
    }
    Ok(())
}

/// The administration as what answers for its host in the sites' place. Neither it nor the server knows the other.
pub(super) fn over_tls(name: String, administration: Arc<admin::Administration>) -> OtherHost {
    OtherHost::new(name, move |request, client| {
        let administration = administration.clone();
        async move {
            let answer = administration.answer_over_tls(request, client.address).await;
            answer.map(|body| body.map_err(Into::into).boxed_unsync())
        }
    })
}

/// Whether visitors can be served over TLS.
fn https(certificates: Option<&Certificates>) -> admin::Https {
    match certificates {
        None => admin::Https::NoListener,
        Some(certificates) if certificates.serve_any() => admin::Https::Ready,
        Some(_) => admin::Https::NoCertificate,
    }
}

fn listen(address: SocketAddr, inherited: &mut Inherited) -> io::Result<(SocketAddr, TcpListener)> {
    if let Some(listener) = inherited.take(address) {
        return Ok((address, listener));
    }
    let listener = TcpListener::bind(address).map_err(|error| cannot_listen(address, &error))?;
    listener.set_nonblocking(true)?;
    Ok((listener.local_addr()?, listener))
}
