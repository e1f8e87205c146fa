//! `[log]`: the witnesses that sign the log's checkpoints.

use std::net::IpAddr;

use toml::Spanned;
use url::{Host, Url};

use crate::{
    config::{certificate, context::Advice, file::Table, keys},
    ledger::{KeyKind, VerifierKey},
    witness::Settings,
};

/// Where a witness is.
struct Place {
    tls: bool,
    host: Host<String>,
    port: u16,
    prefix: String,
}

pub(super) fn check(top: &mut Table<'_>) -> Vec<Settings> {
    let Some(mut log) = top.table("log", &keys::LOG) else { return Vec::new() };
    let mut witnesses: Vec<Settings> = Vec::new();
    for mut table in log.tables("witnesses", &keys::WITNESS) {
        let (context, span) = (table.context, table.span.clone());
        let Some(witness) = one(&mut table) else { continue };
        if witnesses.iter().any(|other| other.key.name() == witness.key.name()) {
            let what = format!("the witness {} stands here twice", witness.key.name());
            context.fault(span, what, "remove one of the two; each witness has a name of its own");
        } else {
            witnesses.push(witness);
        }
    }
    witnesses
}

fn one(table: &mut Table<'_>) -> Option<Settings> {
    let context = table.context;
    table.require(&["url", "key"]);
    let place = table.parsed("url", place);
    let key = table.parsed("key", key);
    let authority = table.text("certificate_authority");
    let place = place?;
    if let Some(advice) = nearness(place.get_ref()) {
        context.warning(place.span(), advice.what, advice.remedy);
    }
    let Place { tls, host, port, prefix } = place.into_inner();
    if let Some(path) = &authority {
        check_authority(context, path, tls);
    }
    let host = match host {
        Host::Domain(name) => name,
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    let certificate_authority = authority.map(|path| context.resolve(path.get_ref()));
    Some(Settings { tls, host, port, prefix, key: key?.into_inner(), certificate_authority })
}

fn check_authority(context: &crate::config::context::Context, path: &Spanned<String>, tls: bool) {
    if !tls {
        let what = "`certificate_authority` means nothing for a witness on http";
        return context.fault(path.span(), what, "remove it, or write `https://` in `url`");
    }
    let file = context.resolve(path.get_ref());
    let bytes = context.read(path.span(), &file, "certificate of the witness's authority");
    if let Some(Err(advice)) = bytes.map(|bytes| certificate::authorities(&bytes)) {
        context.fault(path.span(), format!("{}: {}", path.get_ref(), advice.what), advice.remedy);
    }
}

/// The submission prefix of C2SP's tlog-witness.
fn place(text: &str) -> Result<Place, Advice> {
    let advice = |what: &str| {
        Advice::new(format!("`{text}` {what}"), "write the witness's address, such as `https://witness.example`")
    };
    let url = Url::parse(text).map_err(|error| advice(&format!("is not an address: {error}")))?;
    let tls = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(advice("is neither http nor https")),
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(advice("has a name, a query or a fragment; the address of a witness has none"));
    }
    let host = url.host().map(|host| host.to_owned()).ok_or_else(|| advice("has no host"))?;
    if !tls && !is_near(&host) {
        let what = format!("`{text}` is plain http to a host that is neither this machine nor in a private network");
        return Err(Advice::new(what, "write `https://`: nobody on the way may keep a checkpoint from the witness"));
    }
    let port = url.port_or_known_default().ok_or_else(|| advice("has no port"))?;
    Ok(Place { tls, host, port, prefix: url.path().trim_end_matches('/').to_owned() })
}

/// What the operator should know of a witness that is close by.
fn nearness(place: &Place) -> Option<Advice> {
    if is_loopback(&place.host) {
        let what = "a witness on this machine proves nothing to others: whoever has the one has the other";
        return Some(Advice::new(what, "let somebody else run it, best the auditor, elsewhere"));
    }
    (!place.tls).then(|| {
        let what = "checkpoints go to this witness over plain http";
        Advice::new(
            what,
            "write `https://` unless the network between is yours; signatures can't be forged, only held back",
        )
    })
}

fn is_near(host: &Host<String>) -> bool {
    let private = match host {
        Host::Domain(_) => false,
        Host::Ipv4(address) => address.is_private() || address.is_link_local(),
        Host::Ipv6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    private || is_loopback(host)
}

fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

/// A key that signs as a witness.
fn key(text: &str) -> Result<VerifierKey, Advice> {
    let remedy = "write the line that `kelisim log witness` shows at its start, in `witness.pub` of its directory";
    let key = VerifierKey::parse(text).map_err(|fault| Advice::new(fault.to_string(), remedy))?;
    match key.kind() {
        KeyKind::Witness => Ok(key),
        KeyKind::Log => Err(Advice::new("this is the key of a log and not of a witness", remedy)),
    }
}
