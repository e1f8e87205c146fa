//! A new process in the place of the old one, while somebody else holds the listeners: nobody is refused, and who asks how the gateway is hears
//! the truth all the way.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{fd::AsRawFd as _, unix::net::UnixDatagram},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use kelisim::ledger::{KeyKind, SigningKey};
use rustix::io::{FdFlags, fcntl_setfd};
use tempfile::TempDir;

use crate::harness::{Answering, Browser, Gateway, Origin, Wire, ok};

const PATIENCE: Duration = Duration::from_secs(120);

/// What systemd is to a service: it holds listeners, hands them over at each start, and hears how the service is.
struct Supervisor {
    listeners: Vec<TcpListener>,
    heard: UnixDatagram,
    folder: TempDir,
}

/// The service; it is killed when it is dropped.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        // One that has ended already can't be killed again.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

impl Service {
    fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} $0"), &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Supervisor {
    /// One that holds a listener for http and one for the administration of a gateway before this site; `lines` are for `[server]`.
    fn of(site: &Origin, lines: &str) -> Self {
        let listeners: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let folder = Gateway::with(site).draining_for("10 min").server(lines).folder();
        let file = folder.path().join("kelisim.toml");
        let text = fs::read_to_string(&file).unwrap();
        let address = |number: usize| listeners[number].local_addr().unwrap().to_string();
        let text = text
            .replace("http = [\"127.0.0.1:0\"]\n", &format!("http = [\"{}\"]\n", address(0)))
            .replace("admin = \"127.0.0.1:0\"", &format!("admin = \"{}\"", address(1)));
        fs::write(&file, text).unwrap();
        let heard = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        heard.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { listeners, heard, folder }
    }

    fn http(&self) -> SocketAddr {
        self.listeners[0].local_addr().unwrap()
    }

    fn browser(&self) -> Browser {
        Browser::at(self.http(), &format!("localhost:{}", self.http().port()))
    }

    fn status(&self, path: &str) -> u16 {
        let address = self.listeners[1].local_addr().unwrap();
        Browser::at(address, &address.to_string()).get(path).status
    }

    /// Starts the service. What it says on standard error goes to a file.
    fn start(&self, variables: &[(&str, &str)]) -> Service {
        self.listeners.iter().for_each(|listener| fcntl_setfd(listener, FdFlags::empty()).unwrap());
        let moves = self.listeners.iter().enumerate();
        let moves: String =
            moves.map(|(at, listener)| format!("exec {}<&{}; ", at + 3, listener.as_raw_fd())).collect();
        // Descriptors begin at 3, and the process keeps the number of the shell.
        let script =
            format!("{moves}export LISTEN_FDS={} LISTEN_PID=$$; exec \"$0\" run --config \"$1\"", self.listeners.len());
        let mut command = Command::new("bash");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_kelisim")]).arg(self.folder.path().join("kelisim.toml"));
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify")).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stderr(fs::File::options().create(true).append(true).open(self.said()).unwrap());
        Service(command.spawn().unwrap())
    }

    fn said(&self) -> std::path::PathBuf {
        self.folder.path().join("said")
    }

    /// Waits until the service says this.
    fn hears(&self, word: &str) {
        let begun = Instant::now();
        let mut bytes = [0; 512];
        while begun.elapsed() < PATIENCE {
            let length = self.heard.recv(&mut bytes).unwrap_or_else(|error| panic!("{word}: {error}"));
            let said = String::from_utf8_lossy(&bytes[..length]);
            if said.lines().any(|line| line == word) {
                return;
            }
        }
        panic!("it never said {word}");
    }
}

#[test]
fn a_witness_has_started_when_its_key_is_there_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let heard = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    heard.set_read_timeout(Some(PATIENCE)).unwrap();
    let log = SigningKey::from_seed("shop.example/_kelisim/log/0123", KeyKind::Log, &[7; 32]).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
    command.args(["log", "witness", "--listen", "127.0.0.1:0", "--name", "witness.example", "--log"]);
    command.arg(log.verifier().to_string()).arg("--state").arg(folder.path().join("state"));
    command.env("NOTIFY_SOCKET", folder.path().join("notify")).stdout(Stdio::null()).stderr(Stdio::null());
    let _witness = Service(command.spawn().unwrap());
    let mut bytes = [0; 512];
    let length = heard.recv(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes[..length]).trim_end(), "READY=1");
    let key = fs::read_to_string(folder.path().join("state/witness.pub")).unwrap();
    assert!(key.starts_with("witness.example+"), "{key}");
}

/// One request on a connection of its own; what came, and whether there was a connection at all.
fn asked_once(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut come = String::new();
    stream.read_to_string(&mut come)?;
    Ok(come)
}

#[test]
fn over_restarts_under_load_no_connection_is_refused_and_none_is_lost() {
    let site = Origin::answering(ok("text/plain", "fine"));
    // A machine that stands still for a while closes nothing.
    let patient = "[server.limits]\nhead_timeout = \"10 min\"\nidle_timeout = \"10 min\"";
    let supervisor = Supervisor::of(&site, patient);
    let is_over = AtomicBool::new(false);
    let answered = AtomicUsize::new(0);
    let mut service = supervisor.start(&[]);
    supervisor.hears("READY=1");
    thread::scope(|scope| {
        let (is_over, answered, supervisor) = (&is_over, &answered, &supervisor);
        for _ in 0..4 {
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let come = asked_once(supervisor.http()).unwrap_or_else(|error| panic!("{error}"));
                    assert!(come.starts_with("HTTP/1.1 200 ") && come.ends_with("fine"), "{come:?}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut before = 0;
        for _ in 0..3 {
            while answered.load(Ordering::Relaxed) < before + 50 {
                thread::yield_now();
            }
            before = answered.load(Ordering::Relaxed);
            service.signal("TERM");
            supervisor.hears("STOPPING=1");
            assert!(service.0.wait().unwrap().success());
            service = supervisor.start(&[]);
            supervisor.hears("READY=1");
        }
        while answered.load(Ordering::Relaxed) < before + 50 {
            thread::yield_now();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(site.count(), answered.load(Ordering::Relaxed), "each was asked for once");
}

#[test]
fn a_load_balancer_hears_that_the_gateway_leaves_while_everything_goes_on() {
    let (asked, was_asked) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (asked, wait) = (std::sync::Mutex::new(asked), std::sync::Mutex::new(wait));
    let site = Origin::new(move |request| {
        if request.target() == "/slow" {
            asked.lock().unwrap().send(()).unwrap();
            _ = wait.lock().unwrap().recv();
        }
        Answering::Bytes(ok("text/plain", "fine"))
    });
    let supervisor = Supervisor::of(&site, "leave_delay = \"10 min\"");
    let mut service = supervisor.start(&[]);
    supervisor.hears("READY=1");
    let health = || ["/healthz", "/readyz", "/readyz/consent"].map(|path| supervisor.status(path));
    assert_eq!(health(), [200, 200, 200]);
    let mut kept = Wire::of(&supervisor.browser());
    assert_eq!(kept.ask("GET", "/", &[]).status, 200);

    service.signal("TERM");
    supervisor.hears("STOPPING=1");
    let begun = Instant::now();
    while supervisor.status("/readyz") != 503 {
        assert!(begun.elapsed() < PATIENCE);
    }
    assert_eq!(health(), [200, 503, 503]);
    assert_eq!((kept.ask("GET", "/", &[]).status, supervisor.browser().get("/").status), (200, 200));

    // Asked once more it does not wait. What has begun ends, and the administration still answers.
    kept.send("GET /slow HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    was_asked.recv().unwrap();
    service.signal("TERM");
    while !fs::read_to_string(supervisor.said()).unwrap().contains("connections may finish") {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
    assert_eq!(health(), [200, 503, 503]);
    go.send(()).unwrap();
    assert_eq!(kept.reply("GET").text(), "fine");
    assert!(service.0.wait().unwrap().success());
}

#[test]
fn a_watchdog_hears_of_it_and_a_reload_is_told() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let supervisor = Supervisor::of(&site, "");
    let service = supervisor.start(&[("WATCHDOG_USEC", "2000000")]);
    supervisor.hears("READY=1");
    for _ in 0..2 {
        supervisor.hears("WATCHDOG=1");
    }
    service.signal("HUP");
    supervisor.hears("RELOADING=1");
    supervisor.hears("READY=1");
}

/// What the program says when it can't start.
fn refusal(mut service: Service, said: &Path) -> String {
    assert_eq!(service.0.wait().unwrap().code(), Some(1));
    let lines = BufReader::new(fs::File::open(said).unwrap()).lines();
    lines.map_while(Result::ok).last().unwrap_or_default()
}

#[test]
fn what_is_handed_over_and_not_configured_is_no_start() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let mut supervisor = Supervisor::of(&site, "");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    supervisor.listeners.push(other);
    let said = refusal(supervisor.start(&[]), &supervisor.said());
    assert!(
        said.starts_with(&format!("a listener on {address} was handed over, and [server] has no such address")),
        "{said}"
    );
}
