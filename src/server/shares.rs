//! What one client may have of the connections and requests that there may be: nobody takes what all others need.
//!
//! A client is known by its address, as for all limits: one of IPv4, or a /64 of IPv6. Who is on this machine, and proxies that are believed,
//! speak for many and have no share of their own.

use std::{
    hash::RandomState,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use dashmap::{DashMap, Entry};

use super::Limits;
use crate::{
    sockets::Seldom,
    visitor::{Network, Peer},
};

/// The shares of all clients that are connected, over all cores. It holds as many clients as there are connections at most, and keyed numbers
/// in the place of their addresses.
#[derive(Debug)]
pub(super) struct Shares {
    most_connections: AtomicUsize,
    most_requests: AtomicUsize,
    hasher: RandomState,
    clients: DashMap<u64, Taken>,
    said: Seldom,
}

/// What one client has taken.
#[derive(Debug, Default)]
struct Taken {
    connections: usize,
    requests: Arc<AtomicUsize>,
}

/// The client has its share already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

impl Shares {
    /// Nobody has taken anything.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            most_connections: AtomicUsize::new(limits.connections_per_client),
            most_requests: AtomicUsize::new(limits.requests_per_client),
            hasher: RandomState::new(),
            clients: DashMap::new(),
            said: Seldom::default(),
        }
    }

    /// Shares are as large as these from now on. Nobody loses a connection or a request.
    pub(super) fn change(&self, limits: &Limits) {
        self.most_connections.store(limits.connections_per_client, Ordering::Relaxed);
        self.most_requests.store(limits.requests_per_client, Ordering::Relaxed);
    }

    /// Takes one more connection of the peer's share, where it has one: not where it is on this machine or among the proxies,
    /// those of requests and those of connections.
    pub(super) fn connect(
        self: &Arc<Self>,
        peer: Peer,
        proxies: [&[Network]; 2],
    ) -> Result<Option<Arc<Share>>, Exhausted> {
        if peer.is_loopback() || proxies.iter().any(|proxies| peer.is_one_of(proxies)) {
            return Ok(None);
        }
        let client = peer.limit_key(&self.hasher);
        let mut taken = self.clients.entry(client).or_default();
        // Everybody may have one, so whoever is refused has some, and leaves nothing empty behind.
        if taken.connections >= self.most_connections.load(Ordering::Relaxed).max(1) {
            return Err(self.exhausted("connections_per_client"));
        }
        taken.connections += 1;
        Ok(Some(Arc::new(Share { shares: self.clone(), client, requests: taken.requests.clone() })))
    }

    fn exhausted(&self, limit: &str) -> Exhausted {
        if self.said.is_time() {
            tracing::warn!(
                limit,
                "one client has as many as one may have, and is refused more; where many come by one address, `kelisim doctor` says what to do"
            );
        }
        Exhausted
    }
}

/// A connection of a client's share, until the last of what it became is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    client: u64,
    requests: Arc<AtomicUsize>,
}

impl Share {
    /// Takes one more request, on whichever of the client's connections it came.
    pub(super) fn request(&self) -> Result<RequestShare, Exhausted> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        let taken = RequestShare(self.requests.clone());
        if before < self.shares.most_requests.load(Ordering::Relaxed) {
            return Ok(taken);
        }
        Err(self.shares.exhausted("requests_per_client"))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Entry::Occupied(mut taken) = self.shares.clients.entry(self.client) else { return };
        taken.get_mut().connections -= 1;
        if taken.get().connections == 0 {
            taken.remove();
        }
    }
}

/// A request of a client's share, until it is dropped.
#[derive(Debug)]
pub(super) struct RequestShare(Arc<AtomicUsize>);

impl Drop for RequestShare {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&[Network]; 2] = [&[], &[]];

    fn shares(connections_per_client: usize, requests_per_client: usize) -> Arc<Shares> {
        Arc::new(Shares::new(&limits(connections_per_client, requests_per_client)))
    }

    fn limits(connections_per_client: usize, requests_per_client: usize) -> Limits {
        Limits { connections_per_client, requests_per_client, ..Limits::default() }
    }

    fn peer(address: &str) -> Peer {
        Peer::direct(address.parse().unwrap())
    }

    #[test]
    fn each_client_has_its_share_of_connections_and_leaves_nothing_behind() {
        let shares = shares(2, 9);
        let connect = |address| shares.connect(peer(address), NONE);
        let held = [connect("203.0.113.1").unwrap(), connect("203.0.113.1").unwrap()];
        assert!(held.iter().all(Option::is_some));
        assert_eq!(connect("203.0.113.1").unwrap_err(), Exhausted);
        assert!(connect("203.0.113.2").is_ok(), "others have theirs");
        shares.change(&limits(3, 9));
        let third = connect("203.0.113.1").unwrap();
        shares.change(&limits(1, 9));
        assert!(connect("203.0.113.1").is_err());
        drop((held, third));
        assert!(shares.clients.is_empty());
        assert!(connect("203.0.113.1").unwrap().is_some());
    }

    #[test]
    fn a_household_is_one_client() {
        let shares = shares(1, 9);
        let _held = shares.connect(peer("2001:db8::1"), NONE).unwrap();
        assert!(shares.connect(peer("2001:db8::2"), NONE).is_err());
        assert!(shares.connect(peer("2001:db8:0:1::1"), NONE).is_ok());
    }

    #[test]
    fn who_speaks_for_many_has_no_share_of_its_own() {
        let shares = shares(1, 1);
        let [requests, connections] = ["10.0.0.0/8", "192.0.2.0/24"].map(|network| [Network::parse(network).unwrap()]);
        let proxies: [&[Network]; 2] = [&requests, &connections];
        for address in ["127.0.0.1", "::1", "10.1.2.3", "192.0.2.7"] {
            for _ in 0..3 {
                assert!(shares.connect(peer(address), proxies).unwrap().is_none(), "{address}");
            }
        }
        let announced = |by: &str| Peer::announced("203.0.113.1".parse().unwrap(), by.parse().unwrap());
        let _held = shares.connect(announced("10.1.2.3"), proxies).unwrap();
        assert!(shares.connect(announced("10.1.2.4"), proxies).is_err(), "whom a proxy announces is a client");
        assert!(shares.connect(announced("127.0.0.1"), NONE).is_err());
    }

    #[test]
    fn requests_of_all_connections_of_a_client_are_one_share() {
        let shares = shares(9, 2);
        let [one, two] = [1, 2].map(|_| shares.connect(peer("203.0.113.1"), NONE).unwrap().unwrap());
        let held = (one.request().unwrap(), two.request().unwrap());
        assert!(one.request().is_err() && two.request().is_err());
        drop(held);
        let held = one.request().unwrap();
        assert!(two.request().is_ok(), "what was refused holds nothing");
        drop((one, two));
        let again = shares.connect(peer("203.0.113.1"), NONE).unwrap().unwrap();
        assert!(again.request().is_ok());
        drop(held);
    }
}
