//! What was tried and what left, for a person or as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::{cli::check::counted, consent::Category, gateway::SiteSettings, routing::HostPattern};

/// Everything that was tried.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) lines: Vec<Line>,
    /// What no gateway can change.
    loaded_directly: Vec<LoadedDirectly>,
}

/// The whole with its verdict, for a program.
#[derive(Serialize)]
struct Judged<'a> {
    right: bool,
    #[serde(flatten)]
    report: &'a Report,
}

/// One analytics server.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) site: String,
    pub(super) preset: &'static str,
    pub(super) path: String,
    pub(super) before_consent: BeforeConsent,
    pub(super) requests: Vec<Tried>,
}

/// What left before anybody had accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BeforeConsent {
    Nothing,
    Something,
}

/// One request of the visitor who accepted.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    pub(super) method: &'static str,
    pub(super) target: String,
    /// What the visitor was answered.
    pub(super) status: u16,
    /// The requests that left, byte by byte.
    pub(super) sent: Vec<String>,
    /// The marks in them.
    pub(super) marks: Vec<&'static str>,
}

/// Hosts that browsers load from themselves once a category is accepted.
#[derive(Debug, Serialize)]
struct LoadedDirectly {
    site: String,
    hosts: Vec<String>,
}

impl Tried {
    /// It left, and no mark with it.
    fn is_right(&self) -> bool {
        !self.sent.is_empty() && self.marks.is_empty()
    }
}

impl Line {
    fn is_right(&self) -> bool {
        self.before_consent == BeforeConsent::Nothing && self.requests.iter().all(Tried::is_right)
    }
}

impl Report {
    /// Nothing tried yet.
    pub(super) fn of(sites: &[SiteSettings]) -> Self {
        let measures = |category| matches!(category, Category::Analytical | Category::Marketing);
        let of_site = |site: &SiteSettings| {
            let seeing = site.foreign_hosts.iter().filter(|host| host.sees_address && measures(host.category));
            let hosts = seeing.map(|host| match &host.host {
                HostPattern::Exact(name) => name.clone(),
                HostPattern::Subdomains(name) => format!("*.{name}"),
            });
            LoadedDirectly { site: site.name.clone(), hosts: hosts.collect() }
        };
        let loaded_directly = sites.iter().map(of_site).filter(|site| !site.hosts.is_empty()).collect();
        Self { lines: Vec::new(), loaded_directly }
    }

    /// Whether no mark left, nothing left before consent, and everything else did.
    pub(super) fn is_right(&self) -> bool {
        self.lines.iter().all(Line::is_right)
    }

    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &Judged { right: self.is_right(), report: self })?;
        writeln!(out)
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.lines {
            line.write(out)?;
        }
        for LoadedDirectly { site, hosts } in &self.loaded_directly {
            writeln!(out, "{site}: browsers load from {} themselves once it is accepted.", hosts.join(", "))?;
            writeln!(
                out,
                "  There visitors' full addresses are learnt: nothing of it passes the gateway, so nothing is truncated.\n"
            )?;
        }
        let servers = counted(self.lines.len(), "analytics server", "analytics servers");
        let requests = self.lines.iter().flat_map(|line| &line.requests).count();
        let verdict = if self.is_right() { "no mark left" } else { "NOT RIGHT, see above" };
        writeln!(out, "{servers}, {}: {verdict}", counted(requests, "request", "requests"))
    }
}

impl Line {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}, {} ({})", self.site, self.path, self.preset)?;
        let before = match self.before_consent {
            BeforeConsent::Nothing => "nothing left",
            BeforeConsent::Something => "SOMETHING LEFT",
        };
        writeln!(out, "  before consent: {before}")?;
        for request in &self.requests {
            writeln!(out, "  {} {}", request.method, request.target)?;
            for line in request.sent.iter().flat_map(|sent| sent.lines()) {
                writeln!(out, "    | {line}")?;
            }
            if request.sent.is_empty() {
                writeln!(out, "    NOTHING LEFT: the visitor was answered {}", request.status)?;
            } else if request.marks.is_empty() {
                writeln!(out, "    no mark")?;
            } else {
                writeln!(out, "    MARKS LEFT: {}", request.marks.join(", "))?;
            }
        }
        writeln!(out)
    }
}
