//! What browsers report: loads that a policy speaks about, in both forms, and what our observing script lists.
//!
//! Of a report only host, directive and the folded path of the page are taken, so that nothing else of it can be kept or logged.

use serde::Deserialize;

use super::{FoldedPath, HostAndPort, LoadKind, StorageKind};

/// Longest body of a report, in bytes. Browsers send one violation in 1 to 2 kB; the policy itself is repeated in each.
pub const LONGEST_REPORT: usize = 64 * 1024;
/// Violations taken of one body.
const MOST_VIOLATIONS: usize = 64;
/// Keys taken of one body, of each kind.
const MOST_NAMES: usize = 64;

/// A load from another host that was blocked or reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedLoad {
    /// The page's own host.
    pub page_host: HostAndPort,
    /// The page.
    pub page: FoldedPath,
    /// The host that was to be loaded from.
    pub host: HostAndPort,
    /// What for.
    pub kind: LoadKind,
    /// Whether it was blocked, not only reported.
    pub blocked: bool,
}

/// What scripts keep in the browser, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageReport {
    /// Kinds and keys, not folded yet.
    pub keys: Vec<(StorageKind, String)>,
}

/// A body that is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportFault;

#[derive(Deserialize)]
struct ReportUri {
    #[serde(rename = "csp-report")]
    report: Violation,
}

#[derive(Deserialize)]
struct ReportTo {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    body: serde_json::Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    #[serde(rename = "document-uri", alias = "documentURL")]
    page: String,
    #[serde(rename = "blocked-uri", alias = "blockedURL")]
    blocked: Option<String>,
    #[serde(rename = "effective-directive", alias = "effectiveDirective")]
    directive: Option<String>,
    #[serde(rename = "violated-directive")]
    violated: Option<String>,
    disposition: Option<String>,
}

impl Violation {
    /// `None` where nothing was loaded from another host by name.
    fn load(&self) -> Option<BlockedLoad> {
        let page_host = HostAndPort::of_url(&self.page)?;
        let host = HostAndPort::of_url(self.blocked.as_deref()?)?;
        let behind = self.page.split_once("://")?.1;
        let path = behind.find('/').map_or("/", |start| &behind[start..]);
        let directive = self.directive.as_deref().or(self.violated.as_deref()).unwrap_or_default();
        Some(BlockedLoad {
            page_host,
            page: FoldedPath::of(path),
            host,
            kind: LoadKind::of_directive(directive),
            // Whoever does not say so reports a policy that is enforced (CSP, level 2).
            blocked: self.disposition.as_deref() != Some("report"),
        })
    }
}

/// Reads `application/csp-report`, what `report-uri` sends.
///
/// # Errors
/// When it is no such report.
pub fn read_report_uri(body: &[u8]) -> Result<Vec<BlockedLoad>, ReportFault> {
    let read: ReportUri = serde_json::from_slice(body).map_err(|_| ReportFault)?;
    Ok(read.report.load().into_iter().collect())
}

/// Reads `application/reports+json`, what `report-to` sends. Reports of other types are passed over.
///
/// # Errors
/// When it is no list of reports.
pub fn read_report_to(body: &[u8]) -> Result<Vec<BlockedLoad>, ReportFault> {
    let read: Vec<ReportTo> = serde_json::from_slice(body).map_err(|_| ReportFault)?;
    let violations = read.into_iter().filter(|report| report.kind == "csp-violation").take(MOST_VIOLATIONS);
    let read = |report: ReportTo| serde_json::from_value::<Violation>(report.body).ok()?.load();
    Ok(violations.filter_map(read).collect())
}

/// Reads what our observing script sends: an object with lists of names under `local`, `session`, `database` and `cache`.
///
/// # Errors
/// When it is no such object.
pub fn read_storage_report(body: &[u8]) -> Result<StorageReport, ReportFault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Lists {
        #[serde(default)]
        local: Vec<String>,
        #[serde(default)]
        session: Vec<String>,
        #[serde(default)]
        database: Vec<String>,
        #[serde(default)]
        cache: Vec<String>,
    }
    let Lists { local, session, database, cache } = serde_json::from_slice(body).map_err(|_| ReportFault)?;
    let lists = [local, session, database, cache];
    let keys = StorageKind::ALL.into_iter().zip(lists).flat_map(|(kind, names)| {
        names.into_iter().filter(|name| !name.is_empty()).take(MOST_NAMES).map(move |name| (kind, name))
    });
    Ok(StorageReport { keys: keys.collect() })
}
