//! A client that keeps cookies as browsers do, as far as the tests need it, and says what its user sees.

use std::{
    io::{BufReader, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use socket2::{Domain, Socket, Type};

use super::{
    jar::{Jar, To},
    message::{Reply, read_reply},
};

/// How long a test waits for an answer before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with a jar of cookies; every request is a connection of its own.
pub struct Browser {
    address: SocketAddr,
    pub host: String,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// The address of this machine that it has.
    from: Option<IpAddr>,
    /// What comes on a connection before everything else.
    begins_with: Vec<u8>,
    pub jar: Jar,
    /// Sent with every request besides those of a navigation.
    pub headers: Vec<(String, String)>,
}

/// A stream of either kind.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Browser {
    /// A browser that speaks plain http and names this host.
    pub fn at(address: SocketAddr, host: &str) -> Self {
        let jar = Jar::of(without_port(host));
        Self {
            address,
            host: host.to_owned(),
            tls: None,
            from: None,
            begins_with: Vec::new(),
            jar,
            headers: Vec::new(),
        }
    }

    /// A browser that speaks TLS and trusts this certificate.
    pub fn over_tls(address: SocketAddr, name: &str, certificate: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name_for_tls = ServerName::try_from(name.to_owned()).unwrap();
        Self { tls: Some((Arc::new(config), name_for_tls)), ..Self::at(address, name) }
    }

    /// Adds a header to every request.
    pub fn sending(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Begins every connection with these bytes, before TLS.
    pub fn beginning_with(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.begins_with = bytes.as_ref().to_owned();
        self
    }

    /// Comes from this address.
    pub fn coming_from(self, address: impl Into<IpAddr>) -> Self {
        Self { from: Some(address.into()), ..self }
    }

    /// Goes to another address, such as that of a proxy in front.
    pub fn by_way_of(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// Holds a cookie.
    pub fn holding(mut self, name: &str, value: &str) -> Self {
        self.jar.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A connection to the gateway.
    pub fn connect(&self) -> Box<dyn Stream> {
        let mut stream = self.stream();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&self.begins_with).unwrap();
        match &self.tls {
            None => Box::new(stream),
            Some((config, name)) => {
                let connection = ClientConnection::new(config.clone(), name.clone()).unwrap();
                Box::new(StreamOwned::new(connection, stream))
            }
        }
    }

    fn stream(&self) -> TcpStream {
        let Some(from) = self.from else { return TcpStream::connect(self.address).unwrap() };
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
        socket.connect(&self.address.into()).unwrap();
        socket.into()
    }

    /// Sends bytes as they are and reads one answer.
    pub fn raw(&self, bytes: &[u8]) -> std::io::Result<Reply> {
        let mut stream = BufReader::new(self.connect());
        stream.get_mut().write_all(bytes)?;
        let method = String::from_utf8_lossy(bytes).split(' ').next().unwrap_or_default().to_owned();
        read_reply(&mut stream, &method)
    }

    /// Posts bytes in plain http to a gateway that may be gone.
    pub fn try_raw(&self, bytes: &[u8]) -> Option<Reply> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.write_all(bytes).ok()?;
        read_reply(&mut BufReader::new(stream), "POST").ok()
    }

    /// Sends a request with the jar and takes the answer's cookies into it.
    pub fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.host);
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let host = without_port(&self.host).to_owned();
        let to = To { host: &host, target, secure: self.is_secure() };
        if let Some(line) = self.jar.line(to) {
            head.push_str(&format!("cookie: {line}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("connection: close\r\n\r\n");
        let reply = self.raw(&[head.as_bytes(), body].concat()).unwrap();
        reply.all("set-cookie").iter().for_each(|line| _ = self.jar.set(to, line));
        reply
    }

    /// Asks for anything, as a program does.
    pub fn get(&mut self, target: &str) -> Reply {
        self.send("GET", target, &[], b"")
    }

    /// Opens a page, as a person does from the address bar.
    pub fn open(&mut self, target: &str) -> Reply {
        self.navigate("GET", target, "none", b"")
    }

    /// Follows a link of the site.
    pub fn click(&mut self, target: &str) -> Reply {
        self.navigate("GET", target, "same-origin", b"")
    }

    /// Posts a form of the site by clicking its button.
    pub fn post(&mut self, target: &str, form: &str) -> Reply {
        self.navigate("POST", target, "same-origin", form.as_bytes())
    }

    fn navigate(&mut self, method: &str, target: &str, from: &str, body: &[u8]) -> Reply {
        let mut headers = vec![
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"),
            ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("sec-fetch-site", from),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
            ("sec-fetch-user", "?1"),
        ];
        if method == "POST" {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        self.send(method, target, &headers, body)
    }

    /// Clicks a button of the banner: `accept`, `necessary`, or `save` with categories as `functional=on`.
    pub fn choose(&mut self, choice: &str) -> Reply {
        let page = self.open("/").text();
        let edition = field(&page, "edition").or_else(|| field(&self.open("/_kelisim/settings").text(), "edition"));
        let edition = edition.expect("banner or settings page name the edition");
        self.post("/_kelisim/choice", &format!("choice={choice}&edition={edition}&language=ru&layer=banner&to=/"))
    }

    /// Whether the page is https to the browser: by itself, or by the proxy that it would come through.
    fn is_secure(&self) -> bool {
        let proxied = ("x-forwarded-proto".to_owned(), "https".to_owned());
        self.tls.is_some() || self.headers.contains(&proxied)
    }
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(name, _)| name)
}

/// The value of a hidden field.
pub fn field(page: &str, name: &str) -> Option<String> {
    let start = page.find(&format!("name=\"{name}\" value=\""))?;
    page[start..].split('"').nth(3).map(str::to_owned)
}
