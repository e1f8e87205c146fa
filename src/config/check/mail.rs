//! `[mail]`: by which server the weekly report is sent, and to whom.

use toml::Spanned;
use url::{Host, Url};

use super::secret;
use crate::{
    config::{certificate, context::Advice, file::Table, keys, value},
    mail::{Mailbox, Security, Settings, parse_mailbox},
    visitor::Language,
};

/// Readers at most: it is for those who answer for a site.
const MOST_READERS: usize = 20;

/// The section, checked; `None` where there is none, and where it has a fault.
pub(super) fn check(top: &mut Table<'_>) -> Option<Settings> {
    let mut table = top.table("mail", &keys::MAIL)?;
    let context = table.context;
    table.require(&["smtp", "from", "to"]);
    table.refuse_empty("to");
    let server = table.parsed("smtp", server);
    let password = table.text("password_file");
    let authority = table.text("certificate_authority");
    let from = table.parsed("from", mailbox);
    let to = table.list("to", mailbox);
    let languages = Language::ALL.map(|language| (language.tag(), language));
    let language = table.parsed("language", value::word(&languages)).map(Spanned::into_inner);
    if let Some(path) = &password {
        secret::first_line(context, path, "password of the mail server");
    }
    if let Some(path) = &authority {
        let file = context.resolve(path.get_ref());
        let bytes = context.read(path.span(), &file, "certificate of the mail server's authority");
        if let Some(Err(advice)) = bytes.map(|bytes| certificate::authorities(&bytes)) {
            context.fault(path.span(), format!("{}: {}", path.get_ref(), advice.what), advice.remedy);
        }
    }
    let server = server?;
    match (&server.get_ref().user, &password) {
        (Some(_), None) => table.missing("password_file", ", since `smtp` names a user"),
        (None, Some(path)) => context.fault(
            path.span(),
            "there is a password and nobody whose it is",
            "write the user before the host in `smtp`, `smtps://user@mail.example.kz`, or remove `password_file`",
        ),
        _ => {}
    }
    let to = to?;
    if to.get_ref().len() > MOST_READERS {
        let what = format!("`to` in [mail] names more than {MOST_READERS} readers");
        context.fault(to.span(), what, "name one address that hands letters on");
    }
    let Server { security, host, port, user } = server.into_inner();
    // On this machine TLS is asked for where its authority is named.
    let security = match security {
        Security::Loopback if authority.is_some() => Security::StartTls,
        security => security,
    };
    Some(Settings {
        security,
        host,
        port,
        user,
        password_file: password.map(|path| context.resolve(path.get_ref())),
        certificate_authority: authority.map(|path| context.resolve(path.get_ref())),
        from: from?.into_inner(),
        to: to.into_inner().into_iter().map(Spanned::into_inner).collect(),
        language,
    })
}

/// Where the mail server is.
struct Server {
    security: Security,
    host: String,
    port: u16,
    user: Option<String>,
}

/// Whether something that looks like a password stands before the host. Also where the rest is no address: it must not be shown then either.
fn names_password(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.rsplit_once('@').is_some_and(|(before, _)| before.contains(':'))
}

fn server(text: &str) -> Result<Server, Advice> {
    let advice = |what: &str| {
        let remedy = "write `smtps://user@mail.example.kz`, `smtp://user@mail.example.kz:587`, or `smtp://127.0.0.1`";
        Advice::new(format!("`{text}` {what}"), remedy)
    };
    if names_password(text) {
        let remedy = "put the password into a file of its own, and name it in `password_file`";
        // The text is not repeated, nor the line that it stands in.
        return Err(Advice::secret("there is a password in the address", remedy));
    }
    let url = Url::parse(text).map_err(|error| advice(&format!("is not the address of a mail server: {error}")))?;
    let is_tls = match url.scheme() {
        "smtps" => true,
        "smtp" => false,
        _ => return Err(advice("is neither smtp nor smtps")),
    };
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(advice("has a path or a query; the address of a mail server has none"));
    }
    // Of a scheme that browsers do not know the host is a text as it was written.
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| advice("has no host"))?;
    let parsed = Host::parse(host).map_err(|_| advice("has no host"))?;
    let (host, is_loopback) = match parsed {
        Host::Domain(name) => (name.clone(), name == "localhost"),
        Host::Ipv4(address) => (address.to_string(), address.is_loopback()),
        Host::Ipv6(address) => (address.to_string(), address.is_loopback()),
    };
    let (security, usual) = match (is_tls, is_loopback) {
        (true, _) => (Security::Tls, 465),
        (false, true) => (Security::Loopback, 25),
        (false, false) => (Security::StartTls, 587),
    };
    let user = percent_encoding::percent_decode_str(url.username()).decode_utf8();
    let user = user.map_err(|_| advice("has a user that is not UTF-8"))?;
    let user = Some(user.into_owned()).filter(|user| !user.is_empty());
    Ok(Server { security, host, port: url.port().unwrap_or(usual), user })
}

fn mailbox(text: &str) -> Result<Mailbox, Advice> {
    parse_mailbox(text).map_err(|error| {
        let remedy = "write `stats@example.kz`, or with a name `Statistics <stats@example.kz>`";
        Advice::new(format!("`{text}` is not an address of mail: {error}"), remedy)
    })
}
