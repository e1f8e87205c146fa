//! `[tls.acme]`: names whose certificates come from an authority.

use std::{collections::BTreeMap, net::IpAddr};

use toml::Spanned;
use url::Url;

use crate::{
    acme::{Challenge, Settings},
    config::{
        certificate,
        context::{Advice, Context},
        file::Table,
        place, value,
    },
    routing::HostPattern,
};

/// Let's Encrypt, by the words that stand for it.
const LETS_ENCRYPT: [(&str, &str); 2] = [
    ("production", "https://acme-v02.api.letsencrypt.org/directory"),
    ("staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
];

/// Names at most: an authority gives a few hundred an hour, and each is renewed on its own.
const MOST_NAMES: usize = 100;

/// Longest name, in bytes: with its ending it is the name of a file.
const LONGEST_NAME: usize = 240;

/// The table, checked.
pub(super) struct Acme {
    names: Vec<Spanned<String>>,
    directory: String,
    directory_ca: Option<Spanned<String>>,
    contact: Option<String>,
    challenge: Option<Spanned<Challenge>>,
    terms_of_service_agreed: bool,
}

/// Reads the table; what it has to do with the rest is [`Acme::settings`].
pub(super) fn check(mut table: Table<'_>) -> Acme {
    let context = table.context;
    table.require(&["names"]);
    table.refuse_empty("names");
    let names = table.list("names", name).map(Spanned::into_inner).unwrap_or_default();
    refuse_twice(context, &names);
    if let Some(beyond) = names.get(MOST_NAMES) {
        let what = format!("`names` in [tls.acme] has more than {MOST_NAMES} names");
        context.fault(beyond.span(), what, "a certificate for all subdomains can be given in `certificates`");
    }
    let directory = table.parsed("directory", directory);
    if let Some(staging) = directory.as_ref().filter(|directory| *directory.get_ref() == LETS_ENCRYPT[1].1) {
        let remedy =
            "when all names have come, write `production` or remove this line; what was issued for trying stays apart";
        context.warning(staging.span(), "no browser trusts the certificates of this directory", remedy);
    }
    let directory = directory.map(Spanned::into_inner);
    let directory = directory.unwrap_or_else(|| LETS_ENCRYPT[0].1.to_owned());
    let directory_ca = table.text("directory_ca");
    if let Some(path) = &directory_ca {
        let bytes =
            context.read(path.span(), &context.resolve(path.get_ref()), "certificate of the directory's authority");
        if let Some(Err(advice)) = bytes.map(|bytes| certificate::authorities(&bytes)) {
            context.fault(path.span(), format!("{}: {}", path.get_ref(), advice.what), advice.remedy);
        }
    }
    let contact = table.parsed("contact", contact).map(Spanned::into_inner);
    let challenges = [Challenge::Http01, Challenge::TlsAlpn01].map(|challenge| (challenge.name(), challenge));
    let challenge = table.parsed("challenge", value::word(&challenges));
    let agreed = table.boolean("terms_of_service_agreed").is_some_and(Spanned::into_inner);
    if !agreed && LETS_ENCRYPT.iter().any(|(_, address)| *address == directory) {
        let reason = ": Let's Encrypt asks to agree to its terms, https://letsencrypt.org/repository/";
        table.missing("terms_of_service_agreed", reason);
    }
    Acme { names, directory, directory_ca, contact, challenge, terms_of_service_agreed: agreed }
}

impl Acme {
    /// Whether a name gets a certificate.
    pub(super) fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.get_ref() == host)
    }

    /// Warns of names that a file covers already, and would never be served.
    pub(super) fn warn_of_files(&self, context: &Context, is_covered: impl Fn(&str) -> bool) {
        for name in self.names.iter().filter(|name| is_covered(name.get_ref())) {
            let what = format!(
                "`{}` has a certificate in `certificates`, which goes before the one of the authority",
                name.get_ref()
            );
            context.warning(name.span(), what, "remove one of the two");
        }
    }

    /// Each name belongs to somebody here. `hosts` are those of the sites.
    pub(super) fn refuse_strangers<'a>(
        &self,
        context: &Context,
        hosts: impl Iterator<Item = &'a HostPattern> + Clone,
        admin_host: Option<&str>,
    ) {
        let is_of = |name: &str, host: &HostPattern| match host {
            HostPattern::Exact(host) => host == name,
            HostPattern::Subdomains(above) => name.strip_suffix(above.as_str()).is_some_and(|rest| rest.ends_with('.')),
        };
        for name in &self.names {
            let written = name.get_ref().as_str();
            if admin_host != Some(written) && !hosts.clone().any(|host| is_of(written, host)) {
                let what = format!("`{written}` is neither a site's host nor `admin_host`");
                context.fault(name.span(), what, "add it to `hosts` of its site, or remove it");
            }
        }
    }

    /// The settings, when it is known whether there is a plain listener.
    pub(super) fn settings(self, context: &Context, has_http: bool) -> Settings {
        let challenges = match &self.challenge {
            Some(challenge) if *challenge.get_ref() == Challenge::Http01 && !has_http => {
                let remedy = "add `http = [\"0.0.0.0:80\"]` to [server], or write `challenge = \"tls-alpn-01\"`";
                context.fault(
                    challenge.span(),
                    "the authority comes by plain http, and nothing listens for it",
                    remedy,
                );
                vec![Challenge::Http01]
            }
            Some(challenge) => vec![*challenge.get_ref()],
            None if has_http => vec![Challenge::Http01, Challenge::TlsAlpn01],
            None => vec![Challenge::TlsAlpn01],
        };
        Settings {
            directory: self.directory,
            directory_ca: self.directory_ca.map(|path| context.resolve(path.get_ref())),
            contact: self.contact,
            names: self.names.into_iter().map(Spanned::into_inner).collect(),
            challenges,
            terms_of_service_agreed: self.terms_of_service_agreed,
        }
    }
}

fn refuse_twice(context: &Context, names: &[Spanned<String>]) {
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(line) = seen.insert(name.get_ref(), context.line(&name.span())) {
            let what = format!("`{}` is already a name in line {line}", name.get_ref());
            context.fault(name.span(), what, "leave it once");
        }
    }
}

fn name(text: &str) -> Result<String, Advice> {
    if text.contains('*') {
        return Err(Advice::new(
            format!("`{text}` is a wildcard, which is proved by DNS-01 alone, and Kelisim has not that"),
            "list the names one by one; a wildcard certificate that you have otherwise goes into `certificates`",
        ));
    }
    let name = place::host(text)?;
    if name.parse::<IpAddr>().is_ok() || name.len() > LONGEST_NAME {
        return Err(Advice::new(
            format!("`{text}` is no name that gets a certificate"),
            "write a name such as `example.kz`",
        ));
    }
    Ok(name)
}

fn directory(text: &str) -> Result<String, Advice> {
    if let Some((_, address)) = LETS_ENCRYPT.iter().find(|(word, _)| *word == text) {
        return Ok((*address).to_owned());
    }
    let advice = |what: &str| {
        let remedy = "write `production` or `staging` for Let's Encrypt, or the address of a directory with `https://`";
        Advice::new(format!("`{text}` {what}"), remedy)
    };
    let url = Url::parse(text).map_err(|_| advice("is not an address"))?;
    if url.scheme() != "https" {
        return Err(advice("is not an address with https"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() || url.host().is_none() {
        return Err(advice("has a name or a fragment, or no host"));
    }
    Ok(url.into())
}

fn contact(text: &str) -> Result<String, Advice> {
    let Some(address) = text.strip_prefix("mailto:") else {
        return Err(Advice::new(format!("`{text}` is no contact"), "write `mailto:` and an e-mail address"));
    };
    // An authority takes no list and no header fields (RFC 8555, section 7.3).
    if address.contains([',', '?']) {
        return Err(Advice::new(format!("`{text}` is more than one address"), "write one e-mail address"));
    }
    value::email(address).map(|address| format!("mailto:{address}"))
}
