//! Bytes in: listeners, TLS, HTTP, limits, graceful stop.

mod activity;
mod certificates;
mod client_stream;
mod connection;
mod drain;
mod http1;
mod listen;
mod other_host;
mod proxy_protocol;
mod requests;
mod settings;
mod worker;

use std::{io, net::SocketAddr, sync::Arc, thread};

use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

pub use certificates::Certificates;
pub use other_host::{OtherBody, OtherHost};
pub use settings::{CertificateFiles, Limits, Settings};

use crate::{gateway, visitor::Scheme};

/// A server that is listening.
pub struct Server {
    /// Plain addresses, with the ports that were given for port 0.
    pub http: Vec<SocketAddr>,
    /// TLS addresses, likewise.
    pub https: Vec<SocketAddr>,
    certificates: Option<Arc<Certificates>>,
    stop: watch::Sender<bool>,
    workers: Vec<thread::JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Opens the listeners and starts one thread for each core. The gateway is told the port of the first TLS listener, for redirects. `other`
    /// answers for one host in the sites' place.
    ///
    /// # Errors
    ///
    /// When an address can't be listened on, or a certificate can't be read.
    pub fn start(settings: &Settings, gateway: &Arc<gateway::Shared>, other: Option<OtherHost>) -> io::Result<Self> {
        let workers = settings.workers.max(1);
        let mut listeners: Vec<Vec<(std::net::TcpListener, Scheme)>> = (0..workers).map(|_| Vec::new()).collect();
        let mut open = |addresses: &[SocketAddr], scheme| {
            let mut bound = Vec::new();
            for address in addresses {
                let (address, sockets) = listen::listen(*address, workers)?;
                bound.push(address);
                for (worker, socket) in listeners.iter_mut().zip(sockets) {
                    worker.push((socket, scheme));
                }
            }
            io::Result::Ok(bound)
        };
        let http = open(&settings.http, Scheme::Http)?;
        let https = open(&settings.https, Scheme::Https)?;
        if settings.redirect_to_https
            && let Some(address) = https.first()
        {
            gateway.redirect_to_https(address.port());
        }
        let certificates =
            (!https.is_empty()).then(|| Certificates::read(settings.certificates.clone())).transpose()?;
        let tls = certificates.as_ref().map(|certificates| TlsAcceptor::from(certificates.server_config()));
        let https_port = https.first().map_or(443, SocketAddr::port);
        let other = other.map(Arc::new);
        let (stop, stopped) = watch::channel(false);
        let proxy_protocol = Arc::new(proxy_protocol::ProxyProtocol::new(settings.proxy_protocol_from.clone()));
        let permits = Arc::new(Semaphore::new(settings.limits.connections.min(Semaphore::MAX_PERMITS)));
        let workers = listeners.into_iter().enumerate().map(|(number, listeners)| {
            let shared = connection::Shared {
                gateway: gateway::Gateway::new(gateway.clone()).into(),
                limits: settings.limits.clone(),
                idle_awake: http1::IdleAwake::default(),
                tls: tls.clone(),
                other: other.clone(),
                trusted_proxies: settings.trusted_proxies.clone(),
                proxy_protocol: proxy_protocol.clone(),
                https_port,
            };
            let worker = worker::Worker {
                shared: Arc::new(shared),
                listeners,
                permits: permits.clone(),
                stop: stopped.clone(),
                drain_timeout: settings.drain_timeout,
            };
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || worker.run())
        });
        let workers = workers.collect::<io::Result<Vec<_>>>()?;
        Ok(Self { http, https, certificates, stop, workers })
    }

    /// The certificates in use, where there is a TLS listener.
    pub fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
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
