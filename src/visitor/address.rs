//! Addresses: the full one, which only limits may use, and the truncated one, which is all that others ever see.

use std::{
    fmt,
    hash::{BuildHasher, Hash},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The full address of a client. It can't be printed, stored or compared: it can be truncated, or turned into a keyed
/// number for a limit. An IPv4-mapped IPv6 address is its IPv4 address.
#[derive(Clone, Copy)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Takes the address of a connection, or one that a trusted proxy named.
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// Keeps /24 of IPv4 and /48 of IPv6, so that the country survives and the household does not.
    pub fn truncate(self) -> TruncatedAddress {
        TruncatedAddress(match self.0 {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from(u32::from(address) & !0xff)),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !(u128::MAX >> 48))),
        })
    }

    /// A number for counting one client's requests, keyed by the hasher so that it means nothing elsewhere. IPv6 clients
    /// are counted by /64, since a household is given at least that much.
    pub fn limit_key(self, hasher: &impl BuildHasher) -> u64 {
        hasher.hash_one(match self.0 {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address) >> 64 | 1 << 127,
        })
    }

    /// Whether the client is on this machine.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }

    /// Whether the address lies in one of the networks.
    pub fn is_in(self, networks: &[Network]) -> bool {
        networks.iter().any(|network| network.contains(self.0))
    }

    /// The address in full, for the one upstream whose operator configured `client_address = "full"`.
    pub fn in_full(self, _: FullAddressesConfigured) -> IpAddr {
        self.0
    }
}

/// Witness that the operator asked for full addresses on an upstream; only [`AddressForm::full`] hands it out.
#[derive(Clone, Copy, Debug)]
pub struct FullAddressesConfigured(());

/// What an upstream learns of the client's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressForm {
    /// The truncated address.
    #[default]
    Truncated,
    /// No address.
    None,
    /// The full address.
    Full,
}

impl AddressForm {
    /// The permission to pass full addresses on, where the operator gave it.
    pub fn full(self) -> Option<FullAddressesConfigured> {
        (self == Self::Full).then_some(FullAddressesConfigured(()))
    }
}

/// A network prefix that still tells the country: /24 of IPv4 or /48 of IPv6, the rest zero. Only truncation makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TruncatedAddress(IpAddr);

impl TruncatedAddress {
    /// The network's first address, for look-ups by prefix.
    pub fn network(self) -> IpAddr {
        self.0
    }

    /// How many bits of the address were kept.
    pub fn prefix(self) -> u8 {
        if self.0.is_ipv4() { 24 } else { 48 }
    }
}

impl fmt::Display for TruncatedAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A network in CIDR notation, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or an address alone.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse::<IpAddr>().ok()?, Some(prefix.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Whether every address of its family lies in it.
    pub fn is_everything(&self) -> bool {
        self.prefix == 0
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let difference = u32::from(network) ^ u32::from(address);
                difference.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let difference = u128::from(network) ^ u128::from(address);
                difference.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> ClientAddress {
        ClientAddress::new(text.parse().unwrap())
    }

    #[test]
    fn truncation_keeps_the_network_and_nothing_of_the_host() {
        let check = |full: &str, truncated: &str| assert_eq!(client(full).truncate().to_string(), truncated);
        check("203.0.113.77", "203.0.113.0");
        check("::ffff:203.0.113.77", "203.0.113.0");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1::");
        check("0.0.0.0", "0.0.0.0");
    }

    #[test]
    fn clients_of_one_household_share_a_limit() {
        let hasher = std::hash::RandomState::new();
        let key = |text| client(text).limit_key(&hasher);
        assert_eq!(key("2001:db8::1"), key("2001:db8::2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("203.0.113.1"), key("203.0.113.2"));
    }

    #[test]
    fn networks_are_read_and_matched() {
        let inside = |network: &str, address: &str| client(address).is_in(&[Network::parse(network).unwrap()]);
        assert!(inside("10.0.0.0/8", "10.200.3.4"));
        assert!(!inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("::/0", "2001:db8::1"));
        assert!(!inside("::/0", "10.0.0.1"));
        assert!(inside("127.0.0.1", "127.0.0.1"));
        assert_eq!(Network::parse("10.0.0.0/33"), None);
        assert_eq!(Network::parse("example"), None);
    }
}
