//! `kelisim log witness`: the auditor's server that signs the checkpoints of others' logs.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::systemd;
use crate::{
    clock::Clock,
    ledger::VerifierKey,
    server::cannot_listen,
    telemetry::{LogFormat, start_log},
    witness::{Server, State},
};

/// `kelisim log witness`.
#[derive(Debug, Args)]
pub(crate) struct WitnessArguments {
    /// Where to listen: 127.0.0.1:8090 behind a proxy that speaks TLS, or an address in a private network.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    listen: SocketAddr,
    /// The directory for the key and for what was signed; made where it is missing.
    #[arg(long, value_name = "DIRECTORY", default_value = "/var/lib/kelisim-witness")]
    state: PathBuf,
    /// The verifier key of a log to watch, as its operator gives it; once for each log.
    #[arg(long = "log", value_name = "KEY", required = true, value_parser = parse_key)]
    logs: Vec<VerifierKey>,
    /// The name of a new key, best a host name of yours [default: the address to listen on, without the port].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How log lines are written.
    #[arg(long, value_enum, default_value_t = Lines::Text)]
    log_format: Lines,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Lines {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Answers until SIGTERM or SIGINT.
pub(super) fn run(arguments: &WitnessArguments) -> Result<(), Box<dyn std::error::Error>> {
    start_log(match arguments.log_format {
        Lines::Text => LogFormat::Text,
        Lines::Json => LogFormat::Json,
    });
    let ip = arguments.listen.ip();
    // Before a key is made: its name is for ever, and who can't listen may come back with another one.
    let listener = TcpListener::bind(arguments.listen).map_err(|error| cannot_listen(arguments.listen, &error))?;
    // All addresses are the name of none.
    let usual = if ip.is_unspecified() { String::new() } else { ip.to_string() };
    let state = State::open(&arguments.state, arguments.name.as_deref(), &usual, arguments.logs.clone())?;
    let key = state.verifier().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let server = Server::on(listener, state, Clock::system())?;
        say!("{key}");
        let logs: Vec<_> = arguments.logs.iter().map(VerifierKey::name).collect();
        tracing::info!(listen = %server.address()?, key, logs = logs.join(", "), "started");
        systemd::is_ready();
        server
            .serve(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            })
            .await;
        tracing::info!("stopped");
        Ok(())
    })
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an address with a port: 127.0.0.1:8090 or [::1]:8090".to_owned())
}

fn parse_key(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::parse(text).map_err(|fault| fault.to_string())
}
