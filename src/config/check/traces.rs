//! `[traces]`: which share of requests is traced, and the collector that takes the spans.

use std::ops::Range;

use toml::Spanned;
use url::{Host, Url};

use super::secret;
use crate::{
    config::{
        certificate,
        context::{Advice, Context},
        file::Table,
        keys,
    },
    telemetry::{Collector, Share, TraceSettings, collector_header},
};

/// What is traced unless it is configured otherwise: one in a hundred.
const SHARE: f64 = 0.01;

/// Longest name of a service, in characters.
const LONGEST_NAME: usize = 100;

/// Where collectors take OTLP over HTTP by custom, and where over gRPC, which is not spoken here.
const PATH: &str = "/v1/traces";
const GRPC_PORT: u16 = 4317;

/// The section, checked; `None` where there is none, and where it has a fault.
pub(super) fn check(top: &mut Table<'_>, has_proxies: bool) -> Option<TraceSettings> {
    let mut table = top.table("traces", &keys::TRACES)?;
    let context = table.context;
    table.require(&["endpoint"]);
    let endpoint = table.parsed("endpoint", endpoint);
    let share = table.share("sampled").map_or(SHARE, Spanned::into_inner);
    let trusts = table.boolean("trust_parents");
    let service_name = table.parsed("service_name", service_name).map(Spanned::into_inner);
    let authority = table.text("certificate_authority");
    let header = table.text("header_file");
    if let Some(path) = &header {
        check_header(context, path);
    }
    if let Some(trusts) = trusts.as_ref().filter(|trusts| *trusts.get_ref() && !has_proxies) {
        let what = "`trust_parents` means nothing where no proxy is believed: every trace begins here";
        context.warning(trusts.span(), what, "name the proxy in `trusted_proxies` of [server], or remove this line");
    }
    let endpoint = endpoint?;
    warn(context, endpoint.span(), endpoint.get_ref());
    let Endpoint { tls, host, port, path } = endpoint.into_inner();
    if let Some(path) = &authority {
        check_authority(context, path, tls);
    }
    Some(TraceSettings {
        collector: Collector {
            tls,
            host: match host {
                Host::Domain(name) => name,
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            },
            port,
            path,
            certificate_authority: authority.map(|path| context.resolve(path.get_ref())),
            header_file: header.map(|path| context.resolve(path.get_ref())),
        },
        share: Share::of(share),
        trusts_parents: trusts.is_some_and(Spanned::into_inner),
        service_name: service_name.unwrap_or_else(|| "kelisim".to_owned()),
    })
}

/// Where spans are sent.
struct Endpoint {
    tls: bool,
    host: Host<String>,
    port: u16,
    path: String,
}

fn endpoint(text: &str) -> Result<Endpoint, Advice> {
    let example = format!("write the collector's address for OTLP over HTTP, such as `http://127.0.0.1:4318{PATH}`");
    let advice = |what: String| Advice::new(what, example.clone());
    let url = Url::parse(text).map_err(|error| advice(format!("`{text}` is not an address: {error}")))?;
    let tls = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(advice(format!("`{text}` is neither http nor https"))),
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(Advice::secret("a name, a password or a fragment has no place in it", example));
    }
    let host = url.host().map(|host| host.to_owned()).ok_or_else(|| advice(format!("`{text}` has no host")))?;
    let port = url.port_or_known_default().ok_or_else(|| advice(format!("`{text}` has no port")))?;
    if matches!(url.path(), "" | "/") {
        let whole = format!("write the whole address: `{}{PATH}`", text.trim_end_matches('/'));
        return Err(Advice::new("the path of the collector is missing", whole));
    }
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Ok(Endpoint { tls, host, port, path })
}

fn warn(context: &Context, span: Range<usize>, endpoint: &Endpoint) {
    if endpoint.port == GRPC_PORT {
        let what = format!("collectors speak gRPC on port {GRPC_PORT}, and spans are sent by OTLP over HTTP here");
        context.warning(span.clone(), what, "write the port for HTTP, 4318 by custom");
    }
    if !endpoint.tls && !is_near(&endpoint.host) {
        let what = "spans go to the collector over plain http";
        context.warning(span, what, "write `https://` unless the network between is yours");
    }
}

/// On this machine, in a private network, or by a name that only a private network knows.
fn is_near(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => !name.contains('.'),
        Host::Ipv4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Host::Ipv6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn service_name(text: &str) -> Result<String, Advice> {
    if text.chars().count() > LONGEST_NAME || text.contains(char::is_control) {
        let remedy = format!("write a word of at most {LONGEST_NAME} characters, such as `kelisim`");
        return Err(Advice::new("it is too long, or holds what is no text", remedy));
    }
    Ok(text.to_owned())
}

fn check_header(context: &Context, path: &Spanned<String>) {
    let line = secret::first_line(context, path, "header for the collector");
    if line.is_some_and(|line| collector_header(&line).is_none()) {
        let what = format!("the first line of {} is no header that a collector can be sent", path.get_ref());
        context.fault(
            path.span(),
            what,
            "write a name, a colon and a value, such as `authorization: Bearer` and the token",
        );
    }
}

fn check_authority(context: &Context, path: &Spanned<String>, tls: bool) {
    if !tls {
        let what = "`certificate_authority` means nothing for a collector on http";
        return context.fault(path.span(), what, "remove it, or write `https://` in `endpoint`");
    }
    let file = context.resolve(path.get_ref());
    let bytes = context.read(path.span(), &file, "certificate of the collector's authority");
    if let Some(Err(advice)) = bytes.map(|bytes| certificate::authorities(&bytes)) {
        context.fault(path.span(), format!("{}: {}", path.get_ref(), advice.what), advice.remedy);
    }
}
