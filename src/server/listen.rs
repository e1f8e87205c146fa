//! Listening sockets: one per core and address, so that the kernel spreads connections over the cores (`SO_REUSEPORT`).

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::Inherited;
use crate::sockets::cannot_listen;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Opens `count` sockets on one address. Port 0 is chosen by the kernel once and shared by all of them. Of a listener that was inherited there is one,
/// which all share: whoever holds it is another user as a rule, and nobody may listen beside it.
pub(super) fn listen(
    address: SocketAddr,
    count: usize,
    inherited: &mut Inherited,
) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    let told = |error: io::Error| cannot_listen(address, &error);
    if let Some(listener) = inherited.take(address) {
        let shared = (0..count).map(|_| listener.try_clone());
        return Ok((address, shared.collect::<io::Result<_>>().map_err(told)?));
    }
    if inherited.is_used {
        tracing::warn!(%address, "this listener was not handed over as others were, so a restart refuses connections to it; add it to the socket unit");
    }
    let first = open(address).map_err(told)?;
    let bound = first.local_addr().map_err(told)?;
    let mut sockets = vec![first];
    for _ in 1..count {
        sockets.push(open(bound).map_err(told)?);
    }
    Ok((bound, sockets))
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // `[::]` and `0.0.0.0` are two listeners; one that takes both would make the second fail.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
