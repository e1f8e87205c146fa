//! What real traffic shows of a site: names of cookies, hosts that pages load from, keys of storage in the browser.
//!
//! Pure rules. Nothing here can hold a value, an address or a browser's name, and nothing links two observations of one visitor: the types
//! keep folded names, hosts and whole hours, and there is no way to make them with more. All of it is bounded by site and kind.

mod entry;
mod file;
mod fold;
mod line;
mod lines;
mod listing;
mod proposal;
mod reason;
mod report;
mod site;
mod types;
mod waiting;

#[cfg(test)]
mod tests;

pub use entry::{Attributes, CookieEntry, HostEntry, KeyEntry, Lifetime, LifetimeUnit, Seen};
pub use file::{InventoryFault, read, write};
pub use fold::{FoldedName, FoldedPath, NamePattern};
pub use line::{Line, LineKind};
pub use lines::{Block, Configured, blocks, named_by_catalogue};
pub use listing::{Item, Standing, What, items};
pub use proposal::{Proposal, propose_cookie, propose_host, propose_key};
pub use reason::{Reason, Topic};
pub use report::{
    BlockedLoad, LONGEST_REPORT, ReportFault, StorageReport, read_report_to, read_report_uri, read_storage_report,
};
pub use site::SiteInventory;
pub use types::{HostAndPort, Hour, LoadKind, StorageKind};
pub use waiting::{Full, WaitingFault, WaitingLines};
