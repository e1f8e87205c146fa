//! The program itself, as a process of its own: what only a process can show, such as exit codes and being killed.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::Browser;

/// How long a program may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// `kelisim run` at work; it is killed when it is dropped.
pub struct Program {
    child: Child,
    pub http: SocketAddr,
    pub admin: SocketAddr,
    /// What it said before it had started.
    pub said: Vec<String>,
    folder: Option<TempDir>,
}

/// Runs a command to its end; `--config` is added.
pub fn kelisim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
    command.args(arguments).arg("--config").arg(folder.join("kelisim.toml")).output().unwrap()
}

impl Program {
    #[allow(clippy::zombie_processes, reason = "a program that does not start fails the test and ends with it")]
    /// Starts it in a folder that holds its configuration. Writing too large a file is an error for it and not a signal.
    pub fn run(folder: TempDir) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", r#"trap "" XFSZ; exec "$0" run --config "$1""#, env!("CARGO_BIN_EXE_kelisim")])
            .arg(folder.path().join("kelisim.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, receiver) = mpsc::channel();
        // It reads to the end, so that the program never waits for its log.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| _ = sender.send(line)));
        let mut said = Vec::new();
        loop {
            let line = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it did not start: {said:#?}"));
            if let (Some(http), Some(admin)) = (address(&line, "http=["), address(&line, "admin=Some(")) {
                return Self { child, http, admin, said, folder: Some(folder) };
            }
            said.push(line);
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    pub fn browser(&self) -> Browser {
        Browser::at(self.http, &format!("localhost:{}", self.http.port()))
    }

    /// The status of a page of the admin listener.
    pub fn admin(&self, path: &str) -> u16 {
        Browser::at(self.admin, &self.admin.to_string()).get(path).status
    }

    /// From now on no file may be written beyond this many bytes, or any number.
    pub fn limit_files(&self, bytes: &str) {
        let process = self.id().to_string();
        let limited = Command::new("prlimit").args(["--pid", &process, &format!("--fsize={bytes}:")]).status();
        assert!(limited.unwrap().success());
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would.
    pub fn kill_now(&self) {
        let killed = Command::new("sh").args(["-c", "kill -KILL $0", &self.id().to_string()]).status();
        assert!(killed.unwrap().success());
    }

    /// Kills it, if that has not happened yet, and gives its folder.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.folder.take().unwrap()
    }

    /// Asks it to stop, and gives its folder.
    pub fn stop(mut self) -> TempDir {
        let asked = Command::new("sh").args(["-c", "kill -TERM $0", &self.id().to_string()]).status();
        assert!(asked.unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.folder.take().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already can't be killed again.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn address(line: &str, before: &str) -> Option<SocketAddr> {
    let rest = &line[line.find(before)? + before.len()..];
    rest.split([']', ')', ',']).next()?.parse().ok()
}
