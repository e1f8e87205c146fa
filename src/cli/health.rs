//! `kelisim health`: what a monitor is told, for where nothing else can ask, such as an image without a shell.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long the answer may take: no answer is one, too.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer, in bytes: a few words.
const LONGEST_ANSWER: usize = 4096;

#[derive(Debug, Args)]
pub(super) struct HealthArguments {
    /// The listener of the administration, as `admin` in [server] names it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9090")]
    admin: SocketAddr,
    /// Ask whether visitors may be sent here.
    #[arg(long, group = "question")]
    ready: bool,
    /// Ask whether visitors may be sent here by https.
    #[arg(long, group = "question")]
    https: bool,
    /// Ask whether choices can be recorded.
    #[arg(long, group = "question")]
    consent: bool,
}

/// What the gateway says of itself; the error is what it says where it is not well, or why it says nothing.
pub(super) fn run(arguments: &HealthArguments) -> io::Result<String> {
    let path = match arguments {
        HealthArguments { ready: true, .. } => "/readyz",
        HealthArguments { https: true, .. } => "/readyz/https",
        HealthArguments { consent: true, .. } => "/readyz/consent",
        _ => "/healthz",
    };
    let address = arguments.admin;
    let told = |error: io::Error| {
        let said = format!("no answer from http://{address}{path}: {error}; is this what `admin` in [server] says?");
        io::Error::new(error.kind(), said)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(address, path)).await });
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("nothing within {} seconds", PATIENCE.as_secs()));
    let (status, said) = asked.unwrap_or_else(|_| Err(late())).map_err(told)?;
    if status == StatusCode::OK { Ok(said) } else { Err(io::Error::other(said)) }
}

async fn ask(address: SocketAddr, path: &str) -> io::Result<(StatusCode, String)> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = Builder::new().handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let request = Request::get(path).header(HOST, address.to_string()).body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.map_err(io::Error::other)?).await.map_err(io::Error::other)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await.map_err(io::Error::other)?;
    Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
}
