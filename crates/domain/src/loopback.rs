//! Loopback: which hosts are this machine and nowhere else, so that no request to them is handed to a proxy.

use std::net::IpAddr;

/// Whether a host of a URL leads to this machine: `localhost`, a name under it, a loopback address or the unspecified one.
pub fn leads_here(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.to_canonical().is_loopback() || address.to_canonical().is_unspecified(),
        Err(_) => {
            let host = host.to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for host in [
            "127.0.0.1",
            "127.8.8.8",
            "[::1]",
            "::1",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LOCALHOST.",
            "api.localhost",
            "0.0.0.0",
        ] {
            assert!(leads_here(host), "{host}");
        }
        for host in ["", "10.0.0.1", "localhost.example.org", "mylocalhost", "[2001:db8::1]"] {
            assert!(!leads_here(host), "{host}");
        }
    }
}
