//! A server on loopback that keeps every byte it gets and answers that all is well.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// Most bytes of one request that are kept; the gateway sends less.
const MOST_BYTES: u64 = 1024 * 1024;

/// The recorder. It listens until the process ends.
pub(super) struct Recorder {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    /// Listens on a port of its own.
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let recorder = Self { address: listener.local_addr()?, got: Arc::default() };
        let got = recorder.got.clone();
        thread::Builder::new().name("recorder".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let got = got.clone();
                // A connection that breaks has nothing more to record.
                thread::spawn(move || _ = serve(&stream, &got));
            }
        })?;
        Ok(recorder)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests since the last time, byte by byte.
    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.got.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes requests of one connection. A request is kept before it is answered, so that whoever has the answer finds it.
fn serve(stream: &TcpStream, got: &Mutex<Vec<Vec<u8>>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        got.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let mut writer = stream;
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok")?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let start = request.len();
        if reader.take(MOST_BYTES).read_until(b'\n', &mut request)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&request[start..]).trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    reader.take(length).read_to_end(&mut request)?;
    Ok(Some(request))
}
