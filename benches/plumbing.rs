//! What carries a request through, bare: one runtime per core or one that steals work, our own pool of connections or the client of
//! hyper-util, in every combination. The same minimal proxy passes 1 KB through; each combination is a process of its own, and they take
//! turns.
//!
//! `KELISIM_BENCH_REQUESTS` asks for another number of requests a turn, `KELISIM_BENCH_TURNS` for another number of turns.

#![allow(clippy::print_stdout, reason = "processes have processor time, which no harness of functions knows")]

use std::{
    fs,
    future::Future,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    pin::Pin,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    thread,
    time::Instant,
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Builder,
};

/// Threads of each proxy.
const THREADS: usize = 2;
const CONNECTIONS: usize = 64;
const BODY: usize = 1024;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Copy)]
struct Combination {
    name: &'static str,
    steals: bool,
    own_pool: bool,
}

const COMBINATIONS: [Combination; 4] = [
    Combination { name: "one runtime per core, own pool", steals: false, own_pool: true },
    Combination { name: "one runtime per core, hyper-util's client", steals: false, own_pool: false },
    Combination { name: "work-stealing, own pool", steals: true, own_pool: true },
    Combination { name: "work-stealing, hyper-util's client", steals: true, own_pool: false },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, number, origin] = &arguments[..]
        && flag == "--proxy"
    {
        let number: usize = number.parse().expect("a number");
        proxy(COMBINATIONS[number], origin.parse().expect("an address"));
        return;
    }
    compare();
}

fn asked(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn compare() {
    let (requests, turns) = (asked("KELISIM_BENCH_REQUESTS", 20_000), asked("KELISIM_BENCH_TURNS", 7));
    let origin = origin();
    let mut proxies: Vec<Proxy> = (0..COMBINATIONS.len()).map(|number| Proxy::start(number, origin)).collect();
    for proxy in &proxies {
        load(proxy.address, 2_000);
    }
    for _ in 0..turns {
        for proxy in &mut proxies {
            let (cpu, begun) = (proxy.cpu(), Instant::now());
            load(proxy.address, requests);
            proxy.cost.push((proxy.cpu() - cpu) / 1e3 / requests as f64);
            proxy.rate.push(requests as f64 / begun.elapsed().as_secs_f64());
        }
    }
    println!(
        "{CONNECTIONS} connections, {BODY} bytes, {turns} turns of {requests} requests; microseconds of processor time a request"
    );
    println!("| | least | middle | most | requests/s, middle |\n|---|---|---|---|---|");
    for (combination, proxy) in COMBINATIONS.iter().zip(&mut proxies) {
        let [least, middle, most] = spread(&mut proxy.cost);
        let [_, rate, _] = spread(&mut proxy.rate);
        println!("| {} | {least:.1} | {middle:.1} | {most:.1} | {rate:.0} |", combination.name);
    }
}

fn spread(figures: &mut [f64]) -> [f64; 3] {
    figures.sort_by(f64::total_cmp);
    [figures[0], figures[figures.len() / 2], figures[figures.len() - 1]]
}

struct Proxy {
    process: Child,
    address: SocketAddr,
    cost: Vec<f64>,
    rate: Vec<f64>,
}

impl Proxy {
    fn start(number: usize, origin: SocketAddr) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command
            .args(["--proxy", &number.to_string(), &origin.to_string()])
            .stdout(Stdio::piped())
            .stdin(Stdio::piped());
        let mut process = command.spawn().expect("the proxy starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("the proxy says its address");
        Self { process, address: line.trim().parse().expect("an address"), cost: Vec::new(), rate: Vec::new() }
    }

    /// Processor time of all threads so far, in nanoseconds.
    fn cpu(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("the proxy runs");
        let spent = |task: fs::DirEntry| {
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or_default()
        };
        tasks.filter_map(Result::ok).map(spent).sum()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// A site that answers whatever it is asked, on a thread of its own.
fn origin() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    listener.set_nonblocking(true).expect("a socket can be so");
    thread::spawn(move || {
        current_thread().block_on(async {
            let listener = TcpListener::from_std(listener).expect("inside of a runtime");
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let answer = answer();
                    while read_head(&mut stream).await.is_some() && stream.write_all(&answer).await.is_ok() {}
                });
            }
        });
    });
    address
}

fn answer() -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {BODY}\r\n\r\n");
    [head.as_bytes(), &[b'x'; BODY]].concat()
}

/// Reads up to the empty line; the answer is what came behind it.
async fn read_head(stream: &mut TcpStream) -> Option<usize> {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            return Some(bytes.len() - end - 4);
        }
    }
}

/// Sends requests over all connections and reads the answers.
fn load(proxy: SocketAddr, requests: usize) {
    const REQUEST: &[u8] = b"GET /page HTTP/1.1\r\nhost: shop.example\r\nuser-agent: bench\r\naccept: */*\r\n\r\n";
    current_thread().block_on(async {
        let client = || async move {
            let mut stream = TcpStream::connect(proxy).await?;
            stream.set_nodelay(true)?;
            let mut body = [0; BODY];
            for _ in 0..requests / CONNECTIONS {
                stream.write_all(REQUEST).await?;
                let there = read_head(&mut stream).await.ok_or(std::io::ErrorKind::UnexpectedEof)?;
                stream.read_exact(&mut body[there..]).await?;
            }
            Ok::<_, std::io::Error>(())
        };
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(client())).collect();
        for client in clients {
            client.await.expect("no client panics").expect("every request is answered");
        }
    });
}

fn current_thread() -> tokio::runtime::Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The part that runs as a process of its own, until its standard input ends.
fn proxy(combination: Combination, origin: SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let first = listen(address);
    let address = first.local_addr().expect("bound");
    if combination.steals {
        thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().expect("a runtime");
            runtime.block_on(async { _ = tokio::spawn(accept(first, Upstream::new(combination, origin))).await });
        });
    } else {
        let others = (1..THREADS).map(|_| listen(address));
        for listener in std::iter::once(first).chain(others).collect::<Vec<_>>() {
            let upstream = Upstream::new(combination, origin);
            thread::spawn(move || current_thread().block_on(accept(listener, upstream)));
        }
    }
    println!("{address}");
    _ = std::io::stdin().read(&mut [0]);
}

/// A listener whose port others of this process share.
fn listen(address: SocketAddr) -> std::net::TcpListener {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.set_reuse_port(true).and_then(|()| socket.bind(&address.into())).expect("a port");
    socket.listen(1024).and_then(|()| socket.set_nonblocking(true)).expect("a listener");
    socket.into()
}

async fn accept(listener: std::net::TcpListener, upstream: Upstream) {
    let listener = TcpListener::from_std(listener).expect("inside of a runtime");
    while let Ok((stream, _)) = listener.accept().await {
        _ = stream.set_nodelay(true);
        let upstream = upstream.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| upstream.send(request));
            _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[derive(Clone)]
enum Upstream {
    Own(Arc<Pool>),
    HyperUtil(Client<HttpConnector, Incoming>, SocketAddr),
}

struct Pool {
    idle: Mutex<Vec<SendRequest<Incoming>>>,
    origin: SocketAddr,
}

impl Upstream {
    fn new(combination: Combination, origin: SocketAddr) -> Self {
        if combination.own_pool {
            return Self::Own(Arc::new(Pool { idle: Mutex::default(), origin }));
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self::HyperUtil(Client::builder(TokioExecutor::new()).build(connector), origin)
    }

    async fn send(&self, mut request: Request<Incoming>) -> Result<Response<Answer>, AnyError> {
        match self {
            Self::Own(pool) => {
                let mut sender = pool.take().await?;
                let answer = sender.send_request(request).await?;
                Ok(answer.map(|body| Answer { body, lease: Some((sender, pool.clone())) }))
            }
            Self::HyperUtil(client, origin) => {
                let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
                *request.uri_mut() = Uri::try_from(format!("http://{origin}{path}"))?;
                Ok(client.request(request).await?.map(|body| Answer { body, lease: None }))
            }
        }
    }
}

impl Pool {
    async fn take(&self) -> Result<SendRequest<Incoming>, AnyError> {
        loop {
            let idle = self.idle.lock().expect("no panic while it is held").pop();
            match idle {
                Some(sender) if sender.is_ready() => return Ok(sender),
                Some(_) => {}
                None => break,
            }
        }
        let stream = TcpStream::connect(self.origin).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn put(&self, sender: SendRequest<Incoming>) {
        self.idle.lock().expect("no panic while it is held").push(sender);
    }
}

/// A body that gives its connection back at its end.
struct Answer {
    body: Incoming,
    lease: Option<(SendRequest<Incoming>, Arc<Pool>)>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if (frame.is_none() || self.body.is_end_stream())
            && let Some((mut sender, pool)) = self.lease.take()
        {
            if sender.is_ready() {
                pool.put(sender);
            } else {
                let given_back: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
                    if sender.ready().await.is_ok() {
                        pool.put(sender);
                    }
                });
                tokio::spawn(given_back);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
