//! A web site, a gateway and a browser, each on ports of its own, with a clock that stands still until a test moves it.
//!
//! All of it is blocking and speaks bytes, so that a test says exactly what is sent and sees exactly what comes.

mod browser;
mod collector;
mod countries;
mod gateway;
mod jar;
mod mail;
mod message;
mod origin;
mod pebble;
mod process;
mod program;
mod wire;
mod witness;

pub use browser::Browser;
pub use collector::{Collector, Span};
pub use countries::{Countries, map, text};
pub use gateway::{Gateway, GatewayBuilder};
pub use jar::{Jar, To};
pub use mail::{MailServer, Way};
pub use message::{Reply, RequestSeen, chunked, read_request};
pub use origin::{Answering, Origin};
pub use pebble::Place;
pub use program::{Program, kelisim};
pub use wire::Wire;
pub use witness::Witness;

/// A page that every test may use.
pub const PAGE: &str = "<!DOCTYPE html><html><head><title>Shop</title></head><body><p>Welcome</p></body></html>";

/// A shop whose pages are all [`PAGE`].
pub fn shop() -> Origin {
    Origin::answering(ok("text/html; charset=utf-8", PAGE))
}

/// A whole HTTP/1.1 answer with this type and body.
pub fn ok(content_type: &str, body: &str) -> Vec<u8> {
    answer("200 OK", &[("content-type", content_type)], body)
}

/// A whole HTTP/1.1 answer.
pub fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
