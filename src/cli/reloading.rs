//! Another configuration without a stop: read, checked as a whole, compared with what can't change, made ready, and only then gone by. Whatever
//! fails on the way leaves everything as it was.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{
    housekeeping::{self, Changing},
    letters::Letters,
    running::over_tls,
    service,
};
use crate::{
    acme::{Renewal, Standing},
    admin,
    clock::Clock,
    config::{self, Configuration, Faults, Warning},
    gateway::{self, BeginError},
    geo::{self, Countries},
    server::{Certificates, Controls},
    telemetry::{AccessLogSettings, LogFormat, TraceExport, Traces},
    witness,
};

/// Puts another configuration in the place of the one that is gone by.
pub(super) struct Reloading {
    gateway: Arc<gateway::Current>,
    server: Arc<Controls>,
    administration: Arc<admin::Administration>,
    renewal: Arc<Renewal>,
    changing: watch::Sender<Changing>,
    clock: Clock,
    /// What is gone by. It is held for as long as a reload takes, so that there is one at a time.
    present: Mutex<Present>,
    /// What sends traces, where there are some.
    tracing: Mutex<Option<TraceExport>>,
}

/// What of a configuration the next one is compared with.
pub(super) struct Present {
    file: Option<PathBuf>,
    fixed: Fixed,
    geo: geo::Settings,
    fingerprint: [u8; 32],
    /// No file says it.
    rest_after: Duration,
    leaves_after: Duration,
    drains_within: Duration,
}

/// What can't change while the process lives.
struct Fixed {
    listeners: [Vec<SocketAddr>; 3],
    state_dir: PathBuf,
    workers: usize,
    log_format: LogFormat,
    access_log: Option<AccessLogSettings>,
    witnesses: Vec<witness::Settings>,
    time_zone: String,
}

impl Present {
    pub(super) fn of(configuration: &Configuration) -> Self {
        Self {
            file: configuration.files.first().cloned(),
            fixed: Fixed::of(configuration),
            geo: configuration.geo.clone(),
            fingerprint: configuration.fingerprint,
            rest_after: configuration.server.limits.rest_after,
            leaves_after: configuration.server.leave_delay,
            drains_within: configuration.server.drain_timeout,
        }
    }
}

impl Fixed {
    fn of(configuration: &Configuration) -> Self {
        let server = &configuration.server;
        Self {
            listeners: [server.http.clone(), server.https.clone(), server.admin.into_iter().collect()],
            state_dir: configuration.state_dir.clone(),
            workers: server.workers,
            log_format: configuration.log_format,
            access_log: configuration.access_log.clone(),
            witnesses: configuration.witnesses.clone(),
            time_zone: configuration.statistics.calendar.zone().to_owned(),
        }
    }

    /// The keys that say something else.
    fn changed(&self, other: &Self) -> Vec<&'static str> {
        let [http, https, admin] = [0, 1, 2].map(|at| self.listeners[at] != other.listeners[at]);
        let changed = [
            ("`http` in [server]", http),
            ("`https` in [server]", https),
            ("`admin` in [server]", admin),
            ("`state_dir` in [server]", self.state_dir != other.state_dir),
            ("`workers` in [server]", self.workers != other.workers),
            ("`log_format` in [server]", self.log_format != other.log_format),
            ("[access_log]", self.access_log != other.access_log),
            ("`witnesses` in [log]", self.witnesses != other.witnesses),
            ("`time_zone` in [statistics]", self.time_zone != other.time_zone),
        ];
        changed.into_iter().filter_map(|(key, is_changed)| is_changed.then_some(key)).collect()
    }
}

/// What came of a reload.
#[doc(hidden)]
#[derive(Debug)]
pub struct Reloaded {
    /// The file that was read.
    pub file: PathBuf,
    /// Whether anything in it or in the files that it names is otherwise than before.
    pub is_new: bool,
    /// What the operator should know.
    pub warnings: Vec<Warning>,
}

/// Why nothing has changed.
#[doc(hidden)]
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error("this gateway was not started from a file")]
    NoFile,
    #[error("{0}")]
    Faults(#[from] Faults),
    #[error(
        "{} can't change while the gateway runs, so nothing was changed; take it back, or restart the gateway (`systemctl restart kelisim`)",
        .0.join(", ")
    )]
    Fixed(Vec<&'static str>),
    #[error(transparent)]
    Begin(#[from] BeginError),
    #[error(transparent)]
    Configuration(#[from] service::ConfigurationError),
    #[error("the statistics can't go on by it: {0}")]
    Statistics(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Reloading {
    /// Goes on from the configuration by which everything was started.
    pub(super) fn new(
        (present, tracing): (Present, Option<TraceExport>),
        (gateway, server): (Arc<gateway::Current>, Arc<Controls>),
        (administration, renewal): (Arc<admin::Administration>, Arc<Renewal>),
        changing: watch::Sender<Changing>,
        clock: Clock,
    ) -> Self {
        let (present, tracing) = (Mutex::new(present), Mutex::new(tracing));
        Self { gateway, server, administration, renewal, changing, clock, present, tracing }
    }

    pub(super) fn administration(&self) -> &admin::Administration {
        &self.administration
    }

    /// Each name that an authority is asked for, whether TLS for it is served, and how it stands.
    pub(super) fn names(&self) -> Vec<(String, bool, Standing)> {
        let certificates = self.server.certificates();
        let is_served = |name: &str| certificates.is_none_or(|certificates| certificates.serve(name));
        let names = self.renewal.standings().into_iter();
        names.map(|(name, standing)| (name.clone(), is_served(&name), standing)).collect()
    }

    /// How long it is told that the gateway leaves before it does.
    pub(super) fn leaves_after(&self) -> Duration {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).leaves_after
    }

    /// How long connections have to finish when it stops.
    pub(super) fn drains_within(&self) -> Duration {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).drains_within
    }

    /// The letters that go out by what is configured now.
    pub(super) fn letters(&self) -> Option<Letters> {
        self.changing.borrow().letters.clone()
    }

    /// Sends the traces that wait, for as long as this. There will be no more.
    pub(super) fn end_traces(&self, within: Duration) -> io::Result<()> {
        let tracing = self.tracing.lock().unwrap_or_else(PoisonError::into_inner).take();
        tracing.map_or(Ok(()), |tracing| tracing.end(within))
    }

    /// What sends traces from now on, if it is another than now, and where requests begin them.
    fn traces(&self, configuration: &Configuration) -> io::Result<(Option<Option<TraceExport>>, Option<Traces>)> {
        let Some(settings) = &configuration.traces else { return Ok((Some(None), None)) };
        let present = self.tracing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(present) = present.as_ref().filter(|present| present.serves(settings)) {
            return Ok((None, Some(present.traces(settings))));
        }
        let next = TraceExport::start(settings, self.gateway.metrics())?;
        let traces = next.traces(settings);
        Ok((Some(Some(next)), Some(traces)))
    }

    /// Reads the file again, and what it names. Requests that have begun end as they began; those that come from now on go by it. Says what came
    /// of it in the log of the process. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// Why nothing has changed.
    pub(super) fn reload(&self) -> Result<Reloaded, ReloadError> {
        let outcome = self.put_in_place();
        let word = match &outcome {
            Ok(Reloaded { file, is_new, warnings }) => {
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
                let sites: Vec<_> = self.gateway.present().site_names().cloned().collect();
                let (file, sites) = (file.display(), sites.join(", "));
                if *is_new {
                    tracing::info!(%file, sites, "the configuration was read again and is in force");
                    "taken"
                } else {
                    tracing::info!(%file, sites, "the configuration was read again: nothing has changed");
                    "unchanged"
                }
            }
            Err(error) => {
                if let ReloadError::Faults(faults) = error {
                    for fault in faults.iter() {
                        tracing::error!("{fault}");
                    }
                    let faults = faults.iter().len();
                    tracing::error!(faults, "the configuration is not right; the gateway goes on as it was");
                } else {
                    tracing::error!(%error, "the configuration was read again and is not in force; the gateway goes on as it was");
                }
                "refused"
            }
        };
        self.gateway.metrics().configuration_read_again(word);
        outcome
    }

    fn put_in_place(&self) -> Result<Reloaded, ReloadError> {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = present.file.clone() else { return Err(ReloadError::NoFile) };
        let (mut configuration, warnings) = config::load(&file)?;
        configuration.server.limits.rest_after = present.rest_after;
        let next = Present::of(&configuration);
        let fixed = present.fixed.changed(&next.fixed);
        if !fixed.is_empty() {
            return Err(ReloadError::Fixed(fixed));
        }
        if next.fingerprint == present.fingerprint {
            return Ok(Reloaded { file, is_new: false, warnings });
        }
        self.change(configuration, next.geo == present.geo)?;
        *present = next;
        Ok(Reloaded { file, is_new: true, warnings })
    }

    /// Makes everything ready first, then changes what can't fail to change.
    fn change(&self, configuration: Configuration, is_same_geo: bool) -> Result<(), ReloadError> {
        let certificates = self.server.certificates();
        let prepared = certificates.map(|_| Certificates::prepare(configuration.server.certificates.clone()));
        let prepared = prepared.transpose()?;
        let countries = if is_same_geo {
            let countries = self.gateway.present().countries().clone();
            countries.read_again()?;
            countries
        } else {
            Arc::new(Countries::open(&configuration.geo)?)
        };
        let authority = self.renewal.prepare(configuration.acme.clone())?;
        let letters = Letters::of(&configuration, &self.clock);
        let letters = letters.map(|letters| letters.going_on_from(self.letters().as_ref()));
        let changing =
            Changing { retention: configuration.retention, frame_retention: configuration.frame_retention, letters };
        let summary = config::summary(&configuration);
        let (tracing, traces) = self.traces(&configuration)?;
        let shared = self.gateway.prepare(configured(&configuration, countries, traces))?;
        self.gateway.counter().know_waiting(self.gateway.counted_sites()).map_err(ReloadError::Statistics)?;
        // The log knows by what is gone before anything goes by it.
        service::configured(self.gateway.store(), configuration.fingerprint, summary, self.clock.now())?;

        if let Some((certificates, prepared)) = certificates.zip(prepared) {
            certificates.replace(prepared);
        }
        self.renewal.replace(authority);
        self.gateway.replace(shared.clone());
        self.gateway.counter().go_by(configuration.statistics.clone());
        let other = configuration.server.admin_host.clone().map(|name| over_tls(name, self.administration.clone()));
        self.server.change(&configuration.server, &shared, other);
        self.administration.change(|settings| {
            settings.deadlines = configuration.deadlines;
            settings.consent_records = configuration.retention;
            settings.frame_records = configuration.frame_retention;
            settings.statistics.smallest_cell = configuration.statistics.smallest_cell;
        });
        self.changing.send_replace(changing);
        if let Some(tracing) = tracing {
            // The one before sends what it has once the last request ends that began under it.
            *self.tracing.lock().unwrap_or_else(PoisonError::into_inner) = tracing;
        }
        housekeeping::tell_of_countries(&self.gateway);
        Ok(())
    }
}

/// What the gateway is told of a configuration.
pub(super) fn configured(
    configuration: &Configuration,
    countries: Arc<Countries>,
    traces: Option<Traces>,
) -> gateway::Configured {
    gateway::Configured {
        sites: configuration.sites.clone(),
        catalogue: configuration.catalogue.clone(),
        trusted_proxies: configuration.server.trusted_proxies.clone(),
        choices_per_minute: configuration.server.limits.choices_per_minute,
        reports_per_minute: configuration.server.limits.reports_per_minute,
        upstream_connections: configuration.server.limits.upstream_connections,
        fingerprint: configuration.fingerprint,
        kept_for: configuration.retention,
        countries,
        robots: configuration.statistics.robots.clone(),
        traces,
    }
}
