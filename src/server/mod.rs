//! Bytes in: listeners, TLS, HTTP, limits, graceful stop.

mod activity;
mod certificates;
mod challenge;
mod client_stream;
mod connection;
mod cores;
mod drain;
mod http1;
mod inherited;
mod listen;
mod other_host;
pub mod proxy_protocol;
mod requests;
mod settings;
mod shares;
mod worker;

use std::{io, net::SocketAddr, sync::Arc, thread, time::Duration};

use arc_swap::ArcSwap;
use tokio::{runtime, sync::watch};
use tokio_rustls::TlsAcceptor;

pub use crate::sockets::cannot_listen;
pub use certificates::{Certificates, PreparedCertificates};
pub use inherited::Inherited;
pub use other_host::{OtherBody, OtherHost};
pub use settings::{CertificateFiles, Hsts, Limits, Settings, UPSTREAM_CONNECTIONS_FOR_EACH};

use self::{
    connection::{Bounds, Shared},
    cores::Cores,
    proxy_protocol::ProxyProtocol,
    shares::Shares,
};
use crate::{
    acme::Served,
    gateway::{self, Gateway},
    sockets::{Places, descriptors},
    visitor::Scheme,
};

/// How many descriptors this process may have at most; a server lets it have what its limits need of them.
pub fn most_descriptors() -> u64 {
    descriptors::limits().1
}

/// A server that is listening.
pub struct Server {
    /// Plain addresses, with the ports that were given for port 0.
    pub http: Vec<SocketAddr>,
    /// TLS addresses, likewise.
    pub https: Vec<SocketAddr>,
    controls: Arc<Controls>,
    stop: watch::Sender<bool>,
    workers: Vec<thread::JoinHandle<io::Result<()>>>,
}

/// What of a server can change while it listens.
pub struct Controls {
    certificates: Option<Arc<Certificates>>,
    tls: Option<TlsAcceptor>,
    /// That of the first TLS listener.
    https_port: Option<u16>,
    limit: Arc<Places>,
    shares: Arc<Shares>,
    /// What an authority issued and asks for.
    served: Arc<Served>,
    /// One for each core.
    current: Vec<Arc<ArcSwap<Shared>>>,
    cores: Cores,
}

impl Server {
    /// Opens the listeners that were not inherited and starts one thread for each core. The gateway is told the port of the first TLS listener, for
    /// redirects. `other` answers for one host in the sites' place; `served` holds what an authority issued and asks for.
    ///
    /// # Errors
    ///
    /// When an address can't be listened on, when something was inherited that no address stands for, or a certificate can't be read.
    pub fn start(
        settings: &Settings,
        gateway: &Arc<gateway::Shared>,
        other: Option<OtherHost>,
        (mut inherited, served): (Inherited, &Arc<Served>),
    ) -> io::Result<Self> {
        descriptors::raise(settings.limits.descriptors());
        let workers = settings.workers.max(1);
        let mut listeners: Vec<Vec<(std::net::TcpListener, Scheme)>> = (0..workers).map(|_| Vec::new()).collect();
        let mut open = |addresses: &[SocketAddr], scheme| {
            let mut bound = Vec::new();
            for address in addresses {
                let (address, sockets) = listen::listen(*address, workers, &mut inherited)?;
                bound.push(address);
                for (worker, socket) in listeners.iter_mut().zip(sockets) {
                    worker.push((socket, scheme));
                }
            }
            io::Result::Ok(bound)
        };
        let http = open(&settings.http, Scheme::Http)?;
        let https = open(&settings.https, Scheme::Https)?;
        inherited.refuse_rest()?;
        let certificates = (!https.is_empty())
            .then(|| Certificates::read(settings.certificates.clone(), served.clone()))
            .transpose()?;
        let tls = certificates.as_ref().map(|certificates| TlsAcceptor::from(certificates.server_config()));
        let (stop, stopped) = watch::channel(false);
        let runtimes = (0..workers).map(|_| runtime::Builder::new_current_thread().enable_all().build());
        let runtimes = runtimes.collect::<io::Result<Vec<_>>>()?;
        let mut controls = Controls {
            certificates,
            tls,
            https_port: https.first().map(SocketAddr::port),
            limit: Arc::new(Places::new(settings.limits.connections)),
            shares: Arc::new(Shares::new(&settings.limits)),
            served: served.clone(),
            current: Vec::new(),
            cores: Cores::new(runtimes.iter().map(|runtime| runtime.handle().clone()).collect(), stopped.clone()),
        };
        let gateways = (0..workers).map(|_| Gateway::new(gateway.clone())).collect();
        let shared = controls.shared(settings, gateway, gateways, other);
        controls.current = shared.into_iter().map(|shared| Arc::new(ArcSwap::from_pointee(shared))).collect();
        let workers = listeners.into_iter().zip(runtimes).zip(&controls.current).enumerate();
        let workers = workers.map(|(number, ((listeners, runtime), current))| {
            let worker = worker::Worker {
                current: current.clone(),
                listeners,
                limit: controls.limit.clone(),
                stop: stopped.clone(),
            };
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || worker.run(runtime))
        });
        let workers = workers.collect::<io::Result<Vec<_>>>()?;
        Ok(Self { http, https, controls: Arc::new(controls), stop, workers })
    }

    /// What can change while it listens.
    pub fn controls(&self) -> &Arc<Controls> {
        &self.controls
    }

    /// Stops accepting and waits until connections have finished, or for `drain_timeout`.
    pub fn stop(self) -> io::Result<()> {
        self.stop.send_replace(true);
        for worker in self.workers {
            worker.join().map_err(|_| io::Error::other("a worker thread panicked"))??;
        }
        Ok(())
    }
}

impl Controls {
    /// The certificates in use, where there is a TLS listener.
    pub fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    /// Whether every core takes up work within this time. One that does not is stuck, and so is everybody whose connection it has.
    pub async fn answer_within(&self, patience: Duration) -> bool {
        self.cores.answer_within(patience).await
    }

    /// Goes on with other settings, for another configuration of the gateway. Every request that comes from now on goes by them; limits of
    /// connections hold for those that come from now on. Listeners and threads stay as they are, and so do certificates.
    pub fn change(&self, settings: &Settings, gateway: &Arc<gateway::Shared>, other: Option<OtherHost>) {
        let again = |current: &Arc<ArcSwap<Shared>>| current.load().gateway.again(gateway.clone());
        let shared = self.shared(settings, gateway, self.current.iter().map(again).collect(), other);
        for (current, shared) in self.current.iter().zip(shared) {
            current.store(Arc::new(shared));
        }
        descriptors::raise(settings.limits.descriptors());
        self.limit.change(settings.limits.connections);
        self.shares.change(&settings.limits);
    }

    /// What each core shares, by these settings.
    fn shared(
        &self,
        settings: &Settings,
        gateway: &Arc<gateway::Shared>,
        gateways: Vec<Gateway>,
        other: Option<OtherHost>,
    ) -> Vec<Shared> {
        if let Some(port) = self.https_port {
            let certificates = self.certificates.clone();
            let port = settings.redirect_to_https.then_some(port);
            gateway.set_https(port, move |name| certificates.as_ref().is_some_and(|all| all.awaits(name)));
        }
        let other = other.map(Arc::new);
        let proxy_protocol = Arc::new(ProxyProtocol::new(settings.proxy_protocol_from.clone()));
        let shared = gateways.into_iter().map(|gateway| Shared {
            gateway: Arc::new(gateway),
            bounds: Arc::new(Bounds { limits: settings.limits.clone(), idle_awake: http1::IdleAwake::default() }),
            tls: self.tls.clone(),
            other: other.clone(),
            served: self.served.clone(),
            shares: self.shares.clone(),
            hsts: settings.hsts.map(|hsts| hsts.header()),
            trusted_proxies: settings.trusted_proxies.clone(),
            proxy_protocol: proxy_protocol.clone(),
            https_port: self.https_port.unwrap_or(443),
            drain_timeout: settings.drain_timeout,
        });
        shared.collect()
    }
}
