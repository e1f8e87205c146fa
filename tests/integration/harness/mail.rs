//! A mail server on loopback: as much of SMTP (RFC 5321) as a letter needs, with TLS or without, and what it was given.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use kelisim::cli::demo;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use super::browser::Stream;

/// Who may sign in, and how.
const USER: &str = "stats@example.kz";
const PASSWORD: &str = "correct horse";

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Plain,
    StartTls,
    Tls,
}

/// A server at work until the test ends.
pub struct MailServer {
    address: SocketAddr,
    /// The certificate that it shows, PEM.
    pub certificate: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    letters: Mutex<Vec<Received>>,
    refusal: Mutex<Option<&'static str>>,
    sessions: Mutex<usize>,
}

/// A letter as it came.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub user: Option<String>,
    pub over_tls: bool,
    pub message: String,
}

/// A part of a letter, decoded.
#[derive(Debug)]
pub struct Part {
    pub head: String,
    pub text: String,
}

impl MailServer {
    pub fn start(way: Way) -> Self {
        let (certificate, key) = demo::certificate(&["localhost"]).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<State>::default();
        let at_work = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, config) = (at_work.clone(), config.clone());
                *state.sessions.lock().unwrap() += 1;
                // A client that breaks off has nothing more to say.
                thread::spawn(move || _ = serve(stream, way, config, &state));
            }
        });
        Self { address, certificate, state }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on readers are refused with this answer, or taken again.
    pub fn refuse(&self, answer: Option<&'static str>) {
        *self.state.refusal.lock().unwrap() = answer;
    }

    /// What came so far.
    pub fn letters(&self) -> Vec<Received> {
        self.state.letters.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub fn sessions(&self) -> usize {
        *self.state.sessions.lock().unwrap()
    }
}

fn serve(mut tcp: TcpStream, way: Way, config: Arc<ServerConfig>, state: &State) -> std::io::Result<()> {
    let encrypted = |tcp| {
        let connection = ServerConnection::new(config).unwrap();
        Box::new(StreamOwned::new(connection, tcp)) as Box<dyn Stream>
    };
    if way == Way::Tls {
        return session(&mut *encrypted(tcp), true, false, true, state).map(drop);
    }
    let asks_for_tls = session(&mut tcp, false, way == Way::StartTls, true, state)?;
    if asks_for_tls {
        session(&mut *encrypted(tcp), true, false, false, state)?;
    }
    Ok(())
}

/// One conversation; `true` when it is to go on over TLS.
fn session(
    stream: &mut dyn Stream,
    over_tls: bool,
    offers_tls: bool,
    greets: bool,
    state: &State,
) -> std::io::Result<bool> {
    let mut letter = Received { over_tls, ..Received::default() };
    if greets {
        say(stream, "220 mail.example.kz")?;
    }
    loop {
        let line = read_line(stream)?;
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" if offers_tls => "250-mail.example.kz\r\n250 STARTTLS".to_owned(),
            "EHLO" => "250-mail.example.kz\r\n250 AUTH PLAIN".to_owned(),
            "STARTTLS" => {
                say(stream, "220 go on")?;
                return Ok(true);
            }
            // Before it is encrypted nothing else may be said.
            _ if offers_tls => "530 Must issue a STARTTLS command first".to_owned(),
            "AUTH" => {
                let given = BASE64.decode(line.rsplit(' ').next().unwrap_or_default()).unwrap_or_default();
                if given == format!("\0{USER}\0{PASSWORD}").into_bytes() {
                    letter.user = Some(USER.to_owned());
                    "235 welcome".to_owned()
                } else {
                    "535 5.7.8 Authentication credentials invalid".to_owned()
                }
            }
            "MAIL" => {
                letter.from = address(&line);
                "250 ok".to_owned()
            }
            "RCPT" => match *state.refusal.lock().unwrap() {
                Some(refusal) => refusal.to_owned(),
                None => {
                    letter.to.push(address(&line));
                    "250 ok".to_owned()
                }
            },
            "DATA" => {
                say(stream, "354 go on")?;
                letter.message = read_message(stream)?;
                state.letters.lock().unwrap().push(letter.clone());
                "250 taken".to_owned()
            }
            "QUIT" => {
                say(stream, "221 bye")?;
                return Ok(false);
            }
            _ => "502 not known".to_owned(),
        };
        say(stream, &answer)?;
    }
}

fn say(stream: &mut dyn Stream, answer: &str) -> std::io::Result<()> {
    stream.write_all(format!("{answer}\r\n").as_bytes())?;
    stream.flush()
}

fn read_line(stream: &mut dyn Stream) -> std::io::Result<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line[..line.len() - 2]).into_owned())
}

fn read_message(stream: &mut dyn Stream) -> std::io::Result<String> {
    let mut message = String::new();
    loop {
        let line = read_line(stream)?;
        if line == "." {
            return Ok(message);
        }
        // What begins with a dot was given another one (RFC 5321, section 4.5.2).
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
        message.push_str("\r\n");
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

impl Received {
    /// A line of the head, decoded (RFC 2047).
    pub fn head(&self, name: &str) -> String {
        let head = self.message.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let prefix = format!("{name}: ");
        let line = head.split("\r\n").find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default();
        let mut text = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("=?utf-8?b?") {
            let (word, after) = after.split_once("?=").unwrap();
            // White space between two encoded words is none.
            text.push_str(if text.is_empty() || !before.trim().is_empty() { before } else { "" });
            text.push_str(&String::from_utf8(BASE64.decode(word).unwrap()).unwrap());
            rest = after;
        }
        text + rest
    }

    /// The parts of `multipart/alternative`, in their order.
    pub fn parts(&self) -> Vec<Part> {
        let kind = self.head("Content-Type");
        assert!(kind.starts_with("multipart/alternative;"), "{kind}");
        let boundary = kind.split("boundary=").nth(1).unwrap().trim_matches('"').to_owned();
        let boundary = format!("--{boundary}");
        let parts = self.message.split(&boundary).skip(1);
        let parts = parts.take_while(|part| !part.starts_with("--"));
        parts
            .map(|part| {
                let (head, body) = part.split_once("\r\n\r\n").unwrap();
                let bytes = if head.contains("base64") {
                    BASE64.decode(body.split_whitespace().collect::<String>()).unwrap()
                } else if head.contains("quoted-printable") {
                    quoted_printable(body)
                } else {
                    body.as_bytes().to_vec()
                };
                Part { head: head.trim().to_owned(), text: String::from_utf8(bytes).unwrap() }
            })
            .collect()
    }
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'=', [b'\r', b'\n', after @ ..]) => rest = after,
            (b'=', [one, two, after @ ..]) => {
                let digits = [*one, *two].map(char::from).iter().collect::<String>();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}
