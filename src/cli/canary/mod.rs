//! `kelisim check --canary`: what leaves for the analytics servers, shown with a visitor whose every trait is marked.
//!
//! The configuration runs in this process, on loopback and with a state of its own; recorders stand in place of the analytics servers and of
//! the site. Nobody else is asked anything.

mod client;
mod hits;
mod marks;
mod recorder;
mod report;

use std::{
    error::Error,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use self::{
    client::{Client, Reply},
    hits::Hit,
    recorder::Recorder,
    report::{BeforeConsent, Line, Report, Tried},
};
use super::{demo::Folder, running::Running};
use crate::{
    analytics::Token,
    clock::Clock,
    config::{self, Configuration},
    gateway::{AnalyticsServer, Mode, SiteSettings},
    routing::HostPattern,
    upstream::{self, Scheme},
    visitor::Network,
};

/// Stands for Matomo's token, so that the true one is never printed.
const STAND_IN: &str = "00000000000000000000000000000000";

/// Tries all analytics lines of a configuration, or those of one site, and prints what leaves. The answer is whether no mark did.
///
/// # Errors
///
/// When `out` or `err` can't be written.
pub(super) fn check(
    path: &Path,
    site: Option<&str>,
    as_json: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<bool> {
    let mut configuration = match config::load(path) {
        Ok((configuration, _)) => configuration,
        Err(faults) => {
            write!(err, "{faults}")?;
            return Ok(false);
        }
    };
    if let Some(name) = site {
        configuration.sites.retain(|site| site.name == name);
        if configuration.sites.is_empty() {
            writeln!(err, "{} has no site named {name}", path.display())?;
            return Ok(false);
        }
    }
    match rehearse(configuration) {
        Ok(report) => {
            if as_json {
                report.write_json(out)?;
            } else {
                report.write(out)?;
            }
            Ok(report.is_right())
        }
        Err(error) => {
            writeln!(err, "nothing could be tried: {error}")?;
            Ok(false)
        }
    }
}

/// Runs the gateway and sends a marked visitor's requests through it.
fn rehearse(mut configuration: Configuration) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::of(&configuration.sites);
    if configuration.sites.iter().all(|site| site.analytics.is_empty()) {
        return Ok(report);
    }
    let folder = Folder::temporary("kelisim-canary")?;
    let origin = Recorder::start()?;
    let mut recorders = Vec::new();
    for site in &mut configuration.sites {
        recorders.push(stand_in(site, origin.address())?);
    }
    isolate(&mut configuration, folder.path());
    let sites = configuration.sites.clone();
    let running = Running::start(configuration, Clock::system())?;
    let result = sites.iter().zip(&recorders).try_for_each(|(site, recorders)| {
        report.lines.extend(tried(running.http()[0], site, recorders)?);
        Ok::<_, Box<dyn Error>>(())
    });
    running.stop()?;
    result.map(|()| report)
}

/// Puts recorders in place of a site's analytics servers and of the site itself.
fn stand_in(site: &mut SiteSettings, origin: SocketAddr) -> io::Result<Vec<Recorder>> {
    // Where nobody is asked nobody can accept.
    if site.mode == Mode::Observe {
        site.mode = Mode::Strict;
    }
    site.canonical_host = None;
    site.upstream = at(origin, &site.upstream);
    let replace = |server: &mut AnalyticsServer| {
        let recorder = Recorder::start()?;
        server.upstream = at(recorder.address(), &server.upstream);
        server.route.token = server.route.token.take().and_then(|_| Token::parse(STAND_IN));
        Ok(recorder)
    };
    site.analytics.iter_mut().map(replace).collect()
}

fn at(address: SocketAddr, settings: &upstream::Settings) -> upstream::Settings {
    upstream::Settings {
        scheme: Scheme::Http,
        host: address.ip().to_string(),
        port: address.port(),
        host_header: None,
        certificate_authority: None,
        ..settings.clone()
    }
}

/// Takes away what would reach beyond this process. Loopback is believed, so that the visitor can have an address of its own.
fn isolate(configuration: &mut Configuration, state_dir: &Path) {
    let server = &mut configuration.server;
    server.http = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    server.https.clear();
    server.admin = None;
    server.redirect_to_https = false;
    server.trusted_proxies = Network::parse("127.0.0.1").into_iter().collect();
    server.workers = 1;
    server.drain_timeout = Duration::from_secs(1);
    configuration.witnesses.clear();
    configuration.mail = None;
    configuration.state_dir = state_dir.to_owned();
}

/// Tries the analytics servers of a site: before consent, and after everything was accepted.
fn tried(gateway: SocketAddr, site: &SiteSettings, recorders: &[Recorder]) -> Result<Vec<Line>, Box<dyn Error>> {
    let stranger = Client::new(gateway, host(site));
    let edition = site.consent.editions.in_force(Clock::system().now()).id.clone();
    let before: Vec<_> = site
        .analytics
        .iter()
        .zip(recorders)
        .map(|(server, recorder)| before_consent(&stranger, server, recorder))
        .collect::<io::Result<_>>()?;
    let visitor = stranger.accepting(&site.pages.prefix, edition.as_str(), site.pages.languages[0].tag())?;
    let mut lines = Vec::new();
    for ((server, recorder), before_consent) in site.analytics.iter().zip(recorders).zip(before) {
        let each = hits::of(server.route.preset).into_iter().map(|hit| {
            let reply = visitor.send(&hit, &server.route.path)?;
            Ok(outcome(hit, &server.route.path, &reply, recorder, &visitor))
        });
        lines.push(Line {
            site: site.name.clone(),
            preset: server.route.preset.name(),
            path: server.route.path.clone(),
            before_consent,
            requests: each.collect::<io::Result<_>>()?,
        });
    }
    Ok(lines)
}

fn before_consent(stranger: &Client, server: &AnalyticsServer, recorder: &Recorder) -> io::Result<BeforeConsent> {
    for hit in hits::of(server.route.preset) {
        stranger.send(&hit, &server.route.path)?;
    }
    Ok(if recorder.take().is_empty() { BeforeConsent::Nothing } else { BeforeConsent::Something })
}

fn outcome(hit: Hit, path: &str, reply: &Reply, recorder: &Recorder, visitor: &Client) -> Tried {
    let sent = recorder.take();
    let marks = marks::found(&sent.concat(), visitor.cookies());
    let sent = sent.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    let target = format!("{path}{}", hit.below.split('?').next().unwrap_or_default());
    Tried { method: hit.method, target, status: reply.status, sent, marks }
}

/// A host of the site that a visitor may name.
fn host(site: &SiteSettings) -> String {
    let exact = site.hosts.iter().find_map(|host| match host {
        HostPattern::Exact(name) => Some(name.clone()),
        HostPattern::Subdomains(_) => None,
    });
    exact.unwrap_or_else(|| format!("www.{}", site.name))
}

#[cfg(test)]
mod tests;
