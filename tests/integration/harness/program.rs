//! The program itself, as a process of its own: what only a process can show, such as exit codes and being killed.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use super::{Browser, process::Process};

/// `kelisim run` at work; it is killed when it is dropped.
pub struct Program {
    process: Process,
    pub http: SocketAddr,
    /// Where it is configured.
    pub https: Option<SocketAddr>,
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
    /// Starts it in a folder that holds its configuration. Writing too large a file is an error for it and not a signal.
    pub fn run(folder: TempDir) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"trap "" XFSZ; exec "$0" run --config "$1""#, env!("CARGO_BIN_EXE_kelisim")])
            .arg(folder.path().join("kelisim.toml"));
        let (process, (http, https, admin), said) = Process::start(&mut command, addresses);
        Self { process, http, https, admin, said, folder: Some(folder) }
    }

    /// Starts it with a state directory on a disk of its own, of so many MiB, which it alone sees. Needs a kernel that lets users have name spaces.
    pub fn run_on_own_disk(folder: TempDir, size: usize) -> Self {
        let state = folder.path().join("state");
        std::fs::create_dir_all(&state).unwrap();
        let script = r#"mount -t tmpfs -o size="$3"m,mode=700 none "$2" && exec "$0" run --config "$1""#;
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_kelisim")]);
        command.arg(folder.path().join("kelisim.toml")).arg(&state).arg(size.to_string());
        let (process, (http, https, admin), said) = Process::start(&mut command, addresses);
        Self { process, http, https, admin, said, folder: Some(folder) }
    }

    /// Runs a command where the program sees its own disk.
    pub fn beside(&self, command: &str, arguments: &[&str]) -> Output {
        let target = self.id().to_string();
        let enter = ["--target", &target, "--user", "--mount", "--preserve-credentials", command];
        Command::new("nsenter").args(enter).args(arguments).output().unwrap()
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

    /// What it has said since it was asked last, or since it started.
    pub fn says(&self) -> Vec<String> {
        self.process.says()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it as a power cut would.
    pub fn kill_now(&self) {
        let killed = Command::new("sh").args(["-c", "kill -KILL $0", &self.id().to_string()]).status();
        assert!(killed.unwrap().success());
    }

    /// Kills it, if that has not happened yet, and gives its folder.
    pub fn kill(mut self) -> TempDir {
        self.process.kill();
        self.folder.take().unwrap()
    }

    /// Asks it to stop, and gives its folder.
    pub fn stop(mut self) -> TempDir {
        assert!(self.process.stop());
        self.folder.take().unwrap()
    }
}

/// What it listens on, in the line that says so.
fn addresses(line: &str) -> Option<(SocketAddr, Option<SocketAddr>, SocketAddr)> {
    Some((address(line, "http=[")?, address(line, "https=["), address(line, "admin=")?))
}

fn address(line: &str, before: &str) -> Option<SocketAddr> {
    let rest = &line[line.find(before)? + before.len()..];
    rest.split([']', ',', ' ']).next()?.parse().ok()
}
