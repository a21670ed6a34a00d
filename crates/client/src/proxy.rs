use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

/// Tells whether an address leads to this machine and nowhere else.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(protocol::leads_here)
}

/// Names the proxy that the environment puts before an address, as the HTTP client finds it, without user and password.
pub(crate) fn before(url: &Url) -> Option<String> {
    named(&Matcher::from_env(), url)
}

fn named(matcher: &Matcher, url: &Url) -> Option<String> {
    let found = matcher.intercept(&url.as_str().parse().ok()?)?;
    let (scheme, host) = (found.uri().scheme_str().unwrap_or("http"), found.uri().host()?);
    let port = found.uri().port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}"))
}

#[cfg(test)]
mod tests {
    use hyper_util::client::proxy::matcher::Matcher;
    use reqwest::Url;

    use super::{is_loopback, named};

    #[test]
    fn this_machine_is_told_from_others() {
        let is = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in [
            "http://127.0.0.1:8000",
            "http://127.8.8.8",
            "http://[::1]:8000",
            "http://[::ffff:127.0.0.1]",
            "http://localhost:8000",
            "http://LOCALHOST.",
            "http://api.localhost",
            "http://0.0.0.0:8000",
        ] {
            assert!(is(url), "{url}");
        }
        for url in ["http://10.0.0.1", "http://localhost.example.org", "http://mylocalhost", "http://[2001:db8::1]"] {
            assert!(!is(url), "{url}");
        }
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let matcher = Matcher::builder().http("http://me:secret@proxy.example.org:3128").no("near.example.org").build();
        let named = |url: &str| named(&matcher, &Url::parse(url).unwrap());
        assert_eq!(named("http://example.org").as_deref(), Some("http://proxy.example.org:3128"));
        assert_eq!(named("http://near.example.org"), None);
        assert_eq!(named("https://example.org"), None);
    }
}
