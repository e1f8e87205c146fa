//! The gateway as others meet it: started from a configuration, asked over sockets.

#![allow(missing_docs, unreachable_pub, reason = "a test binary has no public interface")]

mod harness;

mod cookies;
mod tidy;
