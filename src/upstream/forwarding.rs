//! Forwarding headers: what clients sent is deleted as a family, then ours is set once.

use std::{fmt::Write as _, net::IpAddr, ops::Range};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    fields::{X_FORWARDED_FOR, remove_named},
    trace_context::{PARENT_BYTES, TRACEPARENT, TraceParent},
    visitor::{AddressForm, ClientConnection},
};

/// Fields by which applications learn a client's address, country, scheme, host or path from a proxy. Names are compared after `_` is read as `-`,
/// since CGI and WSGI make no difference between the two.
const EXACT: [&str; 28] = [
    "b-forwarded-for",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-ipcity",
    "cf-ipcountry",
    "cf-pseudo-ipv4",
    "cf-region-code",
    "cf-visitor",
    "client-ip",
    "do-connecting-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "kelisim-consent",
    "remote-addr",
    "remote-user",
    "true-client-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-backend-host",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-host-override",
    "x-nf-client-connection-ip",
    "x-original-host",
    "x-original-url",
    "x-rewrite-url",
];

/// Beginnings of such names.
const PREFIXES: [&str; 11] = [
    "cloudfront-viewer-",
    "eo-client-",
    "x-appengine-",
    "x-envoy-external-address",
    "x-forwarded",
    "x-original-forwarded-for",
    "x-plausible-ip",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-umami-client-",
    "x-vercel-ip-",
];

/// Deletes every field of the family, and the client's copies of our own header, underscore twins too.
pub fn remove_forwarding(headers: &mut HeaderMap) {
    remove_named(headers, is_forwarding);
}

fn is_forwarding(name: &str) -> bool {
    // All names of the family begin with one of these letters: most names are let go after one look.
    if !matches!(name.as_bytes().first(), Some(b'b' | b'c' | b'd' | b'e' | b'f' | b'k' | b'r' | b't' | b'x')) {
        return false;
    }
    let same = |byte: u8| if byte == b'_' { b'-' } else { byte };
    let begins = |family: &str| {
        name.len() >= family.len() && name.bytes().map(same).zip(family.bytes()).all(|(ours, theirs)| ours == theirs)
    };
    EXACT.iter().any(|family| name.len() == family.len() && begins(family))
        || PREFIXES.iter().any(|family| begins(family))
}

/// Sets the fields once: `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` (RFC 7239), with the address in the form
/// that this upstream may learn; and `traceparent`, where requests are traced.
pub fn set_forwarding(
    headers: &mut HeaderMap,
    client: &ClientConnection,
    host: &str,
    form: AddressForm,
    trace: Option<&TraceParent>,
) {
    let address = match form {
        AddressForm::None => None,
        AddressForm::Truncated => Some(client.address.truncate().network()),
        AddressForm::Full => form.full().map(|configured| client.address.in_full(configured)),
    };
    // One text holds the values that are not constant, one behind the other: addresses are of ASCII, and so is a host.
    let mut text = String::with_capacity(160 + trace.map_or(0, |_| PARENT_BYTES));
    if let Some(address) = address {
        _ = write!(text, "{address}");
    }
    let address_ends = text.len();
    text.push_str(host);
    let host_ends = text.len();
    match address {
        Some(IpAddr::V6(_)) => text.push_str("for=\"["),
        Some(IpAddr::V4(_)) => text.push_str("for="),
        None => text.push_str("for=unknown"),
    }
    text.extend_from_within(..address_ends);
    if let Some(IpAddr::V6(_)) = address {
        text.push_str("]\"");
    }
    // A host was checked to hold nothing that could end a quoted string; a bracket or colon needs the quotes.
    for part in [";proto=", client.scheme.name(), ";host=\"", host, "\""] {
        text.push_str(part);
    }
    let forwarded_ends = text.len();
    if let Some(trace) = trace {
        _ = write!(text, "{trace}");
    }
    let text = Bytes::from(text);
    let mut set = |name: &HeaderName, range: Range<usize>| {
        if let Ok(value) = HeaderValue::from_maybe_shared(text.slice(range)) {
            headers.insert(name, value);
        }
    };
    if address.is_some() {
        set(&X_FORWARDED_FOR, 0..address_ends);
    }
    set(&X_FORWARDED_HOST, address_ends..host_ends);
    set(&FORWARDED, host_ends..forwarded_ends);
    if trace.is_some() {
        set(&TRACEPARENT, forwarded_ends..text.len());
    }
    headers.insert(&X_FORWARDED_PROTO, HeaderValue::from_static(client.scheme.name()));
}

const FORWARDED: HeaderName = http::header::FORWARDED;
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visitor::{ClientAddress, Scheme};

    fn client(address: &str) -> ClientConnection {
        ClientConnection { address: ClientAddress::new(address.parse().unwrap()), scheme: Scheme::Https }
    }

    #[test]
    fn what_clients_say_of_themselves_is_deleted_with_its_twins() {
        let mut headers = HeaderMap::new();
        let forged = [
            "x-forwarded-for",
            "x_forwarded_for",
            "x-forwarded-host",
            "x_forwarded-proto",
            "forwarded",
            "x-real-ip",
            "x_real_ip",
            "true-client-ip",
            "cf-connecting-ip",
            "cf_connecting_ip",
            "kelisim-consent",
            "kelisim_consent",
            "x-original-host",
            "x-original-url",
            "x-forwarded",
            "x-forwarded-countryregion",
            "x-vercel-ip-country",
            "client_ip",
            "remote_addr",
        ];
        for name in forged.into_iter().chain(["accept", "x-requested-with", "referer", "cookie", "content-type"]) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("203.0.113.9"));
        }
        remove_forwarding(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "content-type", "cookie", "referer", "x-requested-with"]);
    }

    #[test]
    fn ours_are_set_once_with_as_much_of_the_address_as_is_configured() {
        let check = |address, form, expected_for: Option<&str>, expected_forwarded: &str| {
            let mut headers = HeaderMap::new();
            set_forwarding(&mut headers, &client(address), "a.example", form, None);
            let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(value("x-forwarded-for").as_deref(), expected_for);
            assert_eq!(value("forwarded").as_deref(), Some(expected_forwarded));
            assert_eq!(value("x-forwarded-proto").as_deref(), Some("https"));
            assert_eq!(value("x-forwarded-host").as_deref(), Some("a.example"));
        };
        use AddressForm::{Full, None as Nothing, Truncated};
        let rest = ";proto=https;host=\"a.example\"";
        check("203.0.113.77", Truncated, Some("203.0.113.0"), &format!("for=203.0.113.0{rest}"));
        check("2001:db8:1:2::3", Truncated, Some("2001:db8:1::"), &format!("for=\"[2001:db8:1::]\"{rest}"));
        check("203.0.113.77", Nothing, None, &format!("for=unknown{rest}"));
        check("203.0.113.77", Full, Some("203.0.113.77"), &format!("for=203.0.113.77{rest}"));
    }
}
