//! Who asks: a truncated address, a language, a country, signals. Values in, values out.

mod address;
mod agent;
mod language;
mod signals;

pub use address::{AddressForm, ClientAddress, Network, TruncatedAddress};
pub use agent::AgentFamily;
pub use language::Language;
pub use signals::Signals;
