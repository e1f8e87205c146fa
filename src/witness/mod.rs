//! Witnesses of a log (C2SP tlog-witness): the server that an auditor runs, and the client by which a gateway has its checkpoints signed.
//!
//! What is asked and decided is in [`crate::ledger`]; here are files and sockets. A witness believes nothing of what is sent to it but what
//! the log has signed, and a client nothing but what the witness has signed.

mod client;
mod quiet;
mod server;
mod state;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use client::{Client, Failure};
pub use server::Server;
pub use state::{State, StateError};

use crate::ledger::VerifierKey;

/// A witness as a gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether it is asked over TLS.
    pub tls: bool,
    /// Its host, an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What stands before `/add-checkpoint` in its addresses: empty, or a path without a slash at its end.
    pub prefix: String,
    /// Its public key, of the kind [`crate::ledger::KeyKind::Witness`].
    pub key: VerifierKey,
    /// A PEM file with the authorities to trust instead of the well-known ones.
    pub certificate_authority: Option<PathBuf>,
}
