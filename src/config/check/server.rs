//! `[server]` and `[server.limits]`.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, thread, time::Duration};

use toml::Spanned;

use crate::{
    config::{context::Context, file::Table, keys, place, value},
    server::{CertificateFiles, Limits, Settings, UPSTREAM_CONNECTIONS_FOR_EACH},
    telemetry::LogFormat,
    visitor::Network,
};

/// What the tables say.
pub(super) struct Server {
    pub(super) settings: Settings,
    pub(super) state_dir: PathBuf,
    pub(super) log_format: LogFormat,
    /// Where the host of the administration stands in the file.
    pub(super) admin_host: Option<Spanned<String>>,
}

const STATE_DIR: &str = "/var/lib/kelisim";

/// How long connections may finish after SIGTERM unless configured otherwise; shorter than the 90 s that systemd waits.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the tables; `certificates` are those of `[tls]`, nothing where that table is not there.
pub(super) fn check(top: &mut Table<'_>, certificates: Option<Vec<CertificateFiles>>) -> Server {
    let context = top.context;
    let Some(mut table) = top.server() else { return Server::unconfigured() };
    let (has_http, has_https) = (table.is_set("http"), table.is_set("https"));
    if !has_http && !has_https {
        let remedy = "write `http = [\"0.0.0.0:80\"]`, or `https = [\"0.0.0.0:443\"]` with [tls]";
        context.fault(table.span.clone(), "no listener in [server]", remedy);
    }
    let http = table.list("http", place::listener);
    let https = table.list("https", place::listener);
    let admin = table.parsed("admin", place::listener);
    unique(context, http.iter().chain(&https).flat_map(|list| list.get_ref()).chain(&admin));
    warn_of_public_admin(context, admin.as_ref());
    if let Some(https) = https.as_ref().filter(|_| has_https && certificates.is_none()) {
        let remedy =
            "add [tls] with `certificates = [{ certificate = \"cert.pem\", key = \"key.pem\" }]`, or [tls.acme]";
        context.fault(https.span(), "`https` needs a certificate", remedy);
    }
    let admin_host = table.parsed("admin_host", place::host);
    if let Some(host) = admin_host.as_ref().filter(|_| !has_https) {
        let remedy = "add `https` to [server] and a certificate in [tls]; without TLS the pages are on `admin` alone";
        context.fault(host.span(), "`admin_host` is reached over https alone, and nothing listens for it", remedy);
    }
    let redirect = table.boolean("redirect_to_https");
    if let Some(redirect) = redirect.as_ref().filter(|redirect| *redirect.get_ref() && !has_https) {
        context.fault(redirect.span(), "nothing to redirect to", "add `https` to [server], or remove this line");
    }
    let proxies = table.list("trusted_proxies", place::network);
    let proxy_protocol_from = table.list("proxy_protocol_from", place::network);
    refuse_everybody(context, proxy_protocol_from.iter().flat_map(|list| list.get_ref()));
    let state_dir = table.text("state_dir").map(|path| context.resolve(path.get_ref()));
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let log_format = table.parsed("log_format", value::word(&formats)).map(Spanned::into_inner);
    let workers = table.number("workers", 1..=1024).map(|workers| workers as usize);
    let drain_timeout = table.parsed("drain_timeout", value::duration).map(Spanned::into_inner);
    let leave_delay = table.parsed("leave_delay", value::duration).map(Spanned::into_inner);
    let limits = table.table("limits", &keys::LIMITS).map(limits);
    let settings = Settings {
        http: values(http),
        https: values(https),
        admin: admin.map(Spanned::into_inner),
        admin_host: admin_host.as_ref().map(|host| host.get_ref().clone()),
        certificates: certificates.unwrap_or_default(),
        hsts: None,
        redirect_to_https: redirect.map_or(has_https, Spanned::into_inner),
        trusted_proxies: values(proxies),
        proxy_protocol_from: values(proxy_protocol_from),
        workers: workers.unwrap_or_else(cores),
        leave_delay: leave_delay.unwrap_or_default(),
        drain_timeout: drain_timeout.unwrap_or(DRAIN_TIMEOUT),
        limits: limits.unwrap_or_default(),
    };
    let state_dir = state_dir.unwrap_or_else(|| PathBuf::from(STATE_DIR));
    Server { settings, state_dir, log_format: log_format.unwrap_or_default(), admin_host }
}

impl Server {
    /// Stands in where `[server]` can't be read, so that the rest of the file is still checked.
    fn unconfigured() -> Self {
        let settings = Settings {
            http: Vec::new(),
            https: Vec::new(),
            admin: None,
            admin_host: None,
            certificates: Vec::new(),
            hsts: None,
            redirect_to_https: false,
            trusted_proxies: Vec::new(),
            proxy_protocol_from: Vec::new(),
            workers: 1,
            leave_delay: Duration::ZERO,
            drain_timeout: DRAIN_TIMEOUT,
            limits: Limits::default(),
        };
        Self { settings, state_dir: PathBuf::from(STATE_DIR), log_format: LogFormat::default(), admin_host: None }
    }
}

impl Table<'_> {
    fn server(&mut self) -> Option<Self> {
        if !self.has("server") {
            let remedy = "add [server] with `http = [\"0.0.0.0:80\"]`, or with `https`";
            self.context.fault_of_file("no listener", remedy);
        }
        self.table("server", &keys::SERVER)
    }
}

fn limits(mut table: Table<'_>) -> Limits {
    let usual = Limits::default();
    let wide = |number: Option<u32>, usual: usize| number.map_or(usual, |number| number as usize);
    let connections = wide(table.number("connections", 1..=1_000_000), usual.connections);
    let upstream_connections = table.number("upstream_connections", 1..=10_000_000);
    let usual =
        usual.with_connections(connections, wide(upstream_connections, connections * UPSTREAM_CONNECTIONS_FOR_EACH));
    Limits {
        connections_per_client: wide(
            table.number("connections_per_client", 1..=1_000_000),
            usual.connections_per_client,
        ),
        requests_per_client: wide(table.number("requests_per_client", 1..=10_000_000), usual.requests_per_client),
        // hyper reads a head into a buffer of at least 8 KiB.
        head_bytes: wide(table.number("head_bytes", 8192..=1_048_576), usual.head_bytes),
        head_lines: wide(table.number("head_lines", 16..=1000), usual.head_lines),
        head_timeout: table.parsed("head_timeout", value::duration).map_or(usual.head_timeout, Spanned::into_inner),
        idle_timeout: table.parsed("idle_timeout", value::duration).map_or(usual.idle_timeout, Spanned::into_inner),
        http2_streams: table.number("http2_streams", 1..=1000).unwrap_or(usual.http2_streams),
        http2_resets: wide(table.number("http2_resets", 1..=1000), usual.http2_resets),
        choices_per_minute: table.number("choices_per_minute", 1..=10_000).unwrap_or(usual.choices_per_minute),
        reports_per_minute: table.number("reports_per_minute", 1..=100_000).unwrap_or(usual.reports_per_minute),
        ..usual
    }
}

/// One address, one listener; port 0 is another port each time.
fn unique<'a>(context: &Context, listeners: impl Iterator<Item = &'a Spanned<SocketAddr>>) {
    let mut seen = BTreeMap::new();
    for listener in listeners.filter(|listener| listener.get_ref().port() != 0) {
        if let Some(line) = seen.insert(*listener.get_ref(), context.line(&listener.span())) {
            let what = format!("{} is already a listener in line {line}", listener.get_ref());
            context.fault(listener.span(), what, "give each listener its own address or port");
        }
    }
}

/// Whoever begins a connection with an address is believed to pass it on for that address.
fn refuse_everybody<'a>(context: &Context, networks: impl Iterator<Item = &'a Spanned<Network>>) {
    for network in networks.filter(|network| network.get_ref().is_everything()) {
        let remedy = "list the addresses of the proxies alone, such as `10.0.0.1` or `10.0.0.0/8`";
        context.fault(network.span(), "with this everybody may say any address", remedy);
    }
}

fn warn_of_public_admin(context: &Context, admin: Option<&Spanned<SocketAddr>>) {
    if let Some(admin) = admin.filter(|admin| !admin.get_ref().ip().is_loopback()) {
        let remedy = "listen on 127.0.0.1, or let a firewall decide who reaches it";
        context.warning(admin.span(), "metrics and health are open to everyone who reaches this address", remedy);
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn values<T>(list: Option<Spanned<Vec<Spanned<T>>>>) -> Vec<T> {
    list.map(Spanned::into_inner).unwrap_or_default().into_iter().map(Spanned::into_inner).collect()
}
