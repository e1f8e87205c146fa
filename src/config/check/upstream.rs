//! Where the site is, and that it is not the gateway itself.

use std::{
    net::{IpAddr, SocketAddr},
    ops::Range,
    time::Duration,
};

use toml::Spanned;

use super::lists;
use crate::{
    config::{certificate, context::Context, file::Table, keys, place, value},
    server, upstream,
    upstream::Scheme,
    visitor::AddressForm,
};

/// Longest wait for a connection unless configured otherwise: three attempts of TCP on a bad line.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for an answer, and longest pause in a body, unless configured otherwise.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long an unused connection is kept; most servers keep theirs for longer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Most unused connections kept, per core.
const IDLE_CONNECTIONS: usize = 512;

pub(super) fn check(site: &mut Table<'_>, server: &server::Settings) -> Option<upstream::Settings> {
    let context = site.context;
    let place = site.parsed("upstream", place::upstream);
    let host_header = site.parsed("upstream_host", place::host).map(Spanned::into_inner);
    let authority = site.text("upstream_certificate_authority");
    let client_address = site.parsed("client_address", value::word(&lists::ADDRESS_FORMS));
    lists::warn_of_full_addresses(context, client_address.as_ref());
    let timeouts = site.table("timeouts", &keys::TIMEOUTS).map(|mut table| {
        ["connect", "answer", "body"].map(|key| table.parsed(key, value::duration).map(Spanned::into_inner))
    });
    let [connect, answer, body] = timeouts.unwrap_or_default();
    let place = place?;
    if let Some(authority) = &authority {
        check_authority(context, authority, place.get_ref().0);
    }
    let usual = elsewhere(context, place, server);
    Some(upstream::Settings {
        host_header,
        certificate_authority: authority.map(|path| context.resolve(path.get_ref())),
        client_address: client_address.map(Spanned::into_inner).unwrap_or_default(),
        connect_timeout: connect.unwrap_or(usual.connect_timeout),
        answer_timeout: answer.unwrap_or(usual.answer_timeout),
        body_timeout: body.unwrap_or(usual.body_timeout),
        ..usual
    })
}

/// An upstream at a place that is not the gateway itself, with the usual limits.
pub(super) fn elsewhere(
    context: &Context,
    place: Spanned<(Scheme, String, u16)>,
    server: &server::Settings,
) -> upstream::Settings {
    let span = place.span();
    let (scheme, host, port) = place.into_inner();
    refuse_loop(context, span, (&host, port), server);
    upstream::Settings {
        scheme,
        host,
        port,
        host_header: None,
        certificate_authority: None,
        client_address: AddressForm::default(),
        connect_timeout: CONNECT_TIMEOUT,
        answer_timeout: ANSWER_TIMEOUT,
        body_timeout: ANSWER_TIMEOUT,
        idle_timeout: IDLE_TIMEOUT,
        idle_connections: IDLE_CONNECTIONS,
    }
}

fn check_authority(context: &Context, path: &Spanned<String>, scheme: Scheme) {
    if scheme == Scheme::Http {
        let what = "`upstream_certificate_authority` means nothing with an upstream on http";
        return context.fault(path.span(), what, "remove it, or write `https://` in `upstream`");
    }
    let file = context.resolve(path.get_ref());
    let bytes = context.read(path.span(), &file, "certificate of the upstream's authority");
    if let Some(Err(advice)) = bytes.map(|bytes| certificate::authorities(&bytes)) {
        context.fault(path.span(), format!("{}: {}", path.get_ref(), advice.what), advice.remedy);
    }
}

/// A gateway in front of itself would answer no request.
fn refuse_loop(context: &Context, span: Range<usize>, (host, port): (&str, u16), server: &server::Settings) {
    let address: Option<IpAddr> = match host {
        "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
        host => host.parse().ok(),
    };
    let Some(address) = address else { return };
    let is_reached = |listener: &&SocketAddr| {
        let everywhere = listener.ip().is_unspecified() && (address.is_loopback() || address.is_unspecified());
        listener.port() == port && (everywhere || listener.ip() == address)
    };
    let mut listeners = server.http.iter().chain(&server.https).chain(&server.admin);
    if let Some(listener) = listeners.find(is_reached) {
        let what = format!("the upstream is Kelisim's own listener {listener}");
        context.fault(span, what, "write where the site itself listens, on another port");
    }
}
