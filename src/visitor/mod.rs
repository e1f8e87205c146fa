//! Who asks: a truncated address, a language, a country, signals. Values in, values out.

mod address;
mod agent;
mod coarse_agent;
mod fetch;
mod forwarded;
mod language;
mod signals;

pub use address::{AddressForm, ClientAddress, Network, TruncatedAddress};
pub use agent::AgentFamily;
pub use coarse_agent::CoarseAgent;
pub use fetch::{Destination, Fetch, FetchSite};
pub use forwarded::{ClientConnection, Peer, Scheme, client_connection};
pub use language::Language;
pub use signals::Signals;
