//! Host and path: which site, which of our own pages, which exception.

mod foreign_hosts;
mod host;
mod known_hosts;
mod own_page;
mod settings;
mod site_paths;

pub use foreign_hosts::{ForeignHost, ForeignHosts, Load, NotOnDemand};
pub use host::{HostFault, Hosts, request_host};
pub use known_hosts::{KnownHost, known_host, known_hosts};
pub use own_page::{LogFile, OwnPage};
pub use settings::{HostPattern, PathRule, Tracker};
pub use site_paths::{SitePaths, as_origins_read};
