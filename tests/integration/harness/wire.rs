//! A connection that a test holds open and on which it says byte by byte what is sent.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};

use super::{
    Browser,
    browser::Stream,
    message::{Reply, read_reply},
};

/// An open connection to the gateway.
pub struct Wire(BufReader<Box<dyn Stream>>);

impl Wire {
    /// Connects as this browser would.
    pub fn of(browser: &Browser) -> Self {
        Self(BufReader::new(browser.connect()))
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
        self.0.get_mut().flush().unwrap();
    }

    /// Sends bytes to a gateway that may have hung up already.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        _ = self.0.get_mut().write_all(bytes.as_ref());
    }

    /// Reads an answer, skipping interim ones.
    pub fn reply(&mut self, method: &str) -> Reply {
        read_reply(&mut self.0, method).unwrap()
    }

    /// Sends a request without a body and reads its answer.
    pub fn ask(&mut self, method: &str, target: &str, lines: &[&str]) -> Reply {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        self.send(format!("{method} {target} HTTP/1.1\r\nhost: shop.example\r\n{lines}\r\n"));
        self.reply(method)
    }

    /// Reads until this text has come, and gives all that came with it.
    pub fn until(&mut self, mark: &str) -> String {
        let mut come = Vec::new();
        while !String::from_utf8_lossy(&come).contains(mark) {
            let byte = self.0.by_ref().bytes().next().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&come)));
            come.push(byte.unwrap());
        }
        String::from_utf8_lossy(&come).into_owned()
    }

    /// Everything that comes until the gateway closes the connection; panics if it does not.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut come = Vec::new();
        loop {
            match self.0.fill_buf() {
                Ok([]) => return come,
                Ok(bytes) => {
                    let length = bytes.len();
                    come.extend_from_slice(bytes);
                    self.0.consume(length);
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("the connection stays open after {:?}", String::from_utf8_lossy(&come));
                }
                Err(_) => return come,
            }
        }
    }

    /// Reads exactly this many bytes.
    pub fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads and forgets what has come, and says how much it was; 0 at the end.
    pub fn swallow(&mut self) -> usize {
        let length = self.0.fill_buf().unwrap().len();
        self.0.consume(length);
        length
    }
}
