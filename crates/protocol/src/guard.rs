//! The guard of an open server: it answers this machine's own programs, not web pages that a browser shows.
//!
//! A page can make a browser send requests to `127.0.0.1`, and by DNS rebinding even read the answers. So while no key is
//! needed, the `Host` must be a loopback name and a request that changes something must not come from a page of another
//! origin.

use std::net::{IpAddr, SocketAddr};

use domain::{Code, Refusal};
use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::request::Parts;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What an open server asks of a request.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Whether the `Host` must be a loopback name.
    local: bool,
    /// Whether the request may have come through a proxy.
    proxied: bool,
}

impl Guard {
    /// The guard of a server that listens there, and is open to everybody on purpose or only to programs of its own machine.
    pub fn of(listen: SocketAddr, open_to_all: bool) -> Self {
        Self { local: listen.ip().to_canonical().is_loopback(), proxied: open_to_all }
    }

    /// Fails with `forbidden` where the request may come from a web page, or came through a proxy from anywhere.
    pub fn check(self, parts: &Parts) -> Result<(), Refusal> {
        if let Some(header) = parts.headers.keys().find(|name| !self.proxied && is_of_proxies(name)) {
            let detail =
                format!("An open server answers this machine's own programs; `{header}` says that a proxy sent this.");
            return Err(Refusal::new(Code::Forbidden, detail).with_remedy(
                "Behind a proxy, require keys: make one with `coord keys create`, or set `auth: {mode: keys}`.",
            ));
        }
        let host = host(parts);
        if self.local && host.is_some_and(|host| !is_local(host)) {
            let shown: String = host.unwrap_or_default().chars().take(80).collect();
            let detail = format!("An open server answers only to loopback names, not to `{shown}`.");
            return Err(Refusal::new(Code::Forbidden, detail)
                .with_remedy("Use http://127.0.0.1 or http://localhost, or make a key with `coord keys create`."));
        }
        if !parts.method.is_safe() && comes_from_elsewhere(&parts.headers, host) {
            return Err(Refusal::new(
                Code::Forbidden,
                "An open server takes no changes from web pages of other origins.",
            )
            .with_remedy(domain::Remedy::MakeKey));
        }
        Ok(())
    }
}

/// Whether proxies add this header to say for whom they ask.
fn is_of_proxies(name: &HeaderName) -> bool {
    name == http::header::FORWARDED || name.as_str().starts_with("x-forwarded-") || name == "x-real-ip"
}

fn host(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(HOST).map(|host| host.to_str().unwrap_or("?"));
    header.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
}

/// Whether a `Host` names this machine: `localhost`, a name under it, or a loopback address; with or without a port.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn comes_from_elsewhere(headers: &HeaderMap, host: Option<&str>) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text(SEC_FETCH_SITE).is_some_and(|site| matches!(site, "cross-site" | "same-site" | "?")) {
        return true;
    }
    let authority = |origin: &str| origin.split_once("://").map(|(_, authority)| authority.to_ascii_lowercase());
    text(ORIGIN).is_some_and(|origin| authority(origin) != host.map(str::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    type Headers = [(&'static str, &'static str)];

    fn passes(guard: Guard, method: &str, headers: &Headers) -> bool {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        guard.check(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    #[test]
    fn web_pages_are_kept_out_and_programs_are_not() {
        let here = Guard::of("127.0.0.1:8000".parse().unwrap(), false);
        let there = Guard::of("0.0.0.0:8000".parse().unwrap(), true);

        let table: [(Guard, &str, &Headers, bool); 20] = [
            (here, "POST", &[("host", "127.0.0.1:8000")], true),
            (here, "POST", &[("host", "localhost:8000")], true),
            (here, "POST", &[("host", "[::1]:8000")], true),
            (here, "POST", &[("host", "LOCALHOST")], true),
            (here, "POST", &[], true),
            (here, "GET", &[("host", "evil.example:8000")], false),
            (here, "GET", &[("host", "localhost.evil.example")], false),
            (here, "GET", &[("host", "169.254.169.254")], false),
            (there, "GET", &[("host", "broker.example")], true),
            (here, "POST", &[("host", "localhost:8000"), ("origin", "http://localhost:8000")], true),
            (here, "POST", &[("host", "localhost:8000"), ("origin", "http://evil.example")], false),
            (here, "POST", &[("host", "localhost:8000"), ("origin", "null")], false),
            (here, "POST", &[("host", "localhost:8000"), ("sec-fetch-site", "cross-site")], false),
            (here, "GET", &[("host", "localhost:8000"), ("sec-fetch-site", "cross-site")], true),
            (here, "GET", &[("host", "localhost:8000"), ("forwarded", "for=192.0.2.1")], false),
            (here, "GET", &[("host", "localhost:8000"), ("x-forwarded-for", "127.0.0.1")], false),
            (here, "POST", &[("host", "localhost:8000"), ("x-forwarded-proto", "https")], false),
            (here, "GET", &[("host", "localhost:8000"), ("x-real-ip", "192.0.2.1")], false),
            (here, "GET", &[("host", "localhost:8000"), ("x-request-id", "1")], true),
            (there, "GET", &[("host", "broker.example"), ("x-forwarded-for", "192.0.2.1")], true),
        ];
        for (guard, method, headers, expected) in table {
            assert_eq!(passes(guard, method, headers), expected, "{method} {headers:?}");
        }
    }
}
