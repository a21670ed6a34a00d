//! Loopback: which hosts are this machine and nowhere else, so that no request to them is handed to a proxy.

/// Whether a host, as it stands in a URL that was parsed, leads to this machine: `localhost`, a name under it, a loopback address
/// or the unspecified one.
pub fn leads_here(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let mapped = address.strip_prefix("::ffff:");
        // URLs write the last four bytes of a mapped address in hexadecimal.
        let is_mapped =
            |rest: &str| is_loopback(rest) || rest.strip_prefix("7f").is_some_and(|rest| rest.find(':') == Some(2));
        return matches!(address, "::1" | "::") || mapped.is_some_and(is_mapped);
    }
    host == "localhost" || host.ends_with(".localhost") || is_loopback(&host)
}

/// Whether an address of IPv4 is a loopback one or the unspecified one.
fn is_loopback(address: &str) -> bool {
    let bytes: Option<Vec<u8>> = address.split('.').map(|part| part.parse().ok()).collect();
    matches!(bytes.as_deref(), Some([127, _, _, _] | [0, 0, 0, 0]))
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
            "[::]",
            "[::ffff:7f00:1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LOCALHOST.",
            "api.localhost",
            "0.0.0.0",
        ] {
            assert!(leads_here(host), "{host}");
        }
        for host in [
            "",
            "10.0.0.1",
            "localhost.example.org",
            "mylocalhost",
            "127.example.org",
            "[::ffff:7f:1]",
            "[2001:db8::1]",
        ] {
            assert!(!leads_here(host), "{host}");
        }
    }
}
