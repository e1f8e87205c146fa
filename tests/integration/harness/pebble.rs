//! An authority that gives certificates by ACME: Debian's `pebble`, which looks for proofs on the ports of a gateway, and a name server that
//! leads every name to this machine.

use std::{
    fs,
    io::{BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use kelisim::cli::demo;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tempfile::TempDir;

use super::{Browser, Gateway, Origin, Reply, RequestSeen, answer, process::Process, read_request};

/// Set to go without the tests that need `pebble`.
const WITHOUT: &str = "KELISIM_WITHOUT_PEBBLE";

/// Where Debian's package has its two programs.
const PROGRAMS: [&str; 2] = ["/usr/bin/pebble", "/usr/bin/pebble-challtestsrv"];

const PATIENCE: Duration = Duration::from_secs(30);

/// Where an authority will be: its ports and the certificate of its directory.
pub struct Place {
    folder: TempDir,
    directory: u16,
    management: u16,
    names: u16,
    names_management: u16,
}

/// An authority at work; it forgets everything when it is dropped.
pub struct Pebble {
    _authority: Process,
    _names: Process,
    folder: PathBuf,
    management: u16,
    names_management: u16,
}

impl Place {
    /// A place on this machine; nothing where whoever runs the tests goes without them.
    pub fn new() -> Option<Self> {
        if std::env::var_os(WITHOUT).is_some() {
            // Past the harness of tests, which shows what is printed only of those that fail.
            _ = writeln!(std::io::stderr(), "{WITHOUT} is set: what needs pebble is not tested");
            return None;
        }
        for program in PROGRAMS {
            let is_there = Path::new(program).exists();
            assert!(
                is_there,
                "{program} is missing: install Debian's package `pebble`, or set {WITHOUT}=1 to go without"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = demo::certificate(&["localhost"]).unwrap();
        fs::write(folder.path().join("authority.pem"), certificate).unwrap();
        fs::write(folder.path().join("authority.key"), key).unwrap();
        // Held together, so that they are four.
        let ports = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [directory, management, names, names_management] = ports.map(|port| port.local_addr().unwrap().port());
        Some(Self { folder, directory, management, names, names_management })
    }

    /// The address of the directory.
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.directory)
    }

    /// The certificate that the directory is known by.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The key of that.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("authority.key")
    }

    /// What `[tls]` says of it, for these names.
    pub fn tls(&self, names: &[&str]) -> String {
        format!(
            "[tls.acme]\nnames = {names:?}\ndirectory = {:?}\ndirectory_ca = {:?}\nterms_of_service_agreed = true\n\
             contact = \"mailto:name@shop.example\"\n",
            self.directory(),
            self.certificate().display().to_string()
        )
    }

    /// A directory before the authority's own: `change` makes of that what it says, and is told the new one's address; `answer` is what it
    /// answers elsewhere. Gives the address of the directory.
    pub fn changed(
        &self,
        change: impl Fn(&mut serde_json::Value, &str) + Send + Sync + 'static,
        answer: impl Fn(&RequestSeen) -> Vec<u8> + Send + Sync + 'static,
    ) -> String {
        let host = format!("localhost:{}", self.directory);
        // By the name that its certificate has, also in the addresses that it names.
        self.front(Some(host), change, move |request| Some(answer(request)))
    }

    /// The same, but everything of the authority's goes through it: where `answer` has none, the authority answers.
    pub fn through(
        &self,
        change: impl Fn(&mut serde_json::Value, &str) + Send + Sync + 'static,
        answer: impl Fn(&RequestSeen) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> String {
        self.front(None, change, answer)
    }

    /// Asks the authority under this host, from which it makes the addresses that it names, or under that of the request.
    fn front(
        &self,
        host: Option<String>,
        change: impl Fn(&mut serde_json::Value, &str) + Send + Sync + 'static,
        answer: impl Fn(&RequestSeen) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> String {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(self.certificate()).unwrap()],
                PrivateKeyDer::from_pem_file(self.key()).unwrap(),
            )
            .unwrap();
        let (config, port, certificate) = (Arc::new(config), self.directory, self.certificate());
        let own = Arc::new(OnceLock::<String>::new());
        let known = own.clone();
        let directory = Origin::raw(move |stream: TcpStream| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            let Ok(Some(request)) = read_request(&mut stream) else { return };
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let own_answer = if request.target() == "/dir" { None } else { answer(&request) };
            let reply = match own_answer {
                Some(reply) => reply,
                // It is not there yet.
                None if TcpStream::connect(address).is_err() => return,
                None => {
                    let mut asked = Browser::over_tls(address, "localhost", &certificate);
                    asked.host = host.as_deref().or(request.header("host")).unwrap().to_owned();
                    let mut said = passed_on(&mut asked, &request);
                    if request.target() == "/dir" {
                        let mut json = serde_json::from_slice(&said.body).unwrap();
                        change(&mut json, known.wait());
                        said.body = json.to_string().into_bytes();
                    }
                    told_again(&said)
                }
            };
            stream.get_mut().write_all(&reply).unwrap();
            stream.get_mut().conn.send_close_notify();
            _ = stream.get_mut().flush();
        });
        let address = own.get_or_init(|| format!("https://localhost:{}", directory.address().port()));
        format!("{address}/dir")
    }

    /// Starts the authority before a gateway. Of a hundred good nonces it refuses as many as are said.
    pub fn before(&self, gateway: &Gateway, refused_nonces: u8) -> Pebble {
        self.start(gateway.http().port(), gateway.https().port(), refused_nonces)
    }

    /// The same with the ports to which it goes by plain http and by TLS.
    pub fn start(&self, http: u16, https: u16, refused_nonces: u8) -> Pebble {
        let names = format!("127.0.0.1:{}", self.names);
        let management = format!("127.0.0.1:{}", self.names_management);
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec "$@" >&2"#, "sh", PROGRAMS[1], "-dns01", &names, "-management", &management]);
        command.args(["-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""]);
        let (name_server, ..) = Process::start(&mut command, |line| line.contains("management server").then_some(()));
        let file = self.folder.path().join("pebble.json");
        let settings = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.directory),
            "managementListenAddress": format!("127.0.0.1:{}", self.management),
            "certificate": self.certificate(),
            "privateKey": self.key(),
            "httpPort": http,
            "tlsPort": https,
        }});
        fs::write(&file, settings.to_string()).unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"exec "$@" >&2"#, "sh", PROGRAMS[0], "-strict", "-dnsserver", &names, "-config"])
            .arg(&file);
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_AUTHZREUSE", "0");
        command.env("PEBBLE_WFE_NONCEREJECT", refused_nonces.to_string());
        let (authority, ..) = Process::start(&mut command, |line| line.contains("directory available").then_some(()));
        for port in [self.directory, self.management, self.names, self.names_management] {
            listens(port);
        }
        Pebble {
            _authority: authority,
            _names: name_server,
            folder: self.folder.path().to_owned(),
            management: self.management,
            names_management: self.names_management,
        }
    }
}

/// Asks the authority what somebody asked.
fn passed_on(asked: &mut Browser, request: &RequestSeen) -> Reply {
    let headers: Vec<_> =
        ["content-type", "user-agent"].into_iter().filter_map(|name| Some((name, request.header(name)?))).collect();
    asked.send(request.method(), request.target(), &headers, &request.body)
}

/// What the authority said, with the headers that the protocol needs.
fn told_again(said: &Reply) -> Vec<u8> {
    let headers: Vec<_> = ["content-type", "location", "replay-nonce", "retry-after"]
        .into_iter()
        .filter_map(|name| Some((name, said.header(name)?)))
        .collect();
    answer(&format!("{} As It Was", said.status), &headers, &said.text())
}

/// Waits until somebody listens there.
fn listens(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "nobody listens on port {port}");
        thread::yield_now();
    }
}

impl Pebble {
    /// A browser that comes to a gateway by TLS under this name, and trusts this authority alone.
    pub fn browser(&self, gateway: &Gateway, name: &str) -> Browser {
        Browser::over_tls(gateway.https(), name, &self.root())
    }

    /// The certificate that all others follow from.
    pub fn root(&self) -> PathBuf {
        let management: SocketAddr = ([127, 0, 0, 1], self.management).into();
        let mut asked = Browser::over_tls(management, "localhost", &self.folder.join("authority.pem"));
        let root = self.folder.join("root.pem");
        fs::write(&root, asked.get("/roots/0").body).unwrap();
        root
    }

    /// Leads a name to this address.
    pub fn lead(&self, name: &str, address: &str) {
        self.name_server("/clear-a", &serde_json::json!({ "host": name }));
        self.name_server("/add-a", &serde_json::json!({ "host": name, "addresses": [address] }));
    }

    /// Has the name server fail for a name.
    pub fn lose(&self, name: &str) {
        self.name_server("/set-servfail", &serde_json::json!({ "host": name }));
    }

    fn name_server(&self, path: &str, told: &serde_json::Value) {
        let address: SocketAddr = ([127, 0, 0, 1], self.names_management).into();
        let reply = Browser::at(address, "localhost").send("POST", path, &[], told.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}
