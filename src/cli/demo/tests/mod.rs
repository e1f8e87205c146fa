//! The site and the tracker, asked over real connections. Here is what the stories share.

mod lab;
mod site;
mod tracker;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Origin, Tracker};

async fn servers() -> (Origin, Tracker) {
    let tracker = Tracker::start().await.unwrap();
    (Origin::start(tracker.address()).await.unwrap(), tracker)
}

async fn send(to: SocketAddr, request: Request<Full<Bytes>>) -> Response<Incoming> {
    let stream = TokioIo::new(TcpStream::connect(to).await.unwrap());
    let (mut sender, connection) = http1::handshake(stream).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.unwrap()
}

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::new(body.into())).unwrap()
}

async fn read(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
    let (parts, body) = send(to, request(Method::GET, path, headers, "")).await.into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
}

async fn text(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> String {
    String::from_utf8(read(to, path, headers).await.2.to_vec()).unwrap()
}
