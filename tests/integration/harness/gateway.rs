//! A gateway before a site, from a configuration to its addresses.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use kelisim::{
    cli::{
        demo,
        running::{Running, StartError},
    },
    clock::Clock,
    config,
    timestamp::Timestamp,
};
use tempfile::TempDir;

use super::{Browser, Origin};

/// When tests happen, unless they say otherwise.
pub const NOW: &str = "2026-11-22T10:00:00Z";

/// How long a test waits for the log.
const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway that will be started. The site's name is `shop.example`, and `localhost` and `127.0.0.1` lead to it too.
pub struct GatewayBuilder {
    hosts: Vec<String>,
    upstream: String,
    server: String,
    site: String,
    tables: String,
    consent: String,
    policy: Vec<(String, String)>,
    other_name: Option<String>,
    tls: Option<String>,
    redirects: bool,
    folder: Option<TempDir>,
    hand_over: Option<std::path::PathBuf>,
    rest_after: Option<Duration>,
    reading_timeout: Option<Duration>,
    drain_timeout: String,
    clock: Clock,
}

/// A gateway at work; it stops when it is dropped.
pub struct Gateway {
    running: Option<Running>,
    pub clock: Clock,
    folder: Option<TempDir>,
}

impl Gateway {
    /// A gateway with the usual configuration, in mode `strict`.
    pub fn before(origin: &Origin) -> Self {
        Self::with(origin).start()
    }

    /// A gateway whose configuration is still to be changed.
    pub fn with(origin: &Origin) -> GatewayBuilder {
        GatewayBuilder {
            hosts: ["shop.example", "*.shop.example", "localhost", "127.0.0.1"].map(str::to_owned).into(),
            upstream: format!("http://{}", origin.address()),
            server: String::new(),
            site: String::new(),
            tables: String::new(),
            consent: String::new(),
            policy: Vec::new(),
            other_name: None,
            tls: None,
            redirects: false,
            folder: None,
            hand_over: None,
            rest_after: None,
            reading_timeout: None,
            drain_timeout: "1 s".to_owned(),
            clock: Clock::standing_at(Timestamp::parse(NOW).unwrap()),
        }
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn http(&self) -> SocketAddr {
        self.running().http()[0]
    }

    pub fn https(&self) -> SocketAddr {
        self.running().https()[0]
    }

    /// The page of the admin listener at this path.
    pub fn admin(&self, path: &str) -> String {
        let address = self.running().admin().unwrap();
        Browser::at(address, &address.to_string()).get(path).text()
    }

    /// A browser that knows the site by TLS as `shop.example`.
    pub fn browser(&self) -> Browser {
        Browser::over_tls(self.https(), "shop.example", &self.path().join("certificate.pem"))
    }

    /// A browser on plain http over loopback.
    pub fn plain_browser(&self) -> Browser {
        Browser::at(self.http(), &format!("localhost:{}", self.http().port()))
    }

    /// The folder with configuration, certificate and state.
    pub fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Moves the clock.
    pub fn at(&self, moment: &str) {
        self.clock.set(Timestamp::parse(moment).unwrap());
    }

    /// The consent log as JSON lines.
    pub fn log(&self) -> Vec<serde_json::Value> {
        let reader = kelisim::store::Reader::open(&self.path().join("state")).unwrap();
        let events = reader.events(Timestamp::default(), Timestamp::from_milliseconds(i64::MAX)).unwrap();
        let line = |row: Result<kelisim::ledger::Row, _>| {
            let mut line = Vec::new();
            let term = kelisim::timestamp::Term { months: 36, days: 0 };
            let retention = kelisim::ledger::Retention { choices: term, frames: term };
            let told = kelisim::ledger::Told { notice: None, ended: None, retention };
            kelisim::ledger::write_json_line(&mut line, &row.unwrap(), &told, None).unwrap();
            serde_json::from_slice(&line).unwrap()
        };
        events.map(line).collect()
    }

    /// The consent log when it holds this many events: those of refusals come a little after their answers.
    pub fn log_of(&self, count: usize) -> Vec<serde_json::Value> {
        let started = Instant::now();
        loop {
            let log = self.log();
            if log.len() >= count {
                assert_eq!(log.len(), count, "{log:#?}");
                return log;
            }
            assert!(started.elapsed() < PATIENCE, "only {} of {count} events came", log.len());
            thread::yield_now();
        }
    }

    /// Stops the gateway and gives a builder for one that begins where this one ended.
    pub fn stopped(mut self, origin: &Origin) -> GatewayBuilder {
        self.running.take().unwrap().stop().unwrap();
        GatewayBuilder { folder: self.folder.take(), clock: self.clock.clone(), ..Self::with(origin) }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().unwrap();
        }
    }
}

impl GatewayBuilder {
    /// Other hosts of the site.
    pub fn hosts(mut self, hosts: &[&str]) -> Self {
        self.hosts = hosts.iter().map(ToString::to_string).collect();
        self
    }

    /// Lines for `[server]`.
    pub fn server(mut self, lines: &str) -> Self {
        self.server.push_str(lines);
        self.server.push('\n');
        self
    }

    /// Lines for `[[site]]` itself, such as `mode = "observe"`.
    pub fn site(mut self, lines: &str) -> Self {
        self.site.push_str(lines);
        self.site.push('\n');
        self
    }

    /// Tables of the site, such as `[[site.path]]`.
    pub fn tables(mut self, lines: &str) -> Self {
        self.tables.push_str(lines);
        self.tables.push('\n');
        self
    }

    /// Lines for `[site.consent]`, such as `model = "notice"`.
    pub fn consent(mut self, lines: &str) -> Self {
        self.consent.push_str(lines);
        self.consent.push('\n');
        self
    }

    /// An edition of the policy in Russian: the header's lines and the text.
    pub fn edition(mut self, id: &str, effective: &str, asks_again: bool) -> Self {
        let asks = if asks_again { "yes" } else { "no" };
        let head = format!("id: {id}\neffective: {effective}\nlanguage: ru\ncategories: functional, analytical\n");
        self.policy.push((format!("{id}.ru.txt"), format!("{head}asks_again: {asks}\n---\nПолитика {id}\n\nТекст.\n")));
        self
    }

    /// Another host of the site, with a certificate of its own (`other.pem`).
    pub fn also_named(mut self, name: &str) -> Self {
        self.other_name = Some(name.to_owned());
        self
    }

    /// Another `[tls]` than the one with the site's certificate.
    pub fn tls(mut self, lines: &str) -> Self {
        self.tls = Some(lines.to_owned());
        self
    }

    /// Lines for `[tls]` beside the site's certificate.
    pub fn also_tls(self, lines: &str) -> Self {
        let certificates = "certificates = [{ certificate = \"certificate.pem\", key = \"key.pem\" }]";
        self.tls(&format!("[tls]\n{certificates}\n{lines}\n"))
    }

    /// Plain requests are sent to https.
    pub fn redirecting(mut self) -> Self {
        self.redirects = true;
        self
    }

    /// A directory in memory where a run leaves what the next one goes on with.
    pub fn handing_over(mut self, directory: &Path) -> Self {
        self.hand_over = Some(directory.to_owned());
        self
    }

    /// Connections rest as soon as nothing is left to do on them.
    pub fn resting_at_once(mut self) -> Self {
        self.rest_after = Some(Duration::ZERO);
        self
    }

    /// A client may refuse to take bytes for so long.
    pub fn reading_within(mut self, time: Duration) -> Self {
        self.reading_timeout = Some(time);
        self
    }

    /// Requests that have begun may take so long when it stops.
    pub fn draining_for(mut self, time: &str) -> Self {
        self.drain_timeout = time.to_owned();
        self
    }

    /// The clock that it will go by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Another upstream than the origin by http.
    pub fn upstream(mut self, url: &str) -> Self {
        self.upstream = url.to_owned();
        self
    }

    /// The configuration as it will be written.
    pub fn configuration(&self, folder: &Path) -> String {
        let policy = if self.policy.is_empty() { "" } else { "policy = \"policy/\"" };
        format!(
            r#"
[server]
http = ["127.0.0.1:0"]
https = ["127.0.0.1:0"]
admin = "127.0.0.1:0"
redirect_to_https = {redirects}
state_dir = "{folder}/state"
workers = 2
drain_timeout = "{drain_timeout}"
{server}
{tls}
[controller]
name = "Shop"
bin = "260140000005"
address = "Astana"
email = "privacy@shop.example"
[[site]]
hosts = {hosts:?}
upstream = "{upstream}"
{site}
[site.consent]
{policy}
{consent}
[site.notice]
third_parties = "none"
cross_border = "none"
public = "none"
data = ["cookies"]
storage_place = "Kazakhstan"
{tables}
"#,
            folder = folder.display(),
            redirects = self.redirects,
            drain_timeout = self.drain_timeout,
            tls = self.tls.clone().unwrap_or_else(|| {
                let other = ", { certificate = \"other.pem\", key = \"other-key.pem\" }";
                let other = if self.other_name.is_some() { other } else { "" };
                format!("[tls]\ncertificates = [{{ certificate = \"certificate.pem\", key = \"key.pem\" }}{other}]")
            }),
            hosts = self.hosts.iter().chain(&self.other_name).collect::<Vec<_>>(),
            server = self.server,
            upstream = self.upstream,
            site = self.site,
            consent = self.consent,
            tables = self.tables,
        )
    }

    /// Writes configuration, certificate and policy into a folder.
    fn written(&mut self) -> TempDir {
        let folder = self.folder.take().unwrap_or_else(|| tempfile::tempdir().unwrap());
        let path = folder.path();
        if !path.join("key.pem").exists() {
            let (certificate, key) =
                demo::certificate(&["shop.example", "*.shop.example", "localhost", "127.0.0.1"]).unwrap();
            fs::write(path.join("certificate.pem"), certificate).unwrap();
            fs::write(path.join("key.pem"), key).unwrap();
        }
        if let Some(name) = &self.other_name {
            let (certificate, key) = demo::certificate(&[name]).unwrap();
            fs::write(path.join("other.pem"), certificate).unwrap();
            fs::write(path.join("other-key.pem"), key).unwrap();
        }
        fs::create_dir_all(path.join("policy")).unwrap();
        for (name, text) in &self.policy {
            fs::write(path.join("policy").join(name), text).unwrap();
        }
        fs::write(path.join("kelisim.toml"), self.configuration(path)).unwrap();
        folder
    }

    /// The state directory of a gateway that was stopped.
    pub fn state(&self) -> std::path::PathBuf {
        self.folder.as_ref().unwrap().path().join("state")
    }

    /// Starts it.
    pub fn start(self) -> Gateway {
        self.try_start().unwrap_or_else(|(error, _)| panic!("{error}"))
    }

    /// Starts it, or says why that can't be, and gives back the folder.
    pub fn try_start(mut self) -> Result<Gateway, (Box<StartError>, TempDir)> {
        let folder = self.written();
        let (mut configuration, _) =
            config::load(&folder.path().join("kelisim.toml")).unwrap_or_else(|faults| panic!("{faults}"));
        configuration.hand_over = self.hand_over.take();
        let limits = &mut configuration.server.limits;
        limits.rest_after = self.rest_after.unwrap_or(limits.rest_after);
        limits.reading_timeout = self.reading_timeout.unwrap_or(limits.reading_timeout);
        match Running::start(configuration, self.clock.clone()) {
            Ok(running) => Ok(Gateway { running: Some(running), clock: self.clock, folder: Some(folder) }),
            Err(error) => Err((Box::new(error), folder)),
        }
    }

    /// Begins in this folder, where another gateway was.
    pub fn within(mut self, folder: TempDir) -> Self {
        self.folder = Some(folder);
        self
    }

    /// The folder for a program of its own, which has the machine's clock.
    pub fn folder(mut self) -> TempDir {
        self.written()
    }
}
