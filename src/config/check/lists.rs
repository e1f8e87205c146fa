//! The lists of a site: `[[site.cookie]]`, `[[site.storage]]`, `[[site.host]]`, `[[site.tracker]]` and `[[site.path]]`.

use std::{cmp::Reverse, collections::BTreeMap};

use toml::Spanned;

use super::notice;
use crate::{
    config::{
        context::{Advice, Context},
        file::Table,
        keys, place, value,
    },
    consent::Category,
    cookies::{Pattern, Rule},
    pages::{DeclaredCookie, DeclaredHost, Localised},
    routing::{ForeignHost, PathRule, Tracker},
    visitor::{AddressForm, Language},
};

/// The words for what an upstream learns of the visitor's address.
pub(super) const ADDRESS_FORMS: [(&str, AddressForm); 3] =
    [("truncated", AddressForm::Truncated), ("none", AddressForm::None), ("full", AddressForm::Full)];

/// Kelisim's own cookies, which no line may name.
const OWN_COOKIES: [&str; 4] = ["kelisim", "kelisim_view", "__Host-kelisim", "__Secure-kelisim"];

/// The operator's cookies: as rules, and as visitors are told of them.
pub(super) fn cookies(site: &mut Table<'_>, languages: &[Language]) -> Option<(Vec<Rule>, Vec<DeclaredCookie>)> {
    let tables = site.tables("cookie", &keys::COOKIE);
    let mut seen = BTreeMap::new();
    let cookies: Vec<_> = tables.into_iter().map(|table| cookie(table, languages, &mut seen)).collect();
    cookies.into_iter().collect::<Option<Vec<_>>>().map(|cookies| cookies.into_iter().unzip())
}

fn cookie(
    mut table: Table<'_>,
    languages: &[Language],
    seen: &mut BTreeMap<String, usize>,
) -> Option<(Rule, DeclaredCookie)> {
    let context = table.context;
    match (table.has("name"), table.has("expression")) {
        (false, false) => table.missing("name", " (or `expression`)"),
        (true, true) => {
            context.fault(table.span.clone(), "both `name` and `expression`", "leave the one that finds the cookie");
        }
        _ => {}
    }
    table.require(&["category"]);
    let name = table.parsed("name", |text| Ok((cookie_name(text)?, text.to_owned())));
    let expression = table.parsed("expression", |text| Ok((expression(text)?, text.to_owned())));
    declared(&mut table, languages, seen, name.or(expression))
}

/// The keys of the browser's storage, read as cookies are.
pub(super) fn storage(site: &mut Table<'_>, languages: &[Language]) -> Option<(Vec<Rule>, Vec<DeclaredCookie>)> {
    let tables = site.tables("storage", &keys::STORAGE);
    let mut seen = BTreeMap::new();
    let read = |mut table: Table<'_>| {
        table.require(&["name", "category"]);
        let name = table.parsed("name", |text| Ok((storage_key(text)?, text.to_owned())));
        declared(&mut table, languages, &mut seen, name)
    };
    let lines: Vec<_> = tables.into_iter().map(read).collect();
    lines.into_iter().collect::<Option<Vec<_>>>().map(|lines| lines.into_iter().unzip())
}

/// What a line says beside its name.
fn declared(
    table: &mut Table<'_>,
    languages: &[Language],
    seen: &mut BTreeMap<String, usize>,
    found: Option<Spanned<(Pattern, String)>>,
) -> Option<(Rule, DeclaredCookie)> {
    let category = table.parsed("category", value::category).map(Spanned::into_inner);
    let owner = table.text("owner").map_or_else(String::new, Spanned::into_inner);
    let purpose = notice::texts(table, "purpose", languages).unwrap_or_default();
    let lifetime = table.text("lifetime").map_or_else(String::new, Spanned::into_inner);
    let found = found?;
    once(table.context, seen, &found.span(), &found.get_ref().1);
    let (pattern, name) = found.into_inner();
    let category = category?;
    let rule = Rule {
        pattern,
        category,
        owner: owner.as_str().into(),
        purpose: in_english(&purpose).into(),
        lifetime: lifetime.as_str().into(),
        third_party: false,
        // The operator's word is the source.
        verified: true,
    };
    Some((rule, DeclaredCookie { name, category, owner, purpose, lifetime }))
}

fn in_english(texts: &Localised) -> &str {
    let english = texts.texts.iter().find(|(language, _)| *language == Language::En);
    english.or(texts.texts.first()).map_or("", |(_, text)| text)
}

/// A name, or the beginning of one with `*` behind it (RFC 6265, section 4.1.1).
fn cookie_name(text: &str) -> Result<Pattern, Advice> {
    let (name, is_prefix) = text.strip_suffix('*').map_or((text, false), |name| (name, true));
    let legal = |byte: u8| byte.is_ascii_graphic() && !br#"()<>@,;:\"/[]?={}*"#.contains(&byte);
    if name.is_empty() || !name.bytes().all(legal) {
        let remedy = "write the name, or its beginning and one `*` at the end; `expression` for anything else";
        return Err(Advice::new(format!("`{text}` is not the name of a cookie"), remedy));
    }
    let plain = ["__Host-", "__Secure-"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if plain.starts_with("kelisim") {
        return Err(own_cookie(text));
    }
    Ok(if is_prefix { Pattern::Prefix(name.into()) } else { Pattern::Exact(name.into()) })
}

/// A key of storage may be nearly anything; the same rules find it as find a cookie.
fn storage_key(text: &str) -> Result<Pattern, Advice> {
    Pattern::name(text).map_err(|reason| {
        Advice::new(format!("`{text}` is not a key: {reason}"), "write the key, or its beginning and one `*`")
    })
}

fn expression(text: &str) -> Result<Pattern, Advice> {
    let anchored = regex::bytes::Regex::new(&format!(r"\A(?:{text})\z")).map_err(|error| {
        let reason = error.to_string();
        let last = reason.lines().last().unwrap_or_default().trim().to_owned();
        Advice::new(format!("not an expression: {last}"), "write it by the rules of Rust's regex, in single quotes")
    })?;
    if OWN_COOKIES.iter().any(|own| anchored.is_match(own.as_bytes())) {
        return Err(own_cookie(text));
    }
    Ok(Pattern::Expression(anchored))
}

fn own_cookie(text: &str) -> Advice {
    Advice::new(
        format!("`{text}` means Kelisim's own cookies"),
        "remove it; they are listed as necessary by themselves",
    )
}

/// The hosts that pages may load from: as rules, and as visitors are told of them.
pub(super) fn hosts(site: &mut Table<'_>) -> Option<(Vec<ForeignHost>, Vec<DeclaredHost>)> {
    let tables = site.tables("host", &keys::HOST);
    let mut seen = BTreeMap::new();
    let read = |mut table: Table<'_>| {
        table.require(&["name", "category"]);
        let name = table.parsed("name", |text| {
            let (pattern, port) = place::foreign_host(text)?;
            let port_text = port.map_or_else(String::new, |port| format!(":{port}"));
            let written = format!("{}{port_text}", place::written(&pattern));
            Ok((written, pattern, port))
        });
        let category = table.parsed("category", value::category);
        let owner = table.text("owner");
        let sees_address = table.boolean("sees_address");
        let name = name?;
        once(table.context, &mut seen, &name.span(), &name.get_ref().0);
        let span = name.span();
        let (name, host, port) = name.into_inner();
        let category = category?.into_inner();
        let owner = owner.map_or_else(|| name.clone(), Spanned::into_inner);
        let sees_address = sees_address.is_some_and(Spanned::into_inner);
        let rule = ForeignHost { host, port, category, owner: owner.as_str().into(), sees_address };
        if !rule.passes([category].into_iter().collect()) {
            table.context.warning(
                span,
                format!(
                    "pages never load from `{name}`, whatever visitors accept: it would learn their full addresses"
                ),
                "write `sees_address = true` if it may; visitors are told so",
            );
        }
        // Browsers load from it directly wherever it passes, whatever the line says.
        let sees_address = rule.passes([category].into_iter().collect());
        Some((rule, DeclaredHost { name, category, owner, sees_address }))
    };
    let hosts: Vec<_> = tables.into_iter().map(read).collect();
    hosts.into_iter().collect::<Option<Vec<_>>>().map(|hosts| hosts.into_iter().unzip())
}

/// The paths that measure.
pub(super) fn trackers(site: &mut Table<'_>, own_prefix: &str) -> Option<Vec<Tracker>> {
    let tables = site.tables("tracker", &keys::TRACKER);
    let mut seen = BTreeMap::new();
    let measuring = |text: &str| match value::category(text)? {
        Category::Necessary => Err(Advice::new(
            "a path that is necessary is never held back",
            "remove the line, or name the category that its measuring is for",
        )),
        category => Ok(category),
    };
    let read = |mut table: Table<'_>| {
        table.require(&["path", "category"]);
        let path = table.parsed("path", |text| foreign_path(text, own_prefix));
        let category = table.parsed("category", measuring);
        let path = path?;
        once(table.context, &mut seen, &path.span(), path.get_ref());
        Some(Tracker { path: path.into_inner(), category: category?.into_inner() })
    };
    tables.into_iter().map(read).collect::<Vec<_>>().into_iter().collect()
}

/// Exceptions, longest prefix first.
pub(super) fn paths(site: &mut Table<'_>, own_prefix: &str) -> Option<Vec<PathRule>> {
    let tables = site.tables("path", &keys::PATH);
    let mut seen = BTreeMap::new();
    let read = |mut table: Table<'_>| {
        let context = table.context;
        table.require(&["prefix"]);
        let prefix = table.parsed("prefix", |text| foreign_path(text, own_prefix));
        let client_address = table.parsed("client_address", value::word(&ADDRESS_FORMS));
        warn_of_full_addresses(context, client_address.as_ref());
        let banner = table.boolean("banner").is_none_or(Spanned::into_inner);
        let content_security_policy = table.boolean("content_security_policy").is_none_or(Spanned::into_inner);
        let pass_through = table.boolean("pass_through").is_some_and(Spanned::into_inner);
        let prefix = prefix?;
        once(context, &mut seen, &prefix.span(), prefix.get_ref());
        Some(PathRule {
            prefix: prefix.into_inner(),
            banner,
            content_security_policy,
            client_address: client_address.map(Spanned::into_inner),
            pass_through,
        })
    };
    let mut paths: Vec<_> = tables.into_iter().map(read).collect::<Vec<_>>().into_iter().collect::<Option<_>>()?;
    paths.sort_by_key(|rule: &PathRule| Reverse(rule.prefix.len()));
    Some(paths)
}

pub(super) fn warn_of_full_addresses(context: &Context, form: Option<&Spanned<AddressForm>>) {
    if let Some(form) = form.filter(|form| *form.get_ref() == AddressForm::Full) {
        let remedy =
            "write `truncated` unless the site can't do without; what it keeps is no longer in Kelisim's hands";
        context.warning(form.span(), "the site behind learns every visitor's full address", remedy);
    }
}

/// A path of the site, not one of our own.
pub(super) fn foreign_path(text: &str, own_prefix: &str) -> Result<String, Advice> {
    let path = place::path(text)?;
    if path.starts_with(own_prefix) {
        let what = format!("`{path}` lies below `{own_prefix}`, where Kelisim's own pages are");
        return Err(Advice::new(what, "name a path of the site, or move Kelisim's pages with `prefix` in [[site]]"));
    }
    Ok(path)
}

fn once(context: &Context, seen: &mut BTreeMap<String, usize>, span: &std::ops::Range<usize>, name: &str) {
    if let Some(line) = seen.insert(name.to_owned(), context.line(span)) {
        context.fault(span.clone(), format!("`{name}` already stands in line {line}"), "leave one of the two");
    }
}
