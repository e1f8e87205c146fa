//! Certificates: how long they hold, whether anybody needs them, and who reads their keys.

use super::{length, names, running::whole};
use crate::{
    cli::doctor::{
        facts::{Certificate, Facts},
        finding::Finding,
    },
    timestamp::Timestamp,
};

/// From this long before its end a certificate should have been renewed, in seconds: fourteen days.
const ENDS_SOON: i64 = 14 * 86_400;

const BROWSERS_REFUSE: &str = "From that moment browsers show a warning in place of the site, and no choice is taken.";

pub(super) fn judge(facts: &Facts, found: &mut Vec<Finding>) {
    for certificate in &facts.certificates {
        if let Some(ends) = certificate.ends {
            let renew =
                format!("Renew it where it came from, put it into {}; `systemctl reload kelisim`", certificate.file);
            end(&format!("The certificate {}", certificate.file), ends, facts.now, renew, found);
        }
        if !certificate.is_of_use {
            found.push(Finding::look(
                "certificates",
                format!("The certificate {} is for no host of a site.", certificate.file),
                "Nobody is shown it. Perhaps a host is missing in `hosts`, or the file is another one.",
                format!(
                    "`openssl x509 -noout -subject -ext subjectAltName -in {}` shows for which it is",
                    certificate.file
                ),
            ));
        }
        key(certificate, found);
    }
    let mut told = Vec::new();
    // Those that an authority issued are in no file of the configuration; the gateway says itself what it serves.
    for metric in facts.metrics.of("kelisim_certificate_expiry_timestamp_seconds") {
        let name = metric.label("name");
        let ends = Timestamp::from_seconds(i64::try_from(whole(metric.value)).unwrap_or(i64::MAX));
        // Told above, by its file.
        if facts.certificates.iter().any(|certificate| certificate.ends == Some(ends)) {
            continue;
        }
        let remedy = names::why_not_renewed(facts, name).unwrap_or_else(|| {
            "`journalctl -u kelisim -g certificate` says why it was not renewed, or whether a new file was not read"
                .to_owned()
        });
        if end(&format!("The certificate that is served for {name}"), ends, facts.now, remedy, found) {
            told.push(name);
        }
    }
    names::judge(facts, &told, found);
}

/// Whether there is anything to be said of it.
fn end(what: &str, ends: Timestamp, now: Timestamp, remedy: String, found: &mut Vec<Finding>) -> bool {
    let left = ends.seconds() - now.seconds();
    if left <= 0 {
        let why = "Browsers show a warning in place of the site, and no choice is taken.";
        found.push(Finding::now("certificates", format!("{what} ended on {}.", ends.date()), why, remedy));
    } else if left < ENDS_SOON {
        let what = format!("{what} ends in {}, on {}.", length(left), ends.date());
        found.push(Finding::soon("certificates", what, BROWSERS_REFUSE, remedy));
    }
    left < ENDS_SOON
}

/// The owner reads it, and the gateway's group; nobody else, and nobody but the owner writes it.
fn key(certificate: &Certificate, found: &mut Vec<Finding>) {
    let Certificate { key, key_mode, key_of_own_group, key_of_own_user, own_group, .. } = certificate;
    let who = match key_mode {
        mode if mode & 0o007 != 0 => "everyone on this machine",
        mode if mode & 0o020 != 0 => "its group (which may also write it)",
        mode if mode & 0o040 != 0 && !key_of_own_group => "a group that is not the gateway's",
        _ => return,
    };
    // Of a key that belongs to somebody else, such as root, the gateway reads nothing but through its group.
    let close = match own_group {
        _ if *key_of_own_user => format!("`chmod 600 {key}`"),
        Some(group) => format!("`chgrp {group} {key} && chmod 640 {key}`"),
        None => format!("`chmod 640 {key}`, with the group of the user that runs Kelisim"),
    };
    let finding = Finding::soon(
        "keys",
        format!("The private key {key} is open to {who}."),
        "Whoever has it can stand in the site's place and read what visitors send.",
        format!("{close}; if somebody could have read it, have a new one issued"),
    );
    if !found.contains(&finding) {
        found.push(finding);
    }
}
