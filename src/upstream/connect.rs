//! New connections to an upstream, plain or TLS.

use std::{io, net::SocketAddr};

use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, lookup_host},
    time::Instant,
};

use super::{
    Scheme, Settings, UpstreamError,
    connection::Connection,
    room::{PATIENCE, Placed},
};
use crate::sockets::{ClientTls, Place, WriteLimit, descriptors, keep_alive};

/// Longest head of an answer, in bytes.
const MOST_HEAD_BYTES: usize = 128 * 1024;

/// Connects within the time limit and begins HTTP/1.1.
pub(super) async fn connect(
    settings: &Settings,
    tls: Option<&ClientTls>,
    place: Place,
) -> Result<Connection, UpstreamError> {
    let connecting = async {
        let stream = open(&settings.host, settings.port).await?;
        // A peer that is gone already makes this fail; what it says of itself comes with the first read.
        _ = stream.set_nodelay(true);
        keep_alive(&stream, settings.body_timeout);
        let stream = WriteLimit::new(Placed { stream, _place: place }, settings.body_timeout);
        match (settings.scheme, tls) {
            (Scheme::Https, Some(tls)) => {
                let stream = tls.connect(stream).await.map_err(UpstreamError::Tls)?;
                begin(stream).await
            }
            (Scheme::Http, _) | (Scheme::Https, None) => begin(stream).await,
        }
    };
    tokio::time::timeout(settings.connect_timeout, connecting).await.unwrap_or(Err(UpstreamError::ConnectTimeout))
}

/// Tries the addresses of a host, one after the other.
async fn open(host: &str, port: u16) -> Result<TcpStream, UpstreamError> {
    let mut failure = None;
    for address in lookup_host((host, port)).await.map_err(UpstreamError::Connect)? {
        match socket(address).await?.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(error),
        }
    }
    let failure = failure.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    Err(UpstreamError::Connect(failure))
}

/// A socket, perhaps after a moment: the last descriptors are not for connections to sites.
async fn socket(address: SocketAddr) -> Result<TcpSocket, UpstreamError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() } {
            Ok(socket) if !descriptors::is_kept_back(&socket) => return Ok(socket),
            Err(error) if !descriptors::has_run_out(&error) => return Err(UpstreamError::Connect(error)),
            _ if Instant::now() >= until => return Err(UpstreamError::TooMany),
            // What was not to be taken is given back meanwhile.
            _ => {}
        }
        tokio::time::sleep(descriptors::PAUSE).await;
    }
}

async fn begin<S>(stream: S) -> Result<Connection, UpstreamError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Of header lines hyper takes 100, as most proxies do; a limit of our own would cost an allocation for each answer.
    let (sender, connection) = Builder::new()
        .max_header_size(MOST_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(UpstreamError::Broken)?;
    Ok(Connection::new(sender, connection.with_upgrades()))
}
