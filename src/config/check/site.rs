//! One `[[site]]`.

use std::net::{IpAddr, SocketAddr};

use toml::Spanned;

use super::{Shared, analytics, consent, lists, notice, signals, upstream};
use crate::{
    config::{context::Advice, file::Table, keys, place, value},
    gateway::{Mode, SiteSettings},
    pages::{self, Controller},
    rewrite::{LONGEST_POLICY, LoadingPolicies, closed_wildcards},
    routing::{ForeignHost, ForeignHosts, HostPattern},
    server as listening,
    upstream::Scheme,
    visitor::Language,
};

const PREFIX: &str = "/_kelisim/";

/// Checks one site. Nothing where a required value is missing or wrong; the fault is in the context then.
pub(super) fn check(mut table: Table<'_>, shared: &mut Shared<'_>) -> Option<SiteSettings> {
    table.require(&["hosts", "upstream"]);
    let hosts = hosts(&mut table, shared);
    let canonical_host = canonical_host(&mut table, &hosts);
    let mode = mode(&mut table);
    let languages = languages(&mut table);
    let address = table.parsed("address", place::upstream).map(Spanned::into_inner);
    let https_port = match &address {
        Some((Scheme::Https, _, port)) => Some(*port),
        _ => None,
    };
    let prefix = table.parsed("prefix", place::prefix).map_or_else(|| PREFIX.to_owned(), Spanned::into_inner);
    let own_settings_link = table.parsed("settings_link", value::word(&[("own", true)])).is_some();
    let share_subdomains = share_subdomains(&mut table, &hosts);
    let upstream = upstream::check(&mut table, shared.server);
    let controller = controller(&mut table, shared);
    let consent = consent::check(&mut table, shared.has_geo);
    let notice = notice::notice(&mut table, &languages);
    let cookies = lists::cookies(&mut table, &languages);
    let storage = lists::storage(&mut table, &languages);
    let signals = signals::check(&mut table);
    let hydrates_document = table.boolean("hydrates_document").is_some_and(Spanned::into_inner);
    let counts_routes = table.boolean("count_routes").is_some_and(Spanned::into_inner);
    let declared_hosts = lists::hosts(&mut table);
    let trackers = lists::trackers(&mut table, &prefix);
    let paths = lists::paths(&mut table, &prefix);
    let around = analytics::Around {
        server: shared.server,
        prefix: &prefix,
        mode,
        offer: consent.as_ref().map(|consent| consent.settings.offer),
        hosts: declared_hosts.as_ref().map_or(&[][..], |(hosts, _)| hosts),
        trackers: trackers.as_deref().unwrap_or_default(),
        paths: paths.as_deref().unwrap_or_default(),
    };
    let analytics = analytics::check(&mut table, &around);

    let name = canonical_host.clone().or_else(|| first_name(&hosts))?;
    let consent::Consent { settings: consent, texts } = consent?;
    let (cookies, declared_cookies) = cookies?;
    let (storage, declared_storage) = storage?;
    let (mut foreign_hosts, mut declared_hosts) = declared_hosts?;
    let analytics = analytics?;
    let (added, declared) = analytics.loaded_directly;
    foreign_hosts.extend(added);
    declared_hosts.extend(declared);
    if mode == Mode::Strict {
        loading(&table, &hosts, &foreign_hosts, &prefix);
    }
    let notice = notice?;
    let own: Vec<_> = hosts.iter().map(|host| host.get_ref().clone()).collect();
    notice.warn_of_hosts(table.context, &declared_hosts, &own, consent.offer);
    let servers = analytics.servers.iter().map(|server| server.upstream.host.as_str());
    notice.warn_of_servers(table.context, servers, &own);
    let pages = pages::Settings {
        origin: address
            .map_or_else(|| origin_of(shared.server, &name), |(scheme, host, port)| origin(scheme, &host, port)),
        host: name.clone(),
        prefix,
        languages,
        controller: controller?,
        notice: notice.items,
        model: consent.model,
        offer: consent.offer,
        valid_for: consent.valid_for,
        retention: shared.retention,
        edition: consent.editions.in_force(table.context.now).clone(),
        texts,
        cookies: declared_cookies,
        storage: declared_storage,
        hosts: declared_hosts,
        unknown_refused: mode != Mode::Compatible,
        share_subdomains,
        own_settings_link,
    };
    Some(SiteSettings {
        hosts: hosts.into_iter().map(Spanned::into_inner).collect(),
        name,
        canonical_host,
        https_port,
        mode,
        share_subdomains,
        paths: paths?,
        trackers: trackers?,
        analytics: analytics.servers,
        upstream: upstream?,
        consent,
        cookies,
        storage,
        signals,
        hydrates_document,
        counts_routes,
        foreign_hosts,
        pages,
    })
}

/// Where visitors reach a site, as the listeners say it: with TLS where it is listened to, or where a proxy is believed, which ends TLS in
/// front of a plain listener on a port of its own.
fn origin_of(server: &listening::Settings, host: &str) -> String {
    // Port 0 is any that is free: which one is known when it is listened to.
    let port = |addresses: &[SocketAddr]| addresses.first().map(SocketAddr::port).filter(|port| *port > 0);
    if !server.https.is_empty() {
        origin(Scheme::Https, host, port(&server.https).unwrap_or(443))
    } else if !server.trusted_proxies.is_empty() {
        origin(Scheme::Https, host, 443)
    } else {
        origin(Scheme::Http, host, port(&server.http).unwrap_or(80))
    }
}

fn origin(scheme: Scheme, host: &str, port: u16) -> String {
    let (name, usual) = match scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    let port = if port == usual { String::new() } else { format!(":{port}") };
    let brackets = if host.contains(':') && !host.starts_with('[') { ["[", "]"] } else { ["", ""] };
    format!("{name}://{}{host}{}{port}", brackets[0], brackets[1])
}

/// Whether the hosts fit into a header, and whether a wildcard is closed by what lies in it.
fn loading(table: &Table<'_>, own: &[Spanned<HostPattern>], listed: &[ForeignHost], prefix: &str) {
    let own = own.iter().map(|host| host.get_ref().clone()).collect();
    let hosts = ForeignHosts::new(own, listed.to_vec());
    for (wildcard, refused) in closed_wildcards(&hosts) {
        let (wildcard, refused) = (place::written(wildcard), place::written(refused));
        table.context.warning(
            table.span.clone(),
            format!("pages load nothing from `{wildcard}` until `{refused}`, which lies in it, is accepted"),
            format!("list the hosts that `{wildcard}` stands for one by one: browsers know no \"all but\""),
        );
    }
    let length = LoadingPolicies::new(&hosts, prefix).longest();
    if length > LONGEST_POLICY {
        table.context.fault(
            table.span.clone(),
            format!(
                "the hosts make a header of {length} bytes, and {LONGEST_POLICY} are the most that is sure to arrive"
            ),
            "put hosts of one owner together as `*.example.kz` in [[site.host]]",
        );
    }
}

/// The hosts, none of which another site or another line has.
fn hosts(table: &mut Table<'_>, shared: &mut Shared<'_>) -> Vec<Spanned<HostPattern>> {
    let context = table.context;
    table.refuse_empty("hosts");
    let hosts = table.list("hosts", place::host_pattern).map(Spanned::into_inner).unwrap_or_default();
    for host in &hosts {
        let written = place::written(host.get_ref());
        if let Some(line) = shared.hosts.insert(written.clone(), context.line(&host.span())) {
            context.fault(
                host.span(),
                format!("`{written}` is already a host in line {line}"),
                "a host belongs to one site, once",
            );
        }
        if shared.tls.is_some_and(|tls| tls.leaves_out(host.get_ref())) {
            let remedy = "add one that has the name; without it browsers are refused on https";
            context.warning(host.span(), format!("no certificate in [tls] covers `{written}`"), remedy);
        }
    }
    hosts
}

/// The first exact host, or else the first without its `*.`.
fn first_name(hosts: &[Spanned<HostPattern>]) -> Option<String> {
    let exact = hosts.iter().find(|host| matches!(host.get_ref(), HostPattern::Exact(_)));
    exact.or(hosts.first()).map(|host| base(host.get_ref()).to_owned())
}

fn base(host: &HostPattern) -> &str {
    match host {
        HostPattern::Exact(name) | HostPattern::Subdomains(name) => name,
    }
}

fn canonical_host(table: &mut Table<'_>, hosts: &[Spanned<HostPattern>]) -> Option<String> {
    let host = table.parsed("canonical_host", place::host)?;
    let is_named = |pattern: &HostPattern| match pattern {
        HostPattern::Exact(name) => name == host.get_ref(),
        HostPattern::Subdomains(name) => {
            host.get_ref().strip_suffix(name.as_str()).is_some_and(|labels| labels.ends_with('.'))
        }
    };
    if !hosts.is_empty() && !hosts.iter().any(|pattern| is_named(pattern.get_ref())) {
        let what = format!("`{}` is not among the site's hosts", host.get_ref());
        table.context.fault(host.span(), what, "add it to `hosts`, or write one of them");
    }
    Some(host.into_inner())
}

fn mode(table: &mut Table<'_>) -> Mode {
    let modes = [("strict", Mode::Strict), ("observe", Mode::Observe), ("compatible", Mode::Compatible)];
    let mode = table.parsed("mode", value::word(&modes));
    let span = mode.as_ref().map_or_else(|| table.span.clone(), Spanned::span);
    let mode = mode.map(Spanned::into_inner).unwrap_or_default();
    let has_inventory = ["cookie", "host"].iter().any(|key| table.has(key));
    if mode == Mode::Strict && !has_inventory {
        let remedy = "run with `mode = \"observe\"` first, then write what the site really sets and loads";
        let what = "`strict` refuses every cookie and host that is not known, and no [[site.cookie]] or [[site.host]] is listed";
        table.context.warning(span, what, remedy);
    }
    mode
}

fn languages(table: &mut Table<'_>) -> Vec<Language> {
    let exact = |text: &str| {
        let languages = Language::ALL.map(|language| (language.tag(), language));
        value::word(&languages)(text)
    };
    table.refuse_empty("languages");
    let Some(list) = table.list("languages", exact) else { return Language::ALL.to_vec() };
    let mut languages = Vec::new();
    for language in list.into_inner() {
        if languages.contains(language.get_ref()) {
            let what = format!("`{}` stands twice in `languages`", language.get_ref());
            table.context.fault(language.span(), what, "leave it once");
        } else {
            languages.push(language.into_inner());
        }
    }
    languages
}

/// Sharing needs a domain under which all hosts lie and that is nobody else's (the public suffix list knows).
fn share_subdomains(table: &mut Table<'_>, hosts: &[Spanned<HostPattern>]) -> bool {
    let Some(share) = table.boolean("share_subdomains").filter(|share| *share.get_ref()) else { return false };
    let registrable = |name: &str| match name.parse::<IpAddr>() {
        Ok(_) => None,
        Err(_) => psl::domain_str(name).map(str::to_owned),
    };
    let mut domains = hosts.iter().map(|host| registrable(base(host.get_ref())));
    let advice = match domains.next() {
        Some(None) => Some(Advice::new(
            "`share_subdomains` needs a domain that can be registered, such as `example.kz`",
            "write `share_subdomains = false`",
        )),
        Some(first) if domains.any(|domain| domain != first) => Some(Advice::new(
            "`share_subdomains` needs hosts under one domain, and here they are under several",
            "make a site of each domain, or write `share_subdomains = false`",
        )),
        _ => None,
    };
    if let Some(Advice { what, remedy, .. }) = advice {
        table.context.fault(share.span(), what, remedy);
    }
    true
}

/// The site's own controller, or the file's.
fn controller(table: &mut Table<'_>, shared: &mut Shared<'_>) -> Option<Controller> {
    if let Some(own) = table.table("controller", &keys::SITE_CONTROLLER) {
        return notice::controller(own);
    }
    if !shared.has_controller {
        // Once is enough for all sites.
        shared.has_controller = true;
        let what = "missing [controller]: Article 8(4) of Law 94-V asks who answers for the processing";
        table.context.fault(table.span.clone(), what, "add the table with name, iin or bin, address and email");
    }
    shared.controller.clone()
}
