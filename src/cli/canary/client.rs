//! The visitor: a client that says of itself all that a browser and a chain of proxies could.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::{
    hits::{self, Hit},
    marks::{ADDRESS, AGENT, COOKIE, MAIL},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Headers by which proxies and edges name a client, all of which are forged. `X-Forwarded-For` is not among them: by it the gateway is told
/// who its visitor is.
const FAMILY: [&str; 28] = [
    "b-forwarded-for",
    "cf-connecting-ip",
    "cf-ipcity",
    "cf-pseudo-ipv4",
    "cf-region-code",
    "client-ip",
    "cloudfront-viewer-address",
    "do-connecting-ip",
    "eo-client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "remote-addr",
    "true-client-ip",
    "via",
    "x-appengine-user-ip",
    "x-azure-socketip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded",
    "x-forwarded-geolocation",
    "x-forwarded-region",
    "x-nf-client-connection-ip",
    "x-original-forwarded-for",
    "x-plausible-ip",
    "x-real-ip",
    "x-real_ip",
    "x-umami-client-ip",
    "x-vercel-ip-city",
];

/// A client of the gateway.
pub(super) struct Client {
    gateway: SocketAddr,
    host: String,
    /// Cookies that the gateway has set, by name and value.
    own: Vec<(String, String)>,
}

/// What the gateway answered.
pub(super) struct Reply {
    pub(super) status: u16,
    head: String,
}

impl Client {
    /// A visitor who has chosen nothing.
    pub(super) fn new(gateway: SocketAddr, host: String) -> Self {
        Self { gateway, host, own: Vec::new() }
    }

    /// The same visitor after accepting everything that is offered.
    pub(super) fn accepting(&self, prefix: &str, edition: &str, language: &str) -> io::Result<Self> {
        let body = format!("choice=accept&edition={edition}&language={language}&layer=banner&to=/");
        let head = format!(
            "POST {prefix}choice HTTP/1.1\r\nhost: {}\r\nx-forwarded-for: {ADDRESS}\r\nx-forwarded-proto: https\r\n\
             user-agent: {AGENT}\r\nsec-fetch-site: same-origin\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\n\
             sec-fetch-user: ?1\r\ncontent-type: application/x-www-form-urlencoded\r\n",
            self.host
        );
        let reply = self.exchange(&head, &body)?;
        let lines = reply.head.lines().filter_map(|line| line.split_once(':'));
        let set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let own = set.filter_map(|(_, line)| line.trim().split(';').next()?.split_once('='));
        let own: Vec<_> = own
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if reply.status >= 400 || own.is_empty() {
            return Err(io::Error::other(format!("{} did not take the visitor's choice: {}", self.host, reply.status)));
        }
        Ok(Self { gateway: self.gateway, host: self.host.clone(), own })
    }

    /// The values of the gateway's own cookies that are long enough to be told from other text.
    pub(super) fn cookies(&self) -> impl Iterator<Item = &str> {
        self.own.iter().map(|(_, value)| value.as_str()).filter(|value| value.len() > 20)
    }

    /// Sends a hit with everything marked.
    pub(super) fn send(&self, hit: &Hit, path: &str) -> io::Result<Reply> {
        let own: String = self.own.iter().map(|(name, value)| format!("{name}={value}; ")).collect();
        let page = hits::page();
        let mut head = format!("{} {path}{} HTTP/1.1\r\nhost: {}\r\n", hit.method, hit.below, self.host);
        for name in FAMILY {
            head.push_str(&format!("{name}: {ADDRESS}\r\n"));
        }
        head.push_str(&format!(
            "forwarded: for={ADDRESS}\r\nx-forwarded-for: {ADDRESS}\r\nx-forwarded-proto: https\r\nuser-agent: {AGENT}\r\n\
             sec-ch-ua: \"{AGENT}\"\r\nsec-ch-ua-model: \"{AGENT}\"\r\nsec-ch-ua-full-version-list: \"{AGENT}\"\r\n\
             sec-ch-ua-platform-version: \"31415\"\r\naccept: */*, text/{COOKIE}\r\naccept-language: kk-KZ-x-{COOKIE}\r\n\
             accept-encoding: gzip, {COOKIE}\r\nauthorization: Bearer {COOKIE}\r\nfrom: {MAIL}\r\nreferer: {page}\r\n\
             sec-fetch-site: same-origin\r\nsec-fetch-mode: no-cors\r\nsec-fetch-dest: empty\r\n\
             cookie: {own}sessionid={COOKIE}; _ym_uid={COOKIE}; _gcl_au={COOKIE}; _pk_id.1={COOKIE}; unheard_of={COOKIE}\r\n"
        ));
        if let Some(content_type) = hit.content_type {
            head.push_str(&format!("content-type: {content_type}\r\n"));
        }
        self.exchange(&head, &hit.body)
    }

    fn exchange(&self, head: &str, body: &str) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(self.gateway)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        stream.write_all(format!("{head}{length}connection: close\r\n\r\n{body}").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("the gateway did not answer"))?;
        Ok(Reply { status, head })
    }
}
