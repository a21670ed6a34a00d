//! Addresses of webhooks: what one may hold, and what everybody may see of it.

/// Bytes of an address.
const BYTES_MAX: usize = 2_048;

/// The parts of an address. Read strictly, so that nobody reads one otherwise than it is read here.
struct Parts<'a> {
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
}

fn parts(address: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = address.split_once("://")?;
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    Some(Parts { scheme, authority, path })
}

/// What is wrong with an address: it is no `http://` or `https://` URL of at most 2,048 bytes with a host, or it holds a user or a
/// password.
pub fn fault(address: &str) -> Option<String> {
    let is_plain = |address: &str| address.chars().all(|c| !c.is_control() && !c.is_whitespace() && c != '\\');
    let parts = parts(address).filter(|parts| {
        matches!(parts.scheme, "http" | "https") && !parts.authority.is_empty() && address.len() <= BYTES_MAX
    });
    let Some(parts) = parts.filter(|_| is_plain(address)) else {
        return Some(format!("must be an http:// or https:// URL with a host, of at most {BYTES_MAX} bytes"));
    };
    parts.authority.contains('@').then(|| {
        "must not hold a user or a password: leave them out and let the receiver verify the signature that every push carries, \
         or put a token into the query, which only admins and the agent itself see"
            .to_owned()
    })
}

/// What everybody may see of an address: scheme, host and path. User, password, query and fragment may be secrets.
pub fn published(address: &str) -> String {
    let Some(Parts { scheme, authority, path }) = parts(address) else { return String::new() };
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_no_password() {
        let longest = format!("https://example.org/{}", "x".repeat(BYTES_MAX - 20));
        for good in ["http://127.0.0.1:1/hook?token=s3cret", "https://[::1]:8443/a@b", "https://h?x=a@b", &longest] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "",
            "ftp://h",
            "HTTP://h",
            "https:h",
            "https://",
            "https:///h",
            "https://?x",
            "https://h/a b",
            "https://h\\@x/",
            "https://h\0",
            "https://h\t",
            &format!("{longest}x"),
        ] {
            assert!(fault(bad).is_some_and(|why| why.contains("URL")), "{bad}");
        }
        for bad in ["http://svc:hunter2@h/", "https://token@h", "https://@h", "https://a@b@h/x"] {
            assert!(fault(bad).is_some_and(|why| why.contains("password")), "{bad}");
        }
    }

    #[test]
    fn what_is_published_holds_no_secret() {
        for (address, expected) in [
            ("http://svc:hunter2@127.0.0.1:1/hook?token=s3cret", "http://127.0.0.1:1/hook"),
            ("https://example.org", "https://example.org"),
            ("https://example.org/a@b#s3cret", "https://example.org/a@b"),
            ("https://u:p@w@example.org/x", "https://example.org/x"),
            ("https://example.org?s3cret", "https://example.org"),
            ("https://s3cret@example.org\\x", "https://example.org\\x"),
            ("nonsense:s3cret", ""),
        ] {
            assert_eq!(published(address), expected, "{address}");
        }
    }
}
