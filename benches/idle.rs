//! What a connection on which nothing happens takes of the gateway's memory, plain and by TLS, and what its rest costs connections that are busy.
//!
//! `KELISIM_BENCH_CONNECTIONS` asks for another number of connections; each takes a descriptor here and one in the gateway.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use kelisim::{
    cli::{demo, running::Running},
    clock::Clock,
    config,
};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};

const CONNECTIONS: usize = 2000;

/// How often every connection is replaced by another before memory is read a second time.
const CHURNS: usize = 10;

/// Until connections rest, and what was freed has gone back to the system.
const UNTIL_AT_REST: Duration = Duration::from_secs(3);

/// Busy connections, their requests in one round, and the rounds, of which the middle one counts.
const BUSY: usize = 64;
const REQUESTS: usize = 20_000;
const ROUNDS: usize = 5;

/// Tells this program, started again, to be a gateway with this many milliseconds until a connection rests.
const REST_AFTER: &str = "KELISIM_BENCH_REST_AFTER";

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n";

fn main() {
    if let Ok(rest_after) = std::env::var(REST_AFTER) {
        return be_gateway(rest_after.parse().expect("milliseconds"));
    }
    let connections = std::env::var("KELISIM_BENCH_CONNECTIONS").ok().and_then(|number| number.parse().ok());
    let connections: usize = connections.unwrap_or(CONNECTIONS);
    let folder = tempfile::tempdir().expect("a folder for the gateway");
    let (certificate, key) = demo::certificate(&["shop.example"]).expect("a certificate");
    fs::write(folder.path().join("certificate.pem"), &certificate).expect("a file");
    fs::write(folder.path().join("key.pem"), key).expect("a file");
    fs::write(folder.path().join("kelisim.toml"), configuration(connections)).expect("a configuration");
    let roots = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
    allow_descriptors(connections + 200);

    for scheme in ["plain", "TLS"] {
        let tls = (scheme == "TLS").then(|| client_config(&roots));
        measure_memory(scheme, connections, tls.as_ref(), folder.path());
    }
    measure_cost(folder.path());
}

fn configuration(connections: usize) -> String {
    format!(
        r#"
[server]
http = ["127.0.0.1:0"]
https = ["127.0.0.1:0"]
redirect_to_https = false
state_dir = "state"
workers = 1
[server.limits]
connections = {}
[tls]
certificates = [{{ certificate = "certificate.pem", key = "key.pem" }}]
[controller]
name = "Shop"
bin = "260140000005"
address = "Astana"
email = "privacy@shop.example"
[[site]]
hosts = ["shop.example"]
upstream = "http://{}"
[site.notice]
third_parties = "none"
cross_border = "none"
public = "none"
data = ["cookies"]
storage_place = "Kazakhstan"
"#,
        connections + 100,
        site()
    )
}

/// A site that answers every request with one kilobyte.
fn site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1024\r\n\r\n{}", "x".repeat(1024));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            thread::spawn(move || {
                let mut stream = BufReader::new(stream);
                while read_head(&mut stream).is_some() && stream.get_mut().write_all(answer.as_bytes()).is_ok() {}
            });
        }
    });
    address
}

/// The length of the body that follows.
fn read_head(stream: &mut impl std::io::BufRead) -> Option<usize> {
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            return Some(length);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
}

/// A gateway in a process of its own; it ends with this value.
struct Gateway {
    process: Child,
    http: SocketAddr,
    https: SocketAddr,
}

impl Gateway {
    fn start(command: &mut Command, folder: &Path) -> Self {
        let command = command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the gateway starts");
        let mut lines = BufReader::new(process.stderr.take().expect("it was asked for")).lines().map_while(Result::ok);
        let find = |line: &str, before: &str| -> Option<SocketAddr> {
            let rest = &line[line.find(before)? + before.len()..];
            rest.split([']', ',', ' ']).next()?.parse().ok()
        };
        let found = lines.find_map(|line| find(&line, "http=[").zip(find(&line, "https=[")));
        thread::spawn(move || lines.for_each(drop));
        let (http, https) = found.expect("the gateway says where it listens");
        Self { process, http, https }
    }

    /// In KiB.
    fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Of all its threads, in microseconds.
    fn cpu(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("it runs");
        let nanoseconds = tasks.filter_map(|task| {
            let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        });
        nanoseconds.sum::<f64>() / 1000.0
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn connect(gateway: &Gateway, tls: Option<&Arc<ClientConfig>>) -> BufReader<Box<dyn Stream>> {
    let address = if tls.is_some() { gateway.https } else { gateway.http };
    let stream = TcpStream::connect(address).expect("a connection; is `ulimit -n` high enough?");
    stream.set_nodelay(true).expect("an option");
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(stream),
        Some(tls) => {
            let name = ServerName::try_from("shop.example").expect("a name");
            Box::new(StreamOwned::new(ClientConnection::new(tls.clone(), name).expect("a client"), stream))
        }
    };
    BufReader::with_capacity(2048, stream)
}

fn ask(stream: &mut BufReader<Box<dyn Stream>>) {
    stream.get_mut().write_all(REQUEST).expect("the gateway reads");
    let length = read_head(stream).expect("an answer");
    stream.read_exact(&mut vec![0; length]).expect("a body");
}

fn client_config(root: &CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

#[allow(clippy::print_stdout, reason = "a process has memory, which no harness of functions knows")]
fn measure_memory(scheme: &str, connections: usize, tls: Option<&Arc<ClientConfig>>, folder: &Path) {
    let program = std::env::var("KELISIM_BENCH_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_kelisim").to_owned());
    let mut command = Command::new(program);
    let gateway = Gateway::start(command.args(["run", "--config", "kelisim.toml"]), folder);
    let open = || {
        let mut stream = connect(&gateway, tls);
        ask(&mut stream);
        stream
    };
    drop(open());
    thread::sleep(UNTIL_AT_REST);
    let before = gateway.resident();
    let each = || {
        let awake = (gateway.resident() - before) / connections as f64;
        thread::sleep(UNTIL_AT_REST);
        (awake, (gateway.resident() - before) / connections as f64)
    };
    let mut idle: Vec<_> = (0..connections).map(|_| open()).collect();
    let (awake, rested) = each();
    println!("{scheme}: {connections} idle connections, {rested:.1} KiB each; {awake:.1} as the last one was opened");
    for _ in 0..CHURNS {
        idle.iter_mut().for_each(|stream| *stream = open());
    }
    println!("{scheme}: the same after each was replaced {CHURNS} times, {:.1} KiB", each().1);
    idle.iter_mut().for_each(ask);
    println!("{scheme}: the same after one more request on each, {:.1} KiB", each().1);
}

/// Busy connections with a gateway that lets none rest, with the usual one, and with one that lets each rest after every answer.
#[allow(clippy::print_stdout, reason = "a process has a time of its own, which no harness of functions knows")]
fn measure_cost(folder: &Path) {
    let usual = Duration::from_millis(500).as_millis() as u64;
    for (name, rest_after) in [("never", u64::MAX), ("as usual", usual), ("after every answer", 0)] {
        let _ = (name, rest_after);
    }
    let gateways: Vec<_> = [("never", u64::MAX), ("as usual", usual), ("after every answer", 0)]
        .into_iter()
        .enumerate()
        .map(|(number, (name, rest_after))| {
            let own = folder.join(number.to_string());
            fs::create_dir(&own).expect("a folder");
            for file in ["certificate.pem", "key.pem", "kelisim.toml"] {
                fs::copy(folder.join(file), own.join(file)).expect("a file");
            }
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            let gateway = Gateway::start(command.env(REST_AFTER, rest_after.to_string()), &own);
            let streams: Vec<_> = (0..BUSY).map(|_| connect(&gateway, None)).collect();
            (name, gateway, streams, Vec::new())
        })
        .collect();
    let mut gateways = gateways;
    for _ in 0..ROUNDS {
        for (_, gateway, streams, costs) in &mut gateways {
            let before = gateway.cpu();
            for number in 0..REQUESTS {
                ask(&mut streams[number % BUSY]);
            }
            costs.push((gateway.cpu() - before) / REQUESTS as f64);
        }
    }
    for (name, _, _, costs) in &mut gateways {
        costs.sort_by(f64::total_cmp);
        let (least, middle, most) = (costs[0], costs[ROUNDS / 2], costs[ROUNDS - 1]);
        println!(
            "{BUSY} busy connections, which rest {name}: {middle:.1} µs of processor time for a request ({least:.1} to {most:.1})"
        );
    }
}

/// Serves until it is killed.
#[allow(clippy::print_stderr, reason = "whoever started it reads where it listens")]
fn be_gateway(rest_after: u64) {
    let (mut configuration, _) = config::load(Path::new("kelisim.toml")).expect("a configuration");
    configuration.server.limits.rest_after = Duration::from_millis(rest_after);
    let running = Running::start(configuration, Clock::system()).expect("a gateway");
    eprintln!("http={:?} https={:?}", running.http(), running.https());
    loop {
        thread::park();
    }
}

/// Raises the limit of descriptors of this process, and of those that it starts.
fn allow_descriptors(count: usize) {
    let (process, limit) = (std::process::id().to_string(), format!("--nofile={count}:"));
    // Where that can't be, opening connections says so.
    _ = Command::new("prlimit").args(["--pid", &process, &limit]).status();
}
