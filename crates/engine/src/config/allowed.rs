use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place that webhooks may lead to although it is no public one: an address, a network (`10.0.0.0/8`), a host
/// (`hooks.internal`), or every host below a domain (`*.svc.cluster.local`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Allowed {
    /// The addresses whose first bits, so many, are these.
    Network(IpAddr, u8),
    /// This host, in lower case.
    Host(String),
    /// Every host that ends so, in lower case and beginning with a full stop.
    Below(String),
}

/// An address's bits, the first one highest, and how many there are.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl Allowed {
    /// Whether it names this address.
    pub fn names_address(&self, address: IpAddr) -> bool {
        let Self::Network(network, length) = self else { return false };
        let ((ours, width), (theirs, other)) = (bits(*network), bits(address));
        width == other && (*length == 0 || (ours ^ theirs) >> (128 - u32::from(*length)) == 0)
    }

    /// Whether it names this host, written in lower case without a full stop at its end.
    pub fn names_host(&self, host: &str) -> bool {
        match self {
            Self::Network(..) => false,
            Self::Host(name) => name == host,
            Self::Below(end) => host.len() > end.len() && host.ends_with(end.as_str()),
        }
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address, network as in 10.0.0.0/8, host or *.domain");
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        if let Ok(address) = address.parse::<IpAddr>() {
            let (_, width) = bits(address);
            let length = length.map_or(Ok(width), str::parse).map_err(|_| wrong())?;
            return if length <= width { Ok(Self::Network(address, length)) } else { Err(wrong()) };
        }
        let host = text.to_ascii_lowercase();
        let label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let (below, name) = host.strip_prefix("*.").map_or((false, host.as_str()), |name| (true, name));
        if name.len() > 253 || !name.split('.').all(label) {
            return Err(wrong());
        }
        Ok(if below { Self::Below(format!(".{name}")) } else { Self::Host(host) })
    }
}

impl TryFrom<String> for Allowed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Allowed> for String {
    fn from(allowed: Allowed) -> Self {
        allowed.to_string()
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address, length) if *length == bits(*address).1 => write!(f, "{address}"),
            Self::Network(address, length) => write!(f, "{address}/{length}"),
            Self::Host(name) => f.write_str(name),
            Self::Below(end) => write!(f, "*{end}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> Allowed {
        text.parse().expect("fine")
    }

    #[test]
    fn a_network_names_what_begins_with_its_bits() {
        let table = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fdab::1", true),
            ("::1", "::1", true),
            ("::ffff:10.0.0.0/104", "10.0.0.1", false),
        ];
        for (network, address, expected) in table {
            assert_eq!(allowed(network).names_address(address.parse().expect("an address")), expected, "{network}");
        }
    }

    #[test]
    fn a_domain_names_the_hosts_below_it_and_not_itself() {
        assert!(allowed("Hooks.Internal").names_host("hooks.internal"));
        assert!(!allowed("hooks.internal").names_host("a.hooks.internal"));
        assert!(allowed("*.svc.cluster.local").names_host("agent.team.svc.cluster.local"));
        assert!(!allowed("*.svc.cluster.local").names_host("svc.cluster.local"));
        assert!(!allowed("*.local").names_host("evillocal"));
    }

    #[test]
    fn what_is_none_of_these_is_refused_and_what_is_shown_loads_again() {
        for bad in ["", "10.0.0.0/33", "10.0.0.0/x", "a b", "*", "*.", "https://a", "a/b", "a..b", "**.a"] {
            assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        }
        for good in ["10.0.0.0/8", "127.0.0.1", "fd00::/8", "hooks.internal", "*.svc.cluster.local"] {
            assert_eq!(allowed(good).to_string(), good);
        }
    }
}
