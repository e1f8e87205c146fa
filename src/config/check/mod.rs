//! The file as checked: each module's own settings, and what must fit between them.

mod access_log;
mod acme;
mod analytics;
mod consent;
mod lists;
mod mail;
mod notice;
mod secret;
mod server;
mod signals;
mod site;
mod statistics;
mod tls;
mod traces;
mod upstream;
mod witness;

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use toml::Spanned;

use super::{catalogue, file::Table, keys, value};
use crate::telemetry::{AccessLogSettings, LogFormat, TraceSettings};
use crate::{
    acme::Settings as AcmeSettings,
    admin::Deadlines,
    config::context::Context,
    cookies,
    gateway::{Mode, SiteSettings},
    geo,
    ledger::Retention,
    mail::Settings as MailSettings,
    pages::Controller,
    routing::HostPattern,
    server as listening,
    statistics::Settings as StatisticsSettings,
    timestamp::Term,
    witness::Settings as WitnessSettings,
};

/// Everything but what is known when all files are read.
pub(super) struct Checked {
    pub(super) server: listening::Settings,
    pub(super) acme: Option<AcmeSettings>,
    pub(super) state_dir: PathBuf,
    pub(super) sites: Vec<SiteSettings>,
    pub(super) geo: geo::Settings,
    pub(super) catalogue: Vec<cookies::Rule>,
    pub(super) retention: Term,
    pub(super) frame_retention: Term,
    pub(super) deadlines: Deadlines,
    pub(super) log_format: LogFormat,
    pub(super) witnesses: Vec<WitnessSettings>,
    pub(super) statistics: StatisticsSettings,
    pub(super) mail: Option<MailSettings>,
    pub(super) access_log: Option<AccessLogSettings>,
    pub(super) traces: Option<TraceSettings>,
}

/// What a site must know of the rest of the file.
struct Shared<'a> {
    server: &'a listening::Settings,
    tls: Option<&'a tls::Tls>,
    controller: Option<Controller>,
    has_controller: bool,
    has_geo: bool,
    retention: Retention,
    /// Hosts of the sites before, with the line where they stand.
    hosts: BTreeMap<String, usize>,
}

/// How long records are kept after they expired unless configured otherwise: three years, as clause 5.6.2 of the policy
/// has it for contracts.
const RETENTION: Term = Term { months: 36, days: 0 };

/// Checks everything. The answer is of use only when no fault was found; it is missing where a required value is.
pub(super) fn check(mut top: Table<'_>) -> Option<Checked> {
    let context = top.context;
    let catalogue = catalogue::read(context, &mut top);
    let tls = top.table("tls", &keys::TLS);
    let tls_span = tls.as_ref().map(|table| table.span.clone());
    let tls = tls.map(tls::check);
    let certificates = tls.as_ref().map(|tls| tls.files.clone());
    let server::Server { mut settings, state_dir, log_format, admin_host } = server::check(&mut top, certificates);
    settings.hsts = tls.as_ref().and_then(|tls| tls.hsts);
    if let Some(span) = tls_span.filter(|_| settings.https.is_empty()) {
        context.warning(span, "[tls] is of no use without a TLS listener", "add `https` to [server], or remove [tls]");
    }
    let controller = top.table("controller", &keys::CONTROLLER);
    let has_controller = controller.is_some();
    let controller = controller.and_then(notice::controller);
    let geo = geo(&mut top);
    let retention = retention(&mut top);
    let mut shared = Shared {
        server: &settings,
        tls: tls.as_ref(),
        controller,
        has_controller,
        has_geo: geo.database.is_some(),
        retention,
        hosts: BTreeMap::new(),
    };
    if !top.is_set("site") {
        context.fault_of_file("no site", "add [[site]] with hosts, upstream and [site.notice]");
    }
    let tables = top.tables("site", &keys::SITE);
    let expected = tables.len();
    let sites: Vec<_> = tables.into_iter().filter_map(|table| site::check(table, &mut shared)).collect();
    if let Some(host) = &admin_host {
        check_admin_host(context, host, &shared);
    }
    warn_of_plain_http(context, &settings, &sites);
    let deadlines = deadlines(&mut top);
    let witnesses = witness::check(&mut top);
    let statistics = statistics::check(&mut top);
    let mail = mail::check(&mut top);
    let access_log = access_log::check(&mut top);
    let traces = traces::check(&mut top, !settings.trusted_proxies.is_empty());
    let complete = !sites.is_empty() && sites.len() == expected;
    let acme = tls.and_then(|tls| tls.acme);
    if let Some(acme) = acme.as_ref().filter(|_| complete) {
        let hosts = sites.iter().flat_map(|site| &site.hosts);
        acme.refuse_strangers(context, hosts, settings.admin_host.as_deref());
    }
    let acme = acme.map(|acme| acme.settings(context, !settings.http.is_empty()));
    complete.then_some(Checked {
        server: settings,
        acme,
        state_dir,
        sites,
        geo,
        catalogue,
        retention: retention.choices,
        frame_retention: retention.frames,
        deadlines,
        log_format,
        witnesses,
        statistics,
        mail,
        access_log,
        traces,
    })
}

/// The host of the administration is no site's, and browsers accept a certificate for it. A wildcard of a site may cover it: it goes before.
fn check_admin_host(context: &Context, host: &Spanned<String>, shared: &Shared<'_>) {
    let name = host.get_ref();
    if name.parse::<IpAddr>().is_ok() {
        let remedy = "give it a name, such as `stats.example.kz`; by address the pages are on `admin`";
        context.fault(host.span(), format!("`{name}` is an address, and browsers ask for no address by name"), remedy);
        return;
    }
    if let Some(line) = shared.hosts.get(name) {
        let what = format!("`{name}` is a site's host in line {line}");
        context.fault(host.span(), what, "give the administration a name of its own, such as `stats.example.kz`");
    }
    if shared.tls.is_some_and(|tls| tls.leaves_out(&HostPattern::Exact(name.clone()))) {
        let remedy = "add one that has the name; without it nobody reaches the administration under it";
        context.fault(host.span(), format!("no certificate in [tls] covers `{name}`"), remedy);
    }
}

/// How long choices are kept, and frames that were opened once: the same unless it is configured.
fn retention(top: &mut Table<'_>) -> Retention {
    let Some(mut table) = top.table("retention", &keys::RETENTION) else {
        return Retention { choices: RETENTION, frames: RETENTION };
    };
    let choices = table.parsed("consent_records", value::retention).map_or(RETENTION, Spanned::into_inner);
    let frames = table.parsed("frame_records", value::retention).map_or(choices, Spanned::into_inner);
    Retention { choices, frames }
}

fn deadlines(top: &mut Table<'_>) -> Deadlines {
    let default = Deadlines::default();
    let Some(mut table) = top.table("deadlines", &keys::DEADLINES) else { return default };
    let mut read = |key| table.parsed(key, value::deadline).map(Spanned::into_inner);
    Deadlines {
        erasure: read("erasure").unwrap_or(default.erasure),
        breach: read("breach").unwrap_or(default.breach),
        answer: read("answer"),
    }
}

fn geo(top: &mut Table<'_>) -> geo::Settings {
    let Some(mut table) = top.table("geo", &keys::GEO) else { return geo::Settings::default() };
    let context = table.context;
    table.require(&["database"]);
    let Some(path) = table.text("database") else { return geo::Settings::default() };
    let span = path.span();
    let path = context.resolve(path.get_ref());
    if let Some(bytes) = context.read(span.clone(), &path, "database of countries")
        && let Err(fault) = geo::Database::read(bytes)
    {
        let remedy = "give a database of countries in the MaxMind DB format (.mmdb)";
        context.fault(span, format!("{} is no such database: {fault}", path.display()), remedy);
    }
    geo::Settings { database: Some(path) }
}

/// Beyond loopback a choice is kept over TLS only, ours or that of a proxy that is believed. Without either nobody is ever asked.
fn warn_of_plain_http(context: &Context, server: &listening::Settings, sites: &[SiteSettings]) {
    let asks = sites.iter().any(|site| site.mode != Mode::Observe);
    let public = server.http.iter().any(|address| !address.ip().is_loopback());
    if asks && public && server.https.is_empty() && server.trusted_proxies.is_empty() {
        context.warning(
            0..0,
            "visitors come over plain http, so no choice can be kept and none is asked for",
            "listen with TLS (`https` and [tls]), or name the proxy that ends TLS in `trusted_proxies`",
        );
    }
}
