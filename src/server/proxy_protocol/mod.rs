//! The PROXY protocol: a proxy that passes connections on, and not requests, says before everything else whose connection it is.
//!
//! Only configured peers say so, and each of them must, with every connection. What anybody else sends is theirs: these bytes are then a
//! request, or a TLS handshake, and a bad one.

pub mod header;

use std::{
    io,
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::{io::AsyncReadExt as _, net::TcpStream, time::Instant};

use self::header::{Broken, LONGEST, Parsed, parse};
use crate::{
    telemetry::Metrics,
    visitor::{ClientAddress, Network, Peer},
};

/// Which peers speak it.
pub(super) struct ProxyProtocol {
    from: Vec<Network>,
    told: AtomicBool,
}

/// Why a connection ends with its first bytes.
enum Failure {
    Broken(Broken),
    /// The header did not come in time.
    Late,
    /// The peer went away before it said anything, as a check does that only connects.
    Gone,
}

impl Failure {
    /// The word for metrics.
    const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Broken(Broken::Missing) => Some("missing"),
            Self::Broken(Broken::Malformed) => Some("malformed"),
            Self::Broken(Broken::TooLong) => Some("too_long"),
            Self::Late => Some("late"),
            Self::Gone => None,
        }
    }
}

impl ProxyProtocol {
    /// It is spoken by these peers.
    pub(super) fn new(from: Vec<Network>) -> Self {
        Self { from, told: AtomicBool::new(false) }
    }

    /// By whom it is spoken.
    pub(super) fn from(&self) -> &[Network] {
        &self.from
    }

    /// Whether a peer speaks it.
    pub(super) fn is_spoken_by(&self, address: IpAddr) -> bool {
        ClientAddress::new(address).is_in(&self.from)
    }

    /// Takes the header of a peer that speaks it, and no byte more. Nothing where the connection is to be closed: that was counted.
    pub(super) async fn take(
        &self,
        stream: &mut TcpStream,
        proxy: IpAddr,
        until: Instant,
        metrics: &Metrics,
    ) -> Option<Peer> {
        let taken = tokio::time::timeout_at(until, read(stream)).await.unwrap_or(Err(Failure::Late));
        match taken {
            Ok(Some(client)) => Some(Peer::announced(client, proxy)),
            Ok(None) => Some(Peer::direct(proxy)),
            Err(failure) => {
                if let Some(reason) = failure.reason() {
                    metrics.proxy_protocol_failed(reason);
                    self.tell(reason);
                }
                None
            }
        }
    }

    /// Says once that a proxy is not set up for it: nobody who comes by it is answered.
    fn tell(&self, reason: &'static str) {
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                reason,
                "a peer in `proxy_protocol_from` did not begin a connection with a PROXY header, so it was closed; let the proxy send one \
                 (HAProxy `send-proxy-v2`, nginx `proxy_protocol on`), or take it out of the list"
            );
        }
    }
}

/// Reads a header and nothing behind it: bytes are looked at, and taken only when they are known to belong to it.
async fn read(stream: &mut TcpStream) -> Result<Option<IpAddr>, Failure> {
    let mut bytes = vec![0; LONGEST];
    let mut taken = 0;
    loop {
        let seen = taken + stream.peek(&mut bytes[taken..]).await.map_err(gone)?;
        if seen == taken {
            return Err(if taken == 0 { Failure::Gone } else { Failure::Broken(Broken::Malformed) });
        }
        let (length, whole) = match parse(&bytes[..seen]).map_err(Failure::Broken)? {
            Parsed::Part => (seen, None),
            Parsed::Whole { length, client } => (length, Some(client)),
        };
        stream.read_exact(&mut bytes[taken..length]).await.map_err(gone)?;
        taken = length;
        if let Some(client) = whole {
            return Ok(client);
        }
    }
}

fn gone(_: io::Error) -> Failure {
    Failure::Gone
}
