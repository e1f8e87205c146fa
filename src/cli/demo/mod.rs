//! The demonstration: the web site of a small fictional practice, a tracker on a second origin, and what a gateway between them needs.
//!
//! Both servers listen on loopback only and hold no data of anyone; the integration tests use them as the origin behind the gateway.
//! Nothing here decides about cookies: the site sets what real sites set, so that the gateway has work to do.
#![doc(hidden)]

mod body;
mod configuration;
mod contact;
mod guide;
mod html;
mod lab;
mod origin;
mod run;
mod seen;
mod serve;
mod tracker;
mod visits;
mod websocket;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::Path};

pub use body::DOWNLOAD_BYTES;
pub use configuration::{certificate, configuration, write_policy};
pub use guide::guide;
pub use origin::Origin;
pub(super) use run::{DemoArguments, Folder, run};
pub use tracker::{Learned, Tracker, Visit};

/// Where the parts of one demonstration are.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The gateway's plain listener.
    pub http: SocketAddr,
    /// The gateway's TLS listener.
    pub https: SocketAddr,
    /// The gateway's metrics and health.
    pub admin: SocketAddr,
    /// The site behind the gateway.
    pub origin: SocketAddr,
    /// The tracker that the site's pages load from.
    pub tracker: SocketAddr,
    /// The certificate chain of the TLS listener (PEM file).
    pub certificate: &'a Path,
    /// Its private key (PEM file).
    pub key: &'a Path,
    /// Where the gateway keeps its state.
    pub state_dir: &'a Path,
}
