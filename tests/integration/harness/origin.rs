//! A web site on a port of its own that answers what a test tells it to.

use std::{
    io::{BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::message::{RequestSeen, read_request};

/// What the site does with a request.
pub enum Answering {
    /// It sends these bytes and keeps the connection.
    Bytes(Vec<u8>),
    /// It sends these bytes and closes the connection.
    Last(Vec<u8>),
    /// It does what it likes with the connection, which ends afterwards.
    Stream(Box<dyn FnOnce(TcpStream) + Send>),
}

/// The site. It remembers every request.
#[derive(Clone)]
pub struct Origin {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<RequestSeen>>>,
    connections: Arc<AtomicUsize>,
}

impl Origin {
    /// A site that answers each request by this function.
    pub fn new(answer: impl Fn(&RequestSeen) -> Answering + Send + Sync + 'static) -> Self {
        let seen = Arc::<Mutex<Vec<RequestSeen>>>::default();
        let known = seen.clone();
        Self { seen, ..Self::raw(move |stream| serve(stream, &known, &answer)) }
    }

    /// A site that does with each connection what this function does; requests are not remembered.
    pub fn raw(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let origin = Self { address, seen: Arc::default(), connections: Arc::default() };
        let (connections, serve) = (origin.connections.clone(), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let serve = serve.clone();
                thread::spawn(move || serve(stream.unwrap()));
            }
        });
        origin
    }

    /// A site that answers everything with the same bytes.
    pub fn answering(bytes: Vec<u8>) -> Self {
        Self::new(move |_| Answering::Bytes(bytes.clone()))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The newest request.
    pub fn last(&self) -> RequestSeen {
        self.seen.lock().unwrap().last().expect("the site was asked").clone()
    }

    /// How many connections were ever opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<RequestSeen>>,
    answer: &(dyn Fn(&RequestSeen) -> Answering + Send + Sync),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Ok(Some(request)) = read_request(&mut reader) {
        let answering = answer(&request);
        seen.lock().unwrap().push(request);
        match answering {
            Answering::Bytes(bytes) => {
                if writer.write_all(&bytes).is_err() {
                    return;
                }
            }
            Answering::Last(bytes) => {
                _ = writer.write_all(&bytes);
                return;
            }
            Answering::Stream(with) => return with(writer),
        }
    }
}
