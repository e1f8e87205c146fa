//! The program as people run it between a bare site and bare clients, all on this machine.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use super::page;

/// What is asked of the gateway.
pub(crate) struct Load {
    pub(crate) connections: usize,
    /// More lines of the head, each with its end.
    pub(crate) head: String,
    pub(crate) body_bytes: usize,
    /// Whether the answer is a page.
    pub(crate) html: bool,
}

/// A gateway in front of a site, until it is dropped.
pub(crate) struct Gateway {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the gateway");
        let address = free_address();
        let configuration = format!(
            "[server]\nhttp = [\"{address}\"]\nstate_dir = \"state\"\n[server.limits]\nconnections = 10000\n\
             [controller]\nname = \"Example LLP\"\nbin = \"260140000005\"\naddress = \"Astana\"\nemail = \"privacy@example.kz\"\n\
             [[site]]\nhosts = [\"localhost\"]\nupstream = \"http://{}\"\nmode = \"strict\"\n\
             [site.notice]\nthird_parties = \"no\"\ncross_border = \"no\"\npublic = \"no\"\ndata = [\"cookies\"]\n\
             storage_place = \"Kazakhstan\"\n",
            site()
        );
        fs::write(folder.path().join("kelisim.toml"), configuration).expect("a configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
        command.args(["run", "--config", "kelisim.toml"]).current_dir(folder.path());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the gateway starts");
        let gateway = Self { process, address, folder };
        for _ in 0..600 {
            if TcpStream::connect(address).is_ok() {
                return gateway;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the gateway in {} does not listen", gateway.folder.path().display());
    }

    /// Microseconds of the gateway's processor time for one of these requests, sent over the connections in turn.
    pub(crate) fn cost(&self, load: &Load, requests: u32) -> f64 {
        let path = format!("/{}/{}", if load.html { "page" } else { "text" }, load.body_bytes);
        let fetch = if load.html { "sec-fetch-dest: document\r\nsec-fetch-mode: navigate\r\n" } else { "" };
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: text/html,*/*\r\ncookie: PHPSESSID=1; _ga=2\r\n{fetch}{}\r\n",
            load.head
        );
        let mut clients: Vec<_> = (0..load.connections).map(|_| Client::connect(self.address)).collect();
        let before = self.processor_time();
        for number in 0..requests as usize {
            let connections = clients.len();
            clients[number % connections].ask(&head);
        }
        (self.processor_time() - before) / 1e3 / f64::from(requests)
    }

    /// Processor time of all threads so far, in nanoseconds.
    fn processor_time(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("the gateway runs");
        let spent = |task: fs::DirEntry| {
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or_default()
        };
        tasks.filter_map(Result::ok).map(spent).sum()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the gateway listens");
        stream.set_nodelay(true).expect("a socket can be so");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket can be so");
        Self(BufReader::with_capacity(64 * 1024, stream))
    }

    /// Sends a request and reads its answer to the end.
    fn ask(&mut self, head: &str) {
        self.0.get_mut().write_all(head.as_bytes()).expect("the gateway reads");
        let lines = read_head(&mut self.0).expect("the gateway answers");
        assert!(lines[0].starts_with("HTTP/1.1 200"), "{lines:?}");
        let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).map(str::trim);
        match value("content-length:") {
            Some(length) => self.skip(length.parse().expect("a length")),
            None => self.skip_chunks(),
        }
    }

    fn skip_chunks(&mut self) {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("a chunk");
            let length = u64::from_str_radix(line.trim(), 16).expect("a length");
            self.skip(length + 2);
            if length == 0 {
                return;
            }
        }
    }

    fn skip(&mut self, length: u64) {
        std::io::copy(&mut (&mut self.0).take(length), &mut std::io::sink()).expect("the body comes");
    }
}

/// The lines of a head in small letters; `None` where the other side has gone.
fn read_head(reader: &mut impl std::io::BufRead) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Some(lines);
        }
        lines.push(if lines.is_empty() { line.to_owned() } else { line.to_ascii_lowercase() });
    }
}

/// A site that answers `/page/BYTES` and `/text/BYTES`, with a thread for each connection.
fn site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(stream: TcpStream) {
    _ = stream.set_nodelay(true);
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    let mut known = (String::new(), Vec::new());
    while let Some(lines) = read_head(&mut reader) {
        let path = lines[0].split(' ').nth(1).unwrap_or_default();
        if known.0 != path {
            known = (path.to_owned(), answer(path));
        }
        if reader.get_mut().write_all(&known.1).is_err() {
            return;
        }
    }
}

fn answer(path: &str) -> Vec<u8> {
    let bytes = path.rsplit('/').next().and_then(|bytes| bytes.parse().ok()).unwrap_or(1000);
    let (kind, body) = if path.starts_with("/page/") {
        ("text/html; charset=utf-8", page::page(bytes, 1))
    } else {
        ("text/plain", vec![b'x'; bytes])
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

/// An address of this machine that was free a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
