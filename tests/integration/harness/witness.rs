//! `kelisim log witness` as a process of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use kelisim::ledger::VerifierKey;
use tempfile::TempDir;

use super::{Browser, Reply};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A witness at work; it is killed when it is dropped.
pub struct Witness {
    child: Child,
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
    #[allow(clippy::zombie_processes, reason = "a witness that does not start fails the test and ends with it")]
    pub fn at(address: &str, log: &str, folder: TempDir) -> Self {
        let mut command = command(address, log, folder.path());
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, receiver) = mpsc::channel();
        // It reads to the end, so that the witness never waits for its log.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| _ = sender.send(line)));
        let mut said = Vec::new();
        loop {
            let line = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it did not start: {said:#?}"));
            let address = line.split_once("listen=").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
            if let Some(address) = address {
                return Self { child, address, folder: Some(folder), log: log.to_owned() };
            }
            said.push(line);
        }
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
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Self::at(&self.address.to_string(), &self.log.clone(), self.folder.take().unwrap())
    }

    /// Asks it to stop; whether it ended in order.
    pub fn stop(mut self) -> (bool, TempDir) {
        let asked = Command::new("sh").args(["-c", "kill -TERM $0", &self.child.id().to_string()]).status();
        assert!(asked.unwrap().success());
        (self.child.wait().unwrap().success(), self.folder.take().unwrap())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // One that has ended already can't be killed again.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn command(address: &str, log: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
    let name = folder.file_name().unwrap().to_str().unwrap().trim_start_matches('.').to_lowercase();
    command.args(["log", "witness", "--listen", address, "--log", log, "--name", &name, "--state"]).arg(folder);
    command
}
