//! What a request says of its host, of those who passed it on, and of its connection. Input: a byte for who is connected, then the header lines.
//!
//! A second reading joins the lines of a field as RFC 9110, section 5.3, does, and goes through the list by hand.

use std::{
    net::{IpAddr, SocketAddr},
    sync::LazyLock,
};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header};
use kelisim::{
    routing::request_host,
    upstream::{remove_forwarding, remove_hop_by_hop, set_forwarding, upgrade_protocol},
    visitor::{AddressForm, ClientAddress, ClientConnection, Network, Peer, Scheme, client_connection},
};
use regex::Regex;

use super::Target;

pub const TARGET: Target = Target { name: "forwarding", run, words: WORDS, runs: 6000 };

const WORDS: &[&str] = &[
    "X-Forwarded-For: ",
    "X-Forwarded-Proto: ",
    "X-Forwarded-Host: ",
    "x_forwarded_for: ",
    "Forwarded: for=",
    "X-Real-IP: ",
    "Host: ",
    "Connection: ",
    "Upgrade: ",
    "TE: trailers",
    "Transfer-Encoding: chunked",
    "Cookie: a=1",
    "\n",
    ", ",
    ",",
    " ",
    "\t",
    "https",
    "HTTP",
    "unknown",
    "10.0.0.1",
    "10.9.9.9",
    "127.0.0.1",
    "::1",
    "[::1]:80",
    "198.51.100.7",
    "198.51.100.7:4711",
    "2001:db8:1:2::3",
    "[2001:db8:1:2::3]",
    "::ffff:10.1.1.1",
    "shop.example",
    "shop.example.:8443",
    "user@",
    "keep-alive",
    "close",
    "upgrade",
    "websocket",
    "h2c",
    "x-forwarded-for",
    "\u{44f}",
];

/// More lines than this the server takes of no request.
const MOST_LINES: usize = 100;

fn run(input: &[u8]) {
    let Some((who, lines)) = input.split_first() else { return };
    let headers = lines_of(lines);
    let (peer, is_trusted, is_announced_by_trusted) = peers(*who);
    let trusted = [Network::parse("10.0.0.0/8").unwrap(), Network::parse("::1").unwrap()];
    let scheme = if who & 8 == 0 { Scheme::Http } else { Scheme::Https };
    let client = client_connection(peer.0, scheme, &headers, &trusted);
    let second = second_reading(&headers, peer.1, scheme, is_trusted, is_announced_by_trusted);
    assert_eq!((full(client.address), client.scheme), second, "{headers:?}");
    leaves(headers, &client);
}

/// Name and value on each line, as a parser of HTTP hands them on: what is no name or value is left out.
fn lines_of(input: &[u8]) -> HeaderMap {
    let line = |line: &[u8]| {
        let colon = memchr::memchr(b':', line)?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in input.split(|byte| *byte == b'\n').filter_map(line).take(MOST_LINES) {
        headers.append(name, value);
    }
    headers
}

/// Who is connected, with the address; whether it is trusted; whether a trusted proxy announced it.
fn peers(who: u8) -> ((Peer, IpAddr), bool, bool) {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let (text, is_trusted) =
        [("203.0.113.9", false), ("10.0.0.1", true), ("::ffff:10.0.0.1", true), ("::1", true)][usize::from(who & 3)];
    let peer = match who >> 4 & 3 {
        0 | 1 => (Peer::direct(address(text)), false),
        2 => (Peer::announced(address(text), address("10.0.0.2")), true),
        _ => (Peer::announced(address(text), address("192.0.2.1")), false),
    };
    ((peer.0, address(text)), is_trusted, peer.1)
}

fn full(address: ClientAddress) -> IpAddr {
    address.in_full(AddressForm::Full.full().unwrap())
}

fn second_reading(
    headers: &HeaderMap,
    peer: IpAddr,
    scheme: Scheme,
    is_trusted: bool,
    is_announced_by_trusted: bool,
) -> (IpAddr, Scheme) {
    let joined = |name: &str| {
        let lines: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        String::from_utf8_lossy(&lines.join(&b","[..])).into_owned()
    };
    let mut address = peer.to_canonical();
    if !is_trusted && !is_announced_by_trusted {
        return (address, scheme);
    }
    let proto = joined("x-forwarded-proto").to_ascii_lowercase();
    let scheme = match proto.rsplit(',').next().unwrap().trim_matches(WHITE) {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => scheme,
    };
    let list = joined("x-forwarded-for");
    let mut hops = list.split(',').collect::<Vec<_>>();
    while is_ours(address)
        && let Some(hop) = hops.pop()
    {
        let hop = hop.trim_matches(WHITE);
        let bare = hop.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()));
        let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
        match bare.ok().or_else(bracketed) {
            Some(hop) => address = hop.to_canonical(),
            None => break,
        }
    }
    (address, scheme)
}

/// What may stand around an item.
const WHITE: [char; 2] = [' ', '\t'];

fn is_ours(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[0] == 10,
        IpAddr::V6(address) => address.is_loopback(),
    }
}

/// What leaves for the site: nothing that the client said of itself, and ours once.
fn leaves(mut headers: HeaderMap, client: &ClientConnection) {
    let came = headers.clone();
    let host = request_host(Version::HTTP_11, &Uri::from_static("/"), &headers);
    let upgrade = upgrade_protocol(&headers);
    remove_hop_by_hop(&mut headers);
    remove_forwarding(&mut headers);
    // What the client named as of its connection is gone, and of the rest each line is as it came.
    for (name, value) in &headers {
        assert!(came.get_all(name).iter().any(|line| line == value), "{name}");
        let read = name.as_str().replace('_', "-");
        assert!(!read.starts_with("x-forwarded") && read != "forwarded" && read != "x-real-ip", "{name}");
    }
    for name in [header::CONNECTION, header::UPGRADE, header::TE, header::TRANSFER_ENCODING] {
        assert!(!headers.contains_key(name));
    }
    for name in [header::HOST, header::COOKIE, header::CONTENT_LENGTH] {
        assert!(came.get_all(&name).iter().eq(headers.get_all(&name).iter()), "{name} stays");
    }
    if let Some(protocol) = upgrade {
        let text = String::from_utf8_lossy(protocol.as_bytes()).to_ascii_lowercase();
        let names = text.split(',').map(|name| name.split('/').next().unwrap().trim());
        assert!(names.clone().count() > 0 && !names.into_iter().any(|name| ["h2c", "http", "tls"].contains(&name)));
    }
    let Ok(host) = host else { return };
    assert!(
        host.len() <= 255 && !host.bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_control()),
        "{host}"
    );
    for form in [AddressForm::Truncated, AddressForm::None, AddressForm::Full] {
        let mut sent = headers.clone();
        set_forwarding(&mut sent, client, &host, form, None);
        check(&sent, client, &host, form);
    }
}

/// `Forwarded` by RFC 7239, section 4, for one hop.
static FORWARDED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^for=(?:(?<four>[0-9.]+)|"\[(?<six>[0-9a-f:.]+)\]"|unknown);proto=(?<proto>https?);host="(?<host>[^"\\]*)"$"#)
        .unwrap()
});

fn check(sent: &HeaderMap, client: &ClientConnection, host: &str, form: AddressForm) {
    let only = |name: &str| {
        let lines: Vec<_> = sent.get_all(name).iter().collect();
        assert!(lines.len() <= 1, "{name} stands once");
        lines.first().map(|line| line.to_str().unwrap().to_owned())
    };
    let address = match form {
        AddressForm::Truncated => Some(client.address.truncate().network()),
        AddressForm::None => None,
        AddressForm::Full => Some(full(client.address)),
    };
    let forwarded = only("forwarded").unwrap();
    let read = FORWARDED.captures(&forwarded).unwrap_or_else(|| panic!("{forwarded}"));
    let told = read.name("four").or(read.name("six")).map(|address| address.as_str().parse::<IpAddr>().unwrap());
    assert_eq!(told, address);
    assert_eq!((&read["proto"], &read["host"]), (client.scheme.name(), host));
    assert_eq!(only("x-forwarded-for").map(|address| address.parse().unwrap()), address);
    assert_eq!(only("x-forwarded-proto").as_deref(), Some(client.scheme.name()));
    assert_eq!(only("x-forwarded-host").as_deref(), Some(host));
    // Another gateway behind this one, which trusts it, comes to the same.
    if let Some(address) = address.filter(|address| !is_ours(*address)) {
        let trusted = [Network::parse("10.0.0.0/8").unwrap(), Network::parse("::1").unwrap()];
        let next = client_connection(Peer::direct(IpAddr::from([10, 0, 0, 3])), Scheme::Http, sent, &trusted);
        assert_eq!((full(next.address), next.scheme), (address.to_canonical(), client.scheme));
    }
}
