//! A gateway put together from a configuration: what `run`, `demo` and the tests start and stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

use tokio::sync::watch;

use super::{control, housekeeping, inventory};
use crate::{
    clock::Clock,
    config::Configuration,
    gateway::{self, BeginError, Parts},
    geo::Countries,
    server::Server,
    store::{self, Store, StoreError},
    telemetry::Metrics,
};

/// A gateway at work.
#[doc(hidden)]
pub struct Running {
    server: Server,
    admin: Option<SocketAddr>,
    gateway: Arc<gateway::Shared>,
    stop: watch::Sender<bool>,
    housekeeping: thread::JoinHandle<()>,
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
    Io(#[from] io::Error),
}

impl Running {
    /// Starts everything. When it returns, the listeners accept.
    pub fn start(configuration: Configuration, clock: Clock) -> Result<Self, StartError> {
        let state_dir = configuration.state_dir.clone();
        let store = Store::open(&log_settings(&configuration), clock.clone())?;
        let keys = store::record_keys(&state_dir)?;
        let gateway = gateway::Shared::begin(Parts {
            sites: configuration.sites,
            catalogue: configuration.catalogue,
            trusted_proxies: configuration.server.trusted_proxies.clone(),
            choices_per_minute: configuration.server.limits.choices_per_minute,
            reports_per_minute: configuration.server.limits.reports_per_minute,
            inventory: inventory::kept(&state_dir),
            fingerprint: configuration.fingerprint,
            countries: Countries::open(&configuration.geo)?,
            store,
            keys,
            clock: clock.clone(),
            metrics: Metrics::new(),
        })?;
        if let Some(fault) = gateway.unread_inventory() {
            inventory::set_aside(&state_dir, &fault.to_string());
        }
        let admin = configuration.server.admin.map(listen).transpose()?;
        let server = Server::start(&configuration.server, &gateway)?;
        let (stop, stopped) = watch::channel(false);
        let duties = housekeeping::Duties {
            gateway: gateway.clone(),
            certificates: server.certificates().cloned(),
            retention: configuration.retention,
            state_dir: state_dir.clone(),
            clock,
            control: control::Socket::open(&state_dir)?,
            admin: admin.as_ref().map(|(_, listener)| listener.try_clone()).transpose()?,
            stopped,
        };
        let housekeeping = thread::Builder::new().name("housekeeping".into()).spawn(move || duties.run())?;
        Ok(Self { server, admin: admin.map(|(address, _)| address), gateway, stop, housekeeping })
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

    /// Reads certificate files again if they changed; `Ok(true)` when new ones are in use.
    pub fn read_certificates_again(&self) -> io::Result<bool> {
        self.server.certificates().map_or(Ok(false), |certificates| certificates.read_again())
    }

    /// Lets connections finish, then closes the log.
    pub fn stop(self) -> io::Result<()> {
        let served = self.server.stop();
        self.stop.send_replace(true);
        let housekept = self.housekeeping.join().map_err(|_| io::Error::other("the housekeeping thread panicked"));
        served.and(housekept)
    }
}

/// Where the log of this configuration is, and under which host it is published. Whoever opens it for writing has to agree on both.
pub(super) fn log_settings(configuration: &Configuration) -> store::Settings {
    let host = configuration.sites.first().map_or("localhost".into(), |site| site.name.as_str().into());
    store::Settings { state_dir: configuration.state_dir.clone(), host }
}

fn listen(address: SocketAddr) -> io::Result<(SocketAddr, TcpListener)> {
    let told = |error: io::Error| io::Error::new(error.kind(), format!("can't listen on {address}: {error}"));
    let listener = TcpListener::bind(address).map_err(told)?;
    listener.set_nonblocking(true)?;
    Ok((listener.local_addr()?, listener))
}
