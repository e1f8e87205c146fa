//! `[controller]` and `[site.notice]`: what Article 8(4) of Law 94-V asks for, and texts in several languages.

use std::{net::IpAddr, ops::Range};

use toml::Spanned;

use crate::{
    config::{
        context::{Advice, Context},
        file::Table,
        keys, value,
    },
    consent::CategorySet,
    ledger::is_denial,
    pages::{Controller, DeclaredHost, Localised, Notice},
    routing::HostPattern,
    visitor::Language,
};

/// The controller's name in the examples that come with the gateway.
const EXAMPLE: &str = "Example LLP";

/// Who answers for the processing.
pub(super) fn controller(mut table: Table<'_>) -> Option<Controller> {
    table.require(&["name", "address", "email"]);
    let numbers = ["iin", "bin"].map(|key| table.has(key));
    let name = table.text("name");
    let iin = table.parsed("iin", value::identification_number);
    let bin = table.parsed("bin", value::identification_number);
    match numbers {
        [false, false] => {
            table.missing("iin", " (of a person; `bin` of a company), which Article 8(4) of Law 94-V asks for")
        }
        [true, true] => table.context.fault(
            table.span.clone(),
            "both `iin` and `bin`",
            "leave one: the IIN of a person, or the BIN of a company",
        ),
        _ => {}
    }
    if let Some(name) = name.as_ref().filter(|name| name.get_ref() == EXAMPLE) {
        let what =
            format!("`{EXAMPLE}` is the example's name, and visitors would be told that it answers for their data");
        table.context.warning(name.span(), what, "write who answers for the processing, as the policy says it");
    }
    let address = table.text("address");
    let email = table.parsed("email", value::email);
    Some(Controller {
        name: name?.into_inner(),
        iin: iin.map(Spanned::into_inner),
        bin: bin.map(Spanned::into_inner),
        address: address?.into_inner(),
        email: email?.into_inner(),
    })
}

/// Which item of the law each key is.
const ITEMS: [(&str, &str); 5] = [
    ("third_parties", ": Article 8(4) of Law 94-V asks whether third parties receive the data"),
    ("cross_border", ": Article 8(4) of Law 94-V asks whether the data crosses the border"),
    ("public", ": Article 8(4) of Law 94-V asks whether the data is published"),
    ("data", ": Article 8(4) of Law 94-V asks for the list of data collected"),
    ("storage_place", ": Article 12 of Law 94-V asks that the data be kept in Kazakhstan, and visitors are told where"),
];

/// What visitors are told, and where the file says it.
pub(super) struct Checked {
    pub(super) items: Notice,
    span: Range<usize>,
}

impl Checked {
    /// Says where the items deny what the listed hosts do.
    pub(super) fn warn_of_hosts(
        &self,
        context: &Context,
        hosts: &[DeclaredHost],
        own: &[HostPattern],
        offer: CategorySet,
    ) {
        // What the site answers for itself is no third party.
        let is_own = |name: &str| own.iter().any(|own| own.matches(name.strip_prefix("*.").unwrap_or(name)));
        let sees = |host: &&DeclaredHost| host.sees_address && offer.permits(host.category) && !is_own(&host.name);
        let seeing: Vec<_> = hosts.iter().filter(sees).map(|host| &*host.name).collect();
        let abroad: Vec<_> = seeing.iter().copied().filter(|name| !is_at_home(name)).collect();
        let warn = |key: &str, text: &Localised, hosts: &[&str], which: &str, remedy: &str| {
            if let Some(denial) = denial(text).filter(|_| !hosts.is_empty()) {
                let hosts = hosts.iter().map(|host| format!("`{host}`")).collect::<Vec<_>>().join(", ");
                context.warning(
                    self.span.clone(),
                    format!("`{key}` says `{denial}`, and pages load from {hosts}, {which}"),
                    remedy,
                );
            }
        };
        warn(
            "third_parties",
            &self.items.third_parties,
            &seeing,
            "so that visitors' full addresses are learnt there",
            "name whose servers they are, and that they learn the address",
        );
        warn(
            "cross_border",
            &self.items.cross_border,
            &abroad,
            "where visitors' full addresses are learnt, perhaps abroad",
            "name the countries where these servers stand, or say that they stand in Kazakhstan",
        );
    }
}

impl Checked {
    /// Says where the items deny that what analytics servers are sent leaves the operator's machines.
    pub(super) fn warn_of_servers<'a>(
        &self,
        context: &Context,
        servers: impl Iterator<Item = &'a str>,
        own: &[HostPattern],
    ) {
        // What has no name is a machine nearby.
        let is_near = |name: &str| {
            name == "localhost" || name.parse::<IpAddr>().is_ok() || own.iter().any(|own| own.matches(name))
        };
        for server in servers.filter(|name| !is_near(name)) {
            if let Some(denial) = denial(&self.items.third_parties) {
                context.warning(
                    self.span.clone(),
                    format!(
                        "`third_parties` says `{denial}`, and what [[site.analytics]] measures is sent to `{server}`"
                    ),
                    "name whose server it is, unless it is your own",
                );
            }
        }
    }
}

/// The first text that says nothing but no.
fn denial(texts: &Localised) -> Option<&str> {
    texts.texts.iter().map(|(_, text)| text.as_str()).find(|text| is_denial(text))
}

/// Whether a host's name is one of this country, or of this machine.
fn is_at_home(name: &str) -> bool {
    let host = name.rsplit_once(':').map_or(name, |(host, _)| host);
    let last = host.rsplit('.').next().unwrap_or_default();
    matches!(last, "kz" | "xn--80ao21a" | "localhost") || host.starts_with("127.") || host.starts_with("[::1]")
}

/// What visitors are told; every item must be there.
pub(super) fn notice(site: &mut Table<'_>, languages: &[Language]) -> Option<Checked> {
    if !site.has("notice") {
        let what = "missing [site.notice]: Article 8(4) of Law 94-V asks for its items";
        let names = ITEMS.map(|(key, _)| key).join(", ");
        site.context.fault(site.span.clone(), what, format!("add the table with {names}"));
    }
    let mut table = site.table("notice", &keys::NOTICE)?;
    for (key, reason) in ITEMS.into_iter().filter(|(key, _)| !table.has(key)) {
        table.missing(key, reason);
    }
    let third_parties = texts(&mut table, "third_parties", languages);
    let cross_border = texts(&mut table, "cross_border", languages);
    let public = texts(&mut table, "public", languages);
    let storage_place = texts(&mut table, "storage_place", languages);
    table.refuse_empty("data");
    let data = table.list("data", |text| Ok::<_, Advice>(text.to_owned()));
    let items = Notice {
        third_parties: third_parties?,
        cross_border: cross_border?,
        public: public?,
        data: data?.into_inner().into_iter().map(Spanned::into_inner).collect(),
        storage_place: storage_place?,
    };
    Some(Checked { items, span: table.span.clone() })
}

/// A text for all languages, which counts as written in the site's first, or a table with one for each.
pub(super) fn texts(table: &mut Table<'_>, key: &'static str, languages: &[Language]) -> Option<Localised> {
    if !table.holds_table(key) {
        let text = table.text(key)?.into_inner();
        return Some(Localised { texts: vec![(languages.first().copied().unwrap_or_default(), text)] });
    }
    let mut by_language = table.table(key, &keys::TEXTS)?;
    if keys::TEXTS.keys.iter().all(|(language, _)| !by_language.has(language)) {
        let remedy = format!("write `{key} = \"…\"`, or `{key} = {{ ru = \"…\", kk = \"…\", en = \"…\" }}`");
        by_language.context.fault(by_language.span.clone(), format!("`{key}` has no text"), remedy);
    }
    // The first stands in for languages without a text, so the site's own order counts.
    let others = Language::ALL.into_iter().filter(|language| !languages.contains(language));
    let order = languages.iter().copied().chain(others);
    let read = order.filter_map(|language| Some((language, by_language.text(language.tag())?.into_inner())));
    Some(Localised { texts: read.collect() })
}
