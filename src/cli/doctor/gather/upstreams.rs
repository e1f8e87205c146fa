//! Whether each upstream answers now: one `HEAD /` over plain http, a connection alone where it speaks TLS.

use std::{
    collections::BTreeMap,
    io::{self, Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    thread,
    time::{Duration, SystemTime},
};

use crate::{
    cli::doctor::facts::{Facts, Upstream},
    config::Configuration,
    timestamp::Timestamp,
    upstream::{Scheme, Settings},
};

/// How long a connection may take, and each part of an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const MOST_BYTES: u64 = 16 * 1024;
/// Upstreams that are asked at once.
const AT_ONCE: usize = 16;

pub(super) fn look(configuration: &Configuration, facts: &mut Facts) {
    let mut asked: BTreeMap<String, (&Settings, String, Vec<String>)> = BTreeMap::new();
    for site in &configuration.sites {
        let servers = site.analytics.iter().map(|server| &server.upstream);
        for settings in std::iter::once(&site.upstream).chain(servers) {
            let host = settings.host_header.clone().unwrap_or_else(|| site.name.clone());
            let (_, _, sites) = asked.entry(address(settings)).or_insert_with(|| (settings, host, Vec::new()));
            sites.push(site.name.clone());
        }
    }
    let asked: Vec<_> = asked.into_iter().collect();
    for some in asked.chunks(AT_ONCE) {
        let answers: Vec<_> = thread::scope(|scope| {
            let asking: Vec<_> =
                some.iter().map(|(_, (settings, host, _))| scope.spawn(|| answer(settings, host))).collect();
            let ended = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|_| Err(io::Error::other("it could not be asked")))
            };
            asking.into_iter().map(ended).collect()
        });
        for ((address, (_, _, sites)), answer) in some.iter().zip(answers) {
            if let Ok(Some((_, Some(date)))) = answer {
                facts.clock.ahead.push((address.clone(), ahead(date, facts.now)));
            }
            let answer = answer.map(|answer| answer.map(|(status, _)| status)).map_err(|error| error.to_string());
            facts.upstreams.push(Upstream { sites: sites.join(", "), address: address.clone(), answer });
        }
    }
}

fn address(settings: &Settings) -> String {
    let scheme = match settings.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let host = if settings.host.contains(':') { format!("[{}]", settings.host) } else { settings.host.clone() };
    format!("{scheme}://{host}:{}", settings.port)
}

/// Its status, and the time by its clock. Nothing where only a connection was made.
fn answer(settings: &Settings, host: &str) -> io::Result<Option<(u16, Option<SystemTime>)>> {
    let mut stream = connect(settings)?;
    if settings.scheme == Scheme::Https {
        return Ok(None);
    }
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("HEAD / HTTP/1.1\r\nhost: {host}\r\nuser-agent: kelisim-doctor\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    let mut bytes = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && (head.len() as u64) < MOST_BYTES {
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Err(io::Error::other(format!("no answer within {} s", PATIENCE.as_secs())));
            }
            Err(error) => return Err(error),
        }
    }
    read(&head).map(Some).ok_or_else(|| io::Error::other("what it answers is no HTTP"))
}

fn connect(settings: &Settings) -> io::Result<TcpStream> {
    let mut last = io::Error::other("its name has no address");
    for address in (settings.host.as_str(), settings.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn read(head: &[u8]) -> Option<(u16, Option<SystemTime>)> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let date = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("date").then(|| httpdate::parse_http_date(value.trim()).ok())?
    });
    Some((status, date))
}

/// How many seconds this machine's clock is ahead of a moment by another one.
fn ahead(date: SystemTime, now: Timestamp) -> i64 {
    let theirs = date.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    now.seconds() - theirs.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_date_of_an_answer_are_read() {
        let head = b"HTTP/1.1 503 Service Unavailable\r\nServer: x\r\ndate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\n";
        let (status, date) = read(head).unwrap();
        let now = Timestamp::parse("2026-11-22T10:01:00Z").unwrap();
        assert_eq!((status, ahead(date.unwrap(), now)), (503, 60));
        assert_eq!(read(b"HTTP/1.0 200 OK\r\n\r\n"), Some((200, None)));
        assert_eq!(read(b"SSH-2.0-OpenSSH\r\n"), None);
        assert_eq!(read(b""), None);
    }
}
