//! `kelisim log witness` as a process of its own.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Output, Stdio},
};

use kelisim::ledger::VerifierKey;
use tempfile::TempDir;

use super::{Browser, Reply, process::Process};

/// A witness at work; it is killed when it is dropped.
pub struct Witness {
    process: Process,
    pub address: SocketAddr,
    folder: Option<TempDir>,
    log: String,
}

impl Witness {
    /// A witness of the log with this key.
    pub fn of(log: &str) -> Self {
        Self::at("127.0.0.1:0", log, tempfile::tempdir().unwrap())
    }

    /// The same on this address, with the memory in this folder.
    pub fn at(address: &str, log: &str, folder: TempDir) -> Self {
        let mut command = command(address, log, folder.path());
        let listening = |line: &str| line.split_once("listen=")?.1.split(' ').next()?.parse().ok();
        let (process, address, _) = Process::start(command.stdout(Stdio::null()), listening);
        Self { process, address, folder: Some(folder), log: log.to_owned() }
    }

    /// Runs one that is expected to end by itself.
    pub fn output(address: &str, log: &str, folder: &Path) -> Output {
        command(address, log, folder).output().unwrap()
    }

    pub fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Its public key, as it keeps it for its user.
    pub fn key(&self) -> VerifierKey {
        VerifierKey::parse(&fs::read_to_string(self.path().join("witness.pub")).unwrap()).unwrap()
    }

    pub fn browser(&self) -> Browser {
        Browser::at(self.address, &self.address.to_string())
    }

    /// Posts to `add-checkpoint`.
    pub fn add(&self, body: &str) -> Reply {
        self.browser().send("POST", "/add-checkpoint", &[], body.as_bytes())
    }

    /// Lines of a gateway's configuration that name it.
    pub fn table(&self) -> String {
        format!("[[log.witnesses]]\nurl = \"http://{}\"\nkey = \"{}\"\n", self.address, self.key())
    }

    /// Kills it as a power cut would, and starts it again on the same address.
    pub fn killed_and_started(mut self) -> Self {
        self.process.kill();
        Self::at(&self.address.to_string(), &self.log.clone(), self.folder.take().unwrap())
    }

    /// Asks it to stop; whether it ended in order.
    pub fn stop(mut self) -> (bool, TempDir) {
        (self.process.stop(), self.folder.take().unwrap())
    }
}

fn command(address: &str, log: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
    let name = folder.file_name().unwrap().to_str().unwrap().trim_start_matches('.').to_lowercase();
    command.args(["log", "witness", "--listen", address, "--log", log, "--name", &name, "--state"]).arg(folder);
    command
}
