//! The rules: where a push may go.

use std::net::IpAddr;

use engine::config::Allowed;

use crate::address::{not_public, plain};

/// Why a push may not go where it is told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is no http:// or https:// address with a host")]
    NoUrl,
    #[error("{host} is reached without TLS: use https://, or name it in webhooks.allow")]
    Plain { host: String },
    #[error(
        "{host} leads to {address}, which is {what}: webhooks.allow names what may be reached beside public addresses"
    )]
    NotPublic { host: String, address: IpAddr, what: &'static str },
}

/// Where pushes may go: to public addresses with TLS, and to what is allowed.
#[derive(Debug)]
pub(crate) struct Rules {
    allow: Vec<Allowed>,
}

impl Rules {
    pub(crate) fn new(allow: Vec<Allowed>) -> Self {
        Self { allow }
    }

    /// Whether a host is allowed whatever it leads to.
    pub(crate) fn allows_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.allow.iter().any(|allowed| allowed.names_host(&host))
    }

    /// Whether any network is allowed, so that what a name leads to may be.
    pub(crate) fn has_networks(&self) -> bool {
        self.allow.iter().any(|allowed| matches!(allowed, Allowed::Network(..)))
    }

    /// Whether a network that is allowed holds an address.
    fn allows_address(&self, address: IpAddr) -> bool {
        self.allow.iter().any(|allowed| allowed.names_address(plain(address)))
    }

    /// Whether a connection for this host may be opened to this address.
    pub(crate) fn check(&self, host: &str, address: IpAddr, tls: bool) -> Result<(), Refused> {
        if self.allows_host(host) || self.allows_address(address) {
            return Ok(());
        }
        if let Some(what) = not_public(address) {
            return Err(Refused::NotPublic { host: host.to_owned(), address, what });
        }
        if tls { Ok(()) } else { Err(Refused::Plain { host: host.to_owned() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(rules: &Rules, host: &str, address: &str, tls: bool) -> bool {
        rules.check(host, address.parse().expect("an address"), tls).is_ok()
    }

    #[test]
    fn public_addresses_want_tls_and_others_want_to_be_allowed() {
        let rules = Rules::new(Vec::new());
        assert!(ok(&rules, "example.org", "93.184.216.34", true));
        assert!(!ok(&rules, "example.org", "93.184.216.34", false));
        assert!(!ok(&rules, "example.org", "10.0.0.1", true));
        let allow = ["10.0.0.0/8", "hooks.internal", "*.cluster.local", "93.184.216.34"];
        let rules = Rules::new(allow.map(|text| text.parse().expect("fine")).to_vec());
        assert!(ok(&rules, "example.org", "10.0.0.1", false));
        assert!(ok(&rules, "example.org", "::ffff:10.0.0.1", false), "the same address, written otherwise");
        assert!(!ok(&rules, "example.org", "11.0.0.1", false));
        assert!(ok(&rules, "Hooks.Internal.", "127.0.0.1", false));
        assert!(ok(&rules, "a.b.cluster.local", "172.16.0.1", true));
        assert!(!ok(&rules, "cluster.local", "172.16.0.1", true));
        assert!(ok(&rules, "example.org", "93.184.216.34", false));
    }

    #[test]
    fn a_refusal_says_what_to_change() {
        let rules = Rules::new(Vec::new());
        let why = rules.check("hook", "169.254.169.254".parse().expect("an address"), true).expect_err("refused");
        assert_eq!(
            why.to_string(),
            "hook leads to 169.254.169.254, which is link-local, and clouds' metadata: webhooks.allow names what may be \
             reached beside public addresses"
        );
    }
}
