//! `[[site.analytics]]`: servers behind the gateway, and what browsers load from Yandex.Metrica directly.

use std::ops::Range;

use toml::Spanned;

use super::{lists, tls, upstream};
use crate::{
    analytics::{METRICA_HOSTS, Preset, Route, SentAddress, Token},
    config::{
        context::{Advice, Context},
        file::Table,
        keys, place, value,
    },
    consent::{Category, CategorySet},
    gateway::{AnalyticsServer, Mode},
    pages::DeclaredHost,
    routing::{ForeignHost, HostPattern, PathRule, Tracker},
    server,
    upstream::Scheme,
    visitor::AddressForm,
};

/// What a line must fit to.
pub(super) struct Around<'a> {
    pub(super) server: &'a server::Settings,
    pub(super) prefix: &'a str,
    pub(super) mode: Mode,
    /// None where that has a fault of its own.
    pub(super) offer: Option<CategorySet>,
    pub(super) hosts: &'a [ForeignHost],
    pub(super) trackers: &'a [Tracker],
    pub(super) paths: &'a [PathRule],
}

/// The lines, checked.
#[derive(Default)]
pub(super) struct Analytics {
    pub(super) servers: Vec<AnalyticsServer>,
    /// Hosts that browsers load from after consent: as rules, and as visitors are told of them.
    pub(super) loaded_directly: (Vec<ForeignHost>, Vec<DeclaredHost>),
}

/// The word for a preset; Yandex.Metrica can't stand behind a gateway.
#[derive(Clone, Copy)]
enum Word {
    Proxied(Preset),
    Yandex,
}

const WORDS: [(&str, Word); 5] = [
    ("matomo", Word::Proxied(Preset::Matomo)),
    ("umami", Word::Proxied(Preset::Umami)),
    ("plausible", Word::Proxied(Preset::Plausible)),
    ("google", Word::Proxied(Preset::Google)),
    ("yandex", Word::Yandex),
];

/// Whose the hosts of Yandex.Metrica are, as visitors are told.
const METRICA: &str = "Yandex.Metrica";

/// Checks all lines of a site. Nothing where one is wrong; the fault is in the context then.
pub(super) fn check(site: &mut Table<'_>, around: &Around<'_>) -> Option<Analytics> {
    let mut analytics = Analytics::default();
    let mut complete = true;
    let mut seen = Vec::new();
    for mut table in site.tables("analytics", &keys::ANALYTICS) {
        table.require(&["preset"]);
        let category = category(&mut table, around);
        complete &= match table.parsed("preset", value::word(&WORDS)).map(Spanned::into_inner) {
            None => false,
            Some(Word::Yandex) => loaded_directly(&mut table, around, category, &mut analytics.loaded_directly),
            Some(Word::Proxied(preset)) => {
                let server = server(&mut table, around, preset, category, &mut seen);
                server.map(|server| analytics.servers.push(server)).is_some()
            }
        };
    }
    complete.then_some(analytics)
}

/// What measuring is for: something that visitors can accept here.
fn category(table: &mut Table<'_>, around: &Around<'_>) -> Category {
    let written = table.parsed("category", value::offered_category);
    let span = written.as_ref().map_or_else(|| table.span.clone(), Spanned::span);
    let category = written.map_or(Category::Analytical, Spanned::into_inner);
    if around.offer.is_some_and(|offer| !offer.contains(category)) {
        table.context.fault(
            span,
            format!("`{category}` is not offered here, so nobody could accept what [[site.analytics]] measures"),
            format!("add `{category}` to `offer` in [site.consent], or name a category that stands there"),
        );
    }
    category
}

fn server(
    table: &mut Table<'_>,
    around: &Around<'_>,
    preset: Preset,
    category: Category,
    seen: &mut Vec<(String, usize)>,
) -> Option<AnalyticsServer> {
    let context = table.context;
    table.require(&["path", "upstream"]);
    refuse(table, &["sees_address"], "only what browsers load directly learns full addresses; for `yandex` alone");
    if preset != Preset::Matomo {
        refuse(table, &["token_file"], "only Matomo has a token with which it believes an address; for `matomo` alone");
    }
    let path = table.parsed("path", |text| route_path(text, around.prefix));
    let place = table.parsed("upstream", place::upstream);
    let host = table.parsed("upstream_host", place::host).map(Spanned::into_inner);
    let address = address(table, preset);
    let token = table.text("token_file").filter(|_| preset == Preset::Matomo).map(|file| token(context, &file));
    let path = path?;
    refuse_overlap(context, &path, around, seen);
    seen.push((path.get_ref().clone(), context.line(&path.span())));
    if around.mode == Mode::Observe {
        let what =
            format!("in mode `observe` `{}` leads to the site, since nobody can accept anything", path.get_ref());
        context.warning(path.span(), what, "it leads to the analytics server in `strict` and `compatible`");
    }
    let place = place?;
    let (scheme, name, port) = place.get_ref();
    let authority = authority(*scheme, host.as_deref().unwrap_or(name), *port, host.is_some());
    let form = if address? == SentAddress::None { AddressForm::None } else { AddressForm::Truncated };
    let usual = upstream::elsewhere(context, place, around.server);
    let upstream = crate::upstream::Settings { host_header: host, client_address: form, ..usual };
    let token = token.map_or(Some(None), |token| token.map(Some))?;
    let route = Route { preset, path: path.into_inner(), category, address: address?, host: authority, token };
    Some(AnalyticsServer { route, upstream })
}

/// A path of the site with a slash at both ends, and something between them.
fn route_path(text: &str, own_prefix: &str) -> Result<String, Advice> {
    let path = lists::foreign_path(text, own_prefix)?;
    let remedy = "begin and end it with `/`, with a name between them, such as `/stats/`";
    if path.len() < 3 || !path.ends_with('/') || crate::routing::as_origins_read(&path).iter().any(|read| *read != path)
    {
        return Err(Advice::new(format!("`{path}` can't be where an analytics server is reached"), remedy));
    }
    if own_prefix.starts_with(&path) {
        return Err(Advice::new(format!("Kelisim's own pages lie below `{path}`"), remedy));
    }
    Ok(path)
}

/// What a server learns of addresses. The full address is no choice here.
fn address(table: &mut Table<'_>, preset: Preset) -> Option<SentAddress> {
    let default = if preset == Preset::Google { SentAddress::None } else { SentAddress::Truncated };
    let read = |text: &str| match (preset, value::word(&lists::ADDRESS_FORMS)(text)?) {
        (_, AddressForm::Full) => Err(Advice::new(
            "no analytics server gets full addresses: policy and notice say that they are truncated",
            "write `truncated` (/24, /48), from which the country can still be told, or `none`",
        )),
        (Preset::Plausible, AddressForm::None) => Err(Advice::new(
            "Plausible would take the gateway's address for every visitor's, and drops hits from servers without a word",
            "write `truncated`",
        )),
        (Preset::Google, AddressForm::Truncated) => Err(Advice::new(
            "Google takes an address before the country that stands beside it",
            "write `none`: it gets the country, where [geo] is configured, and the gateway's own address",
        )),
        (_, AddressForm::Truncated) => Ok(SentAddress::Truncated),
        (_, AddressForm::None) => Ok(SentAddress::None),
    };
    if !table.has("client_address") {
        return Some(default);
    }
    table.parsed("client_address", read).map(Spanned::into_inner)
}

fn token(context: &Context, file: &Spanned<String>) -> Option<Token> {
    let path = context.resolve(file.get_ref());
    let bytes = context.read(file.span(), &path, "token of Matomo")?;
    if tls::readable_by_all(&path) {
        let remedy = format!("`chmod 640 {}`, with the group of the user that runs Kelisim", path.display());
        context.warning(file.span(), "everyone on this machine can read the token of Matomo", remedy);
    }
    let token = std::str::from_utf8(&bytes).ok().and_then(|text| Token::parse(text.trim()));
    if token.is_none() {
        let remedy =
            "put there the token (`token_auth`) of a user with the right to write to the site, and nothing else";
        context.fault(file.span(), format!("{} holds no token of 32 hexadecimal digits", path.display()), remedy);
    }
    token
}

/// One path, one meaning.
fn refuse_overlap(context: &Context, path: &Spanned<String>, around: &Around<'_>, seen: &[(String, usize)]) {
    let ours = path.get_ref().as_str();
    let overlaps = |other: &str| {
        let folder = ours.trim_end_matches('/');
        other.starts_with(ours) || other == folder || (other.ends_with('/') && ours.starts_with(other))
    };
    let fault = |what: String| context.fault(path.span(), what, "give the analytics server a path of its own");
    if let Some((other, line)) = seen.iter().find(|(other, _)| overlaps(other)) {
        fault(format!("`{ours}` overlaps `{other}` in line {line}"));
    }
    if let Some(tracker) = around.trackers.iter().find(|tracker| overlaps(&tracker.path)) {
        fault(format!("`{ours}` overlaps `{}` of [[site.tracker]]", tracker.path));
    }
    let passes =
        |rule: &&PathRule| rule.pass_through && (ours.starts_with(&rule.prefix) || rule.prefix.starts_with(ours));
    if let Some(rule) = around.paths.iter().find(passes) {
        fault(format!("`{ours}` overlaps `{}` of [[site.path]], where everything goes through", rule.prefix));
    }
}

/// `Host` as a browser would write it.
fn authority(scheme: Scheme, host: &str, port: u16, named: bool) -> String {
    let usual = match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if named || port == usual { host } else { format!("{host}:{port}") }
}

/// Keys that mean nothing with this preset.
fn refuse(table: &Table<'_>, names: &[&'static str], why: &str) {
    for name in names.iter().filter(|name| table.has(name)) {
        let what = format!("`{name}` means nothing with this preset: {why}");
        table.context.fault(table.span.clone(), what, format!("remove `{name}`"));
    }
}

/// Yandex.Metrica: its script talks to Yandex itself, so its hosts are held back until they are accepted, and visitors are told.
fn loaded_directly(
    table: &mut Table<'_>,
    around: &Around<'_>,
    category: Category,
    (rules, declared): &mut (Vec<ForeignHost>, Vec<DeclaredHost>),
) -> bool {
    let context = table.context;
    let keys = ["path", "upstream", "upstream_host", "client_address", "token_file"];
    refuse(table, &keys, "the script of Yandex.Metrica sends to Yandex itself, and not by way of the gateway");
    let sees = table.boolean("sees_address");
    let span: Range<usize> = sees.as_ref().map_or_else(|| table.span.clone(), Spanned::span);
    if !sees.is_some_and(Spanned::into_inner) {
        context.fault(
            span,
            "Yandex.Metrica is loaded by browsers themselves, so that Yandex learns visitors' full addresses: they can't be truncated",
            "write `sees_address = true` if that may be after consent (visitors are told so), or remove the table",
        );
        return false;
    }
    context.warning(
        span,
        "Yandex learns the full address of every visitor who accepts: on this way nothing can be truncated",
        "say so in the policy; it is blocked until it is accepted",
    );
    for name in METRICA_HOSTS {
        let host = HostPattern::Exact(name.to_owned());
        // A line for `*.` says less than ours, so ours stands beside it.
        let listed = around.hosts.iter().find(|line| line.port.is_none() && line.host == host);
        if listed.is_some_and(|host| host.category == Category::Necessary) {
            let what =
                format!("`{name}` is `necessary` in [[site.host]], so that Yandex.Metrica would not wait for consent");
            context.fault(table.span.clone(), what, format!("write `category = \"{category}\"` there"));
        }
        if listed.is_some() || rules.iter().any(|rule| rule.host == host) {
            continue;
        }
        rules.push(ForeignHost { host, port: None, category, owner: METRICA.into(), sees_address: true });
        declared.push(DeclaredHost { name: name.to_owned(), category, owner: METRICA.into(), sees_address: true });
    }
    true
}
