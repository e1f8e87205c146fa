//! The gateway as others meet it: started from a configuration, asked over sockets.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test binary has no public interface")]

mod harness;

mod bodies;
mod cookies;
mod exceptions;
mod forwarding;
mod framing;
mod http2;
mod limits;
mod pages;
mod passing;
mod proxying;
mod shutdown;
mod tidy;
mod tls;
mod upgrade;
mod upstream_faults;
mod upstream_tls;
