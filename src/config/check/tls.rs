//! `[tls]`: certificates that exist, can be read, and whose key fits; or names whose certificates an authority gives; and HSTS.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use toml::Spanned;

use super::acme::{self, Acme};
use crate::{
    config::{certificate::Checked, context::Advice, file::Table, keys, value},
    routing::HostPattern,
    server::{CertificateFiles, Hsts},
    timestamp::Term,
};

/// The table, checked.
pub(super) struct Tls {
    pub(super) files: Vec<CertificateFiles>,
    /// Certificates that can be used; nothing where one can't, since then nobody knows which hosts are covered.
    usable: Option<Vec<Checked>>,
    /// Names whose certificates an authority gives.
    pub(super) acme: Option<Acme>,
    pub(super) hsts: Option<Hsts>,
}

/// How long before its end a certificate is worth a warning; renewal is usually 30 days before.
const NOTICE: Term = Term { months: 0, days: 21 };

/// The bit of a file's mode that lets everyone read.
const READABLE_BY_ALL: u32 = 0o004;

pub(super) fn check(mut table: Table<'_>) -> Tls {
    let (listed, has_acme) = (table.is_set("certificates"), table.has("acme"));
    if !listed && !has_acme {
        table.missing("certificates", ", and there is no [tls.acme] either");
    }
    let hsts = hsts(&mut table);
    let pairs = table.tables("certificates", &keys::CERTIFICATE);
    let pairs: Vec<_> = pairs.into_iter().map(pair).collect();
    let complete = (listed || has_acme) && pairs.iter().all(|(_, checked)| checked.is_some());
    let (files, usable): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let acme = table.table("acme", &keys::ACME).map(acme::check);
    let usable: Vec<Checked> = usable.into_iter().flatten().collect();
    if let Some(acme) = &acme {
        acme.warn_of_files(table.context, |name| usable.iter().any(|certificate| certificate.covers(name)));
    }
    Tls { files: files.into_iter().flatten().collect(), usable: complete.then_some(usable), acme, hsts }
}

/// For how long browsers are told to come by https alone.
fn hsts(table: &mut Table<'_>) -> Option<Hsts> {
    let context = table.context;
    let age = table.parsed("hsts", value::age);
    let subdomains = table.boolean("hsts_subdomains");
    if let Some(subdomains) = subdomains.as_ref().filter(|_| age.is_none()) {
        let remedy = "write `hsts = \"1 year\"` too, or remove this line";
        context.fault(subdomains.span(), "`hsts_subdomains` without `hsts` means nothing", remedy);
    }
    let include_subdomains = subdomains.is_some_and(Spanned::into_inner);
    age.map(|age| Hsts { seconds: age.into_inner(), include_subdomains })
}

impl Tls {
    /// Whether browsers would be refused for want of a certificate.
    pub(super) fn leaves_out(&self, host: &HostPattern) -> bool {
        let name = match host {
            HostPattern::Exact(name) => name.clone(),
            // A wildcard certificate is the only one that covers a name nobody chose.
            HostPattern::Subdomains(name) => format!("any.{name}"),
        };
        let is_issued = self.acme.as_ref().is_some_and(|acme| acme.covers(&name));
        let usable = self.usable.as_ref();
        !is_issued && usable.is_some_and(|usable| !usable.iter().any(|certificate| certificate.covers(&name)))
    }
}

/// Reads one certificate and its key. The files are named even where they can't be used.
fn pair(mut table: Table<'_>) -> (Option<CertificateFiles>, Option<Checked>) {
    let context = table.context;
    table.require(&["certificate", "key"]);
    let (Some(certificate), Some(key)) = (table.text("certificate"), table.text("key")) else { return (None, None) };
    let path = |text: &Spanned<String>| context.resolve(text.get_ref());
    let files = CertificateFiles { certificate: path(&certificate), key: path(&key) };
    let chain = context.read(certificate.span(), &files.certificate, "certificate");
    let private = context.read(key.span(), &files.key, "private key");
    let (Some(chain), Some(private)) = (chain, private) else { return (Some(files), None) };
    if readable_by_all(&files.key) {
        let remedy = format!("`chmod 640 {}`, with the group of the user that runs Kelisim", files.key.display());
        context.warning(key.span(), "everyone on this machine can read the private key", remedy);
    }
    match Checked::read(&chain, &private) {
        Ok(checked) => {
            warn_of_end(&table, &certificate, &checked);
            (Some(files), Some(checked))
        }
        Err((key_is_meant, Advice { what, remedy, .. })) => {
            let meant = if key_is_meant { key } else { certificate };
            context.fault(meant.span(), format!("{}: {what}", meant.get_ref()), remedy);
            (Some(files), None)
        }
    }
}

fn warn_of_end(table: &Table<'_>, certificate: &Spanned<String>, checked: &Checked) {
    let context = table.context;
    let Some(end) = checked.not_after.filter(|end| *end < NOTICE.after(context.now)) else { return };
    let tense = if end < context.now { "ended" } else { "ends" };
    context.warning(
        certificate.span(),
        format!("the certificate {} {tense} on {}", certificate.get_ref(), end.date()),
        "renew it; browsers warn visitors of a certificate that has ended",
    );
}

pub(super) fn readable_by_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & READABLE_BY_ALL != 0)
}
